//! `cargo xtask practice`: the lesson, written by the learner, with the lesson's own tests as the judge.
//!
//! [`exercises`] reads what a stage asks for; [`folder`] makes a learner's folder of it, with [`body`], which takes
//! functions' bodies out of a text, and [`manifest`]; [`judge`] builds and runs the tests; [`progress`] remembers;
//! [`try_it`] puts the three together; [`show`] prints, and [`help`] has the hints, our solution and the comparison.

pub(crate) mod exercises;
mod body;
mod folder;
mod manifest;
mod progress;
mod judge;
mod try_it;
mod show;
mod help;

use crate::stages::{Stage, Workspace};
use crate::text::{GOOD, PLAIN, say};
use crate::{explain, process, sources, usage, watch};
use anyhow::{Context, Result};
use exercises::{Exercise, Exercises};
use progress::Progress;
use record::Sources;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a stage a folder of exercises, and says what is still wrong with them
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask practice nb01      # makes practice/nb01_matmul\n  cargo xtask practice           # where you are\n  \
    cargo xtask practice watch     # judges at every save\n  cargo xtask practice hint\n  cargo xtask practice reset nb01 3\n\n\
    Nothing that you wrote is overwritten: `reset` keeps the old file below kept/.",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Args {
    /// The stage to practise, as `list` names it
    stage: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder of the practice [default: practice/STAGE]
    #[arg(long, value_name = "DIR", global = true)]
    to: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// Open the next exercise: CMD FILE:LINE, or CMD with {file} and {line} in it
    #[arg(long, value_name = "CMD", global = true)]
    editor: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct Which {
    /// The stage [default: the one that is practised here]
    stage: Option<String>,
    /// The exercise's number [default: the next one]
    number: Option<usize>,
}

impl Which {
    /// A number alone is that of an exercise.
    fn alone(&self) -> Option<usize> {
        self.stage.as_ref().filter(|_| self.number.is_none())?.parse().ok()
    }

    fn stage(&self) -> Option<&str> {
        self.stage.as_deref().filter(|_| self.alone().is_none())
    }

    fn number(&self) -> Option<usize> {
        self.number.or(self.alone())
    }
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Judges once: an exercise, or the next one
    Try(Which),
    /// Judges at every save
    Watch(Which),
    /// Shows the next hint: a question, the formula, the shapes, the code in Python
    Hint(Which),
    /// Shows our solution, after asking
    Solution {
        #[command(flatten)]
        which: Which,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Shows yours and ours beside each other, with time and GFLOP/s
    Compare(Which),
    /// Takes an exercise, or a whole stage, back to its beginning; what was there is kept
    Reset(Which),
}

/// A learner's folder, and what it is a practice of.
struct Practice<'a> {
    workspace: &'a Workspace,
    stage: &'a Stage,
    folder: PathBuf,
    sources: Sources,
    exercises: Exercises,
    progress: Progress,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let here = std::env::current_dir()?;
    let inside = around(&here);
    let workspace = match &inside {
        // In a learner's folder, cargo would find the learner's workspace.
        Some((_, progress)) => Workspace::at(&progress.course)?,
        None => Workspace::find()?,
    };
    let options = &args.options;
    let to = |stage: Option<&str>| match (&options.to, &inside) {
        (Some(to), _) => Some(here.join(to)),
        (None, Some((folder, progress))) => is_of(progress, stage, &workspace).then(|| folder.clone()),
        (None, None) => None,
    };
    let open = |which: &Which| Practice::open(&workspace, which.stage(), to(which.stage()).as_deref());
    match &args.verb {
        None => match args.stage.as_deref() {
            Some(stage) => begin(&workspace, stage, to(Some(stage)).as_deref(), options),
            None => overview(&workspace, to(None).as_deref(), options),
        },
        Some(Verb::Try(which)) => try_once(&mut open(which)?, which.number(), options),
        Some(Verb::Watch(which)) => watch(&mut open(which)?, which.number(), options),
        Some(Verb::Hint(which)) => help::hint(&mut open(which)?, which.number()),
        Some(Verb::Solution { which, yes }) => help::solution(&open(which)?, which.number(), *yes),
        Some(Verb::Compare(which)) => help::compare(&open(which)?, which.number()),
        Some(Verb::Reset(which)) => reset(&mut open(which)?, which.number()),
    }
}

