//! Sums over large arrays, in `f64`: `Σ x`, `Σ x · y`, and what a mean and a standard deviation are made of.

use super::{BLOCK, map_parts};
use crate::Element;
use crate::simd::{SimdKernel, dispatch};
use ndarray::{Array1, ArrayRef, ArrayRef1, ArrayRef2, ArrayViewD, Axis, Dimension, Zip};

/// The sum of all elements in `f64`, on all threads: any shape and strides.
///
/// ```
/// use kernels::{par::total, ndarray::Array2};
///
/// let tenths = Array2::from_elem((20_000, 1000), 0.1_f32); // a plain f32 sum of these gives 2,097,152
/// assert!((total(&tenths) - 2_000_000.03).abs() < 0.01);
/// ```
pub fn total<T: Element, D: Dimension>(x: &ArrayRef<T, D>) -> f64 {
    T::total(x.view().into_dyn())
}

/// `Σ x²` in `f64`: any shape and strides.
pub fn total_of_squares<T: Element, D: Dimension>(x: &ArrayRef<T, D>) -> f64 {
    T::total_of_squares(x.view().into_dyn())
}

/// `Σ x · y` in `f64`: the inner product of two lines of the same length and any strides.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// use kernels::{par::dot, ndarray::array};
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
    T::dot(x.view().into_dyn(), y.view().into_dyn())
}

/// `Σ (x − y)²` in `f64`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn squared_distance<T: Element, D: Dimension>(x: &ArrayRef<T, D>, y: &ArrayRef<T, D>) -> f64 {
    super::check_alike("squared_distance", x.shape(), y.shape());
    T::squared_distance(x.view().into_dyn(), y.view().into_dyn())
}

/// The sum of each column, `(n, m)` to `(m)`: `x.sum(0)`, accumulated in `f64`.
pub fn sum_rows<T: Element>(x: &ArrayRef2<T>) -> Array1<T> {
    T::sum_rows(x)
}

/// Rows that one thread sums at a time. They depend on nothing else, so neither do the digits.
const ROWS: usize = 1 << 12;

pub(crate) fn rows<T: Element>(x: &ArrayRef2<T>) -> Array1<T> {
    let parts = x.axis_chunks_iter(Axis(0), ROWS);
    let sums = map_parts(parts, x.len() as f64, |rows| sum_few_rows(&rows));
    sums.into_iter().fold(Array1::zeros(x.ncols()), |sum, part| sum + part).mapv(T::narrow)
}

/// [`sum_rows`] by one thread, before it is rounded.
pub fn sum_few_rows<T: Element>(rows: &ArrayRef2<T>) -> Array1<f64> {
    let mut sums = Array1::<f64>::zeros(rows.ncols());
    for row in rows.rows() {
        sums.zip_mut_with(&row, |sum, x| *sum += x.widen());
    }
    sums
}

/// [`total`] of `term(x)` for each element.
pub(crate) fn total_of<T: Element>(x: ArrayViewD<'_, T>, term: impl Fn(f64) -> f64 + Sync) -> f64 {
    match x.as_slice_memory_order() {
        Some(all) if all.len() <= BLOCK => sum_of(all, &term),
        Some(all) => map_parts(all.chunks(BLOCK), all.len() as f64, |x| sum_of(x, &term)).iter().sum(),
        None => x.fold(0.0, |sum, x| sum + term(x.widen())),
    }
}

/// `Σ term(x, y)` for each pair of two arrays of one shape.
pub(crate) fn total_of_pairs<T: Element>(
    x: ArrayViewD<'_, T>,
    y: ArrayViewD<'_, T>,
    term: impl Fn(f64, f64) -> f64 + Sync,
) -> f64 {
    let one = |(x, y)| sum_of_pairs(x, y, &term);
    match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) if x.len() <= BLOCK => one((x, y)),
        (Some(x), Some(y)) => {
            map_parts(x.chunks(BLOCK).zip(y.chunks(BLOCK)), x.len() as f64, one).iter().sum()
        }
        _ => Zip::from(x).and(y).fold(0.0, |sum, x, y| sum + term(x.widen(), y.widen())),
    }
}

/// The sum in `f64`, on this thread.
///
/// ```
/// assert_eq!(kernels::par::sum(&[16_777_216.0_f32, 1.0]), 16_777_217.0); // in f32 the 1 would be lost
/// ```
pub fn sum(x: &[f32]) -> f64 {
    sum_of(x, |x| x)
}

/// `Σ (x − from)` and `Σ (x − from)²` in `f64`: what a mean and a standard deviation are made of, in one pass.
pub(crate) fn deviations(x: &[f32], from: f64) -> [f64; 2] {
    let mut totals = [0.0; 2];
    dispatch(Deviations { x, from, totals: &mut totals });
    totals
}

fn sum_of<T: Element>(x: &[T], term: impl Fn(f64) -> f64) -> f64 {
    sum_of_pairs(x, x, |x, _| term(x))
}

fn sum_of_pairs<T: Element>(x: &[T], y: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut total = 0.0;
    let work = Sum { x, y, term, total: &mut total };
    if T::WIDE {
        dispatch(work)
    } else {
        work.run::<false>()
    }
    total
}

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

impl<T: Element, F: Fn(f64, f64) -> f64> SimdKernel for Sum<'_, T, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
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

impl<T: Element> SimdKernel for Deviations<'_, T> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
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
    use ndarray::Array1;

    fn numbers(n: usize, seed: usize) -> Array1<f32> {
        Array1::from_shape_fn(n, |i| ((i * 7919 + seed * 104_729) % 10_007) as f32 / 8192.0 - 0.5)
    }

    #[test]
    fn sums_of_any_length_are_those_of_a_loop() {
        let x = numbers(1000, 0).to_vec();
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
    fn sums_of_several_blocks_are_those_of_a_loop() {
        for n in [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let (x, y) = (numbers(n, 0), numbers(n, 1));
            let expected: f64 = x.iter().map(|&x| f64::from(x)).sum();
            assert!((total(&x) - expected).abs() < 1e-9, "{n}");
            let expected: f64 = x.iter().zip(&y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            assert!((dot(&x, &y) - expected).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn nan_is_not_swallowed() {
        let x = [1.0, f32::NAN, 2.0];
        assert!(sum(&x).is_nan() && deviations(&x, 0.0).iter().all(|sum| sum.is_nan()));
    }
}
