//! The table at the end of the notebook: every rung compared with the first, then timed.

use super::{RUNGS, Rung};
use crate::ndarray::ArrayRef2;
use crate::timing::{PROFILE, human};
use crate::{Blocks, Timing, chart, test_near_norm, timeit};
use kernels::{most_threads, peak};
use std::fmt::{self, Display};
use std::ops::Range;

/// What [`time_rungs`] found; `Display` prints it beside the course's times.
///
/// ```
/// use nb01_matmul::{ladder::time_rungs, ndarray::Array2};
///
/// let table = time_rungs(&Array2::ones((2, 3)), &Array2::ones((3, 2)));
/// println!("{table}");
/// assert_eq!(table.rows[0].rung.name, "loops");
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    /// The sizes `(m, k, n)` that were multiplied.
    pub sizes: (usize, usize, usize),
    /// One row a rung, from the bottom of the ladder to the top.
    pub rows: Vec<Row>,
    /// The most that the machine could do on so many threads, in GFLOP/s: its [`peak`].
    pub limit: f64,
    /// How many threads a product may use: rayon's, as many as `NB_THREADS` allows.
    pub threads: usize,
}

/// The time of one rung.
///
/// ```
/// use nb01_matmul::{ladder::time_rungs, ndarray::Array2};
///
/// let table = time_rungs(&Array2::ones((2, 3)), &Array2::ones((3, 2)));
/// assert!(table.rows[0].timing.min > 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which rung.
    pub rung: Rung,
    /// How long one product took.
    pub timing: Timing,
}

/// Times every rung on `a` `(m, k)` times `b` `(k, n)`, after checking that it agrees with the first.
///
/// # Panics
/// At the caller's line if the inner sizes differ, or if a rung's result is not near the first rung's.
///
/// ```
/// use nb01_matmul::{ladder::{RUNGS, time_rungs}, ndarray::Array2};
///
/// let table = time_rungs(&Array2::ones((2, 3)), &Array2::ones((3, 2)));
/// assert_eq!(table.rows.len(), RUNGS.len());
/// ```
#[track_caller]
pub fn time_rungs(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Table {
    let expected = super::loops(a, b);
    for rung in RUNGS {
        // By norm: where a sum cancels to almost nothing, only the order of its additions is left to see.
        test_near_norm(&(rung.matmul)(a, b), &expected, 1e-5);
    }
    let threads = most_threads();
    let row = |&rung: &Rung| Row { rung, timing: timeit(|| (rung.matmul)(a, b)) };
    let (sizes, rows) = ((a.nrows(), a.ncols(), b.ncols()), RUNGS.iter().map(row).collect());
    Table { sizes, rows, limit: peak(threads), threads }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, k, n) = self.sizes;
        let Table { limit, threads, .. } = self;
        writeln!(f, "({m}, {k}) times ({k}, {n}), minimum of 7 runs, {PROFILE}")?;
        writeln!(f, "the limit of this machine: {limit:.0} GFLOP/s on {threads} threads")?;
        let speed = if is_wide() { format!(" {:>9} {:>9}", "GFLOP/s", "of limit") } else { String::new() };
        writeln!(f, "{:<12} {:>10}{speed} {:>9}   course (Python)", "rung", "time", "factor")?;
        self.rows.iter().try_for_each(|row| self.row(f, row))
    }
}

impl Table {
    /// The times as bars on a logarithmic axis, in lines of at most `width` characters (but at least 40): ours, and below it the course's.
    ///
    /// ```
    /// use nb01_matmul::{Blocks, ladder::time_rungs, ndarray::Array2};
    ///
    /// let table = time_rungs(&Array2::ones((2, 3)), &Array2::ones((3, 2)));
    /// println!("{}", table.bars(60, Blocks::here()));
    /// ```
    pub fn bars(&self, width: usize, blocks: Blocks) -> String {
        const BESIDE: usize = 33; // a name before the bar, a time and "the course" after it
        let width = width.max(40) - BESIDE;
        let range =
            decades(self.rows.iter().flat_map(|row| [Some(row.timing.min), self.course(row)]).flatten());
        let (from, to) = (human(range.start), human(range.end));
        let mut text = format!("bars from {from} to {to}, on a logarithmic axis:\n");
        let mut line = |name: &str, time: f64, whose: &str| {
            let (bar, time) = (blocks.log_bar(time, range.clone(), width), human(time));
            text += format!("{name:<12} {bar} {time}{whose}\n").as_str();
        };
        for row in &self.rows {
            line(row.rung.name, row.timing.min, "");
            self.course(row).into_iter().for_each(|course| line("", course, " the course"));
        }
        text
    }

    /// The course's time, if it multiplied matrices of these sizes.
    fn course(&self, row: &Row) -> Option<f64> {
        row.rung.course.filter(|_| self.sizes == (5, 784, 10))
    }

    /// The factors are to the first rung: ours to our loops, the course's to the course's loops.
    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let (m, k, n) = self.sizes;
        let flops = 2.0 * (m * k * n) as f64;
        let (name, seconds) = (row.rung.name, row.timing.min);
        let factor = self.rows[0].timing.min / seconds;
        let speed = flops / seconds / 1e9;
        let share = 100.0 * speed / self.limit;
        let time = human(seconds);
        let speed = if is_wide() { format!(" {speed:>9.2} {share:>7.1} %") } else { String::new() };
        write!(f, "{name:<12} {time:>10}{speed} {factor:>8.1}×")?;
        match (self.course(row), RUNGS[0].course) {
            (Some(course), Some(first)) => {
                writeln!(f, " {:>10} {:>8.0}×", human(course), first / course)
            }
            _ => writeln!(f, " {:>10}", "–"),
        }
    }
}

/// Whether a line has room for all columns; else those with the speed are left out.
fn is_wide() -> bool {
    chart::width() >= 76
}

/// The powers of ten around the numbers, which are seconds.
fn decades(numbers: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = numbers.fold((1.0_f64, 1e-9_f64), |(low, high), x| (low.min(x), high.max(x)));
    10_f64.powi(low.log10().floor() as i32)..10_f64.powi(high.log10().ceil() as i32)
}
