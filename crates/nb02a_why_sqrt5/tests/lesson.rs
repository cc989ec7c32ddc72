//! Notebook 02a, executed section by section: `cargo xtask run nb02a`.
//!
//! Every number of ours is printed beside the course's. Theirs are single draws of random weights; ours are the mean over fifty seeds,
//! with the spread (one standard deviation) that tells how far a single draw may fall.

mod common;
mod figures;

use common::{DIGITS, Spread};
use nb02a_why_sqrt5::four_layers::{CHANNELS, Init, loss};
use nb02a_why_sqrt5::kernels::conv::{avg_pool2d, conv2d};
use nb02a_why_sqrt5::ndarray::{Array1, Array4, ArrayRef1, ArrayRef4, Axis};
use nb02a_why_sqrt5::nn::{Conv2d, Flatten, Module, ReLU, images};
use nb02a_why_sqrt5::timing::human;
use nb02a_why_sqrt5::*;

/// Filters of the notebook's first layer.
const NH: usize = 32;

/// The notebook's `l1 = nn.Conv2d(1, nh, 5)`.
fn l1(rng: &mut Rng) -> Conv2d {
    Conv2d::new(1, NH, 5, 1, 0, rng)
}

/// The same with another weight; the bias stays the default one, as in the notebook.
fn l1_with(weight: Array4<f32>, rng: &mut Rng) -> Conv2d {
    let mut layer = l1(rng);
    layer.weight.value = nn::tensor(weight);
    layer
}

/// `init.kaiming_normal_(l1.weight, a=a)`.
fn kaiming_normal(a: f64, rng: &mut Rng) -> Array4<f32> {
    randn((NH, 1, 5, 5), rng) * (gain(a) / 5.0) as f32
}

fn stats_of(t: &Tensor) -> Stats {
    Stats::of(t)
}

/// The notebook's `f1(x)`, with the plain ReLU.
fn f1(layer: &Conv2d) -> Stats {
    stats_of(&ReLU.infer(&layer.infer(&DIGITS.tensor())))
}

/// How large the outputs of a 5 × 5 convolution are by theory: `√(25 · E[w²] · E[x²] + E[b²])`,
/// with `E[x²]` over what the kernel sees, which without padding is less of the dark border.
fn size_by_theory(weight_std: f64, bias_std: f64) -> f64 {
    let squares = avg_pool2d(&DIGITS.x.mapv(|x| x * x), (5, 5), 1, 0);
    (25.0 * weight_std.powi(2) * mean(&squares) + bias_std.powi(2)).sqrt()
}

/// `get_data`, `normalize`, and images with four axes
///
/// The data are those of the last notebook. The shape is new: `(n, c, h, w)`, so many images,
/// channels, rows and columns. MNIST is grey, one channel. Nothing is copied for that, 784 numbers
/// in a row *are* 28 rows of 28.
#[test]
fn s01_images() {
    let digits = &*DIGITS;
    println!("data: {}", digits.source);
    let as_images = |(n, _): (usize, usize)| format!("[{n}, 1, 28, 28]");
    show("x_train.shape", as_images(digits.train)).course("[50000, 1, 28, 28]");
    show("x_valid.shape", as_images(digits.valid)).course("[10000, 1, 28, 28]");
    show("n, c", format_args!("{}, {}", digits.train.0, digits.classes)).course("50000, 10");
    show("x = x_valid[:100]", format_args!("{:?}", digits.x.shape())).course("[100, 1, 28, 28]");
    test_near_zero(digits.normalized.mean, 1e-3);
    test_near_zero(digits.normalized.std - 1.0, 1e-3);
    only_mnist(&digits.source, "the number of images", || {
        test_eq(&(digits.train.0, digits.classes), &(50_000, 10))
    });
    test_eq(&digits.x.dim(), &(100, 1, 28, 28));
}

