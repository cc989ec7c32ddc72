//! `cargo xtask check`: the conscience. What a compiler does not see, and a reader would miss.
//!
//! [`house`] looks at who depends on whom, [`alike`] at what would be built twice, [`stage`] at one stage (its lesson,
//! its README, its modules), [`figures`] at the names of the pictures, [`map`] at the table that says where each row
//! of the lesson is, [`pages`] at what the book's pages name. Every problem is one line: the file, what is wrong, and the way out.

mod alike;
mod figures;
mod house;
mod map;
mod pages;
mod stage;

use crate::files;
use crate::practice::exercises;
use crate::sources;
use crate::stages::{Package, StageId, Workspace};
use crate::text::{BAD, GOOD, PLAIN, count, say};
use anyhow::Result;
use record::Names;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks what a compiler cannot see: who depends on whom, lessons, READMEs, lesson map, pages
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask check\n\n\
    It reads sources and builds nothing. docs/lesson-map.md explains the format of its own table,\n\
    `cargo xtask export --help` that of the READMEs.")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let problems = problems(&workspace);
    for problem in &problems {
        writeln!(anstream::stdout(), "{BAD}problem{PLAIN} {problem}")?;
    }
    if problems.is_empty() {
        let stages = count(workspace.stages.len(), "stage");
        writeln!(anstream::stdout(), "{GOOD}all is well{PLAIN}: {stages} checked")?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&count(problems.len(), "problem"));
    Ok(ExitCode::FAILURE)
}

fn problems(workspace: &Workspace) -> Vec<String> {
    if workspace.stages.is_empty() {
        return vec!["crates: no folder is a stage (nb00_name)".into()];
    }
    let sources = match sources::all(workspace) {
        Ok(sources) => sources,
        Err(e) => return vec![format!("{e:#}")],
    };
    let names = Names::public(&sources);
    let mut problems = house::problems(workspace);
    problems.extend(alike::problems(workspace));
    problems.extend(workspace.stages.iter().flat_map(|stage| stage::problems(stage, workspace, &sources)));
    problems.extend(strangers(workspace));
    problems.extend(untested(workspace));
    problems.extend(figures::problems(workspace));
    problems.extend(readme(workspace));
    problems.extend(workspace.stages.iter().flat_map(|s| exercises::problems(s, workspace, &sources)));
    problems.extend(map::problems(workspace, &names));
    problems.extend(pages::problems(workspace, &names));
    problems
}

/// Folders below `crates/` that no verb would find.
fn strangers(workspace: &Workspace) -> Vec<String> {
    let crates = workspace.root.join("crates");
    let folders = workspace.packages.iter().map(Package::folder).filter(|f| f.parent() == Some(&crates));
    let names = folders.filter_map(|folder| folder.file_name()?.to_str());
    let strange = names.filter(|name| StageId::parse(name).is_none());
    let is_called = "the name is not that of a stage (nb01_matmul, nb02a_why_sqrt5): rename it";
    strange.map(|name| format!("crates/{name}: {is_called}")).collect()
}

/// A library with `test = false` is not built once more for tests that it does not have; where it has some, nothing runs them.
fn untested(workspace: &Workspace) -> Vec<String> {
    let libs = workspace.packages.iter().flat_map(|p| p.targets("lib").filter(|lib| !lib.is_tested));
    let files = libs.filter_map(|lib| lib.file.parent()).flat_map(files::below);
    let has_tests = |file: &PathBuf| files::read(file).is_ok_and(|text| text.contains("#[test]"));
    let way_out = "its tests are never run, as its Cargo.toml says `test = false`: move them below tests/";
    files.filter(has_tests).map(|file| format!("{}: {way_out}", workspace.relative(&file))).collect()
}

/// The stage table of the root README names every stage, and no other.
fn readme(workspace: &Workspace) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(workspace.root.join("README.md")) else {
        return vec!["README.md: cannot be read; it has to name every stage in a table".into()];
    };
    let rows: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
    let words = rows.iter().flat_map(|r| r.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let named: Vec<&str> = words.filter(|w| StageId::parse(w).is_some()).collect();
    let names: Vec<String> = workspace.stages.iter().map(|s| s.name()).collect();
    let missing = names.iter().filter(|n| !named.contains(&n.as_str()));
    let missing = missing.map(|n| format!("README.md: no table names {n}: add a row to the stage table"));
    let mut surplus: Vec<&str> = named.iter().filter(|n| !names.iter().any(|s| s == *n)).copied().collect();
    surplus.dedup();
    missing
        .chain(surplus.iter().map(|n| format!("README.md: a table names {n}, which is not below crates/")))
        .collect()
}
