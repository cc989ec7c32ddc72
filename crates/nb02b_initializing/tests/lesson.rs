//! Notebook 02b, executed section by section: `cargo xtask run nb02b`.
//!
//! Every number of ours is printed beside the course's and beside the theory. The course's are single
//! draws; ours are the mean over some seeds with their spread, one standard deviation.

mod figures;

use nb02b_initializing::explosion::through_layers_with;
use nb02b_initializing::ndarray::{Array1, Array2};
use nb02b_initializing::orthogonal::orthonormal_columns;
use nb02b_initializing::*;

/// Numbers in the notebook's vector.
const N: usize = 512;
/// Seeds that a statistic is taken over: a hundred matrices of 512 × 512 are 26 million draws.
const SEEDS: u64 = 5;

/// The weights of a layer: the notebook's `torch.randn(512,512) * scale`.
fn scaled(scale: f32) -> impl FnMut(&mut Rng) -> Array2<f32> {
    move |rng| randn((N, N), rng) * scale
}

fn stats_text(x: &Array1<f32>) -> String {
    let Stats { mean, std, .. } = Stats::of(x);
    format!("{mean:.4} / {std:.4}")
}

/// Both moments over the seeds, beside the course's and the theory; within `tolerance` of it.
fn compare(what: &str, course: [&str; 2], theory: Moments, tolerance: f64, f: impl Fn(&mut Rng) -> Moments) {
    let all: Vec<Moments> = (0..SEEDS).map(|seed| f(&mut manual_seed(seed))).collect();
    let of =
        |number: fn(&Moments) -> f64| Stats::of(&all.iter().map(|m| number(m) as f32).collect::<Array1<_>>());
    let (means, squares) = (of(|m| m.mean), of(|m| m.square));
    let with_theory = |s: Stats, theory: f64| format!("{:.4}±{:.4}, in theory {theory:.4}", s.mean, s.std);
    show(&format!("{what}: mean"), with_theory(means, theory.mean)).course(course[0]);
    show(&format!("{what}: mean square"), with_theory(squares, theory.square)).course(course[1]);
    let size = theory.square.sqrt();
    assert!((means.mean - theory.mean).abs() < tolerance * size, "{}", means.mean);
    assert!((squares.mean / theory.square - 1.0).abs() < tolerance, "{}", squares.mean);
}

/// A hundred layers: nan
///
/// A vector of 512 numbers of size 1, times a matrix of such numbers, a hundred times. It could be
/// a deep net without activations. What comes out is no number any more.
#[test]
fn s01_explosion() {
    let end = through_layers(N, 100, scaled(1.0), &mut manual_seed(0));
    show("x.mean(), x.std()", stats_text(&end.x)).course("nan / nan");
    assert!(end.x.iter().all(|x| !x.is_finite()) && Stats::of(&end.x).mean.is_nan());
}

/// When exactly?
///
/// The notebook looks: at loop index 28 the standard deviation is nan for the first time. It could
/// have been computed. Each product makes the vector √512 = 22.6 times longer, and an `f32` ends at
/// 3.4e38: after ln 3.4e38 / ln 22.6 = 28.4 products. The largest of the 512 numbers is some three
/// times their mean size, so it gets there a little earlier. The index is the same for every draw.
#[test]
fn s02_when_exactly() {
    let expected = expected_end(512.0_f64.sqrt());
    let lost: Vec<usize> = (0..SEEDS)
        .map(|seed| through_layers(N, 31, scaled(1.0), &mut manual_seed(seed)).lost.expect("it explodes"))
        .collect();
    show("the first index that is lost", format_args!("{lost:?}")).course("28");
    show("ln 3.4e38 / ln √512", format_args!("{expected:.1}")).expected("28.4");
    test_near_zero(expected - 28.45, 0.01);
    assert!(lost.iter().all(|&index| index == 27 || index == 28), "{lost:?}");
    let sizes = through_layers(N, 20, scaled(1.0), &mut manual_seed(0)).sizes;
    let growth = (sizes[19] / sizes[0]).powf(1.0 / 19.0);
    show("growth a product", format_args!("{growth:.2}")).expected("22.63");
    test_near_zero(growth / 512.0_f64.sqrt() - 1.0, 0.02);
}

/// A hundredth of it: 0
///
/// The obvious remedy is to make the weights smaller. Times 0.01 each product makes the vector
/// 0.226 times as long, and the other end of `f32`,
/// 1.4e-45, is reached after 69 products. All numbers are 0 then, and nothing will ever bring them back.
#[test]
fn s03_vanishing() {
    let end = through_layers(N, 100, scaled(0.01), &mut manual_seed(0));
    show("x.mean(), x.std()", stats_text(&end.x)).course("0. / 0.");
    let (lost, expected) = (end.lost.expect("it vanishes"), expected_end(0.01 * 512.0_f64.sqrt()));
    show("the first index at which all are 0", lost)
        .expected(format!("ln 1.4e-45 / ln 0.226 = {expected:.1}"));
    assert!(end.x.iter().all(|&x| x == 0.0));
    assert!((expected - 2.0..expected + 2.0).contains(&(lost as f64)), "{lost} {expected}");
}

