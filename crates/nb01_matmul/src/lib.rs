//! # 01 · Matmul
//!
//! The second notebook: MNIST arrives, and the product of two matrices is written again and again, from
//! three nested loops to one call, each version checked against the first.
//!
//! | | module | section of the notebook |
//! |---|---|---|
//! | 1 | [`data`] | get the data, look at a digit |
//! | 2 | [`random`] | the initial model: random weights from an explicit seed |
//! | 3 | [`ladder`] | matrix multiplication, one rung after the other |
//! | 4 | [`elementwise`] | elementwise operations and the Frobenius norm |
//! | 5 | [`broadcasting`] | a small array acts like a large one |
//! | 6 | [`mod@einsum`] | Einstein summation |
//! | 7 | [`mod@matmul`] | the product that all later stages call |
//!
//! What came before is re-exported: [`nb00_testing`], and [`ndarray`] with it. So is [`kernels`], the library that computes.
//! A shape mismatch panics at your line, with both shapes and a hint.
#![forbid(unsafe_code)]

#[doc(no_inline)]
pub use nb00_testing::*;

pub mod data;
pub mod random;
pub mod ladder;
pub mod elementwise;
pub mod broadcasting;
pub mod einsum;
pub mod matmul;

pub use self::einsum::{EinsumError, einsum, einsum_explain};
pub use ::einsum::Element;
pub use broadcasting::{
    BroadcastError, broadcast_shapes, expand_as, explain_broadcast, outer, squeeze, unsqueeze, zip_broadcast,
};
pub use data::{DataError, Mnist, Source, get_data, only_mnist};
pub use kernels;
pub use matmul::{matmul, matmul_into};
pub use random::{Rng, manual_seed, rand, randn};

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
