//! What a name means in a module: through `use`, globs and re-exports, as far as the workspace's own items go.

use crate::sources::{Import, Item, Module, Sources};
use std::collections::HashMap;

/// What a path can lead to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// Something with a name.
    Item(&'a Item),
    /// A module.
    Module(&'a Module),
}

impl<'a> Found<'a> {
    /// Where it is defined.
    pub fn path(&self) -> &'a str {
        match self {
            Found::Item(item) => &item.path,
            Found::Module(module) => &module.path,
        }
    }
}

/// The path that `name` is in the module `scope`, with `crate`, `self` and `super` resolved.
///
/// ```
/// assert_eq!(record::absolute("nb02::layers::relu", "super::Lin"), "nb02::layers::Lin");
/// ```
pub fn absolute(scope: &str, name: &str) -> String {
    let root = scope.split("::").next().unwrap_or_default();
    match name.split_once("::") {
        Some(("crate", rest)) => format!("{root}::{rest}"),
        Some(("self", rest)) => absolute(scope, rest),
        Some(("super", rest)) => absolute(above(scope), rest),
        _ => format!("{scope}::{name}"),
    }
}

/// All names of the workspace.
#[derive(Debug)]
pub struct Names<'a> {
    items: HashMap<&'a str, &'a Item>,
    modules: HashMap<&'a str, &'a Module>,
    /// What each module imports, by the module's path: the name that it gives, and its target.
    imports: HashMap<&'a str, Vec<(&'a str, &'a str)>>,
}

/// How many re-exports are followed: more than any stage has below it.
const HOPS: usize = 12;

impl<'a> Names<'a> {
    /// The names as the modules themselves see them.
    pub fn new(sources: &'a Sources) -> Names<'a> {
        Names::through(sources, |_| true)
    }

    /// The names as other crates see them: only public imports count.
    pub fn public(sources: &'a Sources) -> Names<'a> {
        Names::through(sources, |import| import.public)
    }

    fn through(sources: &'a Sources, counts: impl Fn(&Import) -> bool) -> Names<'a> {
        let mut imports: HashMap<_, Vec<_>> = HashMap::new();
        for import in sources.imports.iter().filter(|import| counts(import)) {
            if let Some((place, name)) = import.path.rsplit_once("::") {
                imports.entry(place).or_default().push((name, import.target.as_str()));
            }
        }
        let mut items = HashMap::new();
        for item in &sources.items {
            items.entry(item.path.as_str()).or_insert(item);
        }
        let modules = sources.modules.iter().map(|m| (m.path.as_str(), m)).collect();
        Names { items, modules, imports }
    }

    /// What `name` means in the module `scope`; it may be written as in a documentation's link (`mod@einsum`, `test()`).
    pub fn resolve(&self, scope: &str, name: &str) -> Option<Found<'a>> {
        let (kind, name) = name.trim_matches('`').split_once('@').map_or(("", name), |(k, n)| (k, n));
        let name = name.trim_matches('`').trim_end_matches("()").trim_end_matches('!');
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        if name.is_empty() || !name.chars().all(is_path) {
            return None;
        }
        let find = |path: &str| match kind {
            "mod" | "module" => self.find_module(path, HOPS),
            _ => self.find(path, HOPS),
        };
        // What the module itself calls by that name comes before a crate of the same name, as in Rust.
        let inside = if name.starts_with("::") { None } else { find(&absolute(scope, name)) };
        inside.or_else(|| find(name.trim_start_matches("::")))
    }

    /// The item that a whole path (`nb01_matmul::near`) names.
    pub fn item(&self, path: &str) -> Option<&'a Item> {
        match self.find(path, HOPS)? {
            Found::Item(item) => Some(item),
            Found::Module(_) => None,
        }
    }

    fn find(&self, path: &str, hops: usize) -> Option<Found<'a>> {
        let item = self.items.get(path).map(|item| Found::Item(item));
        item.or_else(|| self.through_imports(path, hops, Self::find))
            .or_else(|| self.modules.get(path).map(|module| Found::Module(module)))
    }

    fn find_module(&self, path: &str, hops: usize) -> Option<Found<'a>> {
        let module = self.modules.get(path).map(|module| Found::Module(module));
        module.or_else(|| self.through_imports(path, hops, Self::find_module))
    }

    /// Follows the imports of each module on the path, the innermost first.
    fn through_imports(
        &self,
        path: &str,
        hops: usize,
        find: impl Fn(&Self, &str, usize) -> Option<Found<'a>>,
    ) -> Option<Found<'a>> {
        let hops = hops.checked_sub(1)?;
        let cuts: Vec<usize> = path.rmatch_indices("::").map(|(at, _)| at).collect();
        cuts.into_iter().find_map(|cut| {
            let (place, rest) = (&path[..cut], &path[cut + 2..]);
            let imports = self.imports.get(place)?;
            let named = imports.iter().filter_map(|(name, target)| {
                let rest = rest.strip_prefix(name)?;
                (rest.is_empty() || rest.starts_with("::")).then(|| format!("{target}{rest}"))
            });
            let globs = imports.iter().filter(|(name, _)| *name == "*");
            let globs = globs.map(|(_, target)| format!("{}::{rest}", target.trim_end_matches("::*")));
            named.chain(globs).filter(|next| next != path).find_map(|next| find(self, &next, hops))
        })
    }
}

