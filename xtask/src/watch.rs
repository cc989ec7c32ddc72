//! `cargo xtask watch`: the notebook's autoreload. It runs a stage again whenever one of its files changes.

use crate::cargo::Build;
use crate::stages::{Stage, Workspace};
use crate::text::{FAINT, PLAIN, say};
use crate::{explain, nobody_reads, process, run};
use anyhow::{Context, Result};
use notify::{EventKind, RecursiveMode, Watcher};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Runs a stage again whenever its sources, or those of a stage below it, change
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask watch nb01 --only s07")]
pub(crate) struct Args {
    /// The stage, as `list` names it
    stage: String,
    /// Run only the sections whose names begin like this (s07), and no other tests
    #[arg(long, value_name = "SECTION")]
    only: Vec<String>,
    #[command(flatten)]
    build: Build,
}

/// Editors write a file in several steps; this long nothing has to happen before we believe that it is over.
const QUIET: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let workspace = Workspace::find()?;
    let stage = workspace.stage(&args.stage)?;
    let (send, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !matches!(e.kind, EventKind::Access(_))) {
            // Nobody listens any more: we are about to end.
            let _ = send.send(());
        }
    })
    .context("changes of files cannot be watched here")?;
    for stage in std::iter::once(stage).chain(workspace.below(stage)) {
        watch(stage, &mut watcher)?;
    }
    while !process::interrupted() {
        let args = run::Args::watched(&stage.name(), &args.only, args.build);
        match run::run(&args) {
            Err(error) if nobody_reads(&error) => return Err(error),
            Err(error) => _ = explain(&error),
            Ok(_) => {}
        }
        wait(&changes);
    }
    Ok(ExitCode::from(130))
}

fn watch(stage: &Stage, watcher: &mut notify::RecommendedWatcher) -> Result<()> {
    let folder = &stage.package.folder;
    watcher
        .watch(folder, RecursiveMode::Recursive)
        .with_context(|| format!("{} cannot be watched", folder.display()))
}

/// Returns when something has changed and then nothing more, or on Ctrl-C.
fn wait(changes: &Receiver<()>) {
    if !process::interrupted() {
        say(&format!("{FAINT}waiting for a change; Ctrl-C ends{PLAIN}"));
    }
    while !process::interrupted() && changes.recv_timeout(QUIET).is_err() {}
    while !process::interrupted() && changes.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {}
}
