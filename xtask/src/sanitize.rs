//! `cargo xtask sanitize`: the `unsafe` code of lib/kernels under tools that watch every access to memory.
//!
//! Each sees something that the others do not: Miri the rules of the language itself, but no AVX; AddressSanitizer all
//! paths at speed, but only accesses that were compiled with it; ThreadSanitizer what two threads do without having agreed
//! on it, in rayon's threads, too; valgrind whatever is executed, but no AVX-512.

use crate::process::{cargo, status};
use crate::stages::Workspace;
use crate::text::{PLAIN, TITLE, say};
use anyhow::Result;
use clap::ValueEnum;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Runs the unsafe code's tests under Miri, two sanitizers and valgrind
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask sanitize\n  cargo xtask sanitize miri\n\n\
    Miri and the sanitizers need a nightly toolchain:\n  rustup toolchain install nightly --component miri,rust-src\n\
    A tool that is not there is skipped, and it is said which and why.")]
pub(crate) struct Args {
    /// Only these
    watchers: Vec<Watcher>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Watcher {
    /// Interprets the program and checks each step (minutes)
    Miri,
    /// Compiles a check into each access
    Asan,
    /// Compiles a check of who may come to each access, and when
    Tsan,
    /// Emulates the processor
    Valgrind,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let root = Workspace::find()?.root;
    for watcher in if args.watchers.is_empty() { Watcher::value_variants() } else { &args.watchers } {
        say(&format!("{TITLE}{watcher:?}{PLAIN}"));
        if let Some(why) = watcher.missing() {
            say(&format!("skipped: {watcher:?} ({why})"));
        } else if !status(watcher.command().current_dir(&root))?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Watcher {
    /// Why it cannot run here, if it cannot.
    fn missing(self) -> Option<&'static str> {
        let linux = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        let (is_there, why) = match self {
            Watcher::Miri => {
                (answers(nightly(&["miri", "--version"])), "no nightly toolchain with the component miri")
            }
            _ if !linux => (false, "set up for x86-64 Linux"),
            Watcher::Asan => (answers(nightly(&["--version"])), "no nightly toolchain"),
            Watcher::Tsan => (has_std_sources(), "no nightly toolchain with the component rust-src"),
            Watcher::Valgrind => (answers(command("valgrind", &["--version"])), "valgrind is not installed"),
        };
        (!is_there).then_some(why)
    }

    fn command(self) -> Command {
        const MEMORY: &[&str] = &["--package", "kernels", "--test", "main", "--", "memory::"];
        // Neither knows AVX, without which products are matrixmultiply's: so these two look at the threads.
        const THREADS: &[&str] = &["--package", "kernels", "--lib", "--", "threads::"];
        const TARGET: &[&str] = &["--target", "x86_64-unknown-linux-gnu"]; // named, build scripts stay as they are
        const RUNNER: &str =
            "target.'cfg(unix)'.runner = ['valgrind', '-q', '--error-exitcode=9', '--leak-check=no']";
        match self {
            // Tree borrows, as rayon's queues break the older rules; its threads are still there at the end.
            Watcher::Miri => with(
                nightly(&["miri", "test"]),
                [THREADS, &[]],
                &[("MIRIFLAGS", "-Zmiri-tree-borrows -Zmiri-ignore-leaks -Zmiri-disable-isolation")],
            ),
            // A test asks for more memory than there is.
            Watcher::Asan => with(
                nightly(&["test"]),
                [TARGET, MEMORY],
                &[("ASAN_OPTIONS", "allocator_may_return_null=1"), ("RUSTFLAGS", "-Zsanitizer=address")],
            ),
            // The standard library, too, as threads agree by what is in there.
            Watcher::Tsan => with(
                nightly(&["test", "-Zbuild-std"]),
                [TARGET, THREADS],
                &[("RUSTFLAGS", "-Zsanitizer=thread")],
            ),
            Watcher::Valgrind => with(cargo(), [&["test", "--config", RUNNER], MEMORY], &[]),
        }
    }
}

fn with(mut cargo: Command, arguments: [&[&str]; 2], variables: &[(&str, &str)]) -> Command {
    cargo.args(arguments.concat()).envs(variables.iter().copied());
    cargo
}

/// The nightly toolchain's cargo.
fn nightly(args: &[&str]) -> Command {
    let mut rustup = command("rustup", &["run", "nightly", "cargo"]);
    rustup.args(args).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    rustup
}

fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

fn has_std_sources() -> bool {
    let mut rustc = command("rustup", &["run", "nightly", "rustc", "--print", "sysroot"]);
    rustc.stderr(Stdio::null()).output().is_ok_and(|said| {
        let sysroot = String::from_utf8_lossy(&said.stdout).trim().to_string();
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").exists()
    })
}

fn answers(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
