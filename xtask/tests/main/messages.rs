//! Whole messages, as a person sees them: what a change of words does to them is shown by `cargo insta review`.
//!
//! The other tests say which parts matter; these say that nothing else stands around them.

use crate::common::{CHANGES, Fixture};
use insta::{assert_snapshot, with_settings};

/// Compares with `snapshots/messages__NAME.snap`.
fn same(name: &str, seen: &str) {
    with_settings!({ filters => CHANGES.to_vec(), omit_expression => true }, {
        assert_snapshot!(name, seen);
    });
}

/// All of these calls, one after the other.
fn calls(fixture: &Fixture, calls: &[&[&str]]) -> String {
    calls.iter().map(|args| fixture.seen(args)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_verbs() {
    same("help", &Fixture::new().seen(&["--help"]));
}

#[test]
fn help_of_each_verb() {
    let fixture = Fixture::new();
    let seen = fixture.verbs().iter().map(|verb| fixture.seen(&[verb, "--help"])).collect::<Vec<_>>();
    same("help_of_each_verb", &seen.join("\n"));
}

#[test]
fn what_is_not_there() {
    let fixture = Fixture::new();
    let none: [&[&str]; 9] = [
        &[],
        &["no-such-verb"],
        &["run"],
        &["run", "nb07"],
        &["run", "nb00", "--only", "s99"],
        &["run", "nb00", "--timeout", "0"],
        &["call", "nb00", "matmul"],
        &["src", "nb00", "no_such_item"],
        &["export", "nb07"],
    ];
    same("what_is_not_there", &calls(&fixture, &none));
}

#[test]
fn names_that_cannot_be() {
    let fixture = Fixture::new();
    let names: [&[&str]; 4] =
        [&["new", "03_x"], &["new", "nb3_x"], &["new", "nb00_other"], &["new", "nb05_testing"]];
    same("names_that_cannot_be", &calls(&fixture, &names));
}

#[test]
fn a_good_workspace_and_one_with_faults() {
    let fixture = Fixture::new();
    let good = fixture.seen(&["check"]);
    fixture.next("nb01_next", "nb00_testing", "#[test]\nfn s01_a() {}\n");
    fixture.edit("crates/nb00_testing/README.md", "| `near` | |", "| `far` | |");
    fixture.edit("docs/lesson-map.md", "| A2 | what | prose | prose |\n", "");
    same("check", &[good, fixture.seen(&["check"])].join("\n"));
}

/// A notebook in which one section passes, one skips a check, and one fails.
#[test]
fn a_notebook() {
    let fixture = Fixture::new();
    let lesson = "/// First\n#[test]\nfn s01_a() { println!(\"one\"); }\n\
        /// Second\n#[test]\nfn s02_b() { eprintln!(\"skipped: the mean (no MNIST)\"); }\n\
        /// Third\n#[test]\nfn s03_c() { println!(\"before\"); nb00_testing::test_eq(1, 2); }\n";
    fixture.next("nb01_next", "nb00_testing", lesson);
    same("notebook", &fixture.seen(&["run", "nb01"]));
}
