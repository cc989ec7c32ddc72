//! Look at an image: `plt.imshow(img, cmap="gray")`, in the terminal.
//!
//! ```
//! use nb01_matmul::data::{drawn, show_image};
//!
//! println!("{}", show_image(&drawn(1, 1, 3).image(0)));
//! ```

use nb00_testing::Blocks;
use ndarray::{ArrayRef2, ArrayView2};

/// An image `(h, w)` as text, two of its rows in each line; ink is what differs from the background, so it
/// reads the same on dark and on light, and needs no colour.
///
/// Half blocks `▀▄█` are ink, the shades `░▒` its faint edges; [`Blocks::here`] says whether the terminal has them.
///
/// ```
/// use nb01_matmul::{data::show_image, ndarray::array};
///
/// println!("{}", show_image(&array![[0.9, 0.0, 0.9, 0.3], [0.0, 0.9, 0.9, 0.3]])); // ▀▄█▒
/// ```
pub fn show_image(image: &ArrayRef2<f32>) -> String {
    show_images(&[image.view()], 0, Blocks::here())
}

/// The space between two images.
const SPACE: usize = 2;

/// As many images beside each other as fit in a line of `width` characters, and at least one.
///
/// ```
/// use nb01_matmul::{Blocks, data::show_images, ndarray::array};
///
/// let image = array![[0.9, 0.0, 0.9, 0.3], [0.0, 0.9, 0.9, 0.3]];
/// let images = [image.view(), image.view(), image.view()];
/// assert_eq!(show_images(&images, 10, Blocks::Unicode), "▀▄█▒  ▀▄█▒\n");
/// assert_eq!(show_images(&images, 10, Blocks::Ascii), "\"_#:  \"_#:\n");
/// ```
pub fn show_images(images: &[ArrayView2<'_, f32>], width: usize, blocks: Blocks) -> String {
    let mut used = 0;
    let fits = |(i, image): &(usize, &ArrayView2<'_, f32>)| {
        used += image.ncols() + if *i > 0 { SPACE } else { 0 };
        *i == 0 || used <= width
    };
    let images: Vec<_> = images.iter().enumerate().take_while(fits).map(|(_, image)| image).collect();
    let lines = images.iter().map(|image| image.nrows().div_ceil(2)).max().unwrap_or(0);
    let line = |i| images.iter().map(|image| two_rows(image, 2 * i, blocks)).collect::<Vec<_>>();
    (0..lines).map(|i| line(i).join(&" ".repeat(SPACE)).trim_end().to_string() + "\n").collect()
}

/// Rows `y` and `y + 1` as one line.
fn two_rows(image: &ArrayView2<'_, f32>, y: usize, blocks: Blocks) -> String {
    let pixel = |y, x| image.get((y, x)).copied().unwrap_or(0.0);
    (0..image.ncols()).map(|x| two_pixels(pixel(y, x), pixel(y + 1, x), blocks)).collect()
}

fn two_pixels(upper: f32, lower: f32, blocks: Blocks) -> char {
    let [both, up, down, faint, fainter] = match blocks {
        Blocks::Unicode => ['█', '▀', '▄', '▒', '░'],
        Blocks::Ascii => ['#', '"', '_', ':', '.'],
    };
    match (upper >= 0.5, lower >= 0.5) {
        (true, true) => both,
        (true, false) => up,
        (false, true) => down,
        (false, false) if upper + lower >= 0.5 => faint,
        (false, false) if upper + lower >= 0.25 => fainter,
        (false, false) => ' ',
    }
}
