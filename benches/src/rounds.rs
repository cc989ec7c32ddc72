//! Taking turns: first every result is compared, then everybody is timed, round after round.

use crate::contender::{Contender, Pieces};
use crate::machine::bandwidth::Probe;
use crate::machine::noise::Noise;
use crate::options::Options;
use crate::record::{Entry, Experiment};
use crate::statistics::{median, minimum};
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::thread::sleep;
use std::time::Duration;

/// How far a result may be from the reference, by norm. Plain `f32` sums over k = 50,000 are within 1e-5.
const TOLERANCE: f64 = 1e-4;

/// A turn lasts at least so long, so that the clock and the first call's waking of threads do not count.
const TURN: Duration = Duration::from_millis(5);

/// Between turns: time for the last one's threads to stop spinning.
const PAUSE: Duration = Duration::from_millis(3);

/// Compares everybody with `reference`, lets them take turns, and fills in `experiment`'s entries.
pub(crate) fn run(
    mut experiment: Experiment,
    contenders: &mut [Box<dyn Contender + '_>],
    reference: &[Vec<f64>],
    options: &Options,
    threads: usize,
    noise: &Noise,
) -> Result<Experiment> {
    let progress = bar(contenders.len(), &experiment);
    let mut turns = Vec::new();
    for contender in contenders.iter_mut() {
        progress.set_message(format!(
            "{} {}, comparing {}",
            experiment.part,
            experiment.name,
            contender.name()
        ));
        turns.push(Turns::compare(&mut **contender, reference).with_context(|| experiment.name.clone())?);
        progress.inc(1);
    }
    let mut memory = Probe::beyond_the_caches(experiment.read + experiment.written, threads);
    let before = noise.now();
    for round in 0..options.rounds() {
        memory.iter_mut().for_each(Probe::take);
        let first = round as usize % contenders.len(); // no contender always finds the same one's data in the caches
        for i in (first..contenders.len()).chain(0..first) {
            progress.set_message(format!("{} {}, round {}", experiment.part, experiment.name, round + 1));
            turns[i].take(&mut *contenders[i], options.budget())?;
        }
    }
    experiment.foreign = noise.share_since(&before);
    experiment.memory = memory.map(|memory| memory.best);
    experiment.entries = contenders.iter().zip(&turns).map(|(c, t)| t.entry(c.name())).collect();
    if progress.is_hidden() {
        eprintln!("measured: {} {}", experiment.part, experiment.name); // no terminal, a log
    }
    progress.finish_and_clear();
    Ok(experiment)
}

fn bar(contenders: usize, experiment: &Experiment) -> ProgressBar {
    let bar =
        ProgressBar::new_spinner().with_message(format!("{contenders} contenders: {}", experiment.name));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What one contender has done so far.
struct Turns {
    loops: u32,
    /// Of one loop, a turn each.
    times: Vec<f64>,
    spent: f64,
    error: f64,
}

impl Turns {
    /// Does the work once, compares, and finds out how many loops make a turn.
    fn compare(contender: &mut dyn Contender, reference: &[Vec<f64>]) -> Result<Self> {
        let first = contender.time(1)?;
        let error = distance(&contender.result()?, reference).with_context(|| {
            format!("{}: its result has another shape than the reference", contender.name())
        })?;
        ensure!(
            error <= TOLERANCE,
            "{}: its result is {error:.1e} from the reference; nothing is timed that is not right",
            contender.name()
        );
        let mut turns = Turns { loops: 1, times: Vec::new(), spent: first, error };
        turns.loops = loops_for(first.min(if first < 0.1 { contender.time(1)? } else { first }));
        if turns.loops > 1 {
            let warm = contender.time(turns.loops.min(20))? / f64::from(turns.loops.min(20));
            turns.loops = loops_for(warm);
        }
        Ok(turns)
    }

    /// A turn, unless `budget` is spent. The first call wakes threads and caches and does not count.
    fn take(&mut self, contender: &mut dyn Contender, budget: Duration) -> Result<()> {
        if self.spent > budget.as_secs_f64() && !self.times.is_empty() {
            return Ok(());
        }
        sleep(PAUSE);
        if self.loops > 1 {
            contender.time(1)?;
        }
        let seconds = contender.time(self.loops)?;
        self.times.push(seconds / f64::from(self.loops));
        self.spent += seconds;
        Ok(())
    }

    fn entry(&self, name: &str) -> Entry {
        Entry {
            name: name.into(),
            minimum: minimum(&self.times),
            median: median(&self.times),
            turns: self.times.len(),
            loops: self.loops,
            error: self.error,
            ..Entry::default()
        }
    }
}

fn loops_for(seconds: f64) -> u32 {
    (TURN.as_secs_f64() / seconds.max(1e-9)).ceil().clamp(1.0, 1e6) as u32
}

/// The largest of the pieces' distances, `‖a − b‖ / ‖b‖`; `None` where the shapes differ.
fn distance(result: &Pieces, reference: &[Vec<f64>]) -> Option<f64> {
    let same =
        result.len() == reference.len() && result.iter().zip(reference).all(|(a, b)| a.len() == b.len());
    let pieces = result.iter().zip(reference).map(|(a, b)| relative_norm(a, b));
    same.then(|| pieces.fold(0.0, |worst, next| if next > worst || next.is_nan() { next } else { worst }))
}

fn relative_norm(a: &[f32], b: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let (off, size) = a
        .iter()
        .zip(b)
        .fold((0.0, 0.0), |(off, size), (&a, &b)| (off + square(f64::from(a) - b), size + square(b)));
    if off == 0.0 { 0.0 } else { (off / size).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Vec<f32>, f64);

    impl Contender for Fixed {
        fn name(&self) -> &str {
            "fixed"
        }
        fn time(&mut self, loops: u32) -> Result<f64> {
            Ok(self.1 * f64::from(loops))
        }
        fn result(&mut self) -> Result<Pieces> {
            Ok(vec![self.0.clone()])
        }
    }

    #[test]
    fn a_wrong_result_is_never_timed() {
        let reference = vec![vec![3.0, 4.0]];
        for wrong in [vec![3.0, 4.1], vec![3.0], vec![f32::NAN, 4.0]] {
            assert!(Turns::compare(&mut Fixed(wrong, 1e-3), &reference).is_err());
        }
        let turns = Turns::compare(&mut Fixed(vec![3.0, 4.0], 1e-3), &reference).expect("it is right");
        assert_eq!((turns.loops, turns.error), (5, 0.0));
    }

    #[test]
    fn a_nan_in_any_piece_is_seen() {
        let pieces = vec![vec![f32::NAN], vec![1.0]];
        assert!(distance(&pieces, &[vec![1.0], vec![1.0]]).is_some_and(f64::is_nan));
    }

    #[test]
    fn slow_ones_take_one_turn_at_least_and_stop_at_the_budget() {
        let mut slow = Fixed(vec![1.0], 3.0);
        let mut turns = Turns::compare(&mut slow, &[vec![1.0]]).expect("it is right");
        for _ in 0..5 {
            turns.take(&mut slow, Duration::from_secs(2)).expect("it answers");
        }
        assert_eq!(turns.times, [3.0]);
    }

    #[test]
    fn an_entry_is_of_one_loop() {
        let mut quick = Fixed(vec![1.0], 1e-6);
        let mut turns = Turns::compare(&mut quick, &[vec![1.0]]).expect("it is right");
        turns.take(&mut quick, Duration::from_secs(2)).expect("it answers");
        assert_eq!(turns.loops, 5000);
        assert!((turns.entry("quick").minimum - 1e-6).abs() < 1e-12);
    }
}
