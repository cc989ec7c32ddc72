//! How long an epoch takes: `cargo xtask call --release nb03 epoch --bs 64`.

use clap::Parser;
use nb03_minibatch_training::*;
use std::time::Instant;

/// Times epochs of the notebook's net over 50,000 images of noise: batches are gathered, and nothing is validated.
#[derive(Parser)]
struct Args {
    /// Rows in a batch
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    bs: u32,
    /// Epochs
    #[arg(long, default_value_t = 5)]
    epochs: u64,
}

fn main() {
    let Args { bs, epochs } = Args::parse();
    let rng = &mut manual_seed(0);
    let labels: Vec<u8> = rand(50_000, rng).iter().map(|u| (u * 10.0) as u8).collect();
    let ds = Dataset::new(tensor(rand((50_000, 784), rng)), labels);
    let (mut net, opt) = get_model(784, 50, 10, 0.1, rng);
    let mut dl = DataLoader::new(&ds, bs as usize).shuffle(0);
    for epoch in 0..epochs {
        let start = Instant::now();
        loops::with_dataloader(&mut net, cross_entropy, &opt, &mut dl, epoch);
        println!("epoch {epoch}: {:.3} s", start.elapsed().as_secs_f64());
    }
}
