//! The loops and the layers for images: awkward sizes, finite differences, and what they say when a
//! shape does not fit.

mod common;

use common::failure;
use nb02a_why_sqrt5::kernels::conv::{conv2d, conv2d_grad};
use nb02a_why_sqrt5::ndarray::{Array1, Array4, ArrayRef, Axis, IxDyn, s};
use nb02a_why_sqrt5::nn::{AvgPool2d, Conv2d, Flatten, Lambda, Linear, Module, ReLU, Sequential, tensor};
use nb02a_why_sqrt5::*;

/// Images `(n, ci, h, w)`, kernel `(co, kh, kw)`, stride and padding.
type Case = ((usize, usize, usize, usize), (usize, usize, usize), (usize, usize));

const CASES: [Case; 8] = [
    ((0, 2, 4, 4), (3, 3, 3), (1, 1)),
    ((1, 1, 1, 1), (1, 1, 1), (1, 0)),
    ((2, 3, 1, 1), (2, 3, 3), (1, 1)),
    ((2, 3, 5, 4), (2, 3, 2), (2, 1)),
    ((1, 2, 6, 7), (3, 2, 3), (4, 0)),
    ((2, 1, 3, 3), (1, 2, 2), (1, 2)),
    ((1, 3, 4, 5), (2, 1, 1), (1, 0)),
    ((3, 2, 7, 5), (5, 5, 3), (3, 2)),
];

struct Problem {
    x: Array4<f64>,
    weight: Array4<f64>,
    bias: Array1<f64>,
    out_g: Array4<f64>,
    steps: (usize, usize),
}

impl Problem {
    fn new((x, (co, kh, kw), steps): Case) -> Self {
        let rng = &mut manual_seed(9);
        let (x, weight, bias) = (randn(x, rng), randn((co, x.1, kh, kw), rng), randn(co, rng));
        let out = conv2d_loops(&x, &weight, &bias, steps.0, steps.1);
        let out_g = randn(out.raw_dim(), rng).mapv(f64::from);
        Problem {
            x: x.mapv(f64::from),
            weight: weight.mapv(f64::from),
            bias: bias.mapv(f64::from),
            out_g,
            steps,
        }
    }

    fn loss(&self) -> f64 {
        (conv2d_loops(&self.x, &self.weight, &self.bias, self.steps.0, self.steps.1) * &self.out_g).sum()
    }
}

#[test]
fn the_loops_gradients_are_finite_differences() {
    for case in CASES {
        let p = Problem::new(case);
        let ours = conv2d_loops_grad(&p.x, &p.weight, &p.out_g, p.steps.0, p.steps.1);
        let x = finite_difference(|x| Problem { x: x.to_owned(), ..Problem::new(case) }.loss(), &p.x, 1e-3);
        let w = finite_difference(
            |w| Problem { weight: w.to_owned(), ..Problem::new(case) }.loss(),
            &p.weight,
            1e-3,
        );
        let b =
            finite_difference(|b| Problem { bias: b.to_owned(), ..Problem::new(case) }.loss(), &p.bias, 1e-3);
        let apart =
            [(&ours.x - x), (&ours.weight - w)].map(|d| d.iter().fold(0.0_f64, |most, d| most.max(d.abs())));
        assert!(
            apart[0] < 1e-9 && apart[1] < 1e-9 && (&ours.bias - b).iter().all(|d| d.abs() < 1e-9),
            "{case:?}"
        );
    }
}

/// The loops in `f32`, and the kernel that the layers run on.
#[test]
fn the_fast_kernel_is_the_loops() {
    for case in CASES {
        let p = Problem::new(case);
        let narrow = |x: &Array4<f64>| x.mapv(|x| x as f32);
        let (x, weight, out_g, bias) =
            (narrow(&p.x), narrow(&p.weight), narrow(&p.out_g), p.bias.mapv(|x| x as f32));
        let (stride, padding) = p.steps;
        let (fast, loops) =
            (conv2d(&x, &weight, &bias, stride, padding), conv2d_loops(&x, &weight, &bias, stride, padding));
        assert!(allclose(&fast, &loops, 1e-5, 1e-5), "{case:?}");
        let fast = conv2d_grad(&x, &weight, &out_g, stride, padding);
        let loops = conv2d_loops_grad(&x, &weight, &out_g, stride, padding);
        assert!(allclose(&fast.input, &loops.x, 1e-5, 1e-5), "{case:?}");
        assert!(allclose(&fast.weight, &loops.weight, 1e-5, 1e-5), "{case:?}");
        assert!(allclose(&fast.bias, &loops.bias, 1e-5, 1e-5), "{case:?}");
    }
}

