//! `log_softmax` as the notebook writes it: the same formula three times, and only the last can be used.
//!
//! | | fails where |
//! |---|---|
//! | [`plain`] | an `f32` logit is 88.8 or more: its exponential is ∞, and ∞/∞ is NaN; also where two logits are more than 104 apart: the smaller one's probability is 0, and its logarithm −∞ |
//! | [`difference`] | a logit is 88.8 or more: log ∞ is ∞, and all outputs are −∞ |
//! | [`shifted`] | nowhere |
//!
//! ```
//! use nb03_minibatch_training::{loss::forms::*, ndarray::array};
//!
//! let x = array![[100.0_f32, 0.0]];
//! assert!(plain(&x)[[0, 0]].is_nan());
//! assert_eq!(difference(&x), array![[f32::NEG_INFINITY; 2]]);
//! assert_eq!(shifted(&x), array![[0.0, -100.0]]);
//! ```

use super::logsumexp;
use crate::Element;
use ndarray::{Array2, ArrayRef2, Axis};

/// `(x.exp() / x.exp().sum(-1, keepdim=True)).log()`
pub fn plain<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    let exp = x.exp();
    let sums = exp.sum_axis(Axis(1)).insert_axis(Axis(1));
    (exp / sums).ln()
}

/// `x - x.exp().sum(-1, keepdim=True).log()`: a logarithm of a quotient is a difference of logarithms.
pub fn difference<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    x - x.exp().sum_axis(Axis(1)).insert_axis(Axis(1)).ln()
}

/// `x - x.logsumexp(-1, keepdim=True)`: [`logsumexp`] subtracts the largest number first, so nothing overflows.
pub fn shifted<T: Element>(x: &ArrayRef2<T>) -> Array2<T> {
    x - logsumexp(x).insert_axis(Axis(1))
}
