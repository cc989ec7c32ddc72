//! Weights in files: PyTorch's are read, ours are what PyTorch writes, and a bad file changes nothing.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::Oracle;
use nb02_fully_connected::ndarray::{Array1, Ix2};
use nb02_fully_connected::nn::files::Difference;
use nb02_fully_connected::nn::{Linear, ReLU, Sequential, WeightsError, load, matrix, save, tensor};
use nb02_fully_connected::*;
use std::fs;
use std::path::{Path, PathBuf};

/// Written by `safetensors.torch.save_file(net.state_dict(), …)`.
fn pytorchs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/mlp_784_20_10.safetensors")
}

fn mlp(sizes: [usize; 3], seed: u64) -> Sequential {
    let rng = &mut manual_seed(seed);
    Sequential::new()
        .then(Linear::new(sizes[0], sizes[1], rng))
        .then(ReLU)
        .then(Linear::new(sizes[1], sizes[2], rng))
}

/// A folder of the test's own, which is gone afterwards.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

fn values(net: &mut Sequential) -> Vec<Tensor> {
    net.parameters().into_iter().map(|(_, p)| p.value.clone()).collect()
}

#[test]
fn pytorchs_weights_give_pytorchs_outputs() {
    let (mut net, mut oracle) = (mlp([784, 20, 10], 0), Oracle::open("mlp_784_20_10_io"));
    load(&mut net, pytorchs()).unwrap();
    let out = net.infer(&tensor(oracle.get::<f32, Ix2>("x")));
    test_near_norm(&matrix(&out), &oracle.get::<f32, Ix2>("out"), 1e-6);
}

