//! Elementwise functions that are compiled here, for every kind of register: ReLU, `(x − m) / s` and their like.
//!
//! In PyTorch, too, `clamp_min` is compiled once, and Python only calls it. A closure handed to
//! [`zip_map_in_place`](super::zip_map_in_place) is compiled in the crate that calls it: as fast where that crate is optimised,
//! and a hundred times slower in its debug build.
//!
//! ```
//! use kernels::{ndarray::array, par};
//!
//! assert_eq!(par::relu(&array![-1.0_f32, 2.0], 0.5), array![-0.5, 1.5]);
//! ```

use super::check_alike;
use crate::simd::{SimdKernel, dispatch};
use crate::{Element, memory, threads};
use ndarray::{Array, ArrayD, ArrayRef, ArrayViewD, ArrayViewMutD, Dimension, Zip};
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// `max(x, 0) − shift`: any shape. NaN stays NaN, as in PyTorch.
pub fn relu<T: Element, D: Dimension>(x: &ArrayRef<T, D>, shift: T) -> Array<T, D> {
    map(x, Unary::Relu { shift })
}

/// [`relu`] written to `to`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn relu_into<T: Element, D: Dimension>(x: &ArrayRef<T, D>, shift: T, to: &mut ArrayRef<T, D>) {
    zip_("relu_into", to, x, Binary::ReluOf { shift });
}

/// `x` where it is positive, else `slope · x`: any shape.
pub fn leaky_relu<T: Element, D: Dimension>(x: &ArrayRef<T, D>, slope: T) -> Array<T, D> {
    map(x, Unary::LeakyRelu { slope })
}

/// `(x − m) / s`: any shape.
pub fn sub_div<T: Element, D: Dimension>(x: &ArrayRef<T, D>, m: T, s: T) -> Array<T, D> {
    map(x, Unary::SubDiv { m, s })
}

/// [`sub_div`] in place, as the underscore says.
pub fn sub_div_<T: Element, D: Dimension>(x: &mut ArrayRef<T, D>, m: T, s: T) {
    T::unary_in_place(x.view_mut().into_dyn(), Unary::SubDiv { m, s });
}

/// The gradient of `clamp_min(0)`: `g` where `x > 0`, else 0; also 0 where `x` is NaN, as in PyTorch.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn relu_grad<T: Element, D: Dimension>(x: &ArrayRef<T, D>, g: &ArrayRef<T, D>) -> Array<T, D> {
    zip("relu_grad", x, g, Binary::ReluGrad)
}

/// [`relu_grad`] in place: what was the gradient of the output becomes that of the input.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn relu_grad_<T: Element, D: Dimension>(x: &ArrayRef<T, D>, g: &mut ArrayRef<T, D>) {
    zip_("relu_grad", g, x, Binary::ReluGradOf { nan_passes: false });
}

/// The gradient of PyTorch's `relu`, in place: as [`relu_grad_`], but where `x` is NaN, `g` passes.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn threshold_backward_<T: Element, D: Dimension>(x: &ArrayRef<T, D>, g: &mut ArrayRef<T, D>) {
    zip_("threshold_backward", g, x, Binary::ReluGradOf { nan_passes: true });
}

/// The gradient of [`leaky_relu`]: `g` where `x > 0`, else `slope · g`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn leaky_relu_grad<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    g: &ArrayRef<T, D>,
    slope: T,
) -> Array<T, D> {
    zip("leaky_relu_grad", x, g, Binary::LeakyReluGrad { slope })
}

/// `scale · (x − y)`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn scaled_difference<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    y: &ArrayRef<T, D>,
    scale: T,
) -> Array<T, D> {
    zip("scaled_difference", x, y, Binary::ScaledDifference { scale })
}

/// `x += scale · y`, where `x` lies: a step of gradient descent is that with `scale = −lr`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn add_scaled_<T: Element, D: Dimension>(x: &mut ArrayRef<T, D>, y: &ArrayRef<T, D>, scale: T) {
    zip_("add_scaled", x, y, Binary::AddScaled { scale });
}

fn map<T: Element, D: Dimension>(x: &ArrayRef<T, D>, f: Unary<T>) -> Array<T, D> {
    same_rank(T::unary(x.view().into_dyn(), f))
}

#[track_caller]
fn zip<T: Element, D: Dimension>(
    operation: &str,
    x: &ArrayRef<T, D>,
    y: &ArrayRef<T, D>,
    f: Binary<T>,
) -> Array<T, D> {
    check_alike(operation, x.shape(), y.shape());
    same_rank(T::binary(x.view().into_dyn(), y.view().into_dyn(), f))
}

#[track_caller]
fn zip_<T: Element, D: Dimension>(operation: &str, x: &mut ArrayRef<T, D>, y: &ArrayRef<T, D>, f: Binary<T>) {
    check_alike(operation, x.shape(), y.shape());
    T::binary_in_place(x.view_mut().into_dyn(), y.view().into_dyn(), f);
}

fn same_rank<T, D: Dimension>(x: ArrayD<T>) -> Array<T, D> {
    x.into_dimensionality().expect("the rank that it had before")
}

