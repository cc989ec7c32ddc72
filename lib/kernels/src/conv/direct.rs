//! A convolution without patches: each sum reads its numbers where they lie.
//!
//! A patch's rows are runs of an image, so a tile of results only has to know where its patches
//! begin; see [`taps`](crate::matmul::kernel::taps). At the edge a patch has fewer numbers. Results
//! whose patches have the same ones are a *class*, and a tile is of one class: some of its
//! positions, in some images.
//!
//! Backward is the same: a pixel's gradient is a sum over the results that looked at it, which lie
//! beside each other in `out_g`. Which of the kernel's numbers they were multiplied with depends on
//! the pixel's place modulo the stride, and is the pixel's class.

use super::meet::{Axis, Class, Member};
use super::shape::Shape;
use crate::matmul::destination::Destination;
use crate::matmul::kernel::taps::Run;
use crate::matmul::kernel::{Kernels, Taps};
use crate::par;
use ndarray::ArrayView4;
use std::mem::MaybeUninit;

/// Numbers of images that a task holds at a time: they stay near.
const NEAR: usize = 1 << 14;

/// Images in a task: a multiple of all tiles' rows.
const IMAGES: usize = 16;

/// Numbers in an image and its result at most, as no image is shared by threads.
const LARGEST: usize = 1 << 18;

/// Whether a convolution is worth doing so, and possible.
pub(super) fn fits(s: &Shape) -> bool {
    let image = (s.h * s.w).saturating_mul(s.ci).saturating_add(s.positions().saturating_mul(s.co));
    ![s.n, s.h, s.w, s.ci, s.co].contains(&0) && image <= LARGEST
}

/// Images of one size, channels last.
#[derive(Clone, Copy)]
struct Images {
    width: usize,
    channels: usize,
    /// Numbers in each.
    len: usize,
}

impl Images {
    fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { width, channels, len: height * width * channels }
    }

    /// Where a pixel begins.
    fn at(&self, y: usize, x: usize) -> usize {
        (y * self.width + x) * self.channels
    }
}

/// What is computed for each image: numbers of `to` as sums over numbers of `from`.
struct Pass<'a> {
    kernels: &'a Kernels,
    from: Images,
    to: Images,
    /// Classes of rows and of columns; any two together are one of positions.
    classes: [Vec<Class>; 2],
    /// From a tap to the next: so many numbers of the kernel, and pixels of `from`.
    steps: (usize, isize),
    kernel: (usize, usize),
    /// Panels of columns, each with a row for each number of each tap.
    b: Vec<f32>,
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
    let pass = Pass {
        kernels,
        from: Images::new(s.h, s.w, s.ci),
        to: Images::new(s.oh, s.ow, s.co),
        classes: [Axis::rows(s).forward(), Axis::columns(s).forward()],
        steps: (1, 1),
        kernel: (s.kh, s.kw),
        b: Vec::new(),
    };
    pass.packed(|ky, kx, c, o| weight[[o, c, ky, kx]]).run(s, x, out, epilogue);
}

/// `x_g (n, h, w, ci)` from `out_g (n, oh, ow, co)`.
pub(super) fn input(
    kernels: &Kernels,
    s: &Shape,
    weight: &ArrayView4<'_, f32>,
    out_g: &[f32],
    x_g: &mut [MaybeUninit<f32>],
) {
    let pass = Pass {
        kernels,
        from: Images::new(s.oh, s.ow, s.co),
        to: Images::new(s.h, s.w, s.ci),
        classes: [Axis::rows(s).backward(), Axis::columns(s).backward()],
        steps: (s.stride, -1),
        kernel: (s.kh, s.kw),
        b: Vec::new(),
    };
    let sums = Destination::plain(std::ptr::null_mut(), 0); // `rows` says where each goes
    pass.packed(|ky, kx, o, c| weight[[o, c, ky, kx]]).run(s, out_g, x_g, sums);
}

