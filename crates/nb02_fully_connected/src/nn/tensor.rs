//! A tensor: numbers of any rank, whose clone is a handle.

use ndarray::{ArcArray, Array, ArrayRef, ArrayView2, CowArray, Dimension, Ix2, IxDyn};

/// What goes from layer to layer: an array of any rank, known at run time only.
///
/// Its clone is a handle on the same numbers, so a layer can keep its input for the backward pass without a copy. Writing
/// to a tensor copies it first if another handle holds the same numbers: no handle ever changes what another one sees.
pub type Tensor = ArcArray<f32, IxDyn>;

/// An array as a [`Tensor`]; nothing is copied.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, nn::tensor};
///
/// assert_eq!(tensor(array![[1.0, 2.0]]).shape(), [1, 2]);
/// ```
pub fn tensor<D: Dimension>(array: Array<f32, D>) -> Tensor {
    array.into_dyn().into_shared()
}

/// A tensor of rank 2 as a matrix, for functions that take one; nothing is copied.
///
/// # Panics
/// If `x.ndim() != 2`.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, nn::{matrix, tensor}, relu};
///
/// assert_eq!(relu(&matrix(&tensor(array![[-1.0, 2.0]]))), array![[0.0, 2.0]]);
/// ```
#[track_caller]
pub fn matrix(x: &ArrayRef<f32, IxDyn>) -> ArrayView2<'_, f32> {
    match x.view().into_dimensionality() {
        Ok(matrix) => matrix,
        Err(_) => panic!("matrix: x {:?} does not have rank 2", x.shape()),
    }
}

/// `(…, m)` as `(n, m)`: all axes but the last as one. A view where the strides allow it.
///
/// # Panics
/// If `x.ndim() == 0`.
pub(crate) fn rows(x: &ArrayRef<f32, IxDyn>) -> CowArray<'_, f32, Ix2> {
    if let Ok(matrix) = x.view().into_dimensionality() {
        return matrix.into();
    }
    let (columns, leading) = x.shape().split_last().expect("a layer checks the rank before");
    x.to_shape((leading.iter().product(), *columns)).expect("as many numbers as before")
}

/// `(n, m)` back as `(…, m)`, with the leading axes of `like`.
pub(crate) fn unrows(rows: Array<f32, Ix2>, like: &[usize]) -> Tensor {
    if like.len() == 2 {
        return tensor(rows);
    }
    let mut shape = like.to_vec();
    *shape.last_mut().expect("a layer checks the rank before") = rows.ncols();
    tensor(rows).into_shape_with_order(shape).expect("as many numbers as before")
}
