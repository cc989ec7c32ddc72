//! `cargo xtask watch`: the notebook's autoreload. It runs a stage again whenever one of its files changes.

use crate::cargo::Build;
use crate::stages::{Package, Workspace};
use crate::text::{FAINT, PLAIN, say};
use crate::{explain, files, process, run};
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
        let before = seen(&folders);
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
        seen(folders)
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

pub(crate) fn seen(folders: &[&Path]) -> Vec<Seen> {
    let look_at = |file: PathBuf| {
        let data = file.symlink_metadata().ok();
        let (written, len) = (data.as_ref().and_then(|d| d.modified().ok()), data.map_or(0, |d| d.len()));
        (file, written, len)
    };
    folders.iter().flat_map(|folder| files::below(folder)).map(look_at).collect()
}
