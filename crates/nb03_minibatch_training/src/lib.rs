//! # 03 · Mini-batch training
//!
//! A net recognises digits for the first time. Until now there were gradients, and nothing was learned. What is missing is a
//! loss that suits ten classes, a loop over small batches, and then the same loop again and again in less code, until it
//! is `fit(0..5, &mut net, cross_entropy, &opt, &mut train_dl, &mut valid_dl)`.
//!
//! | | module | section of the notebook |
//! |---|---|---|
//! | 1 | [`loss`] | `log_softmax` three times, `nll`, `cross_entropy` and its gradient |
//! | 2 | [`targets`] | what a batch should be: classes, or a probability for each class |
//! | 3 | [`mod@accuracy`] | how often the largest output is the label |
//! | 4 | [`loops`] | the training loop, from by hand to a data loader |
//! | 5 | [`mod@model`] | the notebook's `Model`, whose parameters Rust has to list |
//! | 6 | [`optim`] | [`Sgd`] |
//! | 7 | [`dataset`], [`dataloader`], [`sampler`] | rows a batch at a time, in a shuffled order |
//! | 8 | [`mod@fit`] | the loop with validation |
//!
//! `tests/lesson.rs` is the notebook itself, run cell by cell, with the course's numbers beside ours. What came before is
//! re-exported: [`nb02b_initializing`] and all below it. A shape mismatch panics at your line, with both shapes and a hint.
//!
//! # A net that learns
//!
//! ```
//! use nb03_minibatch_training::*;
//!
//! let mnist = data::drawn(2000, 500, 1); // or get_data()?
//! let train = Dataset::new(tensor(mnist.x_train), mnist.y_train);
//! let valid = Dataset::new(tensor(mnist.x_valid), mnist.y_valid);
//! let (mut train_dl, mut valid_dl) = get_dls(&train, &valid, 64, 0);
//!
//! let (mut net, opt) = get_model(784, 50, 10, 0.5, &mut manual_seed(42));
//! let epochs = fit(0..3, &mut net, cross_entropy, &opt, &mut train_dl, &mut valid_dl);
//! assert!(epochs[2].valid.accuracy > 0.8);
//! ```
#![forbid(unsafe_code)]

#[doc(no_inline)]
pub use nb02b_initializing::*;

pub mod loss;
pub mod targets;
pub mod accuracy;
pub mod loops;
pub mod model;
pub mod optim;
pub mod dataset;
pub mod dataloader;
pub mod sampler;
pub mod fit;

pub use accuracy::{accuracy, argmax};
pub use dataloader::{Batch, DataLoader, get_dls};
pub use dataset::Dataset;
pub use fit::{Epoch, Scores, fit, train_batch, validate};
pub use loss::{LossFunc, cross_entropy, log_softmax, logsumexp, nll};
pub use model::get_model;
pub use nn::{matrix, tensor};
pub use optim::Sgd;
pub use sampler::Sampler;
pub use targets::Targets;

/// The program on the front page, which `tests/outside.rs` runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadMe;

/// The page that leads on from here; `tests/outside.rs` compares its programs with those that are run.
#[cfg(doctest)]
#[doc = include_str!("../../../book/pages/outgrow.md")]
struct Outgrow;

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
