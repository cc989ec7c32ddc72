//! Every form of the lesson's net behind one signature: a new form is tested by adding a line to the table.

use nb02_fully_connected::functions::linear::{lin_grad_einsum, lin_grad_outer};
use nb02_fully_connected::ndarray::{Array1, Array2, Dimension, Ix1, Ix2};
use nb02_fully_connected::*;

/// Loss and gradients of `x (n, m)` against `y (n)`.
pub(crate) type Form = fn(&Array2<f32>, &Array1<f32>, &Net) -> (f32, Grads);

/// In the order of the lesson.
pub(crate) const FORMS: [(&str, Form); 11] = [
    ("functions, outer product", |x, y, net| {
        functions_with(|inp, w, g| lin_grad_outer(inp, w, g).expect("few rows"), x, y, net)
    }),
    ("functions, einsum", |x, y, net| functions_with(lin_grad_einsum, x, y, net)),
    ("functions", |x, y, net| forward_and_backward(x, y, net)),
    ("layers", as_layers),
    ("module, einsum", |x, y, net| as_module(module::Model::einsum(net), x, y)),
    ("module", |x, y, net| as_module(module::Model::new(net), x, y)),
    ("nn", |x, y, net| as_module(nn_model(net), x, y)),
    ("nn, parts of parts", |x, y, net| as_module(nested(net), x, y)),
    ("fused", |x, y, net| fused::forward_and_backward(x, y, net)),
    ("fused, input's gradient into memory that is there", fused_into),
    ("fused, parameters' gradients only", fused_params),
];

fn fused_into(x: &Array2<f32>, y: &Array1<f32>, net: &Net) -> (f32, Grads) {
    let mut x_g = Array2::from_elem(x.dim(), f32::NAN);
    let (loss, fused::ParamGrads { w1, b1, w2, b2 }) = fused::forward_and_backward_into(x, y, net, &mut x_g);
    (loss, Grads { x: x_g, w1, b1, w2, b2 })
}

/// The input's gradient is the plain form's.
fn fused_params(x: &Array2<f32>, y: &Array1<f32>, net: &Net) -> (f32, Grads) {
    let (loss, fused::ParamGrads { w1, b1, w2, b2 }) = fused::forward_and_backward_params(x, y, net);
    (loss, Grads { x: forward_and_backward(x, y, net).1.x, w1, b1, w2, b2 })
}

type LinGradForm<'a> = &'a ndarray::ArrayRef2<f32>;

/// `forward_and_backward` with another form of `lin_grad`.
fn functions_with(
    lin_grad: impl Fn(LinGradForm<'_>, LinGradForm<'_>, LinGradForm<'_>) -> LinGrad,
    x: &Array2<f32>,
    y: &Array1<f32>,
    net: &Net,
) -> (f32, Grads) {
    let l1 = lin(x, &net.w1, &net.b1);
    let l2 = shifted_relu(&l1, net.shift);
    let out = lin(&l2, &net.w2, &net.b2);
    let lin2 = lin_grad(&l2, &net.w2, &mse_grad(&out, y));
    let lin1 = lin_grad(x, &net.w1, &relu_grad(&l1, &lin2.inp));
    (mse(&out, y), Grads { x: lin1.inp, w1: lin1.w, b1: lin1.b, w2: lin2.w, b2: lin2.b })
}

fn as_layers(x: &Array2<f32>, y: &Array1<f32>, net: &Net) -> (f32, Grads) {
    let mut model = layers::Model::new(net);
    let loss = model.call(&x.to_shared(), y);
    let x = model.backward();
    let (lin1, lin2) = (model.lin1, model.lin2);
    (loss, Grads { x, w1: there(lin1.w.g), b1: there(lin1.b.g), w2: there(lin2.w.g), b2: there(lin2.b.g) })
}

fn there<T>(g: Option<T>) -> T {
    g.expect("backward has been there")
}

/// The net of PyTorch's own classes; they know no shifted ReLU, so that one stays ours.
pub(crate) fn nn_model(net: &Net) -> module::Model {
    let lin1 = nn::Linear::from_weights(net.w1.clone(), net.b1.clone());
    let lin2 = nn::Linear::from_pytorch(&net.w2.t(), &net.b2);
    let layers = nn::Sequential::new().then(lin1);
    let layers =
        if net.shift == 0.0 { layers.then(nn::ReLU) } else { layers.then(module::Relu { shift: net.shift }) };
    module::Model::from_layers(layers.then(lin2))
}

/// The same layers, two of them in a `Sequential` of their own, and an empty one.
fn nested(net: &Net) -> module::Model {
    let mut flat = nn_model(net).layers.layers.into_iter();
    let first = nn::Sequential { layers: flat.by_ref().take(2).collect() };
    let last = nn::Sequential { layers: flat.collect() };
    module::Model::from_layers(nn::Sequential::new().then(first).then(nn::Sequential::new()).then(last))
}

fn as_module(mut model: module::Model, x: &Array2<f32>, y: &Array1<f32>) -> (f32, Grads) {
    let (loss, pass) = model.call(x, y);
    let x = model.backward(pass);
    let [w1, b1, w2, b2] = model.layers.parameters()[..] else { panic!("four parameters") };
    (loss, Grads { x, w1: g::<Ix2>(w1), b1: g::<Ix1>(b1), w2: g::<Ix2>(w2), b2: g::<Ix1>(b2) })
}

fn g<D: Dimension>(p: &dyn Parameter) -> ndarray::Array<f32, D> {
    there(p.g()).to_owned().into_dimensionality().expect("a gradient has its parameter's rank")
}
