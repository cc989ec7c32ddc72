//! One suite, many implementations: every rung of the ladder against the formula in `f64`.

use nb01_matmul::ladder::{RUNGS, Row, Rung, Table};
use nb01_matmul::ndarray::{Array2, ArrayRef2, ArrayView2, Zip, s};
use nb01_matmul::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `(m, k, n)`: empty, one row, one column, odd, around the edges of tiles, never square.
const SHAPES: [(usize, usize, usize); 14] = [
    (0, 3, 2),
    (3, 0, 2),
    (3, 2, 0),
    (1, 1, 1),
    (1, 7, 3),
    (7, 1, 5),
    (5, 784, 10),
    (6, 8, 16),
    (7, 9, 17),
    (12, 33, 47),
    (13, 31, 49),
    (97, 5, 1),
    (2, 130, 3),
    (65, 50, 33),
];

/// The formula, one term after the other, and how far an `f32` sum of these terms may be from it: `k · ε · Σ |a| · |b|`.
fn expected(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> (Array2<f64>, Array2<f64>) {
    let term = |i, j, k| f64::from(a[[i, k]]) * f64::from(b[[k, j]]);
    let (shape, terms) = ((a.nrows(), b.ncols()), a.ncols());
    let eps = terms as f64 * f64::from(f32::EPSILON);
    let sum = Array2::from_shape_fn(shape, |(i, j)| (0..terms).map(|k| term(i, j, k)).sum());
    let bound = Array2::from_shape_fn(shape, |(i, j)| (0..terms).map(|k| eps * term(i, j, k).abs()).sum());
    (sum, bound)
}

/// The same `(rows, columns)` in every way that an array can lie in memory.
fn layouts(rows: usize, columns: usize, check: impl Fn(ArrayView2<'_, f32>)) {
    let rng = &mut manual_seed(rows as u64 * 1000 + columns as u64);
    let large = randn((2 * rows, 3 * columns), rng);
    check(randn((rows, columns), rng).view());
    check(randn((columns, rows), rng).t());
    check(large.slice(s![..rows, ..columns]));
    check(large.slice(s![..;2, ..;3]));
    check(large.slice(s![..rows;-1, ..columns;-1]));
    check(randn((1, columns), rng).broadcast((rows, columns)).expect("one row stretches"));
}

fn agrees(rung: &Rung, a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) {
    let (ours, (expected, bound)) = ((rung.matmul)(a, b), expected(a, b));
    assert_eq!(ours.shape(), expected.shape(), "{}", rung.name);
    let near = |ours: &f32, expected: &f64, bound: &f64| (f64::from(*ours) - expected).abs() <= *bound;
    let all = Zip::from(&ours).and(&expected).and(&bound).all(near);
    let strides = (a.strides(), b.strides());
    assert!(
        all,
        "{} of {:?} and {:?}, strides {strides:?}:\n{ours}\n{expected}",
        rung.name,
        a.shape(),
        b.shape()
    );
}

#[test]
fn every_rung_is_the_formula_on_every_shape_and_layout() {
    for (m, k, n) in SHAPES {
        layouts(m, k, |a| layouts(k, n, |b| RUNGS.iter().for_each(|rung| agrees(rung, &a, &b))));
    }
}

/// A NaN reaches its own row of the result and no other; infinity times zero is one.
#[test]
fn not_a_number_reaches_exactly_its_row() {
    let rng = &mut manual_seed(5);
    let (mut a, mut b) = (rand((9, 20), rng), rand((20, 19), rng));
    a[[4, 7]] = f32::NAN;
    a[[6, 3]] = f32::INFINITY;
    b.row_mut(3).fill(0.0);
    for rung in RUNGS {
        let c = (rung.matmul)(&a, &b);
        for (i, row) in c.rows().into_iter().enumerate() {
            assert_eq!(row.iter().all(|x| x.is_nan()), i == 4 || i == 6, "{}, row {i}: {row}", rung.name);
            assert!(i == 4 || i == 6 || row.iter().all(|x| x.is_finite()), "{}, row {i}: {row}", rung.name);
        }
    }
}

#[test]
fn sizes_that_do_not_fit_name_the_rung_and_the_way_out() {
    let (a, b) = (Array2::zeros((5, 784)), Array2::zeros((10, 784)));
    for rung in RUNGS {
        let panic = catch_unwind(AssertUnwindSafe(|| (rung.matmul)(&a, &b))).expect_err(rung.name);
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(message.contains("784") && message.contains(".t()"), "{}: {message}", rung.name);
    }
}

#[test]
fn bars_are_logarithms_and_never_longer_than_the_line() {
    let row = |rung: usize, time| Row {
        rung: RUNGS[rung],
        timing: Timing { mean: time, std: time, min: time, runs: 1, loops: 1 },
    };
    let mut table =
        Table { sizes: (5, 784, 10), rows: vec![row(0, 10e-3), row(2, 1e-6)], limit: 1.0, threads: 1 };
    for (width, expected) in [(63, [20, 30, 0, 12]), (0, [5, 7, 0, 3])] {
        let text = table.bars(width, Blocks::Ascii);
        let bars: Vec<usize> = text.lines().skip(1).map(|line| line.matches('#').count()).collect();
        assert_eq!(bars, expected, "10 ms, 835 ms, 1 µs and 254 µs between 1 µs and 1 s:\n{text}");
        assert!(text.lines().skip(1).all(|line| line.chars().count() <= width.max(40)), "{text}");
    }
    table.sizes = (2, 3, 2);
    assert!(!table.bars(80, Blocks::Unicode).contains("the course"), "which multiplied other sizes");
    table.rows.clear();
    assert_eq!(table.bars(80, Blocks::Unicode).lines().count(), 1);
}

/// The factors and hours of the page of errata, each from the two times that it is said to follow from.
#[test]
fn factors_that_the_errata_correct() {
    let factor = |a: f64, b: f64| format!("{:.2}", a / b);
    test_eq(&factor(572e-3, 802e-6).as_str(), &"713.22");
    test_eq(&factor(572e-3, 172e-6).as_str(), &"3325.58");
    test_eq(&factor(885e-3, 55e-6).as_str(), &"16090.91");
    test_eq(&factor(10_000.0 * 0.922, 3600.0).as_str(), &"2.56");
}
