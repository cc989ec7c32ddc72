//! Records that are kept: `benches/record/NAME.{json,md}` and the charts, each written whole or not at all.

use crate::record::Record;
use crate::{chart, report};
use ::record::write_whole;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Writes `NAME-unfinished.json`, so that a run that ends early has not measured in vain.
pub(crate) fn unfinished(record: &Record, name: &str) -> Result<()> {
    write(&folder()?.join(unfinished_file(name)), &json(record)?)
}

/// Writes `NAME.json`, `NAME.md` and the charts to `benches/record`.
pub(crate) fn whole(record: &Record, name: &str) -> Result<()> {
    let folder = folder()?;
    let charts = chart::all(record)?;
    let mut files = vec![(format!("{name}.json"), json(record)?)];
    files.push((format!("{name}.md"), report::recorded(record, name, &charts)));
    files.extend(charts.into_iter().map(|chart| (format!("{name}-{}.svg", chart.name), chart.svg)));
    for (file, text) in files {
        let path = folder.join(file);
        write(&path, &text)?;
        eprintln!("wrote {}", path.display());
    }
    std::fs::remove_file(folder.join(unfinished_file(name))).ok(); // there is none where no step was saved
    Ok(())
}

fn json(record: &Record) -> Result<String> {
    Ok(serde_json::to_string_pretty(record)? + "\n")
}

fn unfinished_file(name: &str) -> String {
    format!("{name}-unfinished.json")
}

/// `benches/record`, made if it is not there.
fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("record");
    std::fs::create_dir_all(&folder).with_context(|| format!("making the folder {}", folder.display()))?;
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<()> {
    write_whole(path, text).with_context(|| format!("writing {}", path.display()))
}
