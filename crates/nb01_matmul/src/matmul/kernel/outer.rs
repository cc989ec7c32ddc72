//! A tile of C in registers, lanes along its columns: C += (a column of A) · (a row of B), for every `k`.
//!
//! ```text
//!                    ┌─ row p of the panel of B: V registers, loaded once …
//!                    ▼
//!               b₀ b₁ b₂ b₃ … b₄₇
//!        a₀     c  c  c  c  …        … and used R times,
//!        a₁     c  c  c  c  …        each time with one element of A in all lanes.
//!        ⋮      ⋮                     R·V registers of c never leave the processor
//!        a₇     c  c  c  c  …        until the last p is done.
//! ```
//!
//! For R rows and V registers of columns a step loads R + V values and does R·V multiply-adds of a whole
//! register: with 8 and 3 that is 24 for 11 loads, where two of each can start in every cycle. As many running sums
//! as fit are wanted for another reason, too: each waits four cycles for its last step, so eight must be under way.

use super::lanes::Lanes;
use super::{Ahead, Destination, Strip, ask, finish, read};

/// Rows ahead at which B is asked for: the second cache answers in that time.
const B_AHEAD: isize = 8;

/// Computes a strip, with the tile that fits its number of rows: at most `R`, and `R` at most eight.
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
            4 if R > 4 => rows_of::<L, 4, V>(s),
            5 if R > 5 => rows_of::<L, 5, V>(s),
            6 if R > 6 => rows_of::<L, 6, V>(s),
            7 if R > 7 => rows_of::<L, 7, V>(s),
            rows => unreachable!("no tile has {rows} rows"),
        }
        if s.to.stream {
            L::fence();
        }
    }
}

#[inline(always)]
unsafe fn rows_of<L: Lanes, const R: usize, const V: usize>(s: &Strip<L::Elem>) {
    unsafe { if s.a_along_k { panels::<L, R, V, true>(s) } else { panels::<L, R, V, false>(s) } }
}

/// One tile after the other, along the columns; the last may be narrower.
#[inline(always)]
unsafe fn panels<L: Lanes, const R: usize, const V: usize, const ALONG_K: bool>(s: &Strip<L::Elem>) {
    let (mut column, mut b, mut t) = (0, s.b, 0);
    while column < s.columns {
        let width = if column == 0 { s.first } else { s.width };
        let columns = (s.columns - column).min(width);
        let at = At { column, b, columns, ahead: s.ahead.run(t) };
        unsafe {
            match (columns.div_ceil(L::N), columns.is_multiple_of(L::N)) {
                (1, true) => tile::<L, R, 1, false, ALONG_K>(s, at),
                (1, false) => tile::<L, R, 1, true, ALONG_K>(s, at),
                (2, true) if V > 1 => tile::<L, R, 2, false, ALONG_K>(s, at),
                (2, false) if V > 1 => tile::<L, R, 2, true, ALONG_K>(s, at),
                (_, true) => tile::<L, R, V, false, ALONG_K>(s, at),
                (_, false) => tile::<L, R, V, true, ALONG_K>(s, at),
            }
        }
        column += columns;
        b = b.wrapping_offset(s.b_panel);
        t += 1;
    }
}

/// Where a tile stands: its first column, how many it has, its panel of B, and what it asks for meanwhile.
struct At<T> {
    column: usize,
    columns: usize,
    b: *const T,
    ahead: Ahead<T>,
}

/// `R` rows and `V` registers of C; with `EDGE` the last register is only partly there.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const V: usize, const EDGE: bool, const ALONG_K: bool>(
    s: &Strip<L::Elem>,
    at: At<L::Elem>,
) {
    // Two sets of sums where one is too small to keep the multiply-adds busy.
    let two_sets = R * V <= 6;
    let (mut a, mut b, mut p, mut ahead) = (s.a, at.b, 0, at.ahead);
    let a_next = if ALONG_K { 1 } else { s.a_step };
    let b_ahead = s.b_row.wrapping_mul(B_AHEAD);
    unsafe {
        let mask = L::first(at.columns - (V - 1) * L::N);
        let mut sums = [[[L::zero(); V]; R]; 2];
        if !s.to.stream {
            ask_for_c::<L, R, V>(s, at.column);
        }
        // Two loops, so that the longer one need not look whether there is something to ask for.
        let asked = if L::ASKS { s.k.min(ahead.lines) } else { 0 };
        while p < asked {
            ask::<L>(&mut ahead);
            step::<L, R, V, EDGE, ALONG_K>(&mut sums[0], (a, s.a_step), (b, b_ahead), mask);
            (a, b, p) = (a.wrapping_offset(a_next), b.wrapping_offset(s.b_row), p + 1);
        }
        while p < s.k {
            step::<L, R, V, EDGE, ALONG_K>(&mut sums[0], (a, s.a_step), (b, b_ahead), mask);
            (a, b, p) = (a.wrapping_offset(a_next), b.wrapping_offset(s.b_row), p + 1);
            if two_sets && p < s.k {
                step::<L, R, V, EDGE, ALONG_K>(&mut sums[1], (a, s.a_step), (b, b_ahead), mask);
                (a, b, p) = (a.wrapping_offset(a_next), b.wrapping_offset(s.b_row), p + 1);
            }
        }
        let aligned = (s.to.c.wrapping_add(at.column) as usize).is_multiple_of(size_of::<L>());
        let to = Destination { stream: s.to.stream && aligned, ..s.to };
        for i in 0..R {
            let c_row = s.to.c.wrapping_offset(s.to.c_row.wrapping_mul(i as isize));
            for v in 0..V {
                let sum = if two_sets { sums[0][i][v].add(sums[1][i][v]) } else { sums[0][i][v] };
                let column = at.column + v * L::N;
                let mask = if EDGE && v == V - 1 { Some(mask) } else { None };
                finish(sum, &to, c_row.wrapping_add(column), column, mask);
            }
        }
    }
}

/// The tile's part of C, which is far away if it is read or written at all before the sums are there.
#[inline(always)]
unsafe fn ask_for_c<L: Lanes, const R: usize, const V: usize>(s: &Strip<L::Elem>, column: usize) {
    for i in 0..R {
        let c = s.to.c.wrapping_offset(s.to.c_row.wrapping_mul(i as isize)).wrapping_add(column);
        for v in 0..V {
            if (v * L::N).is_multiple_of(Ahead::<L::Elem>::LINE) {
                unsafe { L::prefetch(c.wrapping_add(v * L::N)) };
            }
        }
    }
}

/// One `k`: a row of B's panel, times an element of A for each row.
#[inline(always)]
unsafe fn step<L: Lanes, const R: usize, const V: usize, const EDGE: bool, const ALONG_K: bool>(
    sums: &mut [[L; V]; R],
    (a, a_step): (*const L::Elem, isize),
    (b, b_ahead): (*const L::Elem, isize),
    mask: L::Mask,
) {
    unsafe {
        let mut row = [L::zero(); V];
        for v in 0..V {
            let mask = if EDGE && v == V - 1 { Some(mask) } else { None };
            let b = b.wrapping_add(v * L::N);
            if (v * L::N).is_multiple_of(Ahead::<L::Elem>::LINE) {
                L::prefetch(b.wrapping_offset(b_ahead));
            }
            row[v] = read(b, mask);
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
