//! Bars on a logarithmic axis.

use crate::sheet::{SMALL, Sheet, TEXT, WIDTH, text_width};
use crate::{Colour, Drawing, Place};
use plotters::prelude::*;
use std::ops::Range;

/// One row of [`log_bars`]: a name, and a number for each series, where there is one.
#[derive(Clone, Debug)]
pub struct Row {
    /// What the row is called.
    pub name: String,
    /// Its numbers, in the order of the series.
    pub values: Vec<Option<f64>>,
}

impl Row {
    /// A name and its numbers.
    ///
    /// ```
    /// let row = figures::Row::new("loops", [Some(1.8e-4), None]);
    /// assert_eq!(row.values.len(), 2);
    /// ```
    pub fn new(name: impl Into<String>, values: impl Into<Vec<Option<f64>>>) -> Row {
        Row { name: name.into(), values: values.into() }
    }
}

/// How high a bar is with the space below it.
const BAR: i32 = 17;
/// The space between two rows, and above the first.
const GAP: i32 = 9;
/// What a line of names of the series needs, and what the axis.
const LEGEND: i32 = 24;
pub(crate) const AXIS: i32 = 24;

/// A row of horizontal bars for each name, a bar for each series, on a logarithmic axis; `shown` says how a number reads.
///
/// What has no logarithm (nothing measured, 0, infinity, NaN) has no bar; a number that is there is written all the same.
///
/// ```
/// use figures::{Row, log_bars};
///
/// let rows = [Row::new("loops", [Some(1.8e-4), Some(0.835)]), Row::new("tile", [Some(2.1e-5), None])];
/// let svg = log_bars(["ours", "the course"], &rows, |s| format!("{:.0} µs", s * 1e6))
///     .describe("Two rungs", "Ours takes 180 µs and 21 µs, the course 835 ms.")
///     .svg("rungs");
/// assert!(svg.contains("180 µs"));
/// ```
pub fn log_bars<const N: usize>(series: [&str; N], rows: &[Row], shown: impl Fn(f64) -> String) -> Drawing {
    let bars: i32 = rows.iter().map(|row| GAP + high(row)).sum();
    let top = legend_height(&series);
    let height = top + bars + GAP + AXIS;
    Drawing::new(height, |sheet| {
        legend(sheet, &series);
        let names = rows.iter().map(|row| text_width(&row.name, TEXT)).max().unwrap_or(0);
        let numbers = rows.iter().flat_map(bars_of).map(|(_, value)| text_width(&shown(value), SMALL)).max();
        let range = decades(rows.iter().flat_map(bars_of).map(|(_, value)| value));
        let plot = Plot { left: names + 10, right: WIDTH - numbers.unwrap_or(0) - 10, range };
        plot.axis(sheet, top..height - AXIS, &shown);
        let mut y = top + GAP;
        for row in rows {
            sheet.text(&row.name, (names, y + high(row) / 2 - 2), Place::End, TEXT, Colour::Ink);
            for ((i, value), y) in bars_of(row).zip((y..).step_by(BAR as usize)) {
                let end = plot.x(value).unwrap_or(plot.left);
                sheet.fill((plot.left, y), (end - plot.left, BAR - 4), Colour::series(i));
                sheet.text(&shown(value), (end + 5, y + BAR / 2 - 2), Place::Start, SMALL, Colour::Ink);
            }
            y += high(row) + GAP;
        }
    })
}

/// The numbers of a row that are there, each with its series.
fn bars_of(row: &Row) -> impl Iterator<Item = (usize, f64)> {
    row.values.iter().enumerate().filter_map(|(i, value)| Some((i, (*value)?)))
}

/// A row without a number has a name.
fn high(row: &Row) -> i32 {
    BAR * bars_of(row).count().max(1) as i32
}

/// The names of the series with their colours.
pub(crate) fn legend(sheet: &Sheet<'_>, series: &[&str]) {
    for (i, (name, (x, y))) in series.iter().zip(legend_places(series)).enumerate() {
        sheet.fill((x, y), (12, 12), Colour::series(i));
        sheet.text(name, (x + 18, y + 6), Place::Start, TEXT, Colour::Ink);
    }
}

