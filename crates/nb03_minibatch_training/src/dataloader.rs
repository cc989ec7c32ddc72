//! A batch at a time, in the sampler's order, in memory that is used again.
//!
//! ```
//! use nb03_minibatch_training::{Dataset, DataLoader, ndarray::Array2, tensor};
//!
//! let train = Dataset::new(tensor(Array2::zeros((100, 784))), vec![7; 100]);
//! let mut train_dl = DataLoader::new(&train, 64).shuffle(42);
//! for epoch in 0..2 {
//!     let mut batches = train_dl.epoch(epoch);
//!     while let Some(batch) = batches.next() {
//!         println!("{:?}", batch.x.shape()); // [64, 784], [36, 784]
//!     }
//! }
//! ```

use crate::kernels::par::{gather_rows, zeros};
use crate::{Dataset, Sampler, Targets, Tensor};
use ndarray::Axis;

/// Some rows of a data set.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `(rows, …)`
    pub x: Tensor,
    /// A target for each row.
    pub y: Targets,
}

/// PyTorch's `DataLoader`: batches of `bs` rows, in a new order each epoch if it shuffles.
///
/// Rows are copied into one buffer, which the next batch overwrites. A batch's `x` may be kept: then the next one is written to
/// new memory.
#[derive(Clone, Debug)]
pub struct DataLoader {
    ds: Dataset,
    bs: usize,
    sampler: Sampler,
    drop_last: bool,
    order: Vec<usize>,
    /// One for batches of `bs` rows, and one for the last.
    buffers: Vec<Batch>,
}

impl DataLoader {
    /// Batches of `bs` rows in order; the last has what is left.
    ///
    /// # Panics
    /// If `bs` is 0.
    #[track_caller]
    pub fn new(ds: &Dataset, bs: usize) -> Self {
        assert!(bs > 0, "DataLoader: batches of no rows would never end");
        let (order, buffers) = (Vec::new(), Vec::new());
        DataLoader { ds: ds.clone(), bs, sampler: Sampler::Sequential, drop_last: false, order, buffers }
    }

    /// The same in a random order, another one each epoch.
    #[must_use]
    pub fn shuffle(self, seed: u64) -> Self {
        DataLoader { sampler: Sampler::Random { seed }, ..self }
    }

    /// The same without a last batch of fewer rows.
    #[must_use]
    pub fn drop_last(self) -> Self {
        DataLoader { drop_last: true, ..self }
    }

    /// Batches in an epoch.
    pub fn len(&self) -> usize {
        if self.drop_last { self.ds.len() / self.bs } else { self.ds.len().div_ceil(self.bs) }
    }

    /// Whether an epoch has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it loads from.
    pub fn dataset(&self) -> &Dataset {
        &self.ds
    }

    /// The batches of an epoch, from the first. Epoch 7 is the same whether or not others were run before.
    pub fn epoch(&mut self, epoch: u64) -> Batches<'_> {
        self.sampler.write_order(self.ds.len(), epoch, &mut self.order);
        Batches { loader: self, next: 0 }
    }

    /// The buffer for so many rows.
    fn buffer(&mut self, rows: usize) -> usize {
        let found = self.buffers.iter().position(|buffer| buffer.y.len() == rows);
        found.unwrap_or_else(|| {
            let mut shape = self.ds.x().shape().to_vec();
            shape[0] = rows;
            self.buffers.push(Batch { x: zeros(shape).into_shared(), y: self.ds.y().rows(0..rows) });
            self.buffers.len() - 1
        })
    }
}

/// The batches of one epoch, each lent until the next: `while let Some(batch) = batches.next()`.
#[derive(Debug)]
pub struct Batches<'a> {
    loader: &'a mut DataLoader,
    next: usize,
}

impl Batches<'_> {
    /// The next batch.
    #[allow(clippy::should_implement_trait, reason = "an Iterator cannot lend what the next item overwrites")]
    pub fn next(&mut self) -> Option<&Batch> {
        if self.next == self.loader.len() {
            return None;
        }
        let start = self.next * self.loader.bs;
        let rows = start..self.loader.order.len().min(start + self.loader.bs);
        self.next += 1;
        let buffer = self.loader.buffer(rows.len());
        let DataLoader { ds, order, buffers, .. } = &mut *self.loader;
        let batch = &mut buffers[buffer];
        gather(ds.x(), &order[rows.clone()], &mut batch.x);
        ds.y().gather(&order[rows], &mut batch.y);
        Some(batch)
    }
}

/// Copies these rows of `x (n, …)`, each of which lies in one piece.
fn gather(x: &Tensor, rows: &[usize], to: &mut Tensor) {
    let columns = x.len() / x.len_of(Axis(0)).max(1);
    let x = x.view().into_shape_with_order((x.len_of(Axis(0)), columns)).expect("a data set is in order");
    let mut to = to.view_mut().into_shape_with_order((rows.len(), columns)).expect("a buffer is in order");
    gather_rows(&x, rows, &mut to);
}

/// The notebook's `get_dls(train_ds, valid_ds, bs)`: `bs` rows to train with, shuffled, and `2 · bs` to validate with, in
/// order.
///
/// Validation keeps nothing for a backward pass, so twice as many rows fit into the same memory.
///
/// # Panics
/// If `bs` is 0.
#[track_caller]
pub fn get_dls(train: &Dataset, valid: &Dataset, bs: usize, seed: u64) -> (DataLoader, DataLoader) {
    (DataLoader::new(train, bs).shuffle(seed), DataLoader::new(valid, 2 * bs))
}
