//! What a subscript string stands for, as loops and as the plan.

use crate::error::EinsumError;
use crate::order::{EXACT, volume};
use crate::plan::{Lowering, Step, plan};
use crate::sizes::Axes;
use crate::subscripts::{Label, Labels, Subscripts, name, set};
use std::fmt::Write;

/// The loops that `subscripts` stand for on operands of these `shapes`, and how [`einsum`](crate::einsum())
/// computes them: which two operands first, as what, and at what cost.
///
/// It needs shapes only, so it also answers for arrays that do not fit in memory.
///
/// # Errors
/// [`EinsumError`], as `einsum` itself.
///
/// ```
/// use einsum::einsum_explain;
///
/// assert_eq!(einsum_explain("ik,kj->ij", &[&[5, 784], &[784, 10]])?, "\
/// einsum(\"ik,kj->ij\"): (5, 784), (784, 10) -> (5, 10)
///
/// for i in 0..5 {
///     for j in 0..10 {
///         for k in 0..784 {
///             c[i, j] += a[i, k] * b[k, j];
///         }
///     }
/// }
///
/// loops: 78,400 flops
/// c = a, b: ik,kj->ij as matrix product (5, 784) @ (784, 10), 78,400 flops
/// ");
/// # Ok::<(), einsum::EinsumError>(())
/// ```
pub fn einsum_explain(subscripts: &str, shapes: &[&[usize]]) -> Result<String, EinsumError> {
    let subscripts = Subscripts::parse(subscripts)?;
    let axes = Axes::bind(&subscripts, shapes)?;
    let steps = plan(&axes);
    let mut text = format!("einsum({:?}): ", subscripts.text);
    let inputs: Vec<String> = shapes.iter().map(|sizes| shape(sizes)).collect();
    let _ = writeln!(text, "{} -> {}\n", inputs.join(", "), shape(&axes.shape(&axes.output)));
    write_loops(&mut text, &axes);
    write_steps(&mut text, &axes, &steps);
    Ok(text)
}

fn write_loops(text: &mut String, axes: &Axes) {
    let all = loop_labels(axes);
    let indent = |depth: usize| "    ".repeat(depth);
    for (depth, &label) in all.iter().enumerate() {
        let _ = writeln!(text, "{}for {} in 0..{} {{", indent(depth), name(label), axes.size(label));
    }
    let factor = |operand: usize| {
        let carried = &axes.carried[operand];
        let index = |label: &Label| if carried.contains(label) { name(*label) } else { "0".into() };
        indexed(array(operand, axes), axes.operands[operand].iter().map(index).collect())
    };
    let factors: Vec<String> = (0..axes.operands.len()).map(factor).collect();
    let output = indexed(array(factors.len(), axes), axes.output.iter().copied().map(name).collect());
    let _ = writeln!(text, "{}{output} += {};", indent(all.len()), factors.join(" * "));
    for depth in (0..all.len()).rev() {
        let _ = writeln!(text, "{}}}", indent(depth));
    }
}

/// The labels that the loops run over: the output's, and then those that are summed.
fn loop_labels(axes: &Axes) -> Labels {
    let mut all = axes.output.clone();
    for &label in axes.operands.iter().flatten() {
        if !all.contains(&label) {
            all.push(label);
        }
    }
    all
}

fn write_steps(text: &mut String, axes: &Axes, steps: &[Step]) {
    let (operands, labels) = (axes.operands.len(), loop_labels(axes));
    // Of n factors, n - 1 multiplications; and one addition where something is summed.
    let each = operands - 1 + usize::from(labels.len() > axes.output.len());
    let loops = volume(axes, set(&labels)).saturating_mul(each as u128);
    let _ = writeln!(text, "\nloops: {} flops", grouped(loops));
    if operands > 2 {
        let order = if operands <= EXACT { "the cheapest order" } else { "greedy order" };
        let all = steps.iter().map(|step| flops(axes, step)).fold(0, u128::saturating_add);
        let _ = writeln!(text, "two at a time, {order}: {} flops", grouped(all));
    }
    for (number, step) in steps.iter().enumerate() {
        let target = product_name(operands + number, axes);
        let (a, b) = (product_name(step.a, axes), product_name(step.b, axes));
        let part = |labels: &Labels| labels.iter().copied().map(name).collect::<String>();
        let (left, right, output) = (part(&step.left), part(&step.right), part(&step.output));
        let (how, cost) = (method(axes, step), grouped(flops(axes, step)));
        let _ = writeln!(text, "{target} = {a}, {b}: {left},{right}->{output} as {how}, {cost} flops");
    }
}

/// The letter of an operand, `t1`, `t2`, … for products on the way, and the next letter for the last one.
fn product_name(number: usize, axes: &Axes) -> String {
    let operands = axes.operands.len();
    match number.checked_sub(operands) {
        None => array(number, axes),
        Some(product) if product + 2 == operands => array(operands, axes),
        Some(product) => format!("t{}", product + 1),
    }
}

fn method(axes: &Axes, step: &Step) -> String {
    let size = |labels: &Labels| volume(axes, set(labels));
    let (batch, rows, columns, inner) =
        (size(&step.roles.batch), size(&step.roles.rows), size(&step.roles.columns), size(&step.roles.inner));
    let product = match step.lowering {
        Lowering::Matmul => format!("matrix product ({rows}, {inner}) @ ({inner}, {columns})"),
        Lowering::Dot => format!("inner product of {inner} numbers"),
        Lowering::Products if step.roles.inner.is_empty() => return "broadcast product".into(),
        Lowering::Products => return format!("sum of {inner} broadcast products"),
    };
    if step.roles.batch.is_empty() { product } else { format!("{batch} × {product}") }
}

/// Multiplications and additions of a step, with the sums over what only one operand has.
fn flops(axes: &Axes, step: &Step) -> u128 {
    let (left, right, output) = (set(&step.left), set(&step.right), set(&step.output));
    let (shared, alone) = (left & right | output, (left ^ right) & !output);
    let sums =
        [left, right].into_iter().filter(|labels| labels & alone != 0).map(|labels| volume(axes, labels));
    let each = 1 + u128::from(left & right & !output != 0);
    sums.fold(volume(axes, shared).saturating_mul(each), u128::saturating_add)
}

/// `c[i, j]`, and only `c` without an index.
fn indexed(array: String, indices: Vec<String>) -> String {
    if indices.is_empty() { array } else { format!("{array}[{}]", indices.join(", ")) }
}

/// `a`, `b`, … without the letters that are indices here, and `x26` after the last of them.
fn array(number: usize, axes: &Axes) -> String {
    let index = loop_labels(axes);
    let mut free = ('a'..='z').filter(|&letter| index.iter().all(|&label| name(label) != letter.to_string()));
    free.nth(number).map_or_else(|| format!("x{number}"), String::from)
}

fn shape(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}

/// `39,200` for 39200.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let comma = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.char_indices().map(|(at, digit)| format!("{}{digit}", comma(at))).collect()
}
