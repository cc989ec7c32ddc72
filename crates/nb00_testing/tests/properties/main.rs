//! The algebra of [`near`] and its kin, on random numbers and shapes.
//!
//! `PROPTEST_CASES` (256 unless set) says how many of them. What fails is shrunk to its smallest form, and its seed
//! kept in a file beside this one, to be tried again first.

use nb00_testing::ndarray::{Array1, ArrayD, IxDyn, s};
use nb00_testing::*;
use proptest::collection::vec;
use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
use proptest::prelude::*;

/// Every `f64` but NaN.
fn number() -> impl Strategy<Value = f64> {
    NORMAL | SUBNORMAL | ZERO | INFINITE | POSITIVE | NEGATIVE
}

/// A number and another at a distance that `near`'s tolerance is about: half to twice as far.
fn pair_at_the_border() -> impl Strategy<Value = (f64, f64)> {
    (-1e4..1e4_f64, prop_oneof![-2.0..-0.5, 0.5..2.0])
        .prop_map(|(b, far)| (b + far * (1e-5 + 1e-3 * b.abs()), b))
}

fn array() -> impl Strategy<Value = ArrayD<f64>> {
    let shape = vec(0_usize..4, 0..4);
    shape.prop_flat_map(|shape| {
        let len = shape.iter().product::<usize>();
        vec(number(), len).prop_map(move |data| {
            ArrayD::from_shape_vec(shape.clone(), data).expect("as many as the shape holds")
        })
    })
}

proptest! {
    #[test]
    fn whatever_is_no_nan_is_near_itself(a in array()) {
        prop_assert!(near(&a, &a) && allclose(&a, &a, 0.0, 0.0));
    }

    #[test]
    fn one_nan_anywhere_is_near_nothing(
        a in array().prop_filter("there is no NaN in nothing", |a| !a.is_empty()), at in any::<prop::sample::Index>(),
    ) {
        let mut b = a.clone();
        let at = at.index(a.len());
        *b.iter_mut().nth(at).unwrap() = f64::NAN;
        prop_assert!(!near(&a, &b) && !near(&b, &a) && !near(&b, &b));
        prop_assert!(!allclose(&b, &b, f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn another_shape_is_never_near(a in array(), axis in any::<prop::sample::Index>()) {
        let axes = axis.index(a.ndim() + 1);
        let unsqueezed = a.clone().insert_axis(ndarray::Axis(axes)); // the same numbers, and PyTorch would broadcast
        prop_assert!(!near(&a, &unsqueezed) && !near(&unsqueezed, &a));
        prop_assert!(!allclose(&a, &unsqueezed, f64::INFINITY, f64::INFINITY));
    }

    /// One element decides, wherever it is: an array is near where each of its numbers is.
    #[test]
    fn an_array_is_near_where_all_its_numbers_are(pairs in vec(prop_oneof![
        4 => number().prop_map(|x| (x, x)), 1 => pair_at_the_border(), 1 => (number(), number())
    ], 0..20)) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        prop_assert_eq!(near(&a, &b), pairs.iter().all(|(a, b)| near(a, b)));
        let columns = |x: &[f64]| ArrayD::from_shape_vec(IxDyn(&[x.len(), 1]), x.to_vec()).unwrap();
        prop_assert_eq!(near(&a, &b), near(&columns(&a).reversed_axes(), &columns(&b).reversed_axes()));
    }

    /// `|a − b| ≤ atol + rtol · |b|`, on both sides of the border.
    #[test]
    fn the_formula_decides((a, b) in pair_at_the_border()) {
        prop_assert_eq!(near(&a, &b), (a - b).abs() <= 1e-5 + 1e-3 * b.abs());
        prop_assert_eq!(near(&a, &b), near(&-a, &-b), "the sign is nothing to it");
    }

    /// The tolerance is `b`'s, so `near` is not symmetric; it is where `rtol` is 0, or both are equally large.
    #[test]
    fn an_absolute_tolerance_is_symmetric(a in number(), b in number(), atol in 0.0..1e3) {
        prop_assert_eq!(allclose(&a, &b, 0.0, atol), allclose(&b, &a, 0.0, atol));
        prop_assert_eq!(near(&a, &-a), near(&-a, &a));
    }

    #[test]
    fn more_tolerance_never_hurts(a in number(), b in number(), rtol in 0.0..1.0, atol in 0.0..1e3, more in 1.0..9.0) {
        if allclose(&a, &b, rtol, atol) {
            prop_assert!(allclose(&a, &b, rtol * more, atol) && allclose(&a, &b, rtol, atol * more));
        }
    }

    #[test]
    fn an_infinity_is_near_itself_only(x in number()) {
        for infinity in [f64::INFINITY, f64::NEG_INFINITY] {
            prop_assert_eq!(allclose(&x, &infinity, 1.0, f64::MAX), x == infinity);
            prop_assert_eq!(allclose(&infinity, &x, 1.0, f64::MAX), x == infinity);
        }
    }

    #[test]
    fn test_near_panics_where_near_says_no(a in array(), b in array(), same in any::<bool>()) {
        let b = if same { a.clone() } else { b };
        let says = std::panic::catch_unwind(|| test_near(&a, &b)).map_err(|panic| panic.downcast::<String>());
        prop_assert_eq!(says.is_ok(), near(&a, &b));
        if let Err(message) = says {
            prop_assert!(message.unwrap().starts_with("near: "));
        }
    }

    /// `‖a − b‖ / ‖b‖`: 0 for the same, 1 for zero, and no matter in which unit (a power of two is exact)
    /// or in which strides.
    #[test]
    fn relative_norms_have_no_unit(b in vec(-1e3..1e3_f64, 1..30), noise in vec(-1.0..1.0, 30), power in -600..600) {
        let b: Vec<f64> = b.iter().map(|b| b + 2e-3_f64.copysign(*b)).collect(); // far from 0, which has no norm
        let a: Vec<f64> = b.iter().zip(&noise).map(|(b, noise)| b + noise).collect();
        let error = relative_norm(&a, &b);
        let scaled = |x: &[f64]| x.iter().map(|x| x * 2_f64.powi(power)).collect::<Vec<f64>>();
        prop_assert_eq!(relative_norm(&scaled(&a), &scaled(&b)), error);
        prop_assert_eq!(relative_norm(&b, &b), 0.0);
        prop_assert_eq!(relative_norm(&vec![0.0; b.len()], &b), 1.0);
        let apart = |x: &[f64]| x.iter().flat_map(|&x| [x, f64::NAN]).collect::<Array1<f64>>();
        prop_assert_eq!(relative_norm(&apart(&a).slice(s![..;2]), &apart(&b).slice(s![..;2])), error);
        test_near_norm(&a, &b, error);
        if error > 0.0 {
            prop_assert!(std::panic::catch_unwind(|| test_near_norm(&a, &b, error * 0.999)).is_err());
        }
    }
}

/// The two sides of one border: what is near to the larger is not near to the smaller.
#[test]
fn near_is_not_symmetric() {
    let (small, large) = (1.0, 1.001_010_5);
    assert!(near(&small, &large) && !near(&large, &small));
}
