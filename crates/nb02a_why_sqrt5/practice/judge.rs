//! Judges each exercise of notebook 02a by itself, and knows what typical slips look like.

mod looks;

use looks::{Oracle, case, judge, judge_oracles, quietly};
use nb02a_why_sqrt5::conv::{conv2d_loops, conv2d_loops_grad, out_size};
use nb02a_why_sqrt5::kaiming2::{Fans, kaiming2};
use nb02a_why_sqrt5::ndarray::{Array1, Array4};
use nb02a_why_sqrt5::{Fan, manual_seed};

fn draw(shape: (usize, usize, usize, usize), seed: u64) -> Array4<f32> {
    ours::randn(shape, &mut ours::manual_seed(seed))
}

#[test]
fn conv_out_size() {
    let all = [(28, 3, 1, 0), (28, 3, 2, 1), (14, 3, 2, 1), (7, 5, 1, 2), (5, 5, 3, 0), (9, 2, 3, 1)];
    let ask =
        |f: &dyn Fn(usize, usize, usize, usize) -> usize| all.map(|(n, k, s, p)| f(n, k, s, p)).to_vec();
    let rows = all.iter().map(|(n, k, s, p)| format!("out_size({n}, {k}, {s}, {p})")).collect();
    judge([case("out_size(size, kernel, stride, padding)", || ask(&out_size), ask(&ours::conv::out_size))
        .rows(rows)
        .slip("padding on one side only: it is on both", || ask(&|n, k, s, p| (n + p - k) / s + 1))
        .slip("a `+ 1` that is missing: a kernel as large as the image has one position", || {
            ask(&|n, k, s, p| (n + 2 * p - k) / s)
        })
        .slip("a division rounded up: a step that leaves the image is none", || {
            ask(&|n, k, s, p| (n + 2 * p - k).div_ceil(s) + 1)
        })
        .slip("a stride that was forgotten", || ask(&|n, k, _, p| n + 2 * p - k + 1))]);
    let said = quietly(|| drop(out_size(3, 5, 1, 0).to_string())).err().unwrap_or_default();
    assert!(
        said.contains("out_size"),
        "out_size(3, 5, 1, 0): the kernel is larger than the image\n  expected  a panic that begins with out_size\n  got       {said:?}"
    );
}

#[test]
fn conv_conv2d_loops() {
    for (ci, co, stride, padding) in [(1, 1, 1, 0), (2, 3, 1, 1), (3, 2, 2, 1)] {
        let (x, weight) = (draw((2, ci, 5, 5), 1), draw((co, ci, 3, 3), 2));
        let bias = Array1::from_shape_fn(co, |o| 0.5 + o as f32);
        let none = Array1::zeros(co);
        let right = ours::conv2d_loops(&x, &weight, &bias, stride, padding);
        let of = |w: &Array4<f32>, b: &Array1<f32>| ours::conv2d_loops(&x, w, b, stride, padding);
        let flipped = weight.slice(ours::ndarray::s![.., .., ..;-1, ..;-1]).to_owned();
        let swapped = weight.clone().permuted_axes([0, 1, 3, 2]).as_standard_layout().into_owned();
        let what = format!(
            "conv2d_loops of (2, {ci}, 5, 5) and ({co}, {ci}, 3, 3), stride {stride}, padding {padding}"
        );
        judge([case(what, || conv2d_loops(&x, &weight, &bias, stride, padding), right.clone())
            .slip("a bias that was forgotten", || of(&weight, &none))
            .slip("a bias that is added for each channel that comes in", || of(&weight, &(&bias * ci as f32)))
            .slip("a bias that is added for each product", || of(&weight, &(&bias * (9 * ci) as f32)))
            .slip("a kernel turned around, as mathematicians convolve: here it is laid on as it is", || {
                of(&flipped, &bias)
            })
            .slip("rows and columns of the kernel exchanged", || of(&swapped, &bias))
            .slip("a mean instead of a sum", || of(&(&weight / (9 * ci) as f32), &bias))]);
    }
}

