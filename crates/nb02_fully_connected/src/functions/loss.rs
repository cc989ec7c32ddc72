//! `mse`, the mean squared error, and its gradient.
//!
//! ```text
//! mse = Σ (out − targ)² / n               out.g = 2 · (out − targ) / n
//! ```
//!
//! It is an odd loss for telling digits apart (is a 7 "nearer" to an 8 than to a 1?), but its gradient
//! fits in a line, and a proper one comes with the next lesson.
//!
//! The output is `(n, 1)` and the target `(n)`, and here is the lesson's worst trap:
//! subtracting them broadcasts to `(n, n)` without an error, 10 GB for the training set, and for smaller `n`
//! simply a wrong number. So the last axis is [`squeeze`]d away first, and always with the axis named. (Here
//! the types `ArrayRef2` and `ArrayRef1` say which is which, so the trap is only open to those who subtract
//! by hand.)
//!
//! ```
//! use nb02_fully_connected::{mse, mse_grad, ndarray::array};
//!
//! let (out, targ) = (array![[1.0], [5.0]], array![2.0, 3.0]);
//! assert_eq!(mse(&out, &targ), 2.5); // (1² + 2²) / 2
//! assert_eq!(mse_grad(&out, &targ), array![[-1.0], [2.0]]);
//! ```

use super::check_shapes;
use crate::kernels::par;
use crate::{Element, squeeze};
use ndarray::{Array2, ArrayRef1, ArrayRef2, Axis};

/// The mean of `(output.squeeze(-1) − targ)²`, for an output `(n, 1)` and a target `(n)`; accumulated in `f64`.
///
/// For no rows at all it is NaN, as in PyTorch.
///
/// # Panics
/// At the caller's line unless `output` is `(n, 1)` for a target `(n)`.
///
/// ```
/// use nb02_fully_connected::{mse, ndarray::array};
///
/// assert_eq!(mse(&array![[3.0], [4.0]], &array![0.0, 0.0]), 12.5);
/// ```
#[track_caller]
pub fn mse<T: Element>(output: &ArrayRef2<T>, targ: &ArrayRef1<T>) -> T {
    check_output("mse", output, targ);
    let errors = par::squared_distance(&squeeze(output, -1), targ);
    T::narrow(errors / targ.len() as f64)
}

/// The gradient of [`mse`] with respect to its output: `2 · (output − targ) / n`, `(n, 1)` like the output.
///
/// # Panics
/// As [`mse`].
///
/// ```
/// use nb02_fully_connected::{mse_grad, ndarray::array};
///
/// assert_eq!(mse_grad(&array![[3.0], [4.0]], &array![0.0, 0.0]), array![[3.0], [4.0]]);
/// ```
#[track_caller]
pub fn mse_grad<T: Element>(output: &ArrayRef2<T>, targ: &ArrayRef1<T>) -> Array2<T> {
    check_output("mse_grad", output, targ);
    let scale = T::narrow(2.0 / targ.len() as f64);
    par::scaled_difference(&squeeze(output, -1), targ, scale).insert_axis(Axis(1)) // the notebook's unsqueeze(-1)
}

#[track_caller]
fn check_output<T>(operation: &str, output: &ArrayRef2<T>, targ: &ArrayRef1<T>) {
    let fits = output.shape() == [targ.len(), 1];
    let way_out = "an output (n, 1) is compared with a target (n)";
    check_shapes(operation, fits, ("output", output.shape()), ("targ", targ.shape()), way_out);
}
