//! `torch.allclose`, and what it looks like when it fails.

use einsum::ndarray::{ArrayRef, Dimension, Zip};
use std::fmt::Debug;

/// `|a − b| ≤ tolerance · (1 + |b|)` for every element, the shapes being equal; NaN is close to nothing.
pub(crate) fn close<A: Copy + Into<f64>, B: Copy + Into<f64>, D: Dimension>(
    a: &ArrayRef<A, D>,
    b: &ArrayRef<B, D>,
    tolerance: f64,
) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= tolerance * (1.0 + b.abs());
    a.shape() == b.shape() && Zip::from(a).and(b).all(|&a, &b| near(a.into(), b.into()))
}

#[track_caller]
pub(crate) fn assert_close<A, B, D>(a: &ArrayRef<A, D>, b: &ArrayRef<B, D>)
where
    A: Copy + Into<f64> + Debug,
    B: Copy + Into<f64> + Debug,
    D: Dimension,
{
    assert!(close(a, b, 1e-5), "{a:?}\n{b:?}");
}
