//! A stage as a chapter. Its order is written down nowhere; it follows from these rules.
//!
//! - The sections keep their order, each with what it is the first to use: the lesson's own helpers, and the
//!   stage's items.
//! - A module is told before the first section whose documentation links to it, or else before the first section that
//!   uses one of its items. The modules at the crate's root are told in their order there: a section that needs a
//!   later one early (every one may call `matmul`) does not pull its story forward. One that no later section uses is
//!   named at the end.
//! - An item waits for the story of its module, unless no section uses it after that.
//! - What no section uses is named at the end.

use crate::links::Links;
use crate::parts::{self, Part, Texts};
use crate::{code, source};
use record::{Found, Item, Lesson, Material, Module, Piece, Section, Stage, StageSource, above};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(crate) struct Chapter<'a> {
    pub(crate) run: &'a Stage,
    /// The crate's documentation.
    pub(crate) intro: &'a str,
    pub(crate) lesson: Option<&'a Lesson>,
    pub(crate) cells: Vec<Cell<'a>>,
    /// Its pages, the front page first.
    pub(crate) parts: Vec<Part<'a>>,
    /// The modules that no section uses.
    pub(crate) rest: Vec<&'a Module>,
    pub(crate) python_setup: Option<&'a str>,
}

/// A section, and what is shown around it.
pub(crate) struct Cell<'a> {
    pub(crate) section: &'a Section,
    /// The modules that are told before it.
    pub(crate) stories: Vec<&'a Module>,
    /// The helpers that it is the first to use, by their place in the lesson.
    pub(crate) helpers: Vec<usize>,
    /// The items of the stage that it is the first to use.
    pub(crate) news: Vec<&'a Item>,
    pub(crate) python: Option<&'a str>,
}

impl<'a> Chapter<'a> {
    pub(crate) fn new(
        run: &'a Stage,
        stage: &'a StageSource,
        material: &'a Material,
        links: &Links<'a>,
        texts: &Texts,
    ) -> Self {
        let pieces = stage.lesson.as_ref().map_or(&[][..], |lesson| &lesson.pieces);
        let uses: Vec<Uses> = run.sections.iter().map(|s| Uses::of(s, &stage.name, pieces, links)).collect();
        let order = Order { stage: &stage.name, sections: &run.sections, uses: &uses, links };
        let modules: Vec<&Module> = material.sources.modules.iter().filter(|m| m.public).collect();
        let told = order.told(&modules);
        let mut cells: Vec<Cell> = run.sections.iter().map(|section| Cell::new(section, stage)).collect();
        order.place_helpers(&mut cells);
        order.place_items(&mut cells, &told);
        for module in modules.iter().filter(|m| !m.docs.is_empty()) {
            if let Some(cell) = told.get(module.path.as_str()).and_then(|at| cells.get_mut(*at)) {
                cell.stories.push(module);
            }
        }
        let is_root = |m: &&&Module| above(&m.path) == stage.name && m.path != stage.name;
        let rest =
            modules.iter().filter(is_root).filter(|m| !told.contains_key(m.path.as_str())).copied().collect();
        let intro = modules.iter().find(|m| m.path == stage.name).map_or("", |m| m.docs.as_str());
        let python_setup = stage.python.iter().find(|c| c.section.is_none()).map(|c| c.code.as_str());
        let lesson = stage.lesson.as_ref();
        let parts = parts::of(run, cells.iter().map(|cell| &cell.stories[..]), texts);
        Chapter { run, intro, lesson, cells, parts, rest, python_setup }
    }

    /// Where a section is in the book.
    pub(crate) fn address(&self, section: &str) -> String {
        let is_it = |at: usize| self.cells[at].section.id == section;
        let part = self.parts.iter().find(|part| part.sections().any(is_it));
        format!("{}.html#{section}", part.map_or(&self.run.name, |part| &part.name))
    }

    /// The module that the sections stand in.
    pub(crate) fn scope(&self) -> String {
        format!("{}::lesson", self.run.name)
    }

    /// The page that shows a file of the lesson, without its ending: `nb02_fully_connected-source-part2_init`.
    pub(crate) fn source_page(&self, file: &str) -> String {
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rs");
        let of_a_part = if matches!(name, "lesson" | "main") { String::new() } else { format!("-{name}") };
        format!("{}-source{of_a_part}", self.run.name)
    }

    /// The files that its sections stand in, in their order.
    pub(crate) fn files(&self) -> Vec<&'a str> {
        let mut files: Vec<&str> = self.run.sections.iter().map(|section| section.file.as_str()).collect();
        files.dedup();
        files
    }

    /// What its sections share.
    pub(crate) fn pieces(&self) -> &'a [Piece] {
        self.lesson.map_or(&[], |lesson| &lesson.pieces)
    }

    pub(crate) fn helper(&self, index: usize) -> &Piece {
        &self.pieces()[index]
    }
}

