//! Mean and standard deviation.
//!
//! Before anything is learned, the lesson looks at `x_train.mean()` and `x_train.std()`, which are 0.1304 and 0.3073:
//!
//! ```text
//! mean = Σ x / n          std = √( Σ (x − mean)² / (n − 1) )
//! ```
//!
//! Dividing by `n − 1` is what PyTorch's `std` does (the *unbiased* estimate); on a whole data set it makes
//! no visible difference. The sums are `f64`, as are those of the loss and of the biases' gradients: an `f32` has too few
//! digits to add up 39 million numbers.
//!
//! ```
//! use nb02_fully_connected::{ndarray::array, mean, std};
//!
//! let x = array![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
//! assert_eq!(mean(&x), 5.0);
//! assert_eq!(std(&x), (32.0_f64 / 7.0).sqrt()); // torch.std: n − 1
//! ```

use crate::kernels::par::{moments, total};
use ndarray::{ArrayRef, Dimension};
use std::fmt::{self, Display};

/// The mean of all elements, accumulated in `f64`; NaN if there are none, as in PyTorch.
///
/// ```
/// use nb02_fully_connected::{mean, ndarray::Array1};
///
/// let tenths = Array1::from_elem(20_000_000, 0.1_f32); // a plain f32 sum of these gives 2,097,152.0
/// assert_eq!(mean(&tenths), f64::from(0.1_f32));
/// ```
pub fn mean<D: Dimension>(x: &ArrayRef<f32, D>) -> f64 {
    total(x) / x.len() as f64
}

/// The standard deviation of all elements, as `torch.std` defines it (divided by `n − 1`), accumulated in
/// `f64`.
///
/// NaN for fewer than two elements, as in PyTorch.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, std};
///
/// assert_eq!(std(&array![[1.0], [3.0]]), 2.0_f64.sqrt());
/// assert!(std(&array![1.0]).is_nan());
/// ```
pub fn std<D: Dimension>(x: &ArrayRef<f32, D>) -> f64 {
    Stats::of(x).std
}

/// Prints the [`Stats`] of `x` under its name, and returns them.
///
/// ```
/// use nb02_fully_connected::{describe, ndarray::array};
///
/// let stats = describe("w1", &array![[-1.0, 1.0]]); // w1 mean: 0.0000, std: 1.4142
/// assert_eq!(stats.mean, 0.0);
/// ```
pub fn describe<D: Dimension>(name: &str, x: &ArrayRef<f32, D>) -> Stats {
    let stats = Stats::of(x);
    println!("{name} {stats}");
    stats
}

/// What the lesson asks of every array it makes: its mean and its standard deviation.
///
/// ```
/// use nb02_fully_connected::{Stats, ndarray::array};
///
/// let stats = Stats::of(&array![1.0, 2.0, 3.0]);
/// assert_eq!(stats, Stats { len: 3, mean: 2.0, std: 1.0 });
/// assert_eq!(stats.to_string(), "mean: 2.0000, std: 1.0000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// How many elements there are.
    pub len: usize,
    /// See [`mean`].
    pub mean: f64,
    /// See [`std`](std()).
    pub std: f64,
}

impl Stats {
    /// Takes the statistics of all elements, whatever the rank and the strides.
    ///
    /// ```
    /// use nb02_fully_connected::{Stats, ndarray::Array2};
    ///
    /// assert_eq!(Stats::of(&Array2::from_elem((3, 5), 7.0)), Stats { len: 15, mean: 7.0, std: 0.0 });
    /// ```
    pub fn of<D: Dimension>(x: &ArrayRef<f32, D>) -> Self {
        let all = moments(x.view().into_dyn());
        let variance = all.squares / (all.len - 1.0).max(0.0); // 0/0 = NaN for one number or none
        Stats { len: x.len(), mean: all.sum / all.len, std: variance.sqrt() }
    }
}

impl Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mean: {:.4}, std: {:.4}", self.mean, self.std)
    }
}

/// The mean as a plain `f32` sum gives it: the demonstration of what **not** to do.
///
/// ```
/// use nb02_fully_connected::{ndarray::Array1, stats::mean_in_f32};
///
/// let tenths = Array1::from_elem(20_000_000, 0.1_f32);
/// assert_eq!(mean_in_f32(&tenths), 0.104_857_6); // 5 % too much: the sum stopped growing at 2²¹
/// ```
pub fn mean_in_f32<D: Dimension>(x: &ArrayRef<f32, D>) -> f32 {
    x.iter().sum::<f32>() / x.len() as f32
}

/// The standard deviation by the shortcut `√(E[x²] − E[x]²)` in `f32`: also what **not** to do.
///
/// ```
/// use nb02_fully_connected::{ndarray::array, std, stats::std_in_f32};
///
/// let far_from_zero = array![10_000.0, 10_001.0, 10_002.0];
/// assert_eq!(std(&far_from_zero), 1.0);
/// assert_ne!(std_in_f32(&far_from_zero), (2.0_f32 / 3.0).sqrt()); // what the shortcut should have given
/// ```
pub fn std_in_f32<D: Dimension>(x: &ArrayRef<f32, D>) -> f32 {
    let mean = mean_in_f32(x);
    (mean_in_f32(&x.mapv(|x| x * x)) - mean * mean).sqrt()
}
