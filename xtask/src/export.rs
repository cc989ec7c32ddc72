//! `cargo xtask export`: the course's `notebook2script.py`, the other way round.
//!
//! A notebook marks with `#export` the cells that later notebooks may use. A stage exports what stands at
//! its crate root; what only its modules hold, it only shows. Nothing has to be generated, so this verb
//! prints both lists, and `--check` compares the first with the README of the crate: a section
//!
//! ```text
//! ## Exported
//!
//! | Rust | Notebook |
//! |---|---|
//! | `near`, `allclose` | `near` |
//! ```
//!
//! whose table names in its first column, in backticks, everything that the stage adds.

use crate::stages::{Stage, StageId, Workspace};
use crate::text::{BAD, FAINT, GOOD, PLAIN, TITLE, count, say};
use crate::{files, sources};
use anyhow::Result;
use record::{Import, Item, Names, Sources, above, last};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Lists what a stage exports, what it re-exports from below, and what it only shows
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask export nb01\n  cargo xtask export nb01 --check\n\n\
    `--check` compares the list with the table below `## Exported` in the README of the crate.")]
pub(crate) struct Args {
    /// The stage, as `list` names it
    stage: String,
    /// Print one JSON document
    #[arg(long, conflicts_with = "check")]
    json: bool,
    /// Fail if the README of the crate says something else
    #[arg(long)]
    check: bool,
}

/// One name at the crate root.
pub(crate) struct Export<'a> {
    pub(crate) name: String,
    /// `None` where it is another crate's, as `ndarray` is.
    pub(crate) item: Option<&'a Item>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let stage = workspace.stage(&args.stage)?;
    let sources = sources::read(&workspace, std::iter::once(&stage.package).chain(workspace.libs()))?;
    if args.check {
        return report(stage, &drift(stage, &sources)?);
    }
    let exports = exports(stage, &sources);
    let shown = only_shown(stage, &exports, &sources);
    let below: Vec<&str> = from_below(stage, &sources).map(|i| i.target.trim_end_matches("::*")).collect();
    if args.json {
        writeln!(anstream::stdout(), "{:#}", as_json(stage, &exports, &below, &shown))?;
    } else {
        print(stage, &exports, &below, &shown)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the stage adds at its crate root, by name.
pub(crate) fn exports<'a>(stage: &Stage, sources: &'a Sources) -> Vec<Export<'a>> {
    let (root, names) = (stage.name(), Names::public(sources));
    let here = |path: &str| above(path) == root;
    let own = sources.items.iter().filter(|i| i.public && here(&i.path));
    let mut all: Vec<Export> = own.map(|i| Export { name: i.name().into(), item: Some(i) }).collect();
    for import in sources.imports.iter().filter(|i| i.public && here(&i.path)) {
        match last(&import.path) {
            // A glob of another crate brings nothing of ours.
            "*" if !import.target.starts_with(&format!("{root}::")) => {}
            "*" => all.extend(glob(import, sources)),
            name => all.push(Export { name: name.into(), item: names.item(&import.target) }),
        }
    }
    all.sort_by_key(|export| export.name.to_lowercase());
    all
}

/// All public items of one of our own modules.
fn glob<'a>(import: &Import, sources: &'a Sources) -> Vec<Export<'a>> {
    let module = import.target.trim_end_matches("::*");
    let inside = |i: &&Item| i.public && i.kind != "method" && above(&i.path) == module;
    sources.items.iter().filter(inside).map(|i| Export { name: i.name().into(), item: Some(i) }).collect()
}

/// The globs of other stages at the crate root.
pub(crate) fn from_below<'a>(stage: &Stage, sources: &'a Sources) -> impl Iterator<Item = &'a Import> {
    let glob = format!("{}::*", stage.name());
    sources.imports.iter().filter(move |i| {
        i.public && i.path == glob && StageId::parse(i.target.trim_end_matches("::*")).is_some()
    })
}

/// The public items that can only be reached through their modules, by the path that leads to them.
fn only_shown(stage: &Stage, exports: &[Export], sources: &Sources) -> Vec<Item> {
    let (inside, names) = (format!("{}::", stage.name()), Names::public(sources));
    let exported = |i: &Item| exports.iter().any(|e| e.item.is_some_and(|x| x.path == i.path));
    let own = sources.items.iter().filter(|i| i.public && i.path.starts_with(&inside)).cloned();
    // A module may show what lies in a private one below it.
    let imports = sources.imports.iter().filter(|i| i.public && i.path.starts_with(&inside));
    let lent = imports.filter_map(|i| Some((i, names.item(&i.target).filter(|item| !item.public)?)));
    let lent = lent.filter(|(_, item)| item.path.starts_with(&inside) && !exported(item));
    let lent = lent.map(|(import, item)| Item { path: import.path.clone(), ..item.clone() });
    own.filter(|i| !exported(i)).chain(lent).filter(|i| i.kind != "method").collect()
}

