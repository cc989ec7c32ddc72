//! What a run was, as JSON: to look at, to draw, and to go on with.

use crate::Failed;
use crate::options::Training;
use nb03_minibatch_training::{Module, Scores};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What was asked for, and what came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) hidden: u32,
    pub(crate) bs: u32,
    pub(crate) lr: f32,
    pub(crate) seed: u64,
    pub(crate) data: String,
    /// Images to train with.
    pub(crate) rows: usize,
    pub(crate) epochs: Vec<EpochRecord>,
    /// Of the weights after the last epoch.
    pub(crate) fingerprint: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EpochRecord {
    /// The mean over all batches.
    pub(crate) train_loss: f64,
    pub(crate) valid_loss: f64,
    pub(crate) valid_accuracy: f64,
    pub(crate) seconds: f64,
    /// The means over parts of the epoch, for the curve.
    pub(crate) losses: Vec<f64>,
}

/// Points of the curve in an epoch.
const POINTS: usize = 50;

impl EpochRecord {
    pub(crate) fn new(losses: &[f32], valid: Scores, seconds: f64) -> Self {
        let mean = |part: &[f32]| part.iter().map(|x| f64::from(*x)).sum::<f64>() / part.len() as f64;
        let points = losses.chunks(losses.len().div_ceil(POINTS).max(1)).map(mean).collect();
        let (valid_loss, valid_accuracy) = (valid.loss, valid.accuracy);
        EpochRecord { train_loss: mean(losses), valid_loss, valid_accuracy, seconds, losses: points }
    }
}

/// Larger than the record of 100,000 epochs.
const MOST_BYTES: u64 = 256 << 20;

impl Record {
    pub(crate) fn new(options: &Training, data: String, rows: usize) -> Self {
        let Training { hidden, bs, lr, seed, .. } = *options;
        Record { hidden, bs, lr, seed, data, rows, epochs: Vec::new(), fingerprint: None }
    }

    /// `net.safetensors` → `net.json`
    pub(crate) fn beside(weights: &Path) -> PathBuf {
        weights.with_extension("json")
    }

    pub(crate) fn read(path: &Path) -> Result<Record, Failed> {
        let wrong = |what: String| Failed { message: format!("{}: {what}", path.display()), code: 1 };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| wrong(format!("not the record of a run: {error}")))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failed> {
        write_whole(path, &(serde_json::to_string_pretty(self)? + "\n"))
    }

    /// Whether the run that `asked` describes is this one, further on.
    pub(crate) fn fits(&self, asked: &Record) -> Result<(), Failed> {
        let of = |r: &Record| {
            [
                ("--hidden", r.hidden.into()),
                ("--bs", r.bs.into()),
                ("--seed", r.seed),
                ("training images", r.rows as u64),
            ]
        };
        for ((what, kept), (_, asked)) in of(self).into_iter().zip(of(asked)) {
            if kept != asked {
                return Err(Failed::usage(format!(
                    "--resume: the run had {what} {kept}, and now it is {asked}"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn describe(&mut self, net: &mut dyn Module) {
        self.fingerprint = Some(fingerprint(net));
    }

    /// Whether the weights are those after its last epoch.
    pub(crate) fn is_of(&self, net: &mut dyn Module, weights: &Path) -> Result<(), Failed> {
        if self.fingerprint.as_ref() == Some(&fingerprint(net)) {
            return Ok(());
        }
        let (record, weights) = (Record::beside(weights), weights.display());
        let message = format!(
            "{} is the record of other weights than {weights}: begin anew with --force",
            record.display()
        );
        Err(Failed { message, code: 1 })
    }
}

/// FNV-1a over all weights.
fn fingerprint(net: &mut dyn Module) -> String {
    let parameters = net.parameters();
    let bytes = parameters.iter().flat_map(|(_, p)| &p.value).flat_map(|x| x.to_le_bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// A whole file appears at `path`, or none, and what was there before stays.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), Failed> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = with_usual_permissions(&mut tempfile::Builder::new()).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| Failed {
        message: format!("{} cannot be written: {error}", path.display()),
        code: 1,
    })
}

#[cfg(unix)]
fn with_usual_permissions<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666)) // less the umask
}

#[cfg(not(unix))]
fn with_usual_permissions<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    builder
}
