//! The layers, and the numbers that all contenders get.

use crate::data::matrix;
use crate::record::Experiment;
use nb03_minibatch_training::ndarray::{Array1, Array4};
use nb03_minibatch_training::{conv2d_loops, conv2d_loops_grad};

const IMAGES: usize = 512;
pub(super) const STRIDE: usize = 2;

/// `ci` channels of `size × size` → `co` channels.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    pub(super) ci: usize,
    pub(super) size: usize,
    pub(super) co: usize,
    pub(super) kernel: usize,
    pub(super) padding: usize,
    pub(super) input_gradient: bool,
}

pub(super) const LAYERS: [Layer; 4] = [
    Layer { ci: 1, size: 28, co: 8, kernel: 5, padding: 2, input_gradient: false },
    Layer { ci: 8, size: 14, co: 16, kernel: 3, padding: 1, input_gradient: true },
    Layer { ci: 16, size: 7, co: 32, kernel: 3, padding: 1, input_gradient: true },
    Layer { ci: 32, size: 4, co: 64, kernel: 3, padding: 1, input_gradient: true },
];

/// The numbers of one layer, with channels second.
pub(super) struct Inputs {
    pub(super) layer: Layer,
    pub(super) x: Array4<f32>,
    pub(super) weight: Array4<f32>,
    pub(super) bias: Array1<f32>,
    pub(super) out_g: Array4<f32>,
}

impl Layer {
    fn out_size(&self) -> usize {
        (self.size + 2 * self.padding - self.kernel) / STRIDE + 1
    }

    /// A product forward, one for the weight and one for the images; padding is multiplied, too.
    pub(super) fn experiment(&self) -> Experiment {
        let Layer { ci, size, co, kernel, .. } = *self;
        let (x, out) = (IMAGES * ci * size * size, IMAGES * co * self.out_size().pow(2));
        let with = usize::from(self.input_gradient);
        Experiment {
            part: "convolution".into(),
            name: format!("{ci}·{size}² → {co}, {kernel}×{kernel}"),
            flops: 2.0 * (out * ci * kernel * kernel * (2 + with)) as f64,
            read: 4.0 * (x + out) as f64,
            written: 4.0 * (out + with * x) as f64,
            ..Experiment::default()
        }
    }

    /// As `torch_worker.py` wants it.
    pub(super) fn sizes(&self) -> [usize; 8] {
        let Layer { ci, size, co, kernel, padding, input_gradient } = *self;
        [IMAGES, ci, size, co, kernel, STRIDE, padding, input_gradient.into()]
    }
}

impl Inputs {
    pub(super) fn new(layer: Layer) -> Self {
        let Layer { ci, size, co, kernel, .. } = layer;
        let out = layer.out_size();
        Inputs {
            layer,
            x: numbers_of([IMAGES, ci, size, size], 0),
            weight: numbers_of([co, ci, kernel, kernel], 1),
            bias: matrix(1, co, 2).into_iter().collect(),
            out_g: numbers_of([IMAGES, co, out, out], 3),
        }
    }

    /// Six loops, in `f64`.
    pub(super) fn reference(&self) -> Vec<Vec<f64>> {
        let wide = |array: &Array4<f32>| array.mapv(f64::from);
        let (x, weight, bias) = (wide(&self.x), wide(&self.weight), self.bias.mapv(f64::from));
        let padding = self.layer.padding;
        let out = conv2d_loops(&x, &weight, &bias, STRIDE, padding);
        let grad = conv2d_loops_grad(&x, &weight, &wide(&self.out_g), STRIDE, padding);
        let flat = |array: Array4<f64>| array.into_iter().collect();
        let input = self.layer.input_gradient.then(|| flat(grad.x));
        [flat(out), flat(grad.weight), grad.bias.to_vec()].into_iter().chain(input).collect()
    }
}

fn numbers_of(shape: [usize; 4], seed: u32) -> Array4<f32> {
    let [n, rest @ ..] = shape;
    matrix(n, rest.iter().product(), seed).into_shape_with_order(shape).expect("as many numbers")
}
