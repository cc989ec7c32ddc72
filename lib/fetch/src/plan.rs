//! `cargo xtask data get`: MNIST comes over the network, whole and checked, or not at all.
//!
//! One file is got like this; each step can be interrupted at any moment and by anything:
//!
//! 1. a lock, so that two processes do not write the same file;
//! 2. a mirror's bytes are appended to `name.part`, from where the last attempt stopped;
//! 3. the checksum of `name.part` must be a known one;
//! 4. `name.part` is renamed to `name`.
//!
//! So a file under its own name is always right, and what a dead mirror began, the next one finishes.

use crate::error::{Failure, FetchError};
use crate::folder::Folder;
use crate::mirror::Mirror;
use fetch::files::File;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::time::Duration;

/// What to get, from where, and where to.
pub(crate) struct Plan {
    pub(crate) folder: PathBuf,
    /// The first set of which all files can be got is enough.
    pub(crate) sets: Vec<Vec<File>>,
    /// How long a mirror may send nothing, or too little, before it is given up.
    pub(crate) patience: Duration,
    pub(crate) offline: bool,
}

/// Gets the first set of files that can be had, unless one is there already, and says where its files are.
pub(crate) fn fetch(plan: &Plan) -> Result<Vec<PathBuf>, FetchError> {
    for set in &plan.sets {
        if all(set, |file| Folder::new(&plan.folder, &file.name).is_complete(file))? {
            return Ok(paths(set, plan));
        }
    }
    if plan.offline {
        return Err(FetchError::Offline { folder: plan.folder.clone() });
    }
    for set in &plan.sets {
        if all(set, |file| get(file, plan))? {
            return Ok(paths(set, plan));
        }
    }
    Err(FetchError::NoMirror { folder: plan.folder.clone() })
}

fn all(set: &[File], f: impl Fn(&File) -> Result<bool, FetchError>) -> Result<bool, FetchError> {
    for file in set {
        if !f(file)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn paths(set: &[File], plan: &Plan) -> Vec<PathBuf> {
    set.iter().map(|file| plan.folder.join(&file.name)).collect()
}

/// Gets one file if any mirror has it, and if no other process got it while we waited for the lock.
fn get(file: &File, plan: &Plan) -> Result<bool, FetchError> {
    let folder = Folder::new(&plan.folder, &file.name);
    let _lock = folder.lock()?;
    folder.is_free()?;
    Ok(folder.is_complete(file)? || download(file, &folder, plan)?)
}

/// Tries one mirror after the other. A mirror that sent something may be asked again for the rest.
fn download(file: &File, folder: &Folder, plan: &Plan) -> Result<bool, FetchError> {
    let bar = progress(file);
    for url in &file.urls {
        let mirror = Mirror { url, patience: plan.patience };
        for _ in 0..RETRIES {
            let before = folder.len()?;
            let why = mirror.append(folder, file.limit(), &bar)?;
            // Even a connection that was cut, or a length that was not true, may have left the whole file.
            if folder.adopt(file)? {
                return Ok(true);
            }
            let why = why.map_or_else(|| folder.discard().map(|()| Failure::Wrong), Ok)?;
            bar.suspend(|| eprintln!("{url}: {why}"));
            if !worth_another_try(&why, before, folder.len()?) {
                break;
            }
        }
    }
    Ok(false)
}

const RETRIES: usize = 5;

/// If the same mirror may do better: when it sent something in time, or when the part we had before was at fault.
fn worth_another_try(why: &Failure, before: u64, after: u64) -> bool {
    match why {
        Failure::Wrong | Failure::WrongPart => before > 0,
        Failure::Slow { .. } => false,
        _ => after > before,
    }
}

/// On standard error, and only if that is a terminal.
fn progress(file: &File) -> ProgressBar {
    let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(file.bytes).with_style(style).with_message(file.name.clone())
}
