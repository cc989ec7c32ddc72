//! The picture of this notebook, from the numbers of the section that draws it.

use ::figures::{Figure, Histogram, histograms};
use nb02a_why_sqrt5::{Left, Stats};

pub(crate) use ::figures::show;

/// A row an initialisation, a histogram a layer.
pub(crate) fn four_layers(nets: &[(&str, Left)]) -> Figure {
    let row = |(init, left): &(&str, Left)| {
        let layers = left.layers.iter().map(|layer| {
            let std = Stats::of(layer).std;
            Histogram::new(layer.iter().copied().filter(|x| *x != 0.0), -1.0..2.0, 24, format!("{std:.3}"))
        });
        (format!("{init} (−1 to 2)"), layers.collect())
    };
    let rows: Vec<(String, Vec<Histogram>)> = nets.iter().map(row).collect();
    let said = |(init, left): &(&str, Left)| {
        let stds: Vec<String> =
            left.layers.iter().map(|layer| format!("{:.3}", Stats::of(layer).std)).collect();
        format!("with {init} {}", stds.join(", "))
    };
    let said: Vec<String> = nets.iter().map(said).collect();
    histograms(&rows).describe(
        "What comes out of each of the four layers, and below it its standard deviation; the zeros of a ReLU are left out",
        format!("Two rows of four histograms. The standard deviations from layer to layer: {}.", said.join("; ")),
    )
}
