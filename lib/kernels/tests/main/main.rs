//! Products, maps and sums against plain loops in `f64`, on every instruction set that this processor has.

mod common;
mod matmul;
mod memory;
mod properties;
#[cfg(feature = "mkl")]
mod blas;
