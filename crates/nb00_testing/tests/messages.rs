//! What a failed comparison tells: the caller's line, shapes, counts, the worst element; and never too much.

#[path = "../../../lib/kernels/tests/main/common/failure.rs"]
mod common;

use common::failure;
use nb00_testing::ndarray::{Array1, Array2, Array3, ArrayD, IxDyn, array};
use nb00_testing::timing::human;
use nb00_testing::*;
use std::panic::Location;

/// The caller's line, as a failure on the same line should name it.
#[track_caller]
fn here() -> (String, u32) {
    let here = Location::caller();
    (here.file().into(), here.line())
}

#[test]
#[rustfmt::skip] // the failure and the line that it should name stand on one line
fn every_failure_points_at_the_callers_line() {
    for (what, failed, here) in [
        ("test", failure(|| test(&1, &2, |a, b| a == b, "==")), here()),
        ("test_eq", failure(|| test_eq(&1, &2)), here()),
        ("test_near", failure(|| test_near(&1.0, &2.0)), here()),
        ("test_near, shapes", failure(|| test_near(&1.0, &[1.0])), here()),
        ("test_near_zero", failure(|| test_near_zero(1.0, 1e-3)), here()),
        ("relative_norm", failure(|| drop(relative_norm(&1.0, &[1.0]).to_string())), here()),
        ("test_near_norm", failure(|| test_near_norm(&1.0, &2.0, 1e-5)), here()),
        ("test_near_norm, shapes", failure(|| test_near_norm(&1.0, &[2.0], 1e-5)), here()),
        ("timeit_n", failure(|| drop(timeit_n(0, 1, || ()).to_string())), here()),
    ] {
        assert_eq!(failed.place, here, "{what}: {}", failed.message);
    }
}

/// ∞ − ∞ is no number, and still two of them are no distance apart.
#[test]
fn equal_infinities_are_not_the_largest_difference() {
    let message = failure(|| test_near(&array![f64::INFINITY, 1.0], &array![f64::INFINITY, 2.0])).message;
    assert!(message.contains("the largest difference is 1.000000e0 at [1]"), "{message}");
}

#[test]
fn shapes_counts_and_the_worst_element_are_named() {
    let (a, mut b) = (Array3::<f64>::zeros((2, 3, 4)), Array3::<f64>::zeros((2, 3, 4)));
    b[[1, 2, 3]] = -0.5;
    b[[0, 1, 0]] = 0.25;
    let message = failure(|| test_near(&a, &b)).message;
    for part in
        ["near:", "shapes [2, 3, 4] and [2, 3, 4]", "2 of 24", "5.000000e-1 at [1, 2, 3] (0 and -0.5)"]
    {
        assert!(message.contains(part), "`{part}` is missing in:\n{message}");
    }
}

#[test]
fn the_worst_element_is_found_in_views_as_well() {
    let a = array![[0.0_f32, 1.0, 2.0], [3.0, 4.0, 5.0]];
    let mut b = a.t().to_owned();
    b[[2, 1]] = 7.0;
    let message = failure(|| test_near(&a.t(), &b)).message;
    assert!(message.contains("1 of 6") && message.contains("at [2, 1] (5 and 7)"), "{message}");
}

#[test]
fn nan_counts_as_the_worst() {
    let message = failure(|| test_near(&[1.0, 9.0, f64::NAN], &[1.0, 2.0, 3.0])).message;
    assert!(message.contains("2 of 3") && message.contains("inf at [2] (NaN and 3)"), "{message}");
}

#[test]
fn different_shapes_are_both_named() {
    let (column, flat) = (Array2::<f32>::zeros((50, 1)), Array1::<f32>::zeros(50));
    for message in [
        failure(|| test_near(&column, &flat)).message,
        failure(|| test_near_norm(&column, &flat, 1.0)).message,
        failure(|| drop(relative_norm(&column, &flat).to_string())).message,
    ] {
        assert!(message.contains("[50, 1]") && message.contains("[50]"), "{message}");
    }
}

