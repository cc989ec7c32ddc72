//! What follows the end of an archive, as Python's gzip and gunzip take it.

use crate::fixtures::{check, fixture};
use mnist::{DataError, Fault, read_from};
use std::fs;

const NAMES: [&str; 2] = ["mnist.pkl.gz", "train-images-idx3-ubyte.gz"];

/// Reads a packed pickle, or a pair of packed IDX files, with these bytes after its end.
fn followed_by(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    let folder = tempfile::tempdir().unwrap();
    let original = if name == NAMES[0] { "py2_cpickle.pkl.gz" } else { name };
    fs::copy(fixture("train-labels-idx1-ubyte.gz"), folder.path().join("train-labels-idx1-ubyte.gz"))
        .unwrap();
    let path = folder.path().join(name);
    fs::write(&path, [&fs::read(fixture(original)).unwrap(), bytes].concat()).unwrap();
    read_from(&path).map(|mnist| check(&mnist))
}

/// A tape's last block, a disk's, and more than any buffer.
#[test]
fn zero_bytes_are_padding() {
    for name in NAMES {
        for zeros in [0, 1, 7, 512, 100_000] {
            followed_by(name, &vec![0; zeros]).unwrap_or_else(|error| panic!("{name} and {zeros}: {error}"));
        }
    }
}

#[test]
fn an_empty_member_may_follow_the_padding() {
    use std::io::Read;
    let mut empty = vec![];
    flate2::read::GzEncoder::new(&b""[..], flate2::Compression::fast()).read_to_end(&mut empty).unwrap();
    for name in NAMES {
        followed_by(name, &empty).unwrap();
        followed_by(name, &[&[0; 512], &empty[..], &[0; 3]].concat()).unwrap();
    }
}

#[test]
fn other_bytes_are_an_error() {
    for name in NAMES {
        for bytes in
            [&b"\n"[..], b"more", b"\0\0\0\x01", b"\x1f", b"\0\x1f\x8b", b"\x1f\x8b\x08", &[0xff; 20]]
        {
            let fault = followed_by(name, bytes).unwrap_err();
            assert!(
                matches!(
                    fault,
                    DataError::Damaged { fault: Fault::Unpacking(_) | Fault::Truncated { .. }, .. }
                ),
                "{name} and {bytes:?}: {fault}"
            );
        }
    }
}
