//! The whole book: chapters and pages in their order, given to mdBook; then the API documentation beside them.

use crate::cell::{Press, story_anchor};
use crate::chapter::Chapter;
use crate::code::escape;
use crate::links::Links;
use crate::material::Read;
use crate::pages::{self, Page};
use crate::parts::{Block, Part, Texts};
use crate::shelf::{Shelf, copied};
use anyhow::{Context, Result, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use record::{Material, Stage};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;

const STYLE: &str = include_str!("../theme/book.css");
const QUIZ: &str = include_str!("../theme/quiz.js");
const CONFIG: &str = include_str!("../theme/book.toml");

/// Writes the site into the folder `out`, which need not exist.
pub(crate) fn make(material: &Material, out: &Path) -> Result<()> {
    let pages = pages::read(&material.root, "book/pages")?;
    let mut press = Press { material, links: Links::new(material), pages };
    let chapters = chapters(&press)?;
    for chapter in &chapters {
        told(chapter).into_iter().for_each(|(path, address)| press.links.show(path, address));
    }
    let desk = out.with_extension("pages");
    let files = write_pages(&press, &chapters, &desk.join("src"))?;
    fs::write(desk.join("book.css"), STYLE).context("the style cannot be written")?;
    fs::write(desk.join("quiz.js"), QUIZ).context("the quiz's script cannot be written")?;
    print(&desk, &chapters, out)?;
    finish(out)?;
    copy_files(material, &files, out)?;
    if let Some(api) = &material.api {
        copy(api, &out.join("api"))?;
        fs::write(out.join("api/index.html"), front_of_api(&chapters))?;
    }
    Ok(())
}

/// rustdoc's own pages lead to a front page, but it makes none: it is the last stage's, which has everything.
fn front_of_api(chapters: &[Chapter]) -> String {
    let last = chapters.last().map_or("", |chapter| &chapter.run.name);
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>API documentation</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={last}/index.html\"><a href=\"{last}/index.html\">{last}</a></html>\n"
    )
}

fn chapters<'a>(press: &Press<'a>) -> Result<Vec<Chapter<'a>>> {
    let material = press.material;
    let chapter = |(run, stage)| Ok(Chapter::new(run, stage, material, &press.links, &texts(material, run)?));
    material.stages().map(chapter).collect()
}

/// The files that the sections stand in.
fn texts(material: &Material, run: &Stage) -> Result<Texts> {
    let files = run.sections.iter().map(|section| &section.file);
    files.map(|file| Ok((file.clone(), material.text(file)?))).collect()
}

/// Where the chapter shows each section and tells each module.
fn told(chapter: &Chapter) -> Vec<(String, String)> {
    let sections = chapter.cells.iter().map(|cell| &cell.section.id);
    let sections = sections.map(|id| (format!("{}::{id}", chapter.scope()), chapter.address(id)));
    let stories = chapter.parts.iter().flat_map(|part| part.blocks.iter().map(move |block| (part, block)));
    let stories = stories.filter_map(|(part, block)| match block {
        Block::Story(m) => Some((m.path.clone(), format!("{}.html#{}", part.name, story_anchor(&m.path)))),
        Block::Section(_) => None,
    });
    sections.chain(stories).collect()
}

/// Writes everything that mdBook reads; hands back which files of the repository the pages link to.
fn write_pages(press: &Press, chapters: &[Chapter], src: &Path) -> Result<BTreeSet<String>> {
    fs::create_dir_all(src).with_context(|| format!("{} cannot be made", src.display()))?;
    let root = &press.material.root;
    let appendix = pages::read(root, "docs")?;
    let pages: Vec<&Page> = press.pages.iter().chain(&appendix).collect();
    let write =
        |name: &str, text: String| fs::write(src.join(name), text).with_context(|| format!("writing {name}"));
    for chapter in chapters {
        for part in &chapter.parts {
            let page = press.part(part, chapter)? + &turn(part, chapters);
            write(&format!("{}.md", part.name), page)?;
        }
        for (file, text) in sources(press, chapter)? {
            let page = press.source_page(chapter, &file, &text);
            write(&format!("{}.md", chapter.source_page(&file)), page)?;
        }
    }
    let shelf = Shelf { press, chapters, pages: &pages, files: BTreeSet::new().into() };
    for page in &pages {
        ensure!(!src.join(&page.name).exists(), "{}: another page of the book is called that", page.file);
        write(&page.name, shelf.print(page)?)?;
    }
    write("SUMMARY.md", summary(chapters, &press.pages, &appendix))?;
    Ok(shelf.files.into_inner())
}

/// Links to the page before and the one after, with their titles.
fn turn(part: &Part, chapters: &[Chapter]) -> String {
    let pages: Vec<&Part> = chapters.iter().flat_map(|chapter| &chapter.parts).collect();
    let at = pages.iter().position(|page| page.name == part.name).unwrap_or(0);
    let link = |page: Option<&&Part>, rel: &str, arrow: &str| {
        let text = |page: &&Part| format!("{arrow}{}", escape(&page.title.replace('`', "")));
        let link = |p: &&Part| format!("<a rel=\"{rel}\" href=\"{}.html\">{}</a>", p.name, text(p));
        page.map(link).unwrap_or_default()
    };
    format!(
        "\n<nav class=\"turn\" aria-label=\"pages\">{}{}</nav>\n",
        link(at.checked_sub(1).and_then(|at| pages.get(at)), "prev", "Previous: "),
        link(pages.get(at + 1), "next", "Next: ")
    )
}

