//! `cargo xtask data`: is MNIST here, and where? And what `run` does when it is not.
//!
//! Looking is the business of the stage that reads the data (its example `data`); downloading that of the
//! program `fetch` (lib/fetch), which is built only for a download.

use crate::cargo::{Build, build_bin, build_example};
use crate::process::{self, Interrupted, hand_over};
use crate::stages::Workspace;
use crate::text::{PLAIN, WARN, say};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};

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
    Get(fetch::Arguments),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if args.get.is_some() {
        // They are known to be good; the program reads them itself.
        let args: Vec<OsString> = std::env::args_os().skip_while(|arg| arg != "get").skip(1).collect();
        return get(&workspace)?.map_or(Ok(ExitCode::FAILURE), |mut get| hand_over(get.args(args)));
    }
    let stage = workspace.stages.iter().find(|s| s.has_data());
    let stage = stage.context("no stage has an examples/data.rs that could say")?;
    let Some(program) = build_example(stage, "data", Build::default())? else { return Ok(ExitCode::FAILURE) };
    hand_over(Command::new(&program.file).args(args.json.then_some("--json")))
}

/// Before a run: where there are no data, tries once to get them, and says what will be used instead.
///
/// Where a variable names them, or `data get` has put them into `data/`, nothing is built to find out.
pub(crate) fn make_sure(workspace: &Workspace, build: Build) -> Result<()> {
    let is_named = std::env::var_os("NB_DATA").is_some_and(|value| !value.is_empty());
    let stage = workspace.stages.iter().find(|s| s.has_data() && !is_named && !are_fetched(workspace));
    let Some(stage) = stage else { return Ok(()) };
    let Some(program) = build_example(stage, "data", build)? else { return Ok(()) };
    let looked = process::output(Command::new(&program.file).arg("--json").stdin(Stdio::null()))?;
    if looked.status.code() != Some(ONLY_DRAWN) {
        return Ok(());
    }
    if let Some(why) = try_to_get(workspace)? {
        say(&format!(
            "{WARN}no MNIST{PLAIN} ({why}): drawn digits are used. To get it: cargo xtask data get, or let NB_DATA name its folder"
        ));
    }
    Ok(())
}

/// Whether one of the sets that `data get` gets is in its place.
fn are_fetched(workspace: &Workspace) -> bool {
    let data = workspace.root.join("data");
    fetch::files::sets(&[], &[], &[]).iter().any(|set| set.iter().all(|file| data.join(&file.name).is_file()))
}

/// Why there are none, if there are none.
fn try_to_get(workspace: &Workspace) -> Result<Option<String>> {
    if fetch::offline() {
        return Ok(Some("NB_OFFLINE is set".into()));
    }
    // What it prints is the result of `data get`; here it is progress.
    let run = |mut get: Command| process::status(get.stdout(std::io::stderr()));
    Ok(match get(workspace).and_then(|get| get.map(run).transpose()) {
        Ok(Some(status)) if status.success() => None,
        Ok(Some(status)) => Some(format!("the download ended with {status}")),
        Ok(None) => Some("the download program does not compile".into()),
        Err(e) if e.is::<Interrupted>() => return Err(e),
        Err(e) => Some(format!("{e:#}")),
    })
}

/// Builds the download program; `None` where it does not compile.
fn get(workspace: &Workspace) -> Result<Option<Command>> {
    let package = workspace.packages.iter().find(|p| p.targets("bin").any(|t| t.name == "fetch"));
    let package = package.context("no package here has the program `fetch`")?;
    say("getting MNIST; the download program is built first, which takes a minute the first time");
    Ok(build_bin(package, "fetch")?.map(|program| Command::new(program.file)))
}
