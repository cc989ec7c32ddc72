//! Three opinions on every gradient: PyTorch's, finite differences in f64, and that of all the other forms.

mod common;
#[path = "common/forms.rs"]
mod forms;

use common::{DIGITS, Oracle, failure, is_mnist};
use forms::{FORMS, ShiftedRelu, nn_grads, nn_net};
use nb02_fully_connected::functions::linear::{lin_grad_einsum, lin_grad_outer};
use nb02_fully_connected::ndarray::{
    Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, Ix0, Zip, array, s,
};
use nb02_fully_connected::nn::{Saved, matrix, tensor};
use nb02_fully_connected::*;

/// `f32` results against PyTorch's.
const TOL: f64 = 1e-5;
/// `f64` results against finite differences.
const TOL_F64: f64 = 1e-8;

fn agree(what: &str, ours: &Grads, expected: &Grads) {
    let errors = [
        ("x", relative_norm(&ours.x, &expected.x)),
        ("w1", relative_norm(&ours.w1, &expected.w1)),
        ("b1", relative_norm(&ours.b1, &expected.b1)),
        ("w2", relative_norm(&ours.w2, &expected.w2)),
        ("b2", relative_norm(&ours.b2, &expected.b2)),
    ];
    for (name, error) in errors {
        assert!(
            error <= TOL,
            "{what}: gradient of {name} is off by {error:.1e} of its norm, allowed {TOL:.0e}"
        );
    }
}

#[test]
fn every_form_agrees_with_pytorch() {
    for file in ["fc_small_1x12_nh5_shift0", "fc_small_37x12_nh5_shift0.5"] {
        let mut oracle = Oracle::open(file);
        let ((x, y), net, expected) = (oracle.data(), oracle.net(), oracle.grads("x_grad"));
        test_near_norm(&model(&x, &net), &oracle.get::<f32, ndarray::Ix2>("pred"), TOL);
        for (name, form) in FORMS {
            let (loss, grads) = form(&x, &y, &net);
            test_near_norm(&f64::from(loss), &oracle.loss(), TOL);
            agree(&format!("{file}, {name}"), &grads, &expected);
        }
    }
}

#[test]
fn every_form_agrees_with_pytorch_on_mnist() {
    if !is_mnist() {
        return skip(
            "gradients of the whole data sets against PyTorch's",
            "there is no MNIST here: cargo xtask data get",
        );
    }
    let train = ("fc_train_nh50_shift0.5", &DIGITS.x_train, &DIGITS.y_train);
    let valid = ("fc_valid_nh50_shift0", &DIGITS.x_valid, &DIGITS.y_valid);
    for (file, x, y) in [train, valid] {
        let net = Oracle::open(file).net();
        for (name, form) in FORMS.iter().filter(|(name, _)| !writes_giants(name, x.nrows())) {
            agrees_on_mnist(file, name, form(x, y, &net));
        }
    }
}

/// The outer product never fits into its budget here, and `layers`, in slices, takes seconds for the larger
/// set.
fn writes_giants(form: &str, rows: usize) -> bool {
    form == "functions, outer product" || (form == "layers" && rows > 10_000)
}

fn agrees_on_mnist(file: &str, name: &str, (loss, mut grads): (f32, Grads)) {
    let mut oracle = Oracle::open(file);
    test_near_norm(&f64::from(loss), &oracle.loss(), TOL);
    let x_grad = std::mem::take(&mut grads.x);
    let n = x_grad.nrows();
    for (which, rows) in [("x_grad_first10", s![..10, ..]), ("x_grad_last10", s![n - 10.., ..])] {
        grads.x = x_grad.slice(rows).to_owned();
        agree(&format!("{file}, {name}, {which}"), &grads, &oracle.grads(which));
    }
    let mut number = |name| oracle.get::<f64, Ix0>(name).into_scalar();
    let (sum, abs_sum) = (number("x_grad_sum"), number("x_grad_abs_sum"));
    test_near_zero((x_grad.iter().map(|&g| f64::from(g)).sum::<f64>() - sum) / abs_sum, TOL);
    test_near_norm(&x_grad.iter().map(|g| f64::from(g.abs())).sum::<f64>(), &abs_sum, TOL);
}

/// Rows, inputs, hidden units: never square, so that a forgotten transpose panics — but for the last, where it
/// would silently give other numbers.
const SIZES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (1, 12, 5), (2, 1, 7), (5, 3, 1), (37, 12, 5), (63, 2, 10), (129, 17, 9), (6, 6, 6)];

fn draw(n: usize, m: usize, nh: usize, shift: f32) -> (Array2<f32>, Array1<f32>, Weights) {
    let mut rng = manual_seed((n * 1_000 + m * 10 + nh) as u64);
    let net = Weights {
        b1: randn(nh, &mut rng),
        b2: randn(1, &mut rng),
        ..Weights::kaiming(m, nh, shift, &mut rng)
    };
    (randn((n, m), &mut rng), rand(n, &mut rng) * 9.0, net)
}

