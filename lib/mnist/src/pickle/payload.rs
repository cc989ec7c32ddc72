//! The bytes of one array on their way out of a pickle.
//!
//! They arrive in pieces of any size and are kept in words of four bytes, as an image's numbers are. So
//! [`into_f32`](Payload::into_f32) needs no second copy, and MNIST takes the memory of its arrays and no more. Memory
//! is reserved as the bytes arrive, so a file that only claims to be long costs nothing.

use crate::archive::make_room;
use crate::error::Fault;

/// The bytes of one array.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    words: Vec<u32>,
    /// How many words there will be.
    expected: usize,
    rest: Vec<u8>,
    len: usize,
    text: Option<Latin1>,
    keep: bool,
}

impl Payload {
    /// Nothing yet of `len` bytes, which arrive as they are or as the text that Python 3 makes of them for
    /// protocol 2, and are kept or only counted.
    pub(super) fn new(len: u64, text: bool, keep: bool) -> Payload {
        let expected = usize::try_from(len).unwrap_or(0).div_ceil(4);
        let text = text.then(Latin1::default);
        Payload { words: vec![], expected, rest: Vec::with_capacity(4), len: 0, text, keep }
    }

    /// How many bytes have arrived.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// If it is text and holds a character that is not a byte's.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Fault> {
        match &mut self.text {
            None => self.store(piece),
            Some(latin1) => {
                let bytes = latin1.decode(piece)?;
                self.store(&bytes);
            }
        }
        Ok(())
    }

    fn store(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        if !self.keep {
            return;
        }
        make_room(&mut self.words, bytes.len() / 4 + 1, self.expected);
        let missing = (4 - self.rest.len()) % 4;
        let (head, body) = bytes.split_at(missing.min(bytes.len()));
        self.rest.extend(head);
        if let Ok(word) = self.rest.as_slice().try_into() {
            self.words.push(u32::from_le_bytes(word));
            self.rest.clear();
        }
        let (words, tail) = body.as_chunks();
        self.words.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
        self.rest.extend(tail);
    }

    /// The numbers of an image array, low byte first unless `big_endian`; in place.
    pub(super) fn into_f32(self, big_endian: bool) -> Vec<f32> {
        let number = |word: u32| f32::from_bits(if big_endian { word.swap_bytes() } else { word });
        self.words.into_iter().map(number).collect()
    }

    /// The bytes as they were.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.words.into_iter().flat_map(u32::to_le_bytes).chain(self.rest).collect()
    }
}

/// UTF-8 of the first 256 characters, back to the bytes they stand for.
#[derive(Clone, Debug, Default)]
struct Latin1 {
    lead: Option<u8>,
}

impl Latin1 {
    /// A character of two bytes may be cut by the end of a piece; its first byte is then remembered.
    fn decode(&mut self, piece: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::with_capacity(piece.len());
        for &byte in piece {
            match (self.lead.take(), byte) {
                (None, 0..0x80) => bytes.push(byte),
                (None, 0xc2 | 0xc3) => self.lead = Some(byte),
                (Some(lead), 0x80..0xc0) => bytes.push((lead << 6) | (byte & 0x3f)),
                _ => return Err(Fault::Structure("text that stands for bytes has other characters".into())),
            }
        }
        Ok(bytes)
    }
}