/// A convolution as six loops
///
/// Each number that comes out is a sum of products of a small window of the image with the same 25
/// weights. Three loops say where it goes, three what is added up: that is all, see
/// [`conv2d_loops`]. What the nets here run on copies the windows into the rows of a matrix, a few
/// at a time, and calls the product of notebook 01.
#[test]
fn s02_six_loops() {
    let rng = &mut manual_seed(0);
    let (weight, bias) = (randn((8, 1, 5, 5), rng), randn(8, rng));
    let by_loops = conv2d_loops(&DIGITS.x, &weight, &bias, 2, 2);
    let by_product = conv2d(&DIGITS.x, &weight, &bias, 2, 2);
    test_near_norm(&by_product, &by_loops, 1e-6);
    let slow = timeit_n(1, 1, || conv2d_loops(&DIGITS.x, &weight, &bias, 2, 2)).min;
    let fast = timeit_n(5, 1, || conv2d(&DIGITS.x, &weight, &bias, 2, 2)).min;
    println!("100 images, 1 channel to 8, 5 × 5, stride 2, padding 2: {:?}", by_product.dim());
    show("six loops, patches @ weight", format_args!("{}, {}", human(slow), human(fast)))
        .expected("the same numbers");
    test_eq(&by_product.dim(), &(100, 8, 14, 14));
}

/// The first layer
///
/// `l1 = nn.Conv2d(1, nh, 5)`: 32 kernels of 5 × 5, each with a bias.
#[test]
fn s03_the_first_layer() {
    let l1 = l1(&mut manual_seed(0));
    show("l1", format_args!("{l1:?}")).course("Conv2d(1, 32, kernel_size=(5, 5), stride=(1, 1))");
    show("l1.weight.shape", format_args!("{:?}", l1.weight.value.shape())).course("[32, 1, 5, 5]");
    test_eq(&l1.weight.value.shape(), &[32, 1, 5, 5].as_slice());
    test_eq(&l1.bias.value.shape(), &[32].as_slice());
}

/// Its default weights
///
/// Small numbers around 0. By themselves they say little, so the notebook writes down their
/// statistics and goes on. By theory both are uniform between −1/5 and 1/5, whose standard
/// deviation is 1/√75.
#[test]
fn s04_default_weights() {
    let weight = Spread::over_seeds(|rng| stats_of(&l1(rng).weight.value));
    let bias = Spread::over_seeds(|rng| stats_of(&l1(rng).bias.value));
    weight.show("stats(l1.weight)").course("-0.0043 / 0.1156");
    bias.show("stats(l1.bias)").course("0.0212 / 0.1176");
    let theory = 1.0 / 75.0_f64.sqrt();
    show("by theory, 1/√75", format_args!("{theory:.4}")).expected("0.1155");
    test_near_zero(weight.std.mean - theory, 2e-3);
    test_near_zero(bias.std.mean - theory, 5e-3);
    let largest = l1(&mut manual_seed(0)).weight.value.fold(0.0_f32, |most, w| most.max(w.abs()));
    assert!(largest <= 0.2 && largest > 0.19);
}

/// What comes out: 0.6 where 1 went in
///
/// The images have mean 0 and standard deviation 1. What comes out of the layer should be like
/// that, too, and is not. The theory is one line: a sum of 25 products of variance 1/75, and a
/// bias.
#[test]
fn s05_its_output() {
    let out = Spread::over_seeds(|rng| stats_of(&l1(rng).infer(&DIGITS.tensor())));
    out.show("stats(l1(x))").course("0.0107 / 0.5978");
    let std = 1.0 / 75.0_f64.sqrt();
    let theory = size_by_theory(std, std);
    show("by theory", format_args!("{theory:.3}")).expected("√(1/3 + 1/75) = 0.589, were all windows alike");
    test_near_zero(out.size() / theory - 1.0, 0.1);
}

/// Kaiming without a ReLU: about 1
///
/// `init.kaiming_normal_(l1.weight, a=1.)`: a leaky slope of 1 is no ReLU at all. Now what comes
/// out is about as large as what went in.
#[test]
fn s06_kaiming_for_no_relu() {
    let out =
        Spread::over_seeds(|rng| stats_of(&l1_with(kaiming_normal(1.0, rng), rng).infer(&DIGITS.tensor())));
    out.show("stats(l1(x)), a=1").course("0.0267 / 1.1067");
    let theory = size_by_theory(0.2, 1.0 / 75.0_f64.sqrt());
    show("by theory", format_args!("{theory:.3}")).expected("√(1 + 1/75) = 1.007, were all windows alike");
    test_near_zero(out.size() / theory - 1.0, 0.1);
}