/// The magic number
///
/// Divided by √512, the vector is after a hundred layers as large as before. (Not quite: the
/// logarithm of its length wanders. Its spread over the seeds shows that the course's 0.93 is an
/// ordinary draw.)
#[test]
fn s04_the_magic_number() {
    let scale = 1.0 / 512.0_f32.sqrt();
    show("1/math.sqrt(512)", format_args!("{scale:.5}")).course("0.04419");
    let end = through_layers(N, 100, scaled(scale), &mut manual_seed(0));
    show("x.mean(), x.std()", stats_text(&end.x)).course("-0.0171 / 0.9270");
    let size = |rng: &mut Rng| {
        *through_layers(128, 100, |rng| randn((128, 128), rng) / 128.0_f32.sqrt(), rng).sizes.last().unwrap()
    };
    let sizes: Vec<f64> = (0..20).map(|seed| size(&mut manual_seed(seed))).collect();
    println!(
        "128 numbers, twenty seeds: {}",
        sizes.iter().map(|size| format!("{size:.2}")).collect::<Vec<_>>().join(" ")
    );
    // ln size has a standard deviation of √(100 / 2n) about: 0.31 for 512, 0.63 for 128.
    assert!(end.lost.is_none() && (0.3..3.0).contains(end.sizes.last().unwrap()));
    assert!(sizes.iter().all(|size| (0.08..12.0).contains(size)));
}

/// Where it comes from: one layer
///
/// `y = a @ x`, with new numbers each time (a hundred in the notebook, here fifty for each of five seeds): the mean of
/// `y` is about 0, that of `y²` about 512. That is the square of what the vector has to be divided by.
#[test]
fn s05_one_layer() {
    let theory = Moments::layer_theory(N, 1.0, After::Nothing);
    compare("y = a@x", [".0118", "516.79"], theory, 0.03, |rng| {
        Moments::of_layers(N, 1.0, 50, After::Nothing, rng)
    });
}

/// … and one product
///
/// Each number of `y` is a sum of 512 products, and one product of two random numbers has mean 0
/// and mean square 1. Variances of independent numbers add up; that is all there is to it.
#[test]
fn s06_one_product() {
    let theory = Moments::product_theory(After::Nothing);
    compare("a·x", [".0133", ".9896"], theory, 0.03, |rng| {
        Moments::of_products(10_000, After::Nothing, rng)
    });
}

/// ReLU in the mix: one product
///
/// The negative half becomes 0, and with it half of the squares; and the mean is no longer 0 but
/// 1/π.
#[test]
fn s07_relu_one_product() {
    let theory = Moments::product_theory(After::Relu);
    compare("relu(a·x)", [".3133", ".4903"], theory, 0.03, |rng| {
        Moments::of_products(10_000, After::Relu, rng)
    });
}

/// ReLU in the mix: one layer
///
/// Half of 512. The mean is that of a normal number of variance 512, cut off at 0: √(512/2π) =
/// 9.03.
#[test]
fn s08_relu_one_layer() {
    let theory = Moments::layer_theory(N, 1.0, After::Relu);
    compare("relu(a@x)", ["9.0052", "257.37"], theory, 0.03, |rng| {
        Moments::of_layers(N, 1.0, 50, After::Relu, rng)
    });
}

/// … and Kaiming's factor
///
/// So the weights have to be √(2/512). That is Kaiming's initialisation, found by experiment: the
/// mean square is 1 again (the mean is not 0, and cannot be).
#[test]
fn s09_kaiming() {
    let scale = (2.0_f64 / 512.0).sqrt();
    let theory = Moments::layer_theory(N, scale, After::Relu);
    compare("relu(a@x·√(2/512))", [".5643", "1.0055"], theory, 0.03, |rng| {
        Moments::of_layers(N, scale as f32, 50, After::Relu, rng)
    });
    figures::show("moments", || figures::squares(&moments_by_seed()));
}

/// The mean square of one layer of each kind divided by its theory, a number a seed.
fn moments_by_seed() -> Vec<(&'static str, Vec<f64>)> {
    let kinds = [
        ("a@x", After::Nothing, 1.0),
        ("relu(a@x)", After::Relu, 1.0),
        ("relu(a@x·√(2/n))", After::Relu, (2.0_f64 / 64.0).sqrt()),
    ];
    let one = |after, scale: f64, seed| {
        let measured = Moments::of_layers(64, scale as f32, 20, after, &mut manual_seed(seed)).square;
        measured / Moments::layer_theory(64, scale, after).square
    };
    kinds.map(|(name, after, scale)| (name, (0..30).map(|seed| one(after, scale, seed)).collect())).into()
}

