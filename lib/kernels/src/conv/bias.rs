//! The gradient of a convolution's bias: the sum of `out_g` over all positions of all images.

use crate::simd::{SimdKernel, dispatch};
use ndarray::Array1;

/// Adds the sum of each column of `(rows, columns)`.
pub(super) fn add_rows(rows: &[f32], to: &mut Array1<f64>) {
    if let Some(to) = to.as_slice_mut() {
        dispatch(AddRows { rows, to });
    }
}

struct AddRows<'a> {
    rows: &'a [f32],
    to: &'a mut [f64],
}

impl SimdKernel for AddRows<'_> {
    /// Several rows at a time, as one of a few numbers only would not fill the registers; and four
    /// such blocks, so that the sums are loaded and stored once for each of them.
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        const AT_ONCE: usize = 64;
        let columns = self.to.len();
        if columns == 0 {
            return;
        }
        let mut sums = vec![0.0_f64; columns * AT_ONCE.div_ceil(columns)];
        let mut fours = self.rows.chunks_exact(4 * sums.len());
        for four in &mut fours {
            let (ab, cd) = four.split_at(2 * sums.len());
            let ((a, b), (c, d)) = (ab.split_at(sums.len()), cd.split_at(sums.len()));
            for ((((sum, &a), &b), &c), &d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum += (f64::from(a) + f64::from(b)) + (f64::from(c) + f64::from(d));
            }
        }
        for few in fours.remainder().chunks(sums.len()) {
            sums.iter_mut().zip(few).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        for sums in sums.chunks(columns) {
            self.to.iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
        }
    }
}
