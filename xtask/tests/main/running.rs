//! The verbs that build and run: run, watch, data, call.

#[cfg(unix)]
use crate::common::by_sigpipe;
use crate::common::skipped::skipped;
use crate::common::{Fixture, in_order, marks_and_waits, outcome};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Everything that can happen to a section, but a hang.
const SECTIONS: &str = r#"
/// A quiet start
#[test]
fn s01_start() {
    println!("ok");
    print!("unfinished");
}

/// Something is not here
#[test]
fn s02_skips() {
    eprintln!("skipped: the mean (no MNIST)");
    println!("between");
    eprintln!("skipped: the std (no MNIST)");
}

/// It fails
#[test]
fn s03_fails() {
    println!("before the fall");
    nb00_testing::test_eq(1, 2);
}

/// Bytes
#[test]
fn s04_bytes() {
    use std::io::Write;
    std::io::stdout().write_all(b"\xff\xfe are no text\n").unwrap();
}

/// It leaves
#[test]
fn s05_leaves() {
    println!("bye");
    std::process::exit(0);
}

/// It crashes
#[test]
fn s06_crashes() {
    std::process::abort();
}

#[test]
#[ignore = "too slow"]
fn s07_ignored() {}

/// It returns an error
#[test]
fn s08_error() -> Result<(), String> {
    Err("the file is gone".into())
}

/// The last one
#[test]
fn s09_end() {
    println!("still here");
}
"#;

/// It passes, and takes the whole program down on the way out.
const CRASHES_AFTERWARDS: &str = r#"
/// The end
#[test]
fn s01_end() {
    unsafe extern "C" {
        fn atexit(f: extern "C" fn()) -> i32;
    }
    extern "C" fn crash() {
        std::process::abort();
    }
    unsafe { atexit(crash) };
}
"#;

/// A section prints into a pipe, and draws its charts as wide as the terminal behind it.
#[test]
fn a_section_is_told_how_long_a_line_is() {
    let fixture = Fixture::new();
    let lesson =
        "/// One\n#[test]\nfn s01_a() { println!(\"wide {}\", std::env::var(\"COLUMNS\").unwrap()); }\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    for (columns, wide) in [(None, 76), (Some("100"), 96), (Some("a lot"), 76), (Some("2"), 0)] {
        let mut run = fixture.xtask(&["run", "nb01", "--only", "s01"]);
        columns.map(|columns| run.env("COLUMNS", columns));
        let (code, out, err) = outcome(&mut run);
        assert!(code == Some(0) && out.contains(&format!("    wide {wide}\n")), "{columns:?}: {out}{err}");
    }
}

/// … and from the folder where that person is.
#[test]
fn a_section_is_told_where_pictures_go() {
    let fixture = Fixture::new();
    let lesson =
        "/// One\n#[test]\nfn s01_a() { println!(\"to {:?}\", std::env::var_os(\"NB_FIGURES\")); }\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    let here = std::fs::canonicalize(&fixture.root).unwrap().join("pictures");
    for (folder, told) in [(None, "None".into()), (Some("pictures"), format!("{:?}", Some(here.as_os_str())))]
    {
        let mut run = fixture.xtask(&["run", "nb01", "--only", "s01"]);
        folder.map(|folder| run.env("NB_FIGURES", folder));
        let (code, out, err) = outcome(&mut run);
        assert!(code == Some(0) && out.contains(&format!("to {told}\n")), "{told}: {out}{err}");
    }
}

/// What is waited for fits into the terminal's line, which is blank again afterwards, on any terminal.
#[cfg(target_os = "linux")]
#[test]
fn the_line_that_says_what_is_waited_for_fits() {
    let fixture = Fixture::new();
    let long = "a_name_that_is_much_too_long_for_such_a_narrow_line";
    fixture.write(&format!("crates/nb00_testing/tests/{long}.rs"), "//! More.\n#[test]\nfn a() {}\n");
    let inside = format!("stty rows 20 cols 30; exec '{}' run nb00 > story", env!("CARGO_BIN_EXE_xtask"));
    let mut script = fixture.program("script", &["-qec", &inside, "/dev/null"]);
    // A dumb terminal has no colours, unless a CI is said to show them.
    script.env("TERM", "dumb").env("CARGO_TERM_QUIET", "true").env_remove("CI");
    let Ok(output) = script.output() else { return skipped("a narrow terminal", "there is no `script`") };
    let seen = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = seen.split(['\r', '\n']).filter(|line| line.contains('…')).collect();
    assert!(lines.contains(&"tests/a_name_that_is_much_to…"), "{seen:?}");
    assert!(!seen.contains('\x1b') && lines.iter().all(|line| line.chars().count() < 30), "{seen:?}");
    assert!(fixture.read("story").contains(long), "the story is not cut");
}

