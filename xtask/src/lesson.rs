//! A stage's notebook: the sections of its `tests/lesson.rs`, read from the source.

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
