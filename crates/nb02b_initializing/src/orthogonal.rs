//! Another way out: matrices that change no length.
//!
//! Saxe, McClelland and Ganguli ([arXiv:1312.6120](https://arxiv.org/abs/1312.6120)) start with
//! orthogonal matrices, `qᵀ @ q = 1`. A random matrix divided by √n keeps the length of a vector
//! *on average*, and stretches some directions twice as much as others, so that a hundred of them
//! leave little but one direction. An orthogonal one keeps every length, exactly.
//!
//! It is made from a random matrix, column after column: subtract what lies along the columns
//! before, and make the rest 1 long (Gram and Schmidt). Doing that once loses orthogonality to
//! rounding where a column was nearly a sum of those before it; twice is enough (Giraud, Langou and
//! Rozložník, 2005).

use crate::ndarray::{Array2, ArrayRef2, ArrayView1};
use crate::{Rng, randn};

/// A random orthogonal matrix `(n, n)`: PyTorch's `init.orthogonal_`.
///
/// ```
/// use nb02b_initializing::{manual_seed, matmul, ndarray::Array2, orthogonal, test_near_norm};
///
/// let q = orthogonal(20, &mut manual_seed(0));
/// test_near_norm(&matmul(&q.t(), &q), &Array2::<f32>::eye(20), 1e-6);
/// ```
pub fn orthogonal(n: usize, rng: &mut Rng) -> Array2<f32> {
    orthonormal_columns(&randn((n, n), rng).mapv(f64::from)).mapv(|x| x as f32)
}

/// Columns of length 1 at right angles that span what the columns of `a (m, n)` span, each on the
/// side of its column: the `Q` of `a = Q @ R` with a positive diagonal of `R`.
///
/// # Panics
/// If `n > m`: there is no room for so many right angles.
#[track_caller]
pub fn orthonormal_columns(a: &ArrayRef2<f64>) -> Array2<f64> {
    let (m, n) = a.dim();
    assert!(n <= m, "orthonormal_columns: ({m}, {n}) has more columns than rows; did you mean a.t()?");
    let mut q = a.t().as_standard_layout().into_owned(); // a column is a row, and contiguous
    for j in 0..n {
        let (before, mut rest) = q.view_mut().split_at(crate::ndarray::Axis(0), j);
        let mut column = rest.row_mut(0);
        for _ in 0..2 {
            for other in before.rows() {
                let along = dot(&column.view(), &other);
                column.scaled_add(-along, &other);
            }
        }
        let length = dot(&column.view(), &column.view()).sqrt();
        column.mapv_inplace(|x| x / length);
    }
    q.reversed_axes()
}

fn dot(a: &ArrayView1<'_, f64>, b: &ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
