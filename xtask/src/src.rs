//! `cargo xtask src`: the lesson's `??`, which prints the source of a function.

use crate::Usage;
use crate::sources::{Item, Sources};
use crate::stages::Workspace;
use crate::text::{FAINT, PLAIN, count};
use anyhow::Result;
use std::io::Write;
use std::process::ExitCode;

/// Prints the source of an item, with its documentation and where it stands (the lesson's ??)
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask src nb02 relu\n  cargo xtask src nb02 layers::Lin\n  cargo xtask src nb00 s02_test"
)]
pub(crate) struct Args {
    /// The stage; what it does not have is looked for in the stages below it
    stage: String,
    /// The item, with as much of its path as is needed: `relu`, `Lin::bwd`, `layers::Lin`
    item: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let stage = workspace.stage(&args.stage)?;
    for stage in std::iter::once(stage).chain(workspace.below(stage)) {
        let sources = Sources::read([&stage.package])?;
        match &candidates(&sources, &args.item)[..] {
            [] => {}
            [item] => return print(item, &workspace),
            items => return ambiguous(items, &args.item, &workspace),
        }
    }
    Err(Usage(format!(
        "neither {} nor a stage below has `{}` (`cargo xtask export {}` shows what there is)",
        stage.name(),
        args.item,
        stage.name()
    ))
    .into())
}

/// The items whose paths end like this; one whose whole path is this comes before all others.
fn candidates<'a>(sources: &'a Sources, name: &str) -> Vec<&'a Item> {
    let exact: Vec<&Item> = sources.items.iter().filter(|i| i.path == name).collect();
    if !exact.is_empty() {
        return exact;
    }
    let ending = format!("::{name}");
    sources.items.iter().filter(|i| i.path.ends_with(&ending)).collect()
}

fn print(item: &Item, workspace: &Workspace) -> Result<ExitCode> {
    let text = std::fs::read_to_string(&item.file)?;
    let (start, end) = (*item.lines.start(), *item.lines.end());
    let mut out = anstream::stdout();
    writeln!(out, "{FAINT}// {} at {}:{start}{PLAIN}", item.path, workspace.relative(&item.file))?;
    for line in text.lines().skip(start - 1).take(end + 1 - start) {
        writeln!(out, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ambiguous(items: &[&Item], name: &str, workspace: &Workspace) -> Result<ExitCode> {
    let mut lines = vec![format!("{} for `{name}`; say which:", count(items.len(), "candidate"))];
    for item in items {
        let place = format!("{}:{}", workspace.relative(&item.file), item.lines.start());
        lines.push(format!("  {}  ({} at {place})", item.path, item.kind));
    }
    Err(Usage(lines.join("\n")).into())
}