#[test]
fn run_tells_the_story_in_order() {
    let fixture = Fixture::new();
    let lesson = "/// Second\n#[test]\nfn s02_b() { println!(\"two\"); }\n/// First\n#[test]\nfn s01_a() { println!(\"one\"); }\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    fixture.write(
        "crates/nb01_next/tests/more.rs",
        "//! More.\n#[test] fn a() {}\n#[test] fn b() { eprintln!(\"hidden\"); }\n",
    );
    let (code, out, err) = fixture.output(&["run", "--all"]);
    assert_eq!(code, Some(0), "{out}{err}");
    in_order(
        &out,
        &[
            "nb00_testing",
            "00 · Testing",
            "s01_constant",
            "The constant",
            "    first",
            "passed",
            "unit tests",
            "1 passed",
            "doc tests",
            "1 passed",
            "nb00_testing passed: 1 section and 2 tests ran to their end",
            "dev build, opt-level 0",
            "nb01_next",
            "s01_a  First",
            "    one",
            "s02_b  Second",
            "    two",
            "tests/more.rs",
            "2 passed",
            "nb01_next passed: 2 sections and 2 tests",
            "2 stages passed",
        ],
    );
    assert!(!out.contains('\x1b'), "no colours in a pipe");
    assert!(err.contains("Compiling nb00_testing"), "cargo's progress is visible: {err}");

    let (code, out, _) = fixture.output(&["run", "--up-to", "nb00"]);
    assert!(code == Some(0) && !out.contains("nb01_next"), "{out}");
    let (_, out, _) = fixture.output(&["run", "nb00", "--only", "s01"]);
    in_order(&out, &["nb00_testing passed: 1 section ran to its end, "]);
    let (code, out, _) = fixture.output(&["run", "next", "--only", "s02"]);
    assert!(
        code == Some(0) && out.contains("two") && !out.contains("one") && !out.contains("doc tests"),
        "{out}"
    );
}

#[test]
fn whatever_happens_to_a_section_is_told() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", SECTIONS);
    let (code, out, err) = fixture.output(&["run", "nb01"]);
    assert_eq!(code, Some(1), "{out}{err}");
    in_order(
        &out,
        &[
            "s01_start  A quiet start",
            "    ok",
            "    unfinished",
            "  passed",
            "s02_skips",
            "    between",
            "  skipped: 2 checks not made",
            "s03_fails",
            "before the fall",
            "panicked at crates/nb01_next/tests/lesson.rs",
            "  failed",
            "s04_bytes",
            "\u{fffd}\u{fffd} are no text",
            "  passed",
            "s05_leaves",
            "bye",
            "  died: the section ended the whole test program (exit status: 0)",
            "s06_crashes",
            "  died: the section ended the whole test program (signal: 6",
            "s07_ignored",
            "  ignored",
            "s08_error",
            "  failed",
            "s09_end",
            "still here",
            "  passed",
            // And once more at the end, where one looks first.
            "s03_fails failed at crates/nb01_next/tests/lesson.rs:",
            "==:",
            "1",
            "2",
            "s05_leaves died",
            "s06_crashes died",
            "s08_error failed",
            "the file is gone",
            "nb01_next failed: 4 sections and 0 tests ran to their end, 4 did not, 2 checks skipped",
        ],
    );

    fixture.next("nb02_more", "nb01_next", CRASHES_AFTERWARDS);
    let (code, out, err) = fixture.output(&["run", "nb02", "--only", "s01"]);
    assert_eq!(code, Some(1), "{out}{err}");
    let dies = "after this section the test program ended badly (signal: 6";
    in_order(&out, &["s01_end", "  passed", "  died: ", dies, "s01_end died at", dies, "nb02_more failed"]);
}

