//! Every letter gets its size: subscripts are compared with shapes.

use crate::error::{EinsumError, Quote};
use crate::subscripts::{ELLIPSIS, LABELS, Label, Labels, Set, Subscripts, Symbol, has, set};
use smallvec::SmallVec;

/// Subscripts that fit their operands: a label for every axis, a size for every label.
pub(crate) struct Axes {
    /// The labels of each operand's axes, `...` written out.
    pub(crate) operands: SmallVec<[Labels; 4]>,
    /// The labels that each operand varies with: each once, without those whose axis of size 1 is stretched.
    pub(crate) carried: SmallVec<[Labels; 4]>,
    /// The labels of the result's axes.
    pub(crate) output: Labels,
    /// The size of each label that occurs; an axis of size 1 is stretched to it.
    pub(crate) sizes: [usize; LABELS],
}

impl Axes {
    /// Gives the letters of `subscripts` their sizes from the operands' `shapes`.
    pub(crate) fn bind(subscripts: &Subscripts<'_>, shapes: &[&[usize]]) -> Result<Axes, EinsumError> {
        check_count(subscripts, shapes.len())?;
        let (operands, carried) = (SmallVec::new(), SmallVec::new());
        let mut axes = Axes { operands, carried, output: Labels::new(), sizes: [1; LABELS] };
        for (operand, shape) in shapes.iter().enumerate() {
            axes.bind_operand(subscripts, operand, shape)?;
        }
        for (operand, shape) in shapes.iter().enumerate() {
            let labels = axes.carried_by(operand, shape);
            axes.carried.push(labels);
        }
        axes.output = axes.bind_output(subscripts)?;
        Ok(axes)
    }

    /// The shape of an array with these labels.
    pub(crate) fn shape(&self, labels: &[Label]) -> SmallVec<[usize; 8]> {
        labels.iter().map(|&label| self.size(label)).collect()
    }

    pub(crate) fn size(&self, label: Label) -> usize {
        self.sizes[usize::from(label)]
    }

    fn bind_operand(
        &mut self,
        subscripts: &Subscripts<'_>,
        operand: usize,
        shape: &[usize],
    ) -> Result<(), EinsumError> {
        let part = subscripts.operands[operand].clone();
        let dots = axes_under_dots(subscripts, operand, shape)?;
        let mut labels = Labels::new();
        for (at, symbol) in subscripts.symbols(part) {
            let quote = || subscripts.quote_symbol(at, symbol);
            match symbol {
                Symbol::Letter(letter) => self.bind_axis(letter, operand, shape, &mut labels, quote)?,
                Symbol::Ellipsis => {
                    for label in (ELLIPSIS..ELLIPSIS + dots).rev() {
                        self.bind_axis(label, operand, shape, &mut labels, quote)?;
                    }
                }
            }
        }
        self.operands.push(labels);
        Ok(())
    }

    /// Gives the operand's next axis its label, and the label its size.
    fn bind_axis(
        &mut self,
        label: Label,
        operand: usize,
        shape: &[usize],
        labels: &mut Labels,
        quote: impl Fn() -> Quote,
    ) -> Result<(), EinsumError> {
        let size = shape[labels.len()];
        let twin = labels.iter().position(|&other| other == label);
        if twin.is_some_and(|twin| shape[twin] != size) {
            return Err(EinsumError::Diagonal { operand, shape: shape.to_vec(), quote: quote() });
        }
        let known = &mut self.sizes[usize::from(label)];
        if *known == 1 {
            *known = size;
        } else if size != *known && size != 1 {
            return Err(EinsumError::Size { operand, size, expected: *known, quote: quote() });
        }
        labels.push(label);
        Ok(())
    }

    fn carried_by(&self, operand: usize, shape: &[usize]) -> Labels {
        let mut carried = Labels::new();
        for (&label, &size) in self.operands[operand].iter().zip(shape) {
            if size == self.size(label) && !carried.contains(&label) {
                carried.push(label);
            }
        }
        carried
    }

    fn bind_output(&self, subscripts: &Subscripts<'_>) -> Result<Labels, EinsumError> {
        let known = self.operands.iter().fold(0, |known, labels| known | set(labels));
        let dots = (known >> ELLIPSIS).count_ones() as Label;
        let dots = (ELLIPSIS..ELLIPSIS + dots).rev();
        let Some(part) = subscripts.output.clone() else {
            return Ok(dots.chain(self.single_letters()).collect());
        };
        let mut output = Labels::new();
        for (at, symbol) in subscripts.symbols(part) {
            let Symbol::Letter(letter) = symbol else {
                output.extend(dots.clone());
                continue;
            };
            let shown = char::from(subscripts.text.as_bytes()[at]);
            if output.contains(&letter) {
                let quote = subscripts.quote_symbol(at, symbol);
                return Err(EinsumError::OutputTwice { letter: shown, quote });
            }
            if !has(known, letter) {
                let quote = subscripts.quote_symbol(at, symbol);
                return Err(EinsumError::OutputUnknown { letter: shown, quote });
            }
            output.push(letter);
        }
        if dots.len() > 0 && !output.iter().any(|&label| label >= ELLIPSIS) {
            return Err(EinsumError::OutputEllipsis { quote: subscripts.quote_output() });
        }
        Ok(output)
    }

    /// The implicit output: the letters that occur exactly once, in alphabetical order.
    fn single_letters(&self) -> impl Iterator<Item = Label> {
        let (mut once, mut again): (Set, Set) = (0, 0);
        for &label in self.operands.iter().flatten() {
            again |= once & 1 << label;
            once |= 1 << label;
        }
        (0..ELLIPSIS).filter(move |&label| has(once & !again, label))
    }
}

fn check_count(subscripts: &Subscripts<'_>, given: usize) -> Result<(), EinsumError> {
    let parts = &subscripts.operands;
    let named = parts.len();
    if named == given {
        return Ok(());
    }
    let quote = subscripts.quote(parts[given.min(named - 1)].clone());
    Err(EinsumError::OperandCount { named, given, quote })
}

/// How many axes of an operand have no letter of their own.
fn axes_under_dots(subscripts: &Subscripts<'_>, operand: usize, shape: &[usize]) -> Result<u8, EinsumError> {
    let part = subscripts.operands[operand].clone();
    let (mut letters, mut dotted) = (0, false);
    for (_, symbol) in subscripts.symbols(part.clone()) {
        match symbol {
            Symbol::Letter(_) => letters += 1,
            Symbol::Ellipsis => dotted = true,
        }
    }
    let axes = shape.len().wrapping_sub(letters);
    if letters > shape.len() || (axes > 0 && !dotted) {
        let quote = subscripts.quote(part);
        return Err(EinsumError::Rank { operand, letters, shape: shape.to_vec(), quote });
    }
    match u8::try_from(axes) {
        Ok(axes) if usize::from(ELLIPSIS + axes) <= LABELS => Ok(axes),
        _ => Err(EinsumError::TooManyAxes { axes, quote: subscripts.quote(part) }),
    }
}
