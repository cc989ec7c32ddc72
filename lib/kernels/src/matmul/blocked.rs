//! Any product: B packed into panels, a strip of A beside it, a block of `k` at a time.
//!
//! ```text
//!              columns of B, a panel after the other      A strip (8 rows × 1024) takes L1;
//!              ┌───┬───┬───┬───┐                          panels of B (1024 × 48) stream past it from
//!   A strip    │   │   │   │   │  1024 of k               L2; a tile of C lives in registers, and is
//!   ▒▒▒▒▒▒  ×  │   │   │   │   │                          added to memory once for each block of k.
//!              └───┴───┴───┴───┘
//! ```
//!
//! *Packing* copies numbers into the order in which the kernel reads them, so that every load is contiguous,
//! every cache line is used whole, and the few pages involved are known to the processor. It costs a pass over the
//! operand, so it pays where the operand is used often: each panel of B by every strip of A. A strip of A is used
//! only once for each panel, and its rows are contiguous mostly; it is read where it lies, unless its strides map
//! all rows to the same few cache sets. Nor is B packed for a single strip, which uses it once.
//!
//! That is the order of Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication* (2008), with A and B
//! exchanged: the strip beside the registers is A's, and the block farther away is B's. A tile of few rows and wide panels is
//! better served by that.
//!
//! The lesson's `g @ wᵀ` is a product of this kind with `k` = 50 only: one block, and a result so large that it is
//! written with non-temporal stores.

use super::destination::{Destination, Shared};
use super::kernel::{Kernels, Panel, Prefetch, Strip};
use super::mat_ref::MatRef;
use crate::memory::{Scratch, with_scratch};
use crate::threads;
use std::ops::Range;

/// Rows of B in a block, at most. A strip of A that deep fills an L1 cache of 32 KB. The deeper it is, the less often C
/// is read and written again, and that is worth more.
const DEEPEST: usize = 1 << 10;

/// Upper bound for a packed block of B, in bytes. It should stay in L2, because every strip of A reads all of it again: from an
/// Intel Xeon's L3 that takes longer than the arithmetic.
const BLOCK_BYTES: usize = 1 << 20;

/// Numbers in the packed part of B, at most: 32 MB of `f32`.
const PACKED: usize = 8 << 20;

/// Rows of B in a block so shallow that a strip of A has [`TILES`] tiles: their panel of B then stays in L1 for all of
/// them.
const SHALLOW: usize = 128;
const TILES: usize = 4;

/// Multiply-adds of a product so small that packing B would take longer than it saves.
const TINY: usize = 1 << 17;

/// Rows of A, and numbers in B, up to which B is not packed either: L2 holds all of it.
const FEW: usize = 64;
const NEAR: usize = 1 << 17;

/// Rows in a block of a B that is used once and comes from memory: so few that it is read nearly row after row.
const PASSING: usize = 16;

/// Rows of B that are packed at a time: their pages, and a cache line of each of their columns, stay near.
const PACKED_ROWS: usize = 16;

/// Rows of A up to which each task packs what it needs of such a B for itself: what another core has just written comes
/// more slowly from its cache than from packing it again. A task has some columns, or [`OWN`] rows.
const SHARED: usize = 256;
const OWN: usize = 128;

/// Numbers in C from which on it is written with non-temporal stores: 16 MB of `f32` would not stay in cache anyway.
const STREAMED: usize = 4 << 20;

/// `to` = `a · b`.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let small = a.rows <= 2 * kernels.rows || b.columns <= kernels.lanes;
    if small && a.rows * a.columns * b.columns <= TINY && is_direct(&a) && b.rows_are_contiguous() {
        // SAFETY: as this function's; the operands are such as `direct` wants.
        return unsafe { direct(kernels, a, b, to) };
    }
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    let near = a.columns * b.columns <= NEAR;
    if b.rows_are_contiguous() && (a.rows <= kernels.rows || a.rows <= FEW && near) {
        let blocks = Blocks::new(kernels, a.columns, if near { DEEPEST } else { PASSING }, 0..b.columns);
        // SAFETY: as this function's; B has contiguous rows where it lies.
        return unsafe { blocks.multiply(a, Source::InPlace(b), to, operations) };
    }
    // Decided once, by the whole shape: decided by each task, the bits would depend on the number of threads.
    let to = Destination { stream: streams(kernels, &a, &b, &to), ..to };
    let threads = threads::threads_for(operations);
    // SAFETY: as this function's.
    unsafe {
        if threads == 1 || a.rows > SHARED || !near {
            packed(kernels, a, b, to, operations);
        } else if let Some(parts) = parts_of_columns(kernels, a.rows, b.columns, threads) {
            by_columns(kernels, a, b, to, parts, operations);
        } else {
            by_rows(kernels, a, b, to, operations);
        }
    }
}

/// Into how many parts of whole panels the columns can be cut, all of one size, for so many threads. Then the tiles of C are the
/// same as without parts, and so are its bits. None where rows are shared as evenly: a task then uses each panel more often.
fn parts_of_columns(kernels: &Kernels, rows: usize, columns: usize, threads: usize) -> Option<usize> {
    if rows.next_multiple_of(kernels.rows) == threads * own_rows(kernels) {
        return None;
    }
    (2..=threads).rev().find(|parts| columns.is_multiple_of(parts * kernels.width))
}

