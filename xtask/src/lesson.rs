//! A stage's notebook: the sections of its lesson, and the same in Python, read from the sources.

use crate::stages::Stage;
use crate::{files, sources};
use anyhow::Result;
use record::{Lesson, Piece, PythonCell, Section};
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;

/// The first line of the crate's documentation, without its `#`.
pub(crate) fn title(stage: &Stage) -> String {
    let read = || {
        let text = std::fs::read_to_string(&stage.targets("lib").next()?.file).ok()?;
        let docs = text.lines().filter_map(|line| line.trim_start().strip_prefix("//!"));
        let mut titles = docs.map(|line| line.trim().trim_start_matches('#').trim().to_string());
        titles.find(|line| !line.is_empty())
    };
    read().unwrap_or_else(|| "(src/lib.rs cannot be read, or has no documentation)".into())
}

/// The sections of the stage, in the order of the lesson and not run yet; none where there is no lesson.
pub(crate) fn sections(stage: &Stage) -> Result<Vec<Section>> {
    Ok(parts(stage)?.iter().flat_map(|part| part.sections(stage)).collect())
}

/// A file of the stage as it reads from the workspace's root.
pub(crate) fn shown(file: &Path, stage: &Stage) -> String {
    let file = file.strip_prefix(stage.folder()).unwrap_or(file).display().to_string();
    format!("{}/{}", stage.shown(), file.replace('\\', "/"))
}

/// A file of the lesson that holds sections.
struct Part {
    file: PathBuf,
    /// What the harness puts before the names of its tests: `part2_init::`, and nothing in the lesson's first file.
    prefix: String,
    text: String,
    parsed: syn::File,
}

/// The lesson's own file, and those of its modules that hold sections.
fn parts(stage: &Stage) -> Result<Vec<Part>> {
    let Some(target) = stage.lesson() else { return Ok(vec![]) };
    let first = Part::read(target.file.clone(), String::new())?;
    let modules = first.parsed.items.iter().filter_map(|item| match item {
        syn::Item::Mod(x) => Some(Part::read(sources::module_of(x, &first.file)?, format!("{}::", x.ident))),
        _ => None,
    });
    let mut parts = modules.collect::<Result<Vec<_>>>()?;
    parts.retain(|part| sources::tests(&part.parsed).next().is_some());
    parts.insert(0, first);
    Ok(parts)
}

impl Part {
    fn read(file: PathBuf, prefix: String) -> Result<Part> {
        let (text, parsed) = sources::parse(&file)?;
        Ok(Part { file, prefix, text, parsed })
    }

    fn sections(&self, stage: &Stage) -> impl Iterator<Item = Section> {
        sources::tests(&self.parsed).map(|f| section(f, self, stage))
    }
}

fn section(f: &syn::ItemFn, Part { file, prefix, text, .. }: &Part, stage: &Stage) -> Section {
    Section {
        id: f.sig.ident.to_string(),
        test: format!("{prefix}{}", f.sig.ident),
        title: sources::docs(&f.attrs).lines().next().unwrap_or_default().trim().into(),
        file: shown(file, stage),
        line: f.sig.span().start().line,
        code: sources::cut(text, f.span()),
        ..Section::default()
    }
}

/// What the sections of the stage's lesson share; `None` where there is no lesson.
pub(crate) fn shared(stage: &Stage) -> Result<Option<Lesson>> {
    let Some(target) = stage.lesson() else { return Ok(None) };
    let mut lesson = Lesson { file: target.file.clone(), ..Lesson::default() };
    let parts = parts(stage)?;
    for part in &parts {
        for item in &part.parsed.items {
            add(item, &sources::cut(&part.text, item.span()), &part.file, &mut lesson);
        }
    }
    // What holds sections is no helper.
    lesson.pieces.retain(|piece| !parts.iter().any(|part| piece.module.as_ref() == Some(&part.file)));
    Ok(Some(lesson))
}

/// What a file of the lesson begins with where another one has the `use` lines.
const OF_THE_FIRST_FILE: &str = "use super::*;";

