//! The numbers that are multiplied: the same here and in `torch_worker.py`, without sending them.

#![allow(unsafe_code)] // Advice to the system about memory.

use nb03_minibatch_training::kernels::par::zeros;
use nb03_minibatch_training::ndarray::Array2;

/// A `(rows, columns)` matrix of numbers in −0.5..0.5 that look random; `seed` picks which.
pub(crate) fn matrix(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    let mut all = zeros((rows, columns)); // at a cache line, as `normalize` and torch have it
    all.iter_mut().zip(0..).for_each(|(x, place)| *x = number(place, seed));
    all
}

/// A copy in memory for which large pages were asked, as [`matrix`]'s has them; an ordinary vector does not ask.
pub(crate) fn in_large_pages<T: Copy>(numbers: &[T]) -> Vec<T> {
    let mut copy = Vec::<T>::with_capacity(numbers.len());
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let start = copy.as_mut_ptr().cast::<u8>();
        let skipped = start.align_offset(PAGE);
        let whole = (size_of_val(numbers).saturating_sub(skipped)) / PAGE * PAGE;
        // SAFETY: the range lies in memory that is the vector's, and the advice does not change a byte of it.
        unsafe { libc::madvise(start.wrapping_add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
    }
    copy.extend_from_slice(numbers);
    copy
}

/// A hash of the place. Every step is exact in `f32`, so two languages agree to the last bit.
pub(crate) fn number(place: u32, seed: u32) -> f32 {
    let mut h = place.wrapping_add(seed << 28).wrapping_mul(2_654_435_761);
    h = (h ^ (h >> 15)).wrapping_mul(2_246_822_519);
    h ^= h >> 13;
    (h >> 8) as f32 / (1 << 24) as f32 - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numpy_computes_them() {
        let numpy = [-0.5, -0.136_419_77, 0.331_940_4, -0.162_427_48];
        assert_eq!([0, 1, 2, 39_199_999].map(|i| number(i, 0)), numpy);
    }

    #[test]
    fn centred_and_spread_as_uniform_numbers_are() {
        let x = matrix(100, 784, 1).mapv(f64::from);
        assert!(x.sum().abs() / 78_400.0 < 0.005);
        assert!(((&x * &x).sum() / 78_400.0 - 1.0 / 12.0).abs() < 0.001);
    }
}
