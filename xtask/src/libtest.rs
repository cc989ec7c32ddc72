//! Reading what Rust's test harness prints, section by section, while it is being printed.
//!
//! With `--test-threads=1 --nocapture` the harness writes, and the tests write in between:
//!
//! ```text
//! test s01_get_data ... (50000, 784)        ← the section's first line follows on the same line
//! ok                                        ← or `FAILED`, or the rest of an unfinished line and then `ok`
//! test s02_look_at_a_digit ... ignored, no terminal
//!
//! test result: ok. 1 passed; 0 failed; 1 ignored; …
//! ```
//!
//! A section may print `ok` itself. So a line that looks like a verdict is held back until the next one
//! shows whether it was one: only the harness goes on with the very test that is due next, or with its result.

use record::{Counts, Failure};
use std::collections::VecDeque;

/// A line that is longer is cut in pieces, so that a section without line ends does not fill the memory.
const LONGEST: usize = 1 << 16;

/// What the harness says about a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Failed,
    Ignored,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Start(String),
    /// A line that a section printed (or, before the first section, the program itself).
    Line(String),
    /// The end of the section that started last.
    End(Verdict),
}

/// Turns the bytes of a test program into events, however they are cut into pieces.
#[derive(Default)]
pub(crate) struct Parser {
    /// The tests to come, in the order in which the harness runs them.
    due: VecDeque<String>,
    running: bool,
    /// What has arrived of a line that is not yet complete.
    unfinished: Vec<u8>,
    /// Whether `unfinished` follows `test … ... ` on the same line.
    after_header: bool,
    /// A line that may be a verdict, and the empty line after it.
    held: Vec<(String, Verdict)>,
    over: bool,
    events: Vec<Event>,
}

impl Parser {
    pub(crate) fn new(tests: &[String]) -> Parser {
        Parser { due: tests.iter().cloned().collect(), ..Parser::default() }
    }

    /// Takes in the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.unfinished.extend_from_slice(bytes);
        while self.header() || self.line() {}
        std::mem::take(&mut self.events)
    }

    /// The program has ended: what is left belongs to the section that did not come to its end.
    pub(crate) fn finish(mut self) -> Vec<Event> {
        self.release();
        if !self.unfinished.is_empty() && !self.over {
            self.events.push(Event::Line(String::from_utf8_lossy(&self.unfinished).into_owned()));
        }
        self.events
    }

    /// Recognises `test NAME ... ` of the test that is due, as soon as it is there.
    fn header(&mut self) -> bool {
        let Some(name) = self.due.front() else { return false };
        if self.after_header || (self.running && self.held.is_empty()) {
            return false;
        }
        let headers = [format!("test {name} ... "), format!("test {name} - should panic ... ")];
        let Some(header) = headers.iter().find(|h| self.unfinished.starts_with(h.as_bytes())) else {
            return false;
        };
        self.unfinished.drain(..header.len());
        self.end();
        self.events.extend(self.due.pop_front().map(Event::Start));
        (self.running, self.after_header) = (true, true);
        true
    }

    fn line(&mut self) -> bool {
        let newline = self.unfinished.iter().take(LONGEST).position(|b| *b == b'\n');
        let Some(end) = newline.or((self.unfinished.len() > LONGEST).then_some(LONGEST)) else {
            return false;
        };
        let line: Vec<u8> = self.unfinished.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string();
        let first = std::mem::take(&mut self.after_header);
        self.sort(line, first);
        true
    }

    /// Decides what a complete line is.
    fn sort(&mut self, line: String, first: bool) {
        if self.over || (!self.running && (line.is_empty() || is_count(&line))) {
            return;
        }
        if self.running && self.due.is_empty() && !self.held.is_empty() {
            match self.held.len() {
                1 if line.is_empty() => return self.held.push((line, Verdict::Ok)),
                2 if line.starts_with("test result: ") || line == "failures:" => {
                    self.end();
                    self.over = true;
                    return;
                }
                _ => {}
            }
        }
        self.release();
        match verdict(&line, first).filter(|_| self.running) {
            Some(verdict) => self.held.push((line, verdict)),
            None => self.events.push(Event::Line(line)),
        }
    }

    /// What was held back was no verdict after all.
    fn release(&mut self) {
        self.events.extend(self.held.drain(..).map(|(line, _)| Event::Line(line)));
    }

    /// What was held back was the verdict, perhaps after an unfinished line of the section's.
    fn end(&mut self) {
        let Some((line, verdict)) = self.held.drain(..).next() else { return };
        let word = if verdict == Verdict::Ok { "ok" } else { "FAILED" };
        let rest = line.strip_suffix(word).unwrap_or_default();
        if !rest.is_empty() {
            self.events.push(Event::Line(rest.into()));
        }
        self.events.push(Event::End(verdict));
        self.running = false;
    }
}

