//! What a stage has besides its lesson: unit tests, integration tests, and the examples of its documentation.

use super::notebook::command;
use super::{Event, Plan, Tell};
use crate::cargo::{Build, Program};
use crate::libtest::counts;
use crate::process::{End, cargo, interrupted, listen_to_end};
use crate::stages::Stage;
use anyhow::Result;
use record::{Counts, Status, Suite};
use std::process::Command;
use std::time::{Duration, Instant};

pub(super) fn run(stage: &Stage, programs: &[&Program], plan: &Plan, tell: Tell) -> Result<Vec<Suite>> {
    let named = |p: &&Program| match p.kind.as_str() {
        "lib" => Some("unit tests".to_string()),
        "test" if p.name != "lesson" => Some(format!("tests/{}.rs", p.name)),
        _ => None,
    };
    let mut todo: Vec<(String, Command)> =
        programs.iter().filter_map(|p| Some((named(p)?, command(stage, p)))).collect();
    todo.sort_by_key(|(name, _)| name != "unit tests");
    todo.push(("doc tests".into(), doc_tests(stage, plan.build)));
    let mut suites = vec![];
    for (name, command) in todo {
        if interrupted() {
            break;
        }
        tell(Event::SuiteBegins(&name))?;
        let suite = one(name, command, plan.limit)?;
        tell(Event::Suite(&suite))?;
        suites.push(suite);
    }
    Ok(suites)
}

/// Only cargo knows how to run these.
fn doc_tests(stage: &Stage, build: Build) -> Command {
    let mut command = cargo();
    command.args(["test", "--doc"]).args(build.flags(&[stage]));
    command
}

fn one(name: String, command: Command, limit: Duration) -> Result<Suite> {
    let start = Instant::now();
    let (end, mut output) = listen_to_end(command, limit)?;
    let skipped: Vec<String> =
        output.lines().filter_map(|l| l.strip_prefix("skipped: ")).map(String::from).collect();
    let status = match &end {
        End::Exit(status) if status.success() && skipped.is_empty() => Status::Passed,
        End::Exit(status) if status.success() => Status::Skipped,
        End::Exit(_) => Status::Failed,
        End::TimeLimit => Status::TimedOut,
        End::Interrupt => Status::NotRun,
    };
    if status == Status::TimedOut {
        output.push_str(&format!("\nstill running after {} s: ended (see --timeout)\n", limit.as_secs()));
    }
    Ok(Suite {
        counts: total(&output, &name),
        name,
        status,
        seconds: start.elapsed().as_secs_f64(),
        skipped,
        output,
    })
}

/// The last result of a program; for the doc tests, which are several programs, the sum.
fn total(output: &str, name: &str) -> Counts {
    let found: Vec<Counts> = output.lines().filter_map(counts).collect();
    match found[..] {
        [.., last] if name != "doc tests" => last,
        _ => found.into_iter().fold(Counts::default(), |a, b| a + b),
    }
}
