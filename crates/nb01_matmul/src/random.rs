//! Random tensors: `torch.manual_seed`, `torch.randn` and `torch.rand`.
//!
//! The learners' notes all differ because each drew other weights. Here a seed is always given, and the
//! stream behind it ([ChaCha8](Rng)) is the same on every platform and for every version of this crate, so
//! everybody sees the numbers that the text talks about. `rand` makes its numbers of that stream in exact
//! steps, so they are the same everywhere. `randn`'s are too, up to the platform's `ln` and `exp`: one draw in
//! some 4,000 is from the distribution's tail and a logarithm, and one in a hundred is accepted or rejected by
//! an exponential. `docs/proof.md` says under *Determinism* how rarely that can show in an `f32`.
//!
//! ```
//! use nb01_matmul::{manual_seed, randn};
//!
//! let weights = randn((784, 10), &mut manual_seed(42));
//! assert_eq!(weights, randn((784, 10), &mut manual_seed(42)));
//! ```

use ndarray::{Array, ShapeBuilder};
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// The generator of every random number in this workspace.
///
/// ```
/// let mut rng: nb01_matmul::Rng = nb01_matmul::manual_seed(1);
/// let _ = nb01_matmul::rand(3, &mut rng);
/// ```
pub type Rng = rand_chacha::ChaCha8Rng;

/// A generator that always yields the same stream for the same seed.
///
/// ```
/// use nb01_matmul::{manual_seed, rand};
///
/// assert_ne!(rand(4, &mut manual_seed(1)), rand(4, &mut manual_seed(2)));
/// ```
pub fn manual_seed(seed: u64) -> Rng {
    Rng::seed_from_u64(seed)
}

/// An array of draws from the standard normal distribution (mean 0, std 1).
///
/// ```
/// let w = nb01_matmul::randn((784, 50), &mut nb01_matmul::manual_seed(0));
/// assert_eq!(w.shape(), &[784, 50]);
/// ```
pub fn randn<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    Array::from_shape_simple_fn(shape, || rng.sample(StandardNormal))
}

/// An array of draws from the uniform distribution on `[0, 1)`.
///
/// ```
/// let x = nb01_matmul::rand((5, 784), &mut nb01_matmul::manual_seed(0));
/// assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
/// ```
pub fn rand<Sh: ShapeBuilder>(shape: Sh, rng: &mut Rng) -> Array<f32, Sh::Dim> {
    Array::from_shape_simple_fn(shape, || rng.random())
}
