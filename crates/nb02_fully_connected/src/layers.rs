//! Layers as classes: each saves what its backward pass needs.
//!
//! `forward_and_backward` knows everything about this one net: swap a layer, and both halves have to be
//! rewritten. So the notebook makes a class of each function. Calling it computes `out` and keeps `inp`; its
//! `backward` uses what was kept. The model's backward pass is then the list of layers, walked in reverse.
//!
//! ```text
//! forward    x ── lin1 ──▶ relu ──▶ lin2 ──▶ loss
//! backward   x_g ◀─ lin1 ◀── relu ◀── lin2 ◀── loss
//! ```
//!
//! In Python, "keeping" `inp` keeps a reference to a tensor, which is shared with others. [`ArcArray2`] does the same:
//! its `clone` copies the handle, never the numbers, so no layer copies the 157 MB of `x_train`.
//!
//! Three things remain unpleasant, and the next section removes them: every layer repeats the same saving; nothing
//! but a panic at run time stops `backward` before the first forward pass; and [`Lin`] still sums the giant outer
//! product, which is why the course waits 3.4 s for its backward pass here.
//!
//! ```
//! use nb02_fully_connected::{layers::Model, *};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((20, 12), &mut rng).into_shared(), rand(20, &mut rng));
//! let net = Weights::kaiming(12, 5, 0.5, &mut rng);
//!
//! let mut model = Model::new(&net);
//! let loss = model.call(&x, &y);
//! let x_g = model.backward();
//!
//! let (expected_loss, expected) = forward_and_backward(&x, &y, &net);
//! test_near(&loss, &expected_loss);
//! test_near(&x_g, &expected.x);
//! test_near(model.lin1.w.grad.as_ref().expect("it was just computed"), &expected.w1);
//! ```

use crate::functions::activation::check_same;
use crate::functions::linear::{check_lin, check_lin_grad, outer_summed, rows_that_fit, sum_rows};
use crate::nn::Param;
use crate::{Weights, lin, matmul, mse, mse_grad, relu_grad, shifted_relu};
use ndarray::{ArcArray2, Array1, Array2, ArrayRef1, ArrayRef2, Axis, Ix1, Ix2};

/// `class Relu`: [`shifted_relu`], remembering what it was called with.
///
/// ```
/// use nb02_fully_connected::{layers::Relu, ndarray::array};
///
/// let mut relu = Relu::new(0.5);
/// assert_eq!(relu.call(&array![[-1.0, 2.0]].into_shared()), array![[-0.5, 1.5]]);
/// assert_eq!(relu.backward(&array![[3.0, 3.0]]), array![[0.0, 3.0]]);
/// ```
#[derive(Debug)]
pub struct Relu {
    /// What is subtracted after clamping: 0, or the lesson's 0.5.
    pub shift: f32,
    inp: Option<ArcArray2<f32>>,
}

impl Relu {
    /// A ReLU that subtracts `shift`.
    ///
    /// ```
    /// assert_eq!(nb02_fully_connected::layers::Relu::new(0.5).shift, 0.5);
    /// ```
    pub fn new(shift: f32) -> Self {
        Relu { shift, inp: None }
    }

    /// Forward, any `(n, nh)`: the notebook's `__call__`.
    ///
    /// ```
    /// use nb02_fully_connected::{layers::Relu, ndarray::array};
    ///
    /// assert_eq!(Relu::new(0.0).call(&array![[-1.0, 2.0]].into_shared()), array![[0.0, 2.0]]);
    /// ```
    pub fn call(&mut self, inp: &ArcArray2<f32>) -> ArcArray2<f32> {
        self.inp = Some(inp.clone());
        shifted_relu(inp, self.shift).into_shared()
    }

    /// Backward: from the gradient of what [`call`](Self::call) returned to that of what it was given.
    ///
    /// # Panics
    /// At the caller's line if it was not called before, or with another shape.
    ///
    /// ```should_panic
    /// use nb02_fully_connected::{layers::Relu, ndarray::array};
    ///
    /// Relu::new(0.0).backward(&array![[1.0]]); // backward before forward
    /// ```
    #[track_caller]
    pub fn backward(&mut self, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        let inp: &ArcArray2<f32> = called(self.inp.as_ref(), "Relu");
        check_same("layers::Relu", inp, out_g);
        relu_grad(inp, out_g)
    }
}

