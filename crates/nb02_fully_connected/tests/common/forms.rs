//! Every form of the lesson's net behind one signature: a new form is tested by adding a line to the table.

use nb02_fully_connected::functions::linear::{lin_grad_einsum, lin_grad_outer};
use nb02_fully_connected::ndarray::{ArcArray, Array, Array1, Array2, ArrayD, Dimension, Ix1, Ix2};
use nb02_fully_connected::nn::{matrix, tensor};
use nb02_fully_connected::*;

/// Loss and gradients of `x (n, m)` against `y (n)`.
pub(crate) type Form = fn(&Array2<f32>, &Array1<f32>, &Weights) -> (f32, Grads);

/// In the order of the lesson.
pub(crate) const FORMS: [(&str, Form); 11] = [
    ("functions, outer product", |x, y, net| {
        functions_with(|inp, w, g| lin_grad_outer(inp, w, g).expect("few rows"), x, y, net)
    }),
    ("functions, einsum", |x, y, net| functions_with(lin_grad_einsum, x, y, net)),
    ("functions", |x, y, net| forward_and_backward(x, y, net)),
    ("layers", as_layers),
    ("module, einsum", |x, y, net| as_module(module::Model::einsum(net), x, y, |lin| (lin.w, lin.b))),
    ("module", |x, y, net| as_module(module::Model::new(net), x, y, |lin| (lin.w, lin.b))),
    ("nn", |x, y, net| as_nn(nn_net(net), x, y)),
    ("nn, parts of parts", |x, y, net| as_nn(nested(net), x, y)),
    ("fused", |x, y, net| fused::forward_and_backward(x, y, net)),
    ("fused, input's gradient into memory that is there", fused_into),
    ("fused, parameters' gradients only", fused_params),
];

fn fused_into(x: &Array2<f32>, y: &Array1<f32>, net: &Weights) -> (f32, Grads) {
    let mut x_g = Array2::from_elem(x.dim(), f32::NAN);
    let (loss, fused::ParamGrads { w1, b1, w2, b2 }) = fused::forward_and_backward_into(x, y, net, &mut x_g);
    (loss, Grads { x: x_g, w1, b1, w2, b2 })
}

/// The input's gradient is the plain form's.
fn fused_params(x: &Array2<f32>, y: &Array1<f32>, net: &Weights) -> (f32, Grads) {
    let (loss, fused::ParamGrads { w1, b1, w2, b2 }) = fused::forward_and_backward_params(x, y, net);
    (loss, Grads { x: forward_and_backward(x, y, net).1.x, w1, b1, w2, b2 })
}

type LinGradForm<'a> = &'a ndarray::ArrayRef2<f32>;

/// `forward_and_backward` with another form of `lin_grad`.
fn functions_with(
    lin_grad: impl Fn(LinGradForm<'_>, LinGradForm<'_>, LinGradForm<'_>) -> LinGrad,
    x: &Array2<f32>,
    y: &Array1<f32>,
    net: &Weights,
) -> (f32, Grads) {
    let l1 = lin(x, &net.w1, &net.b1);
    let l2 = shifted_relu(&l1, net.shift);
    let out = lin(&l2, &net.w2, &net.b2);
    let lin2 = lin_grad(&l2, &net.w2, &mse_grad(&out, y));
    let lin1 = lin_grad(x, &net.w1, &relu_grad(&l1, &lin2.inp));
    (mse(&out, y), Grads { x: lin1.inp, w1: lin1.w, b1: lin1.b, w2: lin2.w, b2: lin2.b })
}

fn as_layers(x: &Array2<f32>, y: &Array1<f32>, net: &Weights) -> (f32, Grads) {
    let mut model = layers::Model::new(net);
    let loss = model.call(&x.to_shared(), y);
    let x = model.backward();
    let (lin1, lin2) = (model.lin1, model.lin2);
    let (w1, b1, w2, b2) = (lin1.w.grad, lin1.b.grad, lin2.w.grad, lin2.b.grad);
    (loss, Grads { x, w1: there(w1), b1: there(b1), w2: there(w2), b2: there(b2) })
}

fn there<D: Dimension>(grad: Option<ArcArray<f32, D>>) -> Array<f32, D> {
    grad.expect("the backward pass computed it").into_owned()
}

/// The net of PyTorch's own classes. Those have no shifted ReLU, so that one is ours.
pub(crate) fn nn_net(weights: &Weights) -> nn::Sequential {
    let lin1 = nn::Linear::from_weights(weights.w1.clone(), weights.b1.clone());
    let lin2 = nn::Linear::from_pytorch(&weights.w2.t(), &weights.b2);
    let net = nn::Sequential::new().then(lin1);
    let net = if weights.shift == 0.0 { net.then(nn::ReLU) } else { net.then(ShiftedRelu(weights.shift)) };
    net.then(lin2)
}

/// [`shifted_relu`] as a layer of one's own.
#[derive(Debug)]
pub(crate) struct ShiftedRelu(pub(crate) f32);

impl Module for ShiftedRelu {
    fn forward(&self, x: &Tensor) -> nn::Saved {
        nn::Saved::new(tensor(shifted_relu(&matrix(x), self.0))).keep(x)
    }

    fn backward(&mut self, saved: nn::Saved, out_g: Tensor) -> Tensor {
        tensor(relu_grad(&matrix(&saved.kept[0]), &matrix(&out_g)))
    }
}

/// The same layers, two of them in a `Sequential` of their own, and an empty one.
fn nested(weights: &Weights) -> nn::Sequential {
    let mut flat = nn_net(weights).layers.into_iter();
    let first = nn::Sequential { layers: flat.by_ref().take(2).collect() };
    let last = nn::Sequential { layers: flat.collect() };
    nn::Sequential::new().then(first).then(nn::Sequential::new()).then(last)
}

fn as_module<L: module::Module>(
    mut model: module::Model<L>,
    x: &Array2<f32>,
    y: &Array1<f32>,
    params: fn(L) -> (Param<Ix2>, Param<Ix1>),
) -> (f32, Grads) {
    let (loss, pass) = model.call(x, y);
    let x = model.backward(pass, y);
    let ((w1, b1), (w2, b2)) = (params(model.lin1), params(model.lin2));
    (loss, Grads { x, w1: there(w1.grad), b1: there(b1.grad), w2: there(w2.grad), b2: there(b2.grad) })
}

fn as_nn(mut net: nn::Sequential, x: &Array2<f32>, y: &Array1<f32>) -> (f32, Grads) {
    let saved = net.forward(&tensor(x.clone()));
    let (loss, out_g) = (mse(&matrix(&saved.out), y), mse_grad(&matrix(&saved.out), y));
    let x = net.backward(saved, tensor(out_g));
    (loss, nn_grads(&mut net, matrix(&x).to_owned()))
}

/// The gradients of a net of two layers, and what is given as the input's.
pub(crate) fn nn_grads(net: &mut nn::Sequential, x: Array2<f32>) -> Grads {
    let mut grads = net.parameters().into_iter().map(|(_, p)| there(p.grad.clone()));
    let mut next = || grads.next().expect("two layers of two");
    Grads { x, w1: of_rank(next()), b1: of_rank(next()), w2: of_rank(next()), b2: of_rank(next()) }
}

fn of_rank<D: Dimension>(g: ArrayD<f32>) -> Array<f32, D> {
    g.into_dimensionality().expect("a gradient has its parameter's rank")
}
