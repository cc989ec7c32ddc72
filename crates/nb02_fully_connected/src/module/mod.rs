//! `Module`: every layer saved its arguments in the same way, so the base class does it for all of them.
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
//! use nb02_fully_connected::{module::{Module, Relu}, ndarray::array};
//!
//! Relu { shift: 0.5 }.backward(&array![[1.0]]); // backward before forward: which pass?
//! ```
//!
//! ```compile_fail,E0382
//! use nb02_fully_connected::{module::{Module, Relu}, ndarray::array};
//!
//! let (x, out_g, mut relu) = (array![[1.0]], array![[1.0]], Relu { shift: 0.5 });
//! let pass = relu.call(&x);
//! relu.backward(pass, &out_g);
//! relu.backward(pass, &out_g); // twice: the first took the pass, and its memory is free again
//! ```
//!
//! ```compile_fail,E0506
//! use nb02_fully_connected::{module::{Module, Relu}, ndarray::array};
//!
//! let (mut x, out_g, mut relu) = (array![[1.0]], array![[1.0]], Relu { shift: 0.5 });
//! let pass = relu.call(&x);
//! x = array![[-1.0]]; // x is still needed
//! relu.backward(pass, &out_g);
//! ```
//!
//! The layers are [`Relu`], [`LinEinsum`] and, without einsum, [`Lin`]; a [`Model`] is the lesson's net of them.
//!
//! ```
//! use nb02_fully_connected::{module::Model, *};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((20, 12), &mut rng), rand(20, &mut rng));
//! let weights = Weights::kaiming(12, 5, 0.5, &mut rng);
//!
//! let mut model = Model::new(&weights);
//! let (loss, pass) = model.call(&x, &y);
//! let x_g = model.backward(pass, &y);
//!
//! let (expected_loss, expected) = forward_and_backward(&x, &y, &weights);
//! test_near(&loss, &expected_loss);
//! test_near(&x_g, &expected.x);
//! ```

mod layers;
mod model;

pub use layers::{Lin, LinEinsum, Mse, Relu};
pub use model::Model;

use ndarray::{Array2, ArrayRef2, ArrayView2};
use std::fmt::Debug;

/// The notebook's base class: `(n, in)` → `(n, out)`. Write `forward` and `bwd`; use `call` and `backward`.
///
/// ```
/// use nb02_fully_connected::{module::Module, ndarray::{Array2, ArrayRef2, array}};
///
/// /// d/dx x² = 2x.
/// #[derive(Debug)]
/// struct Square;
///
/// impl Module for Square {
///     fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32> {
///         inp * inp
///     }
///     fn bwd(&mut self, _out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
///         2.0 * inp * out_g
///     }
/// }
///
/// let x = array![[3.0]];
/// let pass = Square.call(&x);
/// assert_eq!(pass.out(), &array![[9.0]]);
/// assert_eq!(Square.backward(pass, &array![[1.0]]), array![[6.0]]);
/// ```
pub trait Module: Debug {
    /// What the layer computes.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32>;

    /// From the gradient of the output to that of the input; parameters' gradients are stored beside them.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    fn bwd(&mut self, out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32>;

    /// The notebook's `__call__`: computes, and saves what the backward pass needs.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn call<'x>(&self, inp: &'x ArrayRef2<f32>) -> Pass<'x> {
        Pass { inp: inp.view(), outs: vec![self.forward(inp)] }
    }

    /// The backward pass of a [`call`](Self::call).
    ///
    /// # Panics
    /// As [`bwd`](Self::bwd).
    #[track_caller]
    fn backward(&mut self, pass: Pass<'_>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        self.bwd(pass.out(), &pass.inp, out_g)
    }
}

/// One forward pass, to be handed to the backward pass: the input borrowed, every activation owned.
#[derive(Debug)]
pub struct Pass<'x> {
    inp: ArrayView2<'x, f32>,
    /// The outputs of all layers that it went through, the last one last.
    outs: Vec<Array2<f32>>,
}

impl Pass<'_> {
    /// What was computed, `(n, out)`.
    pub fn out(&self) -> &Array2<f32> {
        self.outs.last().expect("a pass goes through one layer at least")
    }
}
