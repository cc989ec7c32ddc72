//! Rows picked from a large matrix: a batch of a shuffled data set.

use super::share;
use ndarray::{ArrayRef2, ArrayView1, ArrayViewMut2, Axis};

/// Rows that a thread takes at a time.
const ROWS: usize = 16;

/// What copying a number from memory costs, in the multiplications that threads are counted in.
const COPY: f64 = 8.0;

/// `to[i] = x[rows[i]]`: rows of `x (n, m)`, in any order, written to `to`.
///
/// # Panics
/// If `to` is not as many rows of `x`'s length, or a row is not there.
///
/// ```
/// use kernels::{ndarray::{Array2, array}, par::gather_rows};
///
/// let mut batch = Array2::zeros((2, 2));
/// gather_rows(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &[2, 0], &mut batch);
/// assert_eq!(batch, array![[5.0, 6.0], [1.0, 2.0]]);
/// ```
#[track_caller]
pub fn gather_rows(x: &ArrayRef2<f32>, rows: &[usize], to: &mut ArrayRef2<f32>) {
    let (fits, n) = (to.dim() == (rows.len(), x.ncols()), x.nrows());
    assert!(fits, "gather_rows: {} rows of x {:?} do not fit into {:?}", rows.len(), x.shape(), to.shape());
    if let Some(row) = rows.iter().find(|row| **row >= n) {
        panic!("gather_rows: there is no row {row}, x has {n}");
    }
    let operations = to.len() as f64 * COPY;
    share(to.axis_chunks_iter_mut(Axis(0), ROWS).zip(rows.chunks(ROWS)), operations, |(to, rows)| {
        copy(x, rows, to);
    });
}

/// Each row while the next one is on its way from memory: the hardware prefetcher cannot guess a shuffled order.
fn copy(x: &ArrayRef2<f32>, rows: &[usize], mut to: ArrayViewMut2<'_, f32>) {
    for (i, (mut to, &row)) in to.rows_mut().into_iter().zip(rows).enumerate() {
        if let Some(next) = rows.get(i + 1) {
            prefetch(x.row(*next));
        }
        match (x.row(row).to_slice(), to.as_slice_mut()) {
            (Some(row), Some(to)) => to.copy_from_slice(row),
            _ => to.assign(&x.row(row)),
        }
    }
}

/// Asks for every cache line of a row.
#[cfg(target_arch = "x86_64")]
fn prefetch(row: ArrayView1<'_, f32>) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    const LINE: usize = 64 / size_of::<f32>();
    for line in row.to_slice().into_iter().flat_map(|row| row.chunks(LINE)) {
        // SAFETY: a prefetch only reads ahead, and that address is there.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// Nothing to ask for: stable Rust has no prefetch here.
#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: ArrayView1<'_, f32>) {}
