//! `cargo xtask call`: what Fire does for the course's Python functions. Each stage's examples can be called.

use crate::cargo::{Build, build_example};
use crate::process::hand_over;
use crate::stages::{Stage, Workspace};
use crate::text::{FAINT, PLAIN, TITLE};
use crate::{sources, usage};
use anyhow::{Result, bail};
use std::io::Write;
use std::process::{Command, ExitCode};

/// Calls a function of a stage from the command line, or lists what can be called
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask call nb01\n  cargo xtask call --release nb01 matmul --ar 5 --k 784 --bc 10 --level broadcast\n  \
    cargo xtask call nb01 matmul --help"
)]
pub(crate) struct Args {
    #[command(flatten)]
    build: Build,
    /// The stage, as `list` names it
    stage: String,
    /// An example, and what is handed on to it; without any, they are listed
    #[arg(value_names = ["NAME", "ARGS"], num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true)]
    call: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let stage = workspace.stage(&args.stage)?;
    let Some((name, rest)) = args.call.split_first() else { return list(stage) };
    if !stage.targets("example").any(|e| e.name == *name) {
        let names: Vec<&str> = stage.targets("example").map(|e| e.name.as_str()).collect();
        let there =
            if names.is_empty() { "it has none".into() } else { format!("it has {}", names.join(", ")) };
        bail!(usage(format!("{} has no example `{name}`; {there}", stage.name())));
    }
    let Some(program) = build_example(stage, name, args.build)? else { return Ok(ExitCode::FAILURE) };
    hand_over(Command::new(&program.file).args(rest))
}

fn list(stage: &Stage) -> Result<ExitCode> {
    let mut out = anstream::stdout();
    if stage.targets("example").next().is_none() {
        writeln!(out, "{} has no examples: nothing can be called", stage.name())?;
    }
    for example in stage.targets("example") {
        let summary = record::summary(&sources::docs(&sources::parse(&example.file)?.1.attrs));
        writeln!(out, "{TITLE}{}{PLAIN}  {FAINT}{summary}{PLAIN}", example.name)?;
    }
    Ok(ExitCode::SUCCESS)
}
