//! The smallest products that take each way through the module, for tools that watch every access: `cargo make proof-miri`
//! interprets them, `proof-asan` and `proof-valgrind` run them with every address checked.
//!
//! In Miri there is no AVX, so that what runs there are the kernels for any processor; their pointer arithmetic, packing and
//! masks are those of all paths, as it is one source.

use nb01_matmul::ladder::RUNGS;
use nb01_matmul::matmul::{Epilogue, Path, matmul_on};
use nb01_matmul::ndarray::{Array1, Array2, ArrayRef2, s};
use nb01_matmul::{manual_seed, matmul, randn, test_near_norm};

/// What takes which way. Sizes are as small as the way allows, and leave a rest in every direction.
const SHAPES: [(&str, (usize, usize, usize)); 9] = [
    ("no terms", (3, 0, 5)),
    ("one number", (1, 1, 1)),
    ("direct", (3, 7, 11)),
    ("in place, a strip and a rest", (21, 9, 13)),
    ("dot products, B where it lies", (5, 131, 3)),
    ("few rows, dot products and whole registers", (35, 131, 21)),
    ("packed", (70, 9, 50)),
    ("a long sum in parts", (3, 2050, 5)),
    ("two blocks of k", (9, 330, 19)),
];

fn expected(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        a.row(i).iter().zip(b.column(j)).map(|(a, b)| f64::from(a * b)).sum::<f64>() as f32
    })
}

#[test]
fn every_way_through_the_module() {
    let rng = &mut manual_seed(1);
    for (what, (m, k, n)) in SHAPES {
        let (a, b) = (randn((m, k), rng), randn((k, n), rng));
        let (a_t, b_t) = (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
        let want = expected(&a, &b);
        for path in Path::available() {
            for (a, b) in [(a.view(), b.view()), (a_t.t(), b.view()), (a.view(), b_t.t())] {
                let mut c = Array2::from_elem((m, n), f32::NAN);
                matmul_on(path, &a, &b, Epilogue::None, &mut c);
                println!("{what}: {path} {m}·{k}·{n}");
                test_near_norm(&c, &want, 1e-5);
            }
        }
        test_near_norm(&matmul(&a.mapv(f64::from), &b.mapv(f64::from)), &want, 1e-5);
    }
}

#[test]
fn steps_and_epilogues() {
    let rng = &mut manual_seed(2);
    let (a, b, bias) = (randn((26, 22), rng), randn((33, 23), rng), randn(33, rng));
    let (a, b, bias) = (a.slice(s![..;-2, ..;2]), b.slice(s![1..;3, ..;-1]), bias.slice(s![..23]));
    let want = expected(&a, &b);
    for path in Path::available() {
        let mut memory = Array2::zeros((46, 26));
        let mut c = memory.slice_mut(s![..;2, ..;-2]).reversed_axes();
        matmul_on(path, &a, &b, Epilogue::Bias(&bias), &mut c);
        matmul_on(path, &a, &b, Epilogue::Add, &mut c);
        test_near_norm(&c, &(&want + &want + bias), 1e-5);
        let bias = Array1::from_elem(23, 1.0);
        matmul_on(path, &a, &b, Epilogue::BiasRelu { bias: &bias, shift: 0.5 }, &mut c);
        test_near_norm(&c, &(&want + 1.0).mapv(|x| x.max(0.0) - 0.5), 1e-5);
    }
}

/// Enough operations that others are invited to help.
#[test]
fn several_threads() {
    let rng = &mut manual_seed(3);
    let (a, b) = (randn((81, 64), rng), randn((64, 41), rng));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    test_near_norm(&pool.install(|| matmul(&a, &b)), &expected(&a, &b), 1e-5);
}

#[test]
fn every_rung() {
    let rng = &mut manual_seed(4);
    let (a, b) = (randn((7, 9), rng), randn((9, 17), rng));
    for rung in RUNGS {
        test_near_norm(&(rung.matmul)(&a, &b), &expected(&a, &b), 1e-5);
    }
}
