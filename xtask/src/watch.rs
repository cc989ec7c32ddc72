//! `cargo xtask watch`: the notebook's autoreload. It runs a stage again whenever one of its files changes.

use crate::cargo::Build;
use crate::stages::{Package, Workspace};
use crate::text::{FAINT, PLAIN, say};
use crate::{explain, process, run};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Runs a stage again whenever its sources, or those of what it is built on, change
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

/// How often the files are looked at. Editors write a file in several steps, so it is also how long nothing has to
/// change before the run begins.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let workspace = Workspace::find()?;
    let stage = workspace.stage(&args.stage)?;
    let below = workspace.below(stage).map(|s| &s.package).chain(workspace.libs());
    let folders: Vec<&Path> = std::iter::once(&stage.package).chain(below).map(Package::folder).collect();
    while !process::interrupted() {
        let before = files(&folders);
        if let Err(error) = run::run(&run::Args::watched(&stage.name(), &args.only, args.build)) {
            explain(&error);
        }
        wait(&folders, before);
    }
    Ok(ExitCode::from(130))
}

/// Returns when a file has changed and then nothing more, or on Ctrl-C.
pub(crate) fn wait(folders: &[&Path], before: Vec<Seen>) {
    if !process::interrupted() {
        say(&format!("{FAINT}waiting for a change; Ctrl-C ends{PLAIN}"));
    }
    let look = || {
        std::thread::sleep(LOOK);
        files(folders)
    };
    let mut now = look();
    while !process::interrupted() && now == before {
        now = look();
    }
    while !process::interrupted() {
        let last = std::mem::replace(&mut now, look());
        if last == now {
            break;
        }
    }
}

/// A file, when it was written last, and its length.
pub(crate) type Seen = (PathBuf, Option<SystemTime>, u64);

pub(crate) fn files(folders: &[&Path]) -> Vec<Seen> {
    let mut seen = vec![];
    folders.iter().for_each(|folder| look_into(folder, &mut seen));
    seen.sort();
    seen
}

/// Hidden files are those of editors and tools.
fn look_into(folder: &Path, seen: &mut Vec<Seen>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.metadata() {
            Ok(data) if data.is_dir() && !is_hidden => look_into(&entry.path(), seen),
            Ok(data) if !is_hidden => seen.push((entry.path(), data.modified().ok(), data.len())),
            _ => {}
        }
    }
}
