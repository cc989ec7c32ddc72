//! The pictures of this notebook: what each shows, from the numbers of the section that draws it.
//!
//! `NB_FIGURES=folder cargo test -p nb02_fully_connected --test lesson` writes them; how they look is `::figures`' business.

use ::figures::strip::norm;
use ::figures::{
    Draws, Figure, Histogram, Picture, Row, Step, histograms, image_grid, log_bars, log_curves, spreads,
    strip,
};
use nb02_fully_connected::elementwise::frobenius_norm;
use nb02_fully_connected::ndarray::{Array1, Array2, ArrayRef2};
use nb02_fully_connected::timing::human;
use nb02_fully_connected::{Blocks, Grads, chart, mean, std};
use std::ops::Range;

pub(crate) use ::figures::{Stop, show};

/// A net of many layers, its activations from the first to the last.
pub(crate) struct Deep {
    /// How its weights are drawn.
    pub(crate) init: &'static str,
    /// What follows each product.
    pub(crate) activation: &'static str,
    /// Between which numbers the activations are shown.
    pub(crate) range: Range<f32>,
    pub(crate) layers: Vec<Array2<f32>>,
}

impl Deep {
    /// A layer as a histogram of characters, and its standard deviation; three have room beside each other.
    pub(crate) fn seen(&self, layer: usize) -> String {
        let layer = &self.layers[layer];
        let bins = (chart::width() / 3).saturating_sub(16).clamp(4, 20);
        let seen = Blocks::here().histogram(alive(layer), self.range.clone(), bins);
        format!("|{seen}| {:<6}", short(std(layer)))
    }
}

/// The second moment after each of thirty layers, for three initialisations.
pub(crate) fn thirty_layers([randn, xavier, kaiming]: [Vec<f64>; 3]) -> Figure {
    let last = |all: &Vec<f64>| all.last().map_or("nothing".into(), |x| format!("{x:.0e}"));
    let ends = [&randn, &xavier, &kaiming].map(last);
    log_curves(&[("randn", randn), ("Xavier", xavier), ("Kaiming", kaiming)], "layer").describe(
        "E[x²] after each of thirty layers of 200 units with a ReLU: it explodes, vanishes, or stays",
        format!("Three curves on a logarithmic axis. At the thirtieth layer randn is at {}, Xavier at {}, Kaiming at {}.", ends[0], ends[1], ends[2]),
    )
}

/// A row a net, a histogram a layer.
pub(crate) fn ten_layers(nets: &[Deep]) -> Figure {
    let row = |net: &Deep| {
        let Deep { init, activation, range, layers } = net;
        let cell = |layer: &Array2<f32>| Histogram::new(alive(layer), range.clone(), 20, short(std(layer)));
        let heading = format!("{activation}, {init} ({} to {})", range.start, range.end);
        (heading.replace('-', "−"), layers.iter().map(cell).collect())
    };
    let rows: Vec<(String, Vec<Histogram>)> = nets.iter().map(row).collect();
    let said = |net: &Deep| {
        let ends = [net.layers.first(), net.layers.last()].map(|layer| layer.map_or(f64::NAN, |x| std(x)));
        format!("{} with {} goes from {} to {}", net.activation, net.init, short(ends[0]), short(ends[1]))
    };
    let said: Vec<String> = nets.iter().map(said).collect();
    histograms(&rows).describe(
        "The activations of ten layers, the first on the left, and below each its standard deviation; the zeros of a ReLU are left out",
        format!("Rows of ten small histograms. The standard deviation from the first to the tenth layer: {}.", said.join("; ")),
    )
}

/// What a ReLU has let through; and all that tanh gives, which is never 0 but by accident.
fn alive(layer: &Array2<f32>) -> impl Iterator<Item = f32> {
    layer.iter().copied().filter(|x| *x != 0.0)
}

/// Two digits: `0.63`, `3e-9`.
fn short(number: f64) -> String {
    if number >= 0.01 { format!("{number:.2}") } else { format!("{number:.0e}") }
}

/// Weights of equal variance, between −4 and 4 of their standard deviations.
pub(crate) fn weights(kinds: [(&str, &Array1<f32>); 2]) -> Figure {
    let largest = |w: &Array1<f32>| w.fold(0.0_f32, |most, w| most.max(w.abs()));
    let cell = |(name, w): (&str, &Array1<f32>)| {
        Histogram::new(w.iter().copied(), -4.0..4.0, 64, format!("{name}, largest {:.2}", largest(w)))
    };
    let said = kinds.map(|(name, w)| format!("the {name} weights reach {:.2}", largest(w)));
    let heading = format!("{} million weights of deviation 1, from −4 to 4", kinds[0].1.len() / 1_000_000);
    histograms(&[(heading, kinds.map(cell).into())]).describe(
        "Normal and uniform weights of equal variance: the shapes differ, and what a layer makes of them does not",
        format!("Two histograms, a bell and a box: {}.", said.join(" and ")),
    )
}

