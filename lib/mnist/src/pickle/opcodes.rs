//! A pickle made harmless, instruction by instruction, before serde-pickle builds values from it.
//!
//! A pickle is a program for a small stack machine: push a number, build a tuple, *look up a function by name and call
//! it*. `pickle.load` runs whatever a stranger wrote. serde-pickle calls nothing, but it can be made to copy without
//! end, to nest until the stack overflows, or to reserve 4 kB for a single byte. So [`Opcodes`] reads the file first
//! and passes on an equivalent that cannot grow:
//!
//! | in the file | passed on |
//! |---|---|
//! | look up a function | the pair of module and name |
//! | call it | a list with the pair of function and arguments |
//! | give the result its state | append the state to that list |
//! | a word that NumPy's arrays need (`dtype`, `f4`, `<`, …) | the word |
//! | any other bytes: the numbers of an array | as bytes, their index in [`Opcodes::payloads`] |
//! | tuples, lists, integers; keep a value, fetch it again | the same |
//! | any other text or instruction | an error that names it |
//!
//! A call's result is a list because serde-pickle can change a list after it was kept: as in Python, each place that
//! fetches the result sees its state, even if the state was given later.

use super::payload::Payload;
use crate::archive::Bytes;
use crate::error::{Fault, limit};
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// How many instructions a pickle may have (MNIST's has 180). serde-pickle reserves 4 kB for a mark, and less for any
/// other.
pub const MAX_OPCODES: u64 = 1000;

/// How many bytes all arrays of a pickle may have together (MNIST's have 220 million).
pub const MAX_PAYLOAD: u64 = 1 << 28;

/// Images and labels to train on and to validate with come first; what follows is the test set, which is not kept.
const KEPT: usize = 4;

/// serde-pickle forgets a value after as many visits as it was fetched. But what is inside a value that is fetched
/// twice is visited twice, too, so each is fetched some times more. The word `numpy` has the most visits, 12: in
/// `ndarray` and in `dtype`, for each of six arrays.
const SPARE: usize = 32;

/// From here on, calls are kept; the file's own numbers are less.
const CALLS: u32 = 1 << 31;

/// Modules and names; type codes, the right ones and those we can name in an error; byte order, memory order,
/// and the code that `_reconstruct` is called with.
const WORDS: &str = "\
    numpy numpy.core.multiarray numpy._core.multiarray numpy.core.numeric numpy._core.numeric \
    _reconstruct _frombuffer ndarray dtype _codecs encode latin1 __builtin__ builtins bytes \
    f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 c8 c16 O8 \
    < > | = C F b";

const POP: u8 = b'0';
const STOP: u8 = b'.';
const SHORT_BINBYTES: u8 = b'C';
const SHORT_BINUNICODE: u8 = 0x8c;
const TUPLE2: u8 = 0x86;
const EMPTY_LIST: u8 = b']';
const APPEND: u8 = b'a';
const LONG_BINPUT: u8 = b'r';
const LONG_BINGET: u8 = b'j';

/// A pickle of protocol 2 to 5, read from the file and passed on in its harmless form.
pub(super) struct Opcodes<'a> {
    source: Bytes<'a>,
    /// The arrays' bytes in the order of the file; those of the test set are counted, not kept.
    pub(super) payloads: Vec<Rc<Payload>>,
    /// What serde-pickle has not read yet.
    ready: Vec<u8>,
    last: u8,
    count: u64,
    bytes: u64,
    /// The least number that the next value may be kept under.
    next: u32,
}

