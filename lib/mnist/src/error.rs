//! What can go wrong with a file: which one, what is the matter with it, and the way out.
//!
//! A [`DataError`] says what was being done and to which file; its [`Fault`] says what is wrong inside.
//!
//! ```
//! use mnist::{DataError, Fault};
//!
//! let error = DataError::Damaged { path: "data/mnist.pkl.gz".into(), fault: Fault::Truncated { at: 1000 } };
//! assert_eq!(
//!     error.to_string(),
//!     "data/mnist.pkl.gz cannot be read as MNIST: it ends too early, after 1000 bytes (unpacked); \
//!      delete it and run `cargo xtask data get`"
//! );
//! ```

use std::io;
use std::path::PathBuf;

/// Why there are no digits: what was being done, to which file, and what to do next.
///
/// ```
/// use mnist::{DataError, read_from};
///
/// let error = read_from("nowhere".as_ref()).unwrap_err();
/// assert!(matches!(&error, DataError::NotThere { path, .. } if path.ends_with("nowhere")));
/// assert!(error.to_string().contains("cargo xtask data get"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The path that was given leads nowhere.
    #[error(
        "looking for MNIST: there is nothing at {}{}; correct the path (or NB_DATA), \
         or run `cargo xtask data get --to` with the folder you meant", path.display(), named(near)
    )]
    NotThere {
        /// What was looked at.
        path: PathBuf,
        /// What lies beside it and has a similar name.
        near: Vec<String>,
    },
    /// The folder that was given has none of the files.
    #[error(
        "looking for MNIST: neither mnist.pkl.gz nor train-images-idx3-ubyte.gz is in {}{}; \
         run `cargo xtask data get --to` with that folder, or unset NB_DATA", folder.display(), named(near)
    )]
    NothingIn {
        /// What was looked into.
        folder: PathBuf,
        /// What is in it and has a similar name.
        near: Vec<String>,
    },
    /// Images without labels or the other way round.
    #[error("looking for MNIST: {} is missing beside {}; run `cargo xtask data get`", file.display(), beside.display())]
    Incomplete {
        /// The file that is missing.
        file: PathBuf,
        /// The file that was found.
        beside: PathBuf,
    },
    /// A path to an IDX file that cannot hold the training images or their labels.
    #[error(
        "{} is not one of MNIST's training files, by its name; name train-images-idx3-ubyte.gz, or the folder with it",
        file.display()
    )]
    NotTraining {
        /// The file.
        file: PathBuf,
    },
    /// The operating system refused.
    #[error("{doing} {} failed: {source}; let NB_DATA name another file or folder, or be `drawn`", path.display())]
    Io {
        /// Such as "opening".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file can be read, but it is not what its name says.
    #[error("{} cannot be read as MNIST: {fault}; {}", path.display(), fault.way_out())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
}

/// Names in a message, escaped: a file's name may hold a line's end.
fn named(near: &[String]) -> String {
    let names: Vec<String> = near.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    if names.is_empty() { String::new() } else { format!(", only {}", names.join(", ")) }
}