/// Whether the learner's folder that one is in is meant: not where another stage is named.
fn is_of(progress: &Progress, stage: Option<&str>, workspace: &Workspace) -> bool {
    let is_its = |name| workspace.stage(name).is_ok_and(|stage| stage.name() == progress.stage);
    stage.is_none_or(is_its)
}

/// The learner's folder around a folder.
fn around(here: &Path) -> Option<(PathBuf, Progress)> {
    here.ancestors().find_map(|folder| Some((folder.to_path_buf(), Progress::read(folder)?)))
}

/// Where a stage is practised unless `--to` says otherwise.
fn usual_place(workspace: &Workspace, stage: &Stage) -> PathBuf {
    workspace.root.join("practice").join(stage.name())
}

impl<'a> Practice<'a> {
    /// The practice of a stage in a folder, which need not be there yet.
    fn new(workspace: &'a Workspace, stage: &'a Stage, to: Option<&Path>) -> Result<Practice<'a>> {
        let folder = to.map_or_else(|| usual_place(workspace, stage), Path::to_path_buf);
        let (sources, exercises) = (sources::read(workspace, [&stage.package])?, exercises::read(stage)?);
        let progress = Progress::read(&folder).unwrap_or_else(|| Progress::fresh(workspace, stage));
        Ok(Practice { workspace, stage, folder, sources, exercises, progress })
    }

    /// The practice of a stage; without one, that of the folder, or of the stage that was practised last.
    fn open(workspace: &'a Workspace, stage: Option<&str>, to: Option<&Path>) -> Result<Practice<'a>> {
        let stage = match (stage, to) {
            (Some(stage), _) => workspace.stage(stage)?,
            (None, Some(to)) => {
                let progress = Progress::read(to);
                let name = progress.map(|p| p.stage).or_else(|| Some(to.file_name()?.to_str()?.into()));
                workspace.stage(&name.unwrap_or_default())?
            }
            (None, None) => latest(workspace)
                .ok_or_else(|| usage("nothing is practised yet: begin with cargo xtask practice nb00"))?,
        };
        let practice = Practice::new(workspace, stage, to)?;
        if !practice.folder.join("src").is_dir() {
            let (name, folder) = (stage.name(), practice.folder.display());
            let way_out = format!("begin with cargo xtask practice {name}");
            return Err(usage(format!("{name} is not practised in {folder}: {way_out}")));
        }
        Ok(practice)
    }

    /// The first that is not done.
    fn next(&self) -> Option<&Exercise> {
        self.exercises.all.iter().find(|e| !self.progress.done.contains(&e.number))
    }

    /// The one with this number, or the next, or the last.
    fn exercise(&self, number: Option<usize>) -> Result<&Exercise> {
        let Some(number) = number else {
            return self.next().or(self.exercises.all.last()).context("there are no exercises");
        };
        self.exercises.all.iter().find(|e| e.number == number).ok_or_else(|| {
            usage(format!("{} has the exercises 1 to {}", self.stage.name(), self.exercises.all.len()))
        })
    }

    /// The learner's file of an exercise, from their folder, and the function's name in it.
    fn place(&self, exercise: &Exercise) -> Result<(PathBuf, String)> {
        let item = exercises::item(exercise, self.stage, &self.sources);
        let item = item.with_context(|| format!("{} has no `{}`", self.stage.name(), exercise.function))?;
        let file = self.workspace.root.join(&item.file).strip_prefix(self.stage.folder())?.to_path_buf();
        let name = match (item.kind.as_str(), record::last(record::above(&item.path))) {
            ("method", of) => format!("{of}::{}", item.name()),
            _ => item.name().into(),
        };
        Ok((file, name))
    }

    /// The file, and the line of the function; 1 where it cannot be found.
    fn file_and_line(&self, exercise: &Exercise) -> Result<(PathBuf, usize)> {
        let (file, name) = self.place(exercise)?;
        let file = self.folder.join(file);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let line = body::find(&text, &name).ok().flatten().map_or(1, |f| f.line);
        Ok((file, line))
    }

    fn fingerprint(&self) -> String {
        progress::fingerprint(&self.folder.join("src"))
    }
}

/// The stages that are practised where one usually is.
fn practised(workspace: &Workspace) -> impl Iterator<Item = &Stage> {
    workspace.stages.iter().filter(|stage| usual_place(workspace, stage).join("src").is_dir())
}

