//! Every isa, shape and layout of the product, against three loops in f64.
//!
//! The bound is the one that the module promises, `k · ε · Σ |a| · |b|` for each number of the result, and nothing
//! wider: a lane that holds garbage, a row too few or a sum in f16 does not pass it.

use crate::common::failure::{Failure, failure};
#[cfg(unix)]
use crate::common::guarded::Guarded;
use crate::common::random::{Rng, manual_seed, rand, randn};
use kernels::matmul::{Epilogue, affine, affine_relu, matmul, matmul_into, matmul_on, matmul_with};
use kernels::ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView2, array, s};
use kernels::{Element, Isa};

/// Empty, one, odd, prime, around the borders of tiles, panels and blocks, tall, wide, long.
const SHAPES: [(usize, usize, usize); 58] = [
    (0, 3, 4),
    (3, 0, 4),
    (3, 4, 0),
    (0, 0, 0),
    (40, 0, 70),
    (1, 1, 1),
    (1, 7, 1),
    (1, 784, 10),
    (1, 300, 200),
    (3, 4100, 70),
    (14, 4200, 40),
    (34, 4300, 20),
    (200, 300, 1),
    (7, 1, 9),
    (300, 1, 200),
    (5, 784, 10),
    (2, 3, 5),
    (13, 17, 19),
    (7, 31, 47),
    (8, 32, 48),
    (9, 33, 49),
    (6, 16, 16),
    (5, 15, 17),
    (64, 784, 50),
    (64, 784, 48),
    (33, 127, 63),
    (33, 128, 64),
    (33, 129, 65),
    (31, 784, 50),
    (100, 131, 3),
    (97, 1000, 16),
    (95, 130, 13),
    (96, 128, 12),
    (193, 131, 29),
    (300, 300, 12),
    (300, 300, 20),
    (40, 4097, 20),
    (40, 4096, 20),
    (47, 61, 53),
    (48, 64, 96),
    (49, 65, 97),
    (101, 103, 107),
    (256, 256, 256),
    (130, 512, 145),
    (130, 513, 143),
    (70, 1024, 70),
    (70, 1025, 140),
    (9, 1024, 1600),
    (17, 641, 300),
    (500, 50, 784),
    (784, 64, 50),
    (787, 300, 50),
    (211, 25, 13),
    (96, 513, 24),
    (50, 2048, 30),
    (30, 2049, 50),
    (3, 4100, 100),
    (110, 2600, 7),
];

/// Whatever can lie in memory like a matrix of this shape.
struct Layout {
    name: &'static str,
    memory: Array2<f32>,
    view: fn(&Array2<f32>, (usize, usize)) -> ArrayView2<'_, f32>,
}

fn layouts((rows, columns): (usize, usize), rng: &mut Rng) -> Vec<Layout> {
    let mut layout = |name, shape, view| Layout { name, memory: randn(shape, rng), view };
    vec![
        layout("contiguous", (rows, columns), |m, _| m.view()),
        layout("transposed", (columns, rows), |m, _| m.t()),
        layout("wider", (rows, columns + 5), |m, _| m.slice(s![.., 2..m.ncols() - 3])),
        layout("transposed, wider", (columns, rows + 7), |m, _| {
            m.slice(s![.., 3..m.ncols() - 4]).reversed_axes()
        }),
        layout("every second row", (2 * rows, columns), |m, _| m.slice(s![..;2, ..])),
        layout("every second column", (rows, 2 * columns + 1), |m, _| m.slice(s![.., 1..;2])),
        layout("both by steps", (3 * rows + 1, 2 * columns), |m, _| m.slice(s![1..;3, ..;2])),
        layout("rows reversed", (rows, columns), |m, _| m.slice(s![..;-1, ..])),
        layout("columns reversed", (rows, columns), |m, _| m.slice(s![.., ..;-1])),
        layout("transposed, reversed", (columns, rows), |m, _| m.slice(s![..;-1, ..;-1]).reversed_axes()),
        layout("one row over and over", (1, columns), |m, shape| {
            m.broadcast(shape).expect("one row or column")
        }),
        layout("one column over and over", (rows, 1), |m, shape| {
            m.broadcast(shape).expect("one row or column")
        }),
    ]
}

