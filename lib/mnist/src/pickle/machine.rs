//! A pickle made harmless, instruction by instruction, before anything builds values from it.
//!
//! A pickle is a program for a small stack machine: push a number, build a tuple, *look up a function by
//! name and call it*. `pickle.load` runs whatever a stranger wrote; `serde_pickle` calls nothing, but it too
//! can be made to copy without end, to nest until the stack overflows, or to reserve 4 kB for a single byte.
//! So it never sees the file. [`Opcodes`] reads it first and passes on an equivalent that cannot grow:
//!
//! | in the file | passed on |
//! |---|---|
//! | look up a function, call it, give an object its state | a pair: nothing is looked up or called |
//! | a word that NumPy's arrays need (`dtype`, `f4`, `<`, …) | the word |
//! | any other text | nothing: an error that names it |
//! | any other bytes: the numbers of an array | their index in [`Opcodes::payloads`] |
//! | tuples, small numbers | the same |
//! | keep a value, fetch it again | the same, kept for more visits than `serde_pickle` expects |
//! | any other instruction | nothing: an error that names it |
//!
//! The program may have [`MAX_OPCODES`] instructions (MNIST's has 180) and [`MAX_PAYLOAD`] bytes of arrays
//! (MNIST's has 220 million, and those of the test set are only counted).
//!
//! ```
//! use nb01_matmul::data::{Fault, opcodes::Opcodes};
//! use std::io::Read;
//!
//! let mut pickle = b"\x80\x02cnumpy\ndtype\nU\x02f4\x85R.".as_slice(); // dtype("f4")
//! let mut harmless = vec![];
//! Opcodes::new(&mut pickle)?.read_to_end(&mut harmless).expect("it is harmless");
//! // (("numpy", "dtype"), ("f4",)): tuples and words, no call
//! assert_eq!(harmless, b"\x8c\x05numpy\x8c\x05dtype\x86\x8c\x02f4\x85\x86.");
//! # Ok::<(), Fault>(())
//! ```

use super::archive::Bytes;
use super::error::Fault;
use super::payload::Payload;
use std::io::{self, BufRead, Read};

/// How many instructions a pickle may have.
///
/// ```
/// use nb01_matmul::data::{Fault, opcodes::MAX_OPCODES, pickle};
///
/// let marks = [b"\x80\x02", "(".repeat(2000).as_bytes()].concat();
/// let fault = pickle::parse(&mut marks.as_slice()).unwrap_err();
/// assert!(matches!(fault, Fault::TooMuch { limit: MAX_OPCODES, .. }));
/// ```
pub const MAX_OPCODES: u64 = 1000;

/// How many bytes all arrays of a pickle may have together.
///
/// ```
/// use nb01_matmul::data::{Fault, opcodes::MAX_PAYLOAD, pickle};
///
/// let fault = pickle::parse(&mut b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff".as_slice()).unwrap_err();
/// assert!(matches!(fault, Fault::TooMuch { limit: MAX_PAYLOAD, .. }));
/// ```
pub const MAX_PAYLOAD: u64 = 1 << 28;

/// Images and labels to train on and to validate with come first; what follows is the test set.
const PAYLOADS: usize = 4;

/// Modules and names; type codes, the right ones and those we can name in an error; byte order, memory order,
/// and the code that `_reconstruct` is called with.
const WORDS: &str = "\
    numpy numpy.core.multiarray numpy._core.multiarray numpy.core.numeric numpy._core.numeric \
    _reconstruct _frombuffer ndarray dtype _codecs encode latin1 \
    f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 c8 c16 O8 \
    < > | = C F b";

const STOP: u8 = b'.';
const PROTO: u8 = 0x80;
const TUPLE2: u8 = 0x86;
const SHORT_BINUNICODE: u8 = 0x8c;
const BININT: u8 = b'J';
const LONG_BINPUT: u8 = b'r';
const LONG_BINGET: u8 = b'j';
const POP: u8 = b'0';

/// The type of an array's numbers is visited once an array, and there are six.
const SPARE: usize = 32;

