//! The weights' gradient: `xᵀ @ g`, a long sum over the rows of two matrices — 784 × 50,000 times 50,000 × 50.
//!
//! The result is small, the sum is long, and both operands are read once, row after row, where they lie: row p of x
//! times row p of g is an outer product, and C is the sum of 50,000 of them. Lanes lie along the longer side of C; if that
//! is its first (784 numbers of x), then C is computed transposed.
//!
//! The sum over the rows is cut into a few *parts*, always the same ones for the same shape. Each adds up in memory of its
//! own, up to [`DEPTH`] rows at a time, prefetched while the ones before are multiplied; at the end the parts
//! are added, in order. So threads never wait for each other, and their number cannot change a bit of the result.

use super::blocks::{even_part, ranges};
use super::destination::{Destination, Shared};
use super::kernel::{Kernels, Prefetch, Strip};
use super::mat_ref::MatRef;
use crate::memory::{Scratch, with_scratch};
use crate::threads;
use std::ops::Range;

/// Rows at a time, at most: 128 of g, 50 numbers each, stay in L1 with a panel of x. The sums, too large for L1, are loaded and
/// stored once in that time.
const DEPTH: usize = 128;

/// Parts at most, a number that 2, 3, 4, 6, 8 and 12 threads can share evenly; and rows in a part at least.
const PARTS: usize = 24;
const ROWS: usize = 1024;

/// Columns of sums that are added up at a time: four cache lines.
const TOTALS: usize = 64;

/// Numbers in C at most: a part's sums must stay near, too.
const SMALL: usize = 1 << 17;

/// Whether a product is of this kind.
pub(super) fn fits(a: &MatRef, b: &MatRef) -> bool {
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
pub(super) unsafe fn product(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let parts = Parts::new(kernels, a, b);
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    with_scratch(parts.count * parts.m * parts.n, |sums| {
        // SAFETY: each part has sums of its own.
        threads::for_each(parts.count, operations, |part| unsafe { parts.add_up(part, sums) });
        // SAFETY: all parts are there, and C may be written, as this function's caller says.
        unsafe { parts.add_together(sums, to) };
    });
}

/// The operands, turned so that lanes lie along the longer side of C, and how their rows are shared out.
struct Parts<'a> {
    kernels: &'a Kernels,
    /// `(m, k)`, the gradient mostly.
    short: MatRef,
    /// `(k, columns)`, mostly x.
    long: MatRef,
    /// Whether C is computed transposed.
    transposed: bool,
    /// Rows in a part; the last may have fewer.
    rows: usize,
    count: usize,
    /// The sums of a part: so many rows of so many numbers, whole registers.
    m: usize,
    n: usize,
}

impl<'a> Parts<'a> {
    fn new(kernels: &'a Kernels, a: MatRef, b: MatRef) -> Self {
        let transposed = a.rows > b.columns;
        let (short, long) = if transposed { (b.t(), a.t()) } else { (a, b) };
        let rows = long.rows.div_ceil(PARTS).max(ROWS);
        let (m, n) = (short.rows, long.columns.next_multiple_of(kernels.lanes));
        Self { kernels, short, long, transposed, rows, count: long.rows.div_ceil(rows), m, n }
    }

    /// Where a row of a part's sums is.
    fn place(&self, sums: Scratch, part: usize, row: usize) -> *mut f32 {
        sums.at((part * self.m + row) * self.n)
    }

    /// Adds up one part, [`DEPTH`] rows at a time.
    ///
    /// # Safety
    /// `sums` has room for all parts, and this one is the caller's alone.
    unsafe fn add_up(&self, part: usize, sums: Scratch) {
        let depth = even_part(self.rows, DEPTH);
        let (start, end) = (part * self.rows, self.long.rows.min((part + 1) * self.rows));
        for rows in ranges(end - start, depth) {
            let to =
                Destination::plain(self.place(sums, part, 0), self.n as isize).part(rows.start == 0, true);
            // SAFETY: these sums are this part's; the rows are those of both operands.
            unsafe { self.add_rows(start + rows.start..start + rows.end, to) };
        }
    }

    /// Adds the outer products of a few rows.
    ///
    /// # Safety
    /// Both operands have these rows, and `to` is `(m, n)` and the caller's alone.
    unsafe fn add_rows(&self, rows: Range<usize>, to: Destination) {
        let Self { kernels, short, long, .. } = self;
        // A panel of x stays in L1 while all columns of g pass by.
        let panels = long.columns.div_ceil(kernels.width);
        let mut prefetch = rows_ahead(long, rows.end, rows.len(), panels);
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
                prefetch,
            };
            // SAFETY: rows of both operands, and sums, that are there, as this function's caller says.
            unsafe { (kernels.strip)(&strip) };
            prefetch.next = prefetch.next.wrapping_add(prefetch.lines * Prefetch::LINE);
        }
    }

    /// Adds the parts and writes them where they belong, some columns of sums in each task: it then has rows of C for itself
    /// if C is transposed, and no two threads write to the same cache line in turns.
    ///
    /// # Safety
    /// All parts are added up, and `to` is C, as [`product`]'s caller says.
    unsafe fn add_together(&self, sums: Scratch, to: Destination) {
        let to = Shared(to);
        let (all, columns) = (self.count * self.m * self.n, self.long.columns);
        threads::for_each(columns.div_ceil(TOTALS), all as f64, |task| {
            let columns = task * TOTALS..columns.min((task + 1) * TOTALS);
            for i in 0..self.m {
                // SAFETY: all parts are there, and these numbers of C are this task's.
                unsafe {
                    let mut totals = self.totals(sums, i, &columns);
                    let totals = &mut totals[..columns.len()];
                    if self.transposed {
                        let of_column = columns.clone().zip(totals.chunks_mut(1));
                        of_column.for_each(|(j, total)| to.get().from(j, i).write(total));
                    } else {
                        to.get().from(i, columns.start).write(totals);
                    }
                }
            }
        });
    }

    /// The sums over all parts of some columns of a row, at most [`TOTALS`].
    ///
    /// # Safety
    /// All parts are added up.
    unsafe fn totals(&self, sums: Scratch, row: usize, columns: &Range<usize>) -> [f32; TOTALS] {
        let mut totals = [0.0; TOTALS];
        for part in 0..self.count {
            let more = self.place(sums, part, row).wrapping_add(columns.start);
            for (j, total) in totals[..columns.len()].iter_mut().enumerate() {
                // SAFETY: a row of sums of each part.
                *total += unsafe { *more.wrapping_add(j) };
            }
        }
        totals
    }
}

/// The first panel's share of the next `depth` rows, if they follow each other closely.
fn rows_ahead(long: &MatRef, row: usize, depth: usize, panels: usize) -> Prefetch {
    let length = long.columns as isize;
    if !(length..=length + 64).contains(&long.row) {
        return Prefetch::NONE;
    }
    let lines = (depth * long.row as usize).div_ceil(Prefetch::LINE);
    Prefetch { next: long.at(row, 0), lines: lines.div_ceil(panels), runs: 1, step: 0 }
}
