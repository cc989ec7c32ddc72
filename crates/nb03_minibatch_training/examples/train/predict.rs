//! What the net sees in a picture.

use crate::options::Predict;
use crate::record::Record;
use crate::{Failed, picture};
use nb03_minibatch_training::data::{PIXELS, SIDE, show_image};
use nb03_minibatch_training::ndarray::{Array2, Axis};
use nb03_minibatch_training::nn::{self, Sequential};
use nb03_minibatch_training::*;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(options: &Predict) -> Result<ExitCode, Failed> {
    let net = load(&options.weights)?;
    let (image, label) = match (&options.picture, options.row) {
        (Some(file), _) => (picture::read(file)?, None),
        (None, row) => validation_row(row.unwrap_or(0))?,
    };
    let x = image.to_shape((1, PIXELS)).map_err(Failed::from)?.to_owned();
    let probabilities = log_softmax(&matrix(&net.infer(&tensor(x)))).exp().remove_axis(Axis(0)).to_vec();
    show(&image, &probabilities, label)?;
    Ok(ExitCode::SUCCESS)
}

/// The net of a run: its size is in the record beside the weights.
fn load(weights: &Path) -> Result<Sequential, Failed> {
    let hidden = Record::read(&Record::beside(weights))?.hidden.clamp(1, 10_000);
    let (mut net, _) = get_model(PIXELS, hidden as usize, 10, 0.5, &mut manual_seed(0));
    nn::load(&mut net, weights)?;
    Ok(net)
}

fn validation_row(row: usize) -> Result<(Array2<f32>, Option<u8>), Failed> {
    let mnist = get_data()?;
    let rows = mnist.y_valid.len();
    if row >= rows {
        return Err(Failed::usage(format!("--row {row}: the validation set has {rows} rows, from 0 on")));
    }
    let image = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| mnist.x_valid[[row, y * SIDE + x]]);
    Ok((image, Some(mnist.y_valid[row])))
}

/// Characters of the longest bar.
const BAR: usize = 40;

fn show(image: &Array2<f32>, probabilities: &[f32], label: Option<u8>) -> std::io::Result<()> {
    let (mut out, blocks) = (stdout().lock(), Blocks::here());
    writeln!(out, "{}", show_image(image))?;
    for (digit, p) in probabilities.iter().enumerate() {
        let line = format!("{digit}  {p:>6.4}  {}", blocks.bar((*p).into(), BAR));
        writeln!(out, "{}", line.trim_end())?;
    }
    let best = argmax(&ndarray::aview1(probabilities));
    let answer = best.map_or("nothing: its weights are not numbers".into(), |digit| format!("a {digit}"));
    match label {
        Some(label) => writeln!(out, "\nThe net sees {answer}; its label is {label}."),
        None => writeln!(out, "\nThe net sees {answer}."),
    }
}
