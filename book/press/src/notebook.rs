//! A chapter as a Jupyter notebook, format 4.5: prose, code cells with their outputs, and pictures.
//!
//! A section's cell is the body of its test, so that evcxr, the Rust kernel, can run it. What the sections share
//! is in cells of its own, before the first section that uses it.

use crate::cell::element;
use crate::chapter::{Cell, Chapter};
use crate::code;
use crate::links::Links;
use crate::material::Read;
use crate::parts::Texts;
use crate::prose::Prose;
use crate::source;
use anyhow::{Context, Result};
use record::{Dependency, Material, StageSource, last, write_whole};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Writes the run's only stage.
pub(crate) fn write(material: &Material, out: &Path) -> Result<()> {
    let links = Links::new(material);
    let (run, stage) = material.stages().next().context("there is no stage in the run")?;
    let chapter = Chapter::new(run, stage, material, &links, &Texts::new());
    let writer = Writer { material, links: &links, stage, chapter: &chapter };
    let notebook = json!({
        "cells": writer.cells()?,
        "metadata": {
            "kernelspec": { "display_name": "Rust", "language": "rust", "name": "rust" },
            "language_info": { "file_extension": ".rs", "mimetype": "text/rust", "name": "Rust" },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    let text = serde_json::to_string_pretty(&notebook)? + "\n";
    write_whole(out, text).with_context(|| format!("{} cannot be written", out.display()))
}

struct Writer<'a> {
    material: &'a Material,
    links: &'a Links<'a>,
    stage: &'a StageSource,
    chapter: &'a Chapter<'a>,
}

impl Writer<'_> {
    fn cells(&self) -> Result<Vec<Value>> {
        let modules = self.modules()?;
        let reached = self.reached(&modules);
        let helpers: String =
            reached.iter().map(|&i| format!("{}\n\n", self.chapter.helper(i).code)).collect();
        let imports = format!(
            "{}{helpers}{}",
            modules,
            self.chapter.lesson.map_or("", |lesson| lesson.uses.trim_end())
        );
        let mut cells = vec![
            markdown("title", &self.prose(&self.chapter.run.name, 0).documentation(self.chapter.intro)),
            markdown("how-to-run", &self.how_to_run()),
            code_cell("dependencies", &self.dependencies(&imports), vec![]),
            code_cell("imports", &imports, vec![]),
        ];
        for cell in &self.chapter.cells {
            for story in &cell.stories {
                let id = format!("about-{}", story.path.replace("::", "-"));
                cells.push(markdown(
                    &id,
                    &format!("## {}", self.prose(&story.path, 1).documentation(&story.docs)),
                ));
            }
            cells.extend(self.section(cell, &reached)?);
        }
        Ok(cells)
    }

    fn prose<'b>(&'b self, scope: &'b str, deeper: usize) -> Prose<'b> {
        Prose { links: self.links, scope, deeper, is_rustdoc: true, link_code: false, html: false }
    }

    fn how_to_run(&self) -> String {
        format!(
            "**To run this notebook** you need Rust, Jupyter, and the Rust kernel evcxr:\n\n\
            ```sh\ncargo install evcxr_jupyter --locked\nevcxr_jupyter --install\n```\n\n\
            The first cell below brings the stage in from `{folder}`, where this notebook was written; in another place, \
            change that path. It compiles for a minute or two; the cells after it take about a second each. \
            (The feature `mkl` stays off here: Intel's OpenMP cannot start twice, and each cell is a library of its own.)\n\n\
            What you see was printed by the recorded run: all {n} sections as tests, {build}.",
            folder = self.stage.folder.display(),
            n = self.chapter.run.sections.len(),
            build = self.chapter.run.build,
        )
    }

    /// The stage, and what its lesson uses besides it.
    fn dependencies(&self, imports: &str) -> String {
        let folder = self.stage.folder.display().to_string();
        let mut text = format!(":opt 3\n:dep {} = {{ path = {folder:?} }}", self.stage.name);
        let is_used = |d: &&Dependency| imports.contains(&format!("{}::", d.name.replace('-', "_")));
        for dependency in self.stage.for_tests.iter().filter(is_used) {
            let from = match &dependency.folder {
                Some(folder) => format!("path = {:?}", folder.display().to_string()),
                None => format!("version = {:?}, features = {:?}", dependency.version, dependency.features),
            };
            text.push_str(&format!("\n:dep {} = {{ {from} }}", dependency.name));
        }
        text
    }

    /// The modules that the lesson has in files of their own, as a cell has no files beside it.
    fn modules(&self) -> Result<String> {
        let files = self.chapter.pieces().iter().filter_map(|p| Some((p.module.as_ref()?, &p.name)));
        files.map(|(file, name)| self.module(file, name)).collect()
    }

    /// The helpers that those modules reach for, by their place in the lesson: they have to be there at once.
    fn reached(&self, modules: &str) -> BTreeSet<usize> {
        let pieces = self.chapter.pieces();
        let mut reached = BTreeSet::new();
        let upwards = |path: &String| path.starts_with("super::") || path.starts_with("crate::");
        let mut todo: Vec<String> = code::paths(modules).into_iter().filter(upwards).collect();
        while let Some(path) = todo.pop() {
            if let Some(i) = pieces.iter().position(|p| p.module.is_none() && p.name == last(&path))
                && reached.insert(i)
            {
                todo.extend(code::paths(&pieces[i].code));
            }
        }
        reached
    }

    /// A module in one piece. A notebook is no package either, so the stage's folder is named.
    fn module(&self, file: &Path, name: &str) -> Result<String> {
        let stage = format!("{:?}", self.stage.folder.display().to_string());
        let text = self.material.text(file)?.replace("env!(\"CARGO_MANIFEST_DIR\")", &stage);
        let mut out = format!("mod {name} {{\n");
        let mut elsewhere = None;
        for line in text.lines().filter(|line| !line.starts_with("//!")) {
            let inner = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            match (inner, line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"))) {
                (Some(inner), _) => {
                    out.push_str(&self.module(&inner_file(file, inner, elsewhere.take())?, inner)?)
                }
                (None, Some(path)) => elsewhere = Some(path),
                _ => out.push_str(&format!("{line}\n")),
            }
        }
        Ok(out + "}\n")
    }

    fn section(&self, cell: &Cell, known: &BTreeSet<usize>) -> Result<Vec<Value>> {
        let (section, scope) = (cell.section, self.chapter.scope());
        let number = section.id.split('_').next().unwrap_or_default();
        let docs = source::below_the_title(&section.code);
        let prose = self.prose(&scope, 3).documentation(&docs);
        let title = self.prose(&scope, 0).documentation(&section.title);
        let mut cells =
            vec![markdown(&format!("{}-title", section.id), &format!("### {number} · {title}\n\n{prose}"))];
        for &i in cell.helpers.iter().filter(|i| !known.contains(i)) {
            let helper = self.chapter.helper(i);
            cells.push(code_cell(&format!("helper-{}", helper.name), &helper.code, vec![]));
        }
        cells.push(code_cell(
            &section.id,
            &body(&source::function(&section.code)),
            self.outputs(&section.output)?,
        ));
        Ok(cells)
    }

    fn outputs(&self, output: &str) -> Result<Vec<Value>> {
        let mut outputs = vec![];
        let mut text = String::new();
        for line in output.lines() {
            match line.strip_prefix("figure: ") {
                Some(name) => {
                    outputs.extend(stream(&std::mem::take(&mut text)));
                    outputs.push(picture(&self.material.figure(name)?));
                }
                None => text.push_str(&format!("{line}\n")),
            }
        }
        outputs.extend(stream(&text));
        Ok(outputs)
    }
}

/// The file of a module's own module; `elsewhere` is what `#[path = "…"]` says above it.
fn inner_file(file: &Path, name: &str, elsewhere: Option<&str>) -> Result<PathBuf> {
    let beside = file.parent().unwrap_or(file);
    let below = if file.ends_with("mod.rs") { beside.into() } else { file.with_extension("") };
    let usual = [below.join(format!("{name}.rs")), below.join(name).join("mod.rs")];
    let found = elsewhere.map(|path| beside.join(path)).into_iter().chain(usual).find(|file| file.is_file());
    found.with_context(|| format!("the file of `mod {name}` is missing"))
}

/// A test's body, with its braces: what a section defines is its own business, as in the test, and may borrow, which
/// what evcxr keeps for the next cell may not. A body that returns a `Result` ends with `Ok(())`, which a cell must not;
/// its `?` works in a cell as it stands.
fn body(function: &str) -> String {
    let (_, rest) = function.split_once('{').unwrap_or(("", function));
    let body = rest.trim_end().strip_suffix('}').unwrap_or(rest).trim_end().trim_start_matches('\n');
    format!("{{\n{}\n}}", body.strip_suffix("\n    Ok(())").unwrap_or(body))
}

fn markdown(id: &str, text: &str) -> Value {
    json!({ "cell_type": "markdown", "id": cell_id(id), "metadata": {}, "source": source_lines(text.trim()) })
}

fn code_cell(id: &str, text: &str, outputs: Vec<Value>) -> Value {
    json!({
        "cell_type": "code", "execution_count": null, "id": cell_id(id), "metadata": {},
        "outputs": outputs, "source": source_lines(text),
    })
}

/// At most 64 letters, digits, `-` and `_`, as the format demands.
fn cell_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(64).collect()
}

/// Jupyter keeps texts as lists of lines.
fn source_lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(String::from).collect()
}

fn stream(text: &str) -> Option<Value> {
    let is_empty = text.trim().is_empty();
    (!is_empty).then(|| json!({ "output_type": "stream", "name": "stdout", "text": source_lines(text) }))
}

fn picture(svg: &str) -> Value {
    let caption = element(svg, "title").unwrap_or("a picture");
    json!({
        "output_type": "display_data", "metadata": {},
        "data": { "image/svg+xml": source_lines(svg), "text/plain": [caption] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_becomes_a_cell() {
        assert_eq!(body("fn s() {\n    let a = 1;\n    f(a);\n}"), "{\n    let a = 1;\n    f(a);\n}");
        assert_eq!(body("fn s() {}"), "{\n\n}");
        assert_eq!(body("fn s() -> Result<(), E> {\n    f()?;\n    Ok(())\n}"), "{\n    f()?;\n}");
    }

    #[test]
    fn ids_are_what_jupyter_allows() {
        assert_eq!(cell_id("s01_a b·c"), "s01_abc");
        assert_eq!(cell_id(&"x".repeat(80)).len(), 64);
    }
}