/// `class Lin`: [`lin`], remembering what it was called with, and its parameters' gradients.
///
/// ```
/// use nb02_fully_connected::{layers::Lin, ndarray::array};
///
/// let mut lin = Lin::new(array![[3.0], [4.0]], array![0.5]);
/// assert_eq!(lin.call(&array![[1.0, 2.0]].into_shared()), array![[11.5]]);
/// assert_eq!(lin.backward(&array![[10.0]]), array![[30.0, 40.0]]);
/// assert_eq!(lin.w.grad.unwrap(), array![[10.0], [20.0]]);
/// ```
#[derive(Debug)]
pub struct Lin {
    /// Weights, `(m, nh)`.
    pub w: Param<Ix2>,
    /// Bias, `(nh)`.
    pub b: Param<Ix1>,
    inp: Option<ArcArray2<f32>>,
}

impl Lin {
    /// A linear layer with these weights `(m, nh)` and this bias `(nh)`.
    ///
    /// ```
    /// use nb02_fully_connected::{layers::Lin, ndarray::array};
    ///
    /// assert!(Lin::new(array![[3.0], [4.0]], array![0.5]).w.grad.is_none()); // no gradient yet
    /// ```
    pub fn new(w: Array2<f32>, b: Array1<f32>) -> Self {
        Lin { w: Param::new(w), b: Param::new(b), inp: None }
    }

    /// Forward, `(n, m)` → `(n, nh)`: the notebook's `__call__`.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{layers::Lin, ndarray::array};
    ///
    /// let mut lin = Lin::new(array![[1.0], [1.0]], array![0.0]);
    /// assert_eq!(lin.call(&array![[1.0, 2.0]].into_shared()), array![[3.0]]);
    /// ```
    #[track_caller]
    pub fn call(&mut self, inp: &ArcArray2<f32>) -> ArcArray2<f32> {
        check_lin("layers::Lin", inp, &self.w.value, &self.b.value);
        self.inp = Some(inp.clone());
        lin(inp, &self.w.value, &self.b.value).into_shared()
    }

    /// Backward: keeps the gradients of `w` and `b`, returns the input's.
    ///
    /// "Creating a giant outer product, just to sum it, is inefficient!", says the notebook at this line, and
    /// it is. What would not fit into memory is taken some rows at a time, and one row in any case.
    ///
    /// # Panics
    /// At the caller's line if it was not called before, or the shapes do not fit.
    ///
    /// ```should_panic
    /// use nb02_fully_connected::{layers::Lin, ndarray::array};
    ///
    /// Lin::new(array![[1.0]], array![0.0]).backward(&array![[1.0]]); // backward before forward
    /// ```
    #[track_caller]
    pub fn backward(&mut self, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        let inp = called(self.inp.as_ref(), "Lin");
        check_lin_grad("layers::Lin", inp, ("w", &self.w.value), out_g);
        let mut w_g = Array2::zeros(self.w.value.dim());
        let rows = rows_that_fit::<f32>(inp.ncols(), out_g.ncols()).max(1);
        for (inp, out_g) in inp.axis_chunks_iter(Axis(0), rows).zip(out_g.axis_chunks_iter(Axis(0), rows)) {
            w_g += &outer_summed(&inp, &out_g);
        }
        self.w.grad = Some(w_g.into());
        self.b.grad = Some(sum_rows(out_g).into());
        matmul(out_g, &self.w.value.t())
    }
}

/// `class Mse`: [`mse`], remembering what it compared.
///
/// ```
/// use nb02_fully_connected::{layers::Mse, ndarray::array};
///
/// let mut loss = Mse::default();
/// assert_eq!(loss.call(&array![[3.0]].into_shared(), &array![1.0]), 4.0);
/// assert_eq!(loss.backward(), array![[4.0]]);
/// ```
#[derive(Debug, Default)]
pub struct Mse {
    called_with: Option<(ArcArray2<f32>, Array1<f32>)>,
}

impl Mse {
    /// The loss of `inp (n, 1)` against `targ (n)`.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{layers::Mse, ndarray::array};
    ///
    /// assert_eq!(Mse::default().call(&array![[3.0]].into_shared(), &array![1.0]), 4.0);
    /// ```
    #[track_caller]
    pub fn call(&mut self, inp: &ArcArray2<f32>, targ: &ArrayRef1<f32>) -> f32 {
        self.called_with = Some((inp.clone(), targ.to_owned()));
        mse(inp, targ)
    }

    /// The gradient of the loss with respect to `inp`: where every backward pass begins, so it is given
    /// nothing.
    ///
    /// # Panics
    /// If it was not called before.
    ///
    /// ```should_panic
    /// nb02_fully_connected::layers::Mse::default().backward(); // backward before forward
    /// ```
    #[track_caller]
    pub fn backward(&mut self) -> Array2<f32> {
        let (inp, targ) = called(self.called_with.as_ref(), "Mse");
        mse_grad(inp, targ)
    }
}

