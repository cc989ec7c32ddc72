//! Notebook 02, executed section by section: `cargo xtask run nb02`.
//!
//! Every number of ours is printed beside the course's. What PyTorch, NumPy or ndarray gave when this lesson was written
//! is called *measured*, and what follows from a formula *expected*: the course printed neither. Statistics of random
//! weights differ from draw to draw, so ours are the mean over fifty seeds, with the spread (one standard deviation) that
//! tells how far a single draw may fall. MNIST's own numbers are asserted where MNIST is; the rest holds for the drawn
//! digits, too.
//!
//! The sections are in `part1_data.rs` to `part8_homework.rs`; here is what several of them share. The harness runs tests in
//! the order of their full names, hence the numbers in the names of the files.

mod part1_data;
mod part2_init;
mod part3_forward;
mod part4_backward;
mod part5_accumulation;
mod part6_refactoring;
mod part7_questions;
mod part8_homework;

#[path = "../common/mod.rs"]
mod common;
mod figures;

use common::{DIGITS, Oracle, failure};
use nb02_fully_connected::data::show_image;
use nb02_fully_connected::functions::linear::{
    OUTER_BUDGET, lin_grad_einsum, lin_grad_outer, lin_param_grads, outer_bytes,
};
use nb02_fully_connected::ndarray::{
    ArcArray2, Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, Axis, Zip, array, s,
};
use nb02_fully_connected::nn::{matrix, tensor};
use nb02_fully_connected::timing::{PROFILE, human};
use nb02_fully_connected::*;
use std::fmt::{self, Display};

/// Hidden units, in the course.
const NH: usize = 50;

/// How many seeds a statistic is taken over.
const SEEDS: u64 = 50;

/// Images that are enough for statistics over seeds: they vary between draws of weights, not of images.
const SOME: usize = 1_000;

/// Images whose gradients are compared: the whole set would take longer than the lesson.
const COMPARED: usize = 1_000;

fn some_x() -> ArrayView2<'static, f32> {
    DIGITS.x_train.slice(s![..SOME.min(DIGITS.x_train.nrows()), ..])
}

/// The lesson's net, and its first weights' seed.
fn net(shift: f32) -> Weights {
    Weights::kaiming(784, NH, shift, &mut manual_seed(42))
}

/// The fastest of three runs, in seconds: what is compared on a noisy machine.
fn fastest<R>(f: impl FnMut() -> R) -> f64 {
    timeit_n(3, 1, f).min
}

fn stats_text(stats: Stats) -> String {
    format!("{:.4} / {:.4}", stats.mean, stats.std)
}

/// Mean and standard deviation over the seeds, of an array's mean and of its standard deviation.
struct Spread {
    mean: Stats,
    std: Stats,
}

impl Spread {
    fn over_seeds(f: impl Fn(&mut Rng) -> Stats) -> Self {
        let all: Vec<Stats> = (0..SEEDS).map(|seed| f(&mut manual_seed(seed))).collect();
        let of = |number: fn(&Stats) -> f64| {
            Stats::of(&all.iter().map(|s| number(s) as f32).collect::<Array1<_>>())
        };
        Spread { mean: of(|s| s.mean), std: of(|s| s.std) }
    }

    fn show<'a>(&self, what: &'a str) -> Shown<'a> {
        show(what, self)
    }
}

/// `mean ± spread / std ± spread`.
impl Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { mean, std } = self;
        write!(f, "{:.4}±{:.4} / {:.4}±{:.4}", mean.mean, mean.std, std.mean, std.std)
    }
}

/// From inputs and outputs to weights `(m, nh)`.
type Init = fn(usize, usize, &mut Rng) -> Array2<f32>;

fn largest(x: &ArrayRef2<f32>) -> f32 {
    x.fold(0.0_f32, |max, x| max.max(x.abs()))
}

/// The notebook's last model, `[nn.Linear(n_in,nh), nn.ReLU(), nn.Linear(nh,n_out)]`, with the weights of `net`, whose
/// shift has to be 0: `nn.ReLU` has none.
fn nn_net(net: &Weights) -> nn::Sequential {
    test_eq(&net.shift, &0.0);
    let linear = |w: &Array2<f32>, b: &Array1<f32>| nn::Linear::from_weights(w.clone(), b.clone());
    nn::Sequential::new().then(linear(&net.w1, &net.b1)).then(nn::ReLU).then(linear(&net.w2, &net.b2))
}
