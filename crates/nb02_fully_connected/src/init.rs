//! Xavier and Kaiming: random weights of the right size.
//!
//! Multiply a vector of `m` numbers of size 1 by a matrix of `m` rows of random numbers of size 1, and each
//! result is a sum of `m` such products: its size is √m. Ten layers of that are `m⁵` times too large (and with
//! weights too small, everything dies to 0). So the weights are divided by √m — Glorot and Bengio's "Xavier"
//! initialisation (2010), simplified — and a linear layer keeps the size of what it is given.
//!
//! A ReLU then throws half of it away: of a symmetric input it keeps half the *second moment*,
//! `E[relu(z)²] = E[z²] / 2`. (Not half the variance, as is often said: that goes to ½ − 1/2π = 0.341.) He et
//! al. ([arXiv:1502.01852](https://arxiv.org/abs/1502.01852), section 2.2) put that factor 2 back, and for a
//! leaky ReLU of slope `a`, eq. 15:
//!
//! ```text
//! std = gain / √fan          gain = √( 2 / (1 + a²) )
//! ```
//!
//! `fan` is the number of terms in the sum. Which axis of the matrix that is depends on how the matrix is
//! stored. Our weights are `(in, out)`, so that a layer is
//! `x @ w`; PyTorch's are `(out, in)`, and its layer multiplies by the transpose. PyTorch's `init` takes
//! every matrix for one of its own. So for the lesson's `(784, 50)` it calls 50 the fan in, and the lesson
//! must ask for `mode='fan_out'` to get the 784 it wants. Here [`Layout`] says which one it is:
//!
//! | the `(784, 50)` matrix is | [`Fan::In`] | [`Fan::Out`] |
//! |---|---|---|
//! | [`Layout::InOut`], ours | √(2/784) = **0.0505**: keeps the forward pass's size | √(2/50) = 0.2: keeps the backward pass's |
//! | [`Layout::OutIn`], PyTorch's | √(2/50) = 0.2: the lesson's trap | √(2/784) = **0.0505**: what the lesson calls |
//!
//! ```
//! use nb02_fully_connected::*;
//!
//! let mut w1 = ndarray::Array2::zeros((784, 50));
//! kaiming_normal_(&mut w1, 0.0, Fan::In, Layout::InOut, &mut manual_seed(1));
//! test_near_zero(std(&w1) - (2.0_f64 / 784.0).sqrt(), 1e-3);
//! ```
//!
//! # The mysterious √5
//!
//! `nn.Linear` and `nn.Conv2d` initialise themselves by `kaiming_uniform_(weight, a=math.sqrt(5))`, and the
//! lesson wonders where the 5 comes from. It does not mean a leaky ReLU of slope 2.24: with it the bound
//! `√3 · √(2/(1+5)) / √fan` is just `1/√fan`, what Torch had used since the days of Lua. Its standard
//! deviation is `1/√(3 · fan)`, √6 = 2.4 times too small for a ReLU. [`nn::Linear`](crate::nn::Linear) does
//! the same, so that it starts as PyTorch's does.

use crate::{Rng, rand, randn};
use ndarray::{Array2, ArrayRef2};

/// Which pass keeps its variance: forward (fan in) or backward (fan out).
///
/// ```
/// use nb02_fully_connected::{Fan, Layout};
///
/// assert_eq!(Fan::In.of((784, 50), Layout::InOut), 784);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// The forward pass's: one output is a sum over all inputs.
    In,
    /// The backward pass's: one input's gradient is a sum over all outputs.
    Out,
}

/// How a weight matrix is stored.
///
/// ```
/// use nb02_fully_connected::{Fan, Layout};
///
/// // PyTorch takes the lesson's matrix for one of its own.
/// assert_eq!(Fan::In.of((784, 50), Layout::OutIn), 50);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `(in, out)`, ours and the lesson's: a layer is `x @ w + b`.
    InOut,
    /// `(out, in)`, PyTorch's: a layer is `x @ w.t() + b`, one row per output unit.
    OutIn,
}

impl Fan {
    /// How many terms the sum has, for a weight matrix of that shape and layout.
    ///
    /// ```
    /// use nb02_fully_connected::{Fan, Layout};
    ///
    /// assert_eq!(Fan::Out.of((784, 50), Layout::InOut), 50);
    /// assert_eq!(Fan::Out.of((784, 50), Layout::OutIn), 784); // the lesson's mode='fan_out'
    /// ```
    pub fn of(self, (rows, columns): (usize, usize), layout: Layout) -> usize {
        match (self, layout) {
            (Fan::In, Layout::InOut) | (Fan::Out, Layout::OutIn) => rows,
            (Fan::In, Layout::OutIn) | (Fan::Out, Layout::InOut) => columns,
        }
    }
}

