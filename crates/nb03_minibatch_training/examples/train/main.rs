//! Trains the notebook's net and keeps it; recognises a digit with it: `cargo xtask train`.

mod options;
mod training;
mod record;
mod curve;
mod predict;
mod picture;

use clap::Parser;
use options::{Command, Options};
use std::fmt;
use std::process::ExitCode;

fn main() -> ExitCode {
    sigpipe::reset(); // a closed pipe (`… | head -1`) ends the program quietly
    let options = Options::parse();
    let done = match &options.command {
        Some(Command::Predict(predict)) => predict::run(predict),
        None => training::run(&options.training),
    };
    done.unwrap_or_else(|failed| {
        eprintln!("error: {failed}");
        ExitCode::from(failed.code)
    })
}

/// What a person is told, and the exit code that goes with it.
pub(crate) struct Failed {
    message: String,
    code: u8,
}

impl Failed {
    /// The command itself was wrong.
    fn usage(message: impl Into<String>) -> Failed {
        Failed { message: message.into(), code: 2 }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Failed {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        let message = causes.fold(error.to_string(), |message, cause| {
            let cause = cause.to_string();
            if message.contains(&cause) { message } else { format!("{message}: {cause}") }
        });
        Failed { message, code: 1 }
    }
}
