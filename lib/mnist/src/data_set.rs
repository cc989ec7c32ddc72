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
            DataSet::MnistBy255 => "MNIST with pixels byte / 255 instead of byte / 256",
            DataSet::FashionMnist => "Fashion-MNIST, which is not MNIST's digits,",
            DataSet::Unknown => "images that are not MNIST's digits",
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
        let mut exact = true;
        for (byte, &pixel) in bytes.iter_mut().zip(image) {
            *byte = (pixel * divisor + 0.5) as u8;
            exact &= (f32::from(*byte) - pixel * divisor).abs() <= tolerance;
        }
        exact.then(|| sum.update(&bytes))?;
    }
    Some(())
}