/// What is wrong inside a file.
///
/// ```
/// use mnist::Fault;
///
/// assert_eq!(Fault::Name("os.system".into()).to_string(), "it names `os.system`, which no NumPy array needs");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The data stop before their end.
    #[error("it ends too early, after {at} bytes (unpacked)")]
    Truncated {
        /// How many bytes there were, counted after unpacking.
        at: u64,
    },
    /// Something follows the end.
    #[error("something follows its end, after {at} bytes (unpacked)")]
    Trailing {
        /// Where the data ended, counted after unpacking.
        at: u64,
    },
    /// A broken archive, or a disk that cannot be read.
    #[error("unpacking failed: {0}")]
    Unpacking(#[source] io::Error),
    /// Neither a pickle nor an IDX file.
    #[error(
        "it starts with {0:02x?}, neither as a pickle of protocol 2 to 5 nor as the IDX file needed here"
    )]
    Format(Vec<u8>),
    /// More of something than MNIST could need.
    #[error("it has {found} {what}, where {limit} are more than enough")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much it has or says it has.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A pickle instruction that no tuple of arrays needs.
    #[error("the pickle instruction {byte:#04x} at byte {at} (unpacked) has no place in a tuple of arrays")]
    Opcode {
        /// The instruction.
        byte: u8,
        /// Where, counted after unpacking.
        at: u64,
    },
    /// A pickle that names something else than NumPy's arrays. Nothing is ever called; it is refused all the same.
    #[error("it names `{0}`, which no NumPy array needs")]
    Name(String),
    /// A pickle of something else.
    #[error("it is a pickle, but not of ((x_train, y_train), (x_valid, y_valid), (x_test, y_test)): {0}")]
    Structure(String),
    /// Arrays of another type of number.
    #[error("{array} holds numbers of type `{found}` instead of {expected}")]
    Dtype {
        /// Which array.
        array: &'static str,
        /// NumPy's code for what it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Shape and size of an array do not fit each other.
    #[error("{array} has the shape {shape:?} and {bytes} bytes, which do not fit each other or the data set")]
    Size {
        /// Which array.
        array: &'static str,
        /// Its shape as stored.
        shape: Vec<usize>,
        /// Its size as stored.
        bytes: usize,
    },
    /// Images too few to keep a sixth of them for validation.
    #[error("it has {found} images, and the last sixth of at least 6 is what to validate with")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Images and labels that do not belong together.
    #[error("images of shape {images:?} and labels of shape {labels:?} are not (n, 784) and (n)")]
    Shapes {
        /// Shape of the images.
        images: Vec<usize>,
        /// Shape of the labels.
        labels: Vec<usize>,
    },
    /// A label that is no digit.
    #[error("label {row} is {value}, not a digit from 0 to 9")]
    Label {
        /// Whose label.
        row: usize,
        /// What it is: any number of 64 bits, signed or not.
        value: i128,
    },
    /// A pixel that is no brightness.
    #[error("pixel {column} of image {row} is {value}, not a number from 0 to 1")]
    Pixel {
        /// Which image.
        row: usize,
        /// Which of its 784 pixels.
        column: usize,
        /// What it is.
        value: f32,
    },
}

impl Fault {
    /// A file that was cut or changed on its way should be fetched again. Another kind of file may be dear to
    /// somebody, so the path is questioned first.
    fn way_out(&self) -> &'static str {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match self {
            Fault::Truncated { .. } | Fault::Trailing { .. } => "delete it and run `cargo xtask data get`",
            Fault::Unpacking(error) if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
                "delete it and run `cargo xtask data get`"
            }
            Fault::Unpacking(_) => {
                "try again, or use another copy: `cargo xtask data get --to` with another folder"
            }
            _ => {
                "is it the file you meant? If so, delete it and run `cargo xtask data get`; if not, correct the path \
                 (or NB_DATA)"
            }
        }
    }
}

pub(crate) fn limit(what: &'static str, found: u64, limit: u64) -> Result<(), Fault> {
    if found > limit { Err(Fault::TooMuch { what, found, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::ErrorKind::{InvalidData, InvalidInput, Other, PermissionDenied, UnexpectedEof};

    /// A broken archive is fetched again; a disk that cannot be read has nothing to do with the archive.
    #[test]
    fn what_cannot_be_unpacked_is_broken_or_cannot_be_read() {
        let way_out = |kind: io::ErrorKind| Fault::Unpacking(kind.into()).way_out();
        for kind in [InvalidData, InvalidInput, UnexpectedEof] {
            assert_eq!(way_out(kind), "delete it and run `cargo xtask data get`", "{kind}");
        }
        for kind in [PermissionDenied, Other] {
            assert!(way_out(kind).starts_with("try again, or use another copy"), "{kind}");
        }
    }
}