#[test]
fn forms_agree_with_each_other_whatever_the_sizes() {
    for (n, m, nh) in SIZES {
        for shift in [0.0, 0.5] {
            let (x, y, net) = draw(n, m, nh, shift);
            let expected = forward_and_backward(&x, &y, &net);
            for (name, form) in FORMS {
                let (loss, grads) = form(&x, &y, &net);
                test_near_norm(&loss, &expected.0, TOL);
                agree(&format!("{n}·{m}·{nh}, {name}"), &grads, &expected.1);
            }
        }
    }
}

#[test]
fn strided_and_transposed_inputs_change_nothing() {
    let (x, y, net) = draw(37, 12, 5, 0.5);
    let expected = forward_and_backward(&x, &y, &net);
    let columns_first = x.t().as_standard_layout().into_owned();
    let mut every_second = Array2::from_elem((74, 12), f32::NAN);
    every_second.slice_mut(s![..;2, ..]).assign(&x);
    let mut backwards = Array2::zeros((37, 12));
    backwards.slice_mut(s![..;-1, ..]).assign(&x);
    let views = [columns_first.t(), every_second.slice(s![..;2, ..]), backwards.slice(s![..;-1, ..])];
    for x in views {
        let (loss, grads) = forward_and_backward(&x, &y, &net);
        test_near_norm(&loss, &expected.0, TOL);
        agree("a view", &grads, &expected.1);

        let (mut nn, shared) = (nn_net(&net), strided(&x));
        let saved = nn.forward(&shared);
        let out_g = mse_grad(&matrix(&saved.out), &y);
        test_near_norm(&matrix(&nn.backward(saved, tensor(out_g))), &expected.1.x, TOL);
    }
}

/// A tensor with the view's own strides.
fn strided(x: &ArrayView2<'_, f32>) -> Tensor {
    if x.is_standard_layout() {
        return tensor(x.to_owned());
    }
    let columns_first = tensor(x.t().to_owned()); // standard layout for the transposed one
    columns_first.reversed_axes()
}

#[test]
fn no_rows_at_all() {
    let (x, y, net) = draw(0, 12, 5, 0.5);
    for (name, form) in FORMS {
        println!("{name}");
        let (loss, grads) = form(&x, &y, &net);
        assert!(loss.is_nan(), "the mean of nothing, as in PyTorch");
        assert_eq!(grads.x.dim(), (0, 12));
        assert_eq!((grads.w1, grads.b1), (Array2::zeros((12, 5)), Array1::zeros(5)));
        assert_eq!((grads.w2, grads.b2), (Array2::zeros((5, 1)), Array1::zeros(1)));
    }
}

#[test]
fn leaving_out_the_input_gradient_changes_no_other() {
    let (x, y, net) = draw(37, 12, 5, 0.5);
    let (_, expected) = forward_and_backward(&x, &y, &net);
    for mut nn in [nn_net(&net), nn::Sequential::new().then(nn_net(&net))] {
        let saved = nn.forward(&tensor(x.clone()));
        let out_g = mse_grad(&matrix(&saved.out), &y);
        nn.backward_params(saved, tensor(out_g));
        agree("without x's gradient", &nn_grads(&mut nn, expected.x.clone()), &expected);
    }
}

/// Around the sizes of its blocks and parts, which the table's few rows do not reach.
#[test]
fn fused_agrees_where_blocks_and_parts_end() {
    for n in [127, 128, 129, 255, 256, 257, 385, 1023, 1024, 1025, 2047, 2049, 5_003] {
        let (x, y, net) = draw(n, 33, 19, 0.5);
        let expected = forward_and_backward(&x, &y, &net);
        let (loss, grads) = fused::forward_and_backward(&x, &y, &net);
        test_near_norm(&loss, &expected.0, TOL);
        agree(&format!("fused, {n} rows"), &grads, &expected.1);
    }
}

#[test]
fn fused_takes_views_of_any_strides() {
    let (x, y, net) = draw(1_300, 12, 5, 0.5);
    let (columns_first, upside_down) =
        (x.t().as_standard_layout().into_owned(), x.slice(s![..;-1, ..]).to_owned());
    let mut transposed_g = Array2::zeros((12, 1_300));
    let expected = forward_and_backward(&x, &y, &net);
    for x in [columns_first.t(), upside_down.slice(s![..;-1, ..])] {
        agree("a view", &fused::forward_and_backward(&x, &y, &net).1, &expected.1);
        fused::forward_and_backward_into(&x, &y, &net, &mut transposed_g.view_mut().reversed_axes());
        test_near_norm(&transposed_g.t(), &expected.1.x, TOL);
    }
}

#[test]
fn fused_gives_the_same_bits_for_any_number_of_threads() {
    let (x, y, net) = draw(5_003, 33, 19, 0.5);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fused::forward_and_backward(&x, &y, &net))
    };
    let (loss, expected) = on(1);
    for threads in 2..5 {
        let (again, grads) = on(threads);
        assert_eq!((loss, &expected.w1, &expected.b1), (again, &grads.w1, &grads.b1));
        assert_eq!((&expected.w2, &expected.b2, &expected.x), (&grads.w2, &grads.b2, &grads.x));
    }
}

// Finite differences, in f64.

