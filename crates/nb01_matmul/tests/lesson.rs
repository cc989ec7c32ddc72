//! Notebook 01, executed section by section: `cargo xtask run nb01`.
//!
//! Every number of ours is printed beside the course's, where the course has one. MNIST's own numbers are asserted
//! where MNIST is; the rest holds for the drawn digits too.

mod figures;

use nb01_matmul::broadcasting::{lecture_slip, trace_broadcast_matmul};
use nb01_matmul::data::show_images;
use nb01_matmul::ndarray::{Array0, Array1, Array2, Array3, Axis, arr0, array, s};
use nb01_matmul::*;
use std::sync::LazyLock;

static DATA: LazyLock<Mnist> = LazyLock::new(|| get_data().unwrap_or_else(|error| panic!("{error}")));

/// The notebook's `m1 = x_valid[:5]` and `m2 = weights`.
fn m1_and_m2() -> (Array2<f32>, Array2<f32>) {
    (DATA.x_valid.slice(s![..5, ..]).to_owned(), randn((784, 10), &mut manual_seed(42)))
}

/// Get the data
///
/// Fifty thousand handwritten digits to train on and ten thousand to validate with, each a row of
/// 784 numbers. The lesson checks at once what it will rely on: as many labels as images, 28 · 28
/// columns, labels from 0 to 9. Without these five lines, a mistake in the data shows much later
/// and elsewhere.
#[test]
fn s01_get_data() {
    let Mnist { x_train, y_train, x_valid, y_valid, source } = &*DATA;
    println!("data: {source}");
    let (min, max) = y_train.fold((9, 0), |(min, max), &y| (y.min(min), y.max(max)));
    show("x_train.shape", format_args!("{:?}", x_train.shape())).course("torch.Size([50000, 784])");
    show("x_valid.shape", format_args!("{:?}", x_valid.shape())).course("torch.Size([10000, 784])");
    show("y_train", y_train).course("tensor([5, 0, 4,  ..., 8, 4, 8])");
    show("y_train.min(), y_train.max()", format_args!("{min}, {max}")).course("tensor(0), tensor(9)");

    test_eq(&x_train.nrows(), &y_train.len());
    test_eq(&x_valid.nrows(), &y_valid.len());
    test_eq(&x_train.ncols(), &(28 * 28));
    test_eq(&(min, max), &(0, 9));
    only_mnist(&DATA.source, "its shapes and labels", || {
        test_eq(x_train.shape(), &[50_000, 784]);
        test_eq(x_valid.shape(), &[10_000, 784]);
        test_eq(&y_train.slice(s![..5]), &array![5, 0, 4, 1, 9]);
        test_eq(&y_train.slice(s![-3..]), &array![8, 4, 8]);
        test_eq(&y_valid[0], &3);
    });
}

/// Look at a digit
///
/// A row of 784 numbers is a picture as soon as it is read as 28 rows of 28. That is what `view(28, 28)`
/// does: no number moves, only the shape changes. The largest pixel is 255/256, which tells how the file was
/// made: each byte was divided by 256, not by 255 as is usual today, and that moves every statistic of the
/// next notebook a little.
#[test]
fn s02_look_at_a_digit() {
    let image = DATA.image(0);
    println!(
        "x_train[0].view(28,28), labelled {} (the course shows a 5), and those after it:",
        DATA.y_train[0]
    );
    let first: Vec<_> = (0..8.min(DATA.y_train.len())).map(|i| DATA.image(i)).collect();
    println!("{}", show_images(&first, chart::width(), Blocks::here()));
    figures::show("the-first-digits", || figures::digits(&first, &DATA));
    show("type", std::any::type_name_of_val(&image[[0, 0]])).course("torch.FloatTensor");
    let largest = image.fold(0.0_f32, |a, &b| a.max(b));
    show("largest pixel", largest).measured("0.9961, which is 255/256");
    only_mnist(&DATA.source, "the largest pixel", || test_eq(&largest, &(255.0 / 256.0)));
    test_eq(&image.dim(), &(28, 28));
}

