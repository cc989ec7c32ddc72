//! What serde-pickle builds: nested tuples and lists of words, integers and the numbers of arrays.

use super::opcodes::{Opcodes, word};
use crate::error::Fault;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_pickle::DeOptions;
use std::cell::Cell;
use std::fmt;

/// MNIST has 300. A few instructions can mean many nodes, because what is fetched again is visited again.
const MAX_NODES: usize = 1000;
const MAX_DEPTH: usize = 16;

#[derive(Debug)]
pub(super) enum Node {
    Items(Vec<Node>),
    Word(&'static str),
    Number(i64),
    /// The numbers of an array: which of [`Opcodes::payloads`].
    Bytes(usize),
    Nothing,
}

impl Node {
    /// Lets serde-pickle run the whole pickle.
    pub(super) fn read(opcodes: &mut Opcodes) -> Result<Node, Fault> {
        let mut pickle = serde_pickle::Deserializer::new(opcodes, DeOptions::new());
        let budget = Cell::new(MAX_NODES);
        let root = Builder { budget: &budget, depth: 0 }.deserialize(&mut pickle).map_err(fault)?;
        pickle.end().map_err(fault)?;
        Ok(root)
    }

    /// What was called, with which arguments, and the state that the result was given.
    pub(super) fn object(&self, what: &str) -> Result<(&'static str, &Node, Option<&Node>), Fault> {
        let (call, state) = match self {
            Node::Items(items) if items.len() == 1 => (&items[0], None),
            _ => self.items(what).map(|[call, state]| (call, Some(state)))?,
        };
        let [function, arguments] = call.items(what)?;
        let [_, name] = function.items(what)?;
        Ok((name.word(what)?, arguments, state))
    }

    /// Exactly `N` items.
    pub(super) fn items<const N: usize>(&self, what: &str) -> Result<&[Node; N], Fault> {
        match self {
            Node::Items(items) => items.as_slice().try_into().map_err(|_| self.wrong(what)),
            _ => Err(self.wrong(what)),
        }
    }

    pub(super) fn number(&self, what: &str) -> Result<usize, Fault> {
        match self {
            Node::Number(number) => usize::try_from(*number).map_err(|_| self.wrong(what)),
            _ => Err(self.wrong(what)),
        }
    }

    pub(super) fn word(&self, what: &str) -> Result<&'static str, Fault> {
        match self {
            Node::Word(word) => Ok(word),
            _ => Err(self.wrong(what)),
        }
    }

    /// The node may be large, so only its kind is named.
    pub(super) fn wrong(&self, what: &str) -> Fault {
        let found = match self {
            Node::Items(items) => format!("{} items", items.len()),
            Node::Word(word) => format!("`{word}`"),
            Node::Number(number) => number.to_string(),
            Node::Bytes(_) => "an array's bytes".into(),
            Node::Nothing => "None".into(),
        };
        Fault::Structure(format!("{what} cannot be {found}"))
    }
}

/// Our own faults travel through serde-pickle inside its I/O errors.
fn fault(error: serde_pickle::Error) -> Fault {
    match error {
        serde_pickle::Error::Io(io) => io.downcast().unwrap_or_else(Fault::Unpacking),
        // It may show a value, and a value may be long.
        other => Fault::Structure(other.to_string().chars().take(200).collect()),
    }
}

/// Builds one node, and counts it.
#[derive(Clone, Copy)]
struct Builder<'a> {
    budget: &'a Cell<usize>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Builder<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, pickle: D) -> Result<Node, D::Error> {
        let left = self.budget.get().checked_sub(1).filter(|_| self.depth < MAX_DEPTH);
        self.budget.set(left.ok_or_else(|| Error::custom("it is nested too deeply or without end"))?);
        pickle.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("tuples of arrays")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pickle: A) -> Result<Node, A::Error> {
        let inside = Builder { depth: self.depth + 1, ..self };
        let mut items = vec![];
        while let Some(item) = pickle.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Node::Items(items))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        word(text.as_bytes()).map(Node::Word).ok_or_else(|| E::custom("only words are passed on"))
    }

    fn visit_bytes<E: Error>(self, index: &[u8]) -> Result<Node, E> {
        let index = index.try_into().map(u32::from_le_bytes).map_err(E::custom)?;
        Ok(Node::Bytes(index as usize))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Number(flag.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }
}
