//! Pieces of a source file: an item with all that belongs to it, a function without its documentation.

use record::Item;

/// The lines of an item and of everything that is implemented for it in the same file.
pub(crate) fn with_methods(text: &str, item: &Item) -> String {
    let parts = std::iter::once((item.first, item.last)).chain(item.impls.iter().copied());
    without_docs(&parts.map(|lines| cut(text, lines)).collect::<Vec<_>>().join("\n\n"))
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

fn cut(text: &str, (first, last): (usize, usize)) -> String {
    text.lines().skip(first - 1).take(last + 1 - first).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_with_its_methods() {
        let text = "use a::b;\n\n/// Doc.\nstruct S;\n\nfn x() {}\n\nimpl S {\n    /// Doc.\n    fn f() {}\n}\n";
        let item = Item {
            path: "x::S".into(),
            kind: "struct".into(),
            public: true,
            test: false,
            docs: String::new(),
            file: String::new(),
            first: 3,
            last: 4,
            impls: vec![(8, 11)],
        };
        assert_eq!(with_methods(text, &item), "struct S;\n\nimpl S {\n    fn f() {}\n}");
    }

    #[test]
    fn a_section_is_taken_apart() {
        let section = "/// Title\n///\n/// More.\n#[test]\nfn s01_a() {\n    // Why.\n}";
        assert_eq!(function(section), "fn s01_a() {\n    // Why.\n}");
        assert_eq!(below_the_title(section), "More.");
    }
}
