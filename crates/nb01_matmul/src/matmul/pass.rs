//! One pass over large arrays into new memory, on the lanes and threads that products use.

use super::{Element, Work, memory, threads, vectorize};
use ndarray::{Array, Dimension};
use std::mem::MaybeUninit;

/// Numbers that a thread takes at a time: few enough to share fairly, enough that taking them costs nothing.
const BLOCK: usize = 1 << 15;

/// `f(x, y)` for each pair of numbers, `shape` in order.
pub(crate) fn pass<T: Element, D: Dimension>(
    (x, y): (&[T], &[T]),
    shape: D,
    f: impl Fn(T, T) -> T + Sync,
) -> Array<T, D> {
    let len = shape.size();
    assert!(x.len() == len && y.len() == len, "{} and {} numbers make {shape:?}", x.len(), y.len());
    let mut out = memory::uninit(1, len);
    let places = out.as_slice_mut().expect("new and in order").chunks_mut(BLOCK);
    let blocks = places.zip(x.chunks(BLOCK)).zip(y.chunks(BLOCK));
    threads::share(blocks, len as f64, |((out, x), y)| vectorize(Pass { x, y, out, f: &f }));
    // SAFETY: there are as many places as numbers, and every block of them was written.
    let out = unsafe { out.assume_init() };
    out.into_shape_with_order(shape).expect("as many numbers as the shape holds")
}

/// Numbers that are computed before the first of them is written: the compiler cannot know that what `f` has captured
/// does not lie among the results, and would look it up again for each. With fewer, it sees no lanes in some functions.
const AT_ONCE: usize = 64;

struct Pass<'a, T, F> {
    x: &'a [T],
    y: &'a [T],
    out: &'a mut [MaybeUninit<T>],
    f: F,
}

impl<T: Element, F: Fn(T, T) -> T> Work for Pass<'_, T, F> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (xs, x_rest) = self.x.as_chunks::<AT_ONCE>();
        let (ys, y_rest) = self.y.as_chunks::<AT_ONCE>();
        let (outs, rest) = self.out.as_chunks_mut::<AT_ONCE>();
        for ((out, x), y) in outs.iter_mut().zip(xs).zip(ys) {
            let mut results = [T::zero(); AT_ONCE];
            results.iter_mut().zip(x.iter().zip(y)).for_each(|(result, (&x, &y))| *result = (self.f)(x, y));
            out.iter_mut().zip(results).for_each(|(out, result)| _ = out.write(result));
        }
        for ((out, &x), &y) in rest.iter_mut().zip(x_rest).zip(y_rest) {
            out.write((self.f)(x, y));
        }
    }
}
