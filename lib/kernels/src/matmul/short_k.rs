//! The weights' gradient over a mini-batch: `xᵀ @ g`, a short sum over its rows for a tall result — 784 × 64 times
//! 64 × 50.
//!
//! As in `split_k.rs`, lanes lie along the longer side of C, 784 numbers of x that are neighbours in memory: 49 whole
//! registers, where rows of 50 numbers would be three and a nearly empty fourth. So x is read where it lies, and C is computed
//! transposed, some of its rows at a time; they are turned when they are complete, while they are in L1.
//!
//! A task owns some of the weights' rows. Changing them by the gradient is shared in the same way, so each thread finds
//! its rows of the gradient in its own cache.

use super::blocked::{even_part, ranges};
use super::destination::{Destination, Shared};
use super::kernel::{Kernels, Panel, Prefetch, Strip};
use super::mat_ref::MatRef;
use crate::memory::{Scratch, with_scratch};
use crate::threads;
use std::ops::Range;

/// Rows of x: fewer are not worth turning, and more are `split_k`'s.
const K: Range<usize> = 24..2048;

/// Rows of x at a time: a panel of them stays in L1 while all columns of g pass by.
const DEPTH: usize = 256;

/// Panels of x in a task.
const PANELS: usize = 2;

/// Whether a product is of this kind: nothing but sums, and C's rows follow each other.
pub(super) fn fits(kernels: &Kernels, a: &MatRef, b: &MatRef, to: &Destination) -> bool {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let tall = n >= kernels.rows && m >= 4 * n && m >= 2 * kernels.width;
    let sums = to.only_sums() && !to.accumulate && to.c_row == n as isize;
    tall && sums && K.contains(&k) && a.columns_are_contiguous() && b.rows_are_contiguous()
}

/// `to` = `a · b`, for operands that [`fits`] has seen.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    let (to, most) = (Shared(to), PANELS * kernels.width);
    threads::for_each(a.rows.div_ceil(most), operations, |task| {
        let rows = task * most..a.rows.min((task + 1) * most);
        with_scratch(most * b.columns, |sums| {
            // SAFETY: these rows of C are this task's.
            unsafe { some_rows(kernels, a.some_rows(&rows), b, sums, to.get().from(rows.start, 0)) };
        });
    });
}

/// Some rows of C: `gᵀ · x` into `sums`, and turned.
///
/// # Safety
/// As [`product`]'s; `sums` has room for as many numbers.
unsafe fn some_rows(kernels: &Kernels, a: MatRef, b: MatRef, sums: Scratch, to: Destination) {
    let columns = a.rows.next_multiple_of(kernels.lanes);
    let sum = Destination::plain(sums.at(0), columns as isize);
    for rows in ranges(a.columns, even_part(a.columns, DEPTH)) {
        let strip = Strip {
            rows: b.columns,
            k: rows.len(),
            columns: a.rows,
            first: kernels.width,
            width: kernels.width,
            a: b.at(rows.start, 0),
            a_row: b.column,
            a_column: b.row,
            b: a.at(0, rows.start),
            b_row: a.column,
            b_panel: 0,
            b_in_place: true,
            to: sum.part(rows.start == 0, true),
            prefetch: Prefetch::NONE,
        };
        // SAFETY: rows of both operands, and sums, that are there, as this function's caller says.
        unsafe { (kernels.strip)(&strip) };
    }
    let turned = Panel {
        rows: a.rows,
        columns: b.columns,
        from: sums.at(0),
        from_row: 1,
        from_column: columns as isize,
        to: to.c,
        width: b.columns,
    };
    // SAFETY: the sums are there, and C's rows follow each other.
    unsafe { (kernels.copy)(&turned) };
}
