//! `nn::Flatten` and `nn::Lambda`: layers that learn nothing.

use super::{Module, Saved, Tensor, check_out_g};
use std::fmt;

/// `(n, c, h, w)` → `(n, c · h · w)`: what a linear layer takes. PyTorch's `nn.Flatten()`.
///
/// The notebook's own is `x.view(-1)`: the whole batch becomes one vector. That works there only
/// because its net has one output for each image.
#[derive(Clone, Copy, Debug)]
pub struct Flatten;

impl Module for Flatten {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(self.infer(x)).keep(x)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        check_out_g("nn::Flatten", saved.out.shape(), out_g.shape());
        in_shape(&out_g, saved.kept[0].shape())
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        let rows = x.shape().first().copied().unwrap_or(1);
        in_shape(x, &[rows, x.shape().iter().skip(1).product()])
    }
}

/// The same numbers in another shape; copied only if their order in memory is another one.
fn in_shape(x: &Tensor, shape: &[usize]) -> Tensor {
    x.to_shape(shape).expect("as many numbers as before").into_owned().into_shared()
}

/// A function as a layer, with the function that takes its gradient back: PyTorch's `Lambda`, where
/// autograd knows the second.
///
/// ```
/// use nb02a_why_sqrt5::{*, nn::{Lambda, tensor}};
///
/// let half = Lambda::new("half", |x| x.mapv(|x| x / 2.0).into_shared(), |_x, out_g| out_g.mapv(|g| g / 2.0).into_shared());
/// let x = tensor(ndarray::array![2.0, 4.0]);
/// assert_eq!(half.infer(&x), tensor(ndarray::array![1.0, 2.0]));
/// assert_eq!(format!("{half:?}"), "Lambda(half)");
/// ```
#[derive(Clone, Copy)]
pub struct Lambda {
    name: &'static str,
    forward: fn(&Tensor) -> Tensor,
    backward: fn(&Tensor, Tensor) -> Tensor,
}

impl Lambda {
    /// `forward(x)` as a layer; `backward(x, out_g)` is its input's gradient.
    pub fn new(
        name: &'static str,
        forward: fn(&Tensor) -> Tensor,
        backward: fn(&Tensor, Tensor) -> Tensor,
    ) -> Self {
        Lambda { name, forward, backward }
    }
}

impl Module for Lambda {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(self.infer(x)).keep(x)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        check_out_g("nn::Lambda", saved.out.shape(), out_g.shape());
        (self.backward)(&saved.kept[0], out_g)
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        (self.forward)(x)
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lambda({})", self.name)
    }
}
