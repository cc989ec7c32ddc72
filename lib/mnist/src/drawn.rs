//! Digits that we draw ourselves, for a machine without MNIST and without network.
//!
//! Ten digits are ten small sets of strokes: lines and arcs in a unit square. Every image takes one of them,
//! moves its points a little, slants, turns, sizes and places it, and draws it with a round pen of random
//! width. A pixel is as dark as the pen covers it, in steps of 1/256 as in MNIST. The lesson needs no more
//! from its data than that: 784 numbers, mostly zero, that go with ten labels.
//!
//! ```
//! use mnist::drawn;
//!
//! let digits = drawn(100, 20, 7);
//! assert_eq!(digits.x_train.dim(), (100, 784));
//! assert_eq!(digits, drawn(100, 20, 7)); // the same seed, the same digits
//! ```

use crate::{DataSet, Files, Mnist, PIXELS, SIDE, Set, Source};
use ndarray::{Array1, Array2, ArrayViewMut1, Axis};
// The standard library's sine is the platform's, this one is the same everywhere.
use chacha20::ChaCha8Rng;
use libm::sincosf;
use rand::{RngExt, SeedableRng};
use std::f32::consts::TAU;

/// How many digits [`read`](crate::read) draws to train on.
pub(crate) const TRAIN: usize = 5000;
/// And to validate with.
pub(crate) const VALID: usize = 1000;
/// With this seed.
pub(crate) const SEED: u64 = 1998;

/// `n_train` and `n_valid` digits, always the same ones for the same seed.
///
/// ```
/// use mnist::drawn;
///
/// let digits = drawn(1000, 200, 1);
/// assert!(!digits.is_mnist());
/// assert!(digits.x_train.iter().all(|x| (x * 256.0).fract() == 0.0 && (0.0..1.0).contains(x)));
/// ```
pub fn drawn(n_train: usize, n_valid: usize, seed: u64) -> Mnist {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mnist::new(
        set(n_train, &mut rng),
        set(n_valid, &mut rng),
        Source { set: DataSet::Drawn, files: Files::Drawn },
    )
}

/// Each digit in turn would be a pattern to learn, so they come at random.
fn set(n: usize, rng: &mut ChaCha8Rng) -> Set {
    let y = Array1::from_shape_simple_fn(n, || rng.random_range(0..10));
    let mut x = Array2::zeros((n, PIXELS));
    for (row, &digit) in x.axis_iter_mut(Axis(0)).zip(&y) {
        draw(&strokes(digit), &Hand::new(rng), rng, row);
    }
    Set { x, y }
}

type Point = [f32; 2];
type Stroke = Vec<Point>;

/// The strokes of a digit, as we write it: x to the right, y down, both from 0 to 1.
fn strokes(digit: u8) -> Vec<Stroke> {
    match digit {
        0 => vec![arc([0.5, 0.5], [0.36, 0.5], 0.72, 1.74)],
        1 => vec![line(&[[0.34, 0.2], [0.54, 0.0], [0.54, 1.0]])],
        2 => vec![[arc([0.48, 0.28], [0.36, 0.28], 0.55, 1.12), line(&[[0.1, 1.0], [0.9, 0.98]])].concat()],
        3 => vec![arc([0.45, 0.25], [0.35, 0.25], 0.58, 1.22), arc([0.45, 0.74], [0.39, 0.26], 0.77, 1.44)],
        4 => vec![line(&[[0.52, 0.0], [0.1, 0.62], [0.92, 0.62]]), line(&[[0.7, 0.3], [0.66, 1.0]])],
        5 => vec![line(&[[0.88, 0.0], [0.3, 0.02], [0.22, 0.45]]), arc([0.46, 0.7], [0.38, 0.3], 0.63, 1.42)],
        6 => vec![arc([0.74, 0.7], [0.56, 0.72], 0.73, 0.52), arc([0.5, 0.73], [0.33, 0.27], 0.5, 1.52)],
        7 => vec![line(&[[0.1, 0.04], [0.9, 0.02], [0.62, 0.4], [0.42, 1.0]])],
        8 => vec![arc([0.5, 0.24], [0.28, 0.24], 0.25, 1.25), arc([0.5, 0.74], [0.35, 0.26], 0.75, 1.75)],
        _ => vec![arc([0.48, 0.28], [0.32, 0.28], 0.0, 1.02), line(&[[0.8, 0.26], [0.76, 0.6], [0.6, 1.0]])],
    }
}

