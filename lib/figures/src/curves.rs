//! Curves on a logarithmic axis: what grows or shrinks by a factor a step is a straight line.

use crate::bars::{AXIS, decades, has_logarithm, legend, legend_height};
use crate::sheet::{SMALL, Sheet, WIDTH, text_width};
use crate::{Colour, Drawing, Place};
use plotters::prelude::*;
use std::ops::Range;

/// How high the curves are, with nothing around them.
const HIGH: i32 = 240;
/// At most so many powers of ten are named.
const NAMED: usize = 7;

/// A curve for each series, whose numbers belong to 1, 2, 3, …; `steps` says what those count.
///
/// What has no logarithm has no point.
///
/// ```
/// use figures::log_curves;
///
/// let halves: Vec<f64> = (1..=30).map(|layer| 0.5_f64.powi(layer)).collect();
/// let svg = log_curves(&[("halves", halves)], "layer")
///     .describe("Halves", "A line that falls from 0.5 to 1e-9.")
///     .svg("halves");
/// assert!(svg.contains("10⁻⁸"));
/// ```
pub fn log_curves(series: &[(&str, Vec<f64>)], steps: &str) -> Drawing {
    let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
    let top = legend_height(&names) + 10;
    let axes = Axes::new(series, top);
    Drawing::new(top + HIGH + 2 * AXIS, |sheet| {
        legend(sheet, &names);
        axes.draw(sheet, steps);
        for (i, (_, values)) in series.iter().enumerate() {
            let points: Vec<(i32, i32)> =
                (1..).zip(values).filter_map(|(x, value)| Some((axes.x(x), axes.y(*value)?))).collect();
            sheet.line(&points, Colour::series(i));
            points.iter().for_each(|point| sheet.dot(*point, 3, Colour::series(i), 1.0));
        }
    })
}

/// Where the curves are.
struct Axes {
    left: i32,
    top: i32,
    last: usize,
    range: Range<f64>,
}

impl Axes {
    fn new(series: &[(&str, Vec<f64>)], top: i32) -> Axes {
        let range = decades(series.iter().flat_map(|(_, values)| values.iter().copied()));
        let last = series.iter().map(|(_, values)| values.len()).max().unwrap_or(1).max(2);
        let mut axes = Axes { left: 0, top, last, range };
        let widths = axes.ticks().map(|(_, power)| text_width(&power_of_ten(power), SMALL));
        axes.left = widths.max().unwrap_or(0) + 10;
        axes
    }

    fn x(&self, step: usize) -> i32 {
        let room = f64::from(WIDTH - 10 - self.left);
        self.left + (room * (step - 1) as f64 / (self.last - 1) as f64).round() as i32
    }

    fn y(&self, value: f64) -> Option<i32> {
        let coordinate: plotters::coord::combinators::LogCoord<f64> = self.range.clone().log_scale().into();
        has_logarithm(value).then(|| coordinate.map(&value, (self.top + HIGH, self.top)))
    }

    /// The powers of ten that are named, each with its place.
    fn ticks(&self) -> impl Iterator<Item = (i32, i32)> {
        let powers = self.range.start.log10().round() as i32..=self.range.end.log10().round() as i32;
        let least = powers.clone().count().div_ceil(NAMED) as i32;
        let every = [1, 2, 5, 10, 20, 50].into_iter().find(|every| *every >= least).unwrap_or(100);
        let named = powers.filter(move |power| power.rem_euclid(every) == 0);
        named.filter_map(|power| Some((self.y(10_f64.powi(power))?, power)))
    }

    fn draw(&self, sheet: &Sheet<'_>, steps: &str) {
        for (y, power) in self.ticks() {
            sheet.line(&[(self.left, y), (WIDTH - 10, y)], Colour::Grid);
            sheet.text(&power_of_ten(power), (self.left - 6, y), Place::End, SMALL, Colour::Muted);
        }
        let bottom = self.top + HIGH;
        let middle = self.last.div_ceil(2);
        for step in [1, middle, self.last].into_iter().skip(usize::from(middle == 1)) {
            let at = (self.x(step), bottom + AXIS / 2);
            sheet.text(&step.to_string(), at, Place::Middle, SMALL, Colour::Muted);
        }
        let at = ((self.left + WIDTH - 10) / 2, bottom + AXIS + AXIS / 2);
        sheet.text(steps, at, Place::Middle, SMALL, Colour::Muted);
    }
}

/// `10⁻⁹`
fn power_of_ten(power: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        c => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c.to_digit(10).unwrap_or(0) as usize],
    };
    format!("10{}", power.to_string().chars().map(raised).collect::<String>())
}
