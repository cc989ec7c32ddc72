//! What every stage has to have.

use crate::sources::Sources;
use crate::stages::{Stage, Workspace};
use crate::{export, lesson};

pub(super) fn problems(stage: &Stage, workspace: &Workspace, sources: &Sources) -> Vec<String> {
    let mut problems: Vec<String> = name(stage).into_iter().collect();
    problems.extend(chain(stage, workspace));
    problems.extend(re_export(stage, workspace, sources));
    problems.extend(lesson_problems(stage));
    problems.extend(python_problems(stage));
    problems.extend(modules(stage, workspace, sources));
    problems.extend(export::drift(stage, sources).unwrap_or_else(|e| vec![format!("{e:#}")]));
    problems
}

/// Two stages of the same number have no order.
pub(super) fn same_numbers(workspace: &Workspace) -> Vec<String> {
    let pairs = workspace.stages.windows(2).filter(|w| w[0].id.number == w[1].id.number);
    pairs
        .map(|w| format!("{} and {} have the same number: one takes a letter", w[0].shown(), w[1].shown()))
        .collect()
}

fn name(stage: &Stage) -> Option<String> {
    let (folder, name) = (stage.name(), &stage.package.name);
    (*name != folder).then(|| {
        format!(
            "{}/Cargo.toml: the package is called {name}, its folder {folder}: they have to agree",
            stage.shown()
        )
    })
}

/// A stage depends on exactly one stage: the one before it.
fn chain(stage: &Stage, workspace: &Workspace) -> Option<String> {
    let before: Vec<String> = workspace.below(stage).take(1).map(Stage::name).collect();
    let needs = workspace.stages_needed(stage);
    let or_none = |names: &[String]| if names.is_empty() { "no stage".into() } else { names.join(" and ") };
    (needs != before).then(|| {
        format!(
            "{}/Cargo.toml: it depends on {}, but should depend on {}, the one before it",
            stage.shown(),
            or_none(&needs),
            or_none(&before)
        )
    })
}

fn re_export(stage: &Stage, workspace: &Workspace, sources: &Sources) -> Option<String> {
    let below = workspace.below(stage).next()?.name();
    let target = format!("{below}::*");
    let good =
        export::from_below(stage, sources).any(|i| i.target == target && i.attributes == ["doc(no_inline)"]);
    (!good).then(|| {
        format!(
            "{}/src/lib.rs: write `#[doc(no_inline)] pub use {below}::*;`, without a comment of its own",
            stage.shown()
        )
    })
}

/// The notebook is there, its sections stand in order, and each has a title.
fn lesson_problems(stage: &Stage) -> Vec<String> {
    let file = format!("{}/tests/lesson.rs", stage.shown());
    let sections = match lesson::sections(stage) {
        Err(e) => return vec![format!("{e:#}")],
        Ok(sections) if sections.is_empty() => {
            return vec![format!("{file}: there is no section: write `#[test] fn s01_…`")];
        }
        Ok(sections) => sections,
    };
    let mut problems = vec![];
    for section in &sections {
        let place = format!("{file}:{}", section.line);
        if !is_section(&section.id) {
            problems
                .push(format!("{place}: `{}` is no name for a section (s07_einsum, s07b_more)", section.id));
        }
        if section.title.is_empty() {
            problems.push(format!("{place}: `{}` has no title: begin with `/// The title`", section.id));
        }
    }
    let disorder = sections.windows(2).filter(|w| w[0].id >= w[1].id);
    problems.extend(disorder.map(|w| {
        format!(
            "{file}:{}: `{}` stands after `{}`, but runs before it: sections run in the order of their names",
            w[1].line, w[1].id, w[0].id
        )
    }));
    problems
}

/// Each cell of the Python stands beside a section, in the same order.
fn python_problems(stage: &Stage) -> Vec<String> {
    let cells = match lesson::python(stage) {
        Err(e) => return vec![format!("{e:#}")],
        Ok(cells) => cells,
    };
    let ids: Vec<String> = lesson::sections(stage).unwrap_or_default().into_iter().map(|s| s.id).collect();
    let file = format!("{}/tests/lesson.py", stage.shown());
    let named: Vec<(usize, &str)> =
        cells.iter().filter_map(|c| Some((c.line - 1, c.section.as_deref()?))).collect();
    let stray = named.iter().filter(|(_, name)| !ids.iter().any(|id| id == name));
    let stray = stray.map(|(line, name)| {
        format!("{file}:{line}: tests/lesson.rs has no section `{name}`: a cell has the name of its section")
    });
    let disorder = named.windows(2).filter(|w| w[0].1 >= w[1].1);
    let disorder = disorder.map(|w| {
        format!(
            "{file}:{}: `{}` stands after `{}`: cells stand in the order of the sections, once each",
            w[1].0, w[1].1, w[0].1
        )
    });
    stray.chain(disorder).collect()
}

/// `s07_einsum`, `s07b_more`
fn is_section(id: &str) -> bool {
    let number = id.split('_').next().unwrap_or_default();
    let digits = number.strip_prefix('s').unwrap_or_default();
    let (digits, letters) =
        digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    digits.len() == 2
        && letters.len() <= 1
        && letters.chars().all(|c| c.is_ascii_lowercase())
        && id.len() > number.len() + 1
}

/// Each module opens with prose, and the crate's front page names each public one.
fn modules(stage: &Stage, workspace: &Workspace, sources: &Sources) -> Vec<String> {
    let inside = format!("{}::", stage.name());
    let is_ours = |path: &str| path == stage.name() || path.starts_with(&inside);
    let ours: Vec<_> = sources
        .modules
        .iter()
        .filter(|m| is_ours(&m.path) && m.file.starts_with(&stage.package.folder))
        .collect();
    let front = ours.iter().find(|m| m.path == stage.name()).map(|m| m.docs.as_str()).unwrap_or_default();
    let mut problems = vec![];
    for module in ours {
        let file = workspace.relative(&module.file);
        if module.docs.trim().is_empty() {
            problems.push(format!(
                "{file}: the module `{}` has no documentation: open it with a `//!` paragraph",
                module.path
            ));
        }
        let name = module.path.strip_prefix(&inside).filter(|name| module.public && !name.contains("::"));
        if let Some(name) = name.filter(|name| {
            !front.contains(&format!("[`{name}`]")) && !front.contains(&format!("[`mod@{name}`]"))
        }) {
            problems
                .push(format!("{}/src/lib.rs: the table of modules does not name [`{name}`]", stage.shown()));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::is_section;

    #[test]
    fn names_of_sections() {
        assert!(["s01_get_data", "s07b_more"].into_iter().all(is_section));
        assert!(!["s1_x", "s01", "s01_", "01_x", "s01bc_x", "s01B_x", "x", ""].into_iter().any(is_section));
    }
}
