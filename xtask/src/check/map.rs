//! `docs/lesson-map.md`: where each row of the lesson is, and which test shows it.
//!
//! One table row a lesson row: `| A9 | what it is | items | tests |`. Items and tests are paths in
//! backticks, as `cargo xtask src` prints them; an item may also be a file of the workspace (with a `/`).
//! What has a space in it is no name but a command, and a cell without names says in words why there is none.
//! The rows of a letter count up by one.

use crate::export::quoted;
use crate::stages::Workspace;
use record::Names;

const FILE: &str = "docs/lesson-map.md";

pub(super) fn problems(workspace: &Workspace, names: &Names) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(workspace.root.join(FILE)) else {
        return vec![format!("{FILE}: cannot be read; it has to say where each row of the lesson is")];
    };
    let rows: Vec<Row> = text.lines().enumerate().filter_map(|(i, line)| row(i + 1, line)).collect();
    let gaps = rows.windows(2).filter(|w| w[0].series == w[1].series && w[1].number != w[0].number + 1);
    let gaps = gaps.map(|w| {
        let (a, b) = (&w[0], &w[1]);
        format!("{FILE}:{}: row {} follows {}, but the rows of a letter count up by one", b.line, b.id, a.id)
    });
    gaps.chain(rows.iter().flat_map(|row| row.problems(workspace, names))).collect()
}

/// What is to be looked up in a cell.
fn names(cell: &str) -> impl Iterator<Item = String> {
    quoted(cell).into_iter().filter(|name| !name.contains(' '))
}

struct Row<'a> {
    line: usize,
    id: &'a str,
    series: &'a str,
    number: u32,
    items: &'a str,
    tests: &'a str,
}

/// A row of the table: its first cell is a capital letter and a number, `A10`, after the notebook perhaps: `2a-A10`.
fn row(line: usize, text: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.trim().strip_prefix('|')?.split('|').map(str::trim).collect();
    let series = cells[0].trim_end_matches(|c: char| c.is_ascii_digit());
    series.ends_with(|c: char| c.is_ascii_uppercase()).then_some(())?;
    let number = cells[0][series.len()..].parse().ok()?;
    let cell = |i: usize| cells.get(i).copied().unwrap_or_default();
    Some(Row { line, id: cells[0], series, number, items: cell(2), tests: cell(3) })
}

impl Row<'_> {
    fn problems(&self, workspace: &Workspace, known: &Names) -> Vec<String> {
        let place = format!("{FILE}:{}: row {}", self.line, self.id);
        let missing = match (self.items, self.tests) {
            ("", "") => Some("item and no test"),
            ("", _) => Some("item"),
            (_, "") => Some("test"),
            _ => None,
        };
        let way_out = "name one in backticks, or say in words why there is none";
        let missing = missing.map(|what| format!("{place} names no {what}: {way_out}"));
        let exists = |path: &str| {
            if path.contains('/') { workspace.root.join(path).exists() } else { known.item(path).is_some() }
        };
        let items = names(self.items).filter(|i| !exists(i));
        let items = items.map(|i| format!("{place} names the item `{i}`, which does not exist"));
        let is_test = |path: &str| known.item(path).is_some_and(|item| item.test);
        let tests = names(self.tests).filter(|t| !is_test(t));
        let tests =
            tests.map(|t| format!("{place} names the test `{t}`, which does not exist (or is no #[test])"));
        missing.into_iter().chain(items).chain(tests).collect()
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
        let r = row(1, "| 2a-B10 | x | y | z |").unwrap();
        assert_eq!((r.series, r.number), ("2a-B", 10));
    }
}
