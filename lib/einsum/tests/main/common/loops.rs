//! The definition of `einsum` as plainly as it can be written.

use einsum::ndarray::{ArrayD, IxDyn, indices};
use std::collections::BTreeMap;

/// For every index of every letter: multiply the elements and add the product to the output. Explicit
/// outputs and plain letters only.
pub(crate) fn loops(subscripts: &str, operands: &[ArrayD<f64>]) -> ArrayD<f64> {
    let (inputs, output) = subscripts.split_once("->").expect("an arrow");
    let terms: Vec<&str> = inputs.split(',').collect();
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    for (term, operand) in terms.iter().zip(operands) {
        for (letter, &size) in term.chars().zip(operand.shape()) {
            let known = sizes.entry(letter).or_insert(1);
            *known = if *known == 1 { size } else { *known };
        }
    }
    let shape: Vec<usize> = output.chars().map(|letter| sizes[&letter]).collect();
    let mut out = ArrayD::zeros(shape);
    let (letters, all): (Vec<char>, Vec<usize>) = sizes.into_iter().unzip();
    for index in indices(all) {
        let value = |letter: char| index[letters.iter().position(|&l| l == letter).expect("a letter")];
        let element = |(term, operand): (&&str, &ArrayD<f64>)| {
            let at: Vec<usize> =
                term.chars().zip(operand.shape()).map(|(l, &n)| value(l).min(n - 1)).collect();
            operand[IxDyn(&at)]
        };
        let at: Vec<usize> = output.chars().map(value).collect();
        out[IxDyn(&at)] += terms.iter().zip(operands).map(element).product::<f64>();
    }
    out
}
