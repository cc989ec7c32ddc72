//! An array whose axes have labels.

use super::TooLarge;
use super::sizes::Axes;
use super::subscripts::{Label, Labels, Set, has};
use crate::Element;
use ndarray::{ArrayBase, ArrayD, ArrayViewD, Axis, CowArray, IxDyn, RawData, arr0};
use smallvec::SmallVec;

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
            let values = arr0(self.values.sum()).into_dyn().into();
            return Ok(Operand { labels: Labels::new(), values });
        }
        for axis in (0..self.labels.len()).rev() {
            if !has(kept, self.labels[axis]) {
                self.labels.remove(axis);
                let mut shape = self.values.shape().to_vec();
                shape.remove(axis);
                reserve::<T>(&shape)?;
                self.values = self.values.sum_axis(Axis(axis)).into();
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
        reserve::<T>(self.values.shape())?;
        let permuted = self.values.permuted_axes(&*positions(&self.labels, output));
        let row_major = permuted.is_standard_layout();
        Ok(if row_major { permuted.into_owned() } else { permuted.as_standard_layout().into_owned() })
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
        reserve::<T>(permuted().shape())?;
        let copy = permuted().as_standard_layout().into_owned();
        Ok(merged(copy, lengths).expect("axes in row-major order merge").into())
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
            labels.sort_by_key(|label| std::cmp::Reverse(stride(label)));
        }
        labels
    }
}

/// Where each of `wanted` stands in `labels`, for those that do.
pub(super) fn positions(labels: &[Label], wanted: &[Label]) -> SmallVec<[usize; 8]> {
    wanted.iter().filter_map(|wanted| labels.iter().position(|label| label == wanted)).collect()
}

/// The elements whose indices along two axes agree, on the first of them.
fn diagonal<T: Element>(view: ArrayViewD<'_, T>, first: usize, second: usize) -> Result<ArrayD<T>, TooLarge> {
    if view.ndim() == 2 {
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

/// An array of zeros, unless there is no memory for it.
pub(super) fn zeros<T: Element>(shape: &[usize]) -> Result<ArrayD<T>, TooLarge> {
    reserve::<T>(shape)?;
    Ok(ArrayD::zeros(shape))
}

/// Finds out whether there is memory for an array, where it is large enough that there might be none.
pub(super) fn reserve<T>(shape: &[usize]) -> Result<(), TooLarge> {
    const LARGE: usize = 1 << 20;
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
