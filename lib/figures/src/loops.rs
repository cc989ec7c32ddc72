//! Loops inside loops: what an einsum stands for.

use crate::sheet::{SMALL, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};

/// One loop of [`loop_nest`].
///
/// ```
/// let k = figures::Loop { index: "k".into(), size: 784, summed: true };
/// assert_eq!(k.to_string(), "for k in 0..784");
/// ```
#[derive(Clone, Debug)]
pub struct Loop {
    /// Its letter.
    pub index: String,
    /// How often it runs.
    pub size: usize,
    /// Whether the result has no such index, so that the loop adds up.
    pub summed: bool,
}

impl std::fmt::Display for Loop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "for {} in 0..{}", self.index, self.size)
    }
}

/// The space between a box and the one inside it, unless there are too many.
const INSET: i32 = 12;
/// The height of a line.
const LINE: i32 = 32;

/// The loops as boxes, the outermost first, and `body` in the innermost.
///
/// ```
/// use figures::{Loop, loop_nest};
///
/// let loops = [("i", 5, false), ("j", 10, false), ("k", 784, true)];
/// let loops = loops.map(|(index, size, summed)| Loop { index: index.into(), size, summed });
/// let svg = loop_nest(&loops, "c[i, j] += a[i, k] * b[k, j]").describe("ik,kj->ij", "Three loops.").svg("nest");
/// assert!(svg.contains("for k in 0..784"));
/// ```
pub fn loop_nest(loops: &[Loop], body: &str) -> Drawing {
    let depth = loops.len() as i32;
    let inset = INSET.min(WIDTH / 4 / depth.max(1));
    let height = depth * (LINE + inset) + LINE + 2;
    Drawing::new(height, |sheet| {
        for (level, one) in (0..).zip(loops) {
            let (x, y) = (1 + level * inset, 1 + level * LINE);
            let (w, h) = (WIDTH - 2 - 2 * level * inset, height - 2 - level * (LINE + inset));
            let (ground, outline, role) = if one.summed {
                (Colour::Stretch, Colour::Course, "summed")
            } else {
                (Colour::Box, Colour::Ours, "in the result")
            };
            sheet.fill((x, y), (w, h), ground);
            sheet.frame((x, y), (w, h), outline);
            sheet.text(&one.to_string(), (x + inset, y + LINE / 2), Place::Start, TEXT, Colour::Ink);
            sheet.text(role, (x + w - inset, y + LINE / 2), Place::End, SMALL, Colour::Muted);
        }
        sheet.text(body, (1 + (depth + 1) * inset, depth * LINE + LINE / 2), Place::Start, TEXT, Colour::Ink);
    })
}
