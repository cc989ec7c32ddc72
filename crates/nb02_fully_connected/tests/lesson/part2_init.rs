//! Random weights, and the size of what a layer makes of them.

use super::*;

/// Random weights, too large
///
/// An output is a sum of 784 products. If inputs and weights are of size 1, the sum is of size √784 = 28,
/// and after some thirty layers nothing is left but infinities. [`init`] is about the right size. Every draw of
/// weights gives other numbers; ours are a mean over fifty seeds, with the spread that one draw has.
#[test]
fn s05_raw_weights() {
    Spread::over_seeds(|rng| Stats::of(&randn((784, 80), rng)))
        .show("randn(784, 80)")
        .measured("-0.0040 / 1.0009, one draw");
    Spread::over_seeds(|rng| Stats::of(&randn((80, 1), rng)))
        .show("randn(80, 1)")
        .measured("0.0546 / 0.8732, one draw");
    let x = some_x();
    let l1 = Spread::over_seeds(|rng| Stats::of(&lin(&x, &randn((784, NH), rng), &Array1::zeros(NH))));
    show("x @ randn(784, 50)", &l1).expected("√784 = 28 times too large");
    assert!((l1.std.mean / 28.0 - 1.0).abs() < 0.15);
}

/// Xavier: divided by √m
///
/// What grows by √m is divided by √m: that is all of Xavier initialisation as the lesson writes it, after
/// the first name of Xavier Glorot (Glorot and Bengio, 2010). The two checks at the end are the notebook's
/// own.
#[test]
fn s06_xavier() {
    let (w1, w2) = (xavier(784, NH, &mut manual_seed(0)), xavier(NH, 1, &mut manual_seed(0)));
    describe("w1", &w1);
    describe("w2", &w2);
    Spread::over_seeds(|rng| Stats::of(&xavier(784, 80, rng)))
        .show("randn(784, 80)/√784")
        .measured("-0.0001 / 0.0358, one draw");
    Spread::over_seeds(|rng| Stats::of(&xavier(80, 1, rng)))
        .show("randn(80, 1)/√80")
        .measured("0.0030 / 0.1121, one draw");
    // The lesson's own assertions.
    test_near_zero(mean(&w1), 1e-3);
    test_near_zero(std(&w1) - 1.0 / 784.0_f64.sqrt(), 1e-3);
}

/// `lin(x, w1, b1)` keeps mean 0 and standard deviation 1
///
/// A linear layer is `x @ w + b`. With weights of the right size, what comes out is as large as what went
/// in. The mean is 0 only on average over draws: how far one draw strays is printed, and the course's 0.2 is
/// a rare one.
#[test]
fn s07_lin() {
    let x = some_x();
    let t = Spread::over_seeds(|rng| Stats::of(&lin(&x, &xavier(784, NH, rng), &Array1::zeros(NH))));
    t.show("lin(x, w1, b1)").course("0.2035 / 1.0095");
    println!(
        "The mean's spread is {:.3}; the course's 0.2035 is {:.1} times that: a rare draw.",
        t.mean.std,
        0.2035 / t.mean.std
    );
    assert!(t.mean.mean.abs() < 0.05 && (t.std.mean - 1.0).abs() < 0.1);
    // By hand, with a bias that is not 0, and no two numbers alike.
    let (x, w) = (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[1.0, 4.0], [2.0, 5.0], [3.0, 7.0]]);
    test_eq(&lin(&x, &w, &array![0.5, -1.0]), &array![[14.5, 34.0], [32.5, 82.0]]);
}

// ## The size of activations

/// `relu` moves the mean and halves the second moment
///
/// `max(x, 0)` cuts off everything below 0. So the mean rises to 0.4, and the standard deviation falls to
/// 0.58. What halves, exactly, is the mean of the squares. The variance does not halve, it falls to a third;
/// the homework "half of what" comes back to that.
#[test]
fn s08_relu_after_xavier() {
    let x = some_x();
    let t = Spread::over_seeds(|rng| Stats::of(&relu(&lin(&x, &xavier(784, NH, rng), &Array1::zeros(NH)))));
    t.show("relu(lin(x, w1, b1))").course("0.5063 / 0.6765");
    println!("Of a standard normal it would be 1/√2π = 0.399 and √(1/2 − 1/2π) = 0.584.");

    let z = relu(&randn((1_000, 1_000), &mut manual_seed(0)));
    test_near_zero(mean(&z) - 0.398_942, 2e-3);
    test_near_zero(std(&z) - 0.583_796, 2e-3);
}

