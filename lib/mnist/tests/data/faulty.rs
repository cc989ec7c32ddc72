//! Files that are something else: each gives the fault that it has, and names the file.

use crate::fixtures::{check, fixture, unpacked};
use mnist::{DataError, Fault, idx, pickle, read_from};
use std::fs;
use std::io::{BufReader, ErrorKind, Read};

/// The fault of `tests/fixtures/faulty_<name>.pkl.gz`, after checking that the message names file and way out.
fn fault(name: &str) -> Fault {
    let path = fixture(&format!("faulty_{name}.pkl.gz"));
    let error = read_from(&path).unwrap_err();
    let text = error.to_string();
    println!("{text}");
    assert!(text.contains(&path.display().to_string()) && text.contains("cargo xtask data get"), "{text}");
    match error {
        DataError::Damaged { path: named, fault } if named == path => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_of_another_type() {
    assert!(matches!(fault("f8"), Fault::Dtype { array: "x_train", found, .. } if found == "f8"));
    assert!(matches!(fault("images_i4"), Fault::Dtype { array: "x_train", found, .. } if found == "i4"));
    assert!(matches!(fault("labels_f4"), Fault::Dtype { array: "y_train", .. }));
}

#[test]
fn values_that_are_no_digits() {
    assert!(matches!(fault("label_10"), Fault::Label { row: 0, value: 13 }));
    assert!(matches!(fault("label_negative"), Fault::Label { row: 0, value: -7 }));
    assert!(matches!(fault("pixel_nan"), Fault::Pixel { value, .. } if value.is_nan()));
    assert!(matches!(fault("pixel_255"), Fault::Pixel { value, .. } if value > 1.0));
}

#[test]
fn shapes_that_do_not_fit() {
    assert!(matches!(fault("rank_3"), Fault::Size { shape, .. } if shape == [10, 28, 28]));
    assert!(matches!(fault("columns"), Fault::Size { shape, .. } if shape == [10, 783]));
    assert!(
        matches!(fault("rows"), Fault::Shapes { images, labels } if images == [10, 784] && labels == [9])
    );
    assert!(matches!(fault("test_rows"), Fault::Shapes { labels, .. } if labels == [9]));
    assert!(matches!(fault("no_rows"), Fault::Shapes { images, .. } if images == [0, 784]));
}

#[test]
fn pickles_of_something_else() {
    for name in ["pair", "array", "number", "object"] {
        assert!(matches!(fault(name), Fault::Structure(_)), "{name}");
    }
    assert!(matches!(fault("dict"), Fault::Opcode { byte: b'}', .. }));
    let protocol_0 = read_from(&fixture("py2_protocol0.pkl.gz")).unwrap_err();
    assert!(matches!(protocol_0, DataError::Damaged { fault: Fault::Format(_), .. }), "{protocol_0}");
}

#[test]
fn cut_anywhere() {
    for name in ["py2_cpickle.pkl.gz", "np2_protocol2.pkl.gz", "np2_protocol5.pkl.gz"] {
        let whole = unpacked(name);
        for len in (0..300).chain((300..whole.len()).step_by(997)).chain(whole.len() - 300..whole.len()) {
            let fault = pickle::parse(&mut &whole[..len]).unwrap_err();
            assert!(
                matches!(fault, Fault::Truncated { at } if at == len as u64),
                "{name} at {len}: {fault:?}"
            );
        }
    }
}

#[test]
fn something_follows() {
    let whole = [unpacked("py2_cpickle.pkl.gz"), vec![0]].concat();
    assert!(
        matches!(pickle::parse(&mut &whole[..]), Err(Fault::Trailing { at }) if at + 1 == whole.len() as u64)
    );
}

#[test]
fn an_archive_cut_or_changed_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mnist.pkl.gz");
    let whole = fs::read(fixture("py2_cpickle.pkl.gz")).unwrap();
    for len in 0..whole.len() {
        fs::write(&file, &whole[..len]).unwrap();
        let error = read_from(&file).unwrap_err();
        assert!(matches!(error, DataError::Damaged { .. }), "cut at {len}: {error}");
        let cut = matches!(error, DataError::Damaged { fault: Fault::Truncated { .. }, .. });
        assert!(cut || len < 2, "cut at {len}: {error}"); // two bytes tell that it is an archive
    }
    // The head of ten bytes holds a time and a system, which no checksum covers.
    for at in 10..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&file, &changed).unwrap();
        match read_from(&file) {
            Err(DataError::Damaged { .. }) => {}
            Err(other) => panic!("changed at {at}: {other}"),
            Ok(mnist) => check(&mnist), // Three bytes hold bits of codes that are never used.
        }
    }
    fs::write(&file, [&whole[..], b"more"].concat()).unwrap();
    assert!(read_from(&file).is_err(), "rubbish after the archive");
    fs::write(&file, [&whole[..], &whole[..]].concat()).unwrap();
    let twice = read_from(&file).unwrap_err();
    assert!(matches!(twice, DataError::Damaged { fault: Fault::Trailing { .. }, .. }), "{twice}");
}

