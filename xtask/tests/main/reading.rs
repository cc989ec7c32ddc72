//! The verbs that only read sources: list, src, export, check — and new, which writes them.

use crate::common::skipped::skipped;
use crate::common::{Fixture, in_order, outcome};
use serde_json::Value;
use std::process::Stdio;

const PASS: &str = "/// It passes\n#[test]\nfn s01_pass() {}\n";

#[test]
fn list_finds_the_stages_by_their_folders() {
    let fixture = Fixture::new();
    fixture.next("nb02_net", "nb00_testing", PASS);
    fixture.next("nb10_late", "nb02_net", PASS);
    fixture.next("nb02a_why", "nb02_net", PASS);
    let (code, out, err) = fixture.output(&["list"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    in_order(
        &out,
        &[
            "nb00_testing",
            "00 · Testing",
            "nothing below",
            "nb02_net",
            "on nb00_testing",
            "nb02a_why",
            "on nb02_net",
            "nb10_late",
        ],
    );
    assert!(!out.contains('\x1b'), "no colours in a pipe");

    let (code, out, _) =
        outcome(fixture.xtask(&["list", "--json"]).current_dir(fixture.root.join("crates/nb02_net/src")));
    let stages: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &stages[1]["name"], &stages[1]["depends_on"][0]),
        (Some(0), &"nb02_net".into(), &"nb00_testing".into())
    );
}

#[test]
fn a_workspace_without_stages_is_said_to_be_one() {
    let fixture = Fixture::new();
    std::fs::rename(fixture.root.join("crates/nb00_testing"), fixture.root.join("crates/testing")).unwrap();
    assert_eq!(fixture.output(&["list"]), (Some(0), "".into(), "".into()));
    let (code, _, err) = fixture.output(&["run", "nb00"]);
    assert_eq!(code, Some(2));
    in_order(&err, &["there is no stage `nb00`", "no folder below", "crates", "is a stage"]);
    let (code, out, _) = fixture.output(&["check"]);
    assert!(code == Some(1) && out.contains("no folder is a stage"), "{out}");
}

#[test]
fn a_folder_without_a_manifest_is_named() {
    let fixture = Fixture::new();
    fixture.write("crates/nb01_half/notes.txt", "");
    let (code, _, err) = fixture.output(&["list"]);
    assert_eq!(code, Some(1));
    in_order(&err, &["cargo cannot read this workspace", "nb01_half"]);
}

#[test]
fn outside_of_a_workspace_it_says_so() {
    let fixture = Fixture::new();
    let (code, _, err) = outcome(fixture.xtask(&["list"]).current_dir(fixture.root.parent().unwrap()));
    assert_eq!(code, Some(1));
    in_order(&err, &["cargo cannot read this workspace", "could not find `Cargo.toml`"]);
}

#[test]
fn every_verb_has_help_with_an_example() {
    let fixture = Fixture::new();
    let (code, out, _) = fixture.output(&["--help"]);
    assert_eq!(code, Some(0));
    for verb in ["list", "run", "watch", "data", "call", "src", "export", "check", "new"] {
        assert!(out.contains(&format!("  {verb} ")), "{verb} in\n{out}");
        let (code, out, _) = fixture.output(&[verb, "--help"]);
        assert!(
            code == Some(0) && out.contains(&format!("cargo xtask {verb}")) && out.contains("Example"),
            "{out}"
        );
    }
    assert_eq!(fixture.output(&["dance"]).0, Some(2));
}

