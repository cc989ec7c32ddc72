//! What can be compared: numbers, slices and arrays of any rank, in `f32` and `f64`.
//!
//! `torch.allclose` takes whatever is a tensor. Here that is whatever can be looked at as an array of
//! unknown rank; a number is an array of rank 0, as it is in PyTorch.

use approx::AbsDiffEq;
use ndarray::{ArrayBase, ArrayRef, ArrayViewD, Data, Dimension, aview0, aview1};
use std::fmt::{Debug, Display};

/// The two kinds of number that the lesson computes with: `f32`, and `f64` where a check needs it.
///
/// ```
/// use nb00_testing::Float;
///
/// fn half<T: Float>(x: T) -> f64 {
///     x.widen() / 2.0
/// }
/// assert_eq!(half(3.0_f32), half(3.0_f64));
/// ```
pub trait Float: Copy + Debug + Display + PartialOrd + AbsDiffEq<Epsilon = Self> + 'static {
    /// The same number with more digits; exact.
    fn widen(self) -> f64;
}

impl Float for f32 {
    fn widen(self) -> f64 {
        self.into()
    }
}

impl Float for f64 {
    fn widen(self) -> f64 {
        self
    }
}

/// Whatever can be looked at as an array: a number, a slice, a vector, an ndarray.
///
/// ```
/// use nb00_testing::{AsArray, ndarray::array};
///
/// assert_eq!(2.5_f32.as_array().shape(), &[] as &[usize]);
/// assert_eq!([1.0, 2.0].as_array().shape(), &[2]);
/// assert_eq!(array![[1.0_f32], [2.0]].as_array().shape(), &[2, 1]);
/// ```
pub trait AsArray {
    /// The kind of number inside.
    type Elem: Float;

    /// A view of the same numbers, its rank known only at run time; nothing is copied.
    fn as_array(&self) -> ArrayViewD<'_, Self::Elem>;
}

impl<T: Float> AsArray for T {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview0(self).into_dyn()
    }
}

impl<T: Float> AsArray for [T] {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T: Float, const N: usize> AsArray for [T; N] {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T: Float> AsArray for Vec<T> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T: Float, S: Data<Elem = T>, D: Dimension> AsArray for ArrayBase<S, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}

impl<T: Float, D: Dimension> AsArray for ArrayRef<T, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}

/// A borrowed array again, since `ArrayRef` is unsized and a `&dyn AsArray` can only point at sized things.
impl<T: Float, D: Dimension> AsArray for &ArrayRef<T, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}
