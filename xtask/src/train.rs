//! `cargo xtask train`: the program that trains a net, the example `train` of the stage that has one.

use crate::cargo::{Build, build_example};
use crate::process::hand_over;
use crate::stages::Workspace;
use anyhow::{Context, Result};
use std::process::{Command, ExitCode};

/// Trains the notebook's net and keeps it, or shows what it sees in a digit
#[derive(clap::Args)]
#[command(disable_help_flag = true)] // --help is the program's
pub(crate) struct Args {
    #[command(flatten)]
    build: Build,
    /// Handed on to the program, whose --help lists them
    #[arg(value_name = "ARGS", num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let stage = workspace.stages.iter().rfind(|stage| stage.targets("example").any(|e| e.name == "train"));
    let stage = stage.context("no stage has an examples/train that could train")?;
    let Some(program) = build_example(stage, "train", args.build)? else { return Ok(ExitCode::FAILURE) };
    hand_over(Command::new(&program.file).args(&args.rest))
}
