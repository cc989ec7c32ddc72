//! The sections of the lesson, run in order in one process, as a notebook's cells are by one kernel.
//!
//! Where a section ends that process (a crash, the time limit), the sections after it get a fresh one.

use super::show::INDENT;
use super::{Event, Plan, Tell};
use crate::cargo::Program;
use crate::lesson;
use crate::libtest::{self, Parser, Verdict};
use crate::process::{self, End, listen};
use crate::stages::Stage;
use crate::text;
use anyhow::{Result, bail};
use record::{Failure, Section, Status, last};
use std::process::Command;
use std::time::{Duration, Instant};

/// More than this of one section's output is shown, but not kept.
const KEPT: usize = 1 << 20;

/// Of a line of the terminal that a recorded section believes to write to: a page is the same on every machine.
const RECORDED_WIDTH: &str = "80";

pub(super) fn run(stage: &Stage, program: &Program, plan: &Plan, tell: Tell) -> Result<Vec<Section>> {
    let mut names = list(stage, program)?;
    names.retain(|name| plan.only.is_empty() || plan.only.iter().any(|o| last(name).starts_with(o.as_str())));
    let known = lesson::sections(stage)?;
    let section = |test: &String| {
        known.iter().find(|s| s.test == *test).cloned().unwrap_or_else(|| unseen(test, stage))
    };
    let mut notebook =
        Notebook { sections: names.iter().map(section).collect(), next: 0, started: Instant::now(), tell };
    while notebook.next < names.len() {
        let before = notebook.next;
        let end = notebook.rest(stage, program, &names[before..], plan)?;
        if matches!(end, End::Interrupt) || notebook.next == before {
            break;
        }
    }
    Ok(notebook.sections)
}

/// The test program, to be started where `cargo test` would start it. It prints into a pipe, so it has to be told how long
/// a line of the terminal is.
pub(super) fn command(stage: &Stage, program: &Program) -> Command {
    let mut command = Command::new(&program.file);
    command.current_dir(stage.folder()).env("CARGO_MANIFEST_DIR", stage.folder());
    command.env("COLUMNS", text::width().saturating_sub(INDENT.len()).to_string());
    // Its folder is named from where the person is, not from where the program will be.
    if let Some(Ok(folder)) = std::env::var_os("NB_FIGURES").map(std::path::absolute) {
        command.env("NB_FIGURES", folder);
    }
    command
}

fn list(stage: &Stage, program: &Program) -> Result<Vec<String>> {
    let output = process::output(command(stage, program).args(["--list", "--format=terse"]))?;
    if !output.status.success() {
        bail!("{} does not list its tests: {}", program.file.display(), output.status);
    }
    Ok(libtest::listed(&String::from_utf8_lossy(&output.stdout)))
}

/// A section that is not in the sources as a function: a macro made it.
fn unseen(test: &str, stage: &Stage) -> Section {
    let file = stage.lesson().map(|lesson| lesson::shown(&lesson.file, stage)).unwrap_or_default();
    Section { id: last(test).into(), test: test.into(), file, line: 1, ..Section::default() }
}

struct Notebook<'a> {
    sections: Vec<Section>,
    /// The first section that has not started yet.
    next: usize,
    started: Instant,
    tell: Tell<'a>,
}

