//! `einsum` against NumPy, against plain loops, and against nonsense.

use crate::common::compare::{assert_close, close};
use crate::common::draw::draw_call;
use crate::common::loops::loops;
use crate::common::random::{manual_seed, randn};
use crate::common::{View, call, einsum};
use einsum::ndarray::{
    Array0, Array1, Array2, Array3, Array4, ArrayD, ArrayViewD, Axis, Ix0, Ix1, Ix2, IxDyn, array, s,
};
use einsum::{EinsumError, einsum_explain};
use kernels::matmul::matmul;
use rand::RngExt;
use serde_json::Value;

type Result<T> = std::result::Result<T, EinsumError>;

/// NumPy's answers to hand-picked and to random calls; in `f64`, and in `f32`.
#[test]
fn agrees_with_numpy() {
    for (file, count) in [
        (include_str!("../../oracle/einsum_cases.json"), 24),
        (include_str!("../../oracle/einsum_random.json"), 290),
    ] {
        let cases: Vec<Value> = serde_json::from_str(file).expect("the oracle is JSON");
        assert_eq!(&cases.len(), &count);
        for case in &cases {
            let subscripts = case["subscripts"].as_str().expect("subscripts");
            let operands: Vec<ArrayD<f64>> =
                case["operands"].as_array().expect("operands").iter().map(read_array).collect();
            let expected = (!case["result"]["data"].is_null()).then(|| read_array(&case["result"]));
            check(subscripts, &operands, expected.as_ref());
        }
    }
}

fn read_array(json: &Value) -> ArrayD<f64> {
    let integers = |value: &Value| -> Vec<usize> {
        value.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a size") as usize).collect()
    };
    let numbers =
        json["data"].as_array().expect("data").iter().map(|x| x.as_f64().expect("a number")).collect();
    let array = ArrayD::from_shape_vec(integers(&json["shape"]), numbers).expect("shape and data agree");
    if json["axes"].is_null() { array } else { array.permuted_axes(integers(&json["axes"])) }
}

fn check(subscripts: &str, operands: &[ArrayD<f64>], expected: Option<&ArrayD<f64>>) {
    let result = call(subscripts, operands);
    let single: Vec<ArrayD<f32>> = operands.iter().map(|operand| operand.mapv(|x| x as f32)).collect();
    let result_f32 = call(subscripts, &single);
    match (result, result_f32, expected) {
        (Ok(result), Ok(result_f32), Some(expected)) => {
            println!("{subscripts}");
            assert!(result.is_standard_layout() && result_f32.is_standard_layout());
            assert!(close(&result, expected, 1e-12), "{subscripts}\n{result}\n{expected}");
            assert!(close(&result_f32, expected, 1e-5), "{subscripts}\n{result_f32}\n{expected}");
        }
        (Err(_), Err(_), None) => {}
        (result, _, expected) => panic!("{subscripts}: {result:?}, and NumPy {expected:?}"),
    }
}

/// Random subscripts on random views, against the loops that they stand for.
#[test]
fn agrees_with_plain_loops() {
    let mut rng = manual_seed(1);
    for _ in 0..4000 {
        let (subscripts, operands) = draw_call(&mut rng);
        let result = call(&subscripts, &operands).unwrap_or_else(|error| panic!("{error}"));
        let expected = loops(&subscripts, &operands);
        let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape()).collect();
        assert!(close(&result, &expected, 1e-10), "{subscripts} {shapes:?}\n{result}\n{expected}");
        assert!(einsum_explain(&subscripts, &shapes).is_ok());
    }
}