#[test]
fn the_norm_and_what_was_allowed_are_named() {
    let message = failure(|| test_near_norm(&[3.0, 4.5], &[3.0, 4.0], 1e-5)).message;
    assert!(message.contains("= 1.00e-1, allowed 1e-5"), "{message}");
    failure(|| test_near_norm(&[f64::NAN], &[f64::NAN], 1e9));
    failure(|| test_near_norm(&[f64::INFINITY, 1.0], &[f64::INFINITY, 2.0], 1e9));
    failure(|| test_near_norm(&[1e-170], &[2e-170], 0.4));
    failure(|| test_near_norm(&[1.0], &[0.0], 1e9));
    test_near_norm(&[0.0], &[0.0], 0.0);
    test_near_norm(&Vec::<f32>::new(), &Vec::<f32>::new(), 0.0);
}

/// As much as fits on one screen, however large the values are, and it says that something is missing.
#[test]
fn long_values_do_not_flood_the_terminal() {
    let wide = Array2::<f32>::zeros((400, 784));
    let deep = ArrayD::<f64>::zeros(IxDyn(&[2, 3, 4, 3, 2, 2]));
    let (flat, zeros) = (vec![0.123_456_789_f64; 100_000], vec![0.0; 100_000]);
    let text = "è".repeat(1_000_000);
    for (what, message) in [
        ("a wide array", failure(|| test_near(&wide, &(&wide + 1.0))).message),
        ("an array of rank 6", failure(|| test_near(&deep, &(&deep + 1.0))).message),
        ("a long vector", failure(|| test_near(&flat, &zeros)).message),
        ("a vector that is compared exactly", failure(|| test_eq(&flat, &zeros)).message),
        ("a long text", failure(|| test_eq(text.as_str(), "e")).message),
    ] {
        let (lines, longest) = (message.lines().count(), message.lines().map(|l| l.chars().count()).max());
        assert!(lines <= 50 && longest <= Some(700), "{what}: {lines} lines, up to {longest:?} characters");
        assert!(message.contains('…') || message.contains("..."), "{what}: it does not say so:\n{message}");
    }
}

/// A value that never stops describing itself is cut as well, instead of filling the memory.
#[test]
fn endless_values_are_cut() {
    struct Endless;
    impl std::fmt::Debug for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            loop {
                f.write_str("again and ")?;
            }
        }
    }
    let message = failure(|| test(&Endless, &1, |_, _| false, "never")).message;
    assert!(message.len() < 1000 && message.contains("again and again and"), "{message}");
}

/// Where long values are the same for long, the place where they are not is shown.
#[test]
fn a_difference_far_inside_is_shown() {
    let zeros = vec![0; 10_000];
    let mut other = zeros.clone();
    other[9_990] = 7;
    let message = failure(|| test_eq(&zeros, &other)).message;
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines.len() == 3 && lines[1] != lines[2] && message.len() < 400, "{message}");
    assert!(
        lines[2].starts_with("(the same up to here) …0, 0,") && lines[2].contains("0, 7, 0"),
        "{message}"
    );
    assert!(lines[2].ends_with("0]"), "{message}");
}

/// Times of every size, in three digits and the unit that they round to.
#[test]
fn times_have_three_digits() {
    let shown =
        [3e-10, 9.994e-6, 9.996e-6, 99.96e-6, 999.6e-6, 0.9996, 59.98, 3599.0, 9220.0, 0.0].map(human);
    let expected = [
        "0.30 ns", "9.99 µs", "10.0 µs", "100 µs", "1.00 ms", "1.00 s", "1.00 min", "1.00 h", "2.56 h",
        "0.00 ns",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn short_values_are_shown_whole() {
    let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 2.0], [3.0, 5.0]]);
    let message = failure(|| test_near(&a, &b)).message;
    assert!(message.ends_with("[[1, 2],\n [3, 4]]\n[[1, 2],\n [3, 5]]"), "{message}");
}
