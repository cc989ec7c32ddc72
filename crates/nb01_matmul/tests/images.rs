//! Images in the terminal.

use nb01_matmul::Blocks;
use nb01_matmul::data::{drawn, show_image, show_images};
use nb01_matmul::ndarray::{Array2, s};

#[test]
fn fourteen_lines_of_at_most_28() {
    let text = show_image(&drawn(1, 1, 3).image(0));
    assert_eq!(text.lines().count(), 14);
    assert!(text.lines().all(|line| line.chars().count() <= 28));
}

#[test]
fn odd_and_empty_images() {
    let full = Array2::from_elem((3, 2), 1.0);
    let show = |image: &Array2<f32>| show_images(&[image.view()], 80, Blocks::Unicode);
    assert_eq!(show(&full), "██\n▀▀\n");
    assert_eq!(show(&full.slice(s![..0, ..]).to_owned()), "");
    assert_eq!(show(&Array2::from_elem((1, 1), f32::NAN)), "\n");
    assert_eq!(show_images(&[], 80, Blocks::Unicode), "");
}

/// Ink from 0.5 on; what is fainter counts by both pixels together, from 0.25 and from 0.5 on.
#[test]
fn two_pixels_are_one_character() {
    let upper = [0.5, 0.5, 0.49, 0.49, 0.25, 0.0, 0.125, 0.25, 0.0, 0.12, 0.0];
    let lower = [0.5, 0.49, 0.5, 0.49, 0.25, 0.49, 0.125, 0.0, 0.25, 0.12, 0.0];
    let image = Array2::from_shape_vec((2, 11), [upper, lower].concat()).unwrap();
    assert_eq!(show_images(&[image.view()], 80, Blocks::Unicode), "█▀▄▒▒░░░░\n");
    assert_eq!(show_images(&[image.view()], 80, Blocks::Ascii), "#\"_::....\n");
}

#[test]
fn as_many_as_there_is_room_for() {
    let (image, low) = (Array2::from_elem((4, 3), 1.0), Array2::from_elem((2, 3), 1.0));
    let images = [image.view(), low.view(), image.view()];
    let shown = |width| show_images(&images, width, Blocks::Ascii);
    assert_eq!(shown(0), "###\n###\n", "the first in any case");
    assert_eq!(shown(7), "###\n###\n");
    assert_eq!(shown(8), "###  ###\n###\n");
    assert_eq!(shown(12), shown(8));
    assert_eq!(shown(13), "###  ###  ###\n###       ###\n");
}

#[test]
#[should_panic(expected = "there is no training image 1, the last of 1 is 0")]
fn no_such_image() {
    let _ = drawn(1, 1, 3).image(1);
}
