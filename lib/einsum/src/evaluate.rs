//! A call from its strings to its result: read, check, plan, compute.

use crate::contract::contract;
use crate::labelled::Labelled;
use crate::memory::{TooLarge, zeros};
use crate::plan::plan;
use crate::shortcuts::{batched_product, matrix_product};
use crate::sizes::Axes;
use crate::subscripts::{Subscripts, set};
use crate::{EinsumError, Element};
use ndarray::{ArrayD, ArrayViewD};
use smallvec::SmallVec;

/// Computes the result, after it has been checked that the subscripts fit the operands and the rank.
pub(crate) fn checked<T: Element>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
    rank: Option<usize>,
) -> Result<ArrayD<T>, EinsumError> {
    let subscripts = Subscripts::parse(subscripts)?;
    let shapes: SmallVec<[&[usize]; 3]> = operands.iter().map(|operand| operand.shape()).collect();
    let axes = Axes::bind(&subscripts, &shapes)?;
    check_rank(&subscripts, &axes, rank)?;
    evaluate(operands, &axes).map_err(|TooLarge { shape, bytes }| {
        let quote = subscripts.quote(0..subscripts.text.len());
        EinsumError::TooLarge { shape, bytes, quote }
    })
}

fn check_rank(subscripts: &Subscripts<'_>, axes: &Axes, rank: Option<usize>) -> Result<(), EinsumError> {
    match rank {
        Some(expected) if expected != axes.output.len() => {
            let shape = axes.shape(&axes.output).to_vec();
            Err(EinsumError::ResultRank { expected, shape, quote: subscripts.quote_output() })
        }
        _ => Ok(()),
    }
}

fn evaluate<T: Element>(operands: &[ArrayViewD<'_, T>], axes: &Axes) -> Result<ArrayD<T>, TooLarge> {
    if let Some(product) = matrix_product(operands, axes).or_else(|| batched_product(operands, axes)) {
        return product;
    }
    if operands.iter().any(|operand| operand.is_empty()) {
        return zeros(&axes.shape(&axes.output)); // sums of nothing, whatever the other operands hold
    }
    step_by_step(operands, axes)
}

fn step_by_step<T: Element>(operands: &[ArrayViewD<'_, T>], axes: &Axes) -> Result<ArrayD<T>, TooLarge> {
    let mut open: SmallVec<[Option<Labelled<'_, T>>; 3]> = SmallVec::new();
    for (operand, labels) in operands.iter().zip(&axes.operands) {
        open.push(Some(Labelled::new(operand.view(), labels, axes)?));
    }
    for step in plan(axes) {
        let mut take = |number: usize| open[number].take().expect("a plan uses each operand once");
        let product = contract(take(step.a), take(step.b), &step, axes)?;
        open.push(Some(product));
    }
    let last = open.pop().flatten().expect("subscripts have at least one part");
    last.summed_to(set(&axes.output))?.into_ordered(&axes.output)
}
