//! The parts of the bench. Each turns some work into experiments, and measures one after the other.

mod debug;
mod einsum;
mod elementwise;
mod epoch;
mod growth;
mod ladder;
mod matmul;
mod net;
mod peers;

use crate::contender::Contender;
use crate::machine::Limits;
use crate::machine::noise::Noise;
use crate::options::{Options, Part};
use crate::python::{Python, Remote};
use crate::record::{Experiment, Step};
use crate::rounds;
use anyhow::Result;

/// What every part needs.
pub(crate) struct Bench<'o> {
    options: &'o Options,
    threads: usize,
    python: Option<Python>,
    noise: Noise,
    tell: &'o dyn Fn(Step) -> Result<()>,
}

/// Measures one part.
type Measure = fn(&Bench) -> Result<()>;

/// Those who take part in one experiment.
type Contenders<'c> = Vec<Box<dyn Contender + 'c>>;

/// Measures all parts that were asked for, with the number of threads that this process was started with, and `tell`s
/// of each step as soon as it is done.
pub(crate) fn run(options: &Options, threads: usize, tell: &dyn Fn(Step) -> Result<()>) -> Result<()> {
    let python = options.python.as_deref().map(|program| Python::start(program, threads)).transpose()?;
    let noise = Noise::new(python.as_ref().map(Python::id));
    let versions = python.as_ref().map(|python| python.versions.clone()).unwrap_or_default();
    let bench = Bench { options, threads, python, noise, tell };
    tell(Step::Begin { threads, limits: Limits::measure(threads), python: versions })?;
    let parts: [(Part, Measure); 8] = [
        (Part::Matmul, matmul::run),
        (Part::Ladder, ladder::run),
        (Part::Net, net::run),
        (Part::Epoch, epoch::run),
        (Part::Einsum, einsum::run),
        (Part::Elementwise, elementwise::run),
        (Part::Growth, growth::run),
        (Part::Debug, debug::run),
    ];
    for (_, measure) in parts.into_iter().filter(|(part, _)| options.has(*part)) {
        measure(&bench)?;
    }
    tell(Step::End { limits: Limits::measure(threads) })
}

impl Bench<'_> {
    /// Python's contenders, `(name, op)`; none where no Python was given.
    fn remote(&self, ops: &[(&'static str, &'static str)], sizes: &[usize]) -> Result<Contenders<'_>> {
        let each = self.python.iter().flat_map(|python| ops.iter().map(move |op| (python, op)));
        let boxed = |(python, &(name, op))| -> Result<Box<dyn Contender + '_>> {
            Ok(Box::new(Remote::new(python, name, op, sizes)?))
        };
        each.map(boxed).collect()
    }

    fn measure(
        &self,
        experiment: Experiment,
        mut contenders: Contenders,
        reference: &[Vec<f64>],
    ) -> Result<()> {
        let (options, threads, noise) = (self.options, self.threads, &self.noise);
        let measured = rounds::run(experiment, &mut contenders, reference, options, threads, noise)?;
        (self.tell)(Step::Measured(measured))
    }
}