impl Pass<'_> {
    /// Packs the weights, from `(ky, kx, number of a tap, column)`.
    fn packed(mut self, weight: impl Fn(usize, usize, usize, usize) -> f32) -> Self {
        let (width, (kh, kw), len) = (self.kernels.taps_width, self.kernel, self.from.channels);
        let columns = self.to.channels;
        self.b = vec![0.0; kh * kw * len * columns.next_multiple_of(width)];
        for (i, row) in self.b.chunks_exact_mut(width).enumerate() {
            let (panel, term) = (i / (kh * kw * len), i % (kh * kw * len));
            let (tap, k) = (term / len, term % len);
            for (column, to) in (panel * width..columns).zip(row) {
                *to = weight(tap / kw, tap % kw, k, column);
            }
        }
        self
    }

    /// Shares images among threads, a few at a time.
    fn run(&self, s: &Shape, from: &[f32], to: &mut [MaybeUninit<f32>], epilogue: Destination) {
        let epilogue = Epilogue(epilogue);
        let images = (NEAR / (self.from.len + self.to.len)).next_multiple_of(IMAGES).max(1);
        let tasks = to.chunks_mut(images * self.to.len).zip(from.chunks(images * self.from.len));
        par::share(tasks, s.operations(), |(to, from)| {
            let images = to.len() / self.to.len;
            let to = Destination { c: to.as_mut_ptr().cast(), ..epilogue.get() };
            let (mut runs, [rows, columns]) = (Vec::new(), &self.classes);
            for (row, column) in rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column))) {
                self.runs(row, column, &mut runs);
                // SAFETY: the runs of each position are in its image, and each result in `to`; there is a bias for each
                // channel, if there is one.
                unsafe { self.results(&runs, (row, column), images, from.as_ptr(), to) };
            }
        });
    }

    /// What the positions of two classes meet, from the first number of their first tap on.
    fn runs(&self, row: &Class, column: &Class, runs: &mut Vec<Run>) {
        let (len, (step, back)) = (self.from.channels, self.steps);
        runs.clear();
        for i in 0..row.count {
            for j in 0..column.count {
                let tap = (row.first + i * step) * self.kernel.1 + column.first + j * step;
                let from = back * ((i * self.from.width + j) * len) as isize;
                let run = Run { from, b: tap * len, len };
                match runs.last_mut() {
                    Some(last) if last.from + last.len as isize == from && last.b + last.len == run.b => {
                        last.len += len;
                    }
                    _ => runs.push(run),
                }
            }
        }
    }

    /// All results of some images at the positions of two classes. The rows of a tile are the same
    /// position in several images, or if there are few, several positions in a row.
    ///
    /// # Safety
    /// From `from` on there are so many images, which have the runs counted from each position, and
    /// as many results at `to`; there is a bias for each channel.
    unsafe fn results(
        &self,
        runs: &[Run],
        (row, column): (&Class, &Class),
        images: usize,
        from: *const f32,
        to: Destination,
    ) {
        let at = |image: usize, y: &Member, x: &Member| {
            let from = from.wrapping_add(image * self.from.len + self.from.at(y.from, x.from));
            (from, to.c.wrapping_add(image * self.to.len + self.to.at(y.to, x.to)))
        };
        let along_images = images >= column.members.len().min(IMAGES);
        for y in &row.members {
            if along_images {
                for x in &column.members {
                    // SAFETY: as this function's.
                    unsafe { self.rows(runs, images, (self.from.len, self.to.len), at(0, y, x), to) };
                }
            } else {
                let [first, second] = [0, 1].map(|i| column.members[i]);
                let steps = (
                    (second.from - first.from) * self.from.channels,
                    (second.to - first.to) * self.to.channels,
                );
                for image in 0..images {
                    // SAFETY: as this function's; members of a class are evenly spaced.
                    unsafe { self.rows(runs, column.members.len(), steps, at(image, y, &first), to) };
                }
            }
        }
    }

    /// Some results that are evenly spaced in memory.
    ///
    /// # Safety
    /// As [`results`](Self::results)'s.
    unsafe fn rows(
        &self,
        runs: &[Run],
        rows: usize,
        steps: (usize, usize),
        at: (*const f32, *mut f32),
        to: Destination,
    ) {
        let (width, columns) = (self.kernels.taps_width, self.to.channels);
        let terms = self.kernel.0 * self.kernel.1 * self.from.channels;
        let to = Destination { c: at.1, c_row: steps.1 as isize, ..to };
        for column in (0..columns).step_by(width) {
            let taps = Taps {
                rows,
                from: at.0,
                from_row: steps.0 as isize,
                runs,
                b: self.b.as_ptr().wrapping_add(column * terms),
                width,
                columns: width.min(columns - column),
                to: to.from(0, column),
            };
            // SAFETY: as this function's; the panel is packed, and the kernels are those of this processor.
            unsafe { (self.kernels.taps)(&taps) };
        }
    }
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
