//! What `einsum` allocates: its result, and no copy of an operand. A program of its own, since it counts every allocation.
//!
//! Whoever takes another way through `einsum` gets the same numbers; that it is the way without copies shows only here.

use allocation_counter::measure;
use nb01_matmul::ndarray::{Array2, Array3, IxDyn};
use nb01_matmul::{AsArray, einsum, manual_seed, randn};

/// Sizes of the letters: none of them small, so that a copy of anything could not hide.
const B: usize = 16;
const I: usize = 60;
const K: usize = 90;
const J: usize = 70;

/// Plans, lists of axes, and up to a cache line for the result so that it starts at one.
const BOOKKEEPING: u64 = 4 << 10;

/// Compares the bytes that a call allocates, the second time, with those of its result: at first a thread also makes the
/// buffers that it keeps for packed operands.
fn allocates_its_result(subscripts: &str, operands: &[&dyn AsArray<Elem = f32>]) {
    let call = || einsum::<f32, IxDyn>(subscripts, operands).expect("subscripts that fit");
    let expected = (call().len() * size_of::<f32>()) as u64;
    let allocated = measure(|| drop(call())).bytes_total;
    println!("{subscripts}: {allocated} bytes, {expected} returned");
    assert!(
        (expected..=expected + BOOKKEEPING).contains(&allocated),
        "{subscripts}: {allocated} of {expected}"
    );
}

/// Allocations are counted for each thread, so there is one only.
fn on_one_thread(work: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread").install(work);
}

fn matrix(rows: usize, columns: usize) -> Array2<f32> {
    randn((rows, columns), &mut manual_seed(0))
}

fn batch(n: usize, rows: usize, columns: usize) -> Array3<f32> {
    randn((n, rows, columns), &mut manual_seed(0))
}

#[test]
fn products_of_matrices_however_they_lie() {
    on_one_thread(|| {
        let (ik, ki, kj, jk) = (matrix(I, K), matrix(K, I), matrix(K, J), matrix(J, K));
        allocates_its_result("ik,kj->ij", &[&ik, &kj]);
        allocates_its_result("ki,kj->ij", &[&ki, &kj]);
        allocates_its_result("ik,jk->ij", &[&ik, &jk]);
        allocates_its_result("ki,jk->ij", &[&ki, &jk]);
        allocates_its_result("ik,kj->ji", &[&ik, &kj]);
        allocates_its_result("ik,kj->ij", &[&ki.t(), &jk.t()]);
    });
}

#[test]
fn products_in_a_batch_wherever_its_axis_stands() {
    on_one_thread(|| {
        let (bik, bkj, bki, bjk) = (batch(B, I, K), batch(B, K, J), batch(B, K, I), batch(B, J, K));
        allocates_its_result("bik,bkj->bij", &[&bik, &bkj]);
        allocates_its_result("bki,bkj->bij", &[&bki, &bkj]);
        allocates_its_result("bik,bjk->bij", &[&bik, &bjk]);
        allocates_its_result("bik,bkj->bji", &[&bik, &bkj]);
        let (ibk, kbj) = (batch(I, B, K), batch(K, B, J));
        allocates_its_result("ibk,kbj->bij", &[&ibk, &kbj]);
    });
}

/// The lesson's own: the weights' gradient, the input's, and an outer product.
#[test]
fn gradients_as_the_lesson_writes_them() {
    on_one_thread(|| {
        let (x, g, w) = (matrix(500, K), matrix(500, J), matrix(K, J));
        allocates_its_result("bi,bj->ij", &[&x, &g]);
        allocates_its_result("ia, ka -> ik", &[&g, &w]);
        allocates_its_result("bi,bj->bij", &[&x, &g]);
    });
}
