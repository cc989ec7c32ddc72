//! Nothing is skipped in silence.

use std::io::Write;

/// Says so on standard error itself: what `eprintln!` prints, the test harness keeps to itself where the test passes.
pub(crate) fn skipped(what: &str, why: &str) {
    let line = format!("skipped: {what} ({why})\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error is open");
}
