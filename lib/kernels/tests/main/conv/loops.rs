//! The convolution and its gradients as plain loops in `f64`, written from the definition: the
//! reference.

use kernels::conv::Conv2dGrad;
use kernels::ndarray::{Array1, Array4, ArrayRef1, ArrayRef4};

/// Calls `each` with every `(image, co, oy, ox)`, and with the pixel `(ci, iy, ix)` and the place
/// in the kernel `(ky, kx)` that meet there; padding is left out.
fn meet(
    (x, weight, out): (&[usize], &[usize], &[usize]),
    (stride, padding): (usize, usize),
    mut each: impl FnMut([usize; 4], [usize; 4], [usize; 4]),
) {
    for (image, co) in pairs(x[0], weight[0]) {
        for (oy, ox) in pairs(out[2], out[3]) {
            for ci in 0..x[1] {
                for (ky, kx) in pairs(weight[2], weight[3]) {
                    let (y, x_) = (oy * stride + ky, ox * stride + kx);
                    if y >= padding && x_ >= padding && y - padding < x[2] && x_ - padding < x[3] {
                        let pixel = [image, ci, y - padding, x_ - padding];
                        each([image, co, oy, ox], pixel, [co, ci, ky, kx]);
                    }
                }
            }
        }
    }
}

fn pairs(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..a).flat_map(move |i| (0..b).map(move |j| (i, j)))
}

fn out_size(size: usize, kernel: usize, (stride, padding): (usize, usize)) -> usize {
    (size + 2 * padding - kernel) / stride + 1
}

pub(super) fn conv2d(
    x: &ArrayRef4<f64>,
    weight: &ArrayRef4<f64>,
    bias: &ArrayRef1<f64>,
    steps: (usize, usize),
) -> Array4<f64> {
    let (n, _, h, w) = x.dim();
    let (co, _, kh, kw) = weight.dim();
    let shape = (n, co, out_size(h, kh, steps), out_size(w, kw, steps));
    let mut out = Array4::from_shape_fn(shape, |(_, co, _, _)| bias[co]);
    let sizes = out.shape().to_vec();
    meet((x.shape(), weight.shape(), &sizes), steps, |at, pixel, place| out[at] += x[pixel] * weight[place]);
    out
}

/// The three gradients, in `f64`, as `(input, weight, bias)`.
pub(super) fn conv2d_grad(
    x: &ArrayRef4<f64>,
    weight: &ArrayRef4<f64>,
    out_g: &ArrayRef4<f64>,
    steps: (usize, usize),
) -> (Array4<f64>, Array4<f64>, Array1<f64>) {
    let (mut input, mut weight_g) = (Array4::zeros(x.raw_dim()), Array4::zeros(weight.raw_dim()));
    meet((x.shape(), weight.shape(), out_g.shape()), steps, |at, pixel, place| {
        input[pixel] += out_g[at] * weight[place];
        weight_g[place] += out_g[at] * x[pixel];
    });
    let mut bias = Array1::zeros(weight.dim().0);
    out_g.indexed_iter().for_each(|((_, co, _, _), g)| bias[co] += g);
    (input, weight_g, bias)
}

/// `‖a − b‖ / ‖b‖`, and 0 where both are nothing.
pub(super) fn apart<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (a, b) in a.into_iter().zip(b) {
        difference += (f64::from(*a) - b).powi(2);
        norm += b * b;
    }
    if difference == 0.0 { 0.0 } else { (difference / norm).sqrt() }
}

/// The largest of the three distances.
pub(super) fn grads_apart(ours: &Conv2dGrad, want: &(Array4<f64>, Array4<f64>, Array1<f64>)) -> [f64; 3] {
    assert_eq!(
        (ours.input.dim(), ours.weight.dim(), ours.bias.dim()),
        (want.0.dim(), want.1.dim(), want.2.dim())
    );
    [apart(&ours.input, &want.0), apart(&ours.weight, &want.1), apart(&ours.bias, &want.2)]
}
