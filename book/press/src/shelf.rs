//! What a page written by hand may refer to. On a line of its own it may ask for something that was run:
//!
//! ```text
//! {{#cell nb02 s28_q01_zeros_uniform_normal}}    a section: its code, its output, and a link to its chapter
//! {{#output nb01 s25_the_ladder}}                only what it printed and drew
//! {{#figure the-ladder}}                         only the picture
//! {{#machine}}                                   what it was run on
//! ```
//!
//! In its links, `cell:nb02/s28_q01_zeros_uniform_normal` is a section and `doc:nb02_fully_connected::relu` an item; a
//! file of the repository is its page in the book, or a copy of it. What does not exist is an error that names the
//! page and the line.

use crate::cell::Press;
use crate::chapter::Chapter;
use crate::code::escape;
use crate::pages::Page;
use crate::prose::Prose;
use anyhow::{Context, Result, anyhow, bail};
use record::Section;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// What the pages may refer to.
pub(crate) struct Shelf<'a> {
    pub(crate) press: &'a Press<'a>,
    pub(crate) chapters: &'a [Chapter<'a>],
    pub(crate) pages: &'a [&'a Page],
    /// The files of the repository that some page links to, to be copied beside the pages.
    pub(crate) files: RefCell<BTreeSet<String>>,
}

impl Shelf<'_> {
    /// The page as Markdown for mdBook.
    pub(crate) fn print(&self, page: &Page) -> Result<String> {
        // What a page calls by its name alone is what the last stage brings.
        let scope = self.chapters.last().map_or("", |chapter| chapter.run.name.as_str());
        let prose = Prose {
            links: &self.press.links,
            scope,
            deeper: 0,
            is_rustdoc: false,
            link_code: true,
            html: true,
        };
        let changed =
            prose.change(&page.text, &|to| self.address(to, &page.file).map_err(|e| format!("{e:#}")));
        let changed = changed.map_err(|wrong| anyhow!("{}:{}: {}", page.file, wrong.line, wrong.what))?;
        let mut out = String::new();
        for line in changed.lines() {
            match line.trim().strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}")) {
                Some(directive) => {
                    let place = || format!("{}:{}", page.file, line_of(&page.text, line));
                    out.push_str(&self.directive(directive).with_context(place)?);
                }
                None => out.push_str(line),
            }
            out.push('\n');
        }
        Ok(out)
    }

    fn directive(&self, directive: &str) -> Result<String> {
        match directive.split_whitespace().collect::<Vec<_>>()[..] {
            ["cell", stage, section] => {
                let (chapter, section) = self.find(stage, section)?;
                self.press.quoted(section, chapter)
            }
            ["output", stage, section] => self.press.output(self.find(stage, section)?.1),
            ["figure", name] => self.press.figure(&format!("{name}.svg")),
            ["machine"] => Ok(self.machine()),
            _ => bail!(
                "`{{{{#{directive}}}}}` is none of cell STAGE SECTION, output STAGE SECTION, figure NAME, machine"
            ),
        }
    }

    fn machine(&self) -> String {
        let run = &self.press.material.run;
        let build = run.stages.first().map(|s| s.build.clone()).unwrap_or_default();
        format!("<span class=\"machine\">{}; {}</span>", escape(&run.machine.to_string()), escape(&build))
    }

    /// The section that `nb02` and `s28_q01_zeros_uniform_normal` name.
    fn find(&self, stage: &str, section: &str) -> Result<(&Chapter<'_>, &Section)> {
        let is_it = |c: &&Chapter| c.run.name == stage || c.run.name.split('_').next() == Some(stage);
        let chapter =
            self.chapters.iter().find(is_it).with_context(|| format!("there is no stage `{stage}`"))?;
        let sections = &chapter.run.sections;
        let found = sections.iter().find(|s| s.id == section);
        Ok((chapter, found.with_context(|| format!("{} has no section `{section}`", chapter.run.name))?))
    }

    /// Where a link of a page leads; `None`: it names an item, or nothing of ours.
    fn address(&self, to: &str, from: &str) -> Result<Option<String>> {
        if let Some(cell) = to.strip_prefix("cell:") {
            let (stage, section) = cell.split_once('/').context("write cell:STAGE/SECTION")?;
            let (chapter, section) = self.find(stage, section)?;
            return Ok(Some(chapter.address(&section.id)));
        }
        if let Some(item) = to.strip_prefix("doc:") {
            let address = self.press.links.address("", item);
            return Ok(Some(
                address.with_context(|| format!("no page of the API documentation is about `{item}`"))?,
            ));
        }
        if to.starts_with("mailto:") {
            return Ok(None);
        }
        let (path, anchor) = to.split_once('#').map_or((to, String::new()), |(p, a)| (p, format!("#{a}")));
        let file = normal(&Path::new(from).parent().unwrap_or(Path::new("")).join(path));
        self.file(&file).map(|address| Some(address + &anchor))
    }

    /// Where a file of the repository is in the book.
    fn file(&self, file: &str) -> Result<String> {
        if let Some(page) = self.pages.iter().find(|p| p.file == *file) {
            return Ok(page.name.replace(".md", ".html"));
        }
        let own = |c: &&Chapter| file == format!("crates/{}", c.run.name);
        let there = self.press.material.root.join(file);
        match self.chapters.iter().find(own) {
            Some(chapter) => Ok(format!("{}.html", chapter.run.name)),
            _ if there.is_file() => {
                self.files.borrow_mut().insert(file.into());
                Ok(copied(file))
            }
            _ if there.is_dir() => bail!("`{file}` is a folder: a link has to lead to a file, or to a stage"),
            // The addresses of the book itself: `nb01_matmul.html`, `api/…`.
            _ => match file.strip_prefix("book/pages/") {
                Some(address) if self.is_ours(address) => Ok(address.into()),
                _ => bail!("there is no file `{file}`"),
            },
        }
    }

    fn is_ours(&self, address: &str) -> bool {
        let api = self.press.material.api.as_ref();
        let api = address.strip_prefix("api/").zip(api).is_some_and(|(page, api)| api.join(page).is_file());
        let mut parts = self.chapters.iter().flat_map(|chapter| &chapter.parts);
        api || parts.any(|part| format!("{}.html", part.name) == address)
    }
}

