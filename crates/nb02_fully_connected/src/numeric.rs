//! The gradient without any calculus: push each number a little, and see how the loss moves.
//!
//! ```text
//! ∂f/∂xᵢ ≈ ( f(x + ε·eᵢ) − f(x − ε·eᵢ) ) / 2ε
//! ```
//!
//! It is much too slow to learn with (two forward passes per number). But it does not use the chain rule, so it is an
//! independent check of the gradients that do. It needs `f64`. In `f32` the two losses agree in all but
//! their last digits, and the best that can be had on whole images is an error of 1.5 %, which would let most
//! mistakes pass; in `f64` it is below 1e-8.
//!
//! ```
//! use nb02_fully_connected::{finite_difference, mse, mse_grad, ndarray::array, test_near_norm};
//!
//! let (out, targ) = (array![[1.0], [5.0]], array![2.0, 3.0]);
//! let expected = finite_difference(|out| mse(out, &targ), &out, 1e-5);
//! test_near_norm(&mse_grad(&out, &targ), &expected, 1e-8);
//! ```

use ndarray::{Array, ArrayRef, Dimension};

/// The gradient of `f` at `x` by central differences of step `eps`; the same shape as `x`.
///
/// The error has two parts, `eps²` times the third derivative and 1e-16 times `f / eps`; 1e-5 is about the
/// best for both. A kink (a ReLU's 0) between the two points gives a wrong answer, which is the method's
/// fault and not the gradient's.
///
/// ```
/// use nb02_fully_connected::{finite_difference, ndarray::array, test_near_norm};
///
/// let x = array![1.0, 2.0, 3.0];
/// let gradient = finite_difference(|x| x.iter().map(|x| x.powi(3)).sum(), &x, 1e-5);
/// test_near_norm(&gradient, &array![3.0, 12.0, 27.0], 1e-8);
/// ```
pub fn finite_difference<D: Dimension>(
    mut f: impl FnMut(&ArrayRef<f64, D>) -> f64,
    x: &ArrayRef<f64, D>,
    eps: f64,
) -> Array<f64, D> {
    let mut moved = x.as_standard_layout().into_owned();
    let mut at = |i: usize, value: f64| {
        moved.as_slice_mut().expect("it was made in standard layout")[i] = value;
        f(&moved)
    };
    let slopes = x.iter().enumerate().map(|(i, &here)| {
        let (up, down) = (at(i, here + eps), at(i, here - eps));
        at(i, here); // back where it was
        (up - down) / (2.0 * eps)
    });
    Array::from_iter(slopes).into_shape_with_order(x.raw_dim()).expect("as many slopes as numbers")
}
