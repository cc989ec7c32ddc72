//! `nn`, with layers for images: [`Conv2d`], [`AvgPool2d`], [`Flatten`], [`Lambda`]; the others are
//! re-exported.
//!
//! A batch of images is a tensor `(n, c, h, w)`, as in PyTorch. In memory, what a convolution
//! returns has its channels last. No layer depends on that, and two convolutions in a row need no
//! transpose.
//!
//! ```
//! use nb02a_why_sqrt5::{*, nn::tensor};
//!
//! let rng = &mut manual_seed(0);
//! let net = nn::Sequential::new()
//!     .then(nn::Conv2d::new(1, 8, 5, 2, 2, rng)) // (n, 8, 14, 14)
//!     .then(nn::ReLU)
//!     .then(nn::AvgPool2d::global()) // (n, 8, 1, 1)
//!     .then(nn::Flatten) // (n, 8)
//!     .then(nn::Linear::new(8, 10, rng));
//! assert_eq!(net.infer(&tensor(randn((5, 1, 28, 28), rng))).shape(), [5, 10]);
//! ```

mod conv2d;
mod pool;
mod reshape;

pub use conv2d::Conv2d;
pub use nb02_fully_connected::nn::*;
pub use pool::AvgPool2d;
pub use reshape::{Flatten, Lambda};

use crate::ndarray::{ArrayRef, ArrayView4, IxDyn};

/// A tensor of rank 4 as images `(n, c, h, w)`, for functions that take such; nothing is copied.
///
/// # Panics
/// If `x.ndim() != 4`.
#[track_caller]
pub fn images(x: &ArrayRef<f32, IxDyn>) -> ArrayView4<'_, f32> {
    match x.view().into_dimensionality() {
        Ok(images) => images,
        Err(_) => panic!("images: x {:?} does not have rank 4, (n, c, h, w)", x.shape()),
    }
}

/// Panics unless the gradient has the shape of what it is for.
#[track_caller]
fn check_out_g(module: &str, out: &[usize], out_g: &[usize]) {
    assert!(
        out == out_g,
        "{module}: out {out:?} and out_g {out_g:?} do not fit: a gradient has the shape of what it is for"
    );
}

/// Why no images of `channels` channels (any number for `None`), at least as large as the window,
/// have this shape.
fn image_error(module: &str, x: &[usize], channels: Option<usize>, window: (usize, usize)) -> Option<String> {
    match *x {
        [_, c, ..] if x.len() == 4 && channels.is_some_and(|channels| c != channels) => {
            Some(format!("{module}: x {x:?} has {c} channels, and the layer takes {}", channels.unwrap_or(0)))
        }
        [_, _, h, w] if h < window.0 || w < window.1 => Some(format!(
            "{module}: x {x:?} is smaller than the window {window:?}, less the padding; take a smaller one, or more padding"
        )),
        [_, _, _, _] => None,
        _ => Some(format!("{module}: x {x:?} does not have rank 4, (n, c, h, w)")),
    }
}
