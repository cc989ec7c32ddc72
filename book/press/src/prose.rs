//! Documentation as Markdown for the book: its links lead somewhere, its Rust has colours, its headings fit below ours.
//!
//! The text stays as it is but for the places that have to change; a Markdown parser says where those are.

use crate::code;
use crate::links::Links;
use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};
use std::ops::Range;

/// How a text is changed.
pub(crate) struct Prose<'a> {
    pub(crate) links: &'a Links<'a>,
    /// The text's module.
    pub(crate) scope: &'a str,
    /// How much deeper its headings become.
    pub(crate) deeper: usize,
    /// Whether a block of code without a language is Rust, as it is in documentation.
    pub(crate) is_rustdoc: bool,
    /// Whether `nb01_matmul::ladder::loops` in code is a link.
    pub(crate) link_code: bool,
    /// Whether code may be HTML: in a notebook it stays Markdown.
    pub(crate) html: bool,
}

/// Where a link that is no name leads: the page knows. `Err`: it leads nowhere, for this reason.
pub(crate) type Elsewhere<'a> = &'a dyn Fn(&str) -> Result<Option<String>, String>;

/// What is wrong with a text, and at which line.
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Prose<'_> {
    /// Documentation: what its links name and cannot be found becomes plain text.
    pub(crate) fn documentation(&self, text: &str) -> String {
        match self.change(text, &|_| Ok(None)) {
            Ok(changed) => changed,
            Err(wrong) => unreachable!("nothing is wrong elsewhere, but: {}", wrong.what),
        }
    }

    /// A page; `elsewhere` says where its links lead.
    pub(crate) fn change(&self, text: &str, elsewhere: Elsewhere) -> Result<String, Wrong> {
        let known = |link: BrokenLink| -> Option<(CowStr, CowStr)> {
            Some((link.reference.into_string().into(), CowStr::from("")))
        };
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_HEADING_ATTRIBUTES;
        let events = Parser::new_with_broken_link_callback(text, options, Some(known)).into_offset_iter();
        let mut changes = vec![];
        let mut link: Option<OpenLink> = None;
        let (mut nested, mut in_heading) = (0_usize, false);
        let mut block: Option<(String, String)> = None;
        for (event, range) in events {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    in_heading = true;
                    let more = self.deeper.min(6 - depth(level));
                    changes.push((range.start..range.start, "#".repeat(more)));
                }
                Event::End(TagEnd::Heading(_)) => in_heading = false,
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(info) => info.into_string(),
                        CodeBlockKind::Indented => "text".into(),
                    };
                    block = Some((language, String::new()));
                }
                Event::Text(part) if block.is_some() => {
                    if let Some((_, code)) = &mut block {
                        code.push_str(&part);
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some((language, code)) = block.take()
                        && nested == 0
                    {
                        changes.extend(self.block(&language, &code).map(|html| (range.clone(), html)));
                    }
                }
                Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => nested += 1,
                Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => nested -= 1,
                Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                    let (to, whole) = (dest_url.into_string(), range.clone());
                    link = Some(OpenLink { link_type, to, whole, inside: None });
                }
                Event::End(TagEnd::Link) => {
                    if let Some(open) = link.take() {
                        let wrong =
                            |what| Wrong { line: text[..range.start].matches('\n').count() + 1, what };
                        changes.extend(self.link(&open, text, &range, elsewhere).map_err(wrong)?);
                    }
                }
                Event::Code(name)
                    if link.is_none() && self.link_code && !in_heading && name.contains("::") =>
                {
                    if let Some(address) = self.links.address(self.scope, &name) {
                        changes.push((range.clone(), format!("[{}]({address})", &text[range.clone()])));
                    }
                }
                _ => {}
            }
            if let Some(open) = &mut link
                && open.whole != range
            {
                let start = open.inside.as_ref().map_or(range.start, |inside| inside.start.min(range.start));
                open.inside = Some(start..range.end);
            }
        }
        Ok(splice(text, changes))
    }

    fn link(
        &self,
        open: &OpenLink,
        text: &str,
        range: &Range<usize>,
        elsewhere: Elsewhere,
    ) -> Result<Option<(Range<usize>, String)>, String> {
        let inside = open.inside.clone().map_or("", |inside| &text[inside]);
        // `[mod@einsum]` says which of two things it means, and shows neither that it says so.
        let is_said = inside.trim_matches('`') == open.to.trim_matches('`');
        let inside = if is_said { without_kind(inside) } else { inside.to_string() };
        if open.link_type == LinkType::Autolink || open.to.contains("://") || open.to.starts_with('#') {
            return Ok(None);
        }
        let address = match elsewhere(&open.to)? {
            Some(address) => Some(address),
            None => self.links.address(self.scope, &open.to),
        };
        Ok(Some(match address {
            Some(address) => (range.clone(), format!("[{inside}]({address})")),
            None => (range.clone(), inside),
        }))
    }

    /// A block of code; `None`: it stays as it is.
    fn block(&self, info: &str, code: &str) -> Option<String> {
        let mut words = info.split(',').map(str::trim);
        let first = words.clone().next().unwrap_or_default();
        let attributes = ["should_panic", "no_run", "ignore", "compile_fail", "edition2024"];
        let is_rust =
            first == "rust" || (self.is_rustdoc && (first.is_empty() || attributes.contains(&first)));
        if !is_rust {
            return self.html.then(|| plain(first, code));
        }
        let shown = visible(code);
        if !self.html {
            return Some(format!("```rust\n{shown}\n```\n"));
        }
        let fails = words.find(|w| w.starts_with('E') && w[1..].parse::<u16>().is_ok());
        let fails = match (info.contains("compile_fail"), fails) {
            (true, Some(code)) => format!(
                "<div class=\"fails\">does not compile: <a href=\"https://doc.rust-lang.org/error_codes/{code}.html\">{code}</a></div>"
            ),
            (true, None) => "<div class=\"fails\">does not compile</div>".into(),
            _ => String::new(),
        };
        Some(format!("<div class=\"code\">{fails}{}</div>\n", rust(&shown, self.links, self.scope)))
    }
}

