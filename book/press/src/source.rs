//! Pieces of a source file: an item with all that belongs to it, a function without its documentation, and the lines
//! of a section that are the lesson.

use record::Item;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, Local, Macro, Stmt};

/// The lines of an item and of everything that is implemented for it in the same file.
pub(crate) fn with_methods(text: &str, item: &Item) -> String {
    let parts = std::iter::once((item.first, item.last)).chain(item.impls.iter().copied());
    without_docs(&parts.map(|lines| cut(text, lines)).collect::<Vec<_>>().join("\n\n"))
}

/// The code without its documentation, which is shown elsewhere.
pub(crate) fn without_docs(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("///"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The function without its documentation and `#[test]`.
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

/// The lines of a section that a reader needs: without its checks, its pictures and the sentences that it prints, and
/// without the values that only those use. `None`: nothing is left, or `function` is no Rust.
pub(crate) fn lesson(function: &str) -> Option<String> {
    let statements = syn::parse_str::<syn::ItemFn>(function).ok()?.block.stmts;
    let lines = lines_of(function, &statements);
    let mut kept: Vec<usize> = (0..statements.len()).filter(|&i| !is_check(&statements[i])).collect();
    while let Some(at) = kept.iter().position(|&i| is_idle(i, &statements, &kept, &lines)) {
        kept.remove(at);
    }
    let text = kept.iter().map(|&i| lines[i].trim_end()).collect::<Vec<_>>().join("\n");
    let text = text.trim_matches('\n').replace("\n\n\n", "\n\n");
    (!text.is_empty()).then(|| dedented(&text))
}

/// Each statement with the blank lines and comments above it.
fn lines_of(function: &str, statements: &[Stmt]) -> Vec<String> {
    let all: Vec<&str> = function.lines().collect();
    let mut from = statements.first().map_or(0, |s| s.span().start().line - 1);
    while from > 0 && all[from - 1].trim_start().starts_with("//") {
        from -= 1;
    }
    let next = |statement: &Stmt| {
        let to = statement.span().end().line.max(from);
        let text = all[from..to].join("\n");
        from = to;
        text
    };
    statements.iter().map(next).collect()
}

fn is_check(statement: &Stmt) -> bool {
    match statement {
        Stmt::Macro(m) => is_checking_macro(&m.mac),
        Stmt::Expr(Expr::Macro(m), _) => is_checking_macro(&m.mac),
        Stmt::Expr(Expr::Call(call), _) => is_checking_call(call),
        Stmt::Expr(Expr::ForLoop(repeated), _) => repeated.body.stmts.iter().all(is_check),
        _ => false,
    }
}

/// `assert!(…)`, and `println!` of a sentence without a value.
fn is_checking_macro(mac: &Macro) -> bool {
    let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let is_plain = || syn::parse2::<syn::LitStr>(mac.tokens.clone()).is_ok_and(|s| !s.value().contains('{'));
    name.starts_with("assert") || (name == "println" && is_plain())
}

/// `test_eq(…)` and its kind, a picture, and the `Ok(())` at the end.
fn is_checking_call(call: &ExprCall) -> bool {
    let Expr::Path(function) = &*call.func else { return false };
    let names: Vec<String> = function.path.segments.iter().map(|s| s.ident.to_string()).collect();
    let last = names.last().map_or("", String::as_str);
    let is_test = last == "test" || last.starts_with("test_");
    is_test || matches!(last, "only_mnist" | "failure" | "Ok") || names.iter().any(|n| n == "figures")
}

/// A value that no other line needs. What prints or takes the time is kept: its output would be a riddle without it.
fn is_idle(at: usize, statements: &[Stmt], kept: &[usize], lines: &[String]) -> bool {
    let Stmt::Local(local) = &statements[at] else { return false };
    let prints = ["time", "timeit", "timeit_n", "fastest", "show"];
    let is_named = |name: &str, text: &str| text.lines().flat_map(words).any(|word| word == name);
    let is_used = |name: &String| kept.iter().any(|&i| i != at && is_named(name, &lines[i]));
    !prints.iter().any(|name| is_named(name, &lines[at])) && !bound(local).iter().any(is_used)
}

fn bound(local: &Local) -> Vec<String> {
    struct Bound(Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(pattern.ident.to_string());
            syn::visit::visit_pat_ident(self, pattern);
        }
    }
    let mut bound = Bound(vec![]);
    syn::visit::Visit::visit_pat(&mut bound, &local.pat);
    bound.0
}

/// The words of a line before its comment.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("// ").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn dedented(text: &str) -> String {
    let lines = text.lines().map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn cut(text: &str, (first, last): (usize, usize)) -> String {
    text.lines().skip(first - 1).take(last + 1 - first).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_with_its_methods() {
        let text =
            "use a::b;\n\n/// Doc.\nstruct S;\n\nfn x() {}\n\nimpl S {\n    /// Doc.\n    fn f() {}\n}\n";
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
    fn what_is_left_of_a_section_is_the_lesson() {
        let section = "fn s() -> R {\n    // The two.\n    let (a, b) = (one(), two());\n    // About b and expected.\n    let expected = array![1.0];\n    show(\"a\", &a).course(\"1\");\n    println!(\"A sentence.\");\n\n    println!(\"{b}\");\n    // Why.\n    test_eq(&a, &expected);\n    for x in [1, 2] {\n        assert!(x > 0);\n    }\n    figures::show(\"p\", || 1);\n    let t = time(\"t\", f);\n    Ok(())\n}";
        assert_eq!(
            lesson(section).unwrap(),
            "// The two.\nlet (a, b) = (one(), two());\nshow(\"a\", &a).course(\"1\");\n\nprintln!(\"{b}\");\nlet t = time(\"t\", f);"
        );
        assert_eq!(lesson("fn s() {\n    let a = 1;\n    assert_eq!(a, 1);\n}"), None);
        assert_eq!(lesson("no rust"), None);
    }

    #[test]
    fn a_section_is_taken_apart() {
        let section = "/// Title\n///\n/// More.\n#[test]\nfn s01_a() {\n    // Why.\n}";
        assert_eq!(function(section), "fn s01_a() {\n    // Why.\n}");
        assert_eq!(below_the_title(section), "More.");
    }
}