/// A net with every layer of this stage; smooth, so that finite differences may be taken in `f32`,
/// too.
fn net(rng: &mut Rng) -> Sequential {
    let square =
        Lambda::new("square", |x| x.mapv(|x| x * x).into_shared(), |x, g| (2.0 * x * g).into_shared());
    Sequential::new()
        .then(Conv2d::new(2, 3, 3, 2, 1, rng))
        .then(square)
        .then(Conv2d::new(3, 4, 2, 1, 1, rng))
        .then(AvgPool2d::new(2, 2))
        .then(Flatten)
        .then(Linear::new(16, 2, rng))
}

fn total(out: &ArrayRef<f32, IxDyn>) -> f64 {
    out.iter().enumerate().map(|(i, &x)| f64::from(x) * (1.0 + i as f64)).sum()
}

#[test]
fn gradients_go_through_all_layers_in_any_order_of_memory() {
    let rng = &mut manual_seed(5);
    let mut net = net(rng);
    let x = randn((2, 2, 6, 7), rng);
    let channels_last =
        x.view().permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned().permuted_axes([0, 3, 1, 2]);
    let mut all = vec![];
    for x in [tensor(x.clone()), tensor(channels_last)] {
        net.zero_grad();
        let saved = net.forward(&x);
        let out_g = tensor(
            Array1::from_iter((0..saved.out.len()).map(|i| 1.0 + i as f32))
                .into_shape_with_order((2, 2))
                .unwrap(),
        );
        let x_g = net.backward(saved, out_g);
        let grads: Vec<Tensor> = net.parameters().into_iter().map(|(_, p)| p.grad.clone().unwrap()).collect();
        all.push((x_g, grads));
    }
    assert!(all[0] == all[1], "the order in memory changes nothing");
    let (x_g, grads) = &all[0];
    let x = tensor(x);
    let slope = |at: &dyn Fn(f32) -> f64| (at(0.01) - at(-0.01)) / 0.02;
    for place in [[0, 0, 0, 0], [1, 1, 5, 6], [0, 1, 2, 3]] {
        let at = |by: f32| {
            let mut moved = x.clone();
            moved[&place[..]] += by;
            total(&net.infer(&moved))
        };
        let (slope, ours) = (slope(&at), f64::from(x_g[&place[..]]));
        assert!((slope - ours).abs() < 2e-3 * (1.0 + ours.abs()), "x {place:?}: {slope} and {ours}");
    }
    for (i, grad) in grads.iter().enumerate() {
        let at = |by: f32| {
            let mut moved = self::net(&mut manual_seed(5));
            *moved.parameters()[i].1.value.iter_mut().last().unwrap() += by;
            total(&moved.infer(&x))
        };
        let (slope, ours) = ((at(0.01) - at(-0.01)) / 0.02, f64::from(*grad.iter().last().unwrap()));
        assert!((slope - ours).abs() < 2e-3 * (1.0 + ours.abs()), "parameter {i}: {slope} and {ours}");
    }
}

#[test]
fn a_relu_behind_a_convolution_is_fused_and_changes_nothing() {
    let rng = &mut manual_seed(2);
    let mut conv = Conv2d::new(2, 3, 3, 1, 1, rng);
    let (x, out_g) = (tensor(randn((2, 2, 5, 4), rng)), tensor(randn((2, 3, 5, 4), rng)));
    let mut net = Sequential::new().then(conv.clone()).then(ReLU);
    let (sum, saved) = (conv.forward(&x), net.forward(&x));
    let apart = ReLU.forward(&sum.out);
    assert!(saved.out == apart.out && net.infer(&x) == apart.out);
    assert!(saved.parts[0].out == apart.out, "the sum itself was never written");

    let x_g = net.backward(saved, out_g.clone());
    let sum_g = ReLU.backward(apart, out_g);
    assert_eq!(x_g, conv.backward(sum, sum_g));
    let grads = |layer: &mut dyn Module| -> Vec<_> {
        layer.parameters().into_iter().map(|(_, p)| p.grad.clone().expect("backward computed it")).collect()
    };
    assert_eq!(grads(&mut net), grads(&mut conv));
}

