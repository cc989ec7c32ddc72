//! Forward and backward, by plain functions: `lin`, `relu`, `mse`, and the gradient of each.
//!
//! The model is three functions, one inside the other, and the loss a fourth:
//!
//! ```text
//! loss = mse( lin( relu( lin(x, w1, b1) ), w2, b2 ), y )
//! ```
//!
//! The chain rule says how the loss moves when anything inside moves: multiply the derivatives on the way
//! (`dy/dx = dy/du · du/dx`). So the backward pass walks the same functions from the outside in. Each receives
//! `out_g`, the gradient of the loss with respect to what it returned, and works out the gradient with respect
//! to what it was given. None of them needs the loss itself, which is only printed.
//!
//! | | forward | backward |
//! |---|---|---|
//! | [`linear`] | [`lin`] | [`lin_grad`], in three forms |
//! | [`activation`] | [`relu`], [`shifted_relu`], [`leaky_relu`] | [`relu_grad`], [`leaky_relu_grad`] |
//! | [`loss`] | [`mse`] | [`mse_grad`] |
//! | here | [`model`] | [`forward_and_backward`] |
//!
//! In the notebook a gradient is written to `inp.g` and found there by the next function. Here it is
//! returned and passed on. The functions take `f32` or `f64`: the lesson computes in `f32`, and finite
//! differences ([`numeric`](crate::numeric)) can only check in `f64`.
//!
//! ```
//! use nb02_fully_connected::*;
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((100, 12), &mut rng), rand(100, &mut rng));
//! let mut net = Weights::kaiming(12, 5, 0.5, &mut rng);
//!
//! let (before, grads) = forward_and_backward(&x, &y, &net);
//! net.w1 -= &(&grads.w1 * 0.01); // a small step against the gradient…
//! assert!(mse(&model(&x, &net), &y) < before); // …and the loss is smaller
//! ```

pub mod linear;
pub mod activation;
pub mod loss;

pub use activation::{leaky_relu, leaky_relu_grad, relu, relu_grad, shifted_relu};
pub use linear::{LinGrad, lin, lin_grad};
pub use loss::{mse, mse_grad};

use crate::{Element, Rng, kaiming};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// The weights of the lesson's net, which the notebook keeps in globals: `m` inputs, `nh` hidden units, one
/// output.
///
/// ```
/// use nb02_fully_connected::{Weights, ndarray::array};
///
/// // Two inputs, one hidden unit, one output.
/// let net = Weights { w1: array![[1.0], [2.0]], b1: array![0.5], w2: array![[3.0]], b2: array![0.0], shift: 0.0 };
/// assert_eq!(nb02_fully_connected::model(&array![[1.0, 1.0]], &net), array![[10.5]]);
/// ```
#[derive(Clone, Debug)]
pub struct Weights<T = f32> {
    /// First layer's weights, `(m, nh)`.
    pub w1: Array2<T>,
    /// First layer's bias, `(nh)`.
    pub b1: Array1<T>,
    /// Second layer's weights, `(nh, 1)`.
    pub w2: Array2<T>,
    /// Second layer's bias, `(1)`.
    pub b2: Array1<T>,
    /// What is subtracted after the ReLU: 0, or the lesson's 0.5. See [`shifted_relu`].
    pub shift: T,
}

impl Weights {
    /// The lesson's start: [`kaiming`] weights before the ReLU, [`xavier`](crate::xavier) after it, no bias.
    ///
    /// The factor 2 is for a layer *followed by a ReLU*; the last one is not.
    ///
    /// ```
    /// use nb02_fully_connected::{Weights, manual_seed};
    ///
    /// let net = Weights::kaiming(784, 50, 0.5, &mut manual_seed(0));
    /// assert_eq!((net.w1.dim(), net.w2.dim()), ((784, 50), (50, 1)));
    /// ```
    pub fn kaiming(m: usize, nh: usize, shift: f32, rng: &mut Rng) -> Self {
        let (w1, w2) = (kaiming(m, nh, rng), crate::xavier(nh, 1, rng));
        Weights { w1, b1: Array1::zeros(nh), w2, b2: Array1::zeros(1), shift }
    }

    /// The same net in `f64`, where finite differences can be trusted.
    ///
    /// ```
    /// use nb02_fully_connected::{Weights, manual_seed};
    ///
    /// let net = Weights::kaiming(12, 5, 0.5, &mut manual_seed(0));
    /// assert_eq!(net.to_f64().w1[[3, 4]] as f32, net.w1[[3, 4]]);
    /// ```
    pub fn to_f64(&self) -> Weights<f64> {
        Weights {
            w1: self.w1.mapv(f64::from),
            b1: self.b1.mapv(f64::from),
            w2: self.w2.mapv(f64::from),
            b2: self.b2.mapv(f64::from),
            shift: self.shift.into(),
        }
    }
}

