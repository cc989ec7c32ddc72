//! What holds for every input, tried on random ones: comparisons, broadcasting, einsum, products.
//!
//! `PROPTEST_CASES` (256 unless set) says how many of each. What fails is shrunk to its smallest form, and its seed
//! kept beside this folder, to be tried again first.

mod broadcasting;
mod elementwise;
mod einsum;
mod ladder;
