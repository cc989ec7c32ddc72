//! # 02 · Fully connected
#[doc(no_inline)]
pub use nb01_matmul::*;