/// A stream of pickle instructions, read from the file and passed on in their harmless form.
///
/// ```
/// use nb01_matmul::data::{Fault, opcodes::Opcodes};
/// use std::io::Read;
///
/// let mut pickle = b"\x80\x03C\x03\x01\x02\x03.".as_slice(); // three bytes that are no word
/// let mut opcodes = Opcodes::new(&mut pickle)?;
/// opcodes.read_to_end(&mut vec![]).expect("it is harmless");
/// assert_eq!(opcodes.payloads[0].len(), 3);
/// # Ok::<(), Fault>(())
/// ```
pub struct Opcodes<'a> {
    source: Bytes<'a>,
    /// The arrays' bytes in the order of the file; those of the test set are counted, not kept.
    pub payloads: Vec<Payload>,
    ready: Vec<u8>,
    count: u64,
    bytes: u64,
    kept: u32,
    done: bool,
}

impl<'a> Opcodes<'a> {
    /// Starts a pickle of protocol 2 to 5.
    ///
    /// # Errors
    /// If it is something else.
    ///
    /// ```
    /// use nb01_matmul::data::opcodes::Opcodes;
    ///
    /// assert!(Opcodes::new(&mut b"(lp0\n.".as_slice()).is_err()); // protocol 0
    /// ```
    pub fn new(source: &'a mut dyn BufRead) -> Result<Opcodes<'a>, Fault> {
        let mut source = Bytes::new(source);
        match source.array()? {
            [PROTO, 2..=5] => {}
            other => return Err(Fault::Format(other.to_vec())),
        }
        Ok(Opcodes { source, payloads: vec![], ready: vec![], count: 0, bytes: 0, kept: 0, done: false })
    }

    /// Reads one instruction.
    fn step(&mut self) -> Result<(), Fault> {
        self.count += 1;
        limit("pickle instructions", self.count, MAX_OPCODES)?;
        let at = self.source.at;
        let [opcode] = self.source.array()?;
        match opcode {
            // STOP, and the marks around protocol 4's frames, which say only how long they are.
            STOP => (self.done, self.ready) = (true, vec![STOP]),
            0x95 => _ = self.source.array::<8>()?,
            // GLOBAL; STACK_GLOBAL, REDUCE and BUILD.
            b'c' => self.global()?,
            0x93 | b'R' | b'b' => self.ready.push(TUPLE2),
            // Marks, tuples and lists; None, True and False.
            b'(' | b')' | b't' | 0x85..=0x87 | b']' | b'l' | b'a' | b'e' | b'N' | 0x88 | 0x89 => {
                self.ready.push(opcode)
            }
            // Small numbers, and values that are fetched again, with an argument of 1, 2 or 4 bytes.
            b'K' | b'h' => self.pass::<1>(opcode)?,
            b'M' => self.pass::<2>(opcode)?,
            b'J' | b'j' => self.pass::<4>(opcode)?,
            // BINPUT, LONG_BINPUT, and MEMOIZE, which counts by itself.
            b'q' => self.source.array().map(|[id]| self.keep(id.into()))?,
            b'r' => self.source.array().map(|id| self.keep(u32::from_le_bytes(id)))?,
            0x94 => self.keep(self.kept),
            0x8a => self.long()?,
            // Strings: bytes and text, their length in 1, 4 or 8 bytes.
            b'U' | b'C' => self.string::<1>(false)?,
            b'T' | b'B' => self.string::<4>(false)?,
            0x8e | 0x96 => self.string::<8>(false)?,
            0x8c => self.string::<1>(true)?,
            b'X' => self.string::<4>(true)?,
            0x8d => self.string::<8>(true)?,
            byte => return Err(Fault::Opcode { byte, at }),
        }
        Ok(())
    }

    /// An instruction that is passed on as it is, with its argument.
    fn pass<const N: usize>(&mut self, opcode: u8) -> Result<(), Fault> {
        self.ready.push(opcode);
        self.ready.extend(self.source.array::<N>()?);
        Ok(())
    }

    /// Keeps the last value under a number, to be fetched again.
    ///
    /// `serde_pickle` counts how often a value is fetched and forgets it after as many visits. But what is
    /// inside a value that is fetched twice is visited twice too, so each is fetched some times more.
    fn keep(&mut self, id: u32) {
        let id = id.to_le_bytes();
        self.ready.push(LONG_BINPUT);
        self.ready.extend(id);
        for _ in 0..SPARE {
            self.ready.push(LONG_BINGET);
            self.ready.extend(id);
            self.ready.push(POP);
        }
        self.kept += 1;
    }

    /// LONG1: Python 2 on Windows writes an array's shape with it.
    fn long(&mut self) -> Result<(), Fault> {
        let [len] = self.source.array()?;
        limit("bytes in an integer", len.into(), 8)?;
        self.ready.extend([0x8a, len]);
        let ready = &mut self.ready;
        self.source.pieces(len.into(), |piece| {
            ready.extend(piece);
            Ok(())
        })
    }

    /// Two lines, a module and a name, become a pair of words.
    fn global(&mut self) -> Result<(), Fault> {
        let (module, name) = (self.line()?, self.line()?);
        if !is_word(&module) || !is_word(&name) {
            return Err(Fault::Name(format!("{}.{}", readable(&module), readable(&name))));
        }
        self.word(&module);
        self.word(&name);
        self.ready.push(TUPLE2);
        Ok(())
    }

    fn line(&mut self) -> Result<Vec<u8>, Fault> {
        let mut line = vec![];
        loop {
            match self.source.array()? {
                [b'\n'] => return Ok(line),
                [byte] => line.push(byte),
            }
            limit("characters in a name", line.len() as u64, 255)?;
        }
    }

    fn word(&mut self, word: &[u8]) {
        self.ready.extend([SHORT_BINUNICODE, u8::try_from(word.len()).expect("our words are short")]);
        self.ready.extend(word);
    }

    /// A word, or the bytes of an array. Protocol 2 has no bytes of its own: Python 3 writes them as text.
    fn string<const N: usize>(&mut self, text: bool) -> Result<(), Fault> {
        let mut len = [0; 8];
        len[..N].copy_from_slice(&self.source.array::<N>()?);
        let len = u64::from_le_bytes(len);
        if len > 255 {
            return self.payload(len, text, None);
        }
        let mut string = vec![];
        self.source.pieces(len, |piece| {
            string.extend(piece);
            Ok(())
        })?;
        match string {
            word if is_word(&word) => self.word(&word),
            name if text && name.iter().all(|c| (b' '..=b'~').contains(c)) => {
                return Err(Fault::Name(readable(&name)));
            }
            bytes => self.payload(len, text, Some(bytes))?,
        }
        Ok(())
    }

    /// Stores the bytes of an array, which are here already or follow in the file, and passes on their index.
    fn payload(&mut self, len: u64, text: bool, short: Option<Vec<u8>>) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(len);
        limit("bytes in its arrays", self.bytes, MAX_PAYLOAD)?;
        let mut payload = Payload::new(len, text, self.payloads.len() < PAYLOADS);
        match short {
            Some(bytes) => payload.take(&bytes)?,
            None => self.source.pieces(len, |piece| payload.take(piece))?,
        }
        let index = i32::try_from(self.payloads.len()).expect("there are at most 1000 instructions");
        self.payloads.push(payload);
        self.ready.push(BININT);
        self.ready.extend(index.to_le_bytes());
        Ok(())
    }
}

/// What `serde_pickle` reads.
impl Read for Opcodes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if self.done {
                return self.source.end().map(|()| 0).map_err(io::Error::other);
            }
            self.step().map_err(io::Error::other)?;
        }
        let len = buffer.len().min(self.ready.len());
        buffer[..len].copy_from_slice(&self.ready[..len]);
        self.ready.drain(..len);
        Ok(len)
    }
}

/// `numpy.core.multiarray` or `<`, whether Python 2 wrote it as bytes or Python 3 as text.
fn is_word(bytes: &[u8]) -> bool {
    WORDS.split(' ').any(|word| word.as_bytes() == bytes)
}

/// As far as somebody would read it: escaped, a name of 255 bytes has a thousand characters.
fn readable(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", bytes[..bytes.len().min(SHOWN)].escape_ascii())
}

pub(super) fn limit(what: &'static str, found: u64, limit: u64) -> Result<(), Fault> {
    if found > limit { Err(Fault::TooMuch { what, found, limit }) } else { Ok(()) }
}
