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
    let verdict = verdicts.get(&focus.number).cloned().unwrap_or(Verdict::Todo(focus.number));
    let mut judged = Judged { number: focus.number, by: "judge".into(), verdict };
    if let Some(failed) = sections(practice, &verdicts, focus, quiet)? {
        judged = failed;
    }
    practice.progress.judged = fingerprint;
    practice.progress.write(&practice.folder)?;
    Ok(Some(judged))
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
    let due: Vec<Exercise> = practice.exercises.all.iter().filter(|e| passes(&e.number)).cloned().collect();
    let due: Vec<(Exercise, Vec<String>)> = due
        .into_iter()
        .filter_map(|e| {
            let waiting = practice.progress.waiting.get(&e.number).cloned();
            let sections =
                if practice.progress.done.contains(&e.number) { waiting? } else { e.sections.clone() };
            Some((e, sections))
        })
        .collect();
    if due.iter().all(|(_, sections)| sections.is_empty()) {
        practice.progress.done.extend(due.iter().map(|(e, _)| e.number));
        return Ok(None);
    }
    if passes(&focus.number) && !quiet {
        show::line("its own test passes; now the lesson's sections");
    }
    let Some(lesson) = Tests::build(practice, "lesson", false)? else { return Ok(None) };
    let known = crate::lesson::sections(practice.stage)?;
    let test = |id: &str| known.iter().find(|s| s.id == id).map_or(id.to_string(), |s| s.test.clone());
    let mut first = None;
    for (exercise, names) in due {
        let (mut waiting, mut failed) = (vec![], false);
        for name in names {
            match lesson.run(&test(&name))? {
                Verdict::Passed => {}
                Verdict::Todo(_) => waiting.push(name),
                verdict => {
                    failed = true;
                    if exercise.number == focus.number && first.is_none() {
                        first = Some(Judged { number: exercise.number, by: name, verdict });
                    }
                }
            }
        }
        practice.progress.waiting.remove(&exercise.number);
        if failed {
            practice.progress.done.remove(&exercise.number);
        } else {
            practice.progress.done.insert(exercise.number);
        }
        if !waiting.is_empty() {
            practice.progress.waiting.insert(exercise.number, waiting);
        }
    }
    Ok(first)
}

/// A function that is not there any more, or whose signature is not the lesson's; a syntax error is the compiler's.
fn changed(practice: &Practice<'_>) -> Result<Option<String>> {
    for exercise in &practice.exercises.all {
        let (file, name) = practice.place(exercise)?;
        let ours = files::read(&practice.stage.folder().join(&file))?;
        let theirs = std::fs::read_to_string(practice.folder.join(&file));
        let (number, function) = (exercise.number, &exercise.function);
        let way_out = format!(
            "`cargo xtask practice reset {} {number}` puts it back, and keeps your file",
            practice.stage.name()
        );
        let Ok(theirs) = theirs else {
            return Ok(Some(format!("{} cannot be read: {way_out}", file.display())));
        };
        let Ok(found) = body::find(&theirs, &name) else { continue };
        let Some(found) = found else {
            return Ok(Some(format!("{}: `{function}` is not there any more: {way_out}", file.display())));
        };
        if body::find(&ours, &name)?.is_some_and(|ours| ours.signature != found.signature) {
            let line = found.line;
            return Ok(Some(format!(
                "{}:{line}: the signature of `{function}` was changed, and the lesson calls it as it was: {way_out}",
                file.display()
            )));
        }
    }
    Ok(None)
}
