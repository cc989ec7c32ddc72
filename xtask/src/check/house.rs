//! Who depends on whom: a stage on the stage before it, the libraries below `lib/` on no stage.
//!
//! | package | may depend on |
//! |---|---|
//! | lib/kernels | nothing of ours |
//! | lib/einsum | kernels |
//! | any other of lib/ | nothing of ours |
//! | nb00 | nothing of ours |
//! | nb01 | nb00; kernels, einsum, mnist |
//! | each later stage | the stage before it |
//!
//! Tests may use lib/figures besides.

use crate::stages::{Package, Stage, Workspace};

/// What nb01 makes a lesson of.
const ENGINES: [&str; 3] = ["kernels", "einsum", "mnist"];

pub(super) fn problems(workspace: &Workspace) -> Vec<String> {
    let mut problems = same_numbers(workspace);
    for stage in &workspace.stages {
        problems.extend(chain(stage, workspace));
        let before = workspace.below(stage).next().map(Stage::name);
        let engines = ENGINES.iter().filter(|_| stage.id.number == "01").map(|name| name.to_string());
        let allowed: Vec<String> = before.into_iter().chain(engines).collect();
        problems.extend(strangers(&stage.package, &stage.shown(), &allowed, workspace));
    }
    for lib in workspace.libs() {
        let allowed = if lib.name == "einsum" { vec!["kernels".into()] } else { vec![] };
        problems.extend(strangers(lib, &workspace.relative(lib.folder()), &allowed, workspace));
    }
    problems
}

/// Two stages of the same number have no order.
fn same_numbers(workspace: &Workspace) -> Vec<String> {
    let pairs = workspace.stages.windows(2).filter(|w| w[0].id.number == w[1].id.number);
    pairs
        .map(|w| format!("{} and {} have the same number: one takes a letter", w[0].shown(), w[1].shown()))
        .collect()
}

/// A stage depends on exactly one stage: the one before it.
fn chain(stage: &Stage, workspace: &Workspace) -> Option<String> {
    let before: Vec<String> = workspace.below(stage).take(1).map(Stage::name).collect();
    let needs = workspace.stages_needed(stage);
    let or_none = |names: &[String]| if names.is_empty() { "no stage".into() } else { names.join(" and ") };
    (needs != before).then(|| {
        format!(
            "{}/Cargo.toml: it depends on {}, but should depend on {}, the one before it",
            stage.shown(),
            or_none(&needs),
            or_none(&before)
        )
    })
}

/// The packages of ours that this one depends on and should not; another stage is [`chain`]'s to name.
fn strangers(package: &Package, shown: &str, allowed: &[String], workspace: &Workspace) -> Vec<String> {
    let is_stage = |name: &str| workspace.stages.iter().any(|s| s.package.name == name);
    let is_course = is_stage(&package.name);
    let ours = package.dependencies.iter().filter(|d| d.folder.is_some() && !allowed.contains(&d.name));
    let strange = ours.filter(|d| match d.kind.as_deref() {
        Some("dev") => !is_course || d.name != "figures",
        kind => !is_course || kind.is_some() || !is_stage(&d.name),
    });
    let allowed = if allowed.is_empty() { "nothing of ours".into() } else { allowed.join(", ") };
    strange
        .map(|d| format!("{shown}/Cargo.toml: it depends on {}, but may depend on {allowed}", d.name))
        .collect()
}
