//! One function of every number, or of every pair of numbers: into new memory, or where they lie.

use super::BLOCK;
use super::check_alike;
use crate::simd::{SimdKernel, dispatch};
use crate::threads::share;
use crate::{Element, memory};
use ndarray::{Array, ArrayRef, Dimension, Zip};
use std::mem::MaybeUninit;

/// `f(x)` for each number, in new memory: any shape, and the result has the same.
///
/// ```
/// use kernels::{par::map, ndarray::array};
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
/// use kernels::{par::map_in_place, ndarray::array};
///
/// let mut x = array![[1.0, 2.0]];
/// map_in_place(&mut x, |x| x * x);
/// assert_eq!(x, array![[1.0, 4.0]]);
/// ```
pub fn map_in_place<T: Element, D: Dimension>(x: &mut ArrayRef<T, D>, f: impl Fn(T) -> T + Sync) {
    let len = x.len() as f64;
    match x.as_slice_memory_order_mut() {
        Some(all) => share(all.chunks_mut(BLOCK), len, |x| dispatch(InPlace { x, f: &f })),
        None => x.mapv_inplace(f),
    }
}

/// `f(x, y)` for each pair of numbers, in new memory: two arrays of any shape, but the same.
///
/// # Panics
/// At the caller's line if the shapes differ.
///
/// ```
/// use kernels::{par::zip_map, ndarray::array};
///
/// assert_eq!(zip_map(&array![[1.0, 2.0]], &array![[10.0, 20.0]], |x, y| x + y), array![[11.0, 22.0]]);
/// ```
#[track_caller]
pub fn zip_map<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    y: &ArrayRef<T, D>,
    f: impl Fn(T, T) -> T + Sync,
) -> Array<T, D> {
    check_alike("zip_map", x.shape(), y.shape());
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

/// Numbers that a thread takes at a time: few enough to share fairly, enough that taking them costs nothing.
const TAKEN: usize = 1 << 15;

/// `f(x, y)` for each pair of numbers, `shape` in order.
fn pass<T: Element, D: Dimension>(
    (x, y): (&[T], &[T]),
    shape: D,
    f: impl Fn(T, T) -> T + Sync,
) -> Array<T, D> {
    let len = shape.size();
    assert!(x.len() == len && y.len() == len, "{} and {} numbers make {shape:?}", x.len(), y.len());
    let mut out = memory::uninit("map", shape.clone());
    let places = out.as_slice_mut().expect("new and in order").chunks_mut(TAKEN);
    let blocks = places.zip(x.chunks(TAKEN)).zip(y.chunks(TAKEN));
    share(blocks, len as f64, |((out, x), y)| dispatch(Pass { x, y, out, f: &f }));
    // SAFETY: there are as many places as numbers, and every block of them was written.
    unsafe { out.assume_init() }
}

/// Numbers that are computed before the first of them is written: the compiler cannot know that what `f` has captured
/// does not lie among the results, and would look it up again for each. With fewer, it sees no lanes in some functions.
const AT_ONCE: usize = 64;

struct Pass<'a, T, F> {
    x: &'a [T],
    y: &'a [T],
    out: &'a mut [MaybeUninit<T>],
    f: F,
}

impl<T: Element, F: Fn(T, T) -> T> SimdKernel for Pass<'_, T, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (xs, x_rest) = self.x.as_chunks::<AT_ONCE>();
        let (ys, y_rest) = self.y.as_chunks::<AT_ONCE>();
        let (outs, rest) = self.out.as_chunks_mut::<AT_ONCE>();
        for ((out, x), y) in outs.iter_mut().zip(xs).zip(ys) {
            let mut results = [T::zero(); AT_ONCE];
            results.iter_mut().zip(x.iter().zip(y)).for_each(|(result, (&x, &y))| *result = (self.f)(x, y));
            out.iter_mut().zip(results).for_each(|(out, result)| _ = out.write(result));
        }
        for ((out, &x), &y) in rest.iter_mut().zip(x_rest).zip(y_rest) {
            out.write((self.f)(x, y));
        }
    }
}

struct InPlace<'a, T, F> {
    x: &'a mut [T],
    f: F,
}

impl<T: Element, F: Fn(T) -> T> SimdKernel for InPlace<'_, T, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.x.iter_mut().for_each(|x| *x = (self.f)(*x));
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
    fn maps_of_any_length_and_strides_are_those_of_a_loop() {
        for n in (0..100).chain([1 << 15, 500_001, 2_200_000]) {
            let (x, y) = (
                Array1::from_shape_fn(n, |i| (i % 997) as f32 / 7.0),
                Array1::from_shape_fn(n, |i| (i % 89) as f32),
            );
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
