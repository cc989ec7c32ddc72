//! Fans of a convolution's weight, and Kaiming's initialisation written from the paper.
//!
//! A convolution's result is a sum of `ci · kh · kw` products: so many numbers one output looks at,
//! its *fan in*. Backward, one pixel's gradient is a sum over the outputs that looked at it, up to
//! `co · kh · kw`: the *fan out*. (With a stride there are fewer, which the formula does not know.)
//! `kh · kw` is what the notebook calls `rec_fs`, the size of the receptive field.
//!
//! He et al. ([arXiv:1502.01852](https://arxiv.org/abs/1502.01852), eq. 10 and 15) give weights the
//! standard deviation `gain / √fan`, and a uniform draw from `(−b, b)` has the standard deviation
//! `b / √3`. That is all that [`kaiming2()`] says.

use crate::ndarray::{ArrayRef, Dimension};
use crate::{Fan, Rng, gain, rand};

/// What the sums of a weight `(nf, ni, …)` are over.
///
/// ```
/// use nb02a_why_sqrt5::{Fan, Fans};
///
/// let fans = Fans::of(&[32, 1, 5, 5]);
/// assert_eq!((fans.rec_fs, fans.get(Fan::In), fans.get(Fan::Out)), (25, 25, 800));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Channels out.
    pub nf: usize,
    /// Channels in.
    pub ni: usize,
    /// Positions of the kernel, `kh · kw`: the receptive field's size.
    pub rec_fs: usize,
}

impl Fans {
    /// The fans of a weight of that shape, PyTorch's `(co, ci, kh, kw)`.
    ///
    /// # Panics
    /// If the shape has fewer than two axes.
    #[track_caller]
    pub fn of(shape: &[usize]) -> Self {
        match shape {
            [nf, ni, kernel @ ..] => Fans { nf: *nf, ni: *ni, rec_fs: kernel.iter().product() },
            _ => panic!("Fans: a weight {shape:?} has no fans; it needs channels out and channels in"),
        }
    }

    /// The number of terms in the sum.
    pub fn get(&self, fan: Fan) -> usize {
        self.rec_fs
            * match fan {
                Fan::In => self.ni,
                Fan::Out => self.nf,
            }
    }
}

/// Overwrites a weight `(nf, ni, …)` with uniform draws of standard deviation `gain(a) / √fan`: the
/// notebook's `kaiming2(x, a, use_fan_out)`.
///
/// # Panics
/// As [`Fans::of`].
///
/// ```
/// use nb02a_why_sqrt5::*;
///
/// let mut weight = ndarray::Array4::zeros((32, 16, 5, 5));
/// kaiming2(&mut weight, 0.0, Fan::In, &mut manual_seed(0));
/// test_near_zero(std(&weight) - (2.0_f64 / 400.0).sqrt(), 1e-3);
/// ```
#[track_caller]
pub fn kaiming2<D: Dimension>(w: &mut ArrayRef<f32, D>, a: f64, fan: Fan, rng: &mut Rng) {
    let terms = Fans::of(w.shape()).get(fan).max(1);
    let bound = (3.0_f64.sqrt() * gain(a) / (terms as f64).sqrt()) as f32;
    w.assign(&rand(w.raw_dim(), rng).mapv(|u| (2.0 * u - 1.0) * bound));
}
