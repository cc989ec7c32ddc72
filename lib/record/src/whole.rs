//! A file that is written whole or not at all.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// Writes the file beside its place and renames it: a reader sees the old file or the new one, and where
/// writing fails the old one stays.
///
/// Not through the crate `tempfile`: with what it needs it takes longer to build than all of xtask.
///
/// # Errors
/// If the file cannot be written, or the path has no file name.
pub fn write_whole(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    let name = path.file_name().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "no file name"))?;
    let part = path.with_file_name(format!(".{}.{}.part", name.display(), std::process::id()));
    let written = write(&part, bytes.as_ref()).and_then(|()| fs::rename(&part, path));
    // Best effort: what could not be written can perhaps not be removed either.
    written.inspect_err(|_| drop(fs::remove_file(&part)))
}

fn write(part: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        entries.collect()
    }

    #[test]
    fn it_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        for text in ["old, and longer", "new"] {
            write_whole(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/inside")).unwrap();
        assert!(write_whole(&folder.path().join("a"), "x").is_err(), "a folder is in its place");
        assert_eq!(names(folder.path()), ["a"]);
        assert!(write_whole(Path::new("/"), "x").is_err());
    }
}
