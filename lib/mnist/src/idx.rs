//! The files of the original data set, `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`; the two `t10k-…`
//! files of the test set are not read.
//!
//! All numbers are big-endian:
//!
//! ```text
//! 00 00 08 03   0000ea60   0000001c   0000001c   one byte a pixel …
//! bytes, rank 3    60000         28         28
//! ```
//!
//! `mnist.pkl.gz` holds the same images, the first 50,000 to train and the last 10,000 to validate, each byte divided
//! by 256. Both readers return the same bits.
//!
//! ```
//! use mnist::idx;
//!
//! let images = [&[0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 28, 0, 0, 0, 28][..], &[128; 6 * 784]].concat();
//! let labels = [0, 0, 8, 1, 0, 0, 0, 6, 5, 0, 4, 1, 9, 2];
//! let (train, valid) = idx::parse(&mut images.as_slice(), &mut labels.as_slice())?;
//! assert_eq!((train.x.dim(), valid.x.dim()), ((5, 784), (1, 784)));
//! assert_eq!((train.x[[0, 0]], valid.y[0]), (0.5, 2));
//! # Ok::<(), mnist::Fault>(())
//! ```

use crate::archive::{self, Bytes, make_room};
use crate::error::{DataError, Fault, limit};
use crate::{PIXELS, SIDE, Set};
use ndarray::{Array1, Array2};
use std::io::BufRead;
use std::path::Path;

/// EMNIST's digits, training and test set together: the most images of any data set in this format.
const MAX_IMAGES: u64 = 280_000;

/// The training and the validation set in a file of images and one of labels, gzip'd or not.
///
/// # Errors
/// If a file cannot be opened, or is anything else.
pub fn read(images: &Path, labels: &Path) -> Result<(Set, Set), DataError> {
    let damaged = |path: &Path| {
        let path = path.into();
        |fault| DataError::Damaged { path, fault }
    };
    let x = read_images(&mut archive::open(images)?).map_err(damaged(images))?;
    let y = read_labels(&mut archive::open(labels)?).map_err(damaged(labels))?;
    sets(x, y).map_err(damaged(labels))
}

/// The training and the validation set in two unpacked files.
///
/// For any bytes: ends, does not panic, and takes at most 20 times as much memory as there are bytes plus 4 MB, and
/// never more than 280,000 images need.
///
/// # Errors
/// If they are anything else.
pub fn parse(x: &mut dyn BufRead, y: &mut dyn BufRead) -> Result<(Set, Set), Fault> {
    sets(read_images(x)?, read_labels(y)?)
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
fn read_images(bytes: &mut dyn BufRead) -> Result<[Vec<f32>; 2], Fault> {
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

fn read_labels(bytes: &mut dyn BufRead) -> Result<Vec<u8>, Fault> {
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