/// How the README of the crate differs from the crate: one sentence each.
pub(crate) fn drift(stage: &Stage, sources: &Sources) -> Result<Vec<String>> {
    let shown = format!("{}/README.md", stage.shown());
    let Some(text) = files::read_if_there(&stage.folder().join("README.md"))? else {
        return Ok(vec![format!("{shown}: there is no such file; it has to list what the stage exports")]);
    };
    let Some(documented) = documented(&text) else {
        return Ok(vec![format!("{shown}: there is no section `## Exported` with a table")]);
    };
    let exported: Vec<String> = exports(stage, sources).into_iter().map(|e| e.name).collect();
    let missing = exported.iter().filter(|name| !documented.contains(name));
    let missing = missing
        .map(|n| format!("{shown}: `{n}` is exported, but not in the table below `## Exported`: add it"));
    let surplus = documented.iter().filter(|name| !exported.contains(name)).map(|n| {
        format!("{shown}: the table below `## Exported` names `{n}`, which src/lib.rs does not export")
    });
    Ok(missing.chain(surplus).collect())
}

/// The names in backticks in the first column of the table below `## Exported`.
fn documented(readme: &str) -> Option<Vec<String>> {
    let mut lines =
        readme.lines().skip_while(|l| l.trim() != "## Exported").skip(1).take_while(|l| !l.starts_with('#'));
    lines.find(|line| line.starts_with('|'))?;
    let rows = lines.take_while(|line| line.starts_with('|'));
    let first = |row: &str| row.split('|').nth(1).map(quoted).unwrap_or_default();
    Some(rows.flat_map(first).map(|name| bare(&name)).collect())
}

/// The words between backticks.
pub(crate) fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(String::from).collect()
}

/// `matmul(a, b)` is `matmul`.
fn bare(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().into()
}

fn report(stage: &Stage, drift: &[String]) -> Result<ExitCode> {
    if drift.is_empty() {
        let name = stage.name();
        writeln!(anstream::stdout(), "{GOOD}{name}{PLAIN}: the README names exactly what the stage exports")?;
        return Ok(ExitCode::SUCCESS);
    }
    drift.iter().for_each(|line| say(&format!("{BAD}drift{PLAIN} {line}")));
    Ok(ExitCode::FAILURE)
}

fn print(stage: &Stage, exports: &[Export], below: &[&str], shown: &[Item]) -> Result<()> {
    let mut out = anstream::stdout();
    writeln!(out, "{TITLE}{} exports {}{PLAIN}", stage.name(), count(exports.len(), "name"))?;
    for export in exports {
        let (kind, summary) = export
            .item
            .map_or(("crate", "of another author, re-exported".into()), |i| (&*i.kind, i.summary()));
        writeln!(out, "  {kind:<7} {:<18} {FAINT}{summary}{PLAIN}", export.name)?;
    }
    let below = match below {
        [] => "nothing: it is the first".into(),
        below => format!("all of {}", below.join(", ")),
    };
    writeln!(out, "{TITLE}re-exports{PLAIN} {below}")?;
    writeln!(out, "{TITLE}only shows {}{PLAIN}", count(shown.len(), "name"))?;
    for item in shown {
        let path = item.path.split_once("::").map_or(item.path.as_str(), |(_, path)| path);
        writeln!(out, "  {:<7} {path:<26} {FAINT}{}{PLAIN}", item.kind, item.summary())?;
    }
    Ok(())
}

fn as_json(stage: &Stage, exports: &[Export], below: &[&str], shown: &[Item]) -> Value {
    let item = |i: &Item| json!({ "path": i.path, "kind": i.kind, "summary": i.summary(), "file": i.file, "line": i.first });
    let export = |e: &Export| json!({ "name": e.name, "item": e.item.map(item) });
    json!({
        "stage": stage.name(),
        "exports": exports.iter().map(export).collect::<Vec<_>>(),
        "re_exports": below,
        "only_shows": shown.iter().map(item).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let readme = "# x\n\n| `no` | |\n|---|---|\n\n## Exported\n\nWords.\n\n| Rust | Notebook |\n|---|---|\n\
            | `near`, `allclose(a, b)` | `other` |\n| `Timing` | |\n\n| `later` | |\n\n## More\n| `no` |\n";
        assert_eq!(documented(readme).unwrap(), ["near", "allclose", "Timing"]);
        assert_eq!(documented("# x\n"), None);
        assert_eq!(documented("## Exported\nnothing\n## y\n| `a` |\n"), None);
    }
}