/// Kaiming: the factor 2 that a ReLU needs
///
/// If a ReLU halves the mean of the squares, weights that are √2 times larger give it back. That is Kaiming
/// initialisation (He et al., 2015). It promises neither mean 0 nor standard deviation 1: what comes out as
/// it went in is the mean of the squares.
#[test]
fn s09_kaiming() {
    let x = some_x();
    Spread::over_seeds(|rng| Stats::of(&kaiming(784, NH, rng)))
        .show("randn(m, nh)*√(2/m)")
        .course("0.0001 / 0.0508");
    let out =
        Spread::over_seeds(|rng| Stats::of(&relu(&lin(&x, &kaiming(784, NH, rng), &Array1::zeros(NH)))));
    out.show("relu(lin(x, w1, b1))").course("0.5678 / 0.8491");
    println!("Of a normal of variance 2 it would be 1/√π = 0.564 and √(1 − 1/π) = 0.826.");

    // What Kaiming initialisation promises: the second moment, E[x²], comes out as it went in.
    let second = |s: Stats| s.mean.powi(2) + s.std.powi(2);
    let goes_in = second(Stats::of(&x));
    let comes_out = (out.mean.mean.powi(2) + out.mean.std.powi(2)) + out.std.mean.powi(2);
    show("E[x²] in, E[relu²] out", format_args!("{goes_in:.3}, {comes_out:.3}"))
        .expected("equal, on average over weights");
    assert!((comes_out / goes_in - 1.0).abs() < 0.05);
}

/// `init.kaiming_normal_(w1, mode='fan_out')`, and uniform
///
/// PyTorch has it built in. It assumes that every matrix has the shape of its own layers, `(out, in)`. The
/// lesson's matrix is `(in, out)`, so what PyTorch calls `fan_out` is the number of inputs, and the lesson has
/// to ask for `mode='fan_out'` to get what `fan_in` promises. Our function also takes the layout, so the two
/// names keep their meaning. Normal and uniform weights of the same standard deviation give the same result.
#[test]
fn s10_kaiming_in_place() {
    let x = some_x();
    type Fill = for<'w> fn(&'w mut ArrayRef2<f32>, f64, Fan, Layout, &mut Rng) -> &'w mut ArrayRef2<f32>;
    let w1 = |fill: Fill, nh, rng: &mut Rng| {
        let mut w1 = Array2::zeros((784, nh));
        fill(&mut w1, 0.0, Fan::Out, Layout::OutIn, rng); // the lesson's call, word for word
        w1
    };
    let mut stds = Vec::new();
    for (fill, nh, name, courses) in [
        (kaiming_normal_ as Fill, NH, "normal, nh 50", ["-0.0001 / 0.0502", "—", "0.5542 / 0.8006"]),
        (
            kaiming_uniform_,
            80,
            "uniform, nh 80",
            ["-8.06e-5 / 0.05043, one draw", "0.0587 / 1.4557, one draw", "—"],
        ),
    ] {
        let l1 = |rng: &mut Rng| lin(&x, &w1(fill, nh, rng), &Array1::zeros(nh));
        let weights = Spread::over_seeds(|rng| Stats::of(&w1(fill, nh, rng)));
        weights.show(&format!("w1 ({name})")).course(courses[0]);
        Spread::over_seeds(|rng| Stats::of(&l1(rng))).show("lin(x, w1, b1)").course(courses[1]);
        Spread::over_seeds(|rng| Stats::of(&relu(&l1(rng)))).show("relu(lin(x, w1, b1))").course(courses[2]);
        stds.push(weights.std.mean);
    }
    test_near_zero(stds[0] - (2.0_f64 / 784.0).sqrt(), 1e-4);
    test_near_zero(stds[1] - (2.0_f64 / 784.0).sqrt(), 1e-4);
}

/// `relu − 0.5`: the mean comes back towards 0
///
/// An idea that the lesson tries: if a ReLU lifts the mean by about a half, take the half away again. The
/// mean is smaller, not 0, and question 3 asks why. The second layer has one output, so its mean is one random
/// number for each draw of the weights: look at its spread.
#[test]
fn s11_shifted_relu() {
    let x = some_x();
    let l2 = |nh, rng: &mut Rng| shifted_relu(&lin(&x, &kaiming(784, nh, rng), &Array1::zeros(nh)), 0.5);
    let t = Spread::over_seeds(|rng| Stats::of(&l2(NH, rng)));
    t.show("relu(x) − 0.5, nh 50").course("0.1071 / 0.8995");
    Spread::over_seeds(|rng| Stats::of(&l2(80, rng)))
        .show("relu(x) − 0.5, nh 80")
        .measured("0.1045 / 0.8618, one draw");
    let out = |rng: &mut Rng| lin(&l2(80, rng), &kaiming(80, 1, rng), &Array1::zeros(1));
    let out = Spread::over_seeds(|rng| Stats::of(&out(rng)));
    out.show("linear_2, nh 80").measured("-0.8572 / 1.0908, one draw");
    assert!(t.mean.mean.abs() < 0.2 && out.mean.std > 0.2);
}

