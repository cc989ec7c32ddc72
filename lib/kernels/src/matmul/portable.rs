//! The product on any processor, and every product in `f64`: matrixmultiply's, which ndarray's `dot` uses, too.
//!
//! It is a good library for processors that the kernels beside this file were not written for; what finite differences
//! want of `f64` is its digits. The epilogue takes a pass of its own here.

use super::blocks::ranges;
use super::destination::{Destination, Shared};
use super::mat_ref::MatRef;
use crate::threads;
use std::slice::from_raw_parts_mut;

/// Parts into which a product is cut for several threads, at most, and rows or columns of one; each packs its own copy of
/// what it shares with the others.
const TASKS: usize = 8;
const FEWEST: usize = 32;

/// matrixmultiply's product of one kind of number: `c = a · b + beta · c`, by pointers and strides.
pub(crate) type Gemm<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

/// `to` = `a · b`.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(crate) unsafe fn product<T: ndarray::NdFloat>(
    gemm: Gemm<T>,
    a: MatRef<T>,
    b: MatRef<T>,
    to: Destination<T>,
) {
    let operations = 2.0 * a.rows as f64 * a.columns as f64 * b.columns as f64;
    let to = Shared(to);
    let by_rows = a.rows >= b.columns;
    let n = if by_rows { a.rows } else { b.columns };
    // A number of C is the same sum wherever the cuts are, so the bits do not depend on the threads.
    let length = if threads::threads_for(operations) == 1 { n } else { n.div_ceil(TASKS).max(FEWEST) };
    let parts: Vec<_> = ranges(n, length).collect();
    threads::for_each(parts.len(), operations, |task| {
        let part = &parts[task];
        // SAFETY: this part of C is this task's, and the rest is the caller's promise.
        unsafe {
            if by_rows {
                one(gemm, a.some_rows(part), b, to.get().from(part.start, 0));
            } else {
                one(gemm, a, b.some_columns(part), to.get().from(0, part.start));
            }
        }
    });
}

/// One thread's part, and what is done to its results.
///
/// # Safety
/// As [`product`]'s.
unsafe fn one<T: ndarray::NdFloat>(gemm: Gemm<T>, a: MatRef<T>, b: MatRef<T>, to: Destination<T>) {
    let beta = if to.accumulate { T::one() } else { T::zero() };
    let (a_start, b_start) = (a.at(0, 0), b.at(0, 0));
    // SAFETY: operands and result are there, as the caller says. With beta 0, C is written and not read.
    unsafe {
        gemm(
            a.rows,
            a.columns,
            b.columns,
            T::one(),
            a_start,
            a.row,
            a.column,
            b_start,
            b.row,
            b.column,
            beta,
            to.c,
            to.c_row,
            1,
        );
    }
    if to.only_sums() {
        return;
    }
    for i in 0..a.rows {
        // SAFETY: a row of C, just written, and a bias for each of its columns.
        unsafe { to.finish(from_raw_parts_mut(to.row(i), b.columns)) };
    }
}
