//! What the sources say: every item of a package with its path, documentation and place, read with `syn`.
//!
//! Nothing is compiled for it and nothing is expanded: an item that a macro makes is not seen.

use crate::stages::{Package, StageId, Workspace};
use anyhow::{Context, Result};
use proc_macro2::Span;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::{Attribute, Item as SynItem, UseTree, Visibility};

/// Something with a name: a function, type, trait, constant, method or test.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// `nb00_testing::timing::Timing`; tests and examples stand below their file: `nb00_testing::lesson::s01_test`.
    pub(crate) path: String,
    /// `fn`, `struct`, …
    pub(crate) kind: &'static str,
    /// Whether other crates can reach it by this path.
    pub(crate) public: bool,
    pub(crate) test: bool,
    pub(crate) docs: String,
    pub(crate) file: PathBuf,
    /// With its documentation.
    pub(crate) lines: RangeInclusive<usize>,
}

impl Item {
    pub(crate) fn name(&self) -> &str {
        last(&self.path)
    }

    pub(crate) fn summary(&self) -> String {
        summary(&self.docs)
    }
}

/// A `mod`: a file, or a part of one.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    pub(crate) public: bool,
    pub(crate) docs: String,
}

/// A `use`: another name for what is elsewhere. A glob's name is `*`.
#[derive(Debug)]
pub(crate) struct Import {
    /// Where it is written, then the name that it gives.
    pub(crate) path: String,
    pub(crate) target: String,
    pub(crate) public: bool,
    pub(crate) attributes: Vec<String>,
}

/// All that the sources of one or more packages hold.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) items: Vec<Item>,
    pub(crate) modules: Vec<Module>,
    pub(crate) imports: Vec<Import>,
}

impl Sources {
    /// Reads all targets of the packages.
    pub(crate) fn read<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Result<Sources> {
        let mut sources = Sources::default();
        for package in packages {
            for target in &package.targets {
                let path = match target.kind.as_str() {
                    "lib" => target.name.clone(),
                    "bin" if target.name == package.name => target.name.clone(),
                    "example" => format!("{}::examples::{}", package.name, target.name),
                    "bench" => format!("{}::benches::{}", package.name, target.name),
                    "custom-build" => continue,
                    _ => format!("{}::{}", package.name, target.name),
                };
                let root = Place {
                    path,
                    file: target.file.clone(),
                    folder: parent(&target.file),
                    public: target.kind == "lib",
                };
                sources.file(&root)?;
            }
        }
        Ok(sources)
    }

    /// All stages and all other packages of the workspace.
    pub(crate) fn workspace(workspace: &Workspace) -> Result<Sources> {
        Sources::read(&workspace.packages)
    }

    /// What the path names, through re-exports if need be.
    pub(crate) fn find(&self, path: &str) -> Option<&Item> {
        self.follow(path, 8)
    }

    fn follow(&self, path: &str, hops: usize) -> Option<&Item> {
        if let Some(item) = self.items.iter().find(|item| item.path == path) {
            return Some(item);
        }
        let hops = hops.checked_sub(1)?;
        self.imports.iter().filter(|i| i.public).find_map(|import| {
            let (place, name) = import.path.rsplit_once("::")?;
            let rest = if name == "*" { path.strip_prefix(place)? } else { path.strip_prefix(&import.path)? };
            (rest.is_empty() || rest.starts_with("::")).then_some(())?;
            self.follow(&format!("{}{rest}", import.target.trim_end_matches("::*")), hops)
        })
    }

    fn file(&mut self, place: &Place) -> Result<()> {
        let (_, file) = parse(&place.file)?;
        self.modules.push(Module {
            path: place.path.clone(),
            file: place.file.clone(),
            public: place.public,
            docs: docs(&file.attrs),
        });
        self.items_of(&file.items, place)
    }

    fn items_of(&mut self, items: &[SynItem], place: &Place) -> Result<()> {
        items.iter().try_for_each(|item| self.item(item, place))
    }

