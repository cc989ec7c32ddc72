//! `cargo xtask list`: the stages.

use crate::lesson;
use crate::stages::{Stage, Workspace};
use crate::text::{FAINT, PLAIN, TITLE, folded};
use anyhow::Result;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Lists the stages, each with its title and what it depends on
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask list --json | jq -r '.[].name'")]
pub(crate) struct Args {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let mut out = anstream::stdout();
    if args.json {
        let all: Vec<Value> = workspace.stages.iter().map(|s| as_json(s, &workspace)).collect();
        writeln!(out, "{:#}", Value::from(all))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = workspace.stages.iter().map(|s| s.name().len()).max().unwrap_or(0);
    for stage in &workspace.stages {
        let (needs, uses) = dependencies(stage, &workspace);
        let below =
            if needs.is_empty() { "nothing below".into() } else { format!("on {}", needs.join(", ")) };
        writeln!(out, "{TITLE}{:<width$}{PLAIN}  {}", stage.name(), lesson::title(stage))?;
        let below = folded(&format!("{:<width$}  {below}; uses {}", "", uses.join(", ")));
        writeln!(out, "{FAINT}{below}{PLAIN}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(stage: &Stage, workspace: &Workspace) -> Value {
    let (stages, crates) = dependencies(stage, workspace);
    json!({
        "name": stage.name(),
        "number": stage.id.number,
        "title": lesson::title(stage),
        "folder": stage.shown(),
        "depends_on": stages,
        "crates": crates,
        "features": stage.package.features.keys().collect::<Vec<_>>(),
    })
}

/// The stages below, and the crates that are always linked besides.
fn dependencies(stage: &Stage, workspace: &Workspace) -> (Vec<String>, Vec<String>) {
    let stages = workspace.stages_needed(stage);
    let others = stage.package.needs(None).filter(|d| !d.optional && !stages.contains(&d.name));
    let others = others.map(|d| d.name.clone()).collect();
    (stages, others)
}
