//! `log_softmax`, `nll`, `cross_entropy` and `accuracy`.

use crate::common::{Failure, Oracle, failure};
use nb03_minibatch_training::loss::forms::{difference, plain, shifted};
use nb03_minibatch_training::ndarray::{Array1, Array2, Axis, Ix2, array, s};
use nb03_minibatch_training::{
    Targets, accuracy, argmax, cross_entropy, finite_difference, log_softmax, logsumexp, manual_seed, nll,
    rand, randn, test_eq, test_near_norm,
};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

#[test]
fn values_and_gradients_are_pytorchs() {
    for name in ["cross_entropy_64x10", "cross_entropy_5x3_large"] {
        let mut oracle = Oracle::open(name);
        let (x, y) = (oracle.get::<f32, Ix2>("logits"), oracle.classes("targets"));
        let (loss, grad) = cross_entropy(&x, &y);
        let expected = oracle.get::<f32, Ix2>("log_softmax");
        for form in [log_softmax, shifted] {
            test_near_norm(&form(&x), &expected, 1e-6);
            test_near_norm(&f64::from(nll(&form(&x), &y)), &oracle.number::<f64>("loss"), 1e-6);
        }
        test_near_norm(&f64::from(loss), &oracle.number::<f64>("loss"), 1e-6);
        test_near_norm(&grad, &oracle.get::<f32, Ix2>("logits_grad"), 1e-6);
    }
}

/// Classes, and probabilities whose rows do not add up to 1, as after some smoothing.
#[test]
fn gradients_are_those_of_finite_differences() {
    let rng = &mut manual_seed(1);
    for (n, c) in [(1, 1), (1, 7), (5, 3), (13, 10)] {
        let x = randn((n, c), rng).mapv(|x| f64::from(x) * 3.0);
        let classes: Vec<u8> = (0..n).map(|i| (i * 5 % c) as u8).collect();
        let smooth = rand((n, c), rng).mapv(f64::from);
        for y in [Targets::from(classes), Targets::from(smooth)] {
            let by_differences = finite_difference(|x| cross_entropy(x, &y).0, &x, 1e-5);
            let (loss, grad) = cross_entropy(&x, &y);
            let error = (&grad - &by_differences).iter().fold(0.0_f64, |most, e| most.max(e.abs()));
            assert!(error < 1e-8, "({n}, {c}): {grad:?} and {by_differences:?}");
            test_near_norm(&loss, &nll(&log_softmax(&x), &y), 1e-12);
        }
    }
}

#[test]
fn the_three_forms_agree_where_none_overflows() {
    let x = randn((50, 10), &mut manual_seed(0)).mapv(|x| x * 5.0);
    for form in [plain, difference, shifted] {
        test_near_norm(&form(&x), &log_softmax(&x), 1e-6);
    }
    let x = x.mapv(f64::from);
    for form in [plain, difference, shifted] {
        test_near_norm(&form(&x), &log_softmax(&x), 1e-14);
    }
    let x = x.mapv(|x| x as f32);
    let strided = x.slice(s![..;3, ..;-2]);
    test_near_norm(&log_softmax(&strided), &plain(&strided), 1e-6);
    let t = x.t();
    let (of_view, of_copy) =
        (cross_entropy(&t, &vec![3; 10].into()), cross_entropy(&t.to_owned(), &vec![3; 10].into()));
    test_eq(&of_view, &of_copy);
}

#[test]
fn where_the_first_two_forms_fail() {
    let (below, above) = (array![[88.7_f32, 0.0]], array![[88.8_f32, 0.0]]);
    assert!(plain(&below)[[0, 0]].is_finite() && difference(&below)[[0, 1]].is_finite());
    assert!(plain(&above)[[0, 0]].is_nan());
    assert_eq!(difference(&above), array![[-INF, -INF]]);
    assert_eq!(shifted(&above), array![[0.0, -88.8]]);
    assert_eq!(plain(&array![[0.0_f32, -105.0]])[[0, 1]], -INF); // a probability below the smallest f32
    assert_eq!(difference(&array![[0.0_f32, -105.0]])[[0, 1]], -105.0);
}

