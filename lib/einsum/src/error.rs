//! What can be wrong with a call of `einsum`, with a mark under the place.

use std::fmt::{self, Display};

/// Subscripts that are not well formed or do not fit the operands; a [`Quote`] marks the place.
///
/// ```
/// use einsum::{EinsumError, einsum_explain};
///
/// let error = einsum_explain("ik,kj->iz", &[&[5, 784], &[784, 10]]).unwrap_err();
/// assert!(matches!(error, EinsumError::OutputUnknown { letter: 'z', .. }));
/// assert_eq!(error.to_string(), "\
/// einsum: `z` is in the output but in no operand
///     ik,kj->iz
///             ^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EinsumError {
    /// Something other than a letter, a comma between operands, `...`, one `->`, or a space.
    #[error(
        "einsum: {found:?} does not belong here: letters name axes, `,` parts operands, `...` stands for the other axes, one `->` leads to the output\n{quote}"
    )]
    Symbol {
        /// What was found.
        found: char,
        /// Where.
        quote: Quote,
    },
    /// A second `...` in the same operand or output.
    #[error("einsum: one `...` is enough for all other axes\n{quote}")]
    SecondEllipsis {
        /// The second one.
        quote: Quote,
    },
    /// The number of operands is not that of the subscripts' parts.
    #[error("einsum: the subscripts are for {named} operand{}, {given} given\n{quote}", plural(*.named))]
    OperandCount {
        /// How many the subscripts name.
        named: usize,
        /// How many arrays were given.
        given: usize,
        /// The part for the first operand that is missing, or the last part where there are too many.
        quote: Quote,
    },
    /// An operand has another number of axes than it has letters.
    #[error("einsum: {letters} letter{} for operand {operand} of shape {shape:?} (`...` stands for axes without a letter)\n{quote}", plural(*.letters))]
    Rank {
        /// The position of the operand, from 0.
        operand: usize,
        /// The number of its letters.
        letters: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// Its part of the subscripts.
        quote: Quote,
    },
    /// Two axes with the same letter (or under `...`) have different sizes, and neither has size 1.
    #[error("einsum: an axis of size {size} in operand {operand} where size {expected} came before\n{quote}")]
    Size {
        /// The position of the operand, from 0.
        operand: usize,
        /// The size of its axis.
        size: usize,
        /// The size that an earlier axis has.
        expected: usize,
        /// The letter or the dots.
        quote: Quote,
    },
    /// A letter occurs twice in one operand, which means a diagonal, but the two axes differ in size.
    #[error(
        "einsum: a diagonal needs equal sizes, operand {operand} of shape {shape:?} has other ones\n{quote}"
    )]
    Diagonal {
        /// The position of the operand, from 0.
        operand: usize,
        /// Its shape.
        shape: Vec<usize>,
        /// The letter's later place.
        quote: Quote,
    },
    /// The output has a letter twice.
    #[error("einsum: `{letter}` is in the output already\n{quote}")]
    OutputTwice {
        /// The letter.
        letter: char,
        /// Its second place.
        quote: Quote,
    },
    /// The output has a letter that no operand has.
    #[error("einsum: `{letter}` is in the output but in no operand\n{quote}")]
    OutputUnknown {
        /// The letter.
        letter: char,
        /// Its place.
        quote: Quote,
    },
    /// The axes under `...` are missing in the output. NumPy does not sum over them either.
    #[error(
        "einsum: the axes under `...` have to be in the output too; give those that are to be summed a letter\n{quote}"
    )]
    OutputEllipsis {
        /// The output.
        quote: Quote,
    },
    /// More than 76 axes under `...`.
    #[error("einsum: {axes} axes are more than `...` can stand for here (76)\n{quote}")]
    TooManyAxes {
        /// How many there are.
        axes: usize,
        /// The operand's part.
        quote: Quote,
    },
    /// The result has another rank than the caller's type.
    #[error("einsum: the result has shape {shape:?}, which is no array of {expected} dimension{} (ArrayD takes any)\n{quote}", plural(*.expected))]
    ResultRank {
        /// The number of dimensions that the caller's type has.
        expected: usize,
        /// The shape of the result.
        shape: Vec<usize>,
        /// The output's part of the subscripts, or all of it where there is none.
        quote: Quote,
    },
    /// The result, or an array on the way to it, does not fit in memory.
    #[error("einsum: an array of shape {shape:?} takes {:.0} GB, and there is not so much memory; compute a part at a time\n{quote}", *.bytes as f64 / 1e9)]
    TooLarge {
        /// The shape of that array.
        shape: Vec<usize>,
        /// Its size, without the axes of size 0.
        bytes: u128,
        /// All of the subscripts.
        quote: Quote,
    },
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// The subscripts, with a mark under the part in question; it displays as these two lines.
///
/// ```
/// let quote = einsum::Quote { subscripts: "ij->k".into(), start: 4, len: 1 };
/// assert_eq!(quote.to_string(), "    ij->k\n        ^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The subscripts as they were given; of very long ones, the 120 characters around the fault.
    pub subscripts: String,
    /// The first character that is marked, counted in characters.
    pub start: usize,
    /// How many characters; 0 marks the place before `start`.
    pub len: usize,
}

/// How many characters are quoted on either side of a fault.
const AROUND: usize = 60;

impl Quote {
    /// Quotes the bytes `range` of `text`; both ends lie between characters.
    pub(crate) fn new(text: &str, range: std::ops::Range<usize>) -> Quote {
        let (before, meant) = (text[..range.start].chars().count(), text[range].chars().count());
        let skipped = before.saturating_sub(AROUND);
        let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let subscripts = text.chars().skip(skipped).take(2 * AROUND).map(shown).collect();
        Quote { subscripts, start: before - skipped, len: meant.min(AROUND) }
    }
}

impl Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (indent, marks) = (" ".repeat(self.start), "^".repeat(self.len.max(1)));
        write!(f, "    {}\n    {indent}{marks}", self.subscripts)
    }
}
