//! One judgement: the signatures first, then every exercise's judge, then the sections of those that pass anew.

use super::body;
use super::exercises::Exercise;
use super::judge::{Judged, Tests, Verdict};
use super::{Options, Practice, show};
use crate::files;
use anyhow::Result;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Judges the exercise with this number, or the next one; and all others with it, so that one that broke again is seen.
pub(super) fn once(
    practice: &mut Practice<'_>,
    number: Option<usize>,
    options: &Options,
) -> Result<ExitCode> {
    let before = practice.progress.done.clone();
    let focus = practice.exercise(number)?.clone();
    let Some(judged) = all(practice, &focus, options.json)? else { return Ok(ExitCode::FAILURE) };
    let broken: Vec<usize> = before.difference(&practice.progress.done).copied().collect();
    show::judged(practice, &focus, &judged, &broken, options)?;
    let passed = practice.progress.done.contains(&focus.number) && broken.is_empty();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges, and writes down what is done. `None`: it does not compile, or a signature is not the lesson's.
pub(super) fn all(practice: &mut Practice<'_>, focus: &Exercise, quiet: bool) -> Result<Option<Judged>> {
    if let Some(problem) = changed(practice)? {
        show::problem(practice, &problem, quiet)?;
        return Ok(None);
    }
    let fingerprint = practice.fingerprint();
    let Some(judges) = Tests::build(practice, "judge", false)? else {
        show::problem(practice, "it does not compile yet; the compiler says why above", quiet)?;
        return Ok(None);
    };
    let mut verdicts = BTreeMap::new();
    for exercise in &practice.exercises.all {
        verdicts.insert(exercise.number, judges.run(&exercise.judge())?);
    }
    let failed = sections(practice, &verdicts, focus, quiet)?;
    practice.progress.judged = fingerprint;
    practice.progress.write(&practice.folder)?;
    let judge = |verdict| Judged { number: focus.number, by: "judge".into(), verdict };
    Ok(failed.or(verdicts.remove(&focus.number).map(judge)))
}

/// Runs the lesson's sections for those that pass anew, and for those that waited. The first failure of `focus`.
fn sections(
    practice: &mut Practice<'_>,
    verdicts: &BTreeMap<usize, Verdict>,
    focus: &Exercise,
    quiet: bool,
) -> Result<Option<Judged>> {
    let passes = |number: &usize| verdicts.get(number) == Some(&Verdict::Passed);
    practice.progress.done.retain(|number| passes(number));
    practice.progress.waiting.retain(|number, _| passes(number));
    let passing = practice.exercises.all.iter().filter(|e| passes(&e.number));
    let due = passing.filter_map(|e| Some((e.number, practice.progress.due(e)?)));
    let due: Vec<(usize, Vec<String>)> = due.collect();
    if due.iter().all(|(_, sections)| sections.is_empty()) {
        practice.progress.done.extend(due.iter().map(|(number, _)| number));
        return Ok(None);
    }
    if passes(&focus.number) && !quiet {
        show::line("its own test passes; now the lesson's sections");
    }
    let Some(lesson) = Tests::build(practice, "lesson", false)? else { return Ok(None) };
    let known = crate::lesson::sections(practice.stage)?;
    let test = |id: &str| known.iter().find(|s| s.id == id).map_or(id.to_string(), |s| s.test.clone());
    let mut first = None;
    for (number, names) in due {
        let run = |name: String| Ok((lesson.run(&test(&name))?, name));
        let ran = names.into_iter().map(run).collect::<Result<Vec<_>>>()?;
        let waiting = ran.iter().filter(|(verdict, _)| matches!(verdict, Verdict::Todo(_)));
        let waiting = waiting.map(|(_, name)| name.clone()).collect();
        let failed = ran.into_iter().find(|(verdict, _)| matches!(verdict, Verdict::Failed(_)));
        practice.progress.note(number, failed.is_none(), waiting);
        if number == focus.number {
            first = failed.map(|(verdict, by)| Judged { number, by, verdict });
        }
    }
    Ok(first)
}

/// What was changed that must not be, and how to have it back.
fn changed(practice: &Practice<'_>) -> Result<Option<String>> {
    for exercise in &practice.exercises.all {
        if let Some(what) = change(practice, exercise)? {
            let again = format!("cargo xtask practice reset {} {}", practice.stage.name(), exercise.number);
            return Ok(Some(format!("{what}: `{again}` puts it back, and keeps your file")));
        }
    }
    Ok(None)
}

/// Whether the function is not there any more, or its signature is not the lesson's; a syntax error is the compiler's.
fn change(practice: &Practice<'_>, exercise: &Exercise) -> Result<Option<String>> {
    let (file, name) = practice.place(exercise)?;
    let (shown, function) = (file.display(), &exercise.function);
    let Ok(theirs) = std::fs::read_to_string(practice.folder.join(&file)) else {
        return Ok(Some(format!("{shown} cannot be read")));
    };
    let ours = body::find(&files::read(&practice.stage.folder().join(&file))?, &name)?;
    Ok(match body::find(&theirs, &name) {
        Ok(None) => Some(format!("{shown}: `{function}` is not there any more")),
        Ok(Some(theirs)) if ours.is_some_and(|ours| ours.signature != theirs.signature) => Some(format!(
            "{shown}:{}: the signature of `{function}` was changed, and the lesson calls it as it was",
            theirs.line
        )),
        _ => None,
    })
}
