//! The order in which an epoch goes through a data set.

use crate::manual_seed;
use rand::seq::SliceRandom;

/// PyTorch's `SequentialSampler` and `RandomSampler`.
///
/// Each epoch has a random stream of its own, so a run can be repeated from its middle: epoch 7 has the same order whether or
/// not the six before it were run.
///
/// ```
/// use nb03_minibatch_training::Sampler;
///
/// let batches = Sampler::Sequential.batches(10, 3, 0);
/// assert_eq!(batches, [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7, 8], vec![9]]);
///
/// let shuffled = Sampler::Random { seed: 1 };
/// assert_ne!(shuffled.order(10, 0), shuffled.order(10, 1)); // two epochs
/// assert_eq!(shuffled.order(10, 1), shuffled.order(10, 1)); // the same one
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// 0, 1, 2, …
    Sequential,
    /// Every row once, in an order that the seed and the epoch decide.
    Random {
        /// Where the random numbers start.
        seed: u64,
    },
}

impl Sampler {
    /// The rows `0..n` in the order of this epoch.
    pub fn order(self, n: usize, epoch: u64) -> Vec<usize> {
        let mut order = Vec::new();
        self.write_order(n, epoch, &mut order);
        order
    }

    /// [`order`](Self::order) written over `order`, whose memory is used again.
    pub(crate) fn write_order(self, n: usize, epoch: u64, order: &mut Vec<usize>) {
        order.clear();
        order.extend(0..n);
        if let Sampler::Random { seed } = self {
            let mut rng = manual_seed(seed);
            rng.set_stream(epoch);
            order.shuffle(&mut rng);
        }
    }

    /// The notebook's `Sampler(ds, bs, shuffle)`: the order cut into batches, the last of which may be smaller.
    ///
    /// # Panics
    /// If `bs` is 0.
    #[track_caller]
    pub fn batches(self, n: usize, bs: usize, epoch: u64) -> Vec<Vec<usize>> {
        assert!(bs > 0, "Sampler: batches of no rows would never end");
        self.order(n, epoch).chunks(bs).map(<[usize]>::to_vec).collect()
    }
}
