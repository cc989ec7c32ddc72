//! # 02 · Fully connected
//!
//! The third notebook: a net of two linear layers with a ReLU between them, on MNIST. First what goes in
//! (normalised pixels, well-scaled random weights), then the forward pass, the loss, and every gradient by
//! hand — and then the same again four times, each time in less code, until what is left is `nn`.
//!
//! | | module | section of the notebook |
//! |---|---|---|
//! | 1 | [`stats`] | mean and standard deviation |
//! | 2 | [`mod@normalize`] | mean 0 and standard deviation 1, by the training set's statistics |
//! | 3 | [`init`] | Xavier and Kaiming: random weights of the right size |
//! | 4 | [`functions`] | `lin`, `relu`, `mse`, the model, and the gradient of each: `forward_and_backward` |
//! | 5 | [`numeric`] | the gradient without any calculus, to check the others |
//! | 6 | [`layers`] | layers as classes: each saves what its backward pass needs |
//! | 7 | [`module`] | `Module`: the base class saves for all layers |
//! | 8 | [`nn`] | `nn::Linear`, `nn::ReLU`, `nn::Sequential`: what the rest of the course is built on |
//! | 9 | [`fused`] | forward and backward at once, as fast as the machine allows |
//!
//! `tests/lesson/` is the notebook itself, run cell by cell, with the course's numbers beside ours.
//! What came before is re-exported: [`nb01_matmul`], `nb00_testing` and [`ndarray`].
//!
//! # Whose gradient is it?
//!
//! In Python one layer's `out` and the next layer's `inp` are the same object, so the one can write
//! `inp.g = …` and the other read it. In Rust everything has one owner, so each gradient needs one,
//! too. The rule in all of this crate:
//!
//! > A parameter's gradient belongs to the parameter and is stored beside it. An activation's gradient lives for
//! > one step only: a layer's backward pass receives `out_g` and returns `inp_g`.
//!
//! So what the notebook *assigns*, these functions *return*.
//!
//! # One forward and one backward pass
//!
//! ```
//! use nb02_fully_connected::{*, nn::{matrix, tensor}};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (tensor(randn((64, 784), &mut rng)), rand(64, &mut rng));
//! let mut net = nn::Sequential::new()
//!     .then(nn::Linear::new(784, 50, &mut rng))
//!     .then(nn::ReLU)
//!     .then(nn::Linear::new(50, 1, &mut rng));
//!
//! let saved = net.forward(&x); //                    forward: owns the activations
//! println!("loss: {}", mse(&matrix(&saved.out), &y));
//! let out_g = mse_grad(&matrix(&saved.out), &y);
//! net.backward_params(saved, tensor(out_g)); //      backward: every parameter now has its gradient
//! assert!(net.parameters().iter().all(|(_name, p)| p.grad.is_some()));
//! ```
#![forbid(unsafe_code)]

#[doc(no_inline)]
pub use nb01_matmul::*;

pub mod stats;
pub mod normalize;
pub mod init;
pub mod functions;
pub mod numeric;
pub mod layers;
pub mod module;
pub mod nn;
pub mod fused;

pub use functions::{
    Grads, LinGrad, Weights, forward_and_backward, leaky_relu, leaky_relu_grad, lin, lin_grad, model, mse,
    mse_grad, relu, relu_grad, shifted_relu,
};
pub use init::{Fan, Layout, gain, kaiming, kaiming_normal_, kaiming_uniform_, xavier};
pub use nn::{Module, Param, Tensor};
pub use normalize::normalize;
pub use numeric::finite_difference;
pub use stats::{Stats, describe, mean, std};

/// The examples of the book's pages, run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../book/pages/pytorch-to-rust.md")]
    struct PyTorchToRust;

    #[doc = include_str!("../../../book/pages/compiler-errors.md")]
    struct CompilerErrors;

    #[doc = include_str!("../../../book/pages/layer-of-your-own.md")]
    struct LayerOfYourOwn;
}

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
