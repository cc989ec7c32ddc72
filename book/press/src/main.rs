//! The press: makes a book, or a notebook, of a recorded run.
//!
//! `cargo xtask book` runs the stages and hands over one JSON document ([`material`]): what each section printed
//! and drew, and all names and documentation that the sources hold. A chapter is put in order by [`chapter`] and cut
//! into pages by [`parts`]; [`cell`] shows one section, [`prose`] the documentation, [`code`] Rust with its colours
//! and links, of which [`source`] cuts out what is shown. [`links`] knows where a name is explained. Around the
//! chapters, [`pages`] are those written by hand, which [`shelf`] links to what was run, and [`site`] has mdBook make
//! the site. [`notebook`] writes a chapter for Jupyter instead.

mod site;
mod notebook;
mod pages;
mod shelf;
mod chapter;
mod parts;
mod cell;
mod prose;
mod code;
mod source;
mod links;
mod material;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes pages of what `cargo xtask book` has recorded
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Writes the site into a new folder
    Book {
        /// The run and the sources, as xtask has written them down
        material: PathBuf,
        /// The folder to make
        out: PathBuf,
    },
    /// Writes the only stage of the run as a Jupyter notebook
    Notebook {
        /// The run and the sources, as xtask has written them down
        material: PathBuf,
        /// The file to write
        out: PathBuf,
    },
    /// Opens a page in the browser
    Open {
        /// The page
        page: PathBuf,
    },
}

fn main() -> ExitCode {
    sigpipe::reset(); // A closed pipe ends us quietly, as it ends any other program.
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Book { material, out } => site::make(&material::read(&material)?, &out),
        Verb::Open { page } => Ok(open::that_detached(page)?),
        Verb::Notebook { material, out } => notebook::write(&material::read(&material)?, &out),
    }
}
