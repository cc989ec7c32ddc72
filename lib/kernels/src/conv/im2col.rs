//! Patches out of images, and patches back into images.
//!
//! A patch is `kh` runs of `kw · ci` numbers, each run contiguous in an image whose channels are
//! last. At the edge a part of a run, or all of it, is padding.

use super::meet::Axis;
use super::shape::Shape;
use crate::simd::{SimdKernel, dispatch};
use std::ops::Range;

/// Numbers that are copied at a time. A run is copied in whole steps: what is too much is
/// overwritten by the next run.
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

impl Line {
    /// Which row of all images is under row `ky` of the kernel.
    #[inline(always)]
    fn row(&self, s: &Shape, ky: usize) -> usize {
        self.image * s.h + Axis::rows(s).pixel(self.oy, ky)
    }
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
            let kys = Axis::rows(s).taps(line.oy);
            let image = if kys.is_empty() { &[] } else { &x[line.row(s, kys.start) * s.w * s.ci..] };
            for ox in line.oxs {
                let clipped = Clipped::new(s, ox);
                // SAFETY: there is room for the patch, and the image has the rows `kys`.
                unsafe {
                    to = zeros(to, kys.start * s.kw * s.ci);
                    to = clipped.copy(s, image, kys.len(), to);
                    to = zeros(to, (s.kh - kys.end) * s.kw * s.ci);
                }
            }
        }
    }
}

/// Which part of a run is padding, in numbers: `left`, then `inside` numbers of the image from
/// column `start` on, then `right`.
struct Clipped {
    left: usize,
    start: usize,
    inside: usize,
    right: usize,
}

impl Clipped {
    #[inline(always)]
    fn new(s: &Shape, ox: usize) -> Self {
        let columns = Axis::columns(s);
        let taps = columns.taps(ox);
        let start = columns.pixel(ox, taps.start).min(s.w);
        Self { left: taps.start * s.ci, start, inside: taps.len() * s.ci, right: (s.kw - taps.end) * s.ci }
    }

    /// Writes `rows` runs, each a row of the image further down, and says where the next one
    /// begins.
    ///
    /// # Safety
    /// `image` holds the rows, and `to` has room for the runs and [`SLACK`] numbers more.
    #[inline(always)]
    unsafe fn copy(&self, s: &Shape, image: &[f32], rows: usize, mut to: *mut f32) -> *mut f32 {
        let step = s.w * s.ci;
        let (mut from, inside) = (image.as_ptr().wrapping_add(self.start * s.ci), self.inside);
        let end = self.start * s.ci + rows.saturating_sub(1) * step + inside.next_multiple_of(STEP);
        let whole = end <= image.len();
        for _ in 0..rows {
            // SAFETY: as this function's; whatever is written too far is overwritten by what comes next, and whole steps
            // are read only where the last row has them, too.
            unsafe {
                if self.left > 0 {
                    to = zeros(to, self.left);
                }
                if whole {
                    copy_steps(from, to, inside);
                } else {
                    from.copy_to_nonoverlapping(to, inside);
                }
                to = to.wrapping_add(inside);
                if self.right > 0 {
                    to = zeros(to, self.right);
                }
            }
            from = from.wrapping_add(step);
        }
        to
    }
}

/// `len` zeros, and up to [`STEP`] more.
///
/// # Safety
/// `to` has room for them.
#[inline(always)]
unsafe fn zeros(to: *mut f32, len: usize) -> *mut f32 {
    let mut done = 0;
    while done < len {
        // SAFETY: as this function's.
        unsafe { to.add(done).cast::<[f32; STEP]>().write_unaligned([0.0; STEP]) };
        done += STEP;
    }
    to.wrapping_add(len)
}

/// `len` numbers, in whole steps.
///
/// # Safety
/// There are so many steps to read, and room for them.
#[inline(always)]
unsafe fn copy_steps(from: *const f32, to: *mut f32, len: usize) {
    let mut done = 0;
    while done < len {
        // SAFETY: as this function's.
        unsafe {
            let few = from.add(done).cast::<[f32; STEP]>().read_unaligned();
            to.add(done).cast::<[f32; STEP]>().write_unaligned(few);
        }
        done += STEP;
    }
}

/// Adds the patches of `rows` where they came from: `to` are whole images `(h, w, ci)`, the first
/// of them that of row 0.
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
            for ky in Axis::rows(s).taps(line.oy) {
                let to = &mut to[line.row(s, ky) * s.w * s.ci..][..s.w * s.ci];
                match s.ci {
                    1 => add_line::<1>(s, these, ky, &line.oxs, to),
                    8 => add_line::<8>(s, these, ky, &line.oxs, to),
                    16 => add_line::<16>(s, these, ky, &line.oxs, to),
                    32 => add_line::<32>(s, these, ky, &line.oxs, to),
                    _ => add_line::<0>(s, these, ky, &line.oxs, to),
                }
            }
        }
    }
}

/// Row `ky` of some neighbouring patches, added to a row of the image; `CI` channels, if the
/// compiler is to know them. For one `kx` the places do not overlap mostly, so that an addition
/// need not wait for the one before.
#[inline(always)]
fn add_line<const CI: usize>(s: &Shape, patches: &[f32], ky: usize, oxs: &Range<usize>, to: &mut [f32]) {
    let ci = if CI > 0 { CI } else { s.ci };
    for kx in 0..s.kw {
        let columns = Axis::columns(s);
        let inside = columns.results(kx);
        let inside = oxs.start.max(inside.start)..oxs.end.min(inside.end);
        if inside.is_empty() || ci == 0 {
            continue;
        }
        let from = (inside.start - oxs.start) * s.patch() + (ky * s.kw + kx) * ci;
        let at = columns.pixel(inside.start, kx) * ci;
        let from = patches[from..].chunks(s.patch());
        let to = to[at..].chunks_mut(s.stride.saturating_mul(ci));
        for (to, from) in to.zip(from).take(inside.len()) {
            to[..ci].iter_mut().zip(&from[..ci]).for_each(|(to, from)| *to += from);
        }
    }
}
