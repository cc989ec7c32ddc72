//! Python beside Rust: runs each stage's `tests/lesson.py` and compares what it prints with the recorded run.
//!
//! There `show("what", value)` prints `what = value`; here `show("what", value).course(…)` prints the same `what`
//! in the section of the same name. Of the two values the numbers are compared, in their order; brackets and words
//! are not, and true is 1. **The rule:** whole numbers are equal; others differ by a thousandth at most, or by one
//! unit of the last digit that we print. Where we print a spread (`0.50±0.03`, over many seeds), the one random draw
//! of Python's lies within four spreads. Times are not compared.

use crate::process::{self, End, Interrupted, listen_to_end};
use crate::run::LIMIT;
use crate::stages::{self, Workspace};
use crate::text::{BAD, FAINT, GOOD, PLAIN, WARN, count};
use crate::{files, lesson, usage};
use anyhow::{Result, bail};
use record::{Section, Stage};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Runs every stage's script and reports, section by section, on standard output. `false`: something differs.
pub(crate) fn check(stages: &[Stage], workspace: &Workspace, python: &Path) -> Result<bool> {
    let mut out = anstream::stdout();
    writeln!(out, "Python beside Rust: {}", version(python)?)?;
    let mut good = true;
    for record in stages {
        let stage = workspace.stage(&record.name)?;
        if lesson::python_file(stage).exists() {
            let printed = run(stage, workspace, python)?;
            good &= report(&record.name, &compare_all(record, &printed), &printed, &mut out)?;
        }
    }
    Ok(good)
}

/// `Python 3.13.5, torch 2.15.0`; asked before a long run, so that a missing one is reported at once.
pub(crate) fn version(python: &Path) -> Result<String> {
    let name = python.display();
    let ask = "import sys, torch; print('Python', sys.version.split()[0] + ', torch', torch.__version__)";
    let way_out =
        "name one that has it, --check-python PATH, or: python3 -m venv py; py/bin/pip install torch numpy";
    let answer = process::output(Command::new(python).args(["-c", ask]));
    match answer {
        Err(e) if e.is::<Interrupted>() => Err(e),
        Err(e) => Err(usage(format!("{e:#}: {way_out}"))),
        Ok(answer) if answer.status.success() => {
            Ok(String::from_utf8_lossy(&answer.stdout).trim().to_string())
        }
        Ok(answer) => {
            let why = String::from_utf8_lossy(&answer.stderr);
            let why = why.trim().lines().last().unwrap_or("it says nothing").to_string();
            Err(usage(format!("{name} cannot import torch ({why}): {way_out}")))
        }
    }
}

/// What a script printed, cell by cell, and how it ended.
struct Printed {
    /// The sections that it reached, with their lines; the setup comes first, without a name.
    cells: Vec<(String, Vec<String>)>,
    /// All the sections that it has a cell for.
    planned: Vec<String>,
    ended_well: bool,
}

/// Runs the whole script as one program, as Jupyter's "run all" would.
fn run(stage: &stages::Stage, workspace: &Workspace, python: &Path) -> Result<Printed> {
    let file = lesson::python_file(stage);
    let text = files::read(&file)?;
    let mut command = Command::new(python);
    // `-W ignore`: a warning is no result.
    command.args(["-u", "-W", "ignore", "-c", &with_marks(&text)]).env("PYTHONUTF8", "1");
    command.current_dir(&workspace.root);
    let (end, output) = listen_to_end(command, LIMIT)?;
    let output = output.replace("\"<string>\"", &workspace.relative(&file));
    let planned = lesson::python(stage)?.into_iter().filter_map(|cell| cell.section).collect();
    match end {
        End::Exit(status) => Ok(Printed { cells: by_cell(&output), planned, ended_well: status.success() }),
        End::TimeLimit => bail!("{} still ran after {} s", workspace.relative(&file), LIMIT.as_secs()),
        End::Interrupt => Err(Interrupted.into()),
    }
}

