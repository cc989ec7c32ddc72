//! A tile of C in registers, lanes along `k`: every number of C is a dot product, sixteen terms at a time.
//!
//! ```text
//!     row i of A     ████████████████ ████████████████ …   read where it lies, once
//!     column j of B  ████████████████ ████████████████ …   packed, from a nearby cache
//!                    └── multiply, add to cᵢⱼ's register ──┘   and its lanes are added up at the very end
//! ```
//!
//! Nothing is lost on a product with few columns, whose number is not a multiple of the lanes: 50 columns are 50
//! dot products, not four registers of which the last is nearly empty. And A needs no packing, since its rows are
//! contiguous along `k` already.

use super::lanes::Lanes;
use super::{Ahead, Dots, finish};
use std::mem::MaybeUninit;

/// At most this many columns: a few rows of C stay on the stack until they are complete.
pub(in super::super) const MAX_COLUMNS: usize = 64;

/// How `columns` split into tiles of at most `widest`, as evenly as can be: first columns and widths.
pub(in super::super) fn column_tiles(columns: usize, widest: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiles = columns.div_ceil(widest).max(1);
    let (narrow, wider) = (columns / tiles, columns % tiles);
    (0..tiles).map(move |t| (t * narrow + t.min(wider), narrow + usize::from(t < wider)))
}

/// Computes dots, with the tile that fits their number of rows.
///
/// # Safety
/// What [`Dots`] describes can be read and written, and nobody else writes there; `columns ≤ MAX_COLUMNS`.
#[inline(always)]
pub(super) unsafe fn dots<L: Lanes, const R: usize, const C: usize>(d: &Dots<L::Elem>) {
    debug_assert!(d.columns <= MAX_COLUMNS);
    unsafe {
        match d.rows {
            rows if rows == R => rows_of::<L, R, C>(d),
            1 => rows_of::<L, 1, C>(d),
            2 if R > 2 => rows_of::<L, 2, C>(d),
            3 if R > 3 => rows_of::<L, 3, C>(d),
            4 if R > 4 => rows_of::<L, 4, C>(d),
            5 if R > 5 => rows_of::<L, 5, C>(d),
            6 if R > 6 => rows_of::<L, 6, C>(d),
            7 if R > 7 => rows_of::<L, 7, C>(d),
            rows => unreachable!("no tile has {rows} rows"),
        }
        if d.to.stream {
            L::fence();
        }
    }
}

/// One tile after the other along the columns, then all that is done to finished rows.
#[inline(always)]
unsafe fn rows_of<L: Lanes, const R: usize, const C: usize>(d: &Dots<L::Elem>) {
    let mut done = [[MaybeUninit::<L::Elem>::uninit(); MAX_COLUMNS]; R];
    let mut ahead = d.ahead;
    for (column, width) in column_tiles(d.columns, C) {
        let done = done.as_mut_ptr().cast::<L::Elem>().wrapping_add(column);
        unsafe {
            match width {
                1 => tile::<L, R, 1>(d, column, done, &mut ahead),
                2 => tile::<L, R, 2>(d, column, done, &mut ahead),
                _ => tile::<L, R, C>(d, column, done, &mut ahead),
            }
        }
    }
    for i in 0..R {
        let mut column = 0;
        while column < d.columns {
            let left = d.columns - column;
            let from = done.as_ptr().cast::<L::Elem>().wrapping_add(i * MAX_COLUMNS + column);
            let c = d.to.c.wrapping_offset(d.to.c_row.wrapping_mul(i as isize)).wrapping_add(column);
            unsafe {
                let mask = if left < L::N { Some(L::first(left)) } else { None };
                finish::<L>(super::read(from, mask), &d.to, c, column, mask);
            }
            column += L::N;
        }
    }
}

/// `R` rows times `C` columns: the sums over `k`, then over the lanes.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    d: &Dots<L::Elem>,
    column: usize,
    done: *mut L::Elem,
    ahead: &mut Ahead<L::Elem>,
) {
    let registers = d.k.div_ceil(L::N);
    let (start, b_column, b_step) =
        if d.b_packed { (column * registers * L::N, L::N as isize, C * L::N) } else { (0, d.b_column, L::N) };
    let mut b = d.b.wrapping_add(start);
    if !d.b_packed {
        b = b.wrapping_offset(b_column.wrapping_mul(column as isize));
    }
    let (mut a, mut left) = (d.a, d.k);
    unsafe {
        let mut sums = [[L::zero(); C]; R];
        while left >= L::N {
            step::<L, R, C>(&mut sums, (a, d.a_row), (b, b_column), None);
            // Twice, since few columns give little time.
            super::ask::<L>(ahead);
            super::ask::<L>(ahead);
            (a, b, left) = (a.wrapping_add(L::N), b.wrapping_add(b_step), left - L::N);
        }
        if left > 0 {
            step::<L, R, C>(&mut sums, (a, d.a_row), (b, b_column), Some(L::first(left)));
        }
        for j in 0..C {
            let mut i = 0;
            while i < R {
                let mut four = [L::zero(); 4];
                for q in 0..4.min(R - i) {
                    four[q] = sums[i + q][j];
                }
                let four = L::sums(four);
                for q in 0..4.min(R - i) {
                    done.wrapping_add((i + q) * MAX_COLUMNS + j).write(four[q]);
                }
                i += 4;
            }
        }
    }
}

/// One register of `k` for every row and column.
#[inline(always)]
unsafe fn step<L: Lanes, const R: usize, const C: usize>(
    sums: &mut [[L; C]; R],
    (a, a_row): (*const L::Elem, isize),
    (b, b_column): (*const L::Elem, isize),
    mask: Option<L::Mask>,
) {
    unsafe {
        let mut columns = [L::zero(); C];
        for j in 0..C {
            columns[j] = super::read(b.wrapping_offset(b_column.wrapping_mul(j as isize)), mask);
        }
        for i in 0..R {
            let row: L = super::read(a.wrapping_offset(a_row.wrapping_mul(i as isize)), mask);
            for j in 0..C {
                sums[i][j] = row.mul_add(columns[j], sums[i][j]);
            }
        }
    }
}
