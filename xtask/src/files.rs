//! Folders that appear whole or not at all.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

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
