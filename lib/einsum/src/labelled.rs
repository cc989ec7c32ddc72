//! An array whose axes have labels.

use crate::Element;
use crate::memory::{TooLarge, merged, reserve, rounded, row_major, zeros};
use crate::sizes::Axes;
use crate::subscripts::{Label, Labels, Set, has};
use kernels::par::total;
use ndarray::{ArrayD, ArrayViewD, Axis, CowArray, Dimension, IxDyn, RemoveAxis, Zip, arr0};
use smallvec::SmallVec;
use std::cmp::Reverse;

/// An operand, or the result of a step: each axis has a label of its own.
pub(crate) struct Labelled<'a, T> {
    pub(crate) labels: Labels,
    pub(crate) values: CowArray<'a, T, IxDyn>,
}

impl<'a, T: Element> Labelled<'a, T> {
    /// Drops the axes that are only stretched (their one index is 0), and takes diagonals.
    pub(crate) fn new(mut view: ArrayViewD<'a, T>, labels: &Labels, axes: &Axes) -> Result<Self, TooLarge> {
        let mut labels = labels.clone();
        for axis in (0..labels.len()).rev() {
            if view.len_of(Axis(axis)) != axes.size(labels[axis]) {
                view.index_axis_inplace(Axis(axis), 0);
                labels.remove(axis);
            }
        }
        let mut labelled = Labelled { labels, values: view.into() };
        while let Some((first, second)) = labelled.twins() {
            labelled.values = diagonal(labelled.values.view(), first, second)?.into();
            labelled.labels.remove(second);
        }
        Ok(labelled)
    }

    /// Two axes with the same label.
    fn twins(&self) -> Option<(usize, usize)> {
        let first =
            |second: usize| self.labels[..second].iter().position(|&label| label == self.labels[second]);
        (1..self.labels.len()).find_map(|second| Some((first(second)?, second)))
    }

    /// Sums over every label that is not in `kept`.
    pub(crate) fn summed_to(mut self, kept: Set) -> Result<Self, TooLarge> {
        if !self.labels.is_empty() && self.labels.iter().all(|&label| !has(kept, label)) {
            let values = arr0(T::narrow(total(&self.values))).into_dyn().into();
            return Ok(Labelled { labels: Labels::new(), values });
        }
        for axis in (0..self.labels.len()).rev() {
            if !has(kept, self.labels[axis]) {
                self.labels.remove(axis);
                self.values = sum_axis(self.values.view(), Axis(axis))?.into();
            }
        }
        Ok(self)
    }

    /// The same numbers with the axes in the order of `labels`, of which every axis has one.
    pub(crate) fn permuted(&self, labels: impl Iterator<Item = Label>) -> ArrayViewD<'_, T> {
        let wanted: Labels = labels.collect();
        self.values.view().permuted_axes(&*positions(&self.labels, &wanted))
    }

    /// An owned array in row-major order, with the axes in the order of `output`.
    pub(crate) fn into_ordered(self, output: &[Label]) -> Result<ArrayD<T>, TooLarge> {
        let permuted = self.values.permuted_axes(&*positions(&self.labels, output));
        if permuted.is_view() || !permuted.is_standard_layout() {
            return row_major(permuted.view());
        }
        Ok(permuted.into_owned())
    }

    /// The same numbers as an array `(batch…, first, second)`: all labels of `first` make one axis, and all of `second`.
    /// A view if the strides allow it, else a copy.
    pub(crate) fn grouped(
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

    /// The same numbers with an axis for every label of `inner` and then of `output`, ready to be broadcast: an axis that is
    /// missing here has size 1.
    pub(crate) fn aligned(&self, inner: &[Label], output: &[Label]) -> ArrayViewD<'_, T> {
        let labels = || inner.iter().chain(output).copied();
        let mut view = self.permuted(labels());
        for (axis, label) in labels().enumerate() {
            if !self.labels.contains(&label) {
                view.insert_axis_inplace(Axis(axis));
            }
        }
        view
    }

    /// `labels` from the largest stride to the smallest: in this order the strides are most likely to let them merge.
    pub(crate) fn by_stride(&self, labels: &[Label]) -> Labels {
        let mut labels = Labels::from(labels);
        if labels.len() > 1 {
            let axis = |label: Label| self.labels.iter().position(|&own| own == label);
            let stride = |&label: &Label| axis(label).map(|axis| self.values.strides()[axis].unsigned_abs());
            labels.sort_by_key(|label| Reverse(stride(label)));
        }
        labels
    }
}

