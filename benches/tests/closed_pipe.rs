//! A reader who has seen enough (`… | head`) ends the bench as SIGPIPE ends every program.

#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_nb_bench"));
    bench.arg("--show").arg(a_record()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut bench = bench.spawn().expect("it starts");
    drop(bench.stdout.take());
    let output = bench.wait_with_output().expect("it ends");
    assert_eq!((output.status.signal(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(13), ""));
}

/// One of those that are kept.
fn a_record() -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/record");
    let files = std::fs::read_dir(folder).expect("records are kept").flatten().map(|entry| entry.path());
    files.into_iter().find(|file| file.extension().is_some_and(|end| end == "json")).expect("there is one")
}