#[test]
fn conv_conv2d_loops_grad() {
    let (x, weight, out_g) = (draw((2, 2, 5, 5), 3), draw((3, 2, 3, 3), 4), draw((2, 3, 3, 3), 5));
    let right = ours::conv2d_loops_grad(&x, &weight, &out_g, 2, 1);
    let got = || conv2d_loops_grad(&x, &weight, &out_g, 2, 1);
    let first = |a: &Array4<f32>, n: usize| a.slice(ours::ndarray::s![..n, .., .., ..]).to_owned();
    let one_image = ours::conv2d_loops_grad(&first(&x, 1), &weight, &first(&out_g, 1), 2, 1);
    judge([
        case("conv2d_loops_grad: the bias", || got().bias, right.bias.clone())
            .slip("a mean instead of a sum", || &right.bias / 18.0)
            .slip("the first image alone", || one_image.bias.clone())
            .slip("a gradient that is added up for every weight as well", || &right.bias * 18.0),
        case("conv2d_loops_grad: the weight", || got().weight, right.weight.clone())
            .slip("a mean over the images instead of a sum", || &right.weight / 2.0)
            .slip("the first image alone", || one_image.weight.clone())
            .slip("a factor 2", || &right.weight * 2.0),
        case("conv2d_loops_grad: the images", || got().x, right.x.clone())
            .slip("a mean instead of a sum", || &right.x / 2.0)
            .slip("zeros", || Array4::<f32>::zeros(x.raw_dim())),
    ]);
}

/// Small whole numbers, the same as in the Python that made PyTorch's values below.
fn whole(shape: (usize, usize, usize, usize), seed: usize) -> Array4<f32> {
    let len = shape.0 * shape.1 * shape.2 * shape.3;
    let numbers = (0..len).map(|i| ((7 * i + seed) % 11) as f32 - 5.0).collect();
    Array4::from_shape_vec(shape, numbers).expect("as many numbers")
}

/// `out.backward(g)` of `F.conv2d(x, w, b, stride=2, padding=1)` in PyTorch 2.15, `x`, `w` and `g` filled by
/// `(7*i + seed) % 11 - 5` with the seeds 1, 2 and 3: `x.grad`, `w.grad` and `b.grad`.
const OF_PYTORCH: ([f64; 32], [f64; 36], [f64; 2]) = (
    [
        -18., -2., 15., -5., -8., -14., -8., 5., 15., -2., -18., 15., 18., 1., -18., 15., 20., 32., 0., -20.,
        39., -4., -23., -10., -20., -26., 15., 15., -17., -23., 15., 15.,
    ],
    [
        6., -13., -5., 3., 0., -15., -7., 39., 2., 0., 16., -9., 40., 2., -24., -3., -14., 4., -6., 7., 11.,
        12., -4., -16., -3., -19., 2., 0., -28., 9., -15., 2., 34., 3., -13., 8.,
    ],
    [1., 3.],
);

