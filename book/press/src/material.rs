//! Reading what xtask hands over.

use anyhow::{Context, Result};
use record::{Material, Stage, StageSource};
use std::io::ErrorKind;
use std::path::Path;

/// What the pages ask of the material.
pub(crate) trait Read {
    /// The run and the sources of each stage, in the order of the course.
    fn stages(&self) -> impl Iterator<Item = (&Stage, &StageSource)>;
    /// The text of a file of the workspace.
    fn text(&self, file: impl AsRef<Path>) -> Result<String>;
    /// The text of a file that not every workspace has.
    fn text_if_there(&self, file: impl AsRef<Path>) -> Result<Option<String>>;
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

    fn text_if_there(&self, file: impl AsRef<Path>) -> Result<Option<String>> {
        let file = self.root.join(file);
        match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => text.map(Some).with_context(|| format!("{} cannot be read", file.display())),
        }
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

/// Of this workspace, before anything was run.
#[cfg(test)]
pub(crate) fn example() -> Material {
    Material {
        root: concat!(env!("CARGO_MANIFEST_DIR"), "/../..").into(),
        figures: "figures".into(),
        api: None,
        run: record::Run::new(vec![], "dev", 0.0),
        stages: vec![],
        sources: record::Sources::default(),
        practised: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_be_missing_but_not_be_unreadable() {
        let material = example();
        assert_eq!(material.text_if_there("no/such/file").unwrap(), None);
        assert!(material.text_if_there("Cargo.toml").unwrap().is_some());
        let error = material.text_if_there("book").unwrap_err();
        assert!(error.to_string().ends_with("book cannot be read"), "{error}");
    }
}
