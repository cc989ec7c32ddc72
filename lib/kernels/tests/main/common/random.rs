//! Random matrices from a seed.

use kernels::ndarray::{Array, ShapeBuilder};
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

pub(crate) type Rng = chacha20::ChaCha8Rng;

pub(crate) fn manual_seed(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

pub(crate) fn randn<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    Array::from_shape_simple_fn(shape, || rng.sample(StandardNormal))
}

pub(crate) fn rand<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    Array::from_shape_simple_fn(shape, || rng.random())
}
