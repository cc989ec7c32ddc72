//! The experiment: four convolutions after each other, and what is left of the signal.
//!
//! One layer with the default weights gives a standard deviation of 0.6 where 1 came in, which does
//! not look alarming. A ReLU takes half of the squares, and then the next layer does the same. What
//! is lost is a *factor*, so it is lost again in each layer: after four of them the outputs are
//! nearly the same for all images, and a loss cannot tell them apart.

use crate::ndarray::ArrayRef1;
use crate::nn::{AvgPool2d, Conv2d, Flatten, Module, ReLU, Sequential, Tensor, images, matrix, tensor};
use crate::{Rng, Stats, mse, mse_grad};

/// The channels of the notebook's net, from the images to its one output.
pub const CHANNELS: [usize; 5] = [1, 8, 16, 32, 1];

/// How a layer's weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// As PyTorch does it by default: the √5.
    Default,
    /// Kaiming's, for a ReLU, with a bias of 0.
    Kaiming,
}

/// The notebook's net: four convolutions of stride 2 with ReLUs between them, and the mean of what
/// is left of the image.
pub fn four_layers(init: Init, rng: &mut Rng) -> Sequential {
    let mut net = Sequential::new();
    for (layer, sizes) in CHANNELS.windows(2).enumerate() {
        let ks = if layer == 0 { 5 } else { 3 };
        let mut conv = Conv2d::new(sizes[0], sizes[1], ks, 2, ks / 2, rng);
        if init == Init::Kaiming {
            conv.kaiming_(0.0, rng);
        }
        net = if layer + 2 < CHANNELS.len() { net.then(conv).then(ReLU) } else { net.then(conv) };
    }
    net.then(AvgPool2d::global()).then(Flatten)
}

/// What is left of the signal after a forward and a backward pass.
#[derive(Clone, Debug)]
pub struct Left {
    /// Of what comes out of each layer with its ReLU, the first to the last.
    pub layers: Vec<Tensor>,
    /// Of the net's output.
    pub out: Stats,
    /// Of the gradient of the first layer's weight.
    pub weight_g: Stats,
}

impl Left {
    /// One pass of `net` over images `x (n, 1, h, w)` with the labels `y (n)`: mean squared error,
    /// as in the notebook.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn of(net: &mut Sequential, x: &Tensor, y: &ArrayRef1<f32>) -> Self {
        let saved = net.forward(x);
        let layers =
            saved.parts.iter().step_by(2).map(|part| part.out.clone()).take(CHANNELS.len() - 1).collect();
        let (out, out_g) = (Stats::of(&saved.out), mse_grad(&matrix(&saved.out), y));
        net.backward_params(saved, tensor(out_g));
        let parameters = net.parameters();
        let weight_g = parameters[0].1.grad.as_ref().expect("the backward pass stored it");
        Left { layers, out, weight_g: Stats::of(&images(weight_g)) }
    }
}

/// The loss of `net` over images `x` with the labels `y`.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn loss(net: &Sequential, x: &Tensor, y: &ArrayRef1<f32>) -> f32 {
    mse(&matrix(&net.infer(x)), y)
}
