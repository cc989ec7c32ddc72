//! `cargo xtask data`: is MNIST here, and where? And what `run` does when it is not.
//!
//! Looking is the business of the stage that reads the data (its example `data`); downloading that of the
//! program `fetch`, which is built only when somebody asks for it.

use crate::cargo::{Build, build_bin, build_example};
use crate::offline::offline;
use crate::process::{self, Interrupted};
use crate::stages::{Stage, Workspace};
use crate::text::{PLAIN, WARN, say};
use anyhow::{Context, Result, anyhow};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// What the example answers where only drawn digits would be used.
const ONLY_DRAWN: i32 = 3;

/// Shows which data are where; `data get` downloads MNIST
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask data\n  cargo xtask data get\n  NB_OFFLINE=1 cargo xtask run nb01   # never uses the network\n\n\
    `data` ends with 0 where MNIST is there, with 3 where only drawn digits would be used.",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Args {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    get: Option<Get>,
}

#[derive(clap::Subcommand)]
enum Get {
    /// Downloads MNIST (its program takes a minute to build, once); `data get --help` shows its options
    #[command(disable_help_flag = true)] // The program's own help says more.
    Get {
        /// Handed on to the download program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if let Some(Get::Get { args }) = &args.get {
        return Ok(get(&workspace, args, Stdio::inherit())?.map_or(ExitCode::FAILURE, code));
    }
    let stage = workspace
        .stages
        .iter()
        .find(|s| has_data(s))
        .context("no stage has an examples/data.rs that could say")?;
    let Some(program) = build_example(stage, "data", Build::default())? else { return Ok(ExitCode::FAILURE) };
    process::status(Command::new(&program.file).args(args.json.then_some("--json"))).map(code)
}

/// Whether the stage has the example that knows about data.
pub(crate) fn has_data(stage: &Stage) -> bool {
    stage.targets("example").any(|e| e.name == "data")
}

/// Before a run: where there are no data, tries once to get them, and says what will be used instead.
pub(crate) fn make_sure(workspace: &Workspace, build: Build) -> Result<()> {
    let Some(stage) = workspace.stages.iter().find(|s| has_data(s)) else { return Ok(()) };
    let Some(program) = build_example(stage, "data", build)? else { return Ok(()) };
    let looked = process::output(Command::new(&program.file).arg("--json").stdin(Stdio::null()))?;
    if looked.status.code() != Some(ONLY_DRAWN) {
        return Ok(());
    }
    let why = if offline() {
        "NB_OFFLINE is set".to_string()
    } else {
        // What it prints is the result of `data get`; here it is progress.
        match get(workspace, &[], std::io::stderr().into()) {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => format!("the download ended with {status}"),
            Ok(None) => "the download program does not compile".into(),
            Err(e) if e.is::<Interrupted>() => return Err(e),
            Err(e) => format!("{e:#}"),
        }
    };
    say(&format!(
        "{WARN}no MNIST{PLAIN} ({why}): drawn digits are used. To get it: cargo xtask data get, or let NB_DATA name its folder"
    ));
    Ok(())
}

/// Builds and runs the download program, which prints to `stdout`; `None` where it does not compile.
fn get(workspace: &Workspace, args: &[String], stdout: Stdio) -> Result<Option<ExitStatus>> {
    let fetches =
        |p: &&crate::stages::Package| p.targets.iter().any(|t| t.kind == "bin" && t.name == "fetch");
    let package = workspace
        .packages
        .iter()
        .find(fetches)
        .ok_or_else(|| anyhow!("no package here has the program `fetch`"))?;
    say("getting MNIST; the download program is built first, which takes a minute the first time");
    let Some(program) = build_bin(package, "fetch")? else { return Ok(None) };
    process::status(Command::new(&program.file).args(args).stdout(stdout)).map(Some)
}

/// The exit code of a program, as our own.
pub(crate) fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|c| u8::try_from(c).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
