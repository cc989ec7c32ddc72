//! Get the data: MNIST, 60,000 handwritten digits of 28 × 28 pixels.
//!
//! The notebook downloads `mnist.pkl.gz`, unpickles it and has four tensors, which are much like NumPy's arrays
//! and can run on a GPU as well; ours are ndarray's, and stay on the processor. [`get_data`] does the same with
//! the file it finds; `cargo xtask data get` downloads one, `cargo xtask data` shows where it looks:
//!
//! 1. where `NB_DATA` points: a folder or a file, or the word `drawn`;
//! 2. the workspace's folder `data`, if this crate was built in its workspace;
//! 3. the folder `nb_dl_foundations` in the user's cache directory (`~/.cache` on Unix);
//! 4. nowhere: it draws digits itself, so that everything runs on a machine without data and network.
//!
//! An image is one row of 784 numbers `pixel / 256` — not `/ 255`, so white is 0.99609375. Every mean the
//! notebooks print rests on it, and the division is exact in `f32`. The images' first 50,000 are the training
//! set, the last 10,000 the validation set. The test set is read past, as in the notebook.
//!
//! | module | what it holds |
//! |---|---|
//! | [`places`] | where to look |
//! | [`pickle`], [`opcodes`], [`payload`] | `mnist.pkl.gz`, and why reading a stranger's pickle is harmless here |
//! | [`idx`] | the four files of the original data set |
//! | [`archive`] | gzip, or not |
//! | [`mod@drawn`] | digits that we draw ourselves |
//! | [`show`] | images in the terminal |
//! | [`error`] | what can go wrong, and what to do then |
//!
//! ```
//! use nb01_matmul::{data::show_image, get_data};
//!
//! let mnist = get_data()?;
//! let (n, m) = mnist.x_train.dim();
//! assert_eq!((n, m), (mnist.y_train.len(), 28 * 28));
//! println!("{}: {n} images, the first is a {}", mnist.source, mnist.y_train[0]);
//! println!("{}", show_image(&mnist.image(0)));
//! # Ok::<(), nb01_matmul::DataError>(())
//! ```

pub mod places;
pub mod pickle;
pub mod opcodes;
pub mod payload;
pub mod idx;
pub mod archive;
pub mod drawn;
pub mod show;
pub mod error;

use nb00_testing::skip;
use ndarray::{Array1, Array2, ArrayView2};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

pub use drawn::drawn;
pub use error::{DataError, Fault};
pub use places::{Place, find, locations};
pub use show::{show_image, show_images};

/// Rows and columns of an image.
///
/// ```
/// assert_eq!(nb01_matmul::data::SIDE * nb01_matmul::data::SIDE, nb01_matmul::data::PIXELS);
/// ```
pub const SIDE: usize = 28;

/// Numbers in an image: the columns of `x_train`.
///
/// ```
/// assert_eq!(nb01_matmul::data::PIXELS, 784);
/// ```
pub const PIXELS: usize = SIDE * SIDE;

/// What [`get_data`] returns: images and labels to train on, and others to validate with.
///
/// The labels are bytes, because they are both numbers to compute with and places in a table:
///
/// ```
/// use nb01_matmul::{data::drawn, ndarray::Array1};
///
/// let digits = drawn(20, 10, 1);
/// let target: Array1<f32> = digits.y_train.mapv(f32::from);
/// let mut counts = [0; 10];
/// digits.y_train.iter().for_each(|&y| counts[usize::from(y)] += 1);
/// assert_eq!(counts.iter().sum::<usize>(), target.len());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mnist {
    /// Images to train on, `(50000, 784)`: `pixel / 256`, from 0 (paper) to 0.996 (ink).
    pub x_train: Array2<f32>,
    /// Their labels, `(50000)`: 0 to 9.
    pub y_train: Array1<u8>,
    /// Images to validate with, `(10000, 784)`.
    pub x_valid: Array2<f32>,
    /// Their labels, `(10000)`.
    pub y_valid: Array1<u8>,
    /// Where they come from; name it wherever you print a number that depends on it.
    pub source: Source,
}

impl Mnist {
    /// Whether this came from MNIST's files: where it did not, MNIST's own numbers must not be asserted.
    ///
    /// ```
    /// assert!(!nb01_matmul::data::drawn(10, 10, 1).is_mnist());
    /// ```
    pub fn is_mnist(&self) -> bool {
        self.source.is_mnist()
    }

    /// [`Source::only_mnist`] of these digits.
    ///
    /// ```
    /// let digits = nb01_matmul::data::drawn(10, 10, 1);
    /// digits.only_mnist("the size", || assert_eq!(digits.x_train.nrows(), 50_000)); // skipped: the size (…)
    /// ```
    pub fn only_mnist(&self, what: &str, check: impl FnOnce()) {
        self.source.only_mnist(what, check);
    }

