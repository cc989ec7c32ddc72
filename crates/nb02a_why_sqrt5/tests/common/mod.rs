//! What more than one test file needs: the first 100 validation images, and statistics over seeds.
#![allow(dead_code, unused_imports)] // each test file is a program of its own and uses some of this

use nb02a_why_sqrt5::ndarray::{Array1, Array4, s};
use nb02a_why_sqrt5::nn::tensor;
use nb02a_why_sqrt5::*;
use std::fmt::{self, Display};
use std::sync::LazyLock;

#[path = "../../../../lib/kernels/tests/main/common/failure.rs"]
mod failing;
pub(crate) use failing::failure;

/// The notebook's data: normalised by the training set's statistics; of the validation set the
/// first 100 images.
pub(crate) struct Digits {
    pub(crate) train: (usize, usize),
    pub(crate) valid: (usize, usize),
    pub(crate) classes: usize,
    pub(crate) normalized: Stats,
    /// `(100, 1, 28, 28)`.
    pub(crate) x: Array4<f32>,
    pub(crate) y: Array1<f32>,
    pub(crate) source: Source,
}

impl Digits {
    pub(crate) fn tensor(&self) -> Tensor {
        tensor(self.x.clone())
    }
}

/// Loaded when first used, once for all tests of a program.
pub(crate) static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
    let mnist = get_data().expect("either MNIST is whole or digits are drawn");
    let train = Stats::of(&mnist.x_train);
    let x_valid = normalize(&mnist.x_valid, train.mean, train.std);
    let n = x_valid.nrows().min(100);
    let x = x_valid.slice(s![..n, ..]).to_owned().into_shape_with_order((n, 1, 28, 28)).expect("784 pixels");
    Digits {
        train: mnist.x_train.dim(),
        valid: mnist.x_valid.dim(),
        classes: mnist.y_train.iter().max().map_or(0, |&most| usize::from(most) + 1),
        normalized: Stats::of(&normalize(&mnist.x_train, train.mean, train.std)),
        x,
        y: mnist.y_valid.slice(s![..n]).mapv(f32::from),
        source: mnist.source,
    }
});

/// How many seeds a statistic is taken over.
const SEEDS: u64 = 50;

/// Mean and standard deviation over the seeds, of an array's mean and of its standard deviation.
pub(crate) struct Spread {
    pub(crate) mean: Stats,
    pub(crate) std: Stats,
}

impl Spread {
    pub(crate) fn over_seeds(f: impl Fn(&mut Rng) -> Stats) -> Self {
        let all: Vec<Stats> = (0..SEEDS).map(|seed| f(&mut manual_seed(seed))).collect();
        let of = |number: fn(&Stats) -> f64| {
            Stats::of(&all.iter().map(|s| number(s) as f32).collect::<Array1<_>>())
        };
        Spread { mean: of(|s| s.mean), std: of(|s| s.std) }
    }

    pub(crate) fn show<'a>(&self, what: &'a str) -> Shown<'a> {
        show(what, self)
    }

    /// The root of the mean of the squares, over all seeds.
    pub(crate) fn size(&self) -> f64 {
        let Spread { mean, std } = self;
        (mean.mean.powi(2) + mean.std.powi(2) + std.mean.powi(2) + std.std.powi(2)).sqrt()
    }
}

/// `mean ± spread / std ± spread`.
impl Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { mean, std } = self;
        write!(f, "{:.4}±{:.4} / {:.4}±{:.4}", mean.mean, mean.std, std.mean, std.std)
    }
}
