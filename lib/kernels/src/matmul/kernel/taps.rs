//! The kernel of a convolution: tiles of results whose operands are read where they lie in an
//! image.
//!
//! It is [`outer`](super::outer) with rows of A in pieces: each is some [`Run`]s of contiguous
//! numbers, at the same distances from a start of its own. So no patch is ever copied.

use super::lanes::Lanes;
use super::{Taps, read, write};

/// `len` contiguous numbers, `from` behind a row's start, which meet the rows of B's panel from
/// number `b` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) from: isize,
    pub(crate) b: usize,
    pub(crate) len: usize,
}

/// Computes [`Taps`] in tiles of `R` rows and `V` registers, or of `ONE` rows and one register.
///
/// # Safety
/// That of [`Taps`], and the processor has the lanes' instructions.
#[inline(always)]
pub(super) unsafe fn taps<L: Lanes, const R: usize, const V: usize, const ONE: usize>(t: &Taps<'_>) {
    let one = t.columns <= L::N;
    let rows = [if one { ONE } else { R }, 4, 1].into_iter().find(|&rows| rows <= t.rows).unwrap_or(1);
    let mut row = 0;
    while row < t.rows {
        // The last tile begins so early that it is whole: some rows are computed again.
        let first = row.min(t.rows - rows);
        // SAFETY: as this function's; the rows are there.
        unsafe {
            match (one, rows) {
                (true, 1) => tile::<L, 1, 1>(t, first),
                (true, 4) => tile::<L, 4, 1>(t, first),
                (true, _) => tile::<L, ONE, 1>(t, first),
                (false, 1) => tile::<L, 1, V>(t, first),
                (false, 4) => tile::<L, 4, V>(t, first),
                (false, _) => tile::<L, R, V>(t, first),
            }
        }
        row = first + rows;
    }
}

/// `R` rows from `first` on. Only the last register may be partly there.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const V: usize>(t: &Taps<'_>, first: usize) {
    // SAFETY: the columns of the bias and of C are there or masked.
    unsafe {
        let last = t.columns - (V - 1) * L::N;
        let mask = if last < L::N { Some(L::first(last)) } else { None };
        let mut start = [L::zero(); V];
        if !t.to.bias.is_null() {
            for v in 0..V {
                start[v] = read(t.to.bias.wrapping_add(v * L::N), mask.filter(|_| v + 1 == V));
            }
        }
        let sums = sums::<L, R, V>(t, first, start);
        for i in 0..R {
            for v in 0..V {
                let c = t.to.row(first + i).wrapping_add(v * L::N);
                let mut sum = sums[i][v];
                if let Some(shift) = &t.to.relu_shift {
                    sum = sum.relu().sub(L::splat(shift));
                }
                write(sum, c, mask.filter(|_| v + 1 == V), false);
            }
        }
    }
}

/// What `start` and the products add up to in each row.
#[inline(always)]
unsafe fn sums<L: Lanes, const R: usize, const V: usize>(
    t: &Taps<'_>,
    first: usize,
    start: [L; V],
) -> [[L; V]; R] {
    let down: [isize; 4] = std::array::from_fn(|i| t.from_row.wrapping_mul(i as isize));
    // Each leads to four rows.
    let quads: [*const f32; 4] = std::array::from_fn(|q| {
        t.from.wrapping_offset(t.from_row.wrapping_mul((first + (4 * q).min(R - 1)) as isize))
    });
    // SAFETY: runs of the image and rows of the panel that are there, as this function's caller says.
    unsafe {
        let mut sums = [start; R];
        for run in t.runs {
            let mut b = t.b.wrapping_add(run.b * t.width);
            let mut from = quads.map(|quad| quad.wrapping_offset(run.from));
            for _ in 0..run.len {
                let mut row = [L::zero(); V];
                for v in 0..V {
                    row[v] = read(b.wrapping_add(v * L::N), None);
                }
                for i in 0..R {
                    let x = L::splat(from[i / 4].wrapping_offset(down[i % 4]));
                    for v in 0..V {
                        sums[i][v] = x.mul_add(row[v], sums[i][v]);
                    }
                }
                b = b.wrapping_add(t.width);
                for q in 0..R.div_ceil(4) {
                    from[q] = kept(from[q].wrapping_add(1));
                }
            }
        }
        sums
    }
}

/// The same pointer, of which the compiler does not know that: it would otherwise keep a pointer for each row, for which
/// there are too few registers.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read through it here")]
fn kept(mut pointer: *const f32) -> *const f32 {
    // SAFETY: no instruction at all.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    pointer
}
