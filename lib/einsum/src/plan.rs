//! What is done step by step: two operands at a time, each step a matrix product where it can be one.

use crate::order::order;
use crate::sizes::Axes;
use crate::subscripts::{Label, Labels, Set, has, set};
use smallvec::SmallVec;

/// One product of two operands.
pub(crate) struct Step {
    /// The left operand's number; the results of earlier steps are numbered on from the operands.
    pub(crate) a: usize,
    /// The right operand's number.
    pub(crate) b: usize,
    /// The labels of the left operand.
    pub(crate) left: Labels,
    /// The labels of the right operand.
    pub(crate) right: Labels,
    /// The labels of the result.
    pub(crate) output: Labels,
    /// What becomes of the labels of both.
    pub(crate) roles: Roles,
    /// How it is computed.
    pub(crate) lowering: Lowering,
}

/// What becomes of the labels of two operands. Every label of the output is in one of the first three.
#[derive(Clone)]
pub(crate) struct Roles {
    /// In both operands and kept: one product for each of its indices.
    pub(crate) batch: Labels,
    /// Only on the left.
    pub(crate) rows: Labels,
    /// Only on the right.
    pub(crate) columns: Labels,
    /// In both and summed over.
    pub(crate) inner: Labels,
}

/// How a step is computed.
#[derive(Clone, Copy)]
pub(crate) enum Lowering {
    /// `(rows, inner) @ (inner, columns)`, once for every index of the batch.
    Matmul,
    /// Inner products along the last axes, one for every index of the batch.
    Dot,
    /// Elementwise products of the operands, broadcast to the output, added up over the inner labels.
    Products,
}

/// The steps from the operands to the output; none for a single operand.
pub(crate) fn plan(axes: &Axes) -> SmallVec<[Step; 1]> {
    let mut open: SmallVec<[Labels; 3]> = axes.carried.iter().cloned().collect();
    let order = order(axes);
    let last = order.len().saturating_sub(1);
    let mut steps = SmallVec::new();
    for (number, &(a, b)) in order.iter().enumerate() {
        let (left, right) = (std::mem::take(&mut open[a]), std::mem::take(&mut open[b]));
        let step = if number == last {
            Step::last(a, b, &left, &right, &axes.output)
        } else {
            let later = open.iter().fold(set(&axes.output), |later, labels| later | set(labels));
            Step::between(a, b, &left, &right, later)
        };
        open.push(step.output.clone());
        steps.push(step);
    }
    steps
}

impl Step {
    /// The step that makes the output. Where its last axis comes from `a`, the two change places, so that
    /// the output is written row by row.
    fn last(a: usize, b: usize, left: &[Label], right: &[Label], output: &[Label]) -> Step {
        let alone = |own: &[Label], other: &[Label]| set(output) & set(own) & !set(other);
        let rows_last = output.last().is_some_and(|&last| has(alone(left, right), last));
        let swapped = rows_last && alone(right, left) != 0;
        let (a, b, left, right) = if swapped { (b, a, right, left) } else { (a, b, left, right) };
        let roles = Roles::new(left, right, output);
        let lowering = roles.lowering(left);
        Step { a, b, left: left.into(), right: right.into(), output: output.into(), roles, lowering }
    }

    /// A step on the way. It may choose the order of its axes: the one that needs no transposition.
    fn between(a: usize, b: usize, left: &[Label], right: &[Label], later: Set) -> Step {
        let only_right = right.iter().filter(|label| !left.contains(label));
        let kept: Labels =
            left.iter().chain(only_right).copied().filter(|&label| has(later, label)).collect();
        let roles = Roles::new(left, right, &kept);
        let output = [&*roles.batch, &roles.rows, &roles.columns].concat().into();
        let lowering = roles.lowering(left);
        Step { a, b, left: left.into(), right: right.into(), output, roles, lowering }
    }
}

impl Roles {
    fn new(left: &[Label], right: &[Label], output: &[Label]) -> Roles {
        let (a, b, kept) = (set(left), set(right), set(output));
        let in_order = |labels: &[Label], wanted: Set| -> Labels {
            labels.iter().copied().filter(|&label| has(wanted, label)).collect()
        };
        Roles {
            batch: in_order(output, a & b),
            rows: in_order(output, a & !b),
            columns: in_order(output, b & !a),
            inner: in_order(left, a & b & !kept),
        }
    }

    fn lowering(&self, left: &[Label]) -> Lowering {
        let no_matrix = self.rows.is_empty() && self.columns.is_empty();
        let along_last = self.batch.is_empty() || left.last().is_some_and(|last| self.inner.contains(last));
        if self.inner.is_empty() {
            Lowering::Products
        } else if !no_matrix {
            Lowering::Matmul
        } else if along_last {
            Lowering::Dot
        } else {
            Lowering::Products
        }
    }
}
