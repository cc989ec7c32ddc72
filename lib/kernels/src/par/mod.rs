//! Elementwise maps and sums over large arrays, limited only by memory bandwidth.
//!
//! `x_train` is 157 MB. Memory delivers that in a few milliseconds, if the processor keeps up. Three things make a loop slower
//! than memory, and one makes it wrong:
//!
//! - **One thread, four lanes.** A program for every x86-64 processor uses registers of four `f32`. The loops here are
//!   compiled for wider ones, too, and large arrays are shared among the threads that [`matmul`](mod@crate::matmul) uses.
//! - **Page faults.** The system hands out new memory in pages of 4 KB, each at the first access to it: 38,000 for
//!   `x_train`. Here it is asked for pages of 2 MB.
//! - **Split cache lines.** A row of `x_train` is 3136 bytes, 49 cache lines exactly. If the first row starts at a line, as
//!   in [`zeros`], all do. A large block from the allocator starts 16 bytes behind one, and then every load of `xᵀ @ g`
//!   but one in 49 touches two lines and takes twice as long: 13 % of the product.
//! - **Sums in `f32`** are no slower, but wrong. These are `f64` throughout.
//!
//! ```
//! use kernels::{ndarray::Array1, par::{relu, total}};
//!
//! let x = Array1::from_elem(1000, 0.25_f32);
//! assert_eq!(total(&relu(&x, 0.125)), 125.0);
//! ```

mod maps;
mod moments;
mod gather;
pub(crate) mod pointwise;
pub(crate) mod softmax;
pub(crate) mod sums;

pub use gather::gather_rows;
pub use maps::zip_map_in_place;
pub use moments::{Moments, moments};
pub use pointwise::{
    add_scaled_, leaky_relu, leaky_relu_grad, relu, relu_grad, relu_grad_, relu_into, scaled_difference,
    sub_div, sub_div_, threshold_backward_,
};
pub use softmax::{RowTargets, cross_entropy, log_softmax};
pub use sums::{dot, squared_distance, sum, sum_few_rows, sum_rows, total, total_of_squares};

pub use crate::memory::ask_for_large_pages;
pub use crate::threads::share;

use crate::memory;
use crate::threads::share_in_order;
use ndarray::{Array, Array1, Dimension, IntoDimension, s};
use std::sync::{Mutex, PoisonError};

/// A cache line, in numbers.
const LINE: usize = 64 / size_of::<f32>();

/// An array of zeros in order, its first element at the start of a cache line.
///
/// # Panics
/// At the caller's line if there is no memory for it.
///
/// ```
/// let x = kernels::par::zeros((50, 784));
/// assert!(x.rows().into_iter().all(|row| row.as_ptr().addr() % 64 == 0));
/// ```
#[track_caller]
pub fn zeros<Sh: IntoDimension>(shape: Sh) -> Array<f32, Sh::Dim> {
    let shape = shape.into_dimension();
    let len = memory::check_room::<f32>("zeros", shape.slice());
    let mut lines = Array1::<f32>::zeros(len + LINE); // the system keeps new memory at zero: no pass of its own
    memory::ask_for_large_pages(lines.as_slice_mut().expect("new and in order"));
    let start = lines.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let aligned = lines.slice_move(s![start..start + len]);
    aligned.into_shape_with_order(shape).expect("as many numbers as the shape holds")
}

/// `f` of each part of some large work, in the parts' order, on the threads that [`matmul`](mod@crate::matmul) uses: those
/// of the current rayon pool, as many as `NB_THREADS` allows, and only the caller's if there are few `operations`.
///
/// The parts are the caller's, so what comes out does not depend on the number of threads.
///
/// ```
/// use kernels::par::{map_parts, sum};
///
/// let x = vec![0.5_f32; 100_000];
/// let sums = map_parts(x.chunks(1 << 14), x.len() as f64, sum);
/// assert_eq!((sums.len(), sums.iter().sum::<f64>()), (7, 50_000.0));
/// ```
pub fn map_parts<I: ExactSizeIterator + DoubleEndedIterator + Send, R: Send>(
    parts: I,
    operations: f64,
    f: impl Fn(I::Item) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = Vec::new();
    results.resize_with(parts.len(), || None);
    share(parts.zip(&mut results), operations, |(part, result)| *result = Some(f(part)));
    results.into_iter().map(|result| result.expect("every part was computed")).collect()
}

/// [`map_parts`] with the results merged in the parts' order, each as soon as all before it are: few are ever kept at a time,
/// whose memory the next ones can have. `None` if there are no parts.
///
/// ```
/// use kernels::par::{merge_parts, sum};
///
/// let x = vec![0.5_f32; 100_000];
/// let total = merge_parts(x.chunks(1 << 14), x.len() as f64, sum, |a, b| a + b);
/// assert_eq!(total, Some(50_000.0));
/// ```
pub fn merge_parts<I: ExactSizeIterator + Send, R: Send>(
    parts: I,
    operations: f64,
    f: impl Fn(I::Item) -> R + Sync,
    merge: impl Fn(R, R) -> R + Sync,
) -> Option<R> {
    let merged = Mutex::new(InOrder { total: None, next: 0, early: Vec::new() });
    share_in_order(parts.enumerate(), operations, |(index, part)| {
        let result = f(part);
        merged.lock().unwrap_or_else(PoisonError::into_inner).add(index, result, &merge);
    });
    merged.into_inner().unwrap_or_else(PoisonError::into_inner).total
}

/// Results merged up to the part `next`, and those that came before their turn: few, so they are looked for one by one.
struct InOrder<R> {
    total: Option<R>,
    next: usize,
    early: Vec<(usize, R)>,
}

impl<R> InOrder<R> {
    fn add(&mut self, index: usize, result: R, merge: impl Fn(R, R) -> R) {
        self.early.push((index, result));
        while let Some(place) = self.early.iter().position(|(index, _)| *index == self.next) {
            let (_, result) = self.early.swap_remove(place);
            self.total = Some(match self.total.take() {
                Some(total) => merge(total, result),
                None => result,
            });
            self.next += 1;
        }
    }
}

#[track_caller]
fn check_alike(operation: &str, x: &[usize], y: &[usize]) {
    assert!(x == y, "{operation}: {x:?} beside {y:?}; make them the same, by `broadcast` for example");
}

/// Numbers that a thread takes at a time, 1 MB of `f32`: they depend on nothing else, so neither do the digits.
const BLOCK: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_merged_in_their_order_whenever_they_are_ready() {
        let late = |i: usize| {
            std::thread::sleep(std::time::Duration::from_micros(if i.is_multiple_of(5) { 500 } else { 0 }));
            vec![i]
        };
        let merged = merge_parts(0..100, f64::INFINITY, late, |a, b| [a, b].concat());
        assert_eq!(merged, Some((0..100).collect()));
        assert_eq!(merge_parts(0..0, 1.0, late, |a, _| a), None);
    }

    #[test]
    fn arrays_of_any_shape_start_at_a_line_and_are_zero() {
        for shape in [(0, 0), (0, 5), (1, 1), (3, 17), (500, 784)] {
            let x = zeros(shape);
            assert!(x.dim() == shape && x.is_standard_layout() && x.iter().all(|&x| x == 0.0));
            assert!(x.is_empty() || x.as_ptr().addr().is_multiple_of(64), "{shape:?}");
        }
    }
}