impl<'a> Opcodes<'a> {
    pub(super) fn new(source: &'a mut dyn BufRead) -> Result<Opcodes<'a>, Fault> {
        let mut source = Bytes::new(source);
        match source.array()? {
            [0x80, 2..=5] => {}
            other => return Err(Fault::Format(other.to_vec())),
        }
        let (payloads, ready) = (vec![], vec![]);
        Ok(Opcodes { source, payloads, ready, last: 0, count: 0, bytes: 0, next: 0 })
    }

    /// Reads one instruction.
    fn step(&mut self) -> Result<(), Fault> {
        self.count += 1;
        limit("pickle instructions", self.count, MAX_OPCODES)?;
        let at = self.source.at;
        let [opcode] = self.source.array()?;
        match opcode {
            // Protocol 4's frames say only how long they are; the instruction before one is still the last.
            0x95 => return self.source.array::<8>().map(drop),
            // GLOBAL and STACK_GLOBAL; REDUCE, which calls; BUILD, which gives an object its state.
            b'c' => self.global()?,
            0x93 => self.ready.push(TUPLE2),
            b'R' => self.call(),
            b'b' => self.ready.push(APPEND),
            // Marks, tuples and lists; None, True and False; the end.
            b'(' | b')' | b't' | 0x85..=0x87 | b']' | b'l' | b'a' | b'e' | b'N' | 0x88 | 0x89 | STOP => {
                self.ready.push(opcode);
            }
            // Integers, and values that are fetched again, with an argument of 1, 2 or 4 bytes; LONG1.
            b'K' | b'h' => self.pass::<1>(opcode)?,
            b'M' => self.pass::<2>(opcode)?,
            b'J' | b'j' => self.pass::<4>(opcode)?,
            0x8a => self.long(opcode)?,
            // BINPUT, LONG_BINPUT, and MEMOIZE, which counts by itself.
            b'q' => self.source.array().and_then(|[id]| self.keep(id.into()))?,
            b'r' => self.source.array().and_then(|id| self.keep(u32::from_le_bytes(id)))?,
            0x94 => self.keep(self.next)?,
            // Strings: bytes and text, their length in 1, 4 or 8 bytes.
            b'U' | b'C' => self.string::<1>(false)?,
            b'T' | b'B' => self.string::<4>(false)?,
            0x8e | 0x96 => self.string::<8>(false)?,
            0x8c => self.string::<1>(true)?,
            b'X' => self.string::<4>(true)?,
            0x8d => self.string::<8>(true)?,
            byte => return Err(Fault::Opcode { byte, at }),
        }
        self.last = opcode;
        Ok(())
    }

    /// Two lines, a module and a name.
    fn global(&mut self) -> Result<(), Fault> {
        let (module, name) = (self.line()?, self.line()?);
        let (Some(module), Some(name)) = (word(&module), word(&name)) else {
            return Err(Fault::Name(format!("{}.{}", readable(&module), readable(&name))));
        };
        self.push_word(module);
        self.push_word(name);
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

    /// Function and arguments become a pair, and the pair is put into a list.
    fn call(&mut self) {
        self.ready.push(TUPLE2);
        let pair = CALLS + self.count as u32;
        self.put(pair);
        self.ready.extend([POP, EMPTY_LIST]);
        self.memo(LONG_BINGET, pair);
        self.ready.push(APPEND);
    }

    fn pass<const N: usize>(&mut self, opcode: u8) -> Result<(), Fault> {
        self.ready.push(opcode);
        self.ready.extend(self.source.array::<N>()?);
        Ok(())
    }

    /// Python 2 on Windows writes an array's shape with it.
    fn long(&mut self, opcode: u8) -> Result<(), Fault> {
        let [len] = self.source.array()?;
        limit("bytes in an integer", len.into(), 8)?;
        let bytes = self.take(len.into())?;
        self.ready.extend([opcode, len]);
        self.ready.extend(bytes);
        Ok(())
    }

    /// Keeps the last value under a number, to be fetched again. Python counts up, and keeps each value once:
    /// serde-pickle would make a copy of what is kept already.
    fn keep(&mut self, id: u32) -> Result<(), Fault> {
        let again = matches!(self.last, b'q' | b'r' | 0x94 | b'h' | b'j' | b'a' | b'e' | b'b');
        if again || !(self.next..CALLS).contains(&id) {
            return Err(Fault::Structure(format!("it keeps a value out of turn, under the number {id}")));
        }
        self.next = id + 1;
        self.put(id);
        Ok(())
    }

    fn put(&mut self, id: u32) {
        self.memo(LONG_BINPUT, id);
        for _ in 0..SPARE {
            self.memo(LONG_BINGET, id);
            self.ready.push(POP);
        }
    }

    fn memo(&mut self, opcode: u8, id: u32) {
        self.ready.push(opcode);
        self.ready.extend(id.to_le_bytes());
    }

    /// A word, or the bytes of an array. Protocol 2 has no bytes of its own: Python 3 writes them as text.
    fn string<const N: usize>(&mut self, text: bool) -> Result<(), Fault> {
        let mut len = [0; 8];
        len[..N].copy_from_slice(&self.source.array::<N>()?);
        let len = u64::from_le_bytes(len);
        if len > 255 {
            return self.payload(len, text, None);
        }
        let bytes = self.take(len)?;
        match word(&bytes) {
            Some(word) => self.push_word(word),
            None if text && len > 0 && bytes.iter().all(|c| (b' '..=b'~').contains(c)) => {
                return Err(Fault::Name(readable(&bytes)));
            }
            None => self.payload(len, text, Some(bytes))?,
        }
        Ok(())
    }

    fn take(&mut self, len: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![];
        self.source.pieces(len, |piece| {
            bytes.extend(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    fn push_word(&mut self, word: &'static str) {
        self.ready.extend([SHORT_BINUNICODE, word.len() as u8]);
        self.ready.extend(word.as_bytes());
    }

    /// The bytes of an array, which are here already or follow in the file.
    fn payload(&mut self, len: u64, text: bool, short: Option<Vec<u8>>) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(len);
        limit("bytes in its arrays", self.bytes, MAX_PAYLOAD)?;
        let mut payload = Payload::new(len, text, self.payloads.len() < KEPT);
        match short {
            Some(bytes) => payload.take(&bytes)?,
            None => self.source.pieces(len, |piece| payload.take(piece))?,
        }
        self.ready.extend([SHORT_BINBYTES, 4]);
        self.ready.extend((self.payloads.len() as u32).to_le_bytes());
        self.payloads.push(Rc::new(payload));
        Ok(())
    }
}

/// What serde-pickle reads. Nothing may follow the last instruction.
impl Read for Opcodes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if self.last == STOP {
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
pub(super) fn word(bytes: &[u8]) -> Option<&'static str> {
    WORDS.split(' ').find(|word| word.as_bytes() == bytes)
}

/// Escaped and cut: a name of 255 bytes may have a thousand characters.
fn readable(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", bytes[..bytes.len().min(SHOWN)].escape_ascii())
}