/// Some smooth function of an array, so that a whole array of gradients can be checked at once: `Σ c · x`.
fn weighted(x: &ArrayRef2<f64>, c: &ArrayRef2<f64>) -> f64 {
    Zip::from(x).and(c).fold(0.0, |sum, x, c| sum + x * c)
}

fn randn_f64(shape: (usize, usize), seed: u64) -> Array2<f64> {
    randn(shape, &mut manual_seed(seed)).mapv(f64::from)
}

fn differences2(f: impl FnMut(&ArrayRef2<f64>) -> f64, x: &ArrayRef2<f64>) -> Array2<f64> {
    finite_difference(f, x, 1e-5)
}

fn differences1(f: impl FnMut(&ArrayRef1<f64>) -> f64, x: &ArrayRef1<f64>) -> Array1<f64> {
    finite_difference(f, x, 1e-5)
}

#[test]
fn lin_grad_by_finite_differences() {
    for (n, m, nh) in SIZES {
        let (inp, w, out_g) = (randn_f64((n, m), 1), randn_f64((m, nh), 2), randn_f64((n, nh), 3));
        let b = randn_f64((1, nh), 4).row(0).to_owned();
        let outer = lin_grad_outer(&inp, &w, &out_g).unwrap();
        for grad in [outer, lin_grad_einsum(&inp, &w, &out_g), lin_grad(&inp, &w, &out_g)] {
            let loss = |inp: &ArrayRef2<f64>, w: &ArrayRef2<f64>, b: &ArrayRef1<f64>| {
                weighted(&lin(inp, w, b), &out_g)
            };
            test_near_norm(&grad.inp, &differences2(|inp| loss(inp, &w, &b), &inp), TOL_F64);
            test_near_norm(&grad.w, &differences2(|w| loss(&inp, w, &b), &w), TOL_F64);
            test_near_norm(&grad.b, &differences1(|b| loss(&inp, &w, b), &b), TOL_F64);
        }
    }
}

#[test]
fn relu_grads_by_finite_differences() {
    let (inp, out_g) = (randn_f64((37, 5), 1), randn_f64((37, 5), 2));
    assert!(inp.iter().all(|x| x.abs() > 1e-5), "none of them at the kink");
    let grad = relu_grad(&inp, &out_g);
    test_near_norm(&grad, &differences2(|x| weighted(&relu(x), &out_g), &inp), TOL_F64);
    test_near_norm(&grad, &differences2(|x| weighted(&shifted_relu(x, 0.5), &out_g), &inp), TOL_F64);
    let leaky = leaky_relu_grad(&inp, &out_g, 0.01);
    test_near_norm(&leaky, &differences2(|x| weighted(&leaky_relu(x, 0.01), &out_g), &inp), TOL_F64);
}

#[test]
fn mse_grad_by_finite_differences() {
    for n in [1, 2, 37] {
        let (out, targ) = (randn_f64((n, 1), 1), randn_f64((n, 1), 2).column(0).to_owned());
        test_near_norm(&mse_grad(&out, &targ), &differences2(|out| mse(out, &targ), &out), TOL_F64);
    }
}

#[test]
fn the_whole_net_by_finite_differences() {
    for shift in [0.0, 0.5] {
        let (x, y, net) = draw(64, 12, 5, shift);
        let (x, y, net) = (x.mapv(f64::from), y.mapv(f64::from), net.to_f64());
        let (_, grads) = forward_and_backward(&x, &y, &net);
        let loss = |net: &Weights<f64>| mse(&model(&x, net), &y);
        test_near_norm(&grads.x, &differences2(|x| mse(&model(x, &net), &y), &x), TOL_F64);
        test_near_norm(
            &grads.w1,
            &differences2(|w| loss(&Weights { w1: w.to_owned(), ..net.clone() }), &net.w1),
            TOL_F64,
        );
        test_near_norm(
            &grads.b1,
            &differences1(|b| loss(&Weights { b1: b.to_owned(), ..net.clone() }), &net.b1),
            TOL_F64,
        );
        test_near_norm(
            &grads.w2,
            &differences2(|w| loss(&Weights { w2: w.to_owned(), ..net.clone() }), &net.w2),
            TOL_F64,
        );
        test_near_norm(
            &grads.b2,
            &differences1(|b| loss(&Weights { b2: b.to_owned(), ..net.clone() }), &net.b2),
            TOL_F64,
        );
    }
}

/// Finding 7 of the lesson: the same check in f32 would let most mistakes pass.
#[test]
fn finite_differences_need_f64() {
    let (x, y, net) = draw(64, 12, 5, 0.0);
    let (_, grads) = forward_and_backward(&x, &y, &net);
    let in_f32 = |w1: &ArrayRef2<f64>| {
        let net = Weights { w1: w1.mapv(|w| w as f32), ..net.clone() };
        f64::from(mse(&model(&x, &net), &y))
    };
    let w1 = net.w1.mapv(f64::from);
    for eps in [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] {
        let error = relative_norm(&grads.w1.mapv(f64::from), &finite_difference(in_f32, &w1, eps));
        println!("finite differences in f32, eps {eps:.0e}: relative error {error:.1e}");
        assert!(error > TOL, "f32 was good enough after all");
    }
}