fn line(points: &[Point]) -> Stroke {
    points.to_vec()
}

/// Part of an ellipse, from one fraction of a turn to another; 0 is right, a quarter is down.
fn arc([x, y]: Point, [rx, ry]: Point, from: f32, to: f32) -> Stroke {
    let steps = (18.0 * (to - from).abs()).ceil();
    let at = |step: u8| {
        let (sin, cos) = sincosf(TAU * (from + (to - from) * f32::from(step) / steps));
        [x + rx * cos, y + ry * sin]
    };
    (0..=steps as u8).map(at).collect()
}

/// How one image is written.
struct Hand {
    size: Point,
    slant: f32,
    turn: f32,
    centre: Point,
    radius: f32,
    wobble: f32,
}

impl Hand {
    fn new(rng: &mut ChaCha8Rng) -> Hand {
        let mut within = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
        Hand {
            size: [within(11.0, 17.5), within(17.0, 20.0)],
            slant: within(-0.15, 0.45),
            turn: within(-0.12, 0.12),
            centre: [within(12.6, 15.4), within(12.6, 15.4)],
            radius: within(0.75, 1.55),
            wobble: 0.025,
        }
    }

    /// From the unit square to the image.
    fn place(&self, [x, y]: Point) -> Point {
        let (x, y) = ((x - 0.5) * self.size[0], (y - 0.5) * self.size[1]);
        let x = x - self.slant * y;
        let (sin, cos) = sincosf(self.turn);
        [self.centre[0] + x * cos - y * sin, self.centre[1] + x * sin + y * cos]
    }
}

fn draw(strokes: &[Stroke], hand: &Hand, rng: &mut ChaCha8Rng, mut image: ArrayViewMut1<f32>) {
    let mut wobbly = |[x, y]: Point| {
        let mut off = || hand.wobble * (rng.random::<f32>() - 0.5) * 2.0;
        hand.place([x + off(), y + off()])
    };
    for stroke in strokes {
        let points: Stroke = stroke.iter().map(|&point| wobbly(point)).collect();
        points.windows(2).for_each(|ends| segment(ends[0], ends[1], hand.radius, &mut image));
    }
}

/// Draws a line with a round pen, darkening only the pixels that it can reach.
fn segment(a: Point, b: Point, radius: f32, image: &mut ArrayViewMut1<f32>) {
    let reach = |i: usize| {
        let low = (a[i].min(b[i]) - radius - 1.0).max(0.0) as usize;
        let high = (a[i].max(b[i]) + radius + 2.0).max(0.0) as usize;
        low.min(SIDE)..high.min(SIDE)
    };
    for row in reach(1) {
        for column in reach(0) {
            let cover = (radius + 0.5 - distance([column as f32, row as f32], a, b)).clamp(0.0, 1.0);
            let pixel = &mut image[row * SIDE + column];
            *pixel = pixel.max((cover * 255.0).round() / 256.0);
        }
    }
}

/// From a point to the nearest point of a line from `a` to `b`.
fn distance(p: Point, a: Point, b: Point) -> f32 {
    let (along, to_p) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let dot = |u: Point, v: Point| u[0] * v[0] + u[1] * v[1];
    let t = (dot(to_p, along) / dot(along, along).max(1e-6)).clamp(0.0, 1.0);
    let rest = [to_p[0] - t * along[0], to_p[1] - t * along[1]];
    dot(rest, rest).sqrt()
}
