//! How a lesson shows its results: our number with the course's next to it, and a line for each check that could not be
//! made.

use std::fmt::Display;
use std::io::Write;

/// One line of a lesson: what it is and our number, printed with another's as soon as that is given.
///
/// ```
/// use nb00_testing::show;
///
/// // x_train's mean                       0.1304   course: 0.1304
/// show("x_train's mean", format_args!("{:.4}", 0.130_447)).course("0.1304");
/// // ndarray's x.mean()                   0.1308   measured: 0.1308
/// show("ndarray's x.mean()", format_args!("{:.4}", 0.130_82)).measured("0.1308");
/// // E[relu²]                             0.5003   expected: 1/2
/// show("E[relu²]", format_args!("{:.4}", 0.500_3)).expected("1/2");
/// ```
pub fn show(what: &str, ours: impl Display) -> Shown<'_> {
    Shown { what, ours: ours.to_string() }
}

/// A line of [`show`] that waits for the other's number.
#[derive(Debug)]
#[must_use = "the line is printed by `course`, `measured` or `expected`"]
pub struct Shown<'a> {
    what: &'a str,
    ours: String,
}

impl Shown<'_> {
    /// Prints our number and the one that the course printed.
    pub fn course(self, number: impl Display) {
        println!("{}", self.line("course", number));
    }

    /// Prints our number and one that the course never printed: what PyTorch, NumPy or ndarray gave, measured once.
    pub fn measured(self, number: impl Display) {
        println!("{}", self.line("measured", number));
    }

    /// Prints our number and what a formula or an argument gives.
    pub fn expected(self, number: impl Display) {
        println!("{}", self.line("expected", number));
    }

    /// In columns: a name, our number, and another's, with a word that says whose.
    fn line(&self, whose: &str, other: impl Display) -> String {
        let Shown { what, ours } = self;
        format!("{what:<34} {ours:>14}   {whose}: {other}")
    }
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
        let [course, measured] =
            ["course", "measured"].map(|whose| show("x.mean()", 0.13).line(whose, 0.1304));
        assert_eq!(course, "x.mean()                                     0.13   course: 0.1304");
        assert_eq!(measured, course.replace("course", "measured"));
    }
}
