//! Random tensors: `torch.manual_seed`, `torch.randn` and `torch.rand`.
//!
//! Two runs of the course's notebooks differ because each draws other weights. Here a seed is always given, and the
//! stream behind it ([ChaCha8](Rng)) is the same on every platform and for every version of this crate, so
//! everybody sees the numbers that the text talks about. `rand` gives the same numbers on every platform. So does
//! `randn`, except for about one number in 4,000: those far from 0 are computed with a logarithm, whose last digit may
//! differ between platforms.
//!
//! ```
//! use nb01_matmul::{manual_seed, randn};
//!
//! let weights = randn((784, 10), &mut manual_seed(42));
//! assert_eq!(weights, randn((784, 10), &mut manual_seed(42)));
//! ```

use kernels::check_room;
use ndarray::{Array, Dimension, ShapeBuilder};
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// The generator of every random number in this workspace.
pub type Rng = chacha20::ChaCha8Rng;

/// A generator that always yields the same stream for the same seed.
pub fn manual_seed(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

/// An array of draws from the standard normal distribution (mean 0, std 1).
///
/// # Panics
/// If there is no memory for it.
#[track_caller]
pub fn randn<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    filled("randn", shape, rng, normals)
}

/// An array of draws from the uniform distribution on `[0, 1)`.
///
/// # Panics
/// If there is no memory for it.
#[track_caller]
pub fn rand<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    filled("rand", shape, rng, uniforms)
}

#[track_caller]
fn filled<Sh: ShapeBuilder>(
    name: &str,
    shape: Sh,
    rng: &mut Rng,
    draws: fn(usize, &mut Rng) -> Vec<f32>,
) -> Array<f32, Sh::Dim> {
    let shape = shape.into_shape_with_order();
    let len = check_room::<f32>(name, shape.raw_dim().slice());
    Array::from_shape_vec(shape, draws(len, rng)).expect("as many draws as the shape holds")
}

// The loops are functions of their own so that they are compiled here, and not again for each kind of shape.
fn normals(len: usize, rng: &mut Rng) -> Vec<f32> {
    (0..len).map(|_| rng.sample(StandardNormal)).collect()
}

fn uniforms(len: usize, rng: &mut Rng) -> Vec<f32> {
    (0..len).map(|_| rng.random()).collect()
}
