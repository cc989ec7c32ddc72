//! A training step allocates activations and their gradients, and nothing else that grows with the net or the batch.

use allocation_counter::measure;
use nb03_minibatch_training::ndarray::Array2;
use nb03_minibatch_training::*;

/// Lists of parameters, their names, reference counts.
const BOOKKEEPING: u64 = 6 << 10;

#[test]
fn a_step_allocates_what_its_layers_return() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread").install(|| {
        let (rows, m, nh, c) = (640, 784, 50, 10);
        let ds = Dataset::new(tensor(Array2::ones((rows * 2, m))), vec![1; rows * 2]);
        let (mut net, opt) = get_model(m, nh, c, 0.1, &mut manual_seed(0));
        let mut dl = DataLoader::new(&ds, rows).shuffle(0);
        let returned = 4 * (2 * rows * nh + 2 * rows * c) as u64;
        for epoch in 0..3 {
            let mut batches = dl.epoch(epoch);
            for batch in 0..2 {
                let step = measure(|| {
                    let batch = batches.next().expect("two batches");
                    train_batch(&mut net, cross_entropy, &opt, batch);
                });
                println!(
                    "epoch {epoch}, batch {batch}: {} bytes in {} pieces",
                    step.bytes_total, step.count_total
                );
                let sums = (rows * 16) as u64; // softmax's maximum and sum of each row
                let most = returned + sums + BOOKKEEPING;
                assert!(epoch == 0 || step.bytes_total <= most, "{} bytes of {most}", step.bytes_total);
            }
        }
    });
}
