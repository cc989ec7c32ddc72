//! Judges each exercise of notebook 02 by itself, and knows what typical slips look like.

mod common;
mod looks;

use looks::{Oracle, case, judge, judge_oracles, quietly};
use nb02_fully_connected::functions::linear::{lin_grad_einsum, lin_grad_outer};
use nb02_fully_connected::ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, array};
use nb02_fully_connected::*;

fn draw(shape: (usize, usize), seed: u64) -> Array2<f32> {
    ours::randn(shape, &mut ours::manual_seed(seed))
}

#[test]
fn stats_stats_of() {
    let x = draw((7, 5), 1);
    let (n, mean) = (x.len() as f64, x.mapv(f64::from).sum() / x.len() as f64);
    let squares = x.mapv(|x| (f64::from(x) - mean).powi(2)).sum();
    let of = |x: &Array2<f32>| {
        let stats = Stats::of(x);
        vec![stats.len as f64, stats.mean, stats.std]
    };
    let with = |std: f64| vec![n, mean, std];
    judge([case("len, mean and std of a (7, 5)", || of(&x), with((squares / (n - 1.0)).sqrt()))
        .slip("a division by n: torch.std divides by n - 1", || with((squares / n).sqrt()))
        .slip("a variance whose root was not taken", || with(squares / (n - 1.0)))
        .slip("a sum that was not divided", || with(squares.sqrt()))
        .slip("squares of the numbers, not of their distances from the mean", || {
            with((x.mapv(|x| f64::from(x * x)).sum() / (n - 1.0)).sqrt())
        })
        .slip("a sum where the mean should be", || vec![n, mean * n, (squares / (n - 1.0)).sqrt()])]);
    let far = Array2::from_shape_fn((100, 100), |(i, j)| 10_000.0 + ((i + j) % 2) as f32);
    judge([case(
        "len, mean and std far from zero",
        || of(&far),
        vec![1e4, 10_000.5, (0.25_f64 * 1e4 / 9999.0).sqrt()],
    )]);
    assert!(
        Stats::of(&array![[1.0_f32]]).std.is_nan(),
        "the standard deviation of one number is no number, as in PyTorch"
    );
}

#[test]
fn normalize_normalize() {
    let (x, m, s) = (draw((4, 3), 2), 0.3, 2.0);
    judge([case(
        "normalize of a (4, 3) with m = 0.3, s = 2",
        || normalize(&x, m, s),
        ours::normalize(&x, m, s),
    )
    .slip("a mean that was added", || (&x + 0.3) / 2.0)
    .slip("a multiplication by the standard deviation", || (&x - 0.3) * 2.0)
    .slip("a division by the variance", || (&x - 0.3) / 4.0)
    .slip("mean and standard deviation exchanged", || (&x - 2.0) / 0.3)
    .slip("a division before the subtraction", || &x / 2.0 - 0.3)
    .slip(
        "an array that normalises by its own statistics: `m` and `s` are the training set's, for both",
        || ours::normalize(&x, ours::mean(&x), ours::std(&x)),
    )]);
}

#[test]
fn functions_lin() {
    for (n, m, nh) in [(3, 3, 3), (4, 5, 2), (1, 3, 4)] {
        let (x, w, b) = (draw((n, m), 3), draw((m, nh), 4), draw((1, nh), 5).row(0).to_owned());
        judge([case(
            format!("lin of ({n}, {m}), ({m}, {nh}) and ({nh})"),
            || lin(&x, &w, &b),
            ours::lin(&x, &w, &b),
        )
        .slip("a bias that was forgotten", || ours::matmul(&x, &w))
        .slip("a bias that is subtracted", || ours::matmul(&x, &w) - &b)
        .slip("PyTorch's layout, x @ w.t(): here w is (m, nh)", || ours::matmul(&x, &w.t()) + &b)
        .slip("a bias added to the rows instead of the columns", || {
            ours::matmul(&x, &w) + &b.view().insert_axis(Axis(1))
        })
        .slip("the elementwise product: x * w is not x @ w", || &x * &w + &b)]);
    }
    let said = quietly(|| drop(lin(&draw((2, 3), 1), &draw((4, 5), 1), &Array1::zeros(5))))
        .err()
        .unwrap_or_default();
    assert!(
        said.contains("[2, 3]") && said.contains("[4, 5]"),
        "lin of (2, 3) and (4, 5)\n  got {said:?}\nIt looks like shapes that nobody compared"
    );
}

