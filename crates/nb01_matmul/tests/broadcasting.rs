//! Broadcasting against NumPy's results, and its failures at the caller's line.

#[path = "../../../lib/kernels/tests/main/common/failure.rs"]
mod common;

use common::{Failure, failure};
use nb01_matmul::broadcasting::{lecture_slip, trace_broadcast_matmul};
use nb01_matmul::elementwise::{gt, lt};
use nb01_matmul::ndarray::{Array, Array1, Array2, Array3, Axis, arr0, array, s};
use nb01_matmul::*;

/// `numpy.broadcast_shapes`, for the same shapes.
#[test]
fn the_rule_is_numpys() -> Result<(), BroadcastError> {
    test_eq(&broadcast_shapes(&[])?, &Vec::<usize>::new());
    test_eq(&broadcast_shapes(&[&[], &[]])?, &Vec::<usize>::new());
    test_eq(&broadcast_shapes(&[&[], &[0]])?, &vec![0]);
    test_eq(&broadcast_shapes(&[&[1], &[0]])?, &vec![0]);
    test_eq(&broadcast_shapes(&[&[8, 1, 6, 1], &[7, 1, 5]])?, &vec![8, 7, 6, 5]);
    test_eq(&broadcast_shapes(&[&[1, 1, 3], &[256, 256, 3]])?, &vec![256, 256, 3]);
    test_eq(&broadcast_shapes(&[&[3], &[2, 1], &[4, 1, 1]])?, &vec![4, 2, 3]);
    Ok(())
}

/// Every faulty axis is named, and marked below the aligned shapes.
#[test]
fn disagreements_are_marked() {
    let fault = |shapes: &[&[usize]]| broadcast_shapes(shapes).unwrap_err();
    test_eq(&fault(&[&[2], &[0]]).axes, &vec![-1]);
    test_eq(&fault(&[&[2, 1], &[8, 4, 3]]).axes, &vec![-2]);
    test_eq(&fault(&[&[1], &[3], &[4]]).axes, &vec![-1]);
    let error = fault(&[&[10, 2, 784], &[3, 784], &[5, 1, 1]]);
    test_eq(&error.axes, &vec![-3, -2]);
    let marked = "\
a  10  2  784
b      3  784
c   5  1    1
   ^^  ^";
    assert!(error.to_string().ends_with(marked), "{error}");
}

/// The strides are those of the views that ndarray itself makes.
#[test]
fn the_strides_explained_are_the_strides_used() -> Result<(), BroadcastError> {
    let big = Array3::<f64>::zeros((4, 3, 5));
    let small = Array2::<f64>::zeros((3, 10));
    let column = small.slice(s![.., ..;10]);
    let stretched = column.broadcast((4, 3, 5)).unwrap();
    test_eq(stretched.strides(), &[0, 10, 0]);
    let text = explain_broadcast(&[&big, &column, &7.5])?;
    let expected = "\
operand    shape     strides   numbers
a        4  3  5   15   5  1        60
b           3  1    0  10  0         3
c                   0   0  0         1
result   4  3  5
";
    test_eq(text.as_str(), expected);

    let own = array![[1.0], [2.0], [3.0]];
    assert!(own.strides()[1] != 0, "this one is stretched by us");
    assert!(explain_broadcast(&[&own, &big])?.contains("0  1  0"));
    Ok(())
}

/// Nothing is copied: the same numbers, at the same place.
#[test]
fn views_share_their_numbers() {
    let c = array![10.0, 20.0, 30.0];
    let m = Array2::<f32>::zeros((4, 3));
    test_eq(&expand_as(&c, &m).as_ptr(), &c.as_ptr());
    test_eq(expand_as(&unsqueeze(&array![1.0, 2.0, 3.0, 4.0], 1), &m).strides(), &[1, 0]);
    test_eq(expand_as(&arr0(2.0), &m).strides(), &[0, 0]);
    test_eq(&unsqueeze(&c, 1).as_ptr(), &c.as_ptr());
    test_eq(&squeeze(&unsqueeze(&c, 1), 1), &c.view());
}

#[test]
fn axes_count_from_either_end() {
    let a = Array2::<f64>::zeros((4, 3));
    for (axis, shape) in [(0, [1, 4, 3]), (1, [4, 1, 3]), (2, [4, 3, 1]), (-1, [4, 3, 1]), (-3, [1, 4, 3])] {
        test_eq(unsqueeze(&a, axis).shape(), &shape);
        test_eq(&squeeze(&unsqueeze(&a, axis), axis), &a.view());
    }
    test_eq(&squeeze(&array![7.0], 0), &arr0(7.0).view());
}

