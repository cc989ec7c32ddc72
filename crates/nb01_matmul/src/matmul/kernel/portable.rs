//! Plain Rust: an array of numbers, worked on element by element, which the compiler turns into whatever
//! lanes the processor has.
//!
//! It runs anywhere. On x86-64 the same source is also compiled for newer processors ([`WIDE`], [`WIDEST`]), since the
//! instructions that every such processor has are those of the year 2003.
#![allow(clippy::undocumented_unsafe_blocks)] // One argument for all methods of a register, above them.

use super::lanes::Lanes;
use super::{Kernels, entries};

/// For any processor.
pub(in super::super) static ANY: (Kernels<f32>, Kernels<f64>) = (
    entries!(Plain<f32, 4, false>, outer: 4 x 2, dot: 2 x 3),
    entries!(Plain<f64, 2, false>, outer: 4 x 2, dot: 2 x 3),
);

/// For processors with AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
pub(in super::super) static WIDE: (Kernels<f32>, Kernels<f64>) = (
    entries!(Plain<f32, 8, true>, "avx2,fma", outer: 6 x 2, dot: 3 x 3),
    entries!(Plain<f64, 4, true>, "avx2,fma", outer: 4 x 2, dot: 2 x 3),
);

/// For processors with AVX-512; `f64` is content with [`WIDE`].
#[cfg(target_arch = "x86_64")]
pub(in super::super) static WIDEST: Kernels<f32> =
    entries!(Plain<f32, 16, true>, "avx512f,avx2,fma", outer: 8 x 3, dot: 8 x 3);

/// `N` numbers. `FUSED`: multiply and add with one rounding, which is quick only where it is one instruction.
#[derive(Clone, Copy)]
pub(super) struct Plain<T, const N: usize, const FUSED: bool>([T; N]);

impl<T: ndarray::NdFloat, const N: usize, const FUSED: bool> Plain<T, N, FUSED> {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

/// Copies `n` numbers, fewer than `N`, which is a power of two: eight, four, two and one of them, as `n` has those bits.
/// Copies of a known size are an instruction or two each; `memcpy` would be called, once for each row of B.
#[inline(always)]
unsafe fn copy_few<T: Copy, const N: usize>(mut from: *const T, mut to: *mut T, n: usize) {
    let mut size = N / 2;
    while size > 0 {
        if n & size != 0 {
            unsafe { std::ptr::copy_nonoverlapping(from, to, size) };
            (from, to) = (from.wrapping_add(size), to.wrapping_add(size));
        }
        size /= 2;
    }
}

// SAFETY (all methods): nothing here needs an instruction set; pointers are read and written exactly where
// the trait says.
impl<T: ndarray::NdFloat + Default, const N: usize, const FUSED: bool> Lanes for Plain<T, N, FUSED> {
    type Elem = T;
    type Mask = usize;
    const N: usize = N;

    #[inline(always)]
    unsafe fn first(n: usize) -> usize {
        n
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([T::zero(); N])
    }

    #[inline(always)]
    unsafe fn splat(from: *const T) -> Self {
        Self([unsafe { *from }; N])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        Self(unsafe { from.cast::<[T; N]>().read() })
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const T, n: usize) -> Self {
        let mut lanes = [T::zero(); N];
        unsafe { copy_few::<T, N>(from, lanes.as_mut_ptr(), n) };
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        unsafe { to.cast::<[T; N]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut T, n: usize) {
        unsafe { copy_few::<T, N>(self.0.as_ptr(), to, n) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul_add(self, other: Self, plus: Self) -> Self {
        let fma = |a: T, b: T, c: T| if FUSED { a.mul_add(b, c) } else { a * b + c };
        Self(std::array::from_fn(|i| fma(self.0[i], other.0[i], plus.0[i])))
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Self(self.0.map(|x| if x < T::zero() { T::zero() } else { x }))
    }

    /// Each half is added to the other until one number is left.
    #[inline(always)]
    unsafe fn sums(four: [Self; 4]) -> [T; 4] {
        four.map(|Self(mut lanes)| {
            let mut half = N / 2;
            while half > 0 {
                for i in 0..half {
                    lanes[i] += lanes[i + half];
                }
                half /= 2;
            }
            lanes[0]
        })
    }
}
