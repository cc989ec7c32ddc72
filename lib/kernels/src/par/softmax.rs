//! Softmax over the rows of a matrix, and the cross entropy with its gradient, each in one pass over the rows.
//!
//! ```text
//! softmax(x)ⱼ = exp(xⱼ) / Σₖ exp(xₖ)            the same with x − max(x), which cannot overflow
//! loss        = −Σⱼ tⱼ · log softmax(x)ⱼ
//! loss's gradient with respect to x = Σⱼ tⱼ · softmax(x) − t
//! ```
//!
//! Sums of a row are accumulated in `f64`. In `f32` a probability below 2⁻¹⁰⁰ counts as 0: divided by the batch's size and
//! multiplied by small weights it would become a denormal number, which most processors compute with a hundred times slower.
//!
//! ```
//! use kernels::{ndarray::array, par::{RowTargets, cross_entropy}};
//!
//! let (loss, grad) = cross_entropy(&array![[0.0_f32, 0.0]], RowTargets::Classes(&[1]), 1.0);
//! assert_eq!((loss as f32, grad), (2.0_f32.ln(), array![[0.5, -0.5]]));
//! ```

use super::map_parts;
use crate::Element;
use crate::simd::{SimdKernel, dispatch};
use ndarray::{Array2, ArrayRef2, ArrayView2};

/// What each row should be: a class, or a probability for each class.
#[derive(Clone, Copy, Debug)]
pub enum RowTargets<'a, T> {
    /// The column that should have all the probability.
    Classes(&'a [u8]),
    /// As many rows and columns as the logits. A probability of 0 contributes nothing, even where its logarithm is −∞.
    Distributions(ArrayView2<'a, T>),
}

/// `x − log Σ exp(x)` for each row: `(n, c)` → `(n, c)`. NaN, or +∞, makes its whole row NaN, as in PyTorch.
pub fn log_softmax<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    T::log_softmax(x)
}

/// The sum of all rows' losses, and its gradient with respect to the logits times `scale`: `(n, c)` → `(n, c)`.
///
/// # Panics
/// If there is not a target for each row, or a class is not a column.
#[track_caller]
pub fn cross_entropy<T: Element>(x: &ArrayRef2<T>, targets: RowTargets<'_, T>, scale: T) -> (f64, Array2<T>) {
    let fits = match &targets {
        RowTargets::Classes(classes) => classes.len() == x.nrows(),
        RowTargets::Distributions(p) => p.dim() == x.dim(),
    };
    assert!(fits, "cross_entropy: logits {:?} and as many targets do not fit: each row has one", x.shape());
    T::cross_entropy(x, targets, scale)
}

/// Rows that a thread takes at a time: they depend on nothing else, so neither do the digits.
const ROWS: usize = 1 << 10;

/// What an exponential costs, in the multiplications that threads are counted in.
const EXP: f64 = 16.0;

pub(crate) fn log_softmax_of<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    let (columns, mut out) = (x.ncols().max(1), x.as_standard_layout().into_owned());
    let work = out.len() as f64 * EXP;
    let rows = out.as_slice_mut().expect("just made in order").chunks_mut(ROWS * columns);
    map_parts(rows, work, |out| {
        let mut exps = out.to_vec();
        let sums = Softmax { x: &mut exps, columns }.sums();
        for (row, (max, sum)) in out.chunks_mut(columns).zip(sums) {
            row.iter_mut().for_each(|x| *x = T::narrow((*x - max).widen() - sum.ln()));
        }
    });
    out
}

pub(crate) fn cross_entropy_of<T: Element>(
    x: &ArrayRef2<T>,
    targets: RowTargets<'_, T>,
    scale: T,
) -> (f64, Array2<T>) {
    let x = x.as_standard_layout();
    let (columns, mut grad) = (x.ncols().max(1), x.to_owned());
    let work = grad.len() as f64 * EXP;
    let rows = grad.as_slice_mut().expect("just made in order").chunks_mut(ROWS * columns);
    let parts = rows.zip(x.as_slice().expect("made in order").chunks(ROWS * columns)).enumerate();
    let losses = map_parts(parts, work, |(part, (grad, x))| {
        let sums = Softmax { x: grad, columns }.sums();
        let rows = grad.chunks_mut(columns).zip(x.chunks(columns)).zip(sums).enumerate();
        let row = |(i, ((grad, x), sum))| match &targets {
            RowTargets::Classes(classes) => {
                of_class(grad, x, sum, usize::from(classes[part * ROWS + i]), scale)
            }
            RowTargets::Distributions(p) => {
                of_distribution(grad, x, sum, p.row(part * ROWS + i).iter().copied(), scale)
            }
        };
        rows.map(row).sum::<f64>()
    });
    (losses.iter().sum(), grad)
}

