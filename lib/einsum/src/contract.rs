//! One step: two operands become one, mostly by a matrix product.

use crate::Element;
use crate::labelled::{Labelled, positions};
use crate::memory::{TooLarge, merged, reserve, zeros};
use crate::plan::{Lowering, Roles, Step};
use crate::products::products;
use crate::sizes::Axes;
use crate::subscripts::{Labels, set};
use kernels::matmul::{matmul, matmul_into};
use kernels::par::{dot, share};
use ndarray::{ArrayD, ArrayView2, ArrayView3, ArrayViewD, ArrayViewMut2, ArrayViewMut3, ArrayViewMutD, Ix2};
use std::ops::Range;

/// Multiplies two operands and sums over the labels that the step's output does not have.
pub(crate) fn contract<'a, T: Element>(
    a: Labelled<'a, T>,
    b: Labelled<'a, T>,
    step: &Step,
    axes: &Axes,
) -> Result<Labelled<'a, T>, TooLarge> {
    // Labels that only one operand has, and no later step needs, are summed first: the product is smaller without them.
    let kept = set(&step.output);
    let (a_set, b_set) = (set(&a.labels), set(&b.labels));
    let (a, b) = (a.summed_to(kept | b_set)?, b.summed_to(kept | a_set)?);
    let values = match step.lowering {
        Lowering::Matmul => matrices(&a, &b, step, axes)?,
        Lowering::Dot => dots(&a, &b, step, axes)?,
        Lowering::Products => products(&a, &b, step, axes)?,
    };
    Ok(Labelled { labels: step.output.clone(), values: values.into() })
}

/// One matrix product, or one for every index of the batch.
fn matrices<T: Element>(
    a: &Labelled<'_, T>,
    b: &Labelled<'_, T>,
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
    // Each product is written straight to its place in the output, if that place is a matrix with two strides.
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

/// The step's labels, each group in the order of the largest array that has them, an operand or the output: so that the
/// largest array is not copied.
fn by_stride<T: Element>(a: &Labelled<'_, T>, b: &Labelled<'_, T>, step: &Step, out: usize) -> Roles {
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

/// `c`, whose groups of axes were merged, with the output's axes.
fn unmerged<T: Element>(
    c: ArrayD<T>,
    written: Labels,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let shape = axes.shape(&written);
    let values = if c.shape() == &*shape { c } else { c.into_shape_with_order(&*shape).expect("row by row") };
    Labelled { labels: written, values: values.into() }.into_ordered(&step.output)
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

/// The number of operations in a batch from which on several threads share its products.
const WORTH_SHARING: usize = 1 << 22;

/// The number of operations in a single product for which it is faster to share each product among the threads. Below,
/// `matmul` uses one thread anyway; above, one whole product keeps a thread busy.
const WORTH_CUTTING: Range<usize> = 400_000..2_000_000;

/// `out[i] = a[i] @ b[i]`. Each product is `matmul`'s, whose digits do not depend on the number of threads.
pub(crate) fn each_matrix<T: Element>(
    a: ArrayView3<'_, T>,
    b: ArrayView3<'_, T>,
    mut out: ArrayViewMut3<'_, T>,
) {
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
    a: &Labelled<'_, T>,
    b: &Labelled<'_, T>,
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