/// `a @ b` and `|a| @ |b|`, one number after the other.
fn reference<T: Element>(a: &ArrayRef2<T>, b: &ArrayRef2<T>) -> Array2<(f64, f64)> {
    let (a, b) = (a.mapv(Element::widen), b.t().as_standard_layout().mapv(Element::widen));
    Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| {
        let (a, b) = (a.row(i), b.row(j));
        a.iter().zip(b).fold((0.0, 0.0), |(sum, size), (a, b)| (sum + a * b, size + (a * b).abs()))
    })
}

/// Every number within the promised bound; `eps` is that of the number.
#[track_caller]
fn check<T: Element>(
    what: impl Fn() -> String,
    k: usize,
    eps: f64,
    c: &ArrayRef2<T>,
    want: &Array2<(f64, f64)>,
) {
    for (at, &(want, size)) in want.indexed_iter() {
        let (c, bound) = (Element::widen(c[at]), k as f64 * eps * size);
        assert!((c - want).abs() <= bound, "{}: at {at:?}: {c}, not {want} ± {bound:e}", what());
    }
}

/// Every number within 1e-5 of its own size or of 1.
#[track_caller]
fn near(got: &ArrayRef2<f32>, want: &ArrayRef2<f32>) {
    assert_eq!(got.dim(), want.dim());
    for (at, &want) in want.indexed_iter() {
        assert!((got[at] - want).abs() <= 1e-5 * want.abs().max(1.0), "at {at:?}: {}, not {want}", got[at]);
    }
}

const EPS: f64 = f32::EPSILON as f64;

#[test]
fn all_isas_agree_with_three_loops_on_all_shapes_and_layouts() {
    let rng = &mut manual_seed(1);
    for (m, k, n) in SHAPES {
        let (a_layouts, b_layouts) = (layouts((m, k), rng), layouts((k, n), rng));
        for (i, a_layout) in a_layouts.iter().enumerate() {
            for (j, b_layout) in b_layouts.iter().enumerate() {
                // All pairs where it is quick, else the four of plain and transposed, and every other layout once.
                if m * k * n > 20_000 && (i > 1 || j > 1) && j != (5 * i + 2) % b_layouts.len() {
                    continue;
                }
                let a = (a_layout.view)(&a_layout.memory, (m, k));
                let b = (b_layout.view)(&b_layout.memory, (k, n));
                let want = reference(&a, &b);
                for isa in Isa::available() {
                    let mut c = Array2::from_elem((m, n), f32::NAN);
                    matmul_on(isa, &a, &b, Epilogue::None, &mut c);
                    let what = || format!("{isa} {m}·{k}·{n}, a {}, b {}", a_layout.name, b_layout.name);
                    check(what, k, EPS, &c, &want);
                }
            }
        }
    }
}

#[test]
fn f64_agrees_to_its_own_precision() {
    let rng = &mut manual_seed(2);
    for (m, k, n) in SHAPES {
        let (a, b) = (randn((k, m), rng).mapv(f64::from), randn((k, n), rng).mapv(f64::from));
        for a in [a.t(), a.t().as_standard_layout().view()] {
            check(|| format!("f64 {m}·{k}·{n}"), k, f64::EPSILON, &matmul(&a, &b), &reference(&a, &b));
        }
    }
}

#[test]
fn results_go_where_they_are_told_and_nowhere_else() {
    let rng = &mut manual_seed(3);
    for (m, k, n) in SHAPES {
        let (a, b) = (randn((m, k), rng), randn((k, n), rng));
        let want = reference(&a, &b);
        for isa in Isa::available() {
            let on = |c: &mut ArrayRef2<f32>| {
                matmul_on(isa, &a, &b, Epilogue::None, c);
                check(|| format!("{isa} {m}·{k}·{n} into {:?}", c.strides()), k, EPS, c, &want);
                c.fill(7.0);
            };
            let mut memory = Array2::from_elem((2 * m + 2, 2 * n + 2), 7.0_f32);
            on(&mut memory.slice_mut(s![1..m + 1, 1..n + 1]));
            on(&mut memory.slice_mut(s![1..2 * m + 1;2, 1..2 * n + 1;2]));
            on(&mut memory.slice_mut(s![1..m + 1;-1, 1..n + 1;-1]));
            let mut transposed = Array2::from_elem((n + 2, m + 2), 7.0_f32);
            on(&mut transposed.slice_mut(s![1..n + 1, 1..m + 1]).reversed_axes());
            // What was written is 7 again, so whatever is not was written by mistake.
            assert!(memory.iter().chain(&transposed).all(|&x| x == 7.0), "{isa} {m}·{k}·{n} wrote outside");
        }
    }
}

