//! The two inner loops, and the table through which the rest calls them.
//!
//! A product spends nearly all its time in a loop of a few lines. There are two of them, each written once:
//!
//! - [`outer`]: a tile of C stays in registers while a column of A and a row of B after the other go by; lanes
//!   lie along the columns of C;
//! - [`dot`]: a tile of C stays in registers as running dot products; lanes lie along `k`.
//!
//! Both, and the copying of what they read ([`copy`]), are compiled once for every [`Path`](super::Path). What comes out are a few function pointers and sizes,
//! the [`Kernels`] of that path, so that whatever decides about blocks and threads knows nothing of lanes.

#![allow(clippy::needless_range_loop)] // `sums[i][j]` is row i and column j; iterators would hide that.

pub(super) mod lanes;
mod outer;
mod dot;
mod copy;
pub(super) mod portable;
mod vectorize;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;

pub(crate) use vectorize::{Work, vectorize};

pub(super) use dot::{MAX_COLUMNS, MAX_ROWS, column_tiles};

/// The inner loops compiled for one instruction set, and the sizes that they were compiled for.
pub(super) struct Kernels<T> {
    /// Computes a [`Strip`].
    pub(super) strip: unsafe fn(&Strip<T>),
    /// Computes [`Dots`].
    pub(super) dots: unsafe fn(&Dots<T>),
    /// Copies a [`Panel`].
    pub(super) copy: unsafe fn(&Panel<T>),
    /// Numbers in a register.
    pub(super) lanes: usize,
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
pub(super) struct Strip<T> {
    pub(super) rows: usize,
    pub(super) k: usize,
    pub(super) columns: usize,
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) a: *const T,
    pub(super) a_row: isize,
    pub(super) a_column: isize,
    pub(super) b: *const T,
    pub(super) b_row: isize,
    pub(super) b_panel: isize,
    pub(super) b_in_place: bool,
    pub(super) to: Destination<T>,
    pub(super) ahead: Ahead<T>,
}

/// Some rows of C as dot products: `rows` rows of A, each contiguous, times all `columns` of B, each contiguous
/// by whole registers.
///
/// Column `j` of B begins at `b + b_column·j`, except that packed columns lie in tiles as [`column_tiles`] says: inside a
/// tile, registers of the same `k` lie side by side.
pub(super) struct Dots<T> {
    pub(super) rows: usize,
    pub(super) k: usize,
    pub(super) columns: usize,
    pub(super) a: *const T,
    pub(super) a_row: isize,
    pub(super) b: *const T,
    pub(super) b_column: isize,
    pub(super) b_packed: bool,
    pub(super) to: Destination<T>,
    pub(super) ahead: Ahead<T>,
}

/// A part of B to be packed: its element (i, j) is at `from + i·from_row + j·from_column`, and goes to `to + i·width + j`;
/// `width` is a multiple of the lanes, and what `columns` leave of it becomes zero.
pub(super) struct Panel<T> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) from: *const T,
    pub(super) from_row: isize,
    pub(super) from_column: isize,
    pub(super) to: *mut T,
    pub(super) width: usize,
}

/// Where results go, contiguous in each row, and what is done to them on the way, while they are in registers.
#[derive(Clone, Copy)]
pub(super) struct Destination<T> {
    pub(super) c: *mut T,
    pub(super) c_row: isize,
    /// Adds what C holds.
    pub(super) accumulate: bool,
    /// Adds a number to each column; null for none.
    pub(super) bias: *const T,
    /// `max(x, 0) − shift`.
    pub(super) relu_shift: Option<T>,
    /// Writes past the caches, in tiles that are aligned to whole registers; only where `c_row` is, too.
    pub(super) stream: bool,
}

impl<T> Destination<T> {
    /// The part that begins at this row and column.
    #[inline(always)]
    pub(super) fn from(self, row: usize, column: usize) -> Self {
        let bias = if self.bias.is_null() { self.bias } else { self.bias.wrapping_add(column) };
        Self { c: self.row(row).wrapping_add(column), bias, ..self }
    }

