//! An array whose axes have labels.

use super::TooLarge;
use super::sizes::Axes;
use super::subscripts::{Label, Labels, Set, has};
use crate::Element;
use kernels::par::{ask_for_large_pages, share, total};
use ndarray::{
    ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, CowArray, Dimension, IxDyn, RawData, RemoveAxis, Zip,
    arr0,
};
use smallvec::SmallVec;
use std::cmp::Reverse;

/// An operand, or the result of a step: each axis has one label, and no label comes twice.
pub(super) struct Operand<'a, T> {
    pub(super) labels: Labels,
    pub(super) values: CowArray<'a, T, IxDyn>,
}

impl<'a, T: Element> Operand<'a, T> {
    /// Leaves out the axes that are only stretched (their one index is 0), and takes diagonals.
    pub(super) fn new(mut view: ArrayViewD<'a, T>, labels: &Labels, axes: &Axes) -> Result<Self, TooLarge> {
        let mut labels = labels.clone();
        for axis in (0..labels.len()).rev() {
            if view.len_of(Axis(axis)) != axes.size(labels[axis]) {
                view.index_axis_inplace(Axis(axis), 0);
                labels.remove(axis);
            }
        }
        let mut operand = Operand { labels, values: view.into() };
        while let Some((first, second)) = operand.twins() {
            operand.values = diagonal(operand.values.view(), first, second)?.into();
            operand.labels.remove(second);
        }
        Ok(operand)
    }

    /// Two axes with the same label.
    fn twins(&self) -> Option<(usize, usize)> {
        let first =
            |second: usize| self.labels[..second].iter().position(|&label| label == self.labels[second]);
        (1..self.labels.len()).find_map(|second| Some((first(second)?, second)))
    }

    /// Sums over every label that is not in `kept`.
    pub(super) fn summed_to(mut self, kept: Set) -> Result<Self, TooLarge> {
        if !self.labels.is_empty() && self.labels.iter().all(|&label| !has(kept, label)) {
            let values = arr0(T::narrow(total(&self.values))).into_dyn().into();
            return Ok(Operand { labels: Labels::new(), values });
        }
        for axis in (0..self.labels.len()).rev() {
            if !has(kept, self.labels[axis]) {
                self.labels.remove(axis);
                self.values = sum_axis(self.values.view(), Axis(axis))?.into();
            }
        }
        Ok(self)
    }

    /// The same numbers with the axes in the order of `labels`, which are all of ours.
    pub(super) fn permuted(&self, labels: impl Iterator<Item = Label>) -> ArrayViewD<'_, T> {
        let wanted: Labels = labels.collect();
        self.values.view().permuted_axes(&*positions(&self.labels, &wanted))
    }

    /// An array of its own with the axes in the order of `output`, row by row in memory.
    pub(super) fn into_ordered(self, output: &[Label]) -> Result<ArrayD<T>, TooLarge> {
        let permuted = self.values.permuted_axes(&*positions(&self.labels, output));
        if permuted.is_view() || !permuted.is_standard_layout() {
            return row_major(permuted.view());
        }
        Ok(permuted.into_owned())
    }

    /// The same numbers as an array `(batch…, first, second)`, where all labels of a group make one axis.
    /// Nothing is copied where the strides allow it.
    pub(super) fn grouped(
        &self,
        batch: &[Label],
        first: &[Label],
        second: &[Label],
    ) -> Result<CowArray<'_, T, IxDyn>, TooLarge> {
        let permuted = || self.permuted(batch.iter().chain(first).chain(second).copied());
        let lengths = (batch.len(), first.len(), second.len());
        if let Some(view) = merged(permuted(), lengths) {
            return Ok(view.into());
        }
        Ok(merged(row_major(permuted())?, lengths).expect("axes in row-major order merge").into())
    }

    /// The same numbers with an axis for every label of `inner` and then of `output`, of size 1 where we
    /// have none: ready to be broadcast.
    pub(super) fn aligned(&self, inner: &[Label], output: &[Label]) -> ArrayViewD<'_, T> {
        let labels = || inner.iter().chain(output).copied();
        let mut view = self.permuted(labels());
        for (axis, label) in labels().enumerate() {
            if !self.labels.contains(&label) {
                view.insert_axis_inplace(Axis(axis));
            }
        }
        view
    }

    /// `labels` from the largest stride to the smallest: the order in which they most likely make one axis.
    pub(super) fn by_stride(&self, labels: &[Label]) -> Labels {
        let mut labels = Labels::from(labels);
        if labels.len() > 1 {
            let axis = |label: Label| self.labels.iter().position(|&own| own == label);
            let stride = |&label: &Label| axis(label).map(|axis| self.values.strides()[axis].unsigned_abs());
            labels.sort_by_key(|label| Reverse(stride(label)));
        }
        labels
    }
}

