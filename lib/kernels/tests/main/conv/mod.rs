//! Convolution and pooling against plain loops in `f64`, PyTorch's values, and finite differences
//! of the loops.

mod loops;
mod pool;

use crate::common::failure::failure;
#[cfg(unix)]
use crate::common::guarded::Guarded;
use crate::common::oracle::Oracle;
use crate::common::random::{manual_seed, randn};
use kernels::conv::{conv2d, conv2d_grad, conv2d_param_grads, conv2d_relu};
use kernels::ndarray::{Array, Array1, Array4, ArrayView4, Dimension, Ix1, Ix4, s};
use kernels::par;
use loops::{apart, grads_apart};

/// Images `(n, ci, h, w)`, kernel `(co, kh, kw)`, stride and padding.
type Case = ((usize, usize, usize, usize), (usize, usize, usize), (usize, usize));

/// Empty, one, odd, not square, strides beyond the kernel, more padding than image, several blocks,
/// too large to be done directly, images enough for the weight's gradient to be (with pixels or
/// neighbours that fill a tile, or five of them; patches that are all padding; one position, one
/// image left over), the course's layers.
const CASES: [Case; 39] = [
    ((0, 1, 28, 28), (8, 5, 5), (2, 2)),
    ((3, 0, 4, 5), (2, 3, 3), (1, 1)),
    ((3, 2, 4, 5), (0, 3, 3), (1, 1)),
    ((1, 1, 1, 1), (1, 1, 1), (1, 0)),
    ((2, 3, 1, 1), (4, 3, 3), (1, 1)),
    ((1, 1, 0, 3), (2, 2, 2), (1, 1)),
    ((2, 1, 3, 5), (1, 3, 5), (1, 0)),
    ((2, 3, 7, 5), (5, 3, 2), (1, 0)),
    ((3, 2, 9, 11), (7, 2, 3), (4, 0)),
    ((2, 5, 8, 6), (3, 1, 1), (3, 0)),
    ((2, 3, 2, 3), (4, 5, 7), (2, 4)),
    ((1, 2, 2, 2), (3, 2, 2), (3, 5)),
    ((5, 7, 13, 9), (17, 3, 5), (2, 1)),
    ((2, 16, 5, 31), (8, 5, 3), (1, 2)),
    ((1, 1, 33, 200), (3, 7, 7), (1, 3)),
    ((1, 3, 100, 90), (20, 3, 3), (1, 1)),
    ((1, 3, 3, 4000), (5, 3, 3), (1, 0)),
    ((1, 90, 23, 21), (4, 9, 9), (1, 4)),
    ((3, 65, 9, 9), (33, 3, 3), (1, 1)),
    ((70, 2, 6, 6), (70, 3, 3), (2, 1)),
    ((2, 4, 6, 6), (80, 3, 3), (5, 2)),
    ((300, 1, 9, 9), (2, 5, 5), (2, 2)),
    ((60, 3, 20, 20), (9, 5, 5), (5, 1)),
    ((1, 3, 300, 320), (2, 3, 3), (1, 1)),
    ((13, 1, 1, 1), (3, 1, 1), (1, 0)),
    ((17, 8, 5, 7), (17, 3, 2), (2, 1)),
    ((33, 16, 6, 4), (40, 2, 5), (3, 2)),
    ((24, 8, 3, 3), (4, 3, 3), (4, 3)),
    ((16, 8, 2, 1), (8, 5, 5), (1, 2)),
    ((14, 1, 11, 9), (8, 7, 5), (2, 2)),
    ((12, 1, 8, 12), (17, 3, 5), (1, 4)),
    ((20, 5, 4, 6), (3, 2, 1), (1, 1)),
    ((19, 3, 7, 8), (9, 3, 3), (1, 1)),
    ((65, 9, 3, 2), (33, 2, 2), (2, 0)),
    ((5, 8, 3, 60), (24, 3, 3), (1, 1)),
    ((50, 1, 28, 28), (8, 5, 5), (2, 2)),
    ((50, 8, 14, 14), (16, 3, 3), (2, 1)),
    ((50, 16, 7, 7), (32, 3, 3), (2, 1)),
    ((50, 32, 4, 4), (64, 3, 3), (2, 1)),
];