/// A function of one number.
#[derive(Clone, Copy)]
pub(crate) enum Unary<T> {
    Relu { shift: T },
    LeakyRelu { slope: T },
    SubDiv { m: T, s: T },
}

/// A function of two numbers.
#[derive(Clone, Copy)]
pub(crate) enum Binary<T> {
    /// Of a ReLU's input and its output's gradient.
    ReluGrad,
    /// The same the other way round, for a gradient that is changed in place.
    ReluGradOf {
        nan_passes: bool,
    },
    LeakyReluGrad {
        slope: T,
    },
    /// Of the second number alone, for a result that is there already.
    ReluOf {
        shift: T,
    },
    ScaledDifference {
        scale: T,
    },
    AddScaled {
        scale: T,
    },
}

pub(crate) fn unary<T: Element>(x: ArrayViewD<'_, T>, f: Unary<T>) -> ArrayD<T> {
    match x.as_slice() {
        Some(all) => {
            let mut out = memory::uninit("map", x.raw_dim());
            let to = out.as_mut_ptr().cast();
            // SAFETY: as many numbers in `all` as in `out`; all of them are written.
            unsafe {
                run_unary(all.as_ptr(), to, all.len(), f);
                out.assume_init()
            }
        }
        None => match order(&x) {
            Some(axes) => back(unary(x.permuted_axes(&axes[..]), f), &axes),
            None => unary(x.as_standard_layout().view(), f),
        },
    }
}

/// The axes by decreasing strides, if in that order the array is in order: images whose channels are last in memory stay so.
fn order<T>(x: &ArrayViewD<'_, T>) -> Option<Vec<usize>> {
    let axes = by_strides(x.strides());
    x.view().permuted_axes(&axes[..]).is_standard_layout().then_some(axes)
}

/// The axes by decreasing strides, not generic and so sorted by code that is compiled once.
fn by_strides(strides: &[isize]) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..strides.len()).collect();
    axes.sort_by_key(|&axis| std::cmp::Reverse(strides[axis]));
    axes
}

/// The array with its axes where they were before `axes` was taken of them.
fn back<T>(x: ArrayD<T>, axes: &[usize]) -> ArrayD<T> {
    let mut places = vec![0; axes.len()];
    axes.iter().enumerate().for_each(|(place, &axis)| places[axis] = place);
    x.permuted_axes(places)
}

pub(crate) fn unary_in_place<T: Element>(mut x: ArrayViewMutD<'_, T>, f: Unary<T>) {
    match x.as_slice_memory_order_mut() {
        // SAFETY: the same numbers are read and written, each by one thread.
        Some(all) => unsafe { run_unary(all.as_ptr(), all.as_mut_ptr(), all.len(), f) },
        None => {
            let changed = unary(x.view(), f);
            x.assign(&changed);
        }
    }
}

pub(crate) fn binary<T: Element>(x: ArrayViewD<'_, T>, y: ArrayViewD<'_, T>, f: Binary<T>) -> ArrayD<T> {
    match (x.as_slice(), y.as_slice()) {
        (Some(xs), Some(ys)) => {
            let mut out = memory::uninit("zip", x.raw_dim());
            let to = out.as_mut_ptr().cast();
            // SAFETY: two arrays of one shape, and as many places in `out`; all of them are written.
            unsafe {
                run_binary(xs.as_ptr(), ys.as_ptr(), to, xs.len(), f);
                out.assume_init()
            }
        }
        _ => match same_order(&x, &y) {
            Some(axes) => back(binary(x.permuted_axes(&axes[..]), y.permuted_axes(&axes[..]), f), &axes),
            None => binary(x.as_standard_layout().view(), y.as_standard_layout().view(), f),
        },
    }
}

/// [`order`] of both, if it is one and the same, and not that of their axes already.
fn same_order<T>(x: &ArrayViewD<'_, T>, y: &ArrayViewD<'_, T>) -> Option<Vec<usize>> {
    let is_other = !x.is_standard_layout();
    order(x).filter(|axes| is_other && y.view().permuted_axes(&axes[..]).is_standard_layout())
}

pub(crate) fn binary_in_place<T: Element>(mut x: ArrayViewMutD<'_, T>, y: ArrayViewD<'_, T>, f: Binary<T>) {
    let alike = x.strides() == y.strides() || x.is_standard_layout() && y.is_standard_layout();
    match (x.as_slice_memory_order_mut().filter(|_| alike), y.as_slice_memory_order()) {
        (Some(xs), Some(ys)) => {
            let len = xs.len();
            // SAFETY: two arrays of one shape; `x` is read and written, each number by one thread.
            unsafe { run_binary(xs.as_ptr(), ys.as_ptr(), xs.as_mut_ptr(), len, f) };
        }
        _ => {
            let changed = binary(x.view(), y, f);
            Zip::from(&mut x).and(&changed).for_each(|x, &y| *x = y);
        }
    }
}

