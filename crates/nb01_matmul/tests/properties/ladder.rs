//! Every rung of the ladder is the three loops in `f64`, within the error that sums of any order have.

use nb01_matmul::ladder::RUNGS;
use nb01_matmul::ndarray::{Array2, ArrayRef2};
use nb01_matmul::{manual_seed, randn};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_rung_is_within_its_error_bound(
        (m, k, n) in (0..40_usize, 0..300_usize, 0..40_usize), transposed in any::<[bool; 2]>(), seed in 0..1000_u64,
    ) {
        let rng = &mut manual_seed(seed);
        let mut draw = |rows, columns, transposed| match transposed {
            true => randn((columns, rows), rng).reversed_axes(),
            false => randn((rows, columns), rng),
        };
        let (a, b) = (draw(m, k, transposed[0]), draw(k, n, transposed[1]));
        let want = product(&a, &b);
        for rung in RUNGS {
            let c = (rung.matmul)(&a, &b);
            prop_assert_eq!(c.dim(), (m, n), "{}", rung.name);
            for (at, &(sum, size)) in want.indexed_iter() {
                let error = (f64::from(c[at]) - sum).abs();
                prop_assert!(error <= k as f64 * f64::from(f32::EPSILON) * size, "{} at {:?}", rung.name, at);
            }
        }
    }
}

/// `a @ b` and `|a| @ |b|`, one number after the other.
fn product(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Array2<(f64, f64)> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let terms = a.row(i).into_iter().zip(b.column(j)).map(|(&a, &b)| f64::from(a) * f64::from(b));
        terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
    })
}
