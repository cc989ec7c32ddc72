//! The pictures of this notebook: what each shows, from the numbers of the section that draws it.
//!
//! `NB_FIGURES=folder cargo test -p nb01_matmul --test lesson` writes them; how they look is `::figures`' business.

mod broadcasting;

use ::figures::{Figure, Loop, Picture, Row, image_grid, log_bars, loop_nest, row_times_column};
use nb01_matmul::ndarray::{ArrayRef2, ArrayView2};
use nb01_matmul::{Mnist, ladder, timing::human};

pub(crate) use ::figures::show;
pub(crate) use broadcasting::{broadcast, no_broadcast};

/// The first training images, four in a row.
pub(crate) fn digits(images: &[ArrayView2<'_, f32>], data: &Mnist) -> Figure {
    let labels: Vec<String> = data.y_train.iter().take(images.len()).map(u8::to_string).collect();
    let named = images.iter().zip(&labels);
    let pictures: Vec<Picture<'_>> = named.map(|(image, label)| Picture::new(image, label)).collect();
    image_grid(&pictures, 4).describe(
        format!("The first {} training images, 28 × 28 pixels each, and their labels", images.len()),
        format!("Digits in rows of four. Their labels: {}.", labels.join(", ")),
    )
}

/// A product, one number of the result after the other.
pub(crate) fn product(a: &ArrayRef2<f32>, b: &ArrayRef2<f32>) -> Figure {
    let (m, n) = (a.nrows(), b.ncols());
    row_times_column(a, b).describe(
        format!("Row times column: each of the {m} · {n} numbers is a row of a, multiplied with a column of b and added up"),
        format!("Two matrices and their product. {} steps, each with a frame around a row of a, a column of b and the number that they give, and the sum written out.", m * n),
    )
}

/// The loops that einsum's own explanation names, and which of them add up.
pub(crate) fn loops(subscripts: &str, explained: &str) -> Figure {
    let body = explained.lines().find(|line| line.contains("+=")).expect("something is added up").trim();
    let body = body.trim_end_matches(';');
    let result = body.split("+=").next().unwrap_or_default();
    let one = |line: &str| {
        let (index, rest) = line.trim().strip_prefix("for ")?.split_once(" in 0..")?;
        let size = rest.trim_end_matches(" {").parse().ok()?;
        Some(Loop { index: index.into(), size, summed: !result.contains(index) })
    };
    let loops: Vec<Loop> = explained.lines().filter_map(one).collect();
    let said: Vec<String> = loops.iter().map(Loop::to_string).collect();
    let times: usize = loops.iter().map(|one| one.size).product();
    loop_nest(&loops, body).describe(
        format!("The loops that einsum(\"{subscripts}\") stands for; the innermost line runs {times} times"),
        format!("Boxes in boxes, from the outside: {}. In the innermost: {body}.", said.join(", ")),
    )
}

/// Every rung's time beside the course's.
pub(crate) fn ladder(table: &ladder::Table) -> Figure {
    let row = |row: &ladder::Row| Row::new(row.rung.name, [Some(row.timing.min), row.rung.course]);
    let rows: Vec<Row> = table.rows.iter().map(row).collect();
    let said = |row: &Row| {
        let course = row.values[1].map(|course| format!(" (the course: {})", human(course)));
        format!("{} {}{}", row.name, row.values[0].map(human).unwrap_or_default(), course.unwrap_or_default())
    };
    let said: Vec<String> = rows.iter().map(said).collect();
    let (m, k, n) = table.sizes;
    log_bars(["ours (Rust)", "the course (Python)"], &rows, human).describe(
        format!("The ladder: time of one product ({m}, {k}) @ ({k}, {n}); each line of the axis is ten times the one before"),
        format!("Horizontal bars on a logarithmic axis, shorter is faster: {}.", said.join("; ")),
    )
}
