//! What the course computes with: matrix products, elementwise maps and sums, as fast as the machine allows.
//!
//! This crate knows no notebook. It is compiled once: what a caller's crate compiles of it are thin shells over
//! functions for `f32`, and for `f64` where a check needs it. So a debug build of that crate is as fast as this one.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@matmul`] | `a @ b`, in every layout, with bias and ReLU if wanted |
//! | [`conv`] | convolution and average pooling over images, with their gradients |
//! | [`par`] | elementwise maps and sums over large arrays, limited only by memory bandwidth |
//! | [`simd`] | plain loops compiled for the lanes that the processor has |
//! | [`Isa`] | which instructions are used: AVX-512, AVX2, NEON or portable code |
//! | `blas` | the same product by Intel MKL, behind the feature `mkl` |
//!
//! A shape mismatch panics at the caller's line, with both shapes and a hint.

#![allow(unsafe_code)] // Registers and raw speed are the subject here; each block has its argument.
#![warn(clippy::undocumented_unsafe_blocks)]

mod settings;
mod isa;
pub mod simd;
mod element;
mod memory;
mod threads;
pub mod matmul;
pub mod par;
pub mod conv;
mod peak;
#[cfg(feature = "mkl")]
pub mod blas;

pub use element::Element;
pub use isa::Isa;
pub use memory::{check_room, room};
pub use ndarray;
pub use peak::peak;
pub use settings::variable;
pub use threads::most_threads;