/// The initial model: random weights and a bias of zeros
///
/// The simplest model there is: ten numbers for each image, one for each digit, every one a weighted sum of
/// the pixels. All it needs is one product of matrices, so the rest of this notebook is about that product.
/// The random numbers come from a seed that we pass on; there is no hidden state, and everybody sees the
/// same weights.
#[test]
fn s03_initial_model() {
    let weights = randn((784, 10), &mut manual_seed(42));
    let bias = Array1::<f32>::zeros(10);
    show("weights.shape", format_args!("{:?}", weights.shape())).course("torch.randn(784,10)");
    show("bias", &bias).course("torch.zeros(10)");
    let logits = matmul(&DATA.x_valid, &weights) + &bias;
    show("(x_valid @ weights + bias).shape", format_args!("{:?}", logits.shape()))
        .expected("10 numbers an image");
    test_eq(&logits.dim(), &(DATA.x_valid.nrows(), 10));
}

/// Matrix multiplication with three loops
///
/// The definition, written down: for every row of `a` and every column of `b`, go along both and add up the
/// products. In Python these loops took 835 ms for five images. Here they are compiled, so this first version
/// is already thousands of times faster. The worked example is small enough to follow with a pencil; the
/// picture goes through it step by step.
#[test]
fn s04_matmul_loops() {
    let (m1, m2) = m1_and_m2();
    let t1 = ladder::loops(&m1, &m2);
    show("t1.shape", format_args!("{:?}", t1.shape())).course("torch.Size([5, 10])");
    show("%timeit loops", timing::human(timeit(|| ladder::loops(&m1, &m2)).min)).course("835 ms");
    test_eq(&t1.dim(), &(5, 10));
    let a = array![[1., 2., 3.], [4., 5., 6.]];
    let worked = ladder::loops(&a, &worked_b());
    show("the worked example", line(&worked)).course("[[140, 140], [320, 320]]");
    figures::show("row-times-column", || figures::product(&a, &worked_b()));
    test_eq(&worked, &worked_product());
    let other_columns = array![[10., 1.], [20., 2.], [30., 3.]]; // equal ones hide which column was taken
    test_eq(&ladder::loops(&a, &other_columns), &array![[140., 14.], [320., 32.]]);
}

/// `b` and the product of the worked example, in which `a` is 1 to 6.
fn worked_b() -> Array2<f32> {
    array![[10., 10.], [20., 20.], [30., 30.]]
}

fn worked_product() -> Array2<f32> {
    array![[140., 140.], [320., 320.]]
}

/// Elementwise operations
///
/// To get rid of a loop, one has to say the same thing about whole arrays. `+` on two arrays adds number by
/// number; a comparison gives an array of yes and no, and its mean is the share of yes. In PyTorch `a < b`
/// does it. In Rust a comparison of two values is one yes or no, so ours is a function, `lt`.
#[test]
fn s05_elementwise_operations() {
    let (a, b) = (array![10., 6., -4.], array![2., 8., 7.]);
    let less = elementwise::float(&elementwise::lt(&a, &b));
    show("a + b", &a + &b).course("tensor([12., 14.,  3.])");
    show("(a < b).float().mean()", format_args!("{:.4}", less.sum() / 3.0)).course("tensor(0.6667)");
    test_eq(&(&a + &b), &array![12., 14., 3.]);
    test_eq(&less, &array![0., 1., 1.]);
    println!("a < b on whole arrays does not compile: in Rust a comparison is one yes or no, hence `lt`.");
}

/// The Frobenius norm
///
/// A formula with two sums, two indices and a root looks like hard work and is one short line: multiply the
/// matrix with itself, number by number, add up, take the root. Note what is squared: each element, not the
/// matrix (`m @ m`) and not the sum. Another third row gives another norm.
#[test]
fn s06_frobenius_norm() {
    let m = array![[1_f32, 2., 3.], [4., 5., 6.], [7., 8., 9.]];
    let mut other = m.clone();
    other.row_mut(2).assign(&array![7., 7., 8.]);
    let norm = elementwise::frobenius_norm;
    show("(m*m).sum().sqrt()", format_args!("{:.4}", norm(&m))).course("tensor(16.8819)");
    show("… third row [7, 7, 8]", format_args!("{:.4}", norm(&other))).expected("√253 = 15.9060");
    test_near(&norm(&m), &285_f64.sqrt());
    test_near(&norm(&other), &253_f64.sqrt());
    test_near(&(&m * &m).sum().sqrt(), &norm(&m));
    assert!(!near(&matmul(&m, &m).sum().sqrt(), &norm(&m)) && !near(&m.sum(), &norm(&m)));
}

