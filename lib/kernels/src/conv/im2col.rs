//! Patches out of images, and patches back into images.
//!
//! A patch is `kh` runs of `kw · ci` numbers, each run contiguous in an image whose channels are last. At the edge a part of a
//! run, or all of it, is padding.

use super::shape::Shape;
use crate::simd::{SimdKernel, dispatch};
use std::ops::Range;

/// Numbers that are copied at a time. A run is copied in whole steps: what is too much is overwritten by the next run.
const STEP: usize = 8;

/// Numbers that may be written behind the last patch.
pub(super) const SLACK: usize = STEP;

/// Patches in a block, whose numbers together should stay in L2.
pub(super) fn block_rows(shape: &Shape) -> usize {
    const BLOCK: usize = 1 << 15;
    (BLOCK / shape.patch().max(1)).next_multiple_of(8).max(8)
}

/// Some neighbouring patches of the same row of the same image, as numbers of rows of the product.
struct Line {
    image: usize,
    oy: usize,
    oxs: Range<usize>,
}

/// The lines that rows of the product consist of.
fn lines(shape: &Shape, rows: Range<usize>) -> impl Iterator<Item = Line> {
    let (ow, positions) = (shape.ow, shape.positions());
    let mut row = rows.start;
    std::iter::from_fn(move || {
        (row < rows.end).then(|| {
            let (image, position) = (row / positions, row % positions);
            let (oy, start) = (position / ow, position % ow);
            let end = ow.min(start + rows.end - row);
            row += end - start;
            Line { image, oy, oxs: start..end }
        })
    })
}

/// Writes the patches of `rows`, one after the other, to `to`.
///
/// # Safety
/// `x` holds `(n, h, w, ci)` numbers; `to` has room for the patches and [`SLACK`] numbers more.
pub(super) unsafe fn im2col(shape: &Shape, x: &[f32], rows: Range<usize>, to: *mut f32) {
    debug_assert!(x.len() == shape.n * shape.h * shape.w * shape.ci && rows.end <= shape.rows());
    dispatch(Im2Col { shape, x, rows, to });
}

struct Im2Col<'a> {
    shape: &'a Shape,
    x: &'a [f32],
    rows: Range<usize>,
    to: *mut f32,
}

impl SimdKernel for Im2Col<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shape: s, x, rows, mut to } = self;
        for line in lines(s, rows) {
            for ox in line.oxs {
                let clipped = Clipped::new(s, ox);
                for ky in 0..s.kh {
                    let iy = (line.oy * s.stride + ky).wrapping_sub(s.padding);
                    // SAFETY: a run of a patch that there is room for, of a row of the image or of zeros.
                    unsafe {
                        to = if iy < s.h {
                            let from = ((line.image * s.h + iy) * s.w + clipped.start) * s.ci;
                            clipped.copy(&x[from..], to)
                        } else {
                            zeros(to, s.kw * s.ci)
                        };
                    }
                }
            }
        }
    }
}

/// Which part of a run is padding, in numbers: `left`, then `inside` numbers of the image from column `start` on, then `right`.
struct Clipped {
    left: usize,
    start: usize,
    inside: usize,
    right: usize,
}

impl Clipped {
    #[inline(always)]
    fn new(s: &Shape, ox: usize) -> Self {
        let padded = ox * s.stride;
        let left = s.padding.saturating_sub(padded).min(s.kw);
        let start = (padded + left).saturating_sub(s.padding).min(s.w);
        let inside = (s.kw - left).min(s.w - start);
        Self { left: left * s.ci, start, inside: inside * s.ci, right: (s.kw - left - inside) * s.ci }
    }

