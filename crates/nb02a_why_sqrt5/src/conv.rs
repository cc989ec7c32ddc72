//! A convolution as plain loops.
//!
//! A *kernel* slides over an image; at each position it multiplies the pixels below it by its
//! weights and adds up. The image has several channels, and there is a kernel for each channel that
//! comes out:
//!
//! ```text
//! out[o, y, x] = bias[o] + Σ_c Σ_ky Σ_kx  image[c, y·stride + ky − padding, x·stride + kx − padding] · weight[o, c, ky, kx]
//! ```
//!
//! Three loops over where the result goes, three over what is added up: six for an image. Pixels
//! outside of the image are 0. The gradient is the same six loops: each product `pixel · weight`
//! adds gradient · weight to the pixel's gradient, and gradient · pixel to the weight's.
//!
//! This is the rung of the ladder that cannot be wrong, in `f32` and in `f64`, where finite
//! differences check it. What the nets run on is [`kernels::conv`](crate::kernels::conv), some
//! hundred times faster, and compared with this.
//!
//! ```
//! use nb02a_why_sqrt5::{conv2d_loops, ndarray::{Array, array}};
//!
//! let image = Array::from_iter(0..9).mapv(|i| i as f32).into_shape_with_order((1, 1, 3, 3)).unwrap();
//! let weight = array![[[[1.0, 0.0], [0.0, 1.0]]]]; // the pixel and the one below it to the right
//! assert_eq!(conv2d_loops(&image, &weight, &array![0.5], 1, 0), array![[[[4.5, 6.5], [10.5, 12.5]]]]);
//! ```

use crate::Element;
use crate::ndarray::{Array1, Array4, ArrayRef1, ArrayRef4, indices};

/// The gradients of [`conv2d_loops`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConvGrad<T> {
    /// Of the images, `(n, ci, h, w)`.
    pub x: Array4<T>,
    /// Of the weight, `(co, ci, kh, kw)`.
    pub weight: Array4<T>,
    /// Of the bias, `(co)`.
    pub bias: Array1<T>,
}

/// `x (n, ci, h, w)` convolved with `weight (co, ci, kh, kw)`, plus `bias (co)`: `(n, co, oh, ow)`,
/// by loops.
///
/// # Panics
/// If the channels or the bias do not fit, or as [`out_size`].
#[track_caller]
pub fn conv2d_loops<T: Element>(
    x: &ArrayRef4<T>,
    weight: &ArrayRef4<T>,
    bias: &ArrayRef1<T>,
    stride: usize,
    padding: usize,
) -> Array4<T> {
    check("conv2d_loops", x, weight, bias.len());
    let ((n, ci, h, w), (co, _, kh, kw)) = (x.dim(), weight.dim());
    let (oh, ow) = (out_size(h, kh, stride, padding), out_size(w, kw, stride, padding));
    let mut out = Array4::zeros((n, co, oh, ow));
    for image in 0..n {
        for o in 0..co {
            for oy in 0..oh {
                for ox in 0..ow {
                    let mut sum = bias[o];
                    for c in 0..ci {
                        for ky in 0..kh {
                            for kx in 0..kw {
                                let (iy, ix) = (oy * stride + ky, ox * stride + kx);
                                if let Some((iy, ix)) = inside((iy, ix), padding, (h, w)) {
                                    sum += x[[image, c, iy, ix]] * weight[[o, c, ky, kx]];
                                }
                            }
                        }
                    }
                    out[[image, o, oy, ox]] = sum;
                }
            }
        }
    }
    out
}

/// The gradients of [`conv2d_loops`] for the gradient `out_g (n, co, oh, ow)` of its result, by the
/// same loops.
///
/// # Panics
/// If the channels or `out_g` do not fit, or as [`out_size`].
#[track_caller]
pub fn conv2d_loops_grad<T: Element>(
    x: &ArrayRef4<T>,
    weight: &ArrayRef4<T>,
    out_g: &ArrayRef4<T>,
    stride: usize,
    padding: usize,
) -> ConvGrad<T> {
    check("conv2d_loops_grad", x, weight, weight.dim().0);
    let ((n, ci, h, w), (co, _, kh, kw)) = (x.dim(), weight.dim());
    let out = (n, co, out_size(h, kh, stride, padding), out_size(w, kw, stride, padding));
    assert!(
        out == out_g.dim(),
        "conv2d_loops_grad: the result is {out:?}, but its gradient is {:?}",
        out_g.dim()
    );
    let (mut x_g, mut weight_g) = (Array4::zeros(x.raw_dim()), Array4::zeros(weight.raw_dim()));
    let mut bias_g = Array1::zeros(co);
    for ((image, o, oy, ox), &g) in out_g.indexed_iter() {
        bias_g[o] += g;
        for (c, ky, kx) in indices((ci, kh, kw)) {
            if let Some((iy, ix)) = inside((oy * stride + ky, ox * stride + kx), padding, (h, w)) {
                x_g[[image, c, iy, ix]] += g * weight[[o, c, ky, kx]];
                weight_g[[o, c, ky, kx]] += g * x[[image, c, iy, ix]];
            }
        }
    }
    ConvGrad { x: x_g, weight: weight_g, bias: bias_g }
}

/// How many positions a kernel has along an axis: `(size + 2 · padding − kernel) / stride + 1`.
///
/// # Panics
/// If `stride == 0 || kernel == 0 || kernel > size + 2 * padding`.
///
/// ```
/// use nb02a_why_sqrt5::conv::out_size;
///
/// assert_eq!([28, 14, 7, 4].map(|size| out_size(size, 3, 2, 1)), [14, 7, 4, 2]); // stride 2 halves, rounded up
/// ```
#[track_caller]
pub fn out_size(size: usize, kernel: usize, stride: usize, padding: usize) -> usize {
    let padded = size + 2 * padding;
    assert!(
        stride > 0 && kernel > 0 && kernel <= padded,
        "out_size: a kernel of {kernel} cannot go over {padded} pixels ({padding} of padding on each side included) in steps of \
         {stride}; take a kernel between 1 and {padded}, and a stride of 1 or more"
    );
    (padded - kernel) / stride + 1
}

/// Where a place in the padded image is in the image itself.
fn inside((y, x): (usize, usize), padding: usize, (h, w): (usize, usize)) -> Option<(usize, usize)> {
    let (iy, ix) = (y.checked_sub(padding)?, x.checked_sub(padding)?);
    (iy < h && ix < w).then_some((iy, ix))
}

#[track_caller]
fn check<T>(operation: &str, x: &ArrayRef4<T>, weight: &ArrayRef4<T>, biases: usize) {
    let ((_, channels, _, _), (co, ci, _, _)) = (x.dim(), weight.dim());
    assert!(
        channels == ci && biases == co,
        "{operation}: x (n, ci, h, w) {:?}, weight (co, ci, kh, kw) {:?} and bias ({biases}) do not fit: \
         x has {channels} channels and the weight takes {ci}, and each of its {co} kernels needs one bias",
        x.dim(),
        weight.dim()
    );
}
