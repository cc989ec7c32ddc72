//! A small workspace of its own for each test: stages without dependencies, in a folder whose path is not easy.

#![allow(dead_code, reason = "some of it is for Unix only, or for the feature `book`")]

pub(crate) mod skipped;

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const MANIFEST: &str = r#"
[workspace]
resolver = "3"
members = ["crates/*"]

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
license = "MIT"
publish = false

[workspace.lints.rust]
missing_docs = "warn"

[profile.dev]
debug = "line-tables-only"
"#;

/// The first stage: what the template's first section asks for.
const NB00: &str = r#"//! # 00 · Testing
//!
//! | [`deep`] |

#![forbid(unsafe_code)]

pub mod deep;

pub use deep::{inner, near};

/// Exported.
pub const TEST: &str = "test";

/// Compares.
///
/// ```
/// nb00_testing::test_eq(1, 1);
/// ```
#[track_caller]
pub fn test_eq<T: PartialEq + std::fmt::Debug>(a: T, b: T) {
    assert!(a == b, "==:\n{a:?}\n{b:?}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn unit() {}
}
"#;

const DEEP: &str = r#"//! Below.

mod deeper;

pub use deeper::lent;

/// Near.
pub fn near() -> bool {
    true
}

/// Inside.
pub fn inner() {}

/// Only shown.
pub struct Shown;

impl Shown {
    /// A method.
    pub fn near(&self) {}
}
"#;

pub(crate) struct Fixture {
    _folder: TempDir,
    pub(crate) root: PathBuf,
}

impl Fixture {
    /// A workspace with the stage `nb00_testing`, on which `check` has nothing to say.
    pub(crate) fn new() -> Fixture {
        let folder = tempfile::Builder::new().prefix("ein Übungs folder ").tempdir().unwrap();
        let root = folder.path().join("wörk space");
        let fixture = Fixture { _folder: folder, root };
        fixture.write("Cargo.toml", MANIFEST);
        fixture.write("README.md", "# Lesson\n\n| stage | title |\n|---|---|\n| `nb00_testing` | 00 |\n");
        fixture.write("docs/lesson-map.md", &map());
        fixture.stage(
            "nb00_testing",
            None,
            NB00,
            "/// The constant\n#[test]\nfn s01_constant() { println!(\"first\"); }\n",
        );
        fixture.write("crates/nb00_testing/src/deep.rs", DEEP);
        fixture
            .write("crates/nb00_testing/src/deep/deeper.rs", "//! Private.\n\n/// Lent.\npub fn lent() {}\n");
        fixture.write(
            "crates/nb00_testing/README.md",
            "# 00\n\n## Exported\n\n| Rust | Notebook |\n|---|---|\n| `TEST`, `test_eq(a, b)` | |\n| `near` | |\n| `inner` | |\n",
        );
        fixture
    }

    /// Adds a stage with the same lesson for a crate that re-exports the one below.
    pub(crate) fn next(&self, name: &str, below: &str, lesson: &str) {
        let lib =
            format!("//! # {name}\n\n#![forbid(unsafe_code)]\n\n#[doc(no_inline)]\npub use {below}::*;\n");
        self.stage(name, Some(below), &lib, lesson);
        let readme = fs::read_to_string(self.root.join("README.md")).unwrap();
        self.write("README.md", &format!("{readme}| `{name}` | x |\n"));
    }

    fn stage(&self, name: &str, below: Option<&str>, lib: &str, lesson: &str) {
        let below = below.map(|b| format!("{b} = {{ path = \"../{b}\" }}\n")).unwrap_or_default();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\n[dependencies]\n{below}\n[lints]\nworkspace = true\n"
        );
        self.write(&format!("crates/{name}/Cargo.toml"), &manifest);
        self.write(&format!("crates/{name}/src/lib.rs"), lib);
        self.write(&format!("crates/{name}/tests/lesson.rs"), &format!("//! Lesson.\n{lesson}"));
        self.write(&format!("crates/{name}/README.md"), "# x\n\n## Exported\n\n| Rust | |\n|---|---|\n");
    }

    /// Gives a stage a lesson of two files beside the one that it begins with.
    pub(crate) fn lesson_of_parts(&self, name: &str, one: &str, two: &str) {
        let folder = format!("crates/{name}/tests/lesson");
        fs::remove_file(self.root.join(format!("{folder}.rs"))).unwrap();
        self.write(
            &format!("{folder}/main.rs"),
            "//! Lesson.\nmod part1_one;\nmod part2_two;\n\n/// What both use.\nfn shared() -> u32 {\n    7\n}\n",
        );
        self.write(&format!("{folder}/part1_one.rs"), &format!("//! One.\n\nuse super::*;\n\n{one}"));
        self.write(&format!("{folder}/part2_two.rs"), &format!("//! Two.\n\nuse super::*;\n\n{two}"));
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Replaces the only occurrence of `old` in a file.
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}:\n{text}");
        self.write(path, &text.replace(old, new));
    }

    /// The real program in this workspace.
    pub(crate) fn xtask(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(args).timeout(Duration::from_secs(120)).current_dir(&self.root);
        quiet(|name, value| {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        });
        command
    }

    /// The same, to be started and left running.
    pub(crate) fn process(&self, args: &[&str]) -> std::process::Command {
        self.program(env!("CARGO_BIN_EXE_xtask"), args)
    }

    /// Any program in this workspace.
    pub(crate) fn program(&self, program: &str, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.args(args).current_dir(&self.root);
        quiet(|name, value| {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        });
        command
    }

    /// Runs it and hands over the exit code, standard output and standard error.
    pub(crate) fn output(&self, args: &[&str]) -> (Option<i32>, String, String) {
        outcome(&mut self.xtask(args))
    }

    /// All verbs, from the help.
    #[track_caller]
    pub(crate) fn verbs(&self) -> Vec<String> {
        let help = self.output(&["--help"]).1;
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        // A line that is indented further goes on with the one above.
        let verbs = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
        let verbs =
            verbs.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
        let verbs: Vec<String> = verbs.filter(|verb| *verb != "help").map(String::from).collect();
        assert!(["run", "new", "notebook"].iter().all(|verb| verbs.iter().any(|v| v == verb)), "{help}");
        verbs
    }

    /// Has a library of this name and with these dependencies.
    pub(crate) fn lib(&self, name: &str, dependencies: &str) {
        let manifest = self.read("Cargo.toml").replace("[\"crates/*\"]", "[\"crates/*\", \"lib/*\"]");
        self.write("Cargo.toml", &manifest);
        self.write(
            &format!("lib/{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"),
        );
        self.write(
            &format!("lib/{name}/src/lib.rs"),
            &format!("//! Lib.\n\n/// Of {name}.\npub fn of_{name}() {{}}\n"),
        );
    }

    /// Everything that a person sees of it: the call, both outputs and the exit code, without where the
    /// workspace lies.
    pub(crate) fn seen(&self, args: &[&str]) -> String {
        let (code, out, err) = self.output(args);
        let shown = format!(
            "$ cargo xtask {}\n{out}── stderr\n{err}── exit code {}\n",
            args.join(" "),
            code.unwrap()
        );
        let root = fs::canonicalize(&self.root).unwrap();
        shown
            .replace(root.to_str().unwrap(), "[workspace]")
            .replace(self.root.to_str().unwrap(), "[workspace]")
    }

    /// The last line that it says when Ctrl-C reaches it and all that it has started, as soon as `file` is there.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn interrupted(&self, args: &[&str], file: &str) -> String {
        let mut process = self.process(args);
        std::os::unix::process::CommandExt::process_group(process.env_remove("NB_OFFLINE"), 0);
        let child = process.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !self.exists(file) && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let start = Instant::now();
        let group = format!("-{}", child.id());
        assert!(std::process::Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(start.elapsed() < Duration::from_secs(20), "it went on: {said}");
        said.trim_end().lines().last().unwrap_or_default().into()
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        Path::new(&self.root.join(path)).exists()
    }
}