    /// Writes the run, and says where the next one begins.
    ///
    /// # Safety
    /// `from` holds what is inside, and `to` has room for the run and [`SLACK`] numbers more.
    #[inline(always)]
    unsafe fn copy(&self, from: &[f32], to: *mut f32) -> *mut f32 {
        // SAFETY: as this function's; whatever is written too far is overwritten by what comes next.
        unsafe {
            let to = if self.left > 0 { zeros(to, self.left) } else { to };
            let to = copied(from, to, self.inside);
            if self.right > 0 { zeros(to, self.right) } else { to }
        }
    }
}

/// `len` zeros, and up to [`STEP`] more.
///
/// # Safety
/// `to` has room for them.
#[inline(always)]
unsafe fn zeros(to: *mut f32, len: usize) -> *mut f32 {
    for i in (0..len).step_by(STEP) {
        // SAFETY: as this function's.
        unsafe { to.add(i).cast::<[f32; STEP]>().write_unaligned([0.0; STEP]) };
    }
    to.wrapping_add(len)
}

/// The first `len` numbers of `from`, and up to [`STEP`] more if there are.
///
/// # Safety
/// `from` holds `len` numbers; `to` has room for [`STEP`] more.
#[inline(always)]
unsafe fn copied(from: &[f32], to: *mut f32, len: usize) -> *mut f32 {
    let source = from.as_ptr();
    // SAFETY: as this function's; whole steps are read only where there are so many numbers.
    unsafe {
        if len + STEP <= from.len() {
            for i in (0..len).step_by(STEP) {
                let few = source.add(i).cast::<[f32; STEP]>().read_unaligned();
                to.add(i).cast::<[f32; STEP]>().write_unaligned(few);
            }
        } else {
            source.copy_to_nonoverlapping(to, len);
        }
    }
    to.wrapping_add(len)
}

/// Adds the patches of `rows` where they came from: `to` are whole images `(h, w, ci)`, the first of them that of row 0.
pub(super) fn col2im(shape: &Shape, patches: &[f32], rows: Range<usize>, to: &mut [f32]) {
    dispatch(Col2Im { shape, patches, rows, to });
}

struct Col2Im<'a> {
    shape: &'a Shape,
    patches: &'a [f32],
    rows: Range<usize>,
    to: &'a mut [f32],
}

impl SimdKernel for Col2Im<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shape: s, patches, rows, to } = self;
        let mut from = patches;
        for line in lines(s, rows) {
            let (these, rest) = from.split_at(line.oxs.len() * s.patch());
            from = rest;
            for ky in 0..s.kh {
                let iy = (line.oy * s.stride + ky).wrapping_sub(s.padding);
                if iy < s.h {
                    let row = (line.image * s.h + iy) * s.w * s.ci;
                    add_line(s, these, ky, &line.oxs, &mut to[row..][..s.w * s.ci]);
                }
            }
        }
    }
}

/// Row `ky` of some neighbouring patches, added to a row of the image. For one `kx` the places do not overlap, so that no
/// addition waits for the one before.
#[inline(always)]
fn add_line(s: &Shape, patches: &[f32], ky: usize, oxs: &Range<usize>, to: &mut [f32]) {
    for kx in 0..s.kw {
        let inside = inside(s, kx, oxs);
        let run = (ky * s.kw + kx) * s.ci;
        for ox in inside {
            let from = (ox - oxs.start) * s.patch() + run;
            let at = (ox * s.stride + kx - s.padding) * s.ci;
            add(&mut to[at..at + s.ci], &patches[from..from + s.ci]);
        }
    }
}

/// The positions at which column `kx` of the kernel is on the image.
#[inline(always)]
fn inside(s: &Shape, kx: usize, oxs: &Range<usize>) -> Range<usize> {
    let first = s.padding.saturating_sub(kx).div_ceil(s.stride);
    let end = (s.w + s.padding).saturating_sub(kx).div_ceil(s.stride);
    oxs.start.max(first)..oxs.end.min(end)
}

#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    let ((tos, to), (froms, from)) = (to.as_chunks_mut::<STEP>(), from.as_chunks::<STEP>());
    for (to, from) in tos.iter_mut().zip(froms) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
