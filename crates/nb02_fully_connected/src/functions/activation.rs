//! `relu`, its two variants in the lesson, and its gradient.
//!
//! Without something between them, two linear layers are one linear layer. What is put between them is about
//! the simplest thing that is not linear: negative numbers become 0.
//!
//! ```text
//! relu(z) = z.clamp_min(0)                relu'(z) = 1 where z > 0, else 0
//! ```
//!
//! Two variants come up. After the ReLU the mean is no longer 0 but 0.56 (`1/√π` for the input that Kaiming
//! initialisation gives), so the lesson subtracts 0.5: [`shifted_relu`]. A constant has no gradient, so
//! [`relu_grad`] serves both. And a *leaky* ReLU lets a little through on the negative side.
//!
//! The gradient depends on the **input** of the ReLU: it is 1 where `z > 0`. `relu` does not change its argument, so
//! `z` is still known in the backward pass. PyTorch's in-place `clamp_min_(0)` overwrites `z`, but where `z > 0` can still
//! be read off the result. If 0.5 is subtracted in place as well, it cannot: `z = 0.3` has become −0.2, and a mask
//! `result > 0` would be wrong for all of 0 < z ≤ 0.5.
//!
//! ```
//! use nb02_fully_connected::{ndarray::array, relu, relu_grad};
//!
//! let z = array![[-1.0, 0.0, 2.0]];
//! assert_eq!(relu(&z), array![[0.0, 0.0, 2.0]]);
//! assert_eq!(relu_grad(&z, &array![[10.0, 10.0, 10.0]]), array![[0.0, 0.0, 10.0]]);
//! ```

use super::check_shapes;
use crate::Element;
use crate::kernels::par;
use ndarray::{Array2, ArrayRef2};

/// `x.clamp_min(0)`: negative numbers become 0; NaN stays NaN, as in PyTorch. Any shape `(n, nh)`.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, relu};
///
/// assert_eq!(relu(&array![[-3.0, 3.0]]), array![[0.0, 3.0]]);
/// assert!(relu(&array![[f32::NAN]])[[0, 0]].is_nan());
/// ```
pub fn relu<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    par::relu(x, T::zero())
}

/// `x.clamp_min(0) − shift`; the lesson's second `relu` is `shifted_relu(x, 0.5)`.
///
/// The notes disagree here: some define `relu` without the 0.5 and the class `Relu` with it, and then their
/// gradients cannot agree. Here the shift is always said.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, shifted_relu};
///
/// assert_eq!(shifted_relu(&array![[-3.0, 3.0]], 0.5), array![[-0.5, 2.5]]);
/// ```
pub fn shifted_relu<T: Element>(x: &ArrayRef2<T>, shift: T) -> Array2<T> {
    par::relu(x, shift)
}

/// The gradient of [`relu`] and [`shifted_relu`]: `out_g` where `inp > 0`, else 0.
///
/// At exactly 0 ReLU has no derivative; it counts as 0 here, as in PyTorch's `relu` and `clamp_min`. At NaN those two
/// differ: `clamp_min`, the lesson's, has the gradient 0, and so has this; `relu` hands the gradient through, and so
/// does [`nn::ReLU`](crate::nn::ReLU).
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, relu_grad};
///
/// assert_eq!(relu_grad(&array![[-1.0, 1.0]], &array![[5.0, 7.0]]), array![[0.0, 7.0]]);
/// ```
#[track_caller]
pub fn relu_grad<T: Element>(inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>) -> Array2<T> {
    check_same("relu_grad", inp, out_g);
    par::relu_grad(inp, out_g)
}

/// `x` where it is positive, else `a · x`: a ReLU that still lets a little through (`a` is often 0.01).
///
/// ```
/// use nb02_fully_connected::{leaky_relu, ndarray::array};
///
/// assert_eq!(leaky_relu(&array![[-3.0, 3.0]], 0.01), array![[-0.03, 3.0]]);
/// ```
pub fn leaky_relu<T: Element>(x: &ArrayRef2<T>, a: T) -> Array2<T> {
    par::leaky_relu(x, a)
}

/// The gradient of [`leaky_relu`]: `out_g` where `inp > 0`, else `a · out_g`.
///
/// The slope is `+a`.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use nb02_fully_connected::{leaky_relu_grad, ndarray::array};
///
/// assert_eq!(leaky_relu_grad(&array![[-1.0, 1.0]], &array![[5.0, 7.0]], 0.01), array![[0.05, 7.0]]);
/// ```
#[track_caller]
pub fn leaky_relu_grad<T: Element>(inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>, a: T) -> Array2<T> {
    check_same("leaky_relu_grad", inp, out_g);
    par::leaky_relu_grad(inp, out_g, a)
}

/// A panic in the name of `operation`, unless both have one shape.
#[track_caller]
pub(crate) fn check_same<T>(operation: &str, inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>) {
    let (inp, out_g) = (("inp", inp.shape()), ("out_g", out_g.shape()));
    check_shapes(operation, inp.1 == out_g.1, inp, out_g, "a gradient has the shape of what it is for");
}