/// Matrix multiplication: row times column
///
/// The inner loop says "multiply number by number and add up", which is an elementwise operation
/// and a sum. So both replace it. In Python that loop now runs in C, and the whole is six hundred
/// times faster. In Rust the loop was compiled before, too, so there is nothing to gain.
#[test]
fn s07_matmul_elementwise() {
    let (m1, m2) = m1_and_m2();
    show("%timeit elementwise", timing::human(timeit(|| ladder::elementwise(&m1, &m2)).min))
        .course("1.39 ms");
    test_near(&ladder::elementwise(&m1, &m2), &ladder::loops(&m1, &m2));
}

/// The lesson's `m` and `c`.
fn m_and_c() -> (Array2<f32>, Array1<f32>) {
    (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], array![10.0, 20.0, 30.0])
}

/// The values of an array in one line.
fn line(a: impl std::fmt::Display) -> String {
    a.to_string().replace(['\n', ' '], "").replace(',', ", ")
}

/// Broadcasting: a number meets every element
///
/// `a > 0` compares an array with a number: the number is used for each element. That is
/// [broadcasting] already, and everything that follows is the same idea with larger shapes.
/// (Comparisons give booleans, as PyTorch's do since 1.2; the course's older version printed
/// `uint8`.)
#[test]
fn s08_broadcasting_a_scalar() {
    let a = array![10.0_f32, 6.0, -4.0];
    let (m, _) = m_and_c();
    let positive = elementwise::gt(&a, &arr0(0.0));
    show("a > 0", line(positive.mapv(u8::from))).course("[1, 1, 0]");
    show("a + 1", line(&a + 1.0)).course("[11, 7, -3]");
    show("2 * m", line(2.0 * &m)).course("[[2, 4, 6], [8, 10, 12], [14, 16, 18]]");
    figures::show("broadcasting-a-scalar", || figures::broadcast(("2", &2.0), "×", ("m", &m), &(2.0 * &m)));
    test_eq(&positive, &array![true, true, false]);
    test_eq(&(&a + 1.0), &array![11.0, 7.0, -3.0]);
    test_eq(&(2.0 * &m), &array![[2.0, 4.0, 6.0], [8.0, 10.0, 12.0], [14.0, 16.0, 18.0]]);
}

/// Broadcasting: a vector meets every row
///
/// A row of three is added to a matrix of three rows: it acts as if it stood there three times.
/// [`expand_as`] shows that nothing is copied. The expanded array has nine places and three numbers in
/// memory, because its stride along the rows is 0: the next row begins at the same place in memory.
#[test]
fn s09_broadcasting_a_vector() -> Result<(), BroadcastError> {
    let (m, c) = m_and_c();
    let expected = array![[11.0, 22.0, 33.0], [14.0, 25.0, 36.0], [17.0, 28.0, 39.0]];
    show("m + c", line(&m + &c)).course("[[11, 22, 33], [14, 25, 36], [17, 28, 39]]");
    test_eq(&(&m + &c), &expected);
    test_eq(&(&c + &m), &expected);

    let t = expand_as(&c, &m);
    show("t = c.expand_as(m)", line(t)).course("[[10, 20, 30], [10, 20, 30], [10, 20, 30]]");
    show("t.shape", format!("{:?}", t.shape())).course("(3, 3)");
    show("t.stride()", format!("{:?}", t.strides())).course("(0, 1)");
    show("len(t.storage())", c.len()).course("3: 10, 20, 30");
    test_eq(t.strides(), &[0, 1]);
    test_eq(&t.as_ptr(), &c.as_ptr());
    test_eq(&(&m + &t), &expected);
    println!("{}", explain_broadcast(&[&m, &c])?);
    figures::show("broadcasting-a-row", || figures::broadcast(("m", &m), "+", ("c", &c), &(&m + &c)));
    Ok(())
}

