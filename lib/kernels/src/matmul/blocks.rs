//! How a block of B lies when it is packed, panel after panel, and how the strips of A pass it.

use super::destination::{Destination, Shared};
use super::kernel::{Kernels, Panel, Prefetch, Strip};
use super::mat_ref::MatRef;
use crate::memory::{Scratch, with_scratch};
use crate::threads;
use std::ops::Range;

/// Rows of B in a block so shallow that a strip of A has [`TILES`] tiles: their panel of B then stays in L1 for all of
/// them.
const SHALLOW: usize = 128;
const TILES: usize = 4;

/// Rows of B that are packed at a time: their pages, and a cache line of each of their columns, stay near.
const PACKED_ROWS: usize = 16;

/// Where B is read.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// From a buffer, where [`Blocks::pack`] put it.
    Packed(Scratch),
    /// Where it lies; its rows are contiguous.
    InPlace(MatRef),
}

/// How some columns of B lie when packed: block of `k` after block, panel after panel, row after row.
pub(super) struct Blocks<'a> {
    kernels: &'a Kernels,
    k: usize,
    /// Rows of B in a block; the last may have fewer.
    depth: usize,
    columns: Range<usize>,
    /// Columns of the first panel: fewer where the second begins at an aligned address of C only so, or where the last
    /// would have a single register.
    pub(super) first: usize,
    /// Columns of a panel; the last may have fewer, and is filled up with zeros.
    pub(super) width: usize,
    panels: usize,
}

impl<'a> Blocks<'a> {
    /// Blocks for `columns` of a B with `k` rows, at most `deepest` in a block.
    pub(super) fn new(kernels: &'a Kernels, k: usize, deepest: usize, columns: Range<usize>) -> Self {
        let depth = even_part(k, deepest);
        let width =
            even_part(columns.len().div_ceil(kernels.lanes), kernels.width / kernels.lanes) * kernels.lanes;
        // A last panel of one register would wait for its loads, so the first lends it one.
        let (registers, most) = (columns.len().div_ceil(kernels.lanes), width / kernels.lanes);
        let lends = registers > most && most > 2 && registers % most == 1;
        let first = if lends { width - kernels.lanes } else { width };
        let panels = columns.len().div_ceil(width);
        Self { kernels, k, depth, columns, first, width, panels }
    }

    /// The same, with the panels after the first aligned for a C that starts at `c`.
    pub(super) fn aligned_to(self, c: *const f32) -> Self {
        let beyond = c as usize / size_of::<f32>() % self.kernels.lanes;
        let panels = (self.columns.len() + beyond).div_ceil(self.width);
        Self { first: self.width - beyond, panels, ..self }
    }

    /// Numbers in all.
    pub(super) fn len(&self) -> usize {
        self.k * self.panels * self.width
    }

    /// Where a panel of the block that starts at row `p` of B begins, if that block has `depth` rows.
    fn panel(&self, p: usize, depth: usize, panel: usize) -> usize {
        (p * self.panels + panel * depth) * self.width
    }

    /// Packs B; a few of its rows are a task.
    ///
    /// # Safety
    /// B has the columns and rows that this was made for, and `packed` as many numbers as `len` says.
    pub(super) unsafe fn pack(&self, b: MatRef, packed: Scratch) {
        for block in ranges(self.k, self.depth) {
            threads::for_each(block.len().div_ceil(PACKED_ROWS), self.len() as f64, |task| {
                let start = block.start + task * PACKED_ROWS;
                let rows = start..block.end.min(start + PACKED_ROWS);
                for panel in 0..self.panels {
                    let skipped = (start - block.start) * self.width;
                    let to = packed.at(self.panel(block.start, block.len(), panel) + skipped);
                    // SAFETY: B has these rows and columns, and no other task writes them.
                    unsafe { self.pack_rows(b, rows.clone(), panel, to) };
                }
            });
        }
    }

    /// A few rows of one panel; the caller is [`pack`](Self::pack).
    unsafe fn pack_rows(&self, b: MatRef, rows: Range<usize>, panel: usize, to: *mut f32) {
        let start = if panel == 0 { 0 } else { self.first + (panel - 1) * self.width };
        let end = self.columns.len().min(self.first + panel * self.width);
        let b = b.some_rows(&rows).some_columns(&(self.columns.start + start..self.columns.start + end));
        let panel = Panel {
            rows: b.rows,
            columns: b.columns,
            from: b.at(0, 0),
            from_row: b.row,
            from_column: b.column,
            to,
            width: self.width,
        };
        // SAFETY: the rows and columns are B's, and the buffer has room for them, as this function's caller says.
        unsafe { (self.kernels.copy)(&panel) }
    }

    /// `a` times this part of B, a block of `k` after the other, so that the block stays near; a few strips of rows
    /// are a task.
    ///
    /// # Safety
    /// `to` is a matrix that may be written, as large as A's rows by B's columns, and overlaps neither operand; these columns
    /// of B lie where `b` says.
    pub(super) unsafe fn multiply(&self, a: MatRef, b: Source, to: Destination, operations: f64) {
        let most = if self.depth <= SHALLOW { TILES * self.kernels.rows } else { self.kernels.rows };
        let task_rows = (a.rows / 32).next_multiple_of(most).clamp(most, 8 * most);
        let to = Shared(to);
        for p in (0..self.k.max(1)).step_by(self.depth) {
            let block = p..self.k.min(p + self.depth);
            threads::for_each(a.rows.div_ceil(task_rows), operations, |task| {
                let end = a.rows.min((task + 1) * task_rows);
                with_scratch(most * (self.depth + 48), |buffer| {
                    for row in (task * task_rows..end).step_by(most) {
                        let rows = row..end.min(row + most);
                        // SAFETY: these rows are this task's.
                        unsafe { self.strip(a, rows, block.clone(), b, to.get(), buffer) };
                    }
                });
            });
        }
    }

