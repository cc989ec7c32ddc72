//! The lesson's forward pass: many rows, few columns, a long `k` — 50,000 × 784 times 784 × 50.
//!
//! A is read once and its rows are contiguous, so packing it would only double the memory traffic of a product
//! that is nearly bound by it. B is small and stays in L2. A few rows of A are loaded into L1, every column of B passes
//! by, and meanwhile the next rows of A are prefetched: rows of 3136 bytes are not one stream to the hardware prefetcher.
//!
//! The columns rarely fill whole registers: 50 are three of 16, and two more. A fourth register would be nearly empty,
//! so what is left is done as dot products, lanes along `k`: two columns cost an eighth of a register of them. The
//! lesson's 10 columns are dot products altogether, of 32 rows at a time: see `kernel/dot.rs` for why so many.
//!
//! A few rows, a single one or a mini-batch, are dot products altogether, where the columns of B lie in order: packing it
//! would take longer than it saves.

use super::blocks::{Blocks, ranges};
use super::destination::{Destination, Shared};
use super::kernel::{Dots, Kernels, MAX_COLUMNS, MAX_ROWS, Prefetch, Strip, column_tiles};
use super::mat_ref::MatRef;
use crate::memory::with_scratch;
use crate::threads;
use std::ops::{Range, RangeInclusive};

/// Rows of A from which on it pays to pack columns of B as the kernels like them best.
const MANY: usize = 32;

/// `k` at most at a time: a few rows of A should still fit into L1.
const LONGEST: usize = 4096;

/// Rows of a batch so small that B is not packed if its columns are contiguous, and else packed by each task of [`OWN`] rows
/// for itself: what another core has just written comes more slowly from its cache than from packing it again.
const BATCH: usize = 128;
const OWN: usize = 32;

/// Rows at a time of a batch whose B is read where it lies: they come from L2, and stay in L1 for all columns.
const IN_L1: usize = 8;

/// Rows of a task: many enough that few tasks begin with rows that were not prefetched, few enough to share fairly.
const TASK: RangeInclusive<usize> = 96..=480;
const TASKS: usize = 64;

/// Steps that it takes to add up the register of a dot product. A net's last layer, 50 numbers to one, has four steps and
/// these, where a tile would have 50 with a register of which one lane counts.
const ADDED_UP: usize = 8;

/// Registers of `k` from which on a product of one whole register of columns is dot products altogether: adding up their lanes
/// costs as much for a short sum as for a long one.
const LONG: usize = 16;

/// Whether a product is of this kind: its rows are long, or at least longer than it takes without lanes along them, and B is
/// narrow; or there are few rows, and columns of B are contiguous as they are.
pub(super) fn fits(kernels: &Kernels, a: &MatRef, b: &MatRef) -> bool {
    let narrow = b.columns <= MAX_COLUMNS && a.rows >= MANY;
    let long =
        a.columns >= 8 * kernels.lanes || b.columns * (a.columns / kernels.lanes + ADDED_UP) <= a.columns;
    a.rows_are_contiguous() && long && (narrow || in_place(a, b))
}

/// Whether B is read where it lies: packing it would take longer than it saves for so few rows.
fn in_place(a: &MatRef, b: &MatRef) -> bool {
    let few = a.rows < MANY || a.rows <= BATCH && b.columns <= MAX_COLUMNS;
    few && b.columns_are_contiguous()
}

/// `to` = `a · b`, for operands that [`fits`] has seen.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    for rows in ranges(b.rows, LONGEST) {
        let to = to.part(rows.start == 0, rows.end == b.rows);
        let (a, b) = (a.some_columns(&rows), b.some_rows(&rows));
        if in_place(&a, &b) {
            for columns in ranges(b.columns, MAX_COLUMNS) {
                // SAFETY: as this function's, for a part of the sums and of the columns.
                unsafe { dots_in_place(kernels, a, b, columns, to) };
            }
        } else {
            // SAFETY: as this function's, for a part of the sums.
            unsafe { with_packed(kernels, a, b, to) };
        }
    }
}

