//! How a lesson shows its results: our number with the course's beside it, and a line for each check that could not be
//! made.

use std::fmt::Display;
use std::io::Write;

/// Prints one line of a lesson: what it is, our number, and the course's number for it.
///
/// ```
/// // x_train's mean                       0.1304   course: 0.1304
/// nb00_testing::beside("x_train's mean", format_args!("{:.4}", 0.130_447), "0.1304");
/// ```
pub fn beside(what: &str, ours: impl Display, course: impl Display) {
    println!("{}", line(what, ours, "course", course));
}

/// The same beside a number that the course never printed: what PyTorch, NumPy or ndarray gave, measured once.
///
/// ```
/// // ndarray's x.mean()                   0.1308   measured: 0.1308
/// nb00_testing::beside_measured("ndarray's x.mean()", format_args!("{:.4}", 0.130_82), "0.1308");
/// ```
pub fn beside_measured(what: &str, ours: impl Display, measured: impl Display) {
    println!("{}", line(what, ours, "measured", measured));
}

/// The same beside what a formula gives, or an argument: nobody printed it.
///
/// ```
/// // E[relu²]                             0.5003   expected: 1/2
/// nb00_testing::beside_expected("E[relu²]", format_args!("{:.4}", 0.500_3), "1/2");
/// ```
pub fn beside_expected(what: &str, ours: impl Display, expected: impl Display) {
    println!("{}", line(what, ours, "expected", expected));
}

/// In columns: a name, our number, and another's, with a word that says whose.
fn line(what: &str, ours: impl Display, whose: &str, other: impl Display) -> String {
    let ours = ours.to_string(); // padded as a whole, whatever it is
    format!("{what:<34} {ours:>14}   {whose}: {other}")
}

/// Says that a check was not made, and why: to the terminal itself, since a passing test's prints are hidden.
///
/// `cargo xtask run` counts these lines, so nothing that was skipped is reported as passed.
///
/// ```
/// nb00_testing::skip("MNIST's mean", "there is no MNIST here: cargo xtask data get");
/// ```
pub fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what} ({why})\n");
    // A closed standard error is no reason to fail a test that had nothing to check.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_says_whose_number_it_is() {
        let [course, measured] = ["course", "measured"].map(|whose| line("x.mean()", 0.13, whose, 0.1304));
        assert_eq!(course, "x.mean()                                     0.13   course: 0.1304");
        assert_eq!(measured, course.replace("course", "measured"));
    }
}
