//! The two inner loops, and the table through which the rest calls them.
//!
//! A product spends nearly all its time in a loop of a few lines. There are two of them, each written once:
//!
//! - [`outer`]: a tile of C stays in registers while a column of A and a row of B after the other go by; lanes
//!   lie along the columns of C;
//! - [`dot`]: a tile of C stays in registers as running dot products; lanes lie along `k`.
//!
//! A convolution has its own, [`taps`]: it is the first with rows of A in pieces.
//!
//! All, and the copying of what they read ([`copy`]), are compiled once for every [`Isa`](super::Isa). What comes out are a few function pointers and sizes,
//! the [`Kernels`] of that path, so that whatever decides about blocks and threads knows nothing of lanes.

#![allow(clippy::needless_range_loop)] // `sums[i][j]` is row i and column j; iterators would hide that.

pub(super) mod lanes;
mod outer;
mod dot;
mod copy;
pub(crate) mod taps;
pub(crate) mod patch_sums;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

use super::destination::Destination;

pub(super) use dot::{MAX_COLUMNS, MAX_ROWS, column_tiles};

/// The inner loops compiled for one instruction set, and the sizes that they were compiled for.
pub(crate) struct Kernels {
    /// Computes a [`Strip`].
    pub(super) strip: unsafe fn(&Strip),
    /// Computes [`Dots`].
    pub(super) dots: unsafe fn(&Dots),
    /// Computes [`Taps`].
    pub(crate) taps: unsafe fn(&Taps<'_>),
    /// Columns of a panel of `taps`, and of a tile of `patch_sums`.
    pub(crate) taps_width: usize,
    /// Computes [`PatchSums`].
    pub(crate) patch_sums: unsafe fn(&PatchSums),
    /// Short pieces of a patch in a tile of `patch_sums`.
    pub(crate) pieces: usize,
    /// Copies a [`Panel`].
    pub(super) copy: unsafe fn(&Panel),
    /// Numbers in a register.
    pub(crate) lanes: usize,
    /// Rows of C in a tile of `strip`; a [`Strip`] of more is several tiles.
    pub(super) rows: usize,
    /// Columns of C in a tile of `strip`: the width of a panel of B.
    pub(super) width: usize,
    /// Columns of C in a tile of `dots`.
    pub(super) dot_columns: usize,
}

/// A few rows of C: `rows` rows of A times all `columns` of a block of B.
///
/// `a` is the first row's first element; `a_row` leads to the next row, `a_column` to the next column. B lies in
/// panels of `width` columns (the first of `first`), at most as many as a tile has; in each a row is contiguous,
/// `b_row` leads to the next one, and `b_panel` to the next panel, filled up with zeros to whole registers. Where B
/// lies `b_in_place`, panels are neighbours, and there is nothing behind the last column.
pub(super) struct Strip {
    pub(super) rows: usize,
    pub(super) k: usize,
    pub(super) columns: usize,
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) a: *const f32,
    pub(super) a_row: isize,
    pub(super) a_column: isize,
    pub(super) b: *const f32,
    pub(super) b_row: isize,
    pub(super) b_panel: isize,
    pub(super) b_in_place: bool,
    pub(super) to: Destination,
    pub(super) prefetch: Prefetch,
}

/// Some rows of C as dot products: `rows` rows of A, each contiguous, times all `columns` of B, each contiguous
/// by whole registers.
///
/// Column `j` of B begins at `b + b_column·j`, except that packed columns lie in tiles as [`column_tiles`] says: inside a
/// tile, registers of the same `k` lie side by side.
pub(super) struct Dots {
    pub(super) rows: usize,
    pub(super) k: usize,
    pub(super) columns: usize,
    pub(super) a: *const f32,
    pub(super) a_row: isize,
    pub(super) b: *const f32,
    pub(super) b_column: isize,
    pub(super) b_packed: bool,
    pub(super) to: Destination,
    pub(super) prefetch: Prefetch,
}

