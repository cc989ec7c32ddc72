//! `einsum` is its loops, takes whatever is an array, and has the rank that the caller's type names.

use nb01_matmul::einsum::einsum_loops;
use nb01_matmul::ndarray::{Array0, Array1, Array2, ArrayD, ArrayRef2, arr0, array};
use nb01_matmul::*;
use proptest::collection::vec;
use proptest::prelude::*;

type Result<T> = std::result::Result<T, EinsumError>;

/// Letters for the axes of some operands, and sizes for the letters: 0 and 1 among them.
fn call() -> impl Strategy<Value = (Vec<String>, Vec<usize>, bool)> {
    (vec("[abc]{0,3}", 1..4), vec(0..4_usize, 3), any::<bool>())
}

/// Small whole numbers, whose sums are exact in any order.
fn whole(term: &str, sizes: &[usize], stretched: bool) -> ArrayD<f32> {
    let size = |letter: char| sizes[letter as usize - 'a' as usize];
    let shape: Vec<usize> = term.chars().map(|letter| if stretched { 1 } else { size(letter) }).collect();
    let mut count = term.len();
    ArrayD::from_shape_simple_fn(shape, || {
        count = (count + 3) % 5;
        count as f32 - 2.0
    })
}

proptest! {
    /// Every letter that occurs in an odd number of operands is kept, so that outputs of all ranks are tried.
    #[test]
    fn einsum_is_its_loops((terms, sizes, stretched) in call()) {
        let arrays: Vec<ArrayD<f32>> =
            terms.iter().enumerate().map(|(n, term)| whole(term, &sizes, stretched && n == 0)).collect();
        let odd = |letter: &char| terms.iter().filter(|term| term.contains(*letter)).count() % 2 == 1;
        let subscripts = format!("{}->{}", terms.join(","), "cab".chars().filter(odd).collect::<String>());
        let operands: Vec<&dyn AsArray<Elem = f32>> = arrays.iter().map(|array| array as _).collect();
        let fast: ArrayD<f32> = einsum(&subscripts, &operands).unwrap();
        prop_assert_eq!(fast, einsum_loops(&subscripts, &operands), "{}", subscripts);
    }
}

/// NumPy's values for the lesson's own examples, by both.
#[test]
fn the_loops_are_right() -> Result<()> {
    let (a, b) = (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[10.0], [20.0], [30.0]]);
    let product = array![[140.0], [320.0]].into_dyn();
    assert_eq!(einsum_loops("ik,kj->ij", &[&a, &b]), product);
    assert_eq!(einsum::<f64, _>("ik,kj->ij", &[&a, &b])?, product);
    assert_eq!(einsum_loops("ij->j", &[&a]), array![5.0, 7.0, 9.0].into_dyn());
    assert_eq!(einsum_loops("ij,j,->i", &[&a, &[1.0, 10.0, 100.0], &2.0]), array![642.0, 1308.0].into_dyn());
    let stretched = array![[1.0], [10.0]];
    assert_eq!(einsum_loops("ij,ij->", &[&a, &stretched]), arr0(156.0).into_dyn());
    Ok(())
}

/// Numbers, lists, views and borrowed arrays in one call.
#[test]
fn operands_are_whatever_is_an_array() -> Result<()> {
    fn scaled(m: &ArrayRef2<f64>) -> Result<Array1<f64>> {
        einsum("ij,j,->i", &[&m, &[1.0, 10.0], &2.0])
    }
    assert_eq!(&scaled(&array![[1.0, 2.0], [3.0, 4.0]])?, &array![42.0, 86.0]);
    let (v, view) = (vec![1.0, 2.0], array![[5.0, 6.0], [7.0, 8.0]]);
    let picked: Array0<f64> = einsum("i,i", &[&v, &view.column(1)])?;
    assert_eq!(&picked.into_scalar(), &22.0);
    Ok(())
}

/// The type names the rank, and another one is an error before anything is computed.
#[test]
fn the_result_has_the_rank_of_the_type() -> Result<()> {
    let m = array![[1.0, 2.0], [3.0, 4.0]];
    assert_eq!(einsum::<f64, _>("ii->i", &[&m])?, array![1.0, 4.0]);
    let wrong: Result<Array2<f64>> = einsum("ik,kj->j", &[&m, &m]);
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("shape [2], which is no array of 2 dimensions"), "{message}");
    Ok(())
}

#[test]
#[should_panic(expected = "an axis of size 3 in operand 1 where size 2 came before\n    i,i->\n      ^")]
fn the_loops_refuse_what_einsum_refuses() {
    einsum_loops("i,i->", &[&[1.0, 2.0], &[1.0, 2.0, 3.0]]);
}

#[test]
#[should_panic(expected = "the loops need an arrow")]
fn the_loops_want_an_arrow() {
    einsum_loops("i,i", &[&[1.0, 2.0], &[1.0, 2.0]]);
}
