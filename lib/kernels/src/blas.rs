//! The rung that the course calls `@`: a BLAS, here Intel MKL, behind the feature `mkl`.
//!
//! BLAS ("basic linear algebra subprograms", 1979) is the interface that every fast library of its kind offers
//! and every array library calls. Its matrix product is `sgemm`, and in C
//!
//! ```c
//! cblas_sgemm(layout, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc); // c = alpha a b + beta c
//! ```
//!
//! A matrix is a pointer, a transpose flag and a *leading dimension*: how far apart two rows lie. So one stride
//! has to be 1 and the other is passed on. Rows of a larger matrix and transposed views are multiplied where they
//! lie; only a view with a step along both axes (`s![.., ..;2]` of a row-major array), a reversed or a broadcast
//! one is copied first.
//!
//! MKL's threads are MKL's own: all cores, unless `MKL_NUM_THREADS` says otherwise. `cargo xtask mkl` obtains it.
//!
//! ```
//! use kernels::{blas::blas, ndarray::array};
//!
//! let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[10.0, 20.0], [30.0, 40.0]]);
//! assert_eq!(blas(&a.t(), &b), array![[100.0, 140.0], [140.0, 200.0]]);
//! ```

use crate::matmul::{Epilogue, shapes};
use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, cblas_sgemm};
use intel_mkl_src as _;
use ndarray::{Array2, ArrayRef2, CowArray, Ix2}; // declares nothing, links the library

/// Somebody else's library, in Fortran's and C's tradition: `cblas_sgemm` of Intel MKL.
///
/// # Panics
/// At the caller's line if `a` has not as many columns as `b` has rows, or if a size exceeds the `i32` of BLAS.
///
/// ```
/// use kernels::{blas::blas, ndarray::array};
///
/// assert_eq!(blas(&array![[1.0, 2.0]], &array![[3.0], [4.0]]), array![[11.0]]);
/// ```
#[track_caller]
pub fn blas(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    blas_into(a, b, &mut c);
    c
}

/// [`blas`], written to `c` `(m, n)`, whatever `c` held before.
///
/// # Panics
/// As [`blas`], and if `c` has another shape than the product.
///
/// ```
/// use kernels::{blas::blas_into, ndarray::{Array2, array}};
///
/// let mut c = Array2::ones((1, 1));
/// blas_into(&array![[1.0, 2.0]], &array![[3.0], [4.0]], &mut c);
/// assert_eq!(c, array![[11.0]]);
/// ```
#[track_caller]
pub fn blas_into(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>, c: &mut ArrayRef2<f32>) {
    shapes::check("blas", a, b, Epilogue::None, c);
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let [m, k, n] = [int(m), int(k), int(n)]; // not `map`: a closure would hide the caller's line
    match (leading_dimension(c), leading_dimension(&c.t())) {
        _ if k == 0 || c.is_empty() => c.fill(0.0),
        (Some(ldc), _) => sgemm([m, k, n], &Operand::of(a), &Operand::of(b), c, ldc),
        (None, Some(ldc)) => sgemm(
            [n, k, m],
            &Operand::of(&b.t()),
            &Operand::of(&a.t()),
            &mut c.view_mut().reversed_axes(),
            ldc,
        ),
        (None, None) => c.assign(&blas(a, b)),
    }
}

/// A factor as BLAS wants it: numbers, a transpose flag and a leading dimension.
struct Operand<'a> {
    numbers: CowArray<'a, f32, Ix2>,
    trans: CBLAS_TRANSPOSE,
    ld: i32,
}

impl<'a> Operand<'a> {
    /// `x` where it lies, if one of its strides is 1; else a copy.
    fn of(x: &'a ArrayRef2<f32>) -> Self {
        let numbers = CowArray::from(x.view());
        match (leading_dimension(x), leading_dimension(&x.t())) {
            (Some(ld), _) => Self { numbers, trans: CBLAS_TRANSPOSE::CblasNoTrans, ld },
            (None, Some(ld)) => Self { numbers, trans: CBLAS_TRANSPOSE::CblasTrans, ld },
            (None, None) => Self {
                numbers: CowArray::from(x.as_standard_layout().into_owned()),
                trans: CBLAS_TRANSPOSE::CblasNoTrans,
                ld: int(x.ncols()),
            },
        }
    }
}

/// How far apart `x`'s rows lie, if the numbers of each lie side by side and no row overlaps the next.
///
/// ndarray gives an axis of length 1 any stride, so there it does not count.
fn leading_dimension(x: &ArrayRef2<f32>) -> Option<i32> {
    let ((rows, columns), &[row, column]) = (x.dim(), x.strides()) else { return None };
    let row = if rows > 1 { i32::try_from(row).ok()? } else { int(columns.max(1)) };
    ((columns <= 1 || column == 1) && row >= int(columns.max(1))).then_some(row)
}

/// `c = a b`, for `[m, k, n]` that are not 0; the rows of `c` are `ldc` apart.
fn sgemm([m, k, n]: [i32; 3], a: &Operand, b: &Operand, c: &mut ArrayRef2<f32>, ldc: i32) {
    // SAFETY: `a`, `b` and `c` are (m, k), (k, n) and (m, n) by the callers' checks, and `leading_dimension` says
    // of each that its rows (transposed: its columns) are contiguous and `ld` apart, so every address that BLAS
    // forms lies in the array. `c` is borrowed mutably, so it overlaps neither `a` nor `b`. With beta = 0, `c` is
    // written and not read.
    unsafe {
        cblas_sgemm(
            CBLAS_LAYOUT::CblasRowMajor,
            a.trans,
            b.trans,
            m,
            n,
            k,
            1.0,
            a.numbers.as_ptr(),
            a.ld,
            b.numbers.as_ptr(),
            b.ld,
            0.0,
            c.as_mut_ptr(),
            ldc,
        );
    }
}

/// A size for BLAS.
#[track_caller]
fn int(size: usize) -> i32 {
    let Ok(int) = i32::try_from(size) else {
        panic!("blas: {size} exceeds what a BLAS with 32-bit sizes can count; `matmul` counts further")
    };
    int
}