    /// Training image `i` as the picture it is, `(28, 28)`: the notebook's `x_train[i].view(28, 28)`.
    ///
    /// # Panics
    /// At the caller's line if there is no image `i`.
    ///
    /// ```
    /// assert_eq!(nb01_matmul::data::drawn(10, 10, 1).image(3).dim(), (28, 28));
    /// ```
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

/// Where the digits come from.
///
/// ```
/// use nb01_matmul::data::Source;
///
/// assert_eq!(Source::Pickle("data/mnist.pkl.gz".into()).to_string(), "MNIST from data/mnist.pkl.gz");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This pickle file.
    Pickle(PathBuf),
    /// The IDX files in this folder.
    Idx(PathBuf),
    /// Nowhere: we drew them.
    Drawn,
}

impl Source {
    /// Whether these are MNIST's files.
    ///
    /// ```
    /// assert!(!nb01_matmul::Source::Drawn.is_mnist());
    /// ```
    pub fn is_mnist(&self) -> bool {
        *self != Source::Drawn
    }

    /// Checks what holds for MNIST alone; where these are other digits, says that it was skipped.
    ///
    /// ```
    /// nb01_matmul::Source::Drawn.only_mnist("the size", || panic!("not reached")); // skipped: the size (…)
    /// ```
    pub fn only_mnist(&self, what: &str, check: impl FnOnce()) {
        if self.is_mnist() {
            check();
        } else {
            skip(what, "these are drawn digits; `cargo xtask data get` fetches MNIST");
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Pickle(file) => write!(f, "MNIST from {}", file.display()),
            Source::Idx(folder) => write!(f, "MNIST from the IDX files in {}", folder.display()),
            Source::Drawn => write!(f, "digits drawn by this program, not MNIST"),
        }
    }
}

/// The digits: MNIST from the first place that has it, else drawn ones.
///
/// # Errors
/// If `NB_DATA` points to nothing, or what is found is damaged: a bad file is never passed over in silence.
///
/// ```
/// let mnist = nb01_matmul::get_data()?;
/// assert_eq!((mnist.y_train.iter().min(), mnist.y_train.iter().max()), (Some(&0), Some(&9)));
/// # Ok::<(), nb01_matmul::DataError>(())
/// ```
pub fn get_data() -> Result<Mnist, DataError> {
    load(find()?)
}

/// The digits at `path`: a pickle file, a folder with one, or a folder with the IDX files; or drawn ones, if it
/// is the word `drawn`.
///
/// # Errors
/// If there is nothing to read, or it is damaged.
///
/// ```
/// use nb01_matmul::data::{DataError, get_data_from};
///
/// assert!(matches!(get_data_from("no/such/file".as_ref()), Err(DataError::NotThere { .. })));
/// ```
pub fn get_data_from(path: &Path) -> Result<Mnist, DataError> {
    load(places::look_at(path)?)
}

fn load(source: Source) -> Result<Mnist, DataError> {
    let (train, valid) = match &source {
        Source::Pickle(file) => pickle::read(file)?,
        Source::Idx(folder) => idx::read(folder)?,
        Source::Drawn => return Ok(drawn(drawn::TRAIN, drawn::VALID, drawn::SEED)),
    };
    Ok(Mnist::new(train, valid, source))
}

/// Images and their labels, checked: what both readers return, for the training and for the validation set.
///
/// ```
/// use nb01_matmul::{data::{Fault, Set}, ndarray::{Array2, array}};
///
/// let black = Array2::zeros((2, 784));
/// assert!(Set::new(black.clone(), array![0, 9]).is_ok());
/// assert!(matches!(Set::new(black, array![0, 10]), Err(Fault::Label { .. })));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Images, `(n, 784)`.
    pub x: Array2<f32>,
    /// Labels, `(n)`.
    pub y: Array1<u8>,
}

impl Set {
    /// Images `(n, 784)` with values from 0 to 1, and labels `(n)` from 0 to 9.
    ///
    /// # Errors
    /// If they are not that. No width or type code can tell every wrong file from a right one; values can.
    ///
    /// ```
    /// use nb01_matmul::{data::Set, ndarray::{Array2, array}};
    ///
    /// assert!(Set::new(Array2::from_elem((1, 784), f32::NAN), array![0]).is_err());
    /// ```
    pub fn new(x: Array2<f32>, y: Array1<u8>) -> Result<Set, Fault> {
        if x.ncols() != PIXELS || x.nrows() != y.len() || y.is_empty() {
            return Err(Fault::Shapes { images: x.shape().to_vec(), labels: y.shape().to_vec() });
        }
        if let Some(i) = y.iter().position(|&y| y > 9) {
            return Err(Fault::Label { row: i, value: y[i].into() });
        }
        if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, x)| !(0.0..=1.0).contains(*x)) {
            return Err(Fault::Pixel { row, column, value });
        }
        Ok(Set { x, y })
    }
}