fn verdict(line: &str, first: bool) -> Option<Verdict> {
    match line {
        _ if line.ends_with("FAILED") => Some(Verdict::Failed),
        _ if first && (line == "ignored" || line.starts_with("ignored, ")) => Some(Verdict::Ignored),
        _ if line.ends_with("ok") => Some(Verdict::Ok),
        _ => None,
    }
}

/// `running 12 tests`
fn is_count(line: &str) -> bool {
    line.strip_prefix("running ").is_some_and(|rest| rest.ends_with(" tests") || rest.ends_with(" test"))
}

/// The tests that a program holds, from `--list --format=terse`.
pub(crate) fn listed(output: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.strip_suffix(": test")).map(String::from).collect()
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
pub(crate) fn counts(line: &str) -> Option<Counts> {
    let (_, figures) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let figure = |what| figures.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some(Counts { passed: figure("passed")?, failed: figure("failed")?, ignored: figure("ignored")? })
}

/// Finds the last panic of the section's own thread, or else of any, or else the error that it returned.
pub(crate) fn failure(test: &str, output: &str) -> Option<Failure> {
    let lines: Vec<&str> = output.lines().collect();
    let panics: Vec<usize> = (0..lines.len()).filter(|&i| panic_at(lines[i]).is_some()).collect();
    let own = format!("thread '{test}'");
    let last = panics.iter().rfind(|&&i| lines[i].starts_with(&own)).or(panics.last());
    let Some(&start) = last else {
        let error = lines.iter().rfind(|line| line.starts_with("Error: "))?;
        return Some(Failure { message: (*error).into(), place: None });
    };
    let is_end = |line: &&&str| {
        !line.starts_with("note: ") && **line != "stack backtrace:" && panic_at(line).is_none()
    };
    let message: Vec<&str> = lines[start + 1..].iter().take_while(is_end).copied().collect();
    Some(Failure {
        message: message.join("\n").trim_end().into(),
        place: panic_at(lines[start]).map(String::from),
    })
}

