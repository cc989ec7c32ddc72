//! Rust with its colours and its links, made while the book is: it needs no script to be read.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::HashSet;
use std::ops::Range;
use syn::visit::Visit;

/// Escapes text for HTML. An empty line would end a block of HTML in Markdown, so none is left.
pub(crate) fn escape(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    no_empty_lines(&escaped)
}

fn no_empty_lines(html: &str) -> String {
    let mut lines: Vec<&str> = html.split('\n').map(|l| if l.trim().is_empty() { "" } else { l }).collect();
    let last = lines.pop().unwrap_or_default();
    let mut out = String::new();
    for line in lines {
        let is_kept = !line.is_empty() || out.is_empty();
        out.push_str(if is_kept { line } else { "&#10;" });
        out.push_str(if is_kept { "\n" } else { "" });
    }
    out + last
}

/// The lines of HTML, each in a box of its own: where a line has no room it goes on below, further in than it began.
pub(crate) fn lines(html: &str) -> String {
    let line = |line: &str| {
        let indent = line.chars().take_while(|c| *c == ' ').count();
        let style = if indent > 0 { format!(" style=\"--indent:{indent}\"") } else { String::new() };
        let line = if line.trim().is_empty() { "&#10;" } else { &format!("{line}\n") };
        format!("<span class=\"line\"{style}>{line}</span>")
    };
    html.replace("&#10;", "\n").lines().map(line).collect()
}

/// The source as HTML; `address` says where a path is explained.
pub(crate) fn html(source: &str, address: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut end = 0;
    for token in tokens(source) {
        gap(&source[end..token.range.start], &mut out);
        let text = escape(&source[token.range.clone()]);
        let link = token.path.as_deref().and_then(|path| Some((path, address(path)?)));
        match (link, token.class) {
            (Some((path, href)), class) => {
                out.push_str(&format!("<a class=\"{class}\" href=\"{href}\" title=\"{path}\">{text}</a>"));
            }
            (None, "") => out.push_str(&text),
            (None, "s") => out.push_str(&coloured("s", &text.replace('/', "/<wbr>"))),
            (None, class) => out.push_str(&coloured(class, &text)),
        }
        end = token.range.end;
    }
    gap(&source[end..], &mut out);
    no_empty_lines(&out)
}

