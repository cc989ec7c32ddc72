//! What a run of the lessons was, and what their sources say, as the tools hand it to each other.
//!
//! [`Run`] is what `cargo xtask run --json` prints. [`Material`] is what the book is made of: a run, and the
//! [`Sources`] that it is of. [`Names`] says what a name means in them. [`time`] and [`write_whole`] are what the
//! tools would otherwise have several of.

#![forbid(unsafe_code)]

mod run;
mod sources;
mod names;
mod material;
mod whole;

pub use material::{Dependency, Lesson, Material, Piece, PythonCell, StageSource};
pub use names::{Found, Names, above, absolute, last};
pub use run::{
    Counts, Failure, Machine, Run, SCHEMA, Section, SectionCounts, Stage, StageCounts, Status, Suite,
};
pub use sources::{Import, Item, Module, Sources, summary};
pub use whole::write_whole;

/// A time as people read it: `3.0 ms`, `0.81 s`, `75 s`.
///
/// ```
/// assert_eq!([0.003, 0.81, 75.4].map(record::time), ["3.0 ms", "0.81 s", "75 s"]);
/// ```
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.0} s"),
    }
}
