//! The picture of this notebook, from the numbers of the section that draws it.

use ::figures::{Draws, Figure, spreads};
use nb02b_initializing::{Stats, ndarray::Array1};

pub(crate) use ::figures::show;

/// A row a kind of layer, a dot a seed: the mean square of what comes out, divided by what it is by
/// theory.
pub(crate) fn squares(rows: &[(&str, Vec<f64>)]) -> Figure {
    let row = |(name, values): &(&str, Vec<f64>)| {
        let Stats { mean, std, .. } = Stats::of(&values.iter().map(|&x| x as f32).collect::<Array1<_>>());
        Draws { name: (*name).into(), values: values.clone(), mean, std }
    };
    let rows: Vec<Draws> = rows.iter().map(row).collect();
    let said: Vec<String> =
        rows.iter().map(|row| format!("{} {:.2} ± {:.2}", row.name, row.mean, row.std)).collect();
    spreads(&rows).describe(
        "The mean square of what comes out of one layer of 64 numbers, divided by its theory: a dot for each seed",
        format!("Three rows of dots around 1: {}.", said.join(", ")),
    )
}
