//! How a run looks at the terminal.

use crate::libtest::Counts;
use crate::record::{Section, Stage, Status, Suite};
use crate::stages;
use crate::text::{BAD, FAINT, GOOD, PLAIN, TITLE, WARN, count, cut, seconds, width};
use anstyle::Style;
use anyhow::Result;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// What stands before every line of a section's output.
pub(super) const INDENT: &str = "    ";

/// How much of a run's story is told, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// All of it is the result.
    Story,
    /// All of it, on standard error: the result is a JSON document.
    Aside,
    /// How far it is, and what failed: the result is a book.
    Progress,
}

impl Show {
    fn print(&self, line: &str) -> Result<()> {
        match self {
            Show::Story => writeln!(anstream::stdout(), "{line}")?,
            Show::Aside | Show::Progress => writeln!(anstream::stderr(), "{line}")?,
        }
        Ok(())
    }

    pub(super) fn stage(&self, name: &str, title: &str) -> Result<()> {
        self.print(&format!("{TITLE}━━ {name} ━━ {title}{PLAIN}"))
    }

    pub(super) fn not_built(&self, stage: &stages::Stage) -> Result<()> {
        self.print(&format!("{BAD}{} does not compile{PLAIN}: cargo has said why, above", stage.name()))
    }

    pub(super) fn section(&self, section: &Section) -> Result<()> {
        if *self == Show::Progress {
            self.begins(&format!("{}  {}", section.id, section.title));
            return Ok(());
        }
        self.print(&format!("\n{TITLE}{}{PLAIN}  {}", section.id, section.title))
    }

    pub(super) fn line(&self, line: &str) -> Result<()> {
        if *self == Show::Progress {
            return Ok(());
        }
        self.print(&format!("{INDENT}{line}"))
    }

    pub(super) fn section_done(&self, section: &Section) -> Result<()> {
        if *self == Show::Progress {
            self.ends();
            return Ok(());
        }
        let (style, time) = (style(section.status), seconds(section.time));
        let note = match (&section.failure, section.skipped.len()) {
            (Some(_), _) if section.status == Status::Failed => String::new(),
            (Some(failure), _) => format!(": {}", failure.message),
            (None, 0) => String::new(),
            (None, n) => format!(": {} not made", count(n, "check")),
        };
        self.print(&format!("  {style}{}{PLAIN}{note}  {FAINT}{time}{PLAIN}", section.status.word()))
    }

    /// Says on a terminal what is being waited for.
    pub(super) fn begins(&self, suite: &str) {
        if std::io::stderr().is_terminal() {
            let line = cut(&format!("{suite} …"), free_columns());
            let _ = write!(anstream::stderr(), "{FAINT}{line}{PLAIN}");
        }
    }

    /// Takes back what [`Show::begins`] said, with blanks: every terminal knows those.
    fn ends(&self) {
        if std::io::stderr().is_terminal() {
            let _ = write!(anstream::stderr(), "\r{:1$}\r", "", free_columns());
        }
    }

    pub(super) fn suite(&self, suite: &Suite) -> Result<()> {
        self.ends();
        if !suite.status.is_good() {
            suite.output.lines().try_for_each(|line| self.line(line))?;
        }
        if suite.status == Status::Passed && suite.counts == Counts::default() {
            return Ok(());
        }
        let (style, counts, time) = (style(suite.status), suite.counts, seconds(suite.time));
        let more = [(counts.failed, "failed"), (counts.ignored, "ignored"), (suite.skipped.len(), "skipped")];
        let more: String =
            more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
        let word = if suite.status.is_good() {
            String::new()
        } else {
            format!("  {BAD}{}{PLAIN}", suite.status.word())
        };
        let passed = format!("{style}{:>4} passed{more}{PLAIN}", counts.passed);
        self.print(&format!("{:<24} {passed}  {FAINT}{time}{PLAIN}{word}", suite.name))
    }

    pub(super) fn stage_done(&self, stage: &Stage) -> Result<()> {
        for section in stage.sections.iter().filter(|s| !s.status.is_good()) {
            self.failed(section)?;
        }
        let (status, time) = (stage.status(), seconds(stage.time));
        let tests: usize = stage.suites.iter().map(|s| s.counts.passed).sum();
        let bad = stage.sections.iter().filter(|s| !s.status.is_good()).count()
            + stage
                .suites
                .iter()
                .map(|s| s.counts.failed.max(usize::from(!s.status.is_good())))
                .sum::<usize>();
        let good =
            stage.sections.iter().filter(|s| matches!(s.status, Status::Passed | Status::Skipped)).count();
        let tests =
            if stage.suites.is_empty() { String::new() } else { format!(" and {}", count(tests, "test")) };
        let parts = [
            Some(format!("{}{tests} ran to their end", count(good, "section"))),
            (bad > 0).then(|| format!("{bad} did not")),
            (stage.skipped() > 0).then(|| format!("{} skipped", count(stage.skipped(), "check"))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let (style, word) = (style(status), if status.is_good() { "passed" } else { "failed" });
        self.print(&format!(
            "{style}{} {word}{PLAIN}: {}, {time} ({})\n",
            stage.name,
            parts.join(", "),
            stage.build
        ))
    }

    fn failed(&self, section: &Section) -> Result<()> {
        let Some(failure) = &section.failure else {
            return self.print(&format!("{BAD}{}{PLAIN} was not run", section.id));
        };
        let place = failure.place.clone().unwrap_or_else(|| format!("{}:{}", section.file, section.line));
        self.print(&format!("\n{BAD}{} {}{PLAIN} at {place}", section.id, section.status.word()))?;
        failure.message.lines().try_for_each(|line| self.print(&format!("{INDENT}{line}")))
    }

    /// The last line, where there was more than one stage.
    pub(super) fn totals(&self, stages: &[Stage], time: Duration) -> Result<()> {
        let bad: Vec<&str> =
            stages.iter().filter(|s| !s.status().is_good()).map(|s| s.name.as_str()).collect();
        let skipped: usize = stages.iter().map(Stage::skipped).sum();
        let skipped =
            if skipped > 0 { format!(", {} skipped", count(skipped, "check")) } else { String::new() };
        match (&bad[..], stages.len()) {
            (_, 1) => Ok(()),
            ([], n) => {
                self.print(&format!("{GOOD}{} passed{PLAIN}{skipped}, {}", count(n, "stage"), seconds(time)))
            }
            (bad, _) => {
                self.print(&format!("{BAD}failed{PLAIN}: {}{skipped}, {}", bad.join(", "), seconds(time)))
            }
        }
    }
}

/// All but the last, as a terminal may begin a new line behind that one.
fn free_columns() -> usize {
    width().saturating_sub(1)
}

fn style(status: Status) -> Style {
    match status {
        Status::Passed => GOOD,
        Status::Skipped | Status::Ignored => WARN,
        _ => BAD,
    }
}
