//! The smallest products that take each way through the module, for tools that watch every access: AddressSanitizer and
//! valgrind, by `cargo xtask sanitize`.

use kernels::Isa;
use kernels::conv::{conv2d, conv2d_grad};
use kernels::matmul::{Epilogue, matmul, matmul_on};
use kernels::ndarray::{Array1, Array2, Array4, ArrayRef2, ArrayRef4, s};

/// What takes which way. Sizes are as small as the way allows, and leave a rest in every direction; of four lanes less
/// is enough than of sixteen.
const SHAPES: [(&str, (usize, usize, usize)); 9] = [
    ("no terms", (3, 0, 5)),
    ("one number", (1, 1, 1)),
    ("direct", (3, 7, 11)),
    ("in place, a strip and a rest", (21, 5, 35)),
    ("dot products, B where it lies", (5, 131, 3)),
    ("dot products and whole registers", (35, 131, 21)),
    ("packed", (66, 3, 35)),
    ("a long sum in parts", (2, 2050, 3)),
    ("two blocks of k", (17, 1030, 19)),
];

/// Small whole numbers, so that every sum of products is exact in any order.
fn numbers(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((7 * i + 3 * j) % 11) as f32 - 5.0)
}

fn expected(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<f32> {
    let number = |(i, j)| (0..a.ncols()).map(|k| a[[i, k]] * b[[k, j]]).sum();
    Array2::from_shape_fn((a.nrows(), b.ncols()), number)
}

#[test]
fn every_way_through_the_module() {
    for (what, (m, k, n)) in SHAPES {
        let (a, b) = (numbers(m, k), numbers(k, n));
        let (a_t, b_t) = (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
        let want = expected(&a, &b);
        let layouts = [(a.view(), b.view()), (a.view(), b_t.t()), (a_t.t(), b.view()), (a_t.t(), b_t.t())];
        for isa in Isa::available() {
            for (a, b) in &layouts {
                println!("{what}: {isa} {m}·{k}·{n}, strides {:?} and {:?}", a.strides(), b.strides());
                let mut c = Array2::from_elem((m, n), f32::NAN);
                matmul_on(isa, a, b, Epilogue::None, &mut c);
                assert_eq!(c, want);
            }
        }
        if m * k * n < 5_000 {
            assert_eq!(matmul(&a.mapv(f64::from), &b.mapv(f64::from)), want.mapv(f64::from));
        }
    }
}

#[test]
fn steps_and_epilogues() {
    let (a, b, bias) = (numbers(26, 22), numbers(33, 23), numbers(33, 1));
    let (a, b, bias) = (a.slice(s![..;-2, ..;2]), b.slice(s![1..;3, ..;-1]), bias.slice(s![..23, 0]));
    let want = expected(&a, &b);
    for isa in Isa::available() {
        let mut memory = Array2::zeros((46, 26));
        let mut c = memory.slice_mut(s![..;2, ..;-2]).reversed_axes();
        matmul_on(isa, &a, &b, Epilogue::Bias(&bias), &mut c);
        matmul_on(isa, &a, &b, Epilogue::Add, &mut c);
        assert_eq!(c, (&want + &want + bias));
        let bias = Array1::from_elem(23, 1.0);
        matmul_on(isa, &a, &b, Epilogue::BiasRelu { bias: &bias, shift: 0.5 }, &mut c);
        assert_eq!(c, (&want + 1.0).mapv(|x| x.max(0.0) - 0.5));
    }
}

/// Few images and many; channels that fill a tile and that do not, five neighbours in six rows. Each is its own adjoint:
/// whole numbers add up to the same whichever operand is summed over last.
#[test]
fn convolutions() {
    let images = |(n, c, h, w)| numbers(n, c * h * w).into_shape_with_order((n, c, h, w)).unwrap();
    let inner = |a: &ArrayRef4<f32>, b: &ArrayRef4<f32>| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let cases = [
        ((3, 2, 4, 5), (3, 3, 2)),
        ((13, 8, 3, 4), (17, 2, 3)),
        ((12, 1, 6, 7), (3, 6, 5)),
        ((17, 3, 3, 3), (2, 2, 2)),
    ];
    for (x, (co, kh, kw)) in cases {
        let (x, weight): (Array4<f32>, _) = (images(x), images((co, x.1, kh, kw)));
        let out = conv2d(&x, &weight, &Array1::zeros(co), 2, 1);
        let out_g = images(out.dim());
        let grads = conv2d_grad(&x, &weight, &out_g, 2, 1);
        assert_ne!(inner(&out, &out_g), 0.0);
        assert_eq!(inner(&out, &out_g), inner(&x, &grads.input));
        assert_eq!(inner(&out, &out_g), inner(&weight, &grads.weight));
    }
}

/// Enough operations that others are invited to help.
#[test]
fn several_threads() {
    let (a, b) = (numbers(81, 64), numbers(64, 41));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(pool.install(|| matmul(&a, &b)), expected(&a, &b));
}

/// Whether there is room is asked for large arrays, and known for empty ones; ndarray counts the axes beside one of size 0.
#[test]
fn room_for_shapes_of_all_sizes() {
    assert_eq!(kernels::room::<f32>(&[]), Some(1));
    assert_eq!(kernels::room::<f32>(&[3, 5]), Some(15));
    assert_eq!(kernels::room::<f32>(&[usize::MAX / 8, 0]), Some(0));
    assert_eq!(kernels::room::<f32>(&[usize::MAX / 4, 0, 3]), None);
    assert_eq!(kernels::room::<f32>(&[usize::MAX, 2]), None);
    assert_eq!(kernels::room::<f32>(&[isize::MAX as usize / 4]), None);
}