/// A row's loss; its exponentials become the gradient.
fn of_class<T: Element>(grad: &mut [T], x: &[T], (max, sum): (T, f64), class: usize, scale: T) -> f64 {
    let factor = T::narrow(scale.widen() / sum);
    grad.iter_mut().for_each(|g| *g *= factor);
    grad[class] -= scale;
    sum.ln() - (x[class] - max).widen()
}

/// The same for a probability for each class, whose sum need not be 1.
fn of_distribution<T: Element>(
    grad: &mut [T],
    x: &[T],
    (max, sum): (T, f64),
    targets: impl Iterator<Item = T> + Clone,
    scale: T,
) -> f64 {
    let total: f64 = targets.clone().map(T::widen).sum();
    let factor = T::narrow(scale.widen() * total / sum);
    let losses = targets.zip(grad.iter_mut().zip(x)).map(|(t, (g, &x))| {
        *g = *g * factor - t * scale;
        if t == T::zero() { 0.0 } else { t.widen() * (sum.ln() - (x - max).widen()) }
    });
    losses.sum()
}

/// Rows that become `exp(x − max)`.
struct Softmax<'a, T> {
    x: &'a mut [T],
    columns: usize,
}

impl<T: Element> Softmax<'_, T> {
    /// Each row's maximum and the sum of its exponentials.
    fn sums(self) -> Vec<(T, f64)> {
        let mut sums = Vec::with_capacity(self.x.len() / self.columns);
        for row in self.x.chunks_mut(self.columns) {
            let max = row.iter().fold(T::neg_infinity(), |max, &x| if x > max { x } else { max });
            row.iter_mut().for_each(|x| *x -= max);
            sums.push((max, 0.0));
        }
        let work = Exponentials(&mut *self.x);
        if T::WIDE {
            dispatch(work)
        } else {
            work.run::<false>()
        }
        for (row, (_, sum)) in self.x.chunks(self.columns).zip(&mut sums) {
            *sum = row.iter().map(|x| x.widen()).sum();
        }
        sums
    }
}

/// All rows together: ten numbers would not fill a register.
struct Exponentials<'a, T>(&'a mut [T]);

impl<T: Element> SimdKernel for Exponentials<'_, T> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.0.iter_mut().for_each(|x| *x = x.exp_below_0::<FMA>());
    }
}

