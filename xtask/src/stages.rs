//! Where the stages are: the folders below `crates/` whose names begin with a notebook's number.
//!
//! No list of them is kept. Cargo says what each package is made of (`cargo metadata`), and the folder's name says the
//! rest: `nb02a_why_sqrt5` comes after `nb02_…` and before `nb03_…`.

use crate::{process, usage};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The workspace around the current folder.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// By name.
    pub(crate) packages: Vec<Package>,
    /// In the order of the course.
    pub(crate) stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

/// A package of the workspace, as cargo describes it.
#[derive(Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) features: Map<String, Value>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What cargo builds from one root file.
#[derive(Clone, Deserialize)]
pub(crate) struct Target {
    /// `lib`, `bin`, `test`, `example` or `bench` comes first.
    kind: Vec<String>,
    pub(crate) name: String,
    #[serde(rename = "src_path")]
    pub(crate) file: PathBuf,
    /// Whether `cargo test` builds a test program of it.
    #[serde(rename = "test")]
    pub(crate) is_tested: bool,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `^1.2`
    #[serde(rename = "req")]
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
    pub(crate) optional: bool,
    /// `dev`, `build`, or `None` for what the library itself needs.
    pub(crate) kind: Option<String>,
    /// Where it lies, if it is not from the registry.
    #[serde(rename = "path")]
    pub(crate) folder: Option<PathBuf>,
}

impl Target {
    pub(crate) fn kind(&self) -> &str {
        self.kind.first().map_or("", String::as_str)
    }
}

impl Package {
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    pub(crate) fn targets<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(move |t| t.kind() == kind)
    }

    /// What it is built on (`None`), what its tests need (`dev`), or its build script (`build`).
    pub(crate) fn needs<'a>(&'a self, kind: Option<&'a str>) -> impl Iterator<Item = &'a Dependency> {
        self.dependencies.iter().filter(move |d| d.kind.as_deref() == kind)
    }
}

/// One notebook of the course.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) id: StageId,
    pub(crate) package: Package,
}

/// A stage's folder name taken apart: `nb02a_why_sqrt5` is `02a` and `why_sqrt5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StageId {
    pub(crate) number: String,
    pub(crate) topic: String,
}

impl StageId {
    /// `None` where the name is not `nb`, a [number](is_number), `_` and a name in lower case.
    pub(crate) fn parse(folder: &str) -> Option<StageId> {
        let (number, topic) = folder.strip_prefix("nb")?.split_once('_')?;
        let is_in_name = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let is_topic = topic.starts_with(|c: char| c.is_ascii_lowercase()) && topic.bytes().all(is_in_name);
        (is_number(number) && is_topic).then(|| StageId { number: number.into(), topic: topic.into() })
    }

    pub(crate) fn name(&self) -> String {
        format!("nb{}_{}", self.number, self.topic)
    }

    /// `nb02a`
    pub(crate) fn short(&self) -> String {
        format!("nb{}", self.number)
    }

    /// Whether a person who types `query` means this stage.
    fn answers_to(&self, query: &str) -> bool {
        let query = query.trim_end_matches(['/', '\\']);
        let query = query.rsplit(['/', '\\']).next().unwrap_or(query).to_lowercase();
        let number = query.strip_prefix("nb").unwrap_or(&query);
        let is_number = number == self.number || format!("0{number}") == self.number;
        is_number || query == self.name() || query == self.topic
    }
}

/// What is counted through with two digits and perhaps a letter: `02`, `02a`.
pub(crate) fn is_number(text: &str) -> bool {
    match text.as_bytes() {
        [tens, ones, letter @ ..] => {
            tens.is_ascii_digit()
                && ones.is_ascii_digit()
                && letter.len() <= 1
                && letter.iter().all(u8::is_ascii_lowercase)
        }
        _ => false,
    }
}

impl Stage {
    pub(crate) fn name(&self) -> String {
        self.id.name()
    }

    /// The folder's path as a person would write it.
    pub(crate) fn shown(&self) -> String {
        format!("crates/{}", self.name())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.package.folder()
    }

    pub(crate) fn targets<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Target> {
        self.package.targets(kind)
    }

    /// Whether it has the example that knows about data.
    pub(crate) fn has_data(&self) -> bool {
        self.targets("example").any(|e| e.name == "data")
    }

    /// `tests/lesson.rs`, if there is one.
    pub(crate) fn lesson(&self) -> Option<&Target> {
        self.targets("test").find(|t| t.name == "lesson")
    }
}

impl Workspace {
    /// Asks cargo what the workspace around the current folder is made of.
    pub(crate) fn find() -> Result<Workspace> {
        Workspace::at(Path::new("."))
    }