#[test]
fn parameters_have_pytorchs_names_and_shapes() {
    let mut net = net(&mut manual_seed(0));
    let found: Vec<(String, Vec<usize>)> =
        net.parameters().into_iter().map(|(name, p)| (name, p.value.shape().to_vec())).collect();
    assert_eq!(found[0], ("0.weight".into(), vec![3, 2, 3, 3]));
    assert_eq!(found[1], ("0.bias".into(), vec![3]));
    assert_eq!(found[2], ("2.weight".into(), vec![4, 3, 2, 2]));
}

/// Global pooling takes images of any size, others say what does not fit, with the layer's place.
#[test]
fn shapes_that_do_not_fit_are_said_with_the_layers_place() {
    let rng = &mut manual_seed(0);
    let net = net(rng);
    let fail = |shape: &[usize]| failure(|| _ = net.infer(&tensor(ndarray::ArrayD::zeros(shape)))).message;
    assert!(
        fail(&[2, 1, 6, 7])
            .contains("layer 0: nn::Conv2d: x [2, 1, 6, 7] has 1 channels, and the layer takes 2")
    );
    assert!(fail(&[2, 6, 7]).contains("layer 0: nn::Conv2d: x [2, 6, 7] does not have rank 4"));
    let large = Sequential::new().then(Conv2d::new(1, 1, 5, 1, 1, rng));
    let small = failure(|| _ = large.infer(&tensor(Array4::zeros((1, 1, 2, 3)))));
    assert!(small.message.contains("[1, 1, 2, 3] is smaller than the window (3, 3)"), "{}", small.message);
    assert!(small.place.0.ends_with("layers.rs"), "{:?}", small.place);
    let global = AvgPool2d::global();
    let x = randn((2, 3, 5, 9), rng);
    let means = x.mean_axis(Axis(3)).and_then(|rows| rows.mean_axis(Axis(2))).expect("there are pixels");
    test_near(&global.infer(&tensor(x)), &tensor(means.into_shape_with_order((2, 3, 1, 1)).unwrap()));
    let weights = failure(|| _ = Conv2d::from_weights(Array4::zeros((2, 1, 3, 3)), Array1::zeros(3), 1, 0));
    assert!(weights.message.contains("[2, 1, 3, 3] and bias [3] do not fit"));
    let misfit = failure(|| {
        _ = conv2d_loops(
            &Array4::<f32>::zeros((1, 2, 3, 3)),
            &Array4::zeros((1, 1, 3, 3)),
            &Array1::zeros(1),
            1,
            0,
        )
    });
    assert!(misfit.message.contains("2 channels and the weight takes 1"));
    let misfit = failure(|| {
        _ = conv2d_loops(
            &Array4::<f32>::zeros((1, 1, 3, 3)),
            &Array4::zeros((1, 1, 4, 3)),
            &Array1::zeros(1),
            1,
            0,
        )
    });
    assert!(misfit.message.contains("a kernel of 4 cannot go over 3 pixels"));
}

#[test]
fn flatten_keeps_the_order_of_numbers_whatever_that_of_memory() {
    let x = randn((2, 3, 2, 2), &mut manual_seed(0));
    let turned =
        x.view().permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned().permuted_axes([0, 3, 1, 2]);
    let flat = Flatten.infer(&tensor(turned));
    assert_eq!(flat, tensor(x.clone().into_shape_with_order((2, 12)).unwrap()));
    let saved = Flatten.forward(&tensor(x.clone()));
    assert_eq!(Flatten.backward(saved, flat), tensor(x.clone()));
    assert_eq!(Flatten.infer(&tensor(x.slice(s![.., 0, 0, 0]).to_owned())).shape(), [2, 1]);
}

#[test]
fn kaiming2_draws_within_its_bound_and_by_the_fan_asked_for() {
    for (fan, terms) in [(Fan::In, 18.0_f64), (Fan::Out, 360.0)] {
        let mut weight = Array4::zeros((40, 2, 3, 3));
        kaiming2(&mut weight, 0.0, fan, &mut manual_seed(1));
        let bound = (6.0 / terms).sqrt() as f32;
        assert!(weight.iter().all(|w| w.abs() <= bound * 1.0001));
        test_near_zero(std(&weight) / (2.0 / terms).sqrt() - 1.0, 0.05);
    }
}
