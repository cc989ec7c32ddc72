//! Pieces of a source file: what a lesson's sections share, and an item with all that belongs to it.

use crate::names::last;
use anyhow::{Context, Result};
use std::ops::RangeInclusive;
use syn::spanned::Spanned;
use syn::{Item, Type};

/// Something that the sections of a lesson share: a function, a type with its methods, a constant, a module.
pub(crate) struct Piece {
    pub(crate) name: String,
    pub(crate) code: String,
    /// Of a `mod x;`, whose code is in another file.
    pub(crate) is_file: bool,
}

/// A lesson, but for its sections.
pub(crate) struct Lesson {
    /// Its `use` lines.
    pub(crate) uses: String,
    pub(crate) pieces: Vec<Piece>,
}

impl Lesson {
    pub(crate) fn read(text: &str) -> Result<Lesson> {
        let file = syn::parse_file(text).context("the lesson is no Rust")?;
        let mut lesson = Lesson { uses: String::new(), pieces: vec![] };
        for item in &file.items {
            let code = cut(text, &lines(item));
            match (name(item), item) {
                (_, Item::Fn(f)) if f.attrs.iter().any(|a| a.path().is_ident("test")) => {}
                (_, Item::Use(_)) => lesson.uses.push_str(&(code + "\n")),
                (Some(name), Item::Impl(_)) => lesson.add_to(&name, &code),
                (Some(name), _) => {
                    let is_file = matches!(item, Item::Mod(m) if m.content.is_none());
                    lesson.pieces.push(Piece { name, code, is_file });
                }
                _ => {}
            }
        }
        Ok(lesson)
    }

    fn add_to(&mut self, name: &str, code: &str) {
        if let Some(piece) = self.pieces.iter_mut().find(|p| p.name == name) {
            piece.code.push_str(&format!("\n\n{code}"));
        }
    }
}

/// The lines of an item and, if it is a type, of everything that is implemented for it in the same file.
pub(crate) fn with_methods(text: &str, path: &str, first: usize, last_line: usize) -> String {
    let item = cut(text, &(first..=last_line));
    let Ok(file) = syn::parse_file(text) else { return without_docs(&item) };
    let belongs = |item: &&Item| matches!(item, Item::Impl(_)) && name(item).as_deref() == Some(last(path));
    let methods = file.items.iter().filter(belongs).map(|item| cut(text, &lines(item)));
    without_docs(&std::iter::once(item).chain(methods).collect::<Vec<_>>().join("\n\n"))
}

/// The code without its documentation, which stands elsewhere.
pub(crate) fn without_docs(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("///"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The function without what stands above it: its documentation and `#[test]`.
pub(crate) fn function(code: &str) -> String {
    let is_above = |line: &&str| line.starts_with("///") || line.starts_with("#[");
    code.lines().skip_while(is_above).collect::<Vec<_>>().join("\n")
}

/// The documentation of a section below its title.
pub(crate) fn below_the_title(code: &str) -> String {
    let docs = code.lines().map_while(|line| line.strip_prefix("///"));
    let lines = docs.skip(1).map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_string()
}

/// What an item is called; for an `impl`, whom it is for.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Fn(x) => &x.sig.ident,
        Item::Struct(x) => &x.ident,
        Item::Enum(x) => &x.ident,
        Item::Trait(x) => &x.ident,
        Item::Type(x) => &x.ident,
        Item::Const(x) => &x.ident,
        Item::Static(x) => &x.ident,
        Item::Mod(x) => &x.ident,
        Item::Impl(x) => match x.self_ty.as_ref() {
            Type::Path(of) => &of.path.segments.last()?.ident,
            _ => return None,
        },
        _ => return None,
    };
    Some(ident.to_string())
}

fn lines(item: &Item) -> RangeInclusive<usize> {
    item.span().start().line..=item.span().end().line
}

fn cut(text: &str, lines: &RangeInclusive<usize>) -> String {
    let lines = text.lines().skip(lines.start() - 1).take(lines.end() + 1 - lines.start());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a::b;\nmod common;\n\n/// Doc.\nfn helper() {}\n\nstruct S;\n\n/// Title\n///\n/// More.\n#[test]\nfn s01_a() {\n    helper();\n}\n\nimpl S {\n    /// Doc.\n    fn f() {}\n}\n";

    #[test]
    fn a_lesson_is_taken_apart() {
        let lesson = Lesson::read(TEXT).expect("it is Rust");
        let names: Vec<(&str, bool)> = lesson.pieces.iter().map(|p| (p.name.as_str(), p.is_file)).collect();
        assert_eq!(names, [("common", true), ("helper", false), ("S", false)]);
        assert_eq!(lesson.uses, "use a::b;\n");
        assert_eq!(lesson.pieces[2].code, "struct S;\n\nimpl S {\n    /// Doc.\n    fn f() {}\n}");
        assert_eq!(with_methods(TEXT, "x::S", 7, 7), "struct S;\n\nimpl S {\n    fn f() {}\n}");
    }

    #[test]
    fn a_section_is_taken_apart() {
        let section = "/// Title\n///\n/// More.\n#[test]\nfn s01_a() {\n    // Why.\n}";
        assert_eq!(function(section), "fn s01_a() {\n    // Why.\n}");
        assert_eq!(below_the_title(section), "More.");
    }
}
