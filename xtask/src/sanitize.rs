//! `cargo xtask sanitize`: the `unsafe` code of lib/kernels under tools that watch every access to memory.
//!
//! Each sees something that the others do not: Miri the rules of the language itself, but no AVX; AddressSanitizer all
//! paths at speed, but only accesses that were compiled with it; ThreadSanitizer what two threads do without having agreed
//! on it, in rayon's threads, too; valgrind whatever is executed, but no AVX-512.

use crate::stages::Workspace;
use crate::text::{PLAIN, TITLE, say};
use anyhow::{Context, Result};
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

#[derive(Clone, Copy, clap::ValueEnum)]
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
    let all = [Watcher::Miri, Watcher::Asan, Watcher::Tsan, Watcher::Valgrind];
    for watcher in if args.watchers.is_empty() { &all[..] } else { &args.watchers } {
        say(&format!("{TITLE}{}{PLAIN}", watcher.name()));
        if let Some(why) = watcher.missing() {
            say(&format!("skipped: {} ({why})", watcher.name()));
            continue;
        }
        let status = watcher.command().current_dir(&root).status().context("it does not start")?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Watcher {
    fn name(self) -> &'static str {
        match self {
            Watcher::Miri => "Miri",
            Watcher::Asan => "AddressSanitizer",
            Watcher::Tsan => "ThreadSanitizer",
            Watcher::Valgrind => "valgrind",
        }
    }

    /// Why it cannot run here, if it cannot.
    fn missing(self) -> Option<&'static str> {
        let linux = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        match self {
            Watcher::Miri => (!answers(nightly(&["miri", "--version"])))
                .then_some("no nightly toolchain with the component miri"),
            _ if !linux => Some("set up for x86-64 Linux"),
            Watcher::Asan => (!answers(nightly(&["--version"]))).then_some("no nightly toolchain"),
            Watcher::Tsan => {
                (!has_std_sources()).then_some("no nightly toolchain with the component rust-src")
            }
            Watcher::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind.arg("--version");
                (!answers(valgrind)).then_some("valgrind is not installed")
            }
        }
    }

    fn command(self) -> Command {
        const SMALL: [&str; 4] = ["--package", "kernels", "--test", "main"];
        // Neither knows AVX, without which products are matrixmultiply's: so these two look at the threads.
        const THREADS: [&str; 5] = ["--package", "kernels", "--lib", "--", "threads::"];
        const TARGET: [&str; 2] = ["--target", "x86_64-unknown-linux-gnu"]; // named, build scripts stay as they are
        match self {
            Watcher::Miri => {
                let mut miri = nightly(&["miri", "test"]);
                // Tree borrows, as rayon's queues break the older rules; its threads are still there at the end.
                let flags = "-Zmiri-tree-borrows -Zmiri-ignore-leaks -Zmiri-disable-isolation";
                miri.args(THREADS);
                miri.env("MIRIFLAGS", flags);
                miri
            }
            Watcher::Asan => {
                let mut asan = nightly(&["test"]);
                asan.args(TARGET)
                    .args(SMALL)
                    .args(["--", "memory::"])
                    .env("ASAN_OPTIONS", "allocator_may_return_null=1") // a test asks for more than there is
                    .env("RUSTFLAGS", "-Zsanitizer=address");
                asan
            }
            Watcher::Tsan => {
                // The standard library, too, as threads agree by what is in there.
                let mut tsan = nightly(&["test", "-Zbuild-std"]);
                tsan.args(TARGET).args(THREADS);
                tsan.env("RUSTFLAGS", "-Zsanitizer=thread");
                tsan
            }
            Watcher::Valgrind => {
                let runner =
                    "target.'cfg(unix)'.runner = ['valgrind', '-q', '--error-exitcode=9', '--leak-check=no']";
                let mut cargo = crate::process::cargo();
                cargo.args(["test", "--config", runner]).args(SMALL).args(["--", "memory::"]);
                cargo
            }
        }
    }
}

/// The nightly toolchain's cargo.
fn nightly(args: &[&str]) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly", "cargo"]).args(args).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    rustup
}

fn has_std_sources() -> bool {
    let mut rustc = Command::new("rustup");
    rustc.args(["run", "nightly", "rustc", "--print", "sysroot"]).stderr(Stdio::null());
    let sysroot = rustc.output().map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    sysroot.is_ok_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").exists())
}

fn answers(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
