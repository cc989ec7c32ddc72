//! `book` and `notebook`: the real program and the real press, in a small workspace.
//!
//! Behind the feature `book`, as the press takes a minute to build: `cargo test -p xtask --features book book::`.

use crate::common::{Fixture, in_order, outcome};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

/// A stage that draws, has a helper, and uses an item of its own.
const LESSON: &str = r#"
mod more;

use nb01_next::shape::area;

/// The side of the square.
fn side() -> u32 {
    7
}

/// How [`area`] grows
///
/// Prose with a [`link`](area).
#[test]
fn s01_area() {
    println!("area = {}", area(side()));
    if let Ok(folder) = std::env::var("NB_FIGURES") {
        let svg = "<svg viewBox=\"0 0 9 9\">\n\n<title>A square</title><desc>Four sides.</desc></svg>";
        std::fs::write(format!("{folder}/square.svg"), svg).unwrap();
        println!("figure: square.svg");
    }
    println!("after <the> picture");
}

/// Nothing new
#[test]
fn s02_again() -> Result<(), String> {
    println!("again = {}", area(side()));
    assert_eq!(more::twice(), 14);
    Ok(())
}
"#;

const LIB: &str = "//! # 01 · Next\n//!\n//! See [`shape`].\n\n#[doc(no_inline)]\npub use nb00_testing::*;\n\npub mod shape;\npub mod lonely;\n";
const SHAPE: &str = "//! Shapes, told once.\n//!\n//! # Below\n//!\n//! ```\n//! # let hidden = 1;\n//! assert_eq!(nb01_next::shape::area(2), 4);\n//! ```\n\n/// The area of a square.\npub fn area(side: u32) -> u32 {\n    side * side\n}\n";

/// A workspace whose second stage is the one above. The press is built before any clock of a test runs.
fn fixture() -> Fixture {
    static PRESS: Once = Once::new();
    PRESS.call_once(|| {
        let target = Path::new(env!("CARGO_BIN_EXE_xtask")).ancestors().nth(2).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../book/press/Cargo.toml"),
        ]);
        assert!(cargo.arg("--target-dir").arg(target).status().unwrap().success());
    });
    let fixture = Fixture::new();
    fixture.next("nb01_next", "nb00_testing", LESSON);
    fixture.write("crates/nb01_next/src/lib.rs", LIB);
    fixture.write("crates/nb01_next/src/shape.rs", SHAPE);
    fixture.write("crates/nb01_next/src/lonely.rs", "//! No section uses it.\n");
    fixture.write(
        "crates/nb01_next/tests/more/mod.rs",
        "//! More.\n\nuse super::side;\n\npub(crate) fn twice() -> u32 {\n    2 * side()\n}\n",
    );
    fixture.write("crates/nb01_next/tests/lesson.py", "# %%\nimport torch\n\n# %% s01_area\narea = 7 ** 2\n");
    fixture
}

#[track_caller]
fn make(fixture: &Fixture) -> String {
    let (code, out, err) = fixture.output(&["book"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.trim_end().ends_with("index.html"), "{out}");
    err
}

#[track_caller]
fn fails(fixture: &Fixture, says: &[&str]) {
    let (code, out, err) = fixture.output(&["book"]);
    assert_eq!(code, Some(1), "{out}{err}");
    in_order(&err, says);
    assert!(!fixture.exists("target/book.old") && leftovers(fixture).is_empty(), "{:?}", leftovers(fixture));
}

/// Half-made books.
fn leftovers(fixture: &Fixture) -> Vec<String> {
    let entries = std::fs::read_dir(fixture.root.join("target")).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".part")).collect()
}