/// What PyTorch wrote, read and written again, holds the same tensors: names, shapes, and every bit.
#[test]
fn what_is_saved_is_what_pytorch_saves() {
    let (folder, mut net) = (folder(), mlp([784, 20, 10], 0));
    let path = folder.path().join("net.safetensors");
    load(&mut net, pytorchs()).unwrap();
    save(&mut net, &path).unwrap();
    let (ours, theirs) = (fs::read(path).unwrap(), fs::read(pytorchs()).unwrap());
    let tensors = |bytes: &[u8]| -> Vec<(String, Vec<usize>, Vec<u8>)> {
        let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
        let mut all: Vec<_> = file
            .iter()
            .map(|(name, view)| (name.into(), view.shape().to_vec(), view.data().to_vec()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(tensors(&ours), tensors(&theirs));
    assert_eq!(tensors(&ours)[1].1, [20, 784], "0.weight is (out, in) in the file");
}

#[test]
fn saved_weights_come_back_and_gradients_do_not() {
    let (folder, mut net, mut other) = (folder(), mlp([5, 4, 3], 0), mlp([5, 4, 3], 1));
    let path = folder.path().join("net.safetensors");
    save(&mut net, &path).unwrap();
    other.parameters()[0].1.add_grad(tensor(ndarray::Array2::ones((5, 4))));
    assert_ne!(values(&mut net), values(&mut other));
    load(&mut other, &path).unwrap();
    assert_eq!(values(&mut net), values(&mut other));
    assert!(other.parameters().iter().all(|(_, p)| p.grad.is_none()));
}

/// Sizes of 0, numbers that are none, and a net without parameters.
#[test]
fn unusual_weights_come_back() {
    let folder = folder();
    let path = folder.path().join("net.safetensors");
    let mut odd = mlp([0, 4, 0], 0);
    odd.parameters()[1].1.value =
        tensor(Array1::from(vec![f32::NAN, f32::INFINITY, -0.0, f32::MIN_POSITIVE / 2.0]));
    save(&mut odd, &path).unwrap();
    let mut other = mlp([0, 4, 0], 1);
    load(&mut other, &path).unwrap();
    let bits =
        |net: &mut Sequential| -> Vec<u32> { values(net).iter().flatten().map(|x| x.to_bits()).collect() };
    assert_eq!(bits(&mut odd), bits(&mut other));

    save(&mut ReLU, &path).unwrap();
    load(&mut ReLU, &path).unwrap();
}

/// A transposed or sliced value is written in its own order, not in memory's.
#[test]
fn strides_do_not_reach_the_file() {
    let (folder, mut net) = (folder(), mlp([3, 3, 3], 0));
    let path = folder.path().join("net.safetensors");
    let value = net.parameters()[0].1.value.clone();
    net.parameters()[0].1.value = value.clone().reversed_axes();
    save(&mut net, &path).unwrap();
    let mut other = mlp([3, 3, 3], 1);
    load(&mut other, &path).unwrap();
    assert_eq!(values(&mut other)[0], value.reversed_axes());
}

/// The error of a file with these bytes; the net must be as before.
fn error_of(bytes: &[u8]) -> WeightsError {
    let (folder, mut net) = (folder(), mlp([2, 1, 1], 0));
    let (path, before) = (folder.path().join("bad.safetensors"), values(&mut net));
    fs::write(&path, bytes).unwrap();
    let error = load(&mut net, &path).unwrap_err();
    assert_eq!(values(&mut net), before);
    assert!(error.to_string().contains("bad.safetensors"), "{error}");
    error
}

/// A file of that header, `bytes` zeros after it.
fn file(header: &str, bytes: usize) -> Vec<u8> {
    let len = (header.len() as u64).to_le_bytes();
    [&len[..], header.as_bytes(), &vec![0; bytes]].concat()
}

/// A good file for `mlp([2, 1, 1])` has 0.bias, 0.weight, 2.bias, 2.weight of 1, 2, 1 and 1 numbers.
fn header(first: &str) -> String {
    format!(
        r#"{{{first},"0.weight":{{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}},"2.bias":{{"dtype":"F32","shape":[1],"data_offsets":[12,16]}},"2.weight":{{"dtype":"F32","shape":[1,1],"data_offsets":[16,20]}}}}"#
    )
}

const FIRST: &str = r#""0.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;

#[test]
fn files_that_are_none() {
    let good = file(&header(FIRST), 20);
    let overlapping = header(FIRST).replace("[4,12]", "[0,8]");
    let outside = header(FIRST).replace("[16,20]", "[16,2000]");
    let backwards = header(FIRST).replace("[16,20]", "[20,16]");
    let huge_shape = header(FIRST).replace("[1,1]", "[18446744073709551615,4]");
    for (what, bytes) in [
        ("empty", vec![]),
        ("seven bytes", vec![0; 7]),
        ("a header of 2⁶⁴ − 1 bytes", vec![0xff; 8]),
        ("a header of 2⁴⁰ bytes", [&(1_u64 << 40).to_le_bytes()[..], b"{}"].concat()),
        ("no JSON", file("weights, honestly", 20)),
        ("a list", file("[]", 20)),
        ("not UTF-8", [&3_u64.to_le_bytes()[..], &[0xff, 0xfe, 0xfd]].concat()),
        ("truncated in its header", good[..40].to_vec()),
        ("truncated in its data", good[..good.len() - 1].to_vec()),
        ("bytes after its end", [&good[..], &[0]].concat()),
        ("overlapping", file(&overlapping, 20)),
        ("outside", file(&outside, 20)),
        ("backwards", file(&backwards, 20)),
        ("a shape that overflows", file(&huge_shape, 20)),
    ] {
        let error = error_of(&bytes);
        assert!(matches!(error, WeightsError::NotSafetensors { .. }), "{what}: {error}");
    }
    let (folder, mut net) = (folder(), mlp([2, 1, 1], 0));
    let path = folder.path().join("good.safetensors");
    fs::write(&path, good).unwrap();
    load(&mut net, path).unwrap(); // what all of the above were made from
    assert!(values(&mut net).iter().flatten().all(|&x| x == 0.0));
}

#[test]
fn files_of_other_nets() {
    let difference = |first: &str, bytes: usize| match error_of(&file(&header(first), bytes)) {
        WeightsError::OtherNet { problem, .. } => problem,
        error => panic!("{error}"),
    };
    let renamed = FIRST.replace("0.bias", "1.bias");
    let found = ["0.weight", "1.bias", "2.bias", "2.weight"].map(String::from).to_vec();
    assert_eq!(difference(&renamed, 20), Difference::Missing { name: "0.bias".into(), found });
    let other_shape = FIRST.replace("[1]", "[1,1]");
    let expected = Difference::Shape { name: "0.bias".into(), file: vec![1, 1], net: vec![1] };
    assert_eq!(difference(&other_shape, 20), expected);
    let other_type = FIRST.replace("F32", "I32");
    assert_eq!(difference(&other_type, 20), Difference::Type { name: "0.bias".into(), found: "I32".into() });
    let more = format!(r#"{FIRST},"3.running_mean":{{"dtype":"F32","shape":[1],"data_offsets":[20,24]}}"#);
    assert_eq!(difference(&more, 24), Difference::Unexpected { name: "3.running_mean".into() });

    let mut wider = mlp([784, 21, 10], 0);
    let message = load(&mut wider, pytorchs()).unwrap_err().to_string();
    assert!(
        message.ends_with(r#""0.weight" is [20, 784] in the file, and the net needs [21, 784]"#),
        "{message}"
    );
}

#[test]
fn what_cannot_be_read_or_written() {
    let (folder, mut net) = (folder(), mlp([2, 1, 1], 0));
    let read = |path: &Path| matches!(load(&mut mlp([2, 1, 1], 0), path), Err(WeightsError::Read { .. }));
    assert!(read(&folder.path().join("missing")));
    assert!(read(folder.path()), "a folder");
    assert!(!cfg!(unix) || read(Path::new("/dev/zero")), "without an end");
    let large = folder.path().join("large");
    fs::File::create(&large).unwrap().set_len(1 << 40).unwrap(); // a hole: it takes no place on the disk
    assert!(read(&large), "far larger than this net's");

    let nowhere = folder.path().join("missing/net.safetensors");
    assert!(matches!(save(&mut net, nowhere), Err(WeightsError::Write { .. })));
}

/// What was there stays if writing fails, and nothing is left beside it.
#[test]
fn writing_is_whole_or_not_at_all() {
    let (folder, mut net) = (folder(), mlp([2, 1, 1], 0));
    let path = folder.path().join("net.safetensors");
    fs::create_dir(&path).unwrap(); // a folder cannot be replaced by a file
    assert!(matches!(save(&mut net, &path), Err(WeightsError::Write { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the folder");
    fs::remove_dir(&path).unwrap();
    save(&mut net, &path).unwrap();
    save(&mut net, &path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the file");
}

/// Other users may read it where the umask says so, as any file; a temporary file is its owner's alone.
#[test]
#[cfg(unix)]
fn the_file_is_an_ordinary_file() {
    use std::os::unix::fs::MetadataExt;
    let folder = folder();
    let (ours, plain) = (folder.path().join("net.safetensors"), folder.path().join("plain"));
    save(&mut mlp([2, 1, 1], 0), &ours).unwrap();
    fs::write(&plain, "").unwrap();
    assert_eq!(fs::metadata(ours).unwrap().mode(), fs::metadata(plain).unwrap().mode());
}
