//! Downloads MNIST: what `cargo xtask data get` starts.
//!
//! A program of its own, so that `cargo xtask list` need not build an HTTP client.

#[path = "../fetch/mod.rs"]
mod fetch;
#[path = "../offline.rs"]
mod offline;

use clap::Parser;
use etcetera::BaseStrategy;
use fetch::error::FetchError;
use fetch::{Plan, fetch, files};
use offline::offline;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use ureq::http::Uri;

/// Downloads MNIST: mnist.pkl.gz, or the four IDX files if no mirror has it.
///
/// An interrupted download is continued; nothing but a file with a known checksum gets its name.
#[derive(Parser)]
#[command(
    name = "cargo xtask data get",
    bin_name = "cargo xtask data get",
    after_help = "Exit codes: 0 the files are there; 1 something is wrong on this side, such as a full disk; \
                  2 wrong arguments; 3 no mirror has them; 4 NB_OFFLINE=1 forbids the network."
)]
struct Arguments {
    /// The folder to put them into [default: the workspace's data/]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Put them into the user's cache directory, where every project finds them
    #[arg(long, conflicts_with = "to")]
    cache: bool,
    /// Get only this file (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(files::names()))]
    file: Vec<String>,
    /// Ask this address instead of the known mirrors; a folder if it ends with / (may be repeated)
    #[arg(long, value_name = "URL", value_parser = address)]
    mirror: Vec<String>,
    /// Accept a file with this MD5 sum too (may be repeated)
    #[arg(long, value_name = "MD5", value_parser = md5_sum)]
    accept: Vec<String>,
    /// Give a mirror up that sends nothing for so many seconds, or less than 5 kB a second on average
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    patience: u64,
}

fn address(text: &str) -> Result<String, String> {
    let uri: Option<Uri> = text.parse().ok();
    let has_host = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    has_host.then(|| text.into()).ok_or_else(|| "an address is like https://example.org/folder/".into())
}

fn md5_sum(text: &str) -> Result<String, String> {
    let is_sum = text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit());
    is_sum
        .then(|| text.into())
        .ok_or_else(|| "an MD5 sum has 32 hexadecimal digits, as md5sum prints them".into())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads on: what a shell reports then.
        Err(error) if error.downcast_ref().is_some_and(is_closed) => ExitCode::from(141),
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

fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let plan = Plan {
        folder: folder(arguments)?,
        sets: files::sets(&arguments.file, &arguments.mirror, &arguments.accept),
        patience: Duration::from_secs(arguments.patience),
        offline: offline(),
    };
    let (files, mut out) = (fetch(&plan)?, std::io::stdout().lock());
    files.iter().try_for_each(|file| writeln!(out, "{}", file.display()))?;
    Ok(())
}

fn folder(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    Ok(match &arguments.to {
        Some(folder) => folder.clone(),
        None if arguments.cache => etcetera::choose_base_strategy()?.cache_dir().join("nb_dl_foundations"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data"),
    })
}
