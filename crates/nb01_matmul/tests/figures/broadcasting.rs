//! Broadcasting, drawn as grids: what is stretched shows by its strides, which ndarray computed.

use super::super::line;
use ::figures::{Figure, Grid, grids};
use nb01_matmul::AsArray;
use nb01_matmul::broadcast_shapes;
use nb01_matmul::ndarray::{ArrayRef2, ArrayViewD, Ix2};

/// An operand and how it is written.
type Named<'a> = (&'a str, &'a dyn AsArray<Elem = f32>);

/// `a sign b = result`
pub(crate) fn broadcast(a: Named<'_>, sign: &str, b: Named<'_>, result: &ArrayRef2<f32>) -> Figure {
    let (left, right) = (operand(a, result.dim()), operand(b, result.dim()));
    let said = |(name, array): Named<'_>, grid: &Grid| {
        let (array, own, again) = (array.as_array(), grid.own(), grid.stretched());
        let stretched = if again > 0 {
            format!(", stretched: {own} of its boxes are there, {again} repeat them")
        } else {
            String::new()
        };
        format!("{name}, {}, is {}{stretched}", shape(&array), line(&array))
    };
    let said =
        format!("Three grids. {}; {}. Their result is {}.", said(a, &left), said(b, &right), line(result));
    let result = Grid::new(result, "", &shape(&result.view().into_dyn()));
    grids(&[left, right, result], &[sign, "="]).describe(
        format!(
            "{} {sign} {}: blue boxes are in memory, the others are read again, by a stride of 0",
            a.0, b.0
        ),
        said,
    )
}

fn operand((name, array): Named<'_>, dim: (usize, usize)) -> Grid {
    let array = array.as_array();
    let whole =
        array.broadcast(dim).expect("its result exists").into_dimensionality::<Ix2>().expect("of two axes");
    let own = shape(&array);
    let note = if array.shape() == whole.shape() { own } else { format!("{own} → ({}, {})", dim.0, dim.1) };
    Grid::new(&whole, name, &note)
}

/// A matrix and a vector that do not fit, aligned at their last axis.
pub(crate) fn no_broadcast(m: (&str, &ArrayRef2<f32>), sign: &str, c: Named<'_>) -> Figure {
    let row = c.1.as_array();
    let error = broadcast_shapes(&[m.1.shape(), row.shape()]).expect_err("they do not fit");
    let (n, own) = (m.1.ncols(), row.len());
    let left = Grid::new(m.1, m.0, &shape(&m.1.view().into_dyn()));
    let right =
        row.broadcast((1, own)).expect("a vector").into_dimensionality::<Ix2>().expect("now of two axes");
    let right = Grid::new(&right, c.0, &shape(&row)).missing(n);
    let why = format!("axis −{}: {n} meets {own}, and neither is 1", error.axes[0].unsigned_abs());
    grids(&[left, right], &[sign, &why]).describe(
        format!("{} {sign} {} does not broadcast: sizes are compared from the last axis on", m.0, c.0),
        format!("A grid of {n} columns beside a row of {own} boxes and a question mark where another would have to be: {why}."),
    )
}

/// As PyTorch writes it: `()`, `(3)`, `(3, 1)`.
fn shape(array: &ArrayViewD<'_, f32>) -> String {
    let sizes: Vec<String> = array.shape().iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}
