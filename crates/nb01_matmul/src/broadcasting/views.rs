//! `expand_as`, `unsqueeze`, `squeeze`: other shapes for the same numbers. And tables of all pairs.

use kernels::check_room;
use ndarray::{Array, Array2, ArrayRef, ArrayRef1, ArrayView, Axis, DimMax, Dimension, RemoveAxis, Zip};

/// `c.expand_as(m)`: `c` acting as an array of `m`'s shape, stretched with stride 0. Nothing is copied.
///
/// PyTorch lets you write through such a view, and then `t[0, 0] = 99` changes a whole column and `c`
/// itself; this view can only be read, so the mistake does not compile.
///
/// # Panics
/// At the caller's line if `c` does not stretch to `m`'s shape.
///
/// ```
/// use nb01_matmul::{expand_as, ndarray::{Array2, array}};
///
/// let c = array![10.0, 20.0, 30.0];
/// let t = expand_as(&c, &Array2::<f32>::zeros((2, 3)));
/// assert_eq!(t, array![[10.0, 20.0, 30.0], [10.0, 20.0, 30.0]]);
/// assert_eq!(t.strides(), &[0, 1]);
///
/// let copied = t.to_owned(); // PyTorch's clone() of it: six numbers of its own
/// assert_eq!(copied.strides(), &[3, 1]);
/// ```
#[track_caller]
pub fn expand_as<'a, T, U, D: Dimension, E: Dimension>(
    c: &'a ArrayRef<T, D>,
    m: &ArrayRef<U, E>,
) -> ArrayView<'a, T, E> {
    let (shape, wanted) = (c.shape(), m.shape());
    let Some(stretched) = c.broadcast(m.raw_dim()) else {
        panic!(
            "expand_as: shape {shape:?} does not stretch to {wanted:?}: counted from the last axis, each size has to be \
             equal or 1 (unsqueeze adds an axis of size 1)"
        )
    };
    stretched
}

/// `a.unsqueeze(axis)`: a new axis of size 1 before `axis`; `-1` puts it last, as in PyTorch.
///
/// | PyTorch | here | shape of `c`, `(3)`, becomes |
/// |---|---|---|
/// | `c.unsqueeze(0)`, `c[None]`, `c[None, :]` | `unsqueeze(&c, 0)` | `(1, 3)` |
/// | `c.unsqueeze(1)`, `c[:, None]`, `c[..., None]` | `unsqueeze(&c, 1)` or `unsqueeze(&c, -1)` | `(3, 1)` |
///
/// # Panics
/// At the caller's line if `axis` is not in `-ndim-1..=ndim`.
///
/// ```
/// use nb01_matmul::{ndarray::array, unsqueeze};
///
/// let c = array![10.0, 20.0, 30.0];
/// assert_eq!(unsqueeze(&c, 0).shape(), &[1, 3]);
/// assert_eq!(unsqueeze(&c, -1).shape(), &[3, 1]);
///
/// let products = &unsqueeze(&c, 0) * &unsqueeze(&c, 1); // c[None] * c[:, None]
/// assert_eq!(products, array![[100.0, 200.0, 300.0], [200.0, 400.0, 600.0], [300.0, 600.0, 900.0]]);
/// ```
#[track_caller]
pub fn unsqueeze<T, D: Dimension>(a: &ArrayRef<T, D>, axis: isize) -> ArrayView<'_, T, D::Larger> {
    let (shape, n) = (a.shape(), a.ndim());
    let Some(at) = counted(axis, n + 1) else {
        let first = -1 - n as isize;
        panic!(
            "unsqueeze: there is no place {axis} for an axis in shape {shape:?}; {first} to {n} are places"
        )
    };
    a.view().insert_axis(Axis(at))
}