fn add(item: &syn::Item, code: &str, file: &Path, lesson: &mut Lesson) {
    let mut push = |name: &syn::Ident, module| {
        lesson.pieces.push(Piece { name: name.to_string(), code: code.into(), module });
    };
    match (item, sources::named(item)) {
        (syn::Item::Fn(f), _) if sources::is_test(&f.attrs) => {}
        (syn::Item::Use(_), _) if code == OF_THE_FIRST_FILE => {}
        (syn::Item::Use(_), _) => lesson.uses.extend([code, "\n"]),
        (syn::Item::Mod(x), _) => push(&x.ident, sources::module_of(x, file)),
        (syn::Item::Impl(x), _) => {
            let is_it = |p: &&mut Piece| sources::name_of_impl(x).is_some_and(|name| *name == p.name);
            if let Some(piece) = lesson.pieces.iter_mut().find(is_it) {
                piece.code.extend(["\n\n", code]);
            }
        }
        (_, Some((_, name, ..))) => push(name, None),
        _ => {}
    }
}

/// Where a stage's Python would be.
pub(crate) fn python_file(stage: &Stage) -> PathBuf {
    stage.folder().join("tests/lesson.py")
}

/// The cells of the stage's `tests/lesson.py`, in the order of the file; none where there is no such file.
pub(crate) fn python(stage: &Stage) -> Result<Vec<PythonCell>> {
    let text = files::read_if_there(&python_file(stage))?;
    Ok(text.map(|text| cells(&text)).unwrap_or_default())
}

/// What begins a cell, in Jupyter's, VS Code's and Spyder's "percent" format: `# %% s07_einsum`.
pub(crate) fn cell_title(line: &str) -> Option<&str> {
    line.strip_prefix("# %%").map(str::trim)
}

fn cells(text: &str) -> Vec<PythonCell> {
    let mut cells: Vec<PythonCell> = vec![];
    for (i, line) in text.lines().enumerate() {
        match (cell_title(line), cells.last_mut()) {
            (Some(title), _) => {
                let section = (!title.is_empty()).then(|| title.to_string());
                cells.push(PythonCell { section, line: i + 2, code: String::new() });
            }
            (None, Some(cell)) => cell.code.extend([line, "\n"]),
            (None, None) => cells.push(PythonCell { section: None, line: i + 1, code: format!("{line}\n") }),
        }
    }
    cells.iter_mut().for_each(|cell| cell.code = cell.code.trim_matches('\n').to_string());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_cut_into_cells() {
        let cell = |section: Option<&str>, line, code: &str| PythonCell {
            section: section.map(String::from),
            line,
            code: code.into(),
        };
        let text = "# %%\nimport torch\n\n# %% s01_a\nx = 1\n\n\n  # %% no cell\n\n# %% s03_c\n";
        let found = [
            cell(None, 2, "import torch"),
            cell(Some("s01_a"), 5, "x = 1\n\n\n  # %% no cell"),
            cell(Some("s03_c"), 11, ""),
        ];
        assert_eq!(cells(text), found);
        assert_eq!(cells("x\r\n# %% s01_a\r\ny\r\n"), [cell(None, 1, "x"), cell(Some("s01_a"), 3, "y")]);
        assert_eq!(cells(""), []);
    }

    #[test]
    fn a_lesson_is_taken_apart() {
        let text = "use super::*;\nuse a::b;\nmod lesson;\n/// Doc.\nfn helper() {}\nstruct S;\n#[test]\nfn s01_a() {}\nimpl S {\n    fn f() {}\n}\n";
        let mut lesson = Lesson::default();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs"); // beside which there is a lesson.rs
        for item in &syn::parse_file(text).unwrap().items {
            add(item, &sources::cut(text, item.span()), &file, &mut lesson);
        }
        let pieces: Vec<(&str, bool)> =
            lesson.pieces.iter().map(|p| (p.name.as_str(), p.module.is_some())).collect();
        assert_eq!(pieces, [("lesson", true), ("helper", false), ("S", false)]);
        assert_eq!(lesson.uses, "use a::b;\n");
        assert_eq!(lesson.pieces[2].code, "struct S;\n\nimpl S {\n    fn f() {}\n}");
    }
}