// What the table cannot show.

/// Forward there is one truth about NaN. Backward there are two: the lesson's ReLU is `clamp_min`, whose gradient there
/// is 0 in PyTorch, and `nn.ReLU` is `relu`, whose gradient goes through.
#[test]
fn relu_passes_nan_and_infinity_as_pytorch_does() {
    let x = array![[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0]];
    let out = relu(&x);
    assert!(out[[0, 0]].is_nan());
    assert_eq!(out.slice(s![0, 1..]), array![f32::INFINITY, 0.0, 0.0, 0.0]);
    assert_eq!(relu_grad(&x, &Array2::ones((1, 5))), array![[0.0, 1.0, 0.0, 0.0, 0.0]]);
    for shift in [0.0, 0.5] {
        let mut lessons = module::Relu { shift };
        let pass = module::Module::call(&lessons, &x);
        let g = module::Module::backward(&mut lessons, pass, &Array2::ones((1, 5)));
        assert_eq!(g, array![[0.0, 1.0, 0.0, 0.0, 0.0]]);
    }
    let saved = nn::ReLU.forward(&tensor(x.clone()));
    let g = nn::ReLU.backward(saved, tensor(Array2::ones((1, 5))));
    assert_eq!(matrix(&g), array![[1.0, 1.0, 0.0, 0.0, 0.0]]);
    // At exactly 0 the slope is the left one: torch's leaky_relu there has the gradient 0.25, too.
    assert_eq!(leaky_relu_grad(&x, &Array2::ones((1, 5)), 0.25), array![[0.25, 1.0, 0.25, 0.25, 0.25]]);
}

/// A `Linear` that clamps for the ReLU behind it leaves the ReLU its output only; NaN is NaN in that, too.
#[test]
fn nan_goes_back_through_linear_and_relu_in_one_pass_and_in_two() {
    let x = array![[f32::NAN, 1.0], [-1.0, 1.0], [1.0, 1.0]];
    let identity = || nn::Linear::from_weights(array![[1.0, 0.0], [0.0, 1.0]], Array1::zeros(2));
    let gradient = |mut net: nn::Sequential| {
        let saved = net.forward(&tensor(x.clone()));
        net.backward(saved, tensor(array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]))
    };
    let fused = gradient(nn::Sequential::new().then(identity()).then(nn::ReLU));
    let apart = nn::Sequential::new().then(identity()).then(nn::Sequential::new().then(nn::ReLU));
    assert_eq!(matrix(&fused), array![[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]);
    assert_eq!(gradient(apart), fused);
}

/// The form that writes every row's outer product says how many rows are too many, and takes one fewer.
#[test]
fn the_giant_outer_product_is_refused_at_its_budget() {
    let refused = |rows: usize| {
        let (inp, out_g) = (Array2::<f32>::zeros((rows, 784)), Array2::zeros((rows, 50)));
        lin_grad_outer(&inp, &Array2::zeros((784, 50)), &out_g).err().map(|error| error.to_string())
    };
    let said = refused(1_712).expect("1,712 · 784 · 50 · 4 bytes are more than 256 MiB");
    assert!(said.contains("needs 268441600 bytes") && said.contains("at most 1711 rows"), "{said}");
    assert_eq!(refused(1_711), None);
    // Exactly the budget is allowed: 2²⁰ · 64 · 4 bytes.
    let exactly = lin_grad_outer(
        &Array2::<f32>::zeros((1 << 20, 1)),
        &Array2::zeros((1, 64)),
        &Array2::zeros((1 << 20, 64)),
    );
    assert!(exactly.is_ok());
}

#[test]
fn nan_in_the_data_reaches_the_loss() {
    let (mut x, y, net) = draw(5, 3, 4, 0.0);
    x[[2, 1]] = f32::NAN;
    for step in [forward_and_backward::<f32>, fused::forward_and_backward] {
        let (loss, grads) = step(&x, &y, &net);
        assert!(loss.is_nan());
        assert_eq!(
            grads.x.row(2),
            array![0.0, 0.0, 0.0],
            "the lesson's mask lets nothing back, fused or not"
        );
    }
}

/// `lin` adds its bias while it multiplies; the lesson's plain form is `x @ w + b`.
#[test]
fn lin_is_the_product_plus_the_bias() {
    for (n, m, nh) in SIZES.into_iter().chain([(0, 3, 2), (3, 0, 2), (500, 784, 50)]) {
        let (x, net) =
            (randn((n, m), &mut manual_seed(1)), Weights::kaiming(m, nh, 0.0, &mut manual_seed(2)));
        let b = randn(nh, &mut manual_seed(3));
        test_near_norm(&lin(&x, &net.w1, &b), &(matmul(&x, &net.w1) + &b), 1e-6);
    }
}

#[test]
fn the_bias_gradient_is_summed_in_f64() {
    // In f32, adding 0.1 ten million times gives 1,087,937.
    let out_g = Array2::from_elem((10_000_000, 1), 0.1_f32);
    let b = lin_grad(&Array2::zeros((10_000_000, 0)), &Array2::zeros((0, 1)), &out_g).b;
    assert_eq!(b, array![1_000_000.0]);
}

