//! The ladder, rung by rung, beside the same rungs in PyTorch and NumPy.

use super::matmul::{Factors, Shape};
use super::{Bench, Contenders};
use crate::contender::Local;
use anyhow::Result;
use nb03_minibatch_training::ladder::{Matmul, RUNGS, Rung};
use nb03_minibatch_training::ndarray::{Array2, ArrayView2};

/// The lecture's product, and the one of the whole validation set.
const SHAPES: [Shape; 2] = [Shape::new(5, 784, 10), Shape::new(10_000, 784, 10)];

/// A rung, its factors and its product.
struct Climb<'a> {
    rung: Matmul,
    a: ArrayView2<'a, f32>,
    b: ArrayView2<'a, f32>,
    c: Array2<f32>,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let mut rungs = SHAPES.iter().flat_map(|shape| RUNGS.iter().map(move |rung| (shape, rung)));
    rungs.try_for_each(|(shape, rung)| measure(bench, shape, rung))
}

fn measure(bench: &Bench, shape: &Shape, rung: &Rung) -> Result<()> {
    let factors = Factors::new(shape);
    let state = Climb { rung: rung.matmul, a: factors.a(), b: factors.b(), c: Array2::zeros((0, 0)) };
    let mut all: Contenders = vec![Box::new(Local {
        name: "nb01",
        state,
        work: |climb| climb.c = (climb.rung)(&climb.a, &climb.b),
        result: |climb| Ok(vec![climb.c.iter().copied().collect()]),
    })];
    all.extend(bench.remote(same_in_python(rung.name, shape), &shape.sizes())?);
    let mut experiment = shape.experiment("ladder", None);
    experiment.name = format!("{} {}", experiment.name, rung.name);
    bench.measure(experiment, all, &factors.reference())
}

/// The same rung there; none for those that only make sense in a compiled language.
fn same_in_python(rung: &str, shape: &Shape) -> &'static [(&'static str, &'static str)] {
    match rung {
        "loops" if shape.m > 100 => &[], // a quarter of an hour
        "loops" => &[("torch", "torch loops")],
        "elementwise" => &[("torch", "torch elementwise"), ("NumPy", "NumPy elementwise")],
        "broadcast" => &[("torch", "torch broadcast"), ("NumPy", "NumPy broadcast")],
        "einsum" => &[("torch", "torch einsum"), ("NumPy", "NumPy einsum")],
        "dot" | "blas" | "matmul" => &[("torch", "torch @"), ("NumPy", "NumPy @")],
        _ => &[],
    }
}
