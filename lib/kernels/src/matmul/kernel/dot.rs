//! A tile of C in registers, lanes along `k`: every number of C is a dot product, sixteen terms at a time.
//!
//! ```text
//!     row i of A     ████████████████ ████████████████ …   read where it lies, once
//!     column j of B  ████████████████ ████████████████ …   packed, from L1 or L2
//!                    └── multiply, add to cᵢⱼ's register ──┘   and its lanes are added up at the very end
//! ```
//!
//! Nothing is lost on a product with few columns, whose number is not a multiple of the lanes: 50 columns are 50
//! dot products, not four registers of which the last is nearly empty. And A needs no packing, since its rows are
//! contiguous along `k` already.

use super::lanes::Lanes;
use super::{Aligned, Dots, Prefetch, finish};
use std::hint::black_box;
use std::mem::MaybeUninit;

/// At most this many columns and rows: C stays on the stack until its rows are complete.
pub(in super::super) const MAX_COLUMNS: usize = 64;
pub(in super::super) const MAX_ROWS: usize = 32;

/// How `columns` split into tiles of at most `widest`, as evenly as can be: first columns and widths.
pub(in super::super) fn column_tiles(columns: usize, widest: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiles = columns.div_ceil(widest).max(1);
    let (narrow, wider) = (columns / tiles, columns % tiles);
    (0..tiles).map(move |t| (t * narrow + t.min(wider), narrow + usize::from(t < wider)))
}

/// Computes dots: all rows with the first `C` columns, `R` rows at a time, then all with the next ones, and so on;
/// last, all that is done to finished rows.
///
/// A few columns of B stay in L1 that way, and A comes from L2, in order. If all columns went by for each few rows, both
/// would have to come from L2; and a core that already waits for as many lines as it can (24 on a Zen 4) drops further
/// prefetches.
///
/// # Safety
/// What [`Dots`] describes can be read and written, and no other thread writes there; `rows ≤ MAX_ROWS`, and
/// `columns ≤ MAX_COLUMNS`.
#[inline(always)]
pub(super) unsafe fn dots<L: Lanes, const R: usize, const C: usize>(d: &Dots) {
    let mut done = Aligned([[MaybeUninit::<f32>::uninit(); MAX_COLUMNS]; MAX_ROWS]);
    let done = done.0.as_mut_ptr().cast::<f32>();
    let tiles = d.columns.div_ceil(C).max(1) * d.rows.div_ceil(R);
    let mut prefetch = d.prefetch;
    for (column, width) in column_tiles(d.columns, C) {
        let mut row = 0;
        while row < d.rows {
            let at = At { row, column, width, prefetch: prefetch.take(d.prefetch.lines.div_ceil(tiles)) };
            // SAFETY: rows and columns that are there, as this function's caller says, and `done` has a place for each.
            row += unsafe { tiles_of::<L, R, C>(d, at, done.add(row * MAX_COLUMNS + column)) };
        }
    }
    // SAFETY: every tile has been written.
    unsafe { finish_rows::<L>(d, done) };
}

/// Where a tile is, how many columns it has, and what it prefetches meanwhile.
struct At {
    row: usize,
    column: usize,
    width: usize,
    prefetch: Prefetch,
}

/// The largest tile that the rows left over fill; says how many rows.
#[inline(always)]
unsafe fn tiles_of<L: Lanes, const R: usize, const C: usize>(d: &Dots, at: At, done: *mut f32) -> usize {
    // SAFETY: as many rows as are left.
    unsafe {
        match d.rows - at.row {
            left if left >= R => rows_of::<L, R, C>(d, at, done),
            4.. if R > 4 => rows_of::<L, 4, C>(d, at, done),
            2.. if R > 2 => rows_of::<L, 2, C>(d, at, done),
            _ => rows_of::<L, 1, C>(d, at, done),
        }
    }
}