/// Kaiming with a ReLU behind it, and the default with one
///
/// The notebook's `f1(x, a)` is a leaky ReLU of slope `a` after the layer; at 0 it is the plain
/// one. With Kaiming's weights about 1 is left, with the default's a third of that. A third a
/// layer: this is the suspicion.
#[test]
fn s07_with_relu() {
    let kaiming = |rng: &mut Rng| l1_with(kaiming_normal(0.0, rng), rng);
    let (with, without) =
        (Spread::over_seeds(|rng| f1(&kaiming(rng))), Spread::over_seeds(|rng| f1(&l1(rng))));
    with.show("stats(f1(x, 0)), kaiming").course("0.5547 / 1.0199");
    without.show("stats(f1(x, 0)), default").course("0.2219 / 0.3653");
    let ratio = with.size() / without.size();
    show("how much less", format_args!("{ratio:.2}")).expected("√6 = 2.45, less what the bias adds");
    assert!((2.2..2.5).contains(&ratio));
}

/// `rec_fs`, and the two fans
///
/// How many products is one output the sum of? `l1.weight[0, 0].numel()`, 25, times the channels
/// in: the fan in. The fan out is that times the channels out.
#[test]
fn s08_fans() {
    let fans = Fans::of(l1(&mut manual_seed(0)).weight.value.shape());
    show("rec_fs", fans.rec_fs).course("25");
    show("nf, ni", format_args!("{}, {}", fans.nf, fans.ni)).course("32, 1");
    let both = (fans.get(Fan::In), fans.get(Fan::Out));
    show("fan_in, fan_out", format_args!("{}, {}", both.0, both.1)).course("25, 800");
    test_eq(&both, &(25, 800));
}

/// `gain(a)`, and where √5 leads
///
/// The paper's factor for a leaky ReLU of slope `a`. At √5 it is 0.577: the weights are made
/// *smaller* than without any ReLU, as if the negative side were amplified.
#[test]
fn s09_gain() {
    let gains = [1.0, 0.0, 0.01, 0.1, 5.0_f64.sqrt()].map(gain);
    let text = gains.map(|gain| format!("{gain:.5}")).join(", ");
    show("gain(1, 0, .01, .1, √5)", &text).course("1.0, 1.41421, 1.41414, 1.40720, 0.57735");
    test_eq(&text.as_str(), &"1.00000, 1.41421, 1.41414, 1.40720, 0.57735");
    test_near_zero(gains[4] - 1.0 / 3.0_f64.sqrt(), 1e-15);
}

/// The standard deviation of a uniform draw
///
/// Between −1 and 1 it is 1/√3. So a uniform draw needs a bound √3 times larger than the standard
/// deviation it should have.
#[test]
fn s10_std_of_uniform() {
    let spread = Spread::over_seeds(|rng| Stats::of(&rand(10_000, rng).mapv(|u| 2.0 * u - 1.0)));
    let std = format!("{:.4}±{:.4}", spread.std.mean, spread.std.std);
    show("torch.zeros(10000).uniform_(-1,1).std()", std).course("0.5788");
    show("1/math.sqrt(3.)", format_args!("{:.5}", 1.0 / 3.0_f64.sqrt())).course("0.57735");
    test_near_zero(spread.std.mean - 1.0 / 3.0_f64.sqrt(), 2e-3);
}

/// `kaiming2`: written again from the paper, and the same question asked
///
/// With a = 0 the layer and its ReLU keep the size. With a = √5 it gives what PyTorch's own default
/// gave. So this *is* the default, and nothing else is wrong with the layer.
#[test]
fn s11_kaiming2() {
    let with = |a: f64| {
        Spread::over_seeds(|rng| {
            let mut layer = l1(rng);
            kaiming2(&mut layer.weight.value, a, Fan::In, rng);
            f1(&layer)
        })
    };
    let (zero, root5) = (with(0.0), with(5.0_f64.sqrt()));
    let default = Spread::over_seeds(|rng| f1(&l1(rng)));
    zero.show("kaiming2(l1.weight, a=0); stats(f1(x))").course("0.5603 / 1.0921");
    root5.show("kaiming2(l1.weight, a=math.sqrt(5.))").course("0.2186 / 0.3437");
    default.show("the default").course("0.2219 / 0.3653");
    test_near_zero(root5.size() / default.size() - 1.0, 0.05);
    assert!(zero.size() / root5.size() > 2.0);
}

