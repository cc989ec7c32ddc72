//! Minimum, median, and the exponent of a growing time.

/// The smallest of some times: what to compare on a machine that others use too.
pub(crate) fn minimum(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[half],
        _ => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// `time = c · sizeᵖ`, fitted by least squares to the logarithms: returns `p`.
///
/// `None` where there are fewer than two sizes. 1 is linear growth; a small product's fixed cost makes it less.
pub(crate) fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points.iter().map(|(size, time)| (size.ln(), time.ln())).collect();
    let n = logs.len() as f64;
    let (mx, my) = logs.iter().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let covariance: f64 = logs.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
    let variance: f64 = logs.iter().map(|(x, _)| (x - mx).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_least() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(minimum(&[3.0, 1.0, 2.0]), 1.0);
    }

    #[test]
    fn a_power_law_gives_its_exponent() {
        let law = |p: f64| [500.0, 1e3, 5e3, 5e4].map(|x: f64| (x, 7e-9 * x.powf(p)));
        for p in [0.5, 1.0, 2.0] {
            assert!((exponent(&law(p)).expect("four sizes") - p).abs() < 1e-12);
        }
    }

    #[test]
    fn least_squares_as_numpy_fits_it() {
        // numpy.polyfit(numpy.log([1, 2, 4, 8]), numpy.log([1, 3, 5, 11]), 1)[0]
        let fitted = exponent(&[(1.0, 1.0), (2.0, 3.0), (4.0, 5.0), (8.0, 11.0)]).expect("four sizes");
        assert!((fitted - 1.111_526_045).abs() < 1e-6, "{fitted}");
    }

    #[test]
    fn one_size_has_no_exponent() {
        assert_eq!(exponent(&[(500.0, 1.0)]), None);
        assert_eq!(exponent(&[(500.0, 1.0), (500.0, 2.0)]), None);
    }
}
