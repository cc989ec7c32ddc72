//! The trait that all layers of the course implement, and what a forward pass saves.

use super::{Param, Tensor};
use ndarray::{ArrayRef, IxDyn};
use std::any::Any;
use std::fmt::Debug;

/// A function with a backward pass, and perhaps with parameters.
///
/// A layer of one's own writes `forward` and `backward`, and `parameters` if it has any; the book's page "Write a layer
/// of your own" leads through one. Backward before forward does not compile, as there is nothing to hand over, nor does
/// backward twice:
///
/// ```compile_fail,E0061
/// use nb02_fully_connected::{ndarray::array, nn::{Module, ReLU, tensor}};
///
/// ReLU.backward(tensor(array![[1.0]])); // backward before forward: what was saved?
/// ```
///
/// ```compile_fail,E0382
/// use nb02_fully_connected::{ndarray::array, nn::{Module, ReLU, tensor}};
///
/// let out_g = tensor(array![[1.0]]);
/// let saved = ReLU.forward(&out_g);
/// ReLU.backward(saved, out_g.clone());
/// ReLU.backward(saved, out_g); // twice: the first took what was saved, and its memory is free again
/// ```
///
/// The weights must be those of the forward pass when it goes backward, and `saved` this module's own. If a training step
/// changed the weights in between, or `saved` is from another module of the same sizes, the gradients are **silently
/// wrong**. (PyTorch counts the changes of every tensor and raises: "one of the variables needed for gradient
/// computation has been modified by an inplace operation".) Sizes that differ are noticed.
pub trait Module: Any + Debug + Send + Sync {
    /// The forward pass of a training step, and what its backward pass will need.
    ///
    /// It cannot change the module: random masks and batch statistics go into [`Saved`], and running averages are updated
    /// by [`backward`](Self::backward).
    ///
    /// # Panics
    /// If the shapes do not fit. The message names the layer, its place in the net and both shapes.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Saved;

    /// From the gradient of the output to that of the input; parameters' gradients are added to those stored beside them.
    ///
    /// # Panics
    /// If `out_g.shape() != saved.out.shape()`.
    #[track_caller]
    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor;

    /// [`backward`](Self::backward) without the input's gradient, which the first layer of a net need not compute.
    ///
    /// # Panics
    /// As [`backward`](Self::backward).
    #[track_caller]
    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        self.backward(saved, out_g);
    }

    /// The forward pass of validation and use: no dropout, running averages, nothing saved.
    ///
    /// There is no `train()` and no `eval()` to forget.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn infer(&self, x: &Tensor) -> Tensor {
        self.forward(x).out
    }

    /// What is learned, by name, in the order of the forward pass.
    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        Vec::new()
    }

    /// Forgets all parameters' gradients and keeps their memory: the notebook's `w1.g, b1.g, w2.g, b2.g = [None]*4`.
    fn zero_grad(&mut self) {
        self.parameters().into_iter().for_each(|(_, p)| p.zero_grad());
    }

    /// This layer and `next` in one pass over memory, if the layer knows how; `saved.out` is then `next`'s output.
    ///
    /// [`Sequential`](super::Sequential) asks each layer. [`Linear`](super::Linear) knows how to clamp for a
    /// [`ReLU`](super::ReLU).
    fn forward_with(&self, _x: &Tensor, _next: &dyn Module) -> Option<Saved> {
        None
    }

    /// Why the module cannot take an input of this shape; `None` if it can, or if only the forward pass can tell.
    ///
    /// A [`Sequential`](super::Sequential) asks before it calls a layer: Rust does not pass the caller's line on to a layer
    /// in a box, so it is the `Sequential` that panics, at your line.
    fn shape_error(&self, _x: &[usize]) -> Option<String> {
        None
    }
}

impl dyn Module {
    /// The module as what it is, if it is a `T`.
    ///
    /// ```
    /// use nb02_fully_connected::nn::{Linear, ReLU, Sequential};
    ///
    /// let net = Sequential::new().then(ReLU);
    /// assert!(net.layers[0].downcast_ref::<ReLU>().is_some() && net.layers[0].downcast_ref::<Linear>().is_none());
    /// ```
    pub fn downcast_ref<T: Module>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// What a forward pass leaves for the backward pass: PyTorch's `save_for_backward`, as a value.
///
/// It is a tree of the same shape as the module: a residual block's branch is one more part. Code that has it can look at
/// every activation, so a hook is a function of `&Saved`.
///
/// It holds handles, so nothing is copied; and it is not `Clone`, so that a backward pass can happen only once.
#[derive(Debug)]
pub struct Saved {
    /// The module's output.
    pub out: Tensor,
    /// What the layer itself wants back: its input, a mask, normalised activations.
    pub kept: Vec<Tensor>,
    /// What its parts saved, in the module's own order; a simple layer has none.
    pub parts: Vec<Saved>,
}

impl Saved {
    /// The output alone.
    pub fn new(out: impl Into<Tensor>) -> Self {
        Saved { out: out.into(), kept: Vec::new(), parts: Vec::new() }
    }

    /// The same, with a handle on one more tensor.
    #[must_use]
    pub fn keep(mut self, kept: &Tensor) -> Self {
        self.kept.push(kept.clone());
        self
    }

    /// The same, with what one more part saved.
    #[must_use]
    pub fn part(mut self, part: Saved) -> Self {
        self.parts.push(part);
        self
    }
}

/// Panics with the module's [`shape_error`](Module::shape_error), if it has one.
#[track_caller]
pub(crate) fn check_x(module: &impl Module, x: &Tensor) {
    if let Some(error) = module.shape_error(x.shape()) {
        panic!("{error}");
    }
}

/// Panics in the name of `module` unless `out_g` has the shape of its output.
#[track_caller]
pub(crate) fn check_out_g(module: &str, saved: &Saved, out_g: &ArrayRef<f32, IxDyn>) {
    let (out, out_g) = (("out", saved.out.shape()), ("out_g", out_g.shape()));
    crate::functions::check_shapes(
        module,
        out.1 == out_g.1,
        out,
        out_g,
        "a gradient has the shape of what it is for",
    );
}