/// Some columns of a product whose B is read where it lies.
///
/// # Safety
/// That of [`product`]; the columns are B's.
unsafe fn dots_in_place(kernels: &Kernels, a: MatRef, b: MatRef, columns: Range<usize>, to: Destination) {
    let (start, to) = (b.at(0, columns.start), Shared(to.from(0, columns.start)));
    let dots = Dotted { columns: columns.len(), start, step: b.column, packed: false };
    let nothing = Whole { columns: 0, start, first: 1, width: 1, row: 0, panel: 0 };
    Tall { kernels, a, whole: nothing, dots, to }.multiply();
}

/// A product whose B is packed, once for all tasks or by each of them.
///
/// # Safety
/// That of [`product`].
unsafe fn with_packed(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let to = Shared(to);
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    if a.rows > BATCH || threads::threads_for(operations) == 1 {
        // SAFETY: as this function's.
        return unsafe { packed(kernels, a, b, to, |tall| tall.multiply()) };
    }
    let task_rows = OWN.next_multiple_of(kernels.rows);
    threads::for_each(a.rows.div_ceil(task_rows), operations, |task| {
        let rows = task * task_rows..a.rows.min((task + 1) * task_rows);
        // SAFETY: these rows are this task's.
        unsafe { packed(kernels, a, b, to, |tall| tall.task(rows)) };
    });
}

/// Packs B, and lends what is ready to run to `work`.
unsafe fn packed(kernels: &Kernels, a: MatRef, b: MatRef, to: Shared, work: impl FnOnce(&Tall<'_>)) {
    let columns = columns_in_registers(kernels, &a, b.columns);
    let blocks = Blocks::new(kernels, b.rows, LONGEST, 0..columns);
    let dotted = b.rows.next_multiple_of(kernels.lanes) * (b.columns - columns);
    let aligned = blocks.len().next_multiple_of(kernels.lanes);
    with_scratch(aligned + dotted, |packed| {
        // SAFETY: there is room for both.
        unsafe { blocks.pack(b, packed) };
        let (first, width, panel) = (blocks.first, blocks.width, (b.rows * blocks.width) as isize);
        let whole = Whole { columns, start: packed.at(0), first, width, row: width as isize, panel };
        let start = packed.at(aligned);
        // SAFETY: B has these columns, and the buffer room for them in whole registers.
        unsafe { pack_dots(kernels, b, columns..b.columns, start) };
        let dots = Dotted { columns: b.columns - columns, start, step: 0, packed: true };
        work(&Tall { kernels, a, whole, dots, to });
    });
}

/// How many columns go to whole registers; the rest, up to three quarters of one, is quicker as dot products. So are all
/// columns where a single register would be whole: a tile that narrow loads an element of A for each multiply-add.
fn columns_in_registers(kernels: &Kernels, a: &MatRef, columns: usize) -> usize {
    let (lanes, rest) = (kernels.lanes, columns % kernels.lanes);
    let whole = if rest <= lanes / 4 * 3 { columns - rest } else { columns };
    let large = a.rows > 2 * BATCH && a.columns >= LONG * lanes;
    if large && whole == lanes { 0 } else { whole }
}

/// Packs columns for dot products: tile after tile, register of `k` after register, filled up with zeros.
unsafe fn pack_dots(kernels: &Kernels, b: MatRef, columns: Range<usize>, packed: *mut f32) {
    let mut to = packed;
    for (first, width) in column_tiles(columns.len(), kernels.dot_columns) {
        for rows in ranges(b.rows, kernels.lanes) {
            for j in columns.start + first..columns.start + first + width {
                let from = b.at(rows.start, j);
                for i in 0..kernels.lanes {
                    let inside = i < rows.len();
                    // SAFETY: inside B, or zero; the buffer has whole registers for each column.
                    unsafe {
                        let from = from.wrapping_offset(b.row.wrapping_mul(i as isize));
                        to.wrapping_add(i).write(if inside { *from } else { 0.0 });
                    }
                }
                to = to.wrapping_add(kernels.lanes);
            }
        }
    }
}

/// The first columns of B, in panels of whole registers.
#[derive(Clone, Copy)]
struct Whole {
    columns: usize,
    start: *const f32,
    first: usize,
    width: usize,
    row: isize,
    panel: isize,
}

/// The other columns of B, each along `k`: packed, or `step` apart where they lie.
#[derive(Clone, Copy)]
struct Dotted {
    columns: usize,
    start: *const f32,
    step: isize,
    packed: bool,
}

/// A product ready to run.
struct Tall<'a> {
    kernels: &'a Kernels,
    a: MatRef,
    whole: Whole,
    dots: Dotted,
    to: Shared,
}

