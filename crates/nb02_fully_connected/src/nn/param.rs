//! A parameter and its gradient.

use crate::kernels::par::{add_scaled_, zeros, zip_map_in_place};
use ndarray::{ArcArray, ArrayRef, Dimension, IxDyn};

/// What is learned: a value and, after a backward pass, its gradient.
///
/// A **clone has no gradient**: it is a new value, and no backward pass has computed one for it. (In PyTorch `clone()`
/// does not carry the notebook's `.g` along either: that is an attribute of the Python object.)
///
/// In `nn` a parameter has any rank; the lesson's own layers, which know theirs, say `Param<Ix2>`.
///
/// ```
/// use nb02_fully_connected::{nn::Param, ndarray::array};
///
/// let mut w = Param::new(array![1.0, 2.0]);
/// w.add_grad(array![0.5, -0.5]);
/// w.sgd(0.1); // PyTorch's w -= 0.1 * w.grad
/// assert_eq!(w.value, array![0.95, 2.05]);
/// assert_eq!(w.clone().grad, None);
/// ```
#[derive(Debug)]
pub struct Param<D: Dimension = IxDyn> {
    /// The value.
    pub value: ArcArray<f32, D>,
    /// The loss's gradient with respect to the value, of the same shape; `None` until it is computed.
    pub grad: Option<ArcArray<f32, D>>,
    /// Memory for the next gradient.
    spare: Option<ArcArray<f32, D>>,
    /// See [`transposed`](Self::transposed).
    pub(crate) is_transposed: bool,
}

impl<D: Dimension> Param<D> {
    /// A parameter without a gradient.
    pub fn new(value: impl Into<ArcArray<f32, D>>) -> Self {
        Param { value: value.into(), grad: None, spare: None, is_transposed: false }
    }

    /// A matrix that PyTorch stores as its transpose: `(in, out)` here and `(out, in)` there, in files (see
    /// [`save`](super::save)) and in memory, to which it is copied.
    pub fn transposed(value: impl Into<ArcArray<f32, D>>) -> Self {
        let value = value.into();
        let mut laid_out = zeros_in_order(value.raw_dim(), true);
        laid_out.assign(&value);
        Param { is_transposed: true, ..Param::new(laid_out) }
    }

    /// Adds to the gradient, as PyTorch's backward pass does; the first one is stored as it is.
    ///
    /// # Panics
    /// If `grad.shape() != self.value.shape()`.
    #[track_caller]
    pub fn add_grad(&mut self, grad: impl Into<ArcArray<f32, D>>) {
        let grad = grad.into();
        let (value, shape) = (self.value.shape(), grad.shape());
        assert!(value == shape, "Param: value {value:?} and grad {shape:?} do not fit: they have one shape");
        match &mut self.grad {
            Some(sum) => add_scaled_(sum, &grad, 1.0),
            None => self.grad = Some(grad),
        }
    }

    /// [`add_grad`](Self::add_grad) of what `compute` writes over its argument: memory that [`zero_grad`](Self::zero_grad)
    /// kept, so a training step allocates no gradients.
    pub fn add_grad_with(&mut self, compute: impl FnOnce(&mut ArrayRef<f32, D>)) {
        let kept = self.spare.take().filter(|kept| kept.shape() == self.value.shape());
        let mut grad = kept.unwrap_or_else(|| zeros_in_order(self.value.raw_dim(), self.is_transposed));
        compute(&mut grad);
        match &mut self.grad {
            Some(sum) => {
                add_scaled_(sum, &grad, 1.0);
                self.spare = Some(grad);
            }
            None => self.grad = Some(grad),
        }
    }

    /// Forgets the gradient and keeps its memory for the next one.
    pub fn zero_grad(&mut self) {
        self.spare = self.grad.take().or(self.spare.take());
    }

    /// `value -= lr · grad`, one step of gradient descent; nothing if there is no gradient.
    ///
    /// # Panics
    /// If `grad.shape() != self.value.shape()`.
    #[track_caller]
    pub fn sgd(&mut self, lr: f32) {
        if let Some(grad) = &self.grad {
            add_scaled_(&mut self.value, grad, -lr);
        }
    }

    /// Any other step: `new(value, gradient)` for each number; nothing if there is no gradient.
    ///
    /// # Panics
    /// If `grad.shape() != self.value.shape()`.
    #[track_caller]
    pub fn step(&mut self, new: impl Fn(f32, f32) -> f32 + Sync) {
        if let Some(grad) = &self.grad {
            zip_map_in_place(&mut self.value, grad, new);
        }
    }
}

/// Zeros for a value of this shape, in the order in which it lies in memory.
pub(super) fn zeros_in_order<D: Dimension>(mut shape: D, is_transposed: bool) -> ArcArray<f32, D> {
    if is_transposed {
        shape.slice_mut().reverse();
        zeros(shape).reversed_axes().into_shared()
    } else {
        zeros(shape).into_shared()
    }
}

impl<D: Dimension> Clone for Param<D> {
    fn clone(&self) -> Self {
        Param { is_transposed: self.is_transposed, ..Param::new(self.value.clone()) }
    }
}
