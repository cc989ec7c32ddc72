//! Where the lesson stops: how a library makes the same product fast, one idea a rung.
//!
//! The lesson says of BLAS that it chops the matrices into blocks that fit the cache, and calls it: MKL on a
//! processor, cuBLAS on a GPU. And it complains that a program is then limited to what BLAS can do: for
//! anything else one is back at slow loops. These rungs take the same way step by step. None of them does less arithmetic
//! than the three loops: `2·m·k·n` operations each. What changes is how often a number travels between memory
//! and the registers where arithmetic happens.
//!
//! | rung | what changed | why it helps |
//! |---|---|---|
//! | [`accumulator`] | the sum lives in a local variable | no store and load of `c[i, j]` for each product |
//! | [`ikj`] | the loops over `j` and `k` change places | neighbours in memory are used one after the other, so lanes fill |
//! | [`tile`] | a 6 × 8 piece of `c` stays in registers | each number loaded is used 6 or 8 times before it goes |
//! | [`simd`] | 6 × 16, compiled for this processor | registers of 8 or 16 numbers; multiply and add in one instruction |
//! | [`packed`] | `b` copied into panels of 16 columns | every load is from the next address |
//! | [`threads`] | rows of `c` divided among processors | there is more than one |
//!
//! [`matmul`](crate::matmul()) adds no new idea to these: it assigns registers by hand, has larger tiles, prefetches memory,
//! and has a path of its own for each shape of the lesson; see [`mod@crate::matmul`].
//!
//! ```
//! use nb01_matmul::{ladder, ndarray::array};
//!
//! let (a, b) = (array![[1.0, 2.0]], array![[3.0, 5.0], [4.0, 6.0]]);
//! assert_eq!(ladder::tile(&a, &b), ladder::loops(&a, &b));
//! ```

use super::sizes;
use crate::ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Zip};
use kernels::par::map_parts;
use kernels::simd::{SimdKernel, dispatch};

/// The three loops with the sum in a local variable.
///
/// `c[i, j] += …` asks for a load, an addition and a store every time, and the next addition waits for that
/// store; a local `sum` stays in a register. (Where it can prove that nothing else looks at `c`, an optimising compiler
/// does this to [`loops`](super::loops) too: then this rung gains nothing.) The additions still wait for each other: a
/// sum in the formula's order is a chain, and the compiler may not reorder floating-point additions by itself.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::accumulator(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn accumulator(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, k, n) = sizes("accumulator", a, b);
    let mut c = Array2::zeros((m, n));
    for i in 0..m {
        for j in 0..n {
            let mut sum = 0.0;
            for k in 0..k {
                sum += a[[i, k]] * b[[k, j]];
            }
            c[[i, j]] = sum;
        }
    }
    c
}

/// The loops in the order `i`, `k`, `j`: a multiple of `b`'s row `k` is added to `c`'s row `i`.
///
/// The arithmetic of [`broadcast`](super::broadcast) without its `(k, n)` array in between. Along `j`, `b` and `c` are
/// contiguous and the additions independent, so the compiler fills the lanes of its vector registers.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::ikj(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn ikj(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("ikj", a, b);
    let mut c = Array2::zeros((m, n));
    for (a_row, mut c_row) in a.rows().into_iter().zip(c.rows_mut()) {
        for (&a_ik, b_row) in a_row.iter().zip(b.rows()) {
            Zip::from(&mut c_row).and(b_row).for_each(|c, &b| *c += a_ik * b);
        }
    }
    c
}

/// A tile of `c` held in registers while `k` runs past it: 6 rows and 8 columns of it.
///
/// [`ikj`] loads and stores a row of `c` for every `k`. Here 48 sums stay where they are, in 12 of the 16 vector
/// registers that every x86-64 has: for each `k`, 6 numbers of `a` and 8 of `b` are loaded and 48 products added. At the
/// edges the tile is filled up with zeros, so that there is one inner loop for all of `c`.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::tile(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn tile(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("tile", a, b);
    let mut c = Array2::zeros((m, n));
    Tiles::<8, _> { a: a.view(), b: &Columns(b.view()), c: c.view_mut() }.run::<false>();
    c
}

/// The same tile, of 16 columns, compiled for the lanes that this processor has.
///
/// Until now every register held four numbers, as in 2003. With AVX2 it holds 8 and with AVX-512 16, and a
/// multiplication and the addition after it are one instruction. Not a line of the loop changes; it is compiled once
/// more, and the processor is asked which version it can run.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::simd(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn simd(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("simd", a, b);
    let mut c = Array2::zeros((m, n));
    dispatch(Tiles::<16, _> { a: a.view(), b: &Columns(b.view()), c: c.view_mut() });
    c
}

