//! Gradients of random nets: against finite differences, and every form within the error bound of `f32`.
//!
//! `PROPTEST_CASES` (256 unless set) says how many of them. What fails is shrunk to its smallest form, and its seed
//! kept beside this folder, to be tried again first.

#[path = "../common/forms.rs"]
mod forms;

use forms::FORMS;
use nb02_fully_connected::ndarray::{Array, Array1, Array2, ArrayRef, Dimension};
use nb02_fully_connected::*;
use proptest::prelude::*;

/// A net and a batch for it.
#[derive(Clone, Debug)]
struct Batch {
    x: Array2<f32>,
    y: Array1<f32>,
    net: Weights,
}

/// Rows, inputs, hidden units: batches of one and of none are as likely as others, and no axis has to be there at all.
fn batch(rows: impl Strategy<Value = usize>) -> impl Strategy<Value = Batch> {
    let sizes = (rows, 0..20_usize, 0..12_usize, prop_oneof![Just(0.0_f32), Just(0.5)], any::<u64>());
    sizes.prop_map(|(n, m, nh, shift, seed)| {
        let rng = &mut manual_seed(seed);
        let (w1, b1) = (randn((m, nh), rng) / (1.0 + m as f32).sqrt(), randn(nh, rng));
        let (w2, b2) = (randn((nh, 1), rng) / (1.0 + nh as f32).sqrt(), randn(1, rng));
        Batch { x: randn((n, m), rng), y: rand(n, rng) * 9.0, net: Weights { w1, b1, w2, b2, shift } }
    })
}

/// The same without those that have no gradient to be found.
fn batch_off_kinks(rows: impl Strategy<Value = usize>) -> impl Strategy<Value = Batch> {
    batch(rows).prop_filter("a ReLU is at its kink", |batch| !batch.is_at_a_kink())
}

fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(1), 3 => 2..40_usize, 1 => 100..300_usize]
}

impl Batch {
    /// The batch in `f64`, where finite differences can be trusted.
    fn to_f64(&self) -> (Array2<f64>, Array1<f64>, Weights<f64>) {
        (self.x.mapv(f64::from), self.y.mapv(f64::from), self.net.to_f64())
    }

    /// Loss and gradients as they would be if nothing ever cancelled: every number without its sign, the target and the
    /// shift so that they add to what they are subtracted from. Errors are measured by it.
    fn without_signs(&self) -> (f64, Grads<f64>) {
        let (x, y, net) = self.to_f64();
        let net = Weights {
            w1: net.w1.abs(),
            b1: net.b1.abs(),
            w2: net.w2.abs(),
            b2: net.b2.abs(),
            shift: -net.shift.abs(),
        };
        forward_and_backward(&x.abs(), &-y.abs(), &net)
    }

    /// Roundings that a term of any gradient passes at most: through both layers and back, and the sum over the rows.
    fn roundings(&self) -> f64 {
        let (m, nh) = self.net.w1.dim();
        (2 * m + 2 * nh + self.x.nrows() + 20) as f64
    }

    /// Whether some ReLU is so near its kink that neither differences nor `f32` can tell on which side it is.
    fn is_at_a_kink(&self) -> bool {
        lin(&self.x, &self.net.w1, &self.net.b1).iter().any(|z| z.abs() < 1e-3)
    }
}

/// Every number of `got` within `tol` times the size that errors are measured by.
fn within<D: Dimension, T: Element>(
    what: &str,
    got: &ArrayRef<T, D>,
    want: &ArrayRef<f64, D>,
    size: &ArrayRef<f64, D>,
    tol: f64,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.shape(), want.shape(), "{}", what);
    for ((got, want), size) in got.iter().zip(want).zip(size) {
        let error = (got.widen() - want).abs();
        prop_assert!(error <= tol * size, "{what}: {got}, not {want} ± {:e}", tol * size);
    }
    Ok(())
}

fn all_within<T: Element>(
    form: &str,
    got: &Grads<T>,
    want: &Grads<f64>,
    size: &Grads<f64>,
    tol: f64,
) -> Result<(), TestCaseError> {
    within(&format!("{form}, x"), &got.x, &want.x, &size.x, tol)?;
    within(&format!("{form}, w1"), &got.w1, &want.w1, &size.w1, tol)?;
    within(&format!("{form}, b1"), &got.b1, &want.b1, &size.b1, tol)?;
    within(&format!("{form}, w2"), &got.w2, &want.w2, &size.w2, tol)?;
    within(&format!("{form}, b2"), &got.b2, &want.b2, &size.b2, tol)
}

/// The step of finite differences.
const EPS: f64 = 1e-5;

