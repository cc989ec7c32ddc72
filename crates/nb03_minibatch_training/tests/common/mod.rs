//! What more than one test file needs: the digits, loaded once, PyTorch's values, and a look at failures.
#![allow(dead_code, unused_imports)] // each test file is a program of its own and uses some of this

use nb03_minibatch_training::ndarray::{Array, Dimension, Ix0, Ix1};
use nb03_minibatch_training::{Dataset, Source, Targets, get_data, tensor};
use ndarray_npy::{NpzReader, ReadableElement};
use std::fs::File;
use std::sync::LazyLock;

#[path = "../../../../lib/kernels/tests/main/common/failure.rs"]
mod failing;
pub(crate) use failing::{Failure, failure};

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

/// One of PyTorch's files.
pub(crate) struct Oracle(NpzReader<File>);

impl Oracle {
    pub(crate) fn open(name: &str) -> Self {
        let path = format!("{}/oracle/{name}.npz", env!("CARGO_MANIFEST_DIR"));
        let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Oracle(NpzReader::new(file).expect("a file made by numpy.savez"))
    }

    /// The array of that name.
    pub(crate) fn get<T: ReadableElement, D: Dimension>(&mut self, name: &str) -> Array<T, D> {
        self.0.by_name(&format!("{name}.npy")).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn scalar(&mut self, name: &str) -> f64 {
        self.get::<f64, Ix0>(name).into_scalar()
    }

    pub(crate) fn classes(&mut self, name: &str) -> Targets {
        Targets::from(self.get::<i64, Ix1>(name).mapv(|y| y as u8))
    }
}