#[test]
fn json_is_one_document_and_the_story_stands_aside() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", SECTIONS);
    let (code, out, err) =
        fixture.output(&["run", "nb01", "--json", "--only", "s01", "--only", "s02", "--only", "s03"]);
    assert_eq!(code, Some(1));
    in_order(&err, &["s01_start", "s03_fails", "failed"]);
    let run: Value = serde_json::from_str(&out).unwrap();
    let stage = &run["stages"][0];
    let sections = stage["sections"].as_array().unwrap();
    let at = |i: usize, key: &str| sections[i][key].clone();
    assert_eq!(
        (&run["ok"], &run["schema"], &run["profile"], sections.len()),
        (&false.into(), &1.into(), &"dev".into(), 3)
    );
    assert_eq!(
        (at(0, "id"), at(0, "title"), at(0, "status")),
        ("s01_start".into(), "A quiet start".into(), "passed".into())
    );
    assert_eq!((at(0, "output"), at(0, "line")), ("ok\nunfinished\n".into(), 5.into()));
    assert!(at(0, "code").as_str().unwrap().starts_with("/// A quiet start\n#[test]\nfn s01_start() {\n"));
    assert_eq!(
        (at(1, "status"), at(1, "skipped")[0].clone()),
        ("skipped".into(), "the mean (no MNIST)".into())
    );
    assert_eq!(at(2, "failure")["message"], "==:\n1\n2");
    assert!(at(2, "failure")["place"].as_str().unwrap().starts_with("crates/nb01_next/tests/lesson.rs:"));
    assert_eq!(
        stage["counts"]["sections"],
        serde_json::json!({ "passed": 1, "skipped": 1, "ignored": 0, "failed": 1 })
    );
    assert_eq!(stage["counts"]["skipped_checks"], 2);
}

#[test]
fn a_section_that_hangs_is_ended_and_the_next_one_runs() {
    let fixture = Fixture::new();
    let lesson = "/// Hangs\n#[test]\nfn s01_hangs() { println!(\"waiting\"); std::thread::sleep(std::time::Duration::from_secs(300)); }\n\
        /// Goes on\n#[test]\nfn s02_goes_on() {}\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    let start = Instant::now();
    let (code, out, _) = fixture.output(&["run", "nb01", "--timeout", "1", "--only", "s"]);
    assert_eq!(code, Some(1));
    in_order(
        &out,
        &[
            "s01_hangs",
            "waiting",
            "timed out: still running after 1 s: ended (see --timeout)",
            "s02_goes_on",
            "passed",
            "s01_hangs timed out at",
        ],
    );
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(fixture.output(&["run", "nb01", "--timeout", "0"]).0, Some(2));
}

#[test]
fn other_tests_that_fail_are_shown() {
    let fixture = Fixture::new();
    fixture.write(
        "crates/nb00_testing/tests/more.rs",
        "//! More.\n#[test] fn good() {}\n#[test] fn bad() { panic!(\"not like this\"); }\n",
    );
    let (code, out, _) = fixture.output(&["run", "nb00"]);
    assert_eq!(code, Some(1));
    in_order(
        &out,
        &[
            "s01_constant",
            "passed",
            "panicked at crates/nb00_testing/tests/more.rs:3",
            "not like this",
            "tests/more.rs",
            "1 passed, 1 failed",
            "doc tests",
            "nb00_testing failed",
            "1 did not",
        ],
    );
}

#[test]
fn a_stage_that_does_not_compile_ends_the_run() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// x\n#[test]\nfn s01_x() { let x: u8 = \"text\"; }\n");
    fixture.next("nb02_net", "nb01_next", "/// x\n#[test]\nfn s01_x() {}\n");
    let (code, out, err) = fixture.output(&["run", "--all"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("mismatched types"), "{err}");
    in_order(&out, &["nb00_testing passed", "nb01_next does not compile", "failed: nb01_next"]);
    assert!(!out.contains("nb02_net"), "{out}");
    let (code, out, _) = fixture.output(&["run", "nb01", "--json"]);
    let run: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &run["stages"][0]["status"]), (Some(1), &"does not compile".into()));
}