/// Is the bound exactly the old one?
///
/// `√3 · gain(√5) / √fan` is `1/√fan`, and that is what Torch had used since the days of Lua. A
/// leaky ReLU was never meant: √5 makes the new function return the old number. How the course
/// found that out is the lesson: read `reset_parameters`, write the claim down as a test, and ask
/// the people who know (pytorch#15314 is the public question).
#[test]
fn s12_why_sqrt5() {
    for fan in [1, 25, 72, 288, 800_000] {
        let bound = 3.0_f64.sqrt() * gain(5.0_f64.sqrt()) / f64::from(fan).sqrt();
        println!(
            "fan {fan:>6}: √3 · gain(√5) / √fan = {bound:.6} and 1/√fan = {:.6}",
            1.0 / f64::from(fan).sqrt()
        );
        test_near_zero(bound * f64::from(fan).sqrt() - 1.0, 1e-15);
    }
    println!(
        "Papers: Kaiming 1502.01852, SELU 1706.02515, orthogonal 1312.6120, LSUV 1511.06422, Fixup 1901.09321."
    );
}

/// `Flatten`: the whole batch to one vector?
///
/// The notebook's is `x.view(-1)`. With one output for each image the result happens to be right:
/// 100 numbers. With ten it would be 1000, and the images lost. Ours, like PyTorch's `nn.Flatten`,
/// keeps the first axis.
#[test]
fn s13_flatten() {
    let one = Flatten.infer(&nn::tensor(Array4::zeros((100, 1, 1, 1))));
    let ten = Flatten.infer(&nn::tensor(Array4::zeros((100, 10, 1, 1))));
    show("Flatten of [100, 1, 1, 1]", format_args!("{:?}", one.shape())).course("[100], by view(-1)");
    show("Flatten of [100, 10, 1, 1]", format_args!("{:?}", ten.shape())).expected("[1000] with view(-1)");
    test_eq(&(one.shape(), ten.shape()), &([100, 1].as_slice(), [100, 10].as_slice()));
}

/// Four layers, and nothing is left
///
/// 1 → 8 → 16 → 32 → 1 channels, each convolution with stride 2, ReLUs between them, and the mean
/// of the last image. With PyTorch's default weights, the outputs for a hundred different digits
/// are the same number up to some thousandths, and what comes back to the first layer is small,
/// too. With Kaiming's weights and no bias both are of the size that they should be. This is the
/// whole notebook in two lines.
#[test]
fn s14_four_layers() {
    let left = |init| {
        let all = |rng: &mut Rng| Left::of(&mut four_layers(init, rng), &DIGITS.tensor(), &DIGITS.y);
        (Spread::over_seeds(|rng| all(rng).out), Spread::over_seeds(|rng| all(rng).weight_g))
    };
    let ((out, grad), (kaiming_out, kaiming_grad)) = (left(Init::Default), left(Init::Kaiming));
    out.show("stats(y), default").course("0.0875 / 0.0065");
    grad.show("stats(m[0].weight.grad), default").course("0.0054 / 0.0333");
    kaiming_out.show("stats(y), kaiming_uniform").course("-0.0352 / 0.4043");
    kaiming_grad.show("stats(m[0].weight.grad), kaiming").course("0.0093 / 0.4231");
    let (outs, grads) = (kaiming_out.std.mean / out.std.mean, kaiming_grad.std.mean / grad.std.mean);
    println!(
        "Kaiming's outputs differ {outs:.0} times as much, and the first layer learns {grads:.0} times as fast."
    );
    assert!(outs > 10.0 && grads > 3.0, "{outs} {grads}");
    only_mnist(&DIGITS.source, "how much is left of MNIST", || {
        assert!(out.std.mean < 0.02 && (0.2..0.8).contains(&kaiming_out.std.mean));
        test_near_zero(grad.std.mean - 0.0377, 5e-3);
        test_near_zero(kaiming_grad.std.mean - 0.545, 0.06);
    });
}

