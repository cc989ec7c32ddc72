//! `Relu`, `Lin` with einsum and without, `Mse`: what is left of a layer when the saving is gone.

use super::{Module, Param, Parameter, Saved, check_input};
use crate::functions::activation::check_same;
use crate::functions::linear::{check_lin_grad, lin_grad_einsum, lin_misfit, lin_param_grads};
use crate::{LinGrad, lin, lin_grad, mse, mse_grad, relu_grad, shifted_relu};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Ix1, Ix2};

/// `class Relu(Module)`: [`shifted_relu`].
///
/// ```
/// use nb02_fully_connected::{Module, module::Relu, ndarray::array};
///
/// let x = array![[-1.0, 2.0]];
/// let mut relu = Relu { shift: 0.5 };
/// let pass = relu.call(&x);
/// assert_eq!(pass.out(), &array![[-0.5, 1.5]]);
/// assert_eq!(relu.backward(pass, array![[3.0, 3.0]]), array![[0.0, 3.0]]);
/// ```
#[derive(Clone, Debug)]
pub struct Relu {
    /// What is subtracted after clamping: 0, or the lesson's 0.5.
    pub shift: f32,
}

impl Module for Relu {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        Saved::new(shifted_relu(inp, self.shift))
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) -> Array2<f32> {
        check_same("module::Relu", inp, &out_g);
        relu_grad(inp, &out_g)
    }
}

/// `class Lin(Module)`, the first one: `w.g` is `einsum("bi,bj->ij", inp, out.g)`.
///
/// ```
/// use nb02_fully_connected::{Module, module::LinEinsum, ndarray::array};
///
/// let x = array![[1.0, 2.0]];
/// let mut lin = LinEinsum::new(array![[3.0], [4.0]], array![0.5]);
/// let pass = lin.call(&x);
/// lin.backward(pass, array![[10.0]]);
/// assert_eq!(lin.w.g, Some(array![[10.0], [20.0]]));
/// ```
#[derive(Clone, Debug)]
pub struct LinEinsum {
    /// Weights, `(m, nh)`.
    pub w: Param<Ix2>,
    /// Bias, `(nh)`.
    pub b: Param<Ix1>,
}

impl LinEinsum {
    /// A linear layer with these weights `(m, nh)` and this bias `(nh)`.
    ///
    /// ```
    /// use nb02_fully_connected::{module::LinEinsum, ndarray::array};
    ///
    /// assert!(LinEinsum::new(array![[1.0]], array![0.0]).w.g.is_none());
    /// ```
    pub fn new(w: Array2<f32>, b: Array1<f32>) -> Self {
        LinEinsum { w: Param::new(w), b: Param::new(b) }
    }
}

impl Module for LinEinsum {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        check_input(self, inp);
        Saved::new(lin(inp, &self.w.v, &self.b.v))
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) -> Array2<f32> {
        check_lin_grad("module::LinEinsum", inp, ("w", &self.w.v), &out_g);
        let grad = lin_grad_einsum(inp, &self.w.v, &out_g);
        (self.w.g, self.b.g) = (Some(grad.w), Some(grad.b));
        grad.inp
    }

    fn misfit(&self, inp: &ArrayRef2<f32>) -> Option<String> {
        lin_misfit("module::LinEinsum", inp, ("w", &self.w.v), ("b", &self.b.v))
    }

    fn parameters(&self) -> Vec<&dyn Parameter> {
        vec![&self.w, &self.b]
    }

    fn parameters_mut(&mut self) -> Vec<&mut dyn Parameter> {
        vec![&mut self.w, &mut self.b]
    }
}

/// `class Lin(Module)`, without einsum: `w.g` is `inp.t() @ out.g`.
///
/// ```
/// use nb02_fully_connected::{Module, module::Lin, ndarray::array};
///
/// let x = array![[1.0, 2.0]];
/// let mut lin = Lin::new(array![[3.0], [4.0]], array![0.5]);
/// let pass = lin.call(&x);
/// assert_eq!(lin.backward(pass, array![[10.0]]), array![[30.0, 40.0]]);
/// assert_eq!(lin.w.g, Some(array![[10.0], [20.0]]));
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
    ///
    /// ```
    /// use nb02_fully_connected::{module::Lin, ndarray::array};
    ///
    /// assert!(Lin::new(array![[1.0]], array![0.0]).w.g.is_none());
    /// ```
    pub fn new(w: Array2<f32>, b: Array1<f32>) -> Self {
        Lin { w: Param::new(w), b: Param::new(b) }
    }
}

impl Module for Lin {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        check_input(self, inp);
        Saved::new(lin(inp, &self.w.v, &self.b.v))
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) -> Array2<f32> {
        check_lin_grad("module::Lin", inp, ("w", &self.w.v), &out_g);
        let LinGrad { inp, w, b } = lin_grad(inp, &self.w.v, &out_g);
        (self.w.g, self.b.g) = (Some(w), Some(b));
        inp
    }

    fn bwd_params(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) {
        check_lin_grad("module::Lin", inp, ("w", &self.w.v), &out_g);
        let (w, b) = lin_param_grads(inp, &out_g);
        (self.w.g, self.b.g) = (Some(w), Some(b));
    }

    fn misfit(&self, inp: &ArrayRef2<f32>) -> Option<String> {
        lin_misfit("module::Lin", inp, ("w", &self.w.v), ("b", &self.b.v))
    }

    fn parameters(&self) -> Vec<&dyn Parameter> {
        vec![&self.w, &self.b]
    }

    fn parameters_mut(&mut self) -> Vec<&mut dyn Parameter> {
        vec![&mut self.w, &mut self.b]
    }
}

/// `class Mse(Module)`: [`mse`](mse()).
///
/// It takes two arguments and returns one number, so it is no [`Module`]; it has both halves all the same.
///
/// ```
/// use nb02_fully_connected::{module::Mse, ndarray::array};
///
/// let (out, targ) = (array![[3.0]], array![1.0]);
/// assert_eq!(Mse.forward(&out, &targ), 4.0);
/// assert_eq!(Mse.bwd(&out, &targ), array![[4.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Mse {
    /// The loss of `inp (n, 1)` against `targ (n)`: see [`mse`](mse()).
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{module::Mse, ndarray::array};
    ///
    /// assert_eq!(Mse.forward(&array![[1.0], [2.0]], &array![0.0, 0.0]), 2.5);
    /// ```
    #[track_caller]
    pub fn forward(&self, inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>) -> f32 {
        mse(inp, targ)
    }

    /// Its gradient with respect to `inp`: see [`mse_grad`].
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{module::Mse, ndarray::array};
    ///
    /// assert_eq!(Mse.bwd(&array![[1.0], [2.0]], &array![0.0, 0.0]), array![[1.0], [2.0]]);
    /// ```
    #[track_caller]
    pub fn bwd(&self, inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>) -> Array2<f32> {
        mse_grad(inp, targ)
    }
}