/// Sections in files of their own are still called by their own names.
#[test]
fn a_lesson_may_have_several_files() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "");
    fixture.lesson_of_parts(
        "nb01_next",
        "/// One\n#[test]\nfn s01_one() { println!(\"one: {}\", shared()); }\n\n/// More\n#[test]\nfn s02_more() { println!(\"more\"); }\n",
        "/// Two\n#[test]\nfn s03_two() { assert_eq!(shared(), 7, \"not seven\"); println!(\"two\"); }\n",
    );
    let (code, out, err) = fixture.output(&["run", "nb01"]);
    assert_eq!(code, Some(0), "{out}{err}");
    in_order(
        &out,
        &["s01_one  One", "one: 7", "s02_more  More", "more", "s03_two  Two", "two", "3 sections"],
    );
    let (_, out, _) = fixture.output(&["run", "nb01", "--only", "s03"]);
    assert!(out.contains("s03_two  Two") && !out.contains("s01_one"), "{out}");
    let (_, out, _) = fixture.output(&["src", "nb01", "s03_two"]);
    assert!(
        out.starts_with("// nb01_next::lesson::s03_two at crates/nb01_next/tests/lesson/part2_two.rs:5"),
        "{out}"
    );
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(0), "{out}");

    fixture.edit("crates/nb01_next/tests/lesson/part2_two.rs", "shared(), 7", "shared(), 8");
    let (code, out, err) = fixture.output(&["run", "nb01"]);
    let place = "s03_two failed at crates/nb01_next/tests/lesson/part2_two.rs:7";
    assert!(code == Some(1) && (out.clone() + &err).contains(place), "{out}{err}");
    fixture.edit("crates/nb01_next/tests/lesson/part2_two.rs", "s03_two", "s01b_two");
    let (code, out, _) = fixture.output(&["check"]);
    let says = "part2_two.rs:7: `part2_two::s01b_two` stands after `part1_one::s02_more`";
    assert!(code == Some(1) && out.contains(says), "{out}");
}

#[test]
fn what_does_not_exist_is_named_with_what_does() {
    let fixture = Fixture::new();
    for (args, says) in [
        (&["run", "nb07"][..], "there is no stage `nb07`; there are nb00_testing"),
        (&["run"], "required"),
        (&["run", "nb00", "--all"], "cannot be used with"),
        (&["run", "nb00", "--only", "s99"], "no section begins with `s99`; there are: s01_constant"),
        (&["run", "--up-to", "x"], "there is no stage `x`"),
        (&["call", "nb00", "x"], "nb00_testing has no example `x`; it has none"),
        (&["src", "x", "y"], "there is no stage `x`"),
        (&["export", "x"], "there is no stage `x`"),
        (&["watch", "x"], "there is no stage `x`"),
    ] {
        let (code, out, err) = fixture.output(args);
        assert!(code == Some(2) && out.is_empty() && err.contains(says), "{args:?}: {err}");
    }
}

/// … and it is said before the run, which would take minutes.
#[cfg(unix)]
#[test]
fn a_notebook_takes_the_place_of_an_ordinary_file_only() {
    let fixture = Fixture::new();
    fixture.write("folder/lesson.ipynb", "mine");
    std::os::unix::fs::symlink("folder/lesson.ipynb", fixture.root.join("link")).unwrap();
    for (out, says) in [
        ("folder", "folder is no ordinary file"),
        ("link", "link is no ordinary file"),
        ("nowhere/lesson.ipynb", "there is no folder nowhere"),
        ("folder/lesson.ipynb/x", "there is no folder folder/lesson.ipynb"),
    ] {
        let (code, told, err) = fixture.output(&["notebook", "nb00", "--out", out]);
        assert!(code == Some(2) && told.is_empty() && err.contains(says), "{out}: {err}");
        assert!(err.contains("name") && !err.contains("Compiling"), "{out}: {err}");
    }
    assert_eq!(fixture.read("link"), "mine");
}

