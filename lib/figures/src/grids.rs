//! Arrays as grids of boxes: what broadcasting does.

use crate::sheet::{SMALL, Sheet, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};
use ndarray::{Array2, ArrayRef2};

/// An array for [`grids`], with a name above it and its shape below.
#[derive(Clone, Debug)]
pub struct Grid {
    cells: Array2<Cell>,
    name: String,
    shape: String,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    /// A number with memory behind it.
    Own(f32),
    /// The same memory again: an axis of stride 0 leads here.
    Stretched(f32),
    /// Where a number would have to be.
    Missing,
}

impl Grid {
    /// An array `(rows, columns)`. What broadcasting stretched is seen by its strides: give it the stretched view.
    ///
    /// ```
    /// use figures::Grid;
    /// use ndarray::array;
    ///
    /// let c = array![10.0_f32, 20.0, 30.0];
    /// let grid = Grid::new(&c.broadcast((3, 3)).unwrap(), "c", "(3) → (3, 3)");
    /// assert_eq!((grid.own(), grid.stretched()), (3, 6));
    /// ```
    pub fn new(numbers: &ArrayRef2<f32>, name: &str, shape: &str) -> Grid {
        let strides = numbers.strides();
        let again = |(i, j): (usize, usize)| (i > 0 && strides[0] == 0) || (j > 0 && strides[1] == 0);
        let cell = |at| if again(at) { Cell::Stretched(numbers[at]) } else { Cell::Own(numbers[at]) };
        Grid { cells: Array2::from_shape_fn(numbers.dim(), cell), name: name.into(), shape: shape.into() }
    }

    /// The same, with places for the numbers that are missing to make it so many columns.
    ///
    /// ```
    /// use figures::Grid;
    /// use ndarray::array;
    ///
    /// assert_eq!(Grid::new(&array![[10.0, 20.0]], "c", "(2)").missing(3).own(), 2);
    /// ```
    pub fn missing(mut self, columns: usize) -> Grid {
        let cells = self.cells;
        let cell = |at| cells.get(at).copied().unwrap_or(Cell::Missing);
        self.cells = Array2::from_shape_fn((cells.nrows(), columns.max(cells.ncols())), cell);
        self
    }

    /// How many numbers have memory of their own.
    pub fn own(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Cell::Own(_))).count()
    }

    /// How many are only stretched.
    pub fn stretched(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Cell::Stretched(_))).count()
    }
}

/// The place of a sign between two grids.
const SIGN: i32 = 30;
/// The space above and below a grid, for its name and its shape.
const LABEL: i32 = 26;

/// Grids beside each other with signs after them: `a + b =` and the result, or, after the last, why there is none.
///
/// ```
/// use figures::{Grid, grids};
/// use ndarray::{Array2, array};
///
/// let (m, two) = (array![[1.0, 2.0]], Array2::from_elem((1, 1), 2.0_f32));
/// let product = Grid::new(&(&m * 2.0), "", "(1, 2)");
/// let parts = [Grid::new(&two.broadcast((1, 2)).unwrap(), "2", "()"), Grid::new(&m, "m", "(1, 2)"), product];
/// let svg = grids(&parts, &["·", "="]).describe("Twice", "2 times [1, 2] is [2, 4].").svg("twice");
/// assert!(svg.contains("var(--fig-stretch"));
/// ```
pub fn grids(parts: &[Grid], signs: &[&str]) -> Drawing {
    let (rows, columns) = parts.iter().fold((1, 0), |(rows, columns), part| {
        (rows.max(part.cells.nrows() as i32), columns + part.cells.ncols() as i32)
    });
    let between = SIGN * parts.len().saturating_sub(1) as i32;
    let side = ((WIDTH - 2 - between) / columns.max(1)).clamp(1, 40);
    let last = signs.get(parts.len().saturating_sub(1)).filter(|_| !parts.is_empty());
    let height = LABEL + rows * side + LABEL + if last.is_some() { LABEL } else { 0 };
    Drawing::new(height, |sheet| {
        let mut x = (WIDTH - columns * side - between) / 2;
        for (part, sign) in parts.iter().zip(signs.iter().take(parts.len().max(1) - 1).chain(&[""])) {
            part.draw(sheet, x, LABEL, side);
            x += part.cells.ncols() as i32 * side;
            sheet.text(sign, (x + SIGN / 2, LABEL + rows * side / 2), Place::Middle, 20.0, Colour::Ink);
            x += SIGN;
        }
        if let Some(why) = last {
            sheet.text(why, (WIDTH / 2, height - LABEL / 2), Place::Middle, TEXT, Colour::Wrong);
        }
    })
}

impl Grid {
    fn draw(&self, sheet: &Sheet<'_>, x: i32, y: i32, side: i32) {
        let (rows, columns) = (self.cells.nrows() as i32, self.cells.ncols() as i32);
        let middle = x + columns * side / 2;
        sheet.text(&self.name, (middle, y - 12), Place::Middle, TEXT, Colour::Ink);
        sheet.text(&self.shape, (middle, y + rows * side + 13), Place::Middle, SMALL, Colour::Muted);
        // The stretched ones first, so that the outline of what is really there is whole.
        for own in [false, true] {
            for ((i, j), cell) in
                self.cells.indexed_iter().filter(|(_, cell)| matches!(cell, Cell::Own(_)) == own)
            {
                cell.draw(sheet, (x + j as i32 * side, y + i as i32 * side), side);
            }
        }
    }
}

impl Cell {
    fn draw(self, sheet: &Sheet<'_>, (x, y): (i32, i32), side: i32) {
        let (number, ground, outline, ink) = match self {
            Cell::Own(number) => (short(number), Some(Colour::Box), Colour::Ours, Colour::Ink),
            Cell::Stretched(number) => (short(number), Some(Colour::Stretch), Colour::Grid, Colour::Ink),
            Cell::Missing => ("?".into(), None, Colour::Wrong, Colour::Wrong),
        };
        if let Some(ground) = ground {
            sheet.fill((x, y), (side, side), ground);
        }
        sheet.frame((x, y), (side, side), outline);
        sheet.text(&number, (x + side / 2, y + side / 2), Place::Middle, SMALL, ink);
    }
}

/// As much of a number as fits into a box.
fn short(number: f32) -> String {
    let fits = |text: &String| text.chars().count() <= 5;
    let texts = [number.to_string(), format!("{number:.2}"), format!("{number:.0e}")];
    texts.into_iter().find(fits).unwrap_or_else(|| "…".into())
}
