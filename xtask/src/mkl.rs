//! `cargo xtask mkl`: Intel MKL for the BLAS rung, below `.mkl`, where `.cargo/config.toml` has cargo look.
//!
//! PyPI's wheels are the friendliest source: zip files behind one command that needs no account and no
//! root. pip checks each against the index's hash. Everything happens in a folder beside `.mkl` that takes its
//! name only when it is whole, so the verb can be interrupted and repeated.

use crate::files::{all_below, make, remove, replace, write};
use crate::process;
use crate::stages::Workspace;
use crate::text::say;
use anyhow::{Context, Result, bail, ensure};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The wheels that are known to link together.
const WHEELS: [&str; 3] = ["mkl-static==2026.2.0", "mkl-include==2026.2.0", "intel-openmp==2026.2.0"];

/// What the static, 32-bit-integer, OpenMP-threaded MKL consists of. Never `libiomp5.so`: with it beside the
/// `.a`, a program starts only with `LD_LIBRARY_PATH` set.
const LIBRARIES: [&str; 4] = ["libmkl_intel_lp64.a", "libmkl_intel_thread.a", "libmkl_core.a", "libiomp5.a"];
const HEADERS: [&str; 2] = ["mkl.h", "mkl_version.h"];

/// What an MKL has to link with.
const PROGRAM: &str = include_str!("../template/links.rs.in");

/// Obtains Intel MKL for the BLAS rung: 300 MB to download, 650 MB below .mkl
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask mkl\n  cargo xtask mkl --from /opt/intel/oneapi\n  cargo xtask run nb01 --mkl"
)]
pub(crate) struct Args {
    /// Use the MKL below this folder instead of downloading one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Puts MKL below the workspace's `.mkl`, unless it is there, and shows that it links.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    check_platform()?;
    let workspace = Workspace::find()?;
    let home = workspace.root.join(".mkl");
    match &args.from {
        Some(dir) => install(&workspace, &home, |part| link_from(dir, part))?,
        None if is_whole(&home) => {
            say(&format!("Intel MKL is below {} already", home.display()));
            links(&workspace, &home).with_context(|| format!("delete {} and try again", home.display()))?;
        }
        None => install(&workspace, &home, download)?,
    }
    writeln!(anstream::stdout(), "Intel MKL is ready: cargo xtask run nb01 --mkl, cargo xtask bench --mkl")?;
    Ok(ExitCode::SUCCESS)
}

fn check_platform() -> Result<()> {
    let fits = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    ensure!(fits, "Intel MKL is for x86-64 Linux here; the stages need no BLAS, only the rung `blas` does");
    Ok(())
}

fn is_whole(home: &Path) -> bool {
    LIBRARIES.iter().all(|name| home.join("lib").join(name).is_file())
        && HEADERS.iter().all(|name| home.join("include").join(name).is_file())
}

/// Has `fill` make an MKL in a folder beside `home`, then lets it take the name if it links.
fn install(workspace: &Workspace, home: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let part = home.with_extension("part");
    remove(&part)?;
    ["lib", "include", "licences"].iter().try_for_each(|folder| make(&part.join(folder)))?;
    let linked = fill(&part).and_then(|()| {
        links(workspace, &part).context(
            "this MKL does not link; what was there before is still there, and --from DIR names another",
        )
    });
    linked.inspect_err(|_| drop(remove(&part)))?;
    replace(home, &part)?;
    forget_builds(&workspace.root)
}

/// Builds and runs a program of one product: building the stages with MKL instead would take minutes.
fn links(workspace: &Workspace, home: &Path) -> Result<()> {
    say("Testing that it links");
    let folder = workspace.target.join("mkl");
    let (source, program) = (folder.join("links.rs"), folder.join("links"));
    write(&source, PROGRAM)?;
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "-o"]).arg(&program).arg(&source);
    let libraries = LIBRARIES.map(|name| home.join("lib").join(name).into_os_string());
    let group = ["-Wl,--start-group".into()].into_iter().chain(libraries).chain(["-Wl,--end-group".into()]);
    for argument in group.chain(["-lpthread", "-lm", "-ldl"].map(OsString::from)) {
        let mut option = OsString::from("link-arg=");
        option.push(argument);
        rustc.arg("-C").arg(option);
    }
    process::succeed(rustc.stdout(std::io::stderr()), "the linker failed, see above")?;
    process::succeed(&mut Command::new(program), "the program that uses it failed")
}

