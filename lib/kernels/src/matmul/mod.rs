//! The matrix product, from the foundations, as fast as the machine allows.
//!
//! Three facts decide how it is written:
//!
//! 1. **The processor multiplies faster than it loads.** It can start two multiply-adds of a whole register in every
//!    cycle, so each number loaded must be used many times before it leaves the registers: `kernel` keeps a *tile*
//!    of C there, as large as fits.
//! 2. **Near memory is fast and small.** Data that is used again soon should come from L1, and nothing should be
//!    copied without need. What that means depends on the shape, and a net's shapes are extreme.
//! 3. **There are several processors.** Each takes its own part of the result: `threads.rs`.
//!
//! | the product | what is special | file |
//! |---|---|---|
//! | forward, `x @ w`: 50,000·784·50 | few columns: dot products, x is never packed | `tall_skinny.rs` |
//! | weights' gradient, `xᵀ @ g`: 784·50,000·50 | a long sum for a small result: parts, added at the end | `split_k.rs` |
//! | the same over a mini-batch: 784·64·50 | a short sum for a tall result: computed transposed | `short_k.rs` |
//! | input's gradient, `g @ wᵀ`: 50,000·50·784 | the result is the cost: non-temporal stores | `blocked.rs` |
//! | any other, 1024·1024·1024 | blocks and packed panels | `blocked.rs` |
//! | a few rows, 1·4096·4096 | B is used once: read where it lies | `tall_skinny.rs`, `blocked.rs` |
//! | tiny, 5·784·10 | about a microsecond: no packing, no allocation, no threads | `blocked.rs` |
//!
//! No operand is transposed beforehand: strides say where its elements are, and packing, a block at a time, takes any
//! layout. `matmul(&x.t(), &g)` of a long sum copies nothing at all.
//!
//! **Accuracy.** Each number of the result is a sum over `k` in [`Element`]'s own precision, in lanes, blocks and parts, so
//! its error is at most that of adding one term after the other: `|error| ≤ k · ε · Σ |a| · |b|`. NaN and infinities
//! propagate as IEEE 754 says. The order of the sum depends on the shapes, strides and path only: the same bits come out
//! for any number of threads.
//!
//! **Threads.** Products over 0.4 million operations use the current rayon pool (`RAYON_NUM_THREADS`); `NB_THREADS` limits
//! how many of its threads work on one call. `NB_MATMUL` forces an [`Isa`].
//!
//! ```
//! use kernels::{matmul::matmul, ndarray::Array2};
//!
//! let (x, w) = (Array2::<f32>::ones((64, 784)), Array2::ones((784, 10)));
//! let out = matmul(&x, &w);
//! let w_g = matmul(&x.t(), &out); // (784, 64) · (64, 10)
//! assert_eq!((out.dim(), w_g.dim()), ((64, 10), (784, 10)));
//! ```

pub(crate) mod destination;
pub(crate) mod kernel;
pub(crate) mod mat_ref;
pub(crate) mod shapes;
mod blocked;
mod blocks;
mod tall_skinny;
mod split_k;
mod short_k;
pub(crate) mod portable;

use crate::{Element, Isa, memory};
use destination::Destination;
use kernel::Kernels;
use mat_ref::MatRef;
use ndarray::{Array2, ArrayRef1, ArrayRef2};
use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ptr::null;

/// What happens to each result while it is still in a register, where it costs no pass over memory.
///
/// ```
/// use kernels::matmul::{Epilogue, matmul_with};
/// use kernels::ndarray::array;
///
/// let mut c = array![[100.0, 100.0]];
/// matmul_with(&array![[1.0, -1.0]], &array![[3.0, 0.0], [0.0, 4.0]], Epilogue::Add, &mut c);
/// assert_eq!(c, array![[103.0, 96.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a, T> {
    /// `c = a @ b`
    None,
    /// `c = c + a @ b`: gradients from several places add up.
    Add,
    /// `c = a @ b + bias`, the bias `(n)` broadcast over the rows: a linear layer.
    Bias(&'a ArrayRef1<T>),
    /// `c = max(a @ b + bias, 0) − shift`: a linear layer and its ReLU, the lesson's `clamp_min(0.) - 0.5`.
    BiasRelu {
        /// Added to each column: `(n)`.
        bias: &'a ArrayRef1<T>,
        /// Subtracted at the end; 0 for the plain ReLU.
        shift: T,
    },
}

/// `a @ b`: `(m, k)` times `(k, n)` gives `(m, n)`.
///
/// # Panics
/// At the caller's line if the inner sizes differ.
///
/// ```
/// use kernels::{matmul::matmul, ndarray::array};
///
/// let c = matmul(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]]);
/// assert_eq!(c, array![[140.0, 140.0], [320.0, 320.0]]);
/// ```
#[track_caller]
pub fn matmul<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>) -> Array2<T> {
    T::product_new("matmul", a, b, Epilogue::None)
}

