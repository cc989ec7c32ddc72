//! Elementwise operations: one operator, every element, no loop in sight.
//!
//! The notebook adds and compares two small tensors and then writes the Frobenius norm, which looks
//! frightening and is one line of code, like half of the formulas in the literature:
//!
//! ```text
//! ‖A‖_F = √( Σᵢ Σⱼ aᵢⱼ² )          (m*m).sum().sqrt()
//! ```
//!
//! (There is no need to type such a formula: its LaTeX is behind *edit* in Wikipedia and in the source that arXiv offers
//! of a paper, and [detexify](https://detexify.kirelabs.org/classify.html) names a symbol that you draw.)
//!
//! ndarray has the arithmetic (`&a + &b`), but `a < b` on arrays does not compile: in Rust a comparison is one
//! yes or no. [`lt`] and [`gt`] are PyTorch's `torch.lt` and `torch.gt`; `.float()` turns the answers to numbers.
//!
//! ```
//! use nb01_matmul::{elementwise::{float, lt}, ndarray::array};
//!
//! let (a, b) = (array![10.0, 6.0, -4.0], array![2.0, 8.0, 7.0]);
//! assert_eq!(&a + &b, array![12.0, 14.0, 3.0]);
//! assert_eq!(lt(&a, &b), array![false, true, true]);
//! assert_eq!(float(&lt(&a, &b)).mean(), Some(2.0 / 3.0)); // the course prints 0.6667
//! ```

use crate::Element;
use crate::broadcasting::zip_broadcast_for;
use ndarray::{Array, ArrayRef, DimMax, Dimension};

/// `a < b`, element by element, with broadcasting.
///
/// # Panics
/// At the caller's line if the shapes do not broadcast.
///
/// ```
/// use nb01_matmul::{elementwise::lt, ndarray::array};
///
/// assert_eq!(lt(&array![1.0, 2.0, 3.0], &array![2.0]), array![true, false, false]);
/// ```
#[track_caller]
pub fn lt<T, D, E>(a: &ArrayRef<T, D>, b: &ArrayRef<T, E>) -> Array<bool, <D as DimMax<E>>::Output>
where
    T: PartialOrd,
    D: Dimension + DimMax<E>,
    E: Dimension,
{
    zip_broadcast_for("lt", a, b, |a, b| a < b)
}

/// `a > b`, element by element, with broadcasting.
///
/// # Panics
/// At the caller's line if the shapes do not broadcast.
///
/// ```
/// use nb01_matmul::{elementwise::gt, ndarray::{arr0, array}};
///
/// assert_eq!(gt(&array![10.0, 6.0, -4.0], &arr0(0.0)), array![true, true, false]); // a > 0
/// ```
#[track_caller]
pub fn gt<T, D, E>(a: &ArrayRef<T, D>, b: &ArrayRef<T, E>) -> Array<bool, <D as DimMax<E>>::Output>
where
    T: PartialOrd,
    D: Dimension + DimMax<E>,
    E: Dimension,
{
    zip_broadcast_for("gt", a, b, |a, b| a > b)
}

/// True is 1 and false is 0: the notebook's `.float()` on a comparison.
///
/// ```
/// use nb01_matmul::{elementwise::float, ndarray::array};
///
/// assert_eq!(float(&array![true, false]), array![1.0, 0.0]);
/// ```
pub fn float<D: Dimension>(mask: &ArrayRef<bool, D>) -> Array<f32, D> {
    mask.mapv(|yes| f32::from(u8::from(yes)))
}

/// The Frobenius norm `√(Σᵢⱼ aᵢⱼ²)` of an array of any rank, summed in `f64`; 0 for an empty one.
///
/// ```
/// use nb01_matmul::{elementwise::frobenius_norm, ndarray::array};
///
/// let m = array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
/// assert_eq!(format!("{:.4}", frobenius_norm(&m)), "16.8819");
/// ```
pub fn frobenius_norm<T: Element, D: Dimension>(m: &ArrayRef<T, D>) -> f64 {
    kernels::par::total_of_squares(m).sqrt()
}
