//! What xtask hands over, as it is in the JSON document.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A run, and the sources that it is of.
#[derive(Deserialize)]
pub(crate) struct Material {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// Where the sections have put their pictures.
    pub(crate) figures: PathBuf,
    /// What `cargo doc` has made.
    pub(crate) api: Option<PathBuf>,
    pub(crate) run: Run,
    pub(crate) stages: Vec<Stage>,
    pub(crate) sources: Sources,
}

/// `cargo xtask run --json`.
#[derive(Deserialize)]
pub(crate) struct Run {
    pub(crate) machine: Machine,
    pub(crate) stages: Vec<RunStage>,
}

#[derive(Deserialize)]
pub(crate) struct Machine {
    pub(crate) os: String,
    pub(crate) arch: String,
    pub(crate) cpu: Option<String>,
    pub(crate) threads: Option<usize>,
}

#[derive(Deserialize)]
pub(crate) struct RunStage {
    pub(crate) name: String,
    pub(crate) title: String,
    /// `dev build, opt-level 3`
    pub(crate) build: String,
    pub(crate) sections: Vec<Section>,
}

#[derive(Deserialize)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) seconds: f64,
    pub(crate) line: usize,
    pub(crate) code: String,
    pub(crate) output: String,
}

#[derive(Deserialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) lesson: Option<PathBuf>,
    pub(crate) python: Vec<PythonCell>,
}

#[derive(Deserialize)]
pub(crate) struct PythonCell {
    /// `None`: what all cells share.
    pub(crate) section: Option<String>,
    pub(crate) code: String,
}

#[derive(Deserialize)]
pub(crate) struct Sources {
    pub(crate) items: Vec<Item>,
    pub(crate) modules: Vec<Module>,
    pub(crate) imports: Vec<Import>,
}

#[derive(Deserialize)]
pub(crate) struct Item {
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) docs: String,
    /// From the workspace's root.
    pub(crate) file: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

#[derive(Deserialize)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) public: bool,
    pub(crate) docs: String,
    pub(crate) file: String,
}

#[derive(Deserialize)]
pub(crate) struct Import {
    pub(crate) path: String,
    pub(crate) target: String,
    pub(crate) public: bool,
}

impl Material {
    pub(crate) fn read(file: &Path) -> Result<Material> {
        let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not what xtask writes", file.display()))
    }

    /// The run and the sources of each stage, in the order of the course.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&RunStage, &Stage)> {
        let source = |run: &RunStage| self.stages.iter().find(|s| s.name == run.name);
        self.run.stages.iter().filter_map(move |run| Some((run, source(run)?)))
    }

    /// The text of a file of the workspace.
    pub(crate) fn text(&self, file: impl AsRef<Path>) -> Result<String> {
        let file = self.root.join(file);
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
    }

    /// The picture that a section has drawn.
    pub(crate) fn figure(&self, name: &str) -> Result<String> {
        self.text(self.figures.join(name)).with_context(|| format!("the run has drawn no picture {name}"))
    }
}