#[test]
fn a_chapter_is_made_from_the_stage_itself() {
    let fixture = fixture();
    fixture.write(
        "book/pages/index.md",
        "# Welcome\n\n[the cell](cell:nb01/s01_area), `nb01_next::shape::area`\n\n{{#figure square}}\n",
    );
    fixture.write(
        "crates/nb01_next/practice/quiz.md",
        "# Quiz: 01\n\nAloud.\n\n**1. Which?**\n\n<details><summary>Answer</summary>\n\nThis one.\n\n</details>\n",
    );
    let err = make(&fixture);
    assert!(err.contains("nb01_next passed: 2 sections"), "{err}");
    assert!(fixture.exists("target/book/quiz.js"));
    in_order(
        &fixture.read("target/book/nb01_next.html"),
        &[
            "<h2 id=\"quiz\">",
            "Which?",
            "<details><summary>Answer</summary>",
            "This one.",
            "<script src=\"quiz.js\"></script>",
        ],
    );
    in_order(
        &fixture.read("target/book/nb01_next.html"),
        &[
            "01 · Next",
            "All 2 sections were run for this page",
            "import torch",
            "nb01_next-shape.html",
            "nb01_next-shape.html#s01_area",
            "Also in this stage",
            "No section uses it.",
            "rel=\"prev\" href=\"nb00_testing.html\"",
            "rel=\"next\" href=\"nb01_next-shape.html\"",
        ],
    );
    // The page of a module: what is new comes first, then what it printed, and last, folded, the checks.
    let page = fixture.read("target/book/nb01_next-shape.html");
    in_order(
        &page,
        &[
            "Shapes, told once",
            "id=\"below\"",
            "assert_eq",
            "id=\"s01_area\"",
            "Prose with a",
            "api/nb01_next/shape/fn.area.html",
            "The area of a square.",
            "side * side",
            "area = 7 ** 2",
            "area = 49",
            "<svg",
            "<figcaption>A square</figcaption>",
            "after &lt;the&gt; picture",
            "<details class=\"checks\">",
            "nb01_next-source.html#L",
            "// The side of the square.",
            "See also: <a href=\"index.html\">Welcome</a>",
            "id=\"s02_again\"",
            "again = 49",
            "assert_eq",
            "rel=\"prev\" href=\"nb01_next.html\"",
        ],
    );
    assert!(!page.contains("let hidden"), "what rustdoc hides is hidden");
    let index = fixture.read("target/book/index.html");
    in_order(&index, &["nb01_next-shape.html#s01_area", "api/nb01_next/shape/fn.area.html", "<svg"]);
    assert!(fixture.exists("target/book/api/nb01_next/shape/fn.area.html"));
    let listing = fixture.read("target/book/nb01_next-source.html");
    in_order(&listing, &["id=\"L1\"", "id=\"L20\""]);
    // A stage that is added is a chapter at once.
    assert!(!fixture.exists("target/book/nb02_more.html"));
    fixture.next("nb02_more", "nb01_next", "/// More\n#[test]\nfn s01_more() { println!(\"more\"); }\n");
    // Its lesson may have several files: each of them can be read.
    let two = "// ## The second page\n\n/// Two\n#[test]\nfn s02_two() { println!(\"two {}\", shared()); }\n";
    fixture.lesson_of_parts("nb02_more", "/// More\n#[test]\nfn s01_more() { println!(\"more\"); }\n", two);
    make(&fixture);
    assert!(fixture.read("target/book/nb02_more.html").contains("more"));
    let page = fixture.read("target/book/nb02_more-the-second-page.html");
    in_order(
        &page,
        &[
            "two 7",
            "nb02_more-source-part2_two.html#L9\">tests/lesson/part2_two.rs:9",
            "fn</span> <span class=\"f\">shared",
        ],
    );
    in_order(
        &fixture.read("target/book/nb02_more-source-part2_two.html"),
        &["<code>crates/<wbr>nb02_<wbr>more/<wbr>tests/<wbr>lesson/<wbr>part2_<wbr>two", "id=\"L9\""],
    );
    assert!(fixture.read("target/book/nb02_more-source.html").contains("id=\"L5\""));
    assert!(fixture.read("target/book/toc.html").contains("nb02_more.html"));
}

#[test]
fn no_output_is_older_than_its_code() {
    let fixture = fixture();
    make(&fixture);
    fixture.edit("crates/nb01_next/src/shape.rs", "side * side", "side * side + 1");
    make(&fixture);
    let page = fixture.read("target/book/nb01_next-shape.html");
    assert!(page.contains("area = 50") && !page.contains("area = 49"), "{page}");

    // What breaks is told by name, and the book that was there stays.
    fixture.edit(
        "crates/nb01_next/tests/lesson.rs",
        "println!(\"again",
        "assert_eq!(1, 2); println!(\"again",
    );
    fails(&fixture, &["s02_again", "crates/nb01_next/tests/lesson.rs:", "left: 1", "nothing was written"]);
    assert_eq!(fixture.read("target/book/nb01_next-shape.html"), page);
    fixture.edit("crates/nb01_next/tests/lesson.rs", "assert_eq!(1, 2);", "no rust");
    fails(&fixture, &["nb01_next does not compile", "nothing was written"]);
    assert_eq!(fixture.read("target/book/nb01_next-shape.html"), page);
}