/// Nothing is built for it: this workspace has no program that downloads.
#[test]
fn data_get_has_its_help_at_once() {
    let (code, out, err) = Fixture::new().output(&["data", "get", "--help"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    in_order(&out, &["cargo xtask data get", "--to"]);
}

#[cfg(unix)]
#[test]
fn a_reader_who_has_seen_enough_hears_no_complaint() {
    let fixture = Fixture::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = fixture.process(&["list"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert!(crate::common::by_sigpipe(output.status));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn src_prints_an_item_with_its_docs_and_place() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    let (code, out, _) = fixture.output(&["src", "nb01", "test_eq"]);
    assert_eq!(code, Some(0), "found in the stage below");
    in_order(
        &out,
        &[
            "nb00_testing::test_eq at crates/nb00_testing/src/lib.rs:14",
            "/// Compares.",
            "#[track_caller]",
            "pub fn test_eq",
            "}",
        ],
    );
    assert!(!out.contains("mod tests"), "nothing but the item:\n{out}");
    let (_, out, _) = fixture.output(&["src", "nb01", "s01_pass"]);
    in_order(&out, &["nb01_next::lesson::s01_pass", "fn s01_pass"]);
}

#[test]
fn src_lists_the_candidates() {
    let fixture = Fixture::new();
    let (code, _, err) = fixture.output(&["src", "nb00", "near"]);
    assert_eq!(code, Some(2));
    in_order(
        &err,
        &[
            "2 candidates",
            "nb00_testing::deep::near",
            "(fn at crates/nb00_testing/src/deep.rs:7)",
            "nb00_testing::deep::Shown::near",
        ],
    );
    assert_eq!(fixture.output(&["src", "nb00", "Shown::near"]).0, Some(0));
    assert_eq!(fixture.output(&["src", "nb00", "deep::near"]).0, Some(0));
    let (code, _, err) = fixture.output(&["src", "nb00", "nothing"]);
    assert!(code == Some(2) && err.contains("`nothing`"), "{err}");
}

#[test]
fn export_lists_and_checks() {
    let fixture = Fixture::new();
    fixture.edit(
        "crates/nb00_testing/src/lib.rs",
        "/// Exported.",
        "/// Exported,\n/// not below.\n///\n/// More.",
    );
    let (code, out, _) = fixture.output(&["export", "nb00"]);
    assert_eq!(code, Some(0));
    in_order(
        &out,
        &[
            "exports 4 names",
            "inner",
            "Inside.",
            "near",
            "TEST",
            "Exported, not below.",
            "test_eq",
            "re-exports nothing",
            "only shows 2 names",
            "deep::Shown",
            "deep::lent",
        ],
    );
    let (_, out, _) = fixture.output(&["export", "testing", "--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&json["exports"][1]["item"]["path"], &json["only_shows"][0]["kind"]),
        (&"nb00_testing::deep::near".into(), &"struct".into())
    );
    assert_eq!(fixture.output(&["export", "nb00", "--check"]).0, Some(0));

    fixture.edit("crates/nb00_testing/README.md", "`inner`", "`outer`");
    let (code, _, err) = fixture.output(&["export", "nb00", "--check"]);
    assert_eq!(code, Some(1));
    in_order(
        &err,
        &["`inner` is exported, but not in the table", "names `outer`, which src/lib.rs does not export"],
    );
}

#[test]
fn check_is_content_with_a_good_workspace() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    let (code, out, _) = fixture.output(&["check"]);
    assert!(code == Some(0) && out.contains("all is well: 2 stages"), "{out}");
}

/// Each of these single edits has to be noticed.
#[test]
fn check_notices_every_single_fault() {
    let lib = "crates/nb01_next/src/lib.rs";
    let lesson = "crates/nb01_next/tests/lesson.rs";
    let python = "crates/nb01_next/tests/lesson.py";
    let map = "docs/lesson-map.md";
    let page = "book/pages/answers.md";
    for (file, old, new, says) in [
        (
            "crates/nb01_next/Cargo.toml",
            "nb00_testing = { path = \"../nb00_testing\" }",
            "",
            "should depend on nb00_testing",
        ),
        ("crates/nb01_next/Cargo.toml", "name = \"nb01_next\"", "name = \"other\"", "they have to agree"),
        (lib, "#[doc(no_inline)]\n", "", "write `#[doc(no_inline)] pub use nb00_testing::*;`"),
        (lib, "#[doc(no_inline)]", "#[doc(inline)]", "write `#[doc(no_inline)] pub use nb00_testing::*;`"),
        (lib, "pub use", "/// Words.\npub use", "without a comment of its own"),
        (lib, "pub use", "use", "write `#[doc(no_inline)] pub use nb00_testing::*;`"),
        (lib, "//! # nb01_next", "", "has no documentation"),
        (
            lib,
            "pub use nb00",
            "pub mod sub {\n//! Words.\n}\n#[doc(no_inline)]\npub use nb00",
            "does not name [`sub`]",
        ),
        (
            lib,
            "pub use nb00",
            "mod sub {}\n#[doc(no_inline)]\npub use nb00",
            "`nb01_next::sub` has no documentation",
        ),
        (
            lib,
            "pub use nb00",
            "pub fn more() {}\n#[doc(no_inline)]\npub use nb00",
            "`more` is exported, but not in the table",
        ),
        (
            lib,
            "pub use nb00",
            "mod gone;\n#[doc(no_inline)]\npub use nb00",
            "the file of `mod gone` is missing",
        ),
        (lib, "pub use", "pub pub use", "lib.rs:6: this is no Rust"),
        (
            lib,
            "#![forbid(unsafe_code)]",
            "",
            "lib.rs: it may use unsafe code: write `#![forbid(unsafe_code)]`",
        ),
        (lib, "#![forbid(unsafe_code)]", "//! `#![forbid(unsafe_code)]`", "it may use unsafe code"),
        ("crates/nb01_next/Cargo.toml", "[lints]\nworkspace = true", "", "its lints are not the workspace's"),
        (lesson, "/// It passes\n", "", "has no title"),
        (lesson, "fn s01_pass", "fn first", "is no name for a section"),
        (
            lesson,
            "fn s01_pass() {}",
            "fn s02_pass() {}\n/// Earlier\n#[test]\nfn s01_pass() {}",
            "runs before it",
        ),
        (lesson, "#[test]\n", "", "there is no section"),
        (
            lesson,
            "fn s01_pass() {}",
            "fn s01_pass() { figures::show(\"one\", a); figures::show(\"one\", b); }",
            "`s01_pass` draws the figure `one`, and so does crates/nb01_next/tests/lesson.rs:",
        ),
        (python, "# %% s01_pass", "# %% s01_past", "lesson.py:4: the lesson has no section `s01_past`"),
        (python, "x = 1", "x = 1\n# %% s01_pass", "lesson.py:6: `s01_pass` stands after `s01_pass`"),
        ("crates/nb01_next/README.md", "## Exported", "## Other", "no section `## Exported`"),
        ("README.md", "| `nb01_next` | x |\n", "", "no table names nb01_next"),
        (
            "README.md",
            "| `nb01_next` | x |",
            "| `nb01_next` | nb07_gone |",
            "names nb07_gone, which is not below crates/",
        ),
        (
            map,
            "| A9 | what | prose | prose |\n",
            "",
            "row A10 follows A8, but the rows of a letter count up by one",
        ),
        (map, "| A9 |", "| A99 |", "row A99 follows A8"),
        (map, "| A9 |", "| A8 |", "row A8 follows A8"),
        (
            map,
            "| K8 | what | prose |",
            "| K8 | what | `nb01_next::nothing` |",
            "row K8 names the item `nb01_next::nothing`",
        ),
        (
            map,
            "| K8 | what | prose |",
            "| K8 | what | `docs/nothing.md` |",
            "names the item `docs/nothing.md`",
        ),
        (
            map,
            "| K8 | what | prose | prose |",
            "| K8 | what | prose | `nb00_testing::near` |",
            "(or is no #[test])",
        ),
        (map, "| K8 | what | prose | prose |", "| K8 | what | prose | |", "row K8 names no test"),
        (
            page,
            "{{#cell nb01 s01",
            "{{#cell nb01 s02",
            "answers.md:3: there is no `nb01_next::lesson::s02_pass`",
        ),
        (page, "(cell:nb01/s01", "(cell:nb07/s01", "answers.md:5: there is no `nb07::lesson::s01_pass`"),
        (
            page,
            "`nb00_testing::near`",
            "`nb00_testing::far`",
            "answers.md:5: there is no `nb00_testing::far`",
        ),
    ] {
        let fixture = Fixture::new();
        fixture.next("nb01_next", "nb00_testing", PASS);
        fixture.write(python, "# %%\nimport torch\n\n# %% s01_pass\nx = 1\n");
        fixture.write(
            page,
            "# A\n\n{{#cell nb01 s01_pass}}\n\n[s](cell:nb01/s01_pass), `nb00_testing::near`, `x::y`.\n",
        );
        fixture.edit(file, old, new);
        let (code, out, _) = fixture.output(&["check"]);
        assert!(
            code == Some(1) && out.contains(says),
            "{new:?} for {old:?} in {file} should say `{says}`:\n{out}"
        );
        assert!(
            out.contains(file) || out.contains("README.md") || out.contains(map),
            "no file is named:\n{out}"
        );
    }
}

/// Who may depend on whom, edge by edge.
#[test]
fn check_knows_the_house() {
    let nb = |below: &str, more: &str| format!("{below} = {{ path = \"../{below}\" }}\n{more}");
    let lib = |name: &str| format!("{name} = {{ path = \"../../lib/{name}\" }}\n");
    let build = || {
        let fixture = Fixture::new();
        fixture.next("nb01_matmul", "nb00_testing", PASS);
        fixture.next("nb02_net", "nb01_matmul", PASS);
        fixture.next("nb02a_why", "nb02_net", PASS);
        for (name, needs) in [
            ("kernels", ""),
            ("einsum", "kernels = { path = \"../kernels\" }\n"),
            ("mnist", ""),
            ("figures", ""),
        ] {
            fixture.lib(name, needs);
        }
        let engines = nb("nb00_testing", &format!("{}{}{}", lib("kernels"), lib("einsum"), lib("mnist")));
        fixture.edit("crates/nb01_matmul/Cargo.toml", &nb("nb00_testing", ""), &engines);
        let figures = format!("[dev-dependencies]\n{}\n[lints]", lib("figures"));
        fixture.edit("crates/nb02_net/Cargo.toml", "[lints]", &figures);
        fixture
    };
    let (code, out, err) = build().output(&["check"]);
    assert!(code == Some(0) && out.contains("4 stages"), "{out}{err}");
    for (manifest, more, says) in [
        ("crates/nb00_testing", lib("kernels"), "depends on kernels, but may depend on nothing of ours"),
        (
            "crates/nb01_matmul",
            lib("figures"),
            "depends on figures, but may depend on nb00_testing, kernels, einsum, mnist",
        ),
        ("crates/nb02_net", lib("kernels"), "depends on kernels, but may depend on nb01_matmul"),
        (
            "crates/nb02a_why",
            nb("nb01_matmul", ""),
            "depends on nb01_matmul and nb02_net, but should depend on nb02_net",
        ),
        (
            "lib/kernels",
            lib("mnist"),
            "lib/kernels/Cargo.toml: it depends on mnist, but may depend on nothing of ours",
        ),
        ("lib/mnist", lib("kernels"), "depends on kernels"),
        ("lib/einsum", lib("mnist"), "depends on mnist, but may depend on kernels"),
        (
            "lib/figures",
            "nb00_testing = { path = \"../../crates/nb00_testing\" }\n".into(),
            "depends on nb00_testing",
        ),
    ] {
        let fixture = build();
        fixture.edit(
            &format!("{manifest}/Cargo.toml"),
            "[dependencies]\n",
            &format!("[dependencies]\n{more}"),
        );
        let (code, out, err) = fixture.output(&["check"]);
        assert!(code == Some(1) && out.contains(says), "{manifest} with {more}: {out}{err}");
    }
}

/// A library whose tests are all elsewhere may say so, until it has one.
#[test]
fn check_finds_tests_that_are_never_run() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    fixture.edit("crates/nb01_next/Cargo.toml", "[lints]", "[lib]\ntest = false\n\n[lints]");
    assert_eq!(fixture.output(&["check"]).0, Some(0), "{}", fixture.output(&["check"]).1);
    let export = "#[doc(no_inline)]\npub use nb00";
    let tested = format!("#[test]\nfn never() {{}}\n{export}");
    fixture.edit("crates/nb01_next/src/lib.rs", export, &tested);
    let (code, out, _) = fixture.output(&["check"]);
    assert!(code == Some(1) && out.contains("crates/nb01_next/src/lib.rs: its tests are never run"), "{out}");
}

/// `nb01_next` asks for a feature of nb00, which alone is built without it, and once more.
#[test]
fn check_says_what_is_built_twice() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    fixture.edit(
        "crates/nb00_testing/Cargo.toml",
        "[dependencies]",
        "[features]\nmore = []\n\n[dependencies]",
    );
    assert!(fixture.program(env!("CARGO"), &["generate-lockfile"]).status().unwrap().success());
    assert_eq!(fixture.output(&["check"]).0, Some(0), "{}", fixture.output(&["check"]).1);
    fixture.edit(
        "crates/nb01_next/Cargo.toml",
        "nb00_testing\" }",
        "nb00_testing\", features = [\"more\"] }",
    );
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(1), "{out}");
    in_order(
        &out,
        &["crates/nb00_testing/Cargo.toml", "alone it builds `nb00_testing v0.1.0`", "more features"],
    );
    assert!(!out.contains("crates/nb01_next"), "{out}");
}

#[test]
fn src_without_a_stage_begins_with_the_newest() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    fixture.next("nb01a_more", "nb01_next", PASS);
    fixture.lib("kernels", "");
    let first = |item| fixture.output(&["src", item]).1.lines().next().map(String::from).unwrap_or_default();
    assert_eq!(first("s01_pass"), "// nb01a_more::lesson::s01_pass at crates/nb01a_more/tests/lesson.rs:2");
    assert_eq!(first("test_eq"), "// nb00_testing::test_eq at crates/nb00_testing/src/lib.rs:14");
    assert_eq!(first("of_kernels"), "// kernels::of_kernels at lib/kernels/src/lib.rs:3");
    let (code, _, err) = fixture.output(&["src", "nothing"]);
    assert!(code == Some(2) && err.contains("no stage has `nothing`"), "{err}");
}

