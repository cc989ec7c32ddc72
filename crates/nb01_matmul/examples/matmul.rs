//! The ladder from the command line, as the course's Fire makes a command of any function:
//! `cargo xtask call nb01 matmul --ar 5 --k 784 --bc 10 --level broadcast`.

use clap::Parser;
use nb01_matmul::ladder::{RUNGS, Rung, time_rungs};
use nb01_matmul::matmul::Isa;
use nb01_matmul::{elementwise::frobenius_norm, manual_seed, rand, randn, timeit};
use std::io::{self, Write};
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
    sigpipe::reset(); // a closed pipe (`… | head -1`) ends the program quietly
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: the result cannot be printed: {error}");
        ExitCode::FAILURE
    })
}

fn run(Args { ar, k, bc, level, paths, seed }: Args) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if paths {
        Isa::available().iter().try_for_each(|path| writeln!(out, "{path}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let fits =
        [(ar, k), (k, bc), (ar, bc)].iter().all(|(rows, columns)| rows.saturating_mul(*columns) < 1 << 30);
    if !fits {
        eprintln!("error: a matrix of 2^30 numbers or more (4 GiB) is too large for a demonstration");
        return Ok(ExitCode::from(2));
    }
    let rng = &mut manual_seed(seed);
    let (a, b) = (rand((ar, k), rng), randn((k, bc), rng));
    match level {
        Some(rung) => {
            let c = (rung.matmul)(&a, &b);
            writeln!(out, "{}: {:?}, Frobenius norm {:.4}", rung.name, c.shape(), frobenius_norm(&c))?;
            writeln!(out, "{}", timeit(|| (rung.matmul)(&a, &b)))?;
        }
        None => writeln!(out, "{}", time_rungs(&a, &b))?,
    }
    Ok(ExitCode::SUCCESS)
}
