//! `show` from the outside: this program starts itself, with `NB_FIGURES` set or not, to run one section of a lesson.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use figures::{loop_nest, show};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The section that is started: it draws, and says that it drew.
#[test]
fn a_section() {
    show("a-section", || {
        println!("drawing");
        loop_nest(&[], "nothing").describe("Nothing", "An empty picture.")
    });
}

fn run(folder: Option<&Path>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_section", "--nocapture"]).env_remove("NB_FIGURES");
    if let Some(folder) = folder {
        command.env("NB_FIGURES", folder);
    }
    command.output().unwrap()
}

#[test]
fn nothing_is_drawn_that_nobody_wants() {
    for output in [run(None), run(Some(Path::new("")))] {
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains("drawing") && !said.contains("figure:"), "{said}");
    }
}

#[test]
fn a_whole_file_and_a_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("not/there/yet");
    let output = run(Some(&inside));
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("drawing\nfigure: a-section.svg\n"));
    assert!(fs::read_to_string(inside.join("a-section.svg")).unwrap().ends_with("</svg>\n"));
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_file_that_cannot_be_written_fails_the_section() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a-section.svg")).unwrap();
    let output = run(Some(folder.path()));
    let said = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("a-section.svg cannot be written") && said.contains("tests/show.rs"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no half of a file is left there");
}

#[test]
#[should_panic(expected = "is made of a-z, 0-9 and -, unlike `../x`")]
fn a_name_that_leads_elsewhere() {
    show("../x", || loop_nest(&[], "").describe("Nothing", "Nothing."));
}
