//! `Sequential`, a module made of modules, and `Model`, one with a loss at its end.

use super::{Lin, LinEinsum, Module, Mse, Parameter, Pass, Relu, Saved, check_input, check_out_g};
use crate::Net;
use ndarray::{Array2, ArrayRef1, ArrayRef2, ArrayView1};

/// Modules one after the other, each given the output of the one before: itself a [`Module`].
///
/// ```
/// use nb02_fully_connected::{Module, module::{Lin, Relu, Sequential}, ndarray::array};
///
/// let net = Sequential::new().then(Lin::new(array![[1.0, -1.0]], array![0.0, 0.0])).then(Relu { shift: 0.0 });
/// assert_eq!(net.call(&array![[2.0]]).out(), &array![[2.0, 0.0]]);
/// assert_eq!(net.parameters().len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Sequential {
    /// The modules, first to last.
    pub layers: Vec<Box<dyn Module>>,
}

impl Sequential {
    /// An empty one, which returns what it is given.
    ///
    /// ```
    /// assert!(nb02_fully_connected::nn::Sequential::new().layers.is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more module at the end.
    ///
    /// ```
    /// use nb02_fully_connected::nn;
    ///
    /// assert_eq!(nn::Sequential::new().then(nn::ReLU).then(nn::ReLU).layers.len(), 2);
    /// ```
    #[must_use]
    pub fn then(mut self, layer: impl Module + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// A panic at the caller's line, unless the pass went through as many layers, and `out_g` is of its output.
    #[track_caller]
    fn check_pass(&self, saved: &Saved, out_g: &ArrayRef2<f32>) {
        let (parts, layers) = (saved.parts.len(), self.layers.len());
        let way_out = "it is another module's";
        assert!(parts == layers, "Sequential: a pass through {parts} layers for {layers}: {way_out}");
        check_out_g("Sequential", saved, out_g);
    }
}

impl Module for Sequential {
    fn forward(&self, inp: &ArrayRef2<f32>) -> Saved {
        let mut parts: Vec<Saved> = Vec::with_capacity(self.layers.len());
        while let [layer, later @ ..] = &self.layers[parts.len()..] {
            let inp = parts.last().map_or(inp, |before| &before.out);
            check_input(&**layer, inp); // here, since a layer in a box does not know who called
            match with_relu(&**layer, later, inp) {
                Some(both) => parts.extend([both.clone(), both]),
                None => parts.push(layer.forward(inp)),
            }
        }
        let out = parts.last().map_or_else(|| inp.to_owned().into_shared(), |last| last.out.clone());
        Saved { out, parts }
    }

    fn bwd(&mut self, inp: &ArrayRef2<f32>, saved: &Saved, out_g: Array2<f32>) -> Array2<f32> {
        self.check_pass(saved, &out_g);
        bwd_chain(&mut self.layers, inp, &saved.parts, out_g)
    }

    fn bwd_params(&mut self, inp: &ArrayRef2<f32>, saved: &Saved, out_g: Array2<f32>) {
        self.check_pass(saved, &out_g);
        if let ([first, later @ ..], [part, parts @ ..]) = (&mut self.layers[..], &saved.parts[..]) {
            check_input(&**first, inp);
            let first_out_g = bwd_chain(later, &part.out, parts, out_g);
            first.bwd_params(inp, part, first_out_g);
        }
    }

    fn misfit(&self, inp: &ArrayRef2<f32>) -> Option<String> {
        self.layers.first().and_then(|first| first.misfit(inp))
    }

    fn parameters(&self) -> Vec<&dyn Parameter> {
        self.layers.iter().flat_map(|layer| layer.parameters()).collect()
    }

