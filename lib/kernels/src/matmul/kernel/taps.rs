//! The kernel of a convolution: a tile of results whose operands are read where they lie in an
//! image.
//!
//! It is [`outer`](super::outer) with rows of A in pieces: each is some runs of contiguous numbers,
//! the *taps*, at the same distances from a start of its own. So no patch is ever copied.

use super::lanes::Lanes;
use super::{Aligned, Taps, finish, read};
use std::hint::black_box;
use std::mem::MaybeUninit;

/// Rows of a tile. Each has a pointer of its own, and there are sixteen registers for those.
pub(crate) const ROWS: usize = 8;

/// Computes [`Taps`].
///
/// # Safety
/// That of [`Taps`], and the processor has the lanes' instructions.
#[inline(always)]
pub(super) unsafe fn taps<L: Lanes, const V: usize>(t: &Taps<'_>) {
    // SAFETY: as this function's.
    unsafe {
        match t.columns.div_ceil(L::N) {
            1 => tile::<L, 1>(t),
            _ => tile::<L, V>(t),
        }
    }
}

#[inline(always)]
unsafe fn tile<L: Lanes, const V: usize>(t: &Taps<'_>) {
    let mut done = Aligned(MaybeUninit::<[[L; V]; ROWS]>::uninit());
    // In a black box, since the compiler would otherwise keep the sums there all along, instead of
    // in registers.
    let done: *mut [[L; V]; ROWS] = black_box(done.0.as_mut_ptr());
    // SAFETY: as this function's; the sums are written before they are read.
    unsafe {
        done.write(sums(t));
        for i in 0..t.rows {
            for v in 0..V {
                let left = t.columns - v * L::N;
                let mask = if left < L::N { Some(L::first(left)) } else { None };
                finish((*done)[i][v], &t.to, t.c[i].wrapping_add(v * L::N), v * L::N, mask);
            }
        }
    }
}

/// The sums of all rows, also of those that are there again.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize>(t: &Taps<'_>) -> [[L; V]; ROWS] {
    // SAFETY: runs of the image and rows of the panel that are there, as this function's caller says.
    unsafe {
        let mut sums = [[L::zero(); V]; ROWS];
        let mut b = t.b;
        for &tap in t.taps {
            let from = t.from.map(|from| from.wrapping_offset(tap));
            for k in 0..t.len {
                let mut row = [L::zero(); V];
                for v in 0..V {
                    row[v] = read(b.wrapping_add(v * L::N), None);
                }
                for i in 0..ROWS {
                    let x = L::splat(from[i].wrapping_add(k));
                    for v in 0..V {
                        sums[i][v] = x.mul_add(row[v], sums[i][v]);
                    }
                }
                b = b.wrapping_add(t.width);
            }
        }
        sums
    }
}
