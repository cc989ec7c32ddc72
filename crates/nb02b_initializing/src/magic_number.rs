//! Mean and mean square of what comes out, with and without a ReLU.
//!
//! `y = a @ x`, all numbers normal with mean 0 and variance 1. Each number of `y` is a sum of `n`
//! products. A product of two such numbers has mean 0 and variance 1, so the sum has mean 0 and
//! variance `n`: its size is `√n`, and divided by that it is 1 again. That is the magic number.
//!
//! A ReLU makes 0 of the negative half. The mean square is halved, for the sum is symmetric; and
//! the mean is no longer 0:
//!
//! | | mean | mean square |
//! |---|---|---|
//! | a product | 0 | 1 |
//! | its ReLU | 1/π | 1/2 |
//! | a sum of n | 0 | n |
//! | its ReLU | √(n / 2π) | n / 2 |
//! | … with weights times √(2/n) | 1/√π | 1 |
//!
//! (A single product is not normal, so its ReLU's mean is `(E|a|)² / 2 = 1/π`, and not `1/√2π`.)

use crate::ndarray::Array1;
use crate::{Rng, matmul, mean, randn};
use std::f64::consts::PI;

/// What comes after the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// `max(y, 0)`.
    Relu,
}

impl After {
    fn apply(self, y: f32) -> f32 {
        match self {
            After::Nothing => y,
            After::Relu => y.max(0.0),
        }
    }
}

/// A mean, and a mean of squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// `E[y]`.
    pub mean: f64,
    /// `E[y²]`.
    pub square: f64,
}

impl Moments {
    /// Of `draws` products of two random numbers: the notebook's `x = torch.randn(1); a =
    /// torch.randn(1); y = a * x`.
    pub fn of_products(draws: usize, after: After, rng: &mut Rng) -> Self {
        let (x, a) = (randn(draws, rng), randn(draws, rng));
        Self::of((x * a).mapv(|y| after.apply(y)))
    }

    /// Of `scale · a @ x`, for a vector of `n` numbers and a matrix `(n, n)`, both new in each of
    /// `draws`: the mean over them.
    pub fn of_layers(n: usize, scale: f32, draws: usize, after: After, rng: &mut Rng) -> Self {
        let mut total = Moments { mean: 0.0, square: 0.0 };
        for _ in 0..draws {
            let (x, a) = (randn((n, 1), rng), randn((n, n), rng));
            let y = matmul(&a, &x).mapv(|y| after.apply(scale * y)).flatten().into_owned();
            let Moments { mean, square } = Self::of(y);
            total.mean += mean / draws as f64;
            total.square += square / draws as f64;
        }
        total
    }

    fn of(y: Array1<f32>) -> Self {
        Moments { mean: mean(&y), square: mean(&y.mapv(|y| y * y)) }
    }

    /// What a product of two random numbers has by theory.
    pub fn product_theory(after: After) -> Self {
        match after {
            After::Nothing => Moments { mean: 0.0, square: 1.0 },
            After::Relu => Moments { mean: 1.0 / PI, square: 0.5 },
        }
    }

    /// What a sum of `n` products, times `scale`, has by theory; with a ReLU for an `n` so large
    /// that it is normal.
    ///
    /// ```
    /// use nb02b_initializing::{After, Moments};
    ///
    /// let kaiming = Moments::layer_theory(512, (2.0_f64 / 512.0).sqrt(), After::Relu);
    /// assert!((kaiming.square - 1.0).abs() < 1e-12 && (kaiming.mean - 0.5642).abs() < 1e-4);
    /// ```
    pub fn layer_theory(n: usize, scale: f64, after: After) -> Self {
        let square = scale * scale * n as f64;
        match after {
            After::Nothing => Moments { mean: 0.0, square },
            After::Relu => Moments { mean: (square / (2.0 * PI)).sqrt(), square: square / 2.0 },
        }
    }
}
