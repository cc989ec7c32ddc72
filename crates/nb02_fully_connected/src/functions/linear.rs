//! `lin` and its gradient, which the lesson writes three times.
//!
//! A linear layer gives each of its `nh` outputs a weighted sum of its `m` inputs, plus a bias:
//!
//! ```text
//! out = inp @ w + b                (n, m) @ (m, nh) + (nh) → (n, nh)
//!
//! inp.g = out.g @ wᵀ               (n, nh) @ (nh, m) → (n, m)
//! w.g   = inpᵀ @ out.g             (m, n) @ (n, nh)  → (m, nh)
//! b.g   = out.g summed over rows   (nh)
//! ```
//!
//! The shapes almost determine these formulas: there is only one way to make an `(m, nh)` from an `(n, m)` and
//! an `(n, nh)`. Why a *sum* over the rows: all rows of the batch used the same weights, so their gradients
//! add up. (`b.g` is a plain sum, and accumulated in `f64`; `w.g` is a product of matrices, in the arithmetic of
//! `matmul`.)
//!
//! The notebook arrives at `inpᵀ @ out.g` in three steps. All three are here and give the same numbers:
//!
//! | | `w.g` | the course's whole `model.backward()`, 50,000 rows |
//! |---|---|---|
//! | [`lin_grad_outer`] | every row's outer product `(n, m, nh)`, then the sum over `n` | 3.4 s |
//! | [`lin_grad_einsum`] | `einsum("bi,bj->ij", inp, out.g)` | 140 ms |
//! | [`lin_grad`] | `inp.t() @ out.g` | 140 ms |
//!
//! (Both layers and the ReLU are in those times; the first layer's `lin_grad` is most of them.)
//!
//! It is not einsum that makes the second form fast: the first writes 7.84 GB into memory only to add them up, and the
//! other two do not.
//!
//! ```
//! use nb02_fully_connected::{functions::linear::*, ndarray::array};
//!
//! let (inp, w, b) = (array![[1.0, 2.0]], array![[3.0], [4.0]], array![0.5]);
//! assert_eq!(lin(&inp, &w, &b), array![[11.5]]);
//!
//! let grad = lin_grad(&inp, &w, &array![[10.0]]);
//! assert_eq!(grad.inp, array![[30.0, 40.0]]);
//! assert_eq!(grad.w, array![[10.0], [20.0]]);
//! assert_eq!(grad.b, array![10.0]);
//! ```

use super::check_shapes;
use crate::kernels::par;
use crate::{Element, einsum, matmul, matmul::affine, unsqueeze};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

/// `x @ w + b`: `(n, m)` → `(n, nh)`.
///
/// # Panics
/// At the caller's line unless `w` is `(m, nh)` and `b` is `(nh)`.
///
/// ```
/// use nb02_fully_connected::{lin, ndarray::array};
///
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(lin(&x, &array![[1.0, 0.0], [0.0, 10.0]], &array![0.5, 0.5]), array![[1.5, 20.5], [3.5, 40.5]]);
/// ```
#[track_caller]
pub fn lin<T: Element>(x: &ArrayRef2<T>, w: &ArrayRef2<T>, b: &ArrayRef1<T>) -> Array2<T> {
    check_lin("lin", x, w, b);
    affine(x, w, b) // matmul(x, w) + b, the bias added while each sum is still in a register
}

/// What [`lin_grad`] returns: a gradient for each of [`lin`]'s three arguments, and of its shape.
///
/// ```
/// use nb02_fully_connected::{LinGrad, lin_grad, ndarray::array};
///
/// let LinGrad { inp, w, b } = lin_grad(&array![[2.0]], &array![[3.0]], &array![[1.0]]);
/// assert_eq!((inp, w, b), (array![[3.0]], array![[2.0]], array![1.0]));
/// ```
#[derive(Clone, Debug)]
pub struct LinGrad<T = f32> {
    /// `(n, m)`: for the layer before.
    pub inp: Array2<T>,
    /// `(m, nh)`.
    pub w: Array2<T>,
    /// `(nh)`.
    pub b: Array1<T>,
}

