//! Statistics against exact integer arithmetic, and initialisation against its formulas.

use nb02_fully_connected::ndarray::{Array1, Array2, Array3, Axis, array, s};
use nb02_fully_connected::*;

/// Numbers `k / 2¹⁶` with `k < 2²⁴` (but for the `first`): exact in `f32`, so that integers can say what the answer is.
fn exact(n: u64, first: u64) -> (Array1<f32>, f64, f64) {
    let k = |i: u64| if i == 0 { first } else { i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 };
    let x = Array1::from_iter((0..n).map(|i| k(i) as f32 / 65_536.0));
    let sum: u128 = (0..n).map(|i| u128::from(k(i))).sum();
    let squares: u128 = (0..n).map(|i| u128::from(k(i)).pow(2)).sum();
    let n = u128::from(n);
    let variance = (n * squares - sum * sum) as f64 / (n * (n - 1)) as f64;
    (x, sum as f64 / n as f64 / 65_536.0, variance.sqrt() / 65_536.0)
}

#[test]
fn mean_and_std_are_those_of_exact_arithmetic() {
    // Around the lanes' 8 and the blocks' 262,144, and large enough for f32 to fail.
    for n in [2, 3, 7, 8, 9, 1_000, 65_537, 262_143, 262_144, 262_145, 5_000_001] {
        let (x, m, s) = exact(n, 0);
        let stats = Stats::of(&x);
        println!("{n}: {stats}, exactly {m} and {s}; in f32 {}", stats::mean_in_f32(&x));
        test_near_norm(&stats.mean, &m, 1e-12);
        test_near_norm(&stats.std, &s, 1e-12);
        assert_eq!(stats.len, x.len());
    }
}

/// What is subtracted is the mean of the first numbers, which may be nowhere near the others.
#[test]
fn a_first_number_far_away_costs_no_digits() {
    for (bits, n) in [(25, 65_536), (25, 262_144), (35, 65_536), (35, 262_144), (45, 65_536), (45, 262_144)] {
        let (x, m, s) = exact(n, 1 << bits);
        test_near_norm(&Stats::of(&x).mean, &m, 1e-12);
        test_near_norm(&Stats::of(&x).std, &s, 1e-12);
    }
}

#[test]
fn an_infinite_number_makes_the_mean_infinite() {
    for place in [0, 1, 65_536, 262_144, 300_000, 599_999] {
        let mut x = Array1::ones(600_000);
        x[place] = f32::NEG_INFINITY;
        let stats = Stats::of(&x);
        assert!(
            stats.mean == f64::NEG_INFINITY && stats.std.is_nan(),
            "{place}: {stats}, torch: -inf and nan"
        );
    }
}

/// The cell of the lesson that needs no MNIST: the same mistakes on numbers made up for it.
#[test]
fn f32_accumulation_is_far_off() {
    let tenths = Array1::from_elem(10_000_000, 0.1_f32);
    assert!(
        stats::mean_in_f32(&tenths) > 0.108,
        "a plain f32 sum is 8 % off: {}",
        stats::mean_in_f32(&tenths)
    );
    assert!(stats::std_in_f32(&tenths).is_nan(), "and the shortcut takes the root of a negative number");
    assert_eq!((mean(&tenths), std(&tenths)), (f64::from(0.1_f32), 0.0));
}

/// What they compute is right where nothing is lost.
#[test]
fn f32_accumulation_is_exact_on_small_whole_numbers() {
    let x = array![1.0, 3.0, 5.0, 7.0];
    assert_eq!((stats::mean_in_f32(&x), stats::std_in_f32(&x)), (4.0, 5.0_f32.sqrt()));
}

#[test]
fn stats_are_shown_with_four_digits() {
    assert_eq!(Stats::of(&array![-1.0, 1.0]).to_string(), "mean: 0.0000, std: 1.4142");
}

#[test]
fn std_far_from_zero_keeps_its_digits() {
    // E[x²] − E[x]² would lose all of them, even in f64.
    let x = Array1::from_iter((0..100_000).map(|i| 16_777_000.0 + (i % 3) as f32));
    let third = x.slice(s![..99_999]);
    let (n, exact) = (99_999.0_f64, (2.0 / 3.0_f64));
    test_near_norm(&std(&third), &(exact * n / (n - 1.0)).sqrt(), 1e-12);
    assert_eq!(mean(&third), 16_777_001.0);
}

#[test]
fn any_rank_and_any_strides() {
    let x: Array3<f32> = randn((90, 80, 80), &mut manual_seed(1)); // every second one is more than a block
    let whole = Stats::of(&x);
    for view in [x.view().reversed_axes(), x.slice(s![..;-1, .., ..])] {
        test_near_norm(&Stats::of(&view).mean, &whole.mean, 1e-12);
        test_near_norm(&Stats::of(&view).std, &whole.std, 1e-12);
    }
    let every_second = x.slice(s![.., ..;2, ..]);
    assert_eq!(Stats::of(&every_second).len, 90 * 40 * 80);
    test_near_norm(&Stats::of(&every_second).std, &Stats::of(&every_second.to_owned()).std, 1e-12);
    assert_eq!(mean(&array![2.0].index_axis(Axis(0), 0)), 2.0, "rank 0");
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let x = randn(1_000_003, &mut manual_seed(2));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let stats = pool.install(|| Stats::of(&x));
        (stats.mean.to_bits(), stats.std.to_bits())
    };
    assert_eq!(with(1), with(2));
    assert_eq!(with(1), with(7));
}

