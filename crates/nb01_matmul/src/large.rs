//! Large arrays: where 39 million numbers should start, and how they are gone through at the speed of memory.
//!
//! `x_train` is 157 MB. Memory delivers that in a few milliseconds, if the processor keeps up, and there are four ways
//! to be slower than it:
//!
//! - **One thread, four lanes.** A program for every x86-64 processor uses registers of four `f32`. [`sum`],
//!   [`deviations`], [`map`], [`map_in_place`] and [`zip_map`] are compiled once more for the registers that are there, as
//!   [`matmul`](mod@crate::matmul)'s kernels are; the last three use its threads, too, and [`map_parts`] lends them to
//!   whatever else comes in parts.
//! - **Pages one by one.** The system hands out new memory in pages of 4 KB, each at the first access to it, 38,000 for
//!   `x_train`. Here it is asked for large ones, of 2 MB.
//! - **Lines cut in two.** The processor loads 64 bytes at once, if they do not lie across two cache lines. A row of `x_train`
//!   is 3136 bytes, 49 lines exactly; so if the first row starts at a line, as in [`zeros`], all do. The system's own
//!   large blocks start 16 bytes behind one, and then every load of `xᵀ @ g` but one in 49 takes twice as long: 13 % of the product.
//! - **Sums in `f32`** are no slower, but wrong, see `stats` in the next notebook. These are `f64` throughout.
//!
//! ```
//! use nb01_matmul::{large::{map, sum}, ndarray::Array1};
//!
//! let halves = map(&Array1::from_elem(1000, 0.25_f32), |x| x / 2.0);
//! assert_eq!(sum(&halves.to_vec()), 125.0);
//! ```

use crate::Element;
use crate::matmul::{Work, ask_for_large_pages, pass, share, vectorize};
use ndarray::{Array, Array1, ArrayRef, ArrayRef1, Dimension, IntoDimension, Zip, s};

/// A cache line, in numbers.
const LINE: usize = 64 / size_of::<f32>();

/// An array of zeros in order, its first element at the start of a cache line.
///
/// ```
/// let x = nb01_matmul::large::zeros((50, 784));
/// assert!(x.rows().into_iter().all(|row| row.as_ptr().addr() % 64 == 0));
/// ```
pub fn zeros<Sh: IntoDimension>(shape: Sh) -> Array<f32, Sh::Dim> {
    let shape = shape.into_dimension();
    let len = shape.size();
    let mut memory = Array1::<f32>::zeros(len + LINE); // the system keeps new memory at zero: no pass of its own
    ask_for_large_pages(memory.as_slice_mut().expect("new and in order"));
    let start = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let aligned = memory.slice_move(s![start..start + len]);
    aligned.into_shape_with_order(shape).expect("as many numbers as the shape holds")
}

/// The sum of all elements in `f64`, on all threads: any shape and strides.
///
/// ```
/// use nb01_matmul::{large::total, ndarray::Array2};
///
/// let tenths = Array2::from_elem((20_000, 1000), 0.1_f32); // a plain f32 sum of these gives 2,097,152
/// assert!((total(&tenths) - 2_000_000.03).abs() < 0.01);
/// ```
pub fn total<T: Element, D: Dimension>(x: &ArrayRef<T, D>) -> f64 {
    total_of(x, |x| x)
}

/// [`total`] of `term(x)` for each element.
pub(crate) fn total_of<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    term: impl Fn(f64) -> f64 + Sync,
) -> f64 {
    match x.as_slice_memory_order() {
        Some(all) if all.len() <= BLOCK => sum_of(all, &term),
        Some(all) => map_parts(all.chunks(BLOCK), all.len() as f64, |x| sum_of(x, &term)).iter().sum(),
        None => x.fold(0.0, |sum, x| sum + term(x.widen())),
    }
}

/// `Σ x · y` in `f64`: the inner product of two lines of the same length and any strides.
///
/// # Panics
/// At the caller's line if the lengths differ.
///
/// ```
/// use nb01_matmul::{large::dot, ndarray::array};
///
/// assert_eq!(dot(&array![16_777_216.0_f32, 1.0], &array![1.0, 1.0]), 16_777_217.0); // in f32 the 1 would be lost
/// ```
#[track_caller]
pub fn dot<T: Element>(x: &ArrayRef1<T>, y: &ArrayRef1<T>) -> f64 {
    let (left, right) = (x.len(), y.len());
    assert!(
        left == right,
        "dot: {left} numbers beside {right}; an inner product needs as many on both sides"
    );
    match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) if x.len() <= BLOCK => dot_of_slices((x, y)),
        (Some(x), Some(y)) => {
            map_parts(x.chunks(BLOCK).zip(y.chunks(BLOCK)), x.len() as f64, dot_of_slices).iter().sum()
        }
        _ => Zip::from(x).and(y).fold(0.0, |sum, x, y| sum + x.widen() * y.widen()),
    }
}

fn dot_of_slices<T: Element>((x, y): (&[T], &[T])) -> f64 {
    let mut total = 0.0;
    vectorize(Sum { x, y, term: |x, y| x * y, total: &mut total });
    total
}

/// The sum in `f64`, on this thread.
///
/// ```
/// assert_eq!(nb01_matmul::large::sum(&[16_777_216.0_f32, 1.0]), 16_777_217.0); // in f32 the 1 would be lost
/// ```
pub fn sum<T: Element>(x: &[T]) -> f64 {
    sum_of(x, |x| x)
}

