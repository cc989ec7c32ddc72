//! # 00 · Testing
//!
//! The first notebook of the course exports almost nothing: a constant, so that there is something to
//! test, and the function that tests it. Everything later relies on these few lines: each
//! notebook changes one thing and then proves, with a `test_…`, that nothing else moved.
//!
//! | module | what it holds |
//! |---|---|
//! | [`testing`] | [`TEST`], [`test()`], [`test_eq`], [`near`], [`test_near`], [`test_near_zero`], [`test_near_norm`] |
//! | [`arrays`] | [`AsArray`]: why one [`near`] serves numbers, slices and arrays of any rank |
//! | [`timing`] | [`timeit`] and [`time`], the notebook's `%timeit` and `%time` |
//! | [`chart`] | [`Blocks`]: bars and histograms in the terminal |
//! | [`course`] | [`show()`] and [`skip`]: how a lesson test shows its number next to another's |
//!
//! ```
//! use nb00_testing::*;
//!
//! test_eq(TEST, "test");
//! test_near(&[1.0, 2.0], &[1.0005, 2.0]);
//! ```
#![forbid(unsafe_code)]

pub mod testing;
pub mod arrays;
pub mod timing;
pub mod chart;
pub mod course;

pub use arrays::{AsArray, Float, Numbers};
pub use chart::Blocks;
pub use course::{Shown, show, skip};
pub use ndarray;
pub use testing::{
    TEST, allclose, near, relative_norm, test, test_eq, test_near, test_near_norm, test_near_zero,
};
pub use timing::{Timing, time, timeit, timeit_n};

/// The answers of the quiz, run as tests.
#[cfg(doctest)]
mod quiz {
    #[doc = include_str!("../practice/quiz.md")]
    struct Quiz;
}
