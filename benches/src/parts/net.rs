//! One forward and one backward pass of the net, in each form of the lesson, beside PyTorch's and candle's autograd.

use super::peers::{numbers, tensor};
use super::{Bench, Contenders};
use crate::contender::{Contender, Local, Pieces};
use crate::data::matrix;
use crate::record::Experiment;
use anyhow::{Context, Result};
use candle_core::{Tensor, Var};
use nb03_minibatch_training::fused::{self, ParamGrads};
use nb03_minibatch_training::ndarray::{ArcArray, ArcArray2, Array1, Array2, Axis, Dimension, Ix1, Ix2};
use nb03_minibatch_training::nn::{matrix as as_matrix, tensor as as_tensor};
use nb03_minibatch_training::{
    Grads, Module, Param, Weights, forward_and_backward, layers, module, mse_grad, nn,
};

const ROWS: usize = 50_000;
const INPUTS: usize = 784;
const HIDDEN: usize = 50;

/// What goes in: the same numbers for everybody.
struct Inputs {
    x: ArcArray2<f32>,
    y: Array1<f32>,
    net: Weights,
}

/// A form of the net on its inputs, and the gradient of x where it computes one.
struct Trained<'a, M> {
    inputs: &'a Inputs,
    model: M,
    x_g: Option<Array2<f32>>,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let inputs = Inputs::new();
    let (_, grads) =
        forward_and_backward(&inputs.x.mapv(f64::from), &inputs.y.mapv(f64::from), &inputs.net.to_f64());
    let Grads { x, w1, b1, w2, b2 } = grads;
    let flat = |array: Array2<f64>| array.into_iter().collect();
    let mut reference = vec![flat(w1), b1.to_vec(), flat(w2), b2.to_vec(), flat(x)];
    bench.measure(experiment(true), contenders(bench, &inputs, true)?, &reference)?;
    reference.pop();
    bench.measure(experiment(false), contenders(bench, &inputs, false)?, &reference)
}

/// Three products of the first layer, or two without x's gradient; x is read forward and backward.
fn experiment(input_gradient: bool) -> Experiment {
    let x = (ROWS * INPUTS) as f64;
    let with = f64::from(u8::from(input_gradient));
    Experiment {
        part: "net".into(),
        name: format!(
            "{ROWS}·{INPUTS}·{HIDDEN}·1, {}",
            if input_gradient { "with x's gradient" } else { "without" }
        ),
        flops: 2.0 * x * HIDDEN as f64 * (2.0 + with) + 6.0 * (ROWS * HIDDEN) as f64,
        read: 2.0 * 4.0 * x,
        written: 4.0 * x * with,
        ..Experiment::default()
    }
}

impl Inputs {
    fn new() -> Self {
        Inputs {
            x: matrix(ROWS, INPUTS, 0).into_shared(),
            y: row(matrix(1, ROWS, 1)),
            net: Weights {
                w1: matrix(INPUTS, HIDDEN, 2) * 0.25,
                b1: row(matrix(1, HIDDEN, 3)),
                w2: matrix(HIDDEN, 1, 4),
                b2: row(matrix(1, 1, 5)),
                shift: 0.0,
            },
        }
    }

    fn trained<M>(&self, model: M) -> Trained<'_, M> {
        Trained { inputs: self, model, x_g: None }
    }
}

fn row(matrix: Array2<f32>) -> Array1<f32> {
    matrix.index_axis_move(Axis(0), 0)
}

/// The forms that compute what is asked for: the first two of the lesson always compute x's gradient.
fn contenders<'a>(bench: &'a Bench, inputs: &'a Inputs, input_gradient: bool) -> Result<Contenders<'a>> {
    let mut all = if input_gradient { with_input_gradient(inputs) } else { without(inputs) };
    let sizes = [ROWS, INPUTS, HIDDEN, input_gradient.into()];
    all.extend(bench.remote(&[("torch", "torch")], &sizes)?);
    all.push(Box::new(Local {
        name: "candle",
        state: Candle::new(inputs, input_gradient)?,
        work: |candle| candle.pieces = candle.step(),
        result: |candle| {
            candle.pieces.as_ref().map_err(|e| anyhow::anyhow!("{e:#}"))?.iter().map(numbers).collect()
        },
    }));
    Ok(all)
}

