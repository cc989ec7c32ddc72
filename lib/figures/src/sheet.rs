//! The paper: rectangles, lines and text in one system of coordinates, which is 440 wide.
//!
//! On a phone it is shown about 360 pixels wide, so [`TEXT`] is 12 pixels there.

use crate::Colour;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// How wide every picture is.
pub const WIDTH: i32 = 440;
/// The size of plain text.
pub const TEXT: f64 = 15.0;
/// The size of axis text and of numbers in boxes: nothing is smaller.
pub const SMALL: f64 = 13.0;

/// What is drawn on; made by [`Drawing::new`](crate::Drawing::new).
pub struct Sheet<'a> {
    /// The plotting library's own area, for its charts.
    pub area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Where a text is, seen from the point that it is given: it begins there, has its middle there, or ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The text begins at the point.
    Start,
    /// The point is the text's middle.
    Middle,
    /// The text ends at the point.
    End,
}

/// Drawing goes to memory.
const IN_MEMORY: &str = "a string takes all that is written to it";

impl Sheet<'_> {
    /// A filled rectangle from `(x, y)`, `w` wide and `h` high.
    pub fn fill(&self, (x, y): (i32, i32), (w, h): (i32, i32), colour: Colour) {
        self.shade((x, y), (w, h), colour, 1.0);
    }

    /// A filled rectangle through which the paper shows: `strength` goes from 0 to 1.
    pub fn shade(&self, (x, y): (i32, i32), (w, h): (i32, i32), colour: Colour, strength: f64) {
        let style = colour.fallback().mix(strength).filled();
        self.area.draw(&Rectangle::new([(x, y), (x + w, y + h)], style)).expect(IN_MEMORY);
    }

    /// The outline of a rectangle.
    pub fn frame(&self, (x, y): (i32, i32), (w, h): (i32, i32), colour: Colour) {
        self.area.draw(&Rectangle::new([(x, y), (x + w, y + h)], colour.fallback())).expect(IN_MEMORY);
    }

    /// A line through the points.
    pub fn line(&self, points: &[(i32, i32)], colour: Colour) {
        self.area.draw(&PathElement::new(points.to_vec(), colour.fallback())).expect(IN_MEMORY);
    }

    /// A dot with its middle at a point, through which the paper shows: `strength` goes from 0 to 1.
    pub fn dot(&self, at: (i32, i32), radius: i32, colour: Colour, strength: f64) {
        let style = colour.fallback().mix(strength).filled();
        self.area.draw(&Circle::new(at, radius, style)).expect(IN_MEMORY);
    }

    /// A vertical arrow from `y` to `to`.
    pub fn arrow(&self, x: i32, y: i32, to: i32, colour: Colour) {
        const HEAD: i32 = 5;
        let neck = to - 2 * HEAD * (to - y).signum();
        self.fill((x - 1, y.min(neck)), (2, (neck - y).abs()), colour);
        let head = vec![(x - HEAD, neck), (x + HEAD, neck), (x, to)];
        self.area.draw(&Polygon::new(head, colour.fallback().filled())).expect(IN_MEMORY);
    }

    /// A short text, `size` high, whose middle height is at `y`.
    pub fn text(&self, text: &str, at: (i32, i32), place: Place, size: f64, colour: Colour) {
        let h_pos = match place {
            Place::Start => HPos::Left,
            Place::Middle => HPos::Center,
            Place::End => HPos::Right,
        };
        self.area
            .draw_text(text, &style(size, colour).pos(Pos::new(h_pos, VPos::Center)), at)
            .expect(IN_MEMORY);
    }
}

/// The library's text style, whose sizes are larger than what it writes.
pub(crate) fn style(size: f64, colour: Colour) -> TextStyle<'static> {
    const ITS_POINTS: f64 = 1.24;
    ("sans-serif", size * ITS_POINTS).into_font().color(&colour.fallback())
}

/// How wide a text is at most: each letter as in the wider of DejaVu Sans and Verdana. `sans-serif` is one of those on
/// many a machine, and margins made for Arial would cut their labels.
///
/// ```
/// use figures::sheet::{TEXT, text_width};
///
/// assert!(text_width("ours", TEXT) < text_width("the course", TEXT));
/// ```
pub fn text_width(text: &str, size: f64) -> i32 {
    (size * text.chars().map(width_of).sum::<f64>()).ceil() as i32
}

/// In parts of the font's size.
fn width_of(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | ' ' | '.' | ',' | '\'' => 0.37,
        'f' | 'r' | 't' | 'I' | ':' | ';' | '!' | '|' | '(' | ')' | '[' | ']' | '/' | '-' => 0.46,
        'm' | 'M' | 'W' | '@' | '…' => 1.0,
        '%' => 1.08,
        'a'..='v' | 'x'..='z' | '0'..='9' | '_' | '*' | '"' | '·' | 'µ' | '²' | '‖' => 0.64,
        'A'..='Z' => 0.79,
        _ => 0.84,
    }
}