    /// One strip of A times one block of B.
    ///
    /// # Safety
    /// As [`multiply`](Self::multiply)'s, and no other thread has these rows of C; `buffer` has room for the strip.
    unsafe fn strip(
        &self,
        a: MatRef,
        rows: Range<usize>,
        block: Range<usize>,
        source: Source,
        to: Destination,
        buffer: Scratch,
    ) {
        let (b, b_row, b_panel) = match source {
            Source::Packed(packed) => {
                let start = packed.at(self.panel(block.start, block.len(), 0)).cast_const();
                (start, self.width as isize, (block.len() * self.width) as isize)
            }
            Source::InPlace(b) => (b.at(block.start, self.columns.start), b.row, 0),
        };
        // SAFETY: `buffer` has room for a strip of such rows and its gaps.
        let (start, a_row, a_column) = unsafe { strip_of_a(&a, &rows, &block, buffer) };
        let strip = Strip {
            rows: rows.len(),
            k: block.len(),
            columns: self.columns.len(),
            a: start,
            a_row,
            a_column,
            b,
            b_row,
            b_panel,
            b_in_place: matches!(source, Source::InPlace(_)),
            first: self.first,
            width: self.width,
            to: to.from(rows.start, self.columns.start).part(block.start == 0, block.end == self.k),
            prefetch: strip_ahead(&a, &rows, &block),
        };
        // SAFETY: the strip is made of rows of A and C and of a block of B that are there.
        unsafe { (self.kernels.strip)(&strip) };
    }
}

/// Where the kernel finds some rows of A, and how far it is to the next row and column.
unsafe fn strip_of_a(
    a: &MatRef,
    rows: &Range<usize>,
    block: &Range<usize>,
    buffer: Scratch,
) -> (*const f32, isize, isize) {
    let start = a.at(rows.start, block.start);
    if a.rows_are_contiguous() && !collides(a.row, size_of::<f32>()) {
        return (start, a.row, 1);
    }
    if a.columns_are_contiguous() && !collides(a.column, size_of::<f32>()) {
        return (start, 1, a.column);
    }
    if a.columns_are_contiguous() {
        for (i, p) in block.clone().enumerate() {
            let to = buffer.at(i * rows.len());
            // SAFETY: columns of A that are there, to a buffer that has room for them.
            unsafe { copy_run(a.at(rows.start, p), 1, rows.len(), to) };
        }
        return (buffer.at(0), 1, rows.len() as isize);
    }
    // Not a multiple of 2048 bytes apart, or the rows would collide here, too.
    let step = block.len().next_multiple_of(16) + 16;
    let step = if collides(step as isize, size_of::<f32>()) { step + 16 } else { step };
    for (i, row) in rows.clone().enumerate() {
        // SAFETY: rows of A that are there, to a buffer that has room for them.
        unsafe { copy_run(a.at(row, block.start), a.column, block.len(), buffer.at(i * step)) };
    }
    (buffer.at(0), step as isize, 1)
}

/// The next strip of A, if each of its rows is a run of numbers.
fn strip_ahead(a: &MatRef, rows: &Range<usize>, block: &Range<usize>) -> Prefetch {
    if !a.rows_are_contiguous() {
        return Prefetch::NONE;
    }
    let lines = block.len().div_ceil(Prefetch::LINE);
    Prefetch { next: a.at(rows.end, block.start), lines, runs: rows.len(), step: a.row }
}

/// Whether lines this far apart fall into so few cache sets that they evict each other.
fn collides(step: isize, size: usize) -> bool {
    step.unsigned_abs().wrapping_mul(size).is_multiple_of(2048)
}

/// Copies `len` numbers that are `step` apart.
unsafe fn copy_run(from: *const f32, step: isize, len: usize, to: *mut f32) {
    // SAFETY: `len` numbers can be read and written, as the callers say.
    unsafe {
        if step == 1 && len.is_multiple_of(16) {
            // Sixteen at a time, since a call of `memcpy` for each row would take longer than the copy.
            for i in (0..len).step_by(16) {
                to.wrapping_add(i).cast::<[f32; 16]>().write(from.wrapping_add(i).cast::<[f32; 16]>().read());
            }
        } else if step == 1 {
            std::ptr::copy_nonoverlapping(from, to, len);
        } else {
            for i in 0..len {
                to.wrapping_add(i).write(*from.wrapping_offset(step.wrapping_mul(i as isize)));
            }
        }
    }
}

/// The length of the parts of `n`, at most `most` each, if all are about as long.
pub(super) fn even_part(n: usize, most: usize) -> usize {
    n.div_ceil(n.div_ceil(most).max(1)).max(1)
}

/// `0..n` cut into ranges of at most `len`.
pub(super) fn ranges(n: usize, len: usize) -> impl Iterator<Item = Range<usize>> {
    let len = len.max(1);
    (0..n).step_by(len).map(move |start| start..n.min(start + len))
}
