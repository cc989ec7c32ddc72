//! How time grows with the rows of a batch and with k.

use super::Bench;
use super::matmul::{Factors, Shape};
use anyhow::Result;

const ROWS: [usize; 7] = [500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const K: [usize; 6] = [49, 98, 196, 392, 784, 1568];

pub(super) fn run(bench: &Bench) -> Result<()> {
    let rows = ROWS.into_iter().map(|rows| ("growth with rows", rows, Shape::new(rows, 784, 50)));
    let k = K.into_iter().map(|k| ("growth with k", k, Shape::new(10_000, k, 50)));
    rows.chain(k).try_for_each(|(part, size, shape)| measure(bench, part, size, &shape))
}

fn measure(bench: &Bench, part: &str, size: usize, shape: &Shape) -> Result<()> {
    let factors = Factors::new(shape);
    let mut all = factors.in_place(bench.threads);
    all.extend(bench.remote(&[("torch out=", "torch out=")], &shape.sizes())?);
    bench.measure(shape.experiment(part, Some(size)), all, &factors.reference())
}
