//! What `cargo xtask data` shows: where MNIST may be, what is there, and what `get_data` makes of it.

use clap::Parser;
use nb01_matmul::data::{DataSet, Files, Place, locations, read_from, show_image};
use nb01_matmul::{DataError, Mnist, get_data};
use serde_json::{Value, json};
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// The exit code where MNIST was looked for and not found.
const NOT_FOUND: u8 = 3;

/// Shows where MNIST is looked for, what is there, and what `get_data()` uses.
#[derive(Parser)]
#[command(
    name = "data",
    after_help = "Exit codes: 0 MNIST or another data set was found and is good, or NB_DATA=drawn asks for drawn digits; \
                  1 something is wrong with it; 2 wrong arguments; 3 there is none, so digits are drawn.\n\
                  NB_DATA names another folder or file, or `drawn` for drawn digits."
)]
struct Arguments {
    /// Look at this folder or file only
    path: Option<std::path::PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    sigpipe::reset(); // a closed pipe (`… | head -1`) ends the program quietly
    let arguments = Arguments::parse();
    let result = arguments.path.as_deref().map_or_else(get_data, read_from);
    let places = if arguments.path.is_some() { vec![] } else { locations() };
    match show(&places, &result, arguments.json) {
        Ok(()) => exit_code(&places, &result),
        Err(error) => {
            eprintln!("error: what there is cannot be printed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn exit_code(places: &[Place], result: &Result<Mnist, DataError>) -> ExitCode {
    let asked_for = places.first().is_some_and(|place| matches!(place.found, Ok(Files::Drawn)));
    match result {
        Ok(mnist) if mnist.source.set == DataSet::Drawn && !asked_for => ExitCode::from(NOT_FOUND),
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn show(places: &[Place], result: &Result<Mnist, DataError>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{:#}", as_json(places, result));
    }
    places.iter().try_for_each(|place| show_place(place, &mut out))?;
    show_result(result, &mut out)
}

fn show_place(place: &Place, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:<10} {}", place.name, place.path.display())?;
    let mut line = |line: &dyn Display| writeln!(out, "           {line}");
    match &place.found {
        Ok(Files::Drawn) => line(&"asks for drawn digits"),
        Ok(found) => {
            files(found).iter().try_for_each(|(file, bytes)| line(&format!("{file}, {bytes} bytes")))
        }
        Err(DataError::NotThere { .. }) => line(&"is not there"),
        Err(DataError::NothingIn { .. }) => line(&"has no MNIST in it"),
        Err(other) => line(other),
    }
}

fn show_result(result: &Result<Mnist, DataError>, out: &mut impl Write) -> io::Result<()> {
    match result {
        Ok(mnist) => {
            let (train, valid) = (mnist.y_train.len(), mnist.y_valid.len());
            writeln!(out, "\nget_data() returns {}: {train} + {valid} images.", mnist.source)?;
            writeln!(out, "The first is a {}:\n{}", mnist.y_train[0], show_image(&mnist.image(0)))?;
            if !mnist.is_mnist() {
                writeln!(out, "`cargo xtask data get` downloads MNIST.")?;
            }
        }
        Err(error) => eprintln!("\nerror: {error}"),
    }
    Ok(())
}

/// The files that were found, with their sizes.
fn files(found: &Files) -> Vec<(String, u64)> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
    found.paths().into_iter().map(|path| (path.display().to_string(), size(path))).collect()
}

fn as_json(places: &[Place], result: &Result<Mnist, DataError>) -> Value {
    let place = |place: &Place| {
        let files: Vec<Value> = place.found.iter().flat_map(files).map(file_json).collect();
        let (state, error) = match &place.found {
            Ok(_) => ("found", None),
            Err(DataError::NotThere { .. } | DataError::NothingIn { .. }) => ("empty", None),
            Err(error) => ("faulty", Some(error.to_string())),
        };
        json!({ "name": place.name, "path": place.path, "state": state, "files": files, "error": error })
    };
    json!({
        "places": places.iter().map(place).collect::<Vec<_>>(),
        "uses": result.as_ref().ok().map(|mnist| mnist.source.to_string()),
        "is_mnist": result.as_ref().is_ok_and(Mnist::is_mnist),
        "train": result.as_ref().ok().map(|mnist| mnist.y_train.len()),
        "valid": result.as_ref().ok().map(|mnist| mnist.y_valid.len()),
        "error": result.as_ref().err().map(ToString::to_string),
    })
}

fn file_json((path, bytes): (String, u64)) -> Value {
    json!({ "path": path, "bytes": bytes })
}