/// The one whose progress was written last.
fn latest(workspace: &Workspace) -> Option<&Stage> {
    let written =
        |stage: &&Stage| usual_place(workspace, stage).join(progress::FILE).metadata().ok()?.modified().ok();
    practised(workspace).max_by_key(written)
}

/// Says where one is: in one folder, or in all that are in their usual places.
fn overview(workspace: &Workspace, to: Option<&Path>, options: &Options) -> Result<ExitCode> {
    let mut all = match to {
        Some(_) => vec![Practice::open(workspace, None, to)?],
        None => {
            practised(workspace).map(|s| Practice::new(workspace, s, None)).collect::<Result<Vec<_>>>()?
        }
    };
    for practice in &mut all {
        if Progress::read(&practice.folder).is_none() {
            show::line("progress.json is lost, so the tests say what is done");
            let focus = practice.exercise(None)?.clone();
            try_it::all(practice, &focus, options.json)?;
        }
    }
    show::overview(&all, workspace, options)
}

/// Makes the folder, or says where one is in it.
fn begin(workspace: &Workspace, stage: &str, to: Option<&Path>, options: &Options) -> Result<ExitCode> {
    let stage = workspace.stage(stage)?;
    let practice = Practice::new(workspace, stage, to)?;
    let folder = &practice.folder;
    if !folder.exists() {
        make(&practice)?;
        return show::overview(&[practice], workspace, options);
    }
    if practice.progress.stage != stage.name() || !folder.join("tests/judge.rs").is_file() {
        let (folder, name) = (folder.display(), stage.name());
        let way_out = "name another folder with --to";
        return Err(usage(format!("{folder} is there already and is no practice of {name}: {way_out}")));
    }
    say(&format!("{} is there already, and stays as it is", workspace.relative(folder)));
    overview(workspace, Some(folder), options)
}

fn make(practice: &Practice<'_>) -> Result<()> {
    folder::make(practice)?;
    say(&format!(
        "{GOOD}made{PLAIN} {}: a crate of your own; write the bodies that are `todo!`",
        practice.workspace.relative(&practice.folder)
    ));
    Ok(())
}

fn try_once(practice: &mut Practice<'_>, number: Option<usize>, options: &Options) -> Result<ExitCode> {
    let code = try_it::once(practice, number, options)?;
    if let Some(editor) = &options.editor {
        show::open(editor, practice, practice.exercise(number)?)?;
    }
    Ok(code)
}

/// Judges, waits for a save, and judges again.
fn watch(practice: &mut Practice<'_>, number: Option<usize>, options: &Options) -> Result<ExitCode> {
    let sources = practice.folder.join("src");
    let mut opened = None;
    while !process::interrupted() {
        let before = watch::seen(&[&sources]);
        if let Err(error) = try_it::once(practice, number, options) {
            explain(&error);
        }
        // An exercise that just passed hands over to the next one at once.
        let next = practice.exercise(number)?;
        if let Some(editor) = options.editor.as_ref().filter(|_| opened != Some(next.number)) {
            show::open(editor, practice, next)?;
        }
        opened = Some(next.number);
        watch::wait(&[&sources], before);
    }
    Ok(ExitCode::from(130))
}

fn reset(practice: &mut Practice<'_>, number: Option<usize>) -> Result<ExitCode> {
    match number {
        Some(number) => reset_one(practice, number)?,
        None => reset_all(practice)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn reset_all(practice: &mut Practice<'_>) -> Result<()> {
    let kept = folder::put_aside(&practice.folder)?;
    say(&format!("what was there is kept in {}", practice.workspace.relative(&kept)));
    practice.progress = Progress::fresh(practice.workspace, practice.stage);
    make(practice)
}

fn reset_one(practice: &mut Practice<'_>, number: usize) -> Result<()> {
    let exercise = practice.exercise(Some(number))?;
    let function = &exercise.function;
    match folder::reset(practice, exercise)? {
        Some(kept) => say(&format!(
            "`{function}` begins anew; what was there is kept in {}",
            practice.workspace.relative(&kept)
        )),
        None => say(&format!("`{function}` is as it was at the beginning")),
    }
    practice.progress.done.remove(&number);
    practice.progress.hints.remove(&number);
    practice.progress.write(&practice.folder)
}
