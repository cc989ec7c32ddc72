//! What can be asked for on the command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures the stages beside their peers: interleaved, compared before they are timed
#[derive(Parser, Debug)]
#[command(name = "cargo xtask bench", max_term_width = 110)]
pub(crate) struct Options {
    /// Which parts to measure; the machine always is
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Part::ALL)]
    pub(crate) only: Vec<Part>,
    /// Numbers of threads to measure with, one after the other [default: 1 and all]
    #[arg(long, value_delimiter = ',', value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Vec<u16>,
    /// How often each contender takes its turn
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Three rounds, and less time for slow contenders: to see that all is well, not to quote
    #[arg(long)]
    pub(crate) quick: bool,
    /// Hold all who can be told to AVX2: ours, MKL and PyTorch
    #[arg(long)]
    pub(crate) avx2: bool,
    /// A Python with torch: PyTorch and NumPy join in
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Print the JSON record instead of Markdown
    #[arg(long)]
    pub(crate) json: bool,
    /// Write NAME.json, NAME.md and the charts to benches/record
    #[arg(long, value_name = "NAME", value_parser = record_name)]
    pub(crate) record: Option<String>,
    /// Measure nothing: print this record, a JSON file, again (and --record it anew)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "threads", "rounds", "quick", "avx2", "python"])]
    pub(crate) show: Option<PathBuf>,
    /// This process measures, with so many threads, and prints JSON
    #[arg(long, hide = true)]
    pub(crate) in_process: Option<usize>,
}

/// A part of the bench.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// CPU, measured peak and bandwidth
    Machine,
    /// The lesson's products, and two square ones
    Matmul,
    /// The ladder, rung by rung
    Ladder,
    /// Forward and backward of the net, in each form of the lesson
    Net,
    /// An epoch of notebook 03's net, and the four convolutions of the notebooks' CNN
    Epoch,
    /// einsum beside the products that it stands for
    Einsum,
    /// Statistics, normalising and ReLU, at the speed of memory
    Elementwise,
    /// Time against rows and against k
    Growth,
    /// Calls in the debug build of a user's crate, which is built for it, beside a release build
    Debug,
}

impl Part {
    const ALL: [Part; 9] = [
        Part::Machine,
        Part::Matmul,
        Part::Ladder,
        Part::Net,
        Part::Epoch,
        Part::Einsum,
        Part::Elementwise,
        Part::Growth,
        Part::Debug,
    ];
}

impl Options {
    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { self.rounds.min(3) } else { self.rounds }
    }

    /// After so much time in one experiment, a slow contender takes no more turns.
    pub(crate) fn budget(&self) -> Duration {
        Duration::from_secs_f64(if self.quick { 0.5 } else { 4.0 })
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.contains(&part)
    }

    /// The numbers of threads to measure with, without doubles.
    pub(crate) fn thread_counts(&self) -> Vec<usize> {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let asked: Vec<usize> = self.threads.iter().map(|&n| n.into()).collect();
        let mut counts = Vec::new();
        for count in if asked.is_empty() { vec![1, all] } else { asked } {
            if !counts.contains(&count) {
                counts.push(count);
            }
        }
        counts
    }
}

fn record_name(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    if fits {
        Ok(name.into())
    } else {
        Err("letters, digits, -, _ and, but not first, dots only: it becomes a file name".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(arguments: &[&str]) -> Vec<usize> {
        Options::try_parse_from([&["bench"], arguments].concat()).expect("they are right").thread_counts()
    }

    #[test]
    fn each_number_of_threads_is_measured_once() {
        assert_eq!(counts(&["--threads", "2,1,2,2"]), [2, 1]);
        assert_eq!(counts(&[])[0], 1);
    }
}
