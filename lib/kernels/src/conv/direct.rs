//! A convolution without patches: each sum reads its numbers where they lie, in images with a
//! border of zeros.
//!
//! A patch's rows are runs of an image, so a tile of results only has to know where its patches
//! begin; see [`taps`](crate::matmul::kernel::taps). The border costs a copy of each image, where
//! patches would cost `kh · kw / stride²` of them.
//!
//! Backward is the same: a pixel's gradient is a sum over the results that looked at it, which lie
//! beside each other in `out_g`. Which of the kernel's numbers they were multiplied with depends on
//! the pixel's place modulo the stride, its *phase*; so each phase is a convolution of `out_g` by a
//! part of the weight.

use super::shape::Shape;
use crate::matmul::destination::Destination;
use crate::matmul::kernel::{Kernels, Taps, taps::ROWS};
use crate::memory::{self, Scratch};
use crate::par;
use ndarray::ArrayView4;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Numbers of padded images that a task holds at a time: they stay in L2.
const NEAR: usize = 1 << 14;

/// Numbers in a padded image at most, and its size compared with the image's: else the border would
/// be what costs.
const LARGEST: usize = 1 << 18;
const BORDER: usize = 4;

/// The largest stride that goes backward this way; there are `stride²` phases.
const STEEPEST: usize = 4;

/// Whether a convolution is worth doing so, and possible.
pub(super) fn fits(shape: &Shape) -> bool {
    let padded = forward_border(shape);
    let empty = [shape.n, shape.h, shape.w, shape.ci, shape.co].contains(&0);
    !empty && shape.stride <= STEEPEST && padded.is_moderate() && backward_border(shape).is_moderate()
}

/// Images `(h, w, c)` with zeros around them.
#[derive(Clone, Copy)]
struct Padded {
    h: usize,
    w: usize,
    c: usize,
    /// Rows above and below; columns to the left and to the right.
    rows: (usize, usize),
    columns: (usize, usize),
}

impl Padded {
    /// The same border above as to the left, and below as to the right.
    fn new((h, w, c): (usize, usize, usize), before: (usize, usize), after: (usize, usize)) -> Self {
        Self { h, w, c, rows: (before.0, after.0), columns: (before.1, after.1) }
    }

    fn width(&self) -> usize {
        self.columns.0.saturating_add(self.w).saturating_add(self.columns.1)
    }

    fn height(&self) -> usize {
        self.rows.0.saturating_add(self.h).saturating_add(self.rows.1)
    }

    /// Numbers in a padded image.
    fn len(&self) -> usize {
        self.height().saturating_mul(self.width()).saturating_mul(self.c)
    }

    fn is_moderate(&self) -> bool {
        self.len() <= LARGEST && self.len() <= BORDER * (self.h * self.w * self.c).max(64)
    }

    /// Where a pixel of the padded image begins.
    fn at(&self, y: usize, x: usize) -> usize {
        (y * self.width() + x) * self.c
    }

    /// Lends `work` copies of `images` with their border.
    fn lend(&self, images: &[f32], work: impl FnOnce(&[f32])) {
        let (image, count) = (self.h * self.w * self.c, images.len() / (self.h * self.w * self.c));
        memory::with_scratch(count * self.len(), |scratch: Scratch<f32>| {
            let places = scratch.at(0).cast::<MaybeUninit<f32>>();
            // SAFETY: the buffer is lent for so many numbers.
            let padded =
                memory::zeroed(unsafe { std::slice::from_raw_parts_mut(places, count * self.len()) });
            for (to, from) in padded.chunks_exact_mut(self.len()).zip(images.chunks_exact(image)) {
                for (y, row) in from.chunks_exact(self.w * self.c).enumerate() {
                    to[self.at(y + self.rows.0, self.columns.0)..][..row.len()].copy_from_slice(row);
                }
            }
            work(padded);
        });
    }
}

/// What a tile of results is a sum over, and the weights.
struct Sums<'a> {
    kernels: &'a Kernels,
    taps: Vec<isize>,
    len: usize,
    /// Panels of columns, each with a row for each term.
    b: Vec<f32>,
    columns: usize,
}