#[test]
fn the_loss_is_summed_in_f64() {
    let n = 10_000_000;
    let out = Array2::from_elem((n, 1), 1.1_f32);
    test_near_norm(&mse(&out, &Array1::ones(n)), &(1.1_f32 - 1.0).powi(2), 1e-7);
}

#[test]
fn nn_adds_gradients_up_and_module_does_not() {
    let (x, y, net) = draw(37, 12, 5, 0.0);
    let (_, once) = forward_and_backward(&x, &y, &net);
    let (mut lessons, mut nn) = (module::Model::new(&net), nn_net(&net));
    for _ in 0..2 {
        let (_, pass) = lessons.call(&x, &y);
        lessons.backward(pass, &y);
        let saved = nn.forward(&tensor(x.clone()));
        let out_g = mse_grad(&matrix(&saved.out), &y);
        nn.backward_params(saved, tensor(out_g));
    }
    test_near_norm(&lessons.lin1.w.grad.unwrap(), &once.w1, TOL);
    let twice = nn_grads(&mut nn, once.x.clone());
    agree(
        "twice",
        &twice,
        &Grads { x: once.x, w1: 2.0 * once.w1, b1: 2.0 * once.b1, w2: 2.0 * once.w2, b2: 2.0 * once.b2 },
    );
    nn.zero_grad();
    assert!(nn.parameters().iter().all(|(_, p)| p.grad.is_none()), "forgotten");
}

/// The memory of a forgotten gradient is written over by the next one, which must not add to what it held.
#[test]
fn a_forgotten_gradient_is_forgotten() {
    let (x, y, net) = draw(37, 12, 5, 0.0);
    let (mut nn, mut places) = (nn_net(&net), Vec::new());
    for _ in 0..3 {
        nn.zero_grad();
        let saved = nn.forward(&tensor(x.clone()));
        let out_g = mse_grad(&matrix(&saved.out), &y);
        nn.backward_params(saved, tensor(out_g));
        agree(
            "once more",
            &nn_grads(&mut nn, forward_and_backward(&x, &y, &net).1.x),
            &forward_and_backward(&x, &y, &net).1,
        );
        places.push(nn.parameters()[0].1.grad.as_ref().unwrap().as_ptr());
    }
    assert_eq!(places, [places[0]; 3], "the same memory in each step");
}

#[test]
fn parameters_have_pytorchs_names() {
    let (_, _, net) = draw(1, 3, 2, 0.0);
    let names = |mut net: nn::Sequential| -> Vec<String> {
        net.parameters().into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(nn_net(&net)), ["0.weight", "0.bias", "2.weight", "2.bias"]);
    let within = nn::Sequential::new().then(nn::ReLU).then(nn_net(&net));
    assert_eq!(names(within), ["1.0.weight", "1.0.bias", "1.2.weight", "1.2.bias"]);
}

/// Any rank: all axes but the last are rows.
#[test]
fn a_linear_layer_takes_any_rank() {
    let (x, _, net) = draw(24, 12, 5, 0.0);
    let out_g = randn((24, 5), &mut manual_seed(9));
    let with_shape = |shape: &[usize], out_shape: &[usize]| {
        let mut linear = nn::Linear::from_weights(net.w1.clone(), net.b1.clone());
        let saved = linear.forward(&tensor(x.clone()).into_shape_with_order(shape).unwrap());
        assert_eq!(saved.out.shape(), out_shape);
        let x_g = linear.backward(saved, tensor(out_g.clone()).into_shape_with_order(out_shape).unwrap());
        assert_eq!(x_g.shape(), shape);
        (x_g.into_shape_with_order(24 * 12).unwrap(), linear.weight.grad, linear.bias.grad)
    };
    let expected = with_shape(&[24, 12], &[24, 5]);
    assert_eq!(with_shape(&[4, 6, 12], &[4, 6, 5]), expected);
    assert_eq!(with_shape(&[2, 3, 4, 12], &[2, 3, 4, 5]), expected);
    let one = nn::Linear::from_weights(net.w1.clone(), net.b1.clone());
    assert_eq!(one.infer(&tensor(x.row(0).to_owned())).shape(), [5]);
}

/// Validation uses the same numbers and saves nothing.
#[test]
fn infer_is_forward_without_saving() {
    let (x, _, net) = draw(37, 12, 5, 0.5);
    let x = tensor(x);
    for nn in [
        nn_net(&net),
        nn_net(&Weights { shift: 0.0, ..net.clone() }),
        nn::Sequential::new().then(nn_net(&net)),
        nn::Sequential::new(),
    ] {
        assert_eq!(nn.infer(&x), nn.forward(&x).out);
    }
}

/// A branch, `x + layers(x)`: what is saved is a tree, so a branch is one more part.
#[derive(Debug)]
struct Residual(nn::Sequential);

impl Module for Residual {
    fn forward(&self, x: &Tensor) -> Saved {
        let branch = self.0.forward(x);
        Saved::new(x + &branch.out).part(branch)
    }

