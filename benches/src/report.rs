//! A record as Markdown: first who is how fast, then everything that was measured.

use crate::chart::Chart;
use crate::machine::Limits;
use crate::machine::noise::TOO_MUCH;
use crate::record::{Entry, Experiment, Record, Run};
use crate::statistics::exponent;
use crate::targets;
use nb03_minibatch_training::timing::human;
use std::fmt::Write;

/// What the terminal shows.
pub(crate) fn markdown(record: &Record) -> String {
    let mut text = head(record) + &targets(record);
    for run in &record.runs {
        text += &format!("\n## {}\n\n{}", run.threads_in_words(), limits(run));
        for part in parts(run) {
            text += &format!(
                "\n### {part}, {}\n\n{}{}",
                run.threads_in_words(),
                overview(run, part),
                growth(run, part)
            );
        }
    }
    text + FOOT
}

/// The text of `NAME.md`: the same with charts and details.
pub(crate) fn recorded(record: &Record, name: &str, charts: &[Chart]) -> String {
    let mut text = format!("# Record {name}\n\n{}", markdown(record));
    for chart in charts {
        text += &format!("\n![{}]({name}-{}.svg)\n", chart.title, chart.name);
    }
    for run in &record.runs {
        for part in parts(run) {
            text += &format!("\n## Details: {part}, {}\n\n{}", run.threads_in_words(), details(run, part));
        }
    }
    text
}

/// Where it must end up: a table for each number of threads that has a target.
fn targets(record: &Record) -> String {
    let most = record.runs.iter().map(|run| run.threads).max();
    let mut text = String::new();
    for run in &record.runs {
        let rows =
            if record.avx2 { targets::held(run) } else { targets::rows(run, Some(run.threads) == most) };
        if !rows.is_empty() {
            let count = |is: fn(&str) -> bool| {
                rows.iter().filter(|row| row.last().is_some_and(|cell| is(cell))).count()
            };
            let (met, judged) = (count(|cell| cell == "met"), count(|cell| cell != targets::NO_VERDICT));
            text += &format!("\n## Targets, {}: {met} of {judged} met\n\n", run.threads_in_words());
            text += &table(&targets::COLUMNS.map(String::from), &rows);
        }
    }
    text
}

const FOOT: &str = "\nMinimum of all turns; **the fastest**. *share*: the machine's limit over the best of ours. *×*: the best peer's time \
    over the best of ours, above 1 is faster. †: other processes took more than 5 % of the CPU meanwhile.\n";

const HELD: &str = " **Ours, MKL and PyTorch are held to AVX2**; the other crates cannot be told.";

/// The parts of a run in the order they were measured.
fn parts(run: &Run) -> Vec<&str> {
    let mut parts: Vec<&str> = run.experiments.iter().map(|e| e.part.as_str()).collect();
    parts.dedup();
    parts
}

fn head(record: &Record) -> String {
    let machine = &record.machine;
    let versions: Vec<String> =
        record.versions.iter().map(|(name, version)| format!("{name} {version}").trim().into()).collect();
    format!(
        "{}: {}, {} cores ({}), {} GB, {}. {}, {} rounds. {}.{}\n",
        record.date,
        machine.cpu,
        machine.cores,
        machine.features.join(", "),
        machine.memory_gb,
        machine.system,
        record.profile,
        record.rounds,
        versions.join(", "),
        if record.avx2 { HELD } else { "" }
    )
}

/// The limits at the start and at the end of the run: a machine that others use drifts.
fn limits(run: &Run) -> String {
    let [before, after] = &run.limits;
    let mut rows = vec![vec!["peak".into(), gflops(before), gflops(after), drift(before.peak, after.peak)]];
    for (b, a) in before.bandwidth.iter().zip(&after.bandwidth) {
        let row = |what: &str, b: f64, a: f64| vec![what.to_owned(), gbs(b), gbs(a), drift(b, a)];
        rows.push(row(&format!("read {}", size(b.bytes)), b.read, a.read));
        rows.push(row(&format!("write {}", size(b.bytes)), b.write, a.write));
    }
    table(&["limit", "at the start", "at the end", "drift"].map(String::from), &rows)
}

fn gflops(limits: &Limits) -> String {
    format!("{:.0} GFLOP/s, {}", limits.peak, limits.instructions)
}

fn gbs(speed: f64) -> String {
    format!("{speed:.1} GB/s")
}

