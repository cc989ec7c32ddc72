//! A page of a chapter as Markdown; and one section: what is new in it, its code and the Python beside it, what it
//! printed and drew, and its checks.

use crate::chapter::{Cell, Chapter};
use crate::code::escape;
use crate::links::Links;
use crate::material::Read;
use crate::pages::Page;
use crate::parts::{Block, Part};
use crate::prose::{Prose, plain, rust};
use crate::source;
use anyhow::{Context, Result};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use record::{Found, Item, Material, Module, Section, Stage, Status, above, last, time};

/// Up to this many lines, the source of a new item is open.
const OPEN: usize = 24;

/// What all chapters share.
pub(crate) struct Press<'a> {
    pub(crate) material: &'a Material,
    pub(crate) links: Links<'a>,
    /// The pages that are written by hand.
    pub(crate) pages: Vec<Page>,
}

impl Press<'_> {
    /// A page of the chapter, as Markdown.
    pub(crate) fn part(&self, part: &Part, chapter: &Chapter) -> Result<String> {
        let is_front = part.name == chapter.run.name;
        let mut page = if is_front { self.front(chapter) } else { above_the_title(part, chapter) };
        for (i, block) in part.blocks.iter().enumerate() {
            page.push_str(&match block {
                Block::Story(story) if i == 0 => self.story(story, 1, &chapter.run.name),
                Block::Story(story) => self.story(story, 2, &chapter.run.name),
                Block::Section(at) => self.section(&chapter.cells[*at], chapter)?,
            });
        }
        Ok(if is_front { page + &self.rest(chapter) + &self.quiz(chapter)? } else { page })
    }

    /// What the chapter is about, and what is on which of its pages.
    fn front(&self, chapter: &Chapter) -> String {
        let pages: String = chapter.parts.iter().skip(1).map(|part| self.contents(part, chapter)).collect();
        let pages = match pages.as_str() {
            "" => String::new(),
            pages => format!("## On these pages\n\n<ol class=\"contents\">\n{pages}</ol>\n\n"),
        };
        self.head(chapter) + &pages
    }

    fn contents(&self, part: &Part, chapter: &Chapter) -> String {
        let entry = |at: usize| {
            let section = chapter.cells[at].section;
            let title = inline(&self.documentation(&chapter.scope(), 0).documentation(&section.title));
            let (id, address) = (&section.id, chapter.address(&section.id));
            format!("<li id=\"{id}\"><a href=\"{address}\">{} · {title}</a></li>\n", number(section))
        };
        let (name, title) = (&part.name, escape(&part.title));
        let sections: String = part.sections().map(entry).collect();
        let sections = if sections.is_empty() { sections } else { format!("<ul>\n{sections}</ul>") };
        format!("<li><a href=\"{name}.html\">{title}</a>{sections}</li>\n")
    }

    /// The stage's own questions, if it has any: `practice/quiz.md`, whose answers are run as tests.
    fn quiz(&self, chapter: &Chapter) -> Result<String> {
        let text = self.material.text_if_there(format!("crates/{}/practice/quiz.md", chapter.run.name))?;
        let text = text.unwrap_or_default();
        let Some((_, questions)) = text.split_once('\n') else { return Ok(String::new()) };
        let questions = self.documentation(&chapter.run.name, 1).documentation(questions.trim_start());
        Ok(format!("## Quiz\n\n{questions}\n"))
    }

    fn head(&self, chapter: &Chapter) -> String {
        let run = chapter.run;
        let intro = self.documentation(&run.name, 1).documentation(chapter.intro);
        // The first heading is the chapter's title.
        let intro = intro.trim_start().trim_start_matches("##").trim_start();
        let (title, intro) = intro.split_once('\n').unwrap_or((intro, ""));
        let mut head = format!("# {title}\n\n<p class=\"ran\">{}</p>\n\n{intro}\n\n", self.ran(chapter));
        if let Some(setup) = chapter.python_setup {
            let summary = "<summary>What the Python beside the Rust begins with</summary>";
            head.push_str(&format!("<details class=\"setup\">{summary}{}</details>\n\n", python(setup)));
        }
        head
    }

    /// What was run, where, and how long it took.
    fn ran(&self, chapter: &Chapter) -> String {
        let run = chapter.run;
        let skipped = run.sections.iter().filter(|s| s.status == Status::Skipped).count();
        let skipped = match skipped {
            0 => String::new(),
            1 => " In one section a check could not be made; it says which.".into(),
            n => format!(" In {n} sections a check could not be made; they say which."),
        };
        let links = [
            self.links
                .api(Found::Module(&Module { path: run.name.clone(), ..Module::default() }))
                .map(|a| ("API documentation", a)),
            Some(("source of this chapter", format!("{}-source.html", run.name))),
        ];
        let links =
            links.into_iter().flatten().map(|(text, address)| format!("<a href=\"{address}\">{text}</a>"));
        format!(
            "{} sections were run for this page, in {:.1} s: {}, {}.{skipped} {}",
            how_many(run),
            run.sections.iter().map(|s| s.seconds).sum::<f64>(),
            escape(&run.build),
            escape(&self.material.run.machine.to_string()),
            links.collect::<Vec<_>>().join(" · ")
        )
    }

    fn documentation<'b>(&'b self, scope: &'b str, deeper: usize) -> Prose<'b> {
        Prose { links: &self.links, scope, deeper, is_rustdoc: true, link_code: false, html: true }
    }

    /// A module's documentation; its first paragraph is the heading.
    fn story(&self, module: &Module, level: usize, stage: &str) -> String {
        let text = self.documentation(&module.path, level).documentation(&module.docs);
        let (title, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let title = title.trim().trim_end_matches('.').replace('\n', " ");
        let inside = module.path.strip_prefix(stage).unwrap_or(&module.path).trim_start_matches("::");
        let name = match self.links.api(Found::Module(module)) {
            Some(address) => format!("<a href=\"{address}\">{inside}</a>"),
            None => inside.into(),
        };
        format!(
            "<p class=\"module\">{name}</p>\n\n{} {title} {{#{}}}\n\n{body}\n\n",
            "#".repeat(level),
            story_anchor(&module.path)
        )
    }

    /// What is new, what the section does with it, what it printed; and, folded, all of its lines with its checks.
    fn section(&self, cell: &Cell, chapter: &Chapter) -> Result<String> {
        let (section, scope) = (cell.section, chapter.scope());
        let docs = source::below_the_title(&section.code);
        let title = self.documentation(&scope, 0).documentation(&section.title);
        let prose = self.documentation(&scope, 2).documentation(&docs);
        let news = cell.news.iter().map(|item| self.new_item(item)).collect::<Result<String>>()?;
        Ok(format!(
            "## {} · {title} {{#{}}}\n\n{prose}\n\n<div class=\"cell\">\n{news}{}{}{}{}</div>\n\n",
            number(section),
            section.id,
            self.sides(cell, chapter),
            self.output(section)?,
            self.whole(cell, chapter),
            self.mentions(section, chapter)
        ))
    }

    /// The pages that say more about the section, such as the errata.
    fn mentions(&self, section: &Section, chapter: &Chapter) -> String {
        let pages = self.pages.iter().filter(|page| page.refers_to(&chapter.run.name, &section.id));
        let link = |page: &Page| {
            format!("<a href=\"{}\">{}</a>", page.name.replace(".md", ".html"), escape(&page.title))
        };
        match pages.map(link).collect::<Vec<_>>() {
            links if links.is_empty() => String::new(),
            links => format!("<p class=\"label\">See also: {}</p>\n", links.join(" ")),
        }
    }

    /// The section's own lines, and its Python beside them. Where something new is above, only a few are shown: the
    /// others print and time it.
    fn sides(&self, cell: &Cell, chapter: &Chapter) -> String {
        let lines = source::lesson(&source::function(&cell.section.code));
        let is_short = |lines: &String| cell.news.is_empty() || lines.lines().count() <= OPEN / 2;
        let ours = lines.filter(is_short).map(|lines| {
            let html = rust(&lines, &self.links, &chapter.scope());
            format!("<div class=\"code\"><p class=\"label\">in Rust</p>{html}</div>\n")
        });
        let theirs = cell.python.map(|code| {
            format!("<div class=\"code\"><p class=\"label\">the same in PyTorch</p>{}</div>\n", python(code))
        });
        match (ours, theirs) {
            (None, None) => String::new(),
            (ours, theirs) => format!(
                "<div class=\"sides\">\n{}{}</div>\n",
                ours.unwrap_or_default(),
                theirs.unwrap_or_default()
            ),
        }
    }

    /// The section as it is in the lesson, and the helpers that it is the first to use.
    fn whole(&self, cell: &Cell, chapter: &Chapter) -> String {
        let scope = chapter.scope();
        let code = |code: &str| format!("{}\n", rust(code, &self.links, &scope));
        let helpers: String = cell.helpers.iter().map(|&i| code(&chapter.helper(i).code)).collect();
        let (file, line) = (&cell.section.file, cell.section.line);
        let shown = file.split_once("/tests/").map_or(file.as_str(), |(_, shown)| shown);
        format!(
            "<details class=\"checks\"><summary>The whole section, with its checks</summary>\
             <p class=\"label\"><a href=\"{}.html#L{line}\">tests/{shown}:{line}</a></p>\n{}{helpers}</details>\n",
            chapter.source_page(file),
            code(&source::function(&cell.section.code))
        )
    }

    /// What the section printed, with its pictures where they were drawn.
    pub(crate) fn output(&self, section: &Section) -> Result<String> {
        let mut out =
            format!("<div class=\"output\"><p class=\"label\">output, {}</p>\n", time(section.seconds));
        let mut lines: Vec<&str> = vec![];
        let is_drawn = section.output.lines().any(|line| line.starts_with("figure: "));
        for line in section.output.lines().filter(|line| !is_drawn || !is_picture(line)) {
            match line.strip_prefix("figure: ") {
                Some(name) => {
                    out.push_str(&printed(&std::mem::take(&mut lines)));
                    out.push_str(&self.figure(name)?);
                }
                None => lines.push(line),
            }
        }
        out.push_str(&printed(&lines));
        if section.status == Status::Ignored {
            out.push_str("<p class=\"label\">this section is not run</p>\n");
        }
        Ok(out + "</div>\n")
    }

    /// A picture in the page, so that it follows the page's theme and its text can be selected.
    pub(crate) fn figure(&self, name: &str) -> Result<String> {
        let svg = self.material.figure(name)?;
        let start = svg.find("<svg").with_context(|| format!("{name} is no picture"))?;
        let svg: String =
            svg[start..].lines().filter(|l| !l.trim().is_empty()).map(|l| format!("{l}\n")).collect();
        let caption =
            element(&svg, "title").with_context(|| format!("{name} has no <title>, which is its caption"))?;
        let id = name.trim_end_matches(".svg");
        Ok(format!("<figure id=\"figure-{id}\">\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n"))
    }

    /// An item that is used for the first time, with its source.
    fn new_item(&self, item: &Item) -> Result<String> {
        let file = self.material.text(&item.file)?;
        let code = source::with_methods(&file, item);
        let scope = above(&item.path);
        let summary = item.docs.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let summary = inline(&self.documentation(scope, 0).documentation(&summary));
        let open = if code.lines().count() <= OPEN { " open" } else { "" };
        let name = format!("{} <code class=\"nohighlight\">{}</code>", item.kind, last(&item.path));
        let api = self.links.api(Found::Item(item));
        let api = api.map(|a| format!(" <a href=\"{a}\">documentation</a>")).unwrap_or_default();
        let file = item.file.replace('/', "/<wbr>");
        let practise = self.material.practised.get(&item.path);
        let practise =
            practise.map(|command| format!(" practise this: <code class=\"nohighlight\">{command}</code>"));
        let practise = practise.unwrap_or_default();
        let place = match self.links.source(&item.file, item.first) {
            Some(address) => format!("<a href=\"{address}\">{file}:{}</a>", item.first),
            None => format!("{file}:{}", item.first),
        };
        Ok(format!(
            "<details class=\"item\"{open}><summary>{name} {summary}</summary><p class=\"label\">{place}{api}{practise}</p>{}</details>\n",
            rust(&code, &self.links, scope)
        ))
    }

    /// What the stage holds beside what the lesson runs.
    fn rest(&self, chapter: &Chapter) -> String {
        let line = |module: &&Module| {
            let first = module.docs.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            let text = self.documentation(&module.path, 0).documentation(&first);
            let name = last(&module.path);
            match self.links.api(Found::Module(module)) {
                Some(address) => format!("- [`{name}`]({address}): {text}\n"),
                None => format!("- `{name}`: {text}\n"),
            }
        };
        match &chapter.rest[..] {
            [] => String::new(),
            rest => format!("## Also in this stage\n\n{}\n", rest.iter().map(line).collect::<String>()),
        }
    }

    /// A section on another page: opened there, and explained in its chapter.
    pub(crate) fn quoted(&self, section: &Section, chapter: &Chapter) -> Result<String> {
        let address = chapter.address(&section.id);
        let title = inline(&self.documentation(&chapter.scope(), 0).documentation(&section.title));
        let function = source::function(&section.code);
        let code = rust(&source::lesson(&function).unwrap_or(function), &self.links, &chapter.scope());
        let id = number(section);
        Ok(format!(
            "<details class=\"quoted\"><summary>{} {id}: {title}</summary><p class=\"label\"><a href=\"{address}\">in its chapter</a></p>\n<div class=\"code\">{code}</div>\n{}</details>\n",
            chapter.run.title,
            self.output(section)?
        ))
    }

    /// A file of the lesson, with its lines numbered.
    pub(crate) fn source_page(&self, chapter: &Chapter, file: &str, text: &str) -> String {
        let html = crate::code::html(text, |path| self.links.address(&chapter.scope(), path));
        let lines = html.replace("&#10;", "\n");
        let lines = lines.lines().enumerate().map(|(i, line)| {
            let n = i + 1;
            format!(
                "<span class=\"line\" id=\"L{n}\"><a class=\"number\" href=\"#L{n}\">{n}</a>{line}\n</span>"
            )
        });
        let lines: Vec<String> = lines.collect();
        format!(
            "# `{file}`\n\n<p class=\"ran\">The source of <a href=\"{}.html\">this chapter</a>, as it was run.</p>\n\n<pre class=\"source\" tabindex=\"0\"><code class=\"nohighlight\">{}</code></pre>\n",
            chapter.run.name,
            lines.concat()
        )
    }
}