/// The line of a call that has to fail, the call, and what has to be said.
type Misfit<'a, S> = (u32, Box<dyn Fn() + 'a>, S);

struct Problem {
    x: Array4<f32>,
    weight: Array4<f32>,
    bias: Array1<f32>,
    out_g: Array4<f32>,
    steps: (usize, usize),
}

impl Problem {
    fn new(case: Case, seed: u64) -> Self {
        let (x, (co, kh, kw), steps) = case;
        let rng = &mut manual_seed(seed);
        let weight = randn((co, x.1, kh, kw), rng);
        let (x, bias) = (randn(x, rng), randn(co, rng));
        let out = loops::conv2d(&wide(&x), &wide(&weight), &wide(&bias), steps);
        Problem { out_g: randn(out.dim(), rng), x, weight, bias, steps }
    }

    fn out(&self) -> Array4<f64> {
        loops::conv2d(&wide(&self.x), &wide(&self.weight), &wide(&self.bias), self.steps)
    }

    fn grads(&self) -> (Array4<f64>, Array4<f64>, Array1<f64>) {
        loops::conv2d_grad(&wide(&self.x), &wide(&self.weight), &wide(&self.out_g), self.steps)
    }
}

fn wide<D: Dimension>(x: &Array<f32, D>) -> Array<f64, D> {
    x.mapv(f64::from)
}

/// The same images in another order of memory.
fn in_order(x: &Array4<f32>, axes: [usize; 4]) -> Array4<f32> {
    let mut back = [0; 4];
    axes.into_iter().enumerate().for_each(|(i, axis)| back[axis] = i);
    x.view().permuted_axes(axes).as_standard_layout().into_owned().permuted_axes(back)
}

const CLOSE: f64 = 2e-6;

#[test]
fn forward_is_that_of_six_loops() {
    for (i, case) in CASES.into_iter().enumerate() {
        let p = Problem::new(case, i as u64);
        let (out, want) = (conv2d(&p.x, &p.weight, &p.bias, p.steps.0, p.steps.1), p.out());
        assert_eq!(out.dim(), want.dim());
        assert!(apart(&out, &want) < CLOSE, "{case:?}: {}", apart(&out, &want));
        let clamped = conv2d_relu(&p.x, &p.weight, &p.bias, p.steps.0, p.steps.1, 0.5);
        assert_eq!(clamped, out.mapv(|x| x.max(0.0) - 0.5), "{case:?}");
    }
}

#[test]
fn gradients_are_those_of_six_loops() {
    for (i, case) in CASES.into_iter().enumerate() {
        let p = Problem::new(case, i as u64);
        let ours = conv2d_grad(&p.x, &p.weight, &p.out_g, p.steps.0, p.steps.1);
        let errors = grads_apart(&ours, &p.grads());
        assert!(errors.into_iter().all(|error| error < CLOSE), "{case:?}: {errors:?}");
        let (weight, bias) = conv2d_param_grads(&p.x, &p.weight, &p.out_g, p.steps.0, p.steps.1);
        assert_eq!((weight, bias), (ours.weight, ours.bias), "{case:?}");
    }
}

/// The loops' own gradients are right: pushed a little, the weighted sum of the results moves as
/// they say.
#[test]
fn the_loops_gradients_are_finite_differences() {
    for case in [((2, 2, 4, 5), (3, 3, 2), (2, 1)), ((1, 3, 3, 3), (2, 2, 2), (1, 2))] {
        let p = Problem::new(case, 7);
        let (x, weight, bias, out_g) = (wide(&p.x), wide(&p.weight), wide(&p.bias), wide(&p.out_g));
        let loss = |x: &Array4<f64>, weight: &Array4<f64>, bias: &Array1<f64>| {
            (loops::conv2d(x, weight, bias, p.steps) * &out_g).sum()
        };
        let (x_g, weight_g, bias_g) = p.grads();
        difference(&x, &x_g, |x| loss(x, &weight, &bias));
        difference(&weight, &weight_g, |weight| loss(&x, weight, &bias));
        difference(&bias, &bias_g, |bias| loss(&x, &weight, bias));
    }
}

