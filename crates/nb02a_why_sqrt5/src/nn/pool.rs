//! `nn::AvgPool2d`.

use super::{Module, Saved, Tensor, check_out_g, image_error, images, tensor};
use crate::kernels::conv::{avg_pool2d, avg_pool2d_grad};

/// `nn.AvgPool2d(size, stride)`, and [`global`](Self::global), PyTorch's `nn.AdaptiveAvgPool2d(1)`.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2d {
    /// Rows and columns of a window; `None` for the whole image.
    pub size: Option<(usize, usize)>,
    /// Pixels from a window to the next.
    pub stride: usize,
}

impl AvgPool2d {
    /// The mean of each window of `size` × `size` pixels.
    pub fn new(size: usize, stride: usize) -> Self {
        AvgPool2d { size: Some((size, size)), stride }
    }

    /// The mean of each channel: `(n, c, h, w)` → `(n, c, 1, 1)`, whatever the images' size.
    pub fn global() -> Self {
        AvgPool2d { size: None, stride: 1 }
    }

    fn window(&self, x: &[usize]) -> (usize, usize) {
        self.size.unwrap_or((x[2], x[3]))
    }
}

impl Module for AvgPool2d {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(self.infer(x)).keep(x)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        check_out_g("nn::AvgPool2d", saved.out.shape(), out_g.shape());
        let x = images(&saved.kept[0]);
        tensor(avg_pool2d_grad(x.dim(), &images(&out_g), self.window(x.shape()), self.stride, 0))
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        let x = images(x);
        tensor(avg_pool2d(&x, self.window(x.shape()), self.stride, 0))
    }

    fn shape_error(&self, x: &[usize]) -> Option<String> {
        image_error("nn::AvgPool2d", x, None, self.size.unwrap_or((1, 1)))
    }
}
