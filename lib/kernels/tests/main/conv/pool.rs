//! Average pooling against plain loops in `f64`.

use super::Misfit;
use super::loops::apart;
use crate::common::failure::failure;
use crate::common::random::{manual_seed, randn};
use kernels::conv::{avg_pool2d, avg_pool2d_grad};
use kernels::ndarray::{Array4, ArrayRef4, s};

/// Images, window, stride and padding.
type Case = ((usize, usize, usize, usize), (usize, usize), usize, usize);

const CASES: [Case; 10] = [
    ((0, 3, 4, 4), (2, 2), 2, 0),
    ((2, 0, 4, 4), (2, 2), 2, 0),
    ((1, 1, 1, 1), (1, 1), 1, 0),
    ((3, 5, 4, 4), (2, 2), 2, 0),
    ((2, 3, 7, 5), (3, 2), 1, 1),
    ((2, 3, 7, 5), (2, 3), 4, 0),
    ((2, 17, 9, 11), (5, 4), 3, 2),
    ((4, 32, 2, 2), (2, 2), 1, 0),
    ((2, 3, 6, 9), (6, 9), 1, 0),
    ((100, 33, 14, 14), (3, 3), 2, 1),
];

/// Calls `each` with every result's place and those of the pixels in its window; padding is left
/// out.
fn meet(
    x: &[usize],
    out: &[usize],
    (size, stride, padding): ((usize, usize), usize, usize),
    mut each: impl FnMut((usize, usize, usize, usize), [usize; 4]),
) {
    for at in kernels::ndarray::indices((out[0], out[1], out[2], out[3])) {
        for (ky, kx) in kernels::ndarray::indices(size) {
            let (iy, ix) = (at.2 * stride + ky, at.3 * stride + kx);
            if (padding..x[2] + padding).contains(&iy) && (padding..x[3] + padding).contains(&ix) {
                each(at, [at.0, at.1, iy - padding, ix - padding]);
            }
        }
    }
}

#[test]
fn means_and_their_gradients_are_those_of_loops() {
    for (i, (shape, size, stride, padding)) in CASES.into_iter().enumerate() {
        let rng = &mut manual_seed(i as u64);
        let x = randn(shape, rng);
        let out = avg_pool2d(&x, size, stride, padding);
        let expected = |len: usize, size| (len + 2 * padding - size) / stride + 1;
        assert_eq!(out.dim(), (shape.0, shape.1, expected(shape.2, size.0), expected(shape.3, size.1)));
        let out_g = randn(out.dim(), rng);
        let share = 1.0 / (size.0 * size.1) as f64;
        let (mut want, mut want_g) = (Array4::<f64>::zeros(out.dim()), Array4::<f64>::zeros(shape));
        meet(x.shape(), out.shape(), (size, stride, padding), |at, pixel| {
            want[at] += share * f64::from(x[pixel]);
            want_g[pixel] += share * f64::from(out_g[at]);
        });
        let x_g = avg_pool2d_grad(shape, &out_g, size, stride, padding);
        assert!(apart(&out, &want) < 1e-6 && apart(&x_g, &want_g) < 1e-6, "case {i}");
        assert_eq!(x_g.dim(), shape);
        let turned =
            |x: &ArrayRef4<f32>| x.view().permuted_axes([3, 1, 0, 2]).as_standard_layout().into_owned();
        assert_eq!(avg_pool2d(&turned(&x).permuted_axes([2, 1, 3, 0]), size, stride, padding), out);
        let out_g = turned(&out_g);
        assert_eq!(
            avg_pool2d_grad(shape, &out_g.view().permuted_axes([2, 1, 3, 0]), size, stride, padding),
            x_g
        );
    }
}

#[test]
fn nan_stays_in_its_windows() {
    let mut x = randn((1, 2, 4, 4), &mut manual_seed(0));
    x[[0, 1, 3, 0]] = f32::NAN;
    let out = avg_pool2d(&x, (2, 2), 2, 0);
    assert!(out[[0, 1, 1, 0]].is_nan() && out.iter().filter(|x| x.is_nan()).count() == 1);
    assert!(out.slice(s![.., 0, .., ..]).iter().all(|x| x.is_finite()));
}

#[test]
fn what_does_not_fit_is_said_at_the_callers_line() {
    let x = Array4::<f32>::zeros((2, 3, 8, 8));
    #[rustfmt::skip]
    let cases: [Misfit<'_, &str>; 4] = [
        (line!(), Box::new(|| _ = avg_pool2d(&x, (2, 2), 0, 0)), "stride of 0"),
        (line!(), Box::new(|| _ = avg_pool2d(&x, (9, 2), 1, 0)), "9 × 2 does not fit an image of 8 × 8"),
        (line!(), Box::new(|| _ = avg_pool2d(&x, (2, 2), 1, 2)), "more than half a window"),
        (line!(), Box::new(|| _ = avg_pool2d_grad(x.dim(), &x, (2, 2), 2, 0)), "(2, 3, 4, 4), but its gradient is (2, 3, 8, 8)"),
    ];
    for (line, call, said) in cases {
        let failure = failure(call);
        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(failure.place.0.ends_with("conv/pool.rs") && failure.place.1 == line, "{:?}", failure.place);
    }
}
