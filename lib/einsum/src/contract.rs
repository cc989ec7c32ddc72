//! One step: two operands become one.

use super::TooLarge;
use super::operand::{Operand, cut, merged, positions, reserve, zeros};
use super::plan::{Lowering, Roles, Step};
use super::sizes::Axes;
use super::subscripts::{Label, Labels, set};
use crate::{Element, matmul, matmul_into};
use kernels::par::{dot, share};
use ndarray::{
    ArrayD, ArrayView1, ArrayView2, ArrayView3, ArrayViewD, ArrayViewMut1, ArrayViewMut2, ArrayViewMut3,
    ArrayViewMutD, Axis, Ix2, Ix3, Zip,
};
use std::ops::Range;

/// Multiplies two operands and sums over the labels that the step's output does not have.
pub(super) fn contract<'a, T: Element>(
    a: Operand<'a, T>,
    b: Operand<'a, T>,
    step: &Step,
    axes: &Axes,
) -> Result<Operand<'a, T>, TooLarge> {
    // What only one of them has, and nobody needs, goes first: it makes the product smaller.
    let kept = set(&step.output);
    let (a_set, b_set) = (set(&a.labels), set(&b.labels));
    let (a, b) = (a.summed_to(kept | b_set)?, b.summed_to(kept | a_set)?);
    let values = match step.lowering {
        Lowering::Matmul => matrices(&a, &b, step, axes)?,
        Lowering::Dot => dots(&a, &b, step, axes)?,
        Lowering::Products => products(&a, &b, step, axes)?,
    };
    Ok(Operand { labels: step.output.clone(), values: values.into() })
}

/// The lesson's case, straight to `matmul`: two matrices with one letter in common, which is summed over.
///
/// [`contract`] would do the same, but what it takes to find that out is as long as a small product itself.
pub(super) fn matrix_product<T: Element>(
    views: &[ArrayViewD<'_, T>],
    axes: &Axes,
) -> Option<Result<ArrayD<T>, TooLarge>> {
    let ([a, b], [a_labels, b_labels], &[row, column]) = (views, &*axes.carried, &*axes.output) else {
        return None;
    };
    let ((a, inner), (b, same)) = match free_first(a, a_labels, row) {
        Some(left) => (left, free_first(b, b_labels, column)?),
        None => (free_first(b, b_labels, row)?, free_first(a, a_labels, column)?),
    };
    let shape = [a.nrows(), b.nrows()];
    (inner == same).then(|| reserve::<T>(&shape).map(|()| matmul(&a, &b.t()).into_dyn()))
}

/// The same for a batch of matrices: `bik,bkj->bij`.
pub(super) fn batched_product<T: Element>(
    views: &[ArrayViewD<'_, T>],
    axes: &Axes,
) -> Option<Result<ArrayD<T>, TooLarge>> {
    let ([a, b], [a_labels, b_labels], &[batch, row, column]) = (views, &*axes.carried, &*axes.output) else {
        return None;
    };
    let ((a, inner), (b, same)) = match batch_first(a, a_labels, [batch, row]) {
        Some(left) => (left, batch_first(b, b_labels, [batch, column])?),
        None => (batch_first(b, b_labels, [batch, row])?, batch_first(a, a_labels, [batch, column])?),
    };
    let shape = [a.dim().0, a.dim().1, b.dim().1];
    (inner == same).then(|| {
        let mut out = zeros(&shape)?;
        let places = out.view_mut().into_dimensionality().expect("three axes");
        each_matrix(a, b.permuted_axes([0, 2, 1]), places);
        Ok(out)
    })
}

/// Matrices with the letters `[batch, free]` in front, and the name of their other letter.
fn batch_first<'a, T>(
    view: &ArrayViewD<'a, T>,
    labels: &[Label],
    front: [Label; 2],
) -> Option<(ArrayView3<'a, T>, Label)> {
    let matrices = view.clone().into_dimensionality::<Ix3>().ok()?;
    let inner = labels.iter().copied().find(|label| !front.contains(label))?;
    let [batch, free] = front.map(|letter| labels.iter().position(|&label| label == letter));
    let (batch, free) = (batch?, free?);
    Some((matrices.permuted_axes([batch, free, 3 - batch - free]), inner))
}

/// A matrix with the letter `free` in front, and the name of its other letter.
fn free_first<'a, T>(
    view: &ArrayViewD<'a, T>,
    labels: &[Label],
    free: Label,
) -> Option<(ArrayView2<'a, T>, Label)> {
    let matrix = view.clone().into_dimensionality::<Ix2>().ok()?;
    match *labels {
        [first, inner] if first == free => Some((matrix, inner)),
        [inner, last] if last == free => Some((matrix.reversed_axes(), inner)),
        _ => None,
    }
}