    /// The same for the workspace around any folder.
    pub(crate) fn at(folder: &Path) -> Result<Workspace> {
        let Metadata { workspace_root: root, target_directory: target, mut packages } = metadata(folder)?;
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        let crates = root.join("crates");
        let stage = |p: &Package| {
            let id = (p.folder().parent() == Some(&crates)).then_some(p.folder().file_name()?)?;
            Some(Stage { id: StageId::parse(id.to_str()?)?, package: p.clone() })
        };
        let mut stages: Vec<Stage> = packages.iter().filter_map(stage).collect();
        stages.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Workspace { root, target, packages, stages })
    }

    /// The stage that `query` names: `nb01_matmul`, `crates/nb01_matmul/`, `nb01`, `01`, `1` or `matmul`.
    pub(crate) fn stage(&self, query: &str) -> Result<&Stage> {
        let found: Vec<&Stage> = self.stages.iter().filter(|s| s.id.answers_to(query)).collect();
        match found[..] {
            [stage] => Ok(stage),
            [] => Err(usage(format!("there is no stage `{query}`; {}", self.names()))),
            _ => {
                let names: Vec<String> = found.iter().map(|s| s.name()).collect();
                Err(usage(format!("`{query}` may be {}: which one?", names.join(" or "))))
            }
        }
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.stages.iter().map(Stage::name).collect();
        match &names[..] {
            [] => format!("no folder below {} is a stage", self.root.join("crates").display()),
            names => format!("there are {} (as `cargo xtask list` shows)", names.join(", ")),
        }
    }

    /// The stages below this one, the nearest first.
    pub(crate) fn below<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Stage> {
        self.stages.iter().rev().filter(|s| s.id < stage.id)
    }

    /// What the stages are built on: the packages below `lib/`.
    pub(crate) fn libs(&self) -> impl Iterator<Item = &Package> {
        let lib = self.root.join("lib");
        self.packages.iter().filter(move |p| p.folder().parent() == Some(&lib))
    }

    /// Whether the stage, or one below it, has the example that knows about data.
    pub(crate) fn reads_data(&self, stage: &Stage) -> bool {
        self.stages.iter().any(|s| s.id <= stage.id && s.has_data())
    }

    /// The names of the stages that this one depends on.
    pub(crate) fn stages_needed(&self, stage: &Stage) -> Vec<String> {
        let is_stage = |d: &&Dependency| self.stages.iter().any(|s| Some(s.folder()) == d.folder.as_deref());
        stage.package.needs(None).filter(is_stage).map(|d| d.name.clone()).collect()
    }

    /// A path as it reads from the workspace's root, with `/`.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string().replace('\\', "/")
    }
}

fn metadata(folder: &Path) -> Result<Metadata> {
    let mut cargo = process::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
    let output = process::output(&mut cargo).context("Rust has to be installed (https://rustup.rs)")?;
    if !output.status.success() {
        bail!("cargo cannot read this workspace:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    serde_json::from_slice(&output.stdout).context("what `cargo metadata` answers is not understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_taken_apart() {
        let id = |s| StageId::parse(s).map(|i| (i.number, i.topic));
        assert_eq!(id("nb01_matmul"), Some(("01".into(), "matmul".into())));
        assert_eq!(id("nb02a_why_sqrt5"), Some(("02a".into(), "why_sqrt5".into())));
        for bad in "nb1_x nb01 nb01_ nb01_X nb01ab_x nbé1_x nb01A_x xb01_x nb01_1x nb01-x ".split(' ') {
            assert_eq!(id(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_letter_stands_between_two_numbers() {
        let mut names =
            ["nb10_x", "nb02a_x", "nb02_x", "nb03_x", "nb02b_a"].map(|n| StageId::parse(n).unwrap());
        names.sort();
        assert_eq!(names.map(|n| n.number), ["02", "02a", "02b", "03", "10"]);
    }

    #[test]
    fn a_stage_answers_to_its_names() {
        let id = StageId::parse("nb01_matmul").unwrap();
        for name in
            "nb01_matmul nb01 NB01 01 1 nb1 matmul crates/nb01_matmul/ ./crates/nb01_matmul".split(' ')
        {
            assert!(id.answers_to(name), "{name}");
        }
        for name in ["", "nb", "0", "nb011", "mat", "nb01_", "11", "nb02_matmul"] {
            assert!(!id.answers_to(name), "{name}");
        }
        assert!(StageId::parse("nb00_testing").unwrap().answers_to("0"));
        assert!(!StageId::parse("nb00_testing").unwrap().answers_to(""));
        assert!(StageId::parse("nb02a_why").unwrap().answers_to("2a"));
    }
}
