//! A stage's notebook: the sections of its `tests/lesson.rs`, and the same in Python, read from the sources.

use crate::sources;
use crate::stages::Stage;
use anyhow::{Context, Result};
use record::{Lesson, Piece, PythonCell};
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;

/// One cell of the notebook: a test function with its title.
pub(crate) struct Section {
    /// `s07_einsum`
    pub(crate) id: String,
    /// The first line of its documentation; empty where it has none.
    pub(crate) title: String,
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// The function as it stands in the file, with its documentation.
    pub(crate) code: String,
}

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

/// The first paragraph of a file's documentation, in one line.
pub(crate) fn summary(file: &Path) -> Result<String> {
    let docs = sources::docs(&sources::parse(file)?.1.attrs);
    let lines = docs.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    Ok(lines.collect::<Vec<_>>().join(" "))
}

/// The sections of the stage, in the order of the file; none where there is no `tests/lesson.rs`.
pub(crate) fn sections(stage: &Stage) -> Result<Vec<Section>> {
    match stage.lesson() {
        Some(target) => read(&target.file),
        None => Ok(vec![]),
    }
}

fn read(file: &Path) -> Result<Vec<Section>> {
    let (text, parsed) = sources::parse(file)?;
    let functions = parsed.items.iter().filter_map(|item| match item {
        syn::Item::Fn(f) if sources::is_test(&f.attrs) => Some(f),
        _ => None,
    });
    functions.map(|f| section(f, file, &text)).collect()
}

fn section(f: &syn::ItemFn, file: &Path, text: &str) -> Result<Section> {
    let code = sources::cut(text, f.span()).with_context(|| format!("{} cannot be cut", f.sig.ident))?;
    let title = sources::docs(&f.attrs).lines().next().unwrap_or_default().trim().to_string();
    Ok(Section {
        id: f.sig.ident.to_string(),
        title,
        file: file.into(),
        line: f.sig.span().start().line,
        code,
    })
}

/// What the sections of the stage's lesson share; `None` where there is no `tests/lesson.rs`.
pub(crate) fn shared(stage: &Stage) -> Result<Option<Lesson>> {
    let Some(target) = stage.lesson() else { return Ok(None) };
    let (text, parsed) = sources::parse(&target.file)?;
    let mut lesson = Lesson { file: target.file.clone(), ..Lesson::default() };
    for item in &parsed.items {
        add(item, &sources::cut(&text, item.span()).unwrap_or_default(), &mut lesson);
    }
    Ok(Some(lesson))
}

fn add(item: &syn::Item, code: &str, lesson: &mut Lesson) {
    let mut push = |name: &syn::Ident, is_file| {
        lesson.pieces.push(Piece { name: name.to_string(), code: code.into(), is_file });
    };
    match (item, sources::named(item)) {
        (syn::Item::Fn(f), _) if sources::is_test(&f.attrs) => {}
        (syn::Item::Use(_), _) => lesson.uses.extend([code, "\n"]),
        (syn::Item::Mod(x), _) => push(&x.ident, x.content.is_none()),
        (syn::Item::Impl(x), _) => {
            let is_it = |p: &&mut Piece| sources::name_of_impl(x).is_some_and(|name| *name == p.name);
            if let Some(piece) = lesson.pieces.iter_mut().find(is_it) {
                piece.code.extend(["\n\n", code]);
            }
        }
        (_, Some((_, name, ..))) => push(name, false),
        _ => {}
    }
}

/// Where a stage's Python would be.
pub(crate) fn python_file(stage: &Stage) -> PathBuf {
    stage.folder().join("tests/lesson.py")
}

/// The cells of the stage's `tests/lesson.py`, in the order of the file; none where there is no such file.
pub(crate) fn python(stage: &Stage) -> Result<Vec<PythonCell>> {
    let file = python_file(stage);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(cells(&text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(e).with_context(|| format!("{} cannot be read", file.display())),
    }
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
        let text = "use a::b;\nmod common;\n/// Doc.\nfn helper() {}\nstruct S;\n#[test]\nfn s01_a() {}\nimpl S {\n    fn f() {}\n}\n";
        let mut lesson = Lesson::default();
        for item in &syn::parse_file(text).unwrap().items {
            add(item, &sources::cut(text, item.span()).unwrap(), &mut lesson);
        }
        let pieces: Vec<(&str, bool)> = lesson.pieces.iter().map(|p| (p.name.as_str(), p.is_file)).collect();
        assert_eq!(pieces, [("common", true), ("helper", false), ("S", false)]);
        assert_eq!(lesson.uses, "use a::b;\n");
        assert_eq!(lesson.pieces[2].code, "struct S;\n\nimpl S {\n    fn f() {}\n}");
    }
}
