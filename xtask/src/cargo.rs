//! Starting cargo: its progress stays visible on standard error, its results are read as JSON.

use crate::process;
use crate::stages::{Package, Stage};
use anyhow::Result;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The cargo that started us, or else the one that the shell would find.
///
/// `cargo run` tells xtask about xtask's own package. Passed on, that would look like a changed environment to
/// the build scripts of others, and they would be built again for us and once more for the person at the shell.
pub(crate) fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let about_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(about_us)) {
        command.env_remove(name);
    }
    command
}

/// How the stages are built.
#[derive(clap::Args, Clone, Copy, Default)]
pub(crate) struct Build {
    /// Build as `cargo build --release` does, without overflow checks and debug assertions
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

    /// The same build for every command, so that nothing is compiled twice.
    pub(crate) fn flags(self, package: &Package) -> Vec<&'static str> {
        let mkl = self.mkl && package.features.iter().any(|f| f == "mkl");
        let flags = [self.release.then_some("--release"), mkl.then_some("--features=mkl")];
        flags.into_iter().flatten().collect()
    }
}

/// A program that cargo has built.
pub(crate) struct Program {
    /// `lib` (its unit tests), `bin`, `test` or `example`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) opt_level: String,
}

/// Builds the stage's tests. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_tests(stage: &Stage, build: Build) -> Result<Option<Vec<Program>>> {
    programs(&stage.package, &["test", "--no-run"], build)
}

/// Builds one example of the stage. `None`: it does not compile, and cargo has said why.
pub(crate) fn build_example(stage: &Stage, example: &str, build: Build) -> Result<Option<Program>> {
    let programs = programs(&stage.package, &["build", "--example", example], build)?;
    Ok(programs.and_then(|all| all.into_iter().find(|p| p.kind == "example" && p.name == example)))
}

/// Builds one program of a package that is no stage, as quickly as xtask itself is built. `None`: it does not
/// compile, and cargo has said why.
pub(crate) fn build_bin(package: &Package, name: &str) -> Result<Option<Program>> {
    let programs = programs(package, &["build", "--profile=xtask", "--bin", name], Build::default())?;
    Ok(programs.and_then(|all| all.into_iter().find(|p| p.kind == "bin" && p.name == name)))
}

fn programs(package: &Package, verb: &[&str], build: Build) -> Result<Option<Vec<Program>>> {
    let mut cargo = command();
    cargo.args(verb).args(["--message-format=json-render-diagnostics", "--package", &package.name]);
    cargo.args(build.flags(package)).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = process::output(&mut cargo)?;
    let messages = output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok(output.status.success().then(|| messages.filter_map(|m| artifact(&m, package)).collect()))
}

fn artifact(message: &Value, package: &Package) -> Option<Program> {
    let ours =
        message["manifest_path"].as_str().map(PathBuf::from) == Some(package.folder.join("Cargo.toml"));
    Some(Program {
        file: ours.then(|| message["executable"].as_str())??.into(),
        kind: message["target"]["kind"][0].as_str()?.into(),
        name: message["target"]["name"].as_str()?.into(),
        opt_level: message["profile"]["opt_level"].as_str()?.into(),
    })
}