/// `a @ b`, written to `c`: `(m, k)` times `(k, n)` into `(m, n)`, whatever `c` held before.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use kernels::{matmul::matmul_into, ndarray::{Array2, array}};
///
/// let mut c = Array2::zeros((1, 1));
/// matmul_into(&array![[1.0, 2.0]], &array![[3.0], [4.0]], &mut c);
/// assert_eq!(c, array![[11.0]]);
/// ```
#[track_caller]
pub fn matmul_into<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>, c: &mut ArrayRef2<T>) {
    T::product_into("matmul_into", Isa::chosen(), a, b, Epilogue::None, c);
}

/// `x @ w + bias` in one pass: `(n, m)` times `(m, h)` plus `(h)` gives `(n, h)`, the lesson's `lin`.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use kernels::matmul::affine;
/// use kernels::ndarray::array;
///
/// let (x, w, b) = (array![[1.0, 2.0]], array![[1.0, 0.0], [0.0, 1.0]], array![10.0, 20.0]);
/// assert_eq!(affine(&x, &w, &b), array![[11.0, 22.0]]);
/// ```
#[track_caller]
pub fn affine<T: Element>(x: &ArrayRef2<T>, w: &ArrayRef2<T>, bias: &ArrayRef1<T>) -> Array2<T> {
    T::product_new("affine", x, w, Epilogue::Bias(bias))
}

/// `max(x @ w + bias, 0) − shift` in one pass: a linear layer and its ReLU, `(n, m)` to `(n, h)`.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use kernels::matmul::affine_relu;
/// use kernels::ndarray::array;
///
/// let (x, w, b) = (array![[1.0, -2.0]], array![[1.0, 0.0], [0.0, 1.0]], array![0.0, 0.0]);
/// assert_eq!(affine_relu(&x, &w, &b, 0.5), array![[0.5, -0.5]]);
/// ```
#[track_caller]
pub fn affine_relu<T: Element>(
    x: &ArrayRef2<T>,
    w: &ArrayRef2<T>,
    bias: &ArrayRef1<T>,
    shift: T,
) -> Array2<T> {
    T::product_new("affine_relu", x, w, Epilogue::BiasRelu { bias, shift })
}

/// `a @ b` finished as `epilogue` says, written to `c`: the form that all the others are short for.
///
/// # Panics
/// At the caller's line if the shapes do not fit.
///
/// ```
/// use kernels::matmul::{Epilogue, matmul_with};
/// use kernels::ndarray::{Array2, array};
///
/// let mut c = Array2::zeros((1, 2));
/// let bias = array![0.5, -9.0];
/// matmul_with(&array![[2.0]], &array![[3.0, 4.0]], Epilogue::BiasRelu { bias: &bias, shift: 0.0 }, &mut c);
/// assert_eq!(c, array![[6.5, 0.0]]);
/// ```
#[track_caller]
pub fn matmul_with<T: Element>(
    a: &ArrayRef2<T>,
    b: &ArrayRef2<T>,
    epilogue: Epilogue<'_, T>,
    c: &mut ArrayRef2<T>,
) {
    T::product_into("matmul_with", Isa::chosen(), a, b, epilogue, c);
}

/// [`matmul_with`] with instructions of the caller's choice: how one program tests and compares them.
///
/// # Panics
/// At the caller's line if the shapes do not fit, or if this processor lacks the isa.
///
/// ```
/// use kernels::{Isa, matmul::{Epilogue, matmul_on}};
/// use kernels::ndarray::{Array2, array};
///
/// for isa in Isa::available() {
///     let mut c = Array2::zeros((1, 1));
///     matmul_on(isa, &array![[1.0, 2.0]], &array![[3.0], [4.0]], Epilogue::None, &mut c);
///     assert_eq!(c, array![[11.0]]);
/// }
/// ```
#[track_caller]
pub fn matmul_on<T: Element>(
    isa: Isa,
    a: &ArrayRef2<T>,
    b: &ArrayRef2<T>,
    epilogue: Epilogue<'_, T>,
    c: &mut ArrayRef2<T>,
) {
    assert!(isa.is_available(), "matmul_on: this processor has no {isa}; see Isa::available()");
    T::product_into("matmul_on", isa, a, b, epilogue, c);
}

/// A product in new memory, which the kernels are the first to write.
#[track_caller]
pub(crate) fn new<T: Element>(
    operation: &str,
    a: &ArrayRef2<T>,
    b: &ArrayRef2<T>,
    epilogue: Epilogue<'_, T>,
) -> Array2<T> {
    shapes::check_operands(operation, a, b, epilogue);
    let mut c = memory::uninit(operation, (a.nrows(), b.ncols()));
    let bias = contiguous_bias(epilogue);
    let to = destination(c.as_mut_ptr().cast(), b.ncols() as isize, epilogue, bias.as_deref());
    // SAFETY: new memory of that shape, row after row; every number is written, and none is read before, as no
    // caller of `new` adds to what is there.
    unsafe {
        product(Isa::chosen(), MatRef::new(a), MatRef::new(b), to);
        c.assume_init()
    }
}