/// A name from a library that the root re-exports is known by its path there.
#[test]
fn export_follows_into_the_libraries() {
    let fixture = Fixture::new();
    fixture.lib("kernels", "");
    fixture.edit(
        "crates/nb00_testing/src/lib.rs",
        "pub use deep::{inner, near};",
        "pub use deep::{inner, near};\npub use kernels::of_kernels;",
    );
    let (_, out, _) = fixture.output(&["export", "nb00"]);
    in_order(&out, &["exports 5 names", "fn      of_kernels         Of kernels.", "only shows 2 names"]);
    assert!(!out.contains("another author"), "{out}");
}

/// A checkout on Windows may have CRLF in all files; what is added has it too.
#[test]
fn new_keeps_the_line_ends() {
    let fixture = Fixture::new();
    let crlf = fixture.read("README.md").replace('\n', "\r\n");
    fixture.write("README.md", &crlf);
    assert_eq!(fixture.output(&["new", "nb01_x"]).0, Some(0));
    let readme = fixture.read("README.md");
    assert!(readme.contains("\r\n| [`nb01_x`](crates/nb01_x) | 01 · X |\r\n"), "{readme:?}");
    assert_eq!(readme.replace("\r\n", "").matches(['\r', '\n']).count(), 0, "{readme:?}");
}

