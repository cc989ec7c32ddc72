//! Einstein summation: a product of arrays, described by the names of its indices.
//!
//! The lesson's triple loop says `c[i, j] += a[i, k] * b[k, j]`. Leave out everything that can be guessed
//! and `ik,kj->ij` remains: one letter for every axis, a comma between operands, and behind the arrow what
//! is left. The rule is short:
//!
//! > Each letter is an index that runs over the size of its axis. Multiply the elements that the indices
//! > point at, and add up over every letter that is not in the output.
//!
//! | subscripts | meaning | PyTorch |
//! |---|---|---|
//! | `ik,kj->ij` | matrix product | `a @ b` |
//! | `bik,bkj->bij` | the same for each `b` of a batch | `torch.bmm(a, b)` |
//! | `bi,bj->ij` | a weight's gradient: outer products, added up over the batch | `a.T @ b` |
//! | `ia,ka->ik` | an input's gradient | `a @ b.T` |
//! | `i,i->`, `i,j->ij` | inner and outer product | `a @ b`, `torch.outer(a, b)` |
//! | `ij->ji`, `ij->j`, `ij->` | transpose, sum down the rows, sum of all | `a.T`, `a.sum(0)`, `a.sum()` |
//! | `ii->`, `ii->i` | trace, diagonal | `a.trace()`, `a.diag()` |
//! | `...ij,...jk->...ik` | matrix products over whatever axes come before | `a @ b` |
//!
//! ```
//! use nb01_matmul::{EinsumError, einsum, ndarray::{Array0, Array2, array}};
//!
//! let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
//! let b = array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]];
//!
//! let c: Array2<f64> = einsum("ik,kj->ij", &[&a, &b])?;
//! assert_eq!(c, array![[140.0, 140.0], [320.0, 320.0]]);
//!
//! let squares: Array0<f64> = einsum("ij,ij->", &[&a, &a])?;
//! assert_eq!(squares.into_scalar(), 91.0);
//! # Ok::<(), EinsumError>(())
//! ```
//!
//! # Without an arrow
//!
//! An *implicit* output has the letters that stand exactly once, in alphabetical order, capitals first.
//! This, and only this, is what the often quoted sentence of NumPy's manual is about: that a repeated
//! letter is summed, so that `i,i` is an inner product and `i` alone just the array. With an arrow it is
//! the output that decides. `ij->i` sums over a letter that stands once, and `i,i->i` keeps one that stands
//! twice.
//!
//! # A language inside a string
//!
//! The course complains about it, as one may about regular expressions: the compiler does not look inside,
//! so a slip shows only when the line runs. Then it should at least show well:
//!
//! ```text
//! einsum: an axis of size 10 in operand 1 where size 784 came before
//!     ik,jk->ij
//!         ^
//! ```
//!
//! [`einsum_explain`] goes the other way and prints the loops that a string stands for.
//!
//! # How it is computed
//!
//! Not by those loops. Letters that only one operand has are summed away first. A product of two operands
//! becomes a call of [`matmul`](crate::matmul()), one for every index of the letters that both have and the
//! output keeps. Strides tell `matmul` where the elements are, so a transposed operand is not copied; where
//! several letters have to act as one axis (`b` and `i` in `bij,jk->bik`) and the strides do not allow it,
//! there is one copy. What is no matrix product is an inner product (`i,i->`) or a broadcast product
//! (`ij,ij->ij`). More than two operands are multiplied two at a time, up to eight in the cheapest order
//! there is, and beyond that in one that keeps the arrays on the way small.
//!
//! Matrix products are added up as `matmul` does it, in `T`; everything else is added up in `f64` and rounded once, since
//! a plain sum may run over a whole data set (`ij->` of MNIST's pixels would be 0.3 % too large in `f32`). Results agree
//! with the loops to the rounding of `T`, and not to the last bit. They are always row by row in memory.

mod contract;
mod error;
mod explain;
mod operand;
mod order;
mod plan;
mod sizes;
mod subscripts;

pub use error::{EinsumError, Quote};
pub use explain::einsum_explain;

