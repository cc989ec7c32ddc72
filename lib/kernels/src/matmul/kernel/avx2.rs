//! AVX2 and FMA: 16 registers of 8 lanes.
#![allow(clippy::undocumented_unsafe_blocks)] // One argument for all methods of a register, above them.

use super::lanes::Lanes;
use super::{Kernels, entries};
use std::arch::x86_64::*;

/// 6 × 16 numbers of C: 12 registers of sums, two of B, one or two for elements of A, of 16 in all.
pub(crate) static KERNELS: Kernels = entries!(__m256, "avx2,fma", outer: 6 x 2, dot: 3 x 3, taps: 1);

// SAFETY (all methods): only called below an entry point compiled for AVX2 and FMA, see `Lanes`. Unaligned
// loads and stores are used except in `stream`; masked ones do not touch, nor fault on, lanes left out.
impl Lanes for __m256 {
    type Mask = __m256i;
    const N: usize = 8;
    const PREFETCHES: bool = true;

    #[inline(always)]
    unsafe fn first(n: usize) -> __m256i {
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // Not `*from`: a debug build would check its alignment, for each number, in the innermost loop.
        unsafe { _mm256_broadcastss_ps(_mm_load_ss(from)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __m256i) -> Self {
        unsafe { _mm256_maskload_ps(from, mask) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __m256i) {
        unsafe { _mm256_maskstore_ps(to, mask, self) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        unsafe { _mm256_stream_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn fence() {
        unsafe { _mm_sfence() }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, other: Self, plus: Self) -> Self {
        unsafe { _mm256_fmadd_ps(self, other, plus) }
    }

    /// `max` answers with its second operand where one is NaN, so the number goes second.
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), self) }
    }

    /// Neighbours are added twice, which leaves four sums in each half; then the halves are added.
    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [Self; 4]) -> [f32; 4] {
        unsafe {
            let halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let sum = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
            std::mem::transmute(sum)
        }
    }

    #[inline(always)]
    unsafe fn turned(columns: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
        unsafe {
            let [mut a, mut b, mut c, mut d] = std::mem::transmute::<[[f32; 4]; 4], [__m128; 4]>(columns);
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            std::mem::transmute([a, b, c, d])
        }
    }

    #[inline(always)]
    unsafe fn prefetch(address: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    unsafe fn prefetch_far(address: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
    }
}