    fn backward(&mut self, mut saved: Saved, out_g: Tensor) -> Tensor {
        let branch = saved.parts.remove(0);
        self.0.backward(branch, out_g.clone()) + out_g
    }

    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        self.0.parameters()
    }
}

#[test]
fn a_residual_block_fits_in() {
    let (x, out_g) = (randn((7, 4), &mut manual_seed(1)), randn((7, 4), &mut manual_seed(2)));
    let (w, b) = (randn((4, 4), &mut manual_seed(3)), randn(4, &mut manual_seed(4)));
    let block = nn::Sequential::new().then(nn::Linear::from_weights(w.clone(), b.clone())).then(nn::ReLU);
    let mut net = nn::Sequential::new().then(Residual(block)).then(ShiftedRelu(0.5));
    let saved = net.forward(&tensor(x.clone()));
    let x_g = matrix(&net.backward(saved, tensor(out_g.clone()))).mapv(f64::from);

    let (x, out_g, w, b) = (x.mapv(f64::from), out_g.mapv(f64::from), w.mapv(f64::from), b.mapv(f64::from));
    let f = |x: &ArrayRef2<f64>| weighted(&shifted_relu(&(x + relu(&lin(x, &w, &b))), 0.5), &out_g);
    test_near_norm(&x_g, &differences2(f, &x), TOL);
}

/// A layer that stands once in a net and is called twice by hand: the two gradients are added.
#[test]
fn a_layer_used_twice_gets_both_gradients() {
    let mut layer = nn::Linear::from_weights(array![[1.0, 0.0], [0.0, 1.0]], array![0.0, 0.0]);
    let first = layer.forward(&tensor(array![[1.0, 2.0]]));
    let second = layer.forward(&first.out);
    let g = layer.backward(second, tensor(array![[1.0, 0.0]]));
    layer.backward(first, g);
    assert_eq!(layer.weight.grad, Some(tensor(array![[2.0, 0.0], [4.0, 0.0]])));
    assert_eq!(layer.bias.grad, Some(tensor(array![2.0, 0.0])));
}

// Mistakes are met at the caller's line, with both shapes and a way out.

#[test]
fn shape_mismatches_name_both_shapes_and_a_way_out() {
    let zeros = |rows, columns| Array2::<f32>::zeros((rows, columns));
    let (x, w, b): (ArrayView2<'_, f32>, _, ArrayView1<'_, f32>) =
        (aview2(&[[0.0; 3]; 4]), zeros(3, 2), ndarray::aview1(&[0.0; 2]));
    let (y, net) = (Array1::<f32>::zeros(4), Weights::kaiming(3, 2, 0.0, &mut manual_seed(0)));
    let (y_too_short, net_too_tall) =
        (Array1::<f32>::zeros(3), Weights::kaiming(5, 2, 0.0, &mut manual_seed(0)));
    let (y_again, net_again) = (y.clone(), net.clone());
    let cases: Vec<(&str, Mistake)> = vec![
        ("lin: x [4, 3] and w [2, 3]", Box::new(move || drop(lin(&x, &zeros(2, 3), &b)))),
        (
            "fused: inp [4, 3] and w1 [5, 2]",
            Box::new(move || drop(fused::forward_and_backward(&x, &y, &net_too_tall))),
        ),
        (
            "fused: inp [4, 3] and targ [3]",
            Box::new(move || drop(fused::forward_and_backward_params(&x, &y_too_short, &net))),
        ),
        (
            "fused: inp [4, 3] and inp_g [3, 4]",
            Box::new(move || {
                drop(fused::forward_and_backward_into(&x, &y_again, &net_again, &mut zeros(3, 4)))
            }),
        ),
        ("lin: w [3, 5] and b [2]", Box::new(move || drop(lin(&x, &zeros(3, 5), &b)))),
        ("lin: w [3, 2] and b [1]", Box::new(move || drop(lin(&x, &zeros(3, 2), &Array1::zeros(1))))),
        ("lin_grad: inp [4, 3] and out_g [5, 2]", Box::new(move || drop(lin_grad(&x, &w, &zeros(5, 2))))),
        (
            "lin_grad: out_g [4, 3] and w [3, 2]",
            Box::new(move || drop(lin_grad(&x, &zeros(3, 2), &zeros(4, 3)))),
        ),
        (
            "lin_grad: inp [4, 3] and w [2, 2]",
            Box::new(move || drop(lin_grad(&x, &zeros(2, 2), &zeros(4, 2)))),
        ),
        ("relu_grad: inp [4, 3] and out_g [3, 4]", Box::new(move || drop(relu_grad(&x, &zeros(3, 4))))),
        (
            "leaky_relu_grad: inp [4, 3] and out_g [3, 4]",
            Box::new(move || drop(leaky_relu_grad(&x, &zeros(3, 4), 0.01))),
        ),
        (
            "mse: output [4, 2] and targ [4]",
            Box::new(move || assert!(mse(&zeros(4, 2), &Array1::zeros(4)).is_nan())),
        ),
        (
            "mse_grad: output [4, 1] and targ [3]",
            Box::new(move || drop(mse_grad(&zeros(4, 1), &Array1::zeros(3)))),
        ),
    ];
    let cases = cases.into_iter().chain(mistakes_with_layers()).chain(mistakes_with_modules());
    for (expected, case) in cases.chain(mistakes_with_models()) {
        let failed = failure(case);
        let (message, (file, _)) = (failed.message, failed.place);
        assert!(file.ends_with("tests/gradients.rs"), "{message:?} points at {file}");
        assert!(message.starts_with(expected), "{message:?} should begin with {expected:?}");
    }
}

