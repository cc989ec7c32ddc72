//! Whether a package is built alone as it is together with all others.
//!
//! Cargo gives a dependency the features that all packages of one call ask for. Where a stage alone has fewer, the dependency,
//! and everything on it down to the kernels, is built once for `cargo xtask run nb01` and once more for
//! `cargo test --workspace`.

use crate::process;
use crate::stages::{Package, Workspace};
use anyhow::{Result, ensure};
use std::collections::BTreeSet;

/// A package, its version and its features: `memchr v2.8.3 alloc,std`.
type Built = BTreeSet<String>;

pub(super) fn problems(workspace: &Workspace) -> Vec<String> {
    if !workspace.root.join("Cargo.lock").exists() {
        return vec![]; // nothing was ever built, and cargo would have to choose versions first
    }
    let stages = workspace.stages.iter().map(|s| &s.package);
    let packages = stages.chain(workspace.libs().filter(|lib| is_under_a_stage(lib, workspace)));
    let different = built(workspace, &["--workspace"]).and_then(|together| {
        packages.map(|p| differences(p, workspace, &together)).collect::<Result<Vec<_>>>()
    });
    different.map_or_else(|e| vec![format!("{e:#}")], |different| different.concat())
}

fn is_under_a_stage(lib: &Package, workspace: &Workspace) -> bool {
    workspace.stages.iter().any(|s| s.package.dependencies.iter().any(|d| d.name == lib.name))
}

fn differences(package: &Package, workspace: &Workspace, together: &Built) -> Result<Vec<String>> {
    let manifest = workspace.relative(&package.manifest_path);
    let alone = built(workspace, &["--package", &package.name])?;
    let differences = alone.difference(together).filter(|other| !would_be_waited_for(other, package));
    let differences = differences.map(|other| {
        format!("{manifest}: alone it builds `{other}`, which the workspace builds with more features: name them here, too")
    });
    Ok(differences.collect())
}

/// What procedural macros are made of can be named where there is no build script, which would wait for it.
fn would_be_waited_for(other: &str, package: &Package) -> bool {
    let has_script = package.targets("custom-build").next().is_some();
    has_script && ["proc-macro2 ", "syn "].iter().any(|name| other.starts_with(name))
}

fn built(workspace: &Workspace, which: &[&str]) -> Result<Built> {
    let mut cargo = process::cargo();
    cargo.args(["tree", "--locked", "--prefix=none", "--no-dedupe", "--edges=normal,build,dev"]);
    cargo.arg("--format={p}|{f}");
    let output = process::output(cargo.args(which).current_dir(&workspace.root))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo tree` does not say what is built: {}", said.trim_end());
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(line).collect())
}

/// `record v0.1.0 (/where/it/is)|net` → `record v0.1.0 net`
fn line(line: &str) -> Option<String> {
    let (package, features) = line.split_once('|')?;
    let package = package.split(" (").next()?;
    Some(format!("{package} {features}").trim_end().into())
}