/// Sums along one axis, in `f64`: line by line where lines are long, else slice upon slice.
fn sum_axis<T: Element>(values: ArrayViewD<'_, T>, axis: Axis) -> Result<ArrayD<T>, TooLarge> {
    const LONG: usize = 16; // from so many numbers on, a line is worth a call
    let mut sums = zeros::<f64>(values.raw_dim().remove_axis(axis).slice())?;
    let lines = values.stride_of(axis) == 1 && values.len_of(axis) >= LONG;
    if lines || sums.len() < LONG {
        Zip::from(&mut sums).and(values.lanes(axis)).for_each(|sum, line| *sum = total(&line));
    } else {
        values.axis_iter(axis).for_each(|slice| sums.zip_mut_with(&slice, |sum, x| *sum += x.widen()));
    }
    Ok(sums.mapv(T::narrow))
}

/// Where each of `wanted` stands in `labels`, for those that do.
pub(super) fn positions(labels: &[Label], wanted: &[Label]) -> SmallVec<[usize; 8]> {
    wanted.iter().filter_map(|wanted| labels.iter().position(|label| label == wanted)).collect()
}

/// The elements whose indices along two axes agree, on the first of them.
fn diagonal<T: Element>(view: ArrayViewD<'_, T>, first: usize, second: usize) -> Result<ArrayD<T>, TooLarge> {
    if view.ndim() == 2 {
        reserve::<T>(&[view.len_of(Axis(first))])?;
        return Ok(view.diag().to_owned().into_dyn());
    }
    let mut shape = view.shape().to_vec();
    shape.remove(second);
    let mut out = zeros(&shape)?;
    for i in 0..view.len_of(Axis(first)) {
        let on_diagonal = view.index_axis(Axis(second), i);
        out.index_axis_mut(Axis(first), i).assign(&on_diagonal.index_axis(Axis(first), i));
    }
    Ok(out)
}

