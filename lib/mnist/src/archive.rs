//! Files as streams of bytes, unpacked on the way if they are gzip'd.
//!
//! The first two bytes say whether a file is packed, not its name. The readers take what they need piece by piece and
//! stop at the first byte too many, so a small archive that unpacks to terabytes takes no time and at most 256 kB.
//! As in Python, members that follow each other are one stream, zero bytes after a member are padding, and anything
//! else there is an error. The checksum at a member's end is always compared.
//!
//! ```
//! use mnist::archive::unpacked;
//!
//! let mut broken = unpacked(b"\x1f\x8b\x08 and then no archive".as_slice())?;
//! assert!(std::io::copy(&mut broken, &mut std::io::sink()).is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

use crate::error::{DataError, Fault};
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

const BUFFER: usize = 1 << 16;

/// Opens `path`, which must be a regular file.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, DataError> {
    let failed = |source| DataError::Io { doing: "opening", path: path.into(), source };
    // Reading from a pipe or a device might never end.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(ErrorKind::InvalidInput, "this is not a regular file")));
    }
    let file = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
    unpacked(file).map_err(failed)
}

/// `packed` as it is, or unpacked if it is gzip'd.
///
/// # Errors
/// If reading fails.
pub fn unpacked<'a>(mut packed: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip {
        Box::new(BufReader::with_capacity(BUFFER, Members { decoder: Some(GzDecoder::new(packed)) }))
    } else {
        Box::new(packed)
    })
}

/// The members of an archive, one after the other; flate2's `MultiGzDecoder` takes padding for a broken member.
struct Members<R> {
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            match decoder.read(buffer)? {
                0 if !buffer.is_empty() => self.next_member()?,
                len => return Ok(len),
            }
        }
        Ok(0)
    }
}

impl<R: BufRead> Members<R> {
    fn next_member(&mut self) -> io::Result<()> {
        if let Some(decoder) = &mut self.decoder {
            skip_padding(decoder.get_mut())?;
        }
        let packed = self.decoder.take().map(GzDecoder::into_inner);
        if let Some(mut packed) = packed
            && !packed.fill_buf()?.is_empty()
        {
            self.decoder = Some(GzDecoder::new(packed));
        }
        Ok(())
    }
}

/// Tapes and some disks fill the last block of a file with zero bytes.
fn skip_padding(packed: &mut impl BufRead) -> io::Result<()> {
    loop {
        let zeros = packed.fill_buf()?.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        packed.consume(zeros);
    }
}

/// A stream that knows how far it is.
pub(crate) struct Bytes<'a> {
    source: &'a mut dyn BufRead,
    pub(crate) at: u64,
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(source: &'a mut dyn BufRead) -> Bytes<'a> {
        Bytes { source, at: 0 }
    }

    /// Hands the next `len` bytes to `take`, in pieces of any size.
    pub(crate) fn pieces(
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
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = Vec::with_capacity(N);
        self.pieces(N as u64, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes.try_into().expect("pieces() handed over N bytes or failed"))
    }

    /// Nothing may follow; the archive's checksum is compared on the way.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match next(self.source, self.at)? {
            [] => Ok(()),
            _ => Err(Fault::Trailing { at: self.at }),
        }
    }
}

/// Makes room for `more` items. A file may lie about how many there will be in `all`, so at most four times what has
/// arrived is reserved; a few such steps reach the end.
pub(crate) fn make_room<T>(items: &mut Vec<T>, more: usize, all: usize) {
    let needed = items.len() + more;
    if needed > items.capacity() {
        let room = (4 * needed).min(all).max(needed);
        items.reserve_exact(room - items.len());
    }
}

fn next(source: &mut dyn BufRead, at: u64) -> Result<&[u8], Fault> {
    loop {
        // The borrow checker does not let us return this buffer from inside the loop, so it is fetched once more.
        match source.fill_buf().map(|_| ()) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(Fault::Truncated { at }),
            Err(e) => return Err(Fault::Unpacking(e)),
            Ok(()) => return source.fill_buf().map_err(Fault::Unpacking),
        }
    }
}
