//! A run: every section with its title, code, output and time.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Grows when a field changes its meaning, not when one is added.
pub const SCHEMA: u32 = 1;

/// All stages that were run, in the order of the course.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Run {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// Whether everything ended well.
    pub ok: bool,
    /// `dev` or `release`
    pub profile: String,
    /// What the times were taken on.
    pub machine: Machine,
    /// How long all of it took, builds included.
    pub seconds: f64,
    /// In the order of the course.
    pub stages: Vec<Stage>,
}

impl Run {
    /// A run of this machine.
    pub fn new(stages: Vec<Stage>, profile: &str, seconds: f64) -> Run {
        let ok = stages.iter().all(|s| s.status.is_good());
        Run { schema: SCHEMA, ok, profile: profile.into(), machine: Machine::this(), seconds, stages }
    }
}

/// What the times were taken on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Machine {
    /// `linux`
    pub os: String,
    /// `x86_64`
    pub arch: String,
    /// The processor's name, where the system says it.
    pub cpu: Option<String>,
    /// How many threads run at once.
    pub threads: Option<usize>,
}

impl Machine {
    /// The machine that this program runs on.
    pub fn this() -> Machine {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": "));
        Machine {
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            cpu: cpu.map(|(_, name)| name.into()),
            threads: std::thread::available_parallelism().map(usize::from).ok(),
        }
    }
}

/// `linux Intel(R) Xeon(R), 2 threads`
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.os, self.cpu.as_ref().unwrap_or(&self.arch))?;
        self.threads.map_or(Ok(()), |threads| write!(f, ", {threads} threads"))
    }
}

/// How a section, a suite or a stage ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It ended well.
    Passed,
    /// It ended well, but said that it could not check everything.
    Skipped,
    /// It is marked as not to be run.
    Ignored,
    /// It panicked, or returned an error.
    Failed,
    /// It ran longer than allowed and was ended.
    #[serde(rename = "timed out")]
    TimedOut,
    /// It ended the whole program, by a signal or by itself.
    Died,
    /// The run did not come to it.
    #[default]
    #[serde(rename = "not run")]
    NotRun,
    /// The stage does not compile.
    #[serde(rename = "does not compile")]
    NotBuilt,
}

impl Status {
    /// Whether nothing went wrong.
    pub fn is_good(self) -> bool {
        matches!(self, Status::Passed | Status::Skipped | Status::Ignored)
    }
}

/// The word that the JSON document has.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One stage, run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Stage {
    /// `nb01_matmul`
    pub name: String,
    /// `01 · Matmul`
    pub title: String,
    /// The worst of what is in it.
    pub status: Status,
    /// `dev build, opt-level 3`
    pub build: String,
    /// How long its build took.
    pub build_seconds: f64,
    /// How long it ran.
    pub seconds: f64,
    /// In the order in which they ran.
    pub sections: Vec<Section>,
    /// Its other tests.
    pub suites: Vec<Suite>,
    /// The sums.
    pub counts: StageCounts,
}

/// How many of a stage's sections, tests and checks ended how.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct StageCounts {
    /// The lesson's sections.
    pub sections: SectionCounts,
    /// All other tests.
    pub tests: Counts,
    /// Checks that could not be made.
    pub skipped_checks: usize,
}

/// How many sections ended how.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the names of Status")]
pub struct SectionCounts {
    pub passed: usize,
    pub skipped: usize,
    pub ignored: usize,
    pub failed: usize,
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the names of Status")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub ignored: usize,
}

impl std::ops::Add for Counts {
    type Output = Counts;

    fn add(self, b: Counts) -> Counts {
        Counts {
            passed: self.passed + b.passed,
            failed: self.failed + b.failed,
            ignored: self.ignored + b.ignored,
        }
    }
}

impl Stage {
    /// Status and counts, from the sections and suites.
    pub fn sum_up(&mut self) {
        let statuses: Vec<Status> =
            self.sections.iter().map(|s| s.status).chain(self.suites.iter().map(|s| s.status)).collect();
        self.status = match statuses {
            all if !all.iter().all(|s| s.is_good()) => Status::Failed,
            all if all.contains(&Status::Skipped) => Status::Skipped,
            _ => Status::Passed,
        };
        let count = |status| self.sections.iter().filter(|s| s.status == status).count();
        let sections = SectionCounts {
            passed: count(Status::Passed),
            skipped: count(Status::Skipped),
            ignored: count(Status::Ignored),
            failed: self.sections.iter().filter(|s| !s.status.is_good()).count(),
        };
        let skipped = self.sections.iter().map(|s| &s.skipped).chain(self.suites.iter().map(|s| &s.skipped));
        self.counts = StageCounts {
            sections,
            tests: self.suites.iter().fold(Counts::default(), |sum, s| sum + s.counts),
            skipped_checks: skipped.map(Vec::len).sum(),
        };
    }
}

/// One cell of the notebook, executed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Section {
    /// `s07_einsum`
    pub id: String,
    /// What the test harness calls it: `s07_einsum`, or `part2_init::s07_lin` where the lesson has more than one file.
    #[serde(default)]
    pub test: String,
    /// The first line of its documentation.
    pub title: String,
    /// How it ended.
    pub status: Status,
    /// How long it ran.
    pub seconds: f64,
    /// From the workspace's root, with `/`.
    pub file: String,
    /// Where its function begins.
    pub line: usize,
    /// The function, with its documentation.
    pub code: String,
    /// What it printed.
    pub output: String,
    /// What it could not check, and why.
    pub skipped: Vec<String>,
    /// The pictures that it drew while it was recorded: file names, in order.
    pub figures: Vec<String>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

impl Section {
    /// `crates/nb01_matmul/tests/lesson.rs:31`
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Why a section failed, and where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    /// What the panic said.
    pub message: String,
    /// `crates/nb01_matmul/tests/lesson.rs:12:5`
    pub place: Option<String>,
}

/// The unit tests, one file of integration tests, or the examples in the documentation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Suite {
    /// `unit tests`, `tests/more.rs`, `doc tests`
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Its tests.
    pub counts: Counts,
    /// How long it ran.
    pub seconds: f64,
    /// What it printed.
    pub output: String,
    /// What it could not check, and why.
    pub skipped: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_as_far_as_the_system_tells() {
        let unknown = Machine { os: "linux".into(), arch: "x86_64".into(), cpu: None, threads: None };
        assert_eq!(unknown.to_string(), "linux x86_64");
        let known = Machine { cpu: Some("Abacus".into()), threads: Some(2), ..unknown };
        assert_eq!(known.to_string(), "linux Abacus, 2 threads");
    }
}