#[test]
fn a_stage_without_a_lesson_runs_its_other_tests() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.root.join("crates/nb00_testing/tests/lesson.rs")).unwrap();
    let (code, out, _) = fixture.output(&["run", "nb00"]);
    assert_eq!(code, Some(0));
    in_order(&out, &["unit tests", "1 passed", "nb00_testing passed: 0 sections and 2 tests"]);
}

/// An example that answers as nb01's does where there is no MNIST.
const NO_DATA: &str =
    "//! Which data are where.\nfn main() { println!(\"only drawn digits\"); std::process::exit(3); }\n";

#[test]
fn without_data_drawn_digits_are_announced() {
    let fixture = Fixture::new();
    let lesson = "/// x\n#[test]\nfn s01_x() {}\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    fixture.next("nb02_net", "nb01_next", lesson);
    fixture.write("crates/nb01_next/examples/data.rs", NO_DATA);
    assert_eq!(
        (fixture.output(&["data"]).0, fixture.output(&["data", "--json"]).1.as_str()),
        (Some(3), "only drawn digits\n")
    );

    let (code, _, err) = fixture.output(&["run", "nb02", "--only", "s01"]);
    assert_eq!(code, Some(0));
    in_order(&err, &["no MNIST (NB_OFFLINE is set): drawn digits are used", "cargo xtask data get"]);
    let (_, _, err) = fixture.output(&["run", "nb00", "--only", "s01"]);
    assert!(!err.contains("MNIST"), "a stage below the data does not ask for them: {err}");

    // Here is no program to fetch with, so the try fails, and the run goes on.
    let (code, _, err) = outcome(fixture.xtask(&["run", "nb01", "--only", "s01"]).env_remove("NB_OFFLINE"));
    assert_eq!(code, Some(0));
    assert!(
        err.contains("no MNIST (no package here has the program `fetch`): drawn digits are used"),
        "{err}"
    );
    let (code, _, err) = fixture.output(&["data", "get"]);
    assert!(code == Some(1) && err.contains("`fetch`"), "{err}");
}

/// Downloads where there is no network: writes a marker, if it is asked the right way.
const FETCH: &str = "fn main() {\n    let args: Vec<String> = std::env::args().skip(1).collect();\n    std::fs::write(\"fetched\", args.join(\" \")).unwrap();\n    println!(\"fetched\");\n    std::process::exit(args.len() as i32);\n}\n";

/// A workspace without data whose program `fetch` is this one.
fn fetching(fetch: &str) -> Fixture {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// x\n#[test]\nfn s01_x() {}\n");
    fixture.write("crates/nb01_next/examples/data.rs", NO_DATA);
    fixture.edit("Cargo.toml", "[\"crates/*\"]", "[\"crates/*\", \"tool\"]");
    fixture.write("tool/Cargo.toml", "[package]\nname = \"tool\"\nedition = \"2024\"\n");
    fixture.write("tool/src/bin/fetch.rs", fetch);
    fixture
}

