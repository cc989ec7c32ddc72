//! The lesson's forward pass: many rows, few columns, a long `k` — 50,000 × 784 times 784 × 50.
//!
//! A is read once and its rows are contiguous, so packing it would only double the memory traffic of a product
//! that is nearly bound by it. B is small: it is packed once, and stays in the second cache for good. A few rows of A
//! are loaded into the first, every column of B passes by, and each pair becomes a dot product. Meanwhile the next rows
//! of A are asked for, as many cache lines as the sums leave time for: 3136 bytes from row to row are too far for the
//! processor to guess.

use super::blocked::Shared;
use super::element::Element;
use super::kernel::{Ahead, Destination, Dots, Kernels, MAX_COLUMNS, column_tiles};
use super::memory::{Scratch, with_scratch};
use super::operand::Operand;
use super::threads;

/// Rows of A from which on it pays to pack B.
const MANY: usize = 32;

/// Rows of a task: enough to make taking one cheap, few enough to share fairly.
const TASK: usize = 96;

/// Whether a product is of this kind.
pub(super) fn fits<T>(kernels: &Kernels<T>, a: &Operand<T>, b: &Operand<T>) -> bool {
    let shape = b.columns <= MAX_COLUMNS && a.columns >= 8 * kernels.lanes;
    let pays = a.rows >= MANY || b.columns_are_contiguous();
    shape && pays && a.rows_are_contiguous()
}

/// `to` = `a · b`, for operands that [`fits`] has seen.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product<T: Element>(kernels: &Kernels<T>, a: Operand<T>, b: Operand<T>, to: Destination<T>) {
    if b.columns_are_contiguous() && a.rows < MANY {
        let columns = Columns { start: b.at(0, 0), step: b.column, packed: false, count: b.columns };
        return unsafe { multiply(kernels, a, columns, to) };
    }
    let registers = a.columns.div_ceil(kernels.lanes);
    with_scratch(registers * kernels.lanes * b.columns, |packed| unsafe {
        pack(kernels, b, packed);
        let columns = Columns { start: packed.at(0), step: 0, packed: true, count: b.columns };
        multiply(kernels, a, columns, to);
    });
}

/// Where the kernel finds the columns of B: packed, or `step` apart where they lie.
#[derive(Clone, Copy)]
struct Columns<T> {
    start: *const T,
    step: isize,
    packed: bool,
    count: usize,
}

// SAFETY: several threads read the columns, and nobody writes to them while `multiply` runs.
unsafe impl<T: Sync> Sync for Columns<T> {}

/// Packs B: tile after tile, register of `k` after register, column after column, filled up with zeros.
unsafe fn pack<T: Element>(kernels: &Kernels<T>, b: Operand<T>, packed: Scratch<T>) {
    let lanes = kernels.lanes;
    let registers = b.rows.div_ceil(lanes);
    for (first, width) in column_tiles(b.columns, kernels.dot_columns) {
        let tile = first * registers * lanes;
        for r in 0..registers {
            for j in 0..width {
                for lane in 0..lanes {
                    let p = r * lanes + lane;
                    // SAFETY: inside B, or zero; the buffer holds `registers · lanes` numbers a column.
                    let x = if p < b.rows { unsafe { *b.at(p, first + j) } } else { T::zero() };
                    unsafe { packed.at(tile + (r * width + j) * lanes + lane).write(x) };
                }
            }
        }
    }
}

/// All rows of A, a few at a time, times all columns.
unsafe fn multiply<T: Element>(kernels: &Kernels<T>, a: Operand<T>, b: Columns<T>, to: Destination<T>) {
    let (to, b) = (Shared(to), &b);
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.count as f64;
    let task_rows = TASK.min(a.rows.div_ceil(4)).next_multiple_of(kernels.dot_rows);
    threads::for_each(a.rows.div_ceil(task_rows), operations, |task| {
        let end = a.rows.min((task + 1) * task_rows);
        for row in (task * task_rows..end).step_by(kernels.dot_rows) {
            let rows = kernels.dot_rows.min(end - row);
            let dots = Dots {
                rows,
                k: a.columns,
                columns: b.count,
                a: a.at(row, 0),
                a_row: a.row,
                b: b.start,
                b_column: b.step,
                b_packed: b.packed,
                to: to.get().from(row, 0),
                ahead: rows_ahead(&a, row + rows, kernels.dot_rows),
            };
            unsafe { (kernels.dots)(&dots) };
        }
    });
}

/// The next rows, if they follow each other closely.
fn rows_ahead<T>(a: &Operand<T>, row: usize, rows: usize) -> Ahead<T> {
    if a.row < a.columns as isize || a.row as usize > a.columns + 64 {
        return Ahead::NONE;
    }
    Ahead { next: a.at(row, 0), lines: (rows * a.row as usize).div_ceil(Ahead::<T>::LINE) }
}
