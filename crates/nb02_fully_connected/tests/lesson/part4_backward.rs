//! The gradients by hand, and three ways to check them.

use super::*;

/// The chain rule
///
/// All of backpropagation is this one rule: push `x` a little, see how far `u` moves, see how far `y` moves
/// for that, multiply: dy/dx = dy/du · du/dx. Three ways to the same number: push, multiply the two slopes,
/// calculus.
#[test]
fn s18_chain_rule() {
    println!(
        "y = f(u), u = g(x):   dy/dx = dy/du · du/dx      (\"cross-multiply\", as if they were fractions)"
    );
    let (g, f) = (|x: f64| x * x + 1.0, |u: f64| u.sin());
    let (x, dx) = (0.7, 1e-6);
    let (du, dy) = (g(x + dx) - g(x), f(g(x + dx)) - f(g(x)));
    println!("at x = {x}: push x by {dx:.0e}, u moves by {du:.4e} and y by {dy:.4e}");
    show("dy/dx", format_args!("{:.5}", dy / dx)).expected("0.11299: the slope of both together");
    let product = format!("{:.5}", (dy / du) * (du / dx));
    show("dy/du · du/dx", product).expected("0.11299: the product of the slopes");
    show("cos(u) · 2x", format_args!("{:.5}", g(x).cos() * 2.0 * x)).expected("0.11299: by calculus");
    test_near(&(dy / dx), &(g(x).cos() * 2.0 * x));
    println!("The net is mse(lin2(relu(lin1(x))), y): the same with four functions, from the outside in.");
}

/// `mse_grad` and `relu_grad`
///
/// Two gradients by hand. The gradient of the loss is proportional to the error: an output that is twice as far
/// from its target is pulled twice as hard. The gradient of the ReLU is 1 where its input was positive and 0
/// elsewhere, so a gradient passes backward only through the units that were active. A unit whose input is never
/// positive gets no gradient at all and never learns.
#[test]
fn s19_mse_grad_and_relu_grad() {
    let (x, y, net) = (some_x(), DIGITS.y_train.slice(s![..some_x().nrows()]), net(0.5));
    let l1 = lin(&x, &net.w1, &net.b1);
    let out = model(&x, &net);
    let out_g = mse_grad(&out, &y);
    show("out.g.shape", format_args!("{:?}", out_g.shape())).expected("that of the output");
    test_eq(&out_g.dim(), &out.dim());
    test_near(&out_g[[0, 0]], &(2.0 * (out[[0, 0]] - y[0]) / y.len() as f32));

    let l2_g = randn(l1.dim(), &mut manual_seed(19)); // not of ones: they would hide the factor
    let l1_g = relu_grad(&l1, &l2_g);
    let passed = l1_g.iter().filter(|&&g| g != 0.0).count() as f64 / l1_g.len() as f64;
    let dead = (0..NH).filter(|&unit| l1.column(unit).iter().all(|&z| z <= 0.0)).count();
    show("share of units that pass", format_args!("{passed:.3}")).expected("about a half");
    show("units that never pass", dead).expected("few: \"dead\" ones learn nothing");
    test_near(&l1_g, &Zip::from(&l1).and(&l2_g).map_collect(|&z, &g| if z > 0.0 { g } else { 0.0 }));
}

/// `lin_grad`, three times
///
/// The weights' gradient is a sum over the images of outer products. The notebook first writes just that,
/// and needs 7.84 GB for it; then as an einsum; then as one matrix product. All three agree, and the times
/// show where the famous 3.4 seconds went: into memory that is not needed, not into loops, classes or
/// `__call__`.
#[test]
fn s20_lin_grad_in_three_forms() {
    let rows = 1_000.min(DIGITS.x_train.nrows());
    let (inp, w) = (DIGITS.x_train.slice(s![..rows, ..]), net(0.5).w1);
    let out_g = randn((rows, NH), &mut manual_seed(0));
    println!("The giant outer product of 50,000 rows: {} bytes.", outer_bytes::<f32>(50_000, 784, NH));
    println!("Of {rows} rows: {} bytes, and {OUTER_BUDGET} are allowed.", outer_bytes::<f32>(rows, 784, NH));
    let too_large = lin_grad_outer(&Array2::zeros((2_000, 784)), &w, &Array2::zeros((2_000, NH)));
    println!("Asked for more: {}.", too_large.expect_err("it does not fit"));

    let expected = lin_grad(&inp, &w, &out_g);
    let outer = || lin_grad_outer(&inp, &w, &out_g).expect("few rows");
    for grad in [outer(), lin_grad_einsum(&inp, &w, &out_g)] {
        test_near_norm(&grad.w, &expected.w, 1e-5);
        test_near_norm(&grad.b, &expected.b, 1e-5);
        test_near_norm(&grad.inp, &expected.inp, 1e-5);
    }
    let times = [
        fastest(outer),
        fastest(|| lin_grad_einsum(&inp, &w, &out_g)),
        fastest(|| lin_grad(&inp, &w, &out_g)),
    ];
    let scale = 50_000.0 / rows as f64;
    println!("{rows} rows, and what 50,000 would take at that rate ({PROFILE}). The course timed its whole");
    println!("model.backward(), of which this one lin_grad is the largest part:");
    for (name, time, course) in [
        ("giant outer product", times[0], "3.4 s, the whole backward"),
        ("einsum \"bi,bj->ij\"", times[1], "140 ms, the whole backward"),
        ("inp.t() @ out.g", times[2], "140 ms, the whole backward"),
    ] {
        show(name, format_args!("{}, {}", human(time), human(time * scale))).course(course);
    }
    println!("So it was not einsum that was fast. It was the giant that was slow.");
}

