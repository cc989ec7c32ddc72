//! Hints, our solution, and the learner's beside ours.

use super::exercises::{Exercise, judge_file};
use super::judge::Tests;
use super::{Practice, body};
use crate::files;
use crate::text::{FAINT, PLAIN, TITLE, WARN};
use anyhow::{Context, Result};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Shows the hints until now and one more.
pub(super) fn hint(practice: &mut Practice<'_>, number: Option<usize>) -> Result<ExitCode> {
    let exercise = practice.exercise(number)?.clone();
    let shown = practice.progress.hints.entry(exercise.number).or_default();
    *shown = (*shown + 1).min(exercise.hints.len());
    let shown = *shown;
    let mut out = anstream::stdout();
    writeln!(out, "{TITLE}exercise {}, {}{PLAIN}: {}", exercise.number, exercise.function, exercise.title)?;
    for (hint, n) in exercise.hints.iter().zip(1..=shown) {
        let style = if n == shown { String::new() } else { FAINT.to_string() };
        writeln!(out, "{style}{n}. {}{PLAIN}", hint.replace('\n', "\n   "))?;
    }
    let rest = exercise.hints.len() - shown;
    let more =
        if rest == 0 { "cargo xtask practice solution shows ours".into() } else { format!("{rest} more") };
    writeln!(out, "{FAINT}({more}){PLAIN}")?;
    // A folder that cannot be written to still has its hints.
    if let Err(e) = practice.progress.write(&practice.folder) {
        super::show::line(&format!("{e:#}: the hint is not remembered"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the finished function with its documentation, which says why.
pub(super) fn solution(practice: &Practice<'_>, number: Option<usize>, yes: bool) -> Result<ExitCode> {
    let exercise = practice.exercise(number)?;
    let mut out = anstream::stdout();
    if !yes && !agreed(exercise)? {
        writeln!(out, "not shown; cargo xtask practice hint shows a little")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", source(practice, exercise, practice.stage.folder())?)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks at the terminal; without a terminal the answer is no.
fn agreed(exercise: &Exercise) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        super::show::line("without a terminal there is no question: --yes shows it");
        return Ok(false);
    }
    let mut out = anstream::stdout();
    write!(out, "Show the solution of exercise {}, {}? (y/N) ", exercise.number, exercise.function)?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

/// Both sources, and what the comparison in `practice/judge.rs` prints, if there is one.
pub(super) fn compare(practice: &Practice<'_>, number: Option<usize>) -> Result<ExitCode> {
    let exercise = practice.exercise(number)?;
    let mut out = anstream::stdout();
    for (whose, folder) in [("yours", practice.folder.as_path()), ("ours", practice.stage.folder())] {
        writeln!(out, "{TITLE}── {whose}{PLAIN}\n{}\n", code(practice, exercise, folder)?)?;
    }
    // Ours is optimised, so yours has to be as well.
    let name = format!("compare_{}", exercise.judge());
    if !files::read(&judge_file(practice.stage))?.contains(&format!("fn {name}()")) {
        return Ok(ExitCode::SUCCESS);
    }
    let Some(tests) = Tests::build(practice, "judge", true)? else {
        return Ok(ExitCode::FAILURE);
    };
    if tests.show(&name)? {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "{WARN}not measured{PLAIN}: yours has to be right first: cargo xtask practice try {}",
        exercise.number
    )?;
    Ok(ExitCode::FAILURE)
}

/// The function with its documentation, from the crate of that folder.
fn source(practice: &Practice<'_>, exercise: &Exercise, of: &Path) -> Result<String> {
    let (file, name) = practice.place(exercise)?;
    let text = files::read(&of.join(file))?;
    let function =
        body::find(&text, &name)?.with_context(|| format!("{} is not there", exercise.function))?;
    let indent = text[..function.whole.start].rsplit('\n').next().unwrap_or_default();
    Ok(format!("{indent}{}", &text[function.whole]))
}

/// The function without its documentation.
fn code(practice: &Practice<'_>, exercise: &Exercise, of: &Path) -> Result<String> {
    let source = source(practice, exercise, of)?;
    let is_doc = |line: &&str| line.trim_start().starts_with("///");
    Ok(source.lines().filter(|line| !is_doc(line)).collect::<Vec<_>>().join("\n"))
}
