//! What a batch of outputs should have been.

use crate::Element;
use ndarray::{Array1, Array2};
use std::ops::Range;

/// A target for each row: its class, or a probability for each class.
///
/// With probabilities, label smoothing and mixup are the same loss with other targets.
///
/// ```
/// use nb03_minibatch_training::{Targets, cross_entropy, ndarray::array};
///
/// let logits = array![[1.0_f32, 2.0, 3.0]];
/// let (of_class, _) = cross_entropy(&logits, &Targets::from(vec![2]));
/// let (of_one_hot, _) = cross_entropy(&logits, &Targets::from(array![[0.0, 0.0, 1.0]]));
/// assert_eq!(of_class, of_one_hot);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<T = f32> {
    /// `(n)`: the column of the right class.
    Classes(Array1<u8>),
    /// `(n, c)`: a probability for each class; each row adds up to 1.
    Distributions(Array2<T>),
}

impl<T: Element> Targets<T> {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes(y) => y.len(),
            Targets::Distributions(p) => p.nrows(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of some rows.
    ///
    /// # Panics
    /// If there are not so many.
    #[track_caller]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let n = self.len();
        assert!(rows.start <= rows.end && rows.end <= n, "Targets: there are no rows {rows:?}, only {n}");
        self.select(&rows.collect::<Vec<_>>())
    }

    /// A copy of these rows, in this order.
    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Targets::Classes(y) => Targets::Classes(y.select(ndarray::Axis(0), rows)),
            Targets::Distributions(p) => Targets::Distributions(p.select(ndarray::Axis(0), rows)),
        }
    }

    /// Panics in the name of `operation` unless these can be the targets of `(n, c)` outputs.
    #[track_caller]
    pub(crate) fn check(&self, operation: &str, (n, c): (usize, usize)) {
        let shape = match self {
            Targets::Classes(y) => y.shape(),
            Targets::Distributions(p) => p.shape(),
        };
        let fits = shape[0] == n && shape.get(1).is_none_or(|columns| *columns == c);
        let hint = "each row has one target, a class or c probabilities";
        assert!(fits, "{operation}: outputs [{n}, {c}] and targets {shape:?} do not fit: {hint}");
        if let Targets::Classes(y) = self
            && let Some((row, class)) = y.iter().enumerate().find(|(_, class)| usize::from(**class) >= c)
        {
            panic!("{operation}: row {row} is of class {class}, and outputs [{n}, {c}] have {c}, from 0 on");
        }
    }
}

impl Targets {
    /// Writes these rows of `self` over `to`, which has as many.
    pub(crate) fn gather(&self, rows: &[usize], to: &mut Targets) {
        match (self, to) {
            (Targets::Classes(y), Targets::Classes(to)) => {
                to.iter_mut().zip(rows).for_each(|(to, row)| *to = y[*row]);
            }
            (Targets::Distributions(p), Targets::Distributions(to)) => {
                crate::kernels::par::gather_rows(p, rows, to)
            }
            (all, to) => *to = all.select(rows),
        }
    }
}

impl<T: Element> From<Vec<u8>> for Targets<T> {
    fn from(classes: Vec<u8>) -> Self {
        Targets::Classes(classes.into())
    }
}

impl<T: Element> From<Array1<u8>> for Targets<T> {
    fn from(classes: Array1<u8>) -> Self {
        Targets::Classes(classes.as_standard_layout().into_owned())
    }
}

impl<T: Element> From<Array2<T>> for Targets<T> {
    fn from(probabilities: Array2<T>) -> Self {
        Targets::Distributions(probabilities)
    }
}
