//! A net as a strip of boxes: down goes the forward pass, and up comes the backward pass.

use crate::sheet::{SMALL, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};

/// A value on the way: a box.
///
/// ```
/// let out = figures::Stop { name: "out".into(), shape: "(50000, 1)".into(), value: 201.0, gradient: 0.05 };
/// assert!(out.gradient < out.value);
/// ```
#[derive(Clone, Debug)]
pub struct Stop {
    /// What it is called.
    pub name: String,
    /// Its shape, and its gradient's.
    pub shape: String,
    /// Its norm.
    pub value: f64,
    /// The norm of the loss's gradient with respect to it.
    pub gradient: f64,
}

/// What leads from one value to the next, and what comes back: an arrow in each direction.
///
/// ```
/// let lin2 = figures::Step { forward: "lin2".into(), backward: "‖w2.g‖ 12.3".into() };
/// assert_eq!(lin2.forward, "lin2");
/// ```
#[derive(Clone, Debug)]
pub struct Step {
    /// What the forward pass does here.
    pub forward: String,
    /// What the backward pass leaves here.
    pub backward: String,
}

/// The height of a box, and of what is between two.
const BOX: i32 = 54;
const BETWEEN: i32 = 58;
/// How far from the edges the arrows are.
const EDGE: i32 = 18;

/// Boxes from the input, above, to the loss, below; `steps` are between them.
///
/// ```
/// use figures::{Step, Stop, strip};
///
/// let stop = |name: &str, value, gradient| Stop { name: name.into(), shape: "(2)".into(), value, gradient };
/// let step = Step { forward: "square it".into(), backward: "times 2x".into() };
/// let svg = strip(&[stop("x", 3.0, 6.0), stop("y", 9.0, 1.0)], &[step])
///     .describe("y = x²", "x is 3 and its gradient 6.")
///     .svg("square");
/// assert!(svg.contains("square it") && svg.contains("‖x.g‖ = 6.00"));
/// ```
pub fn strip(stops: &[Stop], steps: &[Step]) -> Drawing {
    let height = (stops.len() as i32 * (BOX + BETWEEN) - BETWEEN + 2).max(1);
    Drawing::new(height, |sheet| {
        for (y, stop) in (1..).step_by((BOX + BETWEEN) as usize).zip(stops) {
            let (upper, lower) = (y + BOX / 4 + 2, y + 3 * BOX / 4 - 2);
            sheet.fill((1, y), (WIDTH - 2, BOX), Colour::Box);
            sheet.frame((1, y), (WIDTH - 2, BOX), Colour::Ours);
            let Stop { name, shape, .. } = stop;
            sheet.text(name, (12, upper), Place::Start, TEXT, Colour::Ink);
            sheet.text(shape, (WIDTH - 12, upper), Place::End, TEXT, Colour::Ink);
            let value = format!("‖{name}‖ = {}", norm(stop.value));
            sheet.text(&value, (12, lower), Place::Start, SMALL, Colour::Muted);
            let gradient = format!("‖{name}.g‖ = {}", norm(stop.gradient));
            sheet.text(&gradient, (WIDTH - 12, lower), Place::End, SMALL, Colour::Muted);
        }
        for (y, step) in
            (1 + BOX..).step_by((BOX + BETWEEN) as usize).zip(steps.iter().take(stops.len().max(1) - 1))
        {
            sheet.arrow(EDGE, y + 4, y + BETWEEN - 4, Colour::Ours);
            sheet.arrow(WIDTH - EDGE, y + BETWEEN - 4, y + 4, Colour::Course);
            sheet.text(&step.forward, (EDGE + 14, y + BETWEEN / 4 + 3), Place::Start, TEXT, Colour::Ink);
            let at = (WIDTH - EDGE - 14, y + 3 * BETWEEN / 4 - 3);
            sheet.text(&step.backward, at, Place::End, TEXT, Colour::Ink);
        }
    })
}

/// Three digits: `0.0523`, `12.3`, `4.52e-5`.
///
/// ```
/// assert_eq!([5.23e-2, 12.34, 0.0000452, 0.0].map(figures::strip::norm), ["0.0523", "12.3", "4.52e-5", "0"]);
/// ```
pub fn norm(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{number:.2e}"),
        size => {
            let digits = 2 - size.log10().floor() as i32;
            format!("{number:.*}", usize::try_from(digits).unwrap_or(0))
        }
    }
}
