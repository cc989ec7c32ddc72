//! Files and folders, with errors that name them.

use anyhow::{Context, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// `None` where there is no such file; one that cannot be read is an error.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => text.map(Some).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// Writes the file; the folder for it is made.
pub(crate) fn write(file: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    make(file.parent().unwrap_or(file))?;
    fs::write(file, bytes).with_context(|| format!("{} cannot be written", file.display()))
}

/// Writes a file that takes the old one's place when it is whole.
pub(crate) fn write_whole(file: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    record::write_whole(file, bytes).with_context(|| format!("{} cannot be written", file.display()))
}

/// Makes a folder, and those above it.
pub(crate) fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

/// Makes a folder that appears whole or not at all: `fill` makes it as `part`, which a call that was killed may have left
/// behind.
pub(crate) fn make_whole(folder: &Path, part: &Path, fill: impl FnOnce() -> Result<()>) -> Result<()> {
    remove(part)?;
    let rename = || fs::rename(part, folder).with_context(|| format!("{} cannot be made", folder.display()));
    // Best effort: what could not be written can perhaps not be removed either.
    fill().and_then(|()| rename()).inspect_err(|_| drop(fs::remove_dir_all(part)))
}

/// All files below a folder that can be read, in order; without hidden ones, which are those of editors and tools. Links to
/// folders are not followed.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !is_hidden => files.extend(below(&entry.path())),
            Ok(_) if !is_hidden => files.push(entry.path()),
            _ => {}
        }
    }
    files.sort();
    files
}

/// All files below a folder, hidden ones too; an error names the folder that cannot be read. Links to folders are not followed.
pub(crate) fn all_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => files.extend(all_below(&entry.path())?),
            false => files.push(entry.path()),
        }
    }
    files.sort();
    Ok(files)
}

/// Removes a folder, if it is there, with all that is in it.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Gives the new folder the old one's name; the old one is out of the way for a moment only.
pub(crate) fn replace(old: &Path, new: &Path) -> Result<()> {
    let away = old.with_extension("old");
    remove(&away)?;
    if old.exists() {
        fs::rename(old, &away).with_context(|| format!("{} cannot be moved away", old.display()))?;
    }
    if let Err(e) = fs::rename(new, old) {
        let _ = fs::rename(&away, old);
        return Err(e).with_context(|| format!("{} cannot be moved to {}", new.display(), old.display()));
    }
    remove(&away)
}
