//! One process for each number of threads.
//!
//! Every library here has its own pool and its own environment variable, read once. A process that has
//! them all set before it starts is the one setting in which nobody has more threads than another.

use crate::options::Options;
use crate::record::Run;
use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};

/// What each library reads: ours, rayon (gemm, faer, candle), matrixmultiply, OpenMP (torch) and MKL.
const VARIABLES: [&str; 6] = [
    "NB_THREADS",
    "RAYON_NUM_THREADS",
    "MATMUL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
];

/// Runs the bench once for each number of threads.
pub(crate) fn run_each(options: &Options) -> Result<Vec<Run>> {
    options.thread_counts().into_iter().map(run).collect()
}

fn run(threads: usize) -> Result<Run> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).arg("--in-process").arg(threads.to_string());
    command.envs(VARIABLES.map(|name| (name, threads.to_string())));
    // Intel's threads go on spinning for 200 ms after their work, on the cores of whoever is next. One
    // millisecond keeps them awake within a turn and lets go of the cores between turns.
    command.env("KMP_BLOCKTIME", "1");
    let output = command.stderr(Stdio::inherit()).output().context("starting the bench's own process")?;
    ensure!(output.status.success(), "the run with {threads} threads ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("reading what the run measured")
}
