//! `cargo xtask run`: the course's `run_notebook.py`.
//!
//! It builds a stage, runs its `tests/lesson.rs` from top to bottom while showing every section's title,
//! output and time, and then all its other tests. [`notebook`] runs the sections, [`suites`] the rest,
//! [`show`] prints, [`crate::record`] is what remains.

mod notebook;
mod show;
mod suites;

use crate::cargo::Build;
use crate::record::{self, document};
use crate::stages::{Stage, Workspace};
use crate::{Usage, cargo, data, lesson, process};
use anyhow::Result;
use notebook::Plan;
use show::Show;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The course's limit for a notebook's cell.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs stages as notebooks: every section's title, output and time, then all other tests
#[derive(clap::Args, Clone)]
#[command(
    after_help = "Examples:\n  cargo xtask run nb01 --only s07\n  cargo xtask run --up-to nb02 --release\n  \
    cargo xtask run --all --json > run.json\n\n\
    Lines that begin with `skipped: ` are checks that could not be made (for want of MNIST, say); \
    they are counted, and what has one is not called passed.\n\n\
    NB_FIGURES=folder keeps the sections' pictures there, as SVG."
)]
pub(crate) struct Args {
    /// The stages to run, in the order of the course: nb01, 01, matmul or nb01_matmul
    #[arg(required_unless_present_any = ["all", "up_to"])]
    stages: Vec<String>,
    /// Run all stages
    #[arg(long, conflicts_with_all = ["stages", "up_to"])]
    all: bool,
    /// Run all stages up to this one, and this one
    #[arg(long, value_name = "STAGE", conflicts_with = "stages")]
    up_to: Option<String>,
    /// Run only the sections whose names begin like this (s07), and no other tests
    #[arg(long, value_name = "SECTION")]
    only: Vec<String>,
    #[command(flatten)]
    build: Build,
    /// Print one JSON document on standard output; the story goes to standard error
    #[arg(long)]
    json: bool,
    /// Give a section, or another test program, at most this long
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

impl Args {
    /// What `watch` runs again and again.
    pub(crate) fn watched(stage: &str, only: &[String], build: Build) -> Args {
        Args {
            stages: vec![stage.into()],
            all: false,
            up_to: None,
            only: only.into(),
            build,
            json: false,
            timeout: LIMIT.as_secs(),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let start = Instant::now();
    let workspace = Workspace::find()?;
    let stages = chosen(args, &workspace)?;
    let show = if args.json { Show::Aside } else { Show::Story };
    if workspace.stages.iter().position(data::has_data) <= stages.last().and_then(|s| position(s, &workspace))
    {
        data::make_sure(&workspace, args.build)?;
    }
    let mut done = vec![];
    for stage in stages {
        let record = one(stage, &Job::of(args), &workspace, show)?;
        let built = record.built;
        done.push(record);
        process::go_on()?;
        if !built {
            break;
        }
    }
    show.totals(&done, start.elapsed())?;
    if args.json {
        writeln!(anstream::stdout(), "{:#}", document(&done, args.build.profile(), start.elapsed()))?;
    }
    Ok(if done.iter().all(|s| s.status().is_good()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn position(stage: &Stage, workspace: &Workspace) -> Option<usize> {
    workspace.stages.iter().position(|s| s.id == stage.id)
}

/// The stages that the arguments name, in the order of the course and each once.
fn chosen<'a>(args: &Args, workspace: &'a Workspace) -> Result<Vec<&'a Stage>> {
    let named = args.stages.iter().map(|s| workspace.stage(s)).collect::<Result<Vec<_>>>()?;
    let last = args.up_to.as_ref().map(|s| workspace.stage(s)).transpose()?;
    let wanted = |s: &&Stage| {
        args.all || last.is_some_and(|last| s.id <= last.id) || named.iter().any(|n| n.id == s.id)
    };
    let stages: Vec<&Stage> = workspace.stages.iter().filter(wanted).collect();
    if stages.is_empty() {
        return Err(
            Usage(format!("there is no stage below {}", workspace.root.join("crates").display())).into()
        );
    }
    check_only(args, &stages)?;
    Ok(stages)
}

/// `--only` has to name a section of one of the stages at least.
fn check_only(args: &Args, stages: &[&Stage]) -> Result<()> {
    if args.only.is_empty() {
        return Ok(());
    }
    let mut ids = vec![];
    for stage in stages {
        // A file that does not parse does not compile either: the build will say so better.
        ids.extend(lesson::sections(stage).unwrap_or_default().into_iter().map(|s| s.id));
    }
    match args.only.iter().find(|only| !ids.iter().any(|id| id.starts_with(only.as_str()))) {
        Some(only) => {
            Err(Usage(format!("no section begins with `{only}`; there are: {}", ids.join(", "))).into())
        }
        None => Ok(()),
    }
}

/// Runs the lessons of these stages alone, for a book or a notebook; their pictures go into the folder `figures`.
///
/// Ends early where a stage fails, as nothing can be made of it; the last record then says so.
pub(crate) fn record<'a>(
    stages: impl IntoIterator<Item = &'a Stage>,
    workspace: &Workspace,
    figures: &Path,
) -> Result<Vec<record::Stage>> {
    data::make_sure(workspace, Build::default())?;
    let job = Job {
        build: Build::default(),
        plan: Plan { only: &[], limit: LIMIT, figures: Some(figures) },
        suites: false,
    };
    let mut done: Vec<record::Stage> = vec![];
    for stage in stages {
        let record = one(stage, &job, workspace, Show::Progress)?;
        let is_good = record.status().is_good();
        done.push(record);
        process::go_on()?;
        if !is_good {
            break;
        }
    }
    Ok(done)
}

/// What is done with each stage.
struct Job<'a> {
    build: Build,
    plan: Plan<'a>,
    /// Whether its other tests are run, too.
    suites: bool,
}

impl Job<'_> {
    fn of(args: &Args) -> Job<'_> {
        let limit = Duration::from_secs(args.timeout);
        let plan = Plan { only: &args.only, limit, figures: None };
        Job { build: args.build, plan, suites: args.only.is_empty() }
    }
}

fn one(stage: &Stage, job: &Job, workspace: &Workspace, show: Show) -> Result<record::Stage> {
    let title = stage.title();
    show.stage(&stage.name(), &title)?;
    let start = Instant::now();
    let programs = cargo::build_tests(stage, job.build)?;
    let mut record = record::Stage {
        name: stage.name(),
        title,
        built: programs.is_some(),
        build: job.build.profile().into(),
        build_time: start.elapsed(),
        time: Duration::ZERO,
        sections: vec![],
        suites: vec![],
    };
    let Some(programs) = programs else {
        show.not_built(stage)?;
        return Ok(record);
    };
    let start = Instant::now();
    if let Some(first) = programs.first() {
        record.build = format!("{} build, opt-level {}", job.build.profile(), first.opt_level);
    }
    if let Some(lesson) = programs.iter().find(|p| p.kind == "test" && p.name == "lesson") {
        record.sections = notebook::run(stage, lesson, &job.plan, workspace, show)?;
    }
    if job.suites && !process::interrupted() {
        record.suites = suites::run(stage, &programs, job.build, job.plan.limit, show)?;
    }
    record.time = start.elapsed();
    show.stage_done(&record)?;
    Ok(record)
}
