//! # 02a · Why sqrt(5)
//!
//! A detective story. PyTorch initialises its convolutions with `kaiming_uniform_(weight,
//! a=math.sqrt(5))`, and the lesson asks: what is a leaky slope of √5 doing there? So it looks at
//! what comes out of such a layer, writes the initialisation again from the paper, compares, and
//! puts four layers after each other: with PyTorch's default nothing is left of the signal at the
//! end, and with Kaiming's it is as large as it was.
//!
//! Here it is also where convolutions begin.
//!
//! | | module | section of the notebook |
//! |---|---|---|
//! | 1 | [`conv`] | a convolution as plain loops, with its gradients |
//! | 2 | [`mod@kaiming2`] | fans of a convolution's weight, and the initialisation from the paper |
//! | 3 | [`nn`] | `nn::Conv2d` on a fast kernel, `nn::AvgPool2d`, `nn::Flatten`, `nn::Lambda` |
//! | 4 | [`mod@four_layers`] | the experiment: what is left after four layers, and what comes back |
//!
//! `tests/lesson.rs` is the notebook itself, run cell by cell, with the course's numbers beside
//! ours. What came before is re-exported: [`nb02_fully_connected`] and all that it stands on.
//!
//! ```
//! use nb02a_why_sqrt5::{*, nn::tensor};
//!
//! let rng = &mut manual_seed(0);
//! let images = tensor(randn((10, 1, 28, 28), rng)); // (n, c, h, w)
//! let layer = nn::Conv2d::new(1, 32, 5, 1, 0, rng);
//! assert_eq!(layer.infer(&images).shape(), [10, 32, 24, 24]);
//! ```
#![forbid(unsafe_code)]

#[doc(no_inline)]
pub use nb02_fully_connected::*;

pub mod conv;
pub mod kaiming2;
pub mod nn;
pub mod four_layers;

pub use conv::{ConvGrad, conv2d_loops, conv2d_loops_grad};
pub use four_layers::{Left, four_layers};
pub use kaiming2::{Fans, kaiming2};

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