    /// Where a row begins.
    #[inline(always)]
    fn row(&self, row: usize) -> *mut T {
        self.c.wrapping_offset(self.c_row.wrapping_mul(row as isize))
    }

    /// Whether there is nothing to do but write or add the sums.
    #[inline(always)]
    fn only_sums(&self) -> bool {
        self.bias.is_null() && self.relu_shift.is_none()
    }
}

/// Memory that is needed soon: asked for, a cache line at a time, while the sums run.
///
/// There are `runs` runs of `lines` cache lines, the first at `next`, each `step` after the one before; a panel of a
/// [`Strip`] asks for one of them, [`Dots`] for the first only: each of their tiles for a part of it.
#[derive(Clone, Copy)]
pub(super) struct Ahead<T> {
    pub(super) next: *const T,
    pub(super) lines: usize,
    pub(super) runs: usize,
    pub(super) step: isize,
}

impl<T> Ahead<T> {
    /// Nothing to ask for.
    pub(super) const NONE: Self = Self { next: std::ptr::null(), lines: 0, runs: 0, step: 0 };

    /// Numbers in a cache line.
    pub(super) const LINE: usize = 64 / size_of::<T>();

    /// Splits the first `lines` off, or all that are left.
    #[inline(always)]
    fn take(&mut self, lines: usize) -> Self {
        let taken = Self { lines: lines.min(self.lines), ..*self };
        self.next = self.next.wrapping_add(taken.lines * Self::LINE);
        self.lines -= taken.lines;
        taken
    }

    /// What the panel of that number asks for.
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

/// Asks for the next line, if one is left.
///
/// # Safety
/// As for all [`Lanes`](lanes::Lanes); the address may be any.
#[inline(always)]
unsafe fn ask<L: lanes::Lanes>(ahead: &mut Ahead<L::Elem>) {
    if ahead.lines > 0 {
        // SAFETY: asking is allowed anywhere.
        unsafe { L::prefetch_far(ahead.next) };
        ahead.next = ahead.next.wrapping_add(Ahead::<L::Elem>::LINE);
        ahead.lines -= 1;
    }
}

/// Compiles the inner loops for one kind of [`Lanes`](lanes::Lanes), with the instruction sets named.
macro_rules! entries {
    ($lanes:ty, $($features:literal,)? outer: $rows:literal x $vectors:literal,
     dot: $dot_rows:literal x $dot_columns:literal) => {{
        use $crate::matmul::kernel::{Dots, Kernels, Panel, Strip, copy, dot, lanes::Lanes, outer};

        // SAFETY (all): the caller keeps the promises of `Strip`, `Dots` and `Panel`, and has the instruction sets.
        $(#[target_feature(enable = $features)])?
        unsafe fn strip(strip: &Strip<<$lanes as Lanes>::Elem>) {
            // SAFETY: as above.
            unsafe { outer::strip::<$lanes, $rows, $vectors>(strip) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn dots(dots: &Dots<<$lanes as Lanes>::Elem>) {
            // SAFETY: as above.
            unsafe { dot::dots::<$lanes, $dot_rows, $dot_columns>(dots) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn copy_panel(panel: &Panel<<$lanes as Lanes>::Elem>) {
            // SAFETY: as above.
            unsafe { copy::copy::<$lanes>(panel) }
        }

        Kernels {
            strip,
            dots,
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
    to: &Destination<L::Elem>,
    c: *mut L::Elem,
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

/// All lanes, past the caches or not, or those of the mask.
#[inline(always)]
unsafe fn write<L: lanes::Lanes>(x: L, to: *mut L::Elem, mask: Option<L::Mask>, stream: bool) {
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
unsafe fn read<L: lanes::Lanes>(from: *const L::Elem, mask: Option<L::Mask>) -> L {
    // SAFETY: as this function's.
    unsafe {
        match mask {
            Some(mask) => L::load_masked(from, mask),
            None => L::load(from),
        }
    }
}
