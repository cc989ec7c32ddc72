//! A function in a file's text: its body taken out, put back, or compared. The rest of the text stays as it is.

use crate::sources;
use anyhow::{Result, anyhow};
use proc_macro2::Span;
use quote::ToTokens;
use std::ops::Range;
use syn::spanned::Spanned;

/// A function's place in a text, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Function {
    /// From its documentation to the end of its body.
    pub(super) whole: Range<usize>,
    /// From `{` to `}`.
    pub(super) body: Range<usize>,
    /// The line of its name, from 1.
    pub(super) line: usize,
    /// `pub fn loops (a : & ArrayRef2 < f32 >) …`
    pub(super) signature: String,
}

/// Finds `loops`, or `Lin::bwd` for a method of a type or a provided one of a trait; `None` where the text has no such
/// function.
///
/// # Errors
/// If the text is no Rust, with the line.
pub(super) fn find(text: &str, name: &str) -> Result<Option<Function>> {
    let parsed =
        syn::parse_file(text).map_err(|e| anyhow!("line {}: this is no Rust: {e}", e.span().start().line))?;
    let (of, name) = name.rsplit_once("::").map_or((None, name), |(of, name)| (Some(of), name));
    let make = |span: Span, sig: &syn::Signature, body: &syn::Block| Function {
        whole: span.byte_range(),
        body: body.span().byte_range(),
        line: sig.ident.span().start().line,
        signature: sig.to_token_stream().to_string(),
    };
    Ok(walk(&parsed.items, of, name, &make))
}

/// Makes a [`Function`] of an item's span, its signature and its body.
type Make<'a> = &'a dyn Fn(Span, &syn::Signature, &syn::Block) -> Function;

fn walk(items: &[syn::Item], of: Option<&str>, name: &str, make: Make<'_>) -> Option<Function> {
    items.iter().find_map(|item| match item {
        syn::Item::Fn(f) if of.is_none() && f.sig.ident == name => Some(make(f.span(), &f.sig, &f.block)),
        syn::Item::Impl(x) if sources::name_of_impl(x).is_some_and(|ty| of.is_some_and(|of| ty == of)) => {
            x.items.iter().find_map(|item| match item {
                syn::ImplItem::Fn(f) if f.sig.ident == name => Some(make(f.span(), &f.sig, &f.block)),
                _ => None,
            })
        }
        syn::Item::Trait(x) if of.is_some_and(|of| x.ident == of) => {
            x.items.iter().find_map(|item| match item {
                syn::TraitItem::Fn(f) if f.sig.ident == name => {
                    Some(make(f.span(), &f.sig, f.default.as_ref()?))
                }
                _ => None,
            })
        }
        syn::Item::Mod(x) => walk(&x.content.as_ref()?.1, of, name, make),
        _ => None,
    })
}

/// The text with another body for the function.
pub(super) fn with_body(text: &str, function: &Function, body: &str) -> String {
    format!("{}{body}{}", &text[..function.body.start], &text[function.body.end..])
}

/// A block of one statement, indented as the function is.
pub(super) fn block(text: &str, function: &Function, statement: &str) -> String {
    let line = text[..function.whole.start].rsplit('\n').next().unwrap_or_default();
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    format!("{{\n{indent}    {statement}\n{indent}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a;\n\n/// Döc.\npub fn f(x: i32) -> i32 {\n    x // { in words\n}\n\nimpl S {\n    /// m\n    fn f(&self) { 1; }\n}\n";

    #[test]
    fn a_body_is_replaced_and_nothing_else() {
        let f = find(TEXT, "f").unwrap().unwrap();
        assert_eq!(f.line, 4);
        let new = with_body(TEXT, &f, &block(TEXT, &f, "todo!()"));
        assert_eq!(new, TEXT.replace("{\n    x // { in words\n}", "{\n    todo!()\n}"));
        let again = find(&new, "f").unwrap().unwrap();
        assert_eq!(with_body(&new, &again, &TEXT[f.body]), TEXT, "put back");
    }

    #[test]
    fn a_method_is_found_by_its_type() {
        let f = find(TEXT, "S::f").unwrap().unwrap();
        assert_eq!(&TEXT[f.body.clone()], "{ 1; }");
        assert_eq!(block(TEXT, &f, "todo!()"), "{\n        todo!()\n    }");
        assert_eq!(&TEXT[f.whole], "/// m\n    fn f(&self) { 1; }");
        assert_eq!(find(TEXT, "T::f").unwrap(), None);
        assert_eq!(find(TEXT, "g").unwrap(), None);
    }

    #[test]
    fn a_provided_method_is_found_by_its_trait() {
        let text = "trait T {\n    fn f(&self);\n    fn g(&self) { self.f() }\n}\n";
        assert_eq!(&text[find(text, "T::g").unwrap().unwrap().body], "{ self.f() }");
        assert_eq!(find(text, "T::f").unwrap(), None, "it has no body");
    }

    #[test]
    fn what_is_no_rust_names_its_line() {
        let error = find("fn a() {}\nfn f( {}\n", "f").unwrap_err().to_string();
        assert!(error.starts_with("line 2: this is no Rust"), "{error}");
    }
}