/// Compares a gradient with central differences; the loss is linear in each number, so that only
/// rounding is left.
fn difference<D: Dimension>(
    at: &Array<f64, D>,
    gradient: &Array<f64, D>,
    loss: impl Fn(&Array<f64, D>) -> f64,
) {
    for (i, want) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut moved = at.clone();
            moved.as_slice_mut().expect("in order")[i] += by;
            loss(&moved)
        };
        let slope = (moved(0.5) - moved(-0.5)) / 1.0;
        assert!((slope - want).abs() < 1e-9, "number {i}: {slope} instead of {want}");
    }
}

/// A protected page lies directly behind images and gradient: reading one number too many ends the
/// test.
#[cfg(unix)]
#[test]
fn nothing_is_read_beyond_the_end() {
    for case in CASES.into_iter().filter(|((n, c, h, w), (co, ..), _)| n * c * h * w * co > 0) {
        let p = Problem::new(case, 8);
        let (mut x_place, mut g_place) = (Guarded::new(p.x.len()), Guarded::new(p.out_g.len()));
        let [x, out_g] = [(&p.x, &mut x_place), (&p.out_g, &mut g_place)].map(|(images, place)| {
            let last = images.view().permuted_axes([0, 2, 3, 1]);
            place.holding(last.dim(), last.iter().copied()).permuted_axes([0, 3, 1, 2])
        });
        let (stride, padding) = p.steps;
        assert_eq!(
            conv2d(&x, &p.weight, &p.bias, stride, padding),
            conv2d(&p.x, &p.weight, &p.bias, stride, padding)
        );
        let ours = conv2d_grad(&x, &p.weight, &out_g, stride, padding);
        assert_eq!(ours.weight, conv2d_grad(&p.x, &p.weight, &p.out_g, stride, padding).weight, "{case:?}");
    }
}

#[test]
fn pytorchs_values() {
    for name in ["1x3x5x4_2x1x1_s1_p0", "3x1x28x28_8x5x5_s2_p2", "5x8x14x13_16x3x3_s2_p1"] {
        let mut oracle = Oracle::open(&format!("conv_{name}"));
        let [stride, padding] = ["stride", "padding"].map(|step| oracle.number::<i64>(step) as usize);
        let (x, weight): (Array4<f32>, Array4<f32>) = (oracle.get("x"), oracle.get("weight"));
        let out = conv2d(&x, &weight, &oracle.get::<f32, Ix1>("bias"), stride, padding);
        assert!(apart(&out, &wide(&oracle.get::<f32, Ix4>("out"))) < 1e-5, "{name}");
        let ours = conv2d_grad(&x, &weight, &oracle.get::<f32, Ix4>("out_grad"), stride, padding);
        let want = (
            wide(&oracle.get::<f32, Ix4>("x_grad")),
            wide(&oracle.get::<f32, Ix4>("weight_grad")),
            wide(&oracle.get::<f32, Ix1>("bias_grad")),
        );
        let errors = grads_apart(&ours, &want);
        assert!(errors.into_iter().all(|error| error < 1e-5), "{name}: {errors:?}");
    }
}

#[test]
fn the_order_in_memory_changes_nothing() {
    let p = Problem::new(((3, 4, 9, 7), (5, 3, 3), (2, 1)), 1);
    let (stride, padding) = p.steps;
    let all = |x: &ArrayView4<'_, f32>, weight: &ArrayView4<'_, f32>, out_g: &ArrayView4<'_, f32>| {
        let grads = conv2d_grad(x, weight, out_g, stride, padding);
        (conv2d(x, weight, &p.bias, stride, padding), grads.input, grads.weight, grads.bias)
    };
    let want = all(&p.x.view(), &p.weight.view(), &p.out_g.view());
    for axes in [[0, 2, 3, 1], [3, 2, 1, 0], [1, 0, 3, 2]] {
        let [x, weight, out_g] = [&p.x, &p.weight, &p.out_g].map(|a| in_order(a, axes));
        assert!(all(&x.view(), &weight.view(), &out_g.view()) == want, "{axes:?}");
    }
    let (mut wider, mut weights) = (Array4::zeros((6, 4, 18, 7)), Array4::zeros((5, 4, 3, 6)));
    wider.slice_mut(s![..;2, .., ..;2, ..]).assign(&p.x.slice(s![.., .., .., ..;-1]));
    weights.slice_mut(s![.., .., .., ..;2]).assign(&p.weight);
    let (x, weight) = (wider.slice(s![..;2, .., ..;2, ..;-1]), weights.slice(s![.., .., .., ..;2]));
    assert!(all(&x, &weight, &p.out_g.view()) == want, "steps and reversed");
    let ones = Array4::ones((1, 1, 1, 1));
    let broadcast = all(&ones.broadcast((3, 4, 9, 7)).unwrap(), &weight, &p.out_g.view());
    assert!(broadcast == all(&Array4::ones((3, 4, 9, 7)).view(), &weight, &p.out_g.view()), "broadcast");
}

