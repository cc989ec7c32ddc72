//! An image in the terminal and in a file.

use nb01_matmul::data::{drawn, image_svg, show_image};
use nb01_matmul::ndarray::{Array2, s};
use std::fs;

#[test]
fn fourteen_lines_of_at_most_28() {
    let text = show_image(&drawn(1, 1, 3).image(0));
    assert_eq!(text.lines().count(), 14);
    assert!(text.lines().all(|line| line.chars().count() <= 28));
}

#[test]
fn odd_and_empty_images() {
    let full = Array2::from_elem((3, 2), 1.0);
    assert_eq!(show_image(&full), "██\n▀▀\n");
    assert_eq!(show_image(&full.slice(s![..0, ..])), "");
    assert_eq!(show_image(&Array2::from_elem((1, 1), f32::NAN)), "\n");
}

#[test]
fn a_file_with_a_square_for_each_pixel_that_has_ink() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("digit.svg");
    let digits = drawn(1, 1, 3);
    image_svg(&file, &digits.image(0)).unwrap();
    let svg = fs::read_to_string(&file).unwrap();
    let ink = digits.x_train.iter().filter(|x| **x > 0.0).count();
    assert_eq!(svg.matches("width=\"1\"").count(), ink);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_file_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let error = image_svg(&folder.path().join("no/digit.svg"), &drawn(1, 1, 3).image(0)).unwrap_err();
    assert!(error.to_string().contains("digit.svg"), "{error}");
}

#[test]
#[should_panic(expected = "there is no training image 1, the last of 1 is 0")]
fn no_such_image() {
    let _ = drawn(1, 1, 3).image(1);
}
