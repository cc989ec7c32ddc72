//! Judges each exercise of notebook 02b by itself, and knows what typical slips look like.

mod looks;

use looks::{case, judge, quietly};
use nb02b_initializing::explosion::expected_end;
use nb02b_initializing::ndarray::{Array2, Axis};
use nb02b_initializing::orthogonal::orthonormal_columns;

#[test]
fn explosion_expected_end() {
    let all = [512.0_f64.sqrt(), 0.01 * 512.0_f64.sqrt(), 2.0, 0.5];
    let ask = |f: &dyn Fn(f64) -> f64| all.map(f).to_vec();
    let rows = all.iter().map(|growth| format!("expected_end({growth:.4})")).collect();
    let (largest, smallest) = (f64::from(f32::MAX), f64::from(f32::from_bits(1)));
    judge([case("expected_end(growth)", || ask(&expected_end), ask(&ours::expected_end))
        .rows(rows)
        .slip("the upper end for both: numbers that shrink are lost at the lower one", || {
            ask(&|g| (largest.ln() / g.ln()).abs())
        })
        .slip("MIN_POSITIVE as the least number: there are smaller ones, down to f32::from_bits(1)", || {
            ask(&|g| ((if g > 1.0 { largest } else { f64::from(f32::MIN_POSITIVE) }).ln() / g.ln()).abs())
        })
        .slip("a division where the logarithm's belongs", || {
            ask(&|g| if g > 1.0 { largest / g } else { smallest / g })
        })
        .slip("a sign that was forgotten", || {
            ask(&|g| -((if g > 1.0 { largest } else { smallest }).ln() / g.ln()))
        })]);
    judge([case("expected_end(1.0)", || expected_end(1.0), f64::INFINITY)]);
}

#[test]
fn orthogonal_orthonormal_columns() {
    let a: Array2<f64> = ours::randn((6, 4), &mut ours::manual_seed(1)).mapv(f64::from);
    let right = ours::orthogonal::orthonormal_columns(&a);
    let long = |a: &Array2<f64>| a / &(a * a).sum_axis(Axis(0)).mapv(f64::sqrt);
    let lengths = || {
        // Right angles, and each column as long as what is left of it.
        let r = right.t().dot(&a);
        &right * &r.diag().to_owned()
    };
    judge([case("orthonormal_columns of a (6, 4)", || orthonormal_columns(&a), right.clone())
        .slip("columns of length 1 without right angles", || long(&a))
        .slip("right angles, but columns that are not 1 long", lengths)
        .slip("rows instead of columns", || {
            ours::orthogonal::orthonormal_columns(&a.slice(ours::ndarray::s![..4, ..]).t()).reversed_axes()
        })]);
    let nearly = Array2::from_shape_fn((40, 3), |(i, j)| 1.0 + 1e-9 * ((i * (j + 2)) as f64).sin());
    let q = quietly(|| orthonormal_columns(&nearly)).unwrap_or_else(|panic| panic!("{panic}"));
    judge([case(
        "q.t() @ q, of columns that are nearly the same",
        || q.t().dot(&q).mapv(|x| (x * 1e8).round() / 1e8),
        Array2::<f64>::eye(3),
    )
    .slip("right angles lost to rounding", || q.t().dot(&q).mapv(|x| (x * 1e8).round() / 1e8))]);
    let said = quietly(|| drop(orthonormal_columns(&Array2::zeros((2, 3))))).err().unwrap_or_default();
    assert!(
        said.contains("orthonormal_columns"),
        "orthonormal_columns of a (2, 3)\n  expected  a panic: there is no room for three right angles\n  got       {said:?}"
    );
}
