//! Notebook 00: the few lines on which everything else stands. `cargo xtask run nb00` shows it executed.

#[path = "../../../lib/kernels/tests/main/common/failure.rs"]
mod common;

use common::failure;
use nb00_testing::ndarray::{Array1, Array2, array, s};
use nb00_testing::*;

/// The first export: a constant, so that there is something to test
///
/// The first notebook begins with one line that is worth nothing by itself: a constant. It is exported to a
/// module, imported again and tested, and so the whole machinery has been tried before there is anything to
/// lose.
#[test]
fn s01_test_constant() {
    println!("TEST = {TEST:?}");
    test_eq(TEST, "test");
}

/// `test(a, b, cmp, cname)`: any comparison, and a message that shows both sides
///
/// One function for all checks to come: it takes two values and a comparison. What a test is worth shows
/// when it fails, so look at the message: the name of the comparison, then both sides below each other,
/// where the eye can compare them.
#[test]
fn s02_test() {
    test(&3, &4, |a, b| a < b, "<");
    test("matmul", "mat", |a, b| a.starts_with(b), "starts with");

    let failed = failure(|| test(&5, &4, |a, b| a < b, "<"));
    println!("test(5, 4, <) fails with\n{}", failed.message);
    test_eq(&failed.message, "<:\n5\n4");
}

/// `test_eq`: the comparison that every notebook uses first
///
/// Equality, for numbers, text, shapes and whole arrays. In Rust both sides have to be of types that can be
/// compared at all, so some mistakes do not even compile.
#[test]
fn s03_test_eq() {
    test_eq(&(1 + 1), &2);
    test_eq(&[50_000, 784], &[50_000, 784]);
    test_eq(&array![[1, 2], [3, 4]], &array![[1, 2], [3, 4]]);

    let failed = failure(|| test_eq(TEST, "tset"));
    println!("test_eq(TEST, \"tset\") fails with\n{}", failed.message);
    test_eq(&failed.message, "==:\n\"test\"\n\"tset\"");
}

/// `near`: `|a − b| ≤ 1e-5 + 1e-3 · |b|`, so the border grows with b, and only with b
///
/// Computed numbers are hardly ever equal, so "near" has to do: PyTorch's `allclose` with the lesson's
/// tolerances. The formula has two parts, one for numbers about zero and one for all others, and it is not
/// symmetric: see the last row.
#[test]
fn s04_near() {
    println!("{:>12} {:>12}   near(a, b)  near(b, a)", "a", "b");
    for (a, b) in [(1.001, 1.0), (1.001_02, 1.0), (0.0, 9e-6), (0.0, 1.1e-5), (100.0, 100.100_1)] {
        println!("{a:>12} {b:>12}   {:<11} {}", near(&a, &b), near(&b, &a));
    }
    assert!(near(&1.001, &1.0) && !near(&1.001_02, &1.0));
    assert!(near(&0.0, &9e-6) && !near(&0.0, &1.1e-5), "about zero only the absolute part counts");
    // It is not symmetric: what is allowed is measured by b.
    let (small, large) = (100.0, 100.100_1);
    assert!(near(&small, &large), "a thousandth of the larger one is allowed");
    assert!(!near(&large, &small), "a thousandth of the smaller one is less");
}

/// NaN is near nothing, and infinity only itself
///
/// NaN is what comes out when a computation has gone wrong, so a comparison that let it pass would
/// be worthless: it is not even near itself. Infinity is near itself: two results may both overflow
/// and still agree.
#[test]
fn s05_nan_and_infinity() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    show("near(NaN, NaN)", near(&nan, &nan)).measured("False");
    show("near(inf, inf)", near(&inf, &inf)).measured("True");
    assert!(near(&inf, &inf), "infinity is near itself");
    for (a, b) in [(nan, nan), (nan, 0.0), (0.0, nan), (inf, -inf), (inf, f32::MAX), (f32::MAX, inf)] {
        assert!(!near(&a, &b), "near({a}, {b})");
    }
    // One NaN spoils a whole array, wherever it hides.
    let mut a = Array2::<f32>::ones((3, 5));
    a[[2, 3]] = nan;
    let failed = failure(|| test_near(&a, &a));
    println!("{}", failed.message);
    assert!(failed.message.contains("1 of 15 elements") && failed.message.contains("at [2, 3]"));
}

