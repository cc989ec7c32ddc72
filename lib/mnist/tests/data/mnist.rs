//! MNIST's own numbers, taken once from the file with Python; they run where MNIST is.
//!
//! ```python
//! for x, y in pickle.load(gzip.open("mnist.pkl.gz"), encoding="latin-1"):
//!     place = np.arange(x.size, dtype="u8") % 65521 + 1
//!     print(((x.ravel() * 256).astype("u8") * place).sum(), x.mean(dtype="f8"), x.std(dtype="f8"))
//! ```

use mnist::{DataSet, Mnist, Set, find, read, read_from};
use ndarray::{ArrayRef1, ArrayRef2};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

static MNIST: LazyLock<Mnist> = LazyLock::new(|| read(find().unwrap()).unwrap());

/// MNIST, or a line about what could not be checked without it. Whether it is MNIST is not left to what is tested here.
fn mnist(what: &str) -> Option<&'static Mnist> {
    let largest = MNIST.x_train.fold(0.0_f32, |largest, x| largest.max(*x));
    let is_mnist = MNIST.y_train.len() == 50_000
        && MNIST.y_train.to_vec()[..10] == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        && largest == 255.0 / 256.0;
    if !is_mnist {
        println!("skipped: {what} (there is no MNIST here: cargo xtask data get)");
    }
    assert_eq!(MNIST.is_mnist(), is_mnist, "{}", MNIST.source);
    Some(&*MNIST).filter(|_| is_mnist)
}

#[test]
fn shapes_and_labels() {
    let Some(mnist) = mnist("MNIST's shapes and labels") else { return };
    assert_eq!((mnist.x_train.dim(), mnist.y_train.dim()), ((50_000, 784), 50_000));
    assert_eq!((mnist.x_valid.dim(), mnist.y_valid.dim()), ((10_000, 784), 10_000));
    let y = mnist.y_train.to_vec();
    assert_eq!((&y[..5], &y[49_997..]), (&[5, 0, 4, 1, 9][..], &[8, 4, 8][..]));
    assert_eq!(mnist.y_valid[0], 3);
    assert_eq!(counts(&mnist.y_train), [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]);
    assert_eq!(counts(&mnist.y_valid), [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961]);
}

fn counts(y: &ArrayRef1<u8>) -> [usize; 10] {
    let mut counts = [0; 10];
    y.iter().for_each(|&y| counts[usize::from(y)] += 1);
    counts
}

/// Each pixel times its place, so a row that is shifted by one pixel does not go unnoticed.
fn checksum(x: &ArrayRef2<f32>) -> u64 {
    let part = |(i, x): (usize, &f32)| (x * 256.0) as u64 * (i as u64 % 65_521 + 1);
    x.iter().enumerate().map(part).sum()
}

#[test]
fn every_pixel_in_its_place() {
    let Some(mnist) = mnist("MNIST's pixels") else { return };
    assert_eq!(checksum(&mnist.x_train), 42_857_997_708_038);
    assert_eq!(checksum(&mnist.x_valid), 8_435_145_665_875);
}

#[test]
fn the_checksum_sees_one_row_shifted_by_a_pixel() {
    let mut x = crate::fixtures::expected(0, 10).x;
    let before = checksum(&x);
    x.row_mut(3).as_slice_mut().unwrap().rotate_right(1);
    assert_ne!(checksum(&x), before);
}

#[test]
fn mean_and_std_in_f64() {
    let Some(mnist) = mnist("MNIST's mean and std") else { return };
    for (x, mean, std) in [
        (&mnist.x_train, 0.13044972207828445, 0.3072898328956074),
        (&mnist.x_valid, 0.12865189233896684, 0.30496465376108006),
    ] {
        let n = x.len() as f64;
        let ours = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = x.iter().map(|&x| (f64::from(x) - ours).powi(2)).sum::<f64>() / n;
        assert!((ours - mean).abs() < 1e-12);
        assert!((variance.sqrt() - std).abs() < 1e-9); // 39 million squares in f64
    }
}