    fn parameters_mut(&mut self) -> Vec<&mut dyn Parameter> {
        self.layers.iter_mut().flat_map(|layer| layer.parameters_mut()).collect()
    }
}

/// A layer and the ReLU behind it in one pass over memory, where there is one behind it and the layer can do both.
///
/// Layer and ReLU then share an output. The ReLU's backward pass loses nothing: it asks where its input was 0 or less,
/// and its output is 0 at the same places.
fn with_relu(layer: &dyn Module, later: &[Box<dyn Module>], inp: &ArrayRef2<f32>) -> Option<Saved> {
    later.first().filter(|next| next.is_relu()).and_then(|_| layer.forward_relu(inp))
}

/// The chain rule, read aloud: the first layer's backward pass is given the result of all the later ones'.
#[track_caller]
fn bwd_chain(
    layers: &mut [Box<dyn Module>],
    inp: &ArrayRef2<f32>,
    parts: &[Saved],
    out_g: Array2<f32>,
) -> Array2<f32> {
    match (layers, parts) {
        ([first, later @ ..], [part, parts @ ..]) => {
            check_input(&**first, inp);
            let first_out_g = bwd_chain(later, &part.out, parts, out_g);
            first.bwd(inp, part, first_out_g)
        }
        _ => out_g,
    }
}

/// The lesson's net and its loss: the notebook's `class Model`.
///
/// ```
/// use nb02_fully_connected::{Net, manual_seed, module::Model, rand, randn};
///
/// let mut rng = manual_seed(0);
/// let (x, y) = (randn((3, 12), &mut rng), rand(3, &mut rng));
/// let mut model = Model::new(&Net::kaiming(12, 5, 0.5, &mut rng));
/// let (_loss, pass) = model.call(&x, &y);
/// assert_eq!(model.backward(pass).dim(), x.dim());
/// ```
#[derive(Debug)]
pub struct Model {
    /// From `(n, m)` to `(n, 1)`.
    pub layers: Sequential,
    /// The loss of the output.
    pub loss: Mse,
}

impl Model {
    /// The layers of `net`, with copies of its weights.
    ///
    /// ```
    /// use nb02_fully_connected::{Module, Net, manual_seed, module::Model};
    ///
    /// let net = Net::kaiming(12, 5, 0.5, &mut manual_seed(0));
    /// assert_eq!(Model::new(&net).layers.parameters()[0].v(), net.w1.view().into_dyn());
    /// ```
    pub fn new(net: &Net) -> Self {
        Self::from_layers(
            Sequential::new()
                .then(Lin::new(net.w1.clone(), net.b1.clone()))
                .then(Relu { shift: net.shift })
                .then(Lin::new(net.w2.clone(), net.b2.clone())),
        )
    }

    /// The same with [`LinEinsum`], as the notebook has it first.
    ///
    /// ```
    /// use nb02_fully_connected::{Net, manual_seed, module::Model};
    ///
    /// let model = Model::einsum(&Net::kaiming(12, 5, 0.5, &mut manual_seed(0)));
    /// assert_eq!(model.layers.layers.len(), 3);
    /// ```
    pub fn einsum(net: &Net) -> Self {
        Self::from_layers(
            Sequential::new()
                .then(LinEinsum::new(net.w1.clone(), net.b1.clone()))
                .then(Relu { shift: net.shift })
                .then(LinEinsum::new(net.w2.clone(), net.b2.clone())),
        )
    }

    /// Any layers from `(n, m)` to `(n, 1)`, with [`Mse`] after them.
    ///
    /// ```
    /// use nb02_fully_connected::{manual_seed, module::Model, nn};
    ///
    /// let layers = nn::Sequential::new().then(nn::Linear::new(784, 1, &mut manual_seed(0)));
    /// assert_eq!(Model::from_layers(layers).layers.layers.len(), 1);
    /// ```
    pub fn from_layers(layers: Sequential) -> Self {
        Model { layers, loss: Mse }
    }

