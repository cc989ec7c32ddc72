//! The optimiser: what is done with the gradients.
//!
//! In Python an optimiser holds the parameters: `optim.SGD(model.parameters(), lr)`. Here the net owns them, and the optimiser
//! is shown them when it takes a step. What later optimisers remember of each parameter (notebook 09) lies in the optimiser, in
//! the order of [`Module::parameters`].
//!
//! ```
//! use nb03_minibatch_training::{Module, Sgd, ndarray::array, nn::{Linear, matrix, tensor}};
//!
//! let mut net = Linear::from_weights(array![[1.0]], array![0.0]);
//! let saved = net.forward(&tensor(array![[3.0]]));
//! net.backward_params(saved, tensor(array![[1.0]])); // weight.g = 3
//! Sgd::new(0.1).step(&mut net);
//! assert_eq!(matrix(&net.weight.value), array![[0.7]]);
//! ```

use crate::Module;

/// Stochastic gradient descent: `p.value -= lr * p.grad` for each parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate: how long a step is.
    pub lr: f32,
}

impl Sgd {
    /// With this learning rate.
    pub fn new(lr: f32) -> Self {
        Sgd { lr }
    }

    /// A step of every parameter that has a gradient, by [`Param::sgd`](crate::Param::sgd); none is copied.
    ///
    /// # Panics
    /// If a gradient has another shape than its value.
    #[track_caller]
    pub fn step(&self, net: &mut dyn Module) {
        for (_name, p) in net.parameters() {
            p.sgd(self.lr);
        }
    }
}
