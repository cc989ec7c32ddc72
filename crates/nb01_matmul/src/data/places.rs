//! Where MNIST may be, in the order in which we look.
//!
//! ```
//! use nb01_matmul::data::{find, locations};
//!
//! for place in locations() {
//!     println!("{}: {}", place.name, place.path.display());
//! }
//! println!("get_data() would use {}", find()?);
//! # Ok::<(), nb01_matmul::DataError>(())
//! ```

use super::Source;
use super::error::DataError;
use super::idx::{IMAGES, LABELS, either};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// The folder that is ours in the user's cache directory.
///
/// ```
/// assert_eq!(nb01_matmul::data::places::CACHE, "nb_dl_foundations");
/// ```
pub const CACHE: &str = "nb_dl_foundations";

/// A place where MNIST may be.
///
/// ```
/// use nb01_matmul::data::locations;
///
/// for place in locations() {
///     println!("{}: {:?}", place.name, place.found); // workspace: Ok(Pickle("…/data/mnist.pkl.gz"))
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Place {
    /// `NB_DATA`, `workspace` or `cache`.
    pub name: &'static str,
    /// The folder or file.
    pub path: PathBuf,
    /// What is there. An empty or missing folder is an error only where `NB_DATA` names it.
    pub found: Result<Source, DataError>,
}

/// Where MNIST may be, in order, and what is there; what follows if all are empty is [`Source::Drawn`].
///
/// ```
/// // The one place that is always looked at: the folder `data` of the workspace we were built in.
/// assert!(nb01_matmul::data::locations().iter().any(|place| place.name == "workspace"));
/// ```
pub fn locations() -> Vec<Place> {
    let named = std::env::var_os("NB_DATA").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join(CACHE));
    let places = [
        ("NB_DATA", named.map(|path| from_workspace(&path))),
        ("workspace", workspace().map(|root| root.join("data"))),
        ("cache", cache),
    ];
    let place =
        |(name, path): (_, Option<PathBuf>)| path.map(|path| Place { name, found: look_at(&path), path });
    places.into_iter().filter_map(place).collect()
}

/// Which of them [`get_data`](super::get_data) uses: the first where something is found.
///
/// # Errors
/// If `NB_DATA` points to nothing, or half of a pair of files is missing.
///
/// ```
/// println!("{}", nb01_matmul::data::find()?);
/// # Ok::<(), nb01_matmul::DataError>(())
/// ```
pub fn find() -> Result<Source, DataError> {
    for place in locations() {
        match place.found {
            Err(DataError::NotThere { .. } | DataError::NothingIn { .. }) if place.name != "NB_DATA" => {}
            found => return found,
        }
    }
    Ok(Source::Drawn)
}

/// What a path leads to: `drawn`, a file, or a folder with a pickle or the IDX files.
pub(super) fn look_at(path: &Path) -> Result<Source, DataError> {
    if path == Path::new("drawn") {
        return Ok(Source::Drawn);
    }
    let is_there = path.try_exists().map_err(|source| DataError::Io {
        doing: "looking at",
        path: path.into(),
        source,
    })?;
    match is_there {
        false => Err(DataError::NotThere { path: path.into() }),
        true if path.is_dir() => look_into(path),
        true => Ok(file(path)),
    }
}

/// An IDX file stands for the folder it is in; everything else must be a pickle.
fn file(path: &Path) -> Source {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.parent() {
        Some(folder) if name.contains("-ubyte") => Source::Idx(folder.into()),
        _ => Source::Pickle(path.into()),
    }
}

fn look_into(folder: &Path) -> Result<Source, DataError> {
    let pickle = ["mnist.pkl.gz", "mnist.pkl"].map(|name| folder.join(name)).into_iter().find(|p| p.exists());
    match (pickle, either(folder, IMAGES), either(folder, LABELS)) {
        (Some(pickle), ..) => Ok(Source::Pickle(pickle)),
        (None, Some(_), Some(_)) => Ok(Source::Idx(folder.into())),
        (None, Some(_), None) => Err(DataError::Incomplete { file: folder.join(LABELS) }),
        (None, None, Some(_)) => Err(DataError::Incomplete { file: folder.join(IMAGES) }),
        (None, None, None) => Err(DataError::NothingIn { folder: folder.into() }),
    }
}

/// Cargo runs tests in the crate's folder, so a relative path that leads nowhere is tried from the workspace.
fn from_workspace(path: &Path) -> PathBuf {
    let elsewhere = workspace().map(|root| root.join(path)).filter(|other| !path.exists() && other.exists());
    elsewhere.unwrap_or_else(|| path.into())
}

/// The workspace this crate was built in, if it is still there.
fn workspace() -> Option<PathBuf> {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().ok()
}