#[inline(always)]
unsafe fn rows_of<L: Lanes, const R: usize, const C: usize>(d: &Dots, at: At, done: *mut f32) -> usize {
    // SAFETY: as many columns as the tile has.
    unsafe {
        match at.width {
            1 => tile::<L, R, 1>(d, at, done),
            2 => tile::<L, R, 2>(d, at, done),
            3 if C > 3 => tile::<L, R, 3>(d, at, done),
            4 if C > 4 => tile::<L, R, 4>(d, at, done),
            _ => tile::<L, R, C>(d, at, done),
        }
    }
    R
}

/// `R` rows times `C` columns: the sums over `k`, in lanes, and then the sum of their lanes.
///
/// `black_box` keeps the compiler from seeing that single numbers are wanted in the end: in plain Rust it would
/// otherwise arrange the whole loop before around them, and use no lanes at all.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const C: usize>(d: &Dots, at: At, done: *mut f32) {
    let length = d.k.next_multiple_of(L::N);
    let (start, b_column, b_step) = if d.b_packed {
        ((at.column * length) as isize, L::N as isize, C * L::N)
    } else {
        (d.b_column.wrapping_mul(at.column as isize), d.b_column, L::N)
    };
    let mut a = d.a.wrapping_offset(d.a_row.wrapping_mul(at.row as isize));
    let (mut b, mut left) = (d.b.wrapping_offset(start), d.k);
    let (mut prefetch, lines) = (at.prefetch, at.prefetch.lines.div_ceil((d.k / L::N).max(1)));
    // SAFETY: rows of A and columns of B that are there, as this function's caller says; the last register is masked.
    unsafe {
        let mut sums = [[L::zero(); C]; R];
        while left >= L::N {
            for _ in 0..lines {
                super::prefetch_next::<L>(&mut prefetch);
            }
            step::<L, R, C>(&mut sums, (a, d.a_row), (b, b_column), None);
            (a, b, left) = (a.wrapping_add(L::N), b.wrapping_add(b_step), left - L::N);
        }
        if left > 0 {
            step::<L, R, C>(&mut sums, (a, d.a_row), (b, b_column), Some(L::first(left)));
        }
        add_lanes(&black_box(sums), done);
    }
}

/// Adds up the lanes of each sum, four rows at a time; those missing in the last four are zero.
#[inline(always)]
unsafe fn add_lanes<L: Lanes, const R: usize, const C: usize>(sums: &[[L; C]; R], done: *mut f32) {
    for first in (0..R).step_by(4) {
        let rows = 4.min(R - first);
        for j in 0..C {
            // SAFETY: a place for each sum, as this function's caller says.
            unsafe {
                let mut four = [L::zero(); 4];
                for i in 0..rows {
                    four[i] = sums[first + i][j];
                }
                let four = L::sums(four);
                for i in 0..rows {
                    done.add((first + i) * MAX_COLUMNS + j).write(four[i]);
                }
            }
        }
    }
}

/// Whole rows of C, and all that is done to them on the way.
#[inline(always)]
unsafe fn finish_rows<L: Lanes>(d: &Dots, done: *const f32) {
    for i in 0..d.rows {
        let c = d.to.c.wrapping_offset(d.to.c_row.wrapping_mul(i as isize));
        for column in (0..d.columns).step_by(L::N) {
            let left = d.columns - column;
            let from = done.wrapping_add(i * MAX_COLUMNS + column);
            // SAFETY: the dots were written, and the columns of C and of the bias are there or masked.
            unsafe {
                let mask = if left < L::N { Some(L::first(left)) } else { None };
                finish::<L>(super::read(from, mask), &d.to, c.wrapping_add(column), column, mask);
            }
        }
    }
}

/// One register of `k` for every row and column.
#[inline(always)]
unsafe fn step<L: Lanes, const R: usize, const C: usize>(
    sums: &mut [[L; C]; R],
    (a, a_row): (*const f32, isize),
    (b, b_column): (*const f32, isize),
    mask: Option<L::Mask>,
) {
    // SAFETY: as many rows and columns as the tile has, or those of the mask.
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
