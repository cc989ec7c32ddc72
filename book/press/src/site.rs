//! The whole book: chapters and pages in their order, given to mdBook; then the API documentation beside them.

use crate::cell::{Press, story_anchor};
use crate::chapter::Chapter;
use crate::links::Links;
use crate::material::Read;
use crate::pages::{self, Page, Shelf, copied};
use anyhow::{Context, Result, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use record::Material;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;

const STYLE: &str = include_str!("../theme/book.css");
const CONFIG: &str = include_str!("../theme/book.toml");

/// Writes the site into the folder `out`, which need not exist.
pub(crate) fn make(material: &Material, out: &Path) -> Result<()> {
    let mut press = Press { material, links: Links::new(material) };
    for (run, _) in material.stages() {
        for section in &run.sections {
            let address = format!("{}.html#{}", run.name, section.id);
            press.links.show(format!("{}::lesson::{}", run.name, section.id), address);
        }
    }
    let chapters = chapters(&press);
    let stories: Vec<(String, String)> = chapters.iter().flat_map(stories).collect();
    stories.into_iter().for_each(|(path, address)| press.links.show(path, address));
    let desk = out.with_extension("pages");
    let files = write_pages(&press, &chapters, &desk.join("src"))?;
    fs::write(desk.join("book.css"), STYLE).context("the style cannot be written")?;
    print(&desk, &chapters, out)?;
    make_tables_reachable(out)?;
    copy_files(material, &files, out)?;
    if let Some(api) = &material.api {
        copy(api, &out.join("api"))?;
        fs::write(out.join("api/index.html"), front_of_api(&chapters))?;
    }
    Ok(())
}

/// rustdoc's own pages lead to a front page, but it makes none: the last stage, which has everything, stands there.
fn front_of_api(chapters: &[Chapter]) -> String {
    let last = chapters.last().map_or("", |chapter| &chapter.run.name);
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>API documentation</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={last}/index.html\"><a href=\"{last}/index.html\">{last}</a></html>\n"
    )
}

fn chapters<'a>(press: &Press<'a>) -> Vec<Chapter<'a>> {
    let material = press.material;
    material.stages().map(|(run, stage)| Chapter::new(run, stage, material, &press.links)).collect()
}

/// Where the chapter tells each module.
fn stories(chapter: &Chapter) -> Vec<(String, String)> {
    let told = chapter.cells.iter().flat_map(|cell| &cell.stories);
    told.map(|m| (m.path.clone(), format!("{}.html#{}", chapter.run.name, story_anchor(&m.path)))).collect()
}

/// Writes everything that mdBook reads; hands back which files of the repository the pages link to.
fn write_pages(press: &Press, chapters: &[Chapter], src: &Path) -> Result<BTreeSet<String>> {
    fs::create_dir_all(src).with_context(|| format!("{} cannot be made", src.display()))?;
    let root = &press.material.root;
    let mut pages = pages::read(root, "book/pages")?;
    let written = pages.len();
    pages.extend(pages::read(root, "docs")?);
    let write =
        |name: &str, text: String| fs::write(src.join(name), text).with_context(|| format!("writing {name}"));
    for chapter in chapters {
        write(&format!("{}.md", chapter.run.name), press.chapter(chapter)?)?;
        write(&format!("{}-source.md", chapter.run.name), source_page(press, chapter)?)?;
    }
    let shelf = Shelf { press, chapters, pages: &pages, files: BTreeSet::new().into() };
    for page in &pages {
        ensure!(!src.join(&page.name).exists(), "{}: another page of the book is called that", page.file);
        write(&page.name, shelf.print(page)?)?;
    }
    let (answers, appendix) = pages.split_at(written);
    write("SUMMARY.md", summary(chapters, answers, appendix))?;
    Ok(shelf.files.into_inner())
}

fn source_page(press: &Press, chapter: &Chapter) -> Result<String> {
    let file = &chapter.lesson.context("a chapter has a lesson")?.file;
    let shown = file.strip_prefix(&press.material.root).unwrap_or(file).display().to_string();
    Ok(press.source_page(chapter, &shown, &press.material.text(file)?))
}

/// The table of contents. `index.md` stands before everything.
fn summary(chapters: &[Chapter], answers: &[Page], appendix: &[Page]) -> String {
    let (front, answers): (Vec<&Page>, Vec<&Page>) = answers.iter().partition(|p| p.name == "index.md");
    let link = |p: &&Page| format!("- [{}]({})\n", p.title, p.name);
    let chapter = |c: &Chapter| {
        let (title, name) = (c.run.title.replace('`', ""), &c.run.name);
        format!("- [{title}]({name}.md)\n  - [source]({name}-source.md)\n")
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

fn print(desk: &Path, chapters: &[Chapter], out: &Path) -> Result<()> {
    // What a search finds in a chapter, it need not find again in its source.
    let unsearched = |c: &Chapter| format!("\"{}-source.md\" = {{ enable = false }}\n", c.run.name);
    let unsearched: String = chapters.iter().map(unsearched).collect();
    let mut config = Config::from_str(&format!("{CONFIG}\n[output.html.search.chapter]\n{unsearched}"))?;
    config.build.build_dir = out.to_path_buf();
    let book = MDBook::load_with_config(desk, config).context("mdBook does not read the pages")?;
    book.build().context("mdBook does not make the book")
}

/// What scrolls has to be reached with the keyboard, too; mdBook's boxes around wide tables are not.
fn make_tables_reachable(out: &Path) -> Result<()> {
    for entry in fs::read_dir(out).context("the site cannot be read")? {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == "html") {
            let text = fs::read_to_string(&file)?;
            let box_of_table = "<div class=\"table-wrapper\"";
            fs::write(&file, text.replace(box_of_table, &format!("{box_of_table} tabindex=\"0\"")))?;
        }
    }
    Ok(())
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
