//! The pictures of this notebook: what each shows, from the numbers of the section that draws it.

use ::figures::sheet::{SMALL, TEXT, WIDTH};
use ::figures::{Colour, Drawing, Figure, Line, Picture, Place, image_grid, lines};
use nb03_minibatch_training::Epoch;
use nb03_minibatch_training::ndarray::{Array2, ArrayRef2, ArrayView2};

pub(crate) use ::figures::show;

/// Batches whose mean is one point of the curve: single ones jump up and down.
const MEAN_OF: usize = 10;

/// The loss of each batch of an epoch.
pub(crate) fn loss(losses: &[f32]) -> Figure {
    let mean = |(i, few): (usize, &[f32])| ((i * MEAN_OF) as f64, super::mean_of(few));
    let points: Vec<(f64, f64)> = losses.chunks(MEAN_OF).enumerate().map(mean).collect();
    let ends = [points.first(), points.last()].map(|point| point.map_or(f64::NAN, |p| p.1));
    lines(&[Line::new("", points)], "batch", "cross entropy").describe(
        format!("The loss in the first epoch, each point the mean of {MEAN_OF} batches"),
        format!(
            "A curve that falls steeply in the first hundred batches and then slowly, from {:.2} to {:.2}.",
            ends[0], ends[1]
        ),
    )
}

/// A curve a seed.
pub(crate) fn accuracies<'a>(runs: impl Iterator<Item = &'a [Epoch]>) -> Figure {
    let point = |epoch: &Epoch| (epoch.epoch as f64 + 1.0, epoch.valid.accuracy);
    let curves: Vec<Line> = runs.map(|run| Line::new("", run.iter().map(point))).collect();
    let all = || curves.iter().flat_map(|line| &line.points).map(|p| p.1);
    let (low, high) = (all().fold(1.0, f64::min), all().fold(0.0, f64::max));
    lines(&curves, "epoch", "accuracy").describe(
        format!("Accuracy on the validation set after each epoch, for {} seeds: it rises, and any seed may drop", curves.len()),
        format!("{} curves over five epochs, between {low:.4} and {high:.4}; some fall in one epoch and recover in the next.", curves.len()),
    )
}

/// Digits that were taken for others: `(image, label, answer)`.
pub(crate) fn misclassified(digits: &[(ArrayView2<'_, f32>, u8, usize)]) -> Figure {
    let mut pictures = Vec::new();
    for (image, label, answer) in digits {
        pictures.push(Picture::new(image, format!("{label}, not {answer}")));
    }
    let said: Vec<String> =
        digits.iter().map(|(_, label, answer)| format!("a {label} taken for a {answer}")).collect();
    image_grid(&pictures, 5).describe(
        "Digits of the validation set that the net gets wrong. \"5, not 3\" is a 5 that the net took for a 3",
        format!("{} handwritten digits: {}.", digits.len(), said.join(", ")),
    )
}

/// Labels down, answers to the right.
pub(crate) fn confusion(counts: &Array2<u32>) -> Figure {
    const CELL: i32 = 36;
    const LEFT: i32 = WIDTH - 10 * CELL - 4;
    let most = counts.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let drawing = Drawing::new(11 * CELL + 4, |sheet| {
        sheet.text("label", (0, CELL / 2), Place::Start, SMALL, Colour::Muted);
        for digit in 0..10 {
            let (text, at) = (digit.to_string(), CELL * digit + CELL / 2);
            sheet.text(&text, (LEFT + at, CELL / 2), Place::Middle, TEXT, Colour::Muted);
            sheet.text(&text, (LEFT - 14, CELL + at), Place::Middle, TEXT, Colour::Muted);
        }
        for ((label, answer), &n) in counts.indexed_iter() {
            let (x, y) = (LEFT + answer as i32 * CELL, CELL + label as i32 * CELL);
            if label == answer {
                sheet.fill((x, y), (CELL, CELL), Colour::Box);
            } else {
                sheet.shade((x, y), (CELL, CELL), Colour::Course, 0.6 * f64::from(n) / f64::from(most));
            }
            sheet.frame((x, y), (CELL, CELL), Colour::Grid);
            if n > 0 {
                sheet.text(&n.to_string(), (x + CELL / 2, y + CELL / 2), Place::Middle, SMALL, Colour::Ink);
            }
        }
    });
    let mut worst: Vec<((usize, usize), u32)> =
        counts.indexed_iter().filter(|((i, j), _)| i != j).map(|(at, n)| (at, *n)).collect();
    worst.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let said: Vec<String> = worst
        .iter()
        .take(3)
        .map(|((label, answer), n)| format!("{n} times a {label} for a {answer}"))
        .collect();
    drawing.describe(
        "The confusion matrix: a row a label, a column an answer, the right ones on the diagonal",
        format!(
            "A table of ten by ten counts, large on the diagonal. The most frequent mistakes: {}.",
            said.join(", ")
        ),
    )
}

/// The weights of some hidden units, one for each pixel; `(784, nh)`.
pub(crate) fn first_layer(weight: &ArrayRef2<f32>) -> Figure {
    let units: Vec<Array2<f32>> = weight
        .columns()
        .into_iter()
        .take(6)
        .map(|unit| Array2::from_shape_fn((28, 28), |(y, x)| unit[y * 28 + x]))
        .collect();
    let pictures: Vec<Picture<'_>> =
        units.iter().enumerate().map(|(i, unit)| Picture::new(unit, format!("unit {i}"))).collect();
    image_grid(&pictures, 3).describe(
        "The first layer's weights, one picture for each hidden unit: orange pixels excite it, blue ones calm it",
        "Six squares of 28 by 28 weights: blots and strokes of both colours in the middle, and faint noise along the rim, where no image has ink.",
    )
}