/// So that the next layer takes them without a copy.
#[test]
fn results_are_channels_last_in_memory() {
    let p = Problem::new(((3, 4, 9, 7), (5, 3, 3), (2, 1)), 1);
    let out = conv2d(&p.x, &p.weight, &p.bias, 2, 1);
    let grads = conv2d_grad(&p.x, &p.weight, &p.out_g, 2, 1);
    assert!(out.permuted_axes([0, 2, 3, 1]).is_standard_layout());
    assert!(grads.input.permuted_axes([0, 2, 3, 1]).is_standard_layout());
    assert!(grads.weight.is_standard_layout());
}

/// A ReLU between two convolutions must not bring the channels back to the second place, nor mix up
/// two orders.
#[test]
fn elementwise_functions_keep_the_order_in_memory() {
    let rng = &mut manual_seed(6);
    let (x, g) = (randn((3, 4, 5, 6), rng), randn((3, 4, 5, 6), rng));
    let want = Array4::from_shape_fn(x.dim(), |i| if x[i] <= 0.0 { 0.0 } else { g[i] });
    for axes in [[0, 1, 2, 3], [0, 2, 3, 1], [3, 1, 0, 2], [1, 0, 3, 2]] {
        let (x, g) = (in_order(&x, axes), in_order(&g, [0, 2, 3, 1]));
        let out = par::relu(&x, 0.5);
        assert_eq!(out, x.mapv(|x| x.max(0.0) - 0.5));
        assert_eq!(out.strides(), x.strides());
        let mut changed = g.clone();
        par::threshold_backward_(&x, &mut changed);
        assert_eq!((&changed, changed.strides()), (&want, g.strides()));
        assert_eq!(par::relu_grad(&x, &g), want);
    }
}

#[test]
fn nan_and_infinity_reach_what_looks_at_them_and_nothing_else() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    // Few and many images, channels that fill a tile and such that do not.
    let shapes = [(2, 3, 9, 8), (14, 3, 9, 8), (14, 8, 9, 8), (14, 1, 9, 8)];
    for (bad, x) in bad.into_iter().flat_map(|bad| shapes.map(|x| (bad, x))) {
        let kernel = if x.1 == 1 { (4, 5, 5) } else { (4, 3, 3) };
        let mut p = Problem::new((x, kernel, (2, 1)), 3);
        p.x[[1, x.1 - 1, 4, 5]] = bad;
        p.out_g[[0, 3, 2, 2]] = bad;
        let out = conv2d(&p.x, &p.weight, &p.bias, 2, 1);
        assert_eq!(out.mapv(f32::is_finite), p.out().mapv(f64::is_finite));
        let (ours, want) = (conv2d_grad(&p.x, &p.weight, &p.out_g, 2, 1), p.grads());
        assert_eq!(ours.input.mapv(f32::is_finite), want.0.mapv(f64::is_finite));
        assert_eq!(ours.weight.mapv(f32::is_finite), want.1.mapv(f64::is_finite));
        assert_eq!(ours.bias.mapv(f32::is_finite), want.2.mapv(f64::is_finite));
        assert!(conv2d_relu(&p.x, &p.weight, &p.bias, 2, 1, 0.0).iter().any(|x| x.is_nan()) == bad.is_nan());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for case in
        [CASES[22], CASES[23], CASES[35], CASES[36], CASES[37], ((60, 32, 14, 14), (64, 3, 3), (1, 1))]
    {
        let p = Problem::new(case, 5);
        let (stride, padding) = p.steps;
        let bits = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (out, grads) = pool.install(|| {
                let grads = conv2d_grad(&p.x, &p.weight, &p.out_g, stride, padding);
                (conv2d(&p.x, &p.weight, &p.bias, stride, padding), grads)
            });
            let all = out.iter().chain(&grads.input).chain(&grads.weight).chain(&grads.bias);
            all.map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let one = bits(1);
        assert!((2..5).all(|threads| bits(threads) == one), "{case:?}");
    }
}