/// `thread 's01_x' (4711) panicked at src/lib.rs:1:2:`
fn panic_at(line: &str) -> Option<&str> {
    line.strip_prefix("thread '")?.split_once("' ")?.1.split_once("panicked at ")?.1.strip_suffix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\nrunning 2 tests\ntest a ... one\nok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n\n";

    fn names(tests: &[&str]) -> Vec<String> {
        tests.iter().map(|t| t.to_string()).collect()
    }

    /// `+a` a start, `-ok` an end, anything else a line; cut into pieces of every size, with one result.
    fn read(tests: &[&str], output: impl AsRef<[u8]>) -> Vec<String> {
        let output = output.as_ref();
        let by = |size: usize| {
            let mut parser = Parser::new(&names(tests));
            let mut events: Vec<Event> = output.chunks(size).flat_map(|piece| parser.feed(piece)).collect();
            events.extend(parser.finish());
            events
        };
        let whole = by(output.len().max(1));
        (1..9).for_each(|size| assert_eq!(by(size), whole, "in pieces of {size}"));
        let shown = |event| match event {
            Event::Start(name) => format!("+{name}"),
            Event::Line(line) => line,
            Event::End(verdict) => format!("-{verdict:?}"),
        };
        whole.into_iter().map(shown).collect()
    }

    #[test]
    fn sections_lines_and_verdicts() {
        assert_eq!(read(&["a", "b"], TWO), ["+a", "one", "-Ok", "+b", "-Ok"]);
    }

    #[test]
    fn a_section_is_known_as_soon_as_its_name_is_printed() {
        let mut parser = Parser::new(&names(&["a", "b"]));
        assert_eq!(parser.feed(b"\nrunning 2 tests\ntest a ... "), [Event::Start("a".into())]);
        assert_eq!(parser.feed(b"hello\n"), [Event::Line("hello".into())]);
        assert_eq!(parser.feed(b"ok\n"), []);
        assert_eq!(parser.feed(b"test b ... "), [Event::End(Verdict::Ok), Event::Start("b".into())]);
    }

    #[test]
    fn a_section_may_say_ok_itself() {
        let output = "test a ... ok\nFAILED\nthis is ok\n\nok\n\nfailures: none\nok\ntest b ... ok\n\nok\n\ntest result: ok. 2 passed; 0 failed\n";
        let lines = [
            "+a",
            "ok",
            "FAILED",
            "this is ok",
            "",
            "ok",
            "",
            "failures: none",
            "-Ok",
            "+b",
            "ok",
            "",
            "-Ok",
        ];
        assert_eq!(read(&["a", "b"], output), lines);
    }

    #[test]
    fn a_section_may_name_the_next_one() {
        let output = "test a ... test b ... \ntest b ... ok\nok\ntest b ... FAILED\n\nfailures:\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed\n";
        assert_eq!(read(&["a", "b"], output), ["+a", "test b ... ", "test b ... ok", "-Ok", "+b", "-Failed"]);
    }

    #[test]
    fn an_unfinished_line_ends_in_the_verdict() {
        let output = "test a ... lookok\ntest b ... 50 %FAILED\n\nfailures:\n";
        assert_eq!(read(&["a", "b"], output), ["+a", "look", "-Ok", "+b", "50 %", "-Failed"]);
    }

    #[test]
    fn ignored_and_panicking_tests() {
        let output = "test a ... ignored, slow\ntest b - should panic ... ok\ntest c ... ignored\n\ntest result: ok. 1 passed\n";
        assert_eq!(read(&["a", "b", "c"], output), ["+a", "-Ignored", "+b", "-Ok", "+c", "-Ignored"]);
        let printed = "test a ... hello\nignored\nok\n\ntest result: ok.\n";
        assert_eq!(read(&["a"], printed), ["+a", "hello", "ignored", "-Ok"]);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let output = format!("test a ... {}\nok\n\ntest result: ok.\n", "x".repeat(3 * LONGEST));
        let mut parser = Parser::new(&names(&["a"]));
        let lines = parser.feed(output.as_bytes()).into_iter().filter_map(|e| match e {
            Event::Line(line) => Some(line.len()),
            _ => None,
        });
        let lines: Vec<usize> = lines.collect();
        assert_eq!((lines.iter().sum::<usize>(), lines.iter().max()), (3 * LONGEST, Some(&(LONGEST + 1))));
    }

    #[test]
    fn what_is_no_utf8_is_shown_as_such() {
        assert_eq!(
            read(&["a"], b"test a ... \xff\xfe!\nok\n\ntest result: ok.\n"),
            ["+a", "\u{fffd}\u{fffd}!", "-Ok"]
        );
    }

    #[test]
    fn a_program_that_dies_leaves_its_section_without_a_verdict() {
        assert_eq!(read(&["a", "b"], "running 2 tests\ntest a ... half a li"), ["+a", "half a li"]);
        assert_eq!(read(&["a"], "test a ... ok\n"), ["+a", "ok"], "it left by itself: no result follows");
        assert_eq!(
            read(&["a"], "error while loading shared libraries\n"),
            ["error while loading shared libraries"]
        );
    }

    #[test]
    fn results_are_counted() {
        let line = "test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(counts(line), Some(Counts { passed: 12, failed: 1, ignored: 2 }));
        assert_eq!(counts("test result: ok"), None);
        assert_eq!(counts("hello"), None);
        assert_eq!(listed("a: test\nm::b: test\nc: benchmark\n\n"), ["a", "m::b"]);
    }

    #[test]
    fn the_message_of_a_panic_is_found() {
        let output = "thread '<unnamed>' (7) panicked at src/x.rs:1:1:\nother\nnote: run with `RUST_BACKTRACE=1`\n\n\
            thread 's01_a' (8) panicked at tests/lesson.rs:10:5:\nleft\n  right\nstack backtrace:\n   0: std\nnote: details\n";
        let found = failure("s01_a", output).unwrap();
        assert_eq!(
            (found.message.as_str(), found.place.as_deref()),
            ("left\n  right", Some("tests/lesson.rs:10:5"))
        );
        assert_eq!(failure("s02_b", output).unwrap().place.as_deref(), Some("tests/lesson.rs:10:5"));
        assert_eq!(failure("a", "hello\nError: \"bad\"\n").unwrap().message, "Error: \"bad\"");
        assert_eq!(failure("a", "hello"), None);
    }
}