/// `√(2 / (1 + a²))`: what a leaky ReLU of slope `a` on the negative side must be given back; `a = 0` is ReLU.
///
/// PyTorch's `calculate_gain('leaky_relu', a)`.
///
/// ```
/// use nb02_fully_connected::gain;
///
/// assert_eq!(gain(0.0), 2.0_f64.sqrt());
/// assert_eq!(gain(1.0), 1.0); // slope 1 on both sides changes nothing: Xavier
/// ```
pub fn gain(a: f64) -> f64 {
    (2.0 / (1.0 + a * a)).sqrt()
}

/// The standard deviation that Kaiming initialisation gives: [`gain`]` / √fan`.
///
/// ```
/// use nb02_fully_connected::{Fan, Layout, init::kaiming_std};
///
/// assert_eq!(kaiming_std((50, 1), 0.0, Fan::In, Layout::InOut), 0.2);
/// ```
pub fn kaiming_std(shape: (usize, usize), a: f64, fan: Fan, layout: Layout) -> f64 {
    gain(a) / (fan.of(shape, layout) as f64).sqrt()
}

/// New weights `(m, nh)` of standard deviation `1/√m`: `torch.randn(m, nh) / math.sqrt(m)`.
///
/// The lesson's simplified form; Glorot and Bengio divide by the mean of both fans.
///
/// ```
/// use nb02_fully_connected::{manual_seed, std, test_near_zero, xavier};
///
/// let w1 = xavier(784, 50, &mut manual_seed(0));
/// test_near_zero(std(&w1) - 1.0 / 28.0, 1e-3);
/// ```
pub fn xavier(m: usize, nh: usize, rng: &mut Rng) -> Array2<f32> {
    randn((m, nh), rng) / (m as f32).sqrt()
}

/// New weights `(m, nh)` of standard deviation `√(2/m)`: `torch.randn(m, nh) * math.sqrt(2/m)`.
///
/// ```
/// use nb02_fully_connected::{kaiming, manual_seed, std, test_near_zero};
///
/// let w1 = kaiming(784, 50, &mut manual_seed(0));
/// test_near_zero(std(&w1) - 0.0505, 1e-3);
/// ```
pub fn kaiming(m: usize, nh: usize, rng: &mut Rng) -> Array2<f32> {
    randn((m, nh), rng) * (2.0 / m as f32).sqrt()
}

/// Overwrites `w` with normal draws of standard deviation [`kaiming_std`], and hands it back.
///
/// PyTorch's `init.kaiming_normal_(w, a, mode)`. The underscore means "changes its argument"; what it returns
/// is that same tensor, so that calls can be chained. In Rust both are in the signature.
///
/// ```
/// use nb02_fully_connected::*;
///
/// // The lesson's call, word for word: the matrix is ours, PyTorch takes it for one of its own.
/// let mut w1 = ndarray::Array2::zeros((784, 50));
/// let same = kaiming_normal_(&mut w1, 0.0, Fan::Out, Layout::OutIn, &mut manual_seed(3));
/// test_near_zero(std(same) - 0.0505, 1e-3);
/// ```
pub fn kaiming_normal_<'w>(
    w: &'w mut ArrayRef2<f32>,
    a: f64,
    fan: Fan,
    layout: Layout,
    rng: &mut Rng,
) -> &'w mut ArrayRef2<f32> {
    let std = kaiming_std(w.dim(), a, fan, layout) as f32;
    w.assign(&randn(w.dim(), rng));
    *w *= std;
    w
}

/// Overwrites `w` with uniform draws of standard deviation [`kaiming_std`], and hands it back.
///
/// `U(−b, b)` has standard deviation `b/√3`, so the bound is `b = √3 · std`. At equal standard deviation
/// uniform and normal weights serve equally well.
///
/// ```
/// use nb02_fully_connected::*;
///
/// let mut w = ndarray::Array2::zeros((300, 10));
/// kaiming_uniform_(&mut w, 5.0_f64.sqrt(), Fan::In, Layout::InOut, &mut manual_seed(4));
/// assert!(w.iter().all(|w| w.abs() <= 1.0 / 300.0_f32.sqrt())); // the mysterious √5: the bound is 1/√fan
/// ```
pub fn kaiming_uniform_<'w>(
    w: &'w mut ArrayRef2<f32>,
    a: f64,
    fan: Fan,
    layout: Layout,
    rng: &mut Rng,
) -> &'w mut ArrayRef2<f32> {
    let bound = (3.0_f64.sqrt() * kaiming_std(w.dim(), a, fan, layout)) as f32;
    w.assign(&rand(w.dim(), rng).mapv(|u| (2.0 * u - 1.0) * bound));
    w
}
