//! Work that does little with each number, and so can only be as fast as memory: statistics, `normalize`, `relu`.

use super::{Bench, Contenders};
use crate::contender::{Local, Pieces};
use crate::data::matrix;
use crate::record::Experiment;
use anyhow::Result;
use nb03_minibatch_training::ndarray::{Array2, ArrayView2};
use nb03_minibatch_training::normalize::normalize_;
use nb03_minibatch_training::{mean, normalize, relu, relu_grad, std};

/// What is done to an array of `x_train`'s size, or of its first activation's.
struct Operation {
    name: &'static str,
    columns: usize,
    /// How often an array of that size is read and written, at least.
    read: f64,
    written: f64,
    ours: fn(&ArrayView2<f32>, &mut Array2<f32>),
    python: &'static [(&'static str, &'static str)],
}

const ROWS: usize = 50_000;

const OPERATIONS: [Operation; 6] = [
    Operation {
        name: "mean",
        columns: 784,
        read: 1.0,
        written: 0.0,
        ours: |x, out| *out = number(mean(x)),
        python: &[("torch", "torch mean"), ("NumPy", "NumPy mean")],
    },
    Operation {
        name: "std",
        columns: 784,
        read: 1.0,
        written: 0.0,
        ours: |x, out| *out = number(std(x)),
        python: &[("torch", "torch std"), ("NumPy", "NumPy std")],
    },
    Operation {
        name: "normalize",
        columns: 784,
        read: 1.0,
        written: 1.0,
        ours: |x, out| *out = normalize(x, 0.5, 0.25),
        python: &[("torch", "torch normalize"), ("NumPy", "NumPy normalize")],
    },
    Operation {
        name: "normalize_",
        columns: 784,
        read: 1.0,
        written: 1.0,
        ours: |_, x| normalize_(x, 0.0, 1.0), // so that the next turn finds the same numbers
        python: &[("torch", "torch normalize_")],
    },
    Operation {
        name: "relu",
        columns: 50,
        read: 1.0,
        written: 1.0,
        ours: |x, out| *out = relu(x),
        python: &[("torch", "torch relu")],
    },
    Operation {
        name: "relu_grad",
        columns: 50,
        read: 2.0,
        written: 1.0,
        ours: |x, out| *out = relu_grad(x, x),
        python: &[("torch", "torch relu_grad")],
    },
];

/// The data, and what came out (or goes in and out).
struct Data<'a> {
    x: ArrayView2<'a, f32>,
    operation: &'a Operation,
    out: Array2<f32>,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    OPERATIONS.iter().try_for_each(|operation| measure(bench, operation))
}

fn measure(bench: &Bench, operation: &Operation) -> Result<()> {
    let mut x = matrix(ROWS, operation.columns, 0);
    let centre = if operation.written == 0.0 { 0.5 } else { 0.0 }; // a mean of nothing would be all rounding
    x += centre;
    let state = Data { x: x.view(), operation, out: x.clone() };
    let mut all: Contenders = vec![Box::new(Local {
        name: "nb02",
        state,
        work: |data| (data.operation.ours)(&data.x, &mut data.out),
        result: pieces,
    })];
    all.extend(bench.remote(operation.python, &[ROWS, operation.columns])?);
    let bytes = 4.0 * x.len() as f64;
    let experiment = Experiment {
        part: "elementwise".into(),
        name: format!("{} {ROWS}·{}", operation.name, operation.columns),
        flops: 2.0 * x.len() as f64,
        read: operation.read * bytes,
        written: operation.written * bytes,
        ..Experiment::default()
    };
    bench.measure(experiment, all, &[reference(operation.name, &x)])
}

/// In `f64`, by the textbook.
fn reference(name: &str, x: &Array2<f32>) -> Vec<f64> {
    let x = x.mapv(f64::from);
    let n = x.len() as f64;
    let mean = x.sum() / n;
    match name {
        "mean" => vec![mean],
        "std" => vec![(x.fold(0.0, |sum, x| sum + (x - mean).powi(2)) / (n - 1.0)).sqrt()],
        "normalize_" => x.into_iter().collect(),
        "normalize" => x.iter().map(|x| (x - 0.5) / 0.25).collect(),
        _ => x.iter().map(|x| x.max(0.0)).collect(),
    }
}

fn number(x: f64) -> Array2<f32> {
    Array2::from_elem((1, 1), x as f32)
}

fn pieces(data: &Data) -> Result<Pieces> {
    Ok(vec![data.out.iter().copied().collect()])
}
