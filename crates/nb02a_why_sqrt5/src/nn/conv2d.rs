//! `nn::Conv2d`.

use super::{Module, Param, ReLU, Saved, Tensor, check_out_g, image_error, images, tensor};
use crate::kernels::conv::{conv2d, conv2d_grad, conv2d_param_grads, conv2d_relu};
use crate::ndarray::{Array1, Array4, ArrayView1, ArrayView4};
use crate::{Fan, Fans, Rng, kaiming2, rand};
use std::fmt;

/// `nn.Conv2d(ni, nf, ks, stride, padding)`: `(n, ni, h, w)` → `(n, nf, oh, ow)`.
///
/// With a [`ReLU`] behind it in a `Sequential`, each sum is clamped before it is written.
#[derive(Clone)]
pub struct Conv2d {
    /// `(nf, ni, kh, kw)`, as in PyTorch.
    pub weight: Param,
    /// `(nf)`.
    pub bias: Param,
    /// Pixels from a position to the next.
    pub stride: usize,
    /// Zeros on each side of the image.
    pub padding: usize,
}

impl Conv2d {
    /// A layer initialised as PyTorch's is, by the √5 of this notebook: weight and bias from
    /// `U(−1/√fan, 1/√fan)`, with `fan = ni · ks²`.
    ///
    /// For weights that suit a ReLU see [`kaiming_`](Self::kaiming_).
    pub fn new(ni: usize, nf: usize, ks: usize, stride: usize, padding: usize, rng: &mut Rng) -> Self {
        let mut weight = Array4::zeros((nf, ni, ks, ks));
        kaiming2(&mut weight, 5.0_f64.sqrt(), Fan::In, rng);
        let fan = Fans::of(weight.shape()).get(Fan::In);
        let bound = if fan == 0 { 0.0 } else { 1.0 / (fan as f32).sqrt() };
        let bias = rand(nf, rng).mapv(|u| (2.0 * u - 1.0) * bound);
        Self::from_weights(weight, bias, stride, padding)
    }

    /// A layer with this weight `(nf, ni, kh, kw)` and this bias `(nf)`.
    ///
    /// # Panics
    /// If `weight.dim().0 != bias.len()`.
    #[track_caller]
    pub fn from_weights(weight: Array4<f32>, bias: Array1<f32>, stride: usize, padding: usize) -> Self {
        let (w, b) = (weight.shape(), bias.shape());
        assert!(
            w[0] == b[0],
            "nn::Conv2d: weight {w:?} and bias {b:?} do not fit: each kernel needs one bias"
        );
        Conv2d { weight: Param::new(tensor(weight)), bias: Param::new(tensor(bias)), stride, padding }
    }

    /// Overwrites the weight by [`kaiming2`](crate::kaiming2()) for a leaky slope of `a`, and the
    /// bias with zeros: what the notebook does to each layer in the end.
    pub fn kaiming_(&mut self, a: f64, rng: &mut Rng) {
        kaiming2(&mut self.weight.value, a, Fan::In, rng);
        self.bias.value.fill(0.0);
    }

    fn weight(&self) -> ArrayView4<'_, f32> {
        images(&self.weight.value)
    }

    fn bias(&self) -> ArrayView1<'_, f32> {
        self.bias.value.view().into_dimensionality().expect("a bias has one axis")
    }

    /// Rows and columns that an image must have at least.
    fn window(&self) -> (usize, usize) {
        let (_, _, kh, kw) = self.weight().dim();
        (kh.saturating_sub(2 * self.padding), kw.saturating_sub(2 * self.padding))
    }
}

impl Module for Conv2d {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(self.infer(x)).keep(x)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        check_out_g("nn::Conv2d", saved.out.shape(), out_g.shape());
        let x = images(&saved.kept[0]);
        let grad = conv2d_grad(&x, &self.weight(), &images(&out_g), self.stride, self.padding);
        self.weight.add_grad(tensor(grad.weight));
        self.bias.add_grad(tensor(grad.bias));
        tensor(grad.input)
    }

    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        check_out_g("nn::Conv2d", saved.out.shape(), out_g.shape());
        let x = images(&saved.kept[0]);
        let (weight, bias) =
            conv2d_param_grads(&x, &self.weight(), &images(&out_g), self.stride, self.padding);
        self.weight.add_grad(tensor(weight));
        self.bias.add_grad(tensor(bias));
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        tensor(conv2d(&images(x), &self.weight(), &self.bias(), self.stride, self.padding))
    }

    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        vec![("weight".into(), &mut self.weight), ("bias".into(), &mut self.bias)]
    }

    fn forward_with(&self, x: &Tensor, next: &dyn Module) -> Option<Saved> {
        next.downcast_ref::<ReLU>()?;
        let out = conv2d_relu(&images(x), &self.weight(), &self.bias(), self.stride, self.padding, 0.0);
        Some(Saved::new(tensor(out)).keep(x))
    }

    fn shape_error(&self, x: &[usize]) -> Option<String> {
        image_error("nn::Conv2d", x, Some(self.weight.value.shape()[1]), self.window())
    }
}

impl fmt::Debug for Conv2d {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nf, ni, kh, kw) = self.weight().dim();
        let Self { stride, padding, .. } = self;
        write!(f, "Conv2d({ni}, {nf}, kernel_size=({kh}, {kw}), stride={stride}, padding={padding})")
    }
}
