//! `Module`: saving is the same everywhere, so it leaves the layers.
//!
//! Each class of the section before repeats the same lines: keep the arguments, compute, keep the output. The
//! notebook moves them into a base class, and all that a layer still says is what it computes and how that is
//! differentiated:
//!
//! ```text
//! class Module():
//!     def __call__(self, *args):            # the same for every layer…
//!         self.args = args
//!         self.out = self.forward(*args)    # …except for this
//!         return self.out
//!     def backward(self): self.bwd(self.out, *self.args)
//! ```
//!
//! That is the template-method pattern, and [`Module`] is it in Rust: `forward` and `bwd` are required,
//! [`call`](Module::call) and [`backward`](Module::backward) are provided. One thing changes. Where Python
//! saves into the layer, Rust *returns* what was saved: a [`Pass`] owns every activation and borrows `x`
//! (copying it would cost as much as the first layer). `backward` takes the pass, so the mistakes that were
//! panics do not compile any more:
//!
//! ```compile_fail,E0061
//! use nb02_fully_connected::{Module, module::Relu, ndarray::array};
//!
//! Relu { shift: 0.5 }.backward(array![[1.0]]); // backward before forward: which pass?
//! ```
//!
//! ```compile_fail,E0382
//! use nb02_fully_connected::{Module, module::Relu, ndarray::array};
//!
//! let (x, out_g, mut relu) = (array![[1.0]], array![[1.0]], Relu { shift: 0.5 });
//! let pass = relu.call(&x);
//! relu.backward(pass, out_g.clone());
//! relu.backward(pass, out_g); // twice: the first took the pass, and its memory is free again
//! ```
//!
//! ```compile_fail,E0506
//! use nb02_fully_connected::{Module, module::Relu, ndarray::array};
//!
//! let (mut x, out_g, mut relu) = (array![[1.0]], array![[1.0]], Relu { shift: 0.5 });
//! let pass = relu.call(&x);
//! x = array![[-1.0]]; // x is still needed
//! relu.backward(pass, out_g);
//! ```
//!
//! The layers are [`Relu`], [`LinEinsum`] and, without einsum, [`Lin`]. A [`Sequential`] is a module made of
//! modules, and a [`Model`] is one with a loss at its end.
//!
//! ```
//! use nb02_fully_connected::{module::Model, *};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((20, 12), &mut rng), rand(20, &mut rng));
//! let net = Net::kaiming(12, 5, 0.5, &mut rng);
//!
//! let mut model = Model::new(&net);
//! let (loss, pass) = model.call(&x, &y);
//! let x_g = model.backward(pass);
//!
//! let (expected_loss, expected) = forward_and_backward(&x, &y, &net);
//! test_near(&loss, &expected_loss);
//! test_near(&x_g, &expected.x);
//! ```

mod param;
mod layers;
mod model;

pub use layers::{Lin, LinEinsum, Mse, Relu};
pub use model::{LossPass, Model, Sequential};
pub use param::{Param, Parameter};

use crate::functions::check_shapes;
use ndarray::{ArcArray2, Array2, ArrayRef2, ArrayView2};
use std::fmt::Debug;

/// A function with a backward pass, and perhaps with parameters: `(n, in)` → `(n, out)`.
///
/// Write `forward` and `bwd`; use `call` and `backward`.
///
/// A shape that does not fit is met at the caller's line, and the message names the layer and both shapes. One exception:
/// a layer called through a `Box<dyn Module>` is not told where from, so the panic points at the layer's own source. A
/// [`Sequential`] asks each of its layers first, whether it will fit ([`misfit`](Self::misfit)), and panics itself.
///
/// ```
/// use nb02_fully_connected::{Module, module::Saved, ndarray::{Array2, ArrayRef2, array}};
///
/// /// A layer of one's own: d/dx x² = 2x.
/// #[derive(Debug)]
/// struct Square;
///
/// impl Module for Square {
///     fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
///         Saved::new(inp * inp)
///     }
///     fn bwd(&mut self, inp: &ArrayRef2<f32>, _: &Saved, out_g: Array2<f32>) -> Array2<f32> {
///         2.0 * inp * out_g
///     }
/// }
///
/// let x = array![[3.0]];
/// let pass = Square.call(&x);
/// assert_eq!(pass.out(), &array![[9.0]]);
/// assert_eq!(Square.backward(pass, array![[1.0]]), array![[6.0]]);
/// ```
pub trait Module: Debug {
    /// What the module computes, and what its backward pass will need of it.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    #[track_caller]
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved;