/// One `near` for numbers, slices and arrays of any rank, in f32 and f64
///
/// Python does not ask what it is given. In Rust one trait says that numbers, slices, vectors, arrays and
/// views are all arrays of some shape, and one function serves them all. Views are compared by index,
/// wherever they lie in memory.
#[test]
fn s06_whatever_is_an_array() {
    test_near(&0.1_f32, &0.1_f64);
    test_near(&[1.0, 2.0], &vec![1.0, 2.0]);
    test_near(&[1.0_f32, 2.0], &array![1.0, 2.0]);
    // Views are compared by their indices, not by how they lie in memory.
    let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    test_near(&a.t(), &array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    test_near(&a.slice(s![.., ..;-2]), &array![[3.0, 1.0], [6.0, 4.0]]);
    test_near(&Array2::<f32>::zeros((0, 3)), &Array2::<f32>::zeros((0, 3)));
    println!("shape of a number       {:?}", 0.1.as_array().shape());
    println!("shape of [1, 2]         {:?}", [1.0, 2.0].as_array().shape());
    println!("shape of a transpose    {:?}, strides {:?}", a.t().shape(), a.t().strides());
}

/// The trap in `torch.allclose`: it broadcasts, so a wrong shape passes
///
/// A column of fifty and a vector of fifty are not the same thing, and in this lesson the difference is a
/// favourite mistake. PyTorch stretches both to fifty by fifty and finds them close. So ours compares the
/// shapes first.
#[test]
fn s07_shapes_first() {
    let (column, flat) = (Array2::<f32>::ones((50, 1)), Array1::<f32>::ones(50)); // equal, whatever meets
    show("near(ones(50, 1), ones(50))", near(&column, &flat)).measured("True, by broadcasting");
    // This is what PyTorch compares: both as (50, 50).
    let square = (column.broadcast((50, 50)).unwrap(), flat.broadcast((50, 50)).unwrap());
    assert!(near(&square.0, &square.1));
    assert!(!near(&column, &flat) && !near(&flat, &column));
    assert!(!near(&1.0, &[1.0]), "a number and a vector of one");
    assert!(!near(&[1.0; 3], &[1.0; 4]), "three and four");
    assert!(!near(&Vec::<f32>::new(), &[1.0]), "none and one");
    assert!(!near(&Array2::<f32>::zeros((0, 3)), &Array2::<f32>::zeros((3, 0))), "empty, but not alike");

    let failed = failure(|| test_near(&column, &flat));
    println!("{}", failed.message.lines().next().unwrap_or_default());
    assert!(failed.message.contains("[50, 1] and [50] differ"));
}

/// `test_near`: a failure says how far, how often and where
///
/// "Not close" is no help among a million numbers. The message has the shapes, the number of elements that
/// differ, the largest difference, and its index. And it points at the line of the test, not at a line
/// inside of this crate.
#[test]
fn s08_test_near() {
    let a = Array2::from_shape_fn((3, 4), |(i, j)| (4 * i + j) as f32);
    let mut b = a.clone();
    test_near(&a, &b);
    (b[[0, 1]], b[[2, 3]]) = (1.01, 12.0);
    let failed = failure(|| test_near(&a, &b));
    println!("{}\n(at {}:{})", failed.message, failed.place.0, failed.place.1);
    test_eq(&failed.place.0.as_str(), &file!());
    for part in ["shapes [3, 4] and [3, 4]", "2 of 12 elements", "1.000000e0 at [2, 3] (11 and 12)"] {
        assert!(failed.message.contains(part), "`{part}` is missing in: {}", failed.message);
    }
}

/// `test_near_zero`: for means and deviations, within 1e-3
///
/// A mean should be 0, a standard deviation minus 1 should be 0: relative tolerances make no sense there, so
/// this one is absolute.
#[test]
fn s09_test_near_zero() {
    test_near_zero(0.000_9_f32, 1e-3);
    test_near_zero(-0.001, 1e-3);
    for bad in [0.001_01, -0.5, f64::NAN, f64::INFINITY] {
        let failed = failure(|| test_near_zero(bad, 1e-3));
        println!("{}", failed.message.replace('\n', " "));
        test_eq(&failed.message, &format!("near zero (within 0.001):\n{bad}"));
    }
}

/// Where `near` is blind: gradients smaller than its absolute tolerance
///
/// The gradients of notebook 02 are smaller than 1e-5 for the most part. So `near` finds nine
/// tenths of them near *zero*. A wrong gradient is still caught, by its few large elements. With
/// ten times the data, all of its elements would be ten times smaller, and it would not be.
#[test]
fn s10_small_gradients() {
    // Made up, but as large as the lesson's gradient with respect to x_train and as crowded about zero.
    let grad = Array1::linspace(-1.0_f64, 1.0, 10_001).mapv(|u| 5.7e-5 * u.powi(17));
    let (zero, halved) = (Array1::zeros(grad.len()), &grad / 2.0);
    show("% of the gradient near zero", format_args!("{:.1}", percent_near(&zero, &grad)))
        .measured("90.7 of x_train's");
    let half = format!("{:.1}", percent_near(&halved, &grad));
    show("% near half of itself", half).measured("99.1 of x_train's");
    assert!(percent_near(&zero, &grad) > 85.0 && percent_near(&halved, &grad) > 90.0);
    assert!(!near(&zero, &grad), "a few large elements save the lesson's check");

    // A gradient shrinks as 1/n: with ten times the rows its absence would not be noticed.
    let more_rows = &grad / 10.0;
    println!("ten times the rows: near(0, grad) is {}", near(&zero, &more_rows));
    println!("‖0 − grad‖ / ‖grad‖ is {}", relative_norm(&zero, &more_rows));
    assert!(near(&zero, &more_rows));
    test_eq(&relative_norm(&zero, &more_rows), &1.0);
}

/// `test_near_norm`: a gradient measured by its own size, so that a factor cannot hide
///
/// The length of the difference divided by the length of the right answer: an error of a half is
/// 0.5, whether the numbers are millions or millionths. All gradients here are checked this way as
/// well.
#[test]
fn s11_test_near_norm() {
    let grad = Array1::linspace(-1.0_f64, 1.0, 1001).mapv(|u| u.powi(5));
    for scale in [1e6, 1.0, 1e-6, 1e-30] {
        let grad = &grad * scale;
        let (almost, halved) = (&grad * (1.0 + 1e-6), &grad / 2.0);
        println!(
            "{scale:>5.0e}   {:.1e}   {:.1e}",
            relative_norm(&almost, &grad),
            relative_norm(&halved, &grad)
        );
        test_near_norm(&almost, &grad, 1e-5);
        test_near(&relative_norm(&halved, &grad), &0.5);
        failure(|| test_near_norm(&halved, &grad, 1e-5));
    }
    test_eq(&relative_norm(&[3.0, 4.5], &[3.0, 4.0]), &0.1);
    test_eq(&relative_norm(&[0.0], &[0.0]), &0.0);
    test_eq(&relative_norm(&[1.0], &[0.0]), &f64::INFINITY);
}

fn percent_near(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let near = a.iter().zip(b).filter(|(a, b)| near(*a, *b)).count();
    100.0 * near as f64 / a.len() as f64
}

/// `%time` and `%timeit`: how long does it take?
///
/// `time` runs the code once. `timeit` runs it many times, in several rounds; compare the fastest
/// round, since something else on the machine slowed the others. Every time names the build it was
/// taken in, since a number from an unoptimised build means nothing.
#[test]
fn s12_timeit() {
    let x: Vec<f64> = (0..1000).map(f64::from).collect();
    let sum = || x.iter().sum::<f64>();
    let total = time("one sum of 1000 numbers", sum);
    test_eq(&total, &499_500.0);

    let timing = timeit_n(7, 10, sum);
    println!("%timeit -n 10: {timing}");
    test_eq(&(timing.runs, timing.loops), &(7, 10));
    let timing = timeit(sum);
    println!("%timeit:       {timing}");
    assert!(timing.min > 0.0, "the optimiser removed the work");
    assert!(timing.min <= timing.mean);
    for part in [" ± ", " per loop (mean ± std. dev. of 7 runs, ", " loops each), min ", "opt-level"] {
        assert!(timing.to_string().contains(part), "`{part}` is missing in: {timing}");
    }
}
