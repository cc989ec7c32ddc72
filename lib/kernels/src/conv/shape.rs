//! The sizes of a convolution, and what it says when they do not fit.

/// The number of images and channels, and the sizes of image, kernel and result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) n: usize,
    pub(super) ci: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) co: usize,
    pub(super) kh: usize,
    pub(super) kw: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) oh: usize,
    pub(super) ow: usize,
}

impl Shape {
    /// Panics unless a kernel of that shape can go over images of that shape.
    #[track_caller]
    pub(super) fn new(
        operation: &str,
        x: (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
        stride: usize,
        padding: usize,
    ) -> Self {
        let ((n, ci, h, w), (co, channels, kh, kw)) = (x, weight);
        assert!(
            ci == channels,
            "{operation}: x (n, ci, h, w) is {x:?} and weight (co, ci, kh, kw) is {weight:?}: x has {ci} channels, \
             but the weight takes {channels}{}",
            hint(x, channels)
        );
        let what = format_args!("{operation}: x {x:?} and weight {weight:?}").to_string();
        let (oh, ow) = windows(&what, (h, w), (kh, kw), stride, padding);
        Self { n, ci, h, w, co, kh, kw, stride, padding, oh, ow }
    }

    /// Panics unless there is a bias for each output channel.
    #[track_caller]
    pub(super) fn check_bias(&self, operation: &str, len: usize) {
        let weight = (self.co, self.ci, self.kh, self.kw);
        assert!(
            len == self.co,
            "{operation}: weight (co, ci, kh, kw) is {weight:?} and the bias has {len} numbers; \
             each of the {} output channels needs one",
            self.co
        );
    }

    /// Panics unless the gradient has the result's shape.
    #[track_caller]
    pub(super) fn check_out(&self, operation: &str, out_g: (usize, usize, usize, usize)) {
        let out = (self.n, self.co, self.oh, self.ow);
        assert!(
            out_g == out,
            "{operation}: the result is (n, co, oh, ow) = {out:?}, but its gradient is {out_g:?}; \
             they must be equal: are stride and padding those of the forward pass?"
        );
    }

    /// Numbers in a patch.
    pub(super) fn patch(&self) -> usize {
        self.kh * self.kw * self.ci
    }

    /// Patches of an image.
    pub(super) fn positions(&self) -> usize {
        self.oh * self.ow
    }

    /// Patches of all images: the product's rows.
    pub(super) fn rows(&self) -> usize {
        self.n * self.positions()
    }

    /// Multiplications and additions of one product.
    pub(super) fn operations(&self) -> f64 {
        2.0 * self.rows() as f64 * self.patch() as f64 * self.co as f64
    }
}

/// How often a window fits a padded image, along each axis: `(size + 2 · padding − window) / stride
/// + 1`.
#[track_caller]
pub(super) fn windows(
    what: &str,
    (h, w): (usize, usize),
    (kh, kw): (usize, usize),
    stride: usize,
    padding: usize,
) -> (usize, usize) {
    assert!(stride > 0, "{what}: a stride of 0 never gets to the next position; 1 is the least");
    assert!(kh > 0 && kw > 0, "{what}: the kernel is empty; 1 × 1 is the least");
    let padded = |size: usize| padding.checked_mul(2).and_then(|both| both.checked_add(size));
    match (padded(h), padded(w)) {
        (Some(h), Some(w)) if kh <= h && kw <= w => ((h - kh) / stride + 1, (w - kw) / stride + 1),
        (Some(h), Some(w)) => panic!(
            "{what}: a kernel of {kh} × {kw} does not fit an image of {h} × {w} (padding {padding} on each side included); \
             take a smaller kernel or more padding"
        ),
        _ => panic!("{what}: an image with a padding of {padding} is larger than any memory"),
    }
}

/// What was probably meant.
fn hint((_, ci, _, c): (usize, usize, usize, usize), channels: usize) -> &'static str {
    if c == channels && ci != channels {
        "; are these images (n, h, w, c)? `x.permuted_axes([0, 3, 1, 2])` sees them as (n, c, h, w)"
    } else {
        "; build the layer for as many channels as the images have"
    }
}