/// Any string gives a result, or an error that quotes it.
#[test]
fn no_string_panics() {
    let mut rng = manual_seed(2);
    let symbols: Vec<char> = "iijkkAzZ..,,->-> \t1é[∑\u{301}".chars().collect();
    let operands = [array![[1.0, 2.0], [3.0, 4.0]].into_dyn(), array![1.0, 2.0].into_dyn()];
    let mut accepted = 0;
    for round in 0..60_000 {
        let len = rng.random_range(0..14);
        let subscripts: String = (0..len).map(|_| symbols[rng.random_range(0..symbols.len())]).collect();
        let result = call(&subscripts, &operands[..round % 3]);
        accepted += usize::from(result.is_ok());
        if let Err(error) = result {
            assert!(error.to_string().lines().count() == 3, "{error}");
        }
    }
    assert!(accepted > 100, "only {accepted} strings were accepted");
    for len in [1_000, 100_000] {
        for pattern in ["i", ",", "...", "->", "é", "i,", " "] {
            let subscripts = pattern.repeat(len);
            let result = call(&subscripts, &operands);
            assert!(result.is_err_and(|error| error.to_string().len() < 600));
        }
    }
}

/// Each kind of mistake, as it is shown.
#[test]
fn mistakes_are_quoted() {
    let shown = |subscripts: &str, shapes: &[&[usize]]| {
        let operands: Vec<ArrayD<f32>> = shapes.iter().map(|shape| ArrayD::zeros(*shape)).collect();
        call(subscripts, &operands).unwrap_err().to_string()
    };
    let marks = |message: &str, place: &str, words: &str| {
        let (first, rest) = message.split_once('\n').expect("a quote below the message");
        assert!(first.contains(words), "{message}");
        assert_eq!(rest, place);
    };
    let two: &[&[usize]] = &[&[5, 784], &[784, 10]];
    marks(&shown("ik,k1->ij", two), "    ik,k1->ij\n        ^", "'1' does not belong here");
    marks(&shown("ik,∑j->ij", two), "    ik,∑j->ij\n       ^", "'∑'");
    marks(&shown("ik,kj-ij", two), "    ik,kj-ij\n         ^", "'-'");
    marks(&shown("ik,kj->ij,k", two), "    ik,kj->ij,k\n             ^", "','");
    marks(&shown("ik,kj->i->j", two), "    ik,kj->i->j\n            ^", "'-' does not belong here");
    marks(&shown("ik..,kj", two), "    ik..,kj\n      ^", "'.'");
    marks(&shown("ik\t,kj", two), "    ik\u{fffd},kj\n      ^", "'\\t'");
    marks(&shown("i...k...,kj", two), "    i...k...,kj\n         ^^^", "one `...` is enough");
    marks(&shown("ik", two), "    ik\n    ^^", "for 1 operand, 2 given");
    marks(&shown("ik,kj,jl", two), "    ik,kj,jl\n          ^^", "for 3 operands, 2 given");
    marks(&shown("ik,kjl", two), "    ik,kjl\n       ^^^", "3 letters for operand 1 of shape [784, 10]");
    marks(&shown("ik,k", two), "    ik,k\n       ^", "1 letter for operand 1 of shape [784, 10]");
    marks(&shown("ik,jk->ij", two), "    ik,jk->ij\n        ^", "size 10 in operand 1 where size 784");
    marks(&shown("...,...", two), "    ...,...\n        ^^^", "size 784 in operand 1 where size 5");
    marks(&shown("ii,kj", two), "    ii,kj\n     ^", "operand 0 of shape [5, 784]");
    marks(&shown("ik,kj->iji", two), "    ik,kj->iji\n             ^", "`i` is in the output already");
    marks(&shown("ik,kj->iz", two), "    ik,kj->iz\n            ^", "`z` is in the output but in no operand");
    marks(&shown("...k,kj -> j", two), "    ...k,kj -> j\n              ^^", "have to be in the output");
    let long = format!("{}?{}", "i,".repeat(500), ",j".repeat(500));
    let message = shown(&long, two);
    let [_, quoted, mark] = message.lines().collect::<Vec<_>>()[..] else { panic!("{message}") };
    assert_eq!(&quoted.find('?'), &mark.find('^'));
    marks(&shown("...", &[&[1; 80]]), "    ...\n    ^^^", "80 axes are more");
}

