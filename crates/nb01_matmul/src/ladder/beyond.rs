//! Where the lesson stops: how a library makes the same product fast, one idea a rung.
//!
//! The notebook says of BLAS that it chops the matrices into blocks that fit the cache, and calls it. These
//! rungs go there on foot. None of them does less arithmetic than the three loops: `2·m·k·n` operations each. What
//! changes is how often a number travels between memory and the registers where arithmetic happens.
//!
//! | rung | what changed | why it helps |
//! |---|---|---|
//! | [`accumulator`] | the sum lives in a local variable | no store and load of `c[i, j]` for each product |
//! | [`ikj`] | the loops over `j` and `k` change places | neighbours in memory are used one after the other, so lanes fill |
//! | [`tile`] | a 6 × 8 piece of `c` stays in registers | each number loaded is used 6 or 8 times before it goes |
//!
//! ```
//! use nb01_matmul::{ladder, ndarray::array};
//!
//! let (a, b) = (array![[1.0, 2.0]], array![[3.0, 5.0], [4.0, 6.0]]);
//! assert_eq!(ladder::tile(&a, &b), ladder::loops(&a, &b));
//! ```

use super::sizes;
use crate::ndarray::{Array2, ArrayRef2, ArrayView1, Axis, Zip};

/// The three loops with the sum in a local variable.
///
/// `c[i, j] += …` asks for a load, an addition and a store every time, and the next addition waits for that
/// store; a local `sum` stays in a register. (Where it can prove that nothing else looks at `c`, an optimising compiler
/// does this to [`loops`](super::loops) too: then this rung gains nothing.) The additions still wait for each other: a
/// sum in the formula's order is a chain, and the compiler may not reorder floating-point additions by itself.
///
/// # Panics
/// At the caller's line if `a` has not as many columns as `b` has rows.
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
/// At the caller's line if `a` has not as many columns as `b` has rows.
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

const ROWS: usize = 6;
const COLUMNS: usize = 8;

/// A 6 × 8 tile of `c` held in registers while `k` runs past it.
///
/// [`ikj`] loads and stores a row of `c` for every `k`. Here 48 sums stay where they are, in 12 of the 16 vector
/// registers that every x86-64 has: for each `k`, 6 numbers of `a` and 8 of `b` are loaded and 48 products added. At the
/// edges the tile is filled up with zeros, so that there is one inner loop for all of `c`.
///
/// # Panics
/// At the caller's line if `a` has not as many columns as `b` has rows.
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
    for (a_rows, mut c_rows) in a.axis_chunks_iter(Axis(0), ROWS).zip(c.axis_chunks_iter_mut(Axis(0), ROWS)) {
        for (b_columns, mut tile) in
            b.axis_chunks_iter(Axis(1), COLUMNS).zip(c_rows.axis_chunks_iter_mut(Axis(1), COLUMNS))
        {
            let mut sums = [[0.0; COLUMNS]; ROWS];
            for (a_column, b_row) in a_rows.columns().into_iter().zip(b_columns.rows()) {
                add_outer_product(&mut sums, filled(a_column), filled(b_row));
            }
            tile.indexed_iter_mut().for_each(|((i, j), c)| *c = sums[i][j]);
        }
    }
    c
}

/// `sums[i][j] += a[i] · b[j]`: with both sizes known, the compiler keeps every sum in a register.
fn add_outer_product(sums: &mut [[f32; COLUMNS]; ROWS], a: [f32; ROWS], b: [f32; COLUMNS]) {
    for (sums, a) in sums.iter_mut().zip(a) {
        sums.iter_mut().zip(b).for_each(|(sum, b)| *sum += a * b);
    }
}

/// The numbers of a row or column, filled up with zeros to `N`.
fn filled<const N: usize>(numbers: ArrayView1<'_, f32>) -> [f32; N] {
    match numbers.as_slice().and_then(|numbers| numbers.first_chunk()) {
        Some(whole) => *whole,
        None => std::array::from_fn(|i| numbers.get(i).copied().unwrap_or(0.0)),
    }
}
