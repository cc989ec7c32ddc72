//! The notebook's `Model`, and why Rust has to be told what a model is made of.
//!
//! PyTorch's `nn.Module` overrides `__setattr__`, which Python calls for every `self.l1 = …`: so it notices each layer that
//! is stored in an attribute, and `parameters()` finds it. (A list of layers it does not notice; hence `ModuleList`.) Rust
//! has no such hook: a struct's fields are known to the compiler, and a program that runs cannot ask for them. So a model
//! says which layers it has, in one line each:
//!
//! ```
//! use nb03_minibatch_training::{Module, manual_seed, model::Model};
//!
//! let mut model = Model::new(784, 50, 10, &mut manual_seed(0));
//! let names: Vec<String> = model.parameters().into_iter().map(|(name, _)| name).collect();
//! assert_eq!(names, ["l1.weight", "l1.bias", "l2.weight", "l2.bias"]);
//! ```
//!
//! A layer left out of that list is not trained, and no compiler complains; a test that trains does. [`nn::Sequential`]
//! owns its layers in a `Vec` and can list them itself, as PyTorch's can.

use crate::nn::{Linear, ReLU, Saved, Sequential};
use crate::{Module, Param, Rng, Sgd, Tensor, nn};

/// `class Model(nn.Module)`: two linear layers, and a ReLU between them.
#[derive(Clone, Debug)]
pub struct Model {
    /// `(m, nh)`
    pub l1: Linear,
    /// `(nh, c)`
    pub l2: Linear,
}

impl Model {
    /// `m` inputs, `nh` hidden units and `c` classes, initialised as PyTorch's layers are.
    pub fn new(m: usize, nh: usize, c: usize, rng: &mut Rng) -> Self {
        Model { l1: Linear::new(m, nh, rng), l2: Linear::new(nh, c, rng) }
    }

    /// The notebook's `DummyModule.__setattr__`, by hand: every layer that has parameters, and its name.
    fn children(&mut self) -> [(&'static str, &mut dyn Module); 2] {
        [("l1", &mut self.l1), ("l2", &mut self.l2)]
    }
}

impl Module for Model {
    /// `self.l2(F.relu(self.l1(x)))`
    fn forward(&self, x: &Tensor) -> Saved {
        let l1 = self.l1.forward(x);
        let relu = ReLU.forward(&l1.out);
        let l2 = self.l2.forward(&relu.out);
        Saved::new(l2.out.clone()).part(l1).part(relu).part(l2)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        let (l1, l1_g) = self.backward_to_l1(saved, out_g);
        self.l1.backward(l1, l1_g)
    }

    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        let (l1, l1_g) = self.backward_to_l1(saved, out_g);
        self.l1.backward_params(l1, l1_g);
    }

    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        let mut all = Vec::new();
        for (child, module) in self.children() {
            all.extend(module.parameters().into_iter().map(|(name, p)| (format!("{child}.{name}"), p)));
        }
        all
    }
}

impl Model {
    fn backward_to_l1(&mut self, mut saved: Saved, out_g: Tensor) -> (Saved, Tensor) {
        let (l2, relu, l1) = (saved.parts.pop(), saved.parts.pop(), saved.parts.pop());
        let (Some(l2), Some(relu), Some(l1)) = (l2, relu, l1) else {
            panic!("Model: saved by another module, which had no three parts")
        };
        let relu_g = self.l2.backward(l2, out_g);
        (l1, ReLU.backward(relu, relu_g))
    }
}

/// The notebook's `get_model()`: `nn.Sequential(nn.Linear(m, nh), nn.ReLU(), nn.Linear(nh, c))` and its optimiser.
pub fn get_model(m: usize, nh: usize, c: usize, lr: f32, rng: &mut Rng) -> (Sequential, Sgd) {
    let net = nn::Sequential::new().then(Linear::new(m, nh, rng)).then(ReLU).then(Linear::new(nh, c, rng));
    (net, Sgd::new(lr))
}