/// The caller's type says which rank is meant, and a mistake in that is an error too.
#[test]
fn the_result_has_the_rank_asked_for() -> Result<()> {
    let m = array![[1.0, 2.0], [3.0, 4.0]];
    let trace: Array0<f64> = einsum("ii", &[&m])?;
    assert_eq!(&trace.into_scalar(), &5.0);
    let diagonal: Array1<f64> = einsum("ii->i", &[&m])?;
    assert_eq!(&diagonal, &array![1.0, 4.0]);
    let any: ArrayD<f64> = einsum("ij->ji", &[&m])?;
    assert_eq!(&any, &m.t().into_dyn().to_owned());

    let wrong: Result<Array2<f64>> = einsum("ik,kj->j", &[&m, &m]);
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("shape [2], which is no array of 2 dimensions"), "{message}");
    assert!(message.ends_with("    ik,kj->j\n           ^"), "{message}");
    Ok(())
}

/// A size for which there is no memory is an error that names it, before anything is allocated or computed.
#[test]
fn too_large_is_an_error() {
    let one = ArrayD::from_elem(IxDyn(&[1, 1]), 1.0_f32);
    let long = one.broadcast(IxDyn(&[1, 1 << (usize::BITS / 8 * 5)])).unwrap();
    for (subscripts, operands) in
        [("ai,bj->ij", 2), ("ai,bj,ck->ijk", 3), ("ai,ai,bj->ji", 3), ("ai,bj->aibj", 2), ("ai,bj,kk->ij", 3)]
    {
        let mut operands: Vec<ArrayViewD<'_, f32>> = (0..operands).map(|_| long.view()).collect();
        if subscripts.contains("kk") {
            operands[2] = one.view();
        }
        let error = einsum::einsum(subscripts, &operands).expect_err(subscripts);
        assert!(matches!(error, EinsumError::TooLarge { .. }), "{subscripts}: {error}");
    }
    let text = einsum_explain("bi,bj->bij", &[&[50_000, 784], &[50_000, 50]]).unwrap();
    assert!(text.contains("1,960,000,000 flops"), "{text}");
}

/// Sizes that fit `usize` and not the memory: the operands are small, and a failed allocation would end the program.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_result_that_fits_no_memory_is_an_error() {
    let long = Array1::<f32>::ones(1 << 22);
    let (column, row) = (long.view().insert_axis(Axis(1)), long.view().insert_axis(Axis(0)));
    let all: [(&str, &[&dyn View<f32>]); 5] = [
        ("i,j->ij", &[&long, &long]),
        ("ik,kj->ij", &[&column, &row]),
        ("bik,bkj->bij", &[&column.insert_axis(Axis(0)), &row.insert_axis(Axis(0))]),
        ("i,j->ji", &[&long, &long]),
        ("...i,j", &[&long, &long]),
    ];
    for (subscripts, operands) in all {
        let message = einsum::<f32, IxDyn>(subscripts, operands).expect_err(subscripts).to_string();
        let size = "4194304] takes 70369 GB, and there is not so much memory";
        assert!(message.contains(size), "{message}");
    }
}

/// Axes of size 0 leave an empty result or sums of nothing, next to whatever other sizes.
#[test]
fn axes_of_size_zero() -> Result<()> {
    let (none, some) = (Array2::<f32>::zeros((0, 3)), Array2::<f32>::ones((3, 2)));
    assert_eq!(einsum::<_, Ix2>("ij,jk->ik", &[&none, &some])?.dim(), (0, 2));
    assert_eq!(einsum::<_, Ix2>("ij,kj->ik", &[&none, &none])?.dim(), (0, 0));
    assert_eq!(einsum::<_, Ix2>("ji,jk->ik", &[&none, &none])?, Array2::<f32>::zeros((3, 3)));
    assert_eq!(einsum::<_, Ix1>("ij->i", &[&none])?.dim(), 0);
    assert_eq!(einsum::<_, Ix1>("ij->j", &[&none])?, Array1::<f32>::zeros(3));
    assert_eq!(einsum::<_, Ix0>("ij,ij->", &[&none, &none])?.into_scalar(), 0.0);
    // A size of 1 is stretched to 0, too.
    assert_eq!(einsum::<_, Ix2>("ij,ij->ij", &[&none, &Array2::ones((1, 3))])?.dim(), (0, 3));
    let thin = ArrayD::<f32>::zeros(IxDyn(&[0, usize::MAX / 16]));
    let empty: Result<ArrayD<f32>> = einsum("ij,kl->ijkl", &[&thin, &thin]);
    assert!(matches!(empty, Err(EinsumError::TooLarge { .. })), "ndarray cannot hold this shape");
    Ok(())
}

