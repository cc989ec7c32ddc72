//! The vocabulary of the lesson's pictures.
//!
//! A stage says *what* is drawn, with numbers that it computed in that very run; how a picture looks is said
//! here, once. Everything comes out as SVG that can be read on a phone, in light and in dark, by eye and by ear:
//! text stays text, colours are CSS variables, and [`Drawing::describe`] asks for a caption and for a sentence
//! that says what one sees.
//!
//! | module | what it draws |
//! |---|---|
//! | [`bars`] | [`log_bars`]: ours and the course's numbers beside each other, over many powers of ten |
//! | [`curves`] | [`log_curves`]: what grows by a factor a step |
//! | [`product`] | [`row_times_column`]: a matrix product, step by step |
//! | [`images`] | [`image_grid`]: digits in ink; gradients in two colours, one for each sign |
//! | [`grids`](mod@grids) | [`grids()`]: arrays as boxes, what is stretched in another colour |
//! | [`loops`] | [`loop_nest`]: what an einsum stands for |
//! | [`histograms`](mod@histograms) | [`histograms()`]: many small ones, in rows |
//! | [`spreads`](mod@spreads) | [`spreads()`]: each draw a dot, with mean and standard deviation |
//! | [`lines`](mod@lines) | [`lines()`]: curves over one axis |
//! | [`strip`](mod@strip) | [`strip()`]: the forward pass down, the backward pass up |
//! | [`figure`] | [`show`], and how a drawing becomes a file |
//! | [`colour`] | [`Colour`]: the roles, their CSS variables, and what they fall back to |
//! | [`sheet`] | [`Sheet`]: rectangles, lines and text for what is not there yet |
//!
//! ```
//! use figures::{Row, log_bars, show};
//!
//! let rows = [Row::new("loops", [Some(1.8e-4), Some(0.835)]), Row::new("einsum", [Some(2.1e-6), Some(5.7e-5)])];
//! show("two-rungs", || {
//!     log_bars(["ours", "the course"], &rows, |s| format!("{s:.1e} s"))
//!         .describe("Two rungs of the ladder", "Bars: ours takes 0.18 ms with loops, and 2.1 µs with einsum.")
//! });
//! ```
//!
//! That did nothing: only where the variable `NB_FIGURES` names a folder, as `cargo xtask book` does, does [`show`] draw.

pub mod colour;
pub mod sheet;
pub mod figure;
pub mod bars;
pub mod curves;
pub mod product;
pub mod images;
pub mod grids;
pub mod loops;
pub mod histograms;
pub mod spreads;
pub mod lines;
pub mod strip;

pub use bars::{Row, log_bars};
pub use colour::Colour;
pub use curves::log_curves;
pub use figure::{Drawing, Figure, show};
pub use grids::{Grid, grids};
pub use histograms::{Histogram, histograms};
pub use images::{Picture, image_grid};
pub use lines::{Line, lines};
pub use loops::{Loop, loop_nest};
pub use product::row_times_column;
pub use sheet::{Place, Sheet};
pub use spreads::{Draws, spreads};
pub use strip::{Step, Stop, strip};
