//! Plain Rust, compiled again for the lanes that this processor has.
//!
//! A program for every x86-64 processor may only use four lanes of `f32` and no fused multiply-add. The same source, compiled
//! inside a function that may use more, gets 16 lanes and the fused instruction. The matrix product's kernels name each
//! register themselves; for everything else this is enough.
//!
//! ```
//! use kernels::simd::{SimdKernel, dispatch};
//!
//! struct Double<'a>(&'a mut [f32]);
//!
//! impl SimdKernel for Double<'_> {
//!     #[inline(always)]
//!     fn run<const FMA: bool>(self) {
//!         self.0.iter_mut().for_each(|x| *x *= 2.0);
//!     }
//! }
//!
//! let mut x = [1.0, 2.0, 3.0];
//! dispatch(Double(&mut x));
//! assert_eq!(x, [2.0, 4.0, 6.0]);
//! ```

use crate::Isa;

/// A loop that [`dispatch`] compiles once for each instruction set.
pub trait SimdKernel {
    /// Runs it. Mark it `#[inline(always)]`, so that it becomes part of the function with the wider registers. With `FMA`,
    /// multiplying and adding is one instruction; without, `mul_add` would be a slow function call.
    fn run<const FMA: bool>(self);
}

/// Runs `kernel` as compiled for the [`Isa`] that products use.
pub fn dispatch(kernel: impl SimdKernel) {
    match Isa::chosen() {
        // SAFETY: `chosen` only returns what this processor can run.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { avx512(kernel) },
        // SAFETY: the same.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => kernel.run::<true>(),
        _ => kernel.run::<false>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512(kernel: impl SimdKernel) {
    kernel.run::<true>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(kernel: impl SimdKernel) {
    kernel.run::<true>();
}
