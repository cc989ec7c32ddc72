//! The products of the lesson, forward and backward, and two square ones.

use super::peers::{Candle, Product, faer, gemm, numbers};
use super::{Bench, Contenders};
use crate::contender::{Local, Pieces};
use crate::data::matrix;
use crate::record::{Experiment, PORTABLE};
use anyhow::Result;
use nb03_minibatch_training::matmul::{Epilogue, Isa, matmul_on};
use nb03_minibatch_training::ndarray::linalg::general_mat_mul;
use nb03_minibatch_training::ndarray::{Array2, ArrayView2};
use nb03_minibatch_training::{matmul, matmul_into};

/// A product `(m, k)` times `(k, n)`; a factor may lie transposed in memory.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) label: &'static str,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) a_transposed: bool,
    pub(super) b_transposed: bool,
}

impl Shape {
    pub(super) const fn new(m: usize, k: usize, n: usize) -> Self {
        Shape { label: "", m, k, n, a_transposed: false, b_transposed: false }
    }

    fn name(&self) -> String {
        format!("{}{}·{}·{}", self.label, self.m, self.k, self.n)
    }

    /// As `torch_worker.py` wants it.
    pub(super) fn sizes(&self) -> [usize; 5] {
        [self.m, self.k, self.n, self.a_transposed.into(), self.b_transposed.into()]
    }

    /// Flops, and the bytes of reading each factor and of writing the product once.
    pub(super) fn experiment(&self, part: &str, size: Option<usize>) -> Experiment {
        let [m, k, n] = [self.m, self.k, self.n].map(|size| size as f64);
        Experiment {
            part: part.into(),
            name: self.name(),
            size,
            flops: 2.0 * m * k * n,
            read: 4.0 * (m * k + k * n),
            written: 4.0 * m * n,
            ..Experiment::default()
        }
    }
}

const SHAPES: [Shape; 9] = [
    Shape::new(5, 784, 10),
    Shape::new(64, 784, 50),
    Shape::new(10_000, 784, 50),
    Shape::new(50_000, 784, 50),
    Shape::new(50_000, 784, 10),
    Shape { label: "xᵀ·g ", a_transposed: true, ..Shape::new(784, 50_000, 50) },
    Shape { label: "g·wᵀ ", b_transposed: true, ..Shape::new(50_000, 50, 784) },
    Shape::new(256, 256, 256),
    Shape::new(1024, 1024, 1024),
];

type Work = fn(&mut Product);

/// Those who write where they are told. To add one is to add a line.
const IN_PLACE: &[(&str, Work)] = &[
    ("nb01 matmul_into", |p| matmul_into(&p.a, &p.b, &mut p.c)),
    #[cfg(feature = "mkl")]
    ("MKL", |p| nb03_minibatch_training::ladder::blas_into(&p.a, &p.b, &mut p.c)),
    ("gemm", gemm),
    ("faer", faer),
    ("matrixmultiply", |p| general_mat_mul(1.0, &p.a, &p.b, 0.0, &mut p.c)),
];

pub(super) fn run(bench: &Bench) -> Result<()> {
    SHAPES.iter().try_for_each(|shape| measure(bench, shape))
}

fn measure(bench: &Bench, shape: &Shape) -> Result<()> {
    let factors = Factors::new(shape);
    let mut all = factors.in_place(bench.threads);
    all.extend(bench.remote(&[("torch out=", "torch out="), ("torch @", "torch @")], &shape.sizes())?);
    all.push(Box::new(Local {
        name: "candle",
        state: Candle::new(&factors.product(bench.threads))?,
        work: Candle::multiply,
        result: |candle| Ok(vec![numbers(candle.c.as_ref().map_err(|e| anyhow::anyhow!("{e}"))?)?]),
    }));
    all.insert(
        1,
        Box::new(Local {
            name: "nb01 matmul",
            state: factors.product(bench.threads),
            work: |p| p.c = matmul(&p.a, &p.b),
            result: pieces,
        }),
    );
    // Its plain Rust is compiled for AVX-512, too, so it has no place where all are held to AVX2.
    if std::env::var_os("NB_MATMUL").is_none() {
        all.push(Box::new(Local {
            name: PORTABLE,
            state: factors.product(bench.threads),
            work: |p| matmul_on(Isa::Portable, &p.a, &p.b, Epilogue::None, &mut p.c),
            result: pieces,
        }));
    }
    bench.measure(shape.experiment("matmul", None), all, &factors.reference())
}

/// The factors as they lie in memory.
pub(super) struct Factors {
    shape: Shape,
    a: Array2<f32>,
    b: Array2<f32>,
}

impl Factors {
    pub(super) fn new(shape: &Shape) -> Self {
        let stored = |rows, columns, transposed, seed| {
            if transposed { matrix(columns, rows, seed) } else { matrix(rows, columns, seed) }
        };
        let &Shape { m, k, n, a_transposed, b_transposed, .. } = shape;
        Factors { shape: *shape, a: stored(m, k, a_transposed, 0), b: stored(k, n, b_transposed, 1) }
    }

    pub(super) fn a(&self) -> ArrayView2<'_, f32> {
        if self.shape.a_transposed { self.a.t() } else { self.a.view() }
    }

    pub(super) fn b(&self) -> ArrayView2<'_, f32> {
        if self.shape.b_transposed { self.b.t() } else { self.b.view() }
    }

    /// A product yet to be computed; its memory is there already.
    fn product(&self, threads: usize) -> Product<'_> {
        let c = Array2::from_elem((self.shape.m, self.shape.n), f32::NAN);
        Product { a: self.a(), b: self.b(), c, threads }
    }

    pub(super) fn in_place(&self, threads: usize) -> Contenders<'_> {
        let mut all: Contenders = Vec::new();
        for &(name, work) in IN_PLACE {
            all.push(Box::new(Local { name, state: self.product(threads), work, result: pieces }));
        }
        all
    }

    /// The product in `f64`.
    pub(super) fn reference(&self) -> Vec<Vec<f64>> {
        let product = self.a().mapv(f64::from).dot(&self.b().mapv(f64::from));
        vec![product.iter().copied().collect()]
    }
}

fn pieces(product: &Product) -> Result<Pieces> {
    Ok(vec![product.c.iter().copied().collect()])
}