/// One matrix product, or one for every index of the batch.
fn matrices<T: Element>(
    a: &Operand<'_, T>,
    b: &Operand<'_, T>,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let shape = axes.shape(&step.output);
    reserve::<T>(&shape)?;
    let Roles { batch, rows, columns, inner } = by_stride(a, b, step, shape.iter().product());
    let (a, b) = (a.grouped(&batch, &rows, &inner)?, b.grouped(&batch, &inner, &columns)?);
    let written: Labels = batch.iter().chain(&rows).chain(&columns).copied().collect();

    if batch.is_empty() {
        let two = "two groups make two axes";
        let (a, b) = (a.into_dimensionality::<Ix2>().expect(two), b.into_dimensionality::<Ix2>().expect(two));
        return unmerged(matmul(&a, &b).into_dyn(), written, step, axes);
    }
    // Each product goes straight to its place in the output, if the output's strides can say where that is.
    let mut out = zeros(&shape)?;
    let permuted = out.view_mut().permuted_axes(&*positions(&step.output, &written));
    if let Some(places) = merged(permuted, (batch.len(), rows.len(), columns.len())) {
        each_matrix_of_batches(a.view(), b.view(), places);
        return Ok(out);
    }
    let merged_shape = [&a.shape()[..=batch.len()], &b.shape()[batch.len() + 1..]].concat();
    let mut c = zeros(&merged_shape)?;
    each_matrix_of_batches(a.view(), b.view(), c.view_mut());
    unmerged(c, written, step, axes)
}

/// The step's labels, those of each group in the order that spares the larger array a copy: the order of
/// the memory of an operand, or of the output.
fn by_stride<T: Element>(a: &Operand<'_, T>, b: &Operand<'_, T>, step: &Step, out: usize) -> Roles {
    let Roles { batch, mut rows, mut columns, inner } = step.roles.clone();
    if a.values.len() >= out {
        rows = a.by_stride(&rows);
    }
    if b.values.len() >= out {
        columns = b.by_stride(&columns);
    }
    let inner = if a.values.len() >= b.values.len() { a.by_stride(&inner) } else { b.by_stride(&inner) };
    Roles { batch, rows, columns, inner }
}

/// `c`, whose groups of axes were merged, with the axes that the output has.
fn unmerged<T: Element>(
    c: ArrayD<T>,
    written: Labels,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let shape = axes.shape(&written);
    let values = if c.shape() == &*shape { c } else { c.into_shape_with_order(&*shape).expect("row by row") };
    Operand { labels: written, values: values.into() }.into_ordered(&step.output)
}

/// `out[i…] = a[i…] @ b[i…]` for every index of the axes before the last two.
fn each_matrix_of_batches<T: Element>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, T>,
) {
    if out.ndim() > 3 {
        for ((a, b), out) in a.outer_iter().zip(b.outer_iter()).zip(out.outer_iter_mut()) {
            each_matrix_of_batches(a, b, out);
        }
        return;
    }
    let three = "one axis of the batch and two of the matrix are left";
    let (a, b) = (a.into_dimensionality().expect(three), b.into_dimensionality().expect(three));
    each_matrix(a, b, out.into_dimensionality().expect(three));
}

/// Operations in a batch from which on several threads share its products.
const WORTH_SHARING: usize = 1 << 22;

/// Operations in a single product for which several threads do better on one product after the other: up to the first
/// number `matmul` uses one thread anyway, and from the second on each of two products keeps a thread busy for long.
const WORTH_CUTTING: Range<usize> = 400_000..2_000_000;

/// `out[i] = a[i] @ b[i]`. Each product is `matmul`'s, whose digits no number of threads changes.
fn each_matrix<T: Element>(a: ArrayView3<'_, T>, b: ArrayView3<'_, T>, mut out: ArrayViewMut3<'_, T>) {
    let one = (2 * out.dim().1 * out.dim().2).saturating_mul(a.dim().2);
    let all = one.saturating_mul(out.dim().0);
    let shared = !WORTH_CUTTING.contains(&one) && all >= WORTH_SHARING;
    let products = a.outer_iter().zip(b.outer_iter()).zip(out.outer_iter_mut());
    let multiply = |((a, b), mut out): ((ArrayView2<'_, T>, ArrayView2<'_, T>), ArrayViewMut2<'_, T>)| {
        matmul_into(&a, &b, &mut out);
    };
    if shared { share(products, all as f64, multiply) } else { products.for_each(multiply) }
}

/// Inner products along the inner labels, one for every index of the batch.
fn dots<T: Element>(
    a: &Operand<'_, T>,
    b: &Operand<'_, T>,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let mut out = zeros(&axes.shape(&step.output))?;
    let Roles { batch, inner, .. } = by_stride(a, b, step, out.len());
    let (a, b) = (a.grouped(&batch, &[], &inner)?, b.grouped(&batch, &[], &inner)?);
    each_dot(a.view(), b.view(), out.view_mut());
    Ok(out)
}