/// Leaky ReLU: a little of what is negative passes
///
/// Instead of nothing, a hundredth of what is negative goes through, so that no unit is ever dead. Its slope
/// on that side is +0.01. The gain changes with the slope, and the last lines
/// check the formula.
#[test]
fn s12_leaky_relu() {
    let x = array![[-3.0, -1.0, 0.0, 2.0]];
    show("leaky_relu(x, 0.01)", leaky_relu(&x, 0.01)).expected("0.01 x below 0");
    show("its slope", leaky_relu_grad(&x, &Array2::ones((1, 4)), 0.01)).expected("0.01 below 0");
    test_near(&leaky_relu(&x, 0.01), &array![[-0.03, -0.01, 0.0, 2.0]]);
    test_near(&leaky_relu_grad(&x, &array![[1.0, 2.0, 3.0, 4.0]], 0.01), &array![[0.01, 0.02, 0.03, 4.0]]);
    for a in [0.0, 0.01, 0.1, 1.0] {
        println!("a = {a:<4}  gain = √(2/(1 + a²)) = {:.4}", gain(a));
    }
    // The formula keeps the second moment for any slope.
    for a in [0.1, 0.5] {
        let z = randn((500, 400), &mut manual_seed(1));
        let mut w = Array2::zeros((400, 300));
        kaiming_normal_(&mut w, a, Fan::In, Layout::InOut, &mut manual_seed(2));
        let out = leaky_relu(&lin(&z, &w, &Array1::zeros(300)), a as f32);
        let second_moment = mean(&(&out * &out));
        println!("a = {a:<4}  E[leaky_relu(z @ w)²] = {second_moment:.3} for E[z²] = 1");
        assert!((second_moment - 1.0).abs() < 0.05);
    }
}

/// The mysterious √5, and a wrong square root
///
/// How does `nn.Linear` initialise itself? By `kaiming_uniform_` with `a = √5`, which had no explanation when the
/// lesson was held. It amounts to a bound of `1/√fan`, hence a deviation of `1/√(3·fan)`, two and a half times
/// smaller than a ReLU needs. The second half shows a slip: the second layer's weights divided by √m, the root of
/// the first layer's size. Its output is 3.96 times too small, and no error says so.
#[test]
fn s13_other_initialisations() {
    let x = some_x();
    let default = Spread::over_seeds(|rng| Stats::of(&nn::Linear::new(784, NH, rng).weight.value));
    let by_formula = "kaiming_uniform_(a=√5): std 1/√(3·784) = 0.0206";
    show("nn.Linear's own weights", &default).expected(by_formula);
    let images = tensor(x.to_owned());
    let out = |rng: &mut Rng| Stats::of(&nn::ReLU.infer(&nn::Linear::new(784, NH, rng).infer(&images)));
    let out = Spread::over_seeds(out);
    show("relu(nn.Linear(x))", out).expected("2.4 times smaller than with Kaiming");
    test_near_zero(default.std.mean - 1.0 / (3.0_f64 * 784.0).sqrt(), 1e-4);

    println!("w2 divided by √nh, and by √m instead:");
    let out = |by: f32, rng: &mut Rng| {
        let l2 = relu(&lin(&x, &kaiming(784, NH, rng), &Array1::zeros(NH)));
        Stats::of(&lin(&l2, &(randn((NH, 1), rng) / by), &Array1::zeros(1)))
    };
    let right = Spread::over_seeds(|rng| out((NH as f32).sqrt(), rng));
    let wrong = Spread::over_seeds(|rng| out(28.0, rng));
    show("out, w2/√nh", &right).measured("0.705 is its std");
    show("out, w2/√m", &wrong).measured("0.178: √(784/50) = 3.96 times too small");
    test_near_zero(right.std.mean / wrong.std.mean - 3.96, 0.01);
}

/// A convolution is a linear layer with many zeros
///
/// A small kernel slides over a picture. Written as one matrix, each column is the kernel in one of its
/// places: the same four numbers again and again, and zeros everywhere else. So all that this notebook says
/// about linear layers holds for convolutions, too.
#[test]
fn s14_convolution() {
    let (image, kernel) = (Array1::range(1.0, 10.0, 1.0), [[1.0, 2.0], [3.0, 4.0]]);
    // The kernel [[a, b], [c, d]] slid over a 3 × 3 image: four positions, four columns.
    let mut w = Array2::<f32>::zeros((9, 4));
    for (out, (row, column)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            w[[(row + i) * 3 + column + j, out]] = kernel[i][j];
        }
    }
    println!("w.t(), one row per position of the kernel:\n{}", w.t());
    let out = lin(&image.insert_axis(Axis(0)), &w, &Array1::zeros(4));
    show("lin(image, w, 0)", &out).expected("37 47 67 77: the kernel slid by hand");
    test_eq(&out, &array![[37.0, 47.0, 67.0, 77.0]]);
    test_eq(&w.iter().filter(|&&w| w == 0.0).count(), &20);
}

