//! Random numbers for a matrix, from harmless to hostile, drawn from a seed, so that shrinking is about shapes.

use crate::common::random::{manual_seed, rand, randn};
use kernels::ndarray::Array2;
use proptest::prelude::*;

/// What the numbers of a matrix are like.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    kind: Kind,
    /// As many of them are replaced by a NaN, an infinity or a zero.
    specials: usize,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Normal,
    /// One number over and over: every rounding goes the same way, so that errors add up as badly as they can.
    Constant,
    /// Products of two of them are subnormal, or vanish.
    Tiny,
    /// Products of two of them overflow.
    Huge,
    /// From 1e-19 to 1e19.
    AllSizes,
}

fn kind() -> impl Strategy<Value = Kind> {
    use Kind::*;
    prop_oneof![3 => Just(Normal), 2 => Just(Constant), 1 => Just(Tiny), 1 => Just(Huge), 1 => Just(AllSizes)]
}

/// Numbers of all kinds, sometimes with NaN and infinities among them.
pub(crate) fn numbers() -> impl Strategy<Value = Numbers> {
    let specials = prop_oneof![4 => Just(0), 1 => 1..4_usize];
    (kind(), specials, 0..1000_u64).prop_map(|(kind, specials, seed)| Numbers { kind, specials, seed })
}

impl Numbers {
    /// A matrix of them.
    pub(crate) fn matrix(&self, shape: (usize, usize)) -> Array2<f32> {
        let mut values = self.finite(shape);
        let rng = &mut manual_seed(!self.seed);
        let random = |below: usize, rng: &mut _| (rand((), rng)[()] * below as f32) as usize;
        for _ in 0..if values.is_empty() { 0 } else { self.specials } {
            let at = (random(shape.0, rng), random(shape.1, rng));
            values[at] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0][random(4, rng)];
        }
        values
    }

    fn finite(&self, shape: (usize, usize)) -> Array2<f32> {
        let rng = &mut manual_seed(self.seed);
        let normal = randn(shape, rng);
        match self.kind {
            Kind::Normal => normal,
            Kind::Constant => Array2::from_elem(shape, 0.1),
            Kind::Tiny => normal * 1e-22,
            Kind::Huge => normal * 3e19,
            Kind::AllSizes => normal * rand(shape, rng).mapv(|power| 10_f32.powf(38.0 * power - 19.0)),
        }
    }
}
