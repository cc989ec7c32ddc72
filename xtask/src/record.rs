//! What a run was: every section with its title, code, output and time. `run --json` prints it, and whoever
//! wants to show the executed lesson elsewhere starts from it.

use crate::libtest::{Counts, Failure};
use serde_json::{Value, json};
use std::time::Duration;

/// Grows when a field changes its meaning, not when one is added.
const SCHEMA: u32 = 1;

/// How a section or a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Passed,
    /// It ended well, but said that it could not check everything.
    Skipped,
    Ignored,
    Failed,
    /// It ran longer than allowed and was ended.
    TimedOut,
    /// It ended the whole program, by a signal or by itself.
    Died,
    /// It was not reached.
    NotRun,
    /// The stage does not compile.
    NotBuilt,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Skipped => "skipped",
            Status::Ignored => "ignored",
            Status::Failed => "failed",
            Status::TimedOut => "timed out",
            Status::Died => "died",
            Status::NotRun => "not run",
            Status::NotBuilt => "does not compile",
        }
    }

    pub(crate) fn is_good(self) -> bool {
        matches!(self, Status::Passed | Status::Skipped | Status::Ignored)
    }
}

/// One cell of the notebook, executed.
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    /// From the workspace's root, with `/`.
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) code: String,
    pub(crate) status: Status,
    pub(crate) time: Duration,
    pub(crate) output: String,
    /// What it could not check, and why.
    pub(crate) skipped: Vec<String>,
    /// The pictures that it drew while it was recorded: file names, in order.
    pub(crate) figures: Vec<String>,
    pub(crate) failure: Option<Failure>,
}

/// The unit tests, one file of integration tests, or the examples in the documentation.
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) counts: Counts,
    pub(crate) time: Duration,
    pub(crate) output: String,
    pub(crate) skipped: Vec<String>,
}

/// One stage, run.
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) built: bool,
    /// `dev, opt-level 3`
    pub(crate) build: String,
    pub(crate) build_time: Duration,
    pub(crate) time: Duration,
    pub(crate) sections: Vec<Section>,
    pub(crate) suites: Vec<Suite>,
}

impl Stage {
    pub(crate) fn status(&self) -> Status {
        let statuses = self.sections.iter().map(|s| s.status).chain(self.suites.iter().map(|s| s.status));
        match statuses
            .fold((true, false), |(good, skipped), s| (good && s.is_good(), skipped || s == Status::Skipped))
        {
            _ if !self.built => Status::NotBuilt,
            (false, _) => Status::Failed,
            (true, true) => Status::Skipped,
            (true, false) => Status::Passed,
        }
    }

    /// How many checks could not be made.
    pub(crate) fn skipped(&self) -> usize {
        self.sections.iter().map(|s| s.skipped.len()).sum::<usize>()
            + self.suites.iter().map(|s| s.skipped.len()).sum::<usize>()
    }

    fn json(&self) -> Value {
        let count = |status| self.sections.iter().filter(|s| s.status == status).count();
        let tests = self.suites.iter().fold(Counts::default(), |sum, s| sum + s.counts);
        json!({
            "name": self.name,
            "title": self.title,
            "status": self.status().word(),
            "build": self.build,
            "build_seconds": self.build_time.as_secs_f64(),
            "seconds": self.time.as_secs_f64(),
            "sections": self.sections.iter().map(Section::json).collect::<Vec<_>>(),
            "suites": self.suites.iter().map(Suite::json).collect::<Vec<_>>(),
            "counts": {
                "sections": {
                    "passed": count(Status::Passed),
                    "skipped": count(Status::Skipped),
                    "ignored": count(Status::Ignored),
                    "failed": self.sections.iter().filter(|s| !s.status.is_good()).count(),
                },
                "tests": counts(tests),
                "skipped_checks": self.skipped(),
            },
        })
    }
}

impl Section {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "title": self.title,
            "status": self.status.word(),
            "seconds": self.time.as_secs_f64(),
            "file": self.file,
            "line": self.line,
            "code": self.code,
            "output": self.output,
            "skipped": self.skipped,
            "figures": self.figures,
            "failure": self.failure.as_ref().map(|f| json!({ "message": f.message, "place": f.place })),
        })
    }
}

impl Suite {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "status": self.status.word(),
            "counts": counts(self.counts),
            "seconds": self.time.as_secs_f64(),
            "output": self.output,
            "skipped": self.skipped,
        })
    }
}

fn counts(c: Counts) -> Value {
    json!({ "passed": c.passed, "failed": c.failed, "ignored": c.ignored })
}

/// The whole run as one document.
pub(crate) fn document(stages: &[Stage], profile: &str, time: Duration) -> Value {
    json!({
        "schema": SCHEMA,
        "ok": stages.iter().all(|s| s.status().is_good()),
        "profile": profile,
        "machine": machine(),
        "seconds": time.as_secs_f64(),
        "stages": stages.iter().map(Stage::json).collect::<Vec<_>>(),
    })
}

/// What the times were taken on.
fn machine() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu =
        cpuinfo.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "cpu": cpu,
        "threads": std::thread::available_parallelism().map(usize::from).ok(),
    })
}
