//! Cross entropy: the loss that suits classes.
//!
//! The net has ten outputs, one for each digit, and any number may come out. `softmax` makes probabilities of them, which are
//! positive and add up to 1; the loss is the logarithm of the probability that the right digit got, with its sign
//! turned:
//!
//! ```text
//! softmax(x)ⱼ = exp(xⱼ) / Σₖ exp(xₖ)
//! loss        = −log softmax(x)_y                    mean over the batch
//! x.g         = (softmax(x) − onehot(y)) / n         all of the backward pass
//! ```
//!
//! A net that knows nothing gives each digit a tenth, and its loss is ln 10 = 2.3026.
//!
//! | | what |
//! |---|---|
//! | [`forms`] | `log_softmax` as the notebook writes it, three times, and where the first two fail |
//! | [`log_softmax`], [`logsumexp`] | the form to use |
//! | [`nll`] | the loss of `log_softmax`'s result |
//! | [`cross_entropy`] | both, and the gradient, in one pass |
//!
//! ```
//! use nb03_minibatch_training::{Targets, cross_entropy, log_softmax, ndarray::array, nll, test_near};
//!
//! let (x, y) = (array![[2.0_f32, 0.0, 0.0], [0.0, 0.0, 1.0]], Targets::from(vec![0, 1]));
//! let (loss, x_g) = cross_entropy(&x, &y);
//! test_near(&loss, &nll(&log_softmax(&x), &y));
//! assert!(x_g[[0, 0]] < 0.0 && x_g[[0, 1]] > 0.0); // a step against it raises the right class and lowers the others
//! ```

pub mod forms;

use crate::kernels::par::{self, RowTargets};
use crate::{Element, Targets};
use ndarray::{Array1, Array2, ArrayRef2, Axis};

/// A loss: its value for a batch of outputs `(n, c)`, and its gradient with respect to them.
pub type LossFunc = fn(&ArrayRef2<f32>, &Targets) -> (f32, Array2<f32>);

/// `log Σ exp(x)` of each row, without overflow: `(n, c)` → `(n)`.
///
/// With `m = max(x)` it is `m + log Σ exp(x − m)`: the largest exponential is then exp(0) = 1. A row of nothing but −∞ (or
/// of no numbers) gives −∞, and one with a +∞ gives +∞, as in PyTorch.
pub fn logsumexp<T: Element>(x: &ArrayRef2<T>) -> Array1<T> {
    x.map_axis(Axis(1), |row| {
        let max = row.fold(T::neg_infinity(), |max, &x| if x > max || x.is_nan() { x } else { max });
        let shift = if max.is_infinite() { T::zero() } else { max };
        let sum: f64 = row.iter().map(|&x| (x - shift).exp().widen()).sum();
        T::narrow(shift.widen() + sum.ln())
    })
}

/// `x − logsumexp(x)`: the logarithm of each row's probabilities, `(n, c)` → `(n, c)`.
///
/// A NaN, or a +∞, makes its whole row NaN, as in PyTorch; −∞ is a probability of 0.
pub fn log_softmax<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    par::log_softmax(x)
}

/// The negative log likelihood of `log_probs (n, c)`: the mean over the rows of `−log_probs[i, y[i]]`.
///
/// For no rows it is NaN, as in PyTorch.
///
/// # Panics
/// If there is not a target for each row, or a class is not a column.
#[track_caller]
pub fn nll<T: Element>(log_probs: &ArrayRef2<T>, targets: &Targets<T>) -> T {
    targets.check("nll", log_probs.dim());
    let rows = log_probs.rows().into_iter();
    let sum: f64 = match targets {
        Targets::Classes(y) => rows.zip(y).map(|(row, &y)| row[usize::from(y)].widen()).sum(),
        Targets::Distributions(p) => {
            let pairs = log_probs.iter().zip(p).filter(|(_, p)| **p != T::zero());
            pairs.map(|(log, p)| (*log * *p).widen()).sum()
        }
    };
    T::narrow(-sum / log_probs.nrows() as f64)
}

/// The cross entropy of `logits (n, c)`, and its gradient `(softmax(logits) − targets) / n`, in one pass over the rows.
///
/// The same as [`nll`] of [`log_softmax`]. For no rows the loss is NaN, as in PyTorch.
///
/// # Panics
/// If there is not a target for each row, or a class is not a column.
#[track_caller]
pub fn cross_entropy<T: Element>(logits: &ArrayRef2<T>, targets: &Targets<T>) -> (T, Array2<T>) {
    targets.check("cross_entropy", logits.dim());
    let n = logits.nrows() as f64;
    let rows = match targets {
        Targets::Classes(y) => RowTargets::Classes(y.as_slice().expect("classes are kept in order")),
        Targets::Distributions(p) => RowTargets::Distributions(p.view()),
    };
    let (sum, grad) = par::cross_entropy(logits, rows, T::narrow(1.0 / n));
    (T::narrow(sum / n), grad)
}
