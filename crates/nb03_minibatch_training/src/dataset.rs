//! Inputs and targets that belong together.

use crate::{Targets, Tensor};
use ndarray::{Axis, Slice};
use std::ops::Range;

/// The notebook's `Dataset(x, y)`: row `i` of `x` and target `i`. A clone is a handle on the same `x`.
///
/// ```
/// use nb03_minibatch_training::{Dataset, ndarray::Array2, tensor};
///
/// let train = Dataset::new(tensor(Array2::zeros((100, 784))), vec![7; 100]);
/// let (xb, yb) = train.rows(0..5); // train_ds[0:5]
/// assert_eq!((train.len(), xb.shape(), yb.len()), (100, &[5, 784][..], 5));
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `(n, …)`, in order.
    x: Tensor,
    y: Targets,
}

impl Dataset {
    /// Each row of `x (n, …)` with its target.
    ///
    /// # Panics
    /// If there is not a target for each row.
    #[track_caller]
    pub fn new(x: Tensor, y: impl Into<Targets>) -> Self {
        let y = y.into();
        let (shape, targets) = (x.shape(), y.len());
        let fits = shape.first() == Some(&targets);
        assert!(fits, "Dataset: x {shape:?} and {targets} targets do not fit: each row of x has one");
        let x = if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() };
        Dataset { x, y }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// All inputs, `(n, …)`.
    pub fn x(&self) -> &Tensor {
        &self.x
    }

    /// All targets.
    pub fn y(&self) -> &Targets {
        &self.y
    }

    /// `self[i:j]`: these rows, whose `x` is not copied.
    ///
    /// # Panics
    /// If there are not so many.
    #[track_caller]
    pub fn rows(&self, rows: Range<usize>) -> (Tensor, Targets) {
        let n = self.len();
        assert!(rows.start <= rows.end && rows.end <= n, "Dataset: there are no rows {rows:?}, only {n}");
        let mut x = self.x.clone();
        x.slice_axis_inplace(Axis(0), Slice::from(rows.clone()));
        (x, self.y.rows(rows))
    }
}