#[test]
fn new_says_what_it_skips() {
    let fixture = Fixture::new();
    fixture.next("nb02_net", "nb00_testing", PASS);
    for (name, says) in [
        ("nb05_foo", "it skips nb03 and nb04, which can be added later"),
        ("nb07a_bar", "it skips nb06, which can be added later"),
        ("nb08_next", ""),
        ("nb12_far", "it skips nb09, nb10 and nb11, which"),
    ] {
        let (code, out, _) = fixture.output(&["new", name]);
        assert!(
            code == Some(0) && out.contains(says) && out.contains("it skips") != says.is_empty(),
            "{out}"
        );
    }
}

#[test]
fn check_follows_items_and_tests_to_where_they_are() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    let row = "| A9 | what | `nb01_next::near`, `nb00_testing::deep::Shown::near`, `README.md/../docs/lesson-map.md` | `nb01_next::lesson::s01_pass`, `nb00_testing::tests::unit` |";
    fixture.edit("docs/lesson-map.md", "| A9 | what | prose | prose |", row);
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!((code, out.contains("README.md/..")), (Some(1), true), "README.md is no folder: {out}");
    fixture.edit("docs/lesson-map.md", "README.md/../docs/", "docs/");
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn new_makes_a_stage_that_passes() {
    let fixture = Fixture::new();
    fixture.edit(
        "crates/nb00_testing/Cargo.toml",
        "[dependencies]",
        "[features]\nmkl = []\n\n[dependencies]",
    );
    let (code, out, err) = fixture.output(&["new", "nb01_first_steps"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    in_order(
        &out,
        &["crates/nb01_first_steps is there, built on nb00_testing", "cargo xtask run nb01_first_steps"],
    );
    assert!(fixture.read("crates/nb01_first_steps/Cargo.toml").contains("mkl = [\"nb00_testing/mkl\"]"));
    assert!(
        fixture
            .read("README.md")
            .contains("| [`nb01_first_steps`](crates/nb01_first_steps) | 01 · First steps |\n")
    );
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out, err) = fixture.output(&["run", "nb01"]);
    assert_eq!(code, Some(0), "{out}{err}");
    in_order(
        &out,
        &[
            "01 · First steps",
            "s01_what_came_before",
            "What came before is here",
            "TEST = \"test\"",
            "passed",
        ],
    );
    assert!(!err.contains("warning"), "{err}");
}

#[test]
fn new_goes_between_two_stages() {
    let fixture = Fixture::new();
    fixture.next("nb02_net", "nb00_testing", PASS);
    fixture.next("nb03_train", "nb02_net", PASS);
    let (code, out, _) = fixture.output(&["new", "nb02a_why_sqrt5"]);
    assert_eq!(code, Some(0));
    in_order(
        &out,
        &["built on nb02_net", "stands between nb02_net and crates/nb03_train", "build on nb02a_why_sqrt5"],
    );
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains(
            "crates/nb03_train/Cargo.toml: it depends on nb02_net, but should depend on nb02a_why_sqrt5"
        ),
        "{out}"
    );
    in_order(&fixture.read("README.md"), &["nb02_net", "nb02a_why_sqrt5", "nb03_train"]);
}

