//! What a pass allocates: what it returns, and nothing else. A program of its own, since it counts every allocation.
//!
//! Besides, there is some bookkeeping that no number of rows changes: lists of layers, reference counts, up to a cache
//! line for each array so that it starts at one.

use allocation_counter::measure;
use nb02_fully_connected::ndarray::{Array, Array1, Array2, Dimension};
use nb02_fully_connected::nn::{matrix, tensor};
use nb02_fully_connected::*;
use std::cell::RefCell;

/// Rows enough that an activation more, 400 KB, could not hide.
const ROWS: usize = 2_000;
const BOOKKEEPING: u64 = 16 << 10;

fn inputs() -> (Array2<f32>, Array1<f32>, nn::Sequential) {
    let mut rng = manual_seed(0);
    let (x, y) = (randn((ROWS, 100), &mut rng), rand(ROWS, &mut rng));
    let net = nn::Sequential::new()
        .then(nn::Linear::new(100, 50, &mut rng))
        .then(nn::ReLU)
        .then(nn::Linear::new(50, 1, &mut rng));
    (x, y, net)
}

fn bytes<D: Dimension>(x: &Array<f32, D>) -> u64 {
    (x.len() * size_of::<f32>()) as u64
}

/// Compares the bytes that `work` allocates, the second time, with those it should: at first a thread also makes
/// the buffers that it keeps for packed operands.
fn allocates<R>(what: &str, expected: u64, mut work: impl FnMut() -> R) {
    work();
    let allocated = measure(|| drop(work())).bytes_total;
    println!("{what}: {allocated} bytes, {expected} returned");
    assert!(allocated >= expected, "{what}: {allocated} bytes were allocated, {expected} returned");
    assert!(
        allocated <= expected + BOOKKEEPING,
        "{what}: {allocated} bytes were allocated, {expected} returned"
    );
}

/// Allocations are counted for each thread, so there is one only.
fn on_one_thread(work: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread").install(work);
}

#[test]
fn forward_allocates_the_outputs_and_linear_and_relu_share_one() {
    on_one_thread(|| {
        let (x, _, net) = inputs();
        let (x, hidden, out) = (tensor(x), (ROWS * 50 * 4) as u64, (ROWS * 4) as u64);
        allocates("forward", hidden + out, || net.forward(&x));
    });
}

/// And none for a parameter: their memory is the last step's.
#[test]
fn a_step_allocates_activations_and_their_gradients_only() {
    on_one_thread(|| {
        let (x, y, net) = inputs();
        let (x, net) = (tensor(x), &RefCell::new(net));
        let (hidden, out) = (ROWS * 50, ROWS);
        let (forward, backward) = (hidden + out, hidden + out);
        let step = |backward: fn(&mut nn::Sequential, nn::Saved, Tensor)| {
            let mut net = net.borrow_mut();
            net.zero_grad();
            let saved = net.forward(&x);
            let out_g = mse_grad(&matrix(&saved.out), &y);
            backward(&mut net, saved, tensor(out_g));
            net.parameters().into_iter().for_each(|(_, p)| p.sgd(0.1));
        };
        let without = 4 * (forward + backward) as u64;
        allocates("without x's gradient", without, || step(|net, saved, g| net.backward_params(saved, g)));
        allocates("with x's gradient", without + 4 * x.len() as u64, || {
            step(|net, saved, g| drop(net.backward(saved, g)))
        });
    });
}

#[test]
fn relu_turns_one_gradient_into_the_other() {
    let x = randn((ROWS, 50), &mut manual_seed(0));
    let out_g = randn((ROWS, 50), &mut manual_seed(1));
    let expected = relu_grad(&x, &out_g);
    let saved = nn::ReLU.forward(&tensor(x));
    let place = out_g.as_ptr();
    let inp_g = nn::ReLU.backward(saved, tensor(out_g));
    assert_eq!((inp_g.as_ptr(), &matrix(&inp_g)), (place, &expected.view()));
}

/// A gradient that somebody else still holds is not changed under their hands.
#[test]
fn relu_copies_a_gradient_that_has_another_handle() {
    let out_g = tensor(Array2::ones((2, 3)));
    let saved = nn::ReLU.forward(&tensor(Array2::from_elem((2, 3), -1.0)));
    assert!(nn::ReLU.backward(saved, out_g.clone()).iter().all(|&g| g == 0.0));
    assert!(out_g.iter().all(|&g| g == 1.0));
}

#[test]
fn losses_and_plain_functions_allocate_their_results() {
    on_one_thread(|| {
        let (x, y, _) = inputs();
        let out = x.slice(ndarray::s![.., ..1]).to_owned();
        allocates("mse", 0, || mse(&out, &y));
        allocates("mse_grad", bytes(&out), || mse_grad(&out, &y));
        allocates("relu", bytes(&x), || relu(&x));
        allocates("relu_grad", bytes(&x), || relu_grad(&x, &x));
        allocates("normalize", bytes(&x), || normalize(&x, 0.5, 2.0));
        allocates("Stats", 0, || Stats::of(&x));
    });
}
