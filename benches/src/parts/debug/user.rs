//! The user's crate: written, built as `cargo build` does it, started, and asked in lines.

use crate::contender::{Contender, Pieces};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const BENCHES: &str = env!("CARGO_MANIFEST_DIR");
const FILES: [(&str, &str); 2] =
    [("src/main.rs", include_str!("main.rs")), ("src/calls.rs", include_str!("calls.rs"))];

/// The running program. It ends when this is dropped.
pub(super) struct User {
    child: Child,
    talk: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl User {
    pub(super) fn start() -> Result<Self> {
        let folder = write().context("writing the user's crate")?;
        let mut program = Command::new(build(&folder)?);
        let program = program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = program.spawn().context("starting the user's program")?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.context("the program's input and output are pipes")?;
        Ok(User { child, talk: RefCell::new((stdin, BufReader::new(stdout))) })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn contender(&self, call: usize) -> Debug<'_> {
        Debug { user: self, call, number: f64::NAN }
    }

    /// Seconds, and a number of the last result.
    fn ask(&self, call: usize, loops: u32) -> Result<(f64, f64)> {
        let (stdin, stdout) = &mut *self.talk.borrow_mut();
        writeln!(stdin, "{call} {loops}").context("asking the user's program")?;
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let (seconds, number) = line.trim().split_once(' ').context("the user's program ended")?;
        Ok((seconds.parse()?, number.parse()?))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // Nothing is lost with it: it holds no files.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One call in the user's program, which takes its own time.
pub(super) struct Debug<'u> {
    user: &'u User,
    call: usize,
    number: f64,
}

impl Contender for Debug<'_> {
    fn name(&self) -> &str {
        "nb03 debug"
    }

    fn time(&mut self, loops: u32) -> Result<f64> {
        let (seconds, number) = self.user.ask(self.call, loops)?;
        self.number = number;
        Ok(seconds)
    }

    fn result(&mut self) -> Result<Pieces> {
        Ok(vec![vec![self.number as f32]])
    }
}

/// The folder of the crate, beside this program in cargo's target folder.
fn write() -> Result<PathBuf> {
    let folder = std::env::current_exe()?.with_file_name("nb_bench_user");
    fs::create_dir_all(folder.join("src"))?;
    let root = Path::new(BENCHES).join("..");
    fs::write(folder.join("Cargo.toml"), manifest(&fs::read_to_string(root.join("README.md"))?, &root)?)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?; // the versions of the stages' own workspace
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    Ok(folder)
}

/// What the front page tells users to write, with the stage's path here in place of its address.
fn manifest(page: &str, root: &Path) -> Result<String> {
    let shown = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = shown.context("README.md shows no manifest")?;
    let stage = root.join("crates/nb03_minibatch_training");
    let here = |line: &str| match line.split_once(" = { git = ") {
        Some((name, _)) => format!("{name} = {{ path = {stage:?} }}"),
        None => line.into(),
    };
    let lines: Vec<String> = shown.lines().map(here).collect();
    let package = "[package]\nname = \"nb_bench_user\"\nedition = \"2024\"\n\n[workspace]\n\n";
    Ok(package.to_owned() + &lines.join("\n") + "\n")
}

/// A debug build, in the crate's own target folder; what it says goes to where the bench's progress goes.
fn build(folder: &Path) -> Result<PathBuf> {
    eprintln!("building a user's crate in debug");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let status = cargo.stdout(Stdio::null()).status().context("cargo does not start")?;
    ensure!(status.success(), "the user's crate does not build: {status}");
    Ok(folder.join("target/debug/nb_bench_user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_the_front_page_s() {
        let page = "```sh\nls\n```\n```toml\n[dependencies]\nnb03 = { git = \"…\" } # or so\n\n[profile.dev]\nopt-level = 3\n```\n";
        let text = manifest(page, Path::new("/here")).expect("the page shows one");
        let end = "[dependencies]\nnb03 = { path = \"/here/crates/nb03_minibatch_training\" }\n\n[profile.dev]\nopt-level = 3\n";
        assert!(text.ends_with(end), "{text}");
        assert!(manifest("nothing", Path::new("/here")).is_err());
    }

    #[test]
    fn the_front_page_shows_one() {
        let page = fs::read_to_string(Path::new(BENCHES).join("../README.md")).expect("the project has one");
        let text = manifest(&page, Path::new("/here")).expect("it shows one");
        assert!(
            text.contains("path = \"/here/crates/nb03_minibatch_training\"") && !text.contains("git = "),
            "{text}"
        );
    }
}
