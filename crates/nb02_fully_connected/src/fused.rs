//! Forward and backward fused: 256 rows at a time go through the whole net while they are in the cache.
//!
//! The plain forms go through the data layer by layer, and each layer is a pass over memory: `x_train`, 157 MB, is
//! read forward and again for the weights' gradient; every activation is written, read, and read once more.
//! Meanwhile the processor, which could multiply ten times as fast as memory delivers, waits.
//!
//! But the rows of a batch do not depend on each other. So a few rows can go all the way, up to the loss and back,
//! before the next are read: 256 rows of 784 pixels are 800 KB and stay in the L2 cache meanwhile.
//! Only *sums* over the rows leave such a block: the loss and the parameters' gradients.
//!
//! ```text
//!   a block of x ─── lin ──▶ l1 ─── relu ──▶ l2 ─── lin ──▶ out ──▶ Σ loss
//!        │                                    │              │
//!        ▼                                    ▼              ▼
//!   Σ w1.g, b1.g ◀── l1.g ◀── relu ◀──── Σ w2.g, b2.g ◀── out.g      then the next block
//! ```
//!
//! A block needs the number of all rows, since the gradient of a *mean* divides by it.
//!
//! Parts of some blocks run in parallel. How many there are depends on the number of rows only, and their sums are added
//! in order, so the digits do not depend on the number of threads. The loss and the biases' gradients, which are plain
//! sums over the data set, are added up in `f64`.
//!
//! This is the one place in the crate that is written for speed alone. It knows everything about this one net, as the
//! lesson's [`forward_and_backward`](crate::forward_and_backward) does, with which the tests compare it.
//!
//! ```
//! use nb02_fully_connected::{fused, *};
//!
//! let mut rng = manual_seed(0);
//! let (x, y) = (randn((1000, 12), &mut rng), rand(1000, &mut rng));
//! let net = Weights::kaiming(12, 5, 0.5, &mut rng);
//!
//! let (loss, grads) = fused::forward_and_backward(&x, &y, &net);
//! let (expected_loss, expected) = forward_and_backward(&x, &y, &net);
//! test_near(&loss, &expected_loss);
//! test_near(&grads.x, &expected.x);
//! test_near(&grads.w1, &expected.w1);
//! ```

use crate::functions::check_shapes;
use crate::kernels::par::{merge_parts, relu_grad_, relu_into, sum_few_rows, zeros};
use crate::matmul::{Epilogue, matmul_with};
use crate::{Grads, Weights, lin, matmul, matmul_into, mse, mse_grad};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use std::ops::Add;

/// Rows that go through the net together. With 784 pixels each they are 800 KB, a part of the second cache; and enough
/// that packing the weights for each block costs little.
const BLOCK: usize = 256;

/// Rows of a block whose share of `w1.g` is added at a time: few enough that the product reads x where it lies.
const FEW: usize = 128;

/// Parts at most, and rows in a part at least: its blocks share their sums, and in the end the parts' are added, which
/// takes as long as a few dozen rows for each.
const PARTS: usize = 32;
const PART: usize = 4 * BLOCK;

/// The lesson's [`forward_and_backward`](crate::forward_and_backward) in one go: the loss of `inp (n, m)` against
/// `targ (n)`, and its gradient with respect to everything that went in.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Weights, fused, ndarray::array};
///
/// let net = Weights { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let (loss, grads) = fused::forward_and_backward(&array![[2.0]], &array![20.0], &net);
/// assert_eq!((loss, grads.x), (16.0, array![[8.0 * 4.0 * 3.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward(inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>, net: &Weights) -> (f32, Grads) {
    check(inp, targ, net);
    let (loss, ParamGrads { w1, b1, w2, b2 }, l1_g) = with_l1_g(inp, targ, net);
    (loss, Grads { x: matmul(&l1_g, &net.w1.t()), w1, b1, w2, b2 })
}

