//! What is built when: the first lesson before everything else, so that a newcomer sees something soon.

use crate::cargo::{Build, Program, build_lesson, build_tests};
use crate::stages::Stage;
use anyhow::Result;

/// The programs of a run.
///
/// 1. The first stage's lesson is built, and runs, before anything of another stage is.
/// 2. Then its other tests, and after them all tests of all other stages in one call, so that cargo overlaps them.
///
/// Where only the lessons run (`--only`, a book), each is built alone, right before it runs.
pub(super) struct Builds<'a> {
    stages: &'a [&'a Stage],
    build: Build,
    with_tests: bool,
    /// The lesson that runs now, or ran last.
    lesson: Option<Program>,
    /// All tests, as soon as they were asked for; the first stage's come alone.
    tests: Vec<Program>,
    are_all_built: bool,
}

impl<'a> Builds<'a> {
    pub(super) fn new(stages: &'a [&'a Stage], build: Build, with_tests: bool) -> Builds<'a> {
        Builds { stages, build, with_tests, lesson: None, tests: vec![], are_all_built: false }
    }

    /// Builds what the stage's lesson needs. `false`: it does not compile, and cargo has said why.
    pub(super) fn lesson(&mut self, stage: &Stage) -> Result<bool> {
        if self.with_tests && !self.is_first(stage) {
            self.build_the_others()?;
            return Ok(self.has_all_of(stage));
        }
        self.lesson = if stage.lesson().is_some() { build_lesson(stage, self.build)? } else { None };
        Ok(self.lesson.is_some() || stage.lesson().is_none())
    }

    /// The lesson that [`Builds::lesson`] has built.
    pub(super) fn lesson_of(&self, stage: &Stage) -> Option<&Program> {
        let built = self.tests.iter().chain(&self.lesson);
        built.filter(|p| p.is_of(&stage.package)).find(|p| p.kind == "test" && p.name == "lesson")
    }

    /// All test programs of the stage. `None`: one does not compile, and cargo has said why.
    pub(super) fn tests(&mut self, stage: &Stage) -> Result<Option<Vec<&Program>>> {
        if self.is_first(stage) {
            self.tests = build_tests(&[stage], self.build)?;
        }
        let of_stage = self.tests.iter().filter(|p| p.is_of(&stage.package));
        Ok(self.has_all_of(stage).then(|| of_stage.collect()))
    }

    fn is_first(&self, stage: &Stage) -> bool {
        self.stages.first().is_some_and(|first| first.id == stage.id)
    }

    fn build_the_others(&mut self) -> Result<()> {
        if !self.are_all_built {
            self.tests.extend(build_tests(&self.stages[1..], self.build)?);
            self.are_all_built = true;
        }
        Ok(())
    }

    fn has_all_of(&self, stage: &Stage) -> bool {
        let is_built = |kind: &str, name: &str| {
            self.tests.iter().any(|p| p.is_of(&stage.package) && p.kind == kind && p.name == name)
        };
        let tested = |kind| stage.targets(kind).filter(|t| t.is_tested);
        ["lib", "test"].iter().all(|kind| tested(kind).all(|t| is_built(kind, &t.name)))
    }
}
