//! AVX2 and FMA: 16 registers of 8 lanes.
#![allow(clippy::undocumented_unsafe_blocks)] // One argument for all methods of a register, above them.

use super::lanes::Lanes;
use super::x86::instructions;
use super::{Kernels, entries};
use std::arch::x86_64::*;

/// 6 × 16 numbers of C: 12 registers of sums, two of B, one or two for elements of A, of 16 in all. As dot products 4 × 3: the
/// lesson's ten columns are tiles of three and two, which keep at least eight sums under way.
pub(crate) static KERNELS: Kernels =
    entries!(__m256, "avx2,fma", outer: 6 x 2, dot: 4 x 3, taps: 8 x 1, pieces: 2);

// SAFETY (all methods): only called below an entry point compiled for AVX2 and FMA, see `Lanes`. Unaligned
// loads and stores are used except in `stream`; masked ones do not touch, nor fault on, lanes left out.
impl Lanes for __m256 {
    type Mask = __m256i;
    const N: usize = 8;

    instructions! {
        zero: _mm256_setzero_ps, splat: _mm256_broadcastss_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
        stream: _mm256_stream_ps, add: _mm256_add_ps, sub: _mm256_sub_ps, mul_add: _mm256_fmadd_ps, max: _mm256_max_ps
    }

    #[inline(always)]
    unsafe fn first(n: usize) -> __m256i {
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __m256i) -> Self {
        unsafe { _mm256_maskload_ps(from, mask) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __m256i) {
        unsafe { _mm256_maskstore_ps(to, mask, self) }
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
}