fn with_input_gradient(inputs: &Inputs) -> Contenders<'_> {
    let mut all: Contenders = vec![
        Box::new(Local {
            name: "nb02 functions",
            state: inputs.trained(None),
            work: |t| t.model = Some(forward_and_backward(&t.inputs.x, &t.inputs.y, &t.inputs.net).1),
            result: |t| t.model.as_ref().map(pieces_of_grads).context("it has run"),
        }),
        Box::new(Local {
            name: "nb02 layers",
            state: inputs.trained(layers::Model::new(&inputs.net)),
            work: |t| {
                t.model.call(&t.inputs.x, &t.inputs.y);
                t.x_g = Some(t.model.backward());
            },
            result: pieces_of_layers,
        }),
    ];
    all.push(of_module("nb02 Module, einsum", inputs, module::Model::einsum(&inputs.net), |lin| {
        (&lin.w, &lin.b)
    }));
    all.push(of_module("nb02 Module", inputs, module::Model::new(&inputs.net), |lin| (&lin.w, &lin.b)));
    all.push(of_nn(inputs, |t, saved, out_g| {
        let x_g = t.model.backward(saved, out_g);
        t.x_g = Some(x_g.into_owned().into_dimensionality().expect("a gradient has its input's rank"));
    }));
    all.push(Box::new(Local {
        name: "nb02 fused",
        state: inputs.trained(None),
        work: |t| t.model = Some(fused::forward_and_backward(&t.inputs.x, &t.inputs.y, &t.inputs.net).1),
        result: |t| t.model.as_ref().map(pieces_of_grads).context("it has run"),
    }));
    all.push(Box::new(Local {
        name: "nb02 fused, x.g into",
        state: Trained { x_g: Some(Array2::zeros((ROWS, INPUTS))), ..inputs.trained(None) },
        work: |t| {
            let Inputs { x, y, net } = t.inputs;
            let x_g = t.x_g.as_mut().expect("it is there from the start");
            t.model = Some(fused::forward_and_backward_into(x, y, net, x_g).1);
        },
        result: |t| pieces_of_fused(t.model.as_ref(), t.x_g.as_ref()),
    }));
    all
}

fn without(inputs: &Inputs) -> Contenders<'_> {
    let mut all = vec![of_nn(inputs, |t, saved, out_g| t.model.backward_params(saved, out_g))];
    all.push(Box::new(Local {
        name: "nb02 fused",
        state: inputs.trained(None),
        work: |t| {
            let Inputs { x, y, net } = t.inputs;
            t.model = Some(fused::forward_and_backward_params(x, y, net).1);
        },
        result: |t| pieces_of_fused(t.model.as_ref(), None),
    }));
    all
}

/// One of the lesson's own models, which always computes x's gradient.
fn of_module<'a, L: module::Module + 'a>(
    name: &'static str,
    inputs: &'a Inputs,
    model: module::Model<L>,
    parameters: fn(&L) -> (&Param<Ix2>, &Param<Ix1>),
) -> Box<dyn Contender + 'a> {
    Box::new(Local {
        name,
        state: (inputs.trained(model), parameters),
        work: |(t, _)| {
            let (_, pass) = t.model.call(&t.inputs.x, &t.inputs.y);
            t.x_g = Some(t.model.backward(pass, &t.inputs.y));
        },
        result: |(t, parameters)| {
            let ((w1, b1), (w2, b2)) = (parameters(&t.model.lin1), parameters(&t.model.lin2));
            let x_g = t.x_g.as_ref().map(|g| g.iter().copied().collect());
            let all =
                [numbers_of(&w1.grad), numbers_of(&b1.grad), numbers_of(&w2.grad), numbers_of(&b2.grad), x_g];
            all.into_iter().collect::<Option<_>>().context("it has run")
        },
    })
}

type OfNn<'a> = Trained<'a, nn::Sequential>;

