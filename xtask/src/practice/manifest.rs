//! `Cargo.toml`, `Cargo.lock` and cargo's settings for a learner's folder, from the stage's and the workspace's own.

use super::Practice;
use crate::files::{read, read_if_there};
use crate::stages::Workspace;
use anyhow::Result;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

/// Files by their path in the folder.
pub(super) type Files = BTreeMap<PathBuf, String>;

/// The three of them, for the sources and tests that are in `files`.
pub(super) fn files(practice: &Practice<'_>, files: &Files) -> Result<Files> {
    let root = &practice.workspace.root;
    let workspace = sections(&read(&root.join("Cargo.toml"))?);
    let mut made = Files::from([
        ("Cargo.toml".into(), manifest(practice, &workspace, files)?),
        (".cargo/config.toml".into(), settings(practice, &workspace)),
    ]);
    made.extend(read_if_there(&root.join("Cargo.lock"))?.map(|lock| ("Cargo.lock".into(), lock)));
    Ok(made)
}

/// A workspace of its own, with the versions of ours.
fn manifest(practice: &Practice<'_>, workspace: &[Section], files: &Files) -> Result<String> {
    let (stage, folder) = (practice.stage, &practice.folder);
    let (name, root) = (stage.name(), &practice.workspace.root);
    let at = |path: &Path| format!("{:?}", from(folder, path, root).display().to_string());
    let mut text = format!("# Made by `cargo xtask practice`: {name}, for a learner's hands.\n");
    let mut for_tests = format!("ours = {{ package = \"{name}\", path = {} }}\n", at(stage.folder()));
    for Section { header, lines } in &sections(&read(&stage.package.manifest_path)?) {
        let lines = lines.iter().map(|line| with_path(line, |path| at(&stage.folder().join(path))));
        match header.as_str() {
            "[package]" => {
                let own = format!("\"{}\"", package(&name, folder));
                let lines = lines.map(|line| line.replace(&format!("\"{name}\""), &own));
                text += &format!("[package]\n{}\n[lib]\nname = \"{name}\"\n\n", lines.collect::<String>());
            }
            "[dev-dependencies]" => for_tests.extend(lines.filter(|line| is_used(line, files))),
            "[dependencies]" | "[features]" | "[build-dependencies]" => {
                text += &format!("{header}\n{}\n", lines.collect::<String>());
            }
            _ => {}
        }
    }
    text += &format!("[dev-dependencies]\n{for_tests}\n[workspace]\nresolver = \"3\"\n");
    let inherited = |s: &&Section| ["[workspace.package]", "[workspace.dependencies]"].contains(&&*s.header);
    Ok(text + &workspace.iter().filter(inherited).map(Section::text).collect::<String>())
}

/// The crate's name, another one in each folder. Cargo does not tell two workspaces' packages of one name apart in a
/// target folder: of two practices of a stage, one would be judged by what the other one built.
fn package(name: &str, folder: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    plain(folder).hash(&mut hasher);
    format!("practice_{name}_{:08x}", hasher.finish() as u32)
}

/// `cargo test` and `cargo xtask` work inside of the folder, too: they build into the course's target folder, and with
/// its profiles, so that what the stage is built on is not built again.
///
/// The profiles are here and not in the manifest, where cargo warns of each that no package needs.
fn settings(practice: &Practice<'_>, workspace: &[Section]) -> String {
    let Practice { workspace: Workspace { root, target, packages, .. }, folder, .. } = practice;
    let mut text = format!("[build]\ntarget-dir = {:?}\n", target.display().to_string());
    text += &alias(root, folder).map_or(String::new(), |xtask| format!("\n[alias]\nxtask = {xtask}\n"));
    for profile in workspace.iter().filter(|s| s.header.starts_with("[profile.dev")) {
        text += &profile.text();
        if profile.header == "[profile.dev.package]" {
            let names = packages.iter().map(|p| p.name.as_str());
            text += &names.map(|name| as_a_stage(name, profile)).collect::<String>();
        }
    }
    text
}

/// Cargo would take a stage for a stranger's package, so each that has no setting of its own gets that of a stage.
fn as_a_stage(name: &str, packages: &Section) -> String {
    let is_set = packages.lines.iter().any(|line| dependency(line) == Some(name));
    if is_set { String::new() } else { format!("{name} = {{ opt-level = 1 }}\n") }
}

/// `cargo xtask`, as seen from the folder.
///
/// Inside of the course cargo reads the course's settings as well, and its alias is a string. A list would be an error
/// there, but a string cannot hold a path with spaces: then there is no alias.
fn alias(root: &Path, folder: &Path) -> Option<String> {
    let manifest = root.join("Cargo.toml").display().to_string();
    let words = ["run", "--quiet", "--manifest-path", &manifest, "--package", "xtask", "--"];
    if !manifest.contains(char::is_whitespace) {
        return Some(format!("{:?}", words.join(" ")));
    }
    (!plain(folder).starts_with(root)).then(|| format!("{words:?}"))
}

