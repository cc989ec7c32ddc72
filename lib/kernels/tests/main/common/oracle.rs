//! PyTorch's values, from the `oracle` folder of the crate whose test asks.

use ndarray::{Array, Dimension, Ix0};
use ndarray_npy::{NpzReader, ReadableElement};
use std::fs::File;

/// One of the files, made by `numpy.savez`.
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

    /// The number of that name.
    pub(crate) fn number<T: ReadableElement>(&mut self, name: &str) -> T {
        self.get::<T, Ix0>(name).into_scalar()
    }
}
