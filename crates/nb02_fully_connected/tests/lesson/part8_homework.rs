//! The homework.

use super::*;

// ## Homework

/// Homework: He et al., section 2.2, checked by numbers
///
/// The homework is to read two pages of a paper. Formulas are easier to believe when both sides are
/// computed: here are four layers of a random net, the left side measured and the right side by the formula.
#[test]
fn s40_hw01_he_section_2_2() {
    println!("Eq. 7 to 10: Var[y_l] = n_l · Var[w_l] · E[x_l²], and E[x_l²] = ½ Var[y_(l−1)] after a ReLU.");
    let n = 400;
    let mut y = randn((500, n), &mut manual_seed(0));
    for layer in 1..=4 {
        let (x, before) = (relu(&y), std(&y).powi(2));
        let second_moment = mean(&x.mapv(|x| x * x));
        y = matmul(&x, &(randn((n, n), &mut manual_seed(layer)) * 0.1));
        let (var_y, by_formula) = (std(&y).powi(2), n as f64 * 0.01 * 0.5 * before);
        println!(
            "layer {layer}: E[x²] = {second_moment:.4} and ½ Var = {:.4}; Var[y] = {var_y:.4} and n·Var[w]·½ Var = {by_formula:.4}",
            before / 2.0
        );
        assert!((var_y / by_formula - 1.0).abs() < 0.15 && (second_moment * 2.0 / before - 1.0).abs() < 0.1);
    }
    println!("To keep it at 1: ½ · n · Var[w] = 1, so std = √(2/n).");
}

/// Homework: what exactly "loses half" means
///
/// A ReLU is often said to halve the variance. It halves the mean of the squares; the mean is no longer 0, so
/// the variance, taken around the mean, is another number.
#[test]
fn s41_hw02_half_of_what() {
    let z = randn((2_000, 1_000), &mut manual_seed(0));
    let out = relu(&z);
    let (m, s) = (mean(&out), std(&out));
    let second_moment = format!("{:.4}", mean(&out.mapv(|x| x * x)));
    show("E[relu²]", second_moment).expected("1/2: the second moment halves");
    show("Var[relu]", format_args!("{:.4}", s * s)).expected("1/2 − 1/2π = 0.341, not 1/2");
    show("std, mean", format_args!("{s:.4}, {m:.4}")).expected("0.584, 0.399");
    test_near_zero(m * m + s * s - 0.5, 2e-3);
    test_near_zero(s * s - 0.340_845, 2e-3);
}

/// Homework: is `clamp_min_` in place harmful, and what is the gradient at exactly 0?
///
/// Clamping in place saves memory. The mask of the backward pass is "where was the input
/// positive", so what matters is whether one can still see that afterwards. Look at the third row.
#[test]
fn s42_hw03_in_place_relu_and_its_kink() {
    let z = array![[-1.0, 0.0, 0.3, 2.0]];
    let out_g = array![[1.0, 2.0, 3.0, 4.0]];
    let clamped = relu(&z);
    let shifted = shifted_relu(&z, 0.5);
    show("mask from the input", relu_grad(&z, &out_g)).expected("0 0 3 4: right");
    let clamped_g = relu_grad(&clamped, &out_g);
    show("mask after clamp_min_(0)", clamped_g).expected("0 0 3 4: still right, as x > 0 is the same");
    let shifted_g = relu_grad(&shifted, &out_g);
    show("mask after clamp_min_(0).sub_(0.5)", shifted_g).expected("0 0 0 4: wrong for 0 < x ≤ 0.5");
    show("gradient at exactly 0", relu_grad(&z, &out_g)[[0, 1]])
        .measured("0 (PyTorch too; torch.maximum 0.5, Swift 1)");
    println!("In Rust the signature tells: relu takes &x and cannot overwrite it.");
    test_eq(&relu_grad(&z, &out_g), &array![[0.0, 0.0, 3.0, 4.0]]);
    test_eq(&relu_grad(&clamped, &out_g), &array![[0.0, 0.0, 3.0, 4.0]]);
    test_eq(&relu_grad(&shifted, &out_g), &array![[0.0, 0.0, 0.0, 4.0]]);
}

/// Homework: "always give squeeze a dimension"
///
/// Without one, `squeeze()` takes away every axis of size 1, and one day that is the batch. In the lesson's
/// five lines it happens to be harmless. Ours wants to be told which axis, and checks that its size is 1.
#[test]
fn s43_hw04_squeeze_with_its_axis() {
    println!(
        "In this code plain squeeze() would survive a batch of one: (1,1) → (), minus (1) is (1) again."
    );
    println!("It does lose the batch axis of a (1, 10) output. Naming the axis cannot:");
    show("squeeze((1, 1), -1)", format_args!("{:?}", squeeze(&Array2::<f32>::ones((1, 1)), -1).shape()))
        .measured("torch.Size([1])");
    let message = failure(|| assert!(squeeze(&Array2::<f32>::ones((1, 10)), -1).is_empty())).message;
    println!("squeeze((1, 10), -1) panics, where PyTorch leaves it as it is, in silence:\n  {message}");
    assert!(message.contains("[1, 10]"));
}

/// Homework: "so, does PyTorch use autograd or not?"
///
/// With `loss.backward()` it does; in the lesson's own classes nothing of it is used, and nothing of the
/// kind exists here. What autograd would record in a graph, `call` returns as a value.
#[test]
fn s44_hw05_autograd_or_not() {
    println!("nn.Linear with loss.backward(): yes, it walks the graph that the forward pass recorded.");
    println!(
        "Module and Lin of the lesson, and all of ours: no. What plays its part is the tree that call saves:"
    );
    let (x, y) = (some_x(), DIGITS.y_train.slice(s![..some_x().nrows()]));
    let mut net = nn_net(&net(0.0));
    let mut saved = net.forward(&tensor(x.to_owned()));
    for (layer, part) in net.layers.iter().zip(&saved.parts) {
        println!("  {:?} saved {layer:?}'s output", part.out.shape());
    }
    println!("The first two are one array: Linear clamped for the ReLU behind it while it wrote.");
    test_eq(&saved.parts.len(), &3);
    test_eq(&saved.parts[0].out.as_ptr(), &saved.parts[1].out.as_ptr());
    println!("And the gradient of an activation? PyTorch forgets it, unless retain_grad() asks for it.");
    println!("Here each layer's backward pass returns it:");
    let out_g = tensor(mse_grad(&matrix(&saved.out), &y));
    let last = saved.parts.pop().expect("three of them");
    let l2_g = net.layers[2].backward(last, out_g);
    show("l2.g", format_args!("{:?}", l2_g.shape())).measured("None, with a warning");
    test_eq(l2_g.shape(), &[x.nrows(), NH][..]);
}