#[test]
fn new_refuses_what_cannot_be() {
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", PASS);
    let before = tree(&fixture);
    for (name, says) in [
        ("03_x", "is no name for a stage"),
        ("nb3_x", "is no name for a stage"),
        ("nb03_X", "is no name for a stage"),
        ("nb03_../../x", "is no name for a stage"),
        ("nb03_ü", "is no name for a stage"),
        ("nb01_other", "nb01 is taken by crates/nb01_next: take the next number, or a letter (nb01a_other)"),
        ("nb01_next", "nb01 is taken"),
        ("nb05_next", "the same topic"),
    ] {
        let (code, out, err) = fixture.output(&["new", name]);
        assert!(code == Some(2) && out.is_empty() && err.contains(says), "{name}: {err}");
    }
    assert_eq!(tree(&fixture), before);
}

#[test]
fn new_leaves_nothing_behind_when_it_cannot_write() {
    let fixture = Fixture::new();
    fixture.write(".nb01_x.new", "a file where the draft should be");
    let before = tree(&fixture);
    let (code, _, err) = fixture.output(&["new", "nb01_x"]);
    assert_eq!(code, Some(1));
    in_order(&err, &[".nb01_x.new", "cannot be removed"]);
    assert_eq!(tree(&fixture), before);
}

