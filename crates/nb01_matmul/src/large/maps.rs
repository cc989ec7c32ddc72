//! One function of every number, or of every pair of numbers: into new memory, or where they lie.

use super::BLOCK;
use crate::Element;
use crate::matmul::{Work, pass, share, vectorize};
use ndarray::{Array, ArrayRef, Dimension, Zip};

/// `f(x)` for each number, in new memory: any shape, and the result has the same.
///
/// ```
/// use nb01_matmul::{large::map, ndarray::array};
///
/// assert_eq!(map(&array![[1.0, 2.0]], |x| x * x), array![[1.0, 4.0]]);
/// ```
pub fn map<T: Element, D: Dimension>(x: &ArrayRef<T, D>, f: impl Fn(T) -> T + Sync) -> Array<T, D> {
    match x.as_slice() {
        Some(all) => pass((all, all), x.raw_dim(), |x, _| f(x)),
        None => x.mapv(f),
    }
}

/// `f(x)` for each number, where it lies: any shape and strides.
///
/// ```
/// use nb01_matmul::{large::map_in_place, ndarray::array};
///
/// let mut x = array![[1.0, 2.0]];
/// map_in_place(&mut x, |x| x * x);
/// assert_eq!(x, array![[1.0, 4.0]]);
/// ```
pub fn map_in_place<T: Element, D: Dimension>(x: &mut ArrayRef<T, D>, f: impl Fn(T) -> T + Sync) {
    let len = x.len() as f64;
    match x.as_slice_memory_order_mut() {
        Some(all) => share(all.chunks_mut(BLOCK), len, |x| vectorize(InPlace { x, f: &f })),
        None => x.mapv_inplace(f),
    }
}

/// `f(x, y)` for each pair of numbers, in new memory: two arrays of any shape, but the same.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use nb01_matmul::{large::zip_map, ndarray::array};
///
/// assert_eq!(zip_map(&array![[1.0, 2.0]], &array![[10.0, 20.0]], |x, y| x + y), array![[11.0, 22.0]]);
/// ```
#[track_caller]
pub fn zip_map<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    y: &ArrayRef<T, D>,
    f: impl Fn(T, T) -> T + Sync,
) -> Array<T, D> {
    check_alike("zip_map", x, y);
    let shape = x.raw_dim();
    match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) => pass((x, y), shape, f),
        _ => Zip::from(x).and(y).map_collect(|&x, &y| f(x, y)),
    }
}

/// `f(x, y)` for each pair of numbers, where `x` lies: two arrays of any shape, but the same.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use nb01_matmul::{large::zip_map_in_place, ndarray::array};
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
    check_alike("zip_map_in_place", x, y);
    let len = x.len() as f64;
    match y.as_slice().filter(|_| x.is_standard_layout()) {
        Some(y) => {
            let x = x.as_slice_mut().expect("in order");
            let pairs = x.chunks_mut(BLOCK).zip(y.chunks(BLOCK));
            share(pairs, len, |(x, y)| vectorize(ZipInPlace { x, y, f: &f }));
        }
        None => Zip::from(x).and(y).for_each(|x, &y| *x = f(*x, y)),
    }
}

#[track_caller]
fn check_alike<T, D: Dimension>(operation: &str, x: &ArrayRef<T, D>, y: &ArrayRef<T, D>) {
    let (left, right) = (x.shape(), y.shape());
    assert!(
        left == right,
        "{operation}: {left:?} beside {right:?}; make them the same, by `broadcast` for example"
    );
}

struct InPlace<'a, T, F> {
    x: &'a mut [T],
    f: F,
}

impl<T: Element, F: Fn(T) -> T> Work for InPlace<'_, T, F> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.x.iter_mut().for_each(|x| *x = (self.f)(*x));
    }
}

struct ZipInPlace<'a, T, F> {
    x: &'a mut [T],
    y: &'a [T],
    f: F,
}

impl<T: Element, F: Fn(T, T) -> T> Work for ZipInPlace<'_, T, F> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.x.iter_mut().zip(self.y).for_each(|(x, &y)| *x = (self.f)(*x, y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{manual_seed, randn};
    use ndarray::s;

    #[test]
    fn maps_of_any_length_and_strides_are_those_of_a_loop() {
        for n in (0..100).chain([1 << 15, 500_001, 2_200_000]) {
            let (x, y) = (randn(n, &mut manual_seed(0)), randn(n, &mut manual_seed(1)));
            assert!(map(&x, |x| x + 1.0) == x.mapv(|x| x + 1.0), "{n}");
            assert!(zip_map(&x, &y, |x, y| x - y) == &x - &y, "{n}");
            let mut z = x.clone();
            map_in_place(&mut z, |x| x + 1.0);
            map_in_place(&mut z.slice_mut(s![..;-2]), |x| x * 2.0);
            assert!((0..n).all(|i| z[i] == (x[i] + 1.0) * [1.0, 2.0][(n - i) % 2]), "{n}, in place");
            let mut z = x.clone();
            zip_map_in_place(&mut z, &y, |x, y| x - y);
            assert!(z == &x - &y, "{n}, in place");
            let (x, y) = (x.slice(s![..;-2]), y.slice(s![..;2]));
            zip_map_in_place(&mut z.slice_mut(s![..;-2]), &y, |_, y| y);
            assert!(z.slice(s![..;-2]) == y, "{n}, in place and strided");
            assert!(map(&x, |x| x + 1.0) == x.mapv(|x| x + 1.0), "{n}, strided");
            assert!(zip_map(&x, &y, |x, y| x - y) == &x - &y, "{n}, strided");
        }
    }
}
