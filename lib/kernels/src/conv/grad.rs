//! Backward: the same blocks of patches, and what goes back to each pixel.

use super::bias::add_rows;
use super::forward::with_patches;
use super::im2col::{block_rows, col2im};
use super::shape::Shape;
use super::{PARTS, channels_last, channels_second, direct, weight};
use crate::element::kernels;
use crate::matmul::{Epilogue, matmul_with, product_to};
use crate::{Isa, memory, par};
use ndarray::{Array1, Array2, Array4, ArrayRef4, ArrayView2, Axis};
use std::mem::MaybeUninit;
use std::ops::Range;

/// The gradients of weight and bias: `out_gᵀ @ patches` and the sum of `out_g` over all patches.
pub(super) fn parameters(
    shape: Shape,
    x: &ArrayRef4<f32>,
    out_g: &ArrayRef4<f32>,
) -> (Array4<f32>, Array1<f32>) {
    let (x, out_g) = (channels_last(x), channels_last(out_g));
    let (x, out_g) = (x.as_slice().expect("in order"), out_g.as_slice().expect("in order"));
    if let Some(kernels) = kernels(Isa::chosen()).filter(|_| weight::fits(&shape)) {
        return weight::parameters(kernels, &shape, x, out_g);
    }
    let rows = shape.rows().div_ceil(PARTS).next_multiple_of(block_rows(&shape)).max(1);
    let parts = (0..shape.rows().div_ceil(rows)).map(|part| part * rows..shape.rows().min((part + 1) * rows));
    let sums =
        par::merge_parts(parts, shape.operations(), |rows| Sums::of(&shape, x, out_g, rows), Sums::add);
    sums.unwrap_or_else(|| Sums::zeros(&shape)).finish(&shape)
}

/// What the patches of a part add up to.
struct Sums {
    /// `(co, kh·kw·ci)`.
    weight: Array2<f32>,
    bias: Array1<f64>,
}

impl Sums {
    fn zeros(shape: &Shape) -> Self {
        Self { weight: Array2::zeros((shape.co, shape.patch())), bias: Array1::zeros(shape.co) }
    }

    /// The sums of some rows, a block after the other.
    fn of(shape: &Shape, x: &[f32], out_g: &[f32], rows: Range<usize>) -> Self {
        let mut sums = Self::zeros(shape);
        for start in rows.clone().step_by(block_rows(shape)) {
            let block = start..rows.end.min(start + block_rows(shape));
            let out_g = of_rows(shape, out_g, &block);
            add_rows(out_g.as_slice().expect("in order"), &mut sums.bias);
            with_patches(shape, x, block, |patches| {
                matmul_with(&out_g.t(), patches, Epilogue::Add, &mut sums.weight);
            });
        }
        sums
    }

    fn add(mut self, other: Self) -> Self {
        self.weight += &other.weight;
        self.bias += &other.bias;
        self
    }

    /// The gradients in the parameters' shapes.
    fn finish(self, shape: &Shape) -> (Array4<f32>, Array1<f32>) {
        let (kernel, sums) = ((shape.co, shape.kh, shape.kw, shape.ci), self.weight);
        let weight = sums.into_shape_with_order(kernel).expect("in order").permuted_axes([0, 3, 1, 2]);
        (weight.as_standard_layout().into_owned(), self.bias.mapv(|sum| sum as f32))
    }
}

/// Some rows of `(rows, co)`.
fn of_rows<'a>(shape: &Shape, out_g: &'a [f32], rows: &Range<usize>) -> ArrayView2<'a, f32> {
    let numbers = &out_g[rows.start * shape.co..rows.end * shape.co];
    ArrayView2::from_shape((rows.len(), shape.co), numbers).expect("as many numbers as that")
}

/// The gradient of the images: `out_g @ weightᵀ`, each patch added where it came from.
#[track_caller]
pub(super) fn input(
    operation: &str,
    shape: Shape,
    weight: &ArrayRef4<f32>,
    out_g: &ArrayRef4<f32>,
) -> Array4<f32> {
    let mut input = memory::uninit(operation, [shape.n, shape.h, shape.w, shape.ci]);
    let out_g = channels_last(out_g);
    let (out_g, to) = (out_g.as_slice().expect("in order"), input.as_slice_mut().expect("new and in order"));
    match kernels(Isa::chosen()).filter(|_| direct::fits(&shape)) {
        Some(kernels) => direct::input(kernels, &shape, &weight.view(), out_g, to),
        None => by_patches(&shape, &patches_across(weight), out_g, to),
    }
    // SAFETY: either way writes every number.
    channels_second(unsafe { input.assume_init() })
}

/// A few whole images after the other, whose gradient is set to zero first.
fn by_patches(shape: &Shape, weight: &Array2<f32>, out_g: &[f32], to: &mut [MaybeUninit<f32>]) {
    let image = shape.h * shape.w * shape.ci;
    let images = (block_rows(shape) / shape.positions()).max(1);
    let groups = to.chunks_mut((images * image).max(1));
    par::share(groups.enumerate(), shape.operations(), |(group, to)| {
        let first = group * images * shape.positions();
        let rows = first..shape.rows().min(first + images * shape.positions());
        back(shape, weight, &of_rows(shape, out_g, &rows), memory::zeroed(to));
    });
}

/// The gradient of a few whole images, whose patches' gradients are `out_g (rows, co)`: a block
/// after the other.
fn back(shape: &Shape, weight: &Array2<f32>, out_g: &ArrayView2<'_, f32>, to: &mut [f32]) {
    let most = block_rows(shape);
    for (block, out_g) in out_g.axis_chunks_iter(Axis(0), most).enumerate() {
        let rows = block * most..block * most + out_g.nrows();
        let len = rows.len() * shape.patch();
        memory::with_scratch::<f32, _>(len, |scratch| {
            // SAFETY: the buffer is lent for so many numbers, which the product writes before they are read.
            let patches = unsafe {
                let places = std::slice::from_raw_parts_mut(scratch.at(0).cast::<MaybeUninit<f32>>(), len);
                product_to(&out_g, weight, Epilogue::None, places);
                std::slice::from_raw_parts(scratch.at(0).cast_const(), len)
            };
            col2im(shape, patches, rows, to);
        });
    }
}

/// The weight with a patch in each row: `(co, kh·kw·ci)`.
fn patches_across(weight: &ArrayRef4<f32>) -> Array2<f32> {
    let (co, ci, kh, kw) = weight.dim();
    let weight = weight.view().permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned();
    weight.into_shape_with_order((co, kh * kw * ci)).expect("in order")
}
