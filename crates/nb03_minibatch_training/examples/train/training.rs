//! The run: epoch after epoch, kept after each.

use crate::options::Training;
use crate::record::{EpochRecord, Record, write_whole};
use crate::{Failed, curve};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nb03_minibatch_training::nn::{self, Sequential};
use nb03_minibatch_training::*;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What a shell reports after Ctrl-C.
const INTERRUPTED: u8 = 130;

static STOP: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(options: &Training) -> Result<ExitCode, Failed> {
    let kept = kept(options)?;
    let mnist = get_data()?;
    let (train, valid) = (
        Dataset::new(tensor(mnist.x_train), mnist.y_train),
        Dataset::new(tensor(mnist.x_valid), mnist.y_valid),
    );
    let mut session = Session::new(options, &train, &valid, mnist.source.to_string(), kept)?;
    // The second Ctrl-C does not wait for the end of the batch.
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    let ended = session.train()?;
    session.finish()?;
    Ok(ended)
}

/// The record of the run to go on with, if there is one and that was asked for.
fn kept(options: &Training) -> Result<Option<Record>, Failed> {
    let Some(weights) = &options.weights else { return Ok(None) };
    if options.resume {
        return Record::read(&Record::beside(weights)).map(Some);
    }
    let exist = [weights.clone(), Record::beside(weights)].into_iter().find(|file| file.exists());
    match exist.filter(|_| !options.force) {
        Some(file) => {
            let file = file.display();
            Err(Failed::usage(format!(
                "{file} is there: --resume goes on with its run, --force overwrites it"
            )))
        }
        None => Ok(None),
    }
}

struct Session<'a> {
    options: &'a Training,
    net: Sequential,
    opt: Sgd,
    train_dl: DataLoader,
    valid_dl: DataLoader,
    record: Record,
}

impl<'a> Session<'a> {
    fn new(
        options: &'a Training,
        train: &Dataset,
        valid: &Dataset,
        data: String,
        kept: Option<Record>,
    ) -> Result<Self, Failed> {
        let hidden = options.hidden as usize;
        let (mut net, opt) = get_model(784, hidden, 10, options.lr, &mut manual_seed(options.seed));
        let new = Record::new(options, data, train.len());
        let record = match (kept, &options.weights) {
            (Some(kept), Some(weights)) => {
                kept.fits(&new)?;
                nn::load(&mut net, weights)?;
                kept.is_of(&mut net, weights)?;
                Record { lr: new.lr, ..kept }
            }
            _ => new,
        };
        let (train_dl, valid_dl) = get_dls(train, valid, options.bs as usize, options.seed);
        Ok(Session { options, net, opt, train_dl, valid_dl, record })
    }

    /// All epochs that are left, or those before Ctrl-C.
    fn train(&mut self) -> Result<ExitCode, Failed> {
        let done = self.record.epochs.len() as u64;
        eprintln!(
            "{}: {} images to train with, {} hidden units",
            self.record.data, self.record.rows, self.record.hidden
        );
        for epoch in done..self.options.epochs {
            if !self.epoch(epoch)? {
                eprintln!("interrupted: {} whole epochs are kept", self.record.epochs.len());
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// One epoch, kept at its end; `false` if it was interrupted.
    fn epoch(&mut self, epoch: u64) -> Result<bool, Failed> {
        let (start, bar) = (Instant::now(), bar(self.train_dl.len(), epoch, self.options.epochs));
        let mut losses = Vec::with_capacity(self.train_dl.len());
        let mut batches = self.train_dl.epoch(epoch);
        while let Some(batch) = batches.next() {
            let loss = train_batch(&mut self.net, cross_entropy, &self.opt, batch);
            if !loss.is_finite() {
                return Err(diverged(epoch, self.options.lr));
            }
            losses.push(loss);
            if losses.len().is_multiple_of(SHOWN) {
                bar.set_message(format!("loss {:.3}", mean(&losses[losses.len() - SHOWN..])));
            }
            bar.inc(1);
            if STOP.load(Ordering::Relaxed) {
                bar.finish_and_clear();
                return Ok(false);
            }
        }
        let valid = validate(&self.net, cross_entropy, &mut self.valid_dl);
        if !valid.loss.is_finite() {
            return Err(diverged(epoch, self.options.lr));
        }
        bar.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        self.record.epochs.push(EpochRecord::new(&losses, valid, seconds));
        eprintln!("{}", self.line());
        self.keep()?;
        Ok(true)
    }

    /// The last epoch in a line.
    fn line(&self) -> String {
        let (n, all) = (self.record.epochs.len(), self.options.epochs);
        self.record.epochs.last().map_or_else(String::new, |epoch| {
            let EpochRecord { train_loss, valid_loss, valid_accuracy, seconds, .. } = epoch;
            format!(
                "epoch {n}/{all}: loss {train_loss:.4}, validation loss {valid_loss:.4}, accuracy {valid_accuracy:.4}, {seconds:.2} s"
            )
        })
    }

    /// Weights first, and then the record that knows their fingerprint.
    fn keep(&mut self) -> Result<(), Failed> {
        if let Some(weights) = &self.options.weights {
            nn::save(&mut self.net, weights)?;
            self.record.describe(&mut self.net);
            self.record.write(&Record::beside(weights))?;
        }
        Ok(())
    }

    /// The result, and the files that are written at the end.
    fn finish(&self) -> Result<(), Failed> {
        let Some(last) = self.record.epochs.last() else { return Ok(()) };
        if let Some(file) = &self.options.json {
            self.record.write(file)?;
        }
        if let Some(file) = &self.options.curve {
            write_whole(file, &curve::svg(&self.record))?;
        }
        let (n, rows) = (self.record.epochs.len(), self.valid_dl.dataset().len());
        let epochs = if n == 1 { "1 epoch".into() } else { format!("{n} epochs") };
        let EpochRecord { valid_accuracy, valid_loss, .. } = last;
        writeln!(
            stdout(),
            "accuracy {valid_accuracy:.4}, loss {valid_loss:.4} on {rows} validation images after {epochs}"
        )?;
        self.written().into_iter().try_for_each(|file| writeln!(stdout(), "wrote {}", file.display()))?;
        Ok(())
    }

    fn written(&self) -> Vec<&Path> {
        let Training { weights, curve, json, .. } = self.options;
        [weights, curve, json].into_iter().flatten().map(|file| file.as_path()).collect()
    }
}

/// Batches whose mean loss is shown: a single one jumps.
const SHOWN: usize = 20;

fn mean(losses: &[f32]) -> f64 {
    losses.iter().map(|x| f64::from(*x)).sum::<f64>() / losses.len() as f64
}

/// On a terminal only: elsewhere the line after each epoch says enough.
fn bar(batches: usize, epoch: u64, epochs: u64) -> ProgressBar {
    let target =
        if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(batches as u64), target);
    let style = ProgressStyle::with_template("{prefix} [{bar:40}] {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_prefix(format!("epoch {}/{epochs}", epoch + 1));
    bar
}

fn diverged(epoch: u64, lr: f32) -> Failed {
    let epoch = epoch + 1;
    Failed {
        message: format!(
            "the loss is not a finite number in epoch {epoch}: take a smaller --lr than {lr}; the epochs before are kept"
        ),
        code: 1,
    }
}