/// Where it goes, layer by layer
///
/// Each layer with its ReLU leaves a part of what it was given; with the default it is about 0.4
/// each time. So nothing is wrong with any single layer: it is the product of four such factors
/// that kills the signal.
#[test]
fn s15_layer_by_layer() {
    let left = |init| Left::of(&mut four_layers(init, &mut manual_seed(0)), &DIGITS.tensor(), &DIGITS.y);
    let nets = [("default", left(Init::Default)), ("Kaiming", left(Init::Kaiming))];
    let stds = |left: &Left| left.layers.iter().map(|layer| stats_of(layer).std).collect::<Vec<_>>();
    for (init, left) in &nets {
        let text: Vec<String> = stds(left).iter().map(|std| format!("{std:.4}")).collect();
        println!("{init:<8} std after each layer: {}", text.join("  "));
    }
    figures::show("four-layers", || figures::four_layers(&nets));
    let (default, kaiming) = (stds(&nets[0].1), stds(&nets[1].1));
    assert_eq!(default.len(), CHANNELS.len() - 1);
    assert!(default.windows(2).all(|pair| pair[1] < 0.7 * pair[0]), "{default:?}");
    assert!(kaiming[2] > 0.3 * kaiming[0], "{kaiming:?}");
}

/// The same in Swift
///
/// The course went through this notebook again in Swift. Its first layer says the same as ours: with
/// a = 0 about 1 is left, with √5 a third of that. Its four layers do not: `kaimingUniform` takes a
/// slope of 1 where none is named, and none is; and a Swift layer starts with `kaimingNormal`, of
/// slope 1 as well. So the two nets that it compares are initialised alike, for layers without a
/// ReLU, and 0.13 and 0.32 are two draws of the same. With a = 0 it would have been the last line.
#[test]
fn s16_swift() {
    let first = |a: f64| {
        Spread::over_seeds(|rng| {
            let mut layer = Conv2d::new(1, NH, 5, 1, 2, rng);
            layer.kaiming_(a, rng);
            f1(&layer)
        })
    };
    let (zero, root5) = (first(0.0), first(5.0_f64.sqrt()));
    zero.show("relu(l1(x)), uniform, a=0").course("0.4976 / 1.0268");
    root5.show("relu(l1(x)), uniform, a=√5").course("0.1808 / 0.3493");
    let net = |init: fn(&mut Conv2d, &mut Rng)| {
        let all = |rng: &mut Rng| Left::of(&mut swift_net(init, rng), &DIGITS.tensor(), &DIGITS.y);
        (Spread::over_seeds(|rng| all(rng).out), Spread::over_seeds(|rng| all(rng).weight_g))
    };
    let normal = net(|conv, rng| {
        conv.kaiming_(1.0, rng);
        let std = gain(1.0) / (Fans::of(conv.weight.value.shape()).get(Fan::In) as f64).sqrt();
        let shape = images(&conv.weight.value).raw_dim();
        conv.weight.value = nn::tensor(randn(shape, rng) * std as f32);
    });
    let uniform = net(|conv, rng| conv.kaiming_(1.0, rng));
    let meant = net(|conv, rng| conv.kaiming_(0.0, rng));
    normal.0.show("four layers, normal, a=1: out").course("0.1730 / 0.1252");
    uniform.0.show("four layers, uniform, a=1: out").course("-0.3769 / 0.3202");
    meant.0.show("four layers, uniform, a=0: out").expected("√2⁴ = 4 times that");
    normal.1.show("… normal, a=1: first weight's grad").course("-0.0570 / 0.2777");
    uniform.1.show("… uniform, a=1: first weight's grad").course("0.1008 / 0.5422");
    test_near_zero(zero.size() / root5.size() - 6.0_f64.sqrt(), 0.01);
    test_near_zero(normal.0.size() / uniform.0.size() - 1.0, 0.3);
    test_near_zero(meant.0.size() / uniform.0.size() - 4.0, 0.01);
}