/// `exp(x)` for `x ≤ 0`, to about one unit in the last place; 0 below 2⁻¹⁰⁰.
///
/// `x = n · ln 2 + r` with a whole `n`, so `exp(x) = 2ⁿ · exp(r)` with `|r| ≤ ln(2) / 2`, where six terms are enough. The
/// coefficients are Cephes' (Moshier 1989, `expf`). It has no branches, so that the compiler sees lanes.
#[inline(always)]
pub(crate) fn exp_below_0<const FMA: bool>(x: f32) -> f32 {
    const LOWEST: f32 = -69.314_72;
    /// Adding it rounds to a whole number, which then is in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const TERMS: [f32; 5] = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5];
    let mul_add = |a: f32, b: f32, c: f32| if FMA { a.mul_add(b, c) } else { a * b + c };
    let rounded = mul_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = mul_add(n, -LN_2[1], mul_add(n, -LN_2[0], x));
    let p = TERMS.iter().fold(1.987_569_1e-4, |p, &term| mul_add(p, r, term));
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23)); // 2ⁿ
    let exp = (mul_add(p, r * r, r) + 1.0) * power;
    if x < LOWEST { 0.0 } else { exp }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    #[test]
    fn exponentials_are_those_of_f64() {
        for i in 0..=1_000_000 {
            let x = -69.314 * (i as f32 / 1e6);
            let expected = f64::from(x).exp();
            for exp in [exp_below_0::<true>(x), exp_below_0::<false>(x)] {
                let error = (f64::from(exp) - expected).abs() / expected;
                assert!(error < 1.5 * f64::from(f32::EPSILON), "exp({x}) = {exp}, not {expected}");
            }
        }
        assert_eq!(exp_below_0::<true>(0.0), 1.0);
        assert_eq!((exp_below_0::<true>(-70.0), exp_below_0::<false>(f32::NEG_INFINITY)), (0.0, 0.0));
        assert!(exp_below_0::<true>(f32::NAN).is_nan() && exp_below_0::<false>(f32::NAN).is_nan());
    }

    /// By the formulas, in f64, over rows enough for several threads.
    #[test]
    fn rows_of_any_number_and_length_are_those_of_the_formula() {
        for (n, c) in
            [(0, 3), (3, 0), (1, 1), (1, 10), (5, 3), (63, 17), (ROWS, 10), (2 * ROWS + 1, 10), (9000, 33)]
        {
            let x = Array2::from_shape_fn((n, c), |(i, j)| ((i * 31 + j * 17) % 101) as f32 * 0.37 - 18.0);
            let exps = x.mapv(|x| f64::from(x).exp());
            let sums: Array1<f64> = exps.rows().into_iter().map(|row| row.sum()).collect();
            let expected = Array2::from_shape_fn((n, c), |(i, j)| f64::from(x[[i, j]]) - sums[i].ln());
            let close = |a: &Array2<f32>, b: &Array2<f64>| {
                a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < 4e-6)
            };
            assert!(close(&log_softmax(&x), &expected), "({n}, {c})");
            assert!(close(&log_softmax(&x.t().to_owned().t()), &expected), "({n}, {c}), columns in order");
            if c == 0 {
                continue;
            }
            let classes: Vec<u8> = (0..n).map(|i| (i * 7 % c) as u8).collect();
            let one_hot =
                Array2::from_shape_fn((n, c), |(i, j)| f32::from(u8::from(j == usize::from(classes[i]))));
            let (loss, grad) = cross_entropy(&x, RowTargets::Classes(&classes), 1.0);
            let of_classes: f64 = (0..n).map(|i| -expected[[i, usize::from(classes[i])]]).sum();
            assert!((loss - of_classes).abs() <= 1e-6 * of_classes, "({n}, {c}): {loss}, not {of_classes}");
            assert!(close(&grad, &(expected.mapv(f64::exp) - one_hot.mapv(f64::from))), "({n}, {c})");
            let same = cross_entropy(&x, RowTargets::Distributions(one_hot.view()), 1.0);
            assert!((same.0 - loss).abs() <= 1e-9 * loss && same.1.abs_diff_eq(&grad, 1e-7), "({n}, {c})");
        }
    }

    #[test]
    fn no_gradient_is_denormal_however_sure_the_net_is() {
        let x = Array2::from_shape_fn((64, 10), |(i, j)| if j == i % 10 { 40.0 } else { -(i as f32) });
        let classes: Vec<u8> = (0..64).map(|i| i % 10).collect();
        let (_, grad) = cross_entropy(&x, RowTargets::Classes(&classes), 1.0 / 64.0);
        assert!(grad.iter().any(|g| *g != 0.0) && grad.iter().all(|g| *g == 0.0 || g.abs() > 1e-33));
    }

    #[test]
    fn what_is_not_finite_stays_in_its_row() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let x = array![
            [0.0, nan, 1.0],
            [inf, 0.0, 0.0],
            [-inf, -inf, -inf],
            [-inf, 0.0, 0.0],
            [300.0, 0.0, -300.0]
        ];
        let out = log_softmax(&x);
        assert!(out.rows().into_iter().take(3).flatten().all(|x| x.is_nan()));
        assert_eq!(out.row(3), array![-inf, -(2.0_f32.ln()), -(2.0_f32.ln())]);
        assert_eq!(out.row(4), array![0.0, -300.0, -600.0]);
    }
}
