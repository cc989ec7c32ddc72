//! The same net as classes, as `Module`, as `nn`, and fused.

use super::*;

/// The notebook's `test_near` of all gradients after every refactoring.
fn still_the_same(ours: &Grads, expected: &Grads) {
    test_near_norm(&ours.w1, &expected.w1, 1e-5);
    test_near_norm(&ours.b1, &expected.b1, 1e-5);
    test_near_norm(&ours.w2, &expected.w2, 1e-5);
    test_near_norm(&ours.b2, &expected.b2, 1e-5);
    test_near_norm(&first(&ours.x), &first(&expected.x), 1e-5);
}

/// Layers as classes
///
/// The first refactoring: each layer becomes an object that remembers what its backward pass will need. The
/// notebook's version is slow. The reason is not the classes but the outer product, which is still in there:
/// multiply the time of these rows up to 50,000. The last line checks the check: without the shift of the
/// ReLU the gradients are others, and the comparison notices.
#[test]
fn s24_layers_as_classes() {
    let ((x, y), net) = (few(), net(0.5));
    let rows = x.nrows();
    let mut model = layers::Model::new(&net);
    let [forward, backward] = layer_steps(&mut model);
    println!("{rows} rows, and what 50,000 would take at that rate ({PROFILE}):");
    let times = |time: f64| format!("{}, {}", human(time), human(time * 50_000.0 / rows as f64));
    show("forward", times(forward)).course("70.7 ms");
    show("backward, giant outer product", times(backward)).course("3.4 s");

    let (_, expected) = forward_and_backward(&x, &y, &net);
    test_near_norm(&model.backward(), &expected.x, 1e-5);
    let there = "backward has been there";
    test_near_norm(model.lin1.w.grad.as_ref().expect(there), &expected.w1, 1e-5);
    test_near_norm(model.lin1.b.grad.as_ref().expect(there), &expected.b1, 1e-5);
    test_near_norm(model.lin2.w.grad.as_ref().expect(there), &expected.w2, 1e-5);
    test_near_norm(model.lin2.b.grad.as_ref().expect(there), &expected.b2, 1e-5);

    // With the ReLU shifted in the classes only, `test_near` has to fail, and does.
    let (_, unshifted) = forward_and_backward(&x, &y, &Weights { shift: 0.0, ..net });
    let apart = relative_norm(&unshifted.w1, &expected.w1);
    let what = "‖w1.g − without shift‖ / ‖w1.g‖";
    show(what, format_args!("{apart:.2}")).expected("not 0: the comparison notices");
    assert!(!near(&unshifted.w1, &expected.w1) && apart > 1e-2);
}

/// A part of the set: the outer product writes 157 KB for every image.
fn few() -> (ArcArray2<f32>, ArrayView1<'static, f32>) {
    let rows = 1_500.min(DIGITS.x_train.nrows());
    (DIGITS.x_train.slice(s![..rows, ..]).to_shared(), DIGITS.y_train.slice(s![..rows]))
}

/// Seconds for forward and backward of those few rows.
fn layer_steps(model: &mut layers::Model) -> [f64; 2] {
    let (x, y) = few();
    [fastest(|| model.call(&x, &y)), timeit_n(1, 1, || model.backward()).min]
}

