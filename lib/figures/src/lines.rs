//! Curves: a loss by batch, an accuracy by epoch.

use crate::sheet::{SMALL, Sheet, TEXT, WIDTH, text_width};
use crate::{Colour, Drawing, Place};
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// One curve of [`lines()`].
#[derive(Clone, Debug)]
pub struct Line {
    /// What is written in its colour; nothing if empty.
    pub name: String,
    /// `(x, y)`, from left to right. Where one is not finite, or beyond ±1e300, the curve has a gap.
    pub points: Vec<(f64, f64)>,
}

impl Line {
    /// A curve and its name.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Line {
        Line { name: name.into(), points: points.into_iter().collect() }
    }
}

/// The height of the curves, of a name above them, and the room for the numbers at the left and below.
const HEIGHT: i32 = 220;
const NAME: i32 = 22;
const LEFT: i32 = 54; // more where the numbers need it
const BELOW: i32 = 44;
/// Between a number and its axis.
const GAP: i32 = 6;
/// Numbers on an axis, at most.
const TICKS: usize = 7;

/// Curves over one axis, which `x` names; `y` names the other one. The range of both is that of the points.
///
/// ```
/// use figures::{Line, lines};
///
/// let loss = Line::new("training", (0..10).map(|i| (f64::from(i), 2.3 / f64::from(i + 1))));
/// let svg = lines(&[loss], "batch", "loss").describe("The loss", "A curve from 2.3 to 0.23.").svg("loss");
/// assert_eq!(svg.matches("<circle").count(), 10); // so few points are dots, too
/// ```
pub fn lines(lines: &[Line], x: &str, y: &str) -> Drawing {
    let named = lines.iter().filter(|line| !line.name.is_empty()).count() as i32;
    let top = NAME * (named + 1);
    Drawing::new(top + HEIGHT + BELOW, |sheet| {
        let axes = Axes::new(axis(lines, |p| p.0), axis(lines, |p| p.1), top);
        axes.draw(sheet, x, y);
        let mut row = 0;
        for (i, line) in lines.iter().enumerate() {
            let colour = Colour::series(i);
            axes.curve(sheet, line, colour);
            if !line.name.is_empty() {
                row += 1;
                sheet.text(&line.name, (WIDTH, NAME * row - NAME / 2), Place::End, TEXT, colour);
            }
        }
    })
}

struct Axes {
    x: RangedCoordf64,
    y: RangedCoordf64,
    top: i32,
    left: i32,
}

impl Axes {
    fn new(x: RangedCoordf64, y: RangedCoordf64, top: i32) -> Axes {
        let widest = y.key_points(TICKS).into_iter().map(|tick| text_width(&number(tick), SMALL)).max();
        Axes { x, y, top, left: LEFT.max(widest.unwrap_or(0) + GAP) }
    }

    fn x(&self, x: f64) -> i32 {
        self.x.map(&x, (self.left, WIDTH - 8))
    }

    fn y(&self, y: f64) -> i32 {
        self.y.map(&y, (self.top + HEIGHT, self.top))
    }

    fn draw(&self, sheet: &Sheet<'_>, x: &str, y: &str) {
        let bottom = self.top + HEIGHT;
        for tick in self.x.key_points(TICKS) {
            sheet.line(&[(self.x(tick), self.top), (self.x(tick), bottom)], Colour::Grid);
            let name = number(tick);
            let half = text_width(&name, SMALL) / 2 + 1;
            sheet.text(
                &name,
                (self.x(tick).min(WIDTH - half), bottom + 12),
                Place::Middle,
                SMALL,
                Colour::Muted,
            );
        }
        for tick in self.y.key_points(TICKS) {
            sheet.line(&[(self.left, self.y(tick)), (WIDTH - 8, self.y(tick))], Colour::Grid);
            sheet.text(&number(tick), (self.left - GAP, self.y(tick)), Place::End, SMALL, Colour::Muted);
        }
        sheet.text(x, ((self.left + WIDTH) / 2, bottom + 32), Place::Middle, TEXT, Colour::Ink);
        sheet.text(y, (0, NAME / 2), Place::Start, TEXT, Colour::Ink);
    }

    fn curve(&self, sheet: &Sheet<'_>, line: &Line, colour: Colour) {
        for run in line.points.split(|(x, y)| !is_drawn(*x) || !is_drawn(*y)).filter(|run| !run.is_empty()) {
            let points: Vec<(i32, i32)> = run.iter().map(|(x, y)| (self.x(*x), self.y(*y))).collect();
            sheet.line(&points, colour);
            if points.len() <= 20 {
                points.iter().for_each(|at| sheet.dot(*at, 3, colour, 1.0));
            }
        }
    }
}

/// A net that diverges has a loss that is no number. And the distance of two that are drawn is to be one.
pub(crate) fn is_drawn(x: f64) -> bool {
    x.abs() <= 1e300
}

/// From the least to the largest number; where there is only one, or none, with some room.
fn axis(lines: &[Line], of: impl Fn(&(f64, f64)) -> f64) -> RangedCoordf64 {
    let numbers = lines.iter().flat_map(|line| &line.points).map(of).filter(|x| is_drawn(*x));
    let (low, high) =
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let room = 0.5_f64.max(low.abs() / 2.0);
    let range: Range<f64> = if low > high {
        0.0..1.0
    } else if high - low > 1e-9 * low.abs().max(high.abs()).max(1e-290) {
        low..high
    } else {
        low - room..low + room
    };
    range.into()
}

/// `0.3`, and not `0.30000000000000004`; `2e7` where the digits are many. The minus sign is as long as a plus.
pub(crate) fn number(tick: f64) -> String {
    let rounded = (tick * 1e6).round() / 1e6;
    let text = match tick.abs() {
        1e-4..1e6 => rounded.to_string(),
        0.0 => "0".into(),
        _ => short(&format!("{tick:.2e}")),
    };
    text.replace('-', "−")
}

/// `2.5e7` of `2.50e7`.
fn short(scientific: &str) -> String {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
}
