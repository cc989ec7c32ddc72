//! What a path can lead to; the order of the places is tested beside the code.

use crate::fixtures::{check, fixture};
use nb01_matmul::data::get_data_from;
use nb01_matmul::{DataError, Source};
use std::fs;
use std::path::Path;

#[test]
fn nothing_there() {
    let error = get_data_from(Path::new("/no/such/place")).unwrap_err();
    assert!(matches!(&error, DataError::NotThere { path } if path == Path::new("/no/such/place")));
    assert!(error.to_string().contains("NB_DATA") && error.to_string().contains("cargo xtask data get"));
}

#[test]
fn an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let error = get_data_from(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::NothingIn { .. }), "{error}");
}

#[test]
fn half_of_the_idx_files() {
    let folder = tempfile::tempdir().unwrap();
    for (there, missing) in [("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")] {
        let name = format!("train-{there}-ubyte.gz");
        fs::copy(fixture(&name), folder.path().join(&name)).unwrap();
        let error = get_data_from(folder.path()).unwrap_err();
        assert!(matches!(&error, DataError::Incomplete { file } if file.to_string_lossy().contains(missing)));
        fs::remove_file(folder.path().join(&name)).unwrap();
    }
}

#[test]
fn what_is_still_being_downloaded_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mnist.pkl.gz.part"), "half").unwrap();
    assert!(matches!(get_data_from(folder.path()), Err(DataError::NothingIn { .. })));
}

#[test]
fn a_name_with_spaces_and_letters_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Zahlen für später — 数字.pkl.gz");
    fs::copy(fixture("np2_protocol4.pkl.gz"), &file).unwrap();
    check(&get_data_from(&file).unwrap());
}

#[test]
fn the_word_drawn() {
    let digits = get_data_from(Path::new("drawn")).unwrap();
    assert_eq!((&digits.source, digits.x_train.dim()), (&Source::Drawn, (5000, 784)));
    digits.only_mnist("nothing: a test of skipping prints this", || panic!("they are not MNIST"));
    assert!(!digits.is_mnist());
}

/// What holds for MNIST alone is checked where it is MNIST, and named.
#[test]
fn only_mnist_is_mnist() {
    let mnist = get_data_from(&fixture("np2_protocol4.pkl.gz")).unwrap();
    let mut checked = 0;
    mnist.only_mnist("that this runs", || checked += 1);
    assert!(mnist.is_mnist() && checked == 1);
    let named =
        [Source::Pickle("a.pkl".into()), Source::Idx("b".into()), Source::Drawn].map(|s| s.to_string());
    assert_eq!(
        named,
        ["MNIST from a.pkl", "MNIST from the IDX files in b", "digits drawn by this program, not MNIST"]
    );
}

/// A pipe would keep us waiting, a device would never end.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file() {
    let error = get_data_from(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}
