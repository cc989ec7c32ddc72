//! Where MNIST may be, in the order in which we look, and which files there are meant.
//!
//! 1. `NB_DATA`: a folder, a file, or the word `drawn`;
//! 2. the folder `data` of the workspace this crate was built in;
//! 3. the folder `nb_dl_foundations` in the user's cache directory (`~/.cache` on Unix);
//! 4. nowhere: [`Files::Drawn`].
//!
//! A path to a file means that file. A path to a folder means `mnist.pkl.gz` or the IDX files in it, or in one of the
//! folders below it that torchvision and the PyTorch tutorial make (`raw`, `MNIST/raw`, `mnist`).
//!
//! ```
//! for place in mnist::locations() {
//!     println!("{}: {}", place.name, place.path.display());
//! }
//! println!("we would read {}", mnist::find()?);
//! # Ok::<(), mnist::DataError>(())
//! ```

use crate::error::DataError;
use etcetera::BaseStrategy;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of our folder in the user's cache directory.
pub const CACHE: &str = "nb_dl_foundations";

/// The pickle's names.
const PICKLES: [&str; 2] = ["mnist.pkl.gz", "mnist.pkl"];

/// The IDX files' names; `.gz` may follow, and `-idx` may be `.idx`.
const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// Where the files are in a folder that was named: in itself, or where torchvision (`root/MNIST/raw`) and the PyTorch
/// tutorial (`data/mnist`) put them.
const LAYOUTS: [&str; 5] = ["", "raw", "MNIST/raw", "MNIST", "mnist"];

/// The files that are read, before anybody knows what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// This pickle file.
    Pickle(PathBuf),
    /// A pair of IDX files.
    Idx {
        /// The training images.
        images: PathBuf,
        /// Their labels.
        labels: PathBuf,
    },
    /// None: the digits are drawn.
    Drawn,
}

impl Files {
    /// Each of them.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Files::Pickle(file) => vec![file],
            Files::Idx { images, labels } => vec![images, labels],
            Files::Drawn => vec![],
        }
    }
}

impl Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.paths()[..] {
            [file, ..] => write!(f, "{}", file.display()),
            [] => f.write_str("no file"),
        }
    }
}

/// A place where MNIST may be.
#[derive(Debug)]
#[non_exhaustive]
pub struct Place {
    /// `NB_DATA`, `workspace` or `cache`.
    pub name: &'static str,
    /// The folder or file.
    pub path: PathBuf,
    /// What is there. An empty or missing folder is an error only where `NB_DATA` names it.
    pub found: Result<Files, DataError>,
}

/// Where MNIST may be, in order, and what is there; if all are empty, digits are drawn.
pub fn locations() -> Vec<Place> {
    let named = named_by(std::env::var_os("NB_DATA"));
    let cache = etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join(CACHE));
    look([
        ("NB_DATA", named.map(|path| from_workspace(&path))),
        ("workspace", workspace().map(|root| root.join("data"))),
        ("cache", cache),
    ])
}

