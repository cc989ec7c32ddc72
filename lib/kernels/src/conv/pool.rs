//! Average pooling: each output is the mean of a window of its channel.

use super::shape::windows;
use super::{channels_last, channels_second};
use crate::memory;
use crate::par::share;
use crate::simd::{SimdKernel, dispatch};
use ndarray::{Array4, ArrayRef4};
use std::ops::Range;

/// The mean of each window of `size (kh, kw)`: `(n, c, h, w)` to `(n, c, oh, ow)`; PyTorch's
/// `F.avg_pool2d`, whose mean counts the padding's zeros, too.
///
/// # Panics
/// If the stride is 0, if a window is empty or larger than the padded image, or if `2 · padding` is
/// larger than it.
///
/// ```
/// use kernels::{conv::avg_pool2d, ndarray::{array, Axis}};
///
/// let image = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].insert_axis(Axis(0)).insert_axis(Axis(0));
/// assert_eq!(avg_pool2d(&image, (2, 2), 1, 0), array![[[[3.0, 4.0]]]]);
/// assert_eq!(avg_pool2d(&image, (2, 3), 1, 0), array![[[[3.5]]]]); // a window as large as the image: global pooling
/// ```
#[track_caller]
pub fn avg_pool2d(x: &ArrayRef4<f32>, size: (usize, usize), stride: usize, padding: usize) -> Array4<f32> {
    let pool = Pool::new("avg_pool2d", x.dim(), size, stride, padding);
    let mut out = memory::uninit("avg_pool2d", [pool.n, pool.oh, pool.ow, pool.c]);
    let x = channels_last(x);
    let x = x.as_slice().expect("in order");
    let lines = out.as_slice_mut().expect("new and in order").chunks_mut((pool.ow * pool.c).max(1));
    share(lines.enumerate(), x.len() as f64, |(line, to)| {
        dispatch(Line { pool: &pool, x, line, to: memory::zeroed(to) })
    });
    // SAFETY: each line was written, and there is one for each.
    channels_second(unsafe { out.assume_init() })
}

/// The gradient of [`avg_pool2d`]: each pixel of `(n, c, h, w)` gets an equal share of what its
/// windows get.
///
/// # Panics
/// As [`avg_pool2d`] for images of `x`'s shape, and if `out_g` has another shape than its result.
#[track_caller]
pub fn avg_pool2d_grad(
    x: (usize, usize, usize, usize),
    out_g: &ArrayRef4<f32>,
    size: (usize, usize),
    stride: usize,
    padding: usize,
) -> Array4<f32> {
    let pool = Pool::new("avg_pool2d_grad", x, size, stride, padding);
    pool.check_out(out_g.dim());
    let mut x_g = memory::uninit("avg_pool2d_grad", [pool.n, pool.h, pool.w, pool.c]);
    let out_g = channels_last(out_g);
    let out_g = out_g.as_slice().expect("in order");
    let images = x_g.as_slice_mut().expect("new and in order").chunks_mut((pool.h * pool.w * pool.c).max(1));
    share(images.enumerate(), (pool.n * pool.h * pool.w * pool.c) as f64, |(image, to)| {
        dispatch(Back { pool: &pool, out_g, image, to: memory::zeroed(to) });
    });
    // SAFETY: each image was written, and there is one for each.
    channels_second(unsafe { x_g.assume_init() })
}

struct Pool {
    n: usize,
    c: usize,
    h: usize,
    w: usize,
    kh: usize,
    kw: usize,
    stride: usize,
    padding: usize,
    oh: usize,
    ow: usize,
}

impl Pool {
    #[track_caller]
    fn new(
        operation: &str,
        x: (usize, usize, usize, usize),
        (kh, kw): (usize, usize),
        stride: usize,
        padding: usize,
    ) -> Self {
        let (n, c, h, w) = x;
        let what = format!("{operation}: x (n, c, h, w) {x:?} and windows of {kh} × {kw}");
        let (oh, ow) = windows(&what, (h, w), (kh, kw), stride, padding);
        assert!(
            padding <= kh / 2 && padding <= kw / 2,
            "{what}: a padding of {padding} is more than half a window, and some windows would hold nothing else"
        );
        Self { n, c, h, w, kh, kw, stride, padding, oh, ow }
    }

    #[track_caller]
    fn check_out(&self, out_g: (usize, usize, usize, usize)) {
        let out = (self.n, self.c, self.oh, self.ow);
        assert!(
            out_g == out,
            "avg_pool2d_grad: the result is (n, c, oh, ow) = {out:?}, but its gradient is {out_g:?}; they must be equal"
        );
    }

    /// A window's share of each of its numbers.
    #[inline(always)]
    fn share(&self) -> f32 {
        1.0 / (self.kh as f32 * self.kw as f32)
    }

    /// Lends `each` the place of every pixel on the image that a window holds, all its channels.
    #[inline(always)]
    fn pixels(&self, image: usize, (oy, ox): (usize, usize), mut each: impl FnMut(Range<usize>)) {
        for iy in on_image(oy * self.stride, self.kh, self.padding, self.h) {
            for ix in on_image(ox * self.stride, self.kw, self.padding, self.w) {
                let start = ((image * self.h + iy) * self.w + ix) * self.c;
                each(start..start + self.c);
            }
        }
    }
}

/// What is left of a window of `size` at `start`, counted in the padded image, on the image itself.
#[inline(always)]
fn on_image(start: usize, size: usize, padding: usize, image: usize) -> Range<usize> {
    start.saturating_sub(padding)..(start + size).saturating_sub(padding).min(image)
}

/// One row of results.
struct Line<'a> {
    pool: &'a Pool,
    x: &'a [f32],
    line: usize,
    to: &'a mut [f32],
}

impl SimdKernel for Line<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { pool, x, line, to } = self;
        let (image, oy) = (line / pool.oh, line % pool.oh);
        for (ox, to) in to.chunks_mut(pool.c.max(1)).enumerate() {
            pool.pixels(image, (oy, ox), |pixel| {
                to.iter_mut().zip(&x[pixel]).for_each(|(sum, x)| *sum += x);
            });
            to.iter_mut().for_each(|sum| *sum *= pool.share());
        }
    }
}

/// The gradient of one image.
struct Back<'a> {
    pool: &'a Pool,
    out_g: &'a [f32],
    image: usize,
    to: &'a mut [f32],
}

impl SimdKernel for Back<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { pool, out_g, image, to } = self;
        let size = pool.oh * pool.ow * pool.c;
        let out_g = &out_g[image * size..][..size];
        for (position, g) in out_g.chunks(pool.c.max(1)).enumerate() {
            pool.pixels(0, (position / pool.ow, position % pool.ow), |pixel| {
                to[pixel].iter_mut().zip(g).for_each(|(sum, g)| *sum += pool.share() * g);
            });
        }
    }
}
