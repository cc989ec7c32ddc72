//! The BLAS rung passes strides and transposes on: whatever the view, the product is that of the plain loops.

use crate::common::random::{manual_seed, randn};
use kernels::blas::{blas, blas_into};
use kernels::matmul::matmul;
use kernels::ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, array, s};

/// Awkward on purpose: one row, one column, never square, odd, empty along each axis.
const SIZES: [(usize, usize, usize); 10] = [
    (1, 1, 1),
    (1, 7, 3),
    (5, 1, 4),
    (3, 8, 1),
    (63, 2, 10),
    (17, 31, 13),
    (5, 784, 10),
    (0, 3, 2),
    (3, 0, 2),
    (3, 2, 0),
];

/// A matrix behind other strides: how to store it, among NaNs that no product may touch, and how to look at it.
struct Layout {
    name: &'static str,
    storage: fn((usize, usize)) -> (usize, usize),
    view: for<'a> fn(&'a mut Array2<f32>) -> ArrayViewMut2<'a, f32>,
}

const LAYOUTS: [Layout; 7] = [
    Layout { name: "row-major", storage: |shape| shape, view: |x| x.view_mut() },
    Layout { name: "column-major", storage: |(r, c)| (c, r), view: |x| x.view_mut().reversed_axes() },
    Layout {
        name: "columns of a wider one",
        storage: |(r, c)| (r, c + 3),
        view: |x| x.slice_mut(s![.., 3..]),
    },
    Layout {
        name: "columns of a wider one, transposed",
        storage: |(r, c)| (c, r + 3),
        view: |x| x.slice_mut(s![.., 3..]).reversed_axes(),
    },
    Layout { name: "every second row", storage: |(r, c)| (2 * r, c), view: |x| x.slice_mut(s![..;2, ..]) },
    Layout { name: "every second column", storage: |(r, c)| (r, 2 * c), view: |x| x.slice_mut(s![.., ..;2]) },
    Layout { name: "upside down", storage: |shape| shape, view: |x| x.slice_mut(s![..;-1, ..]) },
];

impl Layout {
    /// `x` in this layout; what lies between its numbers is NaN.
    fn store(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut storage = Array2::from_elem((self.storage)(x.dim()), f32::NAN);
        (self.view)(&mut storage).assign(x);
        storage
    }
}

#[test]
fn every_layout_of_both_factors_and_of_the_result() {
    let mut rng = manual_seed(1);
    for (m, k, n) in SIZES {
        let (a, b) = (randn((m, k), &mut rng), randn((k, n), &mut rng));
        let expected = loops(&a, &b);
        for (la, lb) in pairs() {
            let (mut a, mut b) = (la.store(&a), lb.store(&b));
            let product = blas(&(la.view)(&mut a), &(lb.view)(&mut b));
            assert!(close(&product, &expected), "a {}, b {}: ({m}, {k}) times ({k}, {n})", la.name, lb.name);
        }
        for layout in &LAYOUTS {
            let mut c = Array2::from_elem((layout.storage)((m, n)), f32::NAN);
            blas_into(&a, &b, &mut (layout.view)(&mut c));
            assert!(distance(&(layout.view)(&mut c), &expected) <= 1e-6, "into {}", layout.name);
            assert_eq!(c.iter().filter(|x| x.is_nan()).count(), c.len() - m * n);
        }
    }
}

#[test]
fn agrees_with_our_own_product_on_the_lesson_s_shapes() {
    let mut rng = manual_seed(2);
    let (x, w, g) =
        (randn((10_000, 784), &mut rng), randn((784, 50), &mut rng), randn((10_000, 50), &mut rng));
    for (a, b) in [(x.view(), w.view()), (x.t(), g.view()), (g.view(), w.t())] {
        assert!(distance(&blas(&a, &b), &matmul(&a, &b)) <= 1e-5);
    }
}

#[test]
fn a_broadcast_row_is_copied_not_misread() {
    let row = array![[1.0_f32, 2.0, 3.0]];
    let rows: ArrayView2<f32> = row.broadcast((4, 3)).expect("one row stretches over four");
    assert_eq!(blas(&rows, &row.t()), Array2::from_elem((4, 1), 14.0));
    assert_eq!(blas(&rows.t(), &rows), loops(&rows.t(), &rows));
}

#[test]
fn nan_and_infinity_go_through() {
    let c = blas(&array![[f32::NAN, 1.0], [f32::INFINITY, 1.0]], &array![[1.0], [0.0]]);
    assert!(c[[0, 0]].is_nan() && c[[1, 0]] == f32::INFINITY, "{c}");
}

#[test]
#[should_panic(expected = "blas: a (2, 3) times b (2, 3)")]
fn sizes_that_do_not_fit() {
    blas(&Array2::zeros((2, 3)), &Array2::zeros((2, 3)));
}

fn pairs() -> impl Iterator<Item = (&'static Layout, &'static Layout)> {
    LAYOUTS.iter().flat_map(|a| LAYOUTS.iter().map(move |b| (a, b)))
}

fn close(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.dim() == b.dim() && distance(a, b) <= 1e-6
}

/// `‖a − b‖ / ‖b‖`, and 0 of nothing.
fn distance(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> f64 {
    let norm = |x: Array2<f64>| x.mapv(|x| x * x).sum().sqrt();
    let (a, b) = (a.mapv(f64::from), b.mapv(f64::from));
    let difference = norm(&a - &b);
    if difference == 0.0 { 0.0 } else { difference / norm(b) }
}

/// Three loops, in `f64`.
fn loops(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        (0..a.ncols()).map(|k| f64::from(a[[i, k]]) * f64::from(b[[k, j]])).sum::<f64>() as f32
    })
}