/// What is a copy, and what is a view
///
/// An expanded array is a view of the small one's memory. A clone has memory of its own, and
/// cloning the expanded array writes out all nine numbers. In PyTorch one can write through an
/// expanded view: that changes a whole column, and the small array as well. In ndarray a broadcast
/// view is read-only, so such a line does not compile.
#[test]
fn s10_copies_and_views() {
    let (m, c) = m_and_c();
    let view = expand_as(&c, &m);
    let (clone, materialised) = (c.clone(), view.to_owned());
    let mut assigned = Array2::zeros((3, 3));
    assigned.assign(&c); // copy_(): into memory that is there already, broadcasting
    show("same memory: expand_as", view.as_ptr() == c.as_ptr()).measured("True");
    show("same memory: clone", clone.as_ptr() == c.as_ptr()).measured("False");
    show("strides of the expanded, cloned", format!("{:?}", materialised.strides())).measured("(3, 1)");
    test_eq(materialised.strides(), &[3, 1]);
    test_eq(&materialised.len(), &9);
    test_eq(&assigned, &materialised);
    test_eq(&view.as_ptr(), &c.as_ptr());
    assert_ne!(clone.as_ptr(), c.as_ptr(), "a clone has memory of its own");
}

/// `unsqueeze`: a row becomes a column
///
/// A vector has one axis, so it is neither a row nor a column: its shape is `(3)`, not `(3, 1)`.
/// [`unsqueeze`] puts in an axis of size 1, in front for a row, behind for a column, and then broadcasting
/// knows what is meant. Python also writes `c[None]` and `c[:, None]`. (`c[:None]` looks almost the same, but
/// is a slice of everything: still `(3)`.)
#[test]
fn s11_unsqueeze() {
    let (m, c) = m_and_c();
    show("c.shape", format!("{:?}", c.shape())).course("(3)");
    show("c.unsqueeze(0).shape", format!("{:?}", unsqueeze(&c, 0).shape())).course("(1, 3)");
    show("c.unsqueeze(1).shape", format!("{:?}", unsqueeze(&c, 1).shape())).course("(3, 1)");
    show("c[:None].shape", format!("{:?}", c.slice(s![..]).shape())).course("(3): a slice of everything");
    test_eq(unsqueeze(&c, 0).shape(), &[1, 3]);
    test_eq(unsqueeze(&c, 1).shape(), &[3, 1]);
    test_eq(&unsqueeze(&c, -1), &unsqueeze(&c, 1));

    let columns = unsqueeze(&c, 1);
    show("c[:, None].expand_as(m)", line(expand_as(&columns, &m)))
        .course("[[10, 10, 10], [20, 20, 20], [30, 30, 30]]");
    show("m + c[:, None]", line(&m + &columns)).course("[[11, 12, 13], [24, 25, 26], [37, 38, 39]]");
    figures::show("broadcasting-a-column", || {
        figures::broadcast(("m", &m), "+", ("c[:, None]", &columns), &(&m + &columns))
    });
    test_eq(&(&m + &columns), &array![[11.0, 12.0, 13.0], [24.0, 25.0, 26.0], [37.0, 38.0, 39.0]]);
}

/// Matrix multiplication with broadcasting
///
/// The loop over the columns goes: one row of `a`, turned into a column, meets all columns of `b`
/// at once, and the rows of the result are added up. One loop is left. In Python that is again five
/// times faster. Here it may well be slower, because it fills a whole array of products only to add
/// it up.
#[test]
fn s12_matmul_broadcast() {
    let (m1, m2) = m1_and_m2();
    show("%timeit broadcast", timing::human(timeit(|| ladder::broadcast(&m1, &m2)).min)).course("254 µs");
    println!("In Python this rung is faster than the one before. In compiled code it may well be slower: it");
    println!("fills a (784, 10) array for each row, only to add it up.");
    test_near(&ladder::broadcast(&m1, &m2), &ladder::loops(&m1, &m2));
}

/// Homework: why does the broadcast product work?
///
/// Row `i` of the product is a weighted sum of the *rows* of `b`; the weights are the numbers in row `i` of
/// `a`. So each weight has to meet a whole row of `b`, which is what a column broadcast along the rows does.
/// Follow one row step by step: a row of three becomes a column of three, is stretched to two columns,
/// scales the rows of `b`, and the rows are added up.
#[test]
fn s13_homework_why_it_works() {
    let a = array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let b = array![[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]];
    let trace = trace_broadcast_matmul(&a, &b);
    println!("{trace}");
    show("a @ b", line(matmul(&a, &b))).course("[[140, 140], [320, 320]]");
    assert!(trace.contains("[[10, 10], [40, 40], [90, 90]]") && trace.contains("c[1]  (2)     [320, 320]"));
    test_eq(&matmul(&a, &b), &array![[140.0, 140.0], [320.0, 320.0]]);
}