/// `forward_and_backward`
///
/// Now all of it in a row: four functions forward, four gradients backward, each handed what the one after
/// it returned. The loss is computed only to be looked at; no gradient needs it. And then the proof that it
/// works: one small step against the gradient, and the loss is smaller.
#[test]
fn s21_forward_and_backward() {
    let (x, y, net) = (&DIGITS.x_train, &DIGITS.y_train, net(0.5));
    let (loss, grads) = time("forward_and_backward", || forward_and_backward(x, y, &net));
    show("loss", loss).course("33.4708");
    let shapes = format!(
        "{:?} {:?} {:?} {:?}",
        grads.w1.shape(),
        grads.b1.shape(),
        grads.w2.shape(),
        grads.b2.shape()
    );
    show("shapes of the gradients", shapes).expected("those of w1, b1, w2, b2");
    show("w2.t()", format_args!("{:?}", net.w2.t().shape())).expected("(1, 50)");
    test_eq(&grads.x.dim(), &x.dim());
    test_eq(&grads.w1.dim(), &net.w1.dim());

    println!("What went forward and what came back, by norm:");
    let stops = stops(x, y, &net, &grads);
    for figures::Stop { name, shape, value, gradient } in &stops {
        println!("{name:<5} {shape:<14} ‖value‖ {value:>9.2e}   ‖gradient‖ {gradient:>9.2e}");
    }
    figures::show("the-backward-pass", || figures::backward_pass(&stops, &grads));

    println!("The loss was only looked at. A step of 0.01 against the gradient:");
    let step = |v: &Array2<f32>, g: &Array2<f32>| v - &(0.01 * g);
    let moved = Weights { w1: step(&net.w1, &grads.w1), w2: step(&net.w2, &grads.w2), ..net };
    let after = mse(&model(x, &moved), y);
    show("loss after the step", after).expected("smaller");
    assert!(after < loss);
}

/// Every value on the way from `x` to the loss, with its gradient.
fn stops(x: &Array2<f32>, y: &Array1<f32>, net: &Weights, grads: &Grads) -> Vec<figures::Stop> {
    let l1 = lin(x, &net.w1, &net.b1);
    let l2 = shifted_relu(&l1, net.shift);
    let out = lin(&l2, &net.w2, &net.b2);
    let out_g = mse_grad(&out, y);
    let l2_g = lin_grad(&l2, &net.w2, &out_g).inp;
    let l1_g = relu_grad(&l1, &l2_g);
    let stop = |name: &str, value: &Array2<f32>, gradient: &Array2<f32>| figures::Stop {
        name: name.into(),
        shape: format!("{:?}", value.dim()),
        value: elementwise::frobenius_norm(value),
        gradient: elementwise::frobenius_norm(gradient),
    };
    let loss = Array2::from_elem((1, 1), mse(&out, y));
    vec![
        stop("x", x, &grads.x),
        stop("l1", &l1, &l1_g),
        stop("l2", &l2, &l2_g),
        stop("out", &out, &out_g),
        figures::Stop { shape: "()".into(), ..stop("loss", &loss, &Array2::ones((1, 1))) },
    ]
}

