//! What a path can lead to; the order of the places is tested beside the code.

use crate::fixtures::{check, fixture, unpacked};
use mnist::{DataError, DataSet, Files, Source, read_from};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn nothing_there() {
    let error = read_from(Path::new("/no/such/place")).unwrap_err();
    assert!(matches!(&error, DataError::NotThere { path, .. } if path == Path::new("/no/such/place")));
    assert!(error.to_string().contains("NB_DATA") && error.to_string().contains("cargo xtask data get"));
}

#[test]
fn an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_from(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::NothingIn { .. }), "{error}");
}

#[test]
fn half_of_the_idx_files() {
    let folder = tempfile::tempdir().unwrap();
    for (there, missing) in [("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")] {
        let name = format!("train-{there}-ubyte.gz");
        fs::copy(fixture(&name), folder.path().join(&name)).unwrap();
        let error = read_from(folder.path()).unwrap_err();
        assert!(
            matches!(&error, DataError::Incomplete { file, .. } if file.to_string_lossy().contains(missing))
        );
        fs::remove_file(folder.path().join(&name)).unwrap();
    }
}

#[test]
fn what_is_still_being_downloaded_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mnist.pkl.gz.part"), "half").unwrap();
    assert!(matches!(read_from(folder.path()), Err(DataError::NothingIn { .. })));
}

#[test]
fn a_name_with_spaces_and_letters_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Zahlen für später — 数字.pkl.gz");
    fs::copy(fixture("np2_protocol4.pkl.gz"), &file).unwrap();
    check(&read_from(&file).unwrap());
}

#[test]
fn the_word_drawn() {
    let digits = read_from(Path::new("drawn")).unwrap();
    assert_eq!((&digits.source.files, digits.x_train.dim()), (&Files::Drawn, (5000, 784)));
    assert!(!digits.is_mnist());
}

#[test]
fn a_source_says_what_it_is_and_from_where() {
    let says = |set, files| Source { set, files }.to_string();
    let pickle = || Files::Pickle("a.pkl".into());
    let idx = Files::Idx { images: "b/images".into(), labels: "b/labels".into() };
    assert_eq!(says(DataSet::Mnist, pickle()), "MNIST from a.pkl");
    assert_eq!(says(DataSet::FashionMnist, idx), "Fashion-MNIST (not MNIST) from b/images");
    assert_eq!(says(DataSet::Unknown, pickle()), "a data set that is not MNIST's digits from a.pkl");
    assert_eq!(says(DataSet::MnistBy255, pickle()), "MNIST divided by 255 instead of 256 from a.pkl");
    assert_eq!(says(DataSet::Drawn, Files::Drawn), "digits drawn by this program, not MNIST");
}

/// Reading from a pipe would wait, from a device never end.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file() {
    let error = read_from(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
    assert!(error.to_string().contains("let NB_DATA name another"), "the way out: {error}");
}

/// Copies of the fixtures, a pair of IDX files and a pickle, under other names. A name that ends with `/` is a folder.
fn folder_with(names: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in names {
        let path = root.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let original = match name {
            name if name.contains("images") => "train-images-idx3-ubyte.gz",
            name if name.contains("labels") => "train-labels-idx1-ubyte.gz",
            _ => "np2_protocol4.pkl.gz",
        };
        let packed = name.ends_with(".gz");
        fs::write(path, if packed { fs::read(fixture(original)).unwrap() } else { unpacked(original) })
            .unwrap();
    }
    root
}

/// What is read of a folder with these files, without the folder.
fn read_of(names: &[&str], path: &str) -> Result<Vec<PathBuf>, DataError> {
    let root = folder_with(names);
    let mnist = read_from(&root.path().join(path))?;
    check(&mnist);
    let below = |path: &&Path| path.strip_prefix(root.path()).unwrap().to_owned();
    Ok(mnist.source.files.paths().iter().map(below).collect())
}

const DASHED: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const PACKED: [&str; 2] = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"];
const DOTTED: [&str; 2] = ["train-images.idx3-ubyte", "train-labels.idx1-ubyte"];

/// Who makes such a folder; what is in it; which path below it is named; what is then read.
type Layout<'a> = (&'a str, Vec<&'a str>, &'a str, Vec<&'a str>);

