//! What a sum of products is, and how far from it a floating-point sum may be.
//!
//! Every number of the result is a sum of `k` products. Multiplying rounds once and each addition once more, by a
//! factor between `1 − u` and `1 + u` with `u = 2⁻²⁴`; no term passes more than `k` of them, whatever the order, so
//! (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1)
//!
//! ```text
//! |computed − exact| ≤ γₖ · Σ |a| · |b|        γₖ = k·u / (1 − k·u)
//! ```
//!
//! Adding in blocks leaves each term fewer additions to pass: those of its block, and one for each block after. That
//! is [`depth`], which stands for `k` in `matmul`'s bound. A product too small for a normal number is moreover off by
//! half of the smallest one there is, 2⁻¹⁵⁰ (and by nothing if it is fused).

use kernels::ndarray::{Array2, ArrayRef2};

/// How many roundings a term of `matmul`'s sums passes at most. Where `k` is long and the product not tiny, these are the terms of
/// a block (4096 at most, where B is narrow), the blocks after it (of 16 at least, where B is used once), and the parts that
/// are added at the end.
pub(crate) fn depth((m, k, n): (usize, usize, usize)) -> usize {
    if k <= 4096 || m * k * n <= 1 << 17 { k } else { k.min(4096 + k / 16 + 32) }
}

/// `γ` for so many roundings to 24 binary digits.
pub(crate) fn gamma(roundings: usize) -> f64 {
    let ku = roundings as f64 * f64::from(f32::EPSILON) / 2.0;
    ku / (1.0 - ku)
}

/// One sum of products as it should be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    /// In `f64`, where the product of two `f32` is exact.
    exact: f64,
    /// `Σ |a| · |b|` of the finite terms.
    size: f64,
    terms: usize,
    nan: bool,
    plus_infinity: bool,
    minus_infinity: bool,
}

impl Sum {
    /// One more term, as a product of two finite `f32` is in `f64`.
    pub(crate) fn add(&mut self, term: f64) {
        self.terms += 1;
        self.nan |= term.is_nan();
        self.plus_infinity |= term == f64::INFINITY;
        self.minus_infinity |= term == f64::NEG_INFINITY;
        if term.is_finite() {
            self.exact += term;
            self.size += term.abs();
        }
    }

    /// Whether `got` is this sum, after so many roundings of each term.
    pub(crate) fn allows(&self, got: f32, roundings: usize) -> bool {
        let got = f64::from(got);
        let overflows = self.overflows(roundings) && !got.is_finite();
        if self.nan || (self.plus_infinity && self.minus_infinity) {
            return got.is_nan();
        }
        if self.plus_infinity || self.minus_infinity {
            let infinity = if self.plus_infinity { f64::INFINITY } else { f64::NEG_INFINITY };
            return got == infinity || overflows;
        }
        (got - self.exact).abs() <= self.bound(roundings) || overflows
    }

    /// The same for `max(this sum, 0) − shift`: what rises or stays takes an interval to an interval.
    pub(crate) fn allows_relu(&self, got: f32, shift: f32, roundings: usize) -> bool {
        let clamped = |x: f64| x.max(0.0) - f64::from(shift);
        let bound = self.bound(roundings);
        let (low, high) = (clamped(self.exact - bound), clamped(self.exact + bound));
        let rounding = gamma(1) * low.abs().max(high.abs());
        let is_shift = got == -shift;
        match (self.nan || (self.plus_infinity && self.minus_infinity), self.overflows(roundings)) {
            (true, _) => got.is_nan(),
            (_, true) if !got.is_finite() || is_shift => true,
            _ if self.plus_infinity => got == f32::INFINITY,
            _ if self.minus_infinity => is_shift,
            _ => (low - rounding..=high + rounding).contains(&f64::from(got)),
        }
    }

    /// Whether somewhere on the way, in some order, the sum may have been too large for an `f32`.
    fn overflows(&self, roundings: usize) -> bool {
        self.size * (1.0 + gamma(roundings)) >= f64::from(f32::MAX)
    }

    /// The bound above, and what the sum in `f64` may be off by itself.
    fn bound(&self, roundings: usize) -> f64 {
        let terms = self.terms as f64;
        (gamma(roundings) + terms * f64::EPSILON) * self.size + terms * 2_f64.powi(-149)
    }
}

/// `a @ b`, one number after the other.
pub(crate) fn product(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<Sum> {
    let (a, b) = (a.mapv(f64::from), b.t().mapv(f64::from));
    Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| {
        let mut sum = Sum::default();
        a.row(i).iter().zip(b.row(j)).for_each(|(a, b)| sum.add(a * b));
        sum
    })
}

/// Where `c` is no such product, if anywhere.
pub(crate) fn check(c: &ArrayRef2<f32>, want: &Array2<Sum>, roundings: usize) -> Result<(), String> {
    assert_eq!(c.dim(), want.dim());
    match want.indexed_iter().find(|&(at, sum)| !sum.allows(c[at], roundings)) {
        Some((at, sum)) => Err(format!("at {at:?}: {:e}, not {sum:?} ± {:e}", c[at], sum.bound(roundings))),
        None => Ok(()),
    }
}

/// `a @ b` with about 106 binary digits, and the sum of the terms' sizes: the "Dot2" of Ogita, Rump and Oishi (2005).
pub(crate) fn product_f64(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<(f64, f64)> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let (mut sum, mut lost, mut size) = (0.0, 0.0, 0.0);
        for (&a, &b) in a.row(i).iter().zip(b.column(j)) {
            let product = a * b;
            let next = sum + product;
            let shared = next - sum;
            lost += a.mul_add(b, -product) + ((sum - (next - shared)) + (product - shared));
            (sum, size) = (next, size + product.abs());
        }
        (sum + lost, size)
    })
}