/// [`forward_and_backward`] with the input's gradient written to `inp_g (n, m)`, which the caller keeps for the
/// next step.
///
/// New memory is not there yet: the system hands it out page by page, as each is first written to, and cleans
/// it before. For 157 MB that takes about as long as the arithmetic.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Weights, fused, ndarray::{Array2, array}};
///
/// let net = Weights { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let mut inp_g = Array2::zeros((1, 1));
/// let (_loss, grads) = fused::forward_and_backward_into(&array![[2.0]], &array![20.0], &net, &mut inp_g);
/// assert_eq!((inp_g, grads.w1), (array![[96.0]], array![[64.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward_into(
    inp: &ArrayRef2<f32>,
    targ: &ArrayRef1<f32>,
    net: &Weights,
    inp_g: &mut ArrayRef2<f32>,
) -> (f32, ParamGrads) {
    check(inp, targ, net);
    let hint = "a gradient has the shape of what it is for";
    let (shape, shape_g) = (("inp", inp.shape()), ("inp_g", inp_g.shape()));
    check_shapes("fused", inp.dim() == inp_g.dim(), shape, shape_g, hint);
    let (loss, grads, l1_g) = with_l1_g(inp, targ, net);
    matmul_into(&l1_g, &net.w1.t(), inp_g);
    (loss, grads)
}

/// [`forward_and_backward`] without the input's gradient, which training has no use for.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use nb02_fully_connected::{Weights, fused, ndarray::array};
///
/// let net = Weights { w1: array![[3.0]], b1: array![0.0], w2: array![[4.0]], b2: array![0.0], shift: 0.0 };
/// let (loss, grads) = fused::forward_and_backward_params(&array![[2.0]], &array![20.0], &net);
/// assert_eq!((loss, grads.w1, grads.w2), (16.0, array![[64.0]], array![[48.0]]));
/// ```
#[track_caller]
pub fn forward_and_backward_params(
    inp: &ArrayRef2<f32>,
    targ: &ArrayRef1<f32>,
    net: &Weights,
) -> (f32, ParamGrads) {
    check(inp, targ, net);
    let rows = Rows { x: inp.view(), y: targ.view(), l1_g: None };
    Step { net, n: inp.nrows() }.sums(rows).finished()
}

/// The loss's gradient with respect to what is learned: [`Grads`] without the input's.
///
/// ```
/// use nb02_fully_connected::{Weights, fused, manual_seed, rand, randn};
///
/// let mut rng = manual_seed(0);
/// let net = Weights::kaiming(12, 5, 0.5, &mut rng);
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

/// Also returns the gradient of `l1`, `(n, nh)`. The input's is a product of it, and best made all at once:
/// `matmul` writes a result that large past the caches.
fn with_l1_g(inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>, net: &Weights) -> (f32, ParamGrads, Array2<f32>) {
    let mut l1_g = zeros((inp.nrows(), net.w1.ncols()));
    let rows = Rows { x: inp.view(), y: targ.view(), l1_g: Some(l1_g.view_mut()) };
    let (loss, grads) = Step { net, n: inp.nrows() }.sums(rows).finished();
    (loss, grads, l1_g)
}

/// What all blocks share.
struct Step<'a> {
    net: &'a Weights,
    /// Rows in all.
    n: usize,
}

/// Some rows of the input and the target, and where the gradient of `l1` goes if it is wanted.
struct Rows<'a> {
    x: ArrayView2<'a, f32>,
    y: ArrayView1<'a, f32>,
    l1_g: Option<ArrayViewMut2<'a, f32>>,
}

impl<'a> Rows<'a> {
    /// Parts of as many rows; the last may have fewer, and where there are no rows, there is one part of none.
    fn parts(self, len: usize) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), self);
        while rest.x.nrows() > len {
            let (part, later) = rest.split_at(len);
            parts.push(part);
            rest = later;
        }
        parts.push(rest);
        parts
    }

    fn split_at(self, middle: usize) -> (Self, Self) {
        let ((x, later_x), (y, later_y)) =
            (self.x.split_at(Axis(0), middle), self.y.split_at(Axis(0), middle));
        let (l1_g, later_l1_g) = self.l1_g.map(|l1_g| l1_g.split_at(Axis(0), middle)).unzip();
        (Rows { x, y, l1_g }, Rows { x: later_x, y: later_y, l1_g: later_l1_g })
    }
}

