//! `einsum` beside the products that it stands for: what does the string cost?

use super::{Bench, Contenders};
use crate::contender::{Local, Pieces};
use crate::data::matrix;
use crate::record::Experiment;
use anyhow::Result;
use nb03_minibatch_training::ndarray::{Array3, Axis, Ix2, Ix3};
use nb03_minibatch_training::{einsum, matmul, matmul_into};

/// `(i, k)` times `(k, j)`: as small as the lesson's, a mini-batch, and the validation set.
const PRODUCTS: [[usize; 3]; 3] = [[5, 784, 10], [64, 784, 50], [10_000, 784, 50]];

/// The same `b` times: a few tiny ones, attention heads, and larger ones.
const BATCHES: [[usize; 4]; 3] = [[4, 5, 8, 3], [64, 64, 64, 64], [32, 128, 128, 128]];

/// Two operands and their product, each with the batch in front; it is 1 where there is none.
struct Products {
    a: Array3<f32>,
    b: Array3<f32>,
    c: Array3<f32>,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    PRODUCTS.iter().try_for_each(|&[i, k, j]| measure(bench, "ik,kj->ij", [1, i, k, j], ONE))?;
    BATCHES.iter().try_for_each(|&sizes| measure(bench, "bik,bkj->bij", sizes, BATCH))
}

/// Ours: by `einsum`, and by `matmul` itself.
type Ours = [(&'static str, fn(&mut Products)); 2];

const ONE: Ours = [
    ("nb01 einsum", |p| {
        let (a, b) = (p.a.index_axis(Axis(0), 0), p.b.index_axis(Axis(0), 0));
        let c = einsum::<_, Ix2>("ik,kj->ij", &[&a, &b]).expect("two matrices that fit");
        p.c = c.insert_axis(Axis(0));
    }),
    ("nb01 matmul", |p| {
        p.c = matmul(&p.a.index_axis(Axis(0), 0), &p.b.index_axis(Axis(0), 0)).insert_axis(Axis(0));
    }),
];

const BATCH: Ours = [
    ("nb01 einsum", |p| {
        p.c = einsum::<_, Ix3>("bik,bkj->bij", &[&p.a, &p.b]).expect("as many matrices that fit");
    }),
    ("nb01 matmul", |p| {
        p.c = Array3::zeros((p.a.dim().0, p.a.dim().1, p.b.dim().2));
        for ((a, b), mut c) in p.a.outer_iter().zip(p.b.outer_iter()).zip(p.c.outer_iter_mut()) {
            matmul_into(&a, &b, &mut c);
        }
    }),
];

fn measure(bench: &Bench, subscripts: &str, sizes: [usize; 4], ours: Ours) -> Result<()> {
    let [n, i, k, j] = sizes;
    let mut all: Contenders = Vec::new();
    for (name, work) in ours {
        let state = Products { a: batch(n, i, k, 0), b: batch(n, k, j, 1), c: Array3::zeros((0, 0, 0)) };
        all.push(Box::new(Local { name, state, work, result: pieces }));
    }
    all.extend(bench.remote(&[("torch", "torch einsum of"), ("NumPy", "NumPy einsum of")], &sizes)?);
    let [flops, a, b, c] = [2 * n * i * k * j, n * i * k, n * k * j, n * i * j].map(|count| count as f64);
    let shape = if n == 1 { format!("{i}·{k}·{j}") } else { format!("{n}·{i}·{k}·{j}") };
    let experiment = Experiment {
        part: "einsum".into(),
        name: format!("{subscripts} {shape}"),
        flops,
        read: 4.0 * (a + b),
        written: 4.0 * c,
        ..Experiment::default()
    };
    bench.measure(experiment, all, &reference(sizes))
}

fn batch(n: usize, rows: usize, columns: usize, seed: u32) -> Array3<f32> {
    let all = matrix(n * rows, columns, seed);
    all.into_shape_with_order((n, rows, columns)).expect("as many numbers, in order")
}

/// The products in `f64`.
fn reference([n, i, k, j]: [usize; 4]) -> Vec<Vec<f64>> {
    let (a, b) = (batch(n, i, k, 0).mapv(f64::from), batch(n, k, j, 1).mapv(f64::from));
    vec![a.outer_iter().zip(b.outer_iter()).flat_map(|(a, b)| a.dot(&b)).collect()]
}

fn pieces(products: &Products) -> Result<Pieces> {
    Ok(vec![products.c.iter().copied().collect()])
}
