//! A hundred layers: nan, 0, and when exactly.
//!
//! A product of a matrix of `n × n` random numbers and a vector makes the vector about `√n` times
//! longer: each of its numbers is a sum of `n` products. With `n = 512` that is 22.6, and `22.6²⁸`
//! is as large as an `f32` can be. So the twenty-ninth product is lost, whatever the draw: the
//! *logarithm* of the length grows by the same step each time, and its spread is small.
//!
//! ```text
//! products until the end = ln(3.4e38) / ln(growth)       growth = scale · √n
//! ```

use crate::Rng;
use crate::ndarray::{Array1, Array2, Axis};
use crate::{matmul, randn};

/// What is left of a vector after some layers.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The last vector.
    pub x: Array1<f32>,
    /// After each layer the root of the mean of the squares.
    pub sizes: Vec<f64>,
    /// The first layer, counted from 0, after which a number is not finite or all are 0.
    pub lost: Option<usize>,
}

/// A random vector of `n` numbers through `count` layers, each a matrix `(n, n)` that `weights`
/// draws: the notebook's `for i in range(100): x = a @ x`.
///
/// # Panics
/// If a matrix is not `(n, n)`.
#[track_caller]
pub fn through_layers(
    n: usize,
    count: usize,
    mut weights: impl FnMut(&mut Rng) -> Array2<f32>,
    rng: &mut Rng,
) -> Layers {
    through_layers_with(n, count, &mut weights, |x| x, rng)
}

/// [`through_layers`] with `after(x)` of each number after each matrix: a ReLU, say.
///
/// # Panics
/// If a matrix is not `(n, n)`.
#[track_caller]
pub fn through_layers_with(
    n: usize,
    count: usize,
    weights: &mut dyn FnMut(&mut Rng) -> Array2<f32>,
    after: fn(f32) -> f32,
    rng: &mut Rng,
) -> Layers {
    let mut x = randn((n, 1), rng);
    let (mut sizes, mut lost) = (Vec::with_capacity(count), None);
    for layer in 0..count {
        x = matmul(&weights(rng), &x).mapv_into(after);
        let is_lost = x.iter().any(|x| !x.is_finite()) || x.iter().all(|&x| x == 0.0);
        lost = lost.or(is_lost.then_some(layer));
        sizes.push(size(&x));
    }
    Layers { x: x.index_axis_move(Axis(1), 0), sizes, lost }
}

/// The root of the mean of the squares.
fn size(x: &Array2<f32>) -> f64 {
    let squares: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
    (squares / x.len() as f64).sqrt()
}

/// After how many products numbers that grow by a factor of `growth` each time leave the range of
/// `f32`, at its upper end or at its lower one; infinitely many if `growth` is 1.
///
/// ```
/// use nb02b_initializing::expected_end;
///
/// assert_eq!(expected_end(512.0_f64.sqrt()).floor(), 28.0);
/// assert_eq!(expected_end(0.01 * 512.0_f64.sqrt()).floor(), 69.0);
/// assert_eq!(expected_end(1.0), f64::INFINITY);
/// ```
pub fn expected_end(growth: f64) -> f64 {
    let smallest = f32::from_bits(1); // the least positive number, far below `MIN_POSITIVE`
    let end = if growth > 1.0 { f32::MAX } else { smallest };
    (f64::from(end).ln() / growth.ln()).abs()
}