/// Something that has to panic at its own line.
type Mistake = Box<dyn FnOnce()>;

fn zeros(rows: usize, columns: usize) -> Array2<f32> {
    Array2::zeros((rows, columns))
}

/// Calls the layer and hands back what it saved, with a gradient of that shape.
fn called<M: Module>(mut layer: M, out_g: (usize, usize), how: fn(&mut M, Saved, Tensor)) {
    let saved = layer.forward(&tensor(zeros(4, 3)));
    how(&mut layer, saved, tensor(zeros(out_g.0, out_g.1)));
}

/// The same for a layer of the lesson's.
fn lessons<M: module::Module>(mut layer: M, out_g: (usize, usize)) {
    let x = zeros(4, 3);
    let pass = layer.call(&x);
    layer.backward(pass, &zeros(out_g.0, out_g.1));
}

/// Three inputs, two outputs.
fn linear() -> nn::Linear {
    nn::Linear::from_weights(zeros(3, 2), Array1::zeros(2))
}

fn mistakes_with_layers() -> Vec<(&'static str, Mistake)> {
    let lin = |out_g: (usize, usize)| {
        let mut lin = layers::Lin::new(zeros(3, 2), Array1::zeros(2));
        lin.call(&zeros(4, 3).into_shared());
        move || drop(lin.backward(&zeros(out_g.0, out_g.1)))
    };
    let mut relu = layers::Relu::new(0.5);
    relu.call(&zeros(4, 3).into_shared());
    let mut model = layers::Model::new(&Weights::kaiming(3, 2, 0.5, &mut manual_seed(0)));
    vec![
        (
            "layers::Lin: x [4, 5] and w [3, 2]",
            Box::new(|| {
                drop(layers::Lin::new(zeros(3, 2), Array1::zeros(2)).call(&zeros(4, 5).into_shared()))
            }),
        ),
        ("layers::Lin: inp [4, 3] and out_g [3, 2]", Box::new(lin((3, 2)))),
        ("layers::Lin: inp [4, 3] and out_g [1, 2]", Box::new(lin((1, 2)))),
        ("layers::Lin: out_g [4, 1] and w [3, 2]", Box::new(lin((4, 1)))),
        ("layers::Relu: inp [4, 3] and out_g [1, 3]", Box::new(move || drop(relu.backward(&zeros(1, 3))))),
        (
            "layers::Lin: x [4, 5] and w [3, 2]",
            Box::new(move || assert!(model.call(&zeros(4, 5).into_shared(), &Array1::zeros(4)).is_nan())),
        ),
    ]
}

#[rustfmt::skip] // a table
fn mistakes_with_modules() -> Vec<(&'static str, Mistake)> {
    use module::Module as _;
    let lin = || module::Lin::new(zeros(3, 2), Array1::zeros(2));
    let einsum = || module::LinEinsum::new(zeros(3, 2), Array1::zeros(2));
    vec![
        ("nn::Linear: x [4, 5] and weight [3, 2]", Box::new(|| drop(linear().forward(&tensor(zeros(4, 5)))))),
        ("nn::Linear: x [4, 5] and weight [3, 2]", Box::new(|| drop(linear().infer(&tensor(zeros(4, 5)))))),
        ("nn::Linear: x [] and weight [3, 2]", Box::new(|| drop(linear().forward(&tensor(ndarray::arr0(1.0)))))),
        ("nn::Linear: out [4, 2] and out_g [5, 2]", Box::new(|| called(linear(), (5, 2), |l, saved, g| drop(l.backward(saved, g))))),
        ("nn::Linear: out [4, 2] and out_g [4, 1]", Box::new(|| called(linear(), (4, 1), |l, saved, g| l.backward_params(saved, g)))),
        ("nn::ReLU: out [4, 3] and out_g [1, 3]", Box::new(|| called(nn::ReLU, (1, 3), |l, saved, g| drop(l.backward(saved, g))))),
        ("nn::ReLU: out [4, 3] and out_g [3, 4]", Box::new(|| called(nn::ReLU, (3, 4), |l, saved, g| l.backward_params(saved, g)))),
        ("module::Relu: inp [4, 3] and out_g [1, 3]", Box::new(|| lessons(module::Relu { shift: 0.5 }, (1, 3)))),
        ("module::Lin: x [4, 5] and w [3, 2]", Box::new(move || drop(lin().call(&zeros(4, 5))))),
        ("module::Lin: out_g [4, 3] and w [3, 2]", Box::new(move || lessons(lin(), (4, 3)))),
        ("module::LinEinsum: x [4, 5] and w [3, 2]", Box::new(move || drop(einsum().call(&zeros(4, 5))))),
        ("module::LinEinsum: inp [4, 3] and out_g [1, 2]", Box::new(move || lessons(einsum(), (1, 2)))),
        ("Param: value [3, 2] and grad [2, 3]", Box::new(|| linear().weight.add_grad(tensor(zeros(2, 3))))),
        ("matrix: x [2] does not have rank 2", Box::new(|| drop(matrix(&tensor(array![1.0, 2.0])).to_owned()))),
    ]
}

