//! One epoch of notebook 03's net, and the convolutions of the notebooks' CNN, beside PyTorch, candle and burn.
//!
//! All contenders start from the same weights and take the same rows in the same order. Gathering the batches is within the
//! time, and so is each step's loss; metrics are not. Before timing, each contender's weights after [`STEPS`] steps are
//! compared with those of [`reference`].

#[cfg(feature = "burn")]
mod burn;
mod candle;
mod conv;
mod layers;

use super::{Bench, Contenders};
use crate::contender::{Local, Pieces};
use crate::data::matrix;
use crate::record::Experiment;
use anyhow::Result;
#[cfg(feature = "burn")]
use burn::Burn;
use candle::Candle;
use nb03_minibatch_training::ndarray::{ArcArray2, Array2, Axis, Zip};
use nb03_minibatch_training::nn::{Linear, ReLU, Sequential};
use nb03_minibatch_training::{DataLoader, Dataset, Module, Sampler, Sgd, cross_entropy, train_batch};
use std::hint::black_box;

const ROWS: usize = 50_000;
const INPUTS: usize = 784;
const HIDDEN: usize = 50;
const CLASSES: usize = 10;

/// A power of 2, so that multiplying by it rounds nowhere.
const LR: f32 = 0.125;

/// Steps before the weights are compared. Later, a sum near 0 may round to either side of ReLU's corner.
const STEPS: usize = 20;

const SEED: u64 = 0;

/// PyTorch's steps: `p -= lr * p.grad`, and its optimiser over lists of tensors or in a kernel of its own.
const TORCH: [(&str, &str); 3] =
    [("torch loop", "epoch loop"), ("torch foreach", "epoch foreach"), ("torch fused", "epoch fused")];

/// What all contenders start from.
struct Inputs {
    x: ArcArray2<f32>,
    labels: Vec<u8>,
    /// The rows in the order of the epoch.
    order: Vec<usize>,
    /// Weight and bias `(1, n)` of the first layer and of the second.
    weights: [Array2<f32>; 4],
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let inputs = Inputs::new();
    for bs in [64, 512] {
        bench.measure(experiment(bs), contenders(bench, &inputs, bs)?, &reference(&inputs, bs))?;
    }
    conv::run(bench)
}

/// Two products of the first layer, which computes no gradient of x, and three of the second. Each row is read once at least.
fn experiment(bs: usize) -> Experiment {
    let products = 2 * INPUTS * HIDDEN + 3 * HIDDEN * CLASSES;
    Experiment {
        part: "epoch".into(),
        name: format!("{INPUTS}·{HIDDEN}·{CLASSES}, batch {bs}"),
        flops: 2.0 * (ROWS * products) as f64,
        read: 4.0 * (ROWS * INPUTS) as f64,
        ..Experiment::default()
    }
}

impl Inputs {
    fn new() -> Self {
        let x = matrix(ROWS, INPUTS, 0);
        Inputs {
            labels: x.rows().into_iter().map(|row| largest(row.iter().take(CLASSES))).collect(),
            x: x.into_shared(),
            order: Sampler::Random { seed: SEED }.order(ROWS, 0),
            weights: [
                matrix(INPUTS, HIDDEN, 1) / 16.0,
                matrix(1, HIDDEN, 2) / 16.0,
                matrix(HIDDEN, CLASSES, 3) / 4.0,
                matrix(1, CLASSES, 4) / 4.0,
            ],
        }
    }

    fn net(&self) -> Sequential {
        let [w1, b1, w2, b2] = self.weights.clone();
        let linear = |w, b: Array2<f32>| Linear::from_weights(w, b.index_axis_move(Axis(0), 0));
        Sequential::new().then(linear(w1, b1)).then(ReLU).then(linear(w2, b2))
    }

    fn loader(&self, bs: usize) -> DataLoader {
        let dataset = Dataset::new(self.x.clone().into_dyn(), self.labels.clone());
        DataLoader::new(&dataset, bs).shuffle(SEED)
    }
}