impl<'a> Sums<'a> {
    /// Packs `weight(term, column)`.
    fn new(
        kernels: &'a Kernels,
        taps: Vec<isize>,
        len: usize,
        columns: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let width = kernels.taps_width;
        let mut b = vec![0.0; taps.len() * len * columns.next_multiple_of(width)];
        let panels =
            (0..columns.div_ceil(width)).flat_map(|panel| (0..taps.len()).map(move |tap| (panel, tap)));
        for ((panel, tap), rows) in panels.zip(b.chunks_exact_mut((len * width).max(1))) {
            for (k, row) in rows.chunks_exact_mut(width).enumerate() {
                for (column, to) in (panel * width..columns).zip(row) {
                    *to = weight(tap, k, column);
                }
            }
        }
        Self { kernels, taps, len, b, columns }
    }

    /// Computes the results of some images, each at the same `places` in its image: where its sum
    /// begins, and where it goes.
    ///
    /// # Safety
    /// The taps of each result are in its image, whose length is `from_len`, and its columns in
    /// `to`, an image of which has `to_len` numbers; nobody else writes there. The bias has a
    /// number for each column.
    unsafe fn write(
        &self,
        (from, from_len): (&[f32], usize),
        (to, to_len): (&mut [MaybeUninit<f32>], usize),
        places: &[(usize, usize)],
        epilogue: Destination,
    ) {
        let (mut at, mut c) = ([from.as_ptr(); ROWS], [to.as_mut_ptr().cast::<f32>(); ROWS]);
        let mut rows = 0;
        for image in 0..from.len() / from_len {
            let (image_from, image_to) =
                (from[image * from_len..].as_ptr(), to[image * to_len..].as_mut_ptr().cast::<f32>());
            for &(begin, end) in places {
                (at[rows], c[rows]) = (image_from.wrapping_add(begin), image_to.wrapping_add(end));
                rows += 1;
                if rows == ROWS {
                    // SAFETY: as this function's.
                    unsafe { self.tile(rows, at, c, epilogue) };
                    rows = 0;
                }
            }
        }
        if rows > 0 {
            let first = at[0];
            at[rows..].fill(first);
            // SAFETY: as this function's.
            unsafe { self.tile(rows, at, c, epilogue) };
        }
    }

    /// All columns of a tile.
    ///
    /// # Safety
    /// As [`write`](Self::write)'s.
    unsafe fn tile(&self, rows: usize, from: [*const f32; ROWS], c: [*mut f32; ROWS], epilogue: Destination) {
        let width = self.kernels.taps_width;
        for first in (0..self.columns).step_by(width) {
            let bias =
                if epilogue.bias.is_null() { epilogue.bias } else { epilogue.bias.wrapping_add(first) };
            let taps = Taps {
                rows,
                from,
                taps: &self.taps,
                len: self.len,
                b: self.b.as_ptr().wrapping_add(first * self.taps.len() * self.len),
                width,
                columns: width.min(self.columns - first),
                c: c.map(|c| c.wrapping_add(first)),
                to: Destination { bias, ..epilogue },
            };
            // SAFETY: as this function's; the panel is packed, and the kernels are those of this processor.
            unsafe { (self.kernels.taps)(&taps) };
        }
    }
}

/// `out (n, oh, ow, co)` from images `x (n, h, w, ci)`, finished as `epilogue` says.
pub(super) fn forward(
    kernels: &Kernels,
    s: &Shape,
    x: &[f32],
    weight: &ArrayView4<'_, f32>,
    out: &mut [MaybeUninit<f32>],
    epilogue: Destination,
) {
    let padded = forward_border(s);
    let taps = (0..s.kh).map(|ky| padded.at(ky, 0) as isize).collect();
    let number = |ky, k, o| weight[[o, k % s.ci, ky, k / s.ci]];
    let sums = Sums::new(kernels, taps, s.kw * s.ci, s.co, number);
    let task = Epilogue(epilogue);
    let place = |p: usize| (padded.at(p / s.ow * s.stride, p % s.ow * s.stride), p * s.co);
    let places: Vec<(usize, usize)> = (0..s.positions()).map(place).collect();
    let result = s.positions() * s.co;
    by_images(s, &padded, x, out, result, |images, to| {
        // SAFETY: each patch is in its padded image, and each result in `to`; there is a bias for each channel.
        unsafe { sums.write((images, padded.len()), (to, result), &places, task.get()) };
    });
}

/// The border of `x` that the patches need.
fn forward_border(s: &Shape) -> Padded {
    Padded::new((s.h, s.w, s.ci), (s.padding, s.padding), (s.padding, s.padding))
}

