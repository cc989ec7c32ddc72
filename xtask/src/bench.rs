//! `cargo xtask bench`: builds the bench, a workspace of its own in `benches/`, and runs it.
//!
//! The peers that it measures against are many and large crates. Because that workspace is apart, they are built
//! when somebody benches, and at no other time.

use crate::process::{cargo, hand_over};
use crate::stages::Workspace;
use anyhow::Result;
use std::process::ExitCode;

/// Measures matmul, the ladder, the net and its training beside their peers
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bench --quick\n  cargo xtask bench --only matmul,net --mkl --python ~/venv/bin/python\n  \
    cargo xtask bench --record laptop\n  cargo xtask bench -- --help   # all options of the bench\n\n\
    The first build takes some minutes: the peers come with it."
)]
pub(crate) struct Args {
    /// Link Intel MKL and measure it too (`cargo xtask mkl` obtains it)
    #[arg(long)]
    mkl: bool,
    /// Build burn and measure it too: 150 more crates
    #[arg(long)]
    burn: bool,
    /// Handed on to the bench; --mkl and --burn may stand among them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let root = Workspace::find()?.root;
    let is_feature = |arg: &&String| matches!(arg.as_str(), "--mkl" | "--burn");
    let (named, rest): (Vec<&String>, Vec<&String>) = args.args.iter().partition(is_feature);
    let mut features: Vec<&str> = named.iter().map(|arg| &arg[2..]).collect();
    features.extend(args.mkl.then_some("mkl").into_iter().chain(args.burn.then_some("burn")));
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target").into());
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--release", "--manifest-path"]).arg(root.join("benches/Cargo.toml"));
    cargo.arg("--features").arg(features.join(",")).arg("--").args(rest);
    hand_over(cargo.env("CARGO_TARGET_DIR", target))
}
