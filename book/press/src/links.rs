//! Where a name is explained: in a chapter of the book, or in the API documentation beside it.

use crate::material::Read;
use record::{Found, Item, Material, Module, Names, above, last};
use std::collections::HashMap;

/// Resolves names to addresses. All pages of the book lie in one folder, the API documentation in `api` below it.
pub(crate) struct Links<'a> {
    material: &'a Material,
    names: Names<'a>,
    /// What the book itself shows: sections and modules, by path.
    shown: HashMap<String, String>,
}

impl<'a> Links<'a> {
    pub(crate) fn new(material: &'a Material) -> Links<'a> {
        Links { material, names: Names::new(&material.sources), shown: HashMap::new() }
    }

    /// From now on this path is explained at this address.
    pub(crate) fn show(&mut self, path: String, address: String) {
        self.shown.entry(path).or_insert(address);
    }

    pub(crate) fn resolve(&self, scope: &str, name: &str) -> Option<Found<'a>> {
        self.names.resolve(scope, name)
    }

    /// The address of what `name` means in the module `scope`.
    pub(crate) fn address(&self, scope: &str, name: &str) -> Option<String> {
        self.of(self.names.resolve(scope, name)?)
    }

    pub(crate) fn of(&self, found: Found) -> Option<String> {
        self.shown.get(found.path()).cloned().or_else(|| self.api(found))
    }

    /// The page of the API documentation, or the line in its view of the sources.
    pub(crate) fn api(&self, found: Found) -> Option<String> {
        let page = match found {
            Found::Module(module) => self.page(&format!("{}/index.html", module.path.replace("::", "/"))),
            Found::Item(item) => self.item(item),
        };
        page.or_else(|| match found {
            Found::Module(Module { file, .. }) => self.source(file, 1),
            Found::Item(Item { file, first, .. }) => self.source(file, *first),
        })
    }

    /// The line in the API documentation's view of the sources.
    pub(crate) fn source(&self, file: &str, line: usize) -> Option<String> {
        let (stage, rest) = file.strip_prefix("crates/")?.split_once("/src/")?;
        self.page(&format!("src/{stage}/{rest}.html")).map(|page| format!("{page}#{line}"))
    }

    fn item(&self, item: &Item) -> Option<String> {
        if item.kind == "method" {
            let kinds = ["struct", "enum", "trait", "type", "union"];
            return kinds.iter().find_map(|kind| {
                let page = self.page(&page_of(above(&item.path), kind))?;
                let text =
                    self.material.text(self.material.api.as_ref()?.join(page.strip_prefix("api/")?)).ok()?;
                ["method", "tymethod"].iter().find_map(|what| {
                    let anchor = format!("{what}.{}", last(&item.path));
                    text.contains(&format!("id=\"{anchor}\"")).then(|| format!("{page}#{anchor}"))
                })
            });
        }
        let kind = if item.kind == "const" { "constant" } else { item.kind.as_str() };
        // What a private module holds is documented where it is re-exported.
        let elsewhere = self.material.sources.imports.iter().filter(|i| i.public && i.target == item.path);
        let mut places = std::iter::once(item.path.as_str()).chain(elsewhere.map(|i| i.path.as_str()));
        places.find_map(|path| self.page(&page_of(path, kind)))
    }

    fn page(&self, page: &str) -> Option<String> {
        self.material.api.as_ref()?.join(page).is_file().then(|| format!("api/{page}"))
    }
}

/// `nb01_matmul/data/struct.Mnist.html`
fn page_of(path: &str, kind: &str) -> String {
    format!("{}/{kind}.{}.html", above(path).replace("::", "/"), last(path))
}
