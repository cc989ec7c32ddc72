//! A stage's exercises, as its `practice/exercises.md` lists them:
//!
//! ````text
//! ## `ladder::loops`: the formula as it stands
//!
//! Sections: `s04_matmul_loops`.
//!
//! 1. A question.
//! 2. The formula.
//! 3. The shapes.
//! 4. The code in Python.
//!
//! ## Not practised
//!
//! - `get_data`, `skip`: reading files is not what the lesson is about.
//! ````
//!
//! An exercise is a function, named by its path in the stage; its number is its place. The test that judges it is
//! in `practice/judge.rs` and has the path as its name, with `_` for `::`; the sections named judge it, too.

use crate::stages::{Stage, Workspace};
use crate::{export, sources};
use anyhow::{Context, Result, bail};
use record::{Item, Names, Sources};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One function that a learner writes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exercise {
    pub(super) number: usize,
    /// `ladder::loops`
    pub(super) function: String,
    pub(super) title: String,
    /// The sections of the lesson that it makes pass.
    pub(super) sections: Vec<String>,
    /// A question, the formula, the shapes, the code in Python.
    pub(super) hints: Vec<String>,
}

impl Exercise {
    /// The test of `practice/judge.rs` that judges it.
    pub(super) fn judge(&self) -> String {
        self.function.replace("::", "_").to_lowercase()
    }

    /// What takes the place of its body.
    pub(super) fn todo(&self) -> String {
        format!(
            "todo!(\"exercise {}: {}, {}\")",
            self.number,
            self.function,
            self.title.replace(['"', '{', '}'], "")
        )
    }
}

/// All that a stage says about practising it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Exercises {
    pub(super) all: Vec<Exercise>,
    /// The exported functions that are no exercises.
    pub(super) not_practised: Vec<String>,
}

/// Where a stage lists them.
pub(super) fn file(stage: &Stage) -> PathBuf {
    stage.folder().join("practice/exercises.md")
}

/// The tests that judge them.
pub(super) fn judge_file(stage: &Stage) -> PathBuf {
    stage.folder().join("practice/judge.rs")
}

/// Whether there is anything to practise.
pub(super) fn has(stage: &Stage) -> bool {
    file(stage).is_file()
}

pub(super) fn read(stage: &Stage) -> Result<Exercises> {
    let file = file(stage);
    let text = std::fs::read_to_string(&file);
    let text = text
        .with_context(|| format!("{} has no exercises: {} cannot be read", stage.name(), file.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Exercises {
    let mut found = Exercises::default();
    for part in text.split("\n## ").skip(1) {
        let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
        if heading.trim() == "Not practised" {
            let items = body.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(':'));
            found.not_practised = items.flat_map(|(names, _)| export::quoted(names)).collect();
            continue;
        }
        let (function, title) = heading.split_once(": ").unwrap_or((heading, ""));
        let sections = body.lines().find_map(|line| line.strip_prefix("Sections:"));
        found.all.push(Exercise {
            number: found.all.len() + 1,
            function: function.trim().trim_matches('`').into(),
            title: title.trim().into(),
            sections: sections.map(export::quoted).unwrap_or_default(),
            hints: hints(body),
        });
    }
    found
}

/// The points of the numbered list, without their numbers and indentation.
fn hints(body: &str) -> Vec<String> {
    let mut hints: Vec<String> = vec![];
    for line in body.lines() {
        let numbered = line.split_once(". ").filter(|(n, _)| n.parse::<usize>().is_ok());
        match (numbered, hints.last_mut()) {
            (Some((_, text)), _) => hints.push(text.into()),
            (None, Some(hint)) => hint.extend(["\n", line.strip_prefix("   ").unwrap_or(line)]),
            (None, None) => {}
        }
    }
    hints.iter().map(|hint| hint.trim().to_string()).collect()
}

/// The item that an exercise is, by its path in the stage.
pub(super) fn item<'a>(exercise: &Exercise, stage: &Stage, sources: &'a Sources) -> Option<&'a Item> {
    Names::new(sources).item(&format!("{}::{}", stage.name(), exercise.function))
}