/// `b` copied once into panels: 16 columns each, one row after the other.
///
/// A tile reads 64 bytes of a row of `b` and then goes to the next row, `n` numbers away: for a wide `b` that is another
/// page of memory every time. All rows of `c` need the same columns again, so it pays to copy them together once.
/// `a` is not packed: each of its rows is contiguous along `k` already, and in the lesson's tall, thin
/// products it is read only a few times. Copying it would cost as much as a pass over the training set.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::packed(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn packed(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let (m, _, n) = sizes("packed", a, b);
    let mut c = Array2::zeros((m, n));
    dispatch(Tiles::<16, _> { a: a.view(), b: &Panels::pack(b), c: c.view_mut() });
    c
}

/// The rows of `c` divided among all processors, or as many as `NB_THREADS` allows.
///
/// No two threads write the same number, so none waits for another, and the result has the same bits for any number
/// of threads. Sharing out work takes some microseconds: for the lesson's 5·784·10 that is more than the work itself, for
/// the 50,000 rows of the training set it is nothing.
///
/// # Panics
/// If `a.ncols() != b.nrows()`.
///
/// ```
/// use nb01_matmul::{ladder, ndarray::array};
///
/// assert_eq!(ladder::threads(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn threads(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    const SHARE: usize = 16 * ROWS;
    let (m, _, n) = sizes("threads", a, b);
    let (mut c, panels) = (Array2::zeros((m, n)), Panels::pack(b));
    let shares = a.axis_chunks_iter(Axis(0), SHARE).zip(c.axis_chunks_iter_mut(Axis(0), SHARE));
    map_parts(shares, f64::INFINITY, |(a, c)| dispatch(Tiles::<16, _> { a, b: &panels, c }));
    c
}

/// Rows of `c` in a tile.
const ROWS: usize = 6;

/// A product by tiles of 6 rows and `N` columns.
struct Tiles<'a, const N: usize, B: Rows<N>> {
    a: ArrayView2<'a, f32>,
    b: &'a B,
    c: ArrayViewMut2<'a, f32>,
}

impl<const N: usize, B: Rows<N>> SimdKernel for Tiles<'_, N, B> {
    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let a = self.a.as_standard_layout();
        let rows: Vec<&[f32]> = a.rows().into_iter().filter_map(|row| row.to_slice()).collect();
        for (j, mut c) in self.c.axis_chunks_iter_mut(Axis(1), N).enumerate() {
            for (rows, mut tile) in rows.chunks(ROWS).zip(c.axis_chunks_iter_mut(Axis(0), ROWS)) {
                // Where rows are missing at the lower edge, the first one stands in, and its sums are dropped.
                let rows: [&[f32]; ROWS] = std::array::from_fn(|i| rows.get(i).copied().unwrap_or(rows[0]));
                let mut sums = [[0.0; N]; ROWS];
                for (k, b) in self.b.rows(j).enumerate() {
                    add_outer_product::<N, FMA>(&mut sums, rows.map(|row| row[k]), b);
                }
                tile.indexed_iter_mut().for_each(|((i, j), c)| *c = sums[i][j]);
            }
        }
    }
}

/// `sums[i][j] += a[i] · b[j]`: with both sizes known, the compiler keeps every sum in a register.
#[inline(always)]
fn add_outer_product<const N: usize, const FMA: bool>(
    sums: &mut [[f32; N]; ROWS],
    a: [f32; ROWS],
    b: [f32; N],
) {
    for (sums, a) in sums.iter_mut().zip(a) {
        for (sum, b) in sums.iter_mut().zip(b) {
            *sum = if FMA { a.mul_add(b, *sum) } else { *sum + a * b };
        }
    }
}

/// Where a tile finds the rows of `b`: `N` columns of each, from column `N · j` on, filled up with zeros.
trait Rows<const N: usize> {
    fn rows(&self, j: usize) -> impl Iterator<Item = [f32; N]>;
}

/// `b` as it is.
struct Columns<'a>(ArrayView2<'a, f32>);

impl<const N: usize> Rows<N> for Columns<'_> {
    #[inline(always)]
    fn rows(&self, j: usize) -> impl Iterator<Item = [f32; N]> {
        let columns = self.0.slice_axis(Axis(1), (N * j..self.0.ncols().min(N * (j + 1))).into());
        (0..columns.nrows()).map(move |k| filled(columns.index_axis(Axis(0), k)))
    }
}

/// `b` in panels of 16 columns.
struct Panels(Vec<Vec<[f32; 16]>>);

impl Panels {
    fn pack(b: &ArrayRef2<f32>) -> Self {
        let panels = b.axis_chunks_iter(Axis(1), 16);
        Self(panels.map(|panel| panel.rows().into_iter().map(filled).collect()).collect())
    }
}

impl Rows<16> for Panels {
    #[inline(always)]
    fn rows(&self, j: usize) -> impl Iterator<Item = [f32; 16]> {
        self.0[j].iter().copied()
    }
}

/// The first `N` numbers of a row, filled up with zeros.
#[inline(always)]
fn filled<const N: usize>(row: ArrayView1<'_, f32>) -> [f32; N] {
    match row.as_slice().and_then(|row| row.first_chunk()) {
        Some(whole) => *whole,
        None => std::array::from_fn(|i| row.get(i).copied().unwrap_or(0.0)),
    }
}