#[test]
fn where_there_are_no_data_they_are_fetched() {
    let fixture = fetching(FETCH);
    let run = ["run", "nb01", "--only", "s01", "--json"];
    let (code, out, err) = outcome(fixture.xtask(&run).env_remove("NB_OFFLINE"));
    assert_eq!((code, fixture.read("fetched").as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("getting MNIST") && !err.contains("drawn"), "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert!(document["ok"] == true && err.contains("fetched\n"), "what it prints stands aside: {out}{err}");
    let (code, _, _) = fixture.output(&["data", "get", "--to", "a folder", "--cache=false"]);
    assert_eq!(code, Some(2), "what cannot be is refused before anything is built");
    let (code, _, _) = fixture.output(&["data", "get", "--to", "a folder"]);
    assert_eq!((code, fixture.read("fetched").as_str()), (Some(2), "--to a folder"), "its exit code is ours");
}

/// The program that downloads takes a minute to build, and its help says nothing that we do not know.
#[test]
fn the_help_of_a_download_is_there_at_once() {
    let fixture = fetching("fn main() { this does not compile }\n");
    for help in ["--help", "-h"] {
        let (code, out, err) = fixture.output(&["data", "get", help]);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        in_order(&out, &["Usage: cargo xtask data get [OPTIONS]", "--mirror <URL>", "--patience <SECONDS>"]);
    }
}

/// Where the data are named, or `data get` has put them into their place, no program is built to ask.
#[test]
fn data_that_are_there_are_not_looked_for() {
    let fixture = fetching("fn main() { this does not compile }\n");
    fixture.write("crates/nb01_next/examples/data.rs", "fn main() { this does not compile }\n");
    let run = ["run", "nb01", "--only", "s01"];
    let (code, _, err) = outcome(fixture.xtask(&run).env("NB_DATA", "/somewhere"));
    assert!(code == Some(0) && !err.contains("error"), "{err}");
    let (_, _, err) = outcome(fixture.xtask(&run).env("NB_DATA", ""));
    assert!(err.contains("error"), "set to nothing is as unset: {err}");
    fixture.write("data/mnist.pkl.gz", "MNIST");
    let (code, _, err) = fixture.output(&run);
    assert!(code == Some(0) && !err.contains("error"), "{err}");
}

/// `--only` builds the lesson and nothing else: an edit is seen in seconds.
#[test]
fn one_section_builds_one_program() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// Says\n#[test]\nfn s01_says() { println!(\"one\"); }\n");
    fixture.write("crates/nb01_next/tests/more.rs", "this does not compile");
    let (code, out, err) = fixture.output(&["run", "nb01", "--only", "s01"]);
    assert!(code == Some(0) && out.contains("    one"), "{out}{err}");
    let (code, out, err) = fixture.output(&["run", "nb01"]);
    assert_eq!(code, Some(1));
    in_order(&out, &["    one", "nb01_next does not compile"]);
    assert!(err.contains("more.rs"), "{err}");
}

/// The first lesson runs before anything of the second stage is built.
#[test]
fn the_first_section_does_not_wait_for_other_stages() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// x\n#[test]\nfn s01_x() {}\n");
    let look = "/// Looks\n#[test]\nfn s01_looks() { println!(\"built: {}\", std::path::Path::new(\"../nb01_next/built\").exists()); }\n";
    fixture.write("crates/nb00_testing/tests/lesson.rs", &format!("//! Lesson.\n{look}"));
    fixture.write("crates/nb01_next/build.rs", "fn main() { std::fs::write(\"built\", \"\").unwrap(); }\n");
    let (code, out, err) = fixture.output(&["run", "--all"]);
    assert_eq!(code, Some(0), "{err}");
    in_order(&out, &["    built: false", "nb01_next", "s01_x"]);
    assert!(fixture.exists("crates/nb01_next/built"));
}

#[cfg(unix)]
#[test]
fn watch_says_once_what_does_not_compile() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// x\n#[test]\nfn s01_x() {}\n");
    fixture.write("crates/nb01_next/examples/data.rs", NO_DATA);
    fixture.edit("crates/nb01_next/src/lib.rs", "pub use", "this is no Rust\npub use");
    let mut watch = fixture.process(&["watch", "nb01"]);
    let mut child = watch.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    end_in_a_minute(child.id());
    let notes = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let notes: Vec<String> = notes.take_while(|line| !line.contains("waiting for a change")).collect();
    signal("-INT", &child.id().to_string());
    child.wait().unwrap();
    assert_eq!(notes.iter().filter(|line| line.starts_with("error: expected")).count(), 1, "{notes:#?}");
}