#[test]
fn epilogues_do_what_two_steps_would() {
    let rng = &mut manual_seed(4);
    for (m, k, n) in SHAPES {
        let (a, b, c, bias) = (randn((m, k), rng), randn((k, n), rng), randn((m, n), rng), randn(2 * n, rng));
        for bias in [bias.slice(s![..n]), bias.slice(s![..;2])] {
            for isa in Isa::available() {
                let plain = on(isa, &a, &b, Epilogue::None, &c);
                let size = reference(&a, &b);
                let close = |name: &str, got: Array2<f32>, want: Array2<f32>| {
                    for (at, got) in got.indexed_iter() {
                        let bound = 4.0 * EPS * (size[at].1 * (1 + k) as f64 + 10.0);
                        let error = f64::from((got - want[at]).abs());
                        assert!(
                            error <= bound,
                            "{isa} {name} {m}·{k}·{n} at {at:?}: {got}, not {}",
                            want[at]
                        );
                    }
                };
                close("add", on(isa, &a, &b, Epilogue::Add, &c), &plain + &c);
                close("bias", on(isa, &a, &b, Epilogue::Bias(&bias), &c), &plain + &bias);
                let relu = Epilogue::BiasRelu { bias: &bias, shift: 0.5 };
                close("relu", on(isa, &a, &b, relu, &c), (&plain + &bias).mapv(|x| x.max(0.0) - 0.5));
            }
        }
    }
}

fn on(isa: Isa, a: &Array2<f32>, b: &Array2<f32>, e: Epilogue<'_, f32>, c: &Array2<f32>) -> Array2<f32> {
    let mut c = c.clone();
    matmul_on(isa, a, b, e, &mut c);
    c
}

#[test]
fn epilogues_reach_results_with_any_strides() {
    let rng = &mut manual_seed(5);
    let (a, b, bias) = (randn((9, 40), rng), randn((40, 21), rng), randn(21, rng));
    let want = matmul(&a, &b) + &bias;
    let mut c = Array2::zeros((21, 9));
    matmul_with(&a, &b, Epilogue::Bias(&bias), &mut c.view_mut().reversed_axes());
    near(&c.t(), &want);
    matmul_with(&a, &b, Epilogue::Add, &mut c.view_mut().reversed_axes());
    near(&c.t(), &(&want + &want - &bias));
}

#[test]
fn nan_and_infinity_reach_what_they_should_and_nothing_else() {
    let rng = &mut manual_seed(6);
    for (m, k, n) in SHAPES.into_iter().filter(|(m, k, n)| m * k * n > 0) {
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (mut a, mut b) = (randn((m, k), rng), randn((k, n), rng));
            let random = |max: usize, rng: &mut Rng| (rand((), rng)[()] * max as f32) as usize;
            a[(random(m, rng), random(k, rng))] = special;
            b[(random(k, rng), random(n, rng))] = special;
            // 0 · ∞ is NaN, and no implementation may skip it.
            a[(random(m, rng), random(k, rng))] = 0.0;
            let want = reference(&a, &b);
            let transposed =
                (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
            for isa in Isa::available() {
                for (a, b) in
                    [(a.view(), b.view()), (transposed.0.t(), b.view()), (a.view(), transposed.1.t())]
                {
                    let mut c = Array2::zeros((m, n));
                    matmul_on(isa, &a, &b, Epilogue::None, &mut c);
                    for (at, &(want, _)) in want.indexed_iter() {
                        let same = if want.is_finite() { c[at].is_finite() } else { same_kind(c[at], want) };
                        assert!(same, "{isa} {m}·{k}·{n} at {at:?}: {}, not {want}", c[at]);
                    }
                }
            }
        }
    }
}

fn same_kind(c: f32, want: f64) -> bool {
    if want.is_nan() { c.is_nan() } else { f64::from(c) == want }
}

