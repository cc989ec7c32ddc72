//! A tile of C in registers, lanes along its columns: C += (a column of A) · (a row of B), for every `k`.
//!
//! ```text
//!                    ┌─ row p of the panel of B: V registers, loaded once …
//!                    ▼
//!               b₀ b₁ b₂ b₃ … b₃₁
//!        a₀     c  c  c  c  …        … and used R times,
//!        a₁     c  c  c  c  …        each time with one element of A in all lanes.
//!        ⋮      ⋮                     R·V registers of c never leave the processor
//!        a₁₃    c  c  c  c  …        until the last p is done.
//! ```
//!
//! For R rows and V registers of columns a step loads R + V values and does R·V multiply-adds of a whole
//! register: with 14 and 2 that is 28 for 16 loads, and two of each kind can start in every cycle. Registers are
//! never too many: as many running sums as possible are wanted, since each depends on its last step and a step
//! takes four cycles.

use super::lanes::Lanes;
use super::{Ahead, Strip, finish, read};

/// Computes a strip, with the tile that fits its number of rows: at most eight, or `R`.
///
/// # Safety
/// What [`Strip`] describes can be read and written, and nobody else writes there.
#[inline(always)]
pub(super) unsafe fn strip<L: Lanes, const R: usize, const V: usize>(s: &Strip<L::Elem>) {
    unsafe {
        match s.rows {
            rows if rows == R => rows_of::<L, R, V>(s),
            1 => rows_of::<L, 1, V>(s),
            2 => rows_of::<L, 2, V>(s),
            3 => rows_of::<L, 3, V>(s),
            4 => rows_of::<L, 4, V>(s),
            5 if R > 5 => rows_of::<L, 5, V>(s),
            6 if R > 6 => rows_of::<L, 6, V>(s),
            7 if R > 7 => rows_of::<L, 7, V>(s),
            8 if R > 8 => rows_of::<L, 8, V>(s),
            rows => unreachable!("no tile has {rows} rows"),
        }
        if s.to.stream {
            L::fence();
        }
    }
}

#[inline(always)]
unsafe fn rows_of<L: Lanes, const R: usize, const V: usize>(s: &Strip<L::Elem>) {
    unsafe {
        if s.a_along_k { panels::<L, R, V, true>(s) } else { panels::<L, R, V, false>(s) }
    }
}

/// One tile after the other, along the columns; the last may be narrower.
#[inline(always)]
unsafe fn panels<L: Lanes, const R: usize, const V: usize, const ALONG_K: bool>(s: &Strip<L::Elem>) {
    let (mut column, mut b, mut ahead) = (0, s.b, s.ahead);
    while column < s.columns {
        let columns = (s.columns - column).min(V * L::N);
        let at = At { column, b, columns };
        unsafe {
            match (columns.div_ceil(L::N), columns.is_multiple_of(L::N)) {
                (1, true) => tile::<L, R, 1, false, ALONG_K>(s, at, &mut ahead),
                (1, false) => tile::<L, R, 1, true, ALONG_K>(s, at, &mut ahead),
                (2, true) if V > 1 => tile::<L, R, 2, false, ALONG_K>(s, at, &mut ahead),
                (2, false) if V > 1 => tile::<L, R, 2, true, ALONG_K>(s, at, &mut ahead),
                (_, true) => tile::<L, R, V, false, ALONG_K>(s, at, &mut ahead),
                (_, false) => tile::<L, R, V, true, ALONG_K>(s, at, &mut ahead),
            }
        }
        column += V * L::N;
        b = b.wrapping_offset(s.b_panel);
    }
}

/// Where a tile stands: its first column, how many it has, and its panel of B.
struct At<T> {
    column: usize,
    columns: usize,
    b: *const T,
}

/// `R` rows and `V` registers of C; with `EDGE` the last register is only partly there.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const V: usize, const EDGE: bool, const ALONG_K: bool>(
    s: &Strip<L::Elem>,
    at: At<L::Elem>,
    ahead: &mut Ahead<L::Elem>,
) {
    // Two sets of sums where one is too small to keep the multiply-adds busy.
    let two_sets = R * V <= 6;
    let (mut a, mut b, mut p) = (s.a, at.b, 0);
    let a_next = if ALONG_K { 1 } else { s.a_step };
    unsafe {
        let mask = L::first(at.columns - (V - 1) * L::N);
        let mut sums = [[[L::zero(); V]; R]; 2];
        while p < s.k {
            step::<L, R, V, EDGE, ALONG_K>(&mut sums[0], (a, s.a_step), b, mask);
            (a, b, p) = (a.wrapping_offset(a_next), b.wrapping_offset(s.b_row), p + 1);
            if two_sets && p < s.k {
                step::<L, R, V, EDGE, ALONG_K>(&mut sums[1], (a, s.a_step), b, mask);
                (a, b, p) = (a.wrapping_offset(a_next), b.wrapping_offset(s.b_row), p + 1);
            }
            if ahead.lines > 0 {
                L::prefetch(ahead.next);
                ahead.next = ahead.next.wrapping_add(Ahead::<L::Elem>::LINE);
                ahead.lines -= 1;
            }
        }
        for i in 0..R {
            let c_row = s.to.c.wrapping_offset(s.to.c_row.wrapping_mul(i as isize));
            for v in 0..V {
                let sum = if two_sets { sums[0][i][v].add(sums[1][i][v]) } else { sums[0][i][v] };
                let column = at.column + v * L::N;
                let mask = if EDGE && v == V - 1 { Some(mask) } else { None };
                finish(sum, &s.to, c_row.wrapping_add(column), column, mask);
            }
        }
    }
}

/// One `k`: a row of B's panel, times an element of A for each row.
#[inline(always)]
unsafe fn step<L: Lanes, const R: usize, const V: usize, const EDGE: bool, const ALONG_K: bool>(
    sums: &mut [[L; V]; R],
    (a, a_step): (*const L::Elem, isize),
    b: *const L::Elem,
    mask: L::Mask,
) {
    unsafe {
        let mut row = [L::zero(); V];
        for v in 0..V {
            let mask = if EDGE && v == V - 1 { Some(mask) } else { None };
            row[v] = read(b.wrapping_add(v * L::N), mask);
        }
        for i in 0..R {
            let to_row = if ALONG_K { a_step.wrapping_mul(i as isize) } else { i as isize };
            let x = L::splat(a.wrapping_offset(to_row));
            for v in 0..V {
                sums[i][v] = x.mul_add(row[v], sums[i][v]);
            }
        }
    }
}