/// Sums along one axis in `f64`, each rounded once: line by line if the lines are long and contiguous, else slice by slice.
fn sum_axis<T: Element>(values: ArrayViewD<'_, T>, axis: Axis) -> Result<ArrayD<T>, TooLarge> {
    const LONG: usize = 16; // the shortest line that is worth a call of `total`
    let mut sums = zeros::<f64>(values.raw_dim().remove_axis(axis).slice())?;
    let lines = values.stride_of(axis) == 1 && values.len_of(axis) >= LONG;
    if lines || sums.len() < LONG {
        Zip::from(&mut sums).and(values.lanes(axis)).for_each(|sum, line| *sum = total(&line));
    } else {
        values.axis_iter(axis).for_each(|slice| sums.zip_mut_with(&slice, |sum, x| *sum += x.widen()));
    }
    rounded(sums)
}

/// The position in `labels` of each of `wanted` that is there.
pub(crate) fn positions(labels: &[Label], wanted: &[Label]) -> SmallVec<[usize; 8]> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscripts::Subscripts;
    use ndarray::{Array, Slice};

    fn labels(letters: &str) -> Labels {
        letters.bytes().map(|letter| letter - b'a' + 26).collect()
    }

    fn labelled<'a>(subscripts: &str, view: ArrayViewD<'a, f32>) -> Labelled<'a, f32> {
        let parsed = Subscripts::parse(subscripts).expect("letters");
        let axes = Axes::bind(&parsed, &[view.shape()]).expect("a letter for each axis");
        Labelled::new(view, &axes.operands[0], &axes).expect("it is small")
    }

    /// Whether an operand's groups of axes are used without a copy.
    fn is_view(subscripts: &str, view: ArrayViewD<'_, f32>, groups: [&str; 3]) -> bool {
        let [batch, first, second] = groups.map(labels);
        let labelled = labelled(subscripts, view);
        labelled.grouped(&batch, &first, &second).is_ok_and(|grouped| grouped.is_view())
    }

    #[test]
    fn nothing_is_copied_where_strides_allow_it() {
        let x = Array::<f32, _>::zeros((4, 6, 8));
        let x = x.view().into_dyn();
        let sliced = |axis, end, step| x.slice_axis(Axis(axis), Slice { start: 0, end, step });
        assert!(is_view("bij", x.clone(), ["b", "i", "j"]));
        assert!(is_view("bij", x.clone(), ["b", "j", "i"]));
        assert!(is_view("bij", x.clone(), ["i", "b", "j"]));
        assert!(is_view("bij", x.clone(), ["", "bi", "j"]));
        assert!(is_view("bij", x.clone(), ["", "b", "ij"]));
        assert!(is_view("bij", x.clone(), ["", "j", "bi"]));
        assert!(is_view("bij", sliced(0, None, 2), ["b", "i", "j"]));
        assert!(is_view("bij", sliced(0, None, 2), ["", "b", "ij"]));
        assert!(is_view("bij", sliced(2, None, -1), ["b", "i", "j"]));
        assert!(!is_view("bij", sliced(1, Some(4), 1), ["", "bi", "j"]));
        assert!(!is_view("bij", x.clone(), ["", "bj", "i"]));
    }

    #[test]
    fn memory_decides_the_order_of_a_group() {
        let x = Array::<f32, _>::zeros((4, 6, 8));
        let permuted = labelled("abc", x.view().permuted_axes([2, 0, 1]).into_dyn());
        assert_eq!(permuted.by_stride(&labels("abc")), labels("bca"));
        assert_eq!(permuted.by_stride(&labels("ab")), labels("ba"));
    }
}