/// Each fixture has its own target folder, no network, and no backtraces in its messages.
fn quiet(mut set: impl FnMut(&str, Option<&str>)) {
    for name in [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_BUILD_DIR",
        "RUST_BACKTRACE",
        "NB_DATA",
        "RUSTFLAGS",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "NB_FIGURES",
        "MKLROOT",
    ] {
        set(name, None);
    }
    set("NB_OFFLINE", Some("1"));
    set("CARGO_NET_OFFLINE", Some("true"));
    set("CARGO_INCREMENTAL", Some("0"));
}

/// A program that says in a file that it has begun, and then takes its time.
pub(crate) fn marks_and_waits(file: &str) -> String {
    format!(
        "//! Waits.\nuse std::io::Write;\nfn main() {{\n    let file = std::fs::File::options().create(true).append(true).open({file:?});\n    \
        file.unwrap().write_all(b\"once\\n\").unwrap();\n    std::thread::sleep(std::time::Duration::from_secs(50));\n}}\n"
    )
}

pub(crate) fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("xtask prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What differs from run to run and from one Rust to the next, for snapshots.
pub(crate) const CHANGES: [(&str, &str); 4] = [
    (r"\d+(\.\d+)? ?(ns|µs|ms|s|min)\b( \d+ s)?", "[time]"),
    (r"(thread '[^']*')( \(\d+\))? panicked", "$1 panicked"),
    (r"(?m)^ +(Compiling|Finished) .*\n", ""),
    (r"(?m)^ +Blocking waiting for file lock .*\n", ""), // another cargo on the same machine
];

/// A lesson map whose every row has words instead of names.
fn map() -> String {
    let letters = [
        ("A", 1, 16),
        ("B", 1, 11),
        ("C", 0, 11),
        ("D", 1, 3),
        ("E", 1, 11),
        ("F", 1, 5),
        ("H", 1, 18),
        ("I", 1, 3),
        ("J", 1, 9),
        ("K", 1, 8),
    ];
    let rows = letters.iter().flat_map(|(letter, first, last)| {
        (*first..=*last).map(move |n| format!("| {letter}{n} | what | prose | prose |\n"))
    });
    format!("# Map\n\n| row | what | items | tests |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

/// Whether it ended as SIGPIPE ends every program whose output is closed: a shell reports 141.
#[cfg(unix)]
pub(crate) fn by_sigpipe(status: std::process::ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(13)
}

/// Asserts that all parts stand in the text, in this order.
#[track_caller]
pub(crate) fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("`{part}` is missing, or stands too early, in:\n{text}")
        };
        rest = &rest[at + part.len()..];
    }
}
