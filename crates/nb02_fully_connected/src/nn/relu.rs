//! `nn::ReLU`.

use super::module::check_out_g;
use super::{Module, Saved, Tensor};
use crate::kernels::par;

/// `nn.ReLU()`: [`relu`](crate::relu) as a module, of any rank; it has nothing to learn.
///
/// Where the input is NaN, the gradient passes, as in PyTorch's. (Through the lesson's
/// [`relu_grad`](crate::relu_grad) it does not: that is `clamp_min`'s.)
#[derive(Clone, Copy, Debug)]
pub struct ReLU;

impl Module for ReLU {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(par::relu(x, 0.0))
    }

    /// Asks the output, which is 0 where the input was 0 or less: so the input need not be kept. The gradient is changed
    /// where it lies, unless another handle holds it.
    fn backward(&mut self, saved: Saved, mut out_g: Tensor) -> Tensor {
        check_out_g("nn::ReLU", &saved, &out_g);
        par::threshold_backward_(&saved.out, &mut out_g);
        out_g
    }

    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        check_out_g("nn::ReLU", &saved, &out_g);
    }
}
