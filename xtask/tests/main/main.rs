//! The real program in small workspaces: one test program, as each has to be linked.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

mod reading;
mod messages;
mod running;
mod python;
mod practising;
#[cfg(feature = "practice")]
mod exercises;
#[cfg(feature = "book")]
mod book;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod mkl;
