//! What every stage has to have.

use crate::stages::{Stage, Workspace, is_number};
use crate::{export, lesson};
use anyhow::{Result, bail};
use record::Sources;

pub(super) fn problems(stage: &Stage, workspace: &Workspace, sources: &Sources) -> Vec<String> {
    let one = [name(stage), lints(stage), unsafety(stage), re_export(stage, workspace, sources)];
    let some = [lesson_problems(stage), python_problems(stage), Ok(modules(stage, sources))];
    // What cannot be read is a problem, too.
    let some = some.into_iter().chain([export::drift(stage, sources)]);
    let some = some.flat_map(|found| found.unwrap_or_else(|e| vec![format!("{e:#}")]));
    one.into_iter().flatten().chain(some).collect()
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

/// A stage that has not taken the workspace's lints over may do anything anywhere.
fn lints(stage: &Stage) -> Option<String> {
    let manifest = std::fs::read_to_string(&stage.package.manifest_path).unwrap_or_default();
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    let are_ours = lines.windows(2).any(|w| w == ["[lints]", "workspace = true"]);
    let way_out = "write `[lints]` and below it `workspace = true`";
    (!are_ours).then(|| format!("{}/Cargo.toml: its lints are not the workspace's: {way_out}", stage.shown()))
}

/// `unsafe` is in lib/kernels, and nowhere in the course; a stage's own tests may look at memory.
fn unsafety(stage: &Stage) -> Option<String> {
    const FORBID: [&str; 2] = ["#![forbid(unsafe_code)]", "#![cfg_attr(not(test), forbid(unsafe_code))]"];
    let text = std::fs::read_to_string(&stage.targets("lib").next()?.file).ok()?;
    let forbids = text.lines().any(|line| FORBID.contains(&line.trim_end()));
    (!forbids).then(|| format!("{}/src/lib.rs: it may use unsafe code: write `{}`", stage.shown(), FORBID[0]))
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
fn lesson_problems(stage: &Stage) -> Result<Vec<String>> {
    let sections = lesson::sections(stage)?;
    if sections.is_empty() {
        bail!("{}/tests/lesson.rs: there is no section: write `#[test] fn s01_…`", stage.shown());
    }
    let misnamed = sections.iter().filter(|s| !is_section(&s.id));
    let misnamed = misnamed
        .map(|s| format!("{}: `{}` is no name for a section (s07_einsum, s07b_more)", s.place(), s.id));
    let untitled = sections.iter().filter(|s| s.title.is_empty());
    let untitled =
        untitled.map(|s| format!("{}: `{}` has no title: begin with `/// The title`", s.place(), s.id));
    let disorder = sections.windows(2).filter(|w| w[0].id >= w[1].id || w[0].test >= w[1].test);
    let disorder = disorder.map(|w| {
        format!(
            "{}: `{}` stands after `{}`, but runs before it: sections run in the order of their names",
            w[1].place(),
            w[1].test,
            w[0].test
        )
    });
    Ok(misnamed.chain(untitled).chain(disorder).collect())
}

/// Each cell of the Python belongs to a section, in the same order.
fn python_problems(stage: &Stage) -> Result<Vec<String>> {
    let cells = lesson::python(stage)?;
    let ids: Vec<String> = lesson::sections(stage).unwrap_or_default().into_iter().map(|s| s.id).collect();
    let file = format!("{}/tests/lesson.py", stage.shown());
    let named: Vec<(usize, &str)> =
        cells.iter().filter_map(|c| Some((c.line - 1, c.section.as_deref()?))).collect();
    let stray = named.iter().filter(|(_, name)| !ids.iter().any(|id| id == name));
    let stray = stray.map(|(line, name)| {
        format!("{file}:{line}: the lesson has no section `{name}`: a cell has the name of its section")
    });
    let disorder = named.windows(2).filter(|w| w[0].1 >= w[1].1);
    let disorder = disorder.map(|w| {
        format!(
            "{file}:{}: `{}` stands after `{}`: cells stand in the order of the sections, once each",
            w[1].0, w[1].1, w[0].1
        )
    });
    Ok(stray.chain(disorder).collect())
}

/// `s07_einsum`, `s07b_more`
fn is_section(id: &str) -> bool {
    let parts = id.strip_prefix('s').and_then(|id| id.split_once('_'));
    parts.is_some_and(|(number, name)| is_number(number) && !name.is_empty())
}

/// Each module opens with prose, and the crate's front page names each public one.
fn modules(stage: &Stage, sources: &Sources) -> Vec<String> {
    let inside = format!("{}::", stage.name());
    let is_ours = |path: &str| path == stage.name() || path.starts_with(&inside);
    let ours: Vec<_> = sources
        .modules
        .iter()
        .filter(|m| is_ours(&m.path) && m.file.starts_with(&format!("{}/", stage.shown())))
        .collect();
    let front = ours.iter().find(|m| m.path == stage.name()).map(|m| m.docs.as_str()).unwrap_or_default();
    let mut problems = vec![];
    for module in ours {
        let file = &module.file;
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
