//! The lessons' pictures: a file each, so a name each, in the whole book.

use crate::lesson;
use crate::stages::Workspace;

const SHOW: &str = "figures::show(";

pub(super) fn problems(workspace: &Workspace) -> Vec<String> {
    let (mut seen, mut problems) = (Vec::<(String, String)>::new(), vec![]);
    for stage in &workspace.stages {
        // A lesson that cannot be read is the stage's problem.
        for section in lesson::sections(stage).unwrap_or_default() {
            for name in names(&section.code) {
                let place = format!("{}: `{}`", section.place(), section.id);
                match seen.iter().find(|(other, _)| other == name) {
                    Some((_, first)) => problems
                        .push(format!("{place} draws the figure `{name}`, and so does {first}: rename one")),
                    None => seen.push((name.into(), place)),
                }
            }
        }
    }
    problems
}

/// What `figures::show("…", …)` is called with.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(SHOW).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_found_in_one_line_and_in_more() {
        let code = "figures::show(\"a\", || x);\n    figures::show(\n        \"b-2\",\n        || figures::show_not(\"c\"));";
        assert_eq!(names(code).collect::<Vec<_>>(), ["a", "b-2"]);
    }
}
