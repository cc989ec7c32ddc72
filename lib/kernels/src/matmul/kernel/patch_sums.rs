//! The kernel of a convolution's weight gradient: a tile of it stays in registers while the places
//! where a patch met a result go by.
//!
//! The tile's rows are neighbouring numbers of a patch, which are read where they lie in the image;
//! lanes lie along the channels of the result. For a kernel of 5 × 5 on a single channel, which a
//! net begins with, neighbours are only five, so such a tile has several pieces of a patch.

use super::lanes::Lanes;
use super::{PatchSums, read};

/// Neighbouring numbers of a patch in a tile, and in one of several pieces.
pub(crate) const NUMBERS: usize = 8;
pub(crate) const SHORT: usize = 5;

/// Computes [`PatchSums`] in tiles of `V` registers, or of `P` short pieces.
///
/// # Safety
/// That of [`PatchSums`], and the processor has the lanes' instructions.
#[inline(always)]
pub(super) unsafe fn patch_sums<L: Lanes, const P: usize, const V: usize>(s: &PatchSums) {
    // SAFETY: as this function's.
    unsafe {
        match s.columns.div_ceil(L::N) {
            _ if s.short => tile::<L, P, SHORT, 1>(s),
            1 => tile::<L, 1, NUMBERS, 1>(s),
            _ => tile::<L, 1, NUMBERS, V>(s),
        }
    }
}

#[inline(always)]
unsafe fn tile<L: Lanes, const P: usize, const LEN: usize, const V: usize>(s: &PatchSums) {
    let [outer, middle, inner] = s.axes;
    // SAFETY: the places are there, as this function's caller says, and so are the wanted numbers of the sums.
    unsafe {
        let last = s.columns - (V - 1) * L::N;
        let mask = if last < L::N { Some(L::first(last)) } else { None };
        let mut sums = [[[L::zero(); V]; LEN]; P];
        for i in 0..outer.count {
            for j in 0..middle.count {
                let mut x = outer.x.wrapping_mul(i).wrapping_add(middle.x.wrapping_mul(j));
                let g = outer.g.wrapping_mul(i).wrapping_add(middle.g.wrapping_mul(j));
                let mut g = s.g.wrapping_add(g);
                for _ in 0..inner.count {
                    let mut row = [L::zero(); V];
                    for v in 0..V {
                        row[v] = read(g.wrapping_add(v * L::N), mask.filter(|_| v + 1 == V));
                    }
                    for p in 0..P {
                        let piece = s.x.wrapping_add(s.x_piece * p).wrapping_add(x);
                        for l in 0..LEN {
                            let number = L::splat(piece.wrapping_add(l));
                            for v in 0..V {
                                sums[p][l][v] = number.mul_add(row[v], sums[p][l][v]);
                            }
                        }
                    }
                    (x, g) = (x.wrapping_add(inner.x), g.wrapping_add(inner.g));
                }
            }
        }
        for p in 0..P {
            for l in 0..LEN {
                if p * LEN + l < s.rows {
                    for v in 0..V {
                        let to = s.to.wrapping_add((p * LEN + l) * s.to_row + v * L::N);
                        L::load(to).add(sums[p][l][v]).store(to);
                    }
                }
            }
        }
    }
}
