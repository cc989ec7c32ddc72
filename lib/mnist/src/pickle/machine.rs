//! A pickle, run by a machine that can do no harm.
//!
//! A pickle is a program for a small stack machine: push a number, build a tuple, *look up a function by name and call
//! it*. `pickle.load` runs whatever a stranger wrote. This machine looks nothing up and calls nothing: it notes down
//! what would be called. It knows the instructions that tuples of NumPy arrays need, and the names, and refuses all
//! others. serde-pickle does not do for this: it can be made to copy without end, to overflow the stack or to reserve
//! 4 kB for a byte, and a value that is fetched again does not show what was done to it after it was kept.
//!
//! Every value lies in one list and is referred to by its place there. So a value that is fetched twice is the same
//! value, as in Python, and no pickle can grow: an instruction adds at most one value. A program may have
//! [`MAX_OPCODES`] instructions (MNIST's has 180) and [`MAX_PAYLOAD`] bytes of arrays (MNIST's has 220 million).

use super::payload::Payload;
use crate::archive::Bytes;
use crate::error::{Fault, limit};
use std::collections::HashMap;
use std::io::BufRead;
use std::rc::Rc;

/// How many instructions a pickle may have.
pub const MAX_OPCODES: u64 = 1000;

/// How many bytes all arrays of a pickle may have together.
pub const MAX_PAYLOAD: u64 = 1 << 28;

/// Images and labels to train on and to validate with come first; what follows is the test set, which is not kept.
const KEPT: usize = 4;

/// Modules and names; type codes, the right ones and those we can name in an error; byte order, memory order,
/// and the code that `_reconstruct` is called with.
const WORDS: &str = "\
    numpy numpy.core.multiarray numpy._core.multiarray numpy.core.numeric numpy._core.numeric \
    _reconstruct _frombuffer ndarray dtype _codecs encode latin1 __builtin__ builtins bytes \
    f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 c8 c16 O8 \
    < > | = C F b";

/// A value's place in the list of all values.
pub(super) type Id = usize;

/// What a pickle is made of here.
#[derive(Debug)]
pub(super) enum Value {
    /// A tuple or a list.
    Items(Vec<Id>),
    /// One of [`WORDS`].
    Word(&'static str),
    Number(i64),
    Nothing,
    /// A function or a class that was looked up, without its module.
    Global(&'static str),
    /// What a call would have returned, and the state that it was given afterwards.
    Object {
        call: Id,
        arguments: Id,
        state: Option<Id>,
    },
    /// The numbers of an array.
    Bytes(Rc<Payload>),
}

/// The machine: all values, the stack, and the values that were kept to be fetched again.
pub(super) struct Machine<'a> {
    source: Bytes<'a>,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// The stacks below each mark.
    below: Vec<Vec<Id>>,
    kept: HashMap<u32, Id>,
    payloads: usize,
    bytes: u64,
}

/// Runs a pickle of protocol 2 to 5 to its end; what is returned are all values, and which one is the result.
pub(super) fn run(source: &mut dyn BufRead) -> Result<(Vec<Value>, Id), Fault> {
    let mut source = Bytes::new(source);
    match source.array()? {
        [0x80, 2..=5] => {}
        other => return Err(Fault::Format(other.to_vec())),
    }
    let (values, stack, below, kept) = (vec![], vec![], vec![], HashMap::new());
    let mut machine = Machine { source, values, stack, below, kept, payloads: 0, bytes: 0 };
    for count in 1.. {
        limit("pickle instructions", count, MAX_OPCODES)?;
        let at = machine.source.at;
        match machine.source.array()? {
            [b'.'] => break,
            [opcode] => machine.step(opcode, at)?,
        }
    }
    let result = machine.pop()?;
    machine.source.end()?;
    Ok((machine.values, result))
}

impl Machine<'_> {
    fn step(&mut self, opcode: u8, at: u64) -> Result<(), Fault> {
        match opcode {
            // Protocol 4's frames say only how long they are.
            0x95 => self.source.array::<8>().map(drop)?,
            // GLOBAL and STACK_GLOBAL; REDUCE, which calls; BUILD, which gives an object its state.
            b'c' => self.global()?,
            0x93 => self.stack_global()?,
            b'R' => self.call()?,
            b'b' => self.build()?,
            b'N' => self.push(Value::Nothing),
            0x88 | 0x89 => self.push(Value::Number((opcode == 0x88).into())),
            // Integers of 1, 2 and 4 bytes, and of as many as are needed.
            b'K' => self.integer::<1>(false)?,
            b'M' => self.integer::<2>(false)?,
            b'J' => self.integer::<4>(true)?,
            0x8a => self.long()?,
            // Tuples of 0 to 3 values; the mark, a tuple and a list of all values above it.
            b')' | 0x85..=0x87 => self.tuple(if opcode == b')' { 0 } else { usize::from(opcode - 0x84) })?,
            b'(' => self.below.push(std::mem::take(&mut self.stack)),
            b't' | b'l' => self.items_above_mark().map(|items| self.push(Value::Items(items)))?,
            b']' => self.push(Value::Items(vec![])),
            b'a' => self.pop().and_then(|item| self.append(vec![item]))?,
            b'e' => self.items_above_mark().and_then(|items| self.append(items))?,
            // BINPUT, LONG_BINPUT and MEMOIZE, which counts by itself; BINGET and LONG_BINGET.
            b'q' => self.source.array().and_then(|[id]| self.keep(id.into()))?,
            b'r' => self.source.array().and_then(|id| self.keep(u32::from_le_bytes(id)))?,
            0x94 => self.keep(self.kept.len() as u32)?,
            b'h' => self.source.array().and_then(|[id]| self.fetch(id.into()))?,
            b'j' => self.source.array().and_then(|id| self.fetch(u32::from_le_bytes(id)))?,
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

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        self.stack.pop().ok_or_else(|| impossible("it takes a value from an empty stack"))
    }

    fn top(&self) -> Result<Id, Fault> {
        self.stack.last().copied().ok_or_else(|| impossible("it needs a value on an empty stack"))
    }

    fn items_above_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let below =
            self.below.pop().ok_or_else(|| impossible("it goes back to a mark that it has not set"))?;
        Ok(std::mem::replace(&mut self.stack, below))
    }

