//! A learner's folder: the stage as a crate of its own, in which the bodies of the exercises are gone.
//!
//! | file | what it is |
//! |---|---|
//! | `src/` | the stage's sources with `todo!` for each exercise's body |
//! | `tests/lesson.rs`, or `tests/lesson/`, and what it uses | the notebook, as it is |
//! | `tests/judge.rs`, `tests/looks/` | the tests that judge each exercise by itself |
//! | `Cargo.toml`, `Cargo.lock` | the finished stage before it, the libraries, and their versions |
//! | `progress.json` | what is done |
//! | `kept/` | what `reset` took away |
//!
//! The crate has the stage's name as a library, so that the lesson finds it; beside it, the tests know the finished
//! stage as `ours`.

use super::exercises::{Exercise, judge_file};
use super::manifest::{self, Files};
use super::{Practice, body};
use crate::stages::Stage;
use crate::{files, sources};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// What the judges compare and describe with.
const LOOKS: &str = include_str!("../../template/practice/looks.rs.in");

/// Everything that a new folder holds, but for the progress.
fn contents(practice: &Practice<'_>) -> Result<Files> {
    let mut files = sources_of(practice)?;
    files.extend(tests(practice.stage)?);
    files.extend(manifest::files(practice, &files)?);
    Ok(files)
}

/// The stage's own sources, without the bodies.
fn sources_of(practice: &Practice<'_>) -> Result<Files> {
    let stage = practice.stage.folder();
    let mut files = Files::new();
    let mut found = files::below(&stage.join("src"));
    // The crate's front page has the quiz run as a test.
    found.extend(
        ["build.rs", "practice/quiz.md"].map(|name| stage.join(name)).into_iter().filter(|f| f.is_file()),
    );
    for file in found {
        files.insert(file.strip_prefix(stage)?.into(), files::read(&file)?);
    }
    for exercise in &practice.exercises.all {
        let (file, name) = practice.place(exercise)?;
        let text = files.get_mut(&file).with_context(|| format!("{} is not of the stage", file.display()))?;
        *text = without_body(text, &name, exercise)?;
    }
    if let Some(root) = files.get_mut(Path::new("src/lib.rs")) {
        // What only the bodies used is used again when they are back. And ndarray's `s![]` allows unsafe code, which
        // a crate that forbids it refuses.
        *root = root.replace("#![forbid(unsafe_code)]", "#![allow(unused)]");
    }
    Ok(files)
}

/// The text with `todo!` in the place of an exercise's body.
fn without_body(text: &str, name: &str, exercise: &Exercise) -> Result<String> {
    let function =
        body::find(text, name)?.with_context(|| format!("`{}` is not there", exercise.function))?;
    Ok(body::with_body(text, &function, &body::block(text, &function, &exercise.todo())))
}

/// The lesson with the files that it names, and the judges.
fn tests(stage: &Stage) -> Result<Files> {
    let mut files = Files::new();
    let lesson = stage.lesson().context("there is no tests/lesson.rs")?;
    let to = lesson.file.strip_prefix(stage.folder())?;
    with_modules(&lesson.file, to, &stage.folder().join("tests"), &mut files)?;
    judges(stage, &mut files)?;
    files.insert("tests/looks/mod.rs".into(), LOOKS.into());
    Ok(files)
}

/// The judges, and the modules of the stage's tests that they use besides `looks`.
fn judges(stage: &Stage, files: &mut Files) -> Result<()> {
    let (text, parsed) = sources::parse(&judge_file(stage))?;
    for item in &parsed.items {
        let syn::Item::Mod(module) = item else { continue };
        let (tests, name) = (stage.folder().join("tests"), module.ident.to_string());
        if name != "looks" {
            let path = Path::new(&name).join("mod.rs");
            with_modules(&tests.join(&path), &Path::new("tests").join(&path), &tests, files)?;
        }
    }
    files.insert("tests/judge.rs".into(), text);
    Ok(())
}

