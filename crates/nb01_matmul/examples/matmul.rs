//! The ladder from the command line, as the course's Fire makes a command of any function:
//! `cargo xtask call nb01 matmul --ar 5 --k 784 --bc 10 --level broadcast`.

use clap::Parser;
use nb01_matmul::ladder::{RUNGS, Rung, time_rungs};
use nb01_matmul::matmul::Path;
use nb01_matmul::{elementwise::frobenius_norm, manual_seed, rand, randn, timeit};
use std::process::ExitCode;

/// Multiplies two random matrices, (ar, k) and (k, bc), with one rung of the ladder or with all.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask call nb01 matmul --ar 5 --k 784 --bc 10 --level broadcast")]
struct Args {
    /// Rows of a.
    #[arg(long, default_value_t = 5)]
    ar: usize,
    /// Columns of a, which are the rows of b.
    #[arg(long, default_value_t = 784)]
    k: usize,
    /// Columns of b.
    #[arg(long, default_value_t = 10)]
    bc: usize,
    /// The rung: loops, elementwise, broadcast, …; without it the whole ladder is timed.
    #[arg(long, value_parser = rung)]
    level: Option<Rung>,
    /// List the instruction sets that this processor can multiply with, as NB_MATMUL names them.
    #[arg(long)]
    paths: bool,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

fn rung(name: &str) -> Result<Rung, String> {
    let names = || RUNGS.iter().map(|rung| rung.name).collect::<Vec<_>>().join(", ");
    RUNGS.iter().find(|rung| rung.name == name).copied().ok_or_else(|| format!("the rungs are {}", names()))
}

fn main() -> ExitCode {
    let Args { ar, k, bc, level, paths, seed } = Args::parse();
    if paths {
        Path::available().iter().for_each(|path| println!("{path}"));
        return ExitCode::SUCCESS;
    }
    let fits =
        [(ar, k), (k, bc), (ar, bc)].iter().all(|(rows, columns)| rows.saturating_mul(*columns) < 1 << 30);
    if !fits {
        eprintln!("error: a matrix of 2^30 numbers or more (4 GiB) is too large for a demonstration");
        return ExitCode::from(2);
    }
    let rng = &mut manual_seed(seed);
    let (a, b) = (rand((ar, k), rng), randn((k, bc), rng));
    match level {
        Some(rung) => {
            let c = (rung.matmul)(&a, &b);
            println!("{}: {:?}, Frobenius norm {:.4}", rung.name, c.shape(), frobenius_norm(&c));
            println!("{}", timeit(|| (rung.matmul)(&a, &b)));
        }
        None => println!("{}", time_rungs(&a, &b)),
    }
    ExitCode::SUCCESS
}
