//! Einstein summation: a product of arrays, described by the names of its indices.
//!
//! > Each letter is an index that runs over the size of its axis. Multiply the elements that the indices point at, and add
//! > up over every letter that is not in the output.
//!
//! ```
//! use einsum::{EinsumError, einsum, ndarray::array};
//!
//! let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].into_dyn();
//! let b = array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]].into_dyn();
//! let c = einsum("ik,kj->ij", &[a.view(), b.view()])?;
//! assert_eq!(c, array![[140.0, 140.0], [320.0, 320.0]].into_dyn());
//! # Ok::<(), EinsumError>(())
//! ```
//!
//! # How it is computed
//!
//! | step | file |
//! |---|---|
//! | parse the subscripts | `subscripts.rs` |
//! | give each letter its size | `sizes.rs` |
//! | choose the order of more than two operands: the cheapest up to eight, greedy beyond | `order.rs` |
//! | choose how each product of two is computed | `plan.rs` |
//! | send `ik,kj->ij` and `bik,bkj->bij` to `matmul` without a plan | `shortcuts.rs` |
//! | sum the letters that only one operand has | `labelled.rs` |
//! | multiply two operands: matrix products, inner products | `contract.rs` |
//! | multiply two operands: broadcast products and their sums | `products.rs` |
//!
//! `matmul` reads operands through their strides, so a transposed operand is not copied. If several letters must act as one
//! axis (`b` and `i` in `bij,jk->bik`) and the strides do not allow that, the operand is copied once.
//!
//! # Accuracy
//!
//! A call is computed in steps, and **the result of each step is rounded to `T`**. A step is
//!
//! - the sum over the letters that only one operand has,
//! - the product of two operands, summed over the letters that no other operand and not the output has.
//!
//! Inside a step, a matrix product is added up in `T`, as `matmul` does it; any other sum is added up in `f64`. So `ij->`,
//! `ij->j` and `i,i->` are one step, rounded once. `i,ij->` is two: the sums over `j` are rounded before the inner product.
//! NumPy's and PyTorch's intermediate results are rounded, too.
//!
//! This bounds the error of an element by `c · ε · Σ |terms|`, the terms being the products that the plain loops add up, with
//! `c` at most the number of steps plus the lengths of the sums that are added up in `T`. Where large terms cancel, the result
//! can thus differ from the loops in every digit. An intermediate result beyond `T`'s range is infinite, and 0 times it is NaN,
//! although each term of the loops may be 0.
//!
//! Compiled once: a caller's crate compiles only thin shells over functions for `f32` and `f64` that are compiled here.

#![forbid(unsafe_code)]

mod element;
mod error;
mod explain;
mod evaluate;
mod subscripts;
mod sizes;
mod order;
mod plan;
mod shortcuts;
mod labelled;
mod contract;
mod products;
mod memory;

pub use element::Element;
pub use error::{EinsumError, Quote};
pub use explain::einsum_explain;
pub use ndarray;

use ndarray::{ArrayD, ArrayViewD};

/// `torch.einsum`, with NumPy's rules: any number of operands of any rank and strides, an explicit or an implicit output,
/// diagonals, `...`, and axes of size 1 that are stretched. The result is in row-major order.
///
/// # Errors
/// [`EinsumError`] if the subscripts are not well formed or do not fit the operands, or if there is no memory for the
/// result or an intermediate result.
pub fn einsum<T: Element>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
) -> Result<ArrayD<T>, EinsumError> {
    T::einsum(subscripts, operands, None)
}

/// [`einsum`] for a caller who wants a result with `rank` axes; `None` takes any.
///
/// # Errors
/// As [`einsum`], and [`EinsumError::ResultRank`] before anything is computed.
pub fn einsum_of_rank<T: Element>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
    rank: Option<usize>,
) -> Result<ArrayD<T>, EinsumError> {
    T::einsum(subscripts, operands, rank)
}