/// A copy's name ends in `.txt`, so that a browser shows it whatever it is. (And mdBook takes every `.md` in a link
/// for one of its pages.)
pub(crate) fn copied(file: &str) -> String {
    format!("files/{}.txt", file.replace('.', "_"))
}

/// `docs/../crates/x` is `crates/x`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = vec![];
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

fn line_of(text: &str, line: &str) -> usize {
    text.lines().position(|l| l == line).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Links;
    use crate::material::example;
    use record::Stage;

    #[test]
    fn a_link_leads_to_a_stage_or_to_a_file() {
        let (material, run) = (example(), Stage { name: "nb01_matmul".into(), ..Stage::default() });
        let press = Press { material: &material, links: Links::new(&material), pages: vec![] };
        let chapter = Chapter {
            run: &run,
            intro: "",
            lesson: None,
            cells: vec![],
            parts: vec![],
            rest: vec![],
            python_setup: None,
        };
        let shelf = Shelf { press: &press, chapters: &[chapter], pages: &[], files: Default::default() };
        let address = |to| shelf.address(to, "docs/a.md").map_err(|error| error.to_string());
        assert_eq!(address("../crates/nb01_matmul/"), Ok(Some("nb01_matmul.html".into())));
        assert_eq!(address("../README.md#so"), Ok(Some("files/README_md.txt#so".into())));
        assert!(address("../crates/nb01_matmul/src").unwrap_err().contains("is a folder"));
        assert!(address("none.md").unwrap_err().contains("there is no file `docs/none.md`"));
    }
}