/// The script with each named cell's title printed, which moves no line: its errors name the lines of the file.
fn with_marks(text: &str) -> String {
    let mark = |line: &str| match lesson::cell_title(line) {
        Some(title) if !title.is_empty() => format!("print({line:?})\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(mark).collect()
}

fn by_cell(output: &str) -> Vec<(String, Vec<String>)> {
    let mut cells = vec![(String::new(), vec![])];
    for line in output.lines() {
        match lesson::cell_title(line) {
            Some(title) => cells.push((title.to_string(), vec![])),
            None => cells.iter_mut().last().expect("the setup is there").1.push(line.to_string()),
        }
    }
    cells
}

/// What became of one section.
struct Compared {
    section: String,
    /// How many numbers agree.
    agree: usize,
    faults: Vec<String>,
}

/// What became of each section that the script reached.
fn compare_all(record: &Stage, printed: &Printed) -> Vec<Compared> {
    let compare = |(name, lines): &(String, Vec<String>)| {
        record.sections.iter().find(|s| s.id == *name).map(|section| compare(section, lines))
    };
    let reached = printed.cells.iter().filter_map(compare);
    reached.chain((!printed.ended_well).then(|| broken(printed))).collect()
}

/// Says it section by section, and then in one line. `false`: something differs.
fn report(stage: &str, sections: &[Compared], printed: &Printed, out: &mut impl Write) -> Result<bool> {
    for Compared { section, agree, faults } in sections {
        match (agree, &faults[..]) {
            (0, []) => writeln!(out, "  {section:<36} {FAINT}ran; nothing to compare{PLAIN}")?,
            (n, []) => writeln!(out, "  {section:<36} {}", agreed(*n))?,
            (_, faults) => {
                faults.iter().try_for_each(|f| writeln!(out, "  {section:<36} {BAD}{f}{PLAIN}"))?
            }
        }
    }
    let lines = printed.cells.iter().flat_map(|(_, lines)| lines);
    let skipped: Vec<&str> = lines.filter_map(|line| line.strip_prefix("skipped: ")).collect();
    skipped.iter().try_for_each(|s| writeln!(out, "  {WARN}skipped{PLAIN}: {s}"))?;
    let faults: usize = sections.iter().map(|s| s.faults.len()).sum();
    let (style, more) = match faults {
        0 if skipped.is_empty() => (GOOD, String::new()),
        0 => (WARN, String::new()),
        n => (BAD, format!(", {n} not")),
    };
    let agree = agreed(sections.iter().map(|s| s.agree).sum());
    let sections = count(sections.len(), "section");
    writeln!(out, "{style}{stage}{PLAIN}: {sections} beside Python, {agree}{more}")?;
    Ok(faults == 0)
}

fn agreed(n: usize) -> String {
    if n == 1 { "1 value agrees".into() } else { format!("{n} values agree") }
}

/// The cell in which the script stopped, and what it said.
fn broken(printed: &Printed) -> Compared {
    let (section, lines) = printed.cells.last().expect("the setup is there");
    let reached = printed.planned.iter().position(|p| p == section).map_or(0, |i| i + 1);
    let left = match printed.planned.len() - reached {
        0 => String::new(),
        n => format!("\n({} after it not reached)", count(n, "cell")),
    };
    let fault = format!("the cell failed:\n{}{left}", lines.join("\n"));
    let section = if section.is_empty() { "(the setup)" } else { section };
    Compared { section: section.into(), agree: 0, faults: vec![fault] }
}

/// Compares all that a cell shows with the section's lines.
fn compare(section: &Section, python: &[String]) -> Compared {
    let mut compared = Compared { section: section.id.clone(), agree: 0, faults: vec![] };
    for (what, theirs) in python.iter().filter_map(|line| line.rsplit_once(" = ")) {
        match ours(&section.output, what) {
            None => compared.faults.push(format!("`{what}` is shown in Python only")),
            Some(ours) => match agreeing(ours, theirs) {
                Some(n) => compared.agree += n,
                None => compared.faults.push(format!("`{what}` is {ours} here, {theirs} in Python")),
            },
        }
    }
    compared
}

/// What nb00's `show` prints after our value: whose the next one is.
const LABELS: [&str; 3] = ["   course: ", "   measured: ", "   expected: "];

/// The value that nb00's `show` printed for `what`: behind the name, which fills 34 columns, perhaps indented.
fn ours<'a>(output: &'a str, what: &str) -> Option<&'a str> {
    let starts = std::iter::once(0).chain(output.match_indices('\n').map(|(i, _)| i + 1));
    let value = |line: &'a str| {
        let value = line.trim_start_matches(' ').strip_prefix(what)?;
        let columns = line.chars().count() - value.chars().count();
        let (padding, rest) = value.split_at(value.len() - value.trim_start_matches(' ').len());
        let is_whole_name = columns + padding.len() > 34 && !padding.is_empty();
        let end = LABELS.iter().filter_map(|label| rest.find(label)).min();
        end.filter(|_| is_whole_name).map(|end| rest[..end].trim())
    };
    starts.map(|i| &output[i..]).find_map(value)
}