/// A mistake panics at the caller's line, and says what to do.
#[test]
fn mistakes_panic_with_the_shapes() {
    let (a, four) = (Array2::<f64>::zeros((4, 3)), Array1::<f64>::zeros(4));
    let aligned = "these shapes do not broadcast: sizes that meet have to be equal, or one of them 1
a  4  3
b     4
      ^
unsqueeze adds";
    let says = |words: &str, f: &dyn Fn()| {
        let Failure { message, place: (file, _) } = failure(f);
        assert!(message.contains(words), "{message}");
        assert!(file.ends_with("tests/broadcasting.rs"), "{message:?} points at {file}");
    };
    says("axis 1 of shape [4, 3] has size 3; only", &|| drop(squeeze(&a, 1).to_owned()));
    says("shape [4, 3] has no axis 2; counted", &|| drop(squeeze(&a, 2).to_owned()));
    says("shape [4, 3] has no axis -3", &|| drop(squeeze(&a, -3).to_owned()));
    says("no place 3 for an axis in shape [4, 3]; -3 to 2 are", &|| drop(unsqueeze(&a, 3).to_owned()));
    says("no place -4", &|| drop(unsqueeze(&a, -4).to_owned()));
    says("[4, 3] does not stretch to [4]", &|| drop(expand_as(&a, &four).to_owned()));
    says(&format!("zip_broadcast: {aligned}"), &|| drop(zip_broadcast(&a, &four, |x, y| x < y)));
    says(&format!("lt: {aligned}"), &|| drop(lt(&a, &four)));
    says(&format!("gt: {aligned}"), &|| drop(gt(&a, &four)));
    says("[4, 3] and [4, 2]", &|| drop(trace_broadcast_matmul(&a, &Array2::zeros((4, 2)))));
}

/// Where nothing is stretched, shapes have to be the same.
#[test]
fn shapes_that_differ_panic_at_the_callers_line() {
    let (x, y) = (Array2::<f32>::zeros((2, 3)), Array2::zeros((3, 2)));
    let says = |words: &str, f: &dyn Fn()| {
        let Failure { message, place: (file, _) } = failure(f);
        assert!(message.starts_with(words) && file.ends_with("tests/broadcasting.rs"), "{message:?}, {file}");
    };
    says("zip_map_in_place: [2, 3] beside [3, 2]; make", &|| {
        kernels::par::zip_map_in_place(&mut x.clone(), &y, |x, _| x);
    });
    says("dot: 3 numbers beside 2; an inner", &|| _ = kernels::par::dot(&x.row(0), &y.row(0)));
}

/// Sizes that fit a `usize`, and no memory: Rust would end the whole program.
#[test]
fn results_larger_than_the_memory_panic_at_the_callers_line() {
    let row = Array2::<f32>::zeros((1, 1 << 20));
    let column = row.t();
    let says = |words: &str, f: &dyn Fn()| {
        let Failure { message, place: (file, _) } = failure(f);
        assert!(message.starts_with(words), "{message:?}");
        assert!(message.contains("[1048576, 1048576]") && message.contains("4398 GB"), "{message:?}");
        assert!(file.ends_with("tests/broadcasting.rs"), "{message:?} points at {file}");
    };
    let side = 1 << 20;
    says("matmul: a result of shape", &|| drop(matmul(&column, &row)));
    says("zip_broadcast: a result of shape", &|| drop(zip_broadcast(&column, &row, |x, y| x + y)));
    says("outer: a result of shape", &|| drop(outer(&row.row(0), &row.row(0), |x, y| x * y)));
    says("randn: a result of shape", &|| drop(randn((side, side), &mut manual_seed(0))));
    says("rand: a result of shape", &|| drop(rand((side, side), &mut manual_seed(0))));
    says("zeros: a result of shape", &|| drop(kernels::par::zeros((side, side))));
}

#[test]
fn any_function_broadcasts() {
    let a = array![[1.0], [2.0]];
    test_eq(
        &zip_broadcast(&a, &array![1.0, 2.0, 3.0], |x, y| x + y),
        &array![[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]],
    );
    test_eq(&zip_broadcast(&a, &arr0(2), |x, n| x * f64::from(*n)), &array![[2.0], [4.0]]);
    test_eq(zip_broadcast(&a, &Array2::<f64>::zeros((0, 2)).t(), |x, y| x * y).shape(), &[2, 0]);
    test_eq(&outer(&array![1, 2], &array![10, 20, 30], |x, y| x + y), &array![[11, 21, 31], [12, 22, 32]]);
    test_eq(outer(&array![1, 2], &Array1::<i32>::zeros(0), |x, y| x + y).shape(), &[2, 0]);
}

/// On a square matrix the slip gives `a[i, j] · Σ_k b[k, j]`, which is not the product.
#[test]
fn the_slip_is_silent_on_a_square() -> Result<(), BroadcastError> {
    let mut rng = manual_seed(8);
    let (a, b) = (randn((4, 4), &mut rng), randn((4, 4), &mut rng));
    let slip = lecture_slip(&a, &b)?;
    test_near(&slip, &(&a * &b.sum_axis(Axis(0))));
    assert!(!near(&slip, &matmul(&a, &b)));
    let error = lecture_slip(&randn((5, 7), &mut rng), &randn((7, 2), &mut rng)).unwrap_err();
    test_eq(&error.axes, &vec![-1]);
    Ok(())
}

/// Four axes are wider than the headings above them, which move with them.
#[test]
fn an_explanation_lines_up_however_many_axes_there_are() -> Result<(), BroadcastError> {
    let (a, b) = (Array::<f32, _>::zeros((8, 1, 6, 1)), Array3::<f32>::zeros((7, 1, 5)));
    let expected = "\
operand       shape      strides   numbers
a        8  1  6  1   6  0  1  0        48
b           7  1  5   0  5  0  1        35
result   8  7  6  5
";
    test_eq(&explain_broadcast(&[&a, &b])?.as_str(), &expected);
    Ok(())
}
