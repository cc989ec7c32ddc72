//! What the press works from, as one JSON document: the run, and what the sources say.

use crate::cargo::Build;
use crate::lesson;
use crate::record;
use crate::sources::Sources;
use crate::stages::{Stage, Workspace};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// The record of the run, the names and documentation of all items, and where everything lies.
pub(super) fn of(
    run: &[record::Stage],
    workspace: &Workspace,
    figures: &Path,
    api: Option<&Path>,
    time: Duration,
) -> Result<Value> {
    let sources = Sources::workspace(workspace)?;
    let stages: Vec<&Stage> =
        workspace.stages.iter().filter(|s| run.iter().any(|r| r.name == s.name())).collect();
    Ok(json!({
        "root": workspace.root,
        "figures": figures,
        "api": api,
        "run": record::document(run, Build::default().profile(), time),
        "stages": stages.into_iter().map(stage).collect::<Result<Vec<_>>>()?,
        "sources": names(&sources, workspace),
    }))
}

fn stage(stage: &Stage) -> Result<Value> {
    let cell = |c: lesson::Cell| json!({ "section": c.section, "line": c.line, "code": c.code });
    Ok(json!({
        "name": stage.name(),
        "folder": stage.package.folder,
        "lib": stage.target("lib").map(|t| &t.file),
        "lesson": stage.lesson().map(|t| &t.file),
        "python": lesson::python(stage)?.into_iter().map(cell).collect::<Vec<_>>(),
    }))
}

fn names(sources: &Sources, workspace: &Workspace) -> Value {
    let file = |path: &Path| workspace.relative(path).replace('\\', "/");
    let items = sources.items.iter().map(|i| {
        json!({
            "path": i.path, "kind": i.kind, "public": i.public, "docs": i.docs,
            "file": file(&i.file), "first": i.lines.start(), "last": i.lines.end(),
        })
    });
    let modules = sources
        .modules
        .iter()
        .map(|m| json!({ "path": m.path, "public": m.public, "docs": m.docs, "file": file(&m.file) }));
    let imports =
        sources.imports.iter().map(|i| json!({ "path": i.path, "target": i.target, "public": i.public }));
    json!({
        "items": items.collect::<Vec<_>>(),
        "modules": modules.collect::<Vec<_>>(),
        "imports": imports.collect::<Vec<_>>(),
    })
}
