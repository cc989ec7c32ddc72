//! `cargo xtask new`: the next stage in one step, with a passing first test.
//!
//! The new crate is written beside `crates/` and takes its place there with one rename, so an interrupted
//! call leaves no half of a stage. The files are those of `template/`.

use crate::stages::{Stage, StageId, Workspace};
use crate::text::say;
use crate::{files, usage};
use anyhow::{Result, bail};
use std::io::Write;
use std::process::ExitCode;

/// Makes the next stage: a crate with manifest, front page, first section and README
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask new nb03_minibatch_training\n  cargo xtask new nb02a_why_sqrt5   # between nb02 and nb03"
)]
pub(crate) struct Args {
    /// nb, two digits, perhaps a letter, and the topic: nb03_minibatch_training
    name: String,
}

const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../template/src/lib.rs.in")),
    ("tests/lesson.rs", include_str!("../template/tests/lesson.rs.in")),
    ("README.md", include_str!("../template/README.md.in")),
];

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let id = StageId::parse(&args.name).ok_or_else(|| {
        usage(format!("`{}` is no name for a stage: nb, two digits, perhaps a letter, _ and a topic, all in lower case (nb03_minibatch_training)", args.name))
    })?;
    let below = place(&id, &workspace)?;
    create(&id, below, &workspace)?;
    let title = title(&id);
    let mut out = anstream::stdout();
    let name = id.name();
    writeln!(out, "crates/{name} is there, built on {}", below.name())?;
    if let Some(skipped) = skipped(&below.id, &id) {
        writeln!(out, "{skipped}, which can be added later")?;
    }
    add_to_readme(&id, &title, below, &workspace)?;
    if let Some(above) = workspace.stages.iter().find(|s| s.id > id) {
        let (above, old) = (above.shown(), below.name());
        writeln!(
            out,
            "it stands between {old} and {above}: now let {above} build on {name}, in its Cargo.toml and in its src/lib.rs ({old} -> {name})"
        )?;
    }
    writeln!(out, "next: write its lesson in crates/{name}/tests/lesson.rs, and cargo xtask run {name}")?;
    Ok(ExitCode::SUCCESS)
}

/// The stage that the new one is built on, if its place is free.
fn place<'a>(id: &StageId, workspace: &'a Workspace) -> Result<&'a Stage> {
    if let Some(taken) = workspace.stages.iter().find(|s| s.id.number == id.number) {
        let (taken, free) = (taken.shown(), free(id, workspace));
        bail!(usage(format!(
            "nb{} is taken by {taken}: take the next number, or a letter ({free})",
            id.number
        )));
    }
    if let Some(same) = workspace.stages.iter().find(|s| s.id.topic == id.topic) {
        let (same, topic) = (same.shown(), &id.topic);
        bail!(usage(format!("{same} has the same topic: `cargo xtask run {topic}` could mean either")));
    }
    let folder = workspace.root.join("crates").join(id.name());
    if folder.exists() {
        bail!(usage(format!("{} exists", folder.display())));
    }
    workspace.stages.iter().rev().find(|s| s.id < *id).ok_or_else(|| {
        usage(format!("no stage stands before nb{}: there is nothing to build it on", id.number))
    })
}

/// `it skips nb03 and nb04`
fn skipped(below: &StageId, id: &StageId) -> Option<String> {
    let number = |id: &StageId| id.number[..2].parse::<u32>().ok();
    let between: Vec<String> = (number(below)? + 1..number(id)?).map(|n| format!("nb{n:02}")).collect();
    let (last, first) = between.split_last()?;
    Some(match first {
        [] => format!("it skips {last}"),
        first => format!("it skips {} and {last}", first.join(", ")),
    })
}

/// The first letter that is free behind the number.
fn free(id: &StageId, workspace: &Workspace) -> String {
    let number = &id.number[..2];
    let is_free = |n: &String| !workspace.stages.iter().any(|s| s.id.number == *n);
    let letters = ('a'..='z').map(|c| format!("{number}{c}"));
    letters.into_iter().find(is_free).map_or("no letter is free".into(), |n| format!("nb{n}_{}", id.topic))
}

/// `03 · Minibatch training`
fn title(id: &StageId) -> String {
    let words = id.topic.replace('_', " ");
    let (first, rest) = words.split_at(1);
    format!("{} · {}{rest}", id.number, first.to_uppercase())
}

fn create(id: &StageId, below: &Stage, workspace: &Workspace) -> Result<()> {
    let (name, below_name) = (id.name(), below.name());
    let mkl = below.package.features.contains_key("mkl");
    let feature = format!("\n[features]\n# See nb01_matmul.\nmkl = [\"{below_name}/mkl\"]\n");
    let fill = |text: &str| {
        // A checkout may have given the template the line ends of its system.
        text.replace("\r\n", "\n")
            .replace("{{features}}\n", if mkl { &feature } else { "" })
            .replace("{{name}}", &name)
            .replace("{{below}}", &below_name)
            .replace("{{title}}", &title(id))
            .replace("{{number}}", &id.number)
    };
    let (folder, draft) =
        (workspace.root.join("crates").join(&name), workspace.root.join(format!(".{name}.new")));
    files::make_whole(&folder, &draft, || {
        FILES.into_iter().try_for_each(|(path, text)| files::write(&draft.join(path), fill(text)))
    })
}

/// Puts a row behind that of the stage below, if the root README has one.
fn add_to_readme(id: &StageId, title: &str, below: &Stage, workspace: &Workspace) -> Result<()> {
    let file = workspace.root.join("README.md");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let Some(text) = with_row(&text, &id.name(), title, &below.name()) else {
        say(&format!("README.md has no table row for {}: add {} by hand", below.name(), id.name()));
        return Ok(());
    };
    files::write_whole(&file, text)
}

/// The README with a row for `name`, as wide as the row of `below`, and with the line ends that it has.
fn with_row(readme: &str, name: &str, title: &str, below: &str) -> Option<String> {
    let row = readme.lines().find(|l| l.starts_with('|') && l.contains(below))?;
    let columns = row.trim_end().trim_end_matches('|').matches('|').count();
    let new = format!("| [`{name}`](crates/{name}) | {title} |{}", " |".repeat(columns.saturating_sub(2)));
    let end = if readme.contains("\r\n") { "\r\n" } else { "\n" };
    Some(readme.replacen(row, &format!("{row}{end}{new}"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_rows() {
        assert_eq!(title(&StageId::parse("nb02a_why_sqrt5").unwrap()), "02a · Why sqrt5");
        let readme = "# x\n| stage | title | more |\n|---|---|---|\n| `nb02_x` | X | y |\nend\n";
        let row = "| `nb02_x` | X | y |\n| [`nb03_z`](crates/nb03_z) | Z | |\nend\n";
        assert!(with_row(readme, "nb03_z", "Z", "nb02_x").unwrap().ends_with(row));
        assert_eq!(with_row("no table", "nb03_z", "Z", "nb02_x"), None);
    }
}
