//! NEON, which every 64-bit ARM core has: 32 registers of 4 lanes.
#![allow(clippy::undocumented_unsafe_blocks)] // One argument for all methods of a register, above them.

use super::lanes::Lanes;
use super::{Kernels, entries};
use std::arch::aarch64::*;

/// 8 × 12 numbers of C: 24 registers of sums, three of B, and room for elements of A.
pub(crate) static KERNELS: Kernels =
    entries!(float32x4_t, "neon", outer: 8 x 3, dot: 8 x 3, taps: 8 x 2, pieces: 5);

// SAFETY (all methods): only called below an entry point compiled for NEON, see `Lanes`. NEON has no masks,
// so the masked forms copy exactly the lanes that they name, one by one.
impl Lanes for float32x4_t {
    type Mask = usize;
    const N: usize = 4;

    #[inline(always)]
    unsafe fn first(n: usize) -> usize {
        n
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        unsafe { vld1q_dup_f32(from) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; 4];
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), n);
            vld1q_f32(lanes.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, n: usize) {
        let mut lanes = [0.0; 4];
        unsafe {
            vst1q_f32(lanes.as_mut_ptr(), self);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, n);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, other: Self, plus: Self) -> Self {
        unsafe { vfmaq_f32(plus, self, other) }
    }

    /// ARM's `max` answers NaN where either operand is NaN.
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        unsafe { vmaxq_f32(self, vdupq_n_f32(0.0)) }
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [Self; 4]) -> [f32; 4] {
        unsafe { std::mem::transmute(vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d))) }
    }
}
