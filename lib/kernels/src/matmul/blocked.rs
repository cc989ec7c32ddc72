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
//! better served by that. How a block lies and how strips pass it is in `blocks.rs`; here is decided what is cut where.
//!
//! The lesson's `g @ wᵀ` is a product of this kind with `k` = 50 only: one block, and a result so large that it is
//! written with non-temporal stores.

use super::blocks::{Blocks, Source, even_part, ranges};
use super::destination::{Destination, Shared};
use super::kernel::{Kernels, Prefetch, Strip};
use super::mat_ref::MatRef;
use crate::memory::with_scratch;
use crate::threads;

/// Rows of B in a block, at most. A strip of A that deep fills an L1 cache of 32 KB. The deeper it is, the less often C
/// is read and written again, and that is worth more.
const DEEPEST: usize = 1 << 10;

/// Upper bound for a packed block of B, in bytes. It should stay in L2, because every strip of A reads all of it again: from an
/// Intel Xeon's L3 that takes longer than the arithmetic.
const BLOCK_BYTES: usize = 1 << 20;

/// Numbers in the packed part of B, at most: 32 MB of `f32`.
const PACKED: usize = 8 << 20;

/// Multiply-adds of a product so small that packing B would take longer than it saves.
const TINY: usize = 1 << 17;

/// Rows of A, and numbers in B, up to which B is not packed either: L2 holds all of it.
const FEW: usize = 64;
const NEAR: usize = 1 << 17;

/// Rows in a block of a B that is used once and comes from memory: so few that it is read nearly row after row.
const PASSING: usize = 16;

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
