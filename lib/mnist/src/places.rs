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
    look([
        ("NB_DATA", named.map(|path| from_workspace(&path))),
        ("workspace", workspace().map(|root| root.join("data"))),
        ("cache", cache),
    ])
}

fn look(places: [(&'static str, Option<PathBuf>); 3]) -> Vec<Place> {
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
    first(locations())
}

fn first(places: Vec<Place>) -> Result<Source, DataError> {
    for place in places {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Three folders; those named in `filled` have a pickle, or what goes for one until it is read.
    fn three(filled: &[&str]) -> (tempfile::TempDir, [(&'static str, Option<PathBuf>); 3]) {
        let root = tempfile::tempdir().unwrap();
        let places = ["NB_DATA", "workspace", "cache"].map(|name| (name, Some(root.path().join(name))));
        for name in filled {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("mnist.pkl.gz"), "").unwrap();
        }
        (root, places)
    }

    /// The folder whose pickle is used.
    fn chosen(places: [(&'static str, Option<PathBuf>); 3]) -> String {
        match first(look(places)).unwrap() {
            Source::Pickle(file) => file.parent().unwrap().file_name().unwrap().to_string_lossy().into(),
            other => other.to_string(),
        }
    }

    #[test]
    fn the_first_place_with_something_in_it() {
        let (_root, places) = three(&["NB_DATA", "workspace", "cache"]);
        assert_eq!(chosen(places.clone()), "NB_DATA");
        let [_, workspace, cache] = places;
        assert_eq!(chosen([("NB_DATA", None), workspace.clone(), cache.clone()]), "workspace");
        assert_eq!(chosen([("NB_DATA", None), ("workspace", None), cache]), "cache");
    }

    #[test]
    fn empty_and_missing_places_are_passed_over_unless_they_were_named() {
        let (root, [named, workspace, cache]) = three(&["cache"]);
        assert_eq!(chosen([("NB_DATA", None), workspace.clone(), cache.clone()]), "cache");
        fs::create_dir(root.path().join("workspace")).unwrap();
        assert_eq!(chosen([("NB_DATA", None), workspace.clone(), cache.clone()]), "cache");
        let error = first(look([named.clone(), workspace.clone(), cache.clone()])).unwrap_err();
        assert!(matches!(error, DataError::NotThere { .. }), "{error}");
        fs::create_dir(root.path().join("NB_DATA")).unwrap();
        let error = first(look([named, workspace, cache])).unwrap_err();
        assert!(matches!(error, DataError::NothingIn { .. }), "{error}");
    }

    #[test]
    fn half_of_a_pair_is_not_passed_over() {
        let (root, [_, workspace, cache]) = three(&["cache"]);
        fs::create_dir(root.path().join("workspace")).unwrap();
        fs::write(root.path().join("workspace").join(IMAGES), "").unwrap();
        let error = first(look([("NB_DATA", None), workspace, cache])).unwrap_err();
        assert!(matches!(error, DataError::Incomplete { .. }), "{error}");
    }

    #[test]
    fn nowhere() {
        let (_root, [_, workspace, cache]) = three(&[]);
        assert_eq!(first(look([("NB_DATA", None), workspace, cache])).unwrap(), Source::Drawn);
        let drawn = Some(PathBuf::from("drawn"));
        assert_eq!(
            first(look([("NB_DATA", drawn), ("workspace", None), ("cache", None)])).unwrap(),
            Source::Drawn
        );
    }

    #[test]
    fn a_relative_path_is_tried_from_the_workspace_too() {
        assert!(from_workspace(Path::new("crates/nb01_matmul")).is_absolute());
        assert_eq!(from_workspace(Path::new("src")), Path::new("src"));
        assert_eq!(from_workspace(Path::new("no/such")), Path::new("no/such"));
    }
}