    /// From the gradient of the output to that of the input; parameters' gradients are stored beside them.
    ///
    /// `inp` and `saved` are what [`forward`](Self::forward) was given and returned. `out_g` is handed over, as nobody
    /// needs it afterwards: a layer whose two gradients have one shape may turn the one into the other.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    #[track_caller]
    fn bwd(&mut self, inp: &ArrayRef2<f32>, saved: &Saved, out_g: Array2<f32>) -> Array2<f32>;

    /// [`bwd`](Self::bwd) where nobody needs the input's gradient, as for the first layer of a net.
    ///
    /// A layer for which that saves work says how.
    ///
    /// # Panics
    /// As [`bwd`](Self::bwd).
    #[track_caller]
    fn bwd_params(&mut self, inp: &ArrayRef2<f32>, saved: &Saved, out_g: Array2<f32>) {
        self.bwd(inp, saved, out_g);
    }

    /// [`forward`](Self::forward) and [`relu`](crate::relu) in one pass, for a layer that can do both at once.
    ///
    /// A [`Sequential`] asks for it where a module that [`is_relu`](Self::is_relu) comes next.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_relu(&self, _inp: &ArrayRef2<f32>) -> Option<Saved> {
        None
    }

    /// Whether this is the plain ReLU, which the layer before it may do on its way.
    fn is_relu(&self) -> bool {
        false
    }

    /// Why the module cannot be given `inp`, as its panic would say it; `None` if it can, or cannot tell beforehand.
    ///
    /// ```
    /// use nb02_fully_connected::{Module, manual_seed, ndarray::array, nn::Linear};
    ///
    /// let misfit = Linear::new(3, 2, &mut manual_seed(0)).misfit(&array![[1.0, 2.0]]).unwrap();
    /// assert!(misfit.starts_with("nn::Linear: x [1, 2] and weight [3, 2] do not fit"));
    /// ```
    fn misfit(&self, _inp: &ArrayRef2<f32>) -> Option<String> {
        None
    }

    /// What is learned; in the order of the forward pass.
    fn parameters(&self) -> Vec<&dyn Parameter> {
        Vec::new()
    }

    /// What is learned, to be changed: a training step walks over these.
    fn parameters_mut(&mut self) -> Vec<&mut dyn Parameter> {
        Vec::new()
    }

    /// Forgets all parameters' gradients: the notebook's `w1.g, b1.g, w2.g, b2.g = [None]*4`.
    fn zero_grad(&mut self) {
        self.parameters_mut().into_iter().for_each(Parameter::zero_grad);
    }

    /// The forward pass: the notebook's `__call__`. The pass owns what was computed and borrows `inp`.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn call<'x>(&self, inp: &'x ArrayRef2<f32>) -> Pass<'x> {
        Pass { saved: self.forward(inp), inp: inp.view() }
    }

    /// The backward pass of a [`call`](Self::call): stores the parameters' gradients, returns the input's.
    ///
    /// # Panics
    /// As [`bwd`](Self::bwd).
    #[track_caller]
    fn backward(&mut self, pass: Pass<'_>, out_g: Array2<f32>) -> Array2<f32> {
        self.bwd(&pass.inp, &pass.saved, out_g)
    }

    /// The backward pass for training: stores the parameters' gradients and leaves out the input's.
    ///
    /// # Panics
    /// As [`bwd`](Self::bwd).
    #[track_caller]
    fn backward_params(&mut self, pass: Pass<'_>, out_g: Array2<f32>) {
        self.bwd_params(&pass.inp, &pass.saved, out_g);
    }
}