/// How many numbers agree; `None` where they do not.
fn agreeing(ours: &str, theirs: &str) -> Option<usize> {
    let (a, b) = (numbers(ours), numbers(theirs));
    if a.is_empty() && b.is_empty() {
        return (ours == theirs).then_some(1);
    }
    (a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.agrees_with(b))).then_some(a.len())
}

/// A number as it was printed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number {
    value: f64,
    /// One unit of the last digit; 0 for a whole number.
    unit: f64,
    /// The number after a `±`; else 0.
    spread: f64,
}

impl Number {
    fn agrees_with(&self, theirs: &Number) -> bool {
        let (a, b) = (self.value, theirs.value);
        let is_exact = self.unit == 0.0 && theirs.unit == 0.0;
        let allowed = 1e-3 * b.abs() + self.unit + 4.0 * (self.spread + theirs.spread);
        a == b || (a.is_nan() && b.is_nan()) || (!is_exact && (a - b).abs() < allowed)
    }
}

/// The numbers in a text, in their order. Digits within a word (`float32`) are none.
fn numbers(text: &str) -> Vec<Number> {
    let text = text.replace('−', "-").replace('±', " ± ");
    let is_between = |c: char| !c.is_alphanumeric() && !"._+-±".contains(c);
    let mut found: Vec<Number> = vec![];
    let mut is_spread = false;
    for word in text.split(is_between).filter(|word| !word.is_empty()) {
        match (number(word), found.last_mut()) {
            (Some(number), Some(last)) if is_spread => last.spread = number.value,
            (Some(number), _) => found.push(number),
            (None, _) => {}
        }
        is_spread = word == "±";
    }
    found
}

fn number(word: &str) -> Option<Number> {
    let value = match word {
        "true" | "True" => 1.0,
        "false" | "False" => 0.0,
        digits => digits.parse().ok()?,
    };
    Some(Number { value, unit: unit(word)?, spread: 0.0 })
}