impl<'a> Cell<'a> {
    fn new(section: &'a Section, stage: &'a StageSource) -> Cell<'a> {
        let python = stage.python.iter().find(|c| c.section.as_deref() == Some(section.id.as_str()));
        Cell {
            section,
            stories: vec![],
            helpers: vec![],
            news: vec![],
            python: python.map(|c| c.code.as_str()),
        }
    }
}

/// What a section names, itself and through its helpers.
struct Uses<'a> {
    helpers: BTreeSet<usize>,
    found: Vec<Found<'a>>,
}

impl<'a> Uses<'a> {
    fn of(section: &Section, stage: &str, pieces: &[Piece], links: &Links<'a>) -> Uses<'a> {
        let scope = format!("{stage}::lesson");
        let mut uses = Uses { helpers: BTreeSet::new(), found: vec![] };
        let mut todo = vec![section.code.clone()];
        while let Some(text) = todo.pop() {
            for path in code::paths(&text) {
                let first = path.split("::").next().unwrap_or_default();
                if let Some(i) = pieces.iter().position(|p| p.name == first && p.module.is_none()) {
                    if uses.helpers.insert(i) {
                        todo.push(pieces[i].code.clone());
                    }
                } else {
                    uses.found.extend(links.resolve(&scope, &path));
                }
            }
        }
        uses
    }

    /// Whether it names the module, or something in it.
    fn module(&self, path: &str) -> bool {
        self.found.iter().any(|f| is_inside(f.path(), path))
    }
}

fn is_inside(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

struct Order<'a, 'b> {
    stage: &'b str,
    sections: &'b [Section],
    uses: &'b [Uses<'a>],
    links: &'b Links<'a>,
}

impl<'a> Order<'a, '_> {
    /// Before which section each module is told.
    fn told(&self, modules: &[&'a Module]) -> HashMap<&'a str, usize> {
        let mut told: HashMap<&str, usize> = HashMap::new();
        let mut from = 0;
        for module in modules.iter().filter(|m| m.path != self.stage && is_inside(&m.path, self.stage)) {
            let is_root = above(&module.path) == self.stage;
            let earliest = if is_root { Some(from) } else { told.get(above(&module.path)).copied() };
            let Some(earliest) = earliest else { continue };
            let at = self.first(&module.path, earliest);
            // A page begins with a module of the root, so none of those is told between the sections of another.
            let Some(at) = at.or_else(|| (!is_root).then(|| self.first(&module.path, 0))?) else { continue };
            from = if is_root { from.max(at) } else { from };
            told.insert(&module.path, at);
        }
        told
    }

    fn first(&self, module: &str, from: usize) -> Option<usize> {
        let mentions = |at: &usize| self.mentions(*at, module);
        let uses = |at: &usize| self.uses[*at].module(module);
        (from..self.sections.len()).find(mentions).or_else(|| (from..self.sections.len()).find(uses))
    }

    /// Whether the section's documentation links to the module itself.
    fn mentions(&self, at: usize, module: &str) -> bool {
        let docs = source::below_the_title(&self.sections[at].code);
        let scope = format!("{}::lesson", self.stage);
        docs.split('[').skip(1).filter_map(|rest| rest.split(']').next()).any(|name| {
            self.links
                .resolve(&scope, name)
                .is_some_and(|f| matches!(f, Found::Module(m) if m.path == module))
        })
    }

    fn place_helpers(&self, cells: &mut [Cell<'a>]) {
        let mut placed = HashSet::new();
        for (cell, uses) in cells.iter_mut().zip(self.uses) {
            cell.helpers.extend(uses.helpers.iter().filter(|&&i| placed.insert(i)));
        }
    }

    fn place_items(&self, cells: &mut [Cell<'a>], told: &HashMap<&str, usize>) {
        let mut placed: HashSet<&str> = HashSet::new();
        for (at, uses) in self.uses.iter().enumerate() {
            for item in uses.found.iter().filter_map(|f| self.own(f)) {
                let waits = told.get(self.root_module(&item.path)).copied().unwrap_or(0);
                let is_used_later = || {
                    (waits..self.uses.len()).any(|i| self.uses[i].found.iter().any(|f| f.path() == item.path))
                };
                if (at >= waits || !is_used_later()) && placed.insert(&item.path) {
                    cells[at].news.push(item);
                }
            }
        }
    }

    /// An item of this stage; methods stand with their type.
    fn own(&self, found: &Found<'a>) -> Option<&'a Item> {
        match found {
            Found::Item(item)
                if item.kind != "method" && item.path.starts_with(&format!("{}::", self.stage)) =>
            {
                let is_of_lesson = above(&item.path).ends_with("::lesson");
                (!is_of_lesson && item.file.contains("/src/")).then_some(*item)
            }
            _ => None,
        }
    }

    /// `nb01_matmul::data` of `nb01_matmul::data::show::show_image`.
    fn root_module<'p>(&self, path: &'p str) -> &'p str {
        let rest = path.get(self.stage.len() + 2..).unwrap_or_default();
        let length = rest.find("::").map_or(path.len(), |at| self.stage.len() + 2 + at);
        &path[..length]
    }
}
