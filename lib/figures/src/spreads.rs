//! Many draws of one number: each as a dot, and their mean and spread.

use crate::lines::{is_drawn, number};
use crate::sheet::{SMALL, Sheet, TEXT, WIDTH, text_width};
use crate::{Colour, Drawing, Place};
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// A row of [`spreads`].
#[derive(Clone, Debug)]
pub struct Draws {
    /// What was drawn.
    pub name: String,
    /// The numbers.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub std: f64,
}

/// The heights of a row's text and of its dots.
const LINE: i32 = 22;
const LANE: i32 = 26;
const AXIS: i32 = 26;

/// A dot a draw, a tick at the mean, and a bar that is one standard deviation long to either side.
///
/// What is not finite, or beyond ±1e300, has no dot.
///
/// ```
/// use figures::{Draws, spreads};
///
/// let draws = Draws { name: "of linear_2".into(), values: vec![-0.5, 0.1, 0.4], mean: 0.0, std: 0.46 };
/// let svg = spreads(&[draws]).describe("Three draws", "Three dots between -0.5 and 0.4.").svg("draws");
/// assert_eq!(svg.matches("<circle").count(), 3);
/// ```
pub fn spreads(rows: &[Draws]) -> Drawing {
    let range = range(rows);
    let axis: RangedCoordf64 = range.clone().into();
    let x = |value: f64| axis.map(&value, (10, WIDTH - 10));
    let bottom = rows.len() as i32 * (LINE + LANE) + 6;
    Drawing::new(bottom + AXIS, |sheet| {
        for tick in axis.key_points(7) {
            sheet.line(&[(x(tick), 0), (x(tick), bottom)], Colour::Grid);
            let name = number(tick);
            let half = text_width(&name, SMALL) / 2 + 1;
            let at = (x(tick).clamp(half, WIDTH - half), bottom + AXIS / 2);
            sheet.text(&name, at, Place::Middle, SMALL, Colour::Muted);
        }
        for (y, row) in (0..).step_by((LINE + LANE) as usize).zip(rows) {
            row.draw(sheet, y, x);
        }
    })
}

impl Draws {
    fn draw(&self, sheet: &Sheet<'_>, y: i32, x: impl Fn(f64) -> i32) {
        let (line, lane) = (y + LINE / 2 + 2, y + LINE + LANE / 2);
        let numbers = format!("{} ± {}", rounded(self.mean), rounded(self.std)).replace('-', "−");
        sheet.text(&self.name, (0, line), Place::Start, TEXT, Colour::Ink);
        sheet.text(&numbers, (WIDTH, line), Place::End, TEXT, Colour::Ink);
        for value in self.values.iter().filter(|value| is_drawn(**value)) {
            sheet.dot((x(*value), lane), 4, Colour::Ours, 0.35);
        }
        let (low, high) = self.ends();
        if is_drawn(low) && is_drawn(high) {
            let (left, right) = (x(low), x(high));
            sheet.fill((left, lane - 1), (right - left, 3), Colour::Ink);
            sheet.fill((x(self.mean) - 1, lane - 8), (3, 17), Colour::Ink);
        }
    }

    /// One standard deviation below and above the mean.
    fn ends(&self) -> (f64, f64) {
        (self.mean - self.std, self.mean + self.std)
    }
}

/// `0.250`, and `2.00e7` where the digits are many.
fn rounded(x: f64) -> String {
    if x.abs() < 1e6 { format!("{x:.3}") } else { format!("{x:.2e}") }
}

/// All that is drawn, and 0, with a little room.
fn range(rows: &[Draws]) -> Range<f64> {
    let numbers = rows.iter().flat_map(|row| row.values.iter().copied().chain(<[f64; 2]>::from(row.ends())));
    let (low, high) =
        numbers.filter(|x| is_drawn(*x)).fold((0.0_f64, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let room = if high > low { (high - low) * 0.02 } else { 1.0 };
    low - room..high + room
}