impl Notebook<'_> {
    /// Runs the sections `names`, or as many as one process gets through.
    fn rest(&mut self, stage: &Stage, program: &Program, names: &[String], plan: &Plan) -> Result<End> {
        let mut parser = Parser::new(names);
        let mut command = command(stage, program);
        command.args(["--exact", "--test-threads=1", "--nocapture", "--color=never"]).args(names);
        if let Some(folder) = plan.figures {
            command.env("NB_FIGURES", folder).env("COLUMNS", RECORDED_WIDTH);
        }
        let before = self.next;
        let end = listen(command, plan.limit, |bytes| {
            let reached = self.next;
            parser.feed(bytes).into_iter().try_for_each(|read| self.take(read))?;
            Ok(self.next > reached)
        })?;
        parser.finish().into_iter().try_for_each(|read| self.take(read))?;
        self.ended(before, &end, plan.limit)?;
        Ok(end)
    }

    fn running(&self, before: usize) -> Option<usize> {
        let current = self.next.checked_sub(1).filter(|&i| i >= before)?;
        (self.sections[current].status == Status::NotRun).then_some(current)
    }

    fn take(&mut self, read: libtest::Event) -> Result<()> {
        match read {
            libtest::Event::Start(_) => self.start(),
            libtest::Event::Line(line) => self.line(&line),
            libtest::Event::End(verdict) => self.end(verdict),
        }
    }

    fn start(&mut self) -> Result<()> {
        (self.started, self.next) = (Instant::now(), self.next + 1);
        (self.tell)(Event::Section(&self.sections[self.next - 1]))
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if let Some(section) = self.next.checked_sub(1).and_then(|i| self.sections.get_mut(i)) {
            section.skipped.extend(line.strip_prefix("skipped: ").map(String::from));
            section.figures.extend(line.strip_prefix("figure: ").map(String::from));
            if section.output.len() < KEPT {
                section.output.push_str(line);
                section.output.push('\n');
            }
        }
        (self.tell)(Event::Line(line))
    }

    fn end(&mut self, verdict: Verdict) -> Result<()> {
        let section = &mut self.sections[self.next - 1];
        section.seconds = self.started.elapsed().as_secs_f64();
        section.status = match verdict {
            Verdict::Ok if section.skipped.is_empty() => Status::Passed,
            Verdict::Ok => Status::Skipped,
            Verdict::Ignored => Status::Ignored,
            Verdict::Failed => Status::Failed,
        };
        if verdict == Verdict::Failed {
            section.failure =
                Some(libtest::failure(&section.test, &section.output).unwrap_or_else(|| silent(section)));
        }
        (self.tell)(Event::SectionDone(section))
    }

    /// The process ended, or was ended: inside a section, before the first, or after the last, which may be as it should be.
    fn ended(&mut self, before: usize, end: &End, limit: Duration) -> Result<()> {
        let inside = self.running(before);
        let Some((status, message)) = self.fault(before, inside, end, limit.as_secs()) else { return Ok(()) };
        let index = inside.unwrap_or(if self.next == before { before } else { self.next - 1 });
        let section = &mut self.sections[index];
        if inside.is_some() {
            section.seconds = self.started.elapsed().as_secs_f64();
        }
        section.status = status;
        let place = inside.map(|_| section.place());
        section.failure = Some(Failure { message, place });
        (self.tell)(Event::SectionDone(section))
    }

    /// What is wrong with that end. `None`: nothing, or it has been told.
    fn fault(&self, before: usize, inside: Option<usize>, end: &End, limit: u64) -> Option<(Status, String)> {
        let good = self.sections[before..self.next].iter().all(|s| s.status.is_good());
        Some(match (end, inside) {
            (End::TimeLimit, Some(_)) => {
                (Status::TimedOut, format!("still running after {limit} s: ended (see --timeout)"))
            }
            (End::Interrupt, Some(_)) => (Status::NotRun, "interrupted".into()),
            (End::Exit(how), Some(_)) => {
                (Status::Died, format!("the section ended the whole test program ({how})"))
            }
            (End::Exit(how), None) if self.next == before => {
                (Status::Died, format!("the test program ended before its first section ({how})"))
            }
            (_, None) if self.next == before => {
                (Status::Died, "the test program did not come to its first section".into())
            }
            (End::Exit(how), None) if good && !how.success() => {
                (Status::Died, format!("after this section the test program ended badly ({how})"))
            }
            (End::TimeLimit, None) if good => (
                Status::TimedOut,
                format!("after this section the test program did not end within {limit} s"),
            ),
            _ => return None,
        })
    }
}

/// A failure without a message: a `#[should_panic]` that did not, for example.
fn silent(section: &Section) -> Failure {
    let message = "the test failed without a message (a test marked `should_panic` has to panic)".into();
    Failure { message, place: Some(section.place()) }
}