use crate::Element;
use contract::{batched_product, contract, matrix_product};
use nb00_testing::AsArray;
use ndarray::{Array, ArrayD, ArrayViewD, Dimension};
use operand::{Operand, zeros};
use plan::plan;
use sizes::Axes;
use smallvec::SmallVec;
use subscripts::{Subscripts, set};

/// `torch.einsum`, with NumPy's rules: any number of operands of any rank, an explicit or an implicit
/// output, diagonals, `...`, and axes of size 1 that are stretched.
///
/// The rank of the result is the caller's to name, by a type: `Array2<f32>` where the subscripts leave two
/// letters, `ArrayD<f32>` where they are not known. Operands are anything that can be looked at as an
/// array: `&a` for an array, a view, a list or a number, and also where `a` is an `&ArrayRef2` already.
/// All have the same kind of number.
///
/// # Errors
/// [`EinsumError`], quoting the subscripts with a mark under the fault, where they are not well formed, do
/// not fit the operands, or leave another rank than asked for; and where the result is too large.
///
/// ```
/// use nb01_matmul::{EinsumError, einsum, ndarray::{Array1, Array2, ArrayD, array}};
///
/// let m = array![[1.0, 2.0], [3.0, 4.0]];
/// let row_sums: Array1<f64> = einsum("ij->i", &[&m])?;
/// assert_eq!(row_sums, array![3.0, 7.0]);
///
/// let scaled: Array2<f64> = einsum("ij,j,->ij", &[&m, &[1.0, 10.0], &0.5])?;
/// assert_eq!(scaled, array![[0.5, 10.0], [1.5, 20.0]]);
///
/// let transposed: ArrayD<f64> = einsum("ba", &[&m])?; // implicit: ba->ab
/// assert_eq!(transposed, m.t().into_dyn());
/// # Ok::<(), EinsumError>(())
/// ```
pub fn einsum<T: Element, D: Dimension>(
    subscripts: &str,
    operands: &[&dyn AsArray<Elem = T>],
) -> Result<Array<T, D>, EinsumError> {
    let subscripts = Subscripts::parse(subscripts)?;
    let views: SmallVec<[ArrayViewD<'_, T>; 3]> = operands.iter().map(|operand| operand.as_array()).collect();
    let axes = Axes::bind(&subscripts, views.iter().map(|view| view.shape()))?;
    if let Some(expected) = D::NDIM.filter(|&n| n != axes.output.len()) {
        let shape = axes.shape(&axes.output).to_vec();
        return Err(EinsumError::ResultRank { expected, shape, quote: subscripts.quote_output() });
    }
    let result = evaluate(views, &axes).map_err(|TooLarge(shape)| {
        let quote = subscripts.quote(0..subscripts.text.len());
        EinsumError::TooLarge { shape, quote }
    })?;
    Ok(result.into_dimensionality().expect("the rank is the one asked for"))
}

/// The shape of an array for which there is no memory.
struct TooLarge(Vec<usize>);

fn evaluate<'a, T: Element>(
    views: SmallVec<[ArrayViewD<'a, T>; 3]>,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    if let Some(product) = matrix_product(&views, axes).or_else(|| batched_product(&views, axes)) {
        return product;
    }
    if views.iter().any(|view| view.is_empty()) {
        return zeros(&axes.shape(&axes.output)); // sums of nothing, whatever the other operands hold
    }
    let mut operands: SmallVec<[Option<Operand<'a, T>>; 3]> = SmallVec::new();
    for (view, labels) in views.into_iter().zip(&axes.operands) {
        operands.push(Some(Operand::new(view, labels, axes)?));
    }
    for step in plan(axes) {
        let mut take = |number: usize| operands[number].take().expect("a plan uses each operand once");
        let product = contract(take(step.a), take(step.b), &step, axes)?;
        operands.push(Some(product));
    }
    let last = operands.pop().flatten().expect("there is a part for one operand at least");
    last.summed_to(set(&axes.output))?.into_ordered(&axes.output)
}
