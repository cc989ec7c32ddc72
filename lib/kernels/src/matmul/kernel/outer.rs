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
//!
//! Every size of tile is compiled on its own, so there are few: the last rows of C, fewer than R, are done by
//! tiles of four, two and one (and of five, as the lesson's first product has).

use super::lanes::Lanes;
use super::{Aligned, Prefetch, Strip, finish, prefetch_next, read};
use crate::matmul::destination::Destination;
use std::hint::black_box;
use std::mem::MaybeUninit;

/// Rows ahead at which B is prefetched: as long as L2 takes to answer. A large block that comes from L3 has been brought to
/// L2 by the hardware prefetcher by then.
const B_AHEAD: isize = 8;

/// Steps along `k` between two prefetches.
const STEPS: usize = 16;

/// Computes a strip of at most `R` rows, one panel of at most `V` registers after the other.
///
/// # Safety
/// What [`Strip`] describes can be read and written, and no other thread writes there.
#[inline(always)]
pub(super) unsafe fn strip<L: Lanes, const R: usize, const V: usize>(s: &Strip) {
    let mut sums = Aligned([[MaybeUninit::<L>::uninit(); V]; R]);
    let (mut column, mut b, mut t) = (0, s.b, 0);
    while column < s.columns {
        let width = if column == 0 { s.first } else { s.width };
        let columns = whole_registers::<L, V>(s, (s.columns - column).min(width));
        let to = tile_of_c::<L>(s, column);
        let direct = to.only_sums() && columns.is_multiple_of(L::N);
        let mut prefetch = s.prefetch.run(t);
        let share = prefetch.lines.div_ceil(s.rows.div_ceil(R));
        let mut row = 0;
        while row < s.rows {
            let prefetch = prefetch.take(share);
            let at = At { row, columns, b, prefetch, to: to.from(row, 0), direct };
            // SAFETY: the tile is inside the strip, and `sums` as large as the largest tile.
            unsafe {
                prefetch_c::<L, R>(s, &at);
                let rows = tiles_of::<L, R, V>(s, &at, sums.0.as_mut_ptr().cast());
                if !direct {
                    finish_tile::<L>(&at, rows, sums.0.as_ptr().cast());
                }
                row += rows;
            }
        }
        column += columns;
        b = b.wrapping_offset(if s.b_in_place { columns as isize } else { s.b_panel });
        t += 1;
    }
    if s.to.stream {
        // SAFETY: the strip's caller has the instructions.
        unsafe { L::fence() };
    }
}

/// Where B lies in place, nothing may be read behind its last column: what does not fill a register is a tile of its
/// own, of one register with a mask, or, in tiles of two registers, the masked second one. Packed panels are filled up with
/// zeros.
#[inline(always)]
fn whole_registers<L: Lanes, const V: usize>(s: &Strip, columns: usize) -> usize {
    let one_tile = columns <= L::N || V == 2;
    if s.b_in_place && !one_tile { columns - columns % L::N } else { columns }
}

/// The part of C from `column` on; with non-temporal stores only if its registers are aligned.
#[inline(always)]
fn tile_of_c<L: Lanes>(s: &Strip, column: usize) -> Destination {
    let to = s.to.from(0, column);
    let aligned = (to.c as usize).is_multiple_of(size_of::<L>());
    Destination { stream: to.stream && aligned, ..to }
}

/// Where a tile is: its first row, how many columns, its panel of B, what it prefetches meanwhile, its place in C,
/// and whether the sums can go there directly.
struct At {
    row: usize,
    columns: usize,
    b: *const f32,
    prefetch: Prefetch,
    to: Destination,
    direct: bool,
}

/// Prefetches the tile's part of C, so that it has arrived when the sums are ready.
#[inline(always)]
unsafe fn prefetch_c<L: Lanes, const R: usize>(s: &Strip, at: &At) {
    if !L::PREFETCHES || at.to.stream {
        return;
    }
    for i in 0..R.min(s.rows - at.row) {
        let c = at.to.row(i);
        for column in (0..at.columns).step_by(Prefetch::LINE) {
            // SAFETY: a prefetch may name any address.
            unsafe { L::prefetch(c.wrapping_add(column)) };
        }
    }
}

