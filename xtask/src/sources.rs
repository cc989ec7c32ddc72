//! What the sources say: every item of a package with its path, documentation and place, read with `syn`.
//!
//! Nothing is compiled for it and nothing is expanded: an item that a macro makes is not seen.

use crate::files;
use crate::stages::{Package, Target, Workspace};
use anyhow::{Context, Result};
use proc_macro2::Span;
use quote::ToTokens;
use record::{Import, Item, Module, Sources};
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::{Attribute, Item as SynItem, UseTree, Visibility};

/// All stages and all other packages of the workspace.
pub(crate) fn all(workspace: &Workspace) -> Result<Sources> {
    read(workspace, &workspace.packages)
}

/// All targets of these packages.
pub(crate) fn read<'a>(
    workspace: &'a Workspace,
    packages: impl IntoIterator<Item = &'a Package>,
) -> Result<Sources> {
    let mut reader = Reader { workspace, found: Sources::default(), impls: vec![] };
    for package in packages {
        for target in package.targets.iter().filter(|t| t.kind() != "custom-build") {
            reader.file(&Place {
                path: path_of(package, target),
                file: target.file.clone(),
                folder: parent(&target.file),
                public: target.kind() == "lib",
            })?;
        }
    }
    Ok(reader.finish())
}

/// Tests and examples are below their package: `nb00_testing::lesson`, `nb01_matmul::examples::data`.
fn path_of(package: &Package, target: &Target) -> String {
    match target.kind() {
        "lib" => target.name.clone(),
        "bin" if target.name == package.name => target.name.clone(),
        "example" => format!("{}::examples::{}", package.name, target.name),
        "bench" => format!("{}::benches::{}", package.name, target.name),
        _ => format!("{}::{}", package.name, target.name),
    }
}

struct Reader<'a> {
    workspace: &'a Workspace,
    found: Sources,
    /// Of each `impl`: the path that its type would have here, the file and the lines.
    impls: Vec<(String, String, (usize, usize))>,
}

