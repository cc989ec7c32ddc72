//! Building: cargo's progress stays visible on standard error, its results are read as JSON.

use crate::process::{self, cargo};
use crate::stages::{Package, Stage};
use anyhow::Result;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How the stages are built.
#[derive(clap::Args, Clone, Copy, Default)]
pub(crate) struct Build {
    /// Build in release mode: without overflow checks and debug assertions
    #[arg(long)]
    pub(crate) release: bool,
    /// Link the BLAS rung of the ladder to Intel MKL
    #[arg(long)]
    pub(crate) mkl: bool,
}

impl Build {
    pub(crate) fn profile(self) -> &'static str {
        if self.release { "release" } else { "dev" }
    }

    /// The same for every command, so that nothing is compiled twice. A package brings its features along: cargo
    /// unites those of the packages that one call names, and compiles a crate again where they differ.
    pub(crate) fn flags(self, stages: &[&Stage]) -> Vec<String> {
        let mut flags: Vec<String> = self.release.then(|| "--release".into()).into_iter().collect();
        for stage in stages {
            flags.extend(["--package".into(), stage.package.name.clone()]);
            let has_mkl = self.mkl && stage.package.features.contains_key("mkl");
            flags.extend(has_mkl.then(|| format!("--features={}/mkl", stage.package.name)));
        }
        flags
    }
}

/// A program that cargo has built.
pub(crate) struct Program {
    manifest: PathBuf,
    /// `lib` (its unit tests), `bin`, `test` or `example`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) opt_level: String,
}

impl Program {
    pub(crate) fn is_of(&self, package: &Package) -> bool {
        self.manifest == package.manifest_path
    }
}

/// Builds the stage's lesson and nothing else. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_lesson(stage: &Stage, build: Build) -> Result<Option<Program>> {
    one(cargo(), "test", "lesson", &build.flags(&[stage]))
}

/// Builds all tests of the stages in one call, so that the processor has something to do until the last of them is
/// linked. Where one does not compile, cargo says why, and the others are built all the same.
pub(crate) fn build_tests(stages: &[&Stage], build: Build) -> Result<Vec<Program>> {
    Ok(programs(cargo(), &["build", "--tests", "--keep-going"], &build.flags(stages))?.1)
}

/// Builds one example of the stage. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_example(stage: &Stage, example: &str, build: Build) -> Result<Option<Program>> {
    one(cargo(), "example", example, &build.flags(&[stage]))
}

/// Builds one program of a package that is no stage. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_bin(package: &Package, name: &str) -> Result<Option<Program>> {
    one(cargo(), "bin", name, &["--package", &package.name].map(String::from))
}

/// Builds one test of a crate that is a workspace of its own, from inside of it, where its settings count; that crate, and
/// only it, is `optimised` as much as the engines are, if that is asked for. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_test_in(
    folder: &Path,
    target: &Path,
    test: &str,
    optimised: bool,
) -> Result<Option<Program>> {
    let mut flags = vec![format!("--target-dir={}", target.display())];
    flags.extend(optimised.then(|| "--config=profile.dev.opt-level=3".into()));
    let mut cargo = cargo();
    cargo.current_dir(folder);
    one(cargo, "test", test, &flags)
}

fn one(cargo: Command, kind: &str, name: &str, flags: &[String]) -> Result<Option<Program>> {
    let (is_built, programs) = programs(cargo, &["build", &format!("--{kind}"), name], flags)?;
    Ok(programs.into_iter().find(|p| is_built && p.kind == kind && p.name == name))
}

/// Whether everything was built, and what was.
fn programs(mut cargo: Command, verb: &[&str], flags: &[String]) -> Result<(bool, Vec<Program>)> {
    cargo.args(verb).args(flags).arg("--message-format=json-render-diagnostics");
    let output = process::output(cargo.stdin(Stdio::null()).stderr(Stdio::inherit()))?;
    let messages = output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok((output.status.success(), messages.filter_map(|m| artifact(&m)).collect()))
}

fn artifact(message: &Value) -> Option<Program> {
    Some(Program {
        file: message["executable"].as_str()?.into(),
        manifest: message["manifest_path"].as_str()?.into(),
        kind: message["target"]["kind"][0].as_str()?.into(),
        name: message["target"]["name"].as_str()?.into(),
        opt_level: message["profile"]["opt_level"].as_str()?.into(),
    })
}
