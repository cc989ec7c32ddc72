//! A chapter's pages: its front page, then one for each module at the stage's root, with the sections that follow its
//! story; modules that are told before the same section share a page. `// ## Title` above a section of the lesson begins
//! a page, too.

use record::{Module, Section, Stage, above, last};
use std::collections::BTreeMap;

/// The texts of the files that the sections stand in, by their paths in the workspace.
pub(crate) type Texts = BTreeMap<String, String>;

/// A page of a chapter.
pub(crate) struct Part<'a> {
    /// Of its file, without the ending.
    pub(crate) name: String,
    /// For the table of contents.
    pub(crate) title: String,
    /// Whether the title is written above the page: a story has its own.
    pub(crate) has_heading: bool,
    pub(crate) blocks: Vec<Block<'a>>,
}

/// What follows each other on a page.
pub(crate) enum Block<'a> {
    Story(&'a Module),
    /// By its place in the chapter.
    Section(usize),
}

impl Part<'_> {
    fn new(name: String, title: String, has_heading: bool) -> Self {
        Part { name, title, has_heading, blocks: vec![] }
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = usize> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Section(at) => Some(*at),
            Block::Story(_) => None,
        })
    }
}

/// The pages of a stage, whose sections have these stories before them.
pub(crate) fn of<'s, 'a: 's>(
    run: &Stage,
    stories: impl Iterator<Item = &'s [&'a Module]>,
    texts: &Texts,
) -> Vec<Part<'a>> {
    let mut parts = vec![Part::new(run.name.clone(), run.title.clone(), false)];
    for (at, (section, stories)) in run.sections.iter().zip(stories).enumerate() {
        if let Some(title) = texts.get(&section.file).and_then(|text| mark(section, text)) {
            parts.push(Part::new(format!("{}-{}", run.name, slug(title)), title.into(), true));
        }
        for story in stories {
            if above(&story.path) == run.name && !is_waiting(&parts) {
                let name = format!("{}-{}", run.name, last(&story.path));
                parts.push(Part::new(name, short(&story.docs), false));
            }
            push(&mut parts, Block::Story(story));
        }
        push(&mut parts, Block::Section(at));
    }
    parts
}

/// Whether the last page has a story and no section yet: the next story stays with it.
fn is_waiting(parts: &[Part]) -> bool {
    parts.len() > 1 && parts.last().is_some_and(|part| !part.has_heading && part.sections().next().is_none())
}

fn push<'a>(parts: &mut [Part<'a>], block: Block<'a>) {
    parts.last_mut().expect("there is a front page").blocks.push(block);
}

/// `Twelve questions`, where `// ## Twelve questions` is above the section's documentation.
fn mark<'t>(section: &Section, text: &'t str) -> Option<&'t str> {
    let lines: Vec<&str> = text.lines().take(section.line.saturating_sub(1)).collect();
    let is_above = |line: &&&str| line.is_empty() || line.starts_with("//") || line.starts_with("#[");
    lines.iter().rev().take_while(is_above).find_map(|line| line.strip_prefix("// ## "))
}

/// `Elementwise operations` of "Elementwise operations: one operator, every element."
fn short(docs: &str) -> String {
    let first = docs.split("\n\n").next().unwrap_or_default().replace('\n', " ").replace(['[', ']', '`'], "");
    let end = [": ", " — ", ". "].iter().filter_map(|mark| first.find(mark)).min().unwrap_or(first.len());
    first[..end].trim().trim_end_matches('.').into()
}

fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_short() {
        assert_eq!(short("`nn::Linear`: layers of\nweights.\n\nMore."), "nn::Linear");
        assert_eq!(short("Mean — and why."), "Mean");
        assert_eq!(short("Layers as classes."), "Layers as classes");
        assert_eq!(slug("Twelve questions, answered"), "twelve-questions-answered");
    }
}
