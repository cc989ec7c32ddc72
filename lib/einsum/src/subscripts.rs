//! Parsing `ik,kj->ij`: a part for every operand, and optionally one for the output.

use crate::error::{EinsumError, Quote};
use smallvec::SmallVec;
use std::ops::Range;

/// The name of an axis: 0 to 25 are `A` to `Z`, 26 to 51 are `a` to `z` (the order of an implicit output),
/// and from 52 on the axes under `...`, counted from the last.
pub(crate) type Label = u8;

/// The first label under `...`.
pub(crate) const ELLIPSIS: Label = 52;

/// The number of different labels: one for each bit of a [`Set`].
pub(crate) const LABELS: usize = 128;

/// The labels of an operand's axes, without an allocation: a small product takes only a microsecond.
pub(crate) type Labels = SmallVec<[Label; 16]>;

/// A set of labels.
pub(crate) type Set = u128;

pub(crate) fn set(labels: &[Label]) -> Set {
    labels.iter().fold(0, |set, &label| set | 1 << label)
}

pub(crate) fn has(set: Set, label: Label) -> bool {
    set >> label & 1 == 1
}

/// The labels in a set, in order.
pub(crate) fn each(mut set: Set) -> impl Iterator<Item = Label> {
    std::iter::from_fn(move || {
        let label = (set != 0).then(|| set.trailing_zeros() as Label);
        set &= set.wrapping_sub(1);
        label
    })
}

/// `i`, or `e₁` for the last axis under `...`, `e₂` for the one before it.
pub(crate) fn name(label: Label) -> String {
    match label {
        0..26 => char::from(b'A' + label).into(),
        26..ELLIPSIS => char::from(b'a' + label - 26).into(),
        _ => {
            let digits = (label - ELLIPSIS + 1).to_string();
            let lowered =
                digits.chars().filter_map(|digit| "₀₁₂₃₄₅₆₇₈₉".chars().nth(digit.to_digit(10)? as usize));
            std::iter::once('e').chain(lowered).collect()
        }
    }
}

/// A subscript string cut into its parts, each known to consist of letters, spaces and at most one `...`.
pub(crate) struct Subscripts<'a> {
    pub(crate) text: &'a str,
    /// One part for every operand.
    pub(crate) operands: SmallVec<[Range<usize>; 4]>,
    /// The part after `->`.
    pub(crate) output: Option<Range<usize>>,
}

/// One symbol of a part.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Symbol {
    Letter(Label),
    Ellipsis,
}

impl<'a> Subscripts<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, EinsumError> {
        let bytes = text.as_bytes();
        let mut subscripts = Subscripts { text, operands: SmallVec::new(), output: None };
        let (mut start, mut at) = (0, 0);
        let (mut in_output, mut dotted) = (false, false);
        while at < bytes.len() {
            at += match &bytes[at..] {
                [b' ', ..] => 1,
                [letter, ..] if letter.is_ascii_alphabetic() => 1,
                [b'.', b'.', b'.', ..] if dotted => {
                    return Err(EinsumError::SecondEllipsis { quote: Quote::new(text, at..at + 3) });
                }
                [b'.', b'.', b'.', ..] => {
                    dotted = true;
                    3
                }
                [b',', ..] if !in_output => {
                    subscripts.operands.push(start..at);
                    (start, dotted) = (at + 1, false);
                    1
                }
                [b'-', b'>', ..] if !in_output => {
                    subscripts.operands.push(start..at);
                    (start, dotted, in_output) = (at + 2, false, true);
                    2
                }
                _ => return Err(subscripts.unexpected(at)),
            };
        }
        if in_output {
            subscripts.output = Some(start..at);
        } else {
            subscripts.operands.push(start..at);
        }
        Ok(subscripts)
    }

    #[cold]
    fn unexpected(&self, at: usize) -> EinsumError {
        let found = self.text[at..].chars().next().unwrap_or(' ');
        EinsumError::Symbol { found, quote: self.quote(at..at + found.len_utf8()) }
    }

    /// The symbols of a part and their positions.
    pub(crate) fn symbols(&self, part: Range<usize>) -> impl Iterator<Item = (usize, Symbol)> {
        let letter = |byte: u8| match byte {
            b'A'..=b'Z' => Some(Symbol::Letter(byte - b'A')),
            b'a'..=b'z' => Some(Symbol::Letter(byte - b'a' + 26)),
            _ => None,
        };
        let bytes = self.text.as_bytes();
        part.clone().filter_map(move |at| match bytes[at] {
            b'.' if at + 2 < part.end && bytes[at + 2] == b'.' && bytes[at + 1] == b'.' => {
                Some((at, Symbol::Ellipsis))
            }
            byte => letter(byte).map(|symbol| (at, symbol)),
        })
    }

    #[cold]
    pub(crate) fn quote(&self, range: Range<usize>) -> Quote {
        Quote::new(self.text, range)
    }

    /// Quotes one symbol.
    #[cold]
    pub(crate) fn quote_symbol(&self, at: usize, symbol: Symbol) -> Quote {
        self.quote(at..at + if symbol == Symbol::Ellipsis { 3 } else { 1 })
    }

    /// Quotes the output, or everything if it is implicit.
    #[cold]
    pub(crate) fn quote_output(&self) -> Quote {
        self.quote(self.output.clone().unwrap_or(0..self.text.len()))
    }
}
