//! `cargo xtask book`: the executed lesson, in the browser. `cargo xtask notebook`: a chapter of it, in Jupyter.
//!
//! Both begin with a run. [`crate::run::record`] runs the lessons and keeps what they print and draw; [`material`]
//! adds what the sources say; and the press, a program of its own in `book/press` (mdBook comes with it), makes
//! pages of the two. Since every book begins with a run, no page can show an output that is older than its code.

mod material;
mod python;

use crate::files::{make, remove, replace, write};
use crate::stages::{Stage, Workspace};
use crate::text::{count, say};
use crate::{process, run, usage};
use anyhow::{Context, Result, bail};
use record::{Material, time};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Where the press is: in the workspace that this program was built in.
const PRESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/press/Cargo.toml");

/// Makes the lesson a book: code, recorded output, pictures and answers, for the browser
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask book --open\n  cargo xtask book --check-python ~/venv/bin/python\n\n\
    It runs all stages and writes target/book, a static site that needs no server. Where a section fails, the\n\
    book that was there before stays. The first time, the program that makes the pages is built,\nwhich takes a minute."
)]
pub(crate) struct Args {
    /// Open the book in the browser when it is done
    #[arg(long)]
    open: bool,
    /// Also run the Python beside the Rust and compare [default PYTHON: python3]
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, default_missing_value = "python3")]
    check_python: Option<PathBuf>,
}

/// Writes a stage as a Jupyter notebook, with its outputs and pictures
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask notebook nb01\n  cargo xtask notebook nb01 --out ~/lesson.ipynb\n\n\
    Jupyter shows the file as it is. To run its cells, the Rust kernel evcxr is needed; the\n\
    file's first cell says how."
)]
pub(crate) struct NotebookArgs {
    /// The stage: nb01, 01, matmul or nb01_matmul
    stage: String,
    /// The file to write [default: target/nb01_matmul.ipynb, say]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let (workspace, start) = (Workspace::find()?, Instant::now());
    args.check_python.as_deref().map(python::version).transpose()?; // said now, and not after the run
    let desk = Desk::new(&workspace)?;
    let all: Vec<&Stage> = workspace.stages.iter().collect();
    let Some(stages) = desk.record(&all, &workspace)? else { return Ok(failed()) };
    if let Some(python) = &args.check_python
        && !python::check(&stages, &workspace, python)?
    {
        say("the book was not made: Python and Rust differ, see above");
        return Ok(ExitCode::FAILURE);
    }
    let api = documentation(&workspace)?;
    let (chapters, seconds) = (count(stages.len(), "chapter"), start.elapsed().as_secs_f64());
    desk.write(&material::of(stages, &workspace, &desk.figures(), Some(&api), seconds)?)?;
    let site = desk.folder.join("site");
    let press = desk.press("book", &site)?;
    let book = workspace.target.join("book");
    replace(&book, &site)?;
    say(&format!("{chapters} after {}", time(start.elapsed().as_secs_f64())));
    let first = book.join("index.html");
    writeln!(anstream::stdout(), "{}", first.display())?;
    if args.open {
        let nothing = format!("no browser opens {}", first.display());
        process::succeed(Command::new(press).arg("open").arg(&first), &nothing)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn notebook(args: &NotebookArgs) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let (workspace, start) = (Workspace::find()?, Instant::now());
    let stage = workspace.stage(&args.stage)?;
    let out = args.out.clone().unwrap_or_else(|| workspace.target.join(format!("{}.ipynb", stage.name())));
    let desk = Desk::new(&workspace)?;
    is_ours_to_write(&out)?; // said now, and not after the run
    let Some(stages) = desk.record(&[stage], &workspace)? else { return Ok(failed()) };
    desk.write(&material::of(stages, &workspace, &desk.figures(), None, start.elapsed().as_secs_f64())?)?;
    desk.press("notebook", &out)?;
    writeln!(anstream::stdout(), "{}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

fn failed() -> ExitCode {
    say("nothing was written: a book shows what ran, and this did not (see above)");
    ExitCode::FAILURE
}

/// Where a book is made: everything in it is half done, and thrown away afterwards.
struct Desk {
    folder: PathBuf,
}

impl Desk {
    fn new(workspace: &Workspace) -> Result<Desk> {
        let folder = workspace.target.join(format!("book.{}.part", std::process::id()));
        remove(&folder)?;
        make(&folder.join("figures"))?;
        Ok(Desk { folder })
    }

    fn figures(&self) -> PathBuf {
        self.folder.join("figures")
    }

    fn material(&self) -> PathBuf {
        self.folder.join("material.json")
    }

    /// `None`: a section failed.
    fn record(&self, stages: &[&Stage], workspace: &Workspace) -> Result<Option<Vec<record::Stage>>> {
        let stages = run::record(stages, workspace, &self.figures())?;
        Ok(stages.iter().all(|s| s.status.is_good()).then_some(stages))
    }

    fn write(&self, material: &Material) -> Result<()> {
        write(&self.material(), serde_json::to_vec(material)?)
    }

    /// Has the press make it; hands back where the press is.
    fn press(&self, verb: &str, out: &Path) -> Result<PathBuf> {
        say(
            "printing the pages; the program that does it is built first, which takes a minute the first time",
        );
        let press = build_press()?;
        let failed = "the pages could not be made, see above; what was there before is still there";
        process::succeed(Command::new(&press).arg(verb).arg(self.material()).arg(out), failed)?;
        Ok(press)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next `cargo clean`.
        let _ = remove(&self.folder);
    }
}

/// Builds the press beside this program, so that neither is built again for the other.
fn build_press() -> Result<PathBuf> {
    let here = std::env::current_exe().context("where is this program?")?;
    let target = here.ancestors().nth(2).context("this program is not where cargo puts programs")?;
    let mut cargo = process::cargo();
    cargo.args(["build", "--quiet", "--manifest-path", PRESS, "--target-dir"]).arg(target);
    process::succeed(&mut cargo, "the press (book/press) does not compile, see above")?;
    Ok(target.join("debug").join(format!("press{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds the documentation of the stages, and of nothing else: a folder of its own keeps other crates out of its
/// index, and the usual build folder keeps what is built for it.
fn documentation(workspace: &Workspace) -> Result<PathBuf> {
    say("building the documentation");
    let target = workspace.target.join("book.api");
    let mut cargo = process::cargo();
    cargo.args(["doc", "--quiet", "--no-deps", "--lib"]);
    cargo.args(workspace.stages.iter().flat_map(|s| ["--package".into(), s.package.name.clone()]));
    cargo.env("CARGO_BUILD_BUILD_DIR", &workspace.target).env("CARGO_TARGET_DIR", &target);
    process::succeed(&mut cargo, "the documentation of the stages does not build, see above")?;
    Ok(target.join("doc"))
}

/// A notebook takes the place of an ordinary file, or of nothing: a device or a link would be gone afterwards.
fn is_ours_to_write(out: &Path) -> Result<()> {
    let folder = folder_of(out);
    let wrong = match fs::symlink_metadata(out) {
        _ if !folder.is_dir() => format!("there is no folder {}: make it, or name another", folder.display()),
        Ok(there) if !there.is_file() => format!("{} is no ordinary file: name another", out.display()),
        _ => return Ok(()),
    };
    bail!(usage(format!("--out {}: {wrong}", out.display())))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