/// `out[i…] = Σ_k a[i…, 0, k] · b[i…, 0, k]`.
fn each_dot<T: Element>(a: ArrayViewD<'_, T>, b: ArrayViewD<'_, T>, mut out: ArrayViewMutD<'_, T>) {
    if out.ndim() == 0 {
        let (a, b) = (a.into_dimensionality::<Ix2>(), b.into_dimensionality::<Ix2>());
        let one_line = "without a batch, one line is left";
        out.fill(T::narrow(dot(&a.expect(one_line).row(0), &b.expect(one_line).row(0))));
        return;
    }
    for ((a, b), out) in a.outer_iter().zip(b.outer_iter()).zip(out.outer_iter_mut()) {
        each_dot(a, b, out);
    }
}

/// `a · b`, broadcast to the output; where there are inner labels, added up over them in `f64`.
fn products<T: Element>(
    a: &Operand<'_, T>,
    b: &Operand<'_, T>,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let (inner, out_shape) = (&step.roles.inner, axes.shape(&step.output));
    let shape: Vec<usize> = axes.shape(inner).iter().chain(&out_shape).copied().collect();
    let (a, b) = (a.aligned(inner, &step.output), b.aligned(inner, &step.output));
    let too_large = || TooLarge(shape.clone());
    let a = a.broadcast(&*shape).ok_or_else(too_large)?;
    let b = b.broadcast(&*shape).ok_or_else(too_large)?;
    if inner.is_empty() {
        let mut out = zeros(&out_shape)?;
        each_product(a, b, out.view_mut());
        return Ok(out);
    }
    let mut sums = zeros(&out_shape)?;
    each_row(inner.len(), a, b, sums.view_mut(), &add_products);
    Ok(sums.mapv(T::narrow))
}

/// `out = a · b`, all of the same shape; on several threads, if that pays for waking them.
fn each_product<T: Element>(a: ArrayViewD<'_, T>, b: ArrayViewD<'_, T>, mut out: ArrayViewMutD<'_, T>) {
    let Some((axis, indices)) = cut(out.shape(), 1) else {
        return each_row(0, a, b, out, &multiply);
    };
    let operations = out.len() as f64;
    let operands = a.axis_chunks_iter(axis, indices).zip(b.axis_chunks_iter(axis, indices));
    let parts = operands.zip(out.axis_chunks_iter_mut(axis, indices));
    share(parts, operations, |((a, b), out)| each_row(0, a, b, out, &multiply));
}

/// Calls `row` with every row of `a`, `b` and the output, for every index of the first `inner` axes, which the output has not.
fn each_row<T: Element, S>(
    inner: usize,
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    mut out: ArrayViewMutD<'_, S>,
    row: &impl Fn(ArrayView1<'_, T>, ArrayView1<'_, T>, ArrayViewMut1<'_, S>),
) {
    if inner > 0 {
        for (a, b) in a.outer_iter().zip(b.outer_iter()) {
            each_row(inner - 1, a, b, out.view_mut(), row);
        }
    } else if out.ndim() > 2 {
        for ((a, b), out) in a.outer_iter().zip(b.outer_iter()).zip(out.outer_iter_mut()) {
            each_row(0, a, b, out, row);
        }
    } else if out.ndim() < 2 {
        let front = Axis(0);
        each_row(0, a.insert_axis(front), b.insert_axis(front), out.insert_axis(front), row);
    } else {
        let two = "two axes are left";
        let a = a.into_dimensionality::<Ix2>().expect(two);
        let b = b.into_dimensionality::<Ix2>().expect(two);
        let mut out = out.into_dimensionality::<Ix2>().expect(two);
        for ((a, b), out) in a.rows().into_iter().zip(b.rows()).zip(out.rows_mut()) {
            row(a, b, out);
        }
    }
}

/// `out = a · b` for one row. A stretched one is a number, which leaves a loop that the compiler vectorises.
fn multiply<T: Element>(a: ArrayView1<'_, T>, b: ArrayView1<'_, T>, out: ArrayViewMut1<'_, T>) {
    match (a.strides(), b.strides()) {
        ([0], _) => Zip::from(out).and(b).for_each(|out, &b| *out = a[0] * b),
        (_, [0]) => Zip::from(out).and(a).for_each(|out, &a| *out = a * b[0]),
        _ => Zip::from(out).and(a).and(b).for_each(|out, &a, &b| *out = a * b),
    }
}

/// `out += a · b` for one row, in `f64`.
fn add_products<T: Element>(a: ArrayView1<'_, T>, b: ArrayView1<'_, T>, out: ArrayViewMut1<'_, f64>) {
    Zip::from(out).and(a).and(b).for_each(|out, a, b| *out += a.widen() * b.widen());
}