/// The same array as several operands gives what copies of it give.
#[test]
fn the_same_array_twice() -> Result<()> {
    let x = randn((5, 5), &mut manual_seed(6));
    for subscripts in [
        "ij,ij->ij",
        "ij,jk->ik",
        "ij,kj->ik",
        "ji,jk->ik",
        "ij,ji->",
        "ii,ij->j",
        "ij,jk,kl->il",
        "ii,ii,jj->i",
    ] {
        let n = subscripts.split(',').count();
        let lent: Vec<&dyn View<f32>> = (0..n).map(|_| &x as _).collect();
        let copies: Vec<ArrayD<f32>> = (0..n).map(|_| x.clone().into_dyn()).collect();
        let twice = einsum::<f32, IxDyn>(subscripts, &lent)?;
        assert_eq!(twice, call(subscripts, &copies)?, "{subscripts}");
        let wide: Vec<ArrayD<f64>> = copies.iter().map(|copy| copy.mapv(f64::from)).collect();
        assert_close(&twice, &loops(subscripts, &wide));
    }
    Ok(())
}

/// The lesson's product and the two of its backward pass are `matmul`'s to the last bit, on any strides.
#[test]
fn products_are_matmuls() -> Result<()> {
    let mut rng = manual_seed(3);
    let (x, w, g) = (randn((37, 20), &mut rng), randn((20, 7), &mut rng), randn((37, 7), &mut rng));
    let same = |a: Array2<f32>, b: Array2<f32>| assert_eq!(a, b);
    same(einsum("ik,kj->ij", &[&x, &w])?, matmul(&x, &w));
    same(einsum("bi,bj->ij", &[&x, &g])?, matmul(&x.t(), &g));
    same(einsum("ia,ka->ik", &[&g, &w])?, matmul(&g, &w.t()));
    same(einsum("ki,kj->ij", &[&x.t(), &w])?, matmul(&x, &w));
    same(einsum("ik,kj->ij", &[&x.slice(s![..;3, ..]), &w])?, matmul(&x.slice(s![..;3, ..]), &w));
    assert_close(&einsum::<f32, Ix2>("ik,kj->ji", &[&x, &w])?, &matmul(&x, &w).t().to_owned());
    Ok(())
}

/// A batch in front, in the middle and last, on axes that do not merge.
#[test]
fn batches_anywhere() -> Result<()> {
    let mut rng = manual_seed(4);
    let (a, b) = (randn((4, 2, 3), &mut rng), randn((4, 3, 5), &mut rng));
    let c: Array3<f32> = einsum("bik,bkj->bij", &[&a, &b])?;
    for (i, c) in c.outer_iter().enumerate() {
        assert_close(&c, &matmul(&a.index_axis(Axis(0), i), &b.index_axis(Axis(0), i)));
    }
    let last: Array3<f32> = einsum("bik,bkj->ijb", &[&a, &b])?;
    assert_close(&last, &c.view().permuted_axes([1, 2, 0]));

    // Attention's scores: two letters of the batch around the rows.
    let (q, k) = (randn((2, 6, 3, 4), &mut rng), randn((2, 5, 3, 4), &mut rng));
    let scores: Array4<f32> = einsum("bqhd,bkhd->bhqk", &[&q, &k])?;
    let operands = [q.mapv(f64::from).into_dyn(), k.mapv(f64::from).into_dyn()];
    assert_close(&scores.into_dyn(), &loops("bqhd,bkhd->bhqk", &operands));
    Ok(())
}

