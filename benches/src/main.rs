//! `cargo xtask bench`: the stages beside their peers, interleaved, compared before they are timed.
//!
//! How a run goes, and where to read on:
//!
//! 1. `main` starts one process per number of threads ([`process`]), since every library reads that number once,
//!    from its own environment variable.
//! 2. That process measures the machine's limits ([`machine`]), then one part after the other ([`parts`]), then
//!    the limits again.
//! 3. A part is a list of experiments: one piece of work and its [`contender`]s. Their results are compared with
//!    a reference in `f64`; then they take turns ([`rounds`]).
//! 4. What was measured is a [`record`], which grows with each experiment; [`targets`] says what was aimed at;
//!    [`report`] writes both as Markdown, [`chart`] draws them, and [`keep`] puts all of it into files.

mod options;
mod process;
mod machine;
mod data;
mod contender;
mod python;
mod rounds;
mod statistics;
mod parts;
mod record;
mod targets;
mod report;
mod chart;
mod keep;

use anyhow::Result;
use clap::Parser;
use options::Options;
use record::Record;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(threads) = options.in_process {
        return parts::run(&options, threads, &process::tell);
    }
    // A closed pipe (`… | head`) ends us quietly; the process that measures is told of a worker that is gone.
    sigpipe::reset();
    let record = match &options.show {
        Some(file) => Record::read(file)?,
        None => process::run_each(&options)?,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&record)?);
    } else {
        println!("{}", report::markdown(&record));
    }
    options.record.iter().try_for_each(|name| keep::whole(&record, name))
}