/// Writes the IDX files that MNIST was published as, from the pickle, and reads them again.
#[test]
fn idx_files_are_the_same_bits() {
    let Some(mnist) = mnist("MNIST from IDX files") else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, head: &[u32], bytes: Vec<u8>| {
        let mut file = fs::File::create(folder.path().join(name)).unwrap();
        head.iter().for_each(|n| file.write_all(&n.to_be_bytes()).unwrap());
        file.write_all(&bytes).unwrap();
    };
    let pixels = mnist.x_train.iter().chain(&mnist.x_valid).map(|x| (x * 256.0) as u8).collect();
    let labels = mnist.y_train.iter().chain(&mnist.y_valid).copied().collect();
    write("train-images-idx3-ubyte", &[0x803, 60_000, 28, 28], pixels);
    write("train-labels-idx1-ubyte", &[0x801, 60_000], labels);
    let idx = read_from(folder.path()).unwrap();
    assert!(idx.x_train == mnist.x_train && idx.x_valid == mnist.x_valid, "the images differ");
    assert!(idx.y_train == mnist.y_train && idx.y_valid == mnist.y_valid, "the labels differ");
    assert_eq!(idx.source.set, DataSet::Mnist);
}

/// The training and the validation set, to be changed.
fn sets(mnist: &Mnist) -> [Set; 2] {
    let Mnist { x_train, y_train, x_valid, y_valid, .. } = mnist.clone();
    [Set { x: x_train, y: y_train }, Set { x: x_valid, y: y_valid }]
}

#[test]
fn it_is_mnist_only_to_the_last_pixel_and_label() {
    let Some(mnist) = mnist("which digits are MNIST") else { return };
    let [mut train, mut valid] = sets(mnist);
    assert_eq!(DataSet::of(&train, &valid), DataSet::Mnist);
    assert_eq!(DataSet::of(&valid, &train), DataSet::Unknown);
    train.x[[49_999, 783]] += 1.0 / 256.0;
    assert_eq!(DataSet::of(&train, &valid), DataSet::Unknown);
    train.x[[49_999, 783]] = 1e-7; // less than half a byte
    assert_eq!(DataSet::of(&train, &valid), DataSet::Unknown);
    train.x[[49_999, 783]] = 0.0;
    valid.y[9_999] ^= 1;
    assert_eq!(DataSet::of(&train, &valid), DataSet::Unknown);
    valid.y[9_999] ^= 1;
    assert_eq!(DataSet::of(&train, &valid), DataSet::Mnist);
}

/// As NumPy, torchvision and others divide: by 255, or times its reciprocal.
#[test]
fn pixels_divided_by_255_are_noticed() {
    let Some(mnist) = mnist("MNIST divided by 255") else { return };
    let divisions: [fn(f32) -> f32; 2] = [|byte| byte / 255.0, |byte| byte * (1.0 / 255.0)];
    for divided in divisions {
        let sets = sets(mnist).map(|Set { x, y }| Set { x: x.mapv(|x| divided(x * 256.0)), y });
        assert_eq!(DataSet::of(&sets[0], &sets[1]), DataSet::MnistBy255);
    }
}

/// Its files have MNIST's names and shapes. Debian has it: `apt-get install dataset-fashion-mnist`.
#[test]
fn fashion_mnist_is_recognised() {
    let folder = Path::new("/usr/share/datasets/fashion-mnist");
    if !folder.exists() {
        println!("skipped: Fashion-MNIST (it is not in {})", folder.display());
        return;
    }
    let fashion = read_from(folder).unwrap();
    assert_eq!(fashion.y_train.to_vec()[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    assert!(fashion.source.set == DataSet::FashionMnist && !fashion.is_mnist());
    let mut train = Set { x: fashion.x_train, y: fashion.y_train };
    train.y[0] = 0;
    let valid = Set { x: fashion.x_valid, y: fashion.y_valid };
    assert_eq!(DataSet::of(&train, &valid), DataSet::Unknown);
}
