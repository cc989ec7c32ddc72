//! Which data set it is, whatever its files are called.
//!
//! Fashion-MNIST, KMNIST and others are published under MNIST's own file names, so neither a name nor a shape tells
//! them apart. A [`DataSet`] is recognised by the numbers of images and the CRC-32 sums of its pixels and labels,
//! taken of the bytes that the pixels were before they were divided. So the same digits are recognised in a pickle of
//! any protocol and in IDX files, packed or not.
//!
//! ```
//! let drawn = mnist::drawn(10, 10, 1);
//! assert_eq!(drawn.source.set, mnist::DataSet::Drawn);
//! ```

use crate::{PIXELS, Set};
use crc32fast::Hasher;
use std::fmt::{self, Display};

/// A data set that has MNIST's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataSet {
    /// MNIST as the notebooks know it: 50,000 + 10,000 digits, pixels `byte / 256`.
    Mnist,
    /// MNIST's digits with pixels `byte / 255`, as most programs divide: each statistic is 1/255 larger.
    MnistBy255,
    /// Fashion-MNIST: 50,000 + 10,000 pictures of clothes.
    FashionMnist,
    /// Ten kinds of images that are none of the above.
    Unknown,
    /// Digits that this crate has drawn.
    Drawn,
}

impl DataSet {
    /// The set that these images and labels are; [`Unknown`](DataSet::Unknown) if a single pixel or label differs.
    pub fn of(train: &Set, valid: &Set) -> DataSet {
        let known = |divisor, tolerance| {
            let found = Fingerprint::of(train, valid, divisor, tolerance)?;
            KNOWN.iter().find(|(fingerprint, _)| *fingerprint == found).map(|(_, set)| *set)
        };
        // Dividing by 256 is exact; by 255 it is not, and programs round it differently.
        match (known(256.0, 0.0), known(255.0, 1e-4)) {
            (Some(set), _) => set,
            (None, Some(DataSet::Mnist)) => DataSet::MnistBy255,
            (None, Some(set)) => set,
            (None, None) => DataSet::Unknown,
        }
    }
}

impl Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataSet::Mnist => "MNIST",
            DataSet::MnistBy255 => "MNIST divided by 255 instead of 256",
            DataSet::FashionMnist => "Fashion-MNIST (not MNIST)",
            DataSet::Unknown => "a data set that is not MNIST's digits",
            DataSet::Drawn => "digits drawn by this program, not MNIST",
        })
    }
}

/// The MD5 sums of the unpacked files that these were taken from are, images first:
/// MNIST `6bbc9ace898e44ae57da46a324031adb`, `a25bea736e30d166cdddb491f175f624`;
/// Fashion-MNIST `f4a8712d7a061bf5bd6d2ca38dc4d50a`, `9018921c3c673c538a1fc5bad174d6f9`.
const KNOWN: [(Fingerprint, DataSet); 2] = [
    (Fingerprint { rows: [50_000, 10_000], pixels: 0xf363_9b56, labels: 0xba07_e8ef }, DataSet::Mnist),
    (Fingerprint { rows: [50_000, 10_000], pixels: 0xae65_dccd, labels: 0x2ed6_e46a }, DataSet::FashionMnist),
];

#[derive(PartialEq, Eq)]
struct Fingerprint {
    rows: [usize; 2],
    pixels: u32,
    labels: u32,
}

impl Fingerprint {
    /// `None` if the counts are those of no known set, or a pixel is no `byte / divisor`.
    fn of(train: &Set, valid: &Set, divisor: f32, tolerance: f32) -> Option<Fingerprint> {
        let rows = [train.y.len(), valid.y.len()];
        if !KNOWN.iter().any(|(known, _)| known.rows == rows) {
            return None;
        }
        let (mut pixels, mut labels) = (Hasher::new(), Hasher::new());
        for set in [train, valid] {
            add_pixels(set, divisor, tolerance, &mut pixels)?;
            labels.update(&set.y.to_vec());
        }
        Some(Fingerprint { rows, pixels: pixels.finalize(), labels: labels.finalize() })
    }
}

/// Adds the bytes that the pixels were; stops at the first image with a pixel that was none.
fn add_pixels(set: &Set, divisor: f32, tolerance: f32, sum: &mut Hasher) -> Option<()> {
    let mut bytes = [0; PIXELS];
    for image in set.x.outer_iter() {
        let mut exact = image.len() == PIXELS;
        let mut add = |byte: &mut u8, pixel: f32| {
            let (nearest, off) = round(pixel * divisor);
            *byte = nearest;
            exact &= off <= tolerance;
        };
        match image.as_slice() {
            // Only in a slice do several pixels at a time fit a register.
            Some(image) => bytes.iter_mut().zip(image).for_each(|(byte, pixel)| add(byte, *pixel)),
            None => bytes.iter_mut().zip(image).for_each(|(byte, pixel)| add(byte, *pixel)),
        }
        exact.then(|| sum.update(&bytes))?;
    }
    Some(())
}

/// The nearest byte, and how far it is. From 2²³ on an `f32` has no fraction, so adding 2²³ rounds, and the sum's last
/// byte is the number. `as u8` does the same, but one number at a time: it took a fifth of the time of reading MNIST.
fn round(x: f32) -> (u8, f32) {
    const FROM: f32 = 8_388_608.0;
    let sum = x.clamp(0.0, 255.0) + FROM;
    (sum.to_bits() as u8, (sum - FROM - x).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_byte() {
        for byte in 0..=255_u8 {
            for off in [-0.25, 0.0, 0.25] {
                assert_eq!(round(f32::from(byte) + off), (byte, f32::abs(off)));
            }
        }
        assert_eq!([round(-1.0).1, round(256.0).1], [1.0, 1.0]);
        assert!(round(f32::NAN).1.is_nan() && round(f32::INFINITY).1 == f32::INFINITY);
    }
}