fn drift(before: f64, after: f64) -> String {
    format!("{:+.0} %", (after / before - 1.0) * 100.0)
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1_000_000 => format!("{} KiB", bytes >> 10),
        1_000_000..100_000_000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// A row an experiment, a column a contender.
fn overview(run: &Run, part: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for entry in run.part(part).flat_map(|experiment| &experiment.entries) {
        if !names.contains(&entry.name.as_str()) {
            names.push(&entry.name);
        }
    }
    let columns: Vec<&str> =
        ["", "limit"].into_iter().chain(names.iter().copied()).chain(["share", "×"]).collect();
    let rows: Vec<Vec<String>> = run.part(part).map(|experiment| overview_row(experiment, &names)).collect();
    table(&columns.into_iter().map(String::from).collect::<Vec<_>>(), &rows)
}

fn overview_row(experiment: &Experiment, names: &[&str]) -> Vec<String> {
    let best = experiment.entries.iter().map(|e| e.minimum).fold(f64::INFINITY, f64::min);
    let cell = |name: &&str| match experiment.entries.iter().find(|e| e.name == **name) {
        Some(e) if e.minimum <= best && experiment.entries.len() > 1 => format!("**{}**", human(e.minimum)),
        Some(e) => human(e.minimum),
        None => "–".into(),
    };
    let ours = experiment.best(true);
    let ratio = ours.and_then(|e| e.to_best_peer).map_or_else(|| "–".into(), |r| factor(1.0 / r));
    let share = ours.map_or_else(|| "–".into(), |e| percent(e.share_of_limit));
    let mark = if experiment.foreign.is_some_and(|share| share > TOO_MUCH) { " †" } else { "" };
    let start = [format!("{}{mark}", experiment.name), human(experiment.limit)];
    start.into_iter().chain(names.iter().map(cell)).chain([share, ratio]).collect()
}

/// Where an experiment has a size: the exponent p of time = c·sizeᵖ, for each contender.
fn growth(run: &Run, part: &str) -> String {
    let mut text = String::new();
    let Some(first) = run.part(part).find(|experiment| experiment.size.is_some()) else { return text };
    for entry in &first.entries {
        let points = run.curve(part, &entry.name);
        if let Some(p) = exponent(&points) {
            let _ = writeln!(text, "- {}: time grows as size^{p:.2}", entry.name); // a String takes everything
        }
    }
    if text.is_empty() { text } else { format!("\nFitted over all sizes:\n\n{text}") }
}

fn details(run: &Run, part: &str) -> String {
    let columns = [
        "",
        "contender",
        "minimum",
        "median",
        "GFLOP/s",
        "GB/s",
        "share of the limit",
        "time to best peer's",
        "error",
        "turns × loops",
    ];
    let rows: Vec<Vec<String>> = run
        .part(part)
        .flat_map(|experiment| experiment.entries.iter().map(move |entry| details_row(experiment, entry)))
        .collect();
    table(&columns.map(String::from), &rows)
}

fn details_row(experiment: &Experiment, entry: &Entry) -> Vec<String> {
    vec![
        experiment.name.clone(),
        entry.name.clone(),
        human(entry.minimum),
        human(entry.median),
        format!("{:.1}", experiment.flops / entry.minimum / 1e9),
        format!("{:.1}", (experiment.read + experiment.written) / entry.minimum / 1e9),
        percent(entry.share_of_limit),
        entry.to_best_peer.map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}")),
        format!("{:.0e}", entry.error),
        format!("{} × {}", entry.turns, entry.loops),
    ]
}

/// Two decimals are too many for the lesson's first rung.
fn factor(x: f64) -> String {
    if x < 100.0 { format!("{x:.2}") } else { format!("{x:.0}") }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A Markdown table whose columns line up on a terminal, too.
fn table(columns: &[String], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        rows.iter().chain([&columns.to_vec()]).map(|row| row[i].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    line(columns) + &format!("|-{}-|\n", rule.join("-|-")) + &rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::example;

    #[test]
    fn columns_line_up() {
        let cells = |row: [&str; 2]| row.map(String::from).to_vec();
        let text = table(&cells(["µs", "b"]), &[cells(["1", "–"]), cells(["long", "2"])]);
        assert_eq!(text, "| µs   | b |\n|------|---|\n| 1    | – |\n| long | 2 |\n");
    }

    #[test]
    fn the_fastest_is_bold_and_the_ratio_is_to_the_best_peer() {
        let record = example();
        let text = overview(&record.runs[0], "matmul");
        let row = text.lines().nth(2).expect("one experiment");
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(
            cells[1..8],
            ["500·784·50", "500 µs", "**1.00 ms**", "2.00 ms", "8.00 ms", "50 %", "2.00"]
        );
    }

    #[test]
    fn a_disturbed_experiment_is_marked() {
        let mut record = example();
        record.runs[0].experiments[0].foreign = Some(0.2);
        assert!(markdown(&record).contains("500·784·50 †"));
        assert!(!markdown(&example()).contains("500·784·50 †"));
    }

    #[test]
    fn a_record_that_was_held_says_so() {
        let held = markdown(&Record { avx2: true, ..example() });
        assert!(held.contains("held to AVX2") && !markdown(&example()).contains("held to AVX2"), "{held}");
    }

    #[test]
    fn growth_is_fitted_for_each_contender() {
        let text = growth(&example().runs[0], "growth with rows");
        assert!(text.contains("gemm: time grows as size^1.00"), "{text}");
        assert_eq!(growth(&example().runs[0], "matmul"), "");
    }
}