/// The slip: `a[i, None]` instead of `a[i, :, None]`
///
/// In the lecture the axis is first put in on the wrong side; the course's errata correct it. On the lesson's
/// shapes that is an error, and our message points at the axes that disagree. On a square matrix it is worse:
/// it runs, and the answer is wrong. So always try a shape that is not square.
#[test]
fn s14_the_slip() -> Result<(), BroadcastError> {
    let mut rng = manual_seed(13);
    let error = lecture_slip(&randn((5, 784), &mut rng), &randn((784, 10), &mut rng)).unwrap_err();
    println!("on the lesson's shapes:\n{error}");
    test_eq(&error.axes, &vec![-1]);

    let (a, b) = (array![[1.0_f32, 2.0], [3.0, 4.0]], array![[1.0, 1.0], [10.0, 10.0]]);
    show("a[i, None] on a square", line(lecture_slip(&a, &b)?)).expected("no error, and wrong");
    show("the product", line(matmul(&a, &b))).expected("[[21, 21], [43, 43]]");
    assert!(!near(&lecture_slip(&a, &b)?, &matmul(&a, &b)));
    Ok(())
}

/// A row meets a column: the outer product
///
/// If a row and a column meet, each is stretched the other's way, and every pair comes together: a
/// multiplication table with `*`, a table of comparisons with `>`. It needs no loop, and no memory
/// but that of the result.
#[test]
fn s15_outer_product() {
    let (_, c) = m_and_c();
    let products = &unsqueeze(&c, 0) * &unsqueeze(&c, 1);
    show("c[None] * c[:, None]", line(&products))
        .course("[[100, 200, 300], [200, 400, 600], [300, 600, 900]]");
    let (row, column) = (unsqueeze(&c, 0), unsqueeze(&c, 1));
    figures::show("the-outer-product", || {
        figures::broadcast(("c[None]", &row), "×", ("c[:, None]", &column), &products)
    });
    test_eq(&products, &array![[100.0, 200.0, 300.0], [200.0, 400.0, 600.0], [300.0, 600.0, 900.0]]);
    test_eq(&products, &outer(&c, &c, |x, y| x * y));
    test_eq(&outer(&c, &array![1.0, 2.0], |x, y| x - y), &array![[9.0, 8.0], [19.0, 18.0], [29.0, 28.0]]);

    let larger = zip_broadcast(&unsqueeze(&c, 0), &unsqueeze(&c, 1), |x, y| x > y);
    show("c[None] > c[:, None]", line(larger.mapv(u8::from))).course("[[0, 1, 1], [0, 0, 1], [0, 0, 0]]");
    test_eq(&larger.mapv(u8::from), &array![[0, 1, 1], [0, 0, 1], [0, 0, 0]]);
}

/// The rule of broadcasting
///
/// Write the shapes below each other, aligned at their ends. Sizes that meet have to be equal, or
/// one of them is 1 and is stretched; what is missing counts as 1. With this rule a picture is
/// normalised channel by channel without a loop: `(256, 256, 3)` minus `(3)`. NumPy gave it its
/// name; the idea is APL's.
#[test]
fn s16_broadcasting_rule() -> Result<(), BroadcastError> {
    let shown = |shapes: &[&[usize]]| broadcast_shapes(shapes).map(|shape| format!("{shape:?}"));
    show("(256, 256, 3) * (3)", shown(&[&[256, 256, 3], &[3]])?).course("(256, 256, 3)");
    show("(1, 1, 3) * (256, 256, 3)", shown(&[&[1, 1, 3], &[256, 256, 3]])?).course("(256, 256, 3)");
    test_eq(&broadcast_shapes(&[&[8, 1, 6, 1], &[7, 1, 5]])?, &vec![8, 7, 6, 5]);

    let image = rand((16, 16, 3), &mut manual_seed(1));
    let (mean, std) = (array![0.5_f32, 0.4, 0.3], array![0.25_f32, 0.25, 0.5]);
    println!("{}", explain_broadcast(&[&image, &mean])?);
    let normalised: Array3<f32> = (&image - &mean) / &std;
    test_near(&normalised[[7, 3, 2]], &((image[[7, 3, 2]] - 0.3) / 0.5));

    let error = broadcast_shapes(&[&[5, 784], &[784, 10]]).unwrap_err();
    println!("{error}");
    test_eq(&error.axes, &vec![-2, -1]);
    let (m, c) = (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![10.0, 20.0]);
    println!("{}", explain_broadcast(&[&m, &c]).unwrap_err());
    figures::show("a-pair-that-does-not-broadcast", || figures::no_broadcast(("m", &m), "+", ("c", &c)));
    Ok(())
}

