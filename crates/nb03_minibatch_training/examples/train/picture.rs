//! A picture as MNIST would have it.
//!
//! MNIST's digits are light on dark, as numbers from 0 (paper) to 0.996 (ink); they were scaled into 20 by 20 pixels, and put into
//! 28 by 28 with their centre of mass in the middle. A net that has seen nothing else recognises nothing else.

use crate::Failed;
use nb03_minibatch_training::data::SIDE;
use nb03_minibatch_training::ndarray::{Array2, ArrayView2, s};
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

/// The side of the square that the ink is fitted into.
const INK: usize = 20;

/// Memory that a picture may take, unpacked.
const MOST_BYTES: usize = 256 << 20;

/// What is lighter than this share of the darkest ink counts as paper.
const PAPER: f32 = 0.1;

pub(crate) fn read(file: &Path) -> Result<Array2<f32>, Failed> {
    let wrong = |what: &str| Failed { message: format!("{}: {what}", file.display()), code: 1 };
    let grey = grey(file).map_err(|error| wrong(&error.to_string()))?;
    let ink = if is_light(&grey) { grey.mapv(|x| 1.0 - x) } else { grey };
    let ink = ink.mapv(|x| x * 255.0 / 256.0);
    if ink.dim() == (SIDE, SIDE) {
        return Ok(ink);
    }
    fitted(&ink).ok_or_else(|| wrong("there is no ink in it"))
}

/// From 0 (black) to 1 (white); what is transparent is white.
fn grey(file: &Path) -> Result<Array2<f32>, png::DecodingError> {
    let mut decoder =
        png::Decoder::new_with_limits(BufReader::new(File::open(file)?), png::Limits { bytes: MOST_BYTES });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let size = reader
        .output_buffer_size()
        .filter(|size| *size <= MOST_BYTES)
        .ok_or(png::DecodingError::LimitsExceeded)?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes)?;
    let samples = frame.color_type.samples();
    let (h, w) = (frame.height as usize, frame.width as usize);
    Ok(Array2::from_shape_fn((h, w), |(y, x)| {
        let at = y * frame.line_size + x * samples;
        let channels: Vec<f32> =
            bytes[at..at + samples].iter().map(|byte| f32::from(*byte) / 255.0).collect();
        match channels[..] {
            [grey, alpha] => grey * alpha + 1.0 - alpha,
            [r, g, b, alpha] => (0.299 * r + 0.587 * g + 0.114 * b) * alpha + 1.0 - alpha,
            [r, g, b] => 0.299 * r + 0.587 * g + 0.114 * b,
            _ => channels[0],
        }
    }))
}

/// Whether the picture's rim is light: paper, and the digit dark on it.
fn is_light(grey: &Array2<f32>) -> bool {
    let (h, w) = grey.dim();
    let rim = grey.indexed_iter().filter(|((y, x), _)| *y == 0 || *x == 0 || y + 1 == h || x + 1 == w);
    let (sum, n) = rim.fold((0.0, 0.0), |(sum, n), (_, grey)| (sum + grey, n + 1.0));
    sum / n > 0.5
}

/// The ink scaled into 20 by 20 pixels, with its centre of mass in the middle; `None` if there is none.
fn fitted(ink: &Array2<f32>) -> Option<Array2<f32>> {
    let most = ink.fold(0.0_f32, |most, x| most.max(*x));
    let (rows, columns) = (inked(ink.rows().into_iter(), most)?, inked(ink.columns().into_iter(), most)?);
    let ink = ink.slice(s![rows, columns]);
    let scale = ink.nrows().max(ink.ncols()) as f32 / INK as f32;
    let side = |n: usize| ((n as f32 / scale).round() as usize).clamp(1, INK);
    Some(centred(&resized(&ink, (side(ink.nrows()), side(ink.ncols())))))
}

/// From the first to the last line that has ink.
fn inked<'a>(lines: impl Iterator<Item = ndarray::ArrayView1<'a, f32>>, most: f32) -> Option<Range<usize>> {
    let has_ink = |line: ndarray::ArrayView1<'_, f32>| most > 0.0 && line.iter().any(|x| *x > PAPER * most);
    let inked: Vec<usize> = lines.enumerate().filter(|(_, line)| has_ink(*line)).map(|(i, _)| i).collect();
    Some(*inked.first()?..inked.last()? + 1)
}

/// Each new pixel is the mean of the area that it covers.
fn resized(from: &ArrayView2<'_, f32>, (h, w): (usize, usize)) -> Array2<f32> {
    let share = |i: usize, new: usize, old: usize| {
        let (start, end) = (i as f32 * old as f32 / new as f32, (i + 1) as f32 * old as f32 / new as f32);
        let covered =
            move |at: usize| (end.min(at as f32 + 1.0) - start.max(at as f32)).max(0.0) / (end - start);
        (start as usize..(end.ceil() as usize).min(old)).map(move |at| (at, covered(at)))
    };
    Array2::from_shape_fn((h, w), |(y, x)| {
        let rows = share(y, h, from.nrows());
        rows.map(|(row, a)| {
            share(x, w, from.ncols()).map(|(column, b)| a * b * from[[row, column]]).sum::<f32>()
        })
        .sum()
    })
}

/// In 28 by 28 pixels, as near to the middle as the rim allows.
fn centred(ink: &Array2<f32>) -> Array2<f32> {
    let total: f32 = ink.sum();
    let middle = |of: fn((usize, usize)) -> usize| {
        ink.indexed_iter().map(|(at, x)| (of(at) as f32 + 0.5) * x).sum::<f32>() / total
    };
    let offset =
        |middle: f32, n: usize| ((SIDE as f32 / 2.0 - middle).round().max(0.0) as usize).min(SIDE - n);
    let (top, left) = (offset(middle(|at| at.0), ink.nrows()), offset(middle(|at| at.1), ink.ncols()));
    let mut image = Array2::zeros((SIDE, SIDE));
    image.slice_mut(s![top..top + ink.nrows(), left..left + ink.ncols()]).assign(ink);
    image
}