/// A copy of its own, row by row in memory.
pub(super) fn row_major<T: Element>(view: ArrayViewD<'_, T>) -> Result<ArrayD<T>, TooLarge> {
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

/// Copies in small squares: by whole rows, every number read of a transposed view would come from another cache line, and be
/// gone from the cache before its neighbour is wanted.
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

/// How an array is cut into parts that threads can share: along which axis, the longest, and how many of its indices are a
/// part, a multiple of `side`. `None` if it is small.
pub(super) fn cut(shape: &[usize], side: usize) -> Option<(Axis, usize)> {
    const PART: usize = 1 << 15; // numbers at least, and more where one index (or `side` of them) has more
    let (longest, Reverse(axis)) = shape.iter().copied().zip((0..).map(Reverse)).max()?;
    let all: usize = shape.iter().product();
    (all > PART).then(|| (Axis(axis), (PART / (all / longest)).max(1).next_multiple_of(side)))
}

/// An array of zeros, unless there is no memory for it.
pub(super) fn zeros<T: Element>(shape: &[usize]) -> Result<ArrayD<T>, TooLarge> {
    reserve::<T>(shape)?;
    let mut zeros = ArrayD::zeros(shape);
    ask_for_large_pages(zeros.as_slice_mut().expect("new and in order"));
    Ok(zeros)
}

/// Finds out whether there is memory for an array, where it is large enough that there might be none.
pub(super) fn reserve<T>(shape: &[usize]) -> Result<(), TooLarge> {
    const LARGE: usize = 1 << 28;
    let too_large = || TooLarge(shape.to_vec());
    // ndarray, too, counts without the axes of size 0.
    let elements = shape.iter().filter(|&&n| n > 0).try_fold(1_usize, |all, &n| all.checked_mul(n));
    let elements = elements.filter(|&n| n <= isize::MAX as usize / size_of::<T>()).ok_or_else(too_large)?;
    if elements > LARGE && !shape.contains(&0) {
        Vec::<T>::new().try_reserve_exact(elements).map_err(|_| too_large())?;
    }
    Ok(())
}

/// The axes `(batch…, first…, second…)`, so many of each, merged to `(batch…, first, second)`; nothing if
/// the strides do not allow it without a copy.
pub(super) fn merged<S: RawData>(
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
    use crate::einsum::subscripts::Subscripts;
    use ndarray::{Array, s};

    fn labels(letters: &str) -> Labels {
        letters.bytes().map(|letter| letter - b'a' + 26).collect()
    }

    fn operand<'a>(subscripts: &str, view: ArrayViewD<'a, f32>) -> Operand<'a, f32> {
        let parsed = Subscripts::parse(subscripts).expect("letters");
        let axes = Axes::bind(&parsed, [view.shape()].into_iter()).expect("a letter for each axis");
        Operand::new(view, &axes.operands[0], &axes).unwrap_or_else(|_| panic!("small"))
    }

    /// Whether an operand's groups of axes can be used where they are.
    fn is_view(subscripts: &str, view: ArrayViewD<'_, f32>, groups: [&str; 3]) -> bool {
        let [batch, first, second] = groups.map(labels);
        let operand = operand(subscripts, view);
        operand.grouped(&batch, &first, &second).is_ok_and(|grouped| grouped.is_view())
    }

    #[test]
    fn nothing_is_copied_where_strides_allow_it() {
        let x = Array::<f32, _>::zeros((4, 6, 8));
        let x = x.view().into_dyn();
        assert!(is_view("bij", x.clone(), ["b", "i", "j"]));
        assert!(is_view("bij", x.clone(), ["b", "j", "i"]));
        assert!(is_view("bij", x.clone(), ["i", "b", "j"]));
        assert!(is_view("bij", x.clone(), ["", "bi", "j"]));
        assert!(is_view("bij", x.clone(), ["", "b", "ij"]));
        assert!(is_view("bij", x.clone(), ["", "j", "bi"]));
        assert!(is_view("bij", x.slice(s![..;2, .., ..]).into_dyn(), ["b", "i", "j"]));
        assert!(is_view("bij", x.slice(s![..;2, .., ..]).into_dyn(), ["", "b", "ij"]));
        assert!(is_view("bij", x.slice(s![.., .., ..;-1]).into_dyn(), ["b", "i", "j"]));
        assert!(!is_view("bij", x.slice(s![.., ..4, ..]).into_dyn(), ["", "bi", "j"]));
        assert!(!is_view("bij", x.clone(), ["", "bj", "i"]));
    }

    #[test]
    fn memory_decides_the_order_of_a_group() {
        let x = Array::<f32, _>::zeros((4, 6, 8));
        let permuted = operand("abc", x.view().permuted_axes([2, 0, 1]).into_dyn());
        assert_eq!(permuted.by_stride(&labels("abc")), labels("bca"));
        assert_eq!(permuted.by_stride(&labels("ab")), labels("ba"));
    }

    #[test]
    fn copies_keep_every_number() {
        let x =
            Array::from_shape_fn((3, 70, 2, 65), |(a, b, c, d)| (a * 70 * 130 + b * 130 + c * 65 + d) as f64);
        for axes in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 3, 2, 1], [1, 3, 0, 2]] {
            let permuted = x.view().permuted_axes(axes).into_dyn();
            let copy = row_major(permuted.clone()).unwrap_or_else(|_| panic!("small"));
            assert!(copy.is_standard_layout() && copy == permuted);
        }
    }
}