/// Nearly products of matrices: two letters to add up, of the same size, which are not the same letter.
#[test]
fn letters_of_the_same_size_are_different_letters() {
    let rng = &mut manual_seed(0);
    let a: ArrayD<f64> = randn((3, 4, 5), rng).mapv(f64::from).into_dyn();
    let matrix = a.index_axis(Axis(0), 0).to_owned();
    for (subscripts, operands) in [
        ("bik,bjl->bij", vec![a.clone(), a.clone()]),
        ("bik,jbl->bij", vec![a.clone(), a.view().permuted_axes(vec![1, 0, 2]).to_owned()]),
        ("ik,jl->ij", vec![matrix.clone(), matrix]),
    ] {
        check(subscripts, &operands, Some(&loops(subscripts, &operands)));
    }
}

/// Small, large enough to be shared by several threads, too large for that, and empty ones.
#[test]
fn batches_have_the_bits_of_matmul_for_any_number_of_threads() -> Result<()> {
    let rng = &mut manual_seed(2);
    for (n, i, k, j) in
        [(3, 5, 7, 4), (70, 33, 65, 47), (3, 310, 200, 150), (0, 2, 3, 4), (2, 0, 3, 4), (2, 3, 0, 4)]
    {
        let (a, b) = (randn((n, i, k), rng), randn((n, j, k), rng));
        let expected: Vec<_> =
            a.outer_iter().zip(b.outer_iter()).map(|(a, b)| matmul(&a, &b.reversed_axes())).collect();
        let (a4, b4) = (a.view().insert_axis(Axis(0)), b.view().insert_axis(Axis(0)));
        for threads in 1..4 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("some threads");
            let (c, c4): (Array3<f32>, Array4<f32>) = pool.install(|| {
                Ok((einsum("bik,bjk->bij", &[&a, &b])?, einsum("abik,abjk->abij", &[&a4, &b4])?))
            })?;
            assert_eq!(&c.dim(), &(n, i, j));
            assert_eq!(&c, &c4.index_axis_move(Axis(0), 0));
            for (c, expected) in c.outer_iter().zip(&expected) {
                assert_eq!(&c, expected);
            }
            let turned: Array3<f32> = einsum("bjk,bik->bij", &[&b, &a])?;
            assert_close(&turned, &c);
        }
    }
    Ok(())
}

