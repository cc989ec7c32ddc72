//! The four files of the original data set: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and two
//! `t10k-…` for the test set, which nothing here needs.
//!
//! The format could not be simpler, all numbers big-endian:
//!
//! ```text
//! 00 00 08 03   0000ea60   0000001c   0000001c   one byte a pixel …
//! bytes, rank 3    60000         28         28
//! ```
//!
//! The pickle's arrays are these images: the first 50,000 to train, the last 10,000 to validate, each pixel
//! divided by 256. So is what comes out of here, bit for bit.
//!
//! ```
//! use nb01_matmul::data::idx;
//!
//! let images = [&[0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 28, 0, 0, 0, 28][..], &[128; 6 * 784]].concat();
//! let labels = [0, 0, 8, 1, 0, 0, 0, 6, 5, 0, 4, 1, 9, 2];
//! let (train, valid) = idx::parse(&mut images.as_slice(), &mut labels.as_slice())?;
//! assert_eq!((train.x.dim(), valid.x.dim()), ((5, 784), (1, 784)));
//! assert_eq!((train.x[[0, 0]], valid.y[0]), (0.5, 2));
//! # Ok::<(), nb01_matmul::data::Fault>(())
//! ```

use super::archive::{self, Bytes, make_room};
use super::error::{DataError, Fault};
use super::opcodes::limit;
use super::{PIXELS, SIDE, Set};
use ndarray::{Array1, Array2};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// The file with the training images; `.gz` may follow.
///
/// ```
/// assert!(nb01_matmul::data::idx::IMAGES.contains("idx3"));
/// ```
pub const IMAGES: &str = "train-images-idx3-ubyte";

/// The file with their labels; `.gz` may follow.
///
/// ```
/// assert!(nb01_matmul::data::idx::LABELS.contains("idx1"));
/// ```
pub const LABELS: &str = "train-labels-idx1-ubyte";

/// More images than there are, training and test set together.
const MAX_IMAGES: u64 = 70_000;

/// The training and the validation set in the files of a folder, gzip'd or not.
///
/// # Errors
/// If a file is missing, cannot be opened, or is anything else.
///
/// ```
/// assert!(nb01_matmul::data::idx::read(".".as_ref()).is_err());
/// ```
pub fn read(folder: &Path) -> Result<(Set, Set), DataError> {
    let file = |name| either(folder, name).ok_or_else(|| DataError::Incomplete { file: folder.join(name) });
    let (x, y) = (file(IMAGES)?, file(LABELS)?);
    let damaged = |path: &Path| {
        let path = path.into();
        |fault| DataError::Damaged { path, fault }
    };
    let pixels = images(&mut archive::open(&x)?).map_err(damaged(&x))?;
    let labels = labels(&mut archive::open(&y)?).map_err(damaged(&y))?;
    sets(pixels, labels).map_err(damaged(&y))
}

/// `name` or `name.gz`, whichever is in the folder.
pub(super) fn either(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")].map(|name| folder.join(name)).into_iter().find(|p| p.exists())
}

/// The training and the validation set in two unpacked files.
///
/// Whatever the bytes are, this ends, panics nowhere, and takes at most 20 times as much memory as there are bytes,
/// and 4 MB; and never more than 70,000 images need.
///
/// # Errors
/// If they are anything else.
///
/// ```
/// use nb01_matmul::data::{Fault, idx};
///
/// let fault = idx::parse(&mut [0, 0, 8, 3].as_slice(), &mut [].as_slice()).unwrap_err();
/// assert!(matches!(fault, Fault::Truncated { at: 4 }));
/// ```
pub fn parse(x: &mut dyn BufRead, y: &mut dyn BufRead) -> Result<(Set, Set), Fault> {
    sets(images(x)?, labels(y)?)
}

/// The last sixth is the validation set: 10,000 of 60,000.
fn sets([train, valid]: [Vec<f32>; 2], mut labels: Vec<u8>) -> Result<(Set, Set), Fault> {
    let n = (train.len() + valid.len()) / PIXELS;
    if labels.len() != n {
        return Err(Fault::Shapes { images: vec![n, PIXELS], labels: vec![labels.len()] });
    }
    if n < 6 {
        return Err(Fault::TooFew { found: n });
    }
    let y_valid = labels.split_off(n_train(n));
    Ok((set(train, labels)?, set(valid, y_valid)?))
}

fn n_train(n: usize) -> usize {
    n - n / 6
}

fn set(x: Vec<f32>, y: Vec<u8>) -> Result<Set, Fault> {
    let x = Array2::from_shape_vec((y.len(), PIXELS), x).expect("there are as many labels as images");
    Set::new(x, Array1::from(y))
}

/// Pixels of the training and of the validation set, already divided by 256.
fn images(bytes: &mut dyn BufRead) -> Result<[Vec<f32>; 2], Fault> {
    let mut bytes = Bytes::new(bytes);
    let n = count(&mut bytes, 3)?;
    for what in ["rows in an image", "columns in an image"] {
        let size = u32::from_be_bytes(bytes.array()?);
        limit(what, size.into(), SIDE as u64)?;
        if size != SIDE as u32 {
            return Err(Fault::Structure(format!("there are {size} {what}, not {SIDE}")));
        }
    }
    let sizes = [n_train(n), n - n_train(n)].map(|n| n * PIXELS);
    let mut pixels = [vec![], vec![]];
    for (size, pixels) in sizes.into_iter().zip(&mut pixels) {
        bytes.pieces(size as u64, |piece| {
            make_room(pixels, piece.len(), size);
            pixels.extend(piece.iter().map(|&pixel| f32::from(pixel) / 256.0));
            Ok(())
        })?;
    }
    bytes.end()?;
    Ok(pixels)
}

fn labels(bytes: &mut dyn BufRead) -> Result<Vec<u8>, Fault> {
    let mut bytes = Bytes::new(bytes);
    let n = count(&mut bytes, 1)?;
    let mut labels = vec![];
    bytes.pieces(n as u64, |piece| {
        make_room(&mut labels, piece.len(), n);
        labels.extend(piece);
        Ok(())
    })?;
    bytes.end()?;
    Ok(labels)
}

/// The head of a file of bytes with that rank, and its first size.
fn count(bytes: &mut Bytes, rank: u8) -> Result<usize, Fault> {
    match bytes.array()? {
        [0, 0, 8, found] if found == rank => {}
        other => return Err(Fault::Format(other.to_vec())),
    }
    let n = u32::from_be_bytes(bytes.array()?);
    limit("images or labels", n.into(), MAX_IMAGES)?;
    Ok(n as usize)
}
