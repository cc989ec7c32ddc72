//! What a program of a user's calls. This file is compiled into the bench and into a crate outside of it.

use nb03_minibatch_training::ndarray::{Array1, Array2, Ix1};
use nb03_minibatch_training::*;

/// Returns a number of its result.
pub(crate) type Call = fn(&mut Data) -> f64;

pub(crate) const CALLS: [(&str, Call); 6] = [
    ("relu 1000·1000", |data| relu(&data.x)[[999, 999]].into()),
    ("normalize 1000·1000", |data| normalize(&data.x, 0.5, 0.25)[[999, 999]].into()),
    ("relative_norm 1000·1000", |data| relative_norm(&data.x, &data.y)),
    ("einsum ij->j 1000·1000", |data| column_sums(&data.x)[999].into()),
    ("mse 1000000", |data| mse(&data.output, &data.target).into()),
    ("fit 10000·784·50·10, batch 64", Data::fit),
];

pub(crate) struct Data {
    x: Array2<f32>,
    y: Array2<f32>,
    output: Array2<f32>,
    target: Array1<f32>,
    train: DataLoader,
    valid: DataLoader,
}

impl Data {
    pub(crate) fn new() -> Self {
        let rng = &mut manual_seed(0);
        let mut images = |rows: usize| {
            let labels: Vec<u8> = (0..rows).map(|row| (row % 10) as u8).collect();
            Dataset::new(tensor(rand((rows, 784), rng)), labels)
        };
        let (train, valid) = get_dls(&images(10_000), &images(1000), 64, 0);
        Data {
            x: rand((1000, 1000), rng),
            y: rand((1000, 1000), rng),
            output: rand((1_000_000, 1), rng),
            target: rand(1_000_000, rng),
            train,
            valid,
        }
    }

    /// An epoch of a new net, so that each call does the same.
    fn fit(&mut self) -> f64 {
        let (mut net, opt) = get_model(784, 50, 10, 0.1, &mut manual_seed(0));
        fit(0..1, &mut net, cross_entropy, &opt, &mut self.train, &mut self.valid)[0].valid.loss
    }
}

fn column_sums(x: &Array2<f32>) -> Array1<f32> {
    einsum::<f32, Ix1>("ij->j", &[x]).expect("a matrix has two axes")
}
