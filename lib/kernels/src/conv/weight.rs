//! The gradients of weight and bias without patches: each number of the weight is a sum over the
//! places where it was used, of a pixel times the result's gradient.
//!
//! A few images at a time go by, so that they stay near; see
//! [`patch_sums`](crate::matmul::kernel::patch_sums). Padding was no number's place. Where channels
//! are so few that a pixel does not fill a tile's rows, neighbouring pixels must; so that these are
//! always there, such images are copied with a border of zeros.

use super::PARTS;
use super::bias::add_rows;
use super::meet::Axis;
use super::shape::Shape;
use crate::matmul::kernel::patch_sums::{NUMBERS, SHORT};
use crate::matmul::kernel::{Kernels, PatchSums, Steps};
use crate::memory;
use crate::par;
use ndarray::{Array1, Array4};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Images from which on they are enough to share.
const MANY: usize = 12;

/// Numbers of images and results that are gone through at a time: they stay in L1.
const NEAR: usize = 1 << 13;

/// Numbers in an image with its border and the result at most.
const LARGEST: usize = 1 << 18;

/// Numbers in the weight at most, as each part has sums of its own.
const HEAVY: usize = 1 << 17;

/// Whether the sums are worth computing so, and possible.
pub(super) fn fits(s: &Shape) -> bool {
    let empty = [s.h, s.w, s.ci, s.co].contains(&0);
    let padded = Bordered::new(s).map_or(s.h * s.w * s.ci, |bordered| bordered.len());
    !empty
        && s.n >= MANY
        && s.patch() * s.co <= HEAVY
        && padded.saturating_add(s.positions() * s.co) <= LARGEST
}

/// The gradients for images `x (n, h, w, ci)` and results' gradients `out_g (n, oh, ow, co)`.
pub(super) fn parameters(
    kernels: &Kernels,
    s: &Shape,
    x: &[f32],
    out_g: &[f32],
) -> (Array4<f32>, Array1<f32>) {
    let (image, result) = (s.h * s.w * s.ci, s.positions() * s.co);
    let sums = Sums { kernels, s, row: s.co.next_multiple_of(kernels.lanes) };
    // The sums are set to zero and added up for each part, so they should be few beside what goes into them.
    let part = s.n.div_ceil(PARTS).max(2 * sums.len() / (image + result));
    let near = (NEAR.max(sums.len()) / (image + result)).max(1);
    let parts = x.chunks(part * image).zip(out_g.chunks(part * result));
    let one = |(x, out_g): (&[f32], &[f32])| {
        let (mut weight, mut bias) = (vec![0.0; sums.len()], Array1::zeros(s.co));
        for (x, out_g) in x.chunks(near * image).zip(out_g.chunks(near * result)) {
            sums.add(x, out_g, &mut weight);
            add_rows(out_g, &mut bias);
        }
        (weight, bias)
    };
    let merged = par::merge_parts(parts, s.operations(), one, |mut sum, more| {
        sum.0.iter_mut().zip(&more.0).for_each(|(sum, more)| *sum += more);
        (sum.0, sum.1 + more.1)
    });
    let (weight, bias) = merged.expect("there are images");
    (sums.in_order(&weight), bias.mapv(|sum| sum as f32))
}

/// The sums of a few images: a row of `row` numbers, whole registers, for each number of a patch.
struct Sums<'a> {
    kernels: &'a Kernels,
    s: &'a Shape,
    row: usize,
}