/// `nn`, going back as `backward` says, after its gradients were forgotten.
fn of_nn<'a>(inputs: &'a Inputs, backward: fn(&mut OfNn, nn::Saved, nn::Tensor)) -> Box<dyn Contender + 'a> {
    Box::new(Local {
        name: "nb02 nn",
        state: (inputs.trained(sequential(&inputs.net)), inputs.x.clone().into_dyn(), backward),
        work: |(t, x, backward)| {
            t.model.zero_grad();
            let saved = t.model.forward(x);
            let out_g = mse_grad(&as_matrix(&saved.out), &t.inputs.y);
            backward(t, saved, as_tensor(out_g));
        },
        result: |(t, ..)| {
            let linear = t.model.layers.iter().filter_map(|layer| layer.downcast_ref::<nn::Linear>());
            let gradients = linear.flat_map(|l| [numbers_of(&l.weight.grad), numbers_of(&l.bias.grad)]);
            let x_g = t.x_g.as_ref().map(|g| Some(g.iter().copied().collect()));
            gradients.chain(x_g).collect::<Option<_>>().context("it has run")
        },
    })
}

fn numbers_of<D: Dimension>(grad: &Option<ArcArray<f32, D>>) -> Option<Vec<f32>> {
    grad.as_ref().map(|grad| grad.iter().copied().collect())
}

fn sequential(net: &Weights) -> nn::Sequential {
    nn::Sequential::new()
        .then(nn::Linear::from_weights(net.w1.clone(), net.b1.clone()))
        .then(nn::ReLU)
        .then(nn::Linear::from_weights(net.w2.clone(), net.b2.clone()))
}

fn pieces_of_grads(grads: &Grads) -> Pieces {
    let flat = |array: &Array2<f32>| array.iter().copied().collect();
    vec![flat(&grads.w1), grads.b1.to_vec(), flat(&grads.w2), grads.b2.to_vec(), flat(&grads.x)]
}

fn pieces_of_fused(grads: Option<&ParamGrads>, x_g: Option<&Array2<f32>>) -> Result<Pieces> {
    let ParamGrads { w1, b1, w2, b2 } = grads.context("it has run")?;
    let flat = |array: &Array2<f32>| array.iter().copied().collect();
    Ok([flat(w1), b1.to_vec(), flat(w2), b2.to_vec()].into_iter().chain(x_g.map(flat)).collect())
}

fn pieces_of_layers(t: &Trained<layers::Model>) -> Result<Pieces> {
    let layers::Model { lin1, lin2, .. } = &t.model;
    let x_g = t.x_g.as_ref().map(|g| g.iter().copied().collect());
    let all = [&lin1, &lin2].map(|lin| [numbers_of(&lin.w.grad), numbers_of(&lin.b.grad)]);
    all.into_iter().flatten().chain([x_g]).collect::<Option<_>>().context("it has run")
}

/// The net in candle: variables, operations, and autograd's backward.
struct Candle {
    x: Tensor,
    y: Tensor,
    parameters: Vec<Var>,
    input: Option<Var>,
    pieces: Result<Vec<Tensor>>,
}

impl Candle {
    fn new(inputs: &Inputs, input_gradient: bool) -> Result<Self> {
        let Weights { w1, b1, w2, b2, .. } = &inputs.net;
        let rows = [w1.view(), b1.view().insert_axis(Axis(0)), w2.view(), b2.view().insert_axis(Axis(0))];
        let parameters =
            rows.iter().map(|row| Ok(Var::from_tensor(&tensor(row)?)?)).collect::<Result<_>>()?;
        let x = tensor(&inputs.x.view())?;
        let input = input_gradient.then(|| Var::from_tensor(&x)).transpose()?;
        let x = input.as_ref().map_or(x, |var| var.as_tensor().clone());
        Ok(Candle {
            x,
            y: tensor(&inputs.y.view().insert_axis(Axis(1)))?,
            parameters,
            input,
            pieces: Ok(vec![]),
        })
    }

    fn step(&self) -> Result<Vec<Tensor>> {
        let [w1, b1, w2, b2] = &self.parameters[..] else { unreachable!("two layers have four parameters") };
        let hidden = self.x.matmul(w1)?.broadcast_add(b1)?.relu()?;
        let out = hidden.matmul(w2)?.broadcast_add(b2)?;
        let gradients = (out - &self.y)?.sqr()?.mean_all()?.backward()?;
        let wanted = self.parameters.iter().chain(&self.input);
        wanted.map(|var| gradients.get(var).cloned().context("every variable has a gradient")).collect()
    }
}
