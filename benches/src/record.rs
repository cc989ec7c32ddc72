//! What a run leaves behind: the JSON file.

use crate::machine::bandwidth::Bandwidth;
use crate::machine::{Limits, Machine, versions};
use crate::options::Options;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that was measured, and what with.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Record {
    pub(crate) date: String,
    pub(crate) machine: Machine,
    pub(crate) versions: BTreeMap<String, String>,
    /// What everything in Rust was built with.
    pub(crate) profile: String,
    pub(crate) rounds: u32,
    /// Whether ours, MKL and PyTorch were held to AVX2.
    #[serde(default)]
    pub(crate) avx2: bool,
    /// One for each number of threads.
    pub(crate) runs: Vec<Run>,
}

/// All that was measured with one number of threads.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Run {
    pub(crate) threads: usize,
    /// The limits before and after everything else.
    pub(crate) limits: [Limits; 2],
    pub(crate) python: BTreeMap<String, String>,
    pub(crate) experiments: Vec<Experiment>,
}

/// What a measuring process tells the one that started it, a line of JSON each, as soon as it knows.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) enum Step {
    /// It has so many threads, these limits before everything else, and these versions in its Python.
    Begin { threads: usize, limits: Limits, python: BTreeMap<String, String> },
    /// It has measured this.
    Measured(Experiment),
    /// It is done, and these are the limits after everything else.
    End { limits: Limits },
}

/// One piece of work, and how long each contender took for it.
#[derive(Serialize, Deserialize, Debug, Default, Clone)]
pub(crate) struct Experiment {
    pub(crate) part: String,
    pub(crate) name: String,
    /// Where time is shown against a size: that size.
    pub(crate) size: Option<usize>,
    pub(crate) flops: f64,
    /// The least that has to be read, in bytes.
    pub(crate) read: f64,
    /// The least that has to be written, in bytes.
    pub(crate) written: f64,
    /// What memory did in turns with the contenders, where none of the caches holds what is read and written.
    #[serde(default)]
    pub(crate) memory: Option<Bandwidth>,
    /// The least seconds that this machine could need.
    pub(crate) limit: f64,
    /// The share of all cores that other processes took meanwhile; above 0.05 it is marked.
    pub(crate) foreign: Option<f64>,
    pub(crate) entries: Vec<Entry>,
}

/// `matmul` on a path that has to be asked for: timed to be compared, but not as the best of ours.
pub(crate) const PORTABLE: &str = "nb01 portable";

/// One contender in one experiment. Seconds.
#[derive(Serialize, Deserialize, Debug, Default, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) minimum: f64,
    pub(crate) median: f64,
    pub(crate) turns: usize,
    /// How often the work was done in a turn.
    pub(crate) loops: u32,
    /// The result's distance from the reference in `f64`, by norm.
    pub(crate) error: f64,
    /// This minimum over the best peer's, where there is one: below 1 is faster.
    pub(crate) to_best_peer: Option<f64>,
    /// The machine's limit over this minimum.
    pub(crate) share_of_limit: f64,
}

impl Entry {
    /// Whether it is this project's.
    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with("nb")
    }
}

impl Experiment {
    /// The fastest that is this project's and that its users get without asking, or that is not this project's.
    pub(crate) fn best(&self, ours: bool) -> Option<&Entry> {
        let side = self.entries.iter().filter(|entry| entry.is_ours() == ours && entry.name != PORTABLE);
        side.min_by(|a, b| a.minimum.total_cmp(&b.minimum))
    }

    /// Sets what follows from the times and the machine's limits.
    pub(crate) fn rate(&mut self, limits: &Limits) {
        self.limit = limits.seconds(self.flops, self.read, self.written, self.memory);
        let (limit, peer) = (self.limit, self.best(false).map(|entry| entry.minimum));
        for entry in &mut self.entries {
            entry.to_best_peer = peer.map(|peer| entry.minimum / peer);
            entry.share_of_limit = limit / entry.minimum;
        }
    }
}

impl Run {
    /// One that has only begun: the limits afterwards are those before, as long as there are no others.
    pub(crate) fn new(threads: usize, limits: Limits, python: BTreeMap<String, String>) -> Self {
        Run { threads, limits: [limits.clone(), limits], python, experiments: Vec::new() }
    }

    /// Sets what follows from the times and the best of the limits.
    pub(crate) fn rate(&mut self) {
        let best = self.best_limits();
        self.experiments.iter_mut().for_each(|experiment| experiment.rate(&best));
    }

    /// What the machine could do at its best during this run.
    pub(crate) fn best_limits(&self) -> Limits {
        Limits::best(&self.limits[0], &self.limits[1])
    }

    pub(crate) fn part<'r>(&'r self, part: &'r str) -> impl Iterator<Item = &'r Experiment> {
        self.experiments.iter().filter(move |experiment| experiment.part == part)
    }

