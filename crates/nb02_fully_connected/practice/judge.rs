//! Judges each exercise of notebook 02 by itself, and knows what typical slips look like.

mod looks;

use looks::{case, judge, quietly};
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

/// Yours against the three oracles: ours, the other forms, and finite differences in `f64`.
#[test]
#[ignore = "a comparison"]
fn compare_functions_forward_and_backward() {
    let ((yours, net), x, y) = (nets(), draw((9, 4), 19), draw((1, 9), 20).row(0).to_owned());
    let (mine, right) = (forward_and_backward(&x, &y, &yours).1, ours::forward_and_backward(&x, &y, &net).1);
    let (x64, y64, net64) = (x.mapv(f64::from), y.mapv(f64::from), net.to_f64());
    let loss = |w1: &ArrayRef2<f64>| {
        let moved = ours::Weights { w1: w1.to_owned(), ..net64.clone() };
        ours::mse(&ours::model(&x64, &moved), &y64)
    };
    let numeric = ours::finite_difference(loss, &net64.w1, 1e-5);
    println!("w1's gradient, ‖yours − other‖ / ‖other‖");
    println!("  ours                          {:.1e}", relative_norm(&mine.w1, &right.w1));
    println!("  finite differences in f64     {:.1e}", relative_norm(&mine.w1, &numeric));
    println!("  PyTorch's autograd            section s22_test_near_autograd of the lesson");
}
