//! The training loop, five times: each version is the one before with something taken out of it.
//!
//! | | version | what left the loop |
//! |---|---|---|
//! | 1 | [`by_hand`] | nothing: it knows every parameter |
//! | 2 | [`over_parameters`] | the layers' names; it trains any [`Module`] whose parameters are registered |
//! | 3 | [`with_optimizer`] | what is done with a gradient |
//! | 4 | [`with_dataset`] | that inputs and targets are two things |
//! | 5 | [`with_dataloader`] | where a batch begins and ends, and in which order they come |
//!
//! The notebook forgets the gradients at the end of a step. Here it is the first line of one: whatever ended the step
//! before too early has left nothing behind.
//!
//! All of them give the same net, as long as none shuffles:
//!
//! ```
//! use nb03_minibatch_training::{*, loops::*, model::Model};
//!
//! let mnist = data::drawn(200, 10, 1);
//! let ds = Dataset::new(tensor(mnist.x_train), mnist.y_train);
//! let (mut one, mut five) = (Model::new(784, 10, 10, &mut manual_seed(0)), Model::new(784, 10, 10, &mut manual_seed(0)));
//! by_hand(&mut one, ds.x(), ds.y(), 0.5, 64);
//! with_dataloader(&mut five, cross_entropy, &Sgd::new(0.5), &mut DataLoader::new(&ds, 64), 0);
//! assert_eq!(one.l1.weight.value, five.l1.weight.value);
//! ```

use crate::model::Model;
use crate::{DataLoader, Dataset, LossFunc, Module, Sgd, Targets, Tensor, cross_entropy, matrix, tensor};
use ndarray::{Axis, Slice};

/// Version 1: an epoch of batches of `bs` rows, in order. Every parameter by its name.
#[track_caller]
pub fn by_hand(model: &mut Model, x: &Tensor, y: &Targets, lr: f32, bs: usize) {
    let n = y.len();
    for i in 0..n.div_ceil(bs) {
        let (start, end) = (i * bs, n.min((i + 1) * bs));
        let (xb, yb) = (rows(x, start, end), y.rows(start..end));

        let saved = model.forward(&xb);
        let (_loss, out_g) = cross_entropy(&matrix(&saved.out), &yb);
        for p in [&mut model.l1.weight, &mut model.l1.bias, &mut model.l2.weight, &mut model.l2.bias] {
            p.zero_grad();
        }
        model.backward_params(saved, tensor(out_g));

        model.l1.weight.step(|w, g| w - lr * g);
        model.l1.bias.step(|b, g| b - lr * g);
        model.l2.weight.step(|w, g| w - lr * g);
        model.l2.bias.step(|b, g| b - lr * g);
    }
}

/// Version 2: any net, by the list of its parameters.
#[track_caller]
pub fn over_parameters(net: &mut dyn Module, x: &Tensor, y: &Targets, lr: f32, bs: usize) {
    let n = y.len();
    for i in 0..n.div_ceil(bs) {
        let (start, end) = (i * bs, n.min((i + 1) * bs));
        let (xb, yb) = (rows(x, start, end), y.rows(start..end));

        net.zero_grad();
        let saved = net.forward(&xb);
        let (_loss, out_g) = cross_entropy(&matrix(&saved.out), &yb);
        net.backward_params(saved, tensor(out_g));
        for (_name, p) in net.parameters() {
            p.step(|value, grad| value - lr * grad);
        }
    }
}

/// Version 3: the optimiser knows what to do with a gradient.
#[track_caller]
pub fn with_optimizer(net: &mut dyn Module, opt: &Sgd, x: &Tensor, y: &Targets, bs: usize) {
    let n = y.len();
    for i in 0..n.div_ceil(bs) {
        let (start, end) = (i * bs, n.min((i + 1) * bs));
        step(net, cross_entropy, opt, &rows(x, start, end), &y.rows(start..end));
    }
}

/// Version 4: one line for a batch.
#[track_caller]
pub fn with_dataset(net: &mut dyn Module, loss: LossFunc, opt: &Sgd, ds: &Dataset, bs: usize) {
    for i in 0..ds.len().div_ceil(bs) {
        let (xb, yb) = ds.rows(i * bs..ds.len().min((i + 1) * bs));
        step(net, loss, opt, &xb, &yb);
    }
}

/// Version 5: an epoch of whatever the loader gives.
#[track_caller]
pub fn with_dataloader(net: &mut dyn Module, loss: LossFunc, opt: &Sgd, dl: &mut DataLoader, epoch: u64) {
    let mut batches = dl.epoch(epoch);
    while let Some(batch) = batches.next() {
        step(net, loss, opt, &batch.x, &batch.y);
    }
}

/// Forward, loss, backward, and a step against the gradient; returns the loss before it.
#[track_caller]
pub(crate) fn step(net: &mut dyn Module, loss: LossFunc, opt: &Sgd, xb: &Tensor, yb: &Targets) -> f32 {
    net.zero_grad();
    let saved = net.forward(xb);
    let (value, out_g) = loss(&matrix(&saved.out), yb);
    net.backward_params(saved, tensor(out_g));
    opt.step(net);
    value
}

/// `x[start:end]`, not copied.
fn rows(x: &Tensor, start: usize, end: usize) -> Tensor {
    let mut rows = x.clone();
    rows.slice_axis_inplace(Axis(0), Slice::from(start..end));
    rows
}
