//! `nn::Sequential`: a module made of modules.

use super::module::check_out_g;
use super::{Module, Param, Saved, Tensor};
use std::fmt;

/// Modules one after the other, each given the output of the one before: itself a [`Module`].
///
/// A parameter's name begins with its layer's place, as in PyTorch: `0.weight`, `0.bias`, `2.weight`, …
///
/// ```
/// use nb02_fully_connected::{manual_seed, nn::{Linear, Module, ReLU, Sequential}};
///
/// let rng = &mut manual_seed(0);
/// let mut net = Sequential::new().then(Linear::new(784, 50, rng)).then(ReLU).then(Linear::new(50, 10, rng));
/// let names: Vec<String> = net.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// ```
#[derive(Debug, Default)]
pub struct Sequential {
    /// The modules, first to last.
    pub layers: Vec<Box<dyn Module>>,
}

impl Sequential {
    /// An empty one, which returns what it is given.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more module at the end.
    #[must_use]
    pub fn then(mut self, layer: impl Module) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// All layers' forward passes; a layer and the next one in a single pass if the layer knows how.
    #[track_caller]
    fn forward_at(&self, x: &Tensor, within: Option<&Place<'_>>) -> Saved {
        let mut parts: Vec<Saved> = Vec::with_capacity(self.layers.len());
        while let [layer, later @ ..] = &self.layers[parts.len()..] {
            let x = parts.last().map_or(x, |before| &before.out);
            let place = Place { layer: parts.len(), within };
            place.check(&**layer, x);
            let both = later.first().and_then(|next| layer.forward_with(x, &**next));
            match (both, layer.downcast_ref::<Sequential>()) {
                (Some(both), _) => {
                    let next = Saved::new(both.out.clone());
                    parts.extend([both, next]);
                }
                (None, Some(inner)) => parts.push(inner.forward_at(x, Some(&place))),
                (None, None) => parts.push(layer.forward(x)),
            }
        }
        let out = parts.last().map_or(x, |last| &last.out).clone();
        Saved { parts, ..Saved::new(out) }
    }

    #[track_caller]
    fn infer_at(&self, x: &Tensor, within: Option<&Place<'_>>) -> Tensor {
        let (mut x, mut done) = (x.clone(), 0);
        while let [layer, later @ ..] = &self.layers[done..] {
            let place = Place { layer: done, within };
            place.check(&**layer, &x);
            let both = later.first().and_then(|next| layer.forward_with(&x, &**next));
            done += if both.is_some() { 2 } else { 1 };
            x = match (both, layer.downcast_ref::<Sequential>()) {
                (Some(both), _) => both.out,
                (None, Some(inner)) => inner.infer_at(&x, Some(&place)),
                (None, None) => layer.infer(&x),
            };
        }
        x
    }

    #[track_caller]
    fn check(&self, saved: &Saved, out_g: &Tensor) {
        let (parts, layers) = (saved.parts.len(), self.layers.len());
        assert!(
            parts == layers,
            "nn::Sequential: saved by {parts} layers, for {layers}: it is another module's"
        );
        check_out_g("nn::Sequential", saved, out_g);
    }
}

impl Module for Sequential {
    fn forward(&self, x: &Tensor) -> Saved {
        self.forward_at(x, None)
    }

    /// The chain rule: each layer is handed the gradient that the layer after it returned.
    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        self.check(&saved, &out_g);
        drop(saved.out);
        let parts = self.layers.iter_mut().zip(saved.parts).rev();
        parts.fold(out_g, |out_g, (layer, part)| layer.backward(part, out_g))
    }

    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        self.check(&saved, &out_g);
        drop(saved.out);
        let mut parts = self.layers.iter_mut().zip(saved.parts);
        if let Some((first, part)) = parts.next() {
            let out_g = parts.rev().fold(out_g, |out_g, (layer, part)| layer.backward(part, out_g));
            first.backward_params(part, out_g);
        }
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        self.infer_at(x, None)
    }

    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        let mut all = Vec::new();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            all.extend(layer.parameters().into_iter().map(|(name, p)| (format!("{i}.{name}"), p)));
        }
        all
    }
}

/// Where a layer is in the net: `2`, or `0.2` in a `Sequential` that is itself layer 0.
struct Place<'a> {
    layer: usize,
    within: Option<&'a Place<'a>>,
}

impl Place<'_> {
    /// Panics with the layer's shape error and its place.
    #[track_caller]
    fn check(&self, layer: &dyn Module, x: &Tensor) {
        if let Some(error) = layer.shape_error(x.shape()) {
            panic!("layer {self}: {error}");
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Some(outer) => write!(f, "{outer}.{}", self.layer),
            None => write!(f, "{}", self.layer),
        }
    }
}