/// `All 22`, but for those that are marked as not to be run.
fn how_many(run: &Stage) -> String {
    let all = run.sections.len();
    match run.sections.iter().filter(|section| section.status != Status::Ignored).count() {
        ran if ran == all => format!("All {all}"),
        ran => format!("{ran} of {all}"),
    }
}

/// Leads back to the chapter's front page; and the title, where no story brings one.
fn above_the_title(part: &Part, chapter: &Chapter) -> String {
    let up = inline(&chapter.run.title);
    let up = format!("<p class=\"up\"><a href=\"{}.html\">{up}</a></p>\n\n", chapter.run.name);
    if part.has_heading { format!("{up}# {}\n\n", part.title) } else { up }
}

/// `s07` of `s07_einsum`.
fn number(section: &Section) -> &str {
    section.id.split('_').next().unwrap_or_default()
}

/// A line of a picture made of characters.
fn is_picture(line: &str) -> bool {
    line.contains(|c: char| matches!(c, '\u{2580}'..='\u{259f}'))
}

/// Where the story of a module is in its chapter.
pub(crate) fn story_anchor(module: &str) -> String {
    format!("mod-{}", module.split("::").skip(1).collect::<Vec<_>>().join("-"))
}

fn python(code: &str) -> String {
    plain("python", code)
}

