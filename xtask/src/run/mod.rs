//! `cargo xtask run`: the course's `run_notebook.py`.
//!
//! It builds a stage, runs its `tests/lesson.rs` from top to bottom while showing every section's title,
//! output and time, and then all its other tests. [`notebook`] runs the sections and [`suites`] the rest; both tell
//! what happens as [`Event`]s, which [`show`] prints. The [`record::Run`] is what remains.
//!
//! What is built when decides how soon something is seen ([`Builds`]).

mod builds;
mod notebook;
mod show;
mod suites;

use crate::cargo::Build;
use crate::stages::{Stage, Workspace};
use crate::{data, lesson, process, usage};
use anyhow::{Result, bail};
use builds::Builds;
use record::{Run, Section, Status, Suite};
use show::Show;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What happens during a run, in its order.
pub(super) enum Event<'a> {
    Stage {
        name: &'a str,
        title: &'a str,
    },
    NotBuilt(&'a str),
    Section(&'a Section),
    Line(&'a str),
    SectionDone(&'a Section),
    SuiteBegins(&'a str),
    Suite(&'a Suite),
    StageDone(&'a record::Stage),
    /// All stages, and how many seconds they took.
    Done(&'a [record::Stage], f64),
}

/// Who hears of it. An error (a full disk behind standard output, say) ends the run.
pub(super) type Tell<'a> = &'a mut dyn FnMut(Event) -> Result<()>;

/// The course's limit for a notebook's cell; a stage's whole Python gets as much.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// Runs stages as notebooks: every section's title, output and time, then all other tests
#[derive(clap::Args, Default)]
#[command(
    after_help = "Examples:\n  cargo xtask run nb01 --only s07\n  cargo xtask run --up-to nb02 --release\n  \
    cargo xtask run --all --json > run.json\n\n\
    Lines that begin with `skipped: ` are checks that could not be made (for want of MNIST, say);\n\
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
    /// Print one JSON document; the story goes to standard error
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
            only: only.into(),
            build,
            timeout: LIMIT.as_secs(),
            ..Args::default()
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    process::handle_interrupts()?;
    let (start, workspace) = (Instant::now(), Workspace::find()?);
    let stages = chosen(args, &workspace)?;
    let show = if args.json { Show::Aside } else { Show::Story };
    let tell: Tell = &mut |event| show.print(event);
    let done = all(&stages, &Plan::of(args), &workspace, |s| s.status != Status::NotBuilt, tell)?;
    let seconds = start.elapsed().as_secs_f64();
    tell(Event::Done(&done, seconds))?;
    let run = Run::new(done, args.build.profile(), seconds);
    if args.json {
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&run)?)?;
    }
    Ok(if run.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        bail!(usage(format!("there is no stage below {}", workspace.root.join("crates").display())));
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
    if let Some(only) = args.only.iter().find(|only| !ids.iter().any(|id| id.starts_with(only.as_str()))) {
        bail!(usage(format!("no section begins with `{only}`; there are: {}", ids.join(", "))));
    }
    Ok(())
}

/// Runs the lessons of these stages alone, for a book or a notebook; their pictures go into the folder `figures`.
///
/// Ends early where a stage fails, as nothing can be made of it; the last record then says so.
pub(crate) fn record(stages: &[&Stage], workspace: &Workspace, figures: &Path) -> Result<Vec<record::Stage>> {
    let build = Build::default();
    let plan = Plan { build, only: &[], limit: LIMIT, figures: Some(figures), with_suites: false };
    all(stages, &plan, workspace, |s| s.status.is_good(), &mut |event| Show::Progress.print(event))
}

/// What is done with each stage.
pub(super) struct Plan<'a> {
    build: Build,
    /// The sections whose names begin like one of these, or all.
    only: &'a [String],
    /// How long a section, or another test program, may take.
    limit: Duration,
    /// Where the sections put their pictures; without it they draw none.
    figures: Option<&'a Path>,
    /// Whether its other tests are run, too.
    with_suites: bool,
}

impl Plan<'_> {
    fn of(args: &Args) -> Plan<'_> {
        let limit = Duration::from_secs(args.timeout);
        let (build, only) = (args.build, &args.only);
        Plan { build, only, limit, figures: None, with_suites: only.is_empty() }
    }
}

/// Runs the stages as long as the last one lets the run go on.
fn all(
    stages: &[&Stage],
    plan: &Plan,
    workspace: &Workspace,
    goes_on: fn(&record::Stage) -> bool,
    tell: Tell,
) -> Result<Vec<record::Stage>> {
    let mut builds = Builds::new(stages, plan.build, plan.with_suites);
    let (mut done, mut has_data) = (vec![], false);
    for stage in stages {
        let mut record = blank(stage, plan.build);
        tell(Event::Stage { name: &record.name, title: &record.title })?;
        let start = Instant::now();
        let is_built = builds.lesson(stage)?;
        record.build_seconds = start.elapsed().as_secs_f64();
        // The stages below the one that reads the data do not wait for a download.
        if is_built && !has_data && workspace.reads_data(stage) {
            data::make_sure(workspace, plan.build)?;
            has_data = true;
        }
        if is_built {
            one(stage, plan, &mut builds, &mut record, tell)?;
        }
        if record.status == Status::NotBuilt {
            tell(Event::NotBuilt(&record.name))?;
        }
        let goes_on = goes_on(&record);
        done.push(record);
        process::go_on()?;
        if !goes_on {
            break;
        }
    }
    Ok(done)
}

fn blank(stage: &Stage, build: Build) -> record::Stage {
    record::Stage {
        name: stage.name(),
        title: lesson::title(stage),
        status: Status::NotBuilt,
        build: build.profile().into(),
        ..Default::default()
    }
}

/// Runs the stage's lesson, and then its other tests; the status stays [`Status::NotBuilt`] where those do not compile.
fn one(
    stage: &Stage,
    plan: &Plan,
    builds: &mut Builds,
    record: &mut record::Stage,
    tell: Tell,
) -> Result<()> {
    let start = Instant::now();
    if let Some(lesson) = builds.lesson_of(stage) {
        record.build = format!("{} build, opt-level {}", plan.build.profile(), lesson.opt_level);
        record.sections = notebook::run(stage, lesson, plan, tell)?;
    }
    record.seconds = start.elapsed().as_secs_f64();
    if plan.with_suites && !process::interrupted() {
        let start = Instant::now();
        let Some(programs) = builds.tests(stage)? else { return Ok(()) };
        record.build_seconds += start.elapsed().as_secs_f64();
        let start = Instant::now();
        if let Some(first) = programs.first() {
            record.build = format!("{} build, opt-level {}", plan.build.profile(), first.opt_level);
        }
        record.suites = suites::run(stage, &programs, plan, tell)?;
        record.seconds += start.elapsed().as_secs_f64();
    }
    record.sum_up();
    tell(Event::StageDone(record))
}