/// Thirty layers: why He et al. could train what others could not
///
/// In these layers of 200 units, weights of size 1 make each sum √200 = 14 times too large, hence its square 200 times; a
/// ReLU halves the mean of the squares. Neither matters much in one layer. In thirty both do: the first curve explodes,
/// the second vanishes. Only with weights that make up for what the ReLU takes away do the activations keep their size.
#[test]
fn s15_thirty_layers() {
    println!("E[x²] after each ReLU of a net of 200 units a layer (the papers' pictures):");
    let second_moment = |x: &Array2<f32>| x.mapv(|x| f64::from(x).powi(2)).mean().expect("not empty"); // f32 ends at 3e38
    println!("{:>6} {:>14} {:>14} {:>14}", "layer", "randn", "Xavier", "Kaiming");
    let mut x = [1, 2, 3].map(|seed| randn((100, 200), &mut manual_seed(seed)));
    let (mut moments, mut all) = ([0.0; 3], [vec![], vec![], vec![]]);
    let mut rng = manual_seed(4);
    for layer in 1..=30 {
        for (x, (moment, scale)) in
            x.iter_mut().zip(moments.iter_mut().zip([1.0, 1.0 / 200.0_f32.sqrt(), 0.1]))
        {
            *x = relu(&matmul(x, &(randn((200, 200), &mut rng) * scale)));
            *moment = second_moment(x);
        }
        all.iter_mut().zip(moments).for_each(|(all, moment)| all.push(moment));
        if [1, 2, 5, 10, 22, 30].contains(&layer) {
            println!("{layer:>6} {:>14.3e} {:>14.3e} {:>14.3e}", moments[0], moments[1], moments[2]);
        }
    }
    figures::show("thirty-layers", || figures::thirty_layers(all));
    println!("He et al. converge with 30 layers where Xavier stalls; Fixup (2019) gets to 10,000 layers");
    println!("without normalisation.");
    assert!((1e58..1e62).contains(&moments[0]), "explodes: 100³⁰");
    assert!(moments[1] < 1e-8, "halves every time: 2⁻³⁰");
    assert!((0.1..10.0).contains(&moments[2]), "stays");
}

/// Ten layers: what an initialisation leaves of the activations
///
/// The classic picture of the [Stanford lecture](https://cs231n.github.io/neural-networks-2/#init)
/// (Karpathy, from 45:00 on), computed here: 500 units a layer, each connected to all of the layer before. Too small weights let every activation die, and so every gradient; Xavier's keep `tanh` alive, and a
/// ReLU needs Kaiming's factor 2.
#[test]
fn s15b_ten_layers() {
    let small: Init = |m, nh, rng| 0.01 * randn((m, nh), rng);
    let (tanh, relu): (Activation, Activation) = (f32::tanh, |x| x.max(0.0));
    let mut nets = vec![];
    println!("Layers 1, 4 and 10, each as a histogram with its standard deviation:");
    for (activation, f, range) in [("tanh", tanh, -1.0..1.0), ("ReLU", relu, 0.0..3.0)] {
        for (init, weights) in [("0.01 · randn", small), ("Xavier", xavier), ("Kaiming", kaiming)] {
            let layers = ten_layers(weights, f);
            let net = figures::Deep { init, activation, range: range.clone(), layers };
            println!("{activation} {init:<12} {} {} {}", net.seen(0), net.seen(3), net.seen(9));
            nets.push(net);
        }
    }
    figures::show("ten-layers", || figures::ten_layers(&nets));
    let last = |i: usize| std(&nets[i].layers[9]);
    assert!(last(0) < 1e-3 && (0.1..0.5).contains(&last(1)) && last(2) > last(1), "tanh");
    assert!(last(3) < 1e-3 && last(4) < last(5) / 10.0 && (0.3..2.0).contains(&last(5)), "ReLU");
}

type Activation = fn(f32) -> f32;

/// The activations of ten layers, from normal inputs.
fn ten_layers(weights: Init, activation: Activation) -> Vec<Array2<f32>> {
    let rng = &mut manual_seed(0);
    let mut x = randn((200, 500), rng);
    let mut layer = || {
        x = matmul(&x, &weights(500, 500, rng)).mapv(activation);
        x.clone()
    };
    (0..10).map(|_| layer()).collect()
}
