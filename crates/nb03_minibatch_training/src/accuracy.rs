//! How often the net is right.

use crate::{Element, Targets};
use ndarray::{ArrayRef1, ArrayRef2};

/// `(torch.argmax(out, dim=1) == yb).float().mean()`: the share of the rows of `out (n, c)` whose largest number is in the
/// column of their target.
///
/// A row with a NaN counts as wrong. For no rows it is NaN, as in PyTorch.
///
/// # Panics
/// If there is not a target for each row.
///
/// ```
/// use nb03_minibatch_training::{Targets, accuracy, ndarray::array};
///
/// let out = array![[0.1_f32, 0.9], [0.8, 0.2], [0.3, 0.7], [f32::NAN, 0.0]];
/// assert_eq!(accuracy(&out, &Targets::from(vec![1, 0, 0, 0])), 0.5);
/// ```
#[track_caller]
pub fn accuracy<T: Element>(out: &ArrayRef2<T>, targets: &Targets<T>) -> f64 {
    targets.check("accuracy", out.dim());
    let rows = out.rows().into_iter().map(|row| argmax(&row));
    let right = match targets {
        Targets::Classes(y) => rows.zip(y).filter(|(found, y)| *found == Some(usize::from(**y))).count(),
        Targets::Distributions(p) => {
            let targets = p.rows().into_iter().map(|row| argmax(&row));
            rows.zip(targets).filter(|(found, target)| found.is_some() && found == target).count()
        }
    };
    right as f64 / out.nrows() as f64
}

/// The place of the largest number, the first of several; `None` if there is a NaN, or no number at all.
pub fn argmax<T: Element>(row: &ArrayRef1<T>) -> Option<usize> {
    if row.iter().any(|x| x.is_nan()) {
        return None;
    }
    let largest = |best: Option<(usize, T)>, (i, &x)| match best {
        Some((_, most)) if x <= most => best,
        _ => Some((i, x)),
    };
    row.iter().enumerate().fold(None, largest).map(|(i, _)| i)
}
