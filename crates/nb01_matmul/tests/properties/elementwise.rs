//! Comparisons and the Frobenius norm, number by number.

use nb01_matmul::elementwise::{float, frobenius_norm, gt, lt};
use nb01_matmul::ndarray::Array2;
use nb01_matmul::{manual_seed, rand, test_near_norm};
use proptest::prelude::*;

proptest! {
    /// Of small whole numbers, so that many are equal.
    #[test]
    fn comparisons_compare_each_number(rows in 0..6_usize, columns in 0..6_usize, seed in 0..1000_u64) {
        let rng = &mut manual_seed(seed);
        let mut draw = |shape| (rand::<(usize, usize)>(shape, rng) * 4.0).floor();
        let (a, b) = (draw((rows, columns)), draw((1, columns)));
        let (less, more) = (lt(&a, &b), gt(&a, &b));
        prop_assert_eq!((less.dim(), more.dim()), (a.dim(), a.dim()));
        for ((i, j), &x) in a.indexed_iter() {
            prop_assert_eq!((less[[i, j]], more[[i, j]]), (x < b[[0, j]], x > b[[0, j]]));
        }
        prop_assert_eq!(float(&less), less.mapv(|yes| if yes { 1.0 } else { 0.0 }));
    }

    /// `‖A‖² = trace(Aᵀ A)`.
    #[test]
    fn the_frobenius_norm_is_the_root_of_a_trace(rows in 0..9_usize, columns in 0..9_usize, seed in 0..1000_u64) {
        let a: Array2<f64> = rand((rows, columns), &mut manual_seed(seed)).mapv(|x| f64::from(x) - 0.5);
        test_near_norm(&frobenius_norm(&a).powi(2), &a.t().dot(&a).diag().sum(), 1e-14);
    }
}
