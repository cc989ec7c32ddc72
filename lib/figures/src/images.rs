//! Small images: digits, and what has a sign.

use crate::sheet::{Sheet, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};
use ndarray::{ArrayRef2, ArrayView2};

/// One image of [`image_grid`], `(h, w)`, and what is written below it.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    pixels: ArrayView2<'a, f32>,
    name: String,
}

impl<'a> Picture<'a> {
    /// An image and its name.
    ///
    /// ```
    /// use figures::Picture;
    /// use ndarray::Array2;
    ///
    /// let pixels = Array2::<f32>::zeros((28, 28));
    /// let picture = Picture::new(&pixels, "nothing");
    /// ```
    pub fn new(pixels: &'a ArrayRef2<f32>, name: impl Into<String>) -> Picture<'a> {
        Picture { pixels: pixels.view(), name: name.into() }
    }
}

/// What the text below an image needs.
const LABEL: i32 = 34;

/// Images beside and below each other, `columns` in a row. Ink says how much: an image's largest pixel, by its
/// absolute value, is drawn at full strength, and 0 not at all.
///
/// In an image with negative pixels, positive ones are [`Colour::Course`] and negative ones [`Colour::Ours`]; else all
/// are ink.
/// Pixels that are NaN stay empty, and infinite ones are at full strength.
///
/// # Panics
/// At the caller's line if `columns` is 0, or if an image has more pixels in a row than there is room for.
///
/// ```
/// use figures::{Picture, image_grid};
/// use ndarray::array;
///
/// let pixels = array![[0.0, 1.0], [0.5, 0.0]];
/// let svg = image_grid(&[Picture::new(&pixels, "two pixels")], 1).describe("An image", "Two pixels.").svg("image");
/// assert_eq!(svg.matches("<rect").count(), 3); // a frame, and two of the four pixels
/// ```
#[track_caller]
pub fn image_grid(pictures: &[Picture<'_>], columns: usize) -> Drawing {
    assert!(columns > 0, "image_grid: there has to be a column");
    let (h, w) = pictures.iter().fold((1, 1), |(h, w), p| (h.max(p.pixels.nrows()), w.max(p.pixels.ncols())));
    let cell = WIDTH / i32::try_from(columns).unwrap_or(i32::MAX);
    let pixel = ((cell - 8) / w as i32).min(9);
    assert!(
        pixel > 0,
        "image_grid: {columns} images of {w} columns do not fit beside each other: take fewer columns"
    );
    let (w, h) = (pixel * w as i32, pixel * h as i32);
    let rows = pictures.len().div_ceil(columns) as i32;
    let line = h + LABEL;
    Drawing::new((rows * line).max(1), |sheet| {
        for (i, picture) in pictures.iter().enumerate() {
            let (x, y) = ((i % columns) as i32 * cell + (cell - w) / 2, (i / columns) as i32 * line + 1);
            sheet.frame((x - 1, y - 1), (w + 2, h + 2), Colour::Grid);
            picture.draw(sheet, (x, y), pixel);
            sheet.text(&picture.name, (x + w / 2, y + h + 14), Place::Middle, TEXT, Colour::Ink);
        }
    })
}

impl Picture<'_> {
    fn draw(&self, sheet: &Sheet<'_>, (x, y): (i32, i32), pixel: i32) {
        let ink = Ink::of(self.pixels);
        for (y, row) in (y..).step_by(pixel as usize).zip(self.pixels.rows()) {
            for run in ink.runs(row.iter().copied()).iter().filter(|run| run.steps != 0) {
                let (at, size) = ((x + run.start * pixel, y), (run.length * pixel, pixel));
                sheet.shade(at, size, ink.colour(run.steps), ink.strength(run.steps));
            }
        }
    }
}

/// How strong the ink is, in steps that the eye can just tell apart: neighbours of equal strength are one rectangle.
struct Ink {
    largest: f32,
    signed: bool,
}

const STEPS: f32 = 16.0;

/// Neighbours in a row.
struct Run {
    start: i32,
    length: i32,
    steps: i32,
}

impl Ink {
    fn of(pixels: ArrayView2<'_, f32>) -> Ink {
        let finite = pixels.iter().filter(|x| x.is_finite());
        Ink {
            largest: finite.fold(0.0, |most, x| most.max(x.abs())),
            signed: pixels.iter().any(|x| *x < 0.0),
        }
    }

    fn runs(&self, row: impl Iterator<Item = f32>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (start, steps) in (0..).zip(row.map(|x| self.steps(x))) {
            match runs.last_mut() {
                Some(run) if run.steps == steps => run.length += 1,
                _ => runs.push(Run { start, length: 1, steps }),
            }
        }
        runs
    }

    fn steps(&self, pixel: f32) -> i32 {
        // NaN becomes 0, and 0/0 is NaN.
        (pixel / self.largest * STEPS).round().clamp(-STEPS, STEPS) as i32
    }

    fn strength(&self, steps: i32) -> f64 {
        f64::from(steps.unsigned_abs()) / f64::from(STEPS)
    }

    fn colour(&self, steps: i32) -> Colour {
        match (self.signed, steps > 0) {
            (false, _) => Colour::Ink,
            (true, true) => Colour::Course,
            (true, false) => Colour::Ours,
        }
    }
}
