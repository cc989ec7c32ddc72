//! The pixels: their mean and standard deviation, and normalising by them.

use super::*;

/// `x.mean()` and `x.std()` before anything is done
///
/// A net learns best from numbers of mean 0 and standard deviation 1, and pixels are not that: most of them
/// are 0, the rest lies up to 1. So first we look. The two sets differ a little, as two samples do.
#[test]
fn s01_statistics_before() {
    println!("data: {}", DIGITS.source);
    let (train, valid) = (DIGITS.train_before, DIGITS.valid_before);
    show("x_train.mean(), .std()", stats_text(train)).course("0.1304 / 0.3073");
    show("x_valid.mean(), .std()", stats_text(valid)).course("0.1287 / 0.3050");
    only_mnist(&DIGITS.source, "its mean and standard deviation", || {
        println!(
            "The pixels are byte/256. (Had they been byte/255, as often, the means would be 0.1310 and 0.1292.)"
        );
        test_near(&[train.mean, train.std], &[0.130_447, 0.307_291]);
        test_near(&[valid.mean, valid.std], &[0.128_648, 0.304_960]);
    });
}

/// `normalize`, by the training set's statistics
///
/// Subtract the mean, divide by the standard deviation: [`mod@normalize`]. Both sets by the *training* set's numbers: the same
/// pixel has to mean the same thing in both. So the training set ends at 0 and 1, and the validation set a
/// little beside it, which is as it should be.
#[test]
fn s03_normalize() {
    let (train, valid) = (Stats::of(&DIGITS.x_train), Stats::of(&DIGITS.x_valid));
    show("x_train.mean(), .std()", stats_text(train)).course("3.06e-05 / 1.0 (the 3e-05 is f32 rounding)");
    show("x_valid.mean(), .std()", stats_text(valid)).course("-0.0058 / 0.9924");
    println!("train's mean is really {:.1e}.", train.mean);
    println!(
        "Those 3e-05 are also why the course's valid mean is -0.0058: torch 2.15 prints -0.0059, as we do."
    );
    println!("The validation set keeps a small offset, since the training set's statistics served both.");
    test_near_zero(train.mean, 1e-3);
    test_near_zero(1.0 - train.std, 1e-3);
    only_mnist(&DIGITS.source, "the validation set's statistics", || {
        test_near_zero(valid.mean + 0.0059, 5e-5); // the digits of torch 2.15; the course's own are one off
        test_near_zero(valid.std - 0.9924, 5e-5);
    });
}

/// `n, m, c` and the number of hidden units
///
/// The names that the notebook uses from here on: `n` images, `m` pixels in each, `c` classes, `nh` hidden
/// units.
#[test]
fn s04_sizes() {
    let ((n, m), c) = (DIGITS.x_train.dim(), DIGITS.y_train.fold(0.0_f32, |a, &b| a.max(b)) + 1.0);
    show("n, m, c", format_args!("{n}, {m}, {c}")).course("50000, 784, 10");
    show("nh", NH).course("50");
    println!("One output only: the digit itself, as a number. Odd, but it keeps the first net simple.");
    test_eq(&(m, c), &(784, 10.0));
    test_eq(&n, &DIGITS.y_train.len());
}
