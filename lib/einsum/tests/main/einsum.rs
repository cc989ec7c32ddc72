//! `einsum` against NumPy, against plain loops, and against nonsense.

mod einsum_loops;

use einsum_loops::{draw_call, loops};
use nb01_matmul::ndarray::{
    Array0, Array1, Array2, Array3, Array4, ArrayD, ArrayViewD, Axis, Ix0, Ix1, Ix2, IxDyn, array, s,
};
use nb01_matmul::*;
use rand::RngExt;
use serde_json::Value;

type Result<T> = std::result::Result<T, EinsumError>;

/// NumPy's answers to hand-picked and to random calls; in `f64`, and in `f32`.
#[test]
fn agrees_with_numpy() {
    for (file, count) in [
        (include_str!("../oracle/einsum_cases.json"), 24),
        (include_str!("../oracle/einsum_random.json"), 290),
    ] {
        let cases: Vec<Value> = serde_json::from_str(file).expect("the oracle is JSON");
        test_eq(&cases.len(), &count);
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
            assert!(allclose(&result, expected, 1e-12, 1e-12), "{subscripts}\n{result}\n{expected}");
            assert!(allclose(&result_f32, expected, 1e-5, 1e-5), "{subscripts}\n{result_f32}\n{expected}");
        }
        (Err(_), Err(_), None) => {}
        (result, _, expected) => panic!("{subscripts}: {result:?}, and NumPy {expected:?}"),
    }
}

fn call<T: Element>(subscripts: &str, operands: &[ArrayD<T>]) -> Result<ArrayD<T>> {
    let operands: Vec<&dyn AsArray<Elem = T>> = operands.iter().map(|operand| operand as _).collect();
    einsum(subscripts, &operands)
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
        assert!(allclose(&result, &expected, 1e-10, 1e-10), "{subscripts} {shapes:?}\n{result}\n{expected}");
        assert!(einsum_explain(&subscripts, &shapes).is_ok());
    }
}

/// Whatever the string, there is an answer: a result or an error that quotes it.
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
    assert!(accepted > 100, "only {accepted} strings meant something");
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
        test_eq(rest, place);
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
    test_eq(&quoted.find('?'), &mark.find('^'));
    marks(&shown("...", &[&[1; 80]]), "    ...\n    ^^^", "80 axes are more");
}

/// The caller's type says which rank is meant, and a mistake in that is an error too.
#[test]
fn the_result_has_the_rank_asked_for() -> Result<()> {
    let m = array![[1.0, 2.0], [3.0, 4.0]];
    let trace: Array0<f64> = einsum("ii", &[&m])?;
    test_eq(&trace.into_scalar(), &5.0);
    let diagonal: Array1<f64> = einsum("ii->i", &[&m])?;
    test_eq(&diagonal, &array![1.0, 4.0]);
    let any: ArrayD<f64> = einsum("ij->ji", &[&m])?;
    test_eq(&any, &m.t().into_dyn().to_owned());

    let wrong: Result<Array2<f64>> = einsum("ik,kj->j", &[&m, &m]);
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("shape [2], which is no array of 2 dimensions"), "{message}");
    assert!(message.ends_with("    ik,kj->j\n           ^"), "{message}");
    Ok(())
}

/// Numbers, lists, views and borrowed arrays may stand beside each other.
#[test]
fn operands_are_whatever_is_an_array() -> Result<()> {
    fn scaled(m: &nb01_matmul::ndarray::ArrayRef2<f64>) -> Result<Array1<f64>> {
        einsum("ij,j,->i", &[&m, &[1.0, 10.0], &2.0])
    }
    test_eq(&scaled(&array![[1.0, 2.0], [3.0, 4.0]])?, &array![42.0, 86.0]);
    let (v, view) = (vec![1.0, 2.0], array![[5.0, 6.0], [7.0, 8.0]]);
    let picked: Array0<f64> = einsum("i,i", &[&v, &view.column(1)])?;
    test_eq(&picked.into_scalar(), &22.0);
    Ok(())
}

/// An absurd size is an error before memory is asked for.
#[test]
fn too_large_is_an_error() {
    let one = ArrayD::from_elem(IxDyn(&[1, 1]), 1.0_f32);
    let long = one.broadcast(IxDyn(&[1, 1 << (usize::BITS / 8 * 5)])).unwrap();
    for (subscripts, operands) in
        [("ai,bj->ij", 2), ("ai,bj,ck->ijk", 3), ("ai,ai,bj->ji", 3), ("ai,bj->aibj", 2)]
    {
        let operands: Vec<&dyn AsArray<Elem = f32>> = (0..operands).map(|_| &long as _).collect();
        let result: Result<ArrayD<f32>> = einsum(subscripts, &operands);
        assert!(
            matches!(result, Err(EinsumError::TooLarge { .. })),
            "{subscripts}: {:?}",
            result.map(|_| ())
        );
    }
    let text = einsum_explain("bi,bj->bij", &[&[50_000, 784], &[50_000, 50]]).unwrap();
    assert!(text.contains("1,960,000,000 flops"), "{text}");
}