/// `Module`, first with einsum, then without; then `nn`
///
/// What every layer did for itself, saving what it was given and what it returned, moves into one place. The
/// gradients are compared after every step, which is the point of the exercise. (`nn.ReLU` subtracts nothing, so the last
/// step is compared with the functions without the shift.) The last column explains why PyTorch's own layers look twice
/// as fast: they do not compute the gradient of the images unless asked to.
#[test]
fn s25_module_and_nn() {
    let (x, [weights, unshifted]) = (&DIGITS.x_train, [net(0.5), net(0.0)]);
    println!("{} rows, forward and backward; without x.g in the last column ({PROFILE}):", x.nrows());
    println!("{:<16} {:>10} {:>10} {:>10}   course", "", "forward", "backward", "no x.g");
    let whole = |time: f64| time * x.nrows() as f64 / few().1.len() as f64;
    let [forward, backward] = layer_steps(&mut layers::Model::new(&weights)).map(whole);
    let mut times = vec![("Layers →".into(), forward, 70.7e-3), ("Layers ←".into(), backward, 3.4)];
    let mut row = |name: &str, [forward, backward, no_x_g]: [f64; 3], course: &str, in_ms: [f64; 2]| {
        let shown = if no_x_g.is_nan() { String::new() } else { human(no_x_g) };
        println!("{name:<16} {:>10} {:>10} {shown:>10}   {course}", human(forward), human(backward));
        times.push((format!("{} →", name.replace(", ", " ")), forward, in_ms[0] / 1e3));
        times.push((format!("{} ←", name.replace(", ", " ")), backward.min(no_x_g), in_ms[1] / 1e3));
    };
    let course = "46.3 / 140 ms";
    row("Module, einsum", module_steps(module::Model::einsum(&weights), &weights), course, [46.3, 140.0]);
    let course = "46.4 / 140 ms";
    row("Module", module_steps(module::Model::new(&weights), &weights), course, [46.4, 140.0]);
    let course = "46.3 / 71.1 ms, without x.g";
    row("nn", nn_steps(nn_net(&unshifted), &unshifted), course, [46.3, 71.1]);
    figures::show("refactorings", || figures::refactorings(&times, x.nrows()));
    println!("The course's times are from its own machine, ours from this one. `Layers` writes the outer");
    println!(
        "products of all images, 7.84 GB, before it adds them up; its times are those of {} rows,",
        few().1.len()
    );
    println!("multiplied up. The leap from there to `Module` is due to leaving that out.");
}

/// The fastest of three, in seconds: forward, and backward with all gradients, which are compared with the functions'.
fn module_steps<L: module::Module>(mut model: module::Model<L>, weights: &Weights) -> [f64; 3] {
    let (x, y) = (&DIGITS.x_train, &DIGITS.y_train);
    let (expected_loss, expected) = forward_and_backward(x, y, weights);
    let mut best = [f64::INFINITY, f64::INFINITY, f64::NAN];
    for _ in 0..3 {
        let ((loss, pass), forward) = timed(|| model.call(x, y));
        let (x_g, backward) = timed(|| model.backward(pass, y));
        test_near(&loss, &expected_loss);
        test_near_norm(&first(&x_g), &first(&expected.x), 1e-5);
        best = [best[0].min(forward), best[1].min(backward), f64::NAN];
    }
    best
}

/// The same for `nn`, and backward without the input's gradient, which trains.
fn nn_steps(mut net: nn::Sequential, weights: &Weights) -> [f64; 3] {
    let (x, y) = (tensor(DIGITS.x_train.clone()), &DIGITS.y_train);
    let (_, expected) = forward_and_backward(&DIGITS.x_train, y, weights);
    let mut best = [f64::INFINITY; 3];
    for _ in 0..3 {
        net.zero_grad();
        let (saved, forward) = timed(|| net.forward(&x));
        let out_g = mse_grad(&matrix(&saved.out), y);
        let (x_g, backward) = timed(|| net.backward(saved, tensor(out_g)));
        still_the_same(&nn_grads(&mut net, first(&matrix(&x_g)).to_owned()), &expected);
        let saved = net.forward(&x);
        let out_g = mse_grad(&matrix(&saved.out), y);
        net.zero_grad();
        let ((), no_x_g) = timed(|| net.backward_params(saved, tensor(out_g)));
        best = [best[0].min(forward), best[1].min(backward), best[2].min(no_x_g)];
    }
    best
}

/// Gradients of that net, and `x` as the input's.
fn nn_grads(net: &mut nn::Sequential, x: Array2<f32>) -> Grads {
    let mut grads = net.parameters().into_iter().map(|(_, p)| p.grad.clone().expect("backward computed it"));
    let mut next = || grads.next().expect("two layers of two").into_owned();
    let matrix = |g: ndarray::ArrayD<f32>| g.into_dimensionality().expect("a weight's");
    let vector = |g: ndarray::ArrayD<f32>| g.into_dimensionality().expect("a bias's");
    Grads { x, w1: matrix(next()), b1: vector(next()), w2: matrix(next()), b2: vector(next()) }
}