/// The lesson's net of `m` inputs.
fn model_of(m: usize) -> module::Model {
    module::Model::new(&Weights::kaiming(m, 2, 0.5, &mut manual_seed(0)))
}

fn relus(how_many: usize) -> nn::Sequential {
    (0..how_many).fold(nn::Sequential::new(), |net, _| net.then(nn::ReLU))
}

/// Layers that only a list of boxes knows: the list has to ask before it calls them.
#[rustfmt::skip] // a table
fn mistakes_with_models() -> Vec<(&'static str, Mistake)> {
    let net = || nn::Sequential::new().then(linear()).then(nn::ReLU);
    let does_not_join = move || net().then(nn::Linear::from_weights(zeros(5, 1), Array1::zeros(1)));
    let within = move || nn::Sequential::new().then(nn::ReLU).then(does_not_join());
    let x = |columns| tensor(zeros(4, columns));
    vec![
        ("layer 0: nn::Linear: x [4, 5] and weight [3, 2]", Box::new(move || drop(net().forward(&x(5))))),
        ("layer 0: nn::Linear: x [4, 5] and weight [3, 2]", Box::new(move || drop(net().infer(&x(5))))),
        ("layer 2: nn::Linear: x [4, 2] and weight [5, 1]", Box::new(move || drop(does_not_join().forward(&x(3))))),
        ("layer 1.2: nn::Linear: x [4, 2] and weight [5, 1]", Box::new(move || drop(within().forward(&x(3))))),
        ("layer 1.2: nn::Linear: x [4, 2] and weight [5, 1]", Box::new(move || drop(within().infer(&x(3))))),
        ("nn::Sequential: out [4, 2] and out_g [1, 2]", Box::new(move || called(net(), (1, 2), |l, saved, g| drop(l.backward(saved, g))))),
        ("nn::Sequential: out [4, 2] and out_g [5, 2]", Box::new(move || called(net(), (5, 2), |l, saved, g| l.backward_params(saved, g)))),
        ("nn::Sequential: saved by 2 layers, for 3",
            Box::new(move || drop(relus(3).backward(relus(2).forward(&x(2)), x(2))))),
        ("module::Lin: x [4, 5] and w [3, 2]", Box::new(move || drop(model_of(3).call(&zeros(4, 5), &Array1::zeros(4))))),
        ("mse: output [4, 1] and targ [3]", Box::new(move || drop(model_of(3).call(&zeros(4, 3), &Array1::zeros(3))))),
        ("module::Lin: inp [4, 3] and w [4, 2]", Box::new(|| {
            let (x, y) = (zeros(4, 3), Array1::zeros(4)); // forward through a net of three inputs, back through one of four
            drop(model_of(4).backward(model_of(3).call(&x, &y).1, &y));
        })),
        ("module::Model: the pass is not a model's", Box::new(|| {
            let x = zeros(4, 3);
            let pass = module::Module::call(&module::Relu { shift: 0.0 }, &x);
            drop(model_of(3).backward(pass, &Array1::zeros(4)));
        })),
    ]
}

/// A box does not hand on who called: then the panic is at the layer's own line, and still says all the rest.
#[test]
fn a_layer_in_a_box_still_says_what_does_not_fit() {
    let layer: Box<dyn Module> = Box::new(linear());
    let failed = failure(move || drop(layer.forward(&tensor(zeros(4, 5)))));
    assert!(failed.message.starts_with("nn::Linear: x [4, 5] and weight [3, 2]"), "{}", failed.message);
    assert!(failed.place.0.ends_with(".rs"), "{}", failed.place.0);
}

/// Where not even one row's outer product fits into the budget, rows are still taken one by one, or `lin_grad` is named.
#[test]
fn layers_of_more_than_the_outer_products_budget() {
    let (m, nh) = (8_200, 8_200); // 269 MB a row; memory of zeros is there once it is written to, and none is
    let mut lin = layers::Lin::new(zeros(m, nh), Array1::zeros(nh));
    lin.call(&zeros(0, m).into_shared());
    assert_eq!(lin.backward(&zeros(0, nh)).dim(), (0, m));

    let refused = lin_grad_outer(&zeros(1, m), &zeros(m, nh), &zeros(1, nh)).unwrap_err().to_string();
    assert!(refused.ends_with("take `lin_grad`, since not even one row's would fit"), "{refused}");
}

fn aview2<const N: usize>(rows: &'static [[f32; N]]) -> ArrayView2<'static, f32> {
    ndarray::aview2(rows)
}
