//! Who takes part: anything that does a piece of work as often as it is asked and can show what came out.

use anyhow::Result;
use std::hint::black_box;
use std::time::Instant;

/// A result: one list of numbers for each array that came out.
pub(crate) type Pieces = Vec<Vec<f32>>;

/// Somebody who does a piece of work.
pub(crate) trait Contender {
    /// As in the tables. Those of this project begin with `nb`.
    fn name(&self) -> &str;
    /// Does the work `loops` times and says how many seconds that took.
    fn time(&mut self, loops: u32) -> Result<f64>;
    /// What the last loop computed. For an epoch, which goes on from the one before: the weights after the first steps of
    /// a new net.
    fn result(&mut self) -> Result<Pieces>;
}

/// A contender in this process: a state, what is done to it, and where the result is.
pub(crate) struct Local<S> {
    pub(crate) name: &'static str,
    pub(crate) state: S,
    pub(crate) work: fn(&mut S),
    pub(crate) result: fn(&S) -> Result<Pieces>,
}

impl<S> Contender for Local<S> {
    fn name(&self) -> &str {
        self.name
    }

    fn time(&mut self, loops: u32) -> Result<f64> {
        let start = Instant::now();
        for _ in 0..loops {
            (self.work)(black_box(&mut self.state));
        }
        Ok(start.elapsed().as_secs_f64())
    }

    fn result(&mut self) -> Result<Pieces> {
        (self.result)(&self.state)
    }
}