    /// The loss of `x (n, m)` against `targ (n)`, and the pass that [`backward`](Self::backward) needs.
    ///
    /// # Panics
    /// At the caller's line if the shapes do not fit.
    ///
    /// ```
    /// use nb02_fully_connected::{Net, manual_seed, module::Model, ndarray::{Array1, Array2}};
    ///
    /// let model = Model::new(&Net::kaiming(12, 5, 0.0, &mut manual_seed(0)));
    /// assert_eq!(model.call(&Array2::zeros((3, 12)), &Array1::ones(3)).0, 1.0); // all outputs are 0
    /// ```
    #[track_caller]
    pub fn call<'x>(&self, x: &'x ArrayRef2<f32>, targ: &'x ArrayRef1<f32>) -> (f32, LossPass<'x>) {
        let pass = self.layers.call(x);
        (self.loss.forward(pass.out(), targ), LossPass { pass, targ: targ.view() })
    }

    /// Every parameter's gradient, and (returned) the input's.
    ///
    /// # Panics
    /// At the caller's line if the pass is that of a model of other sizes; see [`Pass`] for what is not noticed.
    ///
    /// ```
    /// use nb02_fully_connected::{Module, Net, manual_seed, module::Model, ndarray::{Array1, Array2}};
    ///
    /// let (x, y) = (Array2::ones((3, 12)), Array1::ones(3));
    /// let mut model = Model::new(&Net::kaiming(12, 5, 0.0, &mut manual_seed(0)));
    /// let (_loss, pass) = model.call(&x, &y);
    /// assert_eq!(model.backward(pass).dim(), (3, 12));
    /// assert!(model.layers.parameters().iter().all(|p| p.g().is_some()));
    /// ```
    #[track_caller]
    pub fn backward(&mut self, pass: LossPass<'_>) -> Array2<f32> {
        let out_g = self.loss.bwd(pass.out(), &pass.targ);
        self.layers.backward(pass.pass, out_g)
    }

    /// Every parameter's gradient, and not the input's, which training does not need.
    ///
    /// # Panics
    /// As [`backward`](Self::backward).
    ///
    /// ```
    /// use nb02_fully_connected::{Module, Net, manual_seed, module::Model, ndarray::{Array1, Array2}};
    ///
    /// let (x, y) = (Array2::ones((3, 12)), Array1::ones(3));
    /// let mut model = Model::new(&Net::kaiming(12, 5, 0.0, &mut manual_seed(0)));
    /// let (_loss, pass) = model.call(&x, &y);
    /// model.backward_params(pass);
    /// assert!(model.layers.parameters().iter().all(|p| p.g().is_some()));
    /// ```
    #[track_caller]
    pub fn backward_params(&mut self, pass: LossPass<'_>) {
        let out_g = self.loss.bwd(pass.out(), &pass.targ);
        self.layers.backward_params(pass.pass, out_g);
    }
}

/// One forward pass through a [`Model`], to be handed to its backward pass: `x` and `targ` borrowed,
/// activations owned.
///
/// ```
/// use nb02_fully_connected::{Net, manual_seed, module::Model, ndarray::{Array1, Array2}};
///
/// let (x, y) = (Array2::zeros((3, 12)), Array1::ones(3));
/// let (_loss, pass) = Model::new(&Net::kaiming(12, 5, 0.0, &mut manual_seed(0))).call(&x, &y);
/// assert_eq!(pass.out().dim(), (3, 1));
/// ```
#[derive(Debug)]
pub struct LossPass<'x> {
    pass: Pass<'x>,
    targ: ArrayView1<'x, f32>,
}

impl LossPass<'_> {
    /// What the layers computed, `(n, 1)`.
    ///
    /// ```
    /// use nb02_fully_connected::{Net, manual_seed, module::Model, ndarray::{Array1, Array2}};
    ///
    /// let (x, y) = (Array2::zeros((3, 12)), Array1::ones(3));
    /// let (loss, pass) = Model::new(&Net::kaiming(12, 5, 0.0, &mut manual_seed(0))).call(&x, &y);
    /// assert_eq!(loss, nb02_fully_connected::mse(pass.out(), &y));
    /// ```
    pub fn out(&self) -> &ArrayRef2<f32> {
        self.pass.out()
    }
}
