//! Weights that were trained here go on elsewhere, and come back: in candle, and in PyTorch where there is one.
//! `book/pages/outgrow.md` shows the programs.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod candle;

use candle_core::{Device, Module as _};
use nb03_minibatch_training::ndarray::{Array1, Array2, Axis};
use nb03_minibatch_training::nn::Sequential;
use nb03_minibatch_training::*;
use std::process::Command;

/// Notebook 03's net after some steps, so that no parameter is as its layer draws it.
fn trained() -> Sequential {
    let rng = &mut manual_seed(0);
    let (mut net, opt) = get_model(784, 50, 10, 0.1, rng);
    let x = tensor(rand((64, 784), rng));
    let data = Dataset::new(x, (0..64).map(|row| row % 10).collect::<Vec<u8>>());
    let mut batches = DataLoader::new(&data, 16);
    for epoch in 0..3 {
        let mut batches = batches.epoch(epoch);
        while let Some(batch) = batches.next() {
            train_batch(&mut net, cross_entropy, &opt, batch);
        }
    }
    net
}

/// The net saved, and a folder that holds the file.
fn saved(net: &mut Sequential) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("digits.safetensors").to_str().unwrap().to_string();
    nn::save(net, &file).unwrap();
    (folder, file)
}

fn values(net: &mut Sequential) -> Vec<Tensor> {
    net.parameters().into_iter().map(|(_, p)| p.value.clone()).collect()
}

/// What is loaded from the file must be the net, to the bit, though another one was asked to load it.
fn comes_back(mut net: Sequential, file: &str) {
    let (mut other, _) = get_model(784, 50, 10, 0.1, &mut manual_seed(1));
    assert_ne!(values(&mut other), values(&mut net));
    nn::load(&mut other, file).unwrap();
    assert_eq!(values(&mut other), values(&mut net));
}

#[test]
fn candle_goes_on_with_our_weights() {
    let mut net = trained();
    let (_folder, file) = saved(&mut net);
    let (theirs, variables) = candle::load(&file, &Device::Cpu).unwrap();
    let x: Array2<f32> = randn((64, 784), &mut manual_seed(2));
    let input = candle_core::Tensor::from_slice(x.as_slice().unwrap(), x.dim(), &Device::Cpu).unwrap();
    let logits = theirs.forward(&input).unwrap().to_vec2::<f32>().unwrap();
    let logits = Array2::from_shape_vec((64, 10), logits.concat()).unwrap();
    test_near_norm(&logits, &matrix(&net.infer(&tensor(x))), 1e-5);

    std::fs::remove_file(&file).unwrap();
    variables.save(&file).unwrap();
    comes_back(net, &file);
}

#[test]
fn pytorch_goes_on_with_our_weights() {
    let python = std::env::var("NB_PYTHON").unwrap_or("python3".into());
    let has_both = Command::new(&python).args(["-c", "import torch, safetensors"]).output();
    if !has_both.is_ok_and(|output| output.status.success()) {
        let why = format!("{python} lacks torch or safetensors; let NB_PYTHON name one that has both");
        return skip("PyTorch with our weights", &why);
    }
    let mut net = trained();
    let (_folder, file) = saved(&mut net);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outgrow/pytorch.py");
    let output = Command::new(&python).args([program, &file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let logits: Vec<f32> = serde_json::from_slice(&output.stdout).unwrap();
    let image = Array1::linspace(0.0_f32, 1.0, 784).insert_axis(Axis(0));
    let ours = net.infer(&tensor(image));
    test_near_norm(&Array1::from(logits), &matrix(&ours).row(0), 1e-5);
    comes_back(net, &file);
}