#[test]
fn a_page_that_asks_for_what_is_not_there_is_told_its_line() {
    let fixture = fixture();
    let page = "book/pages/answers.md";
    for (text, says) in [
        ("# A\n\n{{#cell nb01 s09_none}}\n", "answers.md:3: nb01_next has no section `s09_none`"),
        ("# A\n\n{{#cell nb07 s01_area}}\n", "answers.md:3: there is no stage `nb07`"),
        ("# A\n{{#sell nb01 s01_area}}\n", "answers.md:2: `{{#sell nb01 s01_area}}` is none of"),
        ("# A\n\n{{#figure circle}}\n", "answers.md:3: the run has drawn no picture circle.svg"),
        ("# A\n\nx\n[x](cell:nb01/s09_none)\n", "answers.md:4: nb01_next has no section `s09_none`"),
        ("# A\n\n[x](doc:nb01_next::nothing)\n", "answers.md:3: no page of the API documentation is about"),
        ("# A\n\n[x](../../docs/none.md)\n", "answers.md:3: there is no file `docs/none.md`"),
        ("No title.\n", "answers.md: there is no title"),
    ] {
        fixture.write(page, text);
        fails(&fixture, &[says]);
        assert!(!fixture.exists("target/book"), "{text}");
    }
    fixture.write(
        page,
        "# A\n\n{{#cell nb01 s01_area}}\n\n[map](../../docs/lesson-map.md), [it](../../README.md)\n",
    );
    make(&fixture);
    let page = fixture.read("target/book/answers.html");
    in_order(
        &page,
        &["<details", "nb01_next-shape.html#s01_area", "area = 49", "lesson-map.html", "files/README_md.txt"],
    );
    assert!(fixture.read("target/book/files/README_md.txt").starts_with("# Lesson"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_book_leaves_the_old_one() {
    let fixture = fixture();
    make(&fixture);
    let before = fixture.read("target/book/nb01_next.html");
    fixture.edit(
        "crates/nb01_next/tests/lesson.rs",
        "println!(\"again",
        "std::fs::write(\"reached\", \"\").unwrap(); std::thread::sleep(std::time::Duration::from_secs(60)); println!(\"again",
    );
    let mut child = fixture.process(&["book"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    for _ in 0..600 {
        if fixture.exists("crates/nb01_next/reached") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fixture.read("target/book/nb01_next.html"), before);
    assert!(leftovers(&fixture).is_empty());
}

/// A build script that waits once the lesson has run: cargo starts it again for the documentation.
#[cfg(unix)]
#[test]
fn ctrl_c_while_cargo_documents_ends_the_book() {
    let fixture = fixture();
    let script = crate::common::marks_and_waits("began").replace(
        "fn main() {",
        "fn main() {\n    println!(\"cargo::rerun-if-changed=ran\");\n    if !std::fs::exists(\"ran\").unwrap() {\n        return;\n    }",
    );
    fixture.write("crates/nb01_next/build.rs", &script);
    fixture.edit(
        "crates/nb01_next/tests/lesson.rs",
        "println!(\"again",
        "std::fs::write(\"ran\", \"\").unwrap(); println!(\"again",
    );
    assert_eq!(fixture.interrupted(&["book"], "crates/nb01_next/began"), "interrupted");
    assert!(leftovers(&fixture).is_empty() && !fixture.exists("target/book"));
}

#[test]
fn a_notebook_holds_the_same() {
    let fixture = fixture();
    let (code, out, err) = fixture.output(&["notebook", "nb01"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.trim_end().ends_with("nb01_next.ipynb"), "{out}");
    let notebook: Value = serde_json::from_str(&fixture.read("target/nb01_next.ipynb")).unwrap();
    assert_eq!((&notebook["nbformat"], &notebook["nbformat_minor"]), (&Value::from(4), &Value::from(5)));
    let text = |cell: &Value| -> String {
        cell["source"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
    };
    let cells = notebook["cells"].as_array().unwrap();
    let cell = |id: &str| {
        cells.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no cell {id} in {notebook:#}"))
    };
    in_order(&text(cell("dependencies")), &[":dep nb01_next = { path = "]);
    in_order(&text(cell("how-to-run")), &["evcxr_jupyter"]);
    in_order(
        &text(cell("imports")),
        &["mod more {", "use super::side;", "fn side() -> u32", "use nb01_next::shape::area;"],
    );
    assert!(cells.iter().all(|c| c["id"] != "helper-side"), "it stands above already");
    assert!(text(cell("s01_area")).starts_with("{\n    println!(\"area"));
    assert_eq!(
        text(cell("s02_again")),
        "{\n    println!(\"again = {}\", area(side()));\n    assert_eq!(more::twice(), 14);\n}"
    );
    let outputs = cell("s01_area")["outputs"].as_array().unwrap();
    assert_eq!(outputs[0]["text"], serde_json::json!(["area = 49\n"]));
    assert!(outputs[1]["data"]["image/svg+xml"][0].as_str().unwrap().starts_with("<svg"));
    assert_eq!(outputs[2]["text"], serde_json::json!(["after <the> picture\n"]));
    // It goes where it is told, and touches nothing beside.
    fixture.write("out/lesson.txt", "old");
    fixture.write("out/lesson.ipynb.part", "mine");
    let (code, out, err) = fixture.output(&["notebook", "nb01", "--out", "out/lesson.txt"]);
    assert_eq!((code, out.as_str()), (Some(0), "out/lesson.txt\n"), "{err}");
    assert!(serde_json::from_str::<Value>(&fixture.read("out/lesson.txt")).is_ok());
    assert_eq!(fixture.read("out/lesson.ipynb.part"), "mine");
    assert_eq!(std::fs::read_dir(fixture.root.join("out")).unwrap().count(), 2);
    let (code, _, err) = outcome(&mut fixture.xtask(&["notebook", "nb09"]));
    assert!(code == Some(2) && err.contains("there is no stage `nb09`"), "{err}");
}