/// Rust as a block of HTML.
pub(crate) fn rust(code: &str, links: &Links, scope: &str) -> String {
    format!(
        "<pre tabindex=\"0\"><code class=\"nohighlight\">{}</code></pre>",
        code::lines(&code::html(code, |path| links.address(scope, path)))
    )
}

/// Any other language; mdBook's script knows some of them. A block that scrolls can be reached with the keyboard.
pub(crate) fn plain(language: &str, code: &str) -> String {
    let class =
        if matches!(language, "" | "text") { "nohighlight".into() } else { format!("language-{language}") };
    format!("<pre tabindex=\"0\"><code class=\"{class}\">{}</code></pre>\n", code::escape(code.trim_end()))
}

/// An example without the lines that rustdoc hides.
fn visible(code: &str) -> String {
    let is_hidden = |line: &&str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let lines: Vec<&str> = code.lines().filter(|line| !is_hidden(line)).collect();
    lines.join("\n").trim_end().to_string()
}

/// A link that has begun.
struct OpenLink {
    link_type: LinkType,
    to: String,
    whole: Range<usize>,
    /// Where its words are.
    inside: Option<Range<usize>>,
}

/// `einsum` for `mod@einsum`, with or without backticks.
fn without_kind(name: &str) -> String {
    match name.split_once('@') {
        Some((kind, rest)) if kind.starts_with('`') => format!("`{rest}"),
        Some((_, rest)) => rest.into(),
        None => name.into(),
    }
}

fn depth(level: HeadingLevel) -> usize {
    level as usize
}

/// Replaces the ranges, which do not overlap.
fn splice(text: &str, mut changes: Vec<(Range<usize>, String)>) -> String {
    changes.sort_by_key(|(range, _)| range.start);
    let (mut out, mut end) = (String::new(), 0);
    for (range, new) in changes {
        out.push_str(&text[end..range.start]);
        out.push_str(&new);
        end = range.end;
    }
    out + &text[end..]
}
