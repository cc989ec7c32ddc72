//! What the press works from: the run, and what the sources say.

use crate::cargo::Build;
use crate::practice::exercises;
use crate::stages::{Stage, Workspace};
use crate::{lesson, sources};
use anyhow::Result;
use record::{Dependency, Material, Run, StageSource};
use std::path::Path;

/// The record of the run, the names and documentation of all items, and where everything lies.
pub(super) fn of(
    run: Vec<record::Stage>,
    workspace: &Workspace,
    figures: &Path,
    api: Option<&Path>,
    seconds: f64,
) -> Result<Material> {
    let stages = workspace.stages.iter().filter(|s| run.iter().any(|r| r.name == s.name()));
    let sources = sources::all(workspace)?;
    Ok(Material {
        practised: exercises::commands(workspace, &sources)?,
        root: workspace.root.clone(),
        figures: figures.into(),
        api: api.map(Path::to_path_buf),
        stages: stages.map(stage).collect::<Result<_>>()?,
        sources,
        run: Run::new(run, Build::default().profile(), seconds),
    })
}

fn stage(stage: &Stage) -> Result<StageSource> {
    let for_tests = stage.package.needs(Some("dev")).cloned().map(|d| Dependency {
        name: d.name,
        version: d.version,
        features: d.features,
        folder: d.folder,
    });
    Ok(StageSource {
        name: stage.name(),
        folder: stage.folder().into(),
        for_tests: for_tests.collect(),
        lesson: lesson::shared(stage)?,
        python: lesson::python(stage)?,
    })
}
