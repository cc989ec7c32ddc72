//! Look at an image: `plt.imshow(img, cmap="gray")`, in the terminal and as a file.
//!
//! ```
//! use nb01_matmul::data::{drawn, show_image};
//!
//! println!("{}", show_image(&drawn(1, 1, 3).image(0)));
//! ```

use super::error::DataError;
use ndarray::ArrayRef2;
use std::fs;
use std::path::Path;

/// An image `(h, w)` as text, two of its rows in each line; ink is what differs from the background, so it
/// reads the same on dark and on light, and needs no colour.
///
/// Half blocks `▀▄█` are ink, the shades `░▒` its faint edges.
///
/// ```
/// use nb01_matmul::{data::show_image, ndarray::array};
///
/// assert_eq!(show_image(&array![[0.9, 0.0, 0.9, 0.3], [0.0, 0.9, 0.9, 0.3]]), "▀▄█▒\n");
/// ```
pub fn show_image(image: &ArrayRef2<f32>) -> String {
    let pixel = |row, column| image.get((row, column)).copied().unwrap_or(0.0);
    let mut text = String::new();
    for row in (0..image.nrows()).step_by(2) {
        let line: String =
            (0..image.ncols()).map(|column| block(pixel(row, column), pixel(row + 1, column))).collect();
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// One character for two pixels.
fn block(upper: f32, lower: f32) -> char {
    match (upper >= 0.5, lower >= 0.5) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) if upper + lower >= 0.5 => '▒',
        (false, false) if upper + lower >= 0.25 => '░',
        (false, false) => ' ',
    }
}

/// Writes an image `(h, w)` with values from 0 (black) to 1 (white) as an SVG file, one square for each pixel
/// that is not black. A whole file appears at `path`, or none.
///
/// # Errors
/// If the file cannot be written.
///
/// ```
/// use nb01_matmul::data::{drawn, image_svg};
///
/// let file = std::env::temp_dir().join(format!("digit-{}.svg", std::process::id()));
/// image_svg(&file, &drawn(1, 1, 3).image(0))?;
/// assert!(std::fs::read_to_string(&file).unwrap().starts_with("<svg"));
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), nb01_matmul::DataError>(())
/// ```
pub fn image_svg(path: &Path, image: &ArrayRef2<f32>) -> Result<(), DataError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.part", std::process::id()));
    fs::write(&partial, svg(image)).and_then(|()| fs::rename(&partial, path)).map_err(|source| {
        // What is left behind has no whole file's name; the fault to report is the first one.
        let _ = fs::remove_file(&partial);
        DataError::Io { doing: "writing", path: path.into(), source }
    })
}

fn svg(image: &ArrayRef2<f32>) -> String {
    let (h, w) = image.dim();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {w} {h}\" \
         shape-rendering=\"crispEdges\">\n<rect width=\"{w}\" height=\"{h}\"/>\n",
        10 * w,
        10 * h
    );
    for ((y, x), &value) in image.indexed_iter().filter(|(_, value)| **value > 0.0) {
        let grey = (value.min(1.0) * 255.0).round() as u8;
        let square = format!("<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\"");
        svg += &format!("{square} fill=\"#{grey:02x}{grey:02x}{grey:02x}\"/>\n");
    }
    svg + "</svg>\n"
}