/// What [`forward_and_backward`] returns: the loss's gradient with respect to everything that went in.
///
/// ```
/// use nb02_fully_connected::{Weights, forward_and_backward, manual_seed, rand, randn};
///
/// let mut rng = manual_seed(0);
/// let net = Weights::kaiming(12, 5, 0.5, &mut rng);
/// let (_loss, grads) = forward_and_backward(&randn((3, 12), &mut rng), &rand(3, &mut rng), &net);
/// assert_eq!(grads.w1.dim(), net.w1.dim()); // a gradient has the shape of what it is for
/// ```
#[derive(Clone, Debug)]
pub struct Grads<T = f32> {
    /// Of the input, `(n, m)`: how each pixel would change the loss. Training has no use for it.
    pub x: Array2<T>,
    /// Of the first weights, `(m, nh)`.
    pub w1: Array2<T>,
    /// Of the first bias, `(nh)`.
    pub b1: Array1<T>,
    /// Of the second weights, `(nh, 1)`.
    pub w2: Array2<T>,
    /// Of the second bias, `(1)`.
    pub b2: Array1<T>,
}

/// The forward pass: `(n, m)` → `(n, 1)`.
///
/// # Panics
/// At the caller's line if `xb` does not have as many columns as `w1` has rows.
///
/// ```
/// use nb02_fully_connected::{Weights, manual_seed, model, randn};
///
/// let mut rng = manual_seed(0);
/// let net = Weights::kaiming(784, 50, 0.5, &mut rng);
/// assert_eq!(model(&randn((10, 784), &mut rng), &net).shape(), &[10, 1]);
/// ```
#[track_caller]
pub fn model<T: Element>(xb: &ArrayRef2<T>, net: &Weights<T>) -> Array2<T> {
    let l1 = lin(xb, &net.w1, &net.b1);
    let l2 = shifted_relu(&l1, net.shift);
    lin(&l2, &net.w2, &net.b2)
}

/// The loss of `inp (n, m)` against `targ (n)`, and its gradient with respect to everything that went in.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Weights, forward_and_backward, ndarray::array};
///
/// // One row, one input, one hidden unit: out = 4·3·2 = 24, loss = (24 − 20)² = 16, and d loss / d out = 8.
/// let net = Weights { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let (loss, grads) = forward_and_backward(&array![[2.0]], &array![20.0], &net);
/// assert_eq!(loss, 16.0);
/// assert_eq!(grads.w2, array![[8.0 * 6.0]]);
/// assert_eq!(grads.w1, array![[8.0 * 4.0 * 2.0]]);
/// assert_eq!(grads.x, array![[8.0 * 4.0 * 3.0]]);
/// ```
#[track_caller]
pub fn forward_and_backward<T: Element>(
    inp: &ArrayRef2<T>,
    targ: &ArrayRef1<T>,
    net: &Weights<T>,
) -> (T, Grads<T>) {
    // Forward pass.
    let l1 = lin(inp, &net.w1, &net.b1);
    let l2 = shifted_relu(&l1, net.shift);
    let out = lin(&l2, &net.w2, &net.b2);
    let loss = mse(&out, targ); // to be looked at: the backward pass does not need it

    // Backward pass.
    let out_g = mse_grad(&out, targ);
    let lin2 = lin_grad(&l2, &net.w2, &out_g);
    let l1_g = relu_grad(&l1, &lin2.inp);
    let lin1 = lin_grad(inp, &net.w1, &l1_g);
    (loss, Grads { x: lin1.inp, w1: lin1.w, b1: lin1.b, w2: lin2.w, b2: lin2.b })
}

/// A panic that says which operation, which two shapes, and what to do about it.
#[track_caller]
pub(crate) fn check_shapes(operation: &str, fits: bool, a: Shape<'_>, b: Shape<'_>, hint: &str) {
    if let Some(error) = shape_error(operation, fits, a, b, hint) {
        panic!("{error}");
    }
}

/// The message of [`check_shapes`], for layers that a `Sequential` asks before it calls them.
pub(crate) fn shape_error(
    operation: &str,
    fits: bool,
    (a, a_shape): Shape<'_>,
    (b, b_shape): Shape<'_>,
    hint: &str,
) -> Option<String> {
    (!fits).then(|| format!("{operation}: {a} {a_shape:?} and {b} {b_shape:?} do not fit: {hint}"))
}

/// An operand's name and shape.
type Shape<'a> = (&'a str, &'a [usize]);
