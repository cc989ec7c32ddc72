//! A file's place on the disk: `name` if it is whole and right, `name.part` until then.

use crate::error::FetchError;
use fetch::files::File;
use md5::{Digest, Md5};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Where a file goes.
pub(crate) struct Folder {
    folder: PathBuf,
    pub(crate) whole: PathBuf,
    pub(crate) part: PathBuf,
    locked: PathBuf,
}

impl Folder {
    pub(crate) fn new(folder: &Path, name: &str) -> Folder {
        Folder {
            folder: folder.into(),
            whole: folder.join(name),
            part: folder.join(format!("{name}.part")),
            locked: folder.join(".lock"),
        }
    }

    /// Whether the file is there already; another file under its name is not ours to overwrite. A folder of that
    /// name is no file, and another set's files may still be there: see [`Folder::is_free`].
    pub(crate) fn is_complete(&self, file: &File) -> Result<bool, FetchError> {
        match fs::metadata(&self.whole) {
            Ok(found) if !found.is_file() => Ok(false),
            Ok(_) if is_right(&self.whole, file).map_err(self.failed("reading", &self.whole))? => Ok(true),
            Ok(_) => Err(FetchError::Unknown { file: self.whole.clone() }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("looking at", &self.whole)(error)),
        }
    }

    /// Whether a file can take its name; asked before anything is downloaded.
    pub(crate) fn is_free(&self) -> Result<(), FetchError> {
        if fs::metadata(&self.whole).is_ok_and(|found| !found.is_file()) {
            return Err(FetchError::NotAFile { path: self.whole.clone() });
        }
        Ok(())
    }

    /// Waits until no other process gets this file. The lock ends with the process, however it ends.
    pub(crate) fn lock(&self) -> Result<fs::File, FetchError> {
        fs::create_dir_all(&self.folder).map_err(self.failed("making", &self.folder))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&self.locked);
        let lock = lock.map_err(self.failed("opening", &self.locked))?;
        match lock.try_lock() {
            Ok(()) => return Ok(lock), // to lock it once more may wait for ourselves
            Err(fs::TryLockError::WouldBlock) => {
                eprintln!("waiting for another process that downloads to {}", self.whole.display());
            }
            Err(fs::TryLockError::Error(_)) => {}
        }
        lock.lock().map_err(self.failed("locking", &self.locked))?;
        Ok(lock)
    }

    /// How much of it is there.
    pub(crate) fn len(&self) -> Result<u64, FetchError> {
        match fs::metadata(&self.part) {
            Ok(data) => Ok(data.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.failed("looking at", &self.part)(error)),
        }
    }

    /// `name.part`, to be written from byte `from` on.
    pub(crate) fn part_from(&self, from: u64) -> Result<fs::File, FetchError> {
        let part = OpenOptions::new().create(true).truncate(false).append(true).open(&self.part);
        let part = part.map_err(self.failed("opening", &self.part))?;
        part.set_len(from).map_err(self.failed("shortening", &self.part))?;
        Ok(part)
    }

    /// Gives the part its name if its checksum is right.
    pub(crate) fn adopt(&self, file: &File) -> Result<bool, FetchError> {
        let right =
            self.len()? > 0 && is_right(&self.part, file).map_err(self.failed("reading", &self.part))?;
        if right {
            let part = fs::File::open(&self.part).and_then(|part| part.sync_all());
            part.map_err(self.failed("writing", &self.part))?;
            fs::rename(&self.part, &self.whole).map_err(self.failed("renaming", &self.part))?;
        }
        Ok(right)
    }

    /// What is to be told where the disk fails, now that it does.
    pub(crate) fn failed(&self, doing: &'static str, path: &Path) -> impl Fn(io::Error) -> FetchError {
        move |source| {
            let is_kept = fs::metadata(&self.part).is_ok_and(|part| part.len() > 0);
            FetchError::Disk { doing, path: path.into(), source, is_kept }
        }
    }

    /// Removes a part of which nothing can be made.
    pub(crate) fn discard(&self) -> Result<(), FetchError> {
        fs::remove_file(&self.part).map_err(self.failed("removing", &self.part))
    }
}

fn is_right(path: &Path, file: &File) -> io::Result<bool> {
    let md5 = md5_of(path)?;
    Ok(file.md5.iter().any(|right| right.eq_ignore_ascii_case(&md5)))
}

/// The MD5 sum in hexadecimal digits.
pub(crate) fn md5_of(path: &Path) -> io::Result<String> {
    let mut md5 = Md5::new();
    let mut bytes = io::BufReader::with_capacity(1 << 16, fs::File::open(path)?);
    loop {
        let piece = io::BufRead::fill_buf(&mut bytes)?;
        if piece.is_empty() {
            return Ok(md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        let len = piece.len();
        md5.update(piece);
        io::BufRead::consume(&mut bytes, len);
    }
}
