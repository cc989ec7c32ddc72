//! How a lesson test shows its result: beside the course's, and honest about what it could not check.

use std::fmt::Display;
use std::io::Write;

/// Prints one line of a lesson: what it is, our number, and the course's number for it.
///
/// ```
/// // x_train's mean                       0.1304   course: 0.1304
/// nb00_testing::beside("x_train's mean", format_args!("{:.4}", 0.130_447), "0.1304");
/// ```
pub fn beside(what: &str, ours: impl Display, course: impl Display) {
    let ours = ours.to_string();
    println!("{what:<34} {ours:>14}   course: {course}");
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
