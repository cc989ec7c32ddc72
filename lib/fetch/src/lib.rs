//! The arguments of the program `fetch`, and the files that it can get.
//!
//! The program itself needs the feature `net`.

#![forbid(unsafe_code)]

pub mod files;

use std::path::PathBuf;

/// Downloads MNIST: mnist.pkl.gz, or the four IDX files if no mirror has it.
///
/// An interrupted download is continued; nothing but a file with a known checksum gets its name.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Exit codes: 0 the files are there; 1 something is wrong on this side, such as a full disk; \
                  2 wrong arguments; 3 no mirror has them; 4 NB_OFFLINE=1 forbids the network."
)]
pub struct Arguments {
    /// The folder to put them into [default: the workspace's data/]
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// Put them into the user's cache directory, where every project finds them
    #[arg(long, conflicts_with = "to")]
    pub cache: bool,
    /// Get only this file (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(files::names()))]
    pub file: Vec<String>,
    /// Ask this address instead of the known mirrors; a folder if it ends with / (may be repeated)
    #[arg(long, value_name = "URL", value_parser = address)]
    pub mirror: Vec<String>,
    /// Accept a file with this MD5 sum too (may be repeated)
    #[arg(long, value_name = "MD5", value_parser = md5_sum)]
    pub accept: Vec<String>,
    /// Give a mirror up that sends nothing for so many seconds, or less than 5 kB a second on average
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=A_DAY))]
    pub patience: u64,
}

/// The most patience, in seconds: the end of a much longer wait would be beyond what the clock can count.
const A_DAY: u64 = 24 * 60 * 60;

fn address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or(text.strip_prefix("https://")).unwrap_or_default();
    let is_address =
        !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']) && !rest.contains(char::is_whitespace);
    is_address.then(|| text.into()).ok_or_else(|| "an address is like https://example.org/folder/".into())
}

fn md5_sum(text: &str) -> Result<String, String> {
    let is_sum = text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit());
    is_sum
        .then(|| text.into())
        .ok_or_else(|| "an MD5 sum has 32 hexadecimal digits, as md5sum prints them".into())
}

/// Whether `NB_OFFLINE` forbids the network: it is set to anything but nothing and 0.
pub fn offline() -> bool {
    std::env::var_os("NB_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0")
}