/// Some results of a convolution: row `i` is a sum over [`runs`](taps::Run) of numbers that begin at `from + i·from_row`, times
/// rows of a packed panel of B, `width` apart. `columns` of the panel are wanted, at most the `width`. Nothing is added to
/// what C holds.
pub(crate) struct Taps<'a> {
    pub(crate) rows: usize,
    pub(crate) from: *const f32,
    pub(crate) from_row: isize,
    pub(crate) runs: &'a [taps::Run],
    pub(crate) b: *const f32,
    pub(crate) width: usize,
    pub(crate) columns: usize,
    pub(crate) to: Destination,
}

/// A part of a convolution's weight gradient: to each of some `rows` numbers of a patch the sum over all places of that
/// number times `columns` of the result's gradient, at most a tile's width; it is added to whole registers at `to`, rows `to_row`
/// apart.
///
/// At the first place the patch's numbers begin at `x`, and the result's at `g`; `axes` lead to the others. All
/// [`NUMBERS`](patch_sums::NUMBERS) from `x` on can be read at each, or, of a `short` tile of one register, all its
/// pieces of [`SHORT`](patch_sums::SHORT) numbers, `x_piece` apart.
pub(crate) struct PatchSums {
    pub(crate) rows: usize,
    pub(crate) x: *const f32,
    pub(crate) short: bool,
    pub(crate) x_piece: usize,
    pub(crate) g: *const f32,
    pub(crate) axes: [Steps; 3],
    pub(crate) columns: usize,
    pub(crate) to: *mut f32,
    pub(crate) to_row: usize,
}

/// So many places, each so far from the one before, in the images and in the results.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    pub(crate) x: usize,
    pub(crate) g: usize,
}

/// A part of B to be packed: its element (i, j) is at `from + i·from_row + j·from_column`, and goes to `to + i·width + j`;
/// `width` is a multiple of the lanes, and what `columns` leave of it becomes zero.
pub(super) struct Panel {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) from: *const f32,
    pub(super) from_row: isize,
    pub(super) from_column: isize,
    pub(super) to: *mut f32,
    pub(super) width: usize,
}

/// Memory that is needed soon, prefetched a cache line at a time while the sums run.
///
/// There are `runs` runs of `lines` cache lines, the first at `next`, each `step` after the one before; a panel of a
/// [`Strip`] prefetches one of them, [`Dots`] the first only, and each of their tiles a part of it.
#[derive(Clone, Copy)]
pub(super) struct Prefetch {
    pub(super) next: *const f32,
    pub(super) lines: usize,
    pub(super) runs: usize,
    pub(super) step: isize,
}

impl Prefetch {
    /// Nothing.
    pub(super) const NONE: Self = Self { next: std::ptr::null(), lines: 0, runs: 0, step: 0 };

    /// Numbers in a cache line.
    pub(super) const LINE: usize = 64 / size_of::<f32>();

    /// Splits the first `lines` off, or all that are left.
    #[inline(always)]
    fn take(&mut self, lines: usize) -> Self {
        let taken = Self { lines: lines.min(self.lines), ..*self };
        self.next = self.next.wrapping_add(taken.lines * Self::LINE);
        self.lines -= taken.lines;
        taken
    }

    /// What the panel of that number prefetches.
    #[inline(always)]
    fn run(&self, panel: usize) -> Self {
        let next = self.next.wrapping_offset(self.step.wrapping_mul(panel as isize));
        Self { next, lines: if panel < self.runs { self.lines } else { 0 }, ..*self }
    }
}

/// Something on the stack that is aligned, so that whatever else the compiler puts there is, too. In plain Rust these are
/// registers that it ran out of; in every other process they would lie across two cache lines, and cost a fifth of all time.
#[repr(align(64))]
struct Aligned<T>(T);

