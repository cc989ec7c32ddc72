//! Notebook 01, executed section by section: `cargo xtask run nb01`.
//!
//! Every number of ours is printed beside the course's. MNIST's own numbers are asserted where MNIST is; the
//! rest holds for the drawn digits too.

use nb01_matmul::data::{image_svg, show_image};
use nb01_matmul::ndarray::{Array1, Array2, array, s};
use nb01_matmul::*;
use std::sync::LazyLock;

static DATA: LazyLock<Mnist> = LazyLock::new(|| get_data().unwrap_or_else(|error| panic!("{error}")));

/// The notebook's `m1 = x_valid[:5]` and `m2 = weights`.
fn m1_and_m2() -> (Array2<f32>, Array2<f32>) {
    (DATA.x_valid.slice(s![..5, ..]).to_owned(), randn((784, 10), &mut manual_seed(42)))
}

/// Get the data
#[test]
fn s01_get_data() {
    let Mnist { x_train, y_train, x_valid, y_valid, source } = &*DATA;
    println!("data: {source}");
    let (min, max) = y_train.fold((9, 0), |(min, max), &y| (y.min(min), y.max(max)));
    beside("x_train.shape", format_args!("{:?}", x_train.shape()), "torch.Size([50000, 784])");
    beside("x_valid.shape", format_args!("{:?}", x_valid.shape()), "torch.Size([10000, 784])");
    beside("y_train", y_train, "tensor([5, 0, 4,  ..., 8, 4, 8])");
    beside("y_train.min(), y_train.max()", format_args!("{min}, {max}"), "tensor(0), tensor(9)");

    test_eq(&x_train.nrows(), &y_train.len());
    test_eq(&x_valid.nrows(), &y_valid.len());
    test_eq(&x_train.ncols(), &(28 * 28));
    test_eq(&(min, max), &(0, 9));
    DATA.only_mnist("its shapes and labels", || {
        test_eq(x_train.shape(), &[50_000, 784]);
        test_eq(x_valid.shape(), &[10_000, 784]);
        test_eq(&y_train.slice(s![..5]), &array![5, 0, 4, 1, 9]);
        test_eq(&y_train.slice(s![-3..]), &array![8, 4, 8]);
        test_eq(&y_valid[0], &3);
    });
}

/// Look at a digit
#[test]
fn s02_look_at_a_digit() {
    let image = DATA.image(0);
    println!("x_train[0].view(28,28), labelled {} (the course shows a 5):", DATA.y_train[0]);
    println!("{}", show_image(&image));
    beside("type", std::any::type_name_of_val(&image[[0, 0]]), "torch.FloatTensor");
    beside("largest pixel", image.fold(0.0_f32, |a, &b| a.max(b)), "0.9961, which is 255/256");

    let file = std::env::temp_dir().join(format!("nb01-x_train-0-{}.svg", std::process::id()));
    image_svg(&file, &image).expect("the temporary folder can be written");
    let svg = std::fs::read_to_string(&file).expect("it was just written");
    println!("as a picture: {} squares in an SVG file", svg.matches("<rect").count());
    std::fs::remove_file(&file).expect("it was just written");

    test_eq(&image.dim(), &(28, 28));
    test_eq(&(svg.matches("<rect").count() - 1), &image.iter().filter(|x| **x > 0.0).count());
}

/// The initial model: random weights and a bias of zeros
#[test]
fn s03_initial_model() {
    let weights = randn((784, 10), &mut manual_seed(42));
    let bias = Array1::<f32>::zeros(10);
    beside("weights.shape", format_args!("{:?}", weights.shape()), "torch.randn(784,10)");
    beside("bias", &bias, "torch.zeros(10)");
    let logits = matmul(&DATA.x_valid, &weights) + &bias;
    beside("(x_valid @ weights + bias).shape", format_args!("{:?}", logits.shape()), "10 numbers an image");
    test_eq(&logits.dim(), &(DATA.x_valid.nrows(), 10));
}

/// Matrix multiplication with three loops
#[test]
fn s04_matmul_loops() {
    let (m1, m2) = m1_and_m2();
    let t1 = ladder::loops(&m1, &m2);
    beside("t1.shape", format_args!("{:?}", t1.shape()), "torch.Size([5, 10])");
    beside("%timeit loops", timing::human(timeit(|| ladder::loops(&m1, &m2)).min), "835 ms");
    test_eq(&t1.dim(), &(5, 10));
    test_eq(&ladder::loops(&array![[1., 2., 3.], [4., 5., 6.]], &worked_b()), &worked_product());
}

/// `b` and the product of the notes' worked example, in which `a` is 1 to 6.
fn worked_b() -> Array2<f32> {
    array![[10., 10.], [20., 20.], [30., 30.]]
}

fn worked_product() -> Array2<f32> {
    array![[140., 140.], [320., 320.]]
}

/// Elementwise operations
#[test]
fn s05_elementwise_operations() {
    let (a, b) = (array![10., 6., -4.], array![2., 8., 7.]);
    let less = elementwise::float(&elementwise::lt(&a, &b));
    beside("a + b", &a + &b, "tensor([12., 14.,  3.])");
    beside("(a < b).float().mean()", format_args!("{:.4}", less.sum() / 3.0), "tensor(0.6667)");
    test_eq(&(&a + &b), &array![12., 14., 3.]);
    test_eq(&less, &array![0., 1., 1.]);
    println!("a < b on whole arrays does not compile: in Rust a comparison is one yes or no, hence `lt`.");
}

/// The Frobenius norm
#[test]
fn s06_frobenius_norm() {
    let m = array![[1_f32, 2., 3.], [4., 5., 6.], [7., 8., 9.]];
    let mut notes = m.clone();
    notes.row_mut(2).assign(&array![7., 7., 8.]);
    let norm = elementwise::frobenius_norm;
    beside("(m*m).sum().sqrt()", format_args!("{:.4}", norm(&m)), "tensor(16.8819)");
    beside(
        "… third row [7, 7, 8]",
        format_args!("{:.4}", norm(&notes)),
        "tensor(15.9060), the notes' variant",
    );
    test_near(&norm(&m), &285_f64.sqrt());
    test_near(&norm(&notes), &253_f64.sqrt());
    test_near(&(&m * &m).sum().sqrt(), &norm(&m));
}

/// Matrix multiplication: row times column
#[test]
fn s07_matmul_elementwise() {
    let (m1, m2) = m1_and_m2();
    beside("%timeit elementwise", timing::human(timeit(|| ladder::elementwise(&m1, &m2)).min), "1.39 ms");
    test_near(&ladder::elementwise(&m1, &m2), &ladder::loops(&m1, &m2));
}
