//! What can be asked for.

use clap::{Args, Parser, Subcommand, value_parser};
use std::path::PathBuf;

/// Trains the notebook's net on MNIST: 784 pixels, some hidden units, ten digits
///
/// Progress goes to standard error, a bar on a terminal and plain lines elsewhere; the result to standard output.
#[derive(Parser)]
#[command(
    name = "train",
    bin_name = "cargo xtask train",
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  cargo xtask train --release --epochs 3\n  \
        cargo xtask train --release --weights net.safetensors --curve loss.svg\n  \
        cargo xtask train --release --weights net.safetensors --epochs 10 --resume\n  \
        cargo xtask train --release predict --row 7 --weights net.safetensors\n\n\
        Ctrl-C ends the training and keeps the last whole epoch. Exit codes: 0 trained; 1 something failed; 2 wrong \
        arguments; 130 interrupted; 141 a closed pipe.\n\
        NB_DATA names MNIST's folder or file, or is `drawn`. The output has no colours, so NO_COLOR changes nothing."
)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Recognises a digit: a picture, or a row of the validation set
    Predict(Predict),
}

#[derive(Args)]
pub(crate) struct Training {
    /// Hidden units
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) hidden: u32,
    /// Rows in a batch
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) bs: u32,
    /// Learning rate
    #[arg(long, default_value_t = 0.5, value_name = "RATE", value_parser = rate)]
    pub(crate) lr: f32,
    /// Epochs in all; with --resume those before count
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000))]
    pub(crate) epochs: u64,
    /// Where the random numbers start: the first weights, and the order of the images
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the weights here after each epoch (safetensors), and the run's record beside them (.json)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Write the loss curve here at the end
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) curve: Option<PathBuf>,
    /// Write the run's record here, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Go on with the run of --weights
    #[arg(long, requires = "weights")]
    pub(crate) resume: bool,
    /// Overwrite the weights of another run
    #[arg(long, conflicts_with = "resume")]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct Predict {
    /// A picture of one digit
    ///
    /// Dark on light or light on dark. One of 28 by 28 pixels is taken as it is; any other is fitted as MNIST's were: the ink
    /// scaled into 20 by 20 pixels and put with its centre of mass in the middle of 28 by 28.
    #[arg(value_name = "FILE.png", required_unless_present = "row", conflicts_with = "row")]
    pub(crate) picture: Option<PathBuf>,
    /// A row of the validation set
    #[arg(long, value_name = "N")]
    pub(crate) row: Option<usize>,
    /// What `train --weights` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: PathBuf,
}

fn rate(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(rate) if 0.0 < rate && rate < f32::INFINITY => Ok(rate),
        _ => Err("a learning rate is a number above 0".into()),
    }
}