/// The silent trap: `(200, 1)` minus `(200)`
///
/// The same rule turns a small oversight into a wrong number. A net's output has the shape `(200, 1)` and its
/// targets `(200)`. Their difference is a table of all pairs, `(200, 200)`, and neither PyTorch nor ndarray
/// reports an error. The loss then compares each output with every target instead of its own. Such a loss is
/// smallest when every output is the mean of the targets: the model learns the mean and nothing else.
/// [`squeeze`] takes the extra axis away, and the next notebook's `mse` compares the shapes first.
#[test]
fn s17_the_silent_trap() {
    let mut rng = manual_seed(12);
    let (output, target) = (randn((200, 1), &mut rng), randn(200, &mut rng));
    let mse = |difference: &Array2<f32>| {
        difference.mapv(|x| f64::from(x) * f64::from(x)).sum() / difference.len() as f64
    };
    let wrong = &output - &target;
    let right = &squeeze(&output, -1) - &target;
    let right_loss = mse(&right.clone().insert_axis(Axis(1)));
    show("shape of output - target", format!("{:?}", wrong.shape()))
        .expected("(200, 200) where (200) was meant");
    show("the wrong loss", format!("{:.3}", mse(&wrong))).measured("2.319 (other random numbers)");
    show("the right loss", format!("{right_loss:.3}")).measured("2.429 (other random numbers)");
    test_eq(wrong.shape(), &[200, 200]);
    test_eq(right.shape(), &[200]);

    let mean = |a: &Array1<f32>| a.mapv(f64::from).sum() / a.len() as f64;
    let variance = |a: &Array1<f32>| a.mapv(|x| (f64::from(x) - mean(a)).powi(2)).sum() / a.len() as f64;
    let column = squeeze(&output, -1).to_owned();
    let all_pairs = variance(&column) + variance(&target) + (mean(&column) - mean(&target)).powi(2);
    test_near(&mse(&wrong), &all_pairs);
    assert!((right_loss - all_pairs).abs() > 0.01);
    show("bytes at 50,000 rows", 4_u64 * 50_000 * 50_000).expected("10 GB");
}

/// Einstein summation
///
/// Name each axis by a letter, write down which letters go in and which come out: `ik,kj->ij`. The
/// operands' numbers are multiplied; a letter that does not come out is added up. That says all
/// that the three loops say, and `einsum_explain` prints the loops that a string stands for. With
/// one letter more it multiplies a whole batch of matrices.
#[test]
fn s18_einsum() -> Result<(), EinsumError> {
    let mut rng = manual_seed(14);
    let (m1, m2) = (randn((5, 784), &mut rng), randn((784, 10), &mut rng));
    let explained = einsum_explain("ik,kj->ij", &[m1.shape(), m2.shape()])?;
    println!("{explained}");
    figures::show("the-loops-of-an-einsum", || figures::loops("ik,kj->ij", &explained));
    let product: Array2<f32> = einsum("ik,kj->ij", &[&m1, &m2])?;
    let spaced: Array2<f32> = einsum("ik, kj -> ij", &[&m1, &m2])?;
    test_near(&product, &matmul(&m1, &m2));
    test_eq(&spaced, &product);

    let (a, b) = (randn((4, 2, 3), &mut rng), randn((4, 3, 5), &mut rng));
    let batched: Array3<f32> = einsum("bik,bkj->bij", &[&a, &b])?;
    for (i, c) in batched.outer_iter().enumerate() {
        test_near(&c, &matmul(&a.index_axis(Axis(0), i), &b.index_axis(Axis(0), i)));
    }
    show("bik,bkj->bij", format!("{:?}", batched.shape())).expected("a batch of products");
    Ok(())
}

/// Matrix multiplication with einsum
///
/// The whole product is one short string. How it is computed is left to the library: ours sees that this one
/// is a matrix product and calls `matmul`, so the last loop has gone as well.
#[test]
fn s19_matmul_einsum() {
    let (m1, m2) = m1_and_m2();
    show("%timeit einsum", timing::human(timeit(|| ladder::einsum(&m1, &m2)).min)).course("57.2 µs");
    test_near(&ladder::einsum(&m1, &m2), &ladder::loops(&m1, &m2));
}

