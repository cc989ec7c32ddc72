//! Adding up 39 million pixels.

use super::*;

// ## Adding up 39 million pixels

/// Why `f32` cannot add up 39 million pixels
///
/// At the beginning of this notebook all statistics were summed in `f64`. Here is why. An `f32` has seven
/// digits. Once a running sum has grown to some millions, the last digits of each pixel that is added are
/// lost, and they are lost 39 million times. Below are the same two numbers, computed in several ways: only
/// the first is right in all four digits, and the worst is wrong in the first. The last line shows what
/// normalising with that one leaves: a standard deviation of 1.1 instead of 1.
#[test]
fn s23b_f32_accumulation() {
    let pixels = &DIGITS.x_train_before;
    let ours = DIGITS.train_before;
    let (n, in_f32) = (pixels.len(), stats::mean_in_f32(pixels));
    println!("The mean and standard deviation of {n} pixels, five ways:");
    show("ours, accumulated in f64", stats_text(ours)).course("0.1304 / 0.3073");
    show("iter().sum::<f32>() / n", format_args!("{in_f32:.4}")).measured("0.1312 on MNIST");
    show("ndarray's x.mean()", format_args!("{:.4}", pixels.mean().unwrap())).measured("0.1308");
    show("ndarray's x.std(0.)", format_args!("{:.4}", pixels.std(0.0))).measured("0.28025: 8.8 % too low");
    let shortcut = format!("{:.4}", stats::std_in_f32(pixels));
    show("√(E[x²] − E[x]²) in f32", shortcut).expected("0.3073, had f32 digits enough");

    // The same by the plainest loop there is, in f64, and by nothing that `Stats` uses.
    let sum: f64 = pixels.iter().map(|&x| f64::from(x)).sum();
    test_near_norm(&ours.mean, &(sum / n as f64), 1e-8); // its own rounding: up to n · 2⁻⁵³
    let squares: f64 = pixels.iter().map(|&x| (f64::from(x) - ours.mean).powi(2)).sum();
    test_near_norm(&ours.std, &(squares / (n - 1) as f64).sqrt(), 1e-8);

    only_mnist(&DIGITS.source, "how far off f32 is on 39 million pixels", || {
        let wrong = normalize(pixels, pixels.mean().unwrap().into(), pixels.std(0.0).into());
        show("std left after those", format_args!("{:.4}", std(&wrong)))
            .measured("1.0965: test_near_zero(1-std) fails");
        assert!((std(&wrong) - 1.0).abs() > 1e-3);
        assert!((f64::from(in_f32) - ours.mean).abs() > 5e-4);
    });
}
