//! What `tests/fixtures/make.py` wrote with three Pythons and NumPys, against the same digits made here.

use mnist::{DataSet, Files, Mnist, PIXELS, Set, read_from};
use ndarray::{Array1, Array2};
use std::fs;
use std::io::Read;
use std::path::PathBuf;

pub(crate) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures", name].iter().collect()
}

/// A fixture's bytes, unpacked.
pub(crate) fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let file = fs::File::open(fixture(name)).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Digits `from..to` of the fixtures, by the formula at the top of `make.py`.
pub(crate) fn expected(from: usize, to: usize) -> Set {
    let pixel = |i: usize, p: usize| if (i + p).is_multiple_of(97) { (31 * i + p) % 256 } else { 0 };
    let x = Array2::from_shape_fn((to - from, PIXELS), |(i, p)| pixel(from + i, p) as f32 / 256.0);
    let y = Array1::from_shape_fn(to - from, |i| ((7 * (from + i) + 3) % 10) as u8);
    Set { x, y }
}

pub(crate) fn check(mnist: &Mnist) {
    check_sets(mnist, &expected(0, 10), &expected(10, 12));
}

fn check_sets(mnist: &Mnist, train: &Set, valid: &Set) {
    assert_eq!((&mnist.x_train, &mnist.y_train), (&train.x, &train.y));
    assert_eq!((&mnist.x_valid, &mnist.y_valid), (&valid.x, &valid.y));
    assert!(mnist.x_train.is_standard_layout() && mnist.x_valid.is_standard_layout());
    assert_eq!(mnist.source.set, DataSet::Unknown);
}

fn check_all(names: &[&str]) {
    for name in names {
        println!("{name}");
        let mnist = read_from(&fixture(&format!("{name}.pkl.gz"))).unwrap();
        assert_eq!(mnist.source.files, Files::Pickle(fixture(&format!("{name}.pkl.gz"))));
        check(&mnist);
    }
}

#[test]
fn python_2_wrote_it() {
    check_all(&["py2_cpickle", "py2_pickle"]);
}

#[test]
fn python_3_wrote_it_in_protocols_2_to_5() {
    check_all(&["np1_protocol2", "np1_protocol3", "np1_protocol4", "np1_protocol5"]);
    check_all(&["np2_protocol2", "np2_protocol3", "np2_protocol4", "np2_protocol5"]);
}

#[test]
fn in_fortran_order() {
    check_all(&["np1_fortran2", "np1_fortran3", "np1_fortran4", "np1_fortran5"]);
    check_all(&["np2_fortran2", "np2_fortran3", "np2_fortran4", "np2_fortran5"]);
}

#[test]
fn big_endian_with_labels_of_four_bytes() {
    check_all(&["np1_big_endian2", "np1_big_endian3", "np1_big_endian4", "np1_big_endian5"]);
    check_all(&["np2_big_endian2", "np2_big_endian3", "np2_big_endian4", "np2_big_endian5"]);
}

#[test]
fn labels_of_one_byte_and_lists_for_tuples() {
    check_all(&["np2_labels_u1", "np2_labels_u1_protocol2", "np2_lists"]);
}

/// Two names for one array, one list or one bytes object in Python are one value in the pickle.
#[test]
fn arrays_that_are_used_more_than_once() {
    let names =
        ["valid_twice", "test_images_of_valid", "labels_of_valid", "empty_test", "lists_twice", "same_list"];
    for protocol in 2..=5 {
        names.iter().for_each(|name| check_all(&[&format!("shared_{name}{protocol}")]));
        let read = |name: &str| read_from(&fixture(&format!("shared_{name}{protocol}.pkl.gz"))).unwrap();
        check_sets(&read("train_thrice"), &expected(0, 10), &expected(0, 10));
        check_sets(&read("one_of_each"), &expected(0, 10), &expected(10, 11));
    }
}

#[test]
fn a_pickle_that_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mnist.pkl"), unpacked("py2_cpickle.pkl.gz")).unwrap();
    check(&read_from(folder.path()).unwrap());
}

#[test]
fn a_pickle_in_several_gzip_members() {
    use flate2::{Compression, bufread::GzEncoder};
    let folder = tempfile::tempdir().unwrap();
    let mut packed = vec![];
    for part in unpacked("py2_cpickle.pkl.gz").chunks(10_000) {
        GzEncoder::new(part, Compression::fast()).read_to_end(&mut packed).unwrap();
    }
    fs::write(folder.path().join("mnist.pkl.gz"), packed).unwrap();
    check(&read_from(folder.path()).unwrap());
}

#[test]
fn idx_files_give_the_same_packed_or_not() {
    check(&read_from(&fixture("")).unwrap());
    check(&read_from(&fixture("train-images-idx3-ubyte.gz")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
        fs::write(folder.path().join(name), unpacked(&format!("{name}.gz"))).unwrap();
    }
    let mnist = read_from(folder.path()).unwrap();
    let path = |name| folder.path().join(name);
    let (images, labels) = (path("train-images-idx3-ubyte"), path("train-labels-idx1-ubyte"));
    assert_eq!(mnist.source.files, Files::Idx { images, labels });
    check(&mnist);
}
