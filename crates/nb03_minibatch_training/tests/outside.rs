//! Crates outside the workspace that depend on one stage alone: one builds and runs, others fail as the book says.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

const STAGE: &str = env!("CARGO_MANIFEST_DIR");

/// A package outside the workspace, in an empty folder of that name, that depends on a stage.
fn package(name: &str, stage: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(folder.join("src"))); // what the last run left, if there was one
    std::fs::create_dir_all(folder.join("src/bin")).unwrap();
    // The same versions as ours, so nothing has to be downloaded for this.
    std::fs::copy(Path::new(STAGE).join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let path = Path::new(STAGE).with_file_name(stage);
    let manifest = format!(
        "[package]\nname = {name:?}\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{stage} = {{ path = {path:?} }}\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    folder
}

/// Cargo in such a folder; all of them share what they have built.
fn cargo(folder: &Path, args: &[&str]) -> (bool, String, String) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).args(["--offline", "--color=never"]).current_dir(folder).env("NB_DATA", "drawn");
    cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside/target"));
    // What only a debugger and a second build would need takes a third of the time.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0");
    let output = cargo.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn one_dependency_brings_everything_below_it() {
    let folder = package("outside", "nb03_minibatch_training");
    std::fs::copy(Path::new(STAGE).join("tests/outside/program.rs"), folder.join("src/main.rs")).unwrap();
    let (good, out, err) = cargo(&folder, &["run", "--quiet"]);
    assert!(good, "{err}");
    assert!(out.contains("on digits drawn by this program"), "{out}");
    let accuracy = out.split("accuracy ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(accuracy.is_some_and(|accuracy| accuracy > 0.9), "{out}");
}

/// It is short enough to be read there, and what is read there is what runs.
#[test]
fn the_program_is_the_one_on_the_front_page() {
    let program = std::fs::read_to_string(Path::new(STAGE).join("tests/outside/program.rs")).unwrap();
    let code = program.split_once("\n\n").unwrap().1;
    assert!(program.lines().count() <= 40);
    let page = std::fs::read_to_string(Path::new(STAGE).join("../../README.md")).unwrap();
    assert!(page.contains(code), "README.md has another program than tests/outside/program.rs");
}

/// candle's and PyTorch's programs are run by the bench's tests, whose workspace has candle.
#[test]
fn the_programs_that_lead_on_are_those_that_are_run() {
    let root = Path::new(STAGE).join("../..");
    let page = std::fs::read_to_string(root.join("book/pages/outgrow.md")).unwrap();
    for file in ["candle.rs", "pytorch.py"] {
        let program = std::fs::read_to_string(root.join("benches/tests/outgrow").join(file)).unwrap();
        let code = program.split_once("\nuse ").or(program.split_once("\nimport ")).unwrap().1;
        assert!(page.contains(code), "outgrow.md has another program than benches/tests/outgrow/{file}");
    }
}

/// The doc tests of the page only know *that* its examples do not compile: the stable rustdoc ignores the code of the
/// error.
#[test]
fn the_compiler_errors_of_the_book_are_the_compilers() {
    let page = Path::new(STAGE).join("../../book/pages/compiler-errors.md");
    let examples = failing_examples(&std::fs::read_to_string(page).unwrap());
    assert!(examples.len() > 5, "{examples:?}");
    let folder = package("compiler_errors", "nb02_fully_connected");
    for (i, (_, code)) in examples.iter().enumerate() {
        std::fs::write(folder.join(format!("src/bin/example_{i}.rs")), code).unwrap();
    }
    let (good, _, err) = cargo(&folder, &["build", "--bins", "--keep-going", "--message-format=short"]);
    assert!(!good);
    for (i, (expected, code)) in examples.iter().enumerate() {
        let found = errors_of(&format!("example_{i}.rs"), &err);
        let is_expected = matches!(&found[..], [only] if only.starts_with(expected));
        assert!(is_expected, "{expected} is expected, and the compiler says {found:?}:\n{code}\n{err}");
    }
}

/// What the compiler has to say and the program, for each block that begins with ```` ```rust,compile_fail,E0382 ````.
/// A syntax error has no code: without one, it is the message that the page shows below.
fn failing_examples(page: &str) -> Vec<(String, String)> {
    let example = |(block, after): (&str, &str)| {
        let (code, program_text) = block.split_once('\n')?;
        let shown = || after.lines().find_map(|line| line.strip_prefix("error: "));
        Some((code.strip_prefix(',').or_else(shown)?.to_string(), program(program_text)))
    };
    let blocks = page.split("```rust,compile_fail").skip(1);
    blocks
        .map(|block| block.split_once("```").and_then(example).expect("a code, or a message below"))
        .collect()
}

/// As rustdoc does it: hidden lines are shown to the compiler, and all of it stands in a function.
fn program(code: &str) -> String {
    let lines: Vec<&str> = code.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    format!("fn main() {{\n    let _ = || {{\n{}\n    }};\n}}\n", lines.join("\n"))
}

/// `src/bin/example_0.rs:5:9: error[E0308]: mismatched types` → `E0308`; without a code, the message.
fn errors_of(file: &str, messages: &str) -> Vec<String> {
    let ours = messages.lines().filter_map(|line| line.split_once(file)?.1.split_once(": error")?.1.into());
    let code = |error: &str| Some(error.strip_prefix('[')?.split_once(']')?.0.to_string());
    ours.map(|error| code(error).unwrap_or_else(|| error.trim_start_matches([':', ' ']).into())).collect()
}
