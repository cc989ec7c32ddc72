//! The press: makes a book, or a notebook, of a recorded run.
//!
//! `cargo xtask book` runs the stages and hands over one JSON document ([`material`]): what each section printed and
//! drew, and all names and documentation that the sources hold. A chapter is put in order by [`chapter`]; [`cell`]
//! shows one section, [`prose`] the documentation, [`code`] Rust with its colours and links. [`names`] knows what a
//! name means where it stands, and [`links`] where that is explained. Around the chapters, [`pages`] adds what was
//! written by hand, and [`site`] has mdBook make the site. [`notebook`] writes a chapter for Jupyter instead.

mod site;
mod notebook;
mod pages;
mod chapter;
mod cell;
mod prose;
mod code;
mod source;
mod links;
mod names;
mod material;

use anyhow::Result;
use clap::{Parser, Subcommand};
use material::Material;
use std::path::PathBuf;

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
}

fn main() -> Result<()> {
    match Cli::parse().verb {
        Verb::Book { material, out } => site::make(&Material::read(&material)?, &out),
        Verb::Notebook { material, out } => notebook::write(&Material::read(&material)?, &out),
    }
}