#[test]
fn new_sweeps_up_after_a_call_that_was_killed() {
    let fixture = Fixture::new();
    fixture.write(".nb01_x.new/src/old.rs", "");
    assert_eq!(fixture.output(&["new", "nb01_x"]).0, Some(0));
    assert!(!fixture.exists(".nb01_x.new") && !fixture.exists("crates/nb01_x/src/old.rs"));
}

/// Permissions do not bind root, so the checkout is mounted read-only, in a namespace of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_checkout_can_be_read_but_not_extended() {
    const SCRIPT: &str =
        r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; cd "$0"; exec "$@""#;
    let fixture = Fixture::new();
    assert_eq!(fixture.output(&["list"]).0, Some(0)); // Writes Cargo.lock, which cargo wants to be there.
    let before = tree(&fixture);
    let run = |args: &[&str]| {
        let xtask = fixture.process(args);
        let mut inside = std::process::Command::new("unshare");
        inside.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]).arg(&fixture.root);
        inside.arg(xtask.get_program()).args(xtask.get_args());
        for (name, value) in xtask.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        let output = inside.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, err) = run(&["list"]);
    if code == Some(77) || err.contains("unshare: ") {
        return skipped("a read-only checkout", &format!("it cannot be mounted: {err}"));
    }
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(run(&["check"]).0, Some(0));
    let (code, err) = run(&["new", "nb01_x"]);
    assert!(
        code == Some(1) && err.contains("cannot be made") && err.contains("Read-only file system"),
        "{err}"
    );
    let (code, err) = run(&["run", "nb00"]);
    assert!(code == Some(1) && err.contains("Read-only file system"), "{err}");
    assert_eq!(tree(&fixture), before);
}

/// `cargo make VERB` is `cargo xtask VERB`, whatever stands behind it.
#[test]
fn each_verb_is_a_task_that_hands_its_arguments_on() {
    let makefile = include_str!("../../../Makefile.toml");
    let task = |name: &str| makefile.split("\n\n").find(|task| task.starts_with(&format!("[tasks.{name}]")));
    for verb in Fixture::new().verbs() {
        let args = format!("args = [\"xtask\", \"{verb}\", \"${{@}}\"]");
        assert!(task(&verb).is_some_and(|task| task.contains(&args)), "{verb}: {:?}", task(&verb));
    }
}

/// All paths of the workspace.
fn tree(fixture: &Fixture) -> Vec<String> {
    let mut found = vec![];
    let mut todo = vec![fixture.root.clone()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.display().to_string());
            todo.extend(path.is_dir().then_some(path));
        }
    }
    found.sort();
    found
}
