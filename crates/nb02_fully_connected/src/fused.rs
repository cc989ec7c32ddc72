//! The whole step at once: forward and backward over a few rows while they are near.
//!
//! The plain forms go through the data layer by layer. Each is a pass over memory: `x_train`, 157 MB, is read
//! forward and again for the weights' gradient, every activation is written, read, and read once more, and
//! meanwhile the processor, which could multiply ten times as fast as memory delivers, waits.
//!
//! But no row of a batch knows of another. So some rows can go all the way, up to the loss and back, before the next
//! are touched: [`BLOCK`] rows of 784 pixels are 1.6 MB and stay in the second cache. Only *sums* over
//! the rows leave a block: the loss and the parameters' gradients.
//!
//! ```text
//!            block of x ── lin, relu ──▶ a ── lin, mse ──▶ out, loss
//!                │                       │                 │
//!   w1.g  +=   xᵀ @ a.g  ◀── a becomes its own gradient ◀── out.g         the next block, please
//! ```
//!
//! The gradient of the loss divides by the number of *all* rows, which is known beforehand; and the activations `a`
//! are needed for nothing any more once their own gradient is known, which therefore takes their place.
//!
//! Blocks run in parallel. Their sums are added pairwise, in a tree whose shape depends on the number of rows only,
//! so the digits do not depend on the number of threads. What is added up over the data set without being a
//! product — the loss, the biases' gradients — is an `f64`.
//!
//! Reading stays first: this is the one place in the crate that is written for speed. It knows everything about this
//! one net, as [`forward_and_backward`](crate::forward_and_backward) does, with which every test compares it.
//!
//! ```
//! use nb02_fully_connected::{fused, *};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((1000, 12), &mut rng), rand(1000, &mut rng));
//! let net = Net::kaiming(12, 5, 0.5, &mut rng);
//!
//! let (loss, grads) = fused::forward_and_backward(&x, &y, &net);
//! let (expected_loss, expected) = forward_and_backward(&x, &y, &net);
//! test_near(&loss, &expected_loss);
//! test_near(&grads.x, &expected.x);
//! test_near(&grads.w1, &expected.w1);
//! ```

use crate::functions::{activation::relu_grad_, check_shapes, linear::sum_rows_f64};
use crate::matmul::{Epilogue, matmul_with};
use crate::{Grads, Net, lin, matmul, matmul_into, mse, mse_grad, shifted_relu};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};

/// Rows that go through the net together: with 784 pixels each they fill most of a second cache of 2 MB.
pub const BLOCK: usize = 512;

/// Rows whose outer products are added at a time: what is left of them in the nearest caches.
const FEW: usize = 128;

/// [`forward_and_backward`](crate::forward_and_backward) in one go: the loss of `inp (n, m)` against `targ (n)`, and its gradient with respect to
/// everything that went in.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Net, fused, ndarray::array};
///
/// let net = Net { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let (loss, grads) = fused::forward_and_backward(&array![[2.0]], &array![20.0], &net);
/// assert_eq!((loss, grads.x), (16.0, array![[8.0 * 4.0 * 3.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward(inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>, net: &Net) -> (f32, Grads) {
    let mut x = Array2::zeros(inp.dim());
    let (loss, ParamGrads { w1, b1, w2, b2 }) = forward_and_backward_into(inp, targ, net, &mut x);
    (loss, Grads { x, w1, b1, w2, b2 })
}

/// [`forward_and_backward`] with the input's gradient written to `inp_g (n, m)`, which the caller keeps for the next
/// step.
///
/// Memory that has just been obtained is not there yet: the system hands out page after page as each is first
/// written to, and cleans it. For 157 MB that takes as long as the arithmetic.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Net, fused, ndarray::{Array2, array}};
///
/// let net = Net { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let mut inp_g = Array2::zeros((1, 1));
/// let (_loss, grads) = fused::forward_and_backward_into(&array![[2.0]], &array![20.0], &net, &mut inp_g);
/// assert_eq!((inp_g, grads.w1), (array![[96.0]], array![[64.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward_into(
    inp: &ArrayRef2<f32>,
    targ: &ArrayRef1<f32>,
    net: &Net,
    inp_g: &mut ArrayRef2<f32>,
) -> (f32, ParamGrads) {
    check(inp, targ, net);
    let way_out = "a gradient has the shape of what it is for";
    let (shape, shape_g) = (("inp", inp.shape()), ("inp_g", inp_g.shape()));
    check_shapes("fused", inp.dim() == inp_g.dim(), shape, shape_g, way_out);
    Step::new(net, inp.nrows()).of(inp.view(), targ.view(), Some(inp_g.view_mut())).finished()
}

/// [`forward_and_backward`] without the input's gradient, which training has no use for: the form that is as fast as
/// the machine allows.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Net, fused, ndarray::array};
///
/// let net = Net { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let (loss, grads) = fused::forward_and_backward_params(&array![[2.0]], &array![20.0], &net);
/// assert_eq!((loss, grads.w1, grads.w2), (16.0, array![[64.0]], array![[48.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward_params(
    inp: &ArrayRef2<f32>,
    targ: &ArrayRef1<f32>,
    net: &Net,
) -> (f32, ParamGrads) {
    check(inp, targ, net);
    Step::new(net, inp.nrows()).of(inp.view(), targ.view(), None).finished()
}

