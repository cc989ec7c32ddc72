//! What can be compared: numbers, slices and arrays of any rank, in `f32` and `f64`.
//!
//! `torch.allclose` takes whatever is a tensor. Here that is whatever can be looked at as an array of
//! unknown rank; a number is an array of rank 0, as it is in PyTorch.

use approx::AbsDiffEq;
use ndarray::{ArrayBase, ArrayRef, ArrayViewD, CowArray, Data, Dimension, IxDyn, aview0, aview1};
use std::fmt::{Debug, Display};

/// The two kinds of number that the lesson computes with: `f32`, and `f64` where a check needs it.
pub trait Float:
    Copy + Debug + Display + PartialOrd + Into<f64> + AbsDiffEq<Epsilon = Self> + 'static
{
    /// The same array under the name of its kind, so that what compares arrays is compiled here, once for each kind, and
    /// not again in every crate that calls it.
    fn numbers(array: ArrayViewD<'_, Self>) -> Numbers<'_>;
}

/// An array whose kind of number is known only at run time.
#[derive(Clone, Debug)]
pub enum Numbers<'a> {
    /// Of `f32`.
    F32(ArrayViewD<'a, f32>),
    /// Of `f64`.
    F64(ArrayViewD<'a, f64>),
}

impl Numbers<'_> {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Numbers::F32(array) => array.shape(),
            Numbers::F64(array) => array.shape(),
        }
    }

    /// The same numbers in `f64`, which holds every `f32` exactly.
    pub(crate) fn widened(&self) -> CowArray<'_, f64, IxDyn> {
        match self {
            Numbers::F32(array) => array.mapv(f64::from).into(),
            Numbers::F64(array) => array.view().into(),
        }
    }

    /// The number that comes after `place` others, row by row, as its own kind shows it.
    pub(crate) fn shown_at(&self, place: usize) -> String {
        match self {
            Numbers::F32(array) => array.iter().nth(place).map(f32::to_string),
            Numbers::F64(array) => array.iter().nth(place).map(f64::to_string),
        }
        .unwrap_or_default()
    }
}

impl Float for f32 {
    fn numbers(array: ArrayViewD<'_, f32>) -> Numbers<'_> {
        Numbers::F32(array)
    }
}

impl Float for f64 {
    fn numbers(array: ArrayViewD<'_, f64>) -> Numbers<'_> {
        Numbers::F64(array)
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
    /// What is inside.
    type Elem;

    /// A view of the same numbers, its rank known only at run time; nothing is copied.
    fn as_array(&self) -> ArrayViewD<'_, Self::Elem>;
}

impl<T: Float> AsArray for T {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview0(self).into_dyn()
    }
}

impl<T> AsArray for [T] {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T, const N: usize> AsArray for [T; N] {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T> AsArray for Vec<T> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        aview1(self).into_dyn()
    }
}

impl<T, S: Data<Elem = T>, D: Dimension> AsArray for ArrayBase<S, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}

impl<T, D: Dimension> AsArray for ArrayRef<T, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}

/// A borrowed array again, since `ArrayRef` is unsized and a `&dyn AsArray` can only point at sized things.
impl<T, D: Dimension> AsArray for &ArrayRef<T, D> {
    type Elem = T;

    fn as_array(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}
