//! The files, their checksums, and who has them.

/// A file that can be got.
#[derive(Clone, Debug)]
pub struct File {
    /// Under which it is looked for.
    pub name: String,
    /// Its size, for the progress bar: what counts is the checksum.
    pub bytes: u64,
    /// MD5 sums in hexadecimal digits; each is right.
    pub md5: Vec<String>,
    /// Where to ask for it, in this order.
    pub urls: Vec<String>,
}

impl File {
    /// More than this is not it.
    pub fn limit(&self) -> u64 {
        4 * self.bytes + (1 << 20)
    }
}

struct Known {
    name: &'static str,
    bytes: u64,
    md5: &'static str,
    urls: &'static [&'static str],
}

const PICKLE: Known = Known {
    name: "mnist.pkl.gz",
    bytes: 16_168_813,
    md5: "a02cd19f81d51c426d7ca14024243ce9",
    urls: &[
        "https://figshare.com/ndownloader/files/25635053",
        "https://github.com/pytorch/tutorials/raw/main/_static/mnist.pkl.gz",
    ],
};

const IDX: [Known; 4] = [
    Known {
        name: "train-images-idx3-ubyte.gz",
        bytes: 9_912_422,
        md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        urls: IDX_MIRRORS,
    },
    Known {
        name: "train-labels-idx1-ubyte.gz",
        bytes: 28_881,
        md5: "d53e105ee54ea40749a09fcbcd1e9432",
        urls: IDX_MIRRORS,
    },
    Known {
        name: "t10k-images-idx3-ubyte.gz",
        bytes: 1_648_877,
        md5: "9fb629c4189551a2d022fa330f9573f3",
        urls: IDX_MIRRORS,
    },
    Known {
        name: "t10k-labels-idx1-ubyte.gz",
        bytes: 4_542,
        md5: "ec29112dd5afa0611ce80d1b7f02629c",
        urls: IDX_MIRRORS,
    },
];

/// Folders that have each of the four under its name.
const IDX_MIRRORS: &[&str] = &[
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
];

/// The names of all files.
pub fn names() -> Vec<&'static str> {
    [PICKLE.name].into_iter().chain(IDX.iter().map(|file| file.name)).collect()
}

/// The pickle, and the IDX files if no mirror has it; or only the files in `only`.
///
/// `mirrors`, if there are any, are folders that take the place of those that we know, and `accept` are MD5
/// sums to be right beside the known ones: a private mirror may have packed the same arrays differently.
pub fn sets(only: &[String], mirrors: &[String], accept: &[String]) -> Vec<Vec<File>> {
    let wanted = |known: &&Known| only.is_empty() || only.iter().any(|name| name == known.name);
    let file = |known: &Known| File {
        name: known.name.into(),
        bytes: known.bytes,
        md5: [known.md5].into_iter().map(String::from).chain(accept.iter().cloned()).collect(),
        urls: if mirrors.is_empty() { urls(known.urls, known.name) } else { urls(mirrors, known.name) },
    };
    if only.is_empty() {
        vec![vec![file(&PICKLE)], IDX.iter().map(file).collect()]
    } else {
        vec![[&PICKLE].into_iter().chain(&IDX).filter(wanted).map(file).collect()]
    }
}

/// An address that ends with `/` is a folder.
fn urls(addresses: &[impl AsRef<str>], name: &str) -> Vec<String> {
    let url =
        |address: &str| if address.ends_with('/') { format!("{address}{name}") } else { address.into() };
    addresses.iter().map(|address| url(address.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pickle_comes_first_then_four_files() {
        let sets = sets(&[], &[], &[]);
        assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(sets[0][0].urls.len(), 2);
        assert_eq!(
            sets[1][3].urls[0],
            "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz"
        );
    }

    #[test]
    fn one_file_from_a_private_mirror() {
        let sets = sets(&["mnist.pkl.gz".into()], &["http://here/".into()], &["0f".into()]);
        assert_eq!(sets.len(), 1);
        assert_eq!(sets[0][0].urls, ["http://here/mnist.pkl.gz"]);
        assert_eq!(sets[0][0].md5.len(), 2);
    }
}
