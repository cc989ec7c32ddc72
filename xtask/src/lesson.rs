//! A stage's notebook: the sections of its `tests/lesson.rs`, and the same in Python, read from the sources.

use crate::sources;
use crate::stages::Stage;
use anyhow::{Context, Result};
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

/// One cell of `tests/lesson.py`: what a section is in PyTorch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The section that it stands beside; `None` for what all of them share.
    pub(crate) section: Option<String>,
    /// Of its first line, in the file.
    pub(crate) line: usize,
    /// Without the `# %%` above it.
    pub(crate) code: String,
}

/// Where a stage's Python would be.
pub(crate) fn python_file(stage: &Stage) -> PathBuf {
    stage.package.folder.join("tests/lesson.py")
}

/// The cells of the stage's `tests/lesson.py`, in the order of the file; none where there is no such file.
pub(crate) fn python(stage: &Stage) -> Result<Vec<Cell>> {
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

fn cells(text: &str) -> Vec<Cell> {
    let mut cells: Vec<Cell> = vec![];
    for (i, line) in text.lines().enumerate() {
        match (cell_title(line), cells.last_mut()) {
            (Some(title), _) => {
                let section = (!title.is_empty()).then(|| title.to_string());
                cells.push(Cell { section, line: i + 2, code: String::new() });
            }
            (None, Some(cell)) => cell.code.extend([line, "\n"]),
            (None, None) => cells.push(Cell { section: None, line: i + 1, code: format!("{line}\n") }),
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
        let cell = |section: Option<&str>, line, code: &str| Cell {
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
}
