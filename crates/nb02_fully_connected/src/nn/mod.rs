//! `nn`: `Linear`, `ReLU`, `Sequential`, with which the lesson ends and the rest of the course begins.
//!
//! The lesson ends where it is allowed to use PyTorch's own classes. What they add is small, and here it is:
//! a layer is made from its sizes and initialises itself; its parameters are listed by name, so that a training
//! loop needs to know no layer; and gradients are *added* to what is there until
//! [`zero_grad`](Module::zero_grad) forgets them (so a layer may be used twice in one net).
//! (In the notebook's version the layers are kept in a plain Python list, where PyTorch does not look:
//! `Model().parameters()` is empty there. Here it is not.)
//!
//! In the course the backward pass takes 71 ms with `nn.Linear` and 140 ms with the hand-written layers, and
//! one might think that PyTorch knows a trick. It does less: the first layer does not compute the gradient of `x_train`,
//! which is no parameter. Ask for it, and PyTorch too takes twice as long. Here
//! [`backward`](Module::backward) computes it and [`backward_params`](Module::backward_params) does not.
//!
//! The seam is one trait and three types: [`Module`], [`Tensor`], [`Param`], [`Saved`]. `docs/module.md` says why they
//! are as they are.
//!
//! # Two passes fewer
//!
//! A layer of 50,000 × 50 numbers is 10 MB, and going over it once more costs more than the arithmetic. So a
//! [`Sequential`] lets a [`Linear`] clamp each sum before it is written if a [`ReLU`] comes next, and on the way back
//! the ReLU changes the gradient where it lies. A pass allocates what it returns and nothing else.
//!
//! ```
//! use nb02_fully_connected::{*, nn::{matrix, tensor}};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (tensor(randn((100, 784), &mut rng)), rand(100, &mut rng));
//! let mut net = nn::Sequential::new()
//!     .then(nn::Linear::new(784, 50, &mut rng))
//!     .then(nn::ReLU)
//!     .then(nn::Linear::new(50, 1, &mut rng));
//! let loss = |net: &nn::Sequential| mse(&matrix(&net.infer(&x)), &y);
//!
//! let before = loss(&net);
//! for _ in 0..10 {
//!     net.zero_grad();
//!     let saved = net.forward(&x);
//!     let out_g = mse_grad(&matrix(&saved.out), &y);
//!     net.backward_params(saved, tensor(out_g));
//!     for (_name, p) in net.parameters() {
//!         p.sgd(0.1);
//!     }
//! }
//! assert!(loss(&net) < before / 2.0);
//! ```

pub mod tensor;
pub mod param;
pub mod module;
pub mod linear;
pub mod relu;
pub mod sequential;
pub mod files;

pub use files::{WeightsError, load, save};
pub use linear::Linear;
pub use module::{Module, Saved};
pub use param::Param;
pub use relu::ReLU;
pub use sequential::Sequential;
pub use tensor::{Tensor, matrix, tensor};