fn printed(lines: &[&str]) -> String {
    let text = lines.join("\n");
    let text = text.trim_matches('\n');
    if text.is_empty() {
        return String::new();
    }
    format!("<pre tabindex=\"0\"><samp>{}</samp></pre>\n", crate::code::lines(&escape(text)))
}

/// The text of the first such element.
pub(crate) fn element<'a>(svg: &'a str, name: &str) -> Option<&'a str> {
    let start = svg.find(&format!("<{name}"))?;
    let open = start + svg[start..].find('>')? + 1;
    Some(&svg[open..open + svg[open..].find("</")?])
}

/// Markdown of one line as HTML without its links, for a summary, which is something to press itself.
fn inline(markdown: &str) -> String {
    let is_link = |event: &Event| matches!(event, Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, Parser::new(markdown).filter(|event| !is_link(event)));
    html.trim()
        .trim_start_matches("<p>")
        .trim_end_matches("</p>")
        .replace("<code>", "<code class=\"nohighlight\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_was_not_run_is_not_counted() {
        let section = |status| Section { status, ..Section::default() };
        let stage = |statuses: &[Status]| Stage {
            sections: statuses.iter().copied().map(section).collect(),
            ..Stage::default()
        };
        assert_eq!(how_many(&stage(&[Status::Passed, Status::Skipped])), "All 2");
        assert_eq!(how_many(&stage(&[Status::Passed, Status::Ignored])), "1 of 2");
    }
}
