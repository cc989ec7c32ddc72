//! AVX-512: 32 registers of 16 lanes, masks, and non-temporal stores.
#![allow(clippy::undocumented_unsafe_blocks)] // One argument for all methods of a register, above them.

use super::lanes::Lanes;
use super::x86::instructions;
use super::{Kernels, entries};
use std::arch::x86_64::*;

/// 8 × 48 numbers of C: 24 registers of sums, three of B and one or two for elements of A, of 32 in all. As dot products
/// 4 × 5, so that the lesson's ten columns pass twice over a few rows of A.
pub(crate) static KERNELS: Kernels =
    entries!(__m512, "avx512f,avx2,fma", outer: 8 x 3, dot: 4 x 5, taps: 8 x 2, pieces: 5);

// SAFETY (all methods): only called below an entry point compiled for AVX-512F, see `Lanes`. Unaligned
// loads and stores are used except in `stream`; masked ones do not touch, nor fault on, lanes left out.
impl Lanes for __m512 {
    type Mask = __mmask16;
    const N: usize = 16;

    instructions! {
        zero: _mm512_setzero_ps, splat: _mm512_broadcastss_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
        stream: _mm512_stream_ps, add: _mm512_add_ps, sub: _mm512_sub_ps, mul_add: _mm512_fmadd_ps, max: _mm512_max_ps
    }

    #[inline(always)]
    unsafe fn first(n: usize) -> __mmask16 {
        ((1_u32 << n) - 1) as __mmask16
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __mmask16) -> Self {
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __mmask16) {
        unsafe { _mm512_mask_storeu_ps(to, mask, self) }
    }

    /// Four registers become one, in which each quarter holds four partial sums; then the quarters are added.
    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [Self; 4]) -> [f32; 4] {
        unsafe {
            let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            let even = _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd);
            let odd = _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd);
            let quarters = _mm512_add_ps(even, odd);
            let high = _mm512_castpd_ps(_mm512_castpd256_pd512(_mm512_extractf64x4_pd::<1>(
                _mm512_castps_pd(quarters),
            )));
            let halves = _mm512_castps512_ps256(_mm512_add_ps(quarters, high));
            let sum = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
            std::mem::transmute(sum)
        }
    }

    /// Sixteen numbers are as many as a register holds, but they come from four places: AVX2's four loads serve as well.
    #[inline(always)]
    unsafe fn turned(columns: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
        unsafe { <__m256 as Lanes>::turned(columns) }
    }
}
