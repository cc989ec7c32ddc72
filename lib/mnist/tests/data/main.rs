//! Reading the data, whichever program wrote it and whatever happened to it; what is hostile has `hostile.rs`.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod archives;
mod built;
mod drawn;
mod faulty;
mod fixtures;
mod mnist;
mod places;