/// Large arrays are computed in parts along their longest axis, wherever that is, on any number of threads.
#[test]
fn large_products_and_copies_are_whole_for_any_number_of_threads() -> Result<()> {
    let rng = &mut manual_seed(31);
    for (i, j, k) in
        [(3, 60_011, 7), (60_011, 3, 7), (3, 7, 60_011), (101, 103, 107), (1, 33_000, 1), (2, 1, 32_767)]
    {
        let (x, row) = (randn((i, j, k), rng), randn(k, rng));
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let scaled: Array3<f32> = einsum("ijk,k->ijk", &[&x, &row])?;
                assert_eq!(&scaled, &(&x * &row));
                let squares: Array3<f32> = einsum("ijk,ijk->kij", &[&x, &x])?;
                assert_eq!(&squares, &(&x * &x).permuted_axes([2, 0, 1]));
                let turned: Array3<f32> = einsum("ijk->kji", &[&x])?;
                assert_eq!(&turned, &x.t());
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// NaN and infinities take part in the products that the loops would make.
#[test]
fn nan_and_infinity_spread() -> Result<()> {
    let a = array![[f32::NAN, 1.0], [2.0, f32::INFINITY]];
    let c: Array2<f32> = einsum("ik,kj->ij", &[&a, &array![[0.0, 1.0], [1.0, 1.0]]])?;
    assert!(c[[0, 0]].is_nan() && c[[0, 1]].is_nan());
    assert_eq!(&c.row(1), &array![f32::INFINITY, f32::INFINITY].view());
    Ok(())
}

/// In `f32`, 16,777,216 + 1 is 16,777,216. Sums and inner products are added up in `f64`, whatever the strides and the lowering.
#[test]
fn sums_do_not_lose_ones_in_a_large_number() -> Result<()> {
    const LARGE: f32 = 16_777_216.0;
    let (n, expected) = (40, LARGE + 40.0);
    let x = Array2::from_shape_fn((n + 1, 3), |(i, _)| if i == 0 { LARGE } else { 1.0 });
    let wide = Array2::from_shape_fn((n + 1, 50), |(i, _)| if i == 0 { LARGE } else { 1.0 });
    let (line, step, back) = (x.column(0).to_owned(), x.column(1), x.slice(s![..;-1, 2]));
    let ones = Array2::<f32>::ones((n + 1, 3));
    let cube = x.view().insert_axis(Axis(2));
    for line in [line.view(), step, back] {
        assert_eq!(&einsum::<_, Ix0>("i->", &[&line])?.into_scalar(), &expected);
        assert_eq!(&einsum::<_, Ix0>("i,i->", &[&line, &ones.column(0)])?.into_scalar(), &expected);
    }
    assert_eq!(&einsum::<_, Ix1>("ij->j", &[&x])?, &Array1::from_elem(3, expected));
    assert_eq!(&einsum::<_, Ix1>("ij->j", &[&wide])?, &Array1::from_elem(50, expected));
    assert_eq!(&einsum::<_, Ix1>("ji->j", &[&wide.t()])?, &Array1::from_elem(50, expected));
    assert_eq!(&einsum::<_, Ix1>("ijk->j", &[&cube])?, &Array1::from_elem(3, expected));
    assert_eq!(&einsum::<_, Ix1>("ij,ij->j", &[&x, &ones])?, &Array1::from_elem(3, expected));
    assert_eq!(&einsum::<_, Ix1>("ji,ji->j", &[&x.t(), &ones.t()])?, &Array1::from_elem(3, expected));
    assert_eq!(&einsum::<_, Ix0>("ij,ij->", &[&x, &ones])?.into_scalar(), &(3.0 * expected));
    Ok(())
}

/// The promise of the crate's page: each step's result is rounded to `T`.
#[test]
fn the_result_of_each_step_is_rounded() -> Result<()> {
    let (signs, x) = (array![1.0_f32, -1.0], array![[1e8_f32, 1.0], [1e8, 0.0]]);
    let rounded: Array0<f32> = einsum("i,ij->", &[&signs, &x])?; // 1e8 + 1 is 1e8 in f32; the loops say 1
    assert_eq!(rounded.into_scalar(), 0.0);
    let (signs, wide) = (signs.mapv(f64::from), x.mapv(f64::from));
    assert_eq!(einsum::<_, Ix0>("i,ij->", &[&signs, &wide])?.into_scalar(), 1.0);
    // In one step nothing is rounded on the way.
    let one_step = array![[1.0_f32, 1.0], [-1.0, -1.0]];
    assert_eq!(einsum::<_, Ix0>("ij,ij->", &[&one_step, &x])?.into_scalar(), 1.0);
    Ok(())
}

/// An intermediate result beyond the range is infinite, although each term of the loops is 0.
#[test]
fn an_intermediate_result_can_leave_the_range() -> Result<()> {
    let (large, zero) = (array![3e38_f32, 3e38], array![0.0_f32]);
    assert!(einsum::<_, Ix0>("i,j->", &[&large, &zero])?.into_scalar().is_nan());
    let (large, zero) = (large.mapv(f64::from), zero.mapv(f64::from));
    assert_eq!(einsum::<_, Ix0>("i,j->", &[&large, &zero])?.into_scalar(), 0.0);
    Ok(())
}

/// A sum over an axis of size 0 is 0, even beside NaN: the loops never read it.
#[test]
fn a_sum_of_nothing_is_zero() -> Result<()> {
    let (nothing, nan) = (Array2::<f32>::zeros((2, 0)), array![f32::NAN, 1.0]);
    assert_eq!(&einsum::<_, Ix1>("jk,j->j", &[&nothing, &nan])?, &array![0.0, 0.0]);
    assert_eq!(&einsum::<_, Ix1>("jk,j,j->j", &[&nothing, &nan, &nan])?, &array![0.0, 0.0]);
    Ok(())
}

/// Three factors in the order that costs less, and what the explanation says of it.
#[test]
fn the_order_follows_the_sizes() -> Result<()> {
    let text = einsum_explain("ij,jk,kl->il", &[&[100, 2], &[2, 100], &[100, 3]])?;
    let expected = "\
einsum(\"ij,jk,kl->il\"): (100, 2), (2, 100), (100, 3) -> (100, 3)

for i in 0..100 {
    for l in 0..3 {
        for j in 0..2 {
            for k in 0..100 {
                d[i, l] += a[i, j] * b[j, k] * c[k, l];
            }
        }
    }
}

loops: 180,000 flops
two at a time, the cheapest order: 2,400 flops
t1 = b, c: jk,kl->jl as matrix product (2, 100) @ (100, 3), 1,200 flops
d = a, t1: ij,jl->il as matrix product (100, 2) @ (2, 3), 1,200 flops
";
    assert_eq!(text.as_str(), expected);

    let many = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak";
    let mut rng = manual_seed(5);
    let chain: Vec<ArrayD<f64>> =
        (0..10).map(|_| randn((3, 3), &mut rng).mapv(f64::from).into_dyn()).collect();
    let product = chain.iter().map(two_axes).reduce(|a, b| matmul(&a, &b)).expect("ten factors");
    assert_close(&call(many, &chain)?, &product.into_dyn());
    assert!(einsum_explain(many, &[&[3, 3][..]; 10])?.contains("greedy order"));
    Ok(())
}

fn two_axes(a: &ArrayD<f64>) -> Array2<f64> {
    let view: ArrayViewD<'_, f64> = a.view();
    view.into_dimensionality().expect("two axes").to_owned()
}

/// Batches, stretched axes, diagonals and scalars in the explanation.
#[test]
fn explanations() -> Result<()> {
    let says = |subscripts: &str, shapes: &[&[usize]], lines: &[&str]| {
        let text = einsum_explain(subscripts, shapes)?;
        for line in lines {
            assert!(text.contains(line), "{text}");
        }
        Ok(())
    };
    says(
        "bik,bkj->bij",
        &[&[64, 5, 7], &[64, 7, 3]],
        &["as 64 × matrix product (5, 7) @ (7, 3), 13,440 flops"],
    )?;
    says("i,i", &[&[6], &[6]], &["    c += a[i] * b[i];", "as inner product of 6 numbers, 12 flops"])?;
    says(
        "ij,ij->ij",
        &[&[2, 3], &[1, 3]],
        &["c[i, j] += a[i, j] * b[0, j];", "as broadcast product, 6 flops"],
    )?;
    says("i,j->ij", &[&[3], &[4]], &["loops: 12 flops\n", "as broadcast product, 12 flops"])?;
    says(
        "kb,kb->b",
        &[&[5, 3], &[5, 3]],
        &["loops: 30 flops\n", "as sum of 5 broadcast products, 30 flops"],
    )?;
    says("Ik,kJ->IJ", &[&[3, 5], &[5, 2]], &["c[I, J] += a[I, k] * b[k, J];"])?;
    says("ii->i", &[&[4, 4]], &["b[i] += a[i, i];", "loops: 0 flops"])?;
    says("...i,i", &[&[2, 3, 4], &[4]], &["c[e₂, e₁] += a[e₂, e₁, i] * b[i];", "(6, 4) @ (4, 1)"])?;
    says("bi,bj->ij", &[&[9, 2], &[9, 3]], &["d[i, j] += a[b, i] * c[b, j];"])?;
    says("ij,jk->k", &[&[2, 3], &[3, 4]], &["as matrix product (1, 3) @ (3, 4), 30 flops"])
}
