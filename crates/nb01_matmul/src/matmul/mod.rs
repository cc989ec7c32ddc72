//! The product that every later stage calls.

use nb00_testing::Float;
use ndarray::{Array2, ArrayRef2, NdFloat};

/// A number that matrices hold here: `f32`, and `f64` for the checks that need it.
///
/// ```
/// use nb01_matmul::{Element, matmul, ndarray::{Array2, ArrayRef2}};
///
/// fn squared<T: Element>(a: &ArrayRef2<T>) -> Array2<T> {
///     matmul(a, a)
/// }
/// assert_eq!(squared(&Array2::<f64>::eye(3)), Array2::<f64>::eye(3));
/// ```
pub trait Element: Float + NdFloat + std::iter::Sum {}

impl Element for f32 {}
impl Element for f64 {}

/// `a @ b`: `(m, k)` times `(k, n)` gives `(m, n)`.
///
/// # Panics
/// At the caller's line if the inner sizes differ.
///
/// ```
/// use nb01_matmul::{matmul, ndarray::array};
///
/// let c = matmul(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]]);
/// assert_eq!(c, array![[140.0, 140.0], [320.0, 320.0]]);
/// ```
#[track_caller]
pub fn matmul<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>) -> Array2<T> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    matmul_into(a, b, &mut c);
    c
}

/// `a @ b`, written to `c`: `(m, k)` times `(k, n)` into `(m, n)`, whatever `c` held before.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb01_matmul::{matmul_into, ndarray::{Array2, array}};
///
/// let mut c = Array2::zeros((1, 1));
/// matmul_into(&array![[1.0, 2.0]], &array![[3.0], [4.0]], &mut c);
/// assert_eq!(c, array![[11.0]]);
/// ```
#[track_caller]
pub fn matmul_into<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>, c: &mut ArrayRef2<T>) {
    assert!(
        a.ncols() == b.nrows() && c.dim() == (a.nrows(), b.ncols()),
        "matmul: shapes {:?} and {:?} do not fit",
        a.shape(),
        b.shape()
    );
    ndarray::linalg::general_mat_mul(T::one(), a, b, T::zero(), c);
}
