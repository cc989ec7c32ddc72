//! What the lesson does not show: PyTorch's values, finite differences, awkward sizes, and what goes wrong.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod batches;
mod losses;
mod program;
mod training;
