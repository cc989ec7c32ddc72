//! Forward: directly, or a block of patches after the other, times the weight, plus the bias.

use super::im2col::{SLACK, block_rows, im2col};
use super::shape::Shape;
use super::{channels_last, channels_second, direct};
use crate::element::kernels;
use crate::matmul::{Epilogue, destination, product_to};
use crate::{Isa, memory, par};
use ndarray::{Array2, Array4, ArrayRef1, ArrayRef4, ArrayView2};
use std::mem::MaybeUninit;

/// The convolution, with a ReLU minus a shift if wanted.
#[track_caller]
pub(super) fn conv2d(
    shape: Shape,
    x: &ArrayRef4<f32>,
    weight: &ArrayRef4<f32>,
    bias: &ArrayRef1<f32>,
    relu: Option<f32>,
) -> Array4<f32> {
    let mut out = memory::uninit("conv2d", [shape.n, shape.oh, shape.ow, shape.co]);
    let (x, bias) = (channels_last(x), bias.to_owned());
    let x = x.as_slice().expect("in order");
    let epilogue = match relu {
        None => Epilogue::Bias(&bias),
        Some(shift) => Epilogue::BiasRelu { bias: &bias, shift },
    };
    let to = out.as_slice_mut().expect("new and in order");
    match kernels(Isa::chosen()).filter(|_| direct::fits(&shape)) {
        Some(kernels) => {
            let each = destination(std::ptr::null_mut(), 0, epilogue, bias.as_slice());
            direct::forward(kernels, &shape, x, &weight.view(), to, each);
        }
        None => by_patches(&shape, x, &patches_down(weight), epilogue, to),
    }
    // SAFETY: either way writes every number.
    channels_second(unsafe { out.assume_init() })
}

/// A block of patches after the other.
fn by_patches(
    shape: &Shape,
    x: &[f32],
    weight: &Array2<f32>,
    epilogue: Epilogue<'_, f32>,
    to: &mut [MaybeUninit<f32>],
) {
    let rows = block_rows(shape);
    let blocks = to.chunks_mut((rows * shape.co).max(1));
    par::share(blocks.enumerate(), shape.operations(), |(block, to)| {
        let rows = block * rows..shape.rows().min((block + 1) * rows);
        with_patches(shape, x, rows, |patches| product_to(patches, weight, epilogue, to));
    });
}

/// Lends `work` the patches of some rows, `(rows, kh·kw·ci)`.
pub(super) fn with_patches<R>(
    shape: &Shape,
    x: &[f32],
    rows: std::ops::Range<usize>,
    work: impl FnOnce(&ArrayView2<'_, f32>) -> R,
) -> R {
    let dim = (rows.len(), shape.patch());
    let len = dim.0 * dim.1;
    memory::with_scratch(len + SLACK, |scratch| {
        // SAFETY: the buffer has room for the patches and the slack, and `im2col` writes every number of the patches.
        let patches = unsafe {
            im2col(shape, x, rows, scratch.at(0));
            std::slice::from_raw_parts(scratch.at(0).cast_const(), len)
        };
        work(&ArrayView2::from_shape(dim, patches).expect("as many numbers as that"))
    })
}

/// The weight as the product's second operand: `(kh·kw·ci, co)`.
fn patches_down(weight: &ArrayRef4<f32>) -> Array2<f32> {
    let (co, ci, kh, kw) = weight.dim();
    let weight = weight.view().permuted_axes([2, 3, 1, 0]).as_standard_layout().into_owned();
    weight.into_shape_with_order((kh * kw * ci, co)).expect("in order")
}