/// Prefetches the next line into L2, if one is left.
///
/// # Safety
/// As for all [`Lanes`](lanes::Lanes); the address may be any.
#[inline(always)]
unsafe fn prefetch_next<L: lanes::Lanes>(prefetch: &mut Prefetch) {
    if prefetch.lines > 0 {
        // SAFETY: a prefetch may name any address.
        unsafe { L::prefetch_far(prefetch.next) };
        prefetch.next = prefetch.next.wrapping_add(Prefetch::LINE);
        prefetch.lines -= 1;
    }
}

/// Compiles the inner loops for one kind of [`Lanes`](lanes::Lanes), with the instruction sets named.
macro_rules! entries {
    ($lanes:ty, $($features:literal,)? outer: $rows:literal x $vectors:literal,
     dot: $dot_rows:literal x $dot_columns:literal, taps: $taps_rows:literal x $taps_vectors:literal, pieces: $pieces:literal) => {{
        use $crate::matmul::kernel::{Dots, Kernels, Panel, PatchSums, Strip, Taps, copy, dot, lanes::Lanes, outer, patch_sums, taps};

        // SAFETY (all): the caller keeps the promises of `Strip`, `Dots`, …, and has the instruction sets.
        $(#[target_feature(enable = $features)])?
        unsafe fn strip(strip: &Strip) {
            // SAFETY: as above.
            unsafe { outer::strip::<$lanes, $rows, $vectors>(strip) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn dots(dots: &Dots) {
            // SAFETY: as above.
            unsafe { dot::dots::<$lanes, $dot_rows, $dot_columns>(dots) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn tapped(t: &Taps<'_>) {
            // SAFETY: as above.
            unsafe { taps::taps::<$lanes, $taps_rows, $taps_vectors, { $taps_rows * $taps_vectors }>(t) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn summed(s: &PatchSums) {
            // SAFETY: as above.
            unsafe { patch_sums::patch_sums::<$lanes, $pieces, $taps_vectors>(s) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn copy_panel(panel: &Panel) {
            // SAFETY: as above.
            unsafe { copy::copy::<$lanes>(panel) }
        }

        Kernels {
            strip,
            dots,
            taps: tapped,
            taps_width: $taps_vectors * <$lanes as Lanes>::N,
            patch_sums: summed,
            pieces: $pieces,
            copy: copy_panel,
            lanes: <$lanes as Lanes>::N,
            rows: $rows,
            width: $vectors * <$lanes as Lanes>::N,
            dot_columns: $dot_columns,
        }
    }};
}
use entries;

/// The last steps of every result: add what was there, add the bias, clamp and shift.
///
/// # Safety
/// `c` and `bias` (unless null) hold the lanes of `mask`, or all of them without one.
#[inline(always)]
unsafe fn finish<L: lanes::Lanes>(
    sums: L,
    to: &Destination,
    c: *mut f32,
    column: usize,
    mask: Option<L::Mask>,
) {
    // SAFETY: as this function's.
    unsafe {
        let mut x = sums;
        if to.accumulate {
            x = read::<L>(c, mask).add(x);
        }
        if !to.bias.is_null() {
            x = x.add(read::<L>(to.bias.wrapping_add(column), mask));
        }
        if let Some(shift) = &to.relu_shift {
            x = x.relu().sub(L::splat(shift));
        }
        write(x, c, mask, to.stream);
    }
}

/// All lanes, by an ordinary or a non-temporal store, or those of the mask.
#[inline(always)]
unsafe fn write<L: lanes::Lanes>(x: L, to: *mut f32, mask: Option<L::Mask>, stream: bool) {
    // SAFETY: as this function's.
    unsafe {
        match mask {
            Some(mask) => x.store_masked(to, mask),
            None if stream => x.stream(to),
            None => x.store(to),
        }
    }
}

/// All lanes, or those of the mask.
#[inline(always)]
unsafe fn read<L: lanes::Lanes>(from: *const f32, mask: Option<L::Mask>) -> L {
    // SAFETY: as this function's.
    unsafe {
        match mask {
            Some(mask) => L::load_masked(from, mask),
            None => L::load(from),
        }
    }
}