/// The gradient of [`lin`], by two matrix products: `out_g @ w.t()` and `inp.t() @ out_g`.
///
/// Neither transpose copies anything.
/// A batch of no rows gives an empty `inp` and zeros for `w` and `b`.
///
/// # Panics
/// At the caller's line unless `inp` is `(n, m)`, `w` is `(m, nh)` and `out_g` is `(n, nh)`.
///
/// ```
/// use nb02_fully_connected::{lin_grad, ndarray::array};
///
/// let grad = lin_grad(&array![[1.0, 2.0], [3.0, 4.0]], &array![[1.0], [1.0]], &array![[1.0], [10.0]]);
/// assert_eq!(grad.w, array![[31.0], [42.0]]); // both rows pull at the same weights
/// assert_eq!(grad.b, array![11.0]);
/// ```
#[track_caller]
pub fn lin_grad<T: Element>(inp: &ArrayRef2<T>, w: &ArrayRef2<T>, out_g: &ArrayRef2<T>) -> LinGrad<T> {
    check_lin_grad("lin_grad", inp, ("w", w), out_g);
    let (w_g, b_g) = lin_param_grads(inp, out_g);
    LinGrad { inp: matmul(out_g, &w.t()), w: w_g, b: b_g }
}

/// The part of [`lin_grad`] that training needs: the gradients of `w` and `b`, without the input's.
///
/// The input's gradient costs a product as large as the forward pass, and for the first layer of a net it is
/// not needed.
///
/// # Panics
/// At the caller's line unless `inp` and `out_g` have as many rows.
///
/// ```
/// use nb02_fully_connected::{functions::linear::lin_param_grads, ndarray::array};
///
/// let (w_g, b_g) = lin_param_grads(&array![[1.0, 2.0]], &array![[10.0]]);
/// assert_eq!((w_g, b_g), (array![[10.0], [20.0]], array![10.0]));
/// ```
#[track_caller]
pub fn lin_param_grads<T: Element>(inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>) -> (Array2<T>, Array1<T>) {
    check_rows("lin_grad", inp, out_g);
    (matmul(&inp.t(), out_g), sum_rows(out_g))
}

/// The gradient of [`lin`] with `w.g` as an einsum: `"bi,bj->ij"`, the letter missing on the right is summed.
///
/// # Panics
/// As [`lin_grad`].
///
/// ```
/// use nb02_fully_connected::{functions::linear::lin_grad_einsum, lin_grad, ndarray::array};
///
/// let (inp, w, out_g) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0], [1.0]], array![[1.0], [10.0]]);
/// assert_eq!(lin_grad_einsum(&inp, &w, &out_g).w, lin_grad(&inp, &w, &out_g).w);
/// ```
#[track_caller]
pub fn lin_grad_einsum<T: Element>(inp: &ArrayRef2<T>, w: &ArrayRef2<T>, out_g: &ArrayRef2<T>) -> LinGrad<T> {
    check_lin_grad("lin_grad", inp, ("w", w), out_g);
    let w_g = einsum("bi,bj->ij", &[&inp.view(), &out_g.view()]).expect("two matrices with as many rows");
    LinGrad { inp: matmul(out_g, &w.t()), w: w_g, b: sum_rows(out_g) }
}

/// The most that [`lin_grad_outer`] will take for its intermediate: 256 MiB, or 1,711 rows of the lesson's
/// first layer.
///
/// ```
/// use nb02_fully_connected::functions::linear::{OUTER_BUDGET, outer_bytes};
///
/// assert!(outer_bytes::<f32>(1_711, 784, 50) <= OUTER_BUDGET);
/// assert!(outer_bytes::<f32>(1_712, 784, 50) > OUTER_BUDGET);
/// ```
pub const OUTER_BUDGET: usize = 256 << 20;

/// How many bytes the giant outer product `(rows, m, nh)` would take.
///
/// ```
/// use nb02_fully_connected::functions::linear::outer_bytes;
///
/// assert_eq!(outer_bytes::<f32>(50_000, 784, 50), 7_840_000_000); // the notebook's: 7.84 GB
/// ```
pub fn outer_bytes<T>(rows: usize, m: usize, nh: usize) -> usize {
    [m, nh, size_of::<T>()].into_iter().fold(rows, usize::saturating_mul)
}

/// Says that [`lin_grad_outer`] was asked for more than fits in its budget.
///
/// ```
/// use nb02_fully_connected::{functions::linear::lin_grad_outer, ndarray::Array2};
///
/// let (inp, w, out_g) = (Array2::<f32>::zeros((2_000, 784)), Array2::zeros((784, 50)), Array2::zeros((2_000, 50)));
/// let error = lin_grad_outer(&inp, &w, &out_g).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the outer product of 2000 rows, (2000, 784, 50), needs 313600000 bytes and may take 268435456: \
///      take a slice of at most 1711 rows"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[error(
    "the outer product of {rows} rows, ({rows}, {m}, {nh}), needs {bytes} bytes and may take {OUTER_BUDGET}: {}",
    hint(*fit)
)]
pub struct OuterTooLarge {
    rows: usize,
    m: usize,
    nh: usize,
    bytes: usize,
    fit: usize,
}