/// The Swift notebook's `Model`: no padding in the last layer, so one pixel is left and nothing to average.
fn swift_net(init: fn(&mut Conv2d, &mut Rng), rng: &mut Rng) -> nn::Sequential {
    let mut conv = |ni, nf, ks, padding| {
        let mut conv = Conv2d::new(ni, nf, ks, 2, padding, rng);
        init(&mut conv, rng);
        conv
    };
    let (first, second) = (conv(1, 8, 5, 2), conv(8, 16, 3, 1));
    let (third, last) = (conv(16, 32, 3, 1), conv(32, 1, 3, 0));
    let net = nn::Sequential::new().then(first).then(ReLU).then(second).then(ReLU).then(third).then(ReLU);
    net.then(last).then(Flatten)
}

/// Does it matter for learning?
///
/// The notebook stops at the gradient. Five steps of gradient descent from both starts show what it
/// means: the default has first to find its mean, while Kaiming's net tells the digits apart from
/// the start.
#[test]
fn s17_five_steps() {
    let (x, y) = (DIGITS.tensor(), &DIGITS.y);
    let after = |init| {
        let mut net = four_layers(init, &mut manual_seed(1));
        for _ in 0..5 {
            net.zero_grad();
            let _ = Left::of(&mut net, &x, y);
            net.parameters().into_iter().for_each(|(_, p)| p.step(|value, grad| value - 0.01 * grad));
        }
        let out = net.infer(&x);
        (loss(&net, &x, y), stats_of(&out).std)
    };
    let (default, kaiming) = (after(Init::Default), after(Init::Kaiming));
    println!("loss and std of the outputs after five steps of 0.01");
    show("default", format_args!("{:.2}, {:.4}", default.0, default.1)).expected("outputs still alike");
    show("Kaiming", format_args!("{:.2}, {:.4}", kaiming.0, kaiming.1)).expected("outputs that differ");
    let spread = stats_of(&nn::tensor(y.view().insert_axis(Axis(1)).to_owned())).std;
    println!("(The labels' own std is {spread:.2}.)");
    assert!(kaiming.1 > 3.0 * default.1 && default.0.is_finite() && kaiming.0.is_finite());
}

/// A gradient, checked
///
/// The convolution's gradients by the six loops, by the fast kernel, and by pushing each number a
/// little, in `f64`. Two images, three channels, and no size equal to another, since equal ones hide
/// mistakes.
#[test]
fn s18_gradients() {
    let rng = &mut manual_seed(3);
    let (x, weight, bias) = (randn((2, 3, 7, 6), rng), randn((4, 3, 5, 2), rng), randn(4, rng));
    let out_g = randn(conv2d_loops(&x, &weight, &bias, 2, 1).raw_dim(), rng);
    let fast = kernels::conv::conv2d_grad(&x, &weight, &out_g, 2, 1);

    let (x, weight, out_g) = (x.mapv(f64::from), weight.mapv(f64::from), out_g.mapv(f64::from));
    let bias: Array1<f64> = bias.mapv(f64::from);
    let loops = conv2d_loops_grad(&x, &weight, &out_g, 2, 1);
    let loss = |x: &ArrayRef4<f64>, weight: &ArrayRef4<f64>, bias: &ArrayRef1<f64>| {
        (conv2d_loops(x, weight, bias, 2, 1) * &out_g).sum()
    };
    let pushed = ConvGrad {
        x: finite_difference(|x| loss(x, &weight, &bias), &x, 1e-4),
        weight: finite_difference(|weight| loss(&x, weight, &bias), &weight, 1e-4),
        bias: finite_difference(|bias| loss(&x, &weight, bias), &bias, 1e-4),
    };
    let apart = relative_norm(&loops.weight, &pushed.weight);
    show("weight: loops from pushing", format_args!("{apart:.1e}")).expected("≤ 1e-8");
    test_near_norm(&loops.x, &pushed.x, 1e-8);
    test_near_norm(&loops.weight, &pushed.weight, 1e-8);
    test_near_norm(&loops.bias, &pushed.bias, 1e-8);
    test_near_norm(&fast.input.mapv(f64::from), &pushed.x, 1e-5);
    test_near_norm(&fast.weight.mapv(f64::from), &pushed.weight, 1e-5);
    test_near_norm(&fast.bias.mapv(f64::from), &pushed.bias, 1e-5);
}
