//! Rows of a data set, picked in any order.

use crate::common::random::{manual_seed, rand};
use kernels::ndarray::{Array2, ArrayRef2, Axis, s};
use kernels::par::gather_rows;

#[test]
fn rows_are_those_of_ndarrays_select_whatever_their_number_and_length() {
    for columns in [0, 1, 15, 17, 64, 785] {
        let x = rand((300, columns), &mut manual_seed(columns as u64));
        for n in [0, 1, 64, 128, 129, 299] {
            let rows: Vec<usize> = (0..n).map(|i| (i * 71 + 13) % 300).collect();
            let want = x.select(Axis(0), &rows);
            assert_eq!(gathered(&x, &rows, Array2::ones((n, columns))), want, "{n} rows of {columns}");
            let (backwards, wider) = (x.slice(s![.., ..;-1]), Array2::ones((n, 2 * columns)));
            let want = backwards.select(Axis(0), &rows);
            let to = gathered(&backwards, &rows, wider.slice_move(s![.., ..;2]));
            assert_eq!(to, want, "{n} rows of {columns}, backwards into every second column");
        }
    }
}

fn gathered(x: &ArrayRef2<f32>, rows: &[usize], mut to: Array2<f32>) -> Array2<f32> {
    gather_rows(x, rows, &mut to);
    to
}

#[test]
#[should_panic(expected = "there is no row 3, x has 3")]
fn a_row_that_is_not_there_panics() {
    gather_rows(&Array2::zeros((3, 2)), &[0, 3], &mut Array2::zeros((2, 2)));
}