/// One unit of the last digit: 0.01 of `3.14`, 1e-5 of `3e-05`, and 0 of `3` and `3.`, which are exact.
fn unit(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, ""));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals == 0 && exponent.is_empty() {
        return Some(0.0);
    }
    let power = exponent.parse::<i32>().unwrap_or(0);
    Some(10_f64.powi(power.saturating_sub(i32::try_from(decimals).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_what_both_languages_print() {
        let values = |text| numbers(text).iter().map(|n| n.value).collect::<Vec<_>>();
        assert_eq!(values("torch.Size([50000, 784])"), [50_000.0, 784.0]);
        assert_eq!(values("tensor([[ 1.,  -2.5], [3e-05, .5]])"), [1.0, -2.5, 3e-5, 0.5]);
        assert_eq!(values("(tensor(0), tensor(9))"), [0.0, 9.0]);
        assert_eq!(values("True, false"), [1.0, 0.0]);
        assert_eq!(values("dtype=torch.float32, s07_x, −4, 157 MB"), [-4.0, 157.0]);
        assert_eq!(values("-inf inf").to_vec(), [f64::NEG_INFINITY, f64::INFINITY]);
        assert!(values("NaN")[0].is_nan() && values("… - . , e5 €").is_empty());
        for text in ["0.50±0.03 / 1.0", "0.50 ± 0.03 / 1.0"] {
            let found = numbers(text);
            assert_eq!((found[0].spread, found[1].spread, found.len()), (0.03, 0.0, 2));
        }
    }

    #[test]
    fn the_rule() {
        for (ours, theirs) in [
            ("[12, 14, 3]", "tensor([12., 14.,  3.])"),
            ("0.6667", "0.6666666865348816"),
            ("-0.0059", "-0.005873"),
            ("28.15", "28.17"),
            ("0.1304±0.0001 / 3", "0.1301 / 3"),
            ("true", "True"),
            ("NaN", "nan"),
            ("-inf", "-inf"),
            ("1.0e-5", "1.05e-05"),
        ] {
            assert!(agreeing(ours, theirs).is_some(), "{ours} and {theirs}");
        }
        for (ours, theirs) in [
            ("[12, 14, 3]", "tensor([12., 14.,  4.])"),
            ("[12, 14, 3]", "[12, 14]"),
            ("50000", "50001"),
            ("14", "14.1"),
            ("0.6667", "0.6680"),
            ("0.1304±0.0001", "0.1290"),
            ("1.5", "inf"),
            ("true", "False"),
            ("NaN", "0.0"),
            ("-inf", "inf"),
            ("f32", "f64"),
            ("2", ""),
        ] {
            assert!(agreeing(ours, theirs).is_none(), "{ours} and {theirs}");
        }
        assert_eq!(agreeing("[1, 2], 3.0", "(1, 2, 3)"), Some(3));
    }

    #[test]
    fn our_value_is_found_by_its_name() {
        let output = "the a + b\na + b                                 [12, 14, 3]   course: tensor([12.])\n\
            a                                  [[1, 2],\n [3, 4]]   measured: x\n\
            sum                                            10   expected: 10   course: no\n";
        assert_eq!(ours(output, "sum"), Some("10"));
        assert_eq!(ours(output, "a + b"), Some("[12, 14, 3]"));
        assert_eq!(ours(output, "a"), Some("[[1, 2],\n [3, 4]]"));
        assert_eq!(ours(output, "b"), None);
        assert_eq!(ours(output, "a +"), None);
        let indented = format!("{:<34} {:>14}   course: 29.2 %", "   its share", "29.3 %");
        assert_eq!(ours(&indented, "its share"), Some("29.3 %"));
        let long = format!("{:<34} {:>14}   course: 7", "a name that takes more than thirty-four columns", 7);
        assert_eq!(ours(&long, "a name that takes more than thirty-four columns"), Some("7"));
    }

    #[test]
    fn marks_move_no_line() {
        assert_eq!(with_marks("# %%\nx\n# %% s01_a\ny"), "# %%\nx\nprint(\"# %% s01_a\")\ny\n");
        let cells = by_cell("hello\n# %% s01_a\n1\n2\n# %% s02_b\n");
        let expected = [("", vec!["hello"]), ("s01_a", vec!["1", "2"]), ("s02_b", vec![])];
        assert_eq!(
            cells,
            expected.map(|(n, l)| (n.to_string(), l.into_iter().map(String::from).collect::<Vec<_>>()))
        );
    }
}