/// Line by line, so that a listing can be cut into lines.
fn coloured(class: &str, text: &str) -> String {
    let lines = text.split('\n').map(|line| format!("<span class=\"{class}\">{line}</span>"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that the source names: no methods, fields or local variables.
pub(crate) fn paths(source: &str) -> Vec<String> {
    tokens(source).into_iter().filter_map(|t| t.path).collect()
}

/// A piece of source that has a colour or a meaning.
struct Token {
    range: Range<usize>,
    /// `k`eyword, `s`tring, `n`umber, `c`omment, `m`acro, `t`ype, `f`unction, `l`ifetime.
    class: &'static str,
    /// `Mnist::image`, up to this word.
    path: Option<String>,
}

/// Between two tokens there is white space, and comments.
fn gap(text: &str, out: &mut String) {
    let Some(start) = text.find("//").into_iter().chain(text.find("/*")).min() else {
        out.push_str(&escape_part(text));
        return;
    };
    let comment = &text[start..];
    let length =
        if comment.starts_with("//") { comment.find('\n') } else { comment.find("*/").map(|at| at + 2) };
    let (comment, rest) = comment.split_at(length.unwrap_or(comment.len()));
    out.push_str(&(escape_part(&text[..start]) + &coloured("c", &escape(comment))));
    gap(rest, out);
}

/// As [`escape`], but the empty lines may turn out not to be empty. A line may also be broken inside a path, before a
/// method and behind a bracket, and not inside an arrow.
fn escape_part(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let text = text.replace("-&gt;", "<span class=\"whole\">-&gt;</span>");
    text.replace("::", "::<wbr>").replace('(', "(<wbr>").replace("(<wbr>)", "()").replace('.', "<wbr>.")
}

#[derive(Debug)]
enum Raw {
    Word(String),
    Sign(char),
    Literal,
    Comment,
    Open(Delimiter),
    Close,
}

/// What is no Rust has no tokens, and is shown plainly.
fn tokens(source: &str) -> Vec<Token> {
    let Ok(stream) = source.parse::<TokenStream>() else { return vec![] };
    let mut raw = vec![];
    flatten(stream, source, &mut raw);
    let locals = locals(source);
    (0..raw.len()).filter_map(|i| token(&raw, i, source, &locals)).collect()
}

fn flatten(stream: TokenStream, source: &str, out: &mut Vec<(Range<usize>, Raw)>) {
    for tree in stream {
        let range = tree.span().byte_range();
        // A documentation comment arrives as an attribute whose every token spans the comment.
        if source[range.clone()].starts_with("//") || source[range.clone()].starts_with("/*") {
            if out.last().is_none_or(|(last, _)| *last != range) {
                out.push((range, Raw::Comment));
            }
            continue;
        }
        match tree {
            TokenTree::Ident(word) => out.push((range, Raw::Word(word.to_string()))),
            TokenTree::Punct(sign) => out.push((range, Raw::Sign(sign.as_char()))),
            TokenTree::Literal(_) => out.push((range, Raw::Literal)),
            TokenTree::Group(group) => {
                out.push((group.span_open().byte_range(), Raw::Open(group.delimiter())));
                flatten(group.stream(), source, out);
                out.push((group.span_close().byte_range(), Raw::Close));
            }
        }
    }
}

fn token(raw: &[(Range<usize>, Raw)], i: usize, source: &str, locals: &HashSet<String>) -> Option<Token> {
    let (range, kind) = &raw[i];
    let class = match kind {
        Raw::Comment => "c",
        Raw::Literal if source[range.clone()].starts_with(|c: char| c.is_ascii_digit()) => "n",
        Raw::Literal => "s",
        Raw::Word(word) => return Some(word_token(raw, i, word, locals)),
        _ => return None,
    };
    Some(Token { range: range.clone(), class, path: None })
}

fn word_token(raw: &[(Range<usize>, Raw)], i: usize, word: &str, locals: &HashSet<String>) -> Token {
    let range = raw[i].0.clone();
    let sign = |at: Option<usize>, c: char| {
        at.and_then(|at| raw.get(at)).is_some_and(|(_, r)| matches!(r, Raw::Sign(s) if *s == c))
    };
    if sign(i.checked_sub(1), '\'') {
        return Token { range, class: "l", path: None };
    }
    let class = match raw.get(i + 1).map(|(_, r)| r) {
        _ if is_keyword(word) => "k",
        Some(Raw::Sign('!')) if matches!(raw.get(i + 2), Some((_, Raw::Open(_)))) => "m",
        _ if word.starts_with(|c: char| c.is_uppercase()) => "t",
        Some(Raw::Open(Delimiter::Parenthesis)) => "f",
        _ => "",
    };
    let path = if class == "m" || class == "k" { None } else { path_to(raw, i, &sign) };
    let path = path.filter(|path| path.contains("::") || !locals.contains(path));
    Token { range, class, path }
}

/// The path that ends with this word; `None` for a field, a method, or the name that is being defined.
fn path_to(
    raw: &[(Range<usize>, Raw)],
    i: usize,
    sign: &impl Fn(Option<usize>, char) -> bool,
) -> Option<String> {
    let word = |at: Option<usize>| match at.and_then(|at| raw.get(at)) {
        Some((_, Raw::Word(word))) => Some(word.as_str()),
        _ => None,
    };
    let (mut path, mut start) = (word(Some(i))?.to_string(), i);
    while sign(start.checked_sub(1), ':') && sign(start.checked_sub(2), ':') {
        start = start.checked_sub(3)?;
        path = format!("{}::{path}", word(Some(start))?);
    }
    let is_field = sign(Some(i + 1), ':') && !sign(Some(i + 2), ':');
    let is_defined =
        matches!(word(start.checked_sub(1)), Some("fn" | "struct" | "enum" | "trait" | "mod" | "type"));
    let opens = |at: Option<usize>| at.is_some_and(|at| matches!(raw[at].1, Raw::Open(Delimiter::Bracket)));
    let is_attribute = opens(start.checked_sub(1)) && sign(start.checked_sub(2), '#');
    let is_method = sign(start.checked_sub(1), '.') && !sign(start.checked_sub(2), '.');
    (!is_field && !is_defined && !is_attribute && !is_method).then_some(path)
}

/// The names that patterns bind: they hide the items of the same name.
fn locals(source: &str) -> HashSet<String> {
    struct Bound(HashSet<String>);
    impl<'ast> Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.insert(pattern.ident.to_string());
            syn::visit::visit_pat_ident(self, pattern);
        }
    }
    let mut bound = Bound(HashSet::new());
    if let Ok(file) =
        syn::parse_file(source).or_else(|_| syn::parse_file(&format!("fn main() {{ {source}\n}}")))
    {
        bound.visit_file(&file);
    }
    bound.0
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 38] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
        "return", "self", "Self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
        "where", "while",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_and_locals_are_not() {
        let source = "fn f(mean: f32) { let t = ladder::loops(&m1, mean); t.dim(); Net { shape: std(t) }; 'a'; println!(\"x\"); }";
        assert_eq!(paths(source), ["f32", "ladder", "ladder::loops", "m1", "Net", "std"]);
        assert_eq!(paths("let x = a::<f32>::b; r.0.c"), ["a", "f32", "r"]);
        assert_eq!(paths("#[test]\nfn s() { test(1) }"), ["test"]);
        assert!(paths("no rust: '").is_empty());
    }

    #[test]
    fn html_keeps_the_text() {
        let source = "// <b>\nlet a = \"<\"; /* x */ b::c(1.5);\n\n\n/// Doc\nfn d<'a>() {}\n";
        let address = |path: &str| (path == "b::c").then(|| "api/c.html".to_string());
        let html = html(source, address);
        assert!(html.contains("<a class=\"f\" href=\"api/c.html\" title=\"b::c\">c</a>"), "{html}");
        assert!(html.contains("<span class=\"c\">// &lt;b&gt;</span>"), "{html}");
        assert!(!html.contains("\n\n"), "{html}");
        let mut text = html.replace("&#10;", "\n");
        while let (Some(from), Some(to)) = (text.find('<'), text.find('>')) {
            text.replace_range(from..=to, "");
        }
        assert_eq!(text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\""), source);
    }

    #[test]
    fn a_line_is_a_box() {
        assert_eq!(
            lines("a\n&#10;  b"),
            "<span class=\"line\">a\n</span><span class=\"line\">&#10;</span><span class=\"line\" style=\"--indent:2\">  b\n</span>"
        );
    }

    #[test]
    fn no_line_is_empty() {
        assert_eq!(escape("a\n\nb\n\n\nc\n"), "a\n&#10;b\n&#10;&#10;c\n");
    }
}