impl Reader<'_> {
    /// Puts each `impl` to its type.
    fn finish(mut self) -> Sources {
        for (path, file, lines) in self.impls {
            if let Some(item) = self.found.items.iter_mut().find(|i| i.path == path && i.file == file) {
                item.impls.push(lines);
            }
        }
        self.found
    }

    fn file(&mut self, place: &Place) -> Result<()> {
        let (_, file) = parse(&place.file)?;
        self.module(place, docs(&file.attrs));
        self.items_of(&file.items, place)
    }

    fn module(&mut self, place: &Place, docs: String) {
        let (path, file) = (place.path.clone(), self.workspace.relative(&place.file));
        self.found.modules.push(Module { path, file, public: place.public, docs });
    }

    fn items_of(&mut self, items: &[SynItem], place: &Place) -> Result<()> {
        items.iter().try_for_each(|item| self.item(item, place))
    }

    fn item(&mut self, item: &SynItem, place: &Place) -> Result<()> {
        match item {
            SynItem::Impl(x) => self.add_methods(x, place),
            SynItem::Mod(x) => self.add_module(x, place)?,
            SynItem::Use(x) => self.add_imports(x, place),
            _ => {}
        }
        if let Some(named) = named(item) {
            self.add(place, named, item.span());
        }
        if let SynItem::Trait(x) = item {
            let inside = place.inside(&x.ident, &x.vis);
            for item in &x.items {
                if let syn::TraitItem::Fn(f) = item {
                    self.add(&inside, ("method", &f.sig.ident, &x.vis, &f.attrs), f.span());
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, place: &Place, (kind, name, vis, attrs): Named, span: Span) {
        self.found.items.push(Item {
            path: format!("{}::{name}", place.path),
            kind: kind.into(),
            public: place.public && matches!(vis, Visibility::Public(_)),
            test: is_test(attrs),
            docs: docs(attrs),
            file: self.workspace.relative(&place.file),
            first: span.start().line,
            last: span.end().line,
            impls: vec![],
        });
    }

    fn add_methods(&mut self, x: &syn::ItemImpl, place: &Place) {
        let Some(name) = name_of_impl(x) else { return };
        let inside = Place { path: format!("{}::{name}", place.path), ..place.clone() };
        let lines = (x.span().start().line, x.span().end().line);
        self.impls.push((inside.path.clone(), self.workspace.relative(&place.file), lines));
        for item in &x.items {
            if let syn::ImplItem::Fn(f) = item {
                self.add(&inside, ("method", &f.sig.ident, &f.vis, &f.attrs), f.span());
            }
        }
    }

    fn add_module(&mut self, x: &syn::ItemMod, place: &Place) -> Result<()> {
        let inside = place.inside(&x.ident, &x.vis);
        let outer = docs(&x.attrs);
        if place.path.ends_with("::lesson")
            && let Some(file) = section_module(x, &place.file)?
        {
            return self.items_of(&parse(&file)?.1.items, &Place { file, ..place.clone() });
        }
        if let Some((_, items)) = &x.content {
            // A `mod tests` explains itself.
            if !x.attrs.iter().any(|a| a.path().is_ident("cfg")) {
                self.module(&inside, format!("{outer}{}", docs(&x.attrs)));
            }
            return self.items_of(items, &inside);
        }
        let file = module_file(&x.attrs, &x.ident.to_string(), place)
            .with_context(|| format!("{}: the file of `mod {}` is missing", place.file.display(), x.ident))?;
        let folder = if file.ends_with("mod.rs") { parent(&file) } else { inside.folder.clone() };
        let before = self.found.modules.len();
        self.file(&Place { file, folder, ..inside })?;
        self.found.modules[before].docs.insert_str(0, &outer);
        Ok(())
    }

    fn add_imports(&mut self, x: &syn::ItemUse, place: &Place) {
        let public = place.public && matches!(x.vis, Visibility::Public(_));
        let attributes: Vec<String> = x.attrs.iter().map(attribute).collect();
        let is_ours = |name: Option<&str>| {
            self.workspace.packages.iter().any(|p| p.targets("lib").any(|lib| Some(&*lib.name) == name))
        };
        let absolute = |target: String| {
            let is_crate = x.leading_colon.is_some() || is_ours(target.split("::").next());
            if is_crate { target } else { record::absolute(&place.path, &target) }
        };
        let imports = leaves(&x.tree).into_iter().map(|(target, name)| Import {
            path: format!("{}::{name}", place.path),
            target: absolute(target),
            public,
            attributes: attributes.clone(),
        });
        self.found.imports.extend(imports);
    }
}

/// Kind, name, visibility and attributes of what has a name of its own.
type Named<'a> = (&'static str, &'a syn::Ident, &'a Visibility, &'a [Attribute]);

pub(crate) fn named(item: &SynItem) -> Option<Named<'_>> {
    Some(match item {
        SynItem::Fn(x) => ("fn", &x.sig.ident, &x.vis, &x.attrs),
        SynItem::Struct(x) => ("struct", &x.ident, &x.vis, &x.attrs),
        SynItem::Enum(x) => ("enum", &x.ident, &x.vis, &x.attrs),
        SynItem::Union(x) => ("union", &x.ident, &x.vis, &x.attrs),
        SynItem::Type(x) => ("type", &x.ident, &x.vis, &x.attrs),
        SynItem::Const(x) if x.ident != "_" => ("const", &x.ident, &x.vis, &x.attrs),
        SynItem::Static(x) => ("static", &x.ident, &x.vis, &x.attrs),
        SynItem::Trait(x) => ("trait", &x.ident, &x.vis, &x.attrs),
        SynItem::Macro(x) => ("macro", x.ident.as_ref()?, &Visibility::Inherited, &x.attrs),
        _ => return None,
    })
}

/// The name of the type that it is for.
pub(crate) fn name_of_impl(x: &syn::ItemImpl) -> Option<&syn::Ident> {
    match x.self_ty.as_ref() {
        syn::Type::Path(of) => Some(&of.path.segments.last()?.ident),
        _ => None,
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
}

/// The file's text and what it holds; an error names the file and the line.
pub(crate) fn parse(file: &Path) -> Result<(String, syn::File)> {
    let text = files::read(file)?;
    let parsed = syn::parse_file(&text)
        .map_err(|e| anyhow::anyhow!("{}:{}: this is no Rust: {e}", file.display(), e.span().start().line))?;
    Ok((text, parsed))
}

/// The file of a lesson's module, if there are sections in it. A section is named without its module:
/// `nb02_fully_connected::lesson::s07_lin`.
fn section_module(x: &syn::ItemMod, lesson: &Path) -> Result<Option<PathBuf>> {
    let Some(file) = module_of(x, lesson) else { return Ok(None) };
    let has_sections = tests(&parse(&file)?.1).next().is_some();
    Ok(has_sections.then_some(file))
}

/// The file of a module that one of a test's files declares.
pub(crate) fn module_of(x: &syn::ItemMod, file: &Path) -> Option<PathBuf> {
    let is_root = file.ends_with("mod.rs") || file.ends_with("main.rs") || parent(file).ends_with("tests");
    let folder = if is_root { parent(file) } else { file.with_extension("") };
    let place = Place { path: String::new(), file: file.into(), folder, public: false };
    x.content.is_none().then(|| module_file(&x.attrs, &x.ident.to_string(), &place))?
}

/// The documentation comment, its lines without the comment signs and the space after them.
pub(crate) fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|a| text_of(a, "doc"));
    lines.map(|l| format!("{}\n", l.strip_prefix(' ').unwrap_or(&l))).collect()
}

/// `x` of `#[path = "x"]`.
pub(crate) fn text_of(attribute: &Attribute, name: &str) -> Option<String> {
    let syn::Meta::NameValue(m) = &attribute.meta else { return None };
    match &m.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) if m.path.is_ident(name) => {
            Some(s.value())
        }
        _ => None,
    }
}

/// The tests of a file, in its order.
pub(crate) fn tests(file: &syn::File) -> impl Iterator<Item = &syn::ItemFn> {
    file.items.iter().filter_map(|item| match item {
        SynItem::Fn(f) if is_test(&f.attrs) => Some(f),
        _ => None,
    })
}

pub(crate) fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|a| a.path().is_ident("test"))
}

/// The lines of the text that the span covers.
pub(crate) fn cut(text: &str, span: Span) -> String {
    let (first, last) = (span.start().line, span.end().line);
    text.lines().skip(first - 1).take(last + 1 - first).collect::<Vec<_>>().join("\n")
}

/// `doc(no_inline)`
fn attribute(a: &Attribute) -> String {
    a.meta.to_token_stream().to_string().replace(' ', "")
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
    let said = attrs.iter().find_map(|a| text_of(a, "path")).map(|path| parent(&place.file).join(path));
    let usual = [place.folder.join(format!("{name}.rs")), place.folder.join(name).join("mod.rs")];
    said.into_iter().chain(usual).find(|file| file.is_file())
}

fn parent(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_path_buf()
}
