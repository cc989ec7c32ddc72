//! What kept MNIST from coming, and what to do then.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a file was not got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The network is forbidden.
    #[error(
        "MNIST is not in {}, and NB_OFFLINE=1 forbids to download it; unset NB_OFFLINE, \
         or put a file of data/README.md there yourself", folder.display()
    )]
    Offline { folder: PathBuf },
    /// Something else has the name.
    #[error(
        "{} is there, but its checksum is not a known one, so it is left alone; \
         delete it to download the original, or name its MD5 sum with --accept", file.display()
    )]
    Unknown { file: PathBuf },
    /// A folder has the name, as archive programs make one.
    #[error(
        "{} is there and is not a file; move it away, or name another folder with --to FOLDER", path.display()
    )]
    NotAFile { path: PathBuf },
    /// The disk is full, or the folder cannot be written.
    #[error("{doing} {} failed: {source}; {}", path.display(), after_disk(*is_kept))]
    Disk { doing: &'static str, path: PathBuf, source: io::Error, is_kept: bool },
    /// No mirror could give it; each reason was printed when it was met.
    #[error(
        "no mirror has MNIST for us, for the reasons above; try again later, or download a file of \
         data/README.md by other means and put it into {}", folder.display()
    )]
    NoMirror { folder: PathBuf },
}

fn after_disk(is_kept: bool) -> &'static str {
    if is_kept {
        "what was downloaded so far is kept and will be continued"
    } else {
        "name another folder with --to FOLDER, or let --cache put it into the user's cache directory"
    }
}

/// What went wrong with a mirror.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Http(#[from] ureq::Error),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("the connection was cut: {0}")]
    Cut(io::Error),
    #[error("it sent nothing for {0:?}")]
    Stalled(Duration),
    #[error("it sent only {bytes} bytes in {time:.0?}, and fewer than {slowest} a second are not waited for")]
    Slow { bytes: u64, time: Duration, slowest: u64 },
    #[error("it sent more than {0} bytes")]
    TooLong(u64),
    #[error("it sent another part of the file than it was asked for")]
    WrongPart,
    #[error("what it sent has the wrong checksum")]
    Wrong,
}