impl Sums<'_> {
    fn len(&self) -> usize {
        self.s.patch() * self.row
    }

    /// `(co, ci, kh, kw)` from rows in a patch's order.
    fn in_order(&self, sums: &[f32]) -> Array4<f32> {
        let Shape { kh, kw, ci, co, .. } = *self.s;
        Array4::from_shape_fn((co, ci, kh, kw), |(o, c, ky, kx)| {
            sums[((ky * kw + kx) * ci + c) * self.row + o]
        })
    }

    /// Adds what some images contribute.
    fn add(&self, x: &[f32], out_g: &[f32], to: &mut [f32]) {
        match Bordered::new(self.s) {
            Some(bordered) => bordered
                .lend(self.kernels.pieces * bordered.row, x, |x| self.add_patches(&bordered, x, out_g, to)),
            None => self.add_pixels(x, out_g, to),
        }
    }

    /// Images as they are: for each number of the kernel those results that met a pixel there.
    fn add_pixels(&self, x: &[f32], out_g: &[f32], to: &mut [f32]) {
        let s = self.s;
        let (image, result) = (s.h * s.w * s.ci, s.positions() * s.co);
        let (rows, columns) = (Axis::rows(s), Axis::columns(s));
        for (ky, kx) in (0..s.kh).flat_map(|ky| (0..s.kw).map(move |kx| (ky, kx))) {
            let (ys, xs) = (rows.results(ky), columns.results(kx));
            let axes = [
                Steps { count: out_g.len() / result, x: image, g: result },
                Steps { count: ys.len(), x: s.stride * s.w * s.ci, g: s.ow * s.co },
                Steps { count: xs.len(), x: s.stride * s.ci, g: s.co },
            ];
            if axes.iter().all(|steps| steps.count > 0) {
                let x = &x[(rows.pixel(ys.start, ky) * s.w + columns.pixel(xs.start, kx)) * s.ci..];
                let places = Places { x, g: &out_g[(ys.start * s.ow + xs.start) * s.co..], axes };
                let first = (ky * s.kw + kx) * s.ci;
                // SAFETY: at each of these places there is a pixel, of whole tiles of channels, and a result.
                unsafe { self.add_run(first..first + s.ci, (1, 0), places, to) };
            }
        }
    }

    /// Images with a border, in which every result has a whole patch: for each row of the patch.
    fn add_patches(&self, bordered: &Bordered, x: &[f32], out_g: &[f32], to: &mut [f32]) {
        let (s, run) = (self.s, self.s.kw * self.s.ci);
        let result = s.positions() * s.co;
        let axes = [
            Steps { count: out_g.len() / result, x: bordered.len(), g: result },
            Steps { count: s.oh, x: s.stride * bordered.row, g: s.ow * s.co },
            Steps { count: s.ow, x: s.stride * s.ci, g: s.co },
        ];
        let pieces = if run == SHORT { self.kernels.pieces } else { 1 };
        for ky in (0..s.kh).step_by(pieces) {
            let pieces = (pieces.min(s.kh - ky), bordered.row);
            let places = Places { x: &x[ky * bordered.row..], g: out_g, axes };
            // SAFETY: each place has a result and a patch, behind which the buffer has room for a tile.
            unsafe { self.add_run(ky * run..(ky + 1) * run, pieces, places, to) };
        }
    }

    /// Adds the sums for a run of numbers of a patch, or for several such `pieces`, so far from each other in an image.
    ///
    /// # Safety
    /// The places are there, and behind them the numbers of all tiles of the run.
    unsafe fn add_run(
        &self,
        run: Range<usize>,
        (pieces, x_piece): (usize, usize),
        places: Places<'_>,
        to: &mut [f32],
    ) {
        let Places { x, g, mut axes } = places;
        axes.sort_by_key(|steps| steps.count); // the longest loop goes inside
        let short = run.len() == SHORT;
        let (tile, width) =
            if short { (SHORT, self.kernels.lanes) } else { (NUMBERS, self.kernels.taps_width) };
        for start in run.clone().step_by(tile) {
            for column in (0..self.s.co).step_by(width) {
                let sums = PatchSums {
                    rows: if short { pieces * SHORT } else { NUMBERS.min(run.end - start) },
                    x: x[start - run.start..].as_ptr(),
                    short,
                    x_piece,
                    g: g[column..].as_ptr(),
                    axes,
                    columns: width.min(self.s.co - column),
                    to: to[start * self.row + column..].as_mut_ptr(),
                    to_row: self.row,
                };
                // SAFETY: as this function's; each row of the sums has whole registers.
                unsafe { (self.kernels.patch_sums)(&sums) };
            }
        }
    }
}

/// Where numbers of a patch met a result: from both at the first place on, along three axes.
struct Places<'a> {
    x: &'a [f32],
    g: &'a [f32],
    axes: [Steps; 3],
}

/// How images look with a border of zeros.
struct Bordered {
    /// Numbers in a row, and rows.
    row: usize,
    rows: usize,
    /// Where the image begins: the row, and the number in it.
    above: usize,
    left: usize,
    /// Numbers in a row of the image.
    inside: usize,
}

impl Bordered {
    /// None, if pixels alone fill tiles.
    fn new(s: &Shape) -> Option<Self> {
        let wide = |size: usize| size.saturating_add(s.padding.saturating_mul(2));
        let row = wide(s.w).saturating_mul(s.ci);
        let left = s.padding.saturating_mul(s.ci);
        let bordered = Self { row, rows: wide(s.h), above: s.padding, left, inside: s.w * s.ci };
        (!s.ci.is_multiple_of(NUMBERS)).then_some(bordered)
    }

    /// Numbers in an image.
    fn len(&self) -> usize {
        self.row.saturating_mul(self.rows)
    }

    /// Lends `work` copies of images with their border; behind the last there are some numbers more.
    fn lend(&self, more: usize, images: &[f32], work: impl FnOnce(&[f32])) {
        let image = self.inside * (self.rows - 2 * self.above);
        let len = images.len() / image * self.len() + more.max(NUMBERS);
        memory::with_scratch::<f32, _>(len, |scratch| {
            let places = scratch.at(0).cast::<MaybeUninit<f32>>();
            // SAFETY: the buffer is lent for so many numbers.
            let padded = memory::zeroed(unsafe { std::slice::from_raw_parts_mut(places, len) });
            for (to, from) in padded.chunks_exact_mut(self.len()).zip(images.chunks_exact(image)) {
                for (y, from) in from.chunks_exact(self.inside).enumerate() {
                    to[(self.above + y) * self.row + self.left..][..self.inside].copy_from_slice(from);
                }
            }
            work(padded);
        });
    }
}