/// The border of `out_g` that the pixels' sums need.
fn backward_border(s: &Shape) -> Padded {
    let (above, left) = (s.kh.div_ceil(s.stride) - 1, s.kw.div_ceil(s.stride) - 1);
    let below = |size: usize, out: usize| (size.saturating_add(s.padding) / s.stride + 1).saturating_sub(out);
    Padded::new((s.oh, s.ow, s.co), (above, left), (below(s.h, s.oh), below(s.w, s.ow)))
}

/// `x_g (n, h, w, ci)` from `out_g (n, oh, ow, co)`: a phase after the other.
pub(super) fn input(
    kernels: &Kernels,
    s: &Shape,
    weight: &ArrayView4<'_, f32>,
    out_g: &[f32],
    x_g: &mut [MaybeUninit<f32>],
) {
    let padded = backward_border(s);
    let phases: Vec<Phase<'_>> = (0..s.stride * s.stride)
        .map(|phase| Phase::new(kernels, s, &padded, weight, (phase / s.stride, phase % s.stride)))
        .collect();
    let result = s.h * s.w * s.ci;
    by_images(s, &padded, out_g, x_g, result, |images, to| {
        let sums = Destination::plain(std::ptr::null_mut(), 0); // `write` says where each goes
        for phase in &phases {
            // SAFETY: the border is as wide as the taps reach, and each result in `to`.
            unsafe { phase.sums.write((images, padded.len()), (to, result), &phase.places, sums) };
        }
    });
}

/// The pixels whose place in the padded image is the same modulo the stride.
struct Phase<'a> {
    sums: Sums<'a>,
    places: Vec<(usize, usize)>,
}

impl<'a> Phase<'a> {
    fn new(
        kernels: &'a Kernels,
        s: &Shape,
        padded: &Padded,
        weight: &ArrayView4<'_, f32>,
        at: (usize, usize),
    ) -> Self {
        let (kys, kxs) = (steps(at.0, s.kh, s.stride), steps(at.1, s.kw, s.stride));
        let pairs: Vec<(usize, usize)> =
            kys.iter().flat_map(|&ky| kxs.iter().map(move |&kx| (ky, kx))).collect();
        let back = |&(ky, kx): &(usize, usize)| -(padded.at(ky / s.stride, kx / s.stride) as isize);
        let number = |tap: usize, o, c| weight[[o, c, pairs[tap].0, pairs[tap].1]];
        let sums = Sums::new(kernels, pairs.iter().map(back).collect(), s.co, s.ci, number);
        let start = |at: usize, before: usize| (at + s.padding) / s.stride + before;
        let place =
            |(y, x)| (padded.at(start(y, padded.rows.0), start(x, padded.columns.0)), (y * s.w + x) * s.ci);
        let pixels = places(at.0, s.h, s).flat_map(|y| places(at.1, s.w, s).map(move |x| (y, x)));
        Self { sums, places: pixels.map(place).collect() }
    }
}

/// The rows (or columns) of the kernel that a pixel of this phase meets.
fn steps(phase: usize, kernel: usize, stride: usize) -> Vec<usize> {
    (phase..kernel).step_by(stride).collect()
}

/// The rows (or columns) of the image that are of this phase.
fn places(phase: usize, size: usize, s: &Shape) -> std::iter::StepBy<Range<usize>> {
    let first = (phase + s.stride - s.padding % s.stride) % s.stride;
    (first.min(size)..size).step_by(s.stride)
}

/// Shares images among threads, a few at a time: `work` is lent them with their border, and the
/// place of their results.
fn by_images(
    s: &Shape,
    padded: &Padded,
    from: &[f32],
    to: &mut [MaybeUninit<f32>],
    result: usize,
    work: impl Fn(&[f32], &mut [MaybeUninit<f32>]) + Sync,
) {
    let images = (NEAR / padded.len()).max(1);
    let tasks = to.chunks_mut(images * result).zip(from.chunks(images * padded.h * padded.w * padded.c));
    par::share(tasks, s.operations(), |(to, from)| padded.lend(from, |padded| work(padded, to)));
}

/// What all tasks do to their sums.
struct Epilogue(Destination);

// SAFETY: the tasks only read the bias behind it, which lives as long as they do.
unsafe impl Sync for Epilogue {}

impl Epilogue {
    fn get(&self) -> Destination {
        self.0
    }
}