impl Step<'_> {
    /// The sums over these rows, part by part, and those of the parts added in order.
    fn sums(&self, rows: Rows<'_>) -> Sums {
        let (m, nh) = self.net.w1.dim();
        let operations = 6.0 * (self.n * m * nh) as f64;
        let len = self.n.div_ceil(PARTS).max(PART).next_multiple_of(BLOCK);
        let sums = merge_parts(rows.parts(len).into_iter(), operations, |part| self.part(part), Sums::add);
        sums.unwrap_or_else(|| Sums::zeros(m, nh))
    }

    /// The sums over a part, block after block.
    fn part(&self, rows: Rows<'_>) -> Sums {
        let (m, nh) = self.net.w1.dim();
        let (mut sums, mut near) = (Sums::zeros(m, nh), Near::new(rows.x.nrows().min(BLOCK), nh));
        rows.parts(BLOCK).into_iter().for_each(|block| self.block(block, &mut near, &mut sums));
        sums
    }

    /// The lesson's `forward_and_backward` for one block, line by line, but that gradients are added to the sums.
    fn block(&self, Rows { x, y, l1_g: kept }: Rows<'_>, near: &mut Near, sums: &mut Sums) {
        let Weights { w1, b1, w2, b2, shift } = self.net;
        let share = x.nrows() as f64 / self.n as f64;
        let [mut l1, mut l2, mut l1_g] = near.rows(x.nrows());

        matmul_with(&x, w1, Epilogue::Bias(b1), &mut l1); // lin(x, w1, b1)
        relu_into(&l1, *shift, &mut l2);
        let out = lin(&l2, w2, b2);
        sums.loss += share * f64::from(mse(&out, &y));

        let out_g = mse_grad(&out, &y) * share as f32;
        sums.b2 += &sum_few_rows(&out_g);
        matmul_with(&l2.t(), &out_g, Epilogue::Add, &mut sums.w2);

        matmul_into(&out_g, &w2.t(), &mut l1_g);
        relu_grad_(&l1, &mut l1_g);
        sums.b1 += &sum_few_rows(&l1_g);
        for (g, x) in l1_g.axis_chunks_iter(Axis(0), FEW).zip(x.axis_chunks_iter(Axis(0), FEW)) {
            matmul_with(&g.t(), &x, Epilogue::Add, &mut sums.w1_t);
        }

        if let Some(mut kept) = kept {
            kept.assign(&l1_g);
        }
    }
}

/// The activations of a block and the gradient of its `l1`, which the next block writes over: new memory for each would have to
/// be handed out by the system, again and again.
struct Near([Array2<f32>; 3]);

impl Near {
    fn new(rows: usize, nh: usize) -> Self {
        Near(std::array::from_fn(|_| Array2::zeros((rows, nh))))
    }

    /// Places for `n` rows of each.
    fn rows(&mut self, n: usize) -> [ArrayViewMut2<'_, f32>; 3] {
        self.0.each_mut().map(|values| values.slice_axis_mut(Axis(0), (..n).into()))
    }
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
    fn zeros(m: usize, nh: usize) -> Self {
        let (w1_t, w2) = (Array2::zeros((nh, m)), Array2::zeros((nh, 1)));
        Sums { loss: 0.0, w1_t, b1: Array1::zeros(nh), w2, b2: Array1::zeros(1) }
    }

    /// The mean loss, and the gradients in the shapes of what they are for.
    fn finished(self) -> (f32, ParamGrads) {
        let w1 = self.w1_t.t().as_standard_layout().into_owned();
        let (b1, b2) = (self.b1.mapv(|g| g as f32), self.b2.mapv(|g| g as f32));
        (self.loss as f32, ParamGrads { w1, b1, w2: self.w2, b2 })
    }
}

impl Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Sums {
            loss: self.loss + other.loss,
            w1_t: self.w1_t + other.w1_t,
            b1: self.b1 + other.b1,
            w2: self.w2 + other.w2,
            b2: self.b2 + other.b2,
        }
    }
}

#[track_caller]
fn check(inp: &ArrayRef2<f32>, targ: &ArrayRef1<f32>, net: &Weights) {
    let (x, w1, b1, w2) = (inp.shape(), net.w1.shape(), net.b1.shape(), net.w2.shape());
    check_shapes("fused", x[1] == w1[0], ("inp", x), ("w1", w1), "w1 needs a row for each of inp's columns");
    check_shapes("fused", x[0] == targ.len(), ("inp", x), ("targ", targ.shape()), "each row has a target");
    let hint = "b1 needs an element for each of w1's columns";
    check_shapes("fused", b1[0] == w1[1], ("w1", w1), ("b1", b1), hint);
    check_shapes("fused", w2 == [w1[1], 1], ("w1", w1), ("w2", w2), "w2 is (nh, 1) where w1 is (m, nh)");
    let b2 = net.b2.shape();
    check_shapes("fused", b2 == [1], ("w2", w2), ("b2", b2), "b2 has one element, as w2 has one column");
}