/// A hundred layers with ReLUs
///
/// The whole story once more, with a ReLU after each layer: without the factor 2 half of the
/// squares are lost in each, 2⁻⁵⁰ of the size in a hundred.
#[test]
fn s10_a_hundred_layers_with_relu() {
    let n = 256;
    let end = |scale: f32| {
        let mut weights = |rng: &mut Rng| randn((n, n), rng) * scale;
        *through_layers_with(n, 100, &mut weights, |x| x.max(0.0), &mut manual_seed(0)).sizes.last().unwrap()
    };
    let (xavier, kaiming) = (end((1.0 / n as f32).sqrt()), end((2.0 / n as f32).sqrt()));
    show("size after 100 layers, 1/√n", format_args!("{xavier:.1e}")).expected("2⁻⁵⁰ = 8.9e-16");
    show("… √(2/n)", format_args!("{kaiming:.2}")).expected("about 1");
    // The logarithm wanders by √(100 · 5/4 / n) about, 0.7 here: four of that.
    assert!((xavier / 2.0_f64.powi(-50)).ln().abs() < 2.8 && kaiming.ln().abs() < 2.8, "{xavier} {kaiming}");
}

/// Orthogonal matrices
///
/// An orthogonal matrix changes no length at all. So a hundred of them leave the vector exactly as
/// long as it was: no wandering, no magic number. How one is made is in [`mod@orthogonal`]; it is
/// checked here against its definition.
#[test]
fn s11_orthogonal() {
    let n = 128;
    let q = orthogonal(n, &mut manual_seed(0));
    let apart = relative_norm(&matmul(&q.t(), &q), &Array2::<f32>::eye(n));
    show("‖qᵀ@q − 1‖ / ‖1‖", format_args!("{apart:.1e}")).expected("f32's rounding");
    test_near_zero(apart, 1e-6);
    let sizes = through_layers(n, 100, |rng| orthogonal(n, rng), &mut manual_seed(0)).sizes;
    let ratio = sizes[99] / sizes[0];
    show("size after 100 layers / after one", format_args!("{ratio:.6}")).expected("1");
    test_near_zero(ratio - 1.0, 1e-4);
    let even = orthonormal_columns(&ndarray::array![[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]]);
    let by_hand = ndarray::array![
        [0.6, -0.8 * 0.4 / 4.16_f64.sqrt()],
        [0.8, 0.6 * 0.4 / 4.16_f64.sqrt()],
        [0.0, 2.0 / 4.16_f64.sqrt()]
    ];
    test_near_norm(&even, &by_hand, 1e-12);
}

/// Nearly parallel columns
///
/// What the construction has to survive: columns that are nearly sums of each other. One pass of
/// Gram and Schmidt leaves them at other than right angles by 1e-6 here; two do not.
#[test]
fn s12_nearly_parallel() {
    let hilbert = Array2::from_shape_fn((10, 10), |(i, j)| 1.0 / (1.0 + i as f64 + j as f64)); // the classic
    let q = orthonormal_columns(&hilbert);
    let apart = relative_norm(&q.t().dot(&q), &Array2::<f64>::eye(10));
    show("‖qᵀ@q − 1‖, Hilbert's matrix of 10", format_args!("{apart:.1e}")).expected("f64's rounding");
    test_near_zero(apart, 1e-14);
}

/// Three strategies
///
/// The notebook ends with an outlook. To keep the size of what goes through a net one can *scale*
/// the weights (Xavier, Kaiming: this notebook), start with *orthogonal* ones (1312.6120, above),
/// or divide each matrix by its largest stretch at every step, its *spectral norm* (1802.05957).
/// The numbers below say how they differ: by how much does a matrix stretch the direction that it
/// stretches most?
#[test]
fn s13_three_strategies() {
    let (n, rng) = (128, &mut manual_seed(0));
    let random = randn((n, n), rng) / (n as f32).sqrt();
    let (scaled, orthogonal) = (largest_stretch(&random), largest_stretch(&orthogonal(n, rng)));
    let normed = largest_stretch(&(&random / scaled as f32));
    show("scaled by 1/√n", format_args!("{scaled:.3}")).expected("2, for large n");
    show("orthogonal", format_args!("{orthogonal:.3}")).expected("1");
    show("divided by its spectral norm", format_args!("{normed:.3}")).expected("1, and all others less");
    test_near_zero(scaled - 2.0, 0.15);
    test_near_zero(orthogonal - 1.0, 1e-4);
    test_near_zero(normed - 1.0, 1e-3);
}

/// The spectral norm by power iteration: what is multiplied by `aᵀ @ a` again and again turns into
/// the direction stretched most.
fn largest_stretch(a: &Array2<f32>) -> f64 {
    let length = |x: &Array2<f32>| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let mut x = randn((a.ncols(), 1), &mut manual_seed(1));
    for _ in 0..300 {
        x = matmul(&a.t(), &matmul(a, &x));
        x /= length(&x) as f32;
    }
    length(&matmul(a, &x))
}