/// The same draws, scaled.
fn judge_init(
    name: &str,
    init: impl Fn(usize, usize, &mut Rng) -> Array2<f32>,
    right: f32,
    slips: [(&'static str, f32); 6],
) {
    let (m, nh) = (8, 50);
    let draws = ours::randn((m, nh), &mut ours::manual_seed(6));
    let one = case(format!("{name}(8, 50)"), || init(m, nh, &mut manual_seed(6)), &draws * right);
    judge([slips.into_iter().fold(one, |one, (looks, scale)| one.slip(looks, || &draws * scale))]);
}

#[test]
fn init_xavier() {
    let (m, nh) = (8.0_f32, 50.0_f32);
    judge_init(
        "xavier",
        xavier,
        1.0 / m.sqrt(),
        [
            ("fan in and fan out exchanged: m inputs are added up", 1.0 / nh.sqrt()),
            ("a division by m: a standard deviation takes the root", 1.0 / m),
            ("a multiplication by the root", m.sqrt()),
            ("no scaling", 1.0),
            ("Kaiming's factor 2: that is for a ReLU", (2.0 / m).sqrt()),
            ("Glorot's mean of both fans: the lesson divides by the fan in alone", (2.0 / (m + nh)).sqrt()),
        ],
    );
}

#[test]
fn init_kaiming() {
    let (m, nh) = (8.0_f32, 50.0_f32);
    judge_init(
        "kaiming",
        kaiming,
        (2.0 / m).sqrt(),
        [
            ("fan in and fan out exchanged: m inputs are added up", (2.0 / nh).sqrt()),
            ("the factor 2 forgotten: half of the numbers are gone after a ReLU", 1.0 / m.sqrt()),
            ("a 2 outside of the root", 2.0 / m.sqrt()),
            ("a root that was not taken", 2.0 / m),
            ("a division where a multiplication was meant", 1.0 / (2.0 / m).sqrt()),
            ("a 2 that divides instead of multiplies", (0.5 / m).sqrt()),
        ],
    );
}

#[test]
fn functions_relu() {
    let x = draw((3, 4), 7);
    judge([case("relu of a (3, 4)", || relu(&x), ours::relu(&x))
        .slip("the absolute value", || x.mapv(f32::abs))
        .slip("the lesson's second ReLU, which subtracts 0.5: here it is `shifted_relu`", || {
            ours::shifted_relu(&x, 0.5)
        })
        .slip("the positive numbers removed instead of the negative ones", || x.mapv(|x| x.min(0.0)))
        .slip("its gradient, 0 and 1", || x.mapv(|x| f32::from(u8::from(x > 0.0))))
        .slip("a leaky ReLU", || ours::leaky_relu(&x, 0.01))
        .slip("numbers clamped to 1 as well", || x.mapv(|x| x.clamp(0.0, 1.0)))
        .slip("nothing done", || x.clone())]);
    judge([case("relu of NaN", || relu(&array![[f32::NAN]]), array![[f32::NAN]])
        .slip("NaN turned to 0: `max` takes the number, and a mistake upstream is hidden", || {
            array![[0.0_f32]]
        })]);
}

/// A small net of ours and the same of yours.
fn nets() -> (Weights, ours::Weights) {
    let (w1, b1, w2, b2) =
        (draw((4, 3), 8), draw((1, 3), 9).row(0).to_owned(), draw((3, 1), 10), array![0.3_f32]);
    let ours = ours::Weights { w1: w1.clone(), b1: b1.clone(), w2: w2.clone(), b2: b2.clone(), shift: 0.5 };
    (Weights { w1, b1, w2, b2, shift: 0.5 }, ours)
}

#[test]
fn functions_model() {
    let ((yours, net), x) = (nets(), draw((5, 4), 11));
    let l1 = ours::lin(&x, &net.w1, &net.b1);
    judge([case("model of a (5, 4)", || model(&x, &yours), ours::model(&x, &net))
        .slip("a net without its ReLU: two linear layers are one", || ours::lin(&l1, &net.w2, &net.b2))
        .slip("a ReLU without the shift", || ours::lin(&ours::relu(&l1), &net.w2, &net.b2))
        .slip("a ReLU after the last layer, too", || ours::relu(&ours::model(&x, &net)))
        .slip("only the first layer", || ours::shifted_relu(&l1, 0.5))]);
}

fn out_and_targ() -> (Array2<f32>, Array1<f32>) {
    (draw((6, 1), 12), draw((1, 6), 13).row(0).to_owned())
}

#[test]
fn functions_mse() {
    let (out, targ) = out_and_targ();
    let errors = &out.column(0) - &targ;
    let squares = errors.mapv(|e| e * e).sum();
    let pairs = (&out - &targ).mapv(|e| e * e);
    judge([case("mse of (6, 1) and (6)", || mse(&out, &targ), ours::mse(&out, &targ))
        .slip("(n, 1) minus (n): every output against every target, an (n, n)", || {
            pairs.sum() / pairs.len() as f32
        })
        .slip("(n, 1) minus (n), an (n, n), divided by n", || pairs.sum() / 6.0)
        .slip("a sum instead of a mean", || squares)
        .slip("a half of it: some books put 1/2 in front, the lesson does not", || squares / 12.0)
        .slip("its root", || (squares / 6.0).sqrt())
        .slip("errors that were not squared", || errors.sum() / 6.0)
        .slip("absolute errors, not squared ones", || errors.mapv(f32::abs).sum() / 6.0)]);
}

#[test]
fn functions_mse_grad() {
    let (out, targ) = out_and_targ();
    let column = |errors: Array1<f32>| errors.insert_axis(Axis(1));
    let errors = || &out.column(0) - &targ;
    judge([case("mse_grad of (6, 1) and (6)", || mse_grad(&out, &targ), ours::mse_grad(&out, &targ))
        .slip("the factor 2 forgotten: a square has one", || column(errors() / 6.0))
        .slip("the division by n forgotten: the loss is a mean", || column(errors() * 2.0))
        .slip("a gradient with the wrong sign", || column(errors() / -3.0))
        .slip("(n, 1) minus (n): an (n, n)", || (&out - &targ) / 3.0)
        .slip("a division by n twice", || column(errors() / 18.0))]);
}

#[test]
fn functions_relu_grad() {
    let (inp, out_g) = (draw((4, 5), 14), draw((4, 5), 15));
    let mask = |is: fn(f32) -> bool| inp.mapv(|x| f32::from(u8::from(is(x))));
    judge([case("relu_grad of a (4, 5)", || relu_grad(&inp, &out_g), ours::relu_grad(&inp, &out_g))
        .slip("a mask alone: it has to be multiplied by `out_g`, the chain rule", || mask(|x| x > 0.0))
        .slip("the mask upside down", || mask(|x| x < 0.0) * &out_g)
        .slip("a mask of `out_g` instead of `inp`", || ours::relu(&out_g))
        .slip("the ReLU of the input times `out_g`: its derivative is 1, not x", || ours::relu(&inp) * &out_g)
        .slip("`out_g` handed through as it is", || out_g.clone())
        .slip("a mask of the output of a shifted, in-place ReLU: the input decides", || {
            mask(|x| x > 0.5) * &out_g
        })]);
    judge([case(
        "relu_grad where inp is 0",
        || relu_grad(&array![[0.0_f32]], &array![[7.0]]),
        array![[0.0_f32]],
    )
    .slip("a gradient at exactly 0: PyTorch's is 0 there", || array![[7.0_f32]])]);
}

/// The three gradients of a linear layer, one after the other.
fn judge_lin_grad(
    name: &str,
    lin_grad: impl Fn(&ArrayRef2<f32>, &ArrayRef2<f32>, &ArrayRef2<f32>) -> LinGrad,
) {
    for (n, m, nh) in [(3, 3, 3), (4, 5, 2)] {
        let (inp, w, out_g) = (draw((n, m), 16), draw((m, nh), 17), draw((n, nh), 18));
        let right = ours::lin_grad(&inp, &w, &out_g);
        let got = || lin_grad(&inp, &w, &out_g);
        let of = |part: &str| format!("{name} of inp ({n}, {m}), w ({m}, {nh}), out_g ({n}, {nh}): {part}");
        judge([
            case(of("w"), || got().w, right.w.clone())
                .slip("a mean over the rows instead of a sum", || &right.w / n as f32)
                .slip("a transpose that was forgotten: inp @ out_g", || inp.dot(&out_g))
                .slip("the gradient transposed: out_g.t() @ inp", || out_g.t().dot(&inp))
                .slip("a product with `w`: its own gradient does not need it", || inp.t().dot(&w))
                .slip("a factor 2", || &right.w * 2.0),
            case(of("inp"), || got().inp, right.inp.clone())
                .slip("a transpose that was forgotten: out_g @ w", || out_g.dot(&w))
                .slip("the factors exchanged", || w.dot(&out_g))
                .slip("a mean over the rows", || &right.inp / n as f32)
                .slip("zeros", || Array2::<f32>::zeros((n, m))),
            case(of("b"), || got().b, right.b.clone())
                .slip("a mean over the rows instead of a sum", || &right.b / n as f32)
                .slip("a sum over the wrong axis", || out_g.sum_axis(Axis(1)))
                .slip("the first row alone", || out_g.row(0).to_owned()),
        ]);
    }
}

#[test]
fn functions_linear_lin_grad_outer() {
    judge_lin_grad("lin_grad_outer", |inp, w, out_g| lin_grad_outer(inp, w, out_g).expect("it is small"));
    let (inp, w, out_g) =
        (Array2::<f32>::zeros((2_000, 784)), Array2::zeros((784, 50)), Array2::zeros((2_000, 50)));
    assert!(
        lin_grad_outer(&inp, &w, &out_g).is_err(),
        "lin_grad_outer of 2000 rows, which would take 314 MB\n  expected  an error\nIt looks like a budget that nobody looked at"
    );
}

#[test]
fn functions_linear_lin_grad_einsum() {
    judge_lin_grad("lin_grad_einsum", lin_grad_einsum);
}

#[test]
fn functions_lin_grad() {
    judge_lin_grad("lin_grad", lin_grad);
}

/// Loss and gradients of the small net.
fn step(
    x: &ArrayRef2<f32>,
    y: &ArrayRef1<f32>,
    yours: &Weights,
    part: fn(Grads) -> Array2<f32>,
) -> Array2<f32> {
    part(forward_and_backward(x, y, yours).1)
}

#[test]
fn functions_forward_and_backward() {
    let ((yours, net), x, y) = (nets(), draw((9, 4), 19), draw((1, 9), 20).row(0).to_owned());
    let (loss, right) = ours::forward_and_backward(&x, &y, &net);
    let l1 = ours::lin(&x, &net.w1, &net.b1);
    let l2 = ours::shifted_relu(&l1, net.shift);
    let out_g = ours::mse_grad(&ours::lin(&l2, &net.w2, &net.b2), &y);
    let l2_g = ours::lin_grad(&l2, &net.w2, &out_g).inp;
    let first = |l1_g: Array2<f32>| ours::lin_grad(&x, &net.w1, &l1_g).w;
    judge([
        case("the loss", || forward_and_backward(&x, &y, &yours).0, loss),
        case("the gradient of w2", || step(&x, &y, &yours, |g| g.w2), right.w2)
            .slip("the first layer's output before the ReLU: w2 was multiplied by `l2`", || ours::lin_grad(&l1, &net.w2, &out_g).w),
        case("the gradient of w1", || step(&x, &y, &yours, |g| g.w1), right.w1.clone())
            .slip("a mask of the ReLU's output, as after an in-place ReLU: all of 0 < z <= 0.5 is wrong. Its input decides", || {
                first(ours::relu_grad(&l2, &l2_g))
            })
            .slip("a ReLU that was forgotten on the way back", || first(l2_g.clone()))
            .slip("half of it: is a factor 2 missing?", || &right.w1 / 2.0)
            .slip("n times it: is a mean missing?", || &right.w1 * 9.0),
        case("the gradient of the input", || step(&x, &y, &yours, |g| g.x), right.x),
        case("the gradient of b1", || forward_and_backward(&x, &y, &yours).1.b1, right.b1),
        case("the gradient of b2", || forward_and_backward(&x, &y, &yours).1.b2, right.b2),
    ]);
}

#[test]
fn layers_relu_call() {
    let (inp, out_g) = (draw((3, 4), 21), draw((3, 4), 22));
    let relu = || layers::Relu::new(0.5);
    let right = ours::shifted_relu(&inp, 0.5);
    let back = |kept: &Array2<f32>| ours::relu_grad(kept, &out_g);
    let backward = || {
        let mut relu = relu();
        relu.call(&inp.to_shared());
        relu.backward(&out_g)
    };
    judge([
        case("layers::Relu, shift 0.5: call", || relu().call(&inp.to_shared()).into_owned(), right.clone())
            .slip("a shift that was forgotten: `self.shift`", || ours::relu(&inp))
            .slip("a shift that was added", || ours::relu(&inp) + 0.5)
            .slip("the input, handed on", || inp.clone()),
        case("layers::Relu, shift 0.5: backward after call", backward, back(&inp))
            .slip(
                "an output that was kept instead of the input: of 0 < z <= 0.5 the gradient is lost",
                || back(&right),
            )
            .slip("an input of zeros that was kept", || back(&Array2::zeros((3, 4)))),
    ]);
}

#[test]
fn layers_lin_backward() {
    let (inp, w, b, out_g) =
        (draw((4, 5), 23), draw((5, 2), 24), draw((1, 2), 25).row(0).to_owned(), draw((4, 2), 26));
    let run = |twice: bool| {
        let mut lin = layers::Lin::new(w.clone(), b.clone());
        lin.call(&inp.to_shared());
        let inp_g = lin.backward(&out_g);
        if twice {
            lin.backward(&out_g);
        }
        let LinGrad { w, b, .. } = ours_grad(&lin);
        LinGrad { inp: inp_g, w, b }
    };
    let right = ours::lin_grad(&inp, &w, &out_g);
    judge([
        case("layers::Lin: what backward returns", || run(false).inp, right.inp.clone())
            .slip("the gradient of the weights: the layer before needs that of its output", || {
                right.w.clone()
            })
            .slip("`out_g`, handed on", || out_g.clone()),
        case("layers::Lin: w.grad", || run(false).w, right.w.clone())
            .slip("a gradient that was not kept: `self.w.grad` is still none", || {
                Array2::<f32>::zeros((0, 0))
            })
            .slip("a mean over the rows instead of a sum", || &right.w / 4.0),
        case("layers::Lin: b.grad", || run(false).b, right.b.clone())
            .slip("a gradient that was not kept: `self.b.grad` is still none", || Array1::<f32>::zeros(0))
            .slip("a mean over the rows instead of a sum", || &right.b / 4.0),
        case("layers::Lin: w.grad after backward, twice", || run(true).w, right.w.clone())
            .slip("a gradient that was added to: the notebook's layers write it anew", || &right.w * 2.0),
    ]);
}

/// The gradients that a layer kept; without numbers where it kept none.
fn ours_grad(lin: &layers::Lin) -> LinGrad {
    let w = lin.w.grad.as_ref().map_or(Array2::zeros((0, 0)), |g| g.to_owned().into_owned());
    let b = lin.b.grad.as_ref().map_or(Array1::zeros(0), |g| g.to_owned().into_owned());
    LinGrad { inp: Array2::zeros((0, 0)), w, b }
}

#[test]
fn layers_model_backward() {
    let ((yours, net), x, y) = (nets(), draw((9, 4), 27), draw((1, 9), 28).row(0).to_owned());
    let run = || {
        let mut model = layers::Model::new(&yours);
        model.call(&x.to_shared(), &y);
        let x_g = model.backward();
        (x_g, ours_grad(&model.lin1), ours_grad(&model.lin2))
    };
    let (_, right) = ours::forward_and_backward(&x, &y, &net);
    let out_g = ours::mse_grad(&ours::model(&x, &net), &y);
    let none = Array2::<f32>::zeros((0, 0));
    judge([
        case("layers::Model: what backward returns, the input's gradient", || run().0, right.x.clone())
            .slip("the loss's gradient: it goes back through all layers", || out_g)
            .slip("half of it: is a factor 2 missing?", || &right.x / 2.0),
        case("layers::Model: lin2.w.grad", || run().2.w, right.w2)
            .slip("a layer that was left out", || none.clone()),
        case("layers::Model: lin1.w.grad", || run().1.w, right.w1)
            .slip("a layer that was left out", || none.clone()),
    ]);
}

/// Whose `bwd` shows what it was handed.
#[derive(Debug)]
struct Witness;

impl module::Module for Witness {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32> {
        inp + 1.0
    }
    fn bwd(&mut self, out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        100.0 * out + 10.0 * inp + out_g
    }
}

#[test]
fn module_module_call() {
    let inp = array![[1.0_f32, -2.0]];
    judge([case(
        "call of a layer that adds 1",
        || module::Module::call(&Witness, &inp).out().clone(),
        array![[2.0_f32, -1.0]],
    )
    .slip("the input in the place of the output: `self.forward` computes it", || inp.clone())
    .slip("a layer that was called twice", || array![[3.0_f32, 0.0]])]);
}

#[test]
fn module_module_backward() {
    let (inp, out_g) = (array![[1.0_f32, -2.0]], array![[7.0_f32, 3.0]]);
    let (out, with) = (&inp + 1.0, |out: &Array2<f32>, inp: &Array2<f32>, out_g: &Array2<f32>| {
        100.0 * out + 10.0 * inp + out_g
    });
    let yours = || {
        let pass = module::Module::call(&Witness, &inp);
        module::Module::backward(&mut Witness, pass, &out_g)
    };
    judge([case("100 out + 10 inp + out_g, of a layer that adds 1", yours, with(&out, &inp, &out_g))
        .slip("output and input exchanged: `bwd` wants the output first", || with(&inp, &out, &out_g))
        .slip("the output in the place of the input", || with(&out, &out, &out_g))
        .slip("the input in the place of the output", || with(&inp, &inp, &out_g))
        .slip("the gradient in the place of the output", || with(&out_g, &inp, &out_g))
        .slip("the gradient, handed on: the layer's `bwd` changes it", || out_g.clone())]);
}

#[test]
fn nn_linear_linear_new() {
    let (ins, outs) = (8, 50);
    let layer = || nn::Linear::new(ins, outs, &mut manual_seed(29));
    let draws = || {
        let rng = &mut ours::manual_seed(29);
        let (w, b): (Array2<f32>, Array1<f32>) = (ours::rand((ins, outs), rng), ours::rand(outs, rng));
        (w, b)
    };
    let even = |bound: f32| draws().0.mapv(|u| (2.0 * u - 1.0) * bound);
    let bias = |bound: f32| draws().1.mapv(|u| (2.0 * u - 1.0) * bound);
    let (of_in, of_out) = (1.0 / 8.0_f32.sqrt(), 1.0 / 50.0_f32.sqrt());
    judge([
        case("nn::Linear::new(8, 50): the weight", || matrix(&layer().weight.value).to_owned(), even(of_in))
            .slip("fan in and fan out exchanged: `in` numbers are added up", || even(of_out))
            .slip("Kaiming's bound for a ReLU, √(6/in): PyTorch's a = √5 makes it smaller", || {
                even(6.0_f32.sqrt() * of_in)
            })
            .slip("a bound that is meant as a standard deviation: √3 is too much", || {
                even(3.0_f32.sqrt() * of_in)
            })
            .slip("numbers from 0 to the bound: half of them are negative", || draws().0 * of_in)
            .slip("a root that was not taken", || even(1.0 / 8.0))
            .slip("no scaling", || even(1.0)),
        case("nn::Linear::new(8, 50): the bias", || vector(&layer().bias), bias(of_in))
            .slip("zeros: PyTorch draws the bias as well", || Array1::<f32>::zeros(outs))
            .slip("fan in and fan out exchanged", || bias(of_out))
            .slip("numbers from 0 to the bound: half of them are negative", || draws().1 * of_in),
        case(
            "nn::Linear::new(0, 3): the bias",
            || vector(&nn::Linear::new(0, 3, &mut manual_seed(0)).bias),
            Array1::<f32>::zeros(3),
        ),
    ]);
}

fn matrix(x: &nn::Tensor) -> Array2<f32> {
    nn::matrix(x).to_owned()
}

fn vector(p: &nn::Param) -> Array1<f32> {
    p.value.iter().copied().collect()
}

/// A gradient as a matrix, a vector being one row; without numbers where there is none.
fn grad(p: &nn::Param) -> Array2<f32> {
    let Some(g) = &p.grad else { return Array2::zeros((0, 0)) };
    let columns = g.shape().last().copied().unwrap_or(1);
    // Whichever order its numbers have in memory: a weight's is PyTorch's.
    g.to_shape((g.len() / columns, columns)).expect("as many numbers").into_owned()
}

/// A layer of five inputs and two outputs, with input and gradient.
fn linear() -> (nn::Linear, Array2<f32>, Array2<f32>) {
    let (w, b) = (draw((5, 2), 30), draw((1, 2), 31).row(0).to_owned());
    (nn::Linear::from_weights(w, b), draw((4, 5), 32), draw((4, 2), 33))
}

#[test]
fn nn_linear_linear_forward() {
    let (layer, x, _) = linear();
    let (w, b) = (matrix(&layer.weight.value), vector(&layer.bias));
    let saved = || nn::Module::forward(&layer, &nn::tensor(x.clone()));
    judge([
        case("nn::Linear: forward of a (4, 5)", || matrix(&saved().out), ours::lin(&x, &w, &b))
            .slip("a bias that was forgotten", || ours::matmul(&x, &w))
            .slip("a ReLU: that is the next layer's", || ours::relu(&ours::lin(&x, &w, &b))),
        case("nn::Linear: how many tensors forward keeps", || saved().kept.len(), 1_usize)
            .slip("an input that was not kept: backward will need it", || 0_usize)
            .slip("more than the input: what backward does not need takes memory", || 2_usize),
        case("nn::Linear: what forward keeps", || matrix(&saved().kept[0]), x.clone())
            .slip("an output that was kept instead of the input", || ours::lin(&x, &w, &b)),
        case(
            "nn::Linear: forward of a (2, 2, 5)",
            || {
                nn::Module::forward(
                    &layer,
                    &nn::tensor(x.clone().into_shape_with_order((2, 2, 5)).expect("20 numbers")),
                )
                .out
                .into_owned()
            },
            ours::lin(&x, &w, &b).into_shape_with_order((2, 2, 2)).expect("8 numbers"),
        ),
    ]);
}

#[test]
fn nn_linear_linear_backward_params() {
    let (_, x, out_g) = linear();
    let after = |passes: usize| {
        let mut layer = linear().0;
        for _ in 0..passes {
            let saved = nn::Module::forward(&layer, &nn::tensor(x.clone()));
            nn::Module::backward_params(&mut layer, saved, nn::tensor(out_g.clone()));
        }
        layer
    };
    let right = ours::lin_grad(&x, &matrix(&linear().0.weight.value), &out_g);
    let row = |g: &Array1<f32>| g.clone().insert_axis(Axis(0));
    let none = || Array2::<f32>::zeros((0, 0));
    judge([
        case("nn::Linear: weight.grad", || grad(&after(1).weight), right.w.clone())
            .slip("a gradient that was not kept: `self.weight.add_grad`", none)
            .slip("a mean over the rows instead of a sum", || &right.w / 4.0)
            .slip("a factor 2", || &right.w * 2.0),
        case("nn::Linear: bias.grad", || grad(&after(1).bias), row(&right.b))
            .slip("a gradient that was not kept: `self.bias.add_grad`", none)
            .slip("a mean over the rows instead of a sum", || row(&right.b) / 4.0)
            .slip("the first row alone", || out_g.row(0).to_owned().insert_axis(Axis(0))),
        case("nn::Linear: weight.grad after two passes", || grad(&after(2).weight), &right.w * 2.0)
            .slip("a gradient that was overwritten: the second pass adds to the first", || right.w.clone()),
        case("nn::Linear: bias.grad after two passes", || grad(&after(2).bias), row(&right.b) * 2.0)
            .slip("a gradient that was overwritten: the second pass adds to the first", || row(&right.b)),
    ]);
}

#[test]
fn nn_linear_linear_backward() {
    let (_, x, out_g) = linear();
    let run = || {
        let mut layer = linear().0;
        let saved = nn::Module::forward(&layer, &nn::tensor(x.clone()));
        let x_g = nn::Module::backward(&mut layer, saved, nn::tensor(out_g.clone()));
        (matrix(&x_g), layer)
    };
    let right = ours::lin_grad(&x, &matrix(&linear().0.weight.value), &out_g);
    let none = || Array2::<f32>::zeros((0, 0));
    judge([
        case("nn::Linear: what backward returns", || run().0, right.inp.clone())
            .slip("`out_g`, handed on", || out_g.clone())
            .slip("zeros", || Array2::<f32>::zeros((4, 5)))
            .slip("the input itself", || x.clone()),
        case("nn::Linear: weight.grad after backward", || grad(&run().1.weight), right.w.clone())
            .slip("parameters' gradients that were forgotten: `backward_params` works them out", none)
            .slip("gradients that were added twice", || &right.w * 2.0),
        case(
            "nn::Linear: bias.grad after backward",
            || grad(&run().1.bias),
            right.b.clone().insert_axis(Axis(0)),
        )
        .slip("parameters' gradients that were forgotten: `backward_params` works them out", none),
    ]);
}

/// A whole step with one of its functions exchanged for yours: the gradients of the net.
struct Step {
    mse_grad: fn(&ArrayRef2<f32>, &ArrayRef1<f32>) -> Array2<f32>,
    relu_grad: fn(&ArrayRef2<f32>, &ArrayRef2<f32>) -> Array2<f32>,
    lin_grad: fn(&ArrayRef2<f32>, &ArrayRef2<f32>, &ArrayRef2<f32>) -> [Array2<f32>; 3],
}

const OURS: Step = Step {
    mse_grad: ours::mse_grad,
    relu_grad: ours::relu_grad,
    lin_grad: |inp, w, out_g| {
        let ours::LinGrad { inp, w, b } = ours::lin_grad(inp, w, out_g);
        [inp, w, b.insert_axis(Axis(0))]
    },
};

fn parts(LinGrad { inp, w, b }: LinGrad) -> [Array2<f32>; 3] {
    [inp, w, b.insert_axis(Axis(0))]
}

/// The gradients of x, w1, b1, w2 and b2.
fn gradients(x: &Array2<f32>, y: &Array1<f32>, net: &ours::Weights, step: &Step) -> [Array2<f32>; 5] {
    let l1 = ours::lin(x, &net.w1, &net.b1);
    let l2 = ours::shifted_relu(&l1, net.shift);
    let out_g = (step.mse_grad)(&ours::lin(&l2, &net.w2, &net.b2), y);
    let [l2_g, w2, b2] = (step.lin_grad)(&l2, &net.w2, &out_g);
    let [x, w1, b1] = (step.lin_grad)(x, &net.w1, &(step.relu_grad)(&l1, &l2_g));
    [x, w1, b1, w2, b2]
}

/// PyTorch's small net of 37 rows: yours beside ours, finite differences in `f64`, and its autograd.
fn compare_step(yours: impl Fn(&Array2<f32>, &Array1<f32>, &Weights) -> [Array2<f32>; 5]) {
    let mut file = common::Oracle::open("fc_small_37x12_nh5_shift0.5");
    let (net, (x, y)) = (file.net(), file.data());
    let Weights { w1, b1, w2, b2, shift } = net.clone();
    let theirs = ours::Weights { w1, b1, w2, b2, shift };
    let of_torch = file.grads("x_grad");
    let of_torch = [
        of_torch.x,
        of_torch.w1,
        of_torch.b1.insert_axis(Axis(0)),
        of_torch.w2,
        of_torch.b2.insert_axis(Axis(0)),
    ];
    let all = yours(&x, &y, &net).into_iter().zip(gradients(&x, &y, &theirs, &OURS));
    let all = all.zip(differences(&x, &y, &theirs)).zip(of_torch);
    let names = ["x, (37, 12)", "w1, (12, 5)", "b1, (5)", "w2, (5, 1)", "b2, (1)"];
    judge_oracles(names.into_iter().zip(all).map(|(gradient, (((yours, ours), differences), pytorch))| {
        Oracle {
            gradient,
            yours: looks::numbers(&yours),
            ours: looks::numbers(&ours),
            differences: looks::numbers(&differences),
            pytorch: looks::numbers(&pytorch),
        }
    }));
    looks::compare_times("a step of 37 rows", || yours(&x, &y, &net), || gradients(&x, &y, &theirs, &OURS));
}

/// The same gradients by pushing each number a little.
fn differences(x: &Array2<f32>, y: &Array1<f32>, net: &ours::Weights) -> [Array2<f64>; 5] {
    let (x, y, net) = (x.mapv(f64::from), y.mapv(f64::from), net.to_f64());
    let loss = |x: &ArrayRef2<f64>, net: &ours::Weights<f64>| ours::mse(&ours::model(x, net), &y);
    let slopes = |start: &Array2<f64>, put: &dyn Fn(&mut ours::Weights<f64>, Array2<f64>)| {
        let moved = |at: &ArrayRef2<f64>| {
            let mut net = net.clone();
            put(&mut net, at.to_owned());
            loss(&x, &net)
        };
        ours::finite_difference(moved, start, 1e-5)
    };
    let row = |b: &Array1<f64>| b.clone().insert_axis(Axis(0));
    [
        ours::finite_difference(|x| loss(x, &net), &x, 1e-5),
        slopes(&net.w1, &|net, w| net.w1 = w),
        slopes(&row(&net.b1), &|net, b| net.b1 = b.row(0).to_owned()),
        slopes(&net.w2, &|net, w| net.w2 = w),
        slopes(&row(&net.b2), &|net, b| net.b2 = b.row(0).to_owned()),
    ]
}

/// `compare_step` of our step with yours in one place.
fn compare_with(step: Step) {
    compare_step(|x, y, net| {
        let Weights { w1, b1, w2, b2, shift } = net.clone();
        gradients(x, y, &ours::Weights { w1, b1, w2, b2, shift }, &step)
    });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_mse_grad() {
    compare_with(Step { mse_grad, ..OURS });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_relu_grad() {
    compare_with(Step { relu_grad, ..OURS });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_linear_lin_grad_outer() {
    compare_with(Step {
        lin_grad: |inp, w, out_g| parts(lin_grad_outer(inp, w, out_g).expect("it is small")),
        ..OURS
    });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_linear_lin_grad_einsum() {
    compare_with(Step { lin_grad: |inp, w, out_g| parts(lin_grad_einsum(inp, w, out_g)), ..OURS });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_lin_grad() {
    compare_with(Step { lin_grad: |inp, w, out_g| parts(lin_grad(inp, w, out_g)), ..OURS });
}

#[test]
#[ignore = "a comparison"]
fn compare_functions_forward_and_backward() {
    compare_step(|x, y, net| {
        let Grads { x, w1, b1, w2, b2 } = forward_and_backward(x, y, net).1;
        [x, w1, b1.insert_axis(Axis(0)), w2, b2.insert_axis(Axis(0))]
    });
}
