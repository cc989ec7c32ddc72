//! Downloads MNIST: what `cargo xtask data get` starts.

mod plan;
mod folder;
mod mirror;
mod error;

use clap::Parser;
use error::FetchError;
use etcetera::BaseStrategy;
use fetch::{Arguments, files, offline};
use plan::Plan;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Parser)]
#[command(name = "cargo xtask data get", bin_name = "cargo xtask data get")]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    sigpipe::reset(); // A closed pipe (`… | head`) ends us quietly, as it ends any other program.
    match run(&Cli::parse().arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(match error.downcast_ref() {
                Some(FetchError::NoMirror { .. }) => 3,
                Some(FetchError::Offline { .. }) => 4,
                _ => 1,
            })
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let plan = Plan {
        folder: folder(arguments)?,
        sets: files::sets(&arguments.file, &arguments.mirror, &arguments.accept),
        patience: Duration::from_secs(arguments.patience),
        offline: offline(),
    };
    let (files, mut out) = (plan::fetch(&plan)?, std::io::stdout().lock());
    files.iter().try_for_each(|file| writeln!(out, "{}", file.display()))?;
    Ok(())
}

fn folder(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    Ok(match (&arguments.to, workspace) {
        (Some(folder), _) => folder.clone(),
        (None, Some(root)) if !arguments.cache => root.join("data"),
        _ => etcetera::choose_base_strategy()?.cache_dir().join("nb_dl_foundations"),
    })
}