/// A panic at the caller's line if the module cannot be given `inp`.
#[track_caller]
pub(crate) fn check_input(module: &(impl Module + ?Sized), inp: &ArrayRef2<f32>) {
    if let Some(misfit) = module.misfit(inp) {
        panic!("{misfit}");
    }
}

/// A panic in the name of `module` unless `out_g` has the shape of its output.
#[track_caller]
fn check_out_g(module: &str, saved: &Saved, out_g: &ArrayRef2<f32>) {
    let (out, out_g) = (("out", saved.out.shape()), ("out_g", out_g.shape()));
    check_shapes(module, out.1 == out_g.1, out, out_g, "a gradient has the shape of what it is for");
}

/// One forward pass, to be handed to [`Module::backward`]: `x` borrowed, every activation owned.
///
/// The weights are not part of it, so they have to be those of the forward pass when it goes backward. Where a training
/// step changed them in between, or the pass is that of another module of the same sizes, the gradients are **wrong, in
/// silence**. (PyTorch counts the changes of every tensor and raises: "one of the variables needed for gradient
/// computation has been modified by an inplace operation".) Sizes that differ are noticed.
///
/// ```
/// use nb02_fully_connected::{Module, module::Relu, ndarray::array};
///
/// let x = array![[-1.0, 2.0]];
/// let pass = Relu { shift: 0.0 }.call(&x);
/// assert_eq!(pass.out(), &array![[0.0, 2.0]]);
/// ```
#[derive(Debug)]
pub struct Pass<'x> {
    inp: ArrayView2<'x, f32>,
    saved: Saved,
}

impl Pass<'_> {
    /// What the module computed, `(n, out)`.
    ///
    /// ```
    /// use nb02_fully_connected::{Module, mse, nn::ReLU, ndarray::array};
    ///
    /// let x = array![[3.0]];
    /// assert_eq!(mse(ReLU.call(&x).out(), &array![1.0]), 4.0);
    /// ```
    pub fn out(&self) -> &ArrayRef2<f32> {
        &self.saved.out
    }
}

/// What a forward pass leaves for the backward pass: a module's output, and what its parts saved.
///
/// So it is a tree of the same shape as the module. A branch (a residual block, say) is one more part.
///
/// Where [`nn::Linear`](crate::nn::Linear) and [`nn::ReLU`](crate::nn::ReLU) were computed in one pass, both parts hold the
/// ReLU's output: what was below zero is gone, as after PyTorch's `nn.ReLU(inplace=True)`.
///
/// ```
/// use nb02_fully_connected::{Module, module::{Relu, Sequential}, ndarray::array};
///
/// let twice = Sequential::new().then(Relu { shift: 0.5 }).then(Relu { shift: 0.5 });
/// let saved = twice.forward(&array![[2.0]]);
/// assert_eq!(saved.parts[0].out, array![[1.5]]);
/// assert_eq!(saved.out, array![[1.0]]);
/// ```
#[derive(Clone, Debug)]
pub struct Saved {
    /// `(n, out)`. A shared handle: a `Sequential` and its last layer have the same output, and there is one
    /// of it.
    pub out: ArcArray2<f32>,
    /// What the parts saved, in the module's own order; a simple layer has none.
    pub parts: Vec<Saved>,
}

impl Saved {
    /// A layer without parts saves its output.
    ///
    /// ```
    /// use nb02_fully_connected::{module::Saved, ndarray::array};
    ///
    /// assert!(Saved::new(array![[1.0]]).parts.is_empty());
    /// ```
    pub fn new(out: Array2<f32>) -> Self {
        Saved { out: out.into_shared(), parts: Vec::new() }
    }
}
