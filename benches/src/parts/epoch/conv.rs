//! The four convolutions of the notebooks' CNN, each forward and backward on a batch of 512.
//!
//! Images lie in memory as each library's own layers return them: ours with channels last, candle's and burn's with channels second,
//! PyTorch's in either order. The first layer computes no gradient of its images, as in training.

use super::super::peers::numbers;
use super::super::{Bench, Contenders};
#[cfg(feature = "burn")]
use super::burn::Convolution as Burn;
use super::candle::Convolution as Candle;
use crate::contender::{Local, Pieces};
use crate::data::matrix;
use crate::record::Experiment;
use anyhow::{Context, Result, anyhow};
use nb03_minibatch_training::ndarray::{Array1, Array4, ArrayView4};
use nb03_minibatch_training::nn::{Conv2d, tensor};
use nb03_minibatch_training::{Module, conv2d_loops, conv2d_loops_grad};

const IMAGES: usize = 512;
pub(super) const STRIDE: usize = 2;

/// `ci` channels of `size × size` → `co` channels.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    pub(super) ci: usize,
    pub(super) size: usize,
    pub(super) co: usize,
    pub(super) kernel: usize,
    pub(super) padding: usize,
    pub(super) input_gradient: bool,
}

const LAYERS: [Layer; 4] = [
    Layer { ci: 1, size: 28, co: 8, kernel: 5, padding: 2, input_gradient: false },
    Layer { ci: 8, size: 14, co: 16, kernel: 3, padding: 1, input_gradient: true },
    Layer { ci: 16, size: 7, co: 32, kernel: 3, padding: 1, input_gradient: true },
    Layer { ci: 32, size: 4, co: 64, kernel: 3, padding: 1, input_gradient: true },
];

const TORCH: [(&str, &str); 2] =
    [("torch", "convolution"), ("torch channels_last", "convolution channels_last")];

/// The numbers that all contenders get, here with channels second.
pub(super) struct Inputs {
    pub(super) layer: Layer,
    pub(super) x: Array4<f32>,
    pub(super) weight: Array4<f32>,
    pub(super) bias: Array1<f32>,
    pub(super) out_g: Array4<f32>,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    LAYERS.iter().try_for_each(|layer| {
        let inputs = Inputs::new(*layer);
        bench.measure(layer.experiment(), contenders(bench, &inputs)?, &inputs.reference())
    })
}

impl Layer {
    fn out_size(&self) -> usize {
        (self.size + 2 * self.padding - self.kernel) / STRIDE + 1
    }

    /// A product forward, one for the weight and one for the images; padding is multiplied, too.
    fn experiment(&self) -> Experiment {
        let Layer { ci, size, co, kernel, .. } = *self;
        let (x, out) = (IMAGES * ci * size * size, IMAGES * co * self.out_size().pow(2));
        let with = usize::from(self.input_gradient);
        Experiment {
            part: "convolution".into(),
            name: format!("{ci}·{size}² → {co}, {kernel}×{kernel}"),
            flops: 2.0 * (out * ci * kernel * kernel * (2 + with)) as f64,
            read: 4.0 * (x + out) as f64,
            written: 4.0 * (out + with * x) as f64,
            ..Experiment::default()
        }
    }

    /// As `torch_worker.py` wants it.
    fn sizes(&self) -> [usize; 8] {
        let Layer { ci, size, co, kernel, padding, input_gradient } = *self;
        [IMAGES, ci, size, co, kernel, STRIDE, padding, input_gradient.into()]
    }
}

impl Inputs {
    fn new(layer: Layer) -> Self {
        let Layer { ci, size, co, kernel, .. } = layer;
        let out = layer.out_size();
        Inputs {
            layer,
            x: numbers_of([IMAGES, ci, size, size], 0),
            weight: numbers_of([co, ci, kernel, kernel], 1),
            bias: matrix(1, co, 2).into_iter().collect(),
            out_g: numbers_of([IMAGES, co, out, out], 3),
        }
    }

    /// Six loops, in `f64`.
    fn reference(&self) -> Vec<Vec<f64>> {
        let wide = |array: &Array4<f32>| array.mapv(f64::from);
        let (x, weight, bias) = (wide(&self.x), wide(&self.weight), self.bias.mapv(f64::from));
        let padding = self.layer.padding;
        let out = conv2d_loops(&x, &weight, &bias, STRIDE, padding);
        let grad = conv2d_loops_grad(&x, &weight, &wide(&self.out_g), STRIDE, padding);
        let flat = |array: Array4<f64>| array.into_iter().collect();
        let input = self.layer.input_gradient.then(|| flat(grad.x));
        [flat(out), flat(grad.weight), grad.bias.to_vec()].into_iter().chain(input).collect()
    }
}

fn numbers_of(shape: [usize; 4], seed: u32) -> Array4<f32> {
    let [n, rest @ ..] = shape;
    matrix(n, rest.iter().product(), seed).into_shape_with_order(shape).expect("as many numbers")
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
