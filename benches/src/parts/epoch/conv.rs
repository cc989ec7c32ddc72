//! The four convolutions of the notebooks' CNN, each forward and backward on a batch of 512.
//!
//! Images lie in memory as each library's own layers return them: ours with channels last, candle's and burn's with channels second,
//! PyTorch's in either order. The first layer computes no gradient of its images, as in training.

use super::super::peers::numbers;
use super::super::{Bench, Contenders};
#[cfg(feature = "burn")]
use super::burn::Convolution as Burn;
use super::candle::Convolution as Candle;
use super::layers::{Inputs, LAYERS, STRIDE};
use crate::contender::{Local, Pieces};
use anyhow::{Context, Result, anyhow};
use nb03_minibatch_training::Module;
use nb03_minibatch_training::ndarray::{Array4, ArrayView4};
use nb03_minibatch_training::nn::{Conv2d, tensor};

const TORCH: [(&str, &str); 2] =
    [("torch", "convolution"), ("torch channels_last", "convolution channels_last")];

pub(super) fn run(bench: &Bench) -> Result<()> {
    LAYERS.iter().try_for_each(|layer| {
        let inputs = Inputs::new(*layer);
        bench.measure(layer.experiment(), contenders(bench, &inputs)?, &inputs.reference())
    })
}

fn contenders<'a>(bench: &'a Bench, inputs: &'a Inputs) -> Result<Contenders<'a>> {
    let mut all: Contenders = vec![Box::new(Local {
        name: "nb02a nn",
        state: Ours::new(inputs),
        work: Ours::step,
        result: Ours::pieces,
    })];
    all.extend(bench.remote(&TORCH, &inputs.layer.sizes())?);
    all.push(Box::new(Local {
        name: "candle",
        state: Candle::new(inputs)?,
        work: |candle| candle.pieces = candle.step(),
        result: |candle| {
            candle.pieces.as_ref().map_err(|error| anyhow!("{error:#}"))?.iter().map(numbers).collect()
        },
    }));
    #[cfg(feature = "burn")]
    all.push(Box::new(Local {
        name: "burn",
        state: Burn::new(inputs),
        work: Burn::step,
        result: Burn::pieces,
    }));
    Ok(all)
}

type Numbers = nb03_minibatch_training::Tensor;

/// `nn::Conv2d`, and what its last step left.
struct Ours {
    layer: Conv2d,
    x: Numbers,
    out_g: Numbers,
    input_gradient: bool,
    out: Option<Numbers>,
    x_g: Option<Numbers>,
}

impl Ours {
    fn new(inputs: &Inputs) -> Self {
        let Inputs { layer, x, weight, bias, out_g } = inputs;
        Ours {
            layer: Conv2d::from_weights(weight.clone(), bias.clone(), STRIDE, layer.padding),
            x: channels_last(x),
            out_g: channels_last(out_g),
            input_gradient: layer.input_gradient,
            out: None,
            x_g: None,
        }
    }

    fn step(&mut self) {
        self.layer.zero_grad();
        let saved = self.layer.forward(&self.x);
        self.out = Some(saved.out.clone());
        if self.input_gradient {
            self.x_g = Some(self.layer.backward(saved, self.out_g.clone()));
        } else {
            self.layer.backward_params(saved, self.out_g.clone());
        }
    }

    fn pieces(&self) -> Result<Pieces> {
        let Conv2d { weight, bias, .. } = &self.layer;
        let whole = [&self.out, &weight.grad, &bias.grad].map(|piece| piece.as_ref().context("it has run"));
        let all = whole.into_iter().chain(self.x_g.as_ref().map(Ok));
        all.map(|piece| Ok(piece?.iter().copied().collect())).collect()
    }
}

/// The same images as `(n, h, w, c)` in memory, as a layer of ours returns them.
fn channels_last(x: &Array4<f32>) -> Numbers {
    let x: ArrayView4<f32> = x.view().permuted_axes([0, 2, 3, 1]);
    tensor(x.as_standard_layout().into_owned().permuted_axes([0, 3, 1, 2]))
}
