//! `cargo xtask src`: the lesson's `??`, which prints the source of a function.

use crate::stages::{Package, Workspace};
use crate::text::{FAINT, PLAIN, count};
use crate::{files, sources, usage};
use anyhow::Result;
use record::{Item, Sources};
use std::io::Write;
use std::process::ExitCode;

/// Prints the source of an item, with its documentation and its place (the lesson's ??)
#[derive(clap::Args)]
#[command(
    allow_missing_positional = true,
    after_help = "Examples:\n  cargo xtask src relu\n  cargo xtask src nb02 layers::Lin\n  cargo xtask src nb00 s02_test"
)]
pub(crate) struct Args {
    /// Where to begin: then come the stages below it, and lib/ [default: the newest stage]
    stage: Option<String>,
    /// The item, with as much of its path as is needed: `relu`, `Lin::bwd`, `layers::Lin`
    item: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let first = args.stage.as_ref().map(|stage| workspace.stage(stage)).transpose()?;
    let first = first.or(workspace.stages.last());
    let stages = first.into_iter().chain(first.into_iter().flat_map(|s| workspace.below(s)));
    let packages: Vec<&Package> = stages.map(|s| &s.package).chain(workspace.libs()).collect();
    for package in packages {
        let sources = sources::read(&workspace, [package])?;
        match &candidates(&sources, &args.item)[..] {
            [] => {}
            [item] => return print(item, &workspace),
            items => return ambiguous(items, &args.item),
        }
    }
    Err(usage(match first.filter(|_| args.stage.is_some()).map(|s| s.name()) {
        Some(stage) => format!(
            "neither {stage} nor a stage below has `{}` (`cargo xtask export {stage}` shows what there is)",
            args.item
        ),
        None => format!("no stage has `{}` (`cargo xtask export nb01` shows what nb01 has)", args.item),
    }))
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
    let text = files::read(&workspace.root.join(&item.file))?;
    let mut out = anstream::stdout();
    writeln!(out, "{FAINT}// {} at {}:{}{PLAIN}", item.path, item.file, item.first)?;
    for line in text.lines().skip(item.first - 1).take(item.last + 1 - item.first) {
        writeln!(out, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ambiguous(items: &[&Item], name: &str) -> Result<ExitCode> {
    let mut lines = vec![format!("{} for `{name}`; say which:", count(items.len(), "candidate"))];
    lines.extend(items.iter().map(|i| format!("  {}  ({} at {}:{})", i.path, i.kind, i.file, i.first)));
    Err(usage(lines.join("\n")))
}
