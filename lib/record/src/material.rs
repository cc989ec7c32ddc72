//! What a book is made of: a run, and the sources that it is of.

use crate::{Run, Sources};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What xtask hands to the press, as one JSON document.
#[derive(Debug, Deserialize, Serialize)]
pub struct Material {
    /// The workspace.
    pub root: PathBuf,
    /// Where the sections have put their pictures.
    pub figures: PathBuf,
    /// What `cargo doc` has made.
    pub api: Option<PathBuf>,
    /// What the sections printed.
    pub run: Run,
    /// The stages that were run.
    pub stages: Vec<StageSource>,
    /// All names of the workspace.
    pub sources: Sources,
    /// The items that can be practised, by path: the command that begins with it.
    #[serde(default)]
    pub practised: BTreeMap<String, String>,
}

/// What a chapter needs to know about its stage besides the run.
#[derive(Debug, Deserialize, Serialize)]
pub struct StageSource {
    /// `nb01_matmul`
    pub name: String,
    /// Where the crate is.
    pub folder: PathBuf,
    /// What the lesson uses besides its stage.
    pub for_tests: Vec<Dependency>,
    /// `tests/lesson.rs`
    pub lesson: Option<Lesson>,
    /// `tests/lesson.py`, cell by cell.
    pub python: Vec<PythonCell>,
}

/// A crate that another one uses.
#[derive(Debug, Deserialize, Serialize)]
pub struct Dependency {
    /// Its name on the registry.
    pub name: String,
    /// `^1.2`
    pub version: String,
    /// Those that are asked for.
    pub features: Vec<String>,
    /// Where it lies, if it is not from the registry.
    pub folder: Option<PathBuf>,
}

/// A lesson, but for its sections.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Lesson {
    /// The file: `tests/lesson.rs`, or `tests/lesson/main.rs` where the sections are in files of their own.
    pub file: PathBuf,
    /// Its `use` lines.
    pub uses: String,
    /// What its sections share.
    pub pieces: Vec<Piece>,
}

/// Something that the sections of a lesson share: a function, a type with its methods, a constant, a module.
#[derive(Debug, Deserialize, Serialize)]
pub struct Piece {
    /// What it is called.
    pub name: String,
    /// Its source.
    pub code: String,
    /// Where its code is, if it is a `mod x;`.
    pub module: Option<PathBuf>,
}

/// One cell of `tests/lesson.py`: a section in PyTorch.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PythonCell {
    /// `None`: what all cells share.
    pub section: Option<String>,
    /// Of its first line, in the file.
    pub line: usize,
    /// Without the `# %%` above it.
    pub code: String,
}
