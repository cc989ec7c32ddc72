//! Other people's matrix products, each called as its documentation says, with the strides that are there.

#![allow(unsafe_code)] // gemm's interface is one of raw pointers.

use crate::data::in_large_pages;
use anyhow::Result;
use candle_core::{Device, Tensor};
use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gemm::Parallelism;
use nb03_minibatch_training::ndarray::{Array2, ArrayView2};

/// Two factors and where their product goes: each contender has its own.
pub(super) struct Product<'a> {
    pub(super) a: ArrayView2<'a, f32>,
    pub(super) b: ArrayView2<'a, f32>,
    pub(super) c: Array2<f32>,
    pub(super) threads: usize,
}

pub(super) fn gemm(product: &mut Product) {
    let ((m, k), n) = (product.a.dim(), product.b.ncols());
    let parallelism =
        if product.threads > 1 { Parallelism::Rayon(product.threads) } else { Parallelism::None };
    let (a, b, c) = (&product.a, &product.b, &mut product.c);
    let strides = |strides: &[isize]| (strides[1], strides[0]);
    let ((a_cs, a_rs), (b_cs, b_rs), (c_cs, c_rs)) =
        (strides(a.strides()), strides(b.strides()), strides(c.strides()));
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    // SAFETY: pointers, sizes and strides are those of three arrays (m, k), (k, n) and (m, n); `c` is borrowed
    // mutably, so it overlaps no other.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c,
            c_cs,
            c_rs,
            false,
            a,
            a_cs,
            a_rs,
            b,
            b_cs,
            b_rs,
            0.0_f32,
            1.0_f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

pub(super) fn faer(product: &mut Product) {
    let (m, n) = product.c.dim();
    let par = if product.threads > 1 { Par::rayon(product.threads) } else { Par::Seq };
    let c = product.c.as_slice_mut().expect("the product lies in new memory, row by row");
    let c = MatMut::from_row_major_slice_mut(c, m, n);
    faer_matmul(c, Accum::Replace, faer_view(&product.a), faer_view(&product.b), 1.0, par);
}

fn faer_view<'a>(x: &ArrayView2<'a, f32>) -> MatRef<'a, f32> {
    let (rows, columns) = x.dim();
    match (x.to_slice(), (*x).reversed_axes().to_slice()) {
        (Some(rows_in_a_row), _) => MatRef::from_row_major_slice(rows_in_a_row, rows, columns),
        (None, Some(columns_in_a_row)) => {
            MatRef::from_row_major_slice(columns_in_a_row, columns, rows).transpose()
        }
        (None, None) => unreachable!("the bench's operands are whole matrices or transposed ones"),
    }
}

/// candle's operands and product. It has no form that writes where it is told.
pub(super) struct Candle {
    a: Tensor,
    b: Tensor,
    pub(super) c: candle_core::Result<Tensor>,
}

impl Candle {
    pub(super) fn new(product: &Product) -> Result<Self> {
        let (a, b) = (tensor(&product.a)?, tensor(&product.b)?);
        Ok(Candle { c: Ok(a.clone()), a, b })
    }

    pub(super) fn multiply(&mut self) {
        self.c = self.a.matmul(&self.b);
    }
}

/// The same numbers with the same strides, in large pages as well.
pub(super) fn tensor(x: &ArrayView2<f32>) -> Result<Tensor> {
    let turned = x.t();
    Ok(match (x.to_slice(), turned.to_slice()) {
        (None, Some(numbers)) => {
            Tensor::from_vec(in_large_pages(numbers), turned.dim(), &Device::Cpu)?.t()?
        }
        (Some(numbers), _) => Tensor::from_vec(in_large_pages(numbers), x.dim(), &Device::Cpu)?,
        (None, None) => unreachable!("the bench's operands are whole matrices or transposed ones"),
    })
}

pub(super) fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}
