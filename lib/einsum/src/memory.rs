//! New arrays, copies in row-major order, and the axes of a group merged into one.

use crate::Element;
use kernels::par::{ask_for_large_pages, share};
use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, RawData};
use std::cmp::Reverse;

/// The shape of an array for which there is no memory.
#[derive(Debug)]
pub(crate) struct TooLarge {
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: u128,
}

/// An array of zeros, if there is memory for it.
pub(crate) fn zeros<T: Element>(shape: &[usize]) -> Result<ArrayD<T>, TooLarge> {
    reserve::<T>(shape)?;
    let mut zeros = ArrayD::zeros(shape);
    ask_for_large_pages(zeros.as_slice_mut().expect("a new array is in row-major order"));
    Ok(zeros)
}

/// Checks that there is memory for an array: an allocation that fails would end the whole program.
pub(crate) fn reserve<T>(shape: &[usize]) -> Result<(), TooLarge> {
    match kernels::room::<T>(shape) {
        Some(_) => Ok(()),
        None => Err(TooLarge::new::<T>(shape)),
    }
}

/// Sums in `f64`, each rounded once.
pub(crate) fn rounded<T: Element>(sums: ArrayD<f64>) -> Result<ArrayD<T>, TooLarge> {
    reserve::<T>(sums.shape())?;
    Ok(sums.mapv(T::narrow))
}

impl TooLarge {
    pub(crate) fn new<T>(shape: &[usize]) -> TooLarge {
        // ndarray, too, counts without the axes of size 0.
        let counted = shape.iter().filter(|&&n| n > 0).map(|&n| n as u128);
        let bytes = counted.fold(size_of::<T>() as u128, u128::saturating_mul);
        TooLarge { shape: shape.to_vec(), bytes }
    }
}

/// A copy in row-major order.
pub(crate) fn row_major<T: Element>(view: ArrayViewD<'_, T>) -> Result<ArrayD<T>, TooLarge> {
    let mut out = zeros(view.shape())?;
    let operations = out.len() as f64;
    match cut(view.shape(), SIDE) {
        Some((axis, indices)) => {
            let parts = out.axis_chunks_iter_mut(axis, indices).zip(view.axis_chunks_iter(axis, indices));
            share(parts, operations, |(out, view)| copy(view, out));
        }
        None => copy(view, out.view_mut()),
    }
    Ok(out)
}

/// The side of a square in which a transposed view is copied.
const SIDE: usize = 32;

/// Copies in small squares. In whole rows, each number read from a transposed view would be on another cache line, which
/// would be evicted before the next number on it is read.
fn copy<T: Element>(view: ArrayViewD<'_, T>, mut out: ArrayViewMutD<'_, T>) {
    let strides = view.strides().iter().map(|stride| stride.unsigned_abs());
    let nearest = strides.zip(0..).filter(|&(stride, _)| stride > 0).min().map(|(_, axis)| axis);
    let Some(nearest) = nearest.filter(|&axis| axis + 1 < view.ndim()) else {
        return out.assign(&view);
    };
    let (nearest, last) = (Axis(nearest), Axis(view.ndim() - 1));
    for (mut out, view) in out.axis_chunks_iter_mut(nearest, SIDE).zip(view.axis_chunks_iter(nearest, SIDE)) {
        for (mut out, view) in out.axis_chunks_iter_mut(last, SIDE).zip(view.axis_chunks_iter(last, SIDE)) {
            out.assign(&view);
        }
    }
}

/// How to cut an array into parts for several threads: along its longest axis, with how many indices in a part (a
/// multiple of `side`). `None` if the array is small.
pub(crate) fn cut(shape: &[usize], side: usize) -> Option<(Axis, usize)> {
    const PART: usize = 1 << 15; // the fewest numbers in a part; `side` indices may hold more
    let (longest, Reverse(axis)) = shape.iter().copied().zip((0..).map(Reverse)).max()?;
    let all: usize = shape.iter().product();
    (all > PART).then(|| (Axis(axis), (PART / (all / longest)).max(1).next_multiple_of(side)))
}

/// The axes `(batch…, first…, second…)`, so many of each, merged to `(batch…, first, second)`. `None` if
/// the strides do not allow that without a copy.
pub(crate) fn merged<S: RawData>(
    mut array: ArrayBase<S, IxDyn>,
    (batch, first, second): (usize, usize, usize),
) -> Option<ArrayBase<S, IxDyn>> {
    for (start, len) in [(batch + first, second), (batch, first)] {
        for axis in (start + 1..start + len).rev() {
            if !array.merge_axes(Axis(axis - 1), Axis(axis)) {
                return None;
            }
            array.index_axis_inplace(Axis(axis - 1), 0);
        }
        if len == 0 {
            array.insert_axis_inplace(Axis(start));
        }
    }
    Some(array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    #[test]
    fn copies_keep_every_number() {
        let x =
            Array::from_shape_fn((3, 70, 2, 65), |(a, b, c, d)| (a * 70 * 130 + b * 130 + c * 65 + d) as f64);
        for axes in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 3, 2, 1], [1, 3, 0, 2]] {
            let permuted = x.view().permuted_axes(axes).into_dyn();
            let copy = row_major(permuted.clone()).expect("it is small");
            assert!(copy.is_standard_layout() && copy == permuted);
        }
    }
}
