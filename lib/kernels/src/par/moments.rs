//! Mean and spread of many numbers in one pass: the moments of blocks, merged.

use super::{merge_parts, sum};
use crate::par::sums::deviations;
use ndarray::ArrayViewD;

/// Numbers in a block, 1 MB, and those of them whose mean is subtracted.
const BLOCK: usize = 1 << 18;
const FIRST: usize = 1 << 14;

/// Number, sum and `Σ (x − mean)²` of some numbers, in `f64`.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// How many numbers.
    pub len: f64,
    /// Their sum.
    pub sum: f64,
    /// `Σ (x − mean)²`.
    pub squares: f64,
}

/// The [`Moments`] of all elements, whatever the rank and the strides: memory is read once.
///
/// The shortcut `E[x²] − E[x]²` loses its digits, and subtracting the exact mean would need a second pass. A value close to
/// the mean works as well if the difference is corrected afterwards; each block takes the mean of its first numbers. Blocks
/// are merged in order by the formula of Chan, Golub and LeVeque (1979), so the digits do not depend on the threads.
pub fn moments(x: ArrayViewD<'_, f32>) -> Moments {
    let all = match x.as_slice_memory_order() {
        Some(all) => merge_parts(all.chunks(BLOCK), all.len() as f64, Moments::of, Moments::merge),
        None => gathered_blocks(&x).map(|block| Moments::of(&block)).reduce(Moments::merge),
    };
    all.unwrap_or(Moments { len: 0.0, sum: 0.0, squares: 0.0 })
}

/// The blocks of a strided array, copied together one at a time.
fn gathered_blocks(x: &ArrayViewD<'_, f32>) -> impl Iterator<Item = Vec<f32>> {
    let mut rest = x.iter().copied();
    std::iter::from_fn(move || Some(rest.by_ref().take(BLOCK).collect::<Vec<_>>()).filter(|b| !b.is_empty()))
}

impl Moments {
    /// Subtracts the mean of the block's first numbers instead of all, and corrects that at the end, by `len·d²` where `d`
    /// is how far the two means are apart. However far that is, the first numbers alone give `Σ (x − mean)²` at least
    /// `FIRST·d²`: the correction is at most `BLOCK / FIRST` = 16 times the result, and of the 53 bits of an `f64`, 4 may be lost.
    fn of(block: &[f32]) -> Self {
        let len = block.len() as f64;
        let first = &block[..block.len().min(FIRST)];
        let from = Some(sum(first) / first.len() as f64).filter(|x| x.is_finite()).unwrap_or(0.0);
        let [deviation, square] = deviations(block, from);
        Moments { len, sum: from * len + deviation, squares: square - deviation * deviation / len }
    }

    /// The moments of two parts together.
    fn merge(self, other: Self) -> Self {
        let len = self.len + other.len;
        let gap = other.sum / other.len - self.sum / self.len;
        let squares = self.squares + other.squares + gap * gap * self.len * other.len / len;
        Moments { len, sum: self.sum + other.sum, squares }
    }
}