    fn tuple(&mut self, len: usize) -> Result<(), Fault> {
        let start = self.stack.len().checked_sub(len).ok_or_else(|| impossible("its stack is too short"))?;
        let items = self.stack.split_off(start);
        self.push(Value::Items(items));
        Ok(())
    }

    /// Tuples are never appended to in a pickle of Python's, so they need no type of their own here.
    fn append(&mut self, more: Vec<Id>) -> Result<(), Fault> {
        let list = self.top()?;
        match &mut self.values[list] {
            Value::Items(items) => items.extend(more),
            _ => return Err(impossible("it appends to something that is no list")),
        }
        Ok(())
    }

    /// Two lines, a module and a name.
    fn global(&mut self) -> Result<(), Fault> {
        let (module, name) = (self.line()?, self.line()?);
        match (word(&module), word(&name)) {
            (Some(_), Some(name)) => self.push(Value::Global(name)),
            _ => return Err(Fault::Name(format!("{}.{}", readable(&module), readable(&name)))),
        }
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

    fn stack_global(&mut self) -> Result<(), Fault> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.values[module], &self.values[name]) {
            (Value::Word(_), &Value::Word(name)) => self.push(Value::Global(name)),
            _ => return Err(impossible("it looks up something that is no name")),
        }
        Ok(())
    }

    fn call(&mut self) -> Result<(), Fault> {
        let (arguments, call) = (self.pop()?, self.pop()?);
        self.push(Value::Object { call, arguments, state: None });
        Ok(())
    }

    /// The state becomes the object's own, wherever else the object is fetched.
    fn build(&mut self) -> Result<(), Fault> {
        let new = self.pop()?;
        let object = self.top()?;
        match &mut self.values[object] {
            Value::Object { state: state @ None, .. } => *state = Some(new),
            _ => return Err(impossible("it gives a state to something that takes none")),
        }
        Ok(())
    }

    fn integer<const N: usize>(&mut self, signed: bool) -> Result<(), Fault> {
        let bytes = self.source.array::<N>()?;
        self.push(Value::Number(little_endian(&bytes, signed)));
        Ok(())
    }

    /// LONG1: Python 2 on Windows writes an array's shape with it.
    fn long(&mut self) -> Result<(), Fault> {
        let [len] = self.source.array()?;
        limit("bytes in an integer", len.into(), 8)?;
        let bytes = self.bytes(len.into())?;
        self.push(Value::Number(little_endian(&bytes, true)));
        Ok(())
    }

    fn bytes(&mut self, len: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![];
        self.source.pieces(len, |piece| {
            bytes.extend(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    fn keep(&mut self, id: u32) -> Result<(), Fault> {
        let top = self.top()?;
        self.kept.insert(id, top);
        Ok(())
    }

    fn fetch(&mut self, id: u32) -> Result<(), Fault> {
        let value =
            self.kept.get(&id).ok_or_else(|| impossible("it fetches a value that it has not kept"))?;
        self.stack.push(*value);
        Ok(())
    }

    /// A word, or the bytes of an array. Protocol 2 has no bytes of its own: Python 3 writes them as text.
    fn string<const N: usize>(&mut self, text: bool) -> Result<(), Fault> {
        let mut len = [0; 8];
        len[..N].copy_from_slice(&self.source.array::<N>()?);
        let len = u64::from_le_bytes(len);
        if len > 255 {
            return self.payload(len, text, None);
        }
        let bytes = self.bytes(len)?;
        match word(&bytes) {
            Some(word) => self.push(Value::Word(word)),
            None if text && len > 0 && bytes.iter().all(|c| (b' '..=b'~').contains(c)) => {
                return Err(Fault::Name(readable(&bytes)));
            }
            None => self.payload(len, text, Some(bytes))?,
        }
        Ok(())
    }

    /// The bytes of an array, which are here already or follow in the file.
    fn payload(&mut self, len: u64, text: bool, short: Option<Vec<u8>>) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(len);
        limit("bytes in its arrays", self.bytes, MAX_PAYLOAD)?;
        let mut payload = Payload::new(len, text, self.payloads < KEPT);
        match short {
            Some(bytes) => payload.take(&bytes)?,
            None => self.source.pieces(len, |piece| payload.take(piece))?,
        }
        self.payloads += 1;
        self.push(Value::Bytes(Rc::new(payload)));
        Ok(())
    }
}

/// A number of at most eight bytes.
fn little_endian(bytes: &[u8], signed: bool) -> i64 {
    let fill = if signed && bytes.last().is_some_and(|last| *last >= 0x80) { 0xff } else { 0 };
    let mut all = [fill; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(all)
}

/// `numpy.core.multiarray` or `<`, whether Python 2 wrote it as bytes or Python 3 as text.
fn word(bytes: &[u8]) -> Option<&'static str> {
    WORDS.split(' ').find(|word| word.as_bytes() == bytes)
}

fn impossible(what: &str) -> Fault {
    Fault::Structure(what.into())
}

/// Escaped and cut: a name of 255 bytes may have a thousand characters.
fn readable(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", bytes[..bytes.len().min(SHOWN)].escape_ascii())
}
