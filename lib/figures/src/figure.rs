//! From a drawing to a file that a browser shows.

use crate::colour;
use crate::sheet::{Sheet, WIDTH};
use plotters::prelude::*;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// What was drawn, before anybody said what it shows.
#[derive(Clone, Debug)]
#[must_use = "a drawing becomes a figure by being described"]
pub struct Drawing {
    height: i32,
    /// Elements of SVG, without the root.
    body: String,
}

impl Drawing {
    /// Draws on a sheet of that height.
    ///
    /// ```
    /// use figures::{Colour, Drawing, Place};
    ///
    /// let drawing = Drawing::new(40, |sheet| {
    ///     sheet.fill((0, 0), (40, 40), Colour::Ours);
    ///     sheet.text("ours", (50, 20), Place::Start, 15.0, Colour::Ink);
    /// });
    /// let svg = drawing.describe("A square", "A blue square beside the word ours.").svg("square");
    /// assert!(svg.contains("ours") && svg.contains("var(--fig-ours, #0072B2)"));
    /// ```
    pub fn new(height: i32, draw: impl FnOnce(&Sheet<'_>)) -> Drawing {
        let mut svg = String::new();
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let sheet = Sheet { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
        draw(&sheet);
        sheet.area.present().expect("a string can be written to");
        drop(sheet);
        let body = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
        let body = body.map(|(body, _)| body.trim()).unwrap_or_default();
        Drawing { height, body: colour::with_variables(&without_defaults(body)) }
    }

    /// With more elements of SVG in front of everything else.
    pub(crate) fn over(mut self, elements: &str) -> Drawing {
        self.body.push('\n');
        self.body.push_str(elements);
        self
    }

    /// Says what it shows: a caption, and a sentence for those who cannot see it, with the numbers that matter.
    ///
    /// ```
    /// use figures::Drawing;
    ///
    /// let figure = Drawing::new(40, |_| ()).describe("An empty sheet", "There is nothing to see.");
    /// assert!(figure.svg("nothing").contains("<desc id=\"nothing-desc\">There is nothing to see.</desc>"));
    /// ```
    ///
    /// # Panics
    /// At the caller's line if either is empty.
    #[track_caller]
    pub fn describe(self, caption: impl Into<String>, seen: impl Into<String>) -> Figure {
        let (caption, seen) = (caption.into(), seen.into());
        assert!(
            !caption.trim().is_empty() && !seen.trim().is_empty(),
            "a figure needs a caption and a description"
        );
        Figure { drawing: self, caption, seen }
    }
}

/// A drawing with its caption and its description.
#[derive(Clone, Debug)]
pub struct Figure {
    drawing: Drawing,
    caption: String,
    seen: String,
}

impl Figure {
    /// The whole file. `name` makes its ids unique where several pictures share a page.
    ///
    /// Within a page it takes the page's `--fig-…` variables; by itself it follows the reader's theme.
    pub fn svg(&self, name: &str) -> String {
        let Drawing { height, body } = &self.drawing;
        // Squares that touch show the paper between them unless their edges are crisp; what is round would suffer.
        let round = body.contains("<circle") || body.contains("<polygon");
        let edges = if round { "auto" } else { "crispEdges" };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" \
             style=\"display:block;max-width:660px\" shape-rendering=\"{edges}\" role=\"img\" \
             aria-labelledby=\"{name}-title {name}-desc\">\n\
             <title id=\"{name}-title\">{}</title>\n<desc id=\"{name}-desc\">{}</desc>\n\
             <style>{}</style>\n{body}\n</svg>\n",
            escaped(&self.caption),
            escaped(&self.seen),
            colour::standalone(),
        )
    }
}

/// Without the attributes that say nothing, which are a third of a picture of many squares.
fn without_defaults(body: &str) -> String {
    body.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Draws a section's picture, if anybody wants to have it: `name.svg` in the folder that the variable `NB_FIGURES` names.
///
/// Then it also prints `figure: name.svg`, so that the picture is where the section showed it. In a notebook, under
/// evcxr, it shows the picture below the cell. Otherwise it does nothing; `draw` is not even called.
///
/// ```
/// use figures::{Drawing, show};
///
/// show("nothing", || Drawing::new(40, |_| ()).describe("An empty sheet", "There is nothing to see."));
/// ```
///
/// # Panics
/// At the caller's line if `name` is not made of `a-z`, `0-9` and `-`, or if the file cannot be written.
#[track_caller]
pub fn show(name: &str, draw: impl FnOnce() -> Figure) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        !name.is_empty() && name.chars().all(plain),
        "a figure's name is made of a-z, 0-9 and -, unlike `{name}`"
    );
    if let Some(folder) = env::var_os("NB_FIGURES").filter(|folder| !folder.is_empty()) {
        let file = PathBuf::from(folder).join(format!("{name}.svg"));
        if let Err(error) = write(&file, &draw().svg(name)) {
            panic!("the figure {} cannot be written: {error} (NB_FIGURES names its folder)", file.display());
        }
        println!("figure: {name}.svg");
    } else if env::var_os("EVCXR_IS_RUNTIME").is_some() {
        println!("EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT", draw().svg(name));
    }
}

/// A whole file appears at `path`, or none.
fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let mut partial: OsString = path.into();
    partial.push(format!(".{}.part", process::id()));
    fs::write(&partial, text).and_then(|()| fs::rename(&partial, path)).inspect_err(|_| {
        // The fault to report is the first one.
        let _ = fs::remove_file(&partial);
    })
}
