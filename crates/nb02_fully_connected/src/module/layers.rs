//! `Relu`, `Lin` with einsum and without, `Mse`: what is left of a layer when the saving is gone.

use super::Module;
use crate::functions::activation::check_same;
use crate::functions::linear::{check_lin, check_lin_grad, lin_grad_einsum};
use crate::nn::Param;
use crate::{LinGrad, lin, lin_grad, mse, mse_grad, relu_grad, shifted_relu};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Ix1, Ix2};

/// `class Relu(Module)`: [`shifted_relu`].
#[derive(Clone, Debug)]
pub struct Relu {
    /// What is subtracted after clamping: 0, or the lesson's 0.5.
    pub shift: f32,
}

impl Module for Relu {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32> {
        shifted_relu(inp, self.shift)
    }

    fn bwd(&mut self, _out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        check_same("module::Relu", inp, out_g);
        relu_grad(inp, out_g)
    }
}

/// `class Lin(Module)`, the first one: `w.g` is `einsum("bi,bj->ij", inp, out.g)`.
#[derive(Clone, Debug)]
pub struct LinEinsum {
    /// Weights, `(m, nh)`.
    pub w: Param<Ix2>,
    /// Bias, `(nh)`.
    pub b: Param<Ix1>,
}

impl LinEinsum {
    /// A linear layer with these weights `(m, nh)` and this bias `(nh)`.
    pub fn new(w: Array2<f32>, b: Array1<f32>) -> Self {
        LinEinsum { w: Param::new(w), b: Param::new(b) }
    }
}

impl Module for LinEinsum {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32> {
        check_lin("module::LinEinsum", inp, &self.w.value, &self.b.value);
        lin(inp, &self.w.value, &self.b.value)
    }

    fn bwd(&mut self, _out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        check_lin_grad("module::LinEinsum", inp, ("w", &self.w.value), out_g);
        let LinGrad { inp, w, b } = lin_grad_einsum(inp, &self.w.value, out_g);
        (self.w.grad, self.b.grad) = (Some(w.into()), Some(b.into()));
        inp
    }
}

/// `class Lin(Module)`, without einsum: `w.g` is `inp.t() @ out.g`.
///
/// ```
/// use nb02_fully_connected::{module::{Lin, Module}, ndarray::array};
///
/// let x = array![[1.0, 2.0]];
/// let mut lin = Lin::new(array![[3.0], [4.0]], array![0.5]);
/// let pass = lin.call(&x);
/// assert_eq!(lin.backward(pass, &array![[10.0]]), array![[30.0, 40.0]]);
/// assert_eq!(lin.w.grad.expect("just computed"), array![[10.0], [20.0]]);
/// ```
#[derive(Clone, Debug)]
pub struct Lin {
    /// Weights, `(m, nh)`.
    pub w: Param<Ix2>,
    /// Bias, `(nh)`.
    pub b: Param<Ix1>,
}

impl Lin {
    /// A linear layer with these weights `(m, nh)` and this bias `(nh)`.
    pub fn new(w: Array2<f32>, b: Array1<f32>) -> Self {
        Lin { w: Param::new(w), b: Param::new(b) }
    }
}

impl Module for Lin {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Array2<f32> {
        check_lin("module::Lin", inp, &self.w.value, &self.b.value);
        lin(inp, &self.w.value, &self.b.value)
    }

    fn bwd(&mut self, _out: &ArrayRef2<f32>, inp: &ArrayRef2<f32>, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        check_lin_grad("module::Lin", inp, ("w", &self.w.value), out_g);
        let LinGrad { inp, w, b } = lin_grad(inp, &self.w.value, out_g);
        (self.w.grad, self.b.grad) = (Some(w.into()), Some(b.into()));
        inp
    }
}

/// `class Mse(Module)`: [`mse`](mse()). It takes two arguments and returns one number, so it is no [`Module`].
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Mse {
    /// The loss of `inp (n, 1)` against `targ (n)`: see [`mse`](mse()).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>) -> f32 {
        mse(inp, targ)
    }

    /// Its gradient with respect to `inp`: see [`mse_grad`].
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn bwd(&self, inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>) -> Array2<f32> {
        mse_grad(inp, targ)
    }
}
