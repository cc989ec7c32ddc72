//! The two commonest products, sent to `matmul` without a plan.
//!
//! [`contract`](crate::contract) would compute the same, but planning takes as long as a small product itself.

use crate::Element;
use crate::contract::each_matrix;
use crate::memory::{TooLarge, reserve, zeros};
use crate::sizes::Axes;
use crate::subscripts::Label;
use kernels::matmul::matmul;
use ndarray::{ArrayD, ArrayView2, ArrayView3, ArrayViewD, Ix2, Ix3};

/// `ik,kj->ij` in any order of the letters: two matrices with one letter in common, which is summed over.
pub(crate) fn matrix_product<T: Element>(
    views: &[ArrayViewD<'_, T>],
    axes: &Axes,
) -> Option<Result<ArrayD<T>, TooLarge>> {
    let ([a, b], [a_labels, b_labels], &[row, column]) = (views, &*axes.carried, &*axes.output) else {
        return None;
    };
    let ((a, inner), (b, same)) = match free_first(a, a_labels, row) {
        Some(left) => (left, free_first(b, b_labels, column)?),
        None => (free_first(b, b_labels, row)?, free_first(a, a_labels, column)?),
    };
    let shape = [a.nrows(), b.nrows()];
    (inner == same).then(|| reserve::<T>(&shape).map(|()| matmul(&a, &b.t()).into_dyn()))
}

/// `bik,bkj->bij` in any order of each operand's letters: the same for a batch of matrices.
pub(crate) fn batched_product<T: Element>(
    views: &[ArrayViewD<'_, T>],
    axes: &Axes,
) -> Option<Result<ArrayD<T>, TooLarge>> {
    let ([a, b], [a_labels, b_labels], &[batch, row, column]) = (views, &*axes.carried, &*axes.output) else {
        return None;
    };
    let ((a, inner), (b, same)) = match batch_first(a, a_labels, [batch, row]) {
        Some(left) => (left, batch_first(b, b_labels, [batch, column])?),
        None => (batch_first(b, b_labels, [batch, row])?, batch_first(a, a_labels, [batch, column])?),
    };
    let shape = [a.dim().0, a.dim().1, b.dim().1];
    (inner == same).then(|| {
        let mut out = zeros(&shape)?;
        let places = out.view_mut().into_dimensionality().expect("three axes");
        each_matrix(a, b.permuted_axes([0, 2, 1]), places);
        Ok(out)
    })
}

/// Matrices with the letters `[batch, free]` in front, and the name of their other letter.
fn batch_first<'a, T>(
    view: &ArrayViewD<'a, T>,
    labels: &[Label],
    front: [Label; 2],
) -> Option<(ArrayView3<'a, T>, Label)> {
    let matrices = view.clone().into_dimensionality::<Ix3>().ok()?;
    let inner = labels.iter().copied().find(|label| !front.contains(label))?;
    let [batch, free] = front.map(|letter| labels.iter().position(|&label| label == letter));
    let (batch, free) = (batch?, free?);
    Some((matrices.permuted_axes([batch, free, 3 - batch - free]), inner))
}

/// A matrix with the letter `free` in front, and the name of its other letter.
fn free_first<'a, T>(
    view: &ArrayViewD<'a, T>,
    labels: &[Label],
    free: Label,
) -> Option<(ArrayView2<'a, T>, Label)> {
    let matrix = view.clone().into_dimensionality::<Ix2>().ok()?;
    match *labels {
        [first, inner] if first == free => Some((matrix, inner)),
        [inner, last] if last == free => Some((matrix.reversed_axes(), inner)),
        _ => None,
    }
}
