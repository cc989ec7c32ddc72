//! Samplers, data sets and loaders.

use crate::common::{Failure, failure};
use nb03_minibatch_training::ndarray::{Array, Array2, Axis};
use nb03_minibatch_training::{DataLoader, Dataset, Sampler, Targets, get_dls, matrix, tensor};
use proptest::prelude::*;

/// `n` rows that say which they are: row `i` is `[i, i + 0.5]`, and its class is `i % 256`.
fn numbered(n: usize) -> Dataset {
    let x = Array2::from_shape_fn((n, 2), |(i, j)| i as f32 + j as f32 / 2.0);
    Dataset::new(tensor(x), (0..n).map(|i| i as u8).collect::<Vec<_>>())
}

/// The rows of an epoch in the order in which they came; each is checked against its target.
fn rows_of(dl: &mut DataLoader, epoch: u64) -> Vec<Vec<usize>> {
    let (mut all, mut batches) = (Vec::new(), dl.epoch(epoch));
    while let Some(batch) = batches.next() {
        let rows: Vec<usize> = matrix(&batch.x).rows().into_iter().map(|row| row[0] as usize).collect();
        assert!(matrix(&batch.x).rows().into_iter().all(|row| row[1] == row[0] + 0.5));
        let Targets::Classes(y) = &batch.y else { panic!("classes go in") };
        assert!(rows.iter().zip(y).all(|(row, y)| *row as u8 == *y) && rows.len() == y.len());
        all.push(rows);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Each row comes once: nothing is trained on twice and nothing left out.
    #[test]
    fn a_shuffled_epoch_is_a_permutation(n in 0_usize..300, bs in 1_usize..70, seed: u64, epoch: u64) {
        let ds = numbered(n);
        let mut batches = rows_of(&mut DataLoader::new(&ds, bs).shuffle(seed), epoch);
        prop_assert_eq!(&batches, &Sampler::Random { seed }.batches(n, bs, epoch));
        let mut rows = batches.concat();
        prop_assert_eq!(batches.len(), DataLoader::new(&ds, bs).len());
        rows.sort_unstable();
        prop_assert!(rows.into_iter().eq(0..n));
        prop_assert!(batches.pop().is_none_or(|last| (1..=bs).contains(&last.len())));
        prop_assert!(batches.iter().all(|batch| batch.len() == bs));
    }

    #[test]
    fn without_the_last_batch_all_are_whole(n in 0_usize..300, bs in 1_usize..70) {
        let mut dl = DataLoader::new(&numbered(n), bs).drop_last();
        let batches = rows_of(&mut dl, 0);
        prop_assert_eq!((batches.len(), dl.len()), (n / bs, n / bs));
        prop_assert!(batches.concat().into_iter().eq(0..n / bs * bs));
    }
}

#[test]
fn an_epoch_is_the_same_wherever_a_run_begins() {
    let mut dl = DataLoader::new(&numbered(100), 7).shuffle(5);
    let first: Vec<_> = (0..4).map(|epoch| rows_of(&mut dl, epoch)).collect();
    assert_eq!(rows_of(&mut dl, 2), first[2]);
    assert_eq!(rows_of(&mut DataLoader::new(&numbered(100), 7).shuffle(5), 3), first[3]);
    assert!(
        first[0] != first[1] && first[1] != first[2] && first[0] != rows_of(&mut dl.clone().shuffle(6), 0)
    );
}

/// The same on every platform and with every version: a run can be told by its seed.
#[test]
fn the_order_of_a_seed_stays() {
    assert_eq!(Sampler::Random { seed: 42 }.order(10, 0), ORDER_0);
    assert_eq!(Sampler::Random { seed: 42 }.order(10, 1), ORDER_1);
}
const ORDER_0: [usize; 10] = [7, 1, 5, 4, 6, 9, 3, 8, 2, 0];
const ORDER_1: [usize; 10] = [8, 9, 5, 3, 2, 1, 0, 7, 6, 4];

#[test]
fn batches_share_one_buffer_unless_somebody_keeps_one() {
    let mut dl = DataLoader::new(&numbered(10), 3);
    let places = |dl: &mut DataLoader| {
        let (mut places, mut batches) = (Vec::new(), dl.epoch(0));
        while let Some(batch) = batches.next() {
            places.push(batch.x.as_ptr());
        }
        places
    };
    let first = places(&mut dl);
    assert!(first[0] == first[1] && first[1] == first[2] && first == places(&mut dl), "{first:?}");
    let mut batches = dl.epoch(0);
    let kept = batches.next().unwrap().x.clone();
    assert_ne!(batches.next().unwrap().x.as_ptr(), kept.as_ptr());
    assert_eq!(kept, numbered(10).rows(0..3).0);
}

#[test]
fn rows_of_any_rank_and_strides() {
    let images = Array::from_shape_fn((5, 2, 3, 4), |(i, j, k, l)| (i * 1000 + j * 100 + k * 10 + l) as f32);
    let turned = images.view().reversed_axes().to_owned().reversed_axes(); // the same numbers, columns in order
    let probabilities = Array2::from_shape_fn((5, 3), |(i, j)| (i + j) as f32);
    let ds = Dataset::new(tensor(turned), probabilities.clone());
    let (mut dl, mut seen) = (DataLoader::new(&ds, 2).shuffle(1), Vec::new());
    let mut batches = dl.epoch(0);
    while let Some(batch) = batches.next() {
        let Targets::Distributions(p) = &batch.y else { panic!("probabilities go in") };
        for (image, p) in batch.x.axis_iter(Axis(0)).zip(p.rows()) {
            let i = p[0] as usize;
            assert_eq!((image, p), (images.index_axis(Axis(0), i).into_dyn(), probabilities.row(i)));
            seen.push(i);
        }
    }
    assert_eq!(seen, Sampler::Random { seed: 1 }.order(5, 0));
    assert_eq!(ds.rows(1..3).0, images.slice_axis(Axis(0), (1..3).into()).into_dyn());
}

#[test]
fn get_dls_validates_twice_as_many_rows_at_a_time_in_order() {
    let (mut train, mut valid) = get_dls(&numbered(100), &numbered(50), 10, 3);
    assert_eq!((train.len(), valid.len()), (10, 3));
    assert!(rows_of(&mut valid, 7).concat().into_iter().eq(0..50));
    assert_ne!(rows_of(&mut train, 0), rows_of(&mut train, 1));
}

#[test]
fn what_does_not_fit_says_so_at_the_callers_line() {
    let cases: [(&dyn Fn(), &str); 5] = [
        (
            &|| drop(Dataset::new(tensor(Array2::zeros((3, 2))), vec![1, 2])),
            "Dataset: x [3, 2] and 2 targets do not fit",
        ),
        (&|| drop(numbered(3).rows(2..4)), "Dataset: there are no rows 2..4, only 3"),
        (&|| drop(DataLoader::new(&numbered(3), 0)), "DataLoader: batches of no rows"),
        (&|| drop(get_dls(&numbered(3), &numbered(3), 0, 0)), "DataLoader: batches of no rows"),
        (&|| drop(Sampler::Sequential.batches(3, 0, 0)), "Sampler: batches of no rows"),
    ];
    for (wrong, said) in cases {
        let Failure { message, place } = failure(wrong);
        assert!(message.contains(said), "{message}, not {said}");
        assert_eq!(place.0, file!(), "{message}");
    }
}
