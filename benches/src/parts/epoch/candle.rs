//! The epoch and the convolutions in candle: variables, operations, and autograd's backward.

use super::super::peers::{numbers, tensor};
use super::layers::{self, Layer, STRIDE};
use super::{Inputs, LR, ROWS, STEPS};
use crate::contender::Pieces;
use anyhow::{Context, Result, anyhow};
use candle_core::{D, Device, Tensor, Var};
use nb03_minibatch_training::ndarray::Array4;

pub(super) struct Candle<'a> {
    inputs: &'a Inputs,
    bs: usize,
    x: Tensor,
    /// `(n, 1)`
    y: Tensor,
    order: Tensor,
    pub(super) parameters: Vec<Var>,
    /// How the last epoch ended.
    pub(super) done: Result<()>,
}

impl<'a> Candle<'a> {
    pub(super) fn new(inputs: &'a Inputs, bs: usize) -> Result<Self> {
        let labels = inputs.labels.iter().map(|&label| u32::from(label)).collect();
        let order = inputs.order.iter().map(|&row| u32::try_from(row)).collect::<Result<_, _>>()?;
        Ok(Candle {
            inputs,
            bs,
            x: tensor(&inputs.x.view())?,
            y: Tensor::from_vec(labels, (ROWS, 1), &Device::Cpu)?,
            order: Tensor::from_vec(order, ROWS, &Device::Cpu)?,
            parameters: variables(inputs)?,
            done: Ok(()),
        })
    }

    pub(super) fn train(&self, parameters: &[Var], steps: usize) -> Result<()> {
        for start in (0..ROWS).step_by(self.bs).take(steps) {
            let rows = self.order.narrow(0, start, self.bs.min(ROWS - start))?;
            let (x, y) = (self.x.index_select(&rows, 0)?, self.y.index_select(&rows, 0)?);
            let gradients = cross_entropy(&outputs(parameters, &x)?, &y)?.backward()?;
            for parameter in parameters {
                let gradient = gradients.get(parameter).context("every variable has a gradient")?;
                parameter.set(&(parameter.as_tensor() - (gradient * f64::from(LR))?)?)?;
            }
        }
        Ok(())
    }

    pub(super) fn after_the_first_steps(&self) -> Result<Pieces> {
        self.done.as_ref().map_err(|error| anyhow!("{error:#}"))?;
        let parameters = variables(self.inputs)?;
        self.train(&parameters, STEPS)?;
        parameters.iter().map(|parameter| numbers(parameter)).collect()
    }
}

fn variables(inputs: &Inputs) -> Result<Vec<Var>> {
    inputs.weights.iter().map(|w| Ok(Var::from_tensor(&tensor(&w.view())?)?)).collect()
}

fn outputs(parameters: &[Var], x: &Tensor) -> candle_core::Result<Tensor> {
    let [w1, b1, w2, b2] = parameters else { unreachable!("two layers have four parameters") };
    x.matmul(w1)?.broadcast_add(b1)?.relu()?.matmul(w2)?.broadcast_add(b2)
}

/// As `candle_nn` has it, but for the maximum's gradient, which is 0 and not computed here.
fn cross_entropy(out: &Tensor, y: &Tensor) -> candle_core::Result<Tensor> {
    let shifted = out.broadcast_sub(&out.max_keepdim(D::Minus1)?.detach())?;
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    shifted.broadcast_sub(&log_sum)?.gather(y, D::Minus1)?.mean_all()?.neg()
}

/// A layer forward and backward. Candle's `backward` starts from ones, so the gradient comes in by a product.
pub(super) struct Convolution {
    layer: Layer,
    x: Tensor,
    out_g: Tensor,
    parameters: [Var; 2],
    input: Option<Var>,
    pub(super) pieces: Result<Vec<Tensor>>,
}

impl Convolution {
    pub(super) fn new(inputs: &layers::Inputs) -> Result<Self> {
        let layers::Inputs { layer, x, weight, bias, out_g } = inputs;
        let tensor = |x: &Array4<f32>| Tensor::from_iter(x.iter().copied(), &Device::Cpu)?.reshape(x.dim());
        let bias = Tensor::from_iter(bias.iter().copied(), &Device::Cpu)?.reshape((1, layer.co, 1, 1))?;
        let x = tensor(x)?;
        let input = layer.input_gradient.then(|| Var::from_tensor(&x)).transpose()?;
        Ok(Convolution {
            layer: *layer,
            x: input.as_ref().map_or(x, |var| var.as_tensor().clone()),
            out_g: tensor(out_g)?,
            parameters: [Var::from_tensor(&tensor(weight)?)?, Var::from_tensor(&bias)?],
            input,
            pieces: Ok(vec![]),
        })
    }

    pub(super) fn step(&self) -> Result<Vec<Tensor>> {
        let [weight, bias] = &self.parameters;
        let out = self.x.conv2d(weight, self.layer.padding, STRIDE, 1, 1)?.broadcast_add(bias)?;
        let gradients = (&out * &self.out_g)?.backward()?;
        let wanted = self.parameters.iter().chain(&self.input);
        let gradients =
            wanted.map(|var| gradients.get(var).cloned().context("every variable has a gradient"));
        [Ok(out)].into_iter().chain(gradients).collect()
    }
}
