//! The pictures of this notebook: what each shows, from the numbers of the section that draws it.
//!
//! `NB_FIGURES=folder cargo test -p nb01_matmul --test lesson` writes them; how they look is `nb_figures`' business.

use nb_figures::{Figure, Picture, Row, image_grid, log_bars};
use nb01_matmul::{Mnist, ladder, timing::human};
use std::time::Duration;

pub(crate) use nb_figures::show;

/// Ten images in two rows.
pub(crate) fn first_digits(data: &Mnist) -> Figure {
    let n = data.y_train.len().min(10);
    let images: Vec<_> = (0..n).map(|i| data.image(i)).collect();
    let labels: Vec<String> = data.y_train.iter().take(n).map(u8::to_string).collect();
    let pictures: Vec<Picture<'_>> =
        images.iter().zip(&labels).map(|(image, label)| Picture::new(image, label)).collect();
    image_grid(&pictures, 5).describe(
        "The first ten training images, 28 by 28 pixels each, and their labels",
        format!("Ten handwritten digits in two rows of five. Their labels: {}.", labels.join(", ")),
    )
}

/// Every rung's time beside the course's.
pub(crate) fn ladder(table: &ladder::Table) -> Figure {
    let seconds = |row: &ladder::Row| row.timing.min.as_secs_f64();
    let rows: Vec<Row> =
        table.rows.iter().map(|row| Row::new(row.rung.name, [Some(seconds(row)), row.rung.course])).collect();
    let shown = |seconds: f64| human(Duration::from_secs_f64(seconds));
    let said = |row: &Row| {
        let course = row.values[1].map(|course| format!(" (the course: {})", shown(course)));
        format!("{} {}{}", row.name, shown(row.values[0].unwrap_or_default()), course.unwrap_or_default())
    };
    let said: Vec<String> = rows.iter().map(said).collect();
    let (m, k, n) = table.sizes;
    log_bars(["ours (Rust)", "the course (Python)"], &rows, shown).describe(
        format!("The ladder: time of one product ({m}, {k}) · ({k}, {n}). Each line of the axis is ten times the one before"),
        format!("Horizontal bars on a logarithmic axis, shorter is faster: {}.", said.join("; ")),
    )
}
