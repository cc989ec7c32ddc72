//! Small histograms, many of them.

use crate::sheet::{SMALL, Sheet, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};
use std::ops::Range;

/// How often numbers fall between two others, in bins of equal width.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// How many fell into each bin.
    pub counts: Vec<usize>,
    /// How many fell beside all of them, or are NaN.
    pub outside: usize,
    name: String,
}

impl Histogram {
    /// Counts the numbers between the ends of `range`, the upper one included; `name` is written below.
    ///
    /// # Panics
    /// At the caller's line if there is no bin, or if the range is empty or has no finite length.
    ///
    /// ```
    /// use figures::Histogram;
    ///
    /// let histogram = Histogram::new([0.1, 0.2, 0.9, 1.0, 7.0], 0.0..1.0, 2, "five");
    /// assert_eq!((histogram.counts, histogram.outside), (vec![2, 2], 1));
    /// ```
    #[track_caller]
    pub fn new(
        numbers: impl IntoIterator<Item = f32>,
        range: Range<f32>,
        bins: usize,
        name: impl Into<String>,
    ) -> Histogram {
        assert!(
            bins > 0 && range.start < range.end && (range.end - range.start).is_finite(),
            "a histogram needs a bin and a range, not {bins} in {range:?}"
        );
        let (mut counts, mut outside) = (vec![0; bins], 0);
        for number in numbers {
            if number >= range.start && number <= range.end {
                let at = (number - range.start) / (range.end - range.start) * bins as f32;
                counts[(at as usize).min(bins - 1)] += 1;
            } else {
                outside += 1;
            }
        }
        Histogram { counts, outside, name: name.into() }
    }
}

/// How high a histogram is, with nothing around it.
const HIGH: i32 = 44;
/// The lines of text above and below.
const LINE: i32 = 22;
/// The space between two rows.
const GAP: i32 = 8;

/// Rows of histograms under a heading each. Every histogram is as high as its fullest bin: shapes are compared, not counts.
///
/// ```
/// use figures::{Histogram, histograms};
///
/// let one = Histogram::new([0.1, 0.2, 0.9], 0.0..1.0, 10, "three numbers");
/// let svg = histograms(&[("Small ones", vec![one])]).describe("Numbers", "Two small ones, one large.").svg("numbers");
/// assert!(svg.contains("three numbers"));
/// ```
pub fn histograms<S: AsRef<str>>(rows: &[(S, Vec<Histogram>)]) -> Drawing {
    let row = LINE + HIGH + LINE + GAP;
    Drawing::new((rows.len() as i32 * row).max(1), |sheet| {
        for (y, (heading, cells)) in (0..).step_by(row as usize).zip(rows) {
            sheet.text(heading.as_ref(), (0, y + LINE / 2), Place::Start, TEXT, Colour::Ink);
            let wide = (WIDTH / cells.len().max(1) as i32).max(5);
            for (x, cell) in (0..).step_by(wide as usize).zip(cells) {
                cell.draw(sheet, (x + 2, y + LINE), wide - 4);
            }
        }
    })
}

impl Histogram {
    fn draw(&self, sheet: &Sheet<'_>, (x, y): (i32, i32), wide: i32) {
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let edge = |bin: usize| x + (wide as usize * bin / self.counts.len()) as i32;
        for (bin, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // The least bin is seen, too.
            let high = (HIGH as f64 * *count as f64 / most as f64).ceil() as i32;
            sheet.fill(
                (edge(bin), y + HIGH - high),
                ((edge(bin + 1) - edge(bin)).max(1), high),
                Colour::Ours,
            );
        }
        sheet.line(&[(x, y + HIGH), (x + wide, y + HIGH)], Colour::Muted);
        sheet.text(&self.name, (x + wide / 2, y + HIGH + LINE / 2), Place::Middle, SMALL, Colour::Muted);
    }
}