/// A product in memory that is there, whatever its strides.
#[track_caller]
pub(crate) fn into<T: Element>(
    operation: &str,
    isa: Isa,
    a: &ArrayRef2<T>,
    b: &ArrayRef2<T>,
    epilogue: Epilogue<'_, T>,
    c: &mut ArrayRef2<T>,
) {
    shapes::check(operation, a, b, epilogue, c);
    let bias = contiguous_bias(epilogue);
    let bias = bias.as_deref();
    let (a, b) = (MatRef::new(a), MatRef::new(b));
    let (row, column) = (c.strides()[0], c.strides()[1]);
    if column == 1 || b.columns == 1 {
        // SAFETY: the shapes were compared, and `c` is borrowed mutably, so nothing overlaps it.
        unsafe { product(isa, a, b, destination(c.as_mut_ptr(), row, epilogue, bias)) };
    } else if row == 1 && bias.is_none() {
        // Columns are contiguous: compute cᵀ = bᵀ · aᵀ, whose rows are.
        // SAFETY: the same, turned.
        unsafe { product(isa, b.t(), a.t(), destination(c.as_mut_ptr(), column, epilogue, None)) };
    } else {
        let mut copy = c.as_standard_layout().into_owned();
        let to = destination(copy.as_mut_ptr(), b.columns as isize, epilogue, bias);
        // SAFETY: the same, for an array of our own of that shape.
        unsafe { product(isa, a, b, to) };
        c.assign(&copy);
    }
}

/// A product in memory that is not initialised, row after row: every number of `to` is written.
pub(crate) fn product_to(
    a: &ArrayRef2<f32>,
    b: &ArrayRef2<f32>,
    epilogue: Epilogue<'_, f32>,
    to: &mut [MaybeUninit<f32>],
) {
    assert!(
        a.ncols() == b.nrows() && to.len() == a.nrows() * b.ncols(),
        "the operands fit, and `to` the result"
    );
    let bias = contiguous_bias(epilogue);
    let to = destination(to.as_mut_ptr().cast(), b.ncols() as isize, epilogue, bias.as_deref());
    // SAFETY: memory of that shape, borrowed mutably; nothing is read from it, as no caller adds to what is there.
    unsafe { product(Isa::chosen(), MatRef::new(a), MatRef::new(b), to) }
}

/// The bias as one run of numbers, copied only if it has gaps.
pub(crate) fn contiguous_bias<T: Element>(epilogue: Epilogue<'_, T>) -> Option<Cow<'_, [T]>> {
    match epilogue {
        Epilogue::None | Epilogue::Add => None,
        Epilogue::Bias(bias) | Epilogue::BiasRelu { bias, .. } => Some(match bias.as_slice() {
            Some(bias) => Cow::Borrowed(bias),
            None => Cow::Owned(bias.iter().copied().collect()),
        }),
    }
}

/// What the kernels need to know of C; rows are contiguous and `c_row` apart.
pub(crate) fn destination<T: Element>(
    c: *mut T,
    c_row: isize,
    epilogue: Epilogue<'_, T>,
    bias: Option<&[T]>,
) -> Destination<T> {
    let relu_shift = match epilogue {
        Epilogue::BiasRelu { shift, .. } => Some(shift),
        _ => None,
    };
    Destination {
        c,
        c_row,
        accumulate: matches!(epilogue, Epilogue::Add),
        bias: bias.map_or(null(), <[T]>::as_ptr),
        relu_shift,
        stream: false,
    }
}

/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
unsafe fn product<T: Element>(isa: Isa, a: MatRef<T>, b: MatRef<T>, to: Destination<T>) {
    if a.rows > 0 && b.columns > 0 {
        // SAFETY: as this function's.
        unsafe { T::product(isa, a, b, to) }
    }
}

/// Looks at the shape and the strides, and takes the way that fits them.
///
/// # Safety
/// As [`product`]'s, and the processor has the kernels' instructions; neither operand is empty.
pub(crate) unsafe fn product_by(kernels: &Kernels, a: MatRef, b: MatRef, to: Destination) {
    // SAFETY: as this function's; each way has looked at the shape and the strides.
    unsafe {
        if tall_skinny::fits(kernels, &a, &b) {
            tall_skinny::product(kernels, a, b, to);
        } else if split_k::fits(&a, &b) {
            split_k::product(kernels, a, b, to);
        } else if short_k::fits(kernels, &a, &b, &to) {
            short_k::product(kernels, a, b, to);
        } else {
            blocked::product(kernels, a, b, to);
        }
    }
}