#[test]
fn empty_single_and_not_a_number() {
    let empty = Stats::of(&Array2::zeros((0, 784)));
    assert!(empty.mean.is_nan() && empty.std.is_nan() && empty.len == 0);
    let single = Stats::of(&array![7.0]);
    assert!(single.mean == 7.0 && single.std.is_nan(), "torch.std of one number is nan");
    assert!(mean(&array![1.0, f32::NAN]).is_nan());
    assert_eq!(mean(&array![1.0, f32::INFINITY]), f64::INFINITY);
}

#[test]
fn normalize_gives_zero_and_one() {
    let x = rand((1_000, 30), &mut manual_seed(3)) * 7.0 + 100.0;
    let x = normalize(&x, mean(&x), std(&x));
    test_near_zero(mean(&x), 1e-5);
    test_near_zero(1.0 - std(&x), 1e-5);
    assert!(normalize(&Array2::ones((2, 2)), 1.0, 0.0).iter().all(|x| x.is_nan()), "constant images");
}

/// He's formula, with the numbers worked out by hand: `√(2 / ((1 + a²) · fan))`.
#[test]
fn kaiming_std_by_fan_and_layout() {
    use Layout::{InOut, OutIn};
    let cases = [
        (Fan::In, InOut, 0.0, 0.050_507_627),
        (Fan::Out, OutIn, 0.0, 0.050_507_627),
        (Fan::Out, InOut, 0.0, 0.2),
        (Fan::In, OutIn, 0.0, 0.2),
        (Fan::In, InOut, 0.01, 0.050_505_102),
        (Fan::In, InOut, 5.0_f64.sqrt(), 0.020_619_652),
    ];
    for (fan, layout, a, expected) in cases {
        let mut w = Array2::zeros((784, 50));
        test_near_norm(&init::kaiming_std(w.dim(), a, fan, layout), &expected, 1e-6);
        // 39,200 draws: their std is known to about √(1 / 2n) = 0.4 %.
        for fill in [kaiming_normal_, kaiming_uniform_] {
            let drawn = std(fill(&mut w, a, fan, layout, &mut manual_seed(5)));
            assert!(
                (drawn / expected - 1.0).abs() < 0.015,
                "{fan:?} {layout:?} {a}: {drawn}, expected {expected}"
            );
        }
    }
}

#[test]
fn uniform_stays_within_its_bound_and_reaches_it() {
    let mut w = Array2::zeros((784, 50));
    kaiming_uniform_(&mut w, 0.0, Fan::In, Layout::InOut, &mut manual_seed(6));
    let largest = w.iter().fold(0.0_f32, |max, w| max.max(w.abs()));
    let bound = (6.0_f32 / 784.0).sqrt();
    assert!(largest <= bound && largest > 0.999 * bound, "{largest} of {bound}");
}

#[test]
fn initialising_nothing_writes_nothing() {
    let mut w = Array2::zeros((0, 5));
    kaiming_normal_(&mut w, 0.0, Fan::In, Layout::InOut, &mut manual_seed(7));
    kaiming_uniform_(&mut w, 0.0, Fan::Out, Layout::OutIn, &mut manual_seed(7));
}

#[test]
fn linear_starts_as_pytorchs_does() {
    let linear = nn::Linear::new(784, 50, &mut manual_seed(8));
    let expected = 1.0 / (3.0_f64 * 784.0).sqrt();
    assert!((std(&linear.weight.value) / expected - 1.0).abs() < 0.015);
    let largest = linear.bias.value.iter().fold(0.0_f32, |max, b| max.max(b.abs()));
    assert!(largest <= 1.0 / 28.0 && largest > 0.8 / 28.0, "50 draws from ±1/28 come near it: {largest}");
}

/// Nothing comes in, so there is nothing to scale by: PyTorch's bias is 0 then, too.
#[test]
fn a_linear_layer_without_inputs_has_a_bias_of_zeros() {
    let linear = nn::Linear::new(0, 5, &mut manual_seed(0));
    assert_eq!(linear.bias.value, nn::tensor(Array1::<f32>::zeros(5)));
    assert_eq!(nn::Linear::new(5, 0, &mut manual_seed(0)).weight.value.shape(), [5, 0]);
}

/// In blocks and in parallel, or one by one where strides say so: to the last bit what the formula says.
/// The underscore changes where the result goes, and nothing else.
#[test]
fn normalize_in_place_is_normalize() {
    for shape in [(0, 3), (1, 1), (7, 13), (70, 1_000)] {
        let x = randn(shape, &mut manual_seed(9));
        let expected = normalize(&x, 0.25, 3.0);
        let mut whole = x.clone();
        normalize::normalize_(&mut whole, 0.25, 3.0);
        assert_eq!(whole, expected);
        let mut transposed = x.clone();
        normalize::normalize_(&mut transposed.view_mut().reversed_axes(), 0.25, 3.0);
        assert_eq!(transposed, expected);
        let mut some = x.clone();
        normalize::normalize_(&mut some.slice_mut(s![.., ..;2]), 0.25, 3.0);
        assert_eq!(some.slice(s![.., ..;2]), expected.slice(s![.., ..;2]));
        assert_eq!(some.slice(s![.., 1..;2]), x.slice(s![.., 1..;2]), "nothing in between is touched");
    }
}

#[test]
fn normalize_is_its_formula_for_any_size_and_strides() {
    for (n, m) in [(0, 3), (1, 1), (70_001, 3), (3, 70_001)] {
        let x = randn((n, m), &mut manual_seed(0));
        let expected = x.mapv(|x| (x - 0.25) / 3.0);
        assert_eq!(normalize(&x, 0.25, 3.0), expected);
        assert_eq!(normalize(&x.t(), 0.25, 3.0), expected.t());
        assert_eq!(normalize(&x.slice(s![..;-2, ..]), 0.25, 3.0), expected.slice(s![..;-2, ..]));
    }
}
