//! The course's `run_notebook.py` and `notebook2script.py`, and what else a learner asks for at the terminal.
//!
//! This file is the table of verbs. Each verb is one file with its arguments and one `run` function. What several
//! verbs share is below the line: where the stages are ([`stages`]), what their sources say ([`sources`],
//! [`lesson`]), how programs are run ([`process`]) and built ([`cargo`]), how the test harness's output is read
//! ([`libtest`]). A new verb is a new file and two lines here.

mod list;
mod run;
mod watch;
mod practice;
mod data;
mod call;
mod train;
mod src;
mod export;
mod check;
mod new;
mod mkl;
mod bench;
mod sanitize;
mod book;

mod stages;
mod sources;
mod lesson;
mod cargo;
mod process;
mod libtest;
mod files;
mod text;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::fmt::Display;
use std::process::ExitCode;

/// Runs, reads, checks and grows the lesson: one stage for each notebook, found below `crates/`.
///
/// A stage is named by its folder (nb01_matmul), its number (nb01, 01, 1) or its name (matmul).
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_CODES_AND_VARIABLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES_AND_VARIABLES: &str = "\
Exit codes: 0 all is well; 1 something failed, and the output says what; 2 the command itself was wrong;
130 interrupted; 141 (SIGPIPE) the output was closed. `data` and `call` end with the code of the program
that they start.

Variables: NB_DATA names the folder or file of MNIST, or is `drawn`; NB_OFFLINE=1 forbids the network;
NB_FIGURES names a folder for the sections' pictures; NB_MATMUL forces a way to multiply (portable, avx2,
avx512, neon); NB_THREADS limits the threads of one product, and RAYON_NUM_THREADS those of all.";

#[derive(Subcommand)]
enum Verb {
    List(list::Args),
    Run(run::Args),
    Watch(watch::Args),
    Practice(practice::Args),
    Data(data::Args),
    Call(call::Args),
    Train(train::Args),
    Src(src::Args),
    Export(export::Args),
    Check(check::Args),
    New(new::Args),
    Mkl(mkl::Args),
    Bench(bench::Args),
    Sanitize(sanitize::Args),
    Book(book::Args),
    Notebook(book::NotebookArgs),
}

fn main() -> ExitCode {
    sigpipe::reset(); // A closed pipe (`… | head`) ends us quietly, as it ends any other program.
    let done = match Cli::parse().verb {
        Verb::List(args) => list::run(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Watch(args) => watch::run(&args),
        Verb::Practice(args) => practice::run(&args),
        Verb::Data(args) => data::run(&args),
        Verb::Call(args) => call::run(&args),
        Verb::Train(args) => train::run(&args),
        Verb::Src(args) => src::run(&args),
        Verb::Export(args) => export::run(&args),
        Verb::Check(args) => check::run(&args),
        Verb::New(args) => new::run(&args),
        Verb::Mkl(args) => mkl::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Sanitize(args) => sanitize::run(&args),
        Verb::Book(args) => book::run(&args),
        Verb::Notebook(args) => book::notebook(&args),
    };
    done.unwrap_or_else(|error| explain(&error))
}

/// The command itself was wrong: exit code 2, as for a misspelt option.
fn usage(message: impl Display) -> anyhow::Error {
    clap::Error::raw(ErrorKind::ValueValidation, message).into()
}

/// Prints the error and picks the exit code.
fn explain(error: &anyhow::Error) -> ExitCode {
    if error.is::<process::Interrupted>() {
        text::say("interrupted");
        return ExitCode::from(130);
    }
    let said = format!("{error:#}");
    let said = said.strip_prefix("error: ").unwrap_or(&said); // clap's begin with it, and have no colour
    text::say(&format!("{}error{}: {said}", text::BAD, text::PLAIN));
    if error.is::<clap::Error>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}