/// The loss's gradient with respect to what is learned: [`Grads`] without the input's.
///
/// ```
/// use nb02_fully_connected::{Net, fused, manual_seed, rand, randn};
///
/// let mut rng = manual_seed(0);
/// let net = Net::kaiming(12, 5, 0.5, &mut rng);
/// let (_loss, grads) = fused::forward_and_backward_params(&randn((3, 12), &mut rng), &rand(3, &mut rng), &net);
/// assert_eq!(grads.w1.dim(), net.w1.dim());
/// ```
#[derive(Clone, Debug)]
pub struct ParamGrads {
    /// Of the first weights, `(m, nh)`.
    pub w1: Array2<f32>,
    /// Of the first bias, `(nh)`.
    pub b1: Array1<f32>,
    /// Of the second weights, `(nh, 1)`.
    pub w2: Array2<f32>,
    /// Of the second bias, `(1)`.
    pub b2: Array1<f32>,
}

/// What all blocks share.
struct Step<'a> {
    net: &'a Net,
    /// `w1ᵀ`, `(nh, m)`, row after row: copied once, and not by every block.
    w1_t: Array2<f32>,
    /// Rows in all.
    n: usize,
}

impl<'a> Step<'a> {
    fn new(net: &'a Net, n: usize) -> Self {
        Step { net, w1_t: net.w1.t().as_standard_layout().into_owned(), n }
    }

    /// The sums over these rows: those over one half and those over the other, until a block is left.
    fn of(&self, x: ArrayView2<'_, f32>, y: ArrayView1<'_, f32>, x_g: Option<ArrayViewMut2<'_, f32>>) -> Sums {
        if x.nrows() <= BLOCK {
            return self.block(&x, &y, x_g);
        }
        let middle = (x.nrows() / 2).next_multiple_of(BLOCK);
        let ((x, later_x), (y, later_y)) = (x.split_at(Axis(0), middle), y.split_at(Axis(0), middle));
        let (x_g, later_x_g) = x_g.map(|x_g| x_g.split_at(Axis(0), middle)).unzip();
        let (sums, later) = rayon::join(|| self.of(x, y, x_g), || self.of(later_x, later_y, later_x_g));
        sums.plus(&later)
    }

    /// The lesson's `forward_and_backward`, line by line, for one block.
    fn block(&self, x: &ArrayRef2<f32>, y: &ArrayRef1<f32>, x_g: Option<ArrayViewMut2<'_, f32>>) -> Sums {
        let Net { w1, b1, w2, b2, shift } = self.net;
        let share = x.nrows() as f64 / self.n as f64;

        let l1 = lin(x, w1, b1);
        let l2 = shifted_relu(&l1, *shift);
        let out = lin(&l2, w2, b2);

        let out_g = mse_grad(&out, y) * share as f32;
        let mut l1_g = matmul(&out_g, &w2.t());
        relu_grad_(&l1, &mut l1_g);
        if let Some(mut x_g) = x_g {
            matmul_into(&l1_g, &self.w1_t, &mut x_g);
        }
        Sums {
            loss: share * f64::from(mse(&out, y)),
            w1_t: product_in_parts(&l1_g, x),
            b1: sum_rows_f64(&l1_g),
            w2: matmul(&l2.t(), &out_g),
            b2: sum_rows_f64(&out_g),
        }
    }
}

/// `l1_gᵀ @ x`, [`FEW`] rows of each at a time.
fn product_in_parts(l1_g: &ArrayRef2<f32>, x: &ArrayRef2<f32>) -> Array2<f32> {
    let mut w1_t = Array2::zeros((l1_g.ncols(), x.ncols()));
    for (l1_g, x) in l1_g.axis_chunks_iter(Axis(0), FEW).zip(x.axis_chunks_iter(Axis(0), FEW)) {
        matmul_with(&l1_g.t(), &x, Epilogue::Add, &mut w1_t);
    }
    w1_t
}

/// What some rows contribute: everything in it is a sum over them.
struct Sums {
    loss: f64,
    /// `(nh, m)`: transposed, as its rows are the longer ones that way.
    w1_t: Array2<f32>,
    b1: Array1<f64>,
    w2: Array2<f32>,
    b2: Array1<f64>,
}

impl Sums {
    fn plus(self, other: &Self) -> Self {
        Sums {
            loss: self.loss + other.loss,
            w1_t: self.w1_t + &other.w1_t,
            b1: self.b1 + &other.b1,
            w2: self.w2 + &other.w2,
            b2: self.b2 + &other.b2,
        }
    }

    /// The mean loss, and the gradients in the shapes of what they are for.
    fn finished(self) -> (f32, ParamGrads) {
        let w1 = self.w1_t.t().as_standard_layout().into_owned();
        let (b1, b2) = (self.b1.mapv(|g| g as f32), self.b2.mapv(|g| g as f32));
        (self.loss as f32, ParamGrads { w1, b1, w2: self.w2, b2 })
    }
}

#[track_caller]
fn check(inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>, net: &Net) {
    let (x, w1, b1, w2) = (inp.shape(), net.w1.shape(), net.b1.shape(), net.w2.shape());
    let check = |fits, a, b, way_out: &str| check_shapes("fused", fits, a, b, way_out);
    check(x[1] == w1[0], ("inp", x), ("w1", w1), "w1 needs a row for each of inp's columns");
    check(x[0] == targ.len(), ("inp", x), ("targ", targ.shape()), "each row has a target");
    check(b1[0] == w1[1], ("w1", w1), ("b1", b1), "b1 needs an element for each of w1's columns");
    check(w2 == [w1[1], 1], ("w1", w1), ("w2", w2), "w2 is (nh, 1) where w1 is (m, nh)");
    check(net.b2.len() == 1, ("w2", w2), ("b2", net.b2.shape()), "b2 has one element, as w2 has one column");
}
