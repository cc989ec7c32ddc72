//! Plain Rust, compiled once more for the lanes that this processor has.
//!
//! A program for every x86-64 processor may only use the registers of the year 2003: four lanes of `f32`, and no
//! multiply-add. The same source, compiled inside a function that promises more, uses 16 lanes and does. This is all
//! that the rung `simd` of the [`ladder`](crate::ladder) needs; the kernels beside this file say each register themselves.

use crate::matmul::Path;

/// Work to be compiled again, with its loops written so that the compiler can see their lanes.
pub(crate) trait Work {
    /// Does it; always inlined, so that it becomes part of the function with the promise. With `FUSED`, multiplying
    /// and adding is one instruction here; without, `mul_add` would be a slow function call.
    fn run<const FUSED: bool>(self);
}

/// Runs `work` compiled for the path that products run on.
pub(crate) fn vectorize(work: impl Work) {
    match Path::chosen() {
        // SAFETY: `chosen` only returns what this processor can run.
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => unsafe { avx512(work) },
        // SAFETY: the same.
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => unsafe { avx2(work) },
        Path::Neon => work.run::<true>(),
        _ => work.run::<false>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512(work: impl Work) {
    work.run::<true>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(work: impl Work) {
    work.run::<true>();
}