/// The place of the first of the largest: a label that a net can learn, and that two languages agree on.
fn largest<'a>(numbers: impl Iterator<Item = &'a f32>) -> u8 {
    let first = (0, &f32::NEG_INFINITY);
    (0..).zip(numbers).fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
}

fn contenders<'a>(bench: &'a Bench, inputs: &'a Inputs, bs: usize) -> Result<Contenders<'a>> {
    let mut all: Contenders = vec![Box::new(Local {
        name: "nb03",
        state: Ours { inputs, net: inputs.net(), batches: inputs.loader(bs) },
        work: |ours| train(&mut ours.net, &mut ours.batches, usize::MAX),
        result: Ours::after_the_first_steps,
    })];
    let sizes: Vec<usize> =
        [ROWS, INPUTS, HIDDEN, CLASSES, bs, STEPS].into_iter().chain(inputs.order.iter().copied()).collect();
    all.extend(bench.remote(&TORCH, &sizes)?);
    all.push(Box::new(Local {
        name: "candle",
        state: Candle::new(inputs, bs)?,
        work: |candle| candle.done = candle.train(&candle.parameters, usize::MAX),
        result: Candle::after_the_first_steps,
    }));
    #[cfg(feature = "burn")]
    all.push(Box::new(Local {
        name: "burn",
        state: Burn::new(inputs, bs),
        work: Burn::epoch,
        result: Burn::after_the_first_steps,
    }));
    Ok(all)
}

/// The course's own loop.
struct Ours<'a> {
    inputs: &'a Inputs,
    net: Sequential,
    batches: DataLoader,
}

impl Ours<'_> {
    fn after_the_first_steps(&self) -> Result<Pieces> {
        let mut net = self.inputs.net();
        train(&mut net, &mut self.batches.clone(), STEPS);
        Ok(net.parameters().into_iter().map(|(_, p)| p.value.iter().copied().collect()).collect())
    }
}

/// Our loader shuffles within the time; the others are given the order.
fn train(net: &mut Sequential, batches: &mut DataLoader, steps: usize) {
    let mut batches = batches.epoch(0);
    for _ in 0..steps {
        let Some(batch) = batches.next() else { break };
        black_box(train_batch(net, cross_entropy, &Sgd::new(LR), batch));
    }
}

/// The weights after the first steps, in `f64` and by the textbook.
fn reference(inputs: &Inputs, bs: usize) -> Vec<Vec<f64>> {
    let [mut w1, mut b1, mut w2, mut b2] = inputs.weights.each_ref().map(|w| w.mapv(f64::from));
    for rows in inputs.order.chunks(bs).take(STEPS) {
        let x = inputs.x.select(Axis(0), rows).mapv(f64::from);
        let sums = x.dot(&w1) + &b1;
        let hidden = sums.mapv(|sum| sum.max(0.0));
        let out_g = softmax_less_one_hot(hidden.dot(&w2) + &b2, inputs, rows) / rows.len() as f64;
        let mut hidden_g = out_g.dot(&w2.t());
        Zip::from(&mut hidden_g).and(&sums).for_each(|g, &sum| *g *= f64::from(u8::from(sum > 0.0)));
        descend(&mut w2, &hidden.t().dot(&out_g));
        descend(&mut b2, &out_g.sum_axis(Axis(0)).insert_axis(Axis(0)));
        descend(&mut w1, &x.t().dot(&hidden_g));
        descend(&mut b1, &hidden_g.sum_axis(Axis(0)).insert_axis(Axis(0)));
    }
    [w1, b1, w2, b2].map(|parameter| parameter.into_iter().collect()).into()
}

fn softmax_less_one_hot(mut out: Array2<f64>, inputs: &Inputs, rows: &[usize]) -> Array2<f64> {
    for (mut out, &row) in out.rows_mut().into_iter().zip(rows) {
        out.mapv_inplace(f64::exp);
        let sum = out.sum();
        out /= sum;
        out[usize::from(inputs.labels[row])] -= 1.0;
    }
    out
}

fn descend(parameter: &mut Array2<f64>, gradient: &Array2<f64>) {
    parameter.scaled_add(-f64::from(LR), gradient);
}
