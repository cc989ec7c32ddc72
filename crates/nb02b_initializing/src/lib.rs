//! # 02b · Initializing
//!
//! Why are weights divided by the square root of their number? A hundred matrices are multiplied
//! with a vector, one after the other, and what comes out is nan. Made smaller, it is 0. Between
//! the two there is a magic number, and the notebook finds out where it comes from, by sums of
//! products of random numbers; then it puts a ReLU in the mix and finds Kaiming's.
//!
//! | | module | section of the notebook |
//! |---|---|---|
//! | 1 | [`explosion`] | a hundred layers: nan, 0, and when exactly |
//! | 2 | [`magic_number`] | mean and mean square of what comes out, with and without a ReLU |
//! | 3 | [`mod@orthogonal`] | another way out: matrices that change no length |
//!
//! `tests/lesson.rs` is the notebook itself, run cell by cell, with the course's numbers and the
//! theory beside ours. What came before is re-exported: [`nb02a_why_sqrt5`] and all that it stands
//! on.
//!
//! ```
//! use nb02b_initializing::*;
//!
//! let hundred = |scale: f32| through_layers(64, 100, |rng| scale * randn((64, 64), rng), &mut manual_seed(0));
//! assert!(hundred(1.0).lost.is_some()); // nan
//! assert!(hundred(0.01).lost.is_some()); // 0
//! assert!(hundred(1.0 / 8.0).lost.is_none()); // 8 = √64
//! ```
#![forbid(unsafe_code)]

#[doc(no_inline)]
pub use nb02a_why_sqrt5::*;

pub mod explosion;
pub mod magic_number;
pub mod orthogonal;

pub use explosion::{Layers, expected_end, through_layers};
pub use magic_number::{After, Moments};
pub use orthogonal::orthogonal;

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
