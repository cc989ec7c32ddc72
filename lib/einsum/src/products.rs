//! Products element by element, broadcast to the output, and their sums.

use crate::Element;
use crate::labelled::Labelled;
use crate::memory::{TooLarge, cut, rounded, zeros};
use crate::plan::Step;
use crate::sizes::Axes;
use kernels::par::share;
use ndarray::{ArrayD, ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis, Ix2, Zip};

/// `a · b`, broadcast to the output and added up over the inner labels, in `f64`, if there are any.
pub(crate) fn products<T: Element>(
    a: &Labelled<'_, T>,
    b: &Labelled<'_, T>,
    step: &Step,
    axes: &Axes,
) -> Result<ArrayD<T>, TooLarge> {
    let (inner, out_shape) = (&step.roles.inner, axes.shape(&step.output));
    let shape: Vec<usize> = axes.shape(inner).iter().chain(&out_shape).copied().collect();
    let (a, b) = (a.aligned(inner, &step.output), b.aligned(inner, &step.output));
    let too_large = || TooLarge::new::<T>(&shape);
    let a = a.broadcast(&*shape).ok_or_else(too_large)?;
    let b = b.broadcast(&*shape).ok_or_else(too_large)?;
    if inner.is_empty() {
        let mut out = zeros(&out_shape)?;
        each_product(a, b, out.view_mut());
        return Ok(out);
    }
    let mut sums = zeros(&out_shape)?;
    each_row(inner.len(), a, b, sums.view_mut(), &add_products);
    rounded(sums)
}

/// `out = a · b`, all of the same shape; on several threads if the arrays are large.
fn each_product<T: Element>(a: ArrayViewD<'_, T>, b: ArrayViewD<'_, T>, mut out: ArrayViewMutD<'_, T>) {
    let Some((axis, indices)) = cut(out.shape(), 1) else {
        return each_row(0, a, b, out, &multiply);
    };
    let operations = out.len() as f64;
    let operands = a.axis_chunks_iter(axis, indices).zip(b.axis_chunks_iter(axis, indices));
    let parts = operands.zip(out.axis_chunks_iter_mut(axis, indices));
    share(parts, operations, |((a, b), out)| each_row(0, a, b, out, &multiply));
}

/// Calls `row` with every row of `a`, `b` and the output, for every index of the first `inner` axes, which only `a` and
/// `b` have.
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

/// `out = a · b` for one row. A stretched operand is read once, as a number; the compiler vectorises the loop that is left.
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