/// The gradients against PyTorch's autograd
///
/// Gradients by hand are wrong until shown otherwise. The notebook compares them with PyTorch's, on the same
/// weights, and so do we: its values are stored with this crate. But the comparison itself proves less than
/// it seems to, since most of these numbers are smaller than its tolerance. So there is a second one,
/// relative to their own size.
#[test]
fn s22_test_near_autograd() {
    only_mnist(&DIGITS.source, "all gradients on the training set against PyTorch's", || {
        let mut oracle = Oracle::open("fc_train_nh50_shift0.5");
        let (net, expected) = (oracle.net(), oracle.grads("x_grad_first10"));
        let (loss, grads) = forward_and_backward(&DIGITS.x_train, &DIGITS.y_train, &net);
        show("loss", loss).measured(format_args!("{:.7} (PyTorch, same weights)", oracle.loss()));
        // The notebook's five checks.
        let ig = grads.x.slice(s![..10, ..]);
        test_near(&grads.w2, &expected.w2);
        test_near(&grads.b2, &expected.b2);
        test_near(&grads.w1, &expected.w1);
        test_near(&grads.b1, &expected.b1);
        test_near(&ig, &expected.x);

        let some = grads.x.slice(s![..COMPARED, ..]);
        let (count, largest) = (some.len(), largest(&some));
        println!("How much do they prove? Of {count} input gradients, none above {largest:.1e} …");
        let nothing = Array2::<f32>::zeros(some.dim());
        let pass = nothing.iter().zip(&some).filter(|&(&a, &b)| near(&a, &b)).count();
        let share = 100.0 * pass as f64 / some.len() as f64;
        show("… near zero itself (%)", format_args!("{share:.1}")).measured("90.7, with other weights");
        println!("An absolute tolerance cannot see them. So they are measured by their own size:");
        for (name, error) in [
            ("w1", relative_norm(&grads.w1, &expected.w1)),
            ("b1", relative_norm(&grads.b1, &expected.b1)),
            ("w2", relative_norm(&grads.w2, &expected.w2)),
            ("b2", relative_norm(&grads.b2, &expected.b2)),
            ("x", relative_norm(&ig.to_owned(), &expected.x)),
        ] {
            let what = format!("‖ours − PyTorch's‖ / ‖·‖, {name}");
            show(&what, format_args!("{error:.1e}")).expected("≤ 1e-5");
            assert!(error <= 1e-5);
        }
        assert!(share > 80.0);
    });
}

/// The gradients against finite differences
///
/// A gradient says how the loss moves when a weight moves. So move each weight a little and look: no
/// calculus, no PyTorch, nothing to get wrong twice. It is slow, and it needs `f64`; in `f32` the
/// differences drown in rounding.
#[test]
fn s23_finite_differences() {
    // 64 images, and of each a patch of 6 × 6 pixels: every weight costs two forward passes.
    let patch = |x: ArrayView2<'_, f32>| {
        x.select(Axis(1), &(0..36).map(|i| (11 + i / 6) * 28 + 11 + i % 6).collect::<Vec<_>>())
    };
    let (x, y) = (patch(DIGITS.x_train.slice(s![..64, ..])), DIGITS.y_train.slice(s![..64]).to_owned());
    let net = Weights::kaiming(36, 10, 0.5, &mut manual_seed(1));
    let check = |in_f64: f64, in_f32: f64| {
        show("in f64", format_args!("{in_f64:.1e}")).measured("5e-11");
        let whole = "1.5e-2, on whole images: useless";
        show("in f32, at its best step", format_args!("{in_f32:.1e}")).measured(whole);
        assert!(in_f64 <= 1e-8 && in_f32 > 1e-5);
    };
    println!("The relative error of w1.g:");
    let (_, ours) = forward_and_backward(&x, &y, &net);
    let f32_error = |eps| {
        let loss = |w1: &ArrayRef2<f64>| {
            mse(&model(&x, &Weights { w1: w1.mapv(|w| w as f32), ..net.clone() }), &y).into()
        };
        relative_norm(&finite_difference(loss, &net.w1.mapv(f64::from), eps), &ours.w1.mapv(f64::from))
    };
    let best_in_f32 = [1e-1, 1e-2, 1e-3, 1e-4].map(f32_error).into_iter().fold(f64::INFINITY, f64::min);

    let (x, y, net) = (x.mapv(f64::from), y.mapv(f64::from), net.to_f64());
    let (_, ours) = forward_and_backward(&x, &y, &net);
    let loss = |w1: &ArrayRef2<f64>| mse(&model(&x, &Weights { w1: w1.to_owned(), ..net.clone() }), &y);
    check(relative_norm(&finite_difference(loss, &net.w1, 1e-5), &ours.w1), best_in_f32);
}