/// Yours beside the three oracles: ours, finite differences in `f64`, and PyTorch's autograd.
#[test]
#[ignore = "a comparison"]
fn compare_conv_conv2d_loops_grad() {
    let (x, weight, out_g) = (whole((1, 2, 4, 4), 1), whole((2, 2, 3, 3), 2), whole((1, 2, 2, 2), 3));
    let [x64, weight64, out_g64] = [&x, &weight, &out_g].map(|a| a.mapv(f64::from));
    let bias64 = Array1::<f64>::zeros(2);
    let moved =
        |x: &ours::ndarray::ArrayRef4<f64>,
         w: &ours::ndarray::ArrayRef4<f64>,
         b: &ours::ndarray::ArrayRef1<f64>| { (ours::conv2d_loops(x, w, b, 2, 1) * &out_g64).sum() };
    let (yours, right) =
        (conv2d_loops_grad(&x, &weight, &out_g, 2, 1), ours::conv2d_loops_grad(&x, &weight, &out_g, 2, 1));
    let like = |numbers: &[f64], shape: &[usize]| {
        ours::ndarray::ArrayD::from_shape_vec(shape, numbers.to_vec()).expect("as many numbers")
    };
    judge_oracles([
        Oracle {
            gradient: "x, (1, 2, 4, 4)",
            yours: looks::numbers(&yours.x),
            ours: looks::numbers(&right.x),
            differences: looks::numbers(&ours::finite_difference(
                |x| moved(x, &weight64, &bias64),
                &x64,
                1e-5,
            )),
            pytorch: like(&OF_PYTORCH.0, x.shape()),
        },
        Oracle {
            gradient: "weight, (2, 2, 3, 3)",
            yours: looks::numbers(&yours.weight),
            ours: looks::numbers(&right.weight),
            differences: looks::numbers(&ours::finite_difference(
                |w| moved(&x64, w, &bias64),
                &weight64,
                1e-5,
            )),
            pytorch: like(&OF_PYTORCH.1, weight.shape()),
        },
        Oracle {
            gradient: "bias, (2)",
            yours: looks::numbers(&yours.bias),
            ours: looks::numbers(&right.bias),
            differences: looks::numbers(&ours::finite_difference(
                |b| moved(&x64, &weight64, b),
                &bias64,
                1e-5,
            )),
            pytorch: like(&OF_PYTORCH.2, &[2]),
        },
    ]);
    looks::compare_times(
        "two channels of 4 × 4",
        || conv2d_loops_grad(&x, &weight, &out_g, 2, 1),
        || ours::conv2d_loops_grad(&x, &weight, &out_g, 2, 1),
    );
}

#[test]
fn kaiming2_fans_get() {
    let fans = Fans { nf: 32, ni: 16, rec_fs: 25 };
    judge([case(
        "fan in and fan out of (32, 16, 5, 5)",
        || vec![fans.get(Fan::In), fans.get(Fan::Out)],
        vec![400_usize, 800],
    )
    .slip("fan in and fan out exchanged: what comes in is added up", || vec![800_usize, 400])
    .slip("channels alone: each of them has kh · kw pixels", || vec![16_usize, 32])
    .slip("the kernel alone: it looks at every channel", || vec![25_usize, 25])
    .slip("a root of the kernel's size: its positions are counted, not its side", || vec![80_usize, 160])]);
}

#[test]
fn kaiming2_kaiming2() {
    let draws = |scale: f64| {
        let u: Array4<f32> = ours::rand((3, 2, 5, 5), &mut ours::manual_seed(9));
        u.mapv(|u| ((2.0 * f64::from(u) - 1.0) * scale) as f32)
    };
    let (gain, fan_in, fan_out, root3) = (2.0_f64.sqrt(), 50.0_f64, 75.0_f64, 3.0_f64.sqrt());
    let yours = || {
        let mut w = Array4::zeros((3, 2, 5, 5));
        kaiming2(&mut w, 0.0, Fan::In, &mut manual_seed(9));
        w
    };
    let unsigned = || (draws(1.0) + 1.0) / 2.0 * (root3 * gain / fan_in.sqrt()) as f32;
    judge([case("kaiming2 of a (3, 2, 5, 5), a = 0, fan in", yours, draws(root3 * gain / fan_in.sqrt()))
        .slip("the standard deviation taken for the bound: numbers up to b have b / √3", || {
            draws(gain / fan_in.sqrt())
        })
        .slip("fan in and fan out exchanged", || draws(root3 * gain / fan_out.sqrt()))
        .slip("a gain that was forgotten", || draws(root3 / fan_in.sqrt()))
        .slip("a division by the fan: a standard deviation takes the root", || draws(root3 * gain / fan_in))
        .slip("numbers from 0 to b instead of -b to b", unsigned)
        .slip("a fan without the kernel", || draws(root3 * gain / 2.0_f64.sqrt()))
        .slip("a 3 whose root was not taken", || draws(3.0 * gain / fan_in.sqrt()))]);
}