/// The lesson's product and the two of its backward pass are `matmul`'s to the last bit, on any strides.
#[test]
fn products_are_matmuls() -> Result<()> {
    let mut rng = manual_seed(3);
    let (x, w, g) = (randn((37, 20), &mut rng), randn((20, 7), &mut rng), randn((37, 7), &mut rng));
    let same = |a: Array2<f32>, b: Array2<f32>| test_eq(&a, &b);
    same(einsum("ik,kj->ij", &[&x, &w])?, matmul(&x, &w));
    same(einsum("bi,bj->ij", &[&x, &g])?, matmul(&x.t(), &g));
    same(einsum("ia,ka->ik", &[&g, &w])?, matmul(&g, &w.t()));
    same(einsum("ki,kj->ij", &[&x.t(), &w])?, matmul(&x, &w));
    same(einsum("ik,kj->ij", &[&x.slice(s![..;3, ..]), &w])?, matmul(&x.slice(s![..;3, ..]), &w));
    test_near(&einsum::<f32, Ix2>("ik,kj->ji", &[&x, &w])?, &matmul(&x, &w).t().to_owned());
    Ok(())
}

/// A batch in front, in the middle and last, on axes that do not merge.
#[test]
fn batches_anywhere() -> Result<()> {
    let mut rng = manual_seed(4);
    let (a, b) = (randn((4, 2, 3), &mut rng), randn((4, 3, 5), &mut rng));
    let c: Array3<f32> = einsum("bik,bkj->bij", &[&a, &b])?;
    for (i, c) in c.outer_iter().enumerate() {
        test_near(&c, &matmul(&a.index_axis(Axis(0), i), &b.index_axis(Axis(0), i)));
    }
    let last: Array3<f32> = einsum("bik,bkj->ijb", &[&a, &b])?;
    test_near(&last, &c.view().permuted_axes([1, 2, 0]));

    // Attention's scores: two letters of the batch around the rows.
    let (q, k) = (randn((2, 6, 3, 4), &mut rng), randn((2, 5, 3, 4), &mut rng));
    let scores: Array4<f32> = einsum("bqhd,bkhd->bhqk", &[&q, &k])?;
    let operands = [q.mapv(f64::from).into_dyn(), k.mapv(f64::from).into_dyn()];
    test_near(&scores, &loops("bqhd,bkhd->bhqk", &operands));
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
            test_eq(&c.dim(), &(n, i, j));
            test_eq(&c, &c4.index_axis_move(Axis(0), 0));
            for (c, expected) in c.outer_iter().zip(&expected) {
                test_eq(&c, expected);
            }
            let turned: Array3<f32> = einsum("bjk,bik->bij", &[&b, &a])?;
            test_near(&turned, &c);
        }
    }
    Ok(())
}

/// Large ones come in parts of the longest axis, wherever that is, and whoever computes them.
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
                test_eq(&scaled, &(&x * &row));
                let squares: Array3<f32> = einsum("ijk,ijk->kij", &[&x, &x])?;
                test_eq(&squares, &(&x * &x).permuted_axes([2, 0, 1]));
                let turned: Array3<f32> = einsum("ijk->kji", &[&x])?;
                test_eq(&turned, &x.t());
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
    test_eq(&c.row(1), &array![f32::INFINITY, f32::INFINITY].view());
    Ok(())
}

/// To 16,777,216 an `f32` can add no 1. Sums and inner products go through an `f64`, whatever the strides and whatever way
/// they take through `einsum`.
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
        test_eq(&einsum::<_, Ix0>("i->", &[&line])?.into_scalar(), &expected);
        test_eq(&einsum::<_, Ix0>("i,i->", &[&line, &ones.column(0)])?.into_scalar(), &expected);
    }
    test_eq(&einsum::<_, Ix1>("ij->j", &[&x])?, &Array1::from_elem(3, expected));
    test_eq(&einsum::<_, Ix1>("ij->j", &[&wide])?, &Array1::from_elem(50, expected));
    test_eq(&einsum::<_, Ix1>("ji->j", &[&wide.t()])?, &Array1::from_elem(50, expected));
    test_eq(&einsum::<_, Ix1>("ijk->j", &[&cube])?, &Array1::from_elem(3, expected));
    test_eq(&einsum::<_, Ix1>("ij,ij->j", &[&x, &ones])?, &Array1::from_elem(3, expected));
    test_eq(&einsum::<_, Ix1>("ji,ji->j", &[&x.t(), &ones.t()])?, &Array1::from_elem(3, expected));
    test_eq(&einsum::<_, Ix0>("ij,ij->", &[&x, &ones])?.into_scalar(), &(3.0 * expected));
    Ok(())
}

/// Summed over an axis of size 0, even NaN is not there: the loops never get to it.
#[test]
fn a_sum_of_nothing_is_zero() -> Result<()> {
    let (nothing, nan) = (Array2::<f32>::zeros((2, 0)), array![f32::NAN, 1.0]);
    test_eq(&einsum::<_, Ix1>("jk,j->j", &[&nothing, &nan])?, &array![0.0, 0.0]);
    test_eq(&einsum::<_, Ix1>("jk,j,j->j", &[&nothing, &nan, &nan])?, &array![0.0, 0.0]);
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
    test_eq(text.as_str(), expected);

    let many = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak";
    let mut rng = manual_seed(5);
    let chain: Vec<ArrayD<f64>> =
        (0..10).map(|_| randn((3, 3), &mut rng).mapv(f64::from).into_dyn()).collect();
    let product = chain.iter().map(two_axes).reduce(|a, b| matmul(&a, &b)).expect("ten factors");
    test_near(&call(many, &chain)?, &product);
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