/// `Σ (x − from)` and `Σ (x − from)²` in `f64`: what a mean and a standard deviation are made of, in one pass.
///
/// ```
/// assert_eq!(nb01_matmul::large::deviations(&[1.0_f32, 3.0, 4.0], 2.0), [2.0, 6.0]);
/// ```
pub fn deviations<T: Element>(x: &[T], from: f64) -> [f64; 2] {
    let mut totals = [0.0; 2];
    vectorize(Deviations { x, from, totals: &mut totals });
    totals
}

fn sum_of<T: Element>(x: &[T], term: impl Fn(f64) -> f64) -> f64 {
    let mut total = 0.0;
    vectorize(Sum { x, y: x, term: |x, _| term(x), total: &mut total });
    total
}

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
    let (left, right) = (x.shape(), y.shape());
    assert!(
        left == right,
        "zip_map: {left:?} beside {right:?}; make them the same, by `broadcast` for example"
    );
    let shape = x.raw_dim();
    match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) => pass((x, y), shape, f),
        _ => Zip::from(x).and(y).map_collect(|&x, &y| f(x, y)),
    }
}

/// `f` of each part of some large work, in the parts' order, on the threads that [`matmul`](mod@crate::matmul) uses: those
/// of the current rayon pool, as many as `NB_THREADS` allows, and none but the caller's if there are few `operations`.
///
/// The parts are the caller's, so what comes out does not depend on the number of threads.
///
/// ```
/// use nb01_matmul::large::{map_parts, sum};
///
/// let x = vec![0.5_f32; 100_000];
/// let sums = map_parts(x.chunks(1 << 14), x.len() as f64, sum);
/// assert_eq!((sums.len(), sums.iter().sum::<f64>()), (7, 50_000.0));
/// ```
pub fn map_parts<I: ExactSizeIterator + Send, R: Send>(
    parts: I,
    operations: f64,
    f: impl Fn(I::Item) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = Vec::new();
    results.resize_with(parts.len(), || None);
    share(parts.zip(&mut results), operations, |(part, result)| *result = Some(f(part)));
    results.into_iter().map(|result| result.expect("every part was somebody's")).collect()
}

/// Numbers that a thread adds up at a time, 256 KB of `f32`: they depend on nothing else, so neither do the digits.
const BLOCK: usize = 1 << 16;

/// Lanes of a sum, a register of the widest kind, and such sums side by side, as each waits for its last addition.
const LANES: usize = 8;
const SUMS: usize = 4;
const ALL: usize = LANES * SUMS;

struct Sum<'a, T, F> {
    x: &'a [T],
    y: &'a [T],
    term: F,
    total: &'a mut f64,
}

impl<T: Element, F: Fn(f64, f64) -> f64> Work for Sum<'_, T, F> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let term = |(x, y): (&T, &T)| (self.term)(x.widen(), y.widen());
        let mut sums = [0.0; ALL];
        let ((xs, x_rest), (ys, y_rest)) = (self.x.as_chunks::<ALL>(), self.y.as_chunks::<ALL>());
        for (x, y) in xs.iter().zip(ys) {
            sums.iter_mut().zip(x.iter().zip(y)).for_each(|(sum, pair)| *sum += term(pair));
        }
        *self.total = sums.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(term).sum::<f64>();
    }
}

/// Two sums in one loop, of its own: the compiler does not see the lanes of a loop over both.
struct Deviations<'a, T> {
    x: &'a [T],
    from: f64,
    totals: &'a mut [f64; 2],
}

impl<T: Element> Work for Deviations<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (mut sums, mut squares) = ([0.0; ALL], [0.0; ALL]);
        let add = |((sum, square), x): ((&mut f64, &mut f64), &T)| {
            let deviation = x.widen() - self.from;
            *sum += deviation;
            *square += deviation * deviation;
        };
        let (xs, rest) = self.x.as_chunks::<ALL>();
        for x in xs {
            sums.iter_mut().zip(&mut squares).zip(x).for_each(add);
        }
        sums.iter_mut().zip(&mut squares).zip(rest).for_each(add);
        *self.totals = [sums.iter().sum(), squares.iter().sum()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{manual_seed, randn};

    #[test]
    fn sums_of_any_length_are_those_of_a_loop() {
        let x = randn(1000, &mut manual_seed(0)).to_vec();
        for n in (0..100).chain([1000]) {
            let x = &x[..n];
            let wide = || x.iter().copied().map(f64::from);
            assert!((sum(x) - wide().sum::<f64>()).abs() < 1e-12, "{n}");
            let [deviation, square] = deviations(x, 0.5);
            assert!((deviation - wide().map(|x| x - 0.5).sum::<f64>()).abs() < 1e-12, "{n}");
            assert!((square - wide().map(|x| (x - 0.5).powi(2)).sum::<f64>()).abs() < 1e-11, "{n}");
        }
    }

    #[test]
    fn arrays_of_any_shape_start_at_a_line_and_are_zero() {
        for shape in [(0, 0), (0, 5), (1, 1), (3, 17), (500, 784)] {
            let x = zeros(shape);
            assert!(x.dim() == shape && x.is_standard_layout() && x.iter().all(|&x| x == 0.0));
            assert!(x.is_empty() || x.as_ptr().addr().is_multiple_of(64), "{shape:?}");
        }
    }

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
            let (x, y) = (x.slice(s![..;-2]), y.slice(s![..;2]));
            assert!(map(&x, |x| x + 1.0) == x.mapv(|x| x + 1.0), "{n}, strided");
            assert!(zip_map(&x, &y, |x, y| x - y) == &x - &y, "{n}, strided");
        }
    }

    #[test]
    fn nan_is_not_swallowed() {
        let x = [1.0, f32::NAN, 2.0];
        assert!(sum(&x).is_nan() && deviations(&x, 0.0).iter().all(|sum| sum.is_nan()));
    }
}
