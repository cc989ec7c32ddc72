//! Judges each exercise of notebook 00 by itself, and knows what typical slips look like.

mod looks;

use looks::{case, judge, judge_text, quietly};
use nb00_testing::ndarray::{Array2, array};
use nb00_testing::*;

/// What a check says when it fails, without the place; nothing if it passes.
fn said(check: impl FnOnce()) -> String {
    match quietly(check) {
        Ok(()) => "(it passed)".into(),
        Err(panic) if panic.contains("not yet implemented: ") => panic!("{panic}"),
        Err(panic) => panic.split_once(": ").map_or(panic.clone(), |(_, said)| said.into()),
    }
}

#[test]
fn testing_test() {
    let passes = "(it passed)".to_string();
    judge_text(
        "test(&3, &4, <)",
        || said(|| test(&3, &4, |a, b| a < b, "<")),
        &passes,
        &[("a check that fails when the comparison says yes", "<:\n3\n4".into())],
    );
    judge_text(
        "test(&5, &4, <)",
        || said(|| test(&5, &4, |a, b| a < b, "<")),
        "<:\n5\n4",
        &[
            ("a check that never fails", passes.clone()),
            ("the two values in the other order", "<:\n4\n5".into()),
            ("a message without the values: which were they?", "<".into()),
            ("a message without the values: which were they?", "<:".into()),
            ("the values in one line: they cannot be compared by eye", "<:\n5 4".into()),
            ("a message without the comparison's name", "5\n4".into()),
        ],
    );
}

#[test]
fn testing_test_eq() {
    judge_text("test_eq(\"a\", \"a\")", || said(|| test_eq("a", "a")), "(it passed)", &[]);
    judge_text(
        "test_eq(\"a\", \"b\")",
        || said(|| test_eq("a", "b")),
        "==:\n\"a\"\n\"b\"",
        &[
            ("a check that never fails", "(it passed)".into()),
            ("another name for the comparison than `==`", "eq:\n\"a\"\n\"b\"".into()),
        ],
    );
}

/// Pairs that tell the formula from what is often written instead.
const PAIRS: [(f64, f64); 12] = [
    (1.0, 1.0),
    (1.0009, 1.0),
    (1.0011, 1.0),
    (0.0, 9e-6),
    (0.0, 1.1e-5),
    (-1.0, 1.0),
    (1.0, 2.0),
    (100.0, 100.1001),
    (100.1001, 100.0),
    (f64::INFINITY, f64::INFINITY),
    (f64::INFINITY, f64::NEG_INFINITY),
    (f64::NAN, f64::NAN),
];

#[test]
fn testing_close() {
    let (rtol, atol) = (1e-3, 1e-5);
    let ask = |near: &dyn Fn(f64, f64) -> bool| PAIRS.iter().map(|&(a, b)| near(a, b)).collect::<Vec<bool>>();
    let rows = PAIRS.iter().map(|(a, b)| format!("near({a}, {b})")).collect();
    let table = case("near, number by number", || ask(&|a, b| near(&a, &b)), ask(&|a, b| ours::near(&a, &b)));
    judge([table
        .rows(rows)
        .slip("a difference without its absolute value: whatever is smaller is near", || {
            ask(&|a, b| a == b || a - b <= atol + rtol * b.abs())
        })
        .slip("a tolerance measured by `a`; the formula measures it by `b`", || {
            ask(&|a, b| a == b || (a - b).abs() <= atol + rtol * a.abs() && b.is_finite())
        })
        .slip("a tolerance measured by `a`; the formula measures it by `b`", || {
            ask(&|a, b| a == b || (a - b).abs() <= atol + rtol * a.abs())
        })
        .slip("the relative part alone: about zero nothing is near", || {
            ask(&|a, b| a == b || (b.is_finite() && (a - b).abs() <= rtol * b.abs()))
        })
        .slip("the absolute part alone: large numbers are never near", || {
            ask(&|a, b| a == b || (a - b).abs() <= atol)
        })
        .slip("the two tolerances exchanged", || {
            ask(&|a, b| a == b || (b.is_finite() && (a - b).abs() <= rtol + atol * b.abs()))
        })
        .slip("an infinity that is not near itself: infinity minus infinity is no number", || {
            ask(&|a, b| b.is_finite() && (a - b).abs() <= atol + rtol * b.abs())
        })
        .slip("infinities that are near everything: a tolerance relative to infinity is infinite", || {
            ask(&|a, b| a == b || (a - b).abs() <= atol + rtol * b.abs())
        })
        .slip("NaN near itself: asking for `not far` is not asking for `near`", || {
            ask(&|a, b| a == b || !((a - b).abs() > atol + rtol * b.abs() || (a - b).is_infinite()))
        })
        .slip("NaN near itself: asking for `not far` is not asking for `near`", || {
            ask(&|a, b| !((a - b).abs() > atol + rtol * b.abs()))
        })
        .slip("equality", || ask(&|a, b| a == b))]);
    judge([case("near(1f32, 1.0005f64)", || near(&1.0_f32, &1.0005_f64), true)]);
}

#[test]
fn testing_test_near_zero() {
    let failed = |a: f64| move || said(|| test_near_zero(a, 1e-3));
    let passed = "(it passed)".to_string();
    judge_text("test_near_zero(-0.0009, 1e-3)", failed(-0.0009), &passed, &[]);
    judge_text(
        "test_near_zero(-0.5, 1e-3)",
        failed(-0.5),
        "near zero (within 0.001):\n-0.5",
        &[("a value without its absolute value: whatever is negative passes", passed.clone())],
    );
    judge_text(
        "test_near_zero(NaN, 1e-3)",
        failed(f64::NAN),
        "near zero (within 0.001):\nNaN",
        &[("NaN passing: every comparison with it is false, `> tol` as well", passed.clone())],
    );
}

#[test]
fn testing_relative() {
    let (a, b) = (array![[1.0, 2.5], [3.0, 4.0]], array![[1.0, 2.0], [3.0, 5.0]]);
    let norm = |x: &Array2<f64>| (x * x).sum().sqrt();
    let (difference, size) = (norm(&(&a - &b)), norm(&b));
    judge([
        case("relative_norm(a, b)", || relative_norm(&a, &b), ours::relative_norm(&a, &b))
            .slip(
                "the norm of the difference, not divided by anything: a small gradient is always near",
                || difference,
            )
            .slip("a division by the norm of `a`: the right answer is `b`", || difference / norm(&a))
            .slip("squares whose root was not taken", || (difference / size).powi(2))
            .slip("a difference of norms: two arrays of one length are not the same", || {
                (norm(&a) - size).abs() / size
            })
            .slip("the fraction upside down", || size / difference),
        case("relative_norm(&[0.0], &[0.0])", || relative_norm(&[0.0], &[0.0]), 0.0)
            .slip("0 / 0, which is no number: two zeros are no distance apart", || f64::NAN),
    ]);
    let said = said(|| drop(relative_norm(&[1.0], &[1.0, 2.0]).to_string()));
    assert!(
        said.contains("[1]") && said.contains("[2]"),
        "relative_norm of shapes [1] and [2]\n  got  {said}\nIt looks like shapes that nobody compared: the message has to name both"
    );
}
