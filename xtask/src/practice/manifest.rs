//! `Cargo.toml`, `Cargo.lock` and cargo's settings for a learner's folder, from the stage's and the workspace's own.

use crate::files::read;
use crate::stages::{Package, Stage, Workspace};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

/// Files by their path in the folder.
pub(super) type Files = BTreeMap<PathBuf, String>;

/// The three of them, for the sources and tests that are in `files`.
pub(super) fn files(stage: &Stage, workspace: &Workspace, folder: &Path, files: &Files) -> Result<Files> {
    let lock = read(&workspace.root.join("Cargo.lock")).unwrap_or_default();
    let manifest = manifest(stage, workspace, folder, files, &lock)?;
    let settings = settings(workspace, folder);
    let files = [("Cargo.toml", manifest), (".cargo/config.toml", settings), ("Cargo.lock", lock)];
    Ok(files
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(path, text)| (path.into(), text))
        .collect())
}

fn manifest(
    stage: &Stage,
    workspace: &Workspace,
    folder: &Path,
    files: &Files,
    lock: &str,
) -> Result<String> {
    let name = stage.name();
    let at = |path: &Path| format!("{:?}", from(folder, path, &workspace.root).display().to_string());
    let mut text = format!("# Made by `cargo xtask practice`: {name}, for a learner's hands.\n");
    let mut needed = BTreeSet::new();
    for section in sections(&read(&stage.package.manifest_path)?) {
        let lines = section.lines.iter().map(|line| with_path(line, |path| at(&stage.folder().join(path))));
        match section.header.as_str() {
            "[package]" => {
                let own = format!("\"{}\"", package(&name, folder));
                let lines = lines.map(|line| line.replace(&format!("\"{name}\""), &own));
                text += &format!("[package]\n{}\n[lib]\nname = \"{name}\"\n\n", lines.collect::<String>());
            }
            "[dependencies]" | "[dev-dependencies]" => {
                let is_dev = section.header == "[dev-dependencies]";
                let lines = lines.filter(|line| !is_dev || is_used(line, files));
                let lines: Vec<String> = lines.collect();
                needed.extend(lines.iter().filter_map(|line| dependency(line)).map(String::from));
                let ours = format!("ours = {{ package = \"{name}\", path = {} }}\n", at(stage.folder()));
                text += &format!("{}\n{}", section.header, lines.concat());
                text += if is_dev { ours.as_str() } else { "" };
                text += "\n";
            }
            "[features]" | "[build-dependencies]" => {
                text += &format!("{}\n{}\n", section.header, lines.collect::<String>());
            }
            _ => {}
        }
    }
    if !text.contains("[dev-dependencies]") {
        text += &format!(
            "[dev-dependencies]\nours = {{ package = \"{name}\", path = {} }}\n\n",
            at(stage.folder())
        );
    }
    // Of the finished stage, too, the tests are not built.
    needed.extend(stage.package.needs(None).map(|d| d.name.clone()));
    let mut packages = closure(lock, needed, &needs(workspace));
    packages.push(Locked { name, is_ours: true, needs: vec![] });
    Ok(text + &workspace_sections(&read(&workspace.root.join("Cargo.toml"))?, &packages))
}

/// The crate's name, another one in each folder. Cargo does not tell two workspaces' packages of one name apart in a
/// target folder: of two practices of a stage, one would be judged by what the other one built.
fn package(name: &str, folder: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    plain(folder).hash(&mut hasher);
    format!("practice_{name}_{:08x}", hasher.finish() as u32)
}

/// A workspace of its own, with the versions and profiles of ours. Cargo would take the stages for packages of
/// strangers there, so each that has no setting of its own gets that of a stage.
fn workspace_sections(root: &str, packages: &[Locked]) -> String {
    let mut text = String::from("[workspace]\nresolver = \"3\"\n\n");
    for section in sections(root) {
        let has =
            |line: &&String| dependency(line).is_some_and(|name| packages.iter().any(|p| p.name == name));
        let lines = match section.header.as_str() {
            "[workspace.package]" | "[workspace.dependencies]" => section.lines.concat(),
            "[profile.dev]" | "[profile.dev.package.\"*\"]" => section.lines.concat(),
            "[profile.dev.package]" => {
                let is_set = |name: &str| section.lines.iter().any(|line| dependency(line) == Some(name));
                let ours = packages.iter().filter(|p| p.is_ours && !is_set(&p.name));
                let ours = ours.map(|p| format!("{} = {{ opt-level = 1 }}\n", p.name));
                section.lines.iter().filter(has).cloned().chain(ours).collect()
            }
            _ => continue,
        };
        text += &format!("{}\n{}\n", section.header, lines.trim_end());
        text += "\n";
    }
    text
}

