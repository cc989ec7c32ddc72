//! MNIST, 60,000 handwritten digits of 28 × 28 pixels: where it is, how it is read, and whether it is MNIST.
//!
//! An image is one row of 784 numbers `byte / 256`, as in `mnist.pkl.gz`: white is 0.99609375, and the division is
//! exact in `f32`. The first 50,000 images are the training set, the last 10,000 the validation set. The test set's
//! shapes are checked and its numbers dropped.
//!
//! | module | what it does |
//! |---|---|
//! | [`places`] | looks for the files |
//! | [`pickle`] | reads `mnist.pkl.gz`, and cannot be harmed by somebody else's pickle |
//! | [`idx`] | reads the files of the original data set |
//! | [`archive`] | unpacks gzip, or passes on what is not packed |
//! | [`data_set`] | recognises MNIST and Fashion-MNIST by a fingerprint |
//! | [`mod@drawn`] | draws digits, for a machine without MNIST |
//! | [`error`] | says what went wrong, and what to do then |
//!
//! ```
//! let mnist = mnist::read(mnist::find()?)?;
//! let (n, m) = mnist.x_train.dim();
//! assert_eq!((n, m), (mnist.y_train.len(), 28 * 28));
//! println!("{}: {n} images, the first is a {}", mnist.source, mnist.y_train[0]);
//! # Ok::<(), mnist::DataError>(())
//! ```

#![forbid(unsafe_code)]

pub mod places;
pub mod pickle;
pub mod idx;
pub mod archive;
pub mod data_set;
pub mod drawn;
pub mod error;

use ndarray::{Array1, Array2, ArrayView2};
use std::fmt::{self, Display};
use std::path::Path;

pub use data_set::DataSet;
pub use drawn::drawn;
pub use error::{DataError, Fault};
pub use places::{Files, Place, find, locations};

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// Numbers in an image: the columns of `x_train`.
pub const PIXELS: usize = SIDE * SIDE;

/// Images and labels to train on, and others to validate with.
///
/// The labels are bytes, because they are both numbers to compute with and places in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Mnist {
    /// Images to train on, `(50000, 784)`: `byte / 256`, from 0 (paper) to 0.996 (ink).
    pub x_train: Array2<f32>,
    /// Their labels, `(50000)`: 0 to 9.
    pub y_train: Array1<u8>,
    /// Images to validate with, `(10000, 784)`.
    pub x_valid: Array2<f32>,
    /// Their labels, `(10000)`.
    pub y_valid: Array1<u8>,
    /// What they are and where they come from; name it wherever you print a number that depends on it.
    pub source: Source,
}

impl Mnist {
    /// Whether these are exactly MNIST's digits: if not, MNIST's own numbers must not be asserted.
    pub fn is_mnist(&self) -> bool {
        self.source.is_mnist()
    }

    /// Training image `i` as a picture, `(28, 28)`: the notebook's `x_train[i].view(28, 28)`.
    ///
    /// # Panics
    /// If `i >= x_train.nrows()`.
    #[track_caller]
    pub fn image(&self, i: usize) -> ArrayView2<'_, f32> {
        let n = self.x_train.nrows();
        assert!(i < n, "image: there is no training image {i}, the last of {n} is {}", n.saturating_sub(1));
        let row = self.x_train.row(i);
        row.into_shape_with_order((SIDE, SIDE)).expect("a row of the training set has 28 · 28 numbers")
    }

    fn new(train: Set, valid: Set, source: Source) -> Mnist {
        Mnist { x_train: train.x, y_train: train.y, x_valid: valid.x, y_valid: valid.y, source }
    }
}

/// What the digits are, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which data set it is, by its fingerprint and not by its name.
    pub set: DataSet,
    /// The files it was read from.
    pub files: Files,
}

impl Source {
    /// Whether these are exactly MNIST's digits, `byte / 256`.
    pub fn is_mnist(&self) -> bool {
        self.set == DataSet::Mnist
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.files {
            Files::Drawn => write!(f, "{}", self.set),
            _ => write!(f, "{} from {}", self.set, self.files),
        }
    }
}

/// The digits at `path`: a pickle file, the file with the training images, or a folder with either; or drawn ones,
/// if it is the word `drawn`.
///
/// # Errors
/// If there is nothing to read, or it is damaged.
///
/// ```
/// assert!(matches!(mnist::read_from("no/such/file".as_ref()), Err(mnist::DataError::NotThere { .. })));
/// ```
pub fn read_from(path: &Path) -> Result<Mnist, DataError> {
    read(places::look_at(path)?)
}

/// The digits in files that were found.
///
/// # Errors
/// If a file cannot be opened or is damaged: a bad file is never replaced by the next one in silence.
pub fn read(files: Files) -> Result<Mnist, DataError> {
    let (train, valid) = match &files {
        Files::Pickle(file) => pickle::read(file)?,
        Files::Idx { images, labels } => idx::read(images, labels)?,
        Files::Drawn => return Ok(drawn(drawn::TRAIN, drawn::VALID, drawn::SEED)),
    };
    let set = DataSet::of(&train, &valid);
    Ok(Mnist::new(train, valid, Source { set, files }))
}

/// Images and their labels, checked: what both readers return, for the training and for the validation set.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Images, `(n, 784)`.
    pub x: Array2<f32>,
    /// Labels, `(n)`.
    pub y: Array1<u8>,
}

impl Set {
    /// Images `(n, 784)` with values from 0 to 1, and labels `(n)` from 0 to 9, for `n > 0`.
    ///
    /// # Errors
    /// If they are anything else. A type code or a width does not tell every wrong file from a right one; values do.
    ///
    /// ```
    /// use mnist::{Fault, Set};
    /// use ndarray::{Array2, array};
    ///
    /// let black = Array2::zeros((2, 784));
    /// assert!(Set::new(black.clone(), array![0, 9]).is_ok());
    /// assert!(matches!(Set::new(black, array![0, 10]), Err(Fault::Label { row: 1, .. })));
    /// ```
    pub fn new(x: Array2<f32>, y: Array1<u8>) -> Result<Set, Fault> {
        if x.ncols() != PIXELS || x.nrows() != y.len() || y.is_empty() {
            return Err(Fault::Shapes { images: x.shape().to_vec(), labels: y.shape().to_vec() });
        }
        if let Some(i) = y.iter().position(|&y| y > 9) {
            return Err(Fault::Label { row: i, value: y[i].into() });
        }
        let is_pixel = |x: &f32| (0.0..=1.0).contains(x);
        // `fold` and `&` look at several pixels at a time; `find` would stop in between.
        if !x.fold(true, |all, x| all & is_pixel(x)) {
            let wrong = x.indexed_iter().find(|(_, x)| !is_pixel(x));
            let ((row, column), &value) = wrong.expect("one of them is no pixel");
            return Err(Fault::Pixel { row, column, value });
        }
        Ok(Set { x, y })
    }
}
