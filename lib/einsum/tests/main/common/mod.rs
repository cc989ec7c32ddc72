//! What the tests share.

pub(crate) mod compare;
pub(crate) mod draw;
pub(crate) mod loops;
pub(crate) mod random;

use einsum::ndarray::{Array, ArrayD, ArrayViewD, Dimension};
use einsum::{EinsumError, Element, einsum_of_rank};

/// `einsum` of owned arrays.
pub(crate) fn call<T: Element>(subscripts: &str, operands: &[ArrayD<T>]) -> Result<ArrayD<T>, EinsumError> {
    let views: Vec<ArrayViewD<'_, T>> = operands.iter().map(|operand| operand.view()).collect();
    einsum::einsum(subscripts, &views)
}

/// `einsum` of operands of any rank, with a result of the rank that the caller's type names.
pub(crate) fn einsum<T: Element, D: Dimension>(
    subscripts: &str,
    operands: &[&dyn View<T>],
) -> Result<Array<T, D>, EinsumError> {
    let views: Vec<ArrayViewD<'_, T>> = operands.iter().map(|operand| operand.dynamic()).collect();
    Ok(einsum_of_rank(subscripts, &views, D::NDIM)?.into_dimensionality().expect("the rank was asked for"))
}

/// An array or view of any rank.
pub(crate) trait View<T> {
    fn dynamic(&self) -> ArrayViewD<'_, T>;
}

impl<T, S: einsum::ndarray::Data<Elem = T>, D: Dimension> View<T> for einsum::ndarray::ArrayBase<S, D> {
    fn dynamic(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}
