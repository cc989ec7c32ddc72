//! One function of every pair of numbers, where the first of them lie.

use super::BLOCK;
use super::check_alike;
use crate::Element;
use crate::simd::{SimdKernel, dispatch};
use crate::threads::share;
use ndarray::{ArrayRef, Dimension, Zip};

/// `f(x, y)` for each pair of numbers, where `x` lies: two arrays of any shape, but the same.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use kernels::{par::zip_map_in_place, ndarray::array};
///
/// let mut x = array![[1.0, 2.0]];
/// zip_map_in_place(&mut x, &array![[10.0, 20.0]], |x, y| x + y);
/// assert_eq!(x, array![[11.0, 22.0]]);
/// ```
#[track_caller]
pub fn zip_map_in_place<T: Element, D: Dimension>(
    x: &mut ArrayRef<T, D>,
    y: &ArrayRef<T, D>,
    f: impl Fn(T, T) -> T + Sync,
) {
    check_alike("zip_map_in_place", x.shape(), y.shape());
    let len = x.len() as f64;
    match y.as_slice_memory_order().filter(|_| x.strides() == y.strides()) {
        Some(y) => {
            let x = x.as_slice_memory_order_mut().expect("in the same order");
            let pairs = x.chunks_mut(BLOCK).zip(y.chunks(BLOCK));
            share(pairs, len, |(x, y)| dispatch(ZipInPlace { x, y, f: &f }));
        }
        None => Zip::from(x).and(y).for_each(|x, &y| *x = f(*x, y)),
    }
}

struct ZipInPlace<'a, T, F> {
    x: &'a mut [T],
    y: &'a [T],
    f: F,
}

impl<T: Element, F: Fn(T, T) -> T> SimdKernel for ZipInPlace<'_, T, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.x.iter_mut().zip(self.y).for_each(|(x, &y)| *x = (self.f)(*x, y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, s};

    #[test]
    fn pairs_of_any_length_and_strides_are_those_of_a_loop() {
        for n in (0..100).chain([1 << 15, 500_001, 2_200_000]) {
            let x = Array1::from_shape_fn(n, |i| (i % 997) as f32 / 7.0);
            let y = Array1::from_shape_fn(n, |i| (i % 89) as f32);
            let mut z = x.clone();
            zip_map_in_place(&mut z, &y, |x, y| x - y);
            assert!(z == &x - &y, "{n}");
            let y = y.slice(s![..;2]);
            zip_map_in_place(&mut z.slice_mut(s![..;-2]), &y, |_, y| y);
            assert!(z.slice(s![..;-2]) == y, "{n}, strided");
        }
    }
}
