//! `einsum` against NumPy, against plain loops, and against nonsense.

mod calls;
mod common;
mod properties;
