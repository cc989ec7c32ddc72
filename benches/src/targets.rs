//! Where it must end up: what was aimed at, and whether a run reached it.
//!
//! The only place where a target is written down. Each is compared with the minimum times of one run with as many threads
//! as there are cores; those of [`ALONE`] with those on one thread, too, and the [`PORTABLE`] code with those only.

use crate::record::{Entry, Experiment, PORTABLE, Run};

/// One line of the table.
struct Target {
    part: &'static str,
    experiment: &'static str,
    /// Who of ours, by the beginning of the name: `nb` for the fastest of all, `nb01 matmul` for `matmul` and `matmul_into`.
    ours: &'static str,
    aim: Aim,
}

/// What the fastest of ours is compared with.
#[derive(Clone, Copy)]
enum Aim {
    /// At least so many times the speed of the best peer.
    Peers(f64),
    /// At least so many times the speed of the fastest of those who are held to AVX2 with us.
    Held(f64),
    /// At least so many times the speed of this contender: `torch` is also `torch loop` and `torch fused`, the fastest of them.
    Speed(&'static str, f64),
    /// At most so many times the machine's limit.
    Limit(f64),
    /// The distance from the machine's limit: shown, not judged.
    Distance,
    /// At most so many seconds more than this contender.
    Overhead(&'static str, f64),
}

const TARGETS: &[Target] = &[
    target("matmul", "5·784·10", "nb01 matmul", Aim::Peers(1.0)),
    target("matmul", "64·784·50", "nb01 matmul", Aim::Peers(1.0)),
    target("matmul", "10000·784·50", "nb01 matmul", Aim::Peers(1.0)),
    target("matmul", "50000·784·50", "nb01 matmul", Aim::Peers(1.25)),
    target("matmul", "50000·784·10", "nb01 matmul", Aim::Peers(1.8)),
    target("matmul", "xᵀ·g 784·50000·50", "nb01 matmul", Aim::Peers(1.5)),
    target("matmul", "g·wᵀ 50000·50·784", "nb01 matmul", Aim::Peers(1.5)),
    target("matmul", "256·256·256", "nb01 matmul", Aim::Speed("MKL", 0.95)),
    target("matmul", "1024·1024·1024", "nb01 matmul", Aim::Speed("MKL", 0.95)),
    target("matmul", "50000·784·50", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "50000·784·10", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "xᵀ·g 784·50000·50", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "g·wᵀ 50000·50·784", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "5·784·10", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "64·784·50", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "10000·784·50", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "50000·784·50", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "50000·784·10", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "xᵀ·g 784·50000·50", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "g·wᵀ 50000·50·784", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "256·256·256", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("matmul", "1024·1024·1024", PORTABLE, Aim::Speed("matrixmultiply", 1.0)),
    target("net", "50000·784·50·1, with x's gradient", "nb", Aim::Speed("torch", 3.5)),
    target("net", "50000·784·50·1, without", "nb", Aim::Speed("torch", 2.0)),
    target("net", "50000·784·50·1, without", "nb", Aim::Limit(1.7)),
    target("epoch", "784·50·10, batch 64", "nb", Aim::Speed("torch", 6.0)),
    target("epoch", "784·50·10, batch 64", "nb", Aim::Speed("candle", 2.0)),
    target("epoch", "784·50·10, batch 64", "nb", Aim::Speed("burn", 2.0)),
    target("epoch", "784·50·10, batch 64", "nb", Aim::Distance),
    target("epoch", "784·50·10, batch 512", "nb", Aim::Speed("torch", 2.5)),
    target("epoch", "784·50·10, batch 512", "nb", Aim::Distance),
    target("convolution", "1·28² → 8, 5×5", "nb", Aim::Speed("torch", 2.0)),
    target("convolution", "8·14² → 16, 3×3", "nb", Aim::Speed("torch", 2.0)),
    target("convolution", "16·7² → 32, 3×3", "nb", Aim::Speed("torch", 2.0)),
    target("convolution", "32·4² → 64, 3×3", "nb", Aim::Speed("torch", 2.0)),
    target("convolution", "1·28² → 8, 5×5", "nb", Aim::Distance),
    target("convolution", "8·14² → 16, 3×3", "nb", Aim::Distance),
    target("convolution", "16·7² → 32, 3×3", "nb", Aim::Distance),
    target("convolution", "32·4² → 64, 3×3", "nb", Aim::Distance),
    target("einsum", "ik,kj->ij 5·784·10", "nb01 einsum", Aim::Overhead("nb01 matmul", 1e-6)),
    target("einsum", "ik,kj->ij 64·784·50", "nb01 einsum", Aim::Speed("nb01 matmul", 1.0 / 1.1)),
    target("einsum", "ik,kj->ij 10000·784·50", "nb01 einsum", Aim::Speed("nb01 matmul", 1.0 / 1.1)),
    target("einsum", "bik,bkj->bij 4·5·8·3", "nb01 einsum", Aim::Overhead("nb01 matmul", 1e-6)),
    target("einsum", "bik,bkj->bij 64·64·64·64", "nb01 einsum", Aim::Speed("nb01 matmul", 1.0 / 1.1)),
    target("einsum", "bik,bkj->bij 32·128·128·128", "nb01 einsum", Aim::Speed("nb01 matmul", 1.0 / 1.1)),
    target("elementwise", "mean 50000·784", "nb", Aim::Limit(1.43)),
    target("elementwise", "std 50000·784", "nb", Aim::Limit(1.43)),
    target("elementwise", "normalize_ 50000·784", "nb", Aim::Limit(1.43)),
    target("elementwise", "normalize 50000·784", "nb", Aim::Limit(1.43)),
    target("debug", "relu 1000·1000", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
    target("debug", "normalize 1000·1000", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
    target("debug", "relative_norm 1000·1000", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
    target("debug", "einsum ij->j 1000·1000", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
    target("debug", "mse 1000000", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
    target("debug", "fit 10000·784·50·10, batch 64", "nb03 debug", Aim::Speed("nb03 release", 1.0 / 1.5)),
];

/// Where everybody is held to AVX2, on any number of threads.
const HELD: &[Target] = &[
    target("matmul", "5·784·10", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "64·784·50", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "10000·784·50", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "50000·784·50", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "50000·784·10", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "xᵀ·g 784·50000·50", "nb01 matmul", Aim::Held(1.5)),
    target("matmul", "g·wᵀ 50000·50·784", "nb01 matmul", Aim::Held(1.0)),
    target("matmul", "50000·784·50", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "50000·784·10", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "xᵀ·g 784·50000·50", "nb01 matmul", Aim::Limit(1.6)),
    target("matmul", "g·wᵀ 50000·50·784", "nb01 matmul", Aim::Limit(1.6)),
    target("net", "50000·784·50·1, without", "nb", Aim::Held(2.0)),
    target("matmul", "256·256·256", "nb01 matmul", Aim::Speed("MKL", 0.9)),
    target("matmul", "1024·1024·1024", "nb01 matmul", Aim::Speed("MKL", 0.9)),
];

/// The products whose target holds on one thread, too.
const ALONE: [&str; 2] = ["256·256·256", "1024·1024·1024"];

const fn target(part: &'static str, experiment: &'static str, ours: &'static str, aim: Aim) -> Target {
    Target { part, experiment, ours, aim }
}

/// The columns of [`rows`].
pub(crate) const COLUMNS: [&str; 6] = ["", "ours", "compared with", "aimed at", "reached", ""];

/// A row for each target that the run has figures for; on `all` threads that were measured, or on fewer.
pub(crate) fn rows(run: &Run, all: bool) -> Vec<Vec<String>> {
    TARGETS
        .iter()
        .filter(|target| target.holds(run.threads, all))
        .filter_map(|target| target.row(run))
        .collect()
}

/// The same for a run that is held to AVX2.
pub(crate) fn held(run: &Run) -> Vec<Vec<String>> {
    HELD.iter().filter_map(|target| target.row(run)).collect()
}

impl Target {
    /// Whether it was aimed at on so many threads. The portable code is matrixmultiply, and on several threads the bench's
    /// matrixmultiply, the contender, has threads of its own: they would run inside ours.
    fn holds(&self, threads: usize, all: bool) -> bool {
        if self.ours == PORTABLE { threads == 1 } else { all || ALONE.contains(&self.experiment) }
    }

    fn row(&self, run: &Run) -> Option<Vec<String>> {
        let experiment = run.part(self.part).find(|experiment| experiment.name == self.experiment)?;
        let ours = fastest(experiment, |entry| entry.name.starts_with(self.ours))?;
        let (with, aimed, reached, met) = self.aim.compare(experiment, ours)?;
        let verdict = match met {
            None => NO_VERDICT.into(),
            Some(true) => "met".into(),
            Some(false) => format!("**missed** by {:.0} %", shortfall(aimed.1, reached.1)),
        };
        let what = format!("{} {}", self.part, self.experiment);
        Some(vec![what, ours.name.clone(), with, aimed.0, reached.0, verdict])
    }
}

/// Instead of `met` or `missed`, where nothing was aimed at.
pub(crate) const NO_VERDICT: &str = "–";

/// A figure as it is shown, and what it is.
type Figure = (String, f64);

impl Aim {
    /// Whom ours is compared with, what was aimed at, what was reached, and whether that is enough, if anything was aimed at.
    fn compare(
        self,
        experiment: &Experiment,
        ours: &Entry,
    ) -> Option<(String, Figure, Figure, Option<bool>)> {
        let named = |name: &str| fastest(experiment, |entry| is_named(entry, name));
        let speed = |other: &Entry, at: f64| {
            let reached = other.minimum / ours.minimum;
            (
                other.name.clone(),
                figure("≥ ", at, "× its speed"),
                figure("", reached, "×"),
                Some(reached >= at),
            )
        };
        match self {
            Aim::Peers(at) => Some(speed(experiment.best(false)?, at)),
            Aim::Held(at) => Some(speed(fastest(experiment, is_held)?, at)),
            Aim::Speed(name, at) => Some(speed(named(name)?, at)),
            Aim::Limit(at) => {
                let reached = ours.minimum / experiment.limit;
                Some((
                    "the limit".into(),
                    figure("≤ ", at, "× its time"),
                    figure("", reached, "×"),
                    Some(reached <= at),
                ))
            }
            Aim::Distance => {
                let reached = ours.minimum / experiment.limit;
                let nothing = (NO_VERDICT.into(), f64::NAN);
                Some(("the limit".into(), nothing, figure("", reached, "× its time"), None))
            }
            Aim::Overhead(name, at) => {
                let (other, at) = (named(name)?, at * 1e6);
                let reached = (ours.minimum - other.minimum) * 1e6;
                let aimed = figure("≤ ", at, " µs more");
                Some((other.name.clone(), aimed, figure("", reached, " µs"), Some(reached <= at)))
            }
        }
    }
}

fn figure(before: &str, x: f64, after: &str) -> Figure {
    (format!("{before}{x:.2}{after}"), x)
}

/// By how many per cent the one is off the other.
fn shortfall(aimed: f64, reached: f64) -> f64 {
    ((reached / aimed - 1.0) * 100.0).abs()
}

/// `torch` and `torch loop` are `torch`.
fn is_named(entry: &Entry, name: &str) -> bool {
    entry.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The other crates have kernels for AVX-512 and cannot be told to do without.
fn is_held(entry: &Entry) -> bool {
    ["MKL", "torch"].iter().any(|name| is_named(entry, name))
}

fn fastest(experiment: &Experiment, fits: impl Fn(&Entry) -> bool) -> Option<&Entry> {
    let entries = experiment.entries.iter().filter(|entry| fits(entry));
    entries.min_by(|a, b| a.minimum.total_cmp(&b.minimum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::example;

    fn run(name: &str, part: &str, entries: &[(&str, f64)], limit: f64) -> Run {
        let entry = |&(name, minimum): &(&str, f64)| Entry { name: name.into(), minimum, ..Entry::default() };
        let entries = entries.iter().map(entry).collect();
        let experiment =
            Experiment { part: part.into(), name: name.into(), limit, entries, ..Experiment::default() };
        Run { experiments: vec![experiment], ..example().runs.remove(0) }
    }

    #[test]
    fn met_and_missed_by_how_much() {
        let times = [("nb02 nn", 3.0), ("nb02 fused", 2.0), ("torch", 3.0), ("candle", 1.0)];
        let rows = rows(&run("50000·784·50·1, without", "net", &times, 1.25), true);
        let cells: Vec<&[String]> = rows.iter().map(|row| &row[1..]).collect();
        assert_eq!(cells[0], ["nb02 fused", "torch", "≥ 2.00× its speed", "1.50×", "**missed** by 25 %"]);
        assert_eq!(cells[1], ["nb02 fused", "the limit", "≤ 1.70× its time", "1.60×", "met"]);
    }

    #[test]
    fn the_fastest_form_of_a_peer_counts() {
        let times =
            [("nb03", 1.0), ("torch loop", 9.0), ("torch fused", 5.0), ("torchless", 0.1), ("candle", 3.0)];
        let rows = rows(&run("784·50·10, batch 64", "epoch", &times, 0.5), true);
        let cells: Vec<&[String]> = rows.iter().map(|row| &row[2..]).collect();
        assert_eq!(cells[0], ["torch fused", "≥ 6.00× its speed", "5.00×", "**missed** by 17 %"]);
        assert_eq!(cells[1], ["candle", "≥ 2.00× its speed", "3.00×", "met"]);
        assert_eq!(cells[2], ["the limit", "–", "2.00× its time", "–"]);
    }

    #[test]
    fn whoever_cannot_be_held_to_avx2_is_not_compared_with() {
        let times = [("nb01 matmul_into", 2.0), ("torch out=", 3.0), ("MKL", 4.0), ("matrixmultiply", 1.0)];
        let rows = held(&run("5·784·10", "matmul", &times, 1.0));
        assert_eq!(rows[0][2..], ["torch out=", "≥ 1.00× its speed", "1.50×", "met"]);
    }

    #[test]
    fn an_overhead_is_a_difference() {
        let times = [("nb01 einsum", 2.5e-6), ("nb01 matmul", 1.0e-6)];
        let rows = rows(&run("ik,kj->ij 5·784·10", "einsum", &times, 1e-7), true);
        assert_eq!(rows[0][3..], ["≤ 1.00 µs more", "1.50 µs", "**missed** by 50 %"]);
    }

    #[test]
    fn nobody_to_compare_with_is_no_row() {
        let alone = run("256·256·256", "matmul", &[("nb01 matmul", 1.0)], 1.0);
        assert!(rows(&alone, true).is_empty());
        let square = run("256·256·256", "matmul", &[("nb01 matmul", 1.0), ("MKL", 1.0)], 1.0);
        assert_eq!((rows(&square, true).len(), rows(&square, false).len()), (1, 1));
        assert_eq!(held(&square)[0][3], "≥ 0.90× its speed");
        let entries = [("nb01 matmul", 2.0), ("nb01 portable", 1.0), ("MKL", 2.0)];
        let with_portable = run("256·256·256", "matmul", &entries, 1.0);
        assert_eq!(rows(&with_portable, true)[0][4], "1.00×", "who has to be asked for does not count");
    }

    #[test]
    fn the_portable_code_is_judged_on_one_thread() {
        let entries = [("nb01 matmul", 1.0), ("nb01 portable", 2.0), ("matrixmultiply", 1.0)];
        let judged = |threads, all| {
            let tall = Run { threads, ..run("50000·784·50", "matmul", &entries, 1.0) };
            rows(&tall, all).iter().any(|row| row[1] == "nb01 portable")
        };
        assert_eq!([judged(1, true), judged(1, false), judged(2, true)], [true, true, false]);
    }
}