/// Folders as they are found on people's disks.
#[test]
fn layouts() {
    let raw = ["MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"];
    let raw_and_packed =
        [raw, ["MNIST/raw/train-images-idx3-ubyte.gz", "MNIST/raw/train-labels-idx1-ubyte.gz"]];
    let kaggle = [
        "train-images-idx3-ubyte/train-images-idx3-ubyte",
        "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
    ];
    let fashion = ["FashionMNIST/raw/train-images-idx3-ubyte", "FashionMNIST/raw/train-labels-idx1-ubyte"];
    let layouts: Vec<Layout<'_>> = vec![
        ("LeCun's site", PACKED.into(), "", PACKED.into()),
        ("gunzip", DASHED.into(), "", DASHED.into()),
        ("gunzip -k", [DASHED, PACKED].concat(), "", DASHED.into()),
        ("some archive programs", DOTTED.into(), "", DOTTED.into()),
        (
            "some archive programs, one file of two",
            vec![DOTTED[0], PACKED[1]],
            "",
            vec![DOTTED[0], PACKED[1]],
        ),
        (
            "packed with a dot",
            vec!["train-images.idx3-ubyte.gz", DOTTED[1]],
            "",
            vec!["train-images.idx3-ubyte.gz", DOTTED[1]],
        ),
        ("torchvision's root", raw_and_packed.concat(), "", raw.into()),
        ("torchvision's root/MNIST", raw_and_packed.concat(), "MNIST", raw.into()),
        ("torchvision's root/MNIST/raw", raw_and_packed.concat(), "MNIST/raw", raw.into()),
        ("torchvision's Fashion-MNIST", fashion.into(), "FashionMNIST", fashion.into()),
        ("Kaggle, folders only", kaggle.into(), "", kaggle.into()),
        ("Kaggle, with files", [kaggle, DOTTED].concat(), "", DOTTED.into()),
        (
            "a folder of the file's name beside it",
            [&["train-images-idx3-ubyte/"][..], &PACKED].concat(),
            "",
            PACKED.into(),
        ),
        (
            "the same for the labels",
            [&["train-labels-idx1-ubyte.gz/"][..], &DASHED].concat(),
            "",
            DASHED.into(),
        ),
        (
            "the same for the pickle",
            [&["mnist.pkl.gz/", "mnist.pkl"][..], &PACKED].concat(),
            "",
            vec!["mnist.pkl"],
        ),
        ("only a folder of the pickle's name", [&["mnist.pkl.gz/"][..], &PACKED].concat(), "", PACKED.into()),
        ("the lesson", vec!["mnist.pkl.gz"], "", vec!["mnist.pkl.gz"]),
        ("PyTorch's tutorial", vec!["mnist/mnist.pkl.gz"], "", vec!["mnist/mnist.pkl.gz"]),
    ];
    for (who, files, path, read) in layouts {
        let expected: Vec<PathBuf> = read.iter().map(PathBuf::from).collect();
        assert_eq!(read_of(&files, path).unwrap_or_else(|error| panic!("{who}: {error}")), expected, "{who}");
    }
}

/// The path is the file that is read, whatever else is in the folder.
#[test]
fn a_path_that_names_a_file() {
    let other = ["emnist-mnist-train-images-idx3-ubyte.gz", "emnist-mnist-train-labels-idx1-ubyte.gz"];
    let all = [&DASHED[..], &PACKED, &DOTTED, &other, &["mnist.pkl.gz", "copy.pkl"]].concat();
    for (name, read) in [
        (DASHED[0], DASHED.to_vec()),
        (PACKED[0], vec![PACKED[0], DASHED[1]]),
        (DOTTED[0], vec![DOTTED[0], DOTTED[1]]),
        (DASHED[1], DASHED.to_vec()),
        (PACKED[1], vec![DASHED[0], PACKED[1]]),
        (other[0], other.to_vec()),
        (other[1], other.to_vec()),
        ("mnist.pkl.gz", vec!["mnist.pkl.gz"]),
        ("copy.pkl", vec!["copy.pkl"]),
    ] {
        let expected: Vec<PathBuf> = read.iter().map(PathBuf::from).collect();
        assert_eq!(read_of(&all, name).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_path_to_a_file_that_cannot_be_the_training_images() {
    let with = |name: &str| {
        let all = [&PACKED[..], &[name, "t10k-labels-idx1-ubyte"]].concat();
        let error = read_of(&all, name).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        error
    };
    let letters = with("emnist-letters-train-images-idx3-ubyte.gz");
    assert!(matches!(letters, DataError::Incomplete { .. }), "{letters}");
    assert!(
        letters.to_string().contains("emnist-letters-train-labels-idx1-ubyte.gz is missing"),
        "{letters}"
    );
    for name in
        ["t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte.gz", "emnist-digits-test-images-idx3-ubyte.gz"]
    {
        assert!(matches!(with(name), DataError::NotTraining { .. }), "{name}");
    }
    assert!(matches!(with("some.idx3-ubyte"), DataError::NotTraining { .. }));
    // An IDX file that has no name of one, and a pickle that has.
    let root = folder_with(&PACKED);
    for (original, name) in [(PACKED[0], "images.bin"), ("np2_protocol4.pkl.gz", DASHED[0])] {
        let path = root.path().join(name);
        fs::copy(fixture(original), &path).unwrap();
        let error = read_from(&path).unwrap_err();
        assert!(matches!(&error, DataError::Damaged { path: named, .. } if *named == path), "{error}");
    }
}

#[test]
fn near_misses_are_named() {
    let says = |names: &[&str], path: &str| read_of(names, path).unwrap_err().to_string();
    let torchvision = says(&["FashionMNIST/raw/train-images-idx3-ubyte"], "");
    assert!(torchvision.contains(", only `FashionMNIST/`;"), "{torchvision}");
    let keras = says(&["mnist.npz", "notes.txt"], "");
    assert!(keras.contains(", only `mnist.npz`;"), "{keras}");
    let many = says(&["t10k-images-idx3-ubyte", "c-mnist", "b-mnist", "a-mnist\n"], "");
    assert!(many.contains(r", only `a-mnist\n`, `b-mnist`, `c-mnist`;"), "{many}");
    let beside = says(&["mnist.pkl.gz"], "mnist.pkl");
    assert!(beside.contains("mnist.pkl, only `mnist.pkl.gz`;"), "{beside}");
}
