//! `%time` and `%timeit`: how long does it take?
//!
//! The course takes every time with these two. [`timeit`] runs a closure often enough to be measurable,
//! seven times over, and reports the spread; the *minimum* is the figure to compare on a noisy machine.
//! What the closure returns goes through [`black_box`], so the optimiser cannot remove the work, and the
//! text names the build profile, since a debug build may be a hundred times slower.
//!
//! ```
//! let timing = nb00_testing::timeit_n(3, 10, || (0..100).map(f64::from).sum::<f64>());
//! println!("{timing}"); // 61.2 ns ± 4.1 ns per loop (mean ± std. dev. of 3 runs, 10 loops each), …
//! assert!(timing.min <= timing.mean);
//! ```

use std::fmt::{self, Display};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What this crate was built with, for example `debug build, opt-level 3`.
///
/// ```
/// assert!(nb00_testing::timing::PROFILE.contains("opt-level"));
/// ```
pub const PROFILE: &str = env!("NB_PROFILE");

/// The result of [`timeit`]: the time of one loop, over several runs.
///
/// ```
/// let timing = nb00_testing::timeit_n(7, 100, || 1 + 1);
/// assert_eq!((timing.runs, timing.loops), (7, 100));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Mean over the runs.
    pub mean: Duration,
    /// Standard deviation over the runs, the population's as in `%timeit`.
    pub std: Duration,
    /// The fastest run: what to compare on a noisy machine.
    pub min: Duration,
    /// How often the loops were timed.
    pub runs: u32,
    /// How often a run called the closure.
    pub loops: u32,
}

/// Times `f` as `%timeit` does: seven runs of as many loops as take about 20 ms.
///
/// ```
/// let timing = nb00_testing::timeit(|| "work".repeat(10));
/// assert!(timing.loops >= 1);
/// ```
pub fn timeit<R>(mut f: impl FnMut() -> R) -> Timing {
    const RUN: Duration = Duration::from_millis(20);
    let mut loops = 1;
    while loops < 10_000_000 && run(loops, &mut f) * 10 < RUN {
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
    let times: Vec<Duration> = (0..runs).map(|_| run(loops, &mut f) / loops).collect();
    let mean = times.iter().sum::<Duration>() / runs;
    let square = |t: &Duration| (t.as_secs_f64() - mean.as_secs_f64()).powi(2);
    let variance = times.iter().map(square).sum::<f64>() / f64::from(runs);
    let min = times.into_iter().min().unwrap_or_default();
    Timing { mean, std: Duration::from_secs_f64(variance.sqrt()), min, runs, loops }
}

/// Runs `f` once, prints the time it took, and returns what it returned: `%time`.
///
/// ```
/// let three = nb00_testing::time("adding", || 1 + 2); // adding: 41 ns (debug build, opt-level 3)
/// assert_eq!(three, 3);
/// ```
pub fn time<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = black_box(f());
    println!("{what}: {} ({PROFILE})", human(start.elapsed()));
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
/// use std::time::Duration;
///
/// assert_eq!(nb00_testing::timing::human(Duration::from_nanos(4520)), "4.52 µs");
/// assert_eq!(nb00_testing::timing::human(Duration::from_secs(9220)), "2.56 h");
/// ```
pub fn human(time: Duration) -> String {
    const UNITS: [(f64, &str); 6] =
        [(3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
    let seconds = time.as_secs_f64();
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or(UNITS[5]);
    let value = seconds / unit;
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
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
