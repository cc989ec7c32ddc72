//! Get the data: MNIST, 60,000 handwritten digits of 28 × 28 pixels.
//!
//! The notebook downloads `mnist.pkl.gz`, unpickles it and has four tensors, which are much like NumPy's arrays and can
//! run on a GPU as well; ours are ndarray's, and stay on the processor. [`get_data`] reads the file that it finds;
//! `cargo xtask data get` downloads one, `cargo xtask data` shows where it looks:
//!
//! 1. where `NB_DATA` points: a folder or a file, or the word `drawn`;
//! 2. the workspace's folder `data`, if this crate was built in its workspace;
//! 3. the folder `nb_dl_foundations` in the user's cache directory (`~/.cache` on Unix);
//! 4. where there is no file, it draws digits itself, so that everything runs on a machine without
//!    data and network.
//!
//! An image is one row of 784 numbers `byte / 256`. Most programs divide by 255; here white is 0.99609375, and every
//! mean that the notebooks print depends on it. The first 50,000 images are the training set, the last 10,000 the
//! validation set. The notebook does not use the test set, so it is not kept.
//!
//! Finding, reading and recognising files is the work of the library [`mnist`]. What a lesson prints holds for MNIST
//! alone, so a section checks MNIST's own numbers with [`only_mnist`], which skips them for any other data set.
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

pub mod show;

use nb00_testing::skip;

pub use mnist::{
    DataError, DataSet, Fault, Files, Mnist, PIXELS, Place, SIDE, Source, drawn, find, locations, read_from,
};
pub use show::{show_image, show_images};

/// The digits: MNIST from the first place that has it, else drawn ones.
///
/// # Errors
/// If `NB_DATA` points to nothing, or what is found is damaged.
pub fn get_data() -> Result<Mnist, DataError> {
    mnist::read(find()?)
}

/// Checks what holds for MNIST alone; for any other digits, prints that the check was skipped, and why.
///
/// ```
/// use nb01_matmul::{data::drawn, only_mnist};
///
/// let digits = drawn(10, 10, 1);
/// only_mnist(&digits.source, "the size", || assert_eq!(digits.x_train.nrows(), 50_000)); // skipped: the size (…)
/// ```
pub fn only_mnist(source: &Source, what: &str, check: impl FnOnce()) {
    match source.set {
        DataSet::Mnist => check(),
        set => skip(what, &format!("the data are {set}; `cargo xtask data get` fetches MNIST")),
    }
}
