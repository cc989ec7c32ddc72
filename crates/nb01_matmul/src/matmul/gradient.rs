//! The weights' gradient: `xᵀ @ g`, a long sum over the rows of two matrices — 784 × 50,000 times 50,000 × 50.
//!
//! The result is small, the sum is long, and both operands are read once, row after row, where they lie: row p of x
//! times row p of g is an outer product, and C is the sum of 50,000 of them. Lanes lie along the longer side of C; if that
//! is its first (784 numbers of x), then C is computed transposed.
//!
//! The sum over the rows is cut into a few *parts*, always the same ones for the same shape. Each adds up in memory of its
//! own, up to [`DEPTH`] rows at a time, which come from memory while the ones before are at work; at the end the parts
//! are added, in order. So threads never wait for each other, and their number cannot change a bit of the result.

use super::blocked::{Shared, ranges};
use super::element::Element;
use super::kernel::{Ahead, Destination, Kernels, Strip};
use super::memory::{Scratch, with_scratch};
use super::operand::Operand;
use super::threads;

/// Rows at a time, at most: 256 rows of 784 numbers are 800 KB, which stay in the second cache. The sums, too large for
/// the first one, come and go once in that time.
const DEPTH: usize = 256;

/// Parts at most, a number that 2, 3, 4, 6, 8 and 12 threads can share evenly; and rows in a part at least.
const PARTS: usize = 24;
const ROWS: usize = 1024;

/// Columns of sums that are added up at a time: four cache lines.
const TOTALS: usize = 64;

/// Numbers in C at most: a part's sums must stay near, too.
const SMALL: usize = 1 << 17;

/// Whether a product is of this kind.
pub(super) fn fits<T>(a: &Operand<T>, b: &Operand<T>) -> bool {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    k >= 2 * ROWS
        && k >= 4 * m.max(n)
        && m * n <= SMALL
        && a.columns_are_contiguous()
        && b.rows_are_contiguous()
}

/// `to` = `a · b`, for operands that [`fits`] has seen.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product<T: Element>(
    kernels: &Kernels<T>,
    a: Operand<T>,
    b: Operand<T>,
    to: Destination<T>,
) {
    let transposed = a.rows > b.columns;
    let (short, long) = if transposed { (b.t(), a.t()) } else { (a, b) };
    let part_rows = short.columns.div_ceil(PARTS).max(ROWS);
    let parts = short.columns.div_ceil(part_rows);
    let depth = part_rows.div_ceil(part_rows.div_ceil(DEPTH));
    let (m, n) = (short.rows, long.columns.next_multiple_of(kernels.lanes));
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    with_scratch(parts * m * n, |sums| {
        threads::for_each(parts, operations, |part| {
            let c = Scratch::at(&sums, part * m * n);
            let (start, end) = (part * part_rows, short.columns.min((part + 1) * part_rows));
            for rows in ranges(end - start, depth) {
                let destination = plain(c, n as isize).part(rows.start == 0, true);
                let rows = start + rows.start..start + rows.end;
                // SAFETY: these sums are this part's; the rows are those of A and B.
                unsafe { add_rows(kernels, short, long, rows, destination) };
            }
        });
        // SAFETY: all parts are there, and C may be written, as this function's caller says.
        unsafe { add_parts(sums, parts, (m, n), long.columns, transposed, to) };
    });
}

fn plain<T>(c: *mut T, c_row: isize) -> Destination<T> {
    Destination { c, c_row, accumulate: false, bias: std::ptr::null(), relu_shift: None, stream: false }
}

/// Adds the outer products of a few rows to the sums of a part.
unsafe fn add_rows<T: Element>(
    kernels: &Kernels<T>,
    short: Operand<T>,
    long: Operand<T>,
    rows: std::ops::Range<usize>,
    to: Destination<T>,
) {
    // A panel of x stays in the nearest cache while all columns of g pass by.
    let panels = long.columns.div_ceil(kernels.width);
    let mut ahead = rows_ahead(&long, rows.end, rows.len(), panels);
    for columns in ranges(long.columns, kernels.width) {
        let strip = Strip {
            rows: short.rows,
            k: rows.len(),
            columns: columns.len(),
            first: kernels.width,
            width: kernels.width,
            a: short.at(0, rows.start),
            a_row: short.row,
            a_column: short.column,
            b: long.at(rows.start, columns.start),
            b_row: long.row,
            b_panel: 0,
            b_in_place: true,
            to: to.from(0, columns.start),
            ahead,
        };
        // SAFETY: rows of both operands, and sums, that are there, as this function's caller says.
        unsafe { (kernels.strip)(&strip) };
        ahead.next = ahead.next.wrapping_add(ahead.lines * Ahead::<T>::LINE);
    }
}

/// The first panel's share of the next `depth` rows, if they follow each other closely.
fn rows_ahead<T>(long: &Operand<T>, row: usize, depth: usize, panels: usize) -> Ahead<T> {
    let length = long.columns as isize;
    if !(length..=length + 64).contains(&long.row) {
        return Ahead::NONE;
    }
    let lines = (depth * long.row as usize).div_ceil(Ahead::<T>::LINE);
    Ahead { next: long.at(row, 0), lines: lines.div_ceil(panels), runs: 1, step: 0 }
}

/// Adds the parts and writes them where they belong, some columns of sums in each task: it then has rows of C for itself if
/// C is transposed, and no two threads write to the same cache line in turns.
unsafe fn add_parts<T: Element>(
    sums: Scratch<T>,
    parts: usize,
    (m, n): (usize, usize),
    columns: usize,
    transposed: bool,
    to: Destination<T>,
) {
    let to = Shared(to);
    threads::for_each(columns.div_ceil(TOTALS), (parts * m * n) as f64, |task| {
        let columns = task * TOTALS..columns.min((task + 1) * TOTALS);
        for i in 0..m {
            let mut totals = [T::zero(); TOTALS];
            let totals = &mut totals[..columns.len()];
            for part in 0..parts {
                let more = sums.at((part * m + i) * n + columns.start);
                for (j, total) in totals.iter_mut().enumerate() {
                    // SAFETY: a row of sums of each part.
                    *total += unsafe { *more.wrapping_add(j) };
                }
            }
            for (j, &total) in columns.clone().zip(&*totals) {
                let (row, column) = if transposed { (j, i) } else { (i, j) };
                // SAFETY: a number of C that is this task's.
                unsafe { finish_one(total, to.get().from(row, column)) };
            }
        }
    });
}

/// What the kernels do with a finished register, for a single number.
unsafe fn finish_one<T: Element>(mut x: T, to: Destination<T>) {
    // SAFETY: the caller's number of C, and the bias of its column.
    unsafe {
        if to.accumulate {
            x = *to.c + x;
        }
        if !to.bias.is_null() {
            x += *to.bias;
        }
        if let Some(shift) = to.relu_shift {
            x = if x < T::zero() { T::zero() } else { x } - shift;
        }
        to.c.write(x);
    }
}
