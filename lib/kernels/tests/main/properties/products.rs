//! Products on every instruction set: within the error bound for any shape, strides and numbers.

use super::layout::{Layout, layout, writable_layout};
use super::numbers::{Numbers, numbers};
use super::reference::{check, depth, product, product_f64};
use crate::common::random::{manual_seed, randn};
use kernels::Isa;
use kernels::matmul::{Epilogue, matmul, matmul_on};
use kernels::ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use proptest::prelude::*;

type Shape = (usize, usize, usize);

/// `(m, k, n)`: a few of each, about as many as tiles and blocks have, and the lesson's kinds in small.
fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        3 => (0..20_usize, 0..20_usize, 0..20_usize),
        3 => (0..200_usize, 0..200_usize, 0..200_usize),
        2 => (0..300_usize, 100..900_usize, 0..70_usize), // x @ w
        1 => (0..40_usize, 2000..5000_usize, 0..30_usize), // xᵀ @ g
        1 => (100..400_usize, 0..60_usize, 0..400_usize), // g @ wᵀ
        1 => (0..20_usize, 0..40_usize, 0..2000_usize),
    ]
}

/// A matrix's numbers, and where they lie.
#[derive(Clone, Debug)]
struct Matrix {
    numbers: Numbers,
    layout: Layout,
}

fn matrix() -> impl Strategy<Value = Matrix> {
    (numbers(), layout()).prop_map(|(numbers, layout)| Matrix { numbers, layout })
}

/// Shows a matrix of that shape to `look`.
fn with<R>(matrix: &Matrix, shape: (usize, usize), look: impl FnOnce(&ArrayRef2<f32>) -> R) -> R {
    let memory = matrix.layout.filled(&matrix.numbers.matrix(shape));
    let stored = matrix.layout.stored(&memory, shape);
    look(&stored.broadcast(shape).expect("what is stretched is there once"))
}

proptest! {
    #[test]
    fn every_isa_is_within_its_error_bound((m, k, n) in shape(), a in matrix(), b in matrix()) {
        with(&a, (m, k), |a| with(&b, (k, n), |b| {
            let want = product(a, b);
            for isa in Isa::available() {
                let mut c = Array2::from_elem((m, n), f32::NAN);
                matmul_on(isa, a, b, Epilogue::None, &mut c);
                check(&c, &want, depth((m, k, n))).map_err(|why| TestCaseError::fail(format!("{isa} {why}")))?;
            }
            check(&matmul(a, b), &want, depth((m, k, n))).map_err(TestCaseError::fail)
        }))?;
    }

    /// Whatever is done on the way is one more term of the sum, and nothing between the results is touched.
    #[test]
    fn results_and_epilogues_reach_any_strides_and_nothing_else(
        (m, k, n) in shape(), a in matrix(), b in matrix(), c in (numbers(), writable_layout()), epilogue in 0..4,
    ) {
        let (numbers, layout) = c;
        let (before, bias) = (numbers.matrix((m, n)), numbers.matrix((1, n)).row(0).to_owned());
        with(&a, (m, k), |a| with(&b, (k, n), |b| {
            for isa in Isa::available() {
                let mut memory = layout.memory((m, n), CANARY);
                let mut c = layout.stored_mut(&mut memory, (m, n));
                c.assign(&before);
                matmul_on(isa, a, b, finish(epilogue, &bias), &mut c);
                finished(epilogue, a, b, &c.to_owned(), &before, &bias)
                    .map_err(|why| TestCaseError::fail(format!("{isa} {why}")))?;
                c.fill(CANARY);
                prop_assert!(memory.iter().all(|&x| x == CANARY), "{isa} wrote beside its result");
            }
            Ok(())
        }))?;
    }

    #[test]
    fn f64_is_within_its_own_error_bound(
        (m, k, n) in (0..60_usize, 0..200_usize, 0..60_usize), transposed in any::<[bool; 2]>(), seed in 0..1000_u64,
    ) {
        let rng = &mut manual_seed(seed);
        let mut draw = |rows, columns, transposed| {
            let x = randn(if transposed { (columns, rows) } else { (rows, columns) }, rng).mapv(f64::from).exp();
            if transposed { x.reversed_axes() } else { x }
        };
        let (a, b) = (draw(m, k, transposed[0]), draw(k, n, transposed[1]));
        let ku = k as f64 * f64::EPSILON / 2.0;
        let c = matmul(&a, &b);
        for (at, (want, size)) in product_f64(&a, &b).indexed_iter() {
            prop_assert!((c[at] - want).abs() <= ku / (1.0 - ku) * size, "at {at:?}: {}, not {want}", c[at]);
        }
    }
}

/// What lies between the results, and is there afterwards.
const CANARY: f32 = -7.25;

const SHIFT: f32 = 0.5;

fn finish(epilogue: i32, bias: &ArrayRef1<f32>) -> Epilogue<'_, f32> {
    match epilogue {
        0 => Epilogue::None,
        1 => Epilogue::Add,
        2 => Epilogue::Bias(bias),
        _ => Epilogue::BiasRelu { bias, shift: SHIFT },
    }
}

/// Checks what such an epilogue makes of `a @ b`.
fn finished(
    epilogue: i32,
    a: &ArrayRef2<f32>,
    b: &ArrayRef2<f32>,
    c: &Array2<f32>,
    before: &Array2<f32>,
    bias: &Array1<f32>,
) -> Result<(), String> {
    let (mut want, roundings) = (product(a, b), depth((a.nrows(), a.ncols(), b.ncols())) + 1);
    for ((i, j), sum) in want.indexed_iter_mut() {
        match epilogue {
            0 => {}
            1 => sum.add(before[[i, j]].into()),
            _ => sum.add(bias[j].into()),
        }
    }
    if epilogue < 3 {
        return check(c, &want, roundings);
    }
    match want.indexed_iter().find(|&(at, sum)| !sum.allows_relu(c[at], SHIFT, roundings)) {
        Some((at, sum)) => Err(format!("at {at:?}: {:e}, not max({sum:?}, 0) - {SHIFT}", c[at])),
        None => Ok(()),
    }
}
