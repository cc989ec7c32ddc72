//! The two kinds of number, and what is compiled for each of them, here and only here.
#![allow(private_interfaces, reason = "the trait is sealed: no other crate can call or implement it")]

use crate::EinsumError;
use crate::evaluate::checked;
use ndarray::{ArrayD, ArrayViewD};

/// A number that [`einsum`](crate::einsum()) multiplies and adds: `f32`, or `f64`.
pub trait Element: kernels::Element + sealed::Compiled {}

impl Element for f32 {}
impl Element for f64 {}

/// What keeps [`Element`] to these two.
pub(crate) mod sealed {
    use super::*;

    /// What is compiled for a kind of number. A generic function would be compiled again in each crate that calls it,
    /// without optimisation in a debug build; this one is compiled here.
    #[allow(unreachable_pub)]
    pub trait Compiled: Sized {
        fn einsum(
            subscripts: &str,
            operands: &[ArrayViewD<'_, Self>],
            rank: Option<usize>,
        ) -> Result<ArrayD<Self>, EinsumError>;
    }
}

impl sealed::Compiled for f32 {
    fn einsum(
        subscripts: &str,
        operands: &[ArrayViewD<'_, f32>],
        rank: Option<usize>,
    ) -> Result<ArrayD<f32>, EinsumError> {
        checked(subscripts, operands, rank)
    }
}

impl sealed::Compiled for f64 {
    fn einsum(
        subscripts: &str,
        operands: &[ArrayViewD<'_, f64>],
        rank: Option<usize>,
    ) -> Result<ArrayD<f64>, EinsumError> {
        checked(subscripts, operands, rank)
    }
}
