//! How a run looks at the terminal.

use super::Event;
use crate::text::{BAD, FAINT, GOOD, PLAIN, TITLE, WARN, count, folded, width};
use anstyle::Style;
use anyhow::Result;
use record::{Counts, Section, Stage, Status, Suite, time};
use std::io::{IsTerminal, Write};

/// What every line of a section's output begins with.
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
    pub(super) fn print(self, event: Event) -> Result<()> {
        let is_told = self != Show::Progress;
        match event {
            Event::Stage { name, title } => self.say(&format!("{TITLE}━━ {name} ━━ {title}{PLAIN}"))?,
            Event::NotBuilt(name) => {
                self.say(&format!("{BAD}{name} does not compile{PLAIN}: cargo has said why, above"))?;
            }
            Event::Section(s) if is_told => self.say(&format!("\n{}", title(&s.id, &s.title)))?,
            Event::Section(s) => begins(&format!("{}  {}", s.id, s.title)),
            Event::Line(line) if is_told => self.say(&folded(&format!("{INDENT}{line}")))?,
            Event::SectionDone(section) if is_told => self.say(&section_done(section))?,
            Event::SectionDone(_) => ends(),
            Event::SuiteBegins(name) => begins(name),
            Event::Suite(suite) => self.suite(suite)?,
            Event::StageDone(stage) => self.stage_done(stage)?,
            Event::Line(_) | Event::Done([_], _) => {}
            Event::Done(stages, seconds) => self.say(&totals(stages, seconds))?,
        }
        Ok(())
    }

    fn say(self, line: &str) -> Result<()> {
        match self {
            Show::Story => writeln!(anstream::stdout(), "{line}")?,
            Show::Aside | Show::Progress => writeln!(anstream::stderr(), "{line}")?,
        }
        Ok(())
    }

    fn suite(self, suite: &Suite) -> Result<()> {
        ends();
        if !suite.status.is_good() {
            suite.output.lines().try_for_each(|line| self.print(Event::Line(line)))?;
        }
        if suite.status == Status::Passed && suite.counts == Counts::default() {
            return Ok(());
        }
        let (style, counts) = (style(suite.status), suite.counts);
        let more = [(counts.failed, "failed"), (counts.ignored, "ignored"), (suite.skipped.len(), "skipped")];
        let more: String =
            more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
        let word =
            if suite.status.is_good() { String::new() } else { format!("  {BAD}{}{PLAIN}", suite.status) };
        let passed = format!("{style}{:>4} passed{more}{PLAIN}", counts.passed);
        self.say(&format!("{:<24} {passed}  {FAINT}{}{PLAIN}{word}", suite.name, time(suite.seconds)))
    }

    fn stage_done(self, stage: &Stage) -> Result<()> {
        for section in stage.sections.iter().filter(|s| !s.status.is_good()) {
            self.failed(section)?;
        }
        let failed = |s: &Suite| s.counts.failed.max(usize::from(!s.status.is_good()));
        let bad = stage.counts.sections.failed + stage.suites.iter().map(failed).sum::<usize>();
        let skipped = stage.counts.skipped_checks;
        let parts = [
            Some(ran(stage)),
            (bad > 0).then(|| format!("{bad} did not")),
            (skipped > 0).then(|| format!("{} skipped", count(skipped, "check"))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let (style, word) = (style(stage.status), if stage.status.is_good() { "passed" } else { "failed" });
        let (name, parts, time, build) = (&stage.name, parts.join(", "), time(stage.seconds), &stage.build);
        let line = folded(&format!("{name} {word}: {parts}, {time} ({build})"));
        let head = format!("{name} {word}");
        self.say(&format!("{}\n", line.replacen(&head, &format!("{style}{head}{PLAIN}"), 1)))
    }

    fn failed(self, section: &Section) -> Result<()> {
        let Some(failure) = &section.failure else {
            return self.say(&format!("{BAD}{}{PLAIN} was not run", section.id));
        };
        let place = failure.place.clone().unwrap_or_else(|| section.place());
        self.say(&format!("\n{BAD}{} {}{PLAIN} at {place}", section.id, section.status))?;
        failure.message.lines().try_for_each(|line| self.say(&folded(&format!("{INDENT}{line}"))))
    }
}

/// A section's name, which stands out, and its title.
fn title(id: &str, title: &str) -> String {
    folded(&format!("{id}  {title}")).replacen(id, &format!("{TITLE}{id}{PLAIN}"), 1)
}

/// `1 section ran to its end`, `3 sections and 1 test ran to their end`
fn ran(stage: &Stage) -> String {
    let (sections, tests) = (stage.counts.sections, stage.counts.tests.passed);
    let good = sections.passed + sections.skipped;
    let (tests, whose) = match (stage.suites.is_empty(), good) {
        (true, 1) => (String::new(), "its"),
        (true, _) => (String::new(), "their"),
        (false, _) => (format!(" and {}", count(tests, "test")), "their"),
    };
    format!("{}{tests} ran to {whose} end", count(good, "section"))
}

fn section_done(section: &Section) -> String {
    let note = match (&section.failure, section.skipped.len()) {
        (Some(_), _) if section.status == Status::Failed => String::new(),
        (Some(failure), _) => format!(": {}", failure.message),
        (None, 0) => String::new(),
        (None, n) => format!(": {} not made", count(n, "check")),
    };
    let (style, status) = (style(section.status), section.status);
    format!("  {style}{status}{PLAIN}{note}  {FAINT}{}{PLAIN}", time(section.seconds))
}

/// The last line, where there was more than one stage.
fn totals(stages: &[Stage], seconds: f64) -> String {
    let bad = stages.iter().filter(|s| !s.status.is_good()).map(|s| s.name.as_str());
    let bad = bad.collect::<Vec<_>>().join(", ");
    let skipped: usize = stages.iter().map(|s| s.counts.skipped_checks).sum();
    let skipped = if skipped > 0 { format!(", {} skipped", count(skipped, "check")) } else { String::new() };
    let what = match bad.as_str() {
        "" => format!("{GOOD}{} passed{PLAIN}", count(stages.len(), "stage")),
        bad => format!("{BAD}failed{PLAIN}: {bad}"),
    };
    format!("{what}{skipped}, {}", time(seconds))
}

/// Says on a terminal what is being waited for.
fn begins(what: &str) {
    if std::io::stderr().is_terminal() {
        let line = format!("{what} …");
        let line = console::truncate_str(&line, free_columns(), "…");
        let _ = write!(anstream::stderr(), "{FAINT}{line}{PLAIN}");
    }
}

/// Takes back what [`begins`] said, with blanks: every terminal knows those.
fn ends() {
    if std::io::stderr().is_terminal() {
        let _ = write!(anstream::stderr(), "\r{:1$}\r", "", free_columns());
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