    /// `(size, seconds)` of one contender.
    pub(crate) fn curve(&self, part: &str, name: &str) -> Vec<(f64, f64)> {
        let point = |experiment: &Experiment| {
            let entry = experiment.entries.iter().find(|entry| entry.name == name)?;
            Some((experiment.size? as f64, entry.minimum))
        };
        self.part(part).filter_map(point).collect()
    }

    /// `1 thread`, `2 threads`.
    pub(crate) fn threads_in_words(&self) -> String {
        if self.threads == 1 { "1 thread".into() } else { format!("{} threads", self.threads) }
    }
}

impl Record {
    /// One without any run yet.
    pub(crate) fn new(options: &Options) -> Self {
        Record {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            machine: Machine::new(),
            versions: versions(),
            profile: nb03_minibatch_training::timing::PROFILE.into(),
            rounds: options.rounds(),
            avx2: options.avx2,
            runs: Vec::new(),
        }
    }

    /// Adds what a measuring process tells.
    pub(crate) fn add(&mut self, step: Step) -> Result<()> {
        if let Step::Begin { threads, limits, python } = step {
            self.versions.extend(python.clone());
            self.runs.push(Run::new(threads, limits, python));
            return Ok(());
        }
        let run = self.runs.last_mut().context("a run begins before it measures")?;
        match step {
            Step::Measured(experiment) => run.experiments.push(experiment),
            Step::End { limits } => run.limits[1] = limits,
            Step::Begin { .. } => unreachable!("it was dealt with above"),
        }
        run.rate();
        Ok(())
    }

    /// A record that was saved, whole or unfinished.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no record of this bench", path.display()))
    }
}

#[cfg(test)]
pub(crate) fn example() -> Record {
    let entry = |name: &str, minimum| Entry {
        name: name.into(),
        minimum,
        median: minimum * 1.25,
        turns: 3,
        loops: 1,
        ..Entry::default()
    };
    let limits = Limits { peak: 100.0, instructions: "abacus".into(), bandwidth: vec![] };
    let experiment = |part: &str, rows: usize, factor| {
        let entries = vec![
            entry("nb01 matmul", 1e-3 * factor),
            entry("gemm", 2e-3 * factor),
            entry("slow", 8e-3 * factor),
        ];
        let mut experiment = Experiment {
            part: part.into(),
            name: format!("{rows}·784·50"),
            size: Some(rows),
            flops: 5e7 * factor,
            foreign: Some(0.01),
            entries,
            ..Experiment::default()
        };
        experiment.rate(&limits);
        experiment
    };
    let experiments = vec![
        experiment("matmul", 500, 1.0),
        experiment("growth with rows", 500, 1.0),
        experiment("growth with rows", 1000, 2.0),
    ];
    let run = Run { threads: 2, limits: [limits.clone(), limits], python: BTreeMap::new(), experiments };
    Record {
        date: "2026-01-01 00:00 UTC".into(),
        machine: Machine::new(),
        versions: versions(),
        profile: "release build".into(),
        rounds: 3,
        avx2: false,
        runs: vec![run],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_from_times_and_limits() {
        let record = example();
        let experiment = &record.runs[0].experiments[0];
        assert_eq!(experiment.limit, 0.5e-3);
        assert_eq!(experiment.best(true).map(|e| (e.to_best_peer, e.share_of_limit)), Some((Some(0.5), 0.5)));
        assert_eq!(experiment.best(false).map(|e| (&*e.name, e.to_best_peer)), Some(("gemm", Some(1.0))));
    }

    #[test]
    fn a_record_grows_step_by_step() {
        let mut record = Record { runs: vec![], ..example() };
        let mut whole = example().runs.remove(0);
        let limits = whole.limits[0].clone();
        assert!(record.add(Step::End { limits: limits.clone() }).is_err());
        let begin = Step::Begin { threads: 2, limits: limits.clone(), python: BTreeMap::new() };
        record.add(begin).expect("it begins");
        record.add(Step::Measured(whole.experiments.remove(0))).expect("it has begun");
        assert_eq!(record.runs[0].experiments[0].entries[0].share_of_limit, 0.5); // readable at any time
        record.add(Step::End { limits: Limits { peak: 200.0, ..limits } }).expect("it has begun");
        assert_eq!(record.runs[0].experiments[0].entries[0].share_of_limit, 0.25);
    }

    #[test]
    fn json_and_back() {
        let text = serde_json::to_string(&example()).expect("a record is plain data");
        let back: Record = serde_json::from_str(&text).expect("it was just written");
        assert_eq!(back.runs[0].experiments[2].entries[1].minimum, 4e-3);
    }

    #[test]
    fn without_a_peer_there_is_no_ratio() {
        let mut alone = example().runs.remove(0).experiments.remove(0);
        alone.entries.truncate(1);
        alone.rate(&Limits { peak: 100.0, instructions: String::new(), bandwidth: vec![] });
        assert_eq!(alone.entries[0].to_best_peer, None);
    }
}
