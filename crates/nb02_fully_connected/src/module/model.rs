//! The lesson's net and its loss: the notebook's `class Model`.

use super::{Lin, LinEinsum, Module, Mse, Pass, Relu};
use crate::Weights;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// The layers of the lesson's net and its loss, forward in order and backward in reverse.
#[derive(Debug)]
pub struct Model<L = Lin> {
    /// First layer, `(n, m)` → `(n, nh)`.
    pub lin1: L,
    /// In between, `(n, nh)` → `(n, nh)`.
    pub relu: Relu,
    /// Second layer, `(n, nh)` → `(n, 1)`.
    pub lin2: L,
    /// The loss of the output.
    pub loss: Mse,
}

impl Model {
    /// The net with copies of these weights.
    pub fn new(weights: &Weights) -> Self {
        Self::with(Lin::new, weights)
    }
}

impl Model<LinEinsum> {
    /// The same with [`LinEinsum`], as the notebook has it first.
    pub fn einsum(weights: &Weights) -> Self {
        Self::with(LinEinsum::new, weights)
    }
}

impl<L: Module> Model<L> {
    fn with(lin: fn(Array2<f32>, Array1<f32>) -> L, weights: &Weights) -> Self {
        let Weights { w1, b1, w2, b2, shift } = weights.clone();
        Model { lin1: lin(w1, b1), relu: Relu { shift }, lin2: lin(w2, b2), loss: Mse }
    }

    /// The loss of `x (n, m)` against `targ (n)`, and the pass that [`backward`](Self::backward) needs.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn call<'x>(&self, x: &'x ArrayRef2<f32>, targ: &ArrayRef1<f32>) -> (f32, Pass<'x>) {
        let l1 = self.lin1.forward(x);
        let l2 = self.relu.forward(&l1);
        let out = self.lin2.forward(&l2);
        let loss = self.loss.forward(&out, targ);
        (loss, Pass { inp: x.view(), outs: vec![l1, l2, out] })
    }

    /// Every parameter's gradient, and (returned) the input's.
    ///
    /// # Panics
    /// If the pass is that of a model of other sizes, or of a single layer.
    #[track_caller]
    pub fn backward(&mut self, pass: Pass<'_>, targ: &ArrayRef1<f32>) -> Array2<f32> {
        let [l1, l2, out] = &pass.outs[..] else { panic!("module::Model: the pass is not a model's") };
        let out_g = self.loss.bwd(out, targ);
        let l2_g = self.lin2.bwd(out, l2, &out_g);
        let l1_g = self.relu.bwd(l2, l1, &l2_g);
        self.lin1.bwd(l1, &pass.inp, &l1_g)
    }
}