// SAFETY: several threads read A and B, which are not written to while this lives; `Shared` says why C is safe.
unsafe impl Sync for Tall<'_> {}

impl Tall<'_> {
    /// All rows; some of them are a task.
    fn multiply(&self) {
        let m = self.a.rows;
        let columns = self.whole.columns + self.dots.columns;
        let operations = 2.0 * m as f64 * self.a.columns as f64 * columns as f64;
        let fair = (m / TASKS).clamp(*TASK.start(), *TASK.end()).min(m.div_ceil(4));
        let task_rows = if self.dots.packed {
            fair.next_multiple_of(self.kernels.rows)
        } else {
            m.div_ceil(2).min(OWN).next_multiple_of(IN_L1)
        };
        threads::for_each(m.div_ceil(task_rows), operations, |task| {
            self.task(task * task_rows..m.min((task + 1) * task_rows));
        });
    }

    /// The rows of one task.
    fn task(&self, rows: Range<usize>) {
        for few in ranges(rows.len(), self.rows_at_once()) {
            // SAFETY: these rows are this task's, and the caller of `packed` promised the rest.
            unsafe { self.rows(rows.start + few.start..rows.start + few.end) };
        }
    }

    /// As many as a tile of whole registers has, or as dot products want.
    fn rows_at_once(&self) -> usize {
        if self.whole.columns > 0 {
            self.kernels.rows
        } else if self.dots.packed {
            MAX_ROWS
        } else {
            IN_L1
        }
    }

    /// Some rows: whole registers of columns first, then dot products with what those rows left in the cache.
    unsafe fn rows(&self, rows: Range<usize>) {
        if self.whole.columns > 0 {
            // SAFETY: rows of A and C that are there, as this function's caller says, and a packed B.
            unsafe { (self.kernels.strip)(&self.strip(&rows)) };
        }
        if self.dots.columns > 0 {
            // SAFETY: the same.
            unsafe { (self.kernels.dots)(&self.dots(&rows)) };
        }
    }

    fn strip(&self, rows: &Range<usize>) -> Strip {
        let b = &self.whole;
        Strip {
            rows: rows.len(),
            k: self.a.columns,
            columns: b.columns,
            first: b.first,
            width: b.width,
            a: self.a.at(rows.start, 0),
            a_row: self.a.row,
            a_column: 1,
            b: b.start,
            b_row: b.row,
            b_panel: b.panel,
            b_in_place: false,
            to: self.to.get().from(rows.start, 0),
            prefetch: self.rows_ahead(rows.end, rows.len()),
        }
    }

    fn dots(&self, rows: &Range<usize>) -> Dots {
        let b = &self.dots;
        let first = self.whole.columns == 0;
        Dots {
            rows: rows.len(),
            k: self.a.columns,
            columns: b.columns,
            a: self.a.at(rows.start, 0),
            a_row: self.a.row,
            b: b.start,
            b_column: b.step,
            b_packed: b.packed,
            to: self.to.get().from(rows.start, self.whole.columns),
            prefetch: if first { self.rows_ahead(rows.end, rows.len()) } else { Prefetch::NONE },
        }
    }

    /// The next rows, if they follow each other closely.
    fn rows_ahead(&self, row: usize, rows: usize) -> Prefetch {
        let length = self.a.columns as isize;
        if !(length..=length + 64).contains(&self.a.row) {
            return Prefetch::NONE;
        }
        let lines = (rows * self.a.row as usize).div_ceil(Prefetch::LINE);
        Prefetch { next: self.a.at(row, 0), lines, runs: 1, step: 0 }
    }
}
