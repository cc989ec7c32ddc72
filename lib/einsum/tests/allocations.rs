//! `einsum` allocates its result, and no copy of an operand. A program of its own, since it counts every allocation.
//!
//! A lowering that copies an operand gives the same numbers, so no other test would notice it.

use allocation_counter::measure;
use einsum::einsum;
use einsum::ndarray::{ArrayD, IxDyn};

/// Sizes of the letters, each large enough that a copy of an operand exceeds [`BOOKKEEPING`].
const B: usize = 16;
const I: usize = 60;
const K: usize = 90;
const J: usize = 70;

/// Plans, lists of axes, and up to a cache line to align the result.
const BOOKKEEPING: u64 = 4 << 10;

/// Compares the bytes that the second call allocates with those of its result. The first call also allocates the buffers for
/// packed operands, which the thread keeps.
fn allocates_its_result(subscripts: &str, operands: &[&ArrayD<f32>]) {
    let views: Vec<_> = operands.iter().map(|operand| operand.view()).collect();
    let call = || einsum(subscripts, &views).expect("subscripts that fit");
    let expected = (call().len() * size_of::<f32>()) as u64;
    let allocated = measure(|| drop(call())).bytes_total;
    println!("{subscripts}: {allocated} bytes, {expected} returned");
    assert!(
        (expected..=expected + BOOKKEEPING).contains(&allocated),
        "{subscripts}: {allocated} of {expected}"
    );
}

/// Allocations are counted for the calling thread, so it must do all the work.
fn on_one_thread(work: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread").install(work);
}

/// Numbers of which none is 0.
fn array<const N: usize>(shape: [usize; N]) -> ArrayD<f32> {
    let mut count = 0;
    ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
        count = (count + 1) % 7;
        count as f32 - 3.5
    })
}

#[test]
fn products_of_matrices_however_they_lie() {
    on_one_thread(|| {
        let (ik, ki, kj, jk) = (array([I, K]), array([K, I]), array([K, J]), array([J, K]));
        allocates_its_result("ik,kj->ij", &[&ik, &kj]);
        allocates_its_result("ki,kj->ij", &[&ki, &kj]);
        allocates_its_result("ik,jk->ij", &[&ik, &jk]);
        allocates_its_result("ki,jk->ij", &[&ki, &jk]);
        allocates_its_result("ik,kj->ji", &[&ik, &kj]);
        allocates_its_result("ik,kj->ij", &[&ki.reversed_axes(), &jk.reversed_axes()]);
    });
}

#[test]
fn products_in_a_batch_wherever_its_axis_is() {
    on_one_thread(|| {
        let (bik, bkj, bki, bjk) = (array([B, I, K]), array([B, K, J]), array([B, K, I]), array([B, J, K]));
        allocates_its_result("bik,bkj->bij", &[&bik, &bkj]);
        allocates_its_result("bki,bkj->bij", &[&bki, &bkj]);
        allocates_its_result("bik,bjk->bij", &[&bik, &bjk]);
        allocates_its_result("bik,bkj->bji", &[&bik, &bkj]);
        let (ibk, kbj) = (array([I, B, K]), array([K, B, J]));
        allocates_its_result("ibk,kbj->bij", &[&ibk, &kbj]);
    });
}

/// The lesson's own: the weights' gradient, the input's, and an outer product.
#[test]
fn gradients_as_the_lesson_writes_them() {
    on_one_thread(|| {
        let (x, g, w) = (array([500, K]), array([500, J]), array([K, J]));
        allocates_its_result("bi,bj->ij", &[&x, &g]);
        allocates_its_result("ia, ka -> ik", &[&g, &w]);
        allocates_its_result("bi,bj->bij", &[&x, &g]);
    });
}
