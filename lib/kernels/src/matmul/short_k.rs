//! The weights' gradient over a mini-batch: `xᵀ @ g`, a short sum over its rows for a long result — 784 × 64 times
//! 64 × 50.
//!
//! As in `split_k.rs`, lanes lie along the longer side of C, 784 numbers of x that are neighbours in memory: 49 whole
//! registers, where rows of 50 numbers would be three and a nearly empty fourth. So x is read where it lies. If C's rows are
//! the short ones, then C is computed transposed, some of its rows at a time; they are turned when they are complete, while
//! they are in L1. `nn::Linear` spares that: its weights lie in memory as `(out, in)`.
//!
//! A task owns some of x's columns, and the part of C that belongs to them.

use super::blocks::{even_part, ranges};
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

/// Rows of a C that is not turned, at most: with more it pays to pack x.
const FEW: usize = 64;

/// Whether a product is of this kind: C is long, and it can be turned if it must.
pub(super) fn fits(kernels: &Kernels, a: &MatRef, b: &MatRef, to: &Destination) -> bool {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let long = |long: usize, short: usize| {
        short >= kernels.rows && long >= 4 * short && long >= 2 * kernels.width && K.contains(&k)
    };
    let sums = to.only_sums() && !to.accumulate && to.c_row == n as isize;
    let tall = long(m, n) && sums && a.columns_are_contiguous();
    (tall || long(n, m) && m <= FEW) && b.rows_are_contiguous()
}

/// `to` = `a · b`, for operands that [`fits`] has seen.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    let (to, most) = (Shared(to), PANELS * kernels.width);
    let (long, is_tall) = (a.rows.max(b.columns), a.rows > b.columns);
    threads::for_each(long.div_ceil(most), operations, |task| {
        let part = task * most..long.min((task + 1) * most);
        // SAFETY: this part of C is this task's.
        unsafe {
            if is_tall {
                turned(kernels, a.some_rows(&part), b, to.get().from(part.start, 0));
            } else {
                multiply(kernels, a, b.some_columns(&part), to.get().from(0, part.start));
            }
        }
    });
}

/// Some rows of a tall C: computed as rows of its transpose, and turned.
///
/// # Safety
/// As [`product`]'s.
unsafe fn turned(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    let columns = a.rows.next_multiple_of(kernels.lanes);
    with_scratch(columns * b.columns, |sums: Scratch| {
        let panel = Panel {
            rows: a.rows,
            columns: b.columns,
            from: sums.at(0),
            from_row: 1,
            from_column: columns as isize,
            to: to.c,
            width: b.columns,
        };
        // SAFETY: the sums have room for these rows, and C's rows follow each other.
        unsafe {
            multiply(kernels, b.t(), a.t(), Destination::plain(sums.at(0), columns as isize));
            (kernels.copy)(&panel);
        }
    });
}

/// `a · b` for a few columns of B, read where they lie.
///
/// # Safety
/// As [`product`]'s.
unsafe fn multiply(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    for rows in ranges(a.columns, even_part(a.columns, DEPTH)) {
        let strip = Strip {
            rows: a.rows,
            k: rows.len(),
            columns: b.columns,
            first: kernels.width,
            width: kernels.width,
            a: a.at(0, rows.start),
            a_row: a.row,
            a_column: a.column,
            b: b.at(rows.start, 0),
            b_row: b.row,
            b_panel: 0,
            b_in_place: true,
            to: to.part(rows.start == 0, rows.end == a.columns),
            prefetch: Prefetch::NONE,
        };
        // SAFETY: rows of both operands and of C that are there, as this function's caller says.
        unsafe { (kernels.strip)(&strip) };
    }
}