#[test]
fn relu_keeps_nan() {
    for isa in Isa::available() {
        for n in [1, 10, 16, 50] {
            let bias = Array1::zeros(n);
            let mut c = Array2::zeros((3, n));
            let (a, b) = (Array2::from_elem((3, 200), f32::NAN), Array2::ones((200, n)));
            matmul_on(isa, &a, &b, Epilogue::BiasRelu { bias: &bias, shift: 0.0 }, &mut c);
            assert!(c.iter().all(|c| c.is_nan()), "{isa} {n}");
        }
    }
}

/// Longer than what is packed at a time, on every isa: nothing is left out, and the epilogue comes once.
#[test]
fn sums_of_any_length() {
    let k = (8 << 20) + 1;
    let (ones, half) = (Array2::<f32>::ones((1, 1)), array![[0.5_f32]]);
    let (a, b) = (ones.broadcast((15, k)).unwrap(), half.broadcast((k, 1)).unwrap());
    let (bias, sum) = (array![1.0], k as f32 / 2.0);
    for isa in Isa::available() {
        for (epilogue, expected) in [(Epilogue::Bias(&bias), sum + 1.0), (Epilogue::Add, sum - 7.0)] {
            let mut c = Array2::from_elem((15, 1), -7.0);
            matmul_on(isa, &a, &b, epilogue, &mut c);
            assert!(c.iter().all(|&c| c == expected), "{isa}, {epilogue:?}: {c}");
        }
    }
}