/// A part of a manifest: its header and the lines below, comments left out.
struct Section {
    header: String,
    lines: Vec<String>,
}

impl Section {
    fn text(&self) -> String {
        format!("\n{}\n{}", self.header, self.lines.concat())
    }
}

fn sections(manifest: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = vec![];
    for line in manifest.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty())
    {
        match (line.starts_with('['), sections.last_mut()) {
            (true, _) => sections.push(Section { header: line.trim_end().into(), lines: vec![] }),
            (false, Some(section)) => section.lines.push(format!("{line}\n")),
            (false, None) => {}
        }
    }
    sections
}

/// `ndarray.workspace = true` names `ndarray`.
fn dependency(line: &str) -> Option<&str> {
    let name = line.split(['=', '.', ' ']).next()?.trim().trim_matches('"');
    (!name.is_empty()).then_some(name)
}

/// Whether a test names the crate, or the stage does so for its features alone: with others, what the stage is built on
/// would be built again.
fn is_used(line: &str, files: &Files) -> bool {
    let Some(name) = dependency(line) else { return false };
    if line.trim_end().ends_with("# for its features") {
        return true;
    }
    let name = name.replace('-', "_");
    let tests = files.iter().filter(|(path, _)| path.starts_with("tests"));
    tests
        .flat_map(|(_, text)| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .any(|word| word == name)
}

/// The line with its `path` seen from elsewhere.
fn with_path(line: &str, at: impl Fn(&str) -> String) -> String {
    let Some((before, rest)) = line.split_once("path = \"") else { return line.into() };
    let Some((path, after)) = rest.split_once('"') else { return line.into() };
    format!("{before}path = {}{after}", at(path))
}

/// How `folder` names a path of the workspace: by `..` where both are in it, so that it can be moved as a whole.
fn from(folder: &Path, path: &Path, root: &Path) -> PathBuf {
    let path = plain(path);
    match (plain(folder).strip_prefix(root), path.strip_prefix(root)) {
        (Ok(inside), Ok(path)) => {
            inside.components().map(|_| Component::ParentDir).collect::<PathBuf>().join(path)
        }
        _ => path,
    }
}

/// Without `..`
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder() {
        let (root, lib) = (Path::new("/a b/root"), Path::new("/a b/root/crates/nb01/../../lib/kernels"));
        assert_eq!(from(Path::new("/a b/root/practice/nb01"), lib, root), Path::new("../../lib/kernels"));
        assert_eq!(from(Path::new("/elsewhere"), lib, root), Path::new("/a b/root/lib/kernels"));
        let line = with_path("k = { path = \"../k\", optional = true }", |path| {
            format!("{:?}", format!("x y/{path}"))
        });
        assert_eq!(line, "k = { path = \"x y/../k\", optional = true }");
    }

    #[test]
    fn two_folders_of_a_stage_are_two_packages() {
        let [one, same, other] =
            ["/a/nb00", "/a/b/../nb00", "/b/nb00"].map(|f| package("nb00_testing", Path::new(f)));
        assert!(one == same && one != other && one.starts_with("practice_nb00_testing_"), "{one} {other}");
    }

    #[test]
    fn the_alias_can_be_read_beside_the_courses_own() {
        let [root, spaces] = ["/root", "/a b/root"].map(Path::new);
        let alias_of = |root: &Path, folder: &str| alias(root, Path::new(folder));
        assert!(
            alias_of(root, "/root/practice/nb00")
                .unwrap()
                .starts_with("\"run --quiet --manifest-path /root/Cargo.toml ")
        );
        assert!(
            alias_of(spaces, "/elsewhere")
                .unwrap()
                .starts_with("[\"run\", \"--quiet\", \"--manifest-path\", \"/a b/root/Cargo.toml\",")
        );
        assert_eq!(alias_of(spaces, "/a b/root/practice/nb00"), None);
    }

    #[test]
    fn a_package_without_a_setting_gets_that_of_a_stage() {
        let root = "[profile.dev]\nopt-level = 1\n\n[profile.dev.package]\nb = { opt-level = 3 }\n";
        let packages = &sections(root)[1];
        assert_eq!(packages.text(), "\n[profile.dev.package]\nb = { opt-level = 3 }\n");
        assert_eq!(["a", "b"].map(|name| as_a_stage(name, packages)), ["a = { opt-level = 1 }\n", ""]);
    }

    #[test]
    fn names_of_dependencies() {
        let names = ["ndarray.workspace = true\n", "a-b = \"1\"\n", "\"c\" = { }\n"]
            .map(|line| dependency(line).unwrap());
        assert_eq!(names, ["ndarray", "a-b", "c"]);
    }
}
