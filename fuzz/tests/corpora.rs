//! The bounded form of the fuzzing: every input in `corpus`, and some changes of each, the same ones every time.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use mutatis::Session;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many changed inputs a target gets.
const CHANGED: usize = 100_000;

/// A single input takes milliseconds; on a busy machine it may take longer, but it ends.
const HANG: Duration = Duration::from_secs(10);

#[test]
fn pickle() {
    drive("pickle", nb_fuzz::pickle);
}

#[test]
fn idx() {
    drive("idx", nb_fuzz::idx);
}

#[test]
fn gzip() {
    drive("gzip", nb_fuzz::gzip);
}

#[test]
fn einsum() {
    drive("einsum", nb_fuzz::einsum);
}

fn drive(name: &str, target: fn(&[u8])) {
    let seeds = corpus(name);
    seeds.iter().for_each(|input| run(name, target, input));
    let mut changes = Session::new().seed(8);
    for (input, changed) in seeds.iter().cycle().zip(0..CHANGED) {
        let mut input = input.clone();
        for _ in 0..=changed % 4 {
            changes.mutate(&mut input).unwrap();
        }
        run(name, target, &input);
    }
    println!("{name}: {} inputs of the corpus and {CHANGED} changed ones", seeds.len());
}

/// The inputs in the order of their names, so that every run makes the same changes.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no input", folder.display());
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// An input that breaks a promise is kept, and named.
fn run(name: &str, target: fn(&[u8]), input: &[u8]) {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| target(input)));
    let took = start.elapsed();
    if result.is_err() || took > HANG {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.broken"));
        fs::write(&file, input).unwrap();
        eprintln!("after {took:?}: cargo run --bin {name} -- {}", file.display());
    }
    result.unwrap_or_else(|panic| resume_unwind(panic));
    assert!(took < HANG, "{name} took {took:?}");
}