#[test]
fn call_hands_on_arguments_and_exit_code() {
    let fixture = Fixture::new();
    fixture.write(
        "crates/nb00_testing/examples/add.rs",
        "//! Adds numbers,\n//! as many as there are.\n//!\n//! More.\nfn main() {\n    let args: Vec<i32> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();\n    println!(\"{args:?}\");\n    std::process::exit(args.iter().sum());\n}\n",
    );
    let (code, out, _) = fixture.output(&["call", "nb00"]);
    assert_eq!((code, out.as_str()), (Some(0), "add  Adds numbers, as many as there are.\n"));
    let (code, out, _) = fixture.output(&["call", "nb00", "add", "--help", "3", "4"]);
    assert_eq!((code, out.as_str()), (Some(7), "[3, 4]\n"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_was_started_as_well() {
    let fixture = Fixture::new();
    let lesson = "/// Hangs\n#[test]\nfn s01_hangs() {\n    std::fs::write(\"pid\", std::process::id().to_string()).unwrap();\n    println!(\"waiting\");\n    std::thread::sleep(std::time::Duration::from_secs(300));\n}\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    let mut child =
        fixture.process(&["run", "nb01"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    end_in_a_minute(child.id());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("waiting")));
    signal("-INT", &child.id().to_string());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let test = fixture.read("crates/nb01_next/pid");
    assert!(!signal("-0", &test), "the test program {test} is still running");
}

/// At the terminal Ctrl-C reaches cargo as well, which ends at once: that is no build that failed, or had nothing to say.
#[cfg(unix)]
#[test]
fn ctrl_c_during_a_build_ends_the_run() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// x\n#[test]\nfn s01_x() {}\n");
    fixture.write("crates/nb01_next/examples/data.rs", NO_DATA);
    fixture.write("crates/nb01_next/build.rs", &marks_and_waits("began"));
    assert_eq!(fixture.interrupted(&["run", "nb01"], "crates/nb01_next/began"), "interrupted");
    assert_eq!(fixture.read("crates/nb01_next/began"), "once\n", "no second build was begun");
}

#[cfg(unix)]
#[test]
fn ctrl_c_during_a_download_ends_the_run() {
    let fixture = fetching(&marks_and_waits("began"));
    assert_eq!(fixture.interrupted(&["run", "nb01"], "began"), "interrupted");
}

#[cfg(unix)]
#[test]
fn a_reader_who_has_seen_enough_ends_the_run() {
    let fixture = Fixture::new();
    let lesson = "/// Goes on and on\n#[test]\nfn s01_on() {\n    std::fs::write(\"pid\", std::process::id().to_string()).unwrap();\n    loop {\n        println!(\"on\");\n    }\n}\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    let mut child =
        fixture.process(&["run", "nb01"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    end_in_a_minute(child.id());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("    on")));
    drop(lines);
    assert!(by_sigpipe(child.wait().unwrap()));
    let start = Instant::now();
    while signal("-0", &fixture.read("crates/nb01_next/pid")) && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20)); // It notices when it prints the next time.
    }
    assert!(!signal("-0", &fixture.read("crates/nb01_next/pid")), "the test program is still running");
}

/// A test that waits in vain has to fail, not to hang.
#[cfg(unix)]
fn end_in_a_minute(pid: u32) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(60));
        signal("-INT", &pid.to_string());
    });
}

#[cfg(unix)]
fn signal(signal: &str, pid: &str) -> bool {
    let kill = std::process::Command::new("kill").args([signal, "--", pid]).stderr(Stdio::null()).status();
    kill.unwrap().success()
}

/// … at the next run at the latest: before that there is nothing to print.
#[cfg(unix)]
#[test]
fn a_watch_ends_when_nobody_reads_on() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// Says\n#[test]\nfn s01_says() { println!(\"one\"); }\n");
    let mut watch = fixture.process(&["watch", "nb01", "--only", "s01"]);
    let mut child = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    end_in_a_minute(child.id());
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(notes.any(|line| line.contains("waiting for a change")));
    drop(child.stdout.take());
    fixture.edit("crates/nb01_next/tests/lesson.rs", "one", "two");
    assert!(by_sigpipe(child.wait().unwrap()));
}

#[cfg(unix)]
#[test]
fn watch_runs_again_when_a_file_changes() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", "/// Says\n#[test]\nfn s01_says() { println!(\"one\"); }\n");
    let mut child = fixture
        .process(&["watch", "nb01", "--only", "s01"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    end_in_a_minute(child.id());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("one")));
    assert!(notes.any(|line| line.contains("waiting for a change")));
    fixture.edit("crates/nb01_next/tests/lesson.rs", "one", "two");
    assert!(lines.any(|line| line.contains("two")));
    // A stage below counts as well, and a section that fails does not end the watch.
    assert!(notes.any(|line| line.contains("waiting for a change")));
    fixture.edit("crates/nb00_testing/src/lib.rs", "\"test\"", "\"tset\"");
    assert!(lines.any(|line| line.contains("two")));
    signal("-INT", &child.id().to_string());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