/// Sums of the largest tile that the rows left over fill, one row of them after the other; says how many rows.
#[inline(always)]
unsafe fn tiles_of<L: Lanes, const R: usize, const V: usize>(s: &Strip, at: &At, sums: *mut L) -> usize {
    // SAFETY: as many rows as are left, of the strip that this function's caller describes.
    unsafe {
        match s.rows - at.row {
            left if left >= R => rows_of::<L, R, V>(s, at, sums),
            5 if R > 5 => rows_of::<L, 5, V>(s, at, sums),
            4.. if R > 4 => rows_of::<L, 4, V>(s, at, sums),
            2.. if R > 2 => rows_of::<L, 2, V>(s, at, sums),
            _ => rows_of::<L, 1, V>(s, at, sums),
        }
    }
}

#[inline(always)]
unsafe fn rows_of<L: Lanes, const R: usize, const V: usize>(s: &Strip, at: &At, sums: *mut L) -> usize {
    // SAFETY: as many registers as the columns fill.
    unsafe {
        match at.columns.div_ceil(L::N) {
            1 if s.b_in_place && at.columns < L::N => tile::<L, R, 1, true>(s, at, sums),
            1 => tile::<L, R, 1, false>(s, at, sums),
            2 if V == 2 && s.b_in_place && at.columns < 2 * L::N => tile::<L, R, V, true>(s, at, sums),
            2 if V > 2 => tile::<L, R, 2, false>(s, at, sums),
            _ => tile::<L, R, V, false>(s, at, sums),
        }
    }
    R
}

/// The sums of `R` rows and `V` registers of C; with `EDGE` the last register of B is only partly there.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const V: usize, const EDGE: bool>(s: &Strip, at: &At, done: *mut L) {
    // Two sets of sums where one is too small to keep the multiply-adds busy. Not in a result that is streamed, whose first
    // panel, and so the size of this tile, depends on where it lies: its bits should not.
    let two_sets = R * V <= 6 && !s.to.stream;
    let mut a = s.a.wrapping_offset(s.a_row.wrapping_mul(at.row as isize));
    let (mut b, mut left, mut prefetch) = (at.b, s.k, at.prefetch);
    // In a black box, since the compiler would otherwise walk from row to row, each step waiting for the one before.
    let down: [isize; 4] = black_box(std::array::from_fn(|i| s.a_row.wrapping_mul(1 + i as isize)));
    // Tiles of two registers have so few multiply-adds in a step that counting and adding to addresses beside them shows.
    let packed = s.a_column == 1 && s.b_row == (V * L::N) as isize;
    let written_out = V == 2 && !EDGE && !two_sets && packed;
    let lines = if L::PREFETCHES { prefetch.lines.div_ceil(s.k.div_ceil(STEPS).max(1)) } else { 0 };
    // SAFETY: the tile's rows of A and C and its columns of B are there, as this function's caller says.
    unsafe {
        let mask = if EDGE { Some(L::first(at.columns - (V - 1) * L::N)) } else { None };
        let mut sums = [[[L::zero(); V]; R]; 2];
        while left > 0 {
            for _ in 0..lines {
                prefetch_next::<L>(&mut prefetch);
            }
            let end = left.saturating_sub(STEPS);
            if written_out && left >= STEPS {
                sixteen_steps::<L, R, V>(&mut sums[0], (a, &down), b);
                (a, b, left) = (a.wrapping_add(STEPS), b.wrapping_add(STEPS * V * L::N), end);
            }
            while left > end {
                step::<L, R, V>(&mut sums[0], (a, &down), (b, s.b_row), mask);
                (a, b, left) = (a.wrapping_offset(s.a_column), b.wrapping_offset(s.b_row), left - 1);
                if two_sets && left > end {
                    step::<L, R, V>(&mut sums[1], (a, &down), (b, s.b_row), mask);
                    (a, b, left) = (a.wrapping_offset(s.a_column), b.wrapping_offset(s.b_row), left - 1);
                }
            }
        }
        let [mut sums, more] = sums;
        if two_sets {
            for i in 0..R {
                for v in 0..V {
                    sums[i][v] = sums[i][v].add(more[i][v]);
                }
            }
        }
        if at.direct { write_tile(&sums, &at.to) } else { done.cast::<[[L; V]; R]>().write(sums) }
    }
}

