//! The epoch and the convolutions in burn, on `flex`, its backend for processors: operations, and autograd's backward.

use super::layers::{self, STRIDE};
use super::{Inputs, LR, ROWS, STEPS};
use crate::contender::Pieces;
use anyhow::{Context, Result};
use burn_tensor::activation::{log_softmax, relu};
use burn_tensor::module::conv2d;
use burn_tensor::ops::ConvOptions;
use burn_tensor::{Device, Int, Tensor, TensorData};
use nb03_minibatch_training::ndarray::{Array, Array2, Dimension};

pub(super) struct Burn<'a> {
    inputs: &'a Inputs,
    bs: usize,
    x: Tensor<2>,
    /// `(n, 1)`
    y: Tensor<2, Int>,
    order: Tensor<1, Int>,
    parameters: [Tensor<2>; 4],
}

impl<'a> Burn<'a> {
    pub(super) fn new(inputs: &'a Inputs, bs: usize) -> Self {
        let labels: Vec<i64> = inputs.labels.iter().map(|&label| label.into()).collect();
        let order: Vec<i64> = inputs.order.iter().map(|&row| row as i64).collect();
        Burn {
            inputs,
            bs,
            x: tensor(&inputs.x.to_owned()),
            y: Tensor::from_data(TensorData::new(labels, [ROWS, 1]), &Device::flex()),
            order: Tensor::from_data(TensorData::new(order, [ROWS]), &Device::flex()),
            parameters: inputs.weights.each_ref().map(variable),
        }
    }

    pub(super) fn epoch(&mut self) {
        let mut parameters = self.parameters.clone();
        self.train(&mut parameters, usize::MAX);
        self.parameters = parameters;
    }

    fn train(&self, parameters: &mut [Tensor<2>; 4], steps: usize) {
        for start in (0..ROWS).step_by(self.bs).take(steps) {
            let rows = self.order.clone().slice(start..ROWS.min(start + self.bs));
            let (x, y) = (self.x.clone().select(0, rows.clone()), self.y.clone().select(0, rows));
            let mut gradients = cross_entropy(outputs(parameters, x), y).backward();
            for parameter in parameters.iter_mut() {
                let gradient = parameter.grad_remove(&mut gradients).expect("every variable has a gradient");
                let value = parameter.clone().inner();
                *parameter = (value - gradient * LR).autodiff().require_grad();
            }
        }
    }

    pub(super) fn after_the_first_steps(&self) -> Result<Pieces> {
        let mut parameters = self.inputs.weights.each_ref().map(variable);
        self.train(&mut parameters, STEPS);
        parameters.into_iter().map(numbers).collect()
    }
}

fn outputs([w1, b1, w2, b2]: &[Tensor<2>; 4], x: Tensor<2>) -> Tensor<2> {
    let hidden = relu(x.matmul(w1.clone()) + b1.clone());
    hidden.matmul(w2.clone()) + b2.clone()
}

fn cross_entropy(out: Tensor<2>, y: Tensor<2, Int>) -> Tensor<1> {
    log_softmax(out, 1).gather(1, y).mean().neg()
}

fn tensor<const N: usize, D: Dimension>(x: &Array<f32, D>) -> Tensor<N> {
    let numbers: Vec<f32> = x.iter().copied().collect();
    Tensor::from_data(TensorData::new(numbers, x.shape().to_vec()), &Device::flex())
}

fn variable(x: &Array2<f32>) -> Tensor<2> {
    tensor(x).autodiff().require_grad()
}

fn numbers<const N: usize>(tensor: Tensor<N>) -> Result<Vec<f32>> {
    tensor.inner().into_data().try_to_vec().ok().context("burn computes in f32")
}

/// A layer forward and backward. Its gradient comes in by a product, as candle's does.
pub(super) struct Convolution {
    options: ConvOptions<2>,
    x: Tensor<4>,
    out_g: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    input_gradient: bool,
    /// The output, and the gradients of weight and bias; and of x, if it is wanted.
    found: Option<(Tensor<4>, Tensor<4>, Tensor<1>, Option<Tensor<4>>)>,
}

impl Convolution {
    pub(super) fn new(inputs: &layers::Inputs) -> Self {
        let layers::Inputs { layer, x, weight, bias, out_g } = inputs;
        let x = tensor(x);
        Convolution {
            options: ConvOptions::new([STRIDE; 2], [layer.padding; 2], [1; 2], 1),
            x: if layer.input_gradient { x.autodiff().require_grad() } else { x },
            out_g: tensor(out_g),
            weight: tensor(weight).autodiff().require_grad(),
            bias: tensor(bias).autodiff().require_grad(),
            input_gradient: layer.input_gradient,
            found: None,
        }
    }

    pub(super) fn step(&mut self) {
        let (x, weight, bias) = (self.x.clone(), self.weight.clone(), self.bias.clone());
        let out = conv2d(x, weight, Some(bias), self.options.clone());
        let gradients = (out.clone() * self.out_g.clone()).sum().backward();
        let of = "every variable has a gradient";
        let (weight, bias) = (self.weight.grad(&gradients).expect(of), self.bias.grad(&gradients).expect(of));
        let x = self.input_gradient.then(|| self.x.grad(&gradients).expect(of));
        self.found = Some((out, weight, bias, x));
    }

    pub(super) fn pieces(&self) -> Result<Pieces> {
        let (out, weight, bias, x) = self.found.clone().context("it has run")?;
        let always = [numbers(out), numbers(weight), numbers(bias)];
        always.into_iter().chain(x.map(numbers)).collect()
    }
}
