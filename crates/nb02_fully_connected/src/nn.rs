//! `nn::Linear`, `nn::ReLU`, `nn::Sequential`: the same modules, made from sizes.
//!
//! The lesson ends where it is allowed to use PyTorch's own classes. What they add is small, and here it is:
//! a layer is made from its sizes and initialises itself; its parameters can be listed, so that a training
//! loop needs to know no layer by name; and gradients are *added* to what is there until
//! [`zero_grad`](crate::Module::zero_grad) forgets them (so a layer may be used twice in one net).
//!
//! (In the notebook's version the layers are kept in a plain Python list, where PyTorch does not look:
//! `Model().parameters()` is empty there. Here it is not.)
//!
//! In the course the backward pass takes 71 ms with `nn.Linear` and 140 ms with the hand-written layers, and
//! one might think that PyTorch knows a trick. It does less: nobody asked for the gradient of `x_train`, so
//! the first layer does not compute it. Ask for it, and PyTorch too takes twice as long. Here
//! [`backward`](crate::Module::backward) computes it and [`backward_params`](crate::Module::backward_params)
//! leaves it out.
//!
//! # Two passes fewer
//!
//! A layer of 50,000 × 50 numbers is 10 MB, and going over it once more costs more than the arithmetic. So a
//! [`Sequential`] lets a [`Linear`] clamp each sum before it is written, where a [`ReLU`] comes next; and on the way back
//! the ReLU changes the gradient that it is handed instead of making another. A pass allocates what it
//! returns, the outputs forward and the gradients backward, and nothing else. The modules of the section before
//! ([`module::Lin`](crate::module::Lin), [`module::Relu`](crate::module::Relu)) do it plainly.
//!
//! ```
//! use nb02_fully_connected::*;
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((100, 784), &mut rng), rand(100, &mut rng));
//! let mut net = nn::Sequential::new()
//!     .then(nn::Linear::new(784, 50, &mut rng))
//!     .then(nn::ReLU)
//!     .then(nn::Linear::new(50, 1, &mut rng));
//! let loss = |net: &nn::Sequential| mse(net.call(&x).out(), &y);
//!
//! let before = loss(&net);
//! for _ in 0..10 {
//!     let pass = net.call(&x);
//!     let out_g = mse_grad(pass.out(), &y);
//!     net.backward_params(pass, out_g);
//!     for p in net.parameters_mut() {
//!         let step = p.g().expect("backward has been there").mapv(|g| 0.1 * g);
//!         p.v_mut().zip_mut_with(&step, |v, step| *v -= step);
//!     }
//!     net.zero_grad();
//! }
//! assert!(loss(&net) < before / 2.0);
//! ```

pub use crate::module::{Model, Module, Sequential};

use crate::functions::activation::check_same;
use crate::functions::linear::{check_lin_grad, lin_misfit, lin_param_grads};
use crate::matmul::affine_relu;
use crate::module::{Param, Parameter, Saved, check_input};
use crate::{Layout, LinGrad, Mode, Rng, kaiming_uniform_, lin, lin_grad, rand, relu};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Ix1, Ix2, Zip};

/// `nn.Linear(in_features, out_features)`: `(n, in)` → `(n, out)`.
///
/// The weight is stored as `(in, out)`, so that the layer is `x @ weight + bias`, as the lesson writes it,
/// and both forward and backward read it along its rows. PyTorch stores `(out, in)`: one row per output unit,
/// as in its convolutions. [`from_pytorch`](Self::from_pytorch) takes such a one.
///
/// ```
/// use nb02_fully_connected::{Module, manual_seed, nn::Linear, randn};
///
/// let mut rng = manual_seed(0);
/// let linear = Linear::new(784, 50, &mut rng);
/// assert_eq!(linear.call(&randn((64, 784), &mut rng)).out().dim(), (64, 50));
/// assert_eq!(format!("{linear:?}"), "Linear { in_features: 784, out_features: 50 }");
/// ```
#[derive(Clone)]
pub struct Linear {
    /// `(in, out)`.
    pub weight: Param<Ix2>,
    /// `(out)`.
    pub bias: Param<Ix1>,
}

impl Linear {
    /// A layer initialised as PyTorch's is: weight and bias from `U(−1/√in, 1/√in)`.
    ///
    /// PyTorch writes this as `kaiming_uniform_(weight, a=math.sqrt(5))`; see [`init`](crate::init) for the
    /// mysterious √5. For [`kaiming`](crate::kaiming) weights, which suit a ReLU better, use
    /// [`from_weights`](Self::from_weights).
    ///
    /// ```
    /// use nb02_fully_connected::{manual_seed, nn::Linear};
    ///
    /// let linear = Linear::new(100, 7, &mut manual_seed(0));
    /// assert!(linear.weight.v.iter().chain(&linear.bias.v).all(|x| x.abs() <= 0.1));
    /// ```
    pub fn new(in_features: usize, out_features: usize, rng: &mut Rng) -> Self {
        let mut weight = Array2::zeros((in_features, out_features));
        kaiming_uniform_(&mut weight, 5.0_f64.sqrt(), Mode::FanIn, Layout::InOut, rng);
        let bound = 1.0 / (in_features.max(1) as f32).sqrt();
        let bias = rand(out_features, rng).mapv(|u| (2.0 * u - 1.0) * bound);
        Self::from_weights(weight, bias)
    }

