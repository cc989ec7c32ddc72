//! What sources say: items, modules and imports, by their paths.

use serde::{Deserialize, Serialize};

/// All that the sources of some packages hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Sources {
    /// What has a name.
    pub items: Vec<Item>,
    /// Files and parts of files.
    pub modules: Vec<Module>,
    /// Other names for what is elsewhere.
    pub imports: Vec<Import>,
}

/// Something with a name: a function, type, trait, constant, method or test.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Item {
    /// `nb00_testing::timing::Timing`; tests and examples are below their file: `nb00_testing::lesson::s01_test`.
    pub path: String,
    /// `fn`, `struct`, …
    pub kind: String,
    /// Whether other crates can reach it by this path.
    pub public: bool,
    /// Whether it is marked `#[test]`.
    pub test: bool,
    /// Its documentation.
    pub docs: String,
    /// From the workspace's root, with `/`.
    pub file: String,
    /// Its first line, that of its documentation.
    pub first: usize,
    /// Its last line.
    pub last: usize,
    /// The first and last lines of each `impl` for it in the same file.
    pub impls: Vec<(usize, usize)>,
}

impl Item {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        crate::last(&self.path)
    }

    /// The [`summary`] of its documentation.
    pub fn summary(&self) -> String {
        summary(&self.docs)
    }
}

/// The first paragraph of a documentation, in one line.
pub fn summary(docs: &str) -> String {
    let lines = docs.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A `mod`: a file, or a part of one.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Module {
    /// `nb01_matmul::data`
    pub path: String,
    /// Whether other crates can reach it by this path.
    pub public: bool,
    /// Its documentation.
    pub docs: String,
    /// From the workspace's root, with `/`.
    pub file: String,
}

/// A `use`: another name for what is elsewhere. A glob's name is `*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Import {
    /// Where it is written, then the name that it gives.
    pub path: String,
    /// What it names, as seen from the crate's root.
    pub target: String,
    /// Whether other crates can reach it by this path.
    pub public: bool,
    /// `doc(no_inline)`
    pub attributes: Vec<String>,
}
