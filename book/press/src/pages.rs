//! The pages around the chapters: `book/pages/*.md` and `docs/*.md`, written by hand.

use anyhow::{Context, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A page that somebody has written.
pub(crate) struct Page {
    /// From the workspace's root, with `/`.
    pub(crate) file: String,
    /// `errata.md`
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The pages of a folder, by name; none where there is no such folder.
pub(crate) fn read(root: &Path, folder: &str) -> Result<Vec<Page>> {
    let entries = match std::fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.with_context(|| format!("the folder {folder} cannot be read"))?,
    };
    let mut files: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    files.retain(|f| f.extension().is_some_and(|e| e == "md"));
    files.sort();
    files.iter().map(|file| page(file, folder)).collect()
}

fn page(file: &Path, folder: &str) -> Result<Page> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = format!("{folder}/{name}");
    let title = text.lines().find_map(|line| line.strip_prefix("# "));
    let title =
        title.with_context(|| format!("{file}: there is no title (`# …`) for the table of contents"))?;
    Ok(Page { file, name, title: title.replace(['[', ']', '`'], "").trim().into(), text })
}

impl Page {
    /// Whether it links to the section, by a `cell:` link.
    pub(crate) fn refers_to(&self, stage: &str, section: &str) -> bool {
        let number = stage.split('_').next().unwrap_or_default();
        [stage, number].iter().any(|stage| self.text.contains(&format!("(cell:{stage}/{section})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_has_no_pages_and_one_that_cannot_be_read_is_an_error() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(read(here, "no/such/folder").is_ok_and(|pages| pages.is_empty()));
        let error = read(here, "Cargo.toml").err().expect("a file is no folder");
        assert!(error.to_string().ends_with("Cargo.toml cannot be read"), "{error}");
    }
}
