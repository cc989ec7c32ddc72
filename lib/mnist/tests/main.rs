//! Reading the data, whatever wrote it and whatever happened to it; what is hostile has `data_hostile.rs`.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod built;
mod drawn;
mod faulty;
mod fixtures;
mod images;
mod mnist;
mod places;