/// For the book: every item that can be practised, by its path, and the command that begins with it.
pub(crate) fn commands(workspace: &Workspace, all: &Sources) -> Result<BTreeMap<String, String>> {
    let mut commands = BTreeMap::new();
    for stage in workspace.stages.iter().filter(|stage| has(stage)) {
        let command = format!("cargo xtask practice {}", stage.id.short());
        for exercise in read(stage)?.all {
            let item = item(&exercise, stage, all);
            commands
                .extend(item.map(|i| (i.path.clone(), format!("{command}, exercise {}", exercise.number))));
        }
    }
    Ok(commands)
}

/// What `cargo xtask check` says about a stage's exercises.
pub(crate) fn problems(stage: &Stage, workspace: &Workspace, all: &Sources) -> Vec<String> {
    if !has(stage) {
        return vec![];
    }
    let shown = workspace.relative(&file(stage));
    problems_in(stage, all, &shown).unwrap_or_else(|e| vec![format!("{shown}: {e:#}")])
}

fn problems_in(stage: &Stage, all: &Sources, shown: &str) -> Result<Vec<String>> {
    let exercises = read(stage)?;
    if exercises.all.is_empty() {
        bail!("there is no exercise: begin one with ## `module::function`: what it is");
    }
    let (_, judge) = sources::parse(&judge_file(stage))?;
    let judges: Vec<String> = sources::tests(&judge).map(|test| test.sig.ident.to_string()).collect();
    let lesson: Vec<String> = crate::lesson::sections(stage)?.into_iter().map(|s| s.id).collect();
    let mut problems = vec![];
    for exercise in &exercises.all {
        let (name, judge) = (&exercise.function, exercise.judge());
        if item(exercise, stage, all).is_none() {
            problems.push(format!("{shown}: {} has no `{name}`: name a function by its path", stage.name()));
        }
        if !judges.contains(&judge) {
            problems.push(format!("{shown}: no test judges `{name}`: write `fn {judge}` in judge.rs"));
        }
        if exercise.hints.len() < 4 {
            problems.push(format!("{shown}: `{name}` needs four hints: question, formula, shapes, Python"));
        }
        let stray = exercise.sections.iter().filter(|s| !lesson.contains(*s));
        problems.extend(stray.map(|s| format!("{shown}: the lesson has no section `{s}`")));
    }
    problems.extend(unmentioned(stage, all, &exercises).map(|name| {
        format!("{shown}: `{name}` is exported, but neither an exercise nor listed below `## Not practised`, with a reason")
    }));
    Ok(problems)
}

/// The exported functions that are neither practised nor said not to be.
fn unmentioned(stage: &Stage, all: &Sources, exercises: &Exercises) -> impl Iterator<Item = String> {
    let practised: Vec<String> =
        exercises.all.iter().filter_map(|e| Some(item(e, stage, all)?.path.clone())).collect();
    let functions = export::exports(stage, all).into_iter().filter_map(|e| Some((e.name, e.item?)));
    let functions = functions.filter(move |(_, item)| item.kind == "fn" && !practised.contains(&item.path));
    functions.map(|(name, _)| name).filter(move |name| !exercises.not_practised.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exercises_are_read() {
        let text = "# Practice\n\nWords.\n\n## `a::b`: the {first} one\n\nSections: `s01_x` and `s02_y`.\n\n1. Why?\n   Because.\n\
            2. f(x)\n3. (3)\n4. ```python\n   x = 1\n   ```\n\n## Not practised\n\n- `c`, `d`: no.\n";
        let found = parse(text);
        assert_eq!(found.not_practised, ["c", "d"]);
        let [exercise] = &found.all[..] else { panic!("{found:?}") };
        assert_eq!((exercise.number, exercise.judge().as_str()), (1, "a_b"));
        assert_eq!(exercise.sections, ["s01_x", "s02_y"]);
        assert_eq!(exercise.hints, ["Why?\nBecause.", "f(x)", "(3)", "```python\nx = 1\n```"]);
        assert_eq!(exercise.todo(), "todo!(\"exercise 1: a::b, the first one\")");
        assert_eq!(parse(""), Exercises::default());
    }
}
