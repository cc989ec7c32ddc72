//! Drawn digits: always the same, and digits.

use mnist::{PIXELS, drawn};
use ndarray::{Array2, Axis};

#[test]
fn the_same_on_every_platform() {
    let digits = drawn(1000, 100, 7);
    assert_eq!(digits.y_train.to_vec()[..12], [1, 1, 1, 1, 2, 7, 0, 7, 0, 6, 8, 3]);
    let part = |(i, x): (usize, &f32)| (x * 256.0) as u64 * (i as u64 % 65_521 + 1);
    assert_eq!(digits.x_train.iter().enumerate().map(part).sum::<u64>(), 802_493_348_704);
}

#[test]
fn another_seed_draws_other_digits() {
    assert_ne!(drawn(20, 10, 1), drawn(20, 10, 2));
}

#[test]
fn about_as_much_ink_as_mnist() {
    let x = drawn(5000, 1, 1998).x_train;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    assert!((0.10..0.16).contains(&mean), "{mean}");
    assert!(x.iter().all(|x| (0.0..1.0).contains(x) && (x * 256.0).fract() == 0.0));
}

#[test]
fn no_ink_is_cut_off_at_the_edge() {
    let x = drawn(5000, 1, 1998).x_train.into_shape_with_order((5000, 28, 28)).unwrap();
    let edges = x.axis_iter(Axis(0)).filter(|x| x.row(0).sum() + x.row(27).sum() + x.column(0).sum() > 3.0);
    assert!(edges.count() < 100);
}

/// They are digits if what is learnt from some tells others: here, each is given the label of the mean image
/// it is most like. Guessing is right once in ten times; on MNIST this simplest of classifiers is right in 82 %.
#[test]
fn they_can_be_told_apart() {
    let digits = drawn(2000, 500, 3);
    let mut means = Array2::<f32>::zeros((10, PIXELS));
    for (x, &y) in digits.x_train.outer_iter().zip(&digits.y_train) {
        means.row_mut(y.into()).scaled_add(1.0, &x);
    }
    means.outer_iter_mut().for_each(|mut mean| {
        let size = mean.dot(&mean).sqrt();
        mean /= size;
    });
    let likeness = digits.x_valid.dot(&means.t());
    let best = |row: &[f32]| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
    let right = likeness
        .outer_iter()
        .zip(&digits.y_valid)
        .filter(|(row, y)| best(row.as_slice().unwrap()) == usize::from(**y))
        .count();
    println!("{right} of 500 right");
    assert!(right > 400, "{right} of 500");
}

#[test]
fn none_at_all() {
    assert_eq!(drawn(0, 0, 1).x_train.dim(), (0, 784));
}