/// Beside each other, and in a new line where there is no room.
fn legend_places(series: &[&str]) -> Vec<(i32, i32)> {
    let (mut x, mut y) = (0, 4);
    let place = |name: &&str| {
        let width = 18 + text_width(name, TEXT);
        if x + width > WIDTH {
            (x, y) = (0, y + LEGEND);
        }
        let place = (x, y);
        x += width + 14;
        place
    };
    series.iter().map(place).collect()
}

pub(crate) fn legend_height(series: &[&str]) -> i32 {
    legend_places(series).last().map_or(0, |(_, y)| y + LEGEND - 4)
}

/// What has a logarithm, and powers of ten around it.
pub(crate) fn has_logarithm(value: f64) -> bool {
    (1e-300..=1e300).contains(&value)
}

/// The whole powers of ten around the numbers.
pub(crate) fn decades(values: impl Iterator<Item = f64>) -> Range<f64> {
    let values = values.filter(|value| has_logarithm(*value));
    let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    if high == 0.0 {
        return 1.0..10.0;
    }
    let low = low.log10().floor();
    10_f64.powf(low)..10_f64.powf(high.log10().ceil().max(low + 1.0))
}

/// Where the bars are.
struct Plot {
    left: i32,
    right: i32,
    range: Range<f64>,
}

impl Plot {
    fn x(&self, value: f64) -> Option<i32> {
        let coordinate: plotters::coord::combinators::LogCoord<f64> = self.range.clone().log_scale().into();
        has_logarithm(value).then(|| coordinate.map(&value, (self.left, self.right)))
    }

    /// A line for every power of ten, and as many of them named as there is room for.
    fn axis(&self, sheet: &Sheet<'_>, y: Range<i32>, shown: impl Fn(f64) -> String) {
        let powers = self.range.start.log10().round() as i32..=self.range.end.log10().round() as i32;
        let tick = |value| Some((self.x(value)?, without_decimals(&shown(value))));
        let ticks: Vec<(i32, String)> = powers.filter_map(|power| tick(10_f64.powi(power))).collect();
        for (x, _) in &ticks {
            sheet.line(&[(*x, y.start), (*x, y.end)], Colour::Grid);
        }
        for (x, name) in ticks.iter().step_by(every(&ticks)) {
            sheet.text(name, (*x, y.end + AXIS / 2), Place::Middle, SMALL, Colour::Muted);
        }
    }
}

/// Each tick is named, or each second, … so that names do not touch.
fn every(ticks: &[(i32, String)]) -> usize {
    let fits = |step: &usize| {
        let named: Vec<_> = ticks.iter().step_by(*step).collect();
        let half = |name: &str| text_width(name, SMALL) / 2 + 4;
        named.windows(2).all(|two| two[0].0 + half(&two[0].1) <= two[1].0 - half(&two[1].1))
    };
    (1..).find(fits).unwrap_or(1)
}

/// `10 ms` for `10.0 ms`: most powers of ten need no decimals.
fn without_decimals(shown: &str) -> String {
    let Some((whole, rest)) = shown.split_once('.') else { return shown.into() };
    let unit = rest.trim_start_matches('0');
    if unit.starts_with(|c: char| c.is_ascii_digit()) { shown.into() } else { format!("{whole}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_go_where_they_say_nothing() {
        let shown = ["10.0 ms", "1.00 µs", "1.67 min", "100 s", "1.0", "0.5 s", "0.01"].map(without_decimals);
        assert_eq!(shown, ["10 ms", "1 µs", "1.67 min", "100 s", "1", "0.5 s", "0.01"]);
    }

    #[test]
    fn the_axis_ends_at_powers_of_ten() {
        let of = |values: &[f64]| decades(values.iter().copied());
        assert_eq!(of(&[0.02, 30.0]), 0.01..100.0);
        assert_eq!(of(&[1.0]), 1.0..10.0);
        assert_eq!(of(&[0.0, -1.0, f64::NAN, f64::INFINITY]), 1.0..10.0);
        assert_eq!(of(&[]), 1.0..10.0);
    }
}