/// The sums from their registers to C, where that is all there is to do.
#[inline(always)]
unsafe fn write_tile<L: Lanes, const R: usize, const V: usize>(sums: &[[L; V]; R], to: &Destination) {
    for i in 0..R {
        for v in 0..V {
            let c = to.row(i).wrapping_add(v * L::N);
            // SAFETY: a whole register of C, which is this tile's.
            unsafe {
                match (to.accumulate, to.stream) {
                    (true, _) => L::load(c).add(sums[i][v]).store(c),
                    (false, true) => sums[i][v].stream(c),
                    (false, false) => sums[i][v].store(c),
                }
            }
        }
    }
}

/// [`STEPS`] steps along rows of A and a packed panel of B, written out: with every distance known, a step is nothing but loads
/// and multiply-adds.
#[inline(always)]
unsafe fn sixteen_steps<L: Lanes, const R: usize, const V: usize>(
    sums: &mut [[L; V]; R],
    (a, down): (*const f32, &[isize; 4]),
    b: *const f32,
) {
    macro_rules! steps {
        ($($k:literal)*) => {$(
            let at = (a.wrapping_add($k), b.wrapping_add($k * V * L::N));
            // SAFETY: rows of A and registers of B that are there, as this function's caller says.
            unsafe { step::<L, R, V>(sums, (at.0, down), (at.1, (V * L::N) as isize), None) };
        )*};
    }
    const { assert!(STEPS == 16) };
    steps!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// One `k`: a row of B's panel, times an element of A for each row.
#[inline(always)]
unsafe fn step<L: Lanes, const R: usize, const V: usize>(
    sums: &mut [[L; V]; R],
    (a, down): (*const f32, &[isize; 4]),
    (b, b_row): (*const f32, isize),
    mask: Option<L::Mask>,
) {
    // SAFETY: rows of A and registers of B that are there, as this function's caller says.
    unsafe {
        let mut row = [L::zero(); V];
        for v in 0..V {
            let b = b.wrapping_add(v * L::N);
            if (v * L::N).is_multiple_of(Prefetch::LINE) {
                L::prefetch(b.wrapping_offset(b_row.wrapping_mul(B_AHEAD)));
            }
            row[v] = read(b, mask.filter(|_| v + 1 == V));
        }
        for i in 0..R {
            let four = if i < 4 { a } else { a.wrapping_offset(down[3]) };
            let x = L::splat(if i % 4 == 0 { four } else { four.wrapping_offset(down[i % 4 - 1]) });
            for v in 0..V {
                sums[i][v] = x.mul_add(row[v], sums[i][v]);
            }
        }
    }
}

/// What else is done to the sums on their way to C; only the last register of a row may be partly there.
#[inline(always)]
unsafe fn finish_tile<L: Lanes>(at: &At, rows: usize, sums: *const L) {
    let registers = at.columns.div_ceil(L::N);
    for i in 0..rows {
        for v in 0..registers {
            let (column, left) = (v * L::N, at.columns - v * L::N);
            // SAFETY: the sums were written, and the columns of C and of the bias are there or masked.
            unsafe {
                let mask = if left < L::N { Some(L::first(left)) } else { None };
                finish(
                    sums.add(i * registers + v).read(),
                    &at.to,
                    at.to.row(i).wrapping_add(column),
                    column,
                    mask,
                );
            }
        }
    }
}