/// The module around an item or a module.
pub fn above(path: &str) -> &str {
    path.rsplit_once("::").map_or(path, |(above, _)| above)
}

/// The last part of a path.
pub fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &str) -> Item {
        Item {
            path: path.into(),
            kind: "fn".into(),
            public: true,
            test: false,
            docs: String::new(),
            file: String::new(),
            first: 1,
            last: 1,
            impls: vec![],
        }
    }

    fn module(path: &str) -> Module {
        Module { path: path.into(), public: true, docs: String::new(), file: String::new() }
    }

    fn import(path: &str, target: &str) -> Import {
        Import { path: path.into(), target: target.into(), public: true, attributes: vec![] }
    }

    #[test]
    fn names_are_followed_through_the_stages() {
        let sources = Sources {
            items: ["nb00::testing::near", "nb01::einsum::einsum", "nb01::Type", "nb01::Type::new"]
                .map(item)
                .into(),
            modules: ["nb00", "nb00::testing", "nb01", "nb01::einsum", "nb01::lesson"].map(module).into(),
            imports: vec![
                import("nb00::near", "nb00::testing::near"),
                import("nb01::*", "nb00::*"),
                import("nb01::einsum", "nb01::einsum::einsum"),
                import("nb01::lesson::*", "nb01::*"),
            ],
        };
        let names = Names::new(&sources);
        let found = |scope, name| names.resolve(scope, name).map(|f| f.path().to_string());
        assert_eq!(found("nb01::lesson", "near").as_deref(), Some("nb00::testing::near"));
        assert_eq!(found("nb01::lesson", "einsum").as_deref(), Some("nb01::einsum::einsum"));
        assert_eq!(found("nb01::lesson", "mod@einsum").as_deref(), Some("nb01::einsum"));
        assert_eq!(found("nb01::lesson", "Type::new").as_deref(), Some("nb01::Type::new"));
        assert_eq!(found("nb01::einsum", "super::near()").as_deref(), Some("nb00::testing::near"));
        assert_eq!(found("nb01::einsum", "crate::Type").as_deref(), Some("nb01::Type"));
        assert_eq!(found("nb00", "nb01::einsum").as_deref(), Some("nb01::einsum::einsum"));
        assert_eq!(found("nb01::lesson", "nothing"), None);
        assert_eq!(found("nb01::lesson", "a b"), None);
    }

    #[test]
    fn a_path_may_go_up_more_than_once() {
        assert_eq!(absolute("nb02::layers::relu", "super::super::Lin"), "nb02::Lin");
        assert_eq!(absolute("nb02::layers::relu", "self::super::Lin"), "nb02::layers::Lin");
        assert_eq!(absolute("nb02::layers", "super::super::super::Lin"), "nb02::Lin");
    }

    #[test]
    fn a_module_hides_the_crate_of_its_name() {
        let sources = Sources {
            items: ["einsum::einsum", "nb01::einsum::einsum"].map(item).into(),
            modules: ["einsum", "nb01", "nb01::einsum", "nb01::lesson"].map(module).into(),
            imports: vec![
                import("nb01::einsum", "nb01::einsum::einsum"),
                import("nb01::lesson::*", "nb01::*"),
            ],
        };
        let names = Names::new(&sources);
        let found = |name| names.resolve("nb01::lesson", name).map(|f| f.path().to_string());
        assert_eq!(found("einsum").as_deref(), Some("nb01::einsum::einsum"));
        assert_eq!(found("mod@einsum").as_deref(), Some("nb01::einsum"));
        assert_eq!(found("::einsum").as_deref(), Some("einsum"));
        assert_eq!(
            names.resolve("nb01::lesson", "nb01::einsum").map(|f| f.path()),
            Some("nb01::einsum::einsum")
        );
    }

    #[test]
    fn another_crate_does_not_see_private_imports() {
        let mut sources = Sources::default();
        sources.items.push(item("nb00::testing::near"));
        sources.imports.push(Import { public: false, ..import("nb00::near", "nb00::testing::near") });
        assert!(Names::new(&sources).item("nb00::near").is_some());
        assert!(Names::public(&sources).item("nb00::near").is_none());
        assert!(Names::public(&sources).item("nb00::testing::near").is_some());
    }
}
