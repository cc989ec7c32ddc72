//! Judging: the learner's crate is built, and each exercise's tests run, every one in a process of its own.

use super::Practice;
use crate::process::{self, End};
use crate::{cargo, libtest};
use anyhow::Result;
use record::Failure;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// How long one test may take: a loop without end is ended.
const LIMIT: Duration = Duration::from_secs(60);

/// What became of one test.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Passed,
    /// It came upon the `todo!` of this exercise.
    Todo(usize),
    /// What it says.
    Failed(String),
}

/// What was found out about one exercise.
pub(super) struct Judged {
    pub(super) number: usize,
    /// `judge`, or the section that said it.
    pub(super) by: String,
    pub(super) verdict: Verdict,
}

/// A test program of a learner's crate.
pub(super) struct Tests {
    program: PathBuf,
    folder: PathBuf,
}

impl Tests {
    /// Builds it; as optimised as ours, for comparing times. `None`: it does not compile, and cargo has said why.
    pub(super) fn build(practice: &Practice<'_>, name: &str, optimised: bool) -> Result<Option<Tests>> {
        let folder = practice.folder.clone();
        let program = cargo::build_test_in(&folder, &practice.workspace.target, name, optimised)?;
        Ok(program.map(|program| Tests { program: program.file, folder }))
    }

    pub(super) fn run(&self, test: &str) -> Result<Verdict> {
        let mut command = Command::new(&self.program);
        command.args(["--exact", test]).current_dir(&self.folder).env_remove("RUST_BACKTRACE");
        let (end, output) = process::listen_to_end(command, LIMIT)?;
        process::go_on()?;
        Ok(match end {
            End::Exit(status) if status.success() && output.contains("1 passed") => Verdict::Passed,
            End::Exit(status) if status.success() => Verdict::Failed(format!("there is no test `{test}`")),
            End::Exit(status) if status.code() == Some(101) => failure(&output, test),
            End::Exit(status) => {
                Verdict::Failed(format!("the program ended with {status}: {}", last_line(&output)))
            }
            End::TimeLimit => Verdict::Failed(format!(
                "it was still running after {} s: is there a loop that does not end?",
                LIMIT.as_secs()
            )),
            End::Interrupt => return Err(process::Interrupted.into()),
        })
    }

    /// Runs a comparison, which prints for itself.
    pub(super) fn show(&self, test: &str) -> Result<bool> {
        let mut command = Command::new(&self.program);
        command
            .args(["--exact", test, "--ignored", "--nocapture", "--format=terse"])
            .current_dir(&self.folder);
        let output = process::output(&mut command)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let noise = |line: &&str| {
            line.starts_with("running ") || line.starts_with("test result") || line.trim() == "."
        };
        text.lines().filter(|line| !noise(line)).for_each(|line| println!("{line}"));
        Ok(output.status.success() && text.contains("1 passed"))
    }
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}

/// A failed test's own words, in what the harness prints; `looks` are no place that helps.
fn failure(output: &str, test: &str) -> Verdict {
    let start = format!("---- {test} stdout ----\n");
    let shown = output.split_once(&start).map_or(output, |(_, rest)| rest);
    let shown = shown.split("\nfailures:\n").next().unwrap_or(shown);
    let Some(Failure { message, place }) = libtest::failure(test, shown) else {
        return Verdict::Failed(shown.trim_end().into());
    };
    match (todo(&message), place.filter(|place| !place.starts_with("tests/looks"))) {
        (Some(number), _) => Verdict::Todo(number),
        (None, Some(place)) => Verdict::Failed(format!("at {place}\n{message}")),
        (None, None) => Verdict::Failed(message),
    }
}

/// The number of the exercise whose `todo!` this is.
fn todo(message: &str) -> Option<usize> {
    let at = message.split_once("not yet implemented: exercise ")?.1;
    at.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_read_from_the_harness() {
        let output = |panic: &str| {
            format!(
                "\nrunning 1 test\ntest a_b ... FAILED\n\nfailures:\n\n---- a_b stdout ----\nprinted\n\n\
                thread 'a_b' (7) panicked at {panic}\nnote: run with `RUST_BACKTRACE=1` …\n\n\nfailures:\n    a_b\n\ntest result: FAILED."
            )
        };
        let failed = |text: &str| Verdict::Failed(text.into());
        let (other, looks) =
            ("tests/lesson.rs:9:5:\nnear:\n1\n2", "tests/looks/mod.rs:9:5:\nloops\nIt looks like");
        assert_eq!(failure(&output(other), "a_b"), failed("at tests/lesson.rs:9:5\nnear:\n1\n2"));
        assert_eq!(failure(&output(looks), "a_b"), failed("loops\nIt looks like"));
        let todo = "src/x.rs:1:1:\nnot yet implemented: exercise 12: a::b, the title";
        assert_eq!(failure(&output(todo), "a_b"), Verdict::Todo(12));
    }
}
