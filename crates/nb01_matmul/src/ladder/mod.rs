//! Matrix multiplication, one rung after the other: what does each idea buy?
//!
//! Multiplying matrices is most of what a neural net does, so the notebook writes it again and again:
//!
//! ```text
//! c[i, j] = Σₖ a[i, k] · b[k, j]          a (m, k), b (k, n), c (m, n)
//! ```
//!
//! first as the three loops of the formula, then replacing one loop after the other by an operation
//! on whole arrays. Every rung takes the same two matrices, and its result is compared with the
//! first rung's.
//!
//! | rung | what changed | the course's time for 5·784·10 |
//! |---|---|---|
//! | [`loops`] | the formula as it stands | 835 ms |
//! | [`elementwise`] | the loop over `k` became `row * column`, summed | 1.39 ms |
//! | [`broadcast`] | the loop over `j` went: a whole row of `c` at a time | 254 µs |
//! | [`einsum`](fn@einsum) | no loop is left to see, only the formula's indices | 57.2 µs |
//! | [`dot`] | a library | 18.2 µs |
//!
//! **In Rust the ladder is not monotone.** Python pays some 100 ns of interpreter for each step of a loop, so
//! every loop that moves into compiled code saves time. Here the loops are compiled already: the first rung
//! is thousands of times faster than the course's, and [`broadcast`], which fills a `(k, n)` array
//! only to add it up, *costs* time. This ladder climbs in abstraction. Speed comes from elsewhere: from the order
//! in which memory is read, and from keeping in registers what is used again.
//!
//! ```
//! use nb01_matmul::{ladder, ndarray::array, test_near};
//!
//! let (a, b) = (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]]);
//! for rung in ladder::RUNGS {
//!     test_near(&(rung.matmul)(&a, &b), &array![[140.0, 140.0], [320.0, 320.0]]);
//! }
//! ```

mod beyond;
mod table;

pub use beyond::{accumulator, ikj, packed, simd, threads, tile};
#[cfg(feature = "mkl")]
pub use kernels::blas::{blas, blas_into};
pub use table::{Row, Table, time_rungs};

use crate::ndarray::{Array2, ArrayRef2, Axis};

/// A rung of the ladder: a name, a function, and what the course measured for the same idea.
///
/// ```
/// use nb01_matmul::ladder::RUNGS;
///
/// let names: Vec<&str> = RUNGS.iter().map(|rung| rung.name).collect();
/// assert_eq!(names[..3], ["loops", "elementwise", "broadcast"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rung {
    /// What the function is called, here and in `cargo xtask call nb01 matmul --level …`.
    pub name: &'static str,
    /// `(m, k)` times `(k, n)` gives `(m, n)`.
    pub matmul: Matmul,
    /// The course's time for `(5, 784)` times `(784, 10)` in Python, in seconds.
    pub course: Option<f64>,
}

/// What every rung is: a function from two matrices to their product.
///
/// ```
/// use nb01_matmul::{ladder::{self, Matmul}, ndarray::Array2};
///
/// let rung: Matmul = ladder::loops;
/// assert_eq!(rung(&Array2::eye(2), &Array2::eye(2)), Array2::eye(2));
/// ```
pub type Matmul = fn(&ArrayRef2<f32>, &ArrayRef2<f32>) -> Array2<f32>;

/// The ladder from the bottom to the top.
///
/// ```
/// assert_eq!(nb01_matmul::ladder::RUNGS[0].course, Some(0.835));
/// ```
pub const RUNGS: &[Rung] = &[
    Rung { name: "loops", matmul: loops, course: Some(835e-3) },
    Rung { name: "elementwise", matmul: elementwise, course: Some(1.39e-3) },
    Rung { name: "broadcast", matmul: broadcast, course: Some(254e-6) },
    Rung { name: "einsum", matmul: einsum, course: Some(57.2e-6) },
    Rung { name: "dot", matmul: dot, course: Some(18.2e-6) },
    #[cfg(feature = "mkl")]
    Rung { name: "blas", matmul: blas, course: Some(18.2e-6) },
    Rung { name: "accumulator", matmul: accumulator, course: None },
    Rung { name: "ikj", matmul: ikj, course: None },
    Rung { name: "tile", matmul: tile, course: None },
    Rung { name: "simd", matmul: simd, course: None },
    Rung { name: "packed", matmul: packed, course: None },
    Rung { name: "threads", matmul: threads, course: None },
    Rung { name: "matmul", matmul: crate::matmul, course: Some(18.2e-6) },
];

/// The formula as it stands: three loops, and an index for every letter.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::loops(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn loops(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, k, n) = sizes("loops", a, b);
    let mut c = Array2::zeros((m, n));
    for i in 0..m {
        for j in 0..n {
            for k in 0..k {
                c[[i, j]] += a[[i, k]] * b[[k, j]];
            }
        }
    }
    c
}

/// The innermost loop as an elementwise operation: row `i` times column `j`, summed.
///
/// The notebook's `c[i,j] = (a[i] * b[:,j]).sum()`. It allocates a small array for each product, and `b`'s column is
/// `n` numbers apart in memory; yet the sum runs several lanes at once, which the first rung's cannot.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::elementwise(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn elementwise(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("elementwise", a, b);
    Array2::from_shape_fn((m, n), |(i, j)| (&a.row(i) * &b.column(j)).sum())
}

/// Without the loop over `j`: `a`'s row, made a column, is stretched over all columns of `b`.
///
/// The notebook's `c[i] = (a[i].unsqueeze(-1) * b).sum(dim=0)`: row `k` of `b` is scaled by `a[i, k]`, and the
/// scaled rows are added up. (The lecture's `a[i, None]` is a `(1, k)` row instead. It fails, or, where `b` is
/// square, silently computes something else; see [`broadcasting`](crate::broadcasting).)
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::broadcast(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn broadcast(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("broadcast", a, b);
    let mut c = Array2::zeros((m, n));
    for (a_row, mut c_row) in a.rows().into_iter().zip(c.rows_mut()) {
        c_row.assign(&(&a_row.insert_axis(Axis(1)) * &b.view()).sum_axis(Axis(0)));
    }
    c
}

/// The formula's indices alone: `ik,kj->ij`.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::einsum(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn einsum(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    sizes("einsum", a, b);
    crate::einsum("ik,kj->ij", &[&a, &b]).expect("both are matrices, and their sizes were just compared")
}

/// A library: ndarray's `dot`, which calls the crate matrixmultiply, as `@` calls a BLAS.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::dot(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn dot(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    sizes("dot", a, b);
    a.dot(b)
}

/// `(m, k, n)`, after the notebook's `assert ac == br`.
#[track_caller]
fn sizes(rung: &str, a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> (usize, usize, usize) {
    let ((m, ac), (br, n)) = (a.dim(), b.dim());
    assert!(
        ac == br,
        "{rung}: ({m}, {ac}) times ({br}, {n}): a has {ac} columns and b has {br} rows, which must be equal; \
         is one of them transposed? (a.t(), b.t())"
    );
    (m, ac, n)
}