/// A test's file and its modules'. One that lies outside of the stage is put beside it, and `#[path]` follows.
fn with_modules(file: &Path, to: &Path, tests: &Path, files: &mut Files) -> Result<()> {
    let (mut text, parsed) = sources::parse(file)?;
    for module in parsed.items.iter().filter_map(|item| match item {
        syn::Item::Mod(x) if x.content.is_none() => Some(x),
        _ => None,
    }) {
        let from = sources::module_of(module, file)
            .with_context(|| format!("{}: the file of `mod {}` is missing", file.display(), module.ident))?;
        let to = match module.attrs.iter().find_map(|a| sources::text_of(a, "path")) {
            Some(said) => {
                let borrowed = format!("borrowed/{}.rs", module.ident);
                text = text.replace(&format!("\"{said}\""), &format!("\"{borrowed}\""));
                to.with_file_name(borrowed)
            }
            None => Path::new("tests").join(from.strip_prefix(tests)?),
        };
        with_modules(&from, &to, tests, files)?;
    }
    files.insert(to.into(), text);
    Ok(())
}

/// Makes the folder, which appears whole or not at all.
pub(super) fn make(practice: &Practice<'_>) -> Result<()> {
    let folder = &practice.folder;
    let files = contents(practice)?;
    let name = folder.file_name().context("a folder has a name")?;
    let part = folder.with_file_name(format!(".{}.part", name.display()));
    files::make_whole(folder, &part, || {
        files.iter().try_for_each(|(path, text)| files::write(&part.join(path), text))?;
        data(practice.stage, &part)?;
        practice.progress.write(&part)
    })
}

/// Copies what the lesson's tests read besides: the folders of the stage that hold no Rust, such as `oracle`.
fn data(stage: &Stage, part: &Path) -> Result<()> {
    const RUST: [&str; 6] = ["src", "tests", "examples", "benches", "practice", "target"];
    let is_data = |path: &Path| path.iter().count() > 1 && !RUST.iter().any(|rust| path.starts_with(rust));
    for file in files::below(stage.folder()) {
        let path = file.strip_prefix(stage.folder())?;
        if is_data(path) {
            let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            files::write(&part.join(path), bytes)?;
        }
    }
    Ok(())
}

/// Takes an exercise back to its beginning. What the file held is kept below `kept/` first.
///
/// Returns where it is kept; `None` where there was nothing to do.
pub(super) fn reset(practice: &Practice<'_>, exercise: &Exercise) -> Result<Option<PathBuf>> {
    let (file, name) = practice.place(exercise)?;
    let fresh = sources_of(practice)?.remove(&file).context("the stage has no such file")?;
    let place = practice.folder.join(&file);
    let old = fs::read_to_string(&place).unwrap_or_default();
    let new = match (body::find(&old, &name), body::find(&fresh, &name)?) {
        (Ok(Some(theirs)), Some(ours)) => {
            format!("{}{}{}", &old[..theirs.whole.start], &fresh[ours.whole], &old[theirs.whole.end..])
        }
        // It is gone, or the file is no Rust any more: then the whole file begins anew.
        _ => fresh,
    };
    if new == old {
        return Ok(None);
    }
    let kept = keep(&practice.folder, &file, &old)?;
    files::write_whole(&place, new)?;
    Ok(Some(kept))
}

/// Writes what a file held to the next free name below `kept/`.
fn keep(folder: &Path, file: &Path, text: &str) -> Result<PathBuf> {
    let flat = file.display().to_string().replace(['/', '\\'], "-");
    let kept = folder.join("kept");
    files::make(&kept)?;
    let place = free(|n| kept.join(format!("{flat}.{n}")))?;
    files::write_whole(&place, text)?;
    Ok(place)
}

/// Gives a folder another name beside it, so that a new one can be made: `nb01_matmul.kept-1`.
pub(super) fn put_aside(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().context("a folder has a name")?.display().to_string();
    let place = free(|n| folder.with_file_name(format!("{name}.kept-{n}")))?;
    fs::rename(folder, &place).with_context(|| format!("{} cannot be moved", folder.display()))?;
    Ok(place)
}

/// The first of these paths that nothing has.
fn free(name: impl Fn(u32) -> PathBuf) -> Result<PathBuf> {
    (1..).map(name).find(|path| !path.exists()).context("there is no free name")
}
