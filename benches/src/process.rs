//! One process for each number of threads.
//!
//! Every library here has its own pool and its own environment variable, read once. A process that has
//! them all set before it starts is the one setting in which all contenders have as many threads.

use crate::keep;
use crate::options::Options;
use crate::record::{Record, Step};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
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

/// What holds ours, MKL, PyTorch's own loops and its oneDNN to AVX2, each by a variable of its own.
const AVX2: [(&str, &str); 4] = [
    ("NB_MATMUL", "avx2"),
    ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
];

/// Tells the process that started this one of a step, in a line.
pub(crate) fn tell(step: Step) -> Result<()> {
    println!("{}", serde_json::to_string(&step)?);
    Ok(())
}

/// Runs the bench once for each number of threads, and saves what there is after each experiment.
pub(crate) fn run_each(options: &Options) -> Result<Record> {
    let mut record = Record::new(options);
    for threads in options.thread_counts() {
        let mut process = own(threads, options.avx2)?.spawn().context("starting the bench's own process")?;
        let lines = BufReader::new(process.stdout.take().context("its output is a pipe")?).lines();
        for line in lines {
            record.add(serde_json::from_str(&line?).context("reading what the run measured")?)?;
            options.record.iter().try_for_each(|name| keep::unfinished(&record, name))?;
        }
        let status = process.wait()?;
        ensure!(status.success(), "the run with {threads} threads ended with {status}{}", saved(options));
    }
    Ok(record)
}

/// Where to find what was measured before it went wrong.
fn saved(options: &Options) -> String {
    let file =
        |name: &String| format!("; what it measured is in benches/record/{name}-unfinished.json: --show it");
    options.record.as_ref().map_or_else(String::new, file)
}

/// This program once more, for a number of threads.
fn own(threads: usize, avx2: bool) -> Result<Command> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).arg("--in-process").arg(threads.to_string());
    command.envs(VARIABLES.map(|name| (name, threads.to_string())));
    command.envs(if avx2 { &AVX2[..] } else { &[] }.iter().copied());
    // Intel's threads go on spinning for 200 ms after their work, OpenBLAS's for 2²⁶ cycles, on the cores of whoever
    // is next. A millisecond keeps them awake within a turn and lets go of the cores between turns.
    command.env("KMP_BLOCKTIME", "1").env("OPENBLAS_THREAD_TIMEOUT", "22");
    command.stdout(Stdio::piped());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a process of its own is told, `NAME=value` by `NAME=value`.
    fn told(threads: usize, avx2: bool) -> Vec<String> {
        let command = own(threads, avx2).expect("a program knows itself");
        let envs = command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
        envs.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn everybody_is_told_of_the_threads_and_held_to_avx2_only_if_asked_to() {
        let (free, held) = (told(3, false), told(3, true));
        for name in VARIABLES {
            assert!(free.contains(&format!("{name}=3")) && held.contains(&format!("{name}=3")), "{name}");
        }
        for (name, value) in AVX2 {
            assert!(held.contains(&format!("{name}={value}")), "{name}");
            assert!(!free.iter().any(|told| told.starts_with(name)), "{name}");
        }
        assert!(
            held.contains(&"NB_MATMUL=avx2".into()) && held.contains(&"MKL_ENABLE_INSTRUCTIONS=AVX2".into())
        );
    }
}
