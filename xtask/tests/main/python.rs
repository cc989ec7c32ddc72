//! `cargo xtask book --check-python`: Python beside Rust, with a made-up Python and, where there is one, the real one.

use crate::common::skipped::skipped;
use crate::common::{Fixture, in_order};
use std::process::Command;

/// In the second section Python will disagree.
const RUST: &str = r#"
fn show(what: &str, ours: &str) {
    println!("{what:<34} {ours:>14}   course: 0");
}

/// The same
#[test]
fn s01_same() {
    show("a + b", "[12, 14, 3]");
    show("   the mean", "0.5000±0.0100");
}

/// Another
#[test]
fn s02_differs() {
    show("a", "1");
}

/// No Python
#[test]
fn s03_rust_only() {}

/// The last
#[test]
fn s04_last() {
    show("b", "2");
}
"#;

const PYTHON: &str = r#"# %%
import torch


def show(what, value):
    print(f"{what} = {value}")


# %% s01_same
show("a + b", torch.tensor([10.0, 6, -4]) + torch.tensor([2.0, 8, 7]))
show("the mean", torch.tensor([0.25, 0.76]).mean())
print("for the reader: nothing")

# %% s02_differs
show("a", 1 + 1)
show("c", 1)

# %% s04_last
show("b", 2)
"#;

fn fixture(python: &str) -> Fixture {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", RUST);
    fixture.write("crates/nb01_next/tests/lesson.py", python);
    fixture
}

/// A Python that prints, whatever it is asked to run.
#[cfg(unix)]
fn made_up(fixture: &Fixture, prints: &str, ends_with: u8) -> String {
    use std::os::unix::fs::PermissionsExt;
    let version = "case \"$*\" in *__version__*) echo 'Python 3, torch 2'; exit 0;; esac";
    let script = format!("#!/bin/sh\n{version}\ncat <<'END'\n{prints}\nEND\nexit {ends_with}\n");
    fixture.write("fake python", &script);
    let file = fixture.root.join("fake python");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file.to_str().unwrap().to_string()
}

#[test]
#[cfg(unix)]
fn what_differs_is_said_section_by_section() {
    let fixture = fixture(PYTHON);
    let prints = "# %% s01_same\na + b = tensor([12., 14.,  3.])\nthe mean = 0.5100\n\
        # %% s02_differs\na = 2\nc = 1\n# %% s04_last\nb = 2\nskipped: a check (no reason)";
    let python = made_up(&fixture, prints, 0);
    let (code, out, err) = fixture.output(&["book", "--check-python", &python]);
    assert_eq!(code, Some(1), "{out}{err}");
    in_order(
        &out,
        &[
            "Python 3, torch 2",
            "s01_same",
            "4 values agree",
            "s02_differs",
            "`a` is 1 here, 2 in Python",
            "s02_differs",
            "`c` is shown in Python only",
            "s04_last",
            "1 value agrees",
            "skipped: a check (no reason)",
            "nb01_next: 3 sections beside Python, 5 values agree, 2 not",
        ],
    );
    assert!(!out.contains("s03_rust_only") && !out.contains('\x1b'), "{out}");
}

#[test]
#[cfg(unix)]
fn a_cell_that_fails_is_named_with_its_traceback() {
    let fixture = fixture(PYTHON);
    let traceback = "# %% s01_same\n# %% s02_differs\nTraceback:\n  File \"<string>\", line 17, in <module>\nNameError: x";
    let python = made_up(&fixture, traceback, 1);
    let (code, out, err) = fixture.output(&["book", "--check-python", &python]);
    assert_eq!(code, Some(1), "{out}{err}");
    in_order(
        &out,
        &[
            "s02_differs",
            "the cell failed",
            "crates/nb01_next/tests/lesson.py, line 17",
            "NameError: x",
            "1 cell",
        ],
    );
}

/// It is the person who ends it, so that is no fault of Python's.
#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_script_and_the_book() {
    let fixture = fixture(PYTHON);
    let python = made_up(&fixture, "# %% s01_same", 0);
    let slow = fixture.read("fake python").replace("\ncat ", "\ntouch reached; sleep 50\ncat ");
    fixture.write("fake python", &slow);
    assert_eq!(fixture.interrupted(&["book", "--check-python", &python], "reached"), "interrupted");
}

#[test]
#[cfg(unix)]
fn a_python_without_torch_is_refused_with_a_way_out() {
    let fixture = fixture(PYTHON);
    for (python, says) in [("/nowhere/python", "does not start"), ("/bin/false", "cannot import torch")] {
        let (code, _, err) = fixture.output(&["book", "--check-python", python]);
        assert_eq!(code, Some(2), "{err}");
        in_order(&err, &[python, says, "pip install torch"]);
    }
}

#[test]
fn the_real_python_runs_the_cells() {
    let python = std::env::var("NB_PYTHON").unwrap_or("python3".into());
    let has_torch = Command::new(&python).args(["-c", "import torch"]).output();
    if !has_torch.is_ok_and(|output| output.status.success()) {
        let why = format!("{python} has no torch; let NB_PYTHON name one that has");
        return skipped("Python beside Rust", &why);
    }
    let (code, out, err) = fixture(PYTHON).output(&["book", "--check-python", &python]);
    assert_eq!(code, Some(1), "{out}{err}");
    in_order(
        &out,
        &["torch 2", "s01_same", "4 values agree", "`a` is 1 here, 2 in Python", "5 values agree, 2 not"],
    );

    let broken = PYTHON.replace("show(\"a\", 1 + 1)", "show(\"a\", undefined)");
    let (_, out, _) = fixture(&broken).output(&["book", "--check-python", &python]);
    in_order(&out, &["s02_differs", "lesson.py, line 15", "name 'undefined' is not defined", "1 cell"]);
}
