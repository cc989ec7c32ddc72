//! `docs/lesson-map.md`: where each row of the lesson is, and which test shows it.
//!
//! One table row a lesson row: `| A9 | what it is | items | tests |`. Items and tests are paths in
//! backticks, as `cargo xtask src` prints them; an item may also be a file of the workspace (with a `/`).
//! A cell without any says in words why there is none.

use crate::export::quoted;
use crate::sources::Sources;
use crate::stages::Workspace;

const FILE: &str = "docs/lesson-map.md";

/// The rows of the lesson: a letter, the first number and the last.
const ROWS: [(&str, u32, u32); 10] = [
    ("A", 1, 16),
    ("B", 1, 11),
    ("C", 0, 11),
    ("D", 1, 3),
    ("E", 1, 11),
    ("F", 1, 5),
    ("H", 1, 18),
    ("I", 1, 3),
    ("J", 1, 9),
    ("K", 1, 8),
];

pub(super) fn problems(workspace: &Workspace, sources: &Sources) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(workspace.root.join(FILE)) else {
        return vec![format!("{FILE}: cannot be read; it has to say where each row of the lesson is")];
    };
    let rows: Vec<Row> = text.lines().enumerate().filter_map(|(i, line)| row(i + 1, line)).collect();
    let ids =
        ROWS.iter().flat_map(|(letter, first, last)| (*first..=*last).map(move |n| format!("{letter}{n}")));
    let missing = ids
        .clone()
        .filter(|id| !rows.iter().any(|r| r.id == *id))
        .map(|id| format!("{FILE}: row {id} of the lesson is missing"));
    let unknown = rows
        .iter()
        .filter(|r| !ids.clone().any(|id| id == r.id))
        .map(|r| format!("{FILE}:{}: the lesson has no row {}", r.line, r.id));
    let twice = rows.iter().enumerate().filter(|(i, r)| rows[..*i].iter().any(|before| before.id == r.id));
    let twice = twice.map(|(_, r)| format!("{FILE}:{}: row {} is there already", r.line, r.id));
    let cells = rows.iter().flat_map(|r| r.problems(workspace, sources));
    missing.chain(unknown).chain(twice).chain(cells).collect()
}

struct Row<'a> {
    line: usize,
    id: &'a str,
    items: &'a str,
    tests: &'a str,
}

/// A row of the table: its first cell is a letter and a number.
fn row(line: usize, text: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.trim().strip_prefix('|')?.split('|').map(str::trim).collect();
    let number = cells[0].strip_prefix(|c: char| c.is_ascii_uppercase())?;
    let is_id = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    let cell = |i: usize| cells.get(i).copied().unwrap_or_default();
    is_id.then(|| Row { line, id: cells[0], items: cell(2), tests: cell(3) })
}

impl Row<'_> {
    fn problems(&self, workspace: &Workspace, sources: &Sources) -> Vec<String> {
        let place = format!("{FILE}:{}: row {}", self.line, self.id);
        let empty =
            [(self.items, "item"), (self.tests, "test")].into_iter().filter(|(cell, _)| cell.is_empty());
        let empty = empty.map(|(_, what)| {
            format!("{place} names no {what}: name one in backticks, or say in words why there is none")
        });
        let exists = |path: &str| {
            if path.contains('/') { workspace.root.join(path).exists() } else { sources.find(path).is_some() }
        };
        let items = quoted(self.items).into_iter().filter(|i| !exists(i));
        let items = items.map(|i| format!("{place} names the item `{i}`, which does not exist"));
        let is_test = |path: &str| sources.find(path).is_some_and(|item| item.test);
        let tests = quoted(self.tests).into_iter().filter(|t| !is_test(t));
        let tests =
            tests.map(|t| format!("{place} names the test `{t}`, which does not exist (or is no #[test])"));
        empty.chain(items).chain(tests).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn rows_are_read() {
        let r = row(1, "| A10 | near | `nb00_testing::near` | words |").unwrap();
        assert_eq!((r.id, r.items, r.tests), ("A10", "`nb00_testing::near`", "words"));
        assert!(
            ["| row | a | b | c |", "|---|---|", "A1", "", "| A | x |", "| A1x | |"]
                .iter()
                .all(|l| row(1, l).is_none())
        );
        assert_eq!(row(1, "| A1 |").unwrap().tests, "");
    }
}