/// As `torch.logsumexp` and `F.cross_entropy` do.
#[test]
fn what_is_not_finite() {
    assert_eq!(logsumexp(&array![[-INF, -INF], [INF, 0.0], [-INF, 2.0]]), array![-INF, INF, 2.0]);
    assert!(logsumexp(&array![[NAN, 1.0], [1.0, NAN]]).iter().all(|x| x.is_nan()));
    assert_eq!(logsumexp(&Array2::<f32>::zeros((2, 0))), array![-INF, -INF]);

    let x = array![[0.0, -INF, 0.0], [0.0, 0.0, 0.0]];
    let (loss, grad) = cross_entropy(&x, &vec![0, 1].into());
    test_near_norm(&loss, &((2.0_f32.ln() + 3.0_f32.ln()) / 2.0), 1e-6);
    assert_eq!(grad[[0, 1]], 0.0);
    assert_eq!(cross_entropy(&x, &vec![1, 1].into()).0, INF);
    let one_hot = Targets::from(array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    assert_eq!(cross_entropy(&x, &one_hot), cross_entropy(&x, &vec![0, 1].into()));
    assert_eq!(nll(&log_softmax(&x), &one_hot), nll(&log_softmax(&x), &vec![0, 1].into()));

    for bad in [NAN, INF] {
        let (loss, grad) = cross_entropy(&array![[0.0, bad], [0.0, 0.0]], &vec![0, 0].into());
        assert!(loss.is_nan() && grad.row(0).iter().all(|g| g.is_nan()));
        assert_eq!(grad.row(1), array![-0.25, 0.25]);
    }
}

#[test]
fn one_class_and_no_rows() {
    assert_eq!(cross_entropy(&array![[7.0_f32], [-300.0]], &vec![0, 0].into()), (0.0, array![[0.0], [0.0]]));
    let (loss, grad) = cross_entropy(&Array2::<f32>::zeros((0, 10)), &vec![].into());
    assert!(loss.is_nan() && grad.dim() == (0, 10));
    assert!(nll(&Array2::<f32>::zeros((0, 10)), &vec![].into()).is_nan());
    assert!(accuracy(&Array2::<f32>::zeros((0, 10)), &vec![].into()).is_nan());
    assert_eq!(log_softmax(&Array2::<f32>::zeros((0, 10))).dim(), (0, 10));
}

/// Both gradients go down the same hill; each row adds up to 0, as probabilities always add up to 1.
#[test]
fn a_gradient_moves_probability_and_makes_none() {
    let x = randn((100, 10), &mut manual_seed(3)).mapv(|x| x * 50.0);
    let (_, grad) = cross_entropy(&x, &vec![4; 100].into());
    assert!(grad.sum_axis(Axis(1)).iter().all(|sum| sum.abs() < 1e-8));
    assert!(grad.column(4).iter().all(|g| *g <= 0.0) && grad.column(0).iter().all(|g| *g >= 0.0));
}

#[test]
fn accuracy_counts_rows() {
    let out = array![[1.0_f32, 2.0], [5.0, 4.0], [3.0, 3.0], [NAN, 9.0], [9.0, NAN]];
    assert_eq!(accuracy(&out, &vec![1, 1, 0, 1, 0].into()), 0.4);
    let soft = Targets::from(array![[0.4, 0.6], [0.1, 0.9], [0.7, 0.3], [0.0, 1.0], [1.0, 0.0]]);
    assert_eq!(accuracy(&out, &soft), 0.4);
    assert_eq!(argmax(&Array1::<f32>::zeros(0)), None);
    assert_eq!(argmax(&array![-INF, -INF]), Some(0));
}

#[test]
fn what_does_not_fit_says_so_at_the_callers_line() {
    let x = Array2::<f32>::zeros((3, 10));
    let cases: [(&dyn Fn(), &str); 5] = [
        (
            &|| drop(cross_entropy(&x, &vec![1, 2].into())),
            "cross_entropy: outputs [3, 10] and targets [2] do not fit",
        ),
        (&|| drop(cross_entropy(&x, &vec![1, 10, 2].into())), "cross_entropy: row 1 is of class 10"),
        (
            &|| _ = nll(&x, &Array2::zeros((3, 9)).into()),
            "nll: outputs [3, 10] and targets [3, 9] do not fit",
        ),
        (&|| _ = accuracy(&x, &vec![0; 4].into()), "accuracy: outputs [3, 10] and targets [4] do not fit"),
        (&|| drop(Targets::<f32>::from(vec![1, 2]).rows(1..3)), "Targets: there are no rows 1..3, only 2"),
    ];
    for (wrong, said) in cases {
        let Failure { message, place } = failure(wrong);
        assert!(message.contains(said), "{message}, not {said}");
        assert_eq!(place.0, file!(), "{message}");
    }
}