/// Only the bytes of the numbers may change without notice here; gzip's checksum sees those.
#[test]
fn every_byte_of_a_pickle_changed() {
    for name in
        ["py2_cpickle.pkl.gz", "np2_protocol2.pkl.gz", "np2_protocol5.pkl.gz", "np2_big_endian4.pkl.gz"]
    {
        let whole = unpacked(name);
        let good = pickle::parse(&mut &whole[..]).unwrap();
        for at in (0..400).chain(whole.len() - 1500..whole.len()) {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                if let Ok((train, valid)) = pickle::parse(&mut &changed[..]) {
                    assert_eq!(
                        (train.x.dim(), valid.x.dim()),
                        (good.0.x.dim(), good.1.x.dim()),
                        "{name} at {at}"
                    );
                }
            }
        }
    }
}

#[test]
fn idx_files_cut_lengthened_or_of_another_kind() {
    let (x, y) = (unpacked("train-images-idx3-ubyte.gz"), unpacked("train-labels-idx1-ubyte.gz"));
    let parse = |x: &[u8], y: &[u8]| idx::parse(&mut &x[..], &mut &y[..]).map(|_| ());
    assert!(parse(&x, &y).is_ok());
    for len in 0..x.len() {
        assert!(matches!(parse(&x[..len], &y), Err(Fault::Truncated { at }) if at == len as u64), "{len}");
    }
    for len in 0..y.len() {
        assert!(matches!(parse(&x, &y[..len]), Err(Fault::Truncated { at }) if at == len as u64), "{len}");
    }
    assert!(matches!(parse(&[&x[..], &[0]].concat(), &y), Err(Fault::Trailing { .. })));
    assert!(matches!(parse(&x, &[&y[..], &[0]].concat()), Err(Fault::Trailing { .. })));
    assert!(matches!(parse(&y, &x), Err(Fault::Format(_))), "images and labels exchanged");
    assert!(matches!(parse(&changed(&x, 7, 13), &y), Err(Fault::Truncated { .. })));
    assert!(matches!(parse(&changed(&x, 7, 11), &y), Err(Fault::Trailing { .. })));
    assert!(matches!(parse(&x, &changed(&y[..19], 7, 11)), Err(Fault::Shapes { .. })));
    let first = |n: u8| {
        let pixels = 16 + usize::from(n) * 784;
        parse(&changed(&x[..pixels], 7, n), &changed(&y[..8 + usize::from(n)], 7, n))
    };
    assert!(matches!(first(5), Err(Fault::TooFew { found: 5 })), "none for validation");
    assert!(first(6).is_ok(), "one");
    assert!(matches!(parse(&x, &changed(&y, 9, 10)), Err(Fault::Label { row: 1, value: 10 })));
    assert!(matches!(parse(&changed(&x, 11, 27), &y), Err(Fault::Structure(_))), "27 rows");
    assert!(matches!(parse(&changed(&x, 4, 1), &y), Err(Fault::TooMuch { .. })), "16 million images");
    assert!(matches!(parse(&changed(&x, 2, 9), &y), Err(Fault::Format(_))), "signed bytes");
}

fn changed(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

/// A signal may interrupt a read, which is then tried again; any other failure is the disk's.
#[test]
fn reads_that_are_interrupted_or_fail() {
    struct Reader(&'static [u8], Option<ErrorKind>);
    impl Read for Reader {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            self.1.take().map_or_else(|| self.0.read(to), |kind| Err(kind.into()))
        }
    }
    let parse = |kind| pickle::parse(&mut BufReader::new(Reader(b"\x80\x04N.", Some(kind)))).unwrap_err();
    assert!(matches!(parse(ErrorKind::Interrupted), Fault::Structure(_)));
    assert!(matches!(parse(ErrorKind::PermissionDenied), Fault::Unpacking(_)));
}

/// Only what was cut or changed on its way is to be deleted in any case; a path may be a slip.
#[test]
fn the_way_out_fits_the_fault() {
    let folder = tempfile::tempdir().unwrap();
    let says = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        read_from(&file).unwrap_err().to_string()
    };
    let whole = fs::read(fixture("py2_cpickle.pkl.gz")).unwrap();
    let cut = says("mnist.pkl.gz", &whole[..whole.len() / 2]);
    assert!(cut.ends_with("bytes (unpacked); delete it and run `cargo xtask data get`"), "{cut}");
    let other = says("letter.txt", b"Dear reader");
    assert!(
        other.contains("is it the file you meant?") && other.ends_with("correct the path (or NB_DATA)"),
        "{other}"
    );
}