    /// A layer with this weight `(in, out)` and this bias `(out)`.
    ///
    /// # Panics
    /// At the caller's line if the two disagree about `out`.
    ///
    /// ```
    /// use nb02_fully_connected::{kaiming, manual_seed, ndarray::Array1, nn::Linear};
    ///
    /// let linear = Linear::from_weights(kaiming(784, 50, &mut manual_seed(0)), Array1::zeros(50));
    /// assert_eq!(linear.weight.v.dim(), (784, 50));
    /// ```
    #[track_caller]
    pub fn from_weights(weight: Array2<f32>, bias: Array1<f32>) -> Self {
        let fits = weight.ncols() == bias.len();
        assert!(
            fits,
            "nn::Linear: weight {:?} and bias {:?} do not fit: the bias needs an element for each column",
            weight.shape(),
            bias.shape()
        );
        Linear { weight: Param::new(weight), bias: Param::new(bias) }
    }

    /// A layer with PyTorch's weight `(out, in)` and bias `(out)`: copies the transpose.
    ///
    /// # Panics
    /// At the caller's line if the two disagree about `out`.
    ///
    /// ```
    /// use nb02_fully_connected::{ndarray::array, nn::Linear};
    ///
    /// let linear = Linear::from_pytorch(&array![[1.0, 2.0, 3.0]], &array![0.5]); // three in, one out
    /// assert_eq!(linear.weight.v, array![[1.0], [2.0], [3.0]]);
    /// ```
    #[track_caller]
    pub fn from_pytorch(weight: &ArrayRef2<f32>, bias: &ArrayRef1<f32>) -> Self {
        Self::from_weights(weight.t().as_standard_layout().into_owned(), bias.to_owned())
    }
}

impl Module for Linear {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        check_input(self, inp);
        Saved::new(lin(inp, &self.weight.v, &self.bias.v))
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) -> Array2<f32> {
        check_lin_grad("nn::Linear", inp, ("weight", &self.weight.v), &out_g);
        let LinGrad { inp, w, b } = lin_grad(inp, &self.weight.v, &out_g);
        self.weight.add_grad(w);
        self.bias.add_grad(b);
        inp
    }

    fn bwd_params(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) {
        check_lin_grad("nn::Linear", inp, ("weight", &self.weight.v), &out_g);
        let (w, b) = lin_param_grads(inp, &out_g);
        self.weight.add_grad(w);
        self.bias.add_grad(b);
    }

    fn forward_relu(&self, inp: &ArrayRef2<f32>) -> Option<Saved> {
        check_input(self, inp);
        Some(Saved::new(affine_relu(inp, &self.weight.v, &self.bias.v, 0.0)))
    }

    fn misfit(&self, inp: &ArrayRef2<f32>) -> Option<String> {
        lin_misfit("nn::Linear", inp, ("weight", &self.weight.v), ("bias", &self.bias.v))
    }

    fn parameters(&self) -> Vec<&dyn Parameter> {
        vec![&self.weight, &self.bias]
    }

    fn parameters_mut(&mut self) -> Vec<&mut dyn Parameter> {
        vec![&mut self.weight, &mut self.bias]
    }
}

impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (in_features, out_features) = self.weight.v.dim();
        f.debug_struct("Linear")
            .field("in_features", &in_features)
            .field("out_features", &out_features)
            .finish()
    }
}

/// `nn.ReLU()`: [`relu`] as a module, to stand in a [`Sequential`]; it has nothing to learn.
///
/// ```
/// use nb02_fully_connected::{Module, ndarray::array, nn::ReLU, relu};
///
/// let x = array![[-1.0, 2.0]];
/// assert_eq!(ReLU.call(&x).out(), &relu(&x)); // nn.ReLU and F.relu are the same function
/// ```
///
/// Where the input is NaN, the gradient goes through, as it does in PyTorch's. (Through the lesson's
/// [`relu_grad`](crate::relu_grad) it does not: that is `clamp_min`'s.)
#[derive(Clone, Copy, Debug)]
pub struct ReLU;

impl Module for ReLU {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        Saved::new(relu(inp))
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, mut out_g: Array2<f32>) -> Array2<f32> {
        check_same("nn::ReLU", inp, &out_g);
        Zip::from(&mut out_g).and(inp).for_each(|g, &x| *g = if x <= 0.0 { 0.0 } else { *g }); // NaN passes
        out_g
    }

    fn bwd_params(&mut self, inp: &ArrayRef2<f32>, _saved: &Saved, out_g: Array2<f32>) {
        check_same("nn::ReLU", inp, &out_g); // and nothing is learned here
    }

    fn is_relu(&self) -> bool {
        true
    }
}
