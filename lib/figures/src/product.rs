//! Row times column: a matrix product, one number of the result after the other.

use crate::sheet::{SMALL, Sheet, TEXT, WIDTH};
use crate::{Colour, Drawing, Place};
use ndarray::{ArrayRef1, ArrayRef2};

/// The side of a box, and the space for a sign between two matrices.
const SIDE: i32 = 40;
const SIGN: i32 = 34;
/// The space for a name above, and for the sum below.
const LABEL: i32 = 26;
/// How long a step is seen, in seconds.
const SECONDS: usize = 2;

/// `a`, `b` and their product as boxes. For each number of the result its row of `a` and its column of `b` are lit, and
/// the sum is written below, step by step and without a script. The picture is still while the pointer is on it, and it
/// shows the first step alone to readers who prefer reduced motion.
///
/// # Panics
/// If `a.ncols() != b.nrows()`, or if the three do not fit beside each other.
///
/// ```
/// use figures::row_times_column;
/// use ndarray::array;
///
/// let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[10.0], [20.0]]);
/// let svg = row_times_column(&a, &b).describe("Row times column", "Two steps.").svg("product");
/// assert!(svg.contains("1·10 + 2·20 = 50") && svg.contains("3·10 + 4·20 = 110"));
/// ```
#[track_caller]
pub fn row_times_column(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Drawing {
    assert!(a.ncols() == b.nrows(), "row_times_column: {:?} and {:?} have no product", a.dim(), b.dim());
    let product = a.dot(b);
    let columns = (a.ncols() + b.ncols() + product.ncols()) as i32;
    let rows = a.nrows().max(b.nrows()) as i32;
    let width = columns * SIDE + 2 * SIGN;
    assert!(width < WIDTH, "row_times_column: {columns} columns do not fit beside each other");
    let left = (WIDTH - width) / 2;
    let places = [
        left,
        left + a.ncols() as i32 * SIDE + SIGN,
        left + (a.ncols() + b.ncols()) as i32 * SIDE + 2 * SIGN,
    ];
    let drawing = Drawing::new(LABEL + rows * SIDE + LABEL + 4, |sheet| {
        for ((matrix, name), x) in [(a, "a"), (b, "b"), (&product, "a @ b")].into_iter().zip(places) {
            draw(sheet, matrix, name, x);
        }
        for (sign, x) in [("@", places[1]), ("=", places[2])] {
            let at = (x - SIGN / 2, LABEL + rows * SIDE / 2);
            sheet.text(sign, at, Place::Middle, TEXT, Colour::Ink);
        }
    });
    let steps: String = product.indexed_iter().map(|(at, _)| step(a, b, at, places, rows)).collect();
    drawing.over(&format!("<style>{}</style>\n{steps}", motion(product.len())))
}

fn draw(sheet: &Sheet<'_>, matrix: &ArrayRef2<f32>, name: &str, x: i32) {
    let middle = x + matrix.ncols() as i32 * SIDE / 2;
    sheet.text(name, (middle, LABEL - 12), Place::Middle, TEXT, Colour::Ink);
    for ((i, j), number) in matrix.indexed_iter() {
        let at = (x + j as i32 * SIDE, LABEL + i as i32 * SIDE);
        sheet.fill(at, (SIDE, SIDE), Colour::Box);
        sheet.frame(at, (SIDE, SIDE), Colour::Grid);
        let middle = (at.0 + SIDE / 2, at.1 + SIDE / 2);
        sheet.text(&number.to_string(), middle, Place::Middle, SMALL, Colour::Ink);
    }
}

/// One number of the result: frames around its row, its column and itself, and the sum.
fn step(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>, (i, j): (usize, usize), x: [i32; 3], rows: i32) -> String {
    let at = i * b.ncols() + j;
    let (down, across) = (LABEL + i as i32 * SIDE, |x: i32| x + j as i32 * SIDE);
    let frames = [
        frame((x[0], down), (a.ncols() as i32 * SIDE, SIDE), Colour::Ours),
        frame((across(x[1]), LABEL), (SIDE, b.nrows() as i32 * SIDE), Colour::Course),
        frame((across(x[2]), down), (SIDE, SIDE), Colour::Third),
    ];
    let sum = sum(&a.row(i), &b.column(j));
    let middle = (WIDTH / 2, LABEL + rows * SIDE + LABEL / 2 + 2);
    format!(
        "<g class=\"step\" style=\"animation-delay:{}s\">\n{}<text x=\"{}\" y=\"{}\" dy=\"0.35em\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"{TEXT}\" fill=\"{}\">{sum}</text>\n</g>\n",
        at * SECONDS,
        frames.concat(),
        middle.0,
        middle.1,
        Colour::Ink.css()
    )
}

fn frame((x, y): (i32, i32), (w, h): (i32, i32), colour: Colour) -> String {
    let colour = colour.css();
    format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"4\"/>\n"
    )
}

/// `1·10 + 2·20 = 50`
fn sum(row: &ArrayRef1<f32>, column: &ArrayRef1<f32>) -> String {
    let products: Vec<String> = row.iter().zip(column).map(|(a, b)| format!("{a}·{b}")).collect();
    format!("{} = {}", products.join(" + "), row.dot(column))
}

/// Each step is seen for its share of the time, one after the other.
fn motion(steps: usize) -> String {
    let (share, seconds) = (100.0 / steps.max(1) as f64, steps * SECONDS);
    format!(
        "svg .step:not(:first-of-type){{opacity:0}}\
         @keyframes fig-step{{0%,{share}%{{opacity:1}}{:.3}%,100%{{opacity:0}}}}\
         @media (prefers-reduced-motion:no-preference){{svg .step{{opacity:0;animation:fig-step {seconds}s infinite}}\
         svg:hover .step{{animation-play-state:paused}}}}",
        (share + 0.001).min(100.0)
    )
}
