//! Products, maps and sums against plain loops in `f64`, on every instruction set that this processor has.

mod common;
mod conv;
mod gather;
mod matmul;
mod memory;
mod properties;
mod settings;
#[cfg(feature = "mkl")]
mod blas;
