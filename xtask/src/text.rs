//! How things look in the terminal: few colours, and none where nobody sees them.
//!
//! [`anstream`] takes the colours out where the output is no terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Color, Reset, Style};
use std::io::Write;

pub(crate) const PLAIN: Reset = Reset;
pub(crate) const TITLE: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = colour(AnsiColor::Green);
pub(crate) const WARN: Style = colour(AnsiColor::Yellow);
pub(crate) const BAD: Style = colour(AnsiColor::Red).bold();

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

/// One line for the person at the terminal, on standard error; results go to standard output.
pub(crate) fn say(line: &str) {
    // An error about standard error cannot be shown there.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// `3 tests`, `1 test`, `2 matches`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let ending = match what {
        _ if n == 1 => "",
        what if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{n} {what}{ending}")
}

/// How many characters a line has: `COLUMNS` of them, or as many as the terminal has, or 80.
pub(crate) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let seen = || console::Term::stdout().size_checked().or_else(|| console::Term::stderr().size_checked());
    said.or_else(|| seen().map(|(_, width)| width.into())).unwrap_or(80)
}

/// The line, or as much of it as has room.
pub(crate) fn cut(line: &str, room: usize) -> String {
    match line.chars().count() > room {
        true => line.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
        false => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_has_no_room() {
        assert_eq!([cut("é …", 3), cut("é …", 2), cut("é …", 0)], ["é …", "é…", "…"]);
    }

    #[test]
    fn counts_read_well() {
        let counts = [count(1, "test"), count(0, "test"), count(2, "match")];
        assert_eq!(counts, ["1 test", "0 tests", "2 matches"]);
    }
}
