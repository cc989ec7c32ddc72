//! The loop with validation: what training is from here on.
//!
//! *Are the validation results right if the batch size varies?* the notebook asks. No: a mean over batches counts each row
//! of a small last batch more. 10,000 rows in batches of 128 leave a last one of 16, each row of which counts eight times as
//! much. So [`validate`] weights each batch by its rows; [`validate_unweighted`] is the notebook's.

use crate::loops::step;
use crate::{Batch, DataLoader, LossFunc, Module, Sgd, accuracy, matrix};
use std::ops::Range;

/// What a net achieves on a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// The mean loss.
    pub loss: f64,
    /// The share of rows that it recognises.
    pub accuracy: f64,
}

/// One epoch of [`fit`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 0 on.
    pub epoch: u64,
    /// The mean loss of its batches, each before its step: the net of the epoch's beginning is in it, too.
    pub train_loss: f64,
    /// Of the net at its end, over the whole validation set.
    pub valid: Scores,
}

/// The notebook's `fit(epochs, model, loss_func, opt, train_dl, valid_dl)`: trains for these epochs and validates after each.
///
/// `fit(0..5, …)` and then `fit(5..8, …)` is the same as `fit(0..8, …)`.
///
/// # Panics
/// If the net cannot take a batch, or the loss its output.
#[track_caller]
pub fn fit(
    epochs: Range<u64>,
    net: &mut dyn Module,
    loss: LossFunc,
    opt: &Sgd,
    train_dl: &mut DataLoader,
    valid_dl: &mut DataLoader,
) -> Vec<Epoch> {
    let one = |epoch| {
        let mut train = Mean::default();
        let mut batches = train_dl.epoch(epoch);
        while let Some(batch) = batches.next() {
            train.add(train_batch(net, loss, opt, batch).into(), batch.y.len());
        }
        Epoch { epoch, train_loss: train.value(), valid: validate(net, loss, valid_dl) }
    };
    epochs.map(one).collect()
}

/// One step: forward, loss, backward, and every parameter against its gradient; returns the loss before it.
///
/// Gradients are forgotten first, so a step that was given up leaves nothing to the next one.
///
/// # Panics
/// As [`fit`].
#[track_caller]
pub fn train_batch(net: &mut dyn Module, loss: LossFunc, opt: &Sgd, batch: &Batch) -> f32 {
    step(net, loss, opt, &batch.x, &batch.y)
}

/// Mean loss and accuracy over all rows of a loader, each row counted once; NaN if there are none.
///
/// The net is only read.
///
/// # Panics
/// As [`fit`].
#[track_caller]
pub fn validate(net: &dyn Module, loss: LossFunc, valid_dl: &mut DataLoader) -> Scores {
    scores(net, loss, valid_dl, |rows| rows)
}

/// The notebook's `tot_loss/nv, tot_acc/nv`: the mean over batches, however many rows each has.
///
/// # Panics
/// As [`fit`].
#[track_caller]
pub fn validate_unweighted(net: &dyn Module, loss: LossFunc, valid_dl: &mut DataLoader) -> Scores {
    scores(net, loss, valid_dl, |_| 1)
}

#[track_caller]
fn scores(net: &dyn Module, loss: LossFunc, dl: &mut DataLoader, weight: fn(usize) -> usize) -> Scores {
    let (mut losses, mut accuracies) = (Mean::default(), Mean::default());
    let mut batches = dl.epoch(0);
    while let Some(Batch { x, y }) = batches.next() {
        let out = net.infer(x);
        losses.add(loss(&matrix(&out), y).0.into(), weight(y.len()));
        accuracies.add(accuracy(&matrix(&out), y), weight(y.len()));
    }
    Scores { loss: losses.value(), accuracy: accuracies.value() }
}

/// A weighted mean.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: f64, weight: usize) {
        self.sum += value * weight as f64;
        self.weight += weight as f64;
    }

    fn value(&self) -> f64 {
        self.sum / self.weight
    }
}
