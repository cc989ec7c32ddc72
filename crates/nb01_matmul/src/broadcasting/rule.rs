//! The rule as a function, [`broadcast_shapes`]; and [`explain_broadcast`], which shows what it does to given operands.

use crate::Element;
use nb00_testing::AsArray;
use ndarray::ArrayViewD;
use std::fmt::Write;

/// The shape that all of `shapes` broadcast to, however many there are.
///
/// # Errors
/// [`BroadcastError`] names the axes that disagree.
///
/// ```
/// use nb01_matmul::broadcast_shapes;
///
/// assert_eq!(broadcast_shapes(&[&[256, 256, 3], &[3]])?, [256, 256, 3]);
/// assert_eq!(broadcast_shapes(&[&[1, 3], &[3, 1], &[]])?, [3, 3]);
///
/// let message = broadcast_shapes(&[&[5, 784], &[784, 10]]).unwrap_err().to_string();
/// assert_eq!(message, "\
/// these shapes do not broadcast: sizes that meet have to be equal, or one of them 1
/// a    5  784
/// b  784   10
///    ^^^  ^^^");
/// # Ok::<(), nb01_matmul::BroadcastError>(())
/// ```
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Vec<usize>, BroadcastError> {
    let ndim = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let common =
        |axis| shapes.iter().map(move |shape| size(shape, axis)).find(|&size| size != 1).unwrap_or(1);
    let result: Vec<usize> = (1..=ndim).rev().map(common).collect();
    let fits = |axis: &usize| {
        shapes.iter().all(|shape| matches!(size(shape, *axis), n if n == 1 || n == size(&result, *axis)))
    };
    let axes: Vec<isize> = (1..=ndim).rev().filter(|axis| !fits(axis)).map(|axis| -(axis as isize)).collect();
    if axes.is_empty() {
        return Ok(result);
    }
    Err(BroadcastError { shapes: shapes.iter().map(|shape| shape.to_vec()).collect(), axes })
}

/// The size of the `axis`-th axis from the end, the last being the first; a missing one counts as 1.
fn size(shape: &[usize], axis: usize) -> usize {
    shape.len().checked_sub(axis).map_or(1, |at| shape[at])
}

/// Shapes that do not broadcast, and where; it displays them aligned, with a mark under every fault.
///
/// ```
/// let error = nb01_matmul::broadcast_shapes(&[&[2, 3], &[2]]).unwrap_err();
/// assert_eq!(error.axes, [-1]);
/// assert_eq!(error.shapes, [vec![2, 3], vec![2]]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these shapes do not broadcast: sizes that meet have to be equal, or one of them 1\n{}",
    self.aligned()
)]
pub struct BroadcastError {
    /// The shapes as they were given.
    pub shapes: Vec<Vec<usize>>,
    /// The axes that disagree, counted from the end as PyTorch does: -1 is the last.
    pub axes: Vec<isize>,
}

impl BroadcastError {
    fn aligned(&self) -> String {
        let table = Table::new(self.shapes.iter().map(|shape| cells(shape)).collect());
        let mut text = String::new();
        for (operand, row) in table.rows.iter().enumerate() {
            let _ = writeln!(text, "{}  {}", name(operand), table.line(row));
        }
        let mark = |axis: usize| if self.axes.contains(&-(axis as isize)) { "^" } else { " " };
        let marks: Vec<String> =
            table.widths.iter().rev().zip(1..).map(|(&width, axis)| mark(axis).repeat(width)).collect();
        let marks: Vec<&str> = marks.iter().rev().map(String::as_str).collect();
        let indent = " ".repeat(name(self.shapes.len().saturating_sub(1)).len());
        text + format!("{indent}  {}", marks.join("  ")).trim_end()
    }
}

/// What broadcasting does to `operands`: their shapes aligned at the last axis, the strides that each one
/// gets (0 where it is stretched), and how many numbers it really holds.
///
/// # Errors
/// [`BroadcastError`] if they do not fit.
///
/// ```
/// use nb01_matmul::{explain_broadcast, ndarray::array};
///
/// let m = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// let c = array![10.0, 20.0, 30.0];
/// assert_eq!(explain_broadcast(&[&m, &c])?, "\
/// operand  shape   strides   numbers
/// a         2  3      3  1         6
/// b            3      0  1         3
/// result    2  3
/// ");
/// # Ok::<(), nb01_matmul::BroadcastError>(())
/// ```
pub fn explain_broadcast<T: Element>(operands: &[&dyn AsArray<Elem = T>]) -> Result<String, BroadcastError> {
    let views: Vec<_> = operands.iter().map(|operand| operand.as_array()).collect();
    let shapes: Vec<&[usize]> = views.iter().map(|view| view.shape()).collect();
    let result = broadcast_shapes(&shapes)?;

    let stretched = |view: &ArrayViewD<'_, T>| {
        let missing = result.len() - view.ndim();
        let stride = |(&n, &stride): (&usize, &isize), of: &usize| if n == *of { stride } else { 0 };
        let own = view.shape().iter().zip(view.strides()).zip(&result[missing..]);
        let strides: Vec<isize> = own.map(|(axis, of)| stride(axis, of)).collect();
        cells(&[vec![0; missing], strides].concat())
    };
    let shape_table = Table::new(shapes.iter().copied().chain([&*result]).map(cells).collect());
    let stride_table = Table::new(views.iter().map(stretched).collect());
    let (wide, wider) = (shape_table.width().max("shape".len()), stride_table.width().max("strides".len()));
    let mut text = format!("operand  {:>wide$}   {:>wider$}   numbers\n", "shape", "strides");
    for (operand, view) in views.iter().enumerate() {
        let (name, numbers) = (name(operand), view.len());
        let shape = shape_table.line(&shape_table.rows[operand]);
        let strides = stride_table.line(&stride_table.rows[operand]);
        let _ = writeln!(text, "{name:<7}  {shape:>wide$}   {strides:>wider$}   {numbers:>7}");
    }
    let shape = shape_table.line(&cells(&result));
    let _ = writeln!(text, "result   {shape:>wide$}");
    Ok(text)
}

/// `a`, `b`, … for the operands, and `x26` for the one after `z`.
pub(super) fn name(operand: usize) -> String {
    match u8::try_from(operand) {
        Ok(letter @ 0..26) => char::from(b'a' + letter).to_string(),
        _ => format!("x{operand}"),
    }
}

fn cells<N: ToString>(numbers: &[N]) -> Vec<String> {
    numbers.iter().map(N::to_string).collect()
}

/// Rows of numbers, aligned at their last column.
struct Table {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

impl Table {
    fn new(rows: Vec<Vec<String>>) -> Table {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell =
            |row: &Vec<String>, from_end| row.len().checked_sub(from_end).map_or(0, |at| row[at].len());
        let width = |from_end| rows.iter().map(|row| cell(row, from_end)).max().unwrap_or(0);
        let widths = (1..=columns).rev().map(width).collect();
        Table { rows, widths }
    }

    fn width(&self) -> usize {
        self.widths.iter().sum::<usize>() + 2 * self.widths.len().saturating_sub(1)
    }

    fn line(&self, row: &[String]) -> String {
        let missing = self.widths.len() - row.len();
        let padded = self.widths.iter().enumerate().map(|(column, &width)| {
            let cell = column.checked_sub(missing).map_or("", |at| &row[at]);
            format!("{cell:>width$}")
        });
        padded.collect::<Vec<_>>().join("  ")
    }
}
