//! How things look in the terminal: few colours, and none where the output is no terminal.
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
    known_width().unwrap_or(80)
}

/// `None`: there is no terminal, and `COLUMNS` is not set.
fn known_width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let seen = || console::Term::stdout().size_checked().or_else(|| console::Term::stderr().size_checked());
    said.or_else(|| seen().map(|(_, width)| width.into()))
}

/// The line folded to the terminal's width, where that is known: a file or a pipe gets it as it is.
pub(crate) fn folded(line: &str) -> String {
    match known_width() {
        Some(width) => fold(line, width.max(20)).join("\n"),
        None => line.into(),
    }
}

/// The line in pieces of at most `room` characters, broken between columns or else between words. What follows begins
/// four characters further in than the line. A word that is too long for a line is cut.
fn fold(line: &str, room: usize) -> Vec<String> {
    let hang = " ".repeat((indent(line) + 4).min(room / 2));
    let (mut pieces, mut rest) = (vec![], line.trim_end().to_string());
    while rest.chars().count() > room {
        let at = break_of(&rest, room);
        pieces.push(rest[..at].trim_end().to_string());
        rest = format!("{hang}{}", rest[at..].trim_start());
    }
    pieces.push(rest);
    pieces
}

/// Where to break: at the last column that begins in the second half of the room, else at the last blank.
fn break_of(line: &str, room: usize) -> usize {
    let end = line.char_indices().nth(room).map_or(line.len(), |(at, _)| at);
    let from = line.char_indices().nth(room / 2).map_or(end, |(at, _)| at);
    let inside = |at: &usize| *at > indent(line);
    let column = line[from..end].rfind("   ").map(|at| from + at);
    let blank =
        || line[..end].rfind(' ').filter(inside).or_else(|| line[end..].starts_with(' ').then_some(end));
    column.filter(inside).or_else(blank).unwrap_or(end)
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| *c == ' ').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_between_columns_and_else_between_words() {
        let line = "x_train.mean(), .std()                0.1304 / 0.3073   course: 0.1304 / 0.3073";
        assert_eq!(
            fold(line, 60),
            ["x_train.mean(), .std()                0.1304 / 0.3073", "    course: 0.1304 / 0.3073"]
        );
        assert_eq!(fold("one two three four five", 12), ["one two", "    three", "    four", "    five"]);
        assert_eq!(
            fold("  é longer-than-a-line", 10),
            ["  é", "     longe", "     r-tha", "     n-a-l", "     ine"]
        );
        assert_eq!([fold("short", 60), fold("", 60)], [["short"], [""]]);
    }

    #[test]
    fn nothing_is_wider_than_its_room_and_nothing_is_lost() {
        let lines = [
            "a b",
            "   ",
            "  ▁▂▃ |▁▂▃| 0.1 ± 0.2   course: x",
            "word   word   a-word-of-twenty-letters   ‖g‖",
        ];
        for line in lines {
            for room in 10..60 {
                let pieces = fold(line, room);
                assert!(pieces.iter().all(|p| p.chars().count() <= room), "{room}: {pieces:?}");
                let text = |line: &str| line.split_whitespace().collect::<String>();
                assert_eq!(text(&pieces.concat()), text(line), "{room}");
            }
        }
    }

    #[test]
    fn counts_read_well() {
        let counts = [count(1, "test"), count(0, "test"), count(2, "match")];
        assert_eq!(counts, ["1 test", "0 tests", "2 matches"]);
    }
}
