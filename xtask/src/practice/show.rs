//! What a learner sees: where they are, what a test says, and the same as JSON for editors.

use super::exercises::{self, Exercise};
use super::judge::{Judged, Verdict};
use super::{Options, Practice, progress};
use crate::stages::Workspace;
use crate::text::{BAD, FAINT, GOOD, PLAIN, TITLE, WARN, say};
use crate::{lesson, usage};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, ExitCode};

/// One line of progress on standard error.
pub(super) fn line(text: &str) {
    say(&format!("{FAINT}{text}{PLAIN}"));
}

/// Where one is in each of these.
pub(super) fn overview(all: &[Practice<'_>], workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.json {
        let all = all.iter().map(|practice| document(practice, None)).collect::<Result<Vec<_>>>()?;
        writeln!(anstream::stdout(), "{:#}", Value::from(all))?;
        return Ok(ExitCode::SUCCESS);
    }
    all.iter().try_for_each(table)?;
    match (all.last(), &options.editor) {
        (None, _) => begin(workspace)?,
        (Some(practice), Some(editor)) => open(editor, practice, practice.exercise(None)?)?,
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// How to begin.
fn begin(workspace: &Workspace) -> Result<()> {
    let mut out = anstream::stdout();
    writeln!(out, "nothing is practised yet; there are exercises in")?;
    for stage in workspace.stages.iter().filter(|s| exercises::has(s)) {
        let (name, title, n) = (stage.id.short(), lesson::title(stage), exercises::read(stage)?.all.len());
        writeln!(out, "  cargo xtask practice {name:<6} {n:>3} exercises   {title}")?;
    }
    Ok(())
}

/// A stage's exercises, what is done, and the next one with its place.
fn table(practice: &Practice<'_>) -> Result<()> {
    let mut out = anstream::stdout();
    let all = &practice.exercises.all;
    let width = all.iter().map(|e| e.function.chars().count()).max().unwrap_or(0);
    writeln!(out, "{TITLE}{}{PLAIN}  {}", lesson::title(practice.stage), bar(practice))?;
    for exercise in all {
        let (sign, number, function) = (sign(practice, exercise), exercise.number, &exercise.function);
        writeln!(out, "{sign} {number:>2} {function:<width$}  {FAINT}{}{PLAIN}", exercise.title)?;
    }
    writeln!(out, "{}", next(practice)?)?;
    if !practice.progress.judged.is_empty() && practice.progress.judged != practice.fingerprint() {
        line("the sources have changed since: cargo xtask practice try judges them");
    }
    if practice.progress.made_from != progress::fingerprint(&practice.stage.folder().join("src")) {
        let name = practice.stage.name();
        line(&format!(
            "{name} itself has changed since: cargo xtask practice reset {name} makes a new folder and keeps this one"
        ));
    }
    Ok(())
}

/// What to do next.
fn next(practice: &Practice<'_>) -> Result<String> {
    let Some(next) = practice.next() else {
        let name = practice.stage.name();
        let compare = format!("cargo xtask practice compare {name} 1 shows yours beside ours");
        return Ok(format!("{GOOD}all are done{PLAIN}: {compare}"));
    };
    Ok(format!("next: {}", place(practice, next)?))
}

fn bar(practice: &Practice<'_>) -> String {
    const WIDTH: usize = 20;
    let (done, all) = (practice.progress.done.len(), practice.exercises.all.len());
    let full = (done * WIDTH).checked_div(all).unwrap_or(0);
    format!("{}{} {done} of {all} done", "#".repeat(full), ".".repeat(WIDTH - full))
}

fn sign(practice: &Practice<'_>, exercise: &Exercise) -> String {
    let number = exercise.number;
    match practice.next().map(|e| e.number) {
        _ if practice.progress.done.contains(&number) => format!("{GOOD}ok{PLAIN}"),
        Some(next) if next == number => format!("{WARN}->{PLAIN}"),
        _ => "  ".into(),
    }
}

/// `exercise 3: ladder::broadcast, … at practice/nb01_matmul/src/ladder/mod.rs:146`
fn place(practice: &Practice<'_>, exercise: &Exercise) -> Result<String> {
    let (file, line) = practice.file_and_line(exercise)?;
    let (number, function, file) = (exercise.number, &exercise.function, practice.workspace.relative(&file));
    Ok(format!("exercise {number}, {function}: {file}:{line}"))
}

/// What the judgement of one exercise says.
pub(super) fn judged(
    practice: &Practice<'_>,
    focus: &Exercise,
    judged: &Judged,
    broken: &[usize],
    options: &Options,
) -> Result<()> {
    let mut out = anstream::stdout();
    if options.json {
        writeln!(out, "{:#}", document(practice, Some(judged))?)?;
        return Ok(());
    }
    for number in broken.iter().filter(|n| **n != focus.number) {
        let again = practice.exercise(Some(*number))?;
        writeln!(out, "{BAD}broken again{PLAIN}: exercise {number}, {}", again.function)?;
    }
    let what = format!("exercise {}, {}", focus.number, focus.function);
    match &judged.verdict {
        Verdict::Passed => passed(practice, focus, &what)?,
        Verdict::Todo(number) if *number == focus.number => {
            writeln!(out, "{WARN}to do{PLAIN}: {}", place(practice, focus)?)?;
            writeln!(out, "{FAINT}{}; cargo xtask practice hint helps{PLAIN}", focus.title)?;
        }
        Verdict::Todo(number) => writeln!(out, "{WARN}waits{PLAIN}: {what} needs exercise {number} first")?,
        Verdict::Failed(message) => {
            let by =
                if judged.by == "judge" { String::new() } else { format!(", says section {}", judged.by) };
            writeln!(out, "{BAD}not yet{PLAIN}: {what}{by}")?;
            for line in message.lines() {
                let style = if line.starts_with("It looks like") {
                    format!("{WARN}{line}{PLAIN}")
                } else {
                    line.into()
                };
                writeln!(out, "  {style}")?;
            }
        }
    }
    Ok(())
}

fn passed(practice: &Practice<'_>, focus: &Exercise, what: &str) -> Result<()> {
    const WORDS: [&str; 5] = ["right", "that is it", "well done", "yes", "correct"];
    let mut out = anstream::stdout();
    writeln!(out, "{GOOD}{}{PLAIN}: {what}   {}", WORDS[focus.number % WORDS.len()], bar(practice))?;
    if let Some(sections) = practice.progress.waiting.get(&focus.number) {
        writeln!(
            out,
            "{FAINT}{} of the lesson needs another exercise, too, and is tried again then{PLAIN}",
            sections.join(", ")
        )?;
    }
    Ok(writeln!(out, "{}", next(practice)?)?)
}

/// What has to be put right before anything can be judged.
pub(super) fn problem(practice: &Practice<'_>, problem: &str, as_json: bool) -> Result<()> {
    if as_json {
        let mut found = document(practice, None)?;
        found["problem"] = problem.into();
        return Ok(writeln!(anstream::stdout(), "{found:#}")?);
    }
    Ok(writeln!(anstream::stdout(), "{BAD}not yet{PLAIN}: {problem}")?)
}

/// Everything for an editor.
fn document(practice: &Practice<'_>, judged: Option<&Judged>) -> Result<Value> {
    let exercise = |e: &Exercise| -> Result<Value> {
        let (file, line) = practice.file_and_line(e)?;
        Ok(json!({
            "number": e.number, "function": e.function, "title": e.title, "file": file, "line": line,
            "done": practice.progress.done.contains(&e.number), "judge": e.judge(), "sections": e.sections,
            "hints_shown": practice.progress.hints.get(&e.number).unwrap_or(&0), "hints": e.hints.len(),
        }))
    };
    let verdict = judged.map(|judged| {
        let (verdict, message) = match &judged.verdict {
            Verdict::Passed => ("passed", None),
            Verdict::Todo(_) => ("todo", None),
            Verdict::Failed(message) => ("failed", Some(message)),
        };
        json!({ "exercise": judged.number, "by": judged.by, "verdict": verdict, "message": message })
    });
    Ok(json!({
        "stage": practice.stage.name(), "folder": practice.folder, "next": practice.next().map(|e| e.number),
        "exercises": practice.exercises.all.iter().map(exercise).collect::<Result<Vec<_>>>()?, "judged": verdict,
    }))
}

/// Opens an exercise's file at its line, and does not wait for the editor.
pub(super) fn open(editor: &str, practice: &Practice<'_>, exercise: &Exercise) -> Result<()> {
    let (file, line) = practice.file_and_line(exercise)?;
    let file = file.display().to_string();
    let mut words: Vec<String> = editor.split_whitespace().map(String::from).collect();
    if words.is_empty() {
        bail!(usage("--editor needs a command"));
    }
    if editor.contains("{file}") {
        let line = line.to_string();
        words.iter_mut().for_each(|word| *word = word.replace("{file}", &file).replace("{line}", &line));
    } else {
        words.push(format!("{file}:{line}"));
    }
    let started = Command::new(&words[0]).args(&words[1..]).spawn();
    started.map(drop).with_context(|| format!("the editor {} does not start", words[0]))
}