/// # Safety
/// `len` numbers can be read at `x` and written at `out`, which may be the same place.
unsafe fn run_unary<T: Element>(x: *const T, out: *mut T, len: usize, f: Unary<T>) {
    let zero = T::zero();
    // SAFETY: as this function's.
    unsafe {
        match f {
            Unary::Relu { shift } => run((x, x), out, len, move |x, _| clamp_min_0(x) - shift),
            Unary::LeakyRelu { slope } => {
                run((x, x), out, len, move |x, _| if x > zero { x } else { slope * x })
            }
            Unary::SubDiv { m, s } => run((x, x), out, len, move |x, _| (x - m) / s),
        }
    }
}

/// # Safety
/// `len` numbers can be read at `x` and at `y` and written at `out`, which may be the same place as `x`.
unsafe fn run_binary<T: Element>(x: *const T, y: *const T, out: *mut T, len: usize, f: Binary<T>) {
    let zero = T::zero();
    // SAFETY: as this function's.
    unsafe {
        match f {
            Binary::ReluGrad => run((x, y), out, len, move |x, g| if x > zero { g } else { zero }),
            Binary::ReluGradOf { nan_passes: false } => {
                run((x, y), out, len, move |g, x| if x > zero { g } else { zero })
            }
            Binary::ReluGradOf { nan_passes: true } => {
                run((x, y), out, len, move |g, x| if x <= zero { zero } else { g })
            }
            Binary::LeakyReluGrad { slope } => {
                run((x, y), out, len, move |x, g| if x > zero { g } else { slope * g })
            }
            Binary::ReluOf { shift } => run((x, y), out, len, move |_, x| clamp_min_0(x) - shift),
            Binary::ScaledDifference { scale } => run((x, y), out, len, move |x, y| scale * (x - y)),
            Binary::AddScaled { scale } => run((x, y), out, len, move |x, y| x + scale * y),
        }
    }
}

/// Written so that NaN, which is not below 0, passes.
#[inline(always)]
fn clamp_min_0<T: Element>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

/// Numbers that a thread takes at a time: few enough to share fairly, enough that taking them costs nothing.
const BLOCK: usize = 1 << 15;

/// Parts of an array that is smaller than so many blocks: a step of gradient descent changes weights of 157 KB.
const PARTS: usize = 4;

/// What reading and writing a number costs, in the multiplications that threads are counted in.
const MOVED: f64 = 4.0;

/// Where some numbers come from and go to.
#[derive(Clone, Copy)]
struct Places<T> {
    x: *const T,
    y: *const T,
    out: *mut T,
}

// SAFETY: each thread reads and writes a block of its own.
unsafe impl<T: Send> Send for Places<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Places<T> {}

/// `out = f(x, y)` for each number, on the threads that products use.
///
/// # Safety
/// `len` numbers can be read at `x` and `y` and written at `out`, which may be the same place as `x`, and overlaps them
/// in no other way.
unsafe fn run<T: Element>(
    (x, y): (*const T, *const T),
    out: *mut T,
    len: usize,
    f: impl Fn(T, T) -> T + Sync + Copy,
) {
    let places = Places { x, y, out };
    let most = BLOCK.min(len.div_ceil(PARTS).next_multiple_of(AT_ONCE)).max(1);
    threads::for_each(len.div_ceil(most), len as f64 * MOVED, |block| {
        let places = &places;
        let (start, n) = (block * most, most.min(len - block * most));
        let (x, y, out) =
            (places.x.wrapping_add(start), places.y.wrapping_add(start), places.out.wrapping_add(start));
        let work = Loop { x, y, out, len: n, f };
        if T::WIDE { dispatch(work) } else { work.run::<false>() }
    });
}

/// Numbers that are computed before the first of them is written, as `out` may be `x`: so the compiler sees lanes.
const AT_ONCE: usize = 64;

struct Loop<T, F> {
    x: *const T,
    y: *const T,
    out: *mut T,
    len: usize,
    f: F,
}

impl<T: Element, F: Fn(T, T) -> T> SimdKernel for Loop<T, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let whole = self.len / AT_ONCE * AT_ONCE;
        for i in (0..whole).step_by(AT_ONCE) {
            let mut results = [T::zero(); AT_ONCE];
            // SAFETY: `AT_ONCE` numbers from `i` on are there, as `run`'s caller says; the reads end before the writes begin.
            unsafe {
                let (x, y) = (from_raw_parts(self.x.add(i), AT_ONCE), from_raw_parts(self.y.add(i), AT_ONCE));
                results.iter_mut().zip(x.iter().zip(y)).for_each(|(r, (&x, &y))| *r = (self.f)(x, y));
                from_raw_parts_mut(self.out.add(i).cast::<std::mem::MaybeUninit<T>>(), AT_ONCE)
                    .iter_mut()
                    .zip(results)
                    .for_each(|(out, r)| _ = out.write(r));
            }
        }
        for i in whole..self.len {
            // SAFETY: a number that is there.
            unsafe { self.out.add(i).write((self.f)(*self.x.add(i), *self.y.add(i))) };
        }
    }
}
