//! What more than one test file needs: MNIST, loaded once, PyTorch's values, and a look at failures.
#![allow(dead_code, unused_imports)] // each test file is a program of its own and uses some of this

use nb02_fully_connected::ndarray::{Array1, Array2, Ix1, Ix2};
use nb02_fully_connected::{Grads, Source, Stats, Weights, get_data, normalize};
use std::sync::LazyLock;

#[path = "../../../../lib/kernels/tests/main/common/failure.rs"]
mod failing;
pub(crate) use failing::failure;
#[path = "../../../../lib/kernels/tests/main/common/oracle.rs"]
mod pytorch;
pub(crate) use pytorch::Oracle;

/// The digits as the lesson uses them: normalised by the training set's statistics, labels as floats.
pub(crate) struct Digits {
    /// As in the file: `byte / 256`.
    pub(crate) x_train_before: Array2<f32>,
    pub(crate) x_train: Array2<f32>,
    pub(crate) y_train: Array1<f32>,
    pub(crate) x_valid: Array2<f32>,
    pub(crate) y_valid: Array1<f32>,
    pub(crate) train_before: Stats,
    pub(crate) valid_before: Stats,
    pub(crate) source: Source,
}

/// Loaded when first used, once for all tests of a program.
pub(crate) static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
    let mnist = get_data().expect("either MNIST is whole or digits are drawn");
    let (train, valid) = (Stats::of(&mnist.x_train), Stats::of(&mnist.x_valid));
    Digits {
        x_train: normalize(&mnist.x_train, train.mean, train.std),
        y_train: mnist.y_train.mapv(f32::from),
        x_valid: normalize(&mnist.x_valid, train.mean, train.std),
        y_valid: mnist.y_valid.mapv(f32::from),
        train_before: train,
        valid_before: valid,
        x_train_before: mnist.x_train,
        source: mnist.source,
    }
});

/// Whether [`DIGITS`] is MNIST, so that MNIST's own numbers can be expected.
pub(crate) fn is_mnist() -> bool {
    DIGITS.source.is_mnist()
}

/// What this stage's files hold.
impl Oracle {
    pub(crate) fn loss(&mut self) -> f64 {
        self.number("loss")
    }

    pub(crate) fn net(&mut self) -> Weights {
        Weights {
            w1: self.get("w1"),
            b1: self.get("b1"),
            w2: self.get("w2"),
            b2: self.get("b2"),
            shift: self.number("relu_shift"),
        }
    }

    /// PyTorch's gradients of the parameters, and of as much of the input as the file has.
    pub(crate) fn grads(&mut self, x_grad: &str) -> Grads {
        Grads {
            x: self.get::<f32, Ix2>(x_grad),
            w1: self.get("w1_grad"),
            b1: self.get("b1_grad"),
            w2: self.get("w2_grad"),
            b2: self.get("b2_grad"),
        }
    }

    /// The small files' own data.
    pub(crate) fn data(&mut self) -> (Array2<f32>, Array1<f32>) {
        (self.get("x"), self.get::<i64, Ix1>("y").mapv(|y| y as f32))
    }
}