/// The files of a lesson with their texts: the one that it begins with, and those of its sections.
fn sources(press: &Press, chapter: &Chapter) -> Result<Texts> {
    let first = &chapter.lesson.context("a chapter has a lesson")?.file;
    let first = first.strip_prefix(&press.material.root).unwrap_or(first).display().to_string();
    let files = std::iter::once(first.as_str()).chain(chapter.files());
    files.map(|file| Ok((file.into(), press.material.text(file)?))).collect()
}

/// The table of contents. `index.md` comes first.
fn summary(chapters: &[Chapter], answers: &[Page], appendix: &[Page]) -> String {
    let (front, answers): (Vec<&Page>, Vec<&Page>) = answers.iter().partition(|p| p.name == "index.md");
    let link = |p: &&Page| format!("- [{}]({})\n", p.title, p.name);
    let page = |part: &Part| format!("[{}]({}.md)\n", part.title.replace('`', ""), part.name);
    let chapter = |c: &Chapter| {
        let pages = c.parts.iter().enumerate().map(|(i, part)| match i {
            0 => format!("- {}", page(part)),
            _ => format!("  - {}", page(part)),
        });
        let parts = c.files().into_iter().filter(|file| !is_first(c, file));
        let parts = parts.map(|file| {
            format!("    - [{}]({}.md)\n", file.rsplit('/').next().unwrap_or(file), c.source_page(file))
        });
        let source = format!("  - [source]({}-source.md)\n{}", c.run.name, parts.collect::<String>());
        pages.collect::<String>() + &source
    };
    let mut text = "# Summary\n\n".to_string();
    front.iter().for_each(|p| text.push_str(&format!("[{}]({})\n\n", p.title, p.name)));
    text.push_str(&format!("# The lesson\n\n{}\n", chapters.iter().map(chapter).collect::<String>()));
    if !answers.is_empty() {
        text.push_str(&format!("# Answers\n\n{}\n", answers.iter().map(link).collect::<String>()));
    }
    if !appendix.is_empty() {
        text.push_str(&format!("# Appendix\n\n{}\n", appendix.iter().map(|p| link(&p)).collect::<String>()));
    }
    text
}

/// Whether a lesson begins with this file.
fn is_first(chapter: &Chapter, file: &str) -> bool {
    chapter.lesson.is_some_and(|lesson| lesson.file.ends_with(file))
}

fn print(desk: &Path, chapters: &[Chapter], out: &Path) -> Result<()> {
    // What a search finds in a chapter, it need not find again in its source.
    let sources = |c: &Chapter| {
        let parts = c.files().into_iter().map(|file| c.source_page(file));
        BTreeSet::from_iter(parts.chain([c.source_page("lesson.rs")]))
    };
    let unsearched = |page: String| format!("\"{page}.md\" = {{ enable = false }}\n");
    let unsearched: String = chapters.iter().flat_map(sources).map(unsearched).collect();
    let mut config = Config::from_str(&format!("{CONFIG}\n[output.html.search.chapter]\n{unsearched}"))?;
    config.build.build_dir = out.to_path_buf();
    let book = MDBook::load_with_config(desk, config).context("mdBook does not read the pages")?;
    book.build().context("mdBook does not make the book")
}

/// What scrolls has to be reached with the keyboard, too; mdBook's boxes around wide tables are not. And a name in the
/// text may be broken between its parts.
fn finish(out: &Path) -> Result<()> {
    for entry in fs::read_dir(out).context("the site cannot be read")? {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == "html") {
            let text = fs::read_to_string(&file)?;
            let box_of_table = "<div class=\"table-wrapper\"";
            let text = text.replace(box_of_table, &format!("{box_of_table} tabindex=\"0\""));
            fs::write(&file, breakable(&text))?;
        }
    }
    Ok(())
}

/// Code within text, with places where a line may be broken; blocks of code have theirs.
fn breakable(html: &str) -> String {
    let mut parts = html.split("<code");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let is_block = out.rfind('<').is_some_and(|at| out[at..].starts_with("<pre"));
        let (open, rest) = part.split_once('>').unwrap_or((part, ""));
        let (code, rest) = rest.split_once("</code>").unwrap_or(("", rest));
        let behind = |code: String, mark: &str| code.replace(mark, &format!("{mark}<wbr>"));
        let breaks = |code: &str| {
            ["::", "_", "(", "/"].into_iter().fold(code.to_string(), behind).replace('.', "<wbr>.")
        };
        let code = if is_block || code.contains('<') { code.into() } else { breaks(code) };
        out.push_str(&format!("<code{open}>{code}</code>{rest}"));
    }
    out
}

fn copy_files(material: &Material, files: &BTreeSet<String>, out: &Path) -> Result<()> {
    for file in files {
        let to = out.join(copied(file));
        fs::create_dir_all(to.parent().unwrap_or(out))?;
        fs::copy(material.root.join(file), &to).with_context(|| format!("{file} cannot be copied"))?;
    }
    Ok(())
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(
                fs::copy(entry.path(), &to).with_context(|| format!("{} cannot be written", to.display()))?,
            ),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_broken_between_its_parts() {
        let html = "<p><code>a::b_c(d)</code> x_y <code class=\"k\">e</code></p><pre><code>a::b</code></pre>";
        assert_eq!(
            breakable(html),
            "<p><code>a::<wbr>b_<wbr>c(<wbr>d)</code> x_y <code class=\"k\">e</code></p><pre><code>a::b</code></pre>"
        );
    }
}
