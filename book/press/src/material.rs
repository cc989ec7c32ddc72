//! Reading what xtask hands over.

use anyhow::{Context, Result};
use record::{Material, Stage, StageSource};
use std::path::Path;

/// What the pages ask of the material.
pub(crate) trait Read {
    /// The run and the sources of each stage, in the order of the course.
    fn stages(&self) -> impl Iterator<Item = (&Stage, &StageSource)>;
    /// The text of a file of the workspace.
    fn text(&self, file: impl AsRef<Path>) -> Result<String>;
    /// The picture that a section has drawn.
    fn figure(&self, name: &str) -> Result<String>;
}

impl Read for Material {
    fn stages(&self) -> impl Iterator<Item = (&Stage, &StageSource)> {
        let source = |run: &Stage| self.stages.iter().find(|s| s.name == run.name);
        self.run.stages.iter().filter_map(move |run| Some((run, source(run)?)))
    }

    fn text(&self, file: impl AsRef<Path>) -> Result<String> {
        let file = self.root.join(file);
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
    }

    fn figure(&self, name: &str) -> Result<String> {
        self.text(self.figures.join(name)).with_context(|| format!("the run has drawn no picture {name}"))
    }
}

/// The document that xtask has written.
pub(crate) fn read(file: &Path) -> Result<Material> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not what xtask writes", file.display()))
}