/// Where a large result lies decides where its panels begin, but none of its bits.
#[test]
fn any_address_gives_the_same_bits() {
    let rng = &mut manual_seed(11);
    for (m, k, n) in [(2004, 50, 2112), (264, 100, 16_000)] {
        let (a, b) = (randn((m, k), rng), randn((k, n), rng));
        let mut memory = Array1::zeros(m * n + 16);
        for isa in Isa::available() {
            let mut at = |skipped: usize| {
                let c = memory.slice_mut(s![skipped..skipped + m * n]).into_shape_with_order((m, n));
                let mut c = c.unwrap();
                matmul_on(isa, &a, &b, Epilogue::None, &mut c);
                c.mapv(f32::to_bits)
            };
            let first = at(0);
            assert!([1, 5, 15].into_iter().all(|skipped| at(skipped) == first), "{isa}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let rng = &mut manual_seed(7);
    for (m, k, n) in [
        (1000, 784, 50),
        (3000, 784, 10),
        (50, 9000, 30),
        (700, 50, 784),
        (300, 400, 500),
        (64, 784, 50),
        (132, 4, 32_752),
        (189, 2, 23_416),
        (300, 1100, 1600),
        (250, 300, 384),
        (250, 600, 144),
        (131, 4, 32_256),
    ] {
        let (a, b) = (randn((m, k), rng), randn((k, n), rng));
        let a_t = a.t().as_standard_layout().into_owned();
        for isa in Isa::available() {
            same_bits(&format!("{isa} {m}·{k}·{n}"), |c| matmul_on(isa, &a, &b, Epilogue::None, c), (m, n));
            same_bits(
                &format!("{isa}, aᵀ, {m}·{k}·{n}"),
                |c| matmul_on(isa, &a_t.t(), &b, Epilogue::None, c),
                (m, n),
            );
        }
        let (a, b) = (a.mapv(f64::from), b.mapv(f64::from));
        same_bits(&format!("f64 {m}·{k}·{n}"), |c: &mut Array2<f64>| matmul_into(&a, &b, c), (m, n));
    }
}

/// What `product` writes to a matrix of this shape, in pools of different sizes.
fn same_bits<T: Element>(what: &str, product: impl Fn(&mut Array2<T>) + Sync, shape: (usize, usize)) {
    let results = [1, 2, 3, 7].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads for a pool");
        let mut c = Array2::zeros(shape);
        pool.install(|| product(&mut c));
        c.mapv(|x| x.widen().to_bits())
    });
    assert!(results.iter().all(|c| *c == results[0]), "{what}");
}

#[test]
fn large_results_are_streamed_whole() {
    let rng = &mut manual_seed(8);
    for (m, k, n) in [(6000, 20, 784), (264, 100, 16_000)] {
        let (a, b) = (randn((m, k), rng), randn((n, k), rng));
        let want = reference(&a, &b.t());
        check(|| "new".into(), k, EPS, &matmul(&a, &b.t()), &want);
        for isa in Isa::available() {
            for skipped in [0, 1, 4, 15] {
                let mut memory = Array1::zeros(m * n + 16);
                let c = memory.slice_mut(s![skipped..skipped + m * n]).into_shape_with_order((m, n));
                let mut c = c.unwrap();
                matmul_on(isa, &a, &b.t(), Epilogue::None, &mut c);
                check(|| format!("{isa} from {skipped}"), k, EPS, &c, &want);
            }
        }
    }
}

#[test]
fn short_forms_are_the_long_one() {
    let rng = &mut manual_seed(9);
    let (x, w, b) = (randn((33, 20), rng), randn((20, 5), rng), randn(5, rng));
    let mut c = Array2::zeros((33, 5));
    matmul_into(&x, &w, &mut c);
    assert_eq!(c, matmul(&x, &w));
    near(&affine(&x, &w, &b), &(&c + &b));
    near(&affine_relu(&x, &w, &b, 0.5), &(&c + &b).mapv(|x| x.max(0.0) - 0.5));
}

/// What a call that panics says, pointing at its own line.
fn message(call: impl FnOnce()) -> String {
    let Failure { message, place: (file, _) } = failure(call);
    assert!(file.ends_with("matmul.rs"), "{message:?} points at {file}");
    message
}

#[test]
fn shapes_that_do_not_fit_say_so_and_what_would() {
    let zeros = |m, n| Array2::<f32>::zeros((m, n));
    let said = message(|| drop(matmul(&Array2::<f32>::zeros((5, 784)), &Array2::zeros((10, 784)))));
    assert!(said.contains("a (5, 784) times b (10, 784)") && said.contains("did you mean b.t()?"), "{said}");
    let said = message(|| drop(matmul(&Array2::<f32>::zeros((64, 784)), &Array2::zeros((64, 50)))));
    assert!(said.contains("axis 1 has 784") && said.contains("a.t()?"), "{said}");
    let said = message(|| drop(matmul(&zeros(2, 3), &zeros(5, 2))));
    assert!(said.contains("a (2, 3) times b (5, 2)") && said.contains("did you mean b times a?"), "{said}");
    let said = message(|| drop(matmul(&zeros(2, 3), &zeros(5, 7))));
    assert!(said.ends_with("a's axis 1 has 3 but b's axis 0 has 5, and they must be equal"), "{said}");
    let said = message(|| matmul_into(&zeros(2, 3), &zeros(3, 4), &mut zeros(4, 2)));
    assert!(said.contains("gives (2, 4)") && said.contains("c.t()?"), "{said}");
    let short: &ArrayRef1<f32> = &Array1::zeros(3);
    let said = message(|| drop(affine(&zeros(2, 3), &zeros(3, 4), &short.to_owned())));
    assert!(said.contains("bias (3)") && said.contains("4 columns"), "{said}");
}

/// Arrays without numbers may have any sides, their product may not.
#[test]
fn more_numbers_than_there_can_be_are_refused() {
    let side = 1_usize << (usize::BITS / 2 + 1);
    let (tall, wide) = (Array2::<f32>::zeros((side, 0)), Array2::<f32>::zeros((0, side)));
    assert_eq!(matmul(&wide, &tall).dim(), (0, 0));
    let said = message(|| _ = matmul(&tall, &wide));
    assert!(said.contains(&format!("matmul: a result of shape [{side}, {side}]")), "{said}");
    assert!(said.contains("compute a part of its rows at a time"), "{said}");
}

/// A protected page lies directly behind each operand: reading one number too many ends the test.
#[cfg(unix)]
#[test]
fn nothing_is_read_or_written_beyond_the_end() {
    let rng = &mut manual_seed(10);
    for (m, k, n) in SHAPES.into_iter().filter(|(m, k, n)| m * k * n > 0) {
        let (a, b) = (randn((m, k), rng), randn((k, n), rng));
        let want = reference(&a, &b);
        for (a_t, b_t) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut guarded_a = Guarded::new(m * k);
            let mut guarded_b = Guarded::new(k * n);
            let a = guarded_a.filled(&a, a_t);
            let b = guarded_b.filled(&b, b_t);
            for isa in Isa::available() {
                let mut guarded_c = Guarded::new(m * n);
                let mut c = guarded_c.view_mut((m, n));
                matmul_on(isa, &a, &b, Epilogue::None, &mut c);
                check(|| format!("{isa} {m}·{k}·{n}"), k, EPS, &c, &want);
            }
        }
    }
}
