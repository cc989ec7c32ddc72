//! Einstein summation: a product of arrays, described by the names of its indices.
//!
//! The lesson's triple loop says `c[i, j] += a[i, k] * b[k, j]`. Leave out everything that can be guessed, and `ik,kj->ij`
//! remains: one letter for every axis, a comma between operands, and the output's axes after the arrow. The rule is short:
//!
//! > Each letter is an index that runs over the size of its axis. Multiply the elements that the indices point at, and add
//! > up over every letter that is not in the output.
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
//! | `...ij,...jk->...ik` | matrix products over all axes that come before | `a @ b` |
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
//! An *implicit* output has the letters that occur exactly once, in alphabetical order, capitals first. NumPy's manual says
//! that a repeated letter is summed, so that `i,i` is an inner product and `i` alone is the array. That is often quoted, but
//! it is true without an arrow only. With an arrow the output decides: `ij->i` sums over a letter that occurs once, and
//! `i,i->i` keeps one that occurs twice.
//!
//! # A language inside a string
//!
//! The course complains about einsum as others do about regular expressions: the compiler does not
//! look inside the string, so a mistake shows only when the line runs. The error then points at it:
//!
//! ```text
//! einsum: an axis of size 10 in operand 1 where size 784 came before
//!     ik,jk->ij
//!         ^
//! ```
//!
//! [`einsum_explain`] prints the loops that a string stands for.
//!
//! # How it is computed
//!
//! [`einsum_loops`] is the definition: one loop for each letter. [`einsum`](einsum()) gives the same numbers up to rounding, faster.
//! The engine is the library `lib/einsum`. It multiplies two operands at a time, in the cheapest
//! order, and turns each product into calls of [`matmul`](crate::matmul()) if it can; its page says how, and which
//! intermediate results are rounded.

pub use ::einsum::{EinsumError, Quote, einsum_explain};

use crate::{AsArray, Element};
use ndarray::{Array, ArrayD, ArrayViewD, Dimension, IxDyn, indices};
use std::collections::BTreeMap;

/// The definition of [`einsum`](einsum()): for every index of every letter, multiply the elements and add the product to
/// the output. It reads letters, commas and an arrow, without spaces.
///
/// # Panics
/// If [`einsum`](einsum()) would return an error, and if there is no arrow or a `...`.
///
/// ```
/// use nb01_matmul::{einsum::einsum_loops, ndarray::array};
///
/// let c = einsum_loops("ik,kj->ij", &[&array![[1.0, 2.0]], &array![[3.0], [4.0]]]);
/// assert_eq!(c, array![[11.0]].into_dyn());
/// ```
#[track_caller]
pub fn einsum_loops<T: Element>(subscripts: &str, operands: &[&dyn AsArray<Elem = T>]) -> ArrayD<T> {
    let operands = views(operands);
    let (inputs, output) = checked(subscripts, &operands);
    let terms: Vec<&str> = inputs.split(',').collect();
    let sizes = letter_sizes(&terms, &operands);
    let shape: Vec<usize> = output.chars().map(|letter| sizes[&letter]).collect();
    kernels::check_room::<T>("einsum_loops", &shape);

    let mut out = ArrayD::zeros(&*shape);
    let (letters, all): (String, Vec<usize>) = sizes.into_iter().unzip();
    for index in indices(all) {
        // `indices` is a loop for each letter, one inside the other; `value` is a letter's index.
        let value = |letter| index[letters.find(letter).expect("every letter has a size")];
        let mut product = T::one();
        for (term, operand) in terms.iter().zip(&operands) {
            product *= operand[element(term, operand.shape(), value)];
        }
        out[element(output, &shape, value)] += product;
    }
    out
}

/// The two sides of the arrow, of subscripts that fit the operands.
#[track_caller]
fn checked<'s, T: Element>(subscripts: &'s str, operands: &[ArrayViewD<'_, T>]) -> (&'s str, &'s str) {
    let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape()).collect();
    if let Err(error) = einsum_explain(subscripts, &shapes) {
        panic!("{error}");
    }
    match subscripts.split_once("->") {
        Some(sides) if !subscripts.contains(['.', ' ']) => sides,
        _ => panic!(
            "einsum_loops: {subscripts:?}; the loops need an arrow and a letter for each axis, as in \"ij->ji\""
        ),
    }
}

/// The size of each letter's axes; axes of size 1 are stretched to it.
fn letter_sizes<T>(terms: &[&str], operands: &[ArrayViewD<'_, T>]) -> BTreeMap<char, usize> {
    let mut sizes = BTreeMap::new();
    for (term, operand) in terms.iter().zip(operands) {
        for (letter, &size) in term.chars().zip(operand.shape()) {
            let known = sizes.entry(letter).or_insert(1);
            *known = if *known == 1 { size } else { *known };
        }
    }
    sizes
}

/// Where an array with these letters has the element for the letters' values; a stretched axis has one index, 0.
fn element(letters: &str, shape: &[usize], value: impl Fn(char) -> usize) -> IxDyn {
    let index = letters.chars().zip(shape).map(|(letter, &size)| if size == 1 { 0 } else { value(letter) });
    IxDyn(&index.collect::<Vec<usize>>())
}

/// `torch.einsum`, with NumPy's rules: any number of operands of any rank, an explicit or an implicit output, diagonals,
/// `...`, and axes of size 1 that are stretched.
///
/// The caller's type names the rank of the result: `Array2<f32>` if the subscripts leave two letters, `ArrayD<f32>` for any.
/// An operand is a reference to an array, a view, a list or a number, or to a reference (`&a` also if `a` is an
/// `&ArrayRef2`). All have the same kind of number. The result is in row-major order.
///
/// # Errors
/// [`EinsumError`], which quotes the subscripts with a mark under the mistake: if they are not well formed, do not fit the
/// operands or leave another rank than the type's, or if there is no memory for the result.
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
    let result = ::einsum::einsum_of_rank(subscripts, &views(operands), D::NDIM)?;
    Ok(result.into_dimensionality().expect("the rank is the one asked for"))
}

fn views<'a, T: Element>(operands: &[&'a dyn AsArray<Elem = T>]) -> Vec<ArrayViewD<'a, T>> {
    operands.iter().map(|operand| operand.as_array()).collect()
}