/// Down the values, up the gradients.
pub(crate) fn backward_pass(stops: &[Stop], grads: &Grads) -> Figure {
    let params = |i: usize, w: &Array2<f32>, b: &Array1<f32>| {
        format!("‖w{i}.g‖ = {}, ‖b{i}.g‖ = {}", norm(frobenius_norm(w)), norm(frobenius_norm(b)))
    };
    let step = |forward: &str, backward: String| Step { forward: forward.into(), backward };
    let steps = [
        step("lin(x, w1, b1)", params(1, &grads.w1, &grads.b1)),
        step("relu", "relu_grad".into()),
        step("lin(l2, w2, b2)", params(2, &grads.w2, &grads.b2)),
        step("mse", "mse_grad".into()),
    ];
    let said = |s: &Stop| format!("{} {}: {} and {}", s.name, s.shape, norm(s.value), norm(s.gradient));
    let said: Vec<String> = stops.iter().map(said).collect();
    strip(stops, &steps).describe(
        "Forward, downwards, and backward, upwards: each value with its shape, its norm, and the norm of its gradient",
        format!("Boxes from the input to the loss, with the norm of each value and of its gradient. {}.", said.join("; ")),
    )
}

/// An image, and which of its pixels would raise the loss (positive) or lower it.
pub(crate) fn input_gradient(image: &ArrayRef2<f32>, gradient: &ArrayRef2<f32>) -> Figure {
    let most = gradient.fold(0.0_f32, |most, g| most.max(g.abs()));
    let lightest = image.fold(f32::INFINITY, |least, x| least.min(*x));
    let ink = image.mapv(|x| x - lightest);
    let pictures = [
        Picture::new(&ink, "the image"),
        Picture::new(gradient, format!("its gradient, ±{}", norm(most.into()))),
    ];
    image_grid(&pictures, 2).describe(
        "An image, and the gradient of the loss for each of its pixels: orange where a brighter pixel would raise the loss, blue where it would lower it",
        format!("A digit, and beside it 28 by 28 squares in two colours, one for each sign. The largest gradient of a pixel is {}.", norm(most.into())),
    )
}

/// A row a variant: each seed's mean is a dot.
pub(crate) fn means(variants: &[(String, Array1<f32>)]) -> Figure {
    let row = |(name, means): &(String, Array1<f32>)| Draws {
        name: name.clone(),
        values: means.iter().map(|m| f64::from(*m)).collect(),
        mean: mean(means),
        std: std(means),
    };
    let rows: Vec<Draws> = variants.iter().map(row).collect();
    let said: Vec<String> = rows.iter().map(|r| format!("{} {:.3} ± {:.3}", r.name, r.mean, r.std)).collect();
    let seeds = variants.first().map_or(0, |(_, means)| means.len());
    spreads(&rows).describe(
        format!("The mean of the activations for {seeds} seeds, each a dot, with their mean and standard deviation"),
        format!("Rows of dots on one axis, with mean and standard deviation: {}.", said.join("; ")),
    )
}

/// Forward and backward of each refactoring, ours and the course's: `(name, our seconds, the course's seconds)`.
pub(crate) fn refactorings(steps: &[(String, f64, f64)], rows: usize) -> Figure {
    let row = |(name, ours, course): &(String, f64, f64)| Row::new(name, [Some(*ours), Some(*course)]);
    let bars: Vec<Row> = steps.iter().map(row).collect();
    let said = steps
        .iter()
        .map(|(name, ours, course)| format!("{name} {} (the course: {})", human(*ours), human(*course)));
    let said: Vec<String> = said.collect();
    log_bars(["ours (Rust)", "the course (Python)"], &bars, human).describe(
        format!("Each refactoring's time for {rows} rows, → forward and ← backward (nn: without x.g); each line of the axis is ten times the one before. The course's times are from its own machine; those of Layers are multiplied up from a part of the rows, since its backward pass writes 7.84 GB of outer products"),
        format!("Horizontal bars on a logarithmic axis, shorter is faster: {}.", said.join("; ")),
    )
}