/// `cargo test` and `cargo xtask` work inside of the folder, too, and build into the course's target folder.
fn settings(workspace: &Workspace, folder: &Path) -> String {
    let target = format!("{:?}", workspace.target.display().to_string());
    let alias = alias(&workspace.root, folder).map(|xtask| format!("\n[alias]\nxtask = {xtask}\n"));
    format!("[build]\ntarget-dir = {target}\n{}", alias.unwrap_or_default())
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

/// A package that `Cargo.lock` names.
#[derive(Default)]
struct Locked {
    name: String,
    is_ours: bool,
    needs: Vec<String>,
}

/// What each package of the workspace needs without its tests, which `Cargo.lock` does not tell apart.
fn needs(workspace: &Workspace) -> BTreeMap<String, Vec<String>> {
    let needs = |p: &Package| p.needs(None).chain(p.needs(Some("build"))).map(|d| d.name.clone()).collect();
    workspace.packages.iter().map(|p| (p.name.clone(), needs(p))).collect()
}

/// All packages that these need, themselves included: cargo warns of settings for packages that are not there.
fn closure(lock: &str, mut names: BTreeSet<String>, needs: &BTreeMap<String, Vec<String>>) -> Vec<Locked> {
    let mut packages: Vec<Locked> = lock.split("[[package]]").skip(1).map(locked).collect();
    for package in packages.iter_mut().filter(|p| p.is_ours) {
        package.needs = needs.get(&package.name).cloned().unwrap_or_default();
    }
    let mut before = 0;
    while before < names.len() {
        before = names.len();
        let needed =
            packages.iter().filter(|p| names.contains(&p.name)).flat_map(|p| p.needs.iter().cloned());
        names.extend(needed.collect::<Vec<_>>());
    }
    packages.retain(|p| names.contains(&p.name));
    packages.dedup_by(|a, b| a.name == b.name);
    packages
}

fn locked(entry: &str) -> Locked {
    let mut package = Locked { is_ours: true, ..Locked::default() };
    for line in entry.lines() {
        let quoted = line.split('"').nth(1).unwrap_or_default();
        match line.split(' ').next() {
            Some("name") => package.name = quoted.into(),
            Some("source") => package.is_ours = false,
            // ` "rand 0.10.1",`
            Some("") => package.needs.extend(quoted.split(' ').next().map(String::from)),
            _ => {}
        }
    }
    package
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
    fn only_packages_that_are_there_are_named() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\ndependencies = [\n \"b 1.0\",\n]\n\n[[package]]\nname = \"b\"\n\
            source = \"registry\"\n\n[[package]]\nname = \"c\"\n";
        let needs = BTreeMap::from([("a".to_string(), vec!["b".to_string()])]);
        let found = closure(lock, BTreeSet::from(["a".into()]), &needs);
        let pairs: Vec<(&str, bool)> = found.iter().map(|p| (p.name.as_str(), p.is_ours)).collect();
        assert_eq!(pairs, [("a", true), ("b", false)]);
        let root = "[profile.dev]\nopt-level = 1\n\n[profile.dev.package]\nb = { opt-level = 3 }\nx = { opt-level = 3 }\n";
        let text = workspace_sections(root, &found);
        assert!(text.contains("[profile.dev]\nopt-level = 1\n"), "{text}");
        assert!(
            text.contains("[profile.dev.package]\nb = { opt-level = 3 }\na = { opt-level = 1 }\n"),
            "{text}"
        );
    }

    #[test]
    fn names_of_dependencies() {
        let names = ["ndarray.workspace = true\n", "a-b = \"1\"\n", "\"c\" = { }\n"]
            .map(|line| dependency(line).unwrap());
        assert_eq!(names, ["ndarray", "a-b", "c"]);
    }
}