/// A variable that is set but empty counts as unset. A path need not be Unicode.
fn named_by(variable: Option<OsString>) -> Option<PathBuf> {
    variable.filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn look(places: [(&'static str, Option<PathBuf>); 3]) -> Vec<Place> {
    let place =
        |(name, path): (_, Option<PathBuf>)| path.map(|path| Place { name, found: look_at(&path), path });
    places.into_iter().filter_map(place).collect()
}

/// What [`read`](crate::read) should read: the first place where something is found.
///
/// # Errors
/// If `NB_DATA` points to nothing, or one file of a pair is missing.
pub fn find() -> Result<Files, DataError> {
    first(locations())
}

fn first(places: Vec<Place>) -> Result<Files, DataError> {
    for place in places {
        match place.found {
            Err(DataError::NotThere { .. } | DataError::NothingIn { .. }) if place.name != "NB_DATA" => {}
            found => return found,
        }
    }
    Ok(Files::Drawn)
}

/// What a path leads to: `drawn`, a file, or a folder with a pickle or the IDX files.
pub(crate) fn look_at(path: &Path) -> Result<Files, DataError> {
    if path == Path::new("drawn") {
        return Ok(Files::Drawn);
    }
    match path.metadata() {
        Ok(data) if data.is_dir() => look_into(path),
        Ok(_) => file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let near = path.parent().map(near_misses).unwrap_or_default();
            Err(DataError::NotThere { path: path.into(), near })
        }
        Err(source) => Err(DataError::Io { doing: "looking at", path: path.into(), source }),
    }
}

/// A path that names a file means that file. An IDX file needs its partner, which has the same name but for two
/// words; everything else must be a pickle.
fn file(path: &Path) -> Result<Files, DataError> {
    let idx = |name: &&str| ["ubyte", "idx1", "idx3"].iter().any(|word| name.contains(word));
    let Some(name) = path.file_name().and_then(OsStr::to_str).filter(idx) else {
        return Ok(Files::Pickle(path.into()));
    };
    let is_test = name.split(['-', '_', '.']).any(|word| word == "t10k" || word == "test");
    let partner = |name: String| {
        let found = spelled(path.parent().unwrap_or(Path::new("")), name.trim_end_matches(".gz"));
        found.ok_or_else(|| DataError::Incomplete { file: path.with_file_name(&name), beside: path.into() })
    };
    match (name.contains("images"), name.contains("labels")) {
        (true, false) if !is_test => {
            let labels = partner(name.replace("images", "labels").replace("idx3", "idx1"))?;
            Ok(Files::Idx { images: path.into(), labels })
        }
        (false, true) if !is_test => {
            let images = partner(name.replace("labels", "images").replace("idx1", "idx3"))?;
            Ok(Files::Idx { images, labels: path.into() })
        }
        _ => Err(DataError::NotTraining { file: path.into() }),
    }
}

fn look_into(folder: &Path) -> Result<Files, DataError> {
    let folders = LAYOUTS.map(|below| folder.join(below));
    let nothing = || Err(DataError::NothingIn { folder: folder.into(), near: near_misses(folder) });
    folders.iter().find_map(|folder| files_in(folder)).unwrap_or_else(nothing)
}

/// `None` where none of the files is.
fn files_in(folder: &Path) -> Option<Result<Files, DataError>> {
    let missing = |name, beside| Err(DataError::Incomplete { file: folder.join(name), beside });
    let pickle = PICKLES.map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
    Some(match (pickle, spelled(folder, IMAGES), spelled(folder, LABELS)) {
        (Some(pickle), ..) => Ok(Files::Pickle(pickle)),
        (None, Some(images), Some(labels)) => Ok(Files::Idx { images, labels }),
        (None, Some(images), None) => missing(LABELS, images),
        (None, None, Some(labels)) => missing(IMAGES, labels),
        (None, None, None) => return None,
    })
}

/// The file `name` in one of its spellings: with a dot before `idx` or a dash, packed or not, or in a folder of its
/// own name, as archive programs unpack it.
fn spelled(folder: &Path, name: &str) -> Option<PathBuf> {
    let spellings = [name.to_owned(), name.replace(".idx", "-idx"), name.replace("-idx", ".idx")];
    let names = spellings.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]);
    let inside = names.clone().map(|name| folder.join(&name).join(name));
    names.map(|name| folder.join(name)).chain(inside).find(|path| path.is_file())
}

/// Up to three names in a folder that look as if they had to do with MNIST; a folder's name ends with `/`.
fn near_misses(folder: &Path) -> Vec<String> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let alike =
        |name: &String| ["mnist", "ubyte", "idx1", "idx3"].iter().any(|w| name.to_lowercase().contains(w));
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let end = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{end}", entry.file_name().to_string_lossy())
    };
    let mut names: Vec<String> = entries.map(name).filter(alike).collect();
    names.sort();
    names.truncate(3);
    names
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
            Files::Pickle(file) => file.parent().unwrap().file_name().unwrap().to_string_lossy().into(),
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
    fn set_but_empty_is_unset() {
        assert_eq!(named_by(None), None);
        assert_eq!(named_by(Some("".into())), None);
        assert_eq!(named_by(Some("data".into())), Some("data".into()));
    }

    /// On Unix a path is bytes: one that is no Unicode is read if it is there, and named if it is not.
    #[cfg(unix)]
    #[test]
    fn names_that_are_no_unicode() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        let path = named_by(Some(root.path().join(OsStr::from_bytes(b"m\xff")).into())).unwrap();
        let error = look_at(&path).unwrap_err();
        assert!(error.to_string().contains("there is nothing at") && error.to_string().contains("m\u{fffd}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("mnist.pkl"), "").unwrap();
        assert_eq!(look_at(&path).unwrap(), Files::Pickle(path.join("mnist.pkl")));
    }

    #[test]
    fn nowhere() {
        let (_root, [_, workspace, cache]) = three(&[]);
        assert_eq!(first(look([("NB_DATA", None), workspace, cache])).unwrap(), Files::Drawn);
        let drawn = Some(PathBuf::from("drawn"));
        assert_eq!(
            first(look([("NB_DATA", drawn), ("workspace", None), ("cache", None)])).unwrap(),
            Files::Drawn
        );
    }

    #[test]
    fn a_relative_path_is_tried_from_the_workspace_too() {
        assert!(from_workspace(Path::new("lib/mnist")).is_absolute());
        assert_eq!(from_workspace(Path::new("src")), Path::new("src"));
        assert_eq!(from_workspace(Path::new("no/such")), Path::new("no/such"));
    }
}
