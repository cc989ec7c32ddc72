//! `book/pages/*.md`: what a page names is there.
//!
//! A page shows a section (`{{#cell nb02 s04_sizes}}`), leads to one (`[nb02, s04](cell:nb02/s04_sizes)`), and names items
//! and sections by their paths in backticks (`nb01_matmul::ladder::loops`).

use crate::export::quoted;
use crate::files;
use crate::stages::Workspace;
use record::Names;
use std::path::Path;

const FOLDER: &str = "book/pages";

/// None where there is no book.
pub(super) fn problems(workspace: &Workspace, names: &Names) -> Vec<String> {
    let files = files::below(&workspace.root.join(FOLDER));
    let pages = files.iter().filter(|file| file.extension().is_some_and(|e| e == "md"));
    pages.flat_map(|page| in_page(page, workspace, names)).collect()
}

fn in_page(page: &Path, workspace: &Workspace, names: &Names) -> Vec<String> {
    let file = workspace.relative(page);
    let Ok(text) = std::fs::read_to_string(page) else { return vec![format!("{file}: cannot be read")] };
    let named = text.lines().enumerate().flat_map(|(i, line)| {
        let paths = sections(line, workspace).into_iter().chain(items(line, workspace));
        paths.map(move |path| (i + 1, path))
    });
    let gone = named.filter(|(_, path)| names.item(path).is_none());
    gone.map(|(line, path)| format!("{file}:{line}: there is no `{path}`: name what there is")).collect()
}

/// The sections that a line shows or leads to, by their paths.
fn sections(line: &str, workspace: &Workspace) -> Vec<String> {
    let targets =
        [("{{#cell ", ' '), ("{{#output ", ' '), ("(cell:", '/')].into_iter().flat_map(|(begin, between)| {
            let parts = line.split(begin).skip(1);
            parts.filter_map(move |part| part.split(['}', ')']).next()?.split_once(between))
        });
    let path = |(stage, section): (&str, &str)| {
        let stage = workspace.stage(stage).map_or(stage.to_string(), |s| s.name());
        format!("{stage}::lesson::{}", section.trim())
    };
    targets.map(path).collect()
}

/// The paths into a stage that stand in backticks.
fn items(line: &str, workspace: &Workspace) -> Vec<String> {
    let is_path = |name: &String| {
        let (stage, rest) = name.split_once("::").unwrap_or_default();
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        workspace.stages.iter().any(|s| s.name() == stage) && rest.chars().all(is_name)
    };
    quoted(line).into_iter().filter(is_path).collect()
}