/// Rows of a task that packs all of B for itself: whole tiles.
fn own_rows(kernels: &Kernels) -> usize {
    OWN.next_multiple_of(kernels.rows)
}

/// Some columns are a task, which packs their part of B: none is packed twice, and each task reads all of A.
///
/// # Safety
/// As [`product`]'s.
unsafe fn by_columns(
    kernels: &Kernels,
    a: MatRef,
    b: MatRef,
    to: Destination,
    parts: usize,
    operations: f64,
) {
    let (to, task_columns) = (Shared(to), b.columns / parts);
    threads::for_each(parts, operations, |task| {
        let columns = task * task_columns..(task + 1) * task_columns;
        let to = to.get().from(0, columns.start);
        // SAFETY: these columns are this task's.
        unsafe { packed(kernels, a, b.some_columns(&columns), to, 0.0) };
    });
}

/// Some rows are a task, which packs all of B for itself.
///
/// # Safety
/// As [`product`]'s.
unsafe fn by_rows(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination, operations: f64) {
    let (to, task_rows) = (Shared(to), own_rows(kernels));
    threads::for_each(a.rows.div_ceil(task_rows), operations, |task| {
        let rows = task * task_rows..a.rows.min((task + 1) * task_rows);
        // SAFETY: these rows are this task's.
        unsafe { packed(kernels, a.some_rows(&rows), b, to.get().from(rows.start, 0), 0.0) };
    });
}

/// `to` = `a · b` with B packed, as much of it at a time as there is room for, on as many threads as `operations` are worth.
///
/// # Safety
/// As [`product`]'s.
unsafe fn packed(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination, operations: f64) {
    let k = a.columns;
    let rows_at_once = k.clamp(1, PACKED / kernels.width);
    let columns_at_once = columns_at_once(kernels, rows_at_once, b.columns);
    for p in (0..k.max(1)).step_by(rows_at_once) {
        let rows = p..k.min(p + rows_at_once);
        let to = to.part(p == 0, rows.end == k);
        let (a, b) = (a.some_columns(&rows), b.some_rows(&rows));
        for columns in ranges(b.columns, columns_at_once) {
            let blocks = Blocks::new(kernels, rows.len(), DEEPEST, columns);
            let blocks = if to.stream { blocks.aligned_to(to.c) } else { blocks };
            // SAFETY: as this function's, for these columns and this part of the sums; `packed` has room for the blocks.
            with_scratch(blocks.len(), |packed| unsafe {
                blocks.pack(b, packed);
                blocks.multiply(a, Source::Packed(packed), to, operations);
            });
        }
    }
}

/// Columns of B that are packed at a time, so many rows of each: a number of whole panels.
fn columns_at_once(kernels: &Kernels, rows: usize, columns: usize) -> usize {
    let room_in_buffer = PACKED / rows;
    let room_in_caches = BLOCK_BYTES / size_of::<f32>() / rows.min(DEEPEST);
    let panels = room_in_buffer.min(room_in_caches) / kernels.width;
    debug_assert!(panels > 0, "a panel of the deepest block has room in both");
    even_part(columns, panels * kernels.width).next_multiple_of(kernels.width)
}

/// Whether the kernel can read A where it lies.
fn is_direct(a: &MatRef) -> bool {
    a.rows_are_contiguous() || a.columns_are_contiguous()
}

/// Whether C is written with non-temporal stores: it is large, written once, and its rows are aligned alike.
fn streams(kernels: &Kernels, a: &MatRef, b: &MatRef, to: &Destination) -> bool {
    let alike = to.c_row.unsigned_abs().is_multiple_of(kernels.lanes);
    alike && !to.accumulate && a.columns <= DEEPEST && a.rows * b.columns >= STREAMED
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

/// A product of a few thousand numbers: no packing, no memory, no threads.
///
/// # Safety
/// As [`product`]'s; a register of B's rows, and A along its rows or columns, is contiguous.
unsafe fn direct(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    for rows in ranges(a.rows, kernels.rows) {
        let strip = Strip {
            rows: rows.len(),
            k: a.columns,
            columns: b.columns,
            a: a.at(rows.start, 0),
            a_row: a.row,
            a_column: a.column,
            b: b.at(0, 0),
            b_row: b.row,
            b_panel: 0,
            b_in_place: true,
            first: kernels.width,
            width: kernels.width,
            to: to.from(rows.start, 0),
            prefetch: Prefetch::NONE,
        };
        // SAFETY: rows of A, B and C that are there, as this function's caller says.
        unsafe { (kernels.strip)(&strip) };
    }
}

/// Where B is read.
#[derive(Clone, Copy)]
enum Source {
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
    fn aligned_to(self, c: *const f32) -> Self {
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
    /// As [`product`]'s, for these columns of B, which lie where `b` says.
    unsafe fn multiply(&self, a: MatRef, b: Source, to: Destination, operations: f64) {
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
