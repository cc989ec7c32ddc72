//! What a learner has done, in a small file of their folder: `progress.json`.
//!
//! It is written whole or not at all. Where it is lost or not understood, the tests say again what is done.

use super::exercises::Exercise;
use crate::files;
use crate::stages::{Stage, Workspace};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(super) const FILE: &str = "progress.json";

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Progress {
    pub(super) stage: String,
    /// The course's folder, for a practice that lies elsewhere.
    pub(super) course: PathBuf,
    /// Of the stage's sources when this folder was made.
    pub(super) made_from: String,
    /// Of the learner's sources when they were judged last; empty before that.
    pub(super) judged: String,
    /// The exercises that are done, by number.
    pub(super) done: BTreeSet<usize>,
    /// Sections that wait for another exercise, by the number of theirs.
    pub(super) waiting: BTreeMap<usize, Vec<String>>,
    /// How many hints were shown.
    pub(super) hints: BTreeMap<usize, usize>,
}

impl Progress {
    /// Of somebody who has done nothing yet, or whose progress is lost.
    pub(super) fn fresh(workspace: &Workspace, stage: &Stage) -> Progress {
        Progress {
            stage: stage.name(),
            course: workspace.root.clone(),
            made_from: fingerprint(&stage.folder().join("src")),
            ..Progress::default()
        }
    }

    /// `None` where there is none, or none that can be understood.
    pub(super) fn read(folder: &Path) -> Option<Progress> {
        serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// The sections that an exercise whose own test passes has to pass yet. `None`: nothing is left to do.
    pub(super) fn due(&self, exercise: &Exercise) -> Option<Vec<String>> {
        let is_done = self.done.contains(&exercise.number);
        if is_done { self.waiting.get(&exercise.number).cloned() } else { Some(exercise.sections.clone()) }
    }

    /// Notes what the sections of an exercise said, and those of them that wait for another exercise.
    pub(super) fn note(&mut self, number: usize, is_done: bool, waiting: Vec<String>) {
        self.done.remove(&number);
        self.waiting.remove(&number);
        self.done.extend(is_done.then_some(number));
        self.waiting.extend((!waiting.is_empty()).then_some((number, waiting)));
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        files::write_whole(&folder.join(FILE), serde_json::to_string_pretty(self)? + "\n")
    }
}

/// What tells two states of a folder's sources apart: FNV-1a over the names and contents of its files.
pub(super) fn fingerprint(folder: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files::below(folder) {
        let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
        let bytes = std::fs::read(&file).unwrap_or_default();
        for byte in name.bytes().chain([0]).chain(bytes).chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