fn first(x_g: &ArrayRef2<f32>) -> ArrayView2<'_, f32> {
    x_g.slice(s![..COMPARED.min(x_g.nrows()), ..])
}

fn timed<R>(f: impl FnOnce() -> R) -> (R, f64) {
    let start = std::time::Instant::now();
    let result = f();
    (result, start.elapsed().as_secs_f64())
}

/// `w1.g, b1.g, w2.g, b2.g = [None]*4`
///
/// Before the next version can be tried, the gradients of the last one have to go, or a comparison would
/// compare it with itself. One call of [`nn`]'s forgets them all.
#[test]
fn s26_reset() {
    let (x, y) = (some_x(), DIGITS.y_train.slice(s![..some_x().nrows()]));
    let (x, mut net) = (tensor(x.to_owned()), nn_net(&net(0.0)));
    let saved = net.forward(&x);
    let out_g = mse_grad(&matrix(&saved.out), &y);
    net.backward_params(saved, tensor(out_g));
    let there = |net: &mut nn::Sequential| net.parameters().iter().filter(|(_, p)| p.grad.is_some()).count();
    show("gradients after backward", there(&mut net)).expected("4");
    test_eq(&there(&mut net), &4);
    net.zero_grad();
    show("gradients after the reset", there(&mut net)).expected("0");
    println!("There is nothing to collect, as Python's gc.collect() would: `saved` owned the activations,");
    println!("backward took it, and they were gone when it returned. The gradients' memory is kept for");
    println!("the next step, which writes over it.");
    test_eq(&there(&mut net), &0);
}

/// `for l in layers: x = l(x)`
///
/// A model is a list of layers, and the forward pass a loop over it. Printed, the list shows what the model
/// is made of. (In the notebook's last version the layers are in a plain Python list, where PyTorch does not
/// look for parameters; the next notebook mends it.)
#[test]
fn s27_the_loop_over_layers() {
    let (x, net) = (some_x(), net(0.0));
    let mut layers = nn_net(&net).layers;
    let mut out = tensor(x.to_owned());
    for l in &layers {
        out = l.infer(&out);
    }
    show("x.shape after the loop", format_args!("{:?}", out.shape())).expected("one number an image");
    println!("{layers:#?}");
    let found: usize = layers.iter_mut().map(|layer| layer.parameters().len()).sum();
    show("parameters in the list", found).measured("0: PyTorch does not look into a plain list");
    test_near(&matrix(&out), &model(&x, &net));
    test_eq(&found, &4);
}

/// Forward and backward in one
///
/// What is left to gain? Each layer reads and writes whole arrays, and memory is slower than the processor. So
/// [`mod@fused`] takes 256 rows at a time through the whole net, forward and back, while they are in the cache. It
/// knows this one net only, and gives the same loss and gradients.
#[test]
fn s27b_fused() {
    let (x, y, net) = (DIGITS.x_train.view(), DIGITS.y_train.view(), net(0.5));
    let with = fastest(|| fused::forward_and_backward(&x, &y, &net));
    let without = fastest(|| fused::forward_and_backward_params(&x, &y, &net));
    let apart = fastest(|| forward_and_backward(&x, &y, &net));
    println!("{} rows, forward and backward ({PROFILE}):", x.nrows());
    println!("function by function   {:>10}", human(apart));
    println!("fused                  {:>10}", human(with));
    println!("fused, without x.g     {:>10}", human(without));
    let (loss, grads) = fused::forward_and_backward(&x, &y, &net);
    let (expected_loss, expected) = forward_and_backward(&x, &y, &net);
    test_near(&loss, &expected_loss);
    test_near_norm(&grads.w1, &expected.w1, 1e-5);
    test_near_norm(&first(&grads.x), &first(&expected.x), 1e-5);
}