/// What the letters mean
///
/// A letter is an index that runs along an axis, not the size of the axis. Which letters are summed? With an
/// arrow, those that are missing on its right, whether they are repeated or not. NumPy's manual says that
/// repeated letters are summed; that is the rule for the short form without an arrow.
#[test]
fn s20_einsum_letters() -> Result<(), EinsumError> {
    let (a, b, m) = (array![1.0_f32, 2.0, 3.0], array![4.0_f32, 5.0, 6.0], m_and_c().0);
    let inner: Array0<f32> = einsum("i,i", &[&a, &b])?;
    let same: Array1<f32> = einsum("i", &[&a])?;
    let kept: Array1<f32> = einsum("i,i->i", &[&a, &b])?;
    let summed: Array1<f32> = einsum("ij->i", &[&m])?;
    let trace: Array0<f32> = einsum("ii", &[&m])?;
    show("i,i", &inner).expected("the inner product");
    show("i", line(&same)).expected("the array itself");
    show("i,i->i", line(&kept)).expected("repeated, and not summed");
    show("ij->i", line(&summed)).expected("not repeated, and summed");
    show("ii", &trace).expected("the trace");
    test_eq(&inner.into_scalar(), &32.0);
    test_eq(&same, &a);
    test_eq(&kept, &array![4.0, 10.0, 18.0]);
    test_eq(&summed, &array![6.0, 15.0, 24.0]);
    test_eq(&trace.into_scalar(), &15.0);
    Ok(())
}

/// Mistakes in the string
///
/// The lesson complains that this is a language inside a string, like a regular expression: the compiler
/// does not see into it. So a slip has to show well when the line runs. Each message has the string, a mark
/// below the fault, and the shapes.
#[test]
fn s21_einsum_mistakes() {
    let explain = |subscripts| einsum_explain(subscripts, &[&[5, 784], &[784, 10]]).unwrap_err();
    for subscripts in ["ik,jk->ij", "ik,kj->ijk2", "ik,k->i", "ik,kj->iz"] {
        println!("{}\n", explain(subscripts));
    }
    assert!(matches!(explain("ik,jk->ij"), EinsumError::Size { operand: 1, size: 10, expected: 784, .. }));
}

/// The gradients of a linear layer, by einsum
///
/// Two strings from the next notebook: `bi,bj->ij` is the weights' gradient, `ia,ka->ik` the
/// input's. In the first, `b` is missing on the right, so the gradient is summed over the batch; in
/// the second, `a` is missing, so it is summed over the outputs. The second fails if `out_g` has
/// one axis only, which is a forgotten `unsqueeze`. The outer products of all rows, which the first
/// one never builds, would take 7.84 GB.
#[test]
fn s22_einsum_gradients() -> Result<(), EinsumError> {
    let mut rng = manual_seed(17);
    let (inp, w, out_g) = (randn((64, 784), &mut rng), randn((784, 50), &mut rng), randn((64, 50), &mut rng));
    let w_g: Array2<f32> = einsum("bi,bj->ij", &[&inp, &out_g])?;
    let inp_g: Array2<f32> = einsum("ia, ka -> ik", &[&out_g, &w])?;
    test_near_norm(&w_g, &matmul(&inp.t(), &out_g), 1e-6);
    test_near_norm(&inp_g, &matmul(&out_g, &w.t()), 1e-6);

    let giant: Array2<f32> = (&unsqueeze(&inp, -1) * &unsqueeze(&out_g, 1)).sum_axis(Axis(0));
    test_near_norm(&w_g, &giant, 1e-5);
    println!("{}", einsum_explain("bi,bj->bij", &[&[50_000, 784], &[50_000, 50]])?);
    show("bytes of the giant product", 4_u64 * 50_000 * 784 * 50).expected("7.84 GB");

    let forgotten: Result<Array2<f32>, _> = einsum("ia,ka->ik", &[&out_g.column(0), &w]);
    println!("{}", forgotten.unwrap_err());
    Ok(())
}

