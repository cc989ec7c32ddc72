//! `%time` and `%timeit`: how long does it take?
//!
//! The course takes every time with these two. [`timeit`] runs a closure often enough to be measurable,
//! seven times over, and reports the spread; the *minimum* is the figure to compare on a noisy machine.
//! What the closure returns goes through [`black_box`], so the optimiser cannot remove the work, and the
//! text names the build profile, since a debug build may be a hundred times slower.
//!
//! ```
//! let timing = nb00_testing::timeit_n(3, 10, || (0..100).map(f64::from).sum::<f64>());
//! println!("{timing}"); // 61.2 ns ± 4.14 ns per loop (mean ± std. dev. of 3 runs, 10 loops each), …
//! assert!(timing.min <= timing.mean);
//! ```

use std::fmt::{self, Display};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How this crate and those that compute were built, for example `debug build, dependencies at opt-level 3`.
///
/// ```
/// assert!(nb00_testing::timing::PROFILE.contains("opt-level"));
/// ```
pub const PROFILE: &str = env!("NB_PROFILE");

/// The result of [`timeit`]: the time of one loop in seconds, over several runs.
///
/// Seconds are `f64`, as Python's are: a [`Duration`] counts whole nanoseconds, and an addition takes a fraction of one.
///
/// ```
/// let timing = nb00_testing::timeit_n(7, 100, || 1 + 1);
/// assert_eq!((timing.runs, timing.loops), (7, 100));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Mean over the runs.
    pub mean: f64,
    /// Standard deviation over the runs, the population's as in `%timeit`.
    pub std: f64,
    /// The fastest run: what to compare on a noisy machine.
    pub min: f64,
    /// How often the loops were timed.
    pub runs: u32,
    /// How often a run called the closure.
    pub loops: u32,
}

/// Times `f` as `%timeit` does: seven runs of as many loops (1, 10, 100 …) as take 2 to 20 ms, or of one that takes longer.
///
/// ```
/// let timing = nb00_testing::timeit(|| "work".repeat(10));
/// assert!(timing.loops >= 1);
/// ```
pub fn timeit<R>(mut f: impl FnMut() -> R) -> Timing {
    const RUN: Duration = Duration::from_millis(2);
    let mut loops = 1;
    while loops < 10_000_000 && run(loops, &mut f) < RUN {
        loops *= 10;
    }
    timeit_n(7, loops, f)
}

/// Times `runs` runs of `loops` loops each: `%timeit -r runs -n loops`.
///
/// # Panics
/// At the caller's line if `runs` or `loops` is 0.
///
/// ```
/// let timing = nb00_testing::timeit_n(2, 10, || vec![0; 1000]);
/// assert_eq!(timing.runs, 2);
/// ```
#[track_caller]
pub fn timeit_n<R>(runs: u32, loops: u32, mut f: impl FnMut() -> R) -> Timing {
    assert!(runs > 0 && loops > 0, "timeit: needs at least one run of one loop, not {runs} of {loops}");
    let times: Vec<f64> = (0..runs).map(|_| run(loops, &mut f).as_secs_f64() / f64::from(loops)).collect();
    let mean = times.iter().sum::<f64>() / f64::from(runs);
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / f64::from(runs);
    let min = times.into_iter().fold(f64::INFINITY, f64::min);
    Timing { mean, std: variance.sqrt(), min, runs, loops }
}

/// Runs `f` once, prints the time it took, and returns what it returned: `%time`.
///
/// ```
/// let three = nb00_testing::time("adding", || 1 + 2); // adding: 41 ns (debug build, dependencies at opt-level 3)
/// assert_eq!(three, 3);
/// ```
pub fn time<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = black_box(f());
    println!("{what}: {} ({PROFILE})", human(start.elapsed().as_secs_f64()));
    result
}

fn run<R>(loops: u32, f: &mut impl FnMut() -> R) -> Duration {
    let start = Instant::now();
    for _ in 0..loops {
        black_box(f());
    }
    start.elapsed()
}

/// Three digits and a unit: `4.52 µs`.
///
/// ```
/// use nb00_testing::timing::human;
///
/// assert_eq!([human(4.52e-6), human(9220.0), human(3e-10)], ["4.52 µs", "2.56 h", "0.30 ns"]);
/// ```
pub fn human(seconds: f64) -> String {
    const UNITS: [(f64, &str); 6] =
        [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h")];
    const ROUNDS_UP: f64 = 0.9995; // of a unit: shown as a whole one, so it is one already
    let fits = |(unit, _): &&(f64, &str)| seconds >= ROUNDS_UP * unit;
    let (unit, name) = UNITS.iter().rfind(fits).unwrap_or(&UNITS[0]);
    let value = seconds / unit;
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {name}")
}

impl Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Timing { mean, std, min, runs, loops } = *self;
        write!(
            f,
            "{} ± {} per loop (mean ± std. dev. of {runs} runs, {loops} loops each), min {} ({PROFILE})",
            human(mean),
            human(std),
            human(min)
        )
    }
}
