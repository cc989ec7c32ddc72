//! The losses as a picture.

use crate::record::Record;
use figures::{Line, lines};

/// The training loss within the epochs, and the validation loss after each.
pub(crate) fn svg(record: &Record) -> String {
    let within = |(epoch, losses): (usize, &Vec<f64>)| {
        let step = 1.0 / losses.len() as f64;
        losses
            .iter()
            .enumerate()
            .map(move |(i, loss)| (epoch as f64 + (i as f64 + 0.5) * step, *loss))
            .collect::<Vec<_>>()
    };
    let train = record.epochs.iter().map(|epoch| &epoch.losses).enumerate().flat_map(within);
    let valid = record.epochs.iter().enumerate().map(|(i, epoch)| (i as f64 + 1.0, epoch.valid_loss));
    let last = record.epochs.last().map_or(f64::NAN, |epoch| epoch.valid_accuracy);
    let curves = [Line::new("training", train), Line::new("validation", valid)];
    lines(&curves, "epoch", "cross entropy")
        .describe(
            format!("{} hidden units, batches of {}, learning rate {}: accuracy {last:.4}", record.hidden, record.bs, record.lr),
            format!("Two curves over {} epochs: the loss on training batches, and on the validation set after each epoch.", record.epochs.len()),
        )
        .svg("loss")
}