    fn item(&mut self, item: &SynItem, place: &Place) -> Result<()> {
        match item {
            SynItem::Fn(x) => self.add(place, "fn", &x.sig.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Struct(x) => self.add(place, "struct", &x.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Enum(x) => self.add(place, "enum", &x.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Union(x) => self.add(place, "union", &x.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Type(x) => self.add(place, "type", &x.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Const(x) if x.ident != "_" => {
                self.add(place, "const", &x.ident, &x.vis, &x.attrs, x.span())
            }
            SynItem::Static(x) => self.add(place, "static", &x.ident, &x.vis, &x.attrs, x.span()),
            SynItem::Trait(x) => self.add_trait(x, place),
            SynItem::Impl(x) => self.add_methods(x, place),
            SynItem::Macro(x) => self.add_macro(x, place),
            SynItem::Mod(x) => self.add_module(x, place)?,
            SynItem::Use(x) => self.add_imports(x, place),
            _ => {}
        }
        Ok(())
    }

    fn add(
        &mut self,
        place: &Place,
        kind: &'static str,
        name: &syn::Ident,
        vis: &Visibility,
        attrs: &[Attribute],
        span: Span,
    ) {
        self.items.push(Item {
            path: format!("{}::{name}", place.path),
            kind,
            public: place.public && matches!(vis, Visibility::Public(_)),
            test: is_test(attrs),
            docs: docs(attrs),
            file: place.file.clone(),
            lines: span.start().line..=span.end().line,
        });
    }

    fn add_trait(&mut self, x: &syn::ItemTrait, place: &Place) {
        self.add(place, "trait", &x.ident, &x.vis, &x.attrs, x.span());
        let inside = place.inside(&x.ident, &x.vis);
        for item in &x.items {
            if let syn::TraitItem::Fn(f) = item {
                self.add(&inside, "method", &f.sig.ident, &x.vis, &f.attrs, f.span());
            }
        }
    }

    fn add_methods(&mut self, x: &syn::ItemImpl, place: &Place) {
        let syn::Type::Path(of) = x.self_ty.as_ref() else { return };
        let Some(name) = of.path.segments.last() else { return };
        let inside = Place { path: format!("{}::{}", place.path, name.ident), ..place.clone() };
        for item in &x.items {
            if let syn::ImplItem::Fn(f) = item {
                self.add(&inside, "method", &f.sig.ident, &f.vis, &f.attrs, f.span());
            }
        }
    }

    fn add_macro(&mut self, x: &syn::ItemMacro, place: &Place) {
        let Some(name) = &x.ident else { return };
        self.add(place, "macro", name, &Visibility::Inherited, &x.attrs, x.span());
    }

    fn add_module(&mut self, x: &syn::ItemMod, place: &Place) -> Result<()> {
        let inside = place.inside(&x.ident, &x.vis);
        let outer = docs(&x.attrs);
        let Some((_, items)) = &x.content else {
            let file = module_file(&x.attrs, &x.ident.to_string(), place).with_context(|| {
                format!("{}: the file of `mod {}` is missing", place.file.display(), x.ident)
            })?;
            let folder = if file.ends_with("mod.rs") { parent(&file) } else { inside.folder.clone() };
            let before = self.modules.len();
            self.file(&Place { file, folder, ..inside })?;
            let module = &mut self.modules[before];
            module.docs = format!("{outer}{}", module.docs);
            return Ok(());
        };
        // A `mod tests` explains itself.
        if !x.attrs.iter().any(|a| a.path().is_ident("cfg")) {
            let docs = format!("{outer}{}", docs(&x.attrs));
            self.modules.push(Module {
                path: inside.path.clone(),
                file: place.file.clone(),
                public: inside.public,
                docs,
            });
        }
        self.items_of(items, &inside)
    }

    fn add_imports(&mut self, x: &syn::ItemUse, place: &Place) {
        let public = place.public && matches!(x.vis, Visibility::Public(_));
        let attributes: Vec<String> = x.attrs.iter().map(attribute).collect();
        for (target, name) in leaves(&x.tree) {
            let target = place.absolute(&target);
            self.imports.push(Import {
                path: format!("{}::{name}", place.path),
                target,
                public,
                attributes: attributes.clone(),
            });
        }
    }
}

/// Where the reader is: in which module and file.
#[derive(Clone)]
struct Place {
    path: String,
    file: PathBuf,
    /// Where the files of its modules lie.
    folder: PathBuf,
    public: bool,
}

impl Place {
    fn inside(&self, name: &syn::Ident, vis: &Visibility) -> Place {
        Place {
            path: format!("{}::{name}", self.path),
            file: self.file.clone(),
            folder: self.folder.join(name.to_string()),
            public: self.public && matches!(vis, Visibility::Public(_)),
        }
    }

    /// A `use` path as seen from the crate's root: with `crate`, `self` and `super` resolved.
    fn absolute(&self, path: &str) -> String {
        let root = self.path.split("::").next().unwrap_or_default();
        match path.split_once("::") {
            Some(("crate", rest)) => format!("{root}::{rest}"),
            Some(("self", rest)) => format!("{}::{rest}", self.path),
            Some(("super", rest)) => {
                let above = self.path.rsplit_once("::").map_or(root, |(above, _)| above).to_string();
                Place { path: above, ..self.clone() }.absolute(&format!("self::{rest}"))
            }
            Some((first, _)) if StageId::parse(first).is_some() => path.into(),
            _ => format!("{}::{path}", self.path),
        }
    }
}

/// The file's text and what it holds; an error names the file and the line.
pub(crate) fn parse(file: &Path) -> Result<(String, syn::File)> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let parsed = syn::parse_file(&text)
        .map_err(|e| anyhow::anyhow!("{}:{}: this is no Rust: {e}", file.display(), e.span().start().line))?;
    Ok((text, parsed))
}

/// The documentation comment, its lines without the comment signs and the space after them.
pub(crate) fn docs(attrs: &[Attribute]) -> String {
    let line = |a: &Attribute| match &a.meta {
        syn::Meta::NameValue(m) if m.path.is_ident("doc") => match &m.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) => Some(s.value()),
            _ => None,
        },
        _ => None,
    };
    attrs.iter().filter_map(line).map(|l| format!("{}\n", l.strip_prefix(' ').unwrap_or(&l))).collect()
}

/// The first paragraph of a documentation, in one line.
pub(crate) fn summary(docs: &str) -> String {
    let lines: Vec<&str> = docs.trim().lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

pub(crate) fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|a| a.path().is_ident("test"))
}

/// The lines of the text that the span covers.
pub(crate) fn cut(text: &str, span: Span) -> Option<String> {
    let (from, to) = (span.start().line.checked_sub(1)?, span.end().line);
    let lines: Vec<&str> = text.lines().collect();
    Some(lines.get(from..to)?.join("\n"))
}

/// `doc(no_inline)`
fn attribute(a: &Attribute) -> String {
    match &a.meta {
        syn::Meta::List(list) => {
            let name: Vec<String> = list.path.segments.iter().map(|s| s.ident.to_string()).collect();
            format!("{}({})", name.join("::"), list.tokens)
        }
        _ => "doc = …".into(),
    }
}

/// The names that a `use` brings in: the path of each, and what it is called here.
fn leaves(tree: &UseTree) -> Vec<(String, String)> {
    let name = |x: &syn::Ident| x.to_string();
    match tree {
        UseTree::Name(x) => vec![(name(&x.ident), name(&x.ident))],
        UseTree::Rename(x) => vec![(name(&x.ident), name(&x.rename))],
        UseTree::Glob(_) => vec![("*".into(), "*".into())],
        UseTree::Group(x) => x.items.iter().flat_map(leaves).collect(),
        UseTree::Path(x) => {
            let under = |(path, leaf): (String, String)| match path.as_str() {
                "self" => (name(&x.ident), if leaf == "self" { name(&x.ident) } else { leaf }),
                _ => (format!("{}::{path}", x.ident), leaf),
            };
            leaves(&x.tree).into_iter().map(under).collect()
        }
    }
}

/// `x.rs` or `x/mod.rs`, or what `#[path]` says.
fn module_file(attrs: &[Attribute], name: &str, place: &Place) -> Option<PathBuf> {
    let said = attrs.iter().find_map(|a| match &a.meta {
        syn::Meta::NameValue(m) if m.path.is_ident("path") => match &m.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) => {
                Some(parent(&place.file).join(s.value()))
            }
            _ => None,
        },
        _ => None,
    });
    let usual = [place.folder.join(format!("{name}.rs")), place.folder.join(name).join("mod.rs")];
    said.into_iter().chain(usual).find(|file| file.is_file())
}

fn parent(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_path_buf()
}

pub(crate) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