/// `a.squeeze(axis)`: without an axis that has size 1; `-1` is the last.
///
/// # Panics
/// At the caller's line if there is no such axis, or if its size is not 1 (where PyTorch leaves the shape
/// as it is, and ndarray's `remove_axis` drops all but the first).
///
/// ```
/// use nb01_matmul::{ndarray::array, squeeze};
///
/// let output = array![[0.1], [0.2], [0.3]]; // (n, 1), as a last layer gives it
/// assert_eq!(squeeze(&output, -1), array![0.1, 0.2, 0.3]);
/// ```
#[track_caller]
pub fn squeeze<T, D: RemoveAxis>(a: &ArrayRef<T, D>, axis: isize) -> ArrayView<'_, T, D::Smaller> {
    let shape = a.shape();
    let Some(at) = counted(axis, a.ndim()) else {
        panic!("squeeze: shape {shape:?} has no axis {axis}; counted from the end, -1 is the last")
    };
    let size = shape[at];
    assert!(
        size == 1,
        "squeeze: axis {axis} of shape {shape:?} has size {size}; only an axis of size 1 can go"
    );
    a.view().remove_axis(Axis(at))
}

/// `axis` counted from the front, where negative ones count from the end of `n`.
fn counted(axis: isize, n: usize) -> Option<usize> {
    let at = if axis < 0 { n.checked_sub(axis.unsigned_abs())? } else { axis.unsigned_abs() };
    (at < n).then_some(at)
}

/// `f` of each pair, with broadcasting: what `a + b` is for `+`, for whatever has no operator in ndarray,
/// such as the comparisons.
///
/// # Panics
/// If the shapes do not broadcast, or if there is no memory for the result.
///
/// ```
/// use nb01_matmul::{ndarray::array, unsqueeze, zip_broadcast};
///
/// let c = array![10.0, 20.0, 30.0];
/// let larger = zip_broadcast(&unsqueeze(&c, 0), &unsqueeze(&c, 1), |x, y| x > y); // c[None] > c[:, None]
/// assert_eq!(larger, array![[false, true, true], [false, false, true], [false, false, false]]);
/// ```
#[track_caller]
pub fn zip_broadcast<A, B, R, D, E>(
    a: &ArrayRef<A, D>,
    b: &ArrayRef<B, E>,
    f: impl FnMut(&A, &B) -> R,
) -> Array<R, <D as DimMax<E>>::Output>
where
    D: Dimension + DimMax<E>,
    E: Dimension,
{
    zip_broadcast_for("zip_broadcast", a, b, f)
}

/// [`zip_broadcast`] for the operation that a message should name.
#[track_caller]
pub(crate) fn zip_broadcast_for<A, B, R, D, E>(
    operation: &str,
    a: &ArrayRef<A, D>,
    b: &ArrayRef<B, E>,
    f: impl FnMut(&A, &B) -> R,
) -> Array<R, <D as DimMax<E>>::Output>
where
    D: Dimension + DimMax<E>,
    E: Dimension,
{
    let shape = match super::broadcast_shapes(&[a.shape(), b.shape()]) {
        Ok(shape) => shape,
        Err(error) => panic!("{operation}: {error}\nunsqueeze adds an axis of size 1 where one is missing"),
    };
    let mut dim = <D as DimMax<E>>::Output::zeros(shape.len());
    dim.slice_mut().copy_from_slice(&shape);
    check_room::<R>(operation, &shape);
    let fits = "broadcasting: no more than isize::MAX numbers at once";
    let (a, b) = (a.broadcast(dim.clone()).expect(fits), b.broadcast(dim).expect(fits));
    Zip::from(&a).and(&b).map_collect(f)
}

/// The table of all pairs: `out[i, j] = f(a[i], b[j])`, which is `f(a[:, None], b[None, :])`.
///
/// The outer product is `f = x * y`; any comparison does as well.
///
/// # Panics
/// If there is no memory for the result.
///
/// ```
/// use nb01_matmul::{ndarray::array, outer};
///
/// let c = array![10.0, 20.0, 30.0];
/// assert_eq!(outer(&c, &c, |x, y| x * y).row(2), array![300.0, 600.0, 900.0]);
/// assert_eq!(outer(&c, &c, |x, y| x < y).row(1), array![false, false, true]);
/// ```
#[track_caller]
pub fn outer<A, B, R>(a: &ArrayRef1<A>, b: &ArrayRef1<B>, f: impl FnMut(&A, &B) -> R) -> Array2<R> {
    zip_broadcast_for("outer", &unsqueeze(a, 1), &unsqueeze(b, 0), f)
}
