//! What holds for every input, tried on random ones.
//!
//! `PROPTEST_CASES` (256 unless set) says how many of each. What fails is shrunk to its smallest form, and its seed
//! kept beside this folder, to be tried again first.

mod layout;
mod numbers;
mod products;
mod reference;
