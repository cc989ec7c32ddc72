//! Convolution and average pooling over images, with their gradients.
//!
//! A convolution is a matrix product in disguise: each output position looks at a *patch* of the
//! image, `kh · kw · ci` numbers, and multiplies it by the same weights. Written row under row, the
//! patches are a matrix (*im2col*), and
//!
//! ```text
//! out (rows, co) = patches (rows, kh·kw·ci) @ weight (kh·kw·ci, co) + bias        rows = n · oh · ow
//! weight's gradient  = out_gᵀ @ patches
//! x's gradient       = out_g @ weightᵀ, each patch added back where it came from (*col2im*)
//! ```
//!
//! The patches repeat each pixel up to `kh · kw` times and would not fit a cache. So they are not
//! made: kernels of their own read each number where it lies, forward, for `x`'s gradient and for
//! the weight's, and leave padding out. Bias and, if wanted, ReLU are in the epilogue. (Images larger
//! than L2 and processors without wide registers take a block of patches at a time, small enough to
//! stay in L2, straight into the product; so does the weight's gradient if there are few images or
//! many weights.)
//!
//! Images are `(n, c, h, w)`, as PyTorch's. In *memory* results are channels last, `(n, h, w, c)`:
//! then a row of a patch is one run of `kw · ci` numbers, the product's result is the next layer's
//! input as it is, and a channel is a column. So an image batch that comes from here goes into the
//! next layer without a copy; one in another order is copied once.
//!
//! Blocks depend on the shapes only and are added up in order: same bits for any number of threads.
//! Whether an infinite weight makes NaN of padding depends on the path, as in PyTorch.
//!
//! ```
//! use kernels::{conv::conv2d, ndarray::{Array1, Array4}};
//!
//! let images = Array4::ones((2, 1, 28, 28)); // (n, c, h, w)
//! let (weight, bias) = (Array4::ones((8, 1, 5, 5)), Array1::zeros(8));
//! let out = conv2d(&images, &weight, &bias, 2, 2); // stride 2, padding 2
//! assert_eq!(out.dim(), (2, 8, 14, 14));
//! assert_eq!((out[[0, 0, 5, 5]], out[[0, 0, 0, 0]]), (25.0, 9.0)); // in the corner 16 of 25 pixels are padding
//! ```

mod shape;
mod meet;
mod direct;
mod im2col;
mod forward;
mod bias;
mod weight;
mod grad;
mod pool;

pub use pool::{avg_pool2d, avg_pool2d_grad};

use ndarray::{Array1, Array4, ArrayRef1, ArrayRef4, ArrayView4, CowArray, Ix4};
use shape::Shape;

/// Parts of a sum over all images, at most: a number that 2, 3, 4, 6, 8 and 12 threads can share
/// evenly.
const PARTS: usize = 24;

/// The gradients of [`conv2d`].
#[derive(Clone, Debug)]
pub struct Conv2dGrad {
    /// Of the images, `(n, ci, h, w)`.
    pub input: Array4<f32>,
    /// Of the weight, `(co, ci, kh, kw)`.
    pub weight: Array4<f32>,
    /// Of the bias, `(co)`.
    pub bias: Array1<f32>,
}

/// `x (n, ci, h, w)` convolved with `weight (co, ci, kh, kw)`, plus `bias (co)`: `(n, co, oh, ow)`,
/// with `oh = (h + 2 · padding − kh) / stride + 1`; PyTorch's `F.conv2d`.
///
/// # Panics
/// If the channels or the bias do not fit, if the stride is 0, if the kernel is empty or larger
/// than the padded image, or if there is no memory for the result.
#[track_caller]
pub fn conv2d(
    x: &ArrayRef4<f32>,
    weight: &ArrayRef4<f32>,
    bias: &ArrayRef1<f32>,
    stride: usize,
    padding: usize,
) -> Array4<f32> {
    let shape = Shape::new("conv2d", x.dim(), weight.dim(), stride, padding);
    shape.check_bias("conv2d", bias.len());
    forward::conv2d(shape, x, weight, bias, None)
}

/// `max(conv2d(…), 0) − shift` in one pass: a convolution and its ReLU.
///
/// # Panics
/// As [`conv2d`].
#[track_caller]
pub fn conv2d_relu(
    x: &ArrayRef4<f32>,
    weight: &ArrayRef4<f32>,
    bias: &ArrayRef1<f32>,
    stride: usize,
    padding: usize,
    shift: f32,
) -> Array4<f32> {
    let shape = Shape::new("conv2d_relu", x.dim(), weight.dim(), stride, padding);
    shape.check_bias("conv2d_relu", bias.len());
    forward::conv2d(shape, x, weight, bias, Some(shift))
}

/// All three gradients of [`conv2d`], for the gradient `out_g (n, co, oh, ow)` of its result.
///
/// # Panics
/// As [`conv2d`], and if `out_g` has another shape than its result.
#[track_caller]
pub fn conv2d_grad(
    x: &ArrayRef4<f32>,
    weight: &ArrayRef4<f32>,
    out_g: &ArrayRef4<f32>,
    stride: usize,
    padding: usize,
) -> Conv2dGrad {
    let shape = Shape::new("conv2d_grad", x.dim(), weight.dim(), stride, padding);
    shape.check_out("conv2d_grad", out_g.dim());
    let (weight_g, bias) = grad::parameters(shape, x, out_g);
    Conv2dGrad { input: grad::input("conv2d_grad", shape, weight, out_g), weight: weight_g, bias }
}

/// The gradients of weight and bias alone: what a net's first layer needs, as nobody asks for the
/// images'.
///
/// # Panics
/// As [`conv2d_grad`].
#[track_caller]
pub fn conv2d_param_grads(
    x: &ArrayRef4<f32>,
    weight: &ArrayRef4<f32>,
    out_g: &ArrayRef4<f32>,
    stride: usize,
    padding: usize,
) -> (Array4<f32>, Array1<f32>) {
    let shape = Shape::new("conv2d_param_grads", x.dim(), weight.dim(), stride, padding);
    shape.check_out("conv2d_param_grads", out_g.dim());
    grad::parameters(shape, x, out_g)
}

/// The images as `(n, h, w, c)`, in that order in memory: as they are, if they are such, else
/// copied.
fn channels_last(x: &ArrayRef4<f32>) -> CowArray<'_, f32, Ix4> {
    let x: ArrayView4<'_, f32> = x.view().permuted_axes([0, 2, 3, 1]);
    if x.is_standard_layout() {
        return x.into();
    }
    let mut copy = Array4::zeros(x.raw_dim());
    let images = copy.outer_iter_mut().zip(x.outer_iter());
    crate::par::share(images, x.len() as f64, |(mut to, from)| to.assign(&from));
    copy.into()
}

/// `(n, h, w, c)` seen as `(n, c, h, w)`; nothing moves.
fn channels_second(x: Array4<f32>) -> Array4<f32> {
    x.permuted_axes([0, 3, 1, 2])
}
