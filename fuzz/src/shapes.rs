//! Bytes as a call of `einsum`.
//!
//! ```text
//! 02   02 03 04   02 04 05   "ik,kj->ij"
//! two  of rank 2  of rank 2  the rest
//! ```

use einsum::ndarray::ArrayD;

/// Sizes are looked up here: small ones to compute with, and those that only a plan can bear.
const SIZES: [usize; 16] = [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 784, 50_000, 1 << 31, 1 << 32, 1 << 62, usize::MAX];

/// So many axes of size 5 are looped over in a moment.
const AXES: usize = 6;

/// Beyond eight operands the order is greedy; its time grows with their cube.
const OPERANDS: u8 = 12;

/// What the bytes mean.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) shapes: Vec<Vec<usize>>,
    pub(crate) subscripts: String,
}

impl Call {
    pub(crate) fn new(bytes: &[u8]) -> Call {
        let mut bytes = bytes.iter();
        let mut next = || bytes.next().copied().unwrap_or(0);
        let ranks = 0..next() % OPERANDS;
        let mut shape = |_| (0..next() % 8).map(|_| SIZES[usize::from(next() % 16)]).collect();
        let shapes = ranks.map(&mut shape).collect();
        Call { shapes, subscripts: String::from_utf8_lossy(bytes.as_slice()).into_owned() }
    }

    /// Arrays of these shapes, if it takes but a moment to compute with them.
    pub(crate) fn operands(&self) -> Option<Vec<ArrayD<f64>>> {
        let sizes = || self.shapes.iter().flatten();
        let quick = sizes().all(|&size| size <= 5) && sizes().count() <= AXES;
        quick.then(|| self.shapes.iter().map(|shape| counted(shape)).collect())
    }

    /// How often the innermost loop runs at most, if every axis has a letter of its own; and the elements.
    pub(crate) fn loops(&self) -> u64 {
        let volume = |shape: &[usize]| shape.iter().map(|&size| size.max(1) as u64).product::<u64>();
        volume(&self.shapes.concat()) + self.shapes.iter().map(|shape| volume(shape)).sum::<u64>()
    }

    /// Whether the reference can read the subscripts: letters, commas and an arrow.
    pub(crate) fn is_plain(&self) -> bool {
        self.subscripts.contains("->") && !self.subscripts.contains([' ', '.'])
    }
}

/// Small whole numbers, which all orders of summation add up alike.
fn counted(shape: &[usize]) -> ArrayD<f64> {
    let mut count = 0;
    ArrayD::from_shape_simple_fn(shape, || {
        count = (count + 3) % 7;
        f64::from(count - 3)
    })
}