/// The gradient of the loss by finite differences, with respect to all that goes in.
fn differences(x: &Array2<f64>, y: &Array1<f64>, net: &Weights<f64>) -> Grads<f64> {
    let loss = |x: &Array2<f64>, net: &Weights<f64>| mse(&model(x, net), y);
    let with = |change: &dyn Fn(&mut Weights<f64>)| {
        let mut net = net.clone();
        change(&mut net);
        loss(x, &net)
    };
    Grads {
        x: finite_difference(|x| loss(&x.to_owned(), net), x, EPS),
        w1: finite_difference(|w| with(&|net| net.w1.assign(w)), &net.w1, EPS),
        b1: finite_difference(|b| with(&|net| net.b1.assign(b)), &net.b1, EPS),
        w2: finite_difference(|w| with(&|net| net.w2.assign(w)), &net.w2, EPS),
        b2: finite_difference(|b| with(&|net| net.b2.assign(b)), &net.b2, EPS),
    }
}

/// The same size for every number.
fn everywhere<D: Dimension>(size: f64, like: &Array<f64, D>) -> Array<f64, D> {
    Array::from_elem(like.raw_dim(), size)
}

proptest! {
    /// The loss is of second degree in each number, so that central differences are exact but for rounding: `u · loss`
    /// in each of the two losses, over `2 · EPS`.
    #[test]
    fn gradients_are_finite_differences(batch in batch_off_kinks(1..12_usize)) {
        let (x, y, net) = batch.to_f64();
        let (_, grads) = forward_and_backward(&x, &y, &net);
        let size = batch.without_signs().0 * batch.roundings();
        let sizes = Grads {
            x: everywhere(size, &grads.x),
            w1: everywhere(size, &grads.w1),
            b1: everywhere(size, &grads.b1),
            w2: everywhere(size, &grads.w2),
            b2: everywhere(size, &grads.b2),
        };
        all_within("functions", &grads, &differences(&x, &y, &net), &sizes, f64::EPSILON / EPS)?;
    }

    /// Through functions, layers, modules, `nn` and the fused step, in `f32`: within `γ` of the gradients in `f64`.
    #[test]
    fn every_form_is_within_its_error_bound(batch in batch_off_kinks(rows())) {
        let (x, y, net) = batch.to_f64();
        let ((loss, grads), (loss_size, sizes)) = (forward_and_backward(&x, &y, &net), batch.without_signs());
        let tol = batch.roundings() * f64::from(f32::EPSILON) / 2.0;
        for (name, form) in FORMS {
            let (got_loss, got) = form(&batch.x, &batch.y, &batch.net);
            let error = (f64::from(got_loss) - loss).abs();
            prop_assert!(error <= 2.0 * tol * loss_size, "{name}: loss {got_loss}, not {loss}");
            all_within(name, &got, &grads, &sizes, tol)?;
        }
    }

    /// The mean over no rows is not a number, but sums over none are 0, and so are the parameters' gradients.
    #[test]
    fn a_batch_of_none_has_gradients_of_zero(batch in batch(Just(0))) {
        for (name, form) in FORMS {
            let (loss, grads) = form(&batch.x, &batch.y, &batch.net);
            prop_assert!(loss.is_nan(), "{name}");
            prop_assert_eq!(grads.x.dim(), batch.x.dim(), "{}", name);
            prop_assert_eq!((grads.w1, grads.b1), (Array2::zeros(batch.net.w1.dim()), Array1::zeros(batch.net.b1.dim())));
            prop_assert_eq!((grads.w2, grads.b2), (Array2::zeros(batch.net.w2.dim()), Array1::zeros(1)));
        }
    }

    /// A loss is a mean: of a batch twice over it is the same, and so is every parameter's gradient.
    #[test]
    fn the_same_rows_twice_change_nothing(batch in batch(rows())) {
        let twice = |x: &Array2<f64>, y: &Array1<f64>| {
            let of = |axis| ndarray::Axis(axis);
            (ndarray::concatenate![of(0), *x, *x], ndarray::concatenate![of(0), *y, *y])
        };
        let (x, y, net) = batch.to_f64();
        let (xx, yy) = twice(&x, &y);
        let ((loss, one), (same_loss, two)) =
            (forward_and_backward(&x, &y, &net), forward_and_backward(&xx, &yy, &net));
        let (size, sizes) = batch.without_signs();
        let tol = 4.0 * batch.roundings() * f64::EPSILON;
        prop_assert!((loss - same_loss).abs() <= tol * size);
        within("w1", &two.w1, &one.w1, &sizes.w1, tol)?;
        within("b1", &two.b1, &one.b1, &sizes.b1, tol)?;
        within("w2", &two.w2, &one.w2, &sizes.w2, tol)?;
        within("b2", &two.b2, &one.b2, &sizes.b2, tol)?;
    }
}
