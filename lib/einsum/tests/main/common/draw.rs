//! Random calls: subscripts, and operands with all kinds of strides.

use super::random::Rng;
use einsum::ndarray::{ArrayD, Axis, Slice};
use rand::RngExt;

/// Subscripts with an arrow, and operands for them: permuted, stretched, reversed, with steps, repeated letters.
pub(crate) fn draw_call(rng: &mut Rng) -> (String, Vec<ArrayD<f64>>) {
    let sizes: Vec<usize> = (0..6).map(|_| [0, 1, 2, 2, 3, 3, 4, 5][rng.random_range(0..8)]).collect();
    let letters = ['a', 'b', 'i', 'k', 'Q', 'z'];
    let mut terms = Vec::new();
    let mut operands = Vec::new();
    for _ in 0..rng.random_range(1..5) {
        let picks: Vec<usize> = (0..rng.random_range(0..5)).map(|_| rng.random_range(0..6)).collect();
        let stretched: Vec<bool> = (0..6).map(|_| rng.random_range(0..12) == 0).collect();
        let shape: Vec<usize> = picks.iter().map(|&at| if stretched[at] { 1 } else { sizes[at] }).collect();
        terms.push(picks.iter().map(|&at| letters[at]).collect::<String>());
        operands.push(draw_view(&shape, rng));
    }
    let mut used: Vec<char> = terms.concat().chars().collect();
    used.sort_unstable();
    used.dedup();
    let mut output = String::new();
    while !used.is_empty() && rng.random_range(0..3) > 0 {
        output.push(used.remove(rng.random_range(0..used.len())));
    }
    (format!("{}->{output}", terms.join(",")), operands)
}

/// An array whose memory is anything but row-major.
fn draw_view(shape: &[usize], rng: &mut Rng) -> ArrayD<f64> {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, rng.random_range(0..=i));
    }
    let steps: Vec<isize> = order.iter().map(|_| [1, 1, 1, 2, -1][rng.random_range(0..5)]).collect();
    laid_out(shape, order, &steps, || rng.random_range(-4.0..4.0_f64))
}

/// An array of this shape whose axes lie in memory in this order, each with a step: gaps, or backwards.
pub(crate) fn laid_out(
    shape: &[usize],
    order: Vec<usize>,
    steps: &[isize],
    next: impl FnMut() -> f64,
) -> ArrayD<f64> {
    let mut stored = vec![0; shape.len()];
    for (axis, &at) in order.iter().enumerate() {
        stored[at] = shape[axis] * steps[axis].unsigned_abs();
    }
    let mut view = ArrayD::from_shape_simple_fn(stored, next).permuted_axes(order);
    for (axis, &step) in steps.iter().enumerate().take(shape.len()) {
        view.slice_axis_inplace(Axis(axis), Slice { start: 0, end: None, step });
    }
    view
}