/// Three factors, in the cheaper order
///
/// A product of three matrices can be taken in two orders, with the same result and very different work.
/// Computed as written, in four nested loops, it is 75 million operations; two at a time, in the better
/// order, less than two million.
#[test]
fn s23_einsum_order() -> Result<(), EinsumError> {
    println!("{}", einsum_explain("bi,ij,jk->bk", &[&[64, 784], &[784, 50], &[50, 10]])?);
    let mut rng = manual_seed(18);
    let (x, w1, w2) = (randn((64, 784), &mut rng), randn((784, 50), &mut rng), randn((50, 10), &mut rng));
    let out: Array2<f32> = einsum("bi,ij,jk->bk", &[&x, &w1, &w2])?;
    test_near_norm(&out, &matmul(&matmul(&x, &w1), &w2), 1e-5);
    Ok(())
}

/// Matrix multiplication by a library, and by our own
///
/// `m1 @ m2` in Python ends in a BLAS library, in which specialists have tuned this one operation for
/// decades. Rust's ndarray has one too, called by `dot`. And this stage has its own, which all later stages
/// use: [`mod@matmul`] tells how it works.
#[test]
fn s24_matmul_library() {
    let (m1, m2) = m1_and_m2();
    let expected = ladder::loops(&m1, &m2);
    show("%timeit m1 @ m2, ndarray's dot", timing::human(timeit(|| ladder::dot(&m1, &m2)).min))
        .course("18.2 µs");
    show("%timeit m1 @ m2, our matmul", timing::human(timeit(|| matmul(&m1, &m2)).min)).course("18.2 µs");
    println!("our matmul runs on {}", matmul::Isa::chosen());
    test_near(&ladder::dot(&m1, &m2), &expected);
    test_near(&matmul(&m1, &m2), &expected);
}

/// The whole ladder, and the rungs after the lesson's last
///
/// Every rung is compared with the first before it is timed. Factors are relative to the first rung, ours to
/// our loops and the course's to the course's. Two things are surprising. The third rung is not faster than
/// the second. And the last one uses only a part of what the machine could do, because five rows are too few
/// to keep it busy.
#[test]
fn s25_the_ladder() {
    let (m1, m2) = m1_and_m2();
    let table = ladder::time_rungs(&m1, &m2);
    println!("{table}\n{}", table.bars(chart::width(), Blocks::here()));
    figures::show("the-ladder", || figures::ladder(&table));
    println!("In Python, every loop that moves into compiled code saves time, so there the ladder");
    println!("only goes up. Here all rungs are compiled, and `broadcast`, which fills an array only");
    println!("to add it up, costs time. From `ikj` on, what counts is how often a number travels");
    println!("between memory and registers. For so small a product, copying b into panels costs");
    println!("more than it saves.");
    println!("The course's Swift is similar: loops over an array 0.120 ms, with unsafe pointers");
    println!("0.059 ms, over its tensors 5100 ms; row times column 362 ms, broadcast 0.709 ms,");
    println!("the library 0.0205 ms.");
}

/// The ladder for a mini-batch
///
/// 64 rows and 50 hidden units, as in the next notebook. The same rungs on a larger product: now each number
/// that is loaded can be used many times, so packing and tiling pay, and the machine's limit comes into
/// sight.
#[test]
fn s26_the_ladder_for_a_mini_batch() {
    let rows = DATA.x_valid.slice(s![..64, ..]);
    println!("{}", ladder::time_rungs(&rows, &randn((784, 50), &mut manual_seed(42))));
}

/// What would a pass over the training set cost?
///
/// Five rows are a ten-thousandth of the training set, and a training run makes many passes. So what took
/// most of a second for five images would take hours for all of them (10,000 products of five rows), for one
/// layer, once. That is why the ladder is worth climbing.
#[test]
fn s27_cost_of_one_pass() {
    let (m1, m2) = m1_and_m2();
    let pass = |rung: ladder::Matmul| timing::human(timeit(|| rung(&m1, &m2)).min * 1e4);
    show("10,000 products with loops", pass(ladder::loops)).expected("2.32 h at 835 ms");
    show("10,000 products with matmul", pass(matmul)).expected("0.18 s at 18.2 µs");
    let weights = &m2;
    let whole = timeit_n(3, 1, || matmul(&DATA.x_train, weights)).min;
    let rows = DATA.x_train.nrows();
    show(&format!("or one product of {rows} rows"), timing::human(whole)).course("not measured there");
    test_eq(&timing::human(835e-3 * 1e4), &"2.32 h".to_string());
}
