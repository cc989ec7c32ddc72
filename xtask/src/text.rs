//! How things look in the terminal: few colours, and none where nobody sees them.
//!
//! [`anstream`] takes the colours out where the output is no terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Color, Reset, Style};
use std::io::Write;
use std::time::Duration;

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
    // Where nobody listens any more, there is nobody to tell that nobody listens.
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

/// `0.8 ms`, `0.81 s`, `75 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.0} s"),
    }
}

/// How many characters a line has: `COLUMNS` of them, or as many as the terminal has, or 80.
pub(crate) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    said.or_else(seen).unwrap_or(80)
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
    fn counts_and_times_read_well() {
        assert_eq!(
            (count(1, "test"), count(0, "test"), count(2, "match")),
            ("1 test".into(), "0 tests".into(), "2 matches".into())
        );
        let ms = Duration::from_millis;
        assert_eq!(
            (seconds(ms(3)), seconds(ms(810)), seconds(ms(75_400))),
            ("3.0 ms".into(), "0.81 s".into(), "75 s".into())
        );
    }
}
