//! What more than one test file needs: the digits, loaded once, PyTorch's values, and a look at failures.
#![allow(dead_code, unused_imports)] // each test file is a program of its own and uses some of this

use nb03_minibatch_training::ndarray::Ix1;
use nb03_minibatch_training::{Dataset, Source, Targets, get_data, tensor};
use std::sync::LazyLock;

#[path = "../../../../lib/kernels/tests/main/common/failure.rs"]
mod failing;
pub(crate) use failing::{Failure, failure};
#[path = "../../../../lib/kernels/tests/main/common/oracle.rs"]
mod pytorch;
pub(crate) use pytorch::Oracle;

/// The digits as the notebook uses them from here to 05b: raw pixels, from 0 to 0.996.
pub(crate) struct Digits {
    pub(crate) train: Dataset,
    pub(crate) valid: Dataset,
    pub(crate) source: Source,
}

/// Loaded when first used, once for all tests of a program.
pub(crate) static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
    let mnist = get_data().expect("either MNIST is whole or digits are drawn");
    Digits {
        train: Dataset::new(tensor(mnist.x_train), mnist.y_train),
        valid: Dataset::new(tensor(mnist.x_valid), mnist.y_valid),
        source: mnist.source,
    }
});

impl Oracle {
    /// Labels, which PyTorch has as `int64`.
    pub(crate) fn classes(&mut self, name: &str) -> Targets {
        Targets::from(self.get::<i64, Ix1>(name).mapv(|y| y as u8))
    }
}
