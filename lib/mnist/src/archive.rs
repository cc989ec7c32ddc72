//! Files as streams of bytes, unpacked on the way if they are gzip'd.
//!
//! Whether a file is packed shows in its first two bytes, not in its name. Nothing is ever unpacked as a
//! whole: the readers take what they need, piece by piece, and stop at the first byte too many, so a small
//! archive that unpacks to terabytes costs no time, and 256 kB of memory at most. Members that follow each other are one
//! stream, as gzip defines it, and the checksum at the end is always compared.
//!
//! ```
//! use nb01_matmul::data::archive::unpacked;
//!
//! let mut broken = unpacked(b"\x1f\x8b\x08 and then no archive".as_slice())?;
//! assert!(std::io::copy(&mut broken, &mut std::io::sink()).is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

use super::error::{DataError, Fault};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

const BUFFER: usize = 1 << 16;

/// Opens `path`, a regular file.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, DataError> {
    let failed = |source| DataError::Io { doing: "opening", path: path.into(), source };
    // A pipe or a device could keep us waiting for ever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(ErrorKind::InvalidInput, "this is not a regular file")));
    }
    let file = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
    unpacked(file).map_err(failed)
}

/// `packed` as it is, or unpacked if it is gzip'd.
///
/// ```
/// use nb01_matmul::data::archive::unpacked;
/// use std::io::Read;
///
/// let mut text = String::new();
/// unpacked("plain".as_bytes())?.read_to_string(&mut text)?;
/// assert_eq!(text, "plain");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If reading fails.
pub fn unpacked<'a>(mut packed: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(packed)))
    } else {
        Box::new(packed)
    })
}

/// A stream that knows how far it is.
pub(super) struct Bytes<'a> {
    source: &'a mut dyn BufRead,
    pub(super) at: u64,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(source: &'a mut dyn BufRead) -> Bytes<'a> {
        Bytes { source, at: 0 }
    }

    /// Hands the next `len` bytes to `take`, in pieces of any size.
    pub(super) fn pieces(
        &mut self,
        mut len: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while len > 0 {
            let piece = next(self.source, self.at)?;
            let used = piece.len().min(usize::try_from(len).unwrap_or(usize::MAX));
            if used == 0 {
                return Err(Fault::Truncated { at: self.at });
            }
            take(&piece[..used])?;
            self.source.consume(used);
            self.at += used as u64;
            len -= used as u64;
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = Vec::with_capacity(N);
        self.pieces(N as u64, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes.try_into().expect("pieces() handed over N bytes or failed"))
    }

    /// Nothing may follow; the archive's checksum is compared on the way.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match next(self.source, self.at)? {
            [] => Ok(()),
            _ => Err(Fault::Trailing { at: self.at }),
        }
    }
}

/// Makes room for `more` items. A file's word that there will be `all` of them is not enough to reserve them:
/// four times what has arrived is, so that a few steps lead to the end.
pub(super) fn make_room<T>(items: &mut Vec<T>, more: usize, all: usize) {
    let needed = items.len() + more;
    if needed > items.capacity() {
        let room = (4 * needed).min(all).max(needed);
        items.reserve_exact(room - items.len());
    }
}

fn next(source: &mut dyn BufRead, at: u64) -> Result<&[u8], Fault> {
    loop {
        // The borrow of a buffer that is returned cannot end before the loop does, so it is asked for again.
        match source.fill_buf().map(|_| ()) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(Fault::Truncated { at }),
            Err(e) => return Err(Fault::Unpacking(e)),
            Ok(()) => return source.fill_buf().map_err(Fault::Unpacking),
        }
    }
}