/// In `f32` a bias' gradient of 1s would stop at 2²⁴.
#[test]
fn the_biases_gradient_is_added_up_in_f64() {
    let (x, weight) = (Array4::zeros((17, 1, 1024, 1024)), Array4::zeros((1, 1, 1, 1)));
    let ones = Array4::<f32>::ones((17, 1, 1024, 1024));
    assert_eq!(conv2d_param_grads(&x, &weight, &ones, 1, 0).1[0], 17.0 * 1024.0 * 1024.0);
}

#[test]
fn what_does_not_fit_is_said_at_the_callers_line() {
    let zeros = |shape: (usize, usize, usize, usize)| Array4::<f32>::zeros(shape);
    let (x, weight, bias) = (zeros((2, 3, 8, 8)), zeros((4, 3, 3, 3)), Array1::zeros(4));
    #[rustfmt::skip]
    let cases: [Misfit<'_, &[&str]>; 9] = [
        (line!(), Box::new(|| _ = conv2d(&x, &zeros((4, 1, 3, 3)), &bias, 1, 0)), &["(2, 3, 8, 8)", "(4, 1, 3, 3)", "3 channels"]),
        (line!(), Box::new(|| _ = conv2d(&zeros((2, 8, 8, 3)), &weight, &bias, 1, 0)), &["permuted_axes([0, 3, 1, 2])"]),
        (line!(), Box::new(|| _ = conv2d(&x, &weight, &Array1::zeros(5), 1, 0)), &["5 numbers", "4 output channels"]),
        (line!(), Box::new(|| _ = conv2d(&x, &weight, &bias, 0, 0)), &["stride of 0"]),
        (line!(), Box::new(|| _ = conv2d(&x, &zeros((4, 3, 0, 3)), &bias, 1, 0)), &["kernel is empty"]),
        (line!(), Box::new(|| _ = conv2d_relu(&x, &zeros((4, 3, 11, 3)), &bias, 1, 1, 0.0)), &["11 × 3", "10 × 10"]),
        (line!(), Box::new(|| _ = conv2d(&x, &weight, &bias, 1, usize::MAX)), &["larger than any memory"]),
        (line!(), Box::new(|| _ = conv2d(&x, &weight, &bias, 1, 1 << 40)), &["not so much memory"]),
        (line!(), Box::new(|| _ = conv2d_grad(&x, &weight, &zeros((2, 4, 6, 5)), 1, 0)), &["(2, 4, 6, 6)", "(2, 4, 6, 5)"]),
    ];
    for (line, call, said) in cases {
        let failure = failure(call);
        assert!(said.iter().all(|part| failure.message.contains(part)), "{}", failure.message);
        assert!(failure.place.0.ends_with("conv/mod.rs") && failure.place.1 == line, "{:?}", failure.place);
    }
}

/// A step far beyond the image, most of it padding: nothing as large as the padded image is ever
/// made.
#[test]
fn enormous_padding_costs_no_memory() {
    let (far, x) = (1 << 40, Array4::<f32>::ones((1, 1, 1, 1)));
    let weight = Array4::from_elem((1, 1, 1, 1), 3.0);
    let out = conv2d(&x, &weight, &Array1::ones(1), far, far);
    assert_eq!(out.dim(), (1, 1, 3, 3));
    assert_eq!((out[[0, 0, 1, 1]], out.sum()), (4.0, 12.0));
    let grads = conv2d_grad(&x, &weight, &out, far, far);
    assert_eq!((grads.input[[0, 0, 0, 0]], grads.weight[[0, 0, 0, 0]], grads.bias[0]), (12.0, 4.0, 12.0));
}
