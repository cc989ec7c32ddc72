//! Weights in files: `safetensors`, which PyTorch, candle and burn read and write as well.
//!
//! A file holds each parameter under its name (`0.weight`, `0.bias`, …), which is also PyTorch's for the same layers:
//!
//! ```python
//! from safetensors.torch import load_file, save_file
//! net = torch.nn.Sequential(torch.nn.Linear(784, 50), torch.nn.ReLU(), torch.nn.Linear(50, 10))
//! net.load_state_dict(load_file("digits.safetensors"))
//! ```
//!
//! A linear layer's weight is `(in, out)` here and `(out, in)` in PyTorch. **Files hold PyTorch's order**: [`save`] writes the
//! transpose of each parameter made by [`Param::transposed`], and [`load`] turns it back.

use super::param::zeros_in_order;
use super::{Module, Param, Tensor};
use ndarray::{ArrayView, IxDyn};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Writes the net's parameters to `path`, whole or not at all: into a temporary file beside it, which is then renamed.
///
/// # Errors
/// If the file cannot be written. What was there before is still there then.
///
/// ```
/// use nb02_fully_connected::{manual_seed, nn};
///
/// let path = std::env::temp_dir().join("nb02_doc.safetensors");
/// let mut net = nn::Sequential::new().then(nn::Linear::new(3, 2, &mut manual_seed(0)));
/// nn::save(&mut net, &path)?;
///
/// let mut other = nn::Sequential::new().then(nn::Linear::new(3, 2, &mut manual_seed(1)));
/// nn::load(&mut other, &path)?;
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save(net: &mut dyn Module, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    let path = path.as_ref();
    let write = |error| WeightsError::Write { path: path.into(), error };
    let bytes = to_bytes(net).map_err(|error| write(io::Error::other(error)))?;
    write_whole(path, &bytes).map_err(write)
}

/// Reads the net's parameters from `path`: the same names and shapes, in `f32`. Gradients are forgotten.
///
/// # Errors
/// If the file cannot be read, is not a `safetensors` file, or is another net's. The net is then unchanged.
pub fn load(net: &mut dyn Module, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    let path = path.as_ref();
    let mut parameters = net.parameters();
    let expected: u64 = parameters.iter().map(|(_, p)| 4 * p.value.len() as u64).sum();
    let bytes = read_at_most(path, 4 * expected + MORE)?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| WeightsError::NotSafetensors { path: path.into(), error })?;
    let values = values(&parameters, &file)
        .map_err(|problem| WeightsError::OtherNet { path: path.into(), problem })?;
    for ((_, p), value) in parameters.iter_mut().zip(values) {
        p.value = value;
        p.zero_grad();
    }
    Ok(())
}

/// What a file may have beyond the net's numbers, even as `f64`s: names and shapes.
const MORE: u64 = 16 << 20;

/// Why weights were not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read.
    #[error("cannot read the weights from {path}: {error}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write the weights to {path}: {error}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Truncated, or its header is not one.
    #[error("{path} is not a whole safetensors file: {error}", path = path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SafeTensorError,
    },
    /// Good weights, but not for this net.
    #[error("{path} holds another net's weights: {problem}", path = path.display())]
    OtherNet {
        /// The file.
        path: PathBuf,
        /// The first difference.
        problem: Difference,
    },
}

/// How a file differs from the net.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The net has a parameter that the file has not.
    #[error("there is no {name:?} in it, only {}", .found.join(", "))]
    Missing {
        /// The parameter.
        name: String,
        /// The names in the file.
        found: Vec<String>,
    },
    /// The file has a tensor that the net has not.
    #[error("the net has no {name:?}")]
    Unexpected {
        /// The tensor.
        name: String,
    },
    /// Both have it, of different shapes.
    #[error("{name:?} is {file:?} in the file, and the net needs {net:?}")]
    Shape {
        /// The parameter.
        name: String,
        /// Its shape in the file.
        file: Vec<usize>,
        /// The shape that the file should have: PyTorch's, `(out, in)` for a linear layer.
        net: Vec<usize>,
    },
    /// Numbers of another type.
    #[error("{name:?} is of type {found} in the file, and only F32 can be read; in PyTorch: tensor.float()")]
    Type {
        /// The parameter.
        name: String,
        /// The type in the file.
        found: String,
    },
}

fn to_bytes(net: &mut dyn Module) -> Result<Vec<u8>, SafeTensorError> {
    let parts: Vec<_> = net.parameters().into_iter().map(|(name, p)| (name, shape(p), numbers(p))).collect();
    let views = parts.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, None)
}

/// The parameter's shape in a file.
fn shape(p: &Param) -> Vec<usize> {
    let mut shape = p.value.shape().to_vec();
    if p.is_transposed {
        shape.reverse();
    }
    shape
}

/// The parameter's numbers in the order of a file.
fn numbers(p: &Param) -> Vec<u8> {
    let value = if p.is_transposed { p.value.t() } else { p.value.view() };
    value.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A value for each parameter, or the first difference.
fn values(parameters: &[(String, &mut Param)], file: &SafeTensors<'_>) -> Result<Vec<Tensor>, Difference> {
    let values = parameters.iter().map(|(name, p)| value(name, p, file)).collect::<Result<_, _>>()?;
    match file.names().into_iter().find(|name| parameters.iter().all(|(known, _)| known != name)) {
        Some(name) => Err(Difference::Unexpected { name: name.into() }),
        None => Ok(values),
    }
}

fn value(name: &str, p: &Param, file: &SafeTensors<'_>) -> Result<Tensor, Difference> {
    let name = name.to_string();
    let Ok(view) = file.tensor(&name) else {
        return Err(Difference::Missing { name, found: names(file) });
    };
    if view.dtype() != Dtype::F32 {
        return Err(Difference::Type { name, found: format!("{:?}", view.dtype()) });
    }
    let (found, needed) = (view.shape(), shape(p));
    if found != needed {
        return Err(Difference::Shape { name, file: found.to_vec(), net: needed });
    }
    let floats: Vec<f32> = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let array = ArrayView::from_shape(IxDyn(found), &floats).expect("safetensors checks the number of bytes");
    let array = if p.is_transposed { array.reversed_axes() } else { array };
    let mut value = zeros_in_order(array.raw_dim(), p.is_transposed);
    value.assign(&array);
    Ok(value)
}

fn names(file: &SafeTensors<'_>) -> Vec<String> {
    let mut names: Vec<String> = file.names().into_iter().map(String::from).collect();
    names.sort();
    names
}

/// The whole of a regular file; an error if it has more bytes, so that no file fills the memory.
fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, WeightsError> {
    let read = || {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("this is not a regular file"));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!(
                "it has more than {limit} bytes, far more than this net's weights"
            )));
        }
        Ok(bytes)
    };
    read().map_err(|error| WeightsError::Read { path: path.into(), error })
}

/// Into a temporary file in the same folder, renamed when all is on the disk.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = with_usual_permissions(&mut tempfile::Builder::new()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is its owner's alone; this one will be an ordinary file.
#[cfg(unix)]
fn with_usual_permissions<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666)) // less the umask
}

#[cfg(not(unix))]
fn with_usual_permissions<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    builder
}