fn hint(fit: usize) -> String {
    match fit {
        0 => "take `lin_grad`, since not even one row's would fit".into(),
        rows => format!("take a slice of at most {rows} rows"),
    }
}

/// The gradient of [`lin`] as the notebook first writes it:
/// `w.g = (inp.unsqueeze(-1) * out.g.unsqueeze(1)).sum(0)`.
///
/// Every row's outer product is written out, `(n, m, 1) * (n, 1, nh)` → `(n, m, nh)`, only to be summed.
///
/// # Errors
/// If that would take more than [`OUTER_BUDGET`], instead of taking the machine down with it.
///
/// # Panics
/// As [`lin_grad`].
///
/// ```
/// use nb02_fully_connected::{functions::linear::lin_grad_outer, lin_grad, ndarray::array};
///
/// let (inp, w, out_g) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0], [1.0]], array![[1.0], [10.0]]);
/// assert_eq!(lin_grad_outer(&inp, &w, &out_g)?.w, lin_grad(&inp, &w, &out_g).w);
/// # Ok::<(), nb02_fully_connected::functions::linear::OuterTooLarge>(())
/// ```
#[track_caller]
pub fn lin_grad_outer<T: Element>(
    inp: &ArrayRef2<T>,
    w: &ArrayRef2<T>,
    out_g: &ArrayRef2<T>,
) -> Result<LinGrad<T>, OuterTooLarge> {
    check_lin_grad("lin_grad", inp, ("w", w), out_g);
    let (rows, m, nh) = (inp.nrows(), inp.ncols(), out_g.ncols());
    let bytes = outer_bytes::<T>(rows, m, nh);
    if bytes > OUTER_BUDGET {
        return Err(OuterTooLarge { rows, m, nh, bytes, fit: rows_that_fit::<T>(m, nh) });
    }
    Ok(LinGrad { inp: matmul(out_g, &w.t()), w: outer_summed(inp, out_g), b: sum_rows(out_g) })
}

/// How many rows of [`lin_grad_outer`] the budget allows; perhaps none.
pub(crate) fn rows_that_fit<T>(m: usize, nh: usize) -> usize {
    OUTER_BUDGET / outer_bytes::<T>(1, m, nh).max(1)
}

/// `(inp.unsqueeze(-1) * out_g.unsqueeze(1)).sum(0)`.
pub(crate) fn outer_summed<T: Element>(inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>) -> Array2<T> {
    let giant = &unsqueeze(inp, -1) * &unsqueeze(out_g, 1);
    giant.sum_axis(Axis(0))
}

/// `out_g.sum(0)`: a plain sum over the data set, so it is accumulated in `f64`.
pub(crate) fn sum_rows<T: Element>(out_g: &ArrayRef2<T>) -> Array1<T> {
    par::sum_rows(out_g)
}

/// An operand under the name that its owner gave it.
pub(crate) type Named<'a, A> = (&'a str, &'a A);

/// A panic in the name of `operation` unless it can compute `x @ w + b`.
#[track_caller]
pub(crate) fn check_lin<T>(operation: &str, x: &ArrayRef2<T>, w: &ArrayRef2<T>, b: &ArrayRef1<T>) {
    let (rows, columns) = (x.ncols() == w.nrows(), w.ncols() == b.len());
    let (x, w, b) = (("x", x.shape()), ("w", w.shape()), ("b", b.shape()));
    check_shapes(operation, rows, x, w, "the weights need a row for each of x's columns");
    check_shapes(operation, columns, w, b, "the bias needs an element for each of the weights' columns");
}

/// A panic in the name of `operation` unless `out_g` can be the gradient of `inp @ w + b`.
#[track_caller]
pub(crate) fn check_lin_grad<T>(
    operation: &str,
    inp: &ArrayRef2<T>,
    (w_name, w): Named<'_, ArrayRef2<T>>,
    out_g: &ArrayRef2<T>,
) {
    check_rows(operation, inp, out_g);
    let (inp, w, out_g) = (("inp", inp.shape()), (w_name, w.shape()), ("out_g", out_g.shape()));
    let hint = "the weights need a row for each of inp's columns";
    check_shapes(operation, inp.1[1] == w.1[0], inp, w, hint);
    let hint = "out_g needs a column for each of the weights' columns";
    check_shapes(operation, out_g.1[1] == w.1[1], out_g, w, hint);
}

#[track_caller]
fn check_rows<T>(operation: &str, inp: &ArrayRef2<T>, out_g: &ArrayRef2<T>) {
    let fits = inp.nrows() == out_g.nrows();
    let hint = "both need a row for each row of the batch";
    check_shapes(operation, fits, ("inp", inp.shape()), ("out_g", out_g.shape()), hint);
}
