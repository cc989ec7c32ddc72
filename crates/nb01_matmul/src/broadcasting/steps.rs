//! Why `c[i] = (a[i].unsqueeze(-1) * b).sum(dim=0)` is a matrix product: the homework, step by step.

use super::{BroadcastError, broadcast_shapes, expand_as, unsqueeze};
use crate::Element;
use ndarray::{Array2, ArrayRef2, ArrayView, Axis, Dimension};
use std::fmt::Write;

/// Every intermediate of `c[i] = (a[i].unsqueeze(-1) * b).sum(dim=0)`, row after row of `a`.
///
/// Row `i` of `c` is `Σ_k a[i, k] · b[k, :]`: a weighted sum of the *rows* of `b`. As a column, `a[i]` is
/// stretched along `b`'s columns, so the product scales row `k` of `b` by `a[i, k]`; the sum down axis 0
/// adds the scaled rows.
///
/// # Panics
/// At the caller's line if `a` is not `(m, k)` where `b` is `(k, n)`.
///
/// ```
/// use nb01_matmul::{broadcasting::trace_broadcast_matmul, ndarray::array};
///
/// let (a, b) = (array![[1.0, 2.0, 3.0]], array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]]);
/// assert_eq!(trace_broadcast_matmul(&a, &b), "\
/// a[0]                  (3)     [1, 2, 3]
/// a[0].unsqueeze(-1)    (3, 1)  [[1], [2], [3]]
///   stretched over b    (3, 2)  [[1, 1], [2, 2], [3, 3]]  strides [1, 0]
///   * b                 (3, 2)  [[10, 10], [40, 40], [90, 90]]
///   .sum(dim=0) = c[0]  (2)     [140, 140]
/// ");
/// ```
#[track_caller]
pub fn trace_broadcast_matmul<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>) -> String {
    let (a_shape, b_shape) = (a.shape(), b.shape());
    assert!(
        a.ncols() == b.nrows(),
        "matrix product of {a_shape:?} and {b_shape:?}: axis 1 of the first and axis 0 of the second differ"
    );
    let mut text = String::new();
    for (i, row) in a.rows().into_iter().enumerate() {
        let column = unsqueeze(&row, -1);
        let stretched = expand_as(&column, b);
        let scaled = &stretched * &b.view();
        let sum = scaled.sum_axis(Axis(0));
        let mut line = |what: &str, shape: &str, value: &str| {
            let _ = writeln!(text, "{what:<20}  {shape:<6}  {value}");
        };
        line(&format!("a[{i}]"), &shape(&row), &shown(row));
        line(&format!("a[{i}].unsqueeze(-1)"), &shape(&column), &shown(column.view()));
        let strides = format!("{}  strides {:?}", shown(stretched.view()), stretched.strides());
        line("  stretched over b", &shape(&stretched), &strides);
        line("  * b", &shape(&scaled.view()), &shown(scaled.view()));
        line(&format!("  .sum(dim=0) = c[{i}]"), &shape(&sum.view()), &shown(sum.view()));
    }
    text
}

/// PyTorch's way to write a shape: `(3, 1)`.
fn shape<T, D: Dimension>(a: &ArrayView<'_, T, D>) -> String {
    let sizes: Vec<String> = a.shape().iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}

/// The values in one line.
fn shown<T: Element, D: Dimension>(a: ArrayView<'_, T, D>) -> String {
    a.to_string().replace(['\n', ' '], "").replace(',', ", ")
}

/// The lecture's first version: `c[i] = (a[i, None] * b).sum(dim=0)`. **It is wrong**, as the
/// course's errata say: `a[i, None]` is a row, `(1, k)`, so `k` meets the *columns* of `b`.
///
/// For the lesson's shapes that is an error. For a square `b` it is worse, a wrong answer in silence:
/// `a[i, j] · Σ_k b[k, j]`. Right is `a[i, :, None]`, which is `a[i].unsqueeze(-1)`.
///
/// # Errors
/// [`BroadcastError`] unless `b` has as many columns as `a` (or either has one).
///
/// ```
/// use nb01_matmul::{broadcasting::lecture_slip, matmul, ndarray::{Array2, array}};
///
/// assert!(lecture_slip(&Array2::<f32>::zeros((5, 784)), &Array2::zeros((784, 10))).is_err());
///
/// let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 1.0], [10.0, 10.0]]);
/// assert_eq!(matmul(&a, &b), array![[21.0, 21.0], [43.0, 43.0]]);
/// assert_eq!(lecture_slip(&a, &b)?, array![[11.0, 22.0], [33.0, 44.0]]); // no error, no product
/// # Ok::<(), nb01_matmul::BroadcastError>(())
/// ```
pub fn lecture_slip<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>) -> Result<Array2<T>, BroadcastError> {
    let columns = broadcast_shapes(&[&[1, a.ncols()], b.shape()])?[1];
    let mut c = Array2::zeros((a.nrows(), columns));
    for (row, mut out) in a.rows().into_iter().zip(c.rows_mut()) {
        out.assign(&(&unsqueeze(&row, 0) * &b.view()).sum_axis(Axis(0)));
    }
    Ok(c)
}