/// `class Model`: the layers of the lesson's net and its loss, forward in order and backward in reverse.
///
/// The layers have names here, so that one can ask for `lin1`'s weights; the passes see them as a list.
///
/// ```
/// use nb02_fully_connected::{Weights, layers::Model, manual_seed, ndarray::Array1, randn};
///
/// let mut rng = manual_seed(0);
/// let mut model = Model::new(&Weights::kaiming(12, 5, 0.5, &mut rng));
/// model.call(&randn((3, 12), &mut rng).into_shared(), &Array1::zeros(3));
/// model.backward();
/// assert!(model.lin1.w.grad.is_some());
/// ```
#[derive(Debug)]
pub struct Model {
    /// First layer, `(n, m)` → `(n, nh)`.
    pub lin1: Lin,
    /// In between, `(n, nh)` → `(n, nh)`.
    pub relu: Relu,
    /// Second layer, `(n, nh)` → `(n, 1)`.
    pub lin2: Lin,
    /// The loss of the output `(n, 1)`.
    pub loss: Mse,
}

impl Model {
    /// The layers of `net`, with copies of its weights.
    ///
    /// ```
    /// use nb02_fully_connected::{Weights, layers::Model, manual_seed};
    ///
    /// let net = Weights::kaiming(12, 5, 0.5, &mut manual_seed(0));
    /// assert_eq!(Model::new(&net).lin1.w.value, net.w1);
    /// ```
    pub fn new(net: &Weights) -> Self {
        Model {
            lin1: Lin::new(net.w1.clone(), net.b1.clone()),
            relu: Relu::new(net.shift),
            lin2: Lin::new(net.w2.clone(), net.b2.clone()),
            loss: Mse::default(),
        }
    }

    /// The loss of `x (n, m)` against `targ (n)`.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{Weights, layers::Model, manual_seed, ndarray::{ArcArray2, Array1}};
    ///
    /// let mut model = Model::new(&Weights::kaiming(12, 5, 0.0, &mut manual_seed(0)));
    /// assert_eq!(model.call(&ArcArray2::zeros((3, 12)), &Array1::ones(3)), 1.0); // all outputs are 0
    /// ```
    #[track_caller]
    pub fn call(&mut self, x: &ArcArray2<f32>, targ: &ArrayRef1<f32>) -> f32 {
        let mut out = x.clone();
        for layer in self.layers() {
            out = layer.call(&out);
        }
        self.loss.call(&out, targ)
    }

    /// Every layer's backward pass, last layer first; returns the gradient of `x`.
    ///
    /// # Panics
    /// At the caller's line if the model was not called before.
    ///
    /// ```should_panic
    /// use nb02_fully_connected::{Weights, layers::Model, manual_seed};
    ///
    /// Model::new(&Weights::kaiming(12, 5, 0.0, &mut manual_seed(0))).backward(); // backward before forward
    /// ```
    #[track_caller]
    pub fn backward(&mut self) -> Array2<f32> {
        let mut g = self.loss.backward();
        for layer in self.layers().into_iter().rev() {
            g = layer.backward(&g);
        }
        g
    }

    /// The list that both passes walk: the notebook's `self.layers`.
    fn layers(&mut self) -> [Layer<'_>; 3] {
        [Layer::Lin(&mut self.lin1), Layer::Relu(&mut self.relu), Layer::Lin(&mut self.lin2)]
    }
}

/// An element of the list: in Python anything that has the two methods, here one of these.
enum Layer<'m> {
    Lin(&'m mut Lin),
    Relu(&'m mut Relu),
}

impl Layer<'_> {
    #[track_caller]
    fn call(self, inp: &ArcArray2<f32>) -> ArcArray2<f32> {
        match self {
            Layer::Lin(lin) => lin.call(inp),
            Layer::Relu(relu) => relu.call(inp),
        }
    }

    #[track_caller]
    fn backward(self, out_g: &ArrayRef2<f32>) -> Array2<f32> {
        match self {
            Layer::Lin(lin) => lin.backward(out_g),
            Layer::Relu(relu) => relu.backward(out_g),
        }
    }
}

/// What the forward pass saved; a panic if there was none.
#[track_caller]
fn called<'a, T>(saved: Option<&'a T>, layer: &str) -> &'a T {
    let Some(saved) = saved else {
        panic!("{layer}: backward before any forward pass; call the layer first")
    };
    saved
}
