//! `normalize`: mean 0 and standard deviation 1, by the training set's statistics.
//!
//! ```text
//! x ← (x − m) / s
//! ```
//!
//! Layers learn best from inputs of mean 0 and standard deviation 1; everything about initialisation assumes
//! them. The **training** set's `m` and `s` serve both sets. If the validation set were
//! normalised by its own, the same pixel would mean one brightness in training and another in validation, and
//! the model would meet data it was never trained for. So the validation set ends a little off:
//! −0.0059 and 0.9924 instead of 0 and 1, and that is right.
//!
//! ```
//! use nb02_fully_connected::{mean, ndarray::array, normalize, std, test_near_zero};
//!
//! let (train, valid) = (array![[0.0, 1.0], [2.0, 3.0]], array![[1.0, 1.0]]);
//! let (m, s) = (mean(&train), std(&train));
//! let (train, valid) = (normalize(&train, m, s), normalize(&valid, m, s));
//! test_near_zero(mean(&train), 1e-6);
//! test_near_zero(1.0 - std(&train), 1e-6);
//! assert_eq!(valid[[0, 0]], train[[0, 1]]); // the same pixel, the same number
//! ```

use crate::kernels::par;
use ndarray::{Array, ArrayRef, Dimension};

/// `(x − m) / s`, element by element; any shape, and the result has the same.
///
/// With `s = 0` (a constant image) the result is NaN or infinite, as it is in PyTorch.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, normalize};
///
/// assert_eq!(normalize(&array![1.0, 3.0, 5.0], 3.0, 2.0), array![-1.0, 0.0, 1.0]);
/// ```
pub fn normalize<D: Dimension>(x: &ArrayRef<f32, D>, m: f64, s: f64) -> Array<f32, D> {
    par::sub_div(x, m as f32, s as f32)
}

/// [`normalize`] in place, as the underscore says: `x.sub_(m).div_(s)`.
///
/// New memory of 157 MB takes the system longer to hand out than the numbers take to compute; this takes none.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, normalize::normalize_};
///
/// let mut x = array![1.0, 3.0, 5.0];
/// normalize_(&mut x, 3.0, 2.0);
/// assert_eq!(x, array![-1.0, 0.0, 1.0]);
/// ```
pub fn normalize_<D: Dimension>(x: &mut ArrayRef<f32, D>, m: f64, s: f64) {
    par::sub_div_(x, m as f32, s as f32);
}
