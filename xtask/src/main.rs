//! The course's `notebook2script.py` and `run_notebook.py`.
fn main() {}