/// Links each file of the MKL below `dir` into `part`: 650 MB are not worth a copy.
fn link_from(dir: &Path, part: &Path) -> Result<()> {
    let dir = dir.canonicalize().with_context(|| format!("--from {}", dir.display()))?;
    let ours = part.parent().unwrap_or(part).join(".mkl");
    ensure!(
        !ours.canonicalize().is_ok_and(|ours| dir.starts_with(ours)),
        "--from {} is .mkl itself",
        dir.display()
    );
    let found = all_below(&dir)?;
    for (names, to) in [(&LIBRARIES[..], "lib"), (&HEADERS[..], "include")] {
        for name in names {
            let Some(file) = found.iter().find(|file| file.file_name() == Some(OsStr::new(name))) else {
                bail!("there is no {name} below {}: is it a static MKL with its headers?", dir.display());
            };
            symlink(file, &part.join(to).join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn symlink(file: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(file, link).with_context(|| format!("linking {}", link.display()))
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> Result<()> {
    check_platform()
}

/// Has pip download the wheels and Python unpack them, and keeps what linking needs.
fn download(part: &Path) -> Result<()> {
    ensure!(
        !fetch::offline(),
        "NB_OFFLINE forbids the download of Intel MKL; unset it, or name an MKL with --from DIR"
    );
    check_pip()?;
    let (wheels, unpacked) = (part.join("wheels"), part.join("unpacked"));
    say(&format!("Downloading {} from PyPI, 300 MB", WHEELS.join(", ")));
    let pip = "-m pip download --disable-pip-version-check --no-deps --only-binary=:all: --dest".split(' ');
    python(pip.map(OsStr::new).chain([wheels.as_os_str()]).chain(WHEELS.map(OsStr::new)))
        .context("pip could not get MKL from PyPI: no network, or a glibc older than 2.28? --from DIR uses an MKL that is on this machine")?;
    say("Unpacking");
    for wheel in all_below(&wheels)? {
        let arguments =
            ["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), wheel.as_os_str(), unpacked.as_os_str()];
        python(arguments).with_context(|| format!("unpacking {}", wheel.display()))?;
    }
    keep(&unpacked, part)?;
    remove(&wheels)?;
    remove(&unpacked)
}

fn keep(unpacked: &Path, part: &Path) -> Result<()> {
    for file in all_below(unpacked)? {
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let to = match name {
            _ if LIBRARIES.contains(&name) => part.join("lib").join(name),
            _ if HEADERS.contains(&name) => part.join("include").join(name),
            _ if is_licence(&file) => part.join("licences").join(licence_name(unpacked, &file)),
            _ => continue,
        };
        fs::rename(&file, &to).with_context(|| format!("keeping {}", to.display()))?;
    }
    ensure!(is_whole(part), "the wheels from PyPI held no whole MKL; please report this");
    Ok(())
}

fn is_licence(file: &Path) -> bool {
    let name = file.to_string_lossy().to_lowercase();
    name.ends_with("license.txt") || name.contains("third-party-programs")
}

/// `mkl_static-2026.2.0.dist-info-LICENSE.txt`: the wheels call theirs alike.
fn licence_name(unpacked: &Path, file: &Path) -> String {
    let wheel = file.strip_prefix(unpacked).ok().and_then(|path| path.iter().next()).unwrap_or_default();
    let name = file.file_name().unwrap_or_default();
    format!("{}-{}", wheel.to_string_lossy(), name.to_string_lossy())
}

fn check_pip() -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    ensure!(
        pip.status().is_ok_and(|status| status.success()),
        "Intel MKL comes from PyPI, which takes python3 with pip: install them (Debian, Ubuntu: apt install \
         python3-pip; Fedora: dnf install python3-pip) and try again, or name an MKL with --from DIR"
    );
    Ok(())
}

/// Runs python3 with its output on stderr, where progress belongs.
fn python<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    process::succeed(Command::new("python3").args(arguments).stdout(std::io::stderr()), "python3 failed")
}

/// A build without MKL, or with another, leaves intel-mkl-src built and useless, and cargo would not build it again.
fn forget_builds(root: &Path) -> Result<()> {
    let here = ["dev", "release"].map(|profile| ("Cargo.toml", profile));
    for (manifest, profile) in here.into_iter().chain([("benches/Cargo.toml", "release")]) {
        let mut cargo = process::cargo();
        cargo
            .args(["clean", "--quiet", "--package", "intel-mkl-src", "--profile", profile])
            .current_dir(root);
        // The bench is built into the workspace's target, too.
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target").into());
        cargo.args(["--manifest-path", manifest]).env("CARGO_TARGET_DIR", target).stdout(std::io::stderr());
        process::succeed(&mut cargo, "cargo clean failed, see above")?;
    }
    Ok(())
}
