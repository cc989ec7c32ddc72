//! `practice` without building anything: folders that appear whole, what is kept, and words for what cannot be.

use crate::common::{Fixture, in_order};
use std::fs;
use std::path::PathBuf;

const EXERCISES: &str = "# Practice\n\n## `deep::near`: whether it is near\n\nSections: `s01_constant`.\n\n1. Is it?\n2. true\n\
    3. ()\n4. ```python\n   True\n   ```\n\n## `deep::deeper::lent`: nothing\n\n1. a\n2. b\n3. c\n4. d\n\n\
    ## Not practised\n\n- `test_eq`, `inner`: given.\n";

const JUDGE: &str =
    "//! Judges.\n\nmod looks;\n\n#[test]\nfn deep_near() {}\n\n#[test]\nfn deep_deeper_lent() {}\n";

/// A workspace whose first stage has two exercises.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.write("crates/nb00_testing/practice/exercises.md", EXERCISES);
    fixture.write("crates/nb00_testing/practice/judge.rs", JUDGE);
    fixture
}

const DEEP: &str = "practice/nb00_testing/src/deep.rs";

#[test]
fn a_folder_is_made_and_says_where_one_is() {
    let fixture = fixture();
    let (code, out, err) = fixture.output(&["practice"]);
    assert_eq!(code, Some(0), "{err}");
    in_order(&out, &["nothing is practised yet", "cargo xtask practice nb00", "2 exercises"]);
    let (code, out, err) = fixture.output(&["practice", "nb00"]);
    assert_eq!(code, Some(0), "{err}");
    in_order(
        &out,
        &["0 of 2 done", "-> ", "1 deep::near", "2 deep::deeper::lent", "next: exercise 1", "src/deep.rs:8"],
    );
    assert!(!out.contains('\u{1b}'), "no colours in a pipe: {out}");
    let deep = fixture.read(DEEP);
    assert!(
        deep.contains(
            "/// Near.\npub fn near() -> bool {\n    todo!(\"exercise 1: deep::near, whether it is near\")\n}"
        ),
        "{deep}"
    );
    assert!(deep.contains("pub fn inner() {}"), "only the exercises' bodies are gone: {deep}");
    assert_eq!(
        fixture.read("practice/nb00_testing/tests/lesson.rs"),
        fixture.read("crates/nb00_testing/tests/lesson.rs")
    );
    assert!(fixture.read("practice/nb00_testing/src/lib.rs").contains("#![allow(unused)]"));
    // Where one is, once more, and as JSON; inside of the folder as well.
    let again = fixture.output(&["practice"]).1;
    assert_eq!(again, out);
    let json: serde_json::Value = serde_json::from_str(&fixture.output(&["practice", "--json"]).1).unwrap();
    assert_eq!(json[0]["exercises"][1]["function"], "deep::deeper::lent");
    assert_eq!(json[0]["next"], 1);
    let mut inside = fixture.process(&["practice"]);
    let inside = inside.current_dir(fixture.root.join("practice/nb00_testing/src")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&inside.stdout), out);
}

#[test]
fn a_folder_that_is_there_stays_as_it_is() {
    let fixture = fixture();
    fixture.write("practice/nb00_testing/mine.txt", "mine");
    let (code, _, err) = fixture.output(&["practice", "nb00"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("is there already and is no practice of nb00_testing") && err.contains("--to"),
        "{err}"
    );
    assert_eq!(fixture.read("practice/nb00_testing/mine.txt"), "mine");
    let elsewhere = ["practice", "nb00", "--to", "my own/nb00"];
    assert_eq!(fixture.output(&elsewhere).0, Some(0));
    fixture.edit(
        "my own/nb00/src/deep.rs",
        "todo!(\"exercise 1: deep::near, whether it is near\")",
        "1 == 1",
    );
    let (code, _, err) = fixture.output(&elsewhere);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("stays as it is"), "{err}");
    assert!(fixture.read("my own/nb00/src/deep.rs").contains("1 == 1"));
}

#[test]
fn a_practice_of_another_stage_stays_as_it_is() {
    let fixture = fixture();
    fixture.next("nb01_next", "nb00_testing", "/// First\n#[test]\nfn s01_a() {}\n");
    fixture.write("crates/nb01_next/practice/exercises.md", EXERCISES);
    assert_eq!(fixture.output(&["practice", "nb00", "--to", "mine"]).0, Some(0));
    let (code, out, err) = fixture.output(&["practice", "nb01", "--to", "mine"]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(err.contains("is no practice of nb01_next") && err.contains("--to"), "{err}");
    // Inside of one, the other is begun where it usually is.
    let mut inside = fixture.process(&["practice", "try", "nb01"]);
    let inside = inside.current_dir(fixture.root.join("mine/src")).output().unwrap();
    let err = String::from_utf8_lossy(&inside.stderr);
    assert!(err.contains("nb01_next is not practised in") && err.contains("practice/nb01_next"), "{err}");
}

#[test]
fn reset_keeps_what_was_there() {
    let fixture = fixture();
    fixture.output(&["practice", "nb00"]);
    let fresh = fixture.read(DEEP);
    for (round, body) in ["1 == 1", "2 == 2"].into_iter().enumerate() {
        fixture.edit(DEEP, "todo!(\"exercise 1: deep::near, whether it is near\")", body);
        fixture.edit(DEEP, "/// Inside.", "/// Inside, in my words.");
        let (code, _, err) = fixture.output(&["practice", "reset", "nb00", "1"]);
        assert_eq!(code, Some(0), "{err}");
        let kept = format!("practice/nb00_testing/kept/src-deep.rs.{}", round + 1);
        assert!(err.contains("is kept in") && fixture.read(&kept).contains(body), "{err}");
        assert_eq!(
            fixture.read(DEEP),
            fresh.replace("/// Inside.", "/// Inside, in my words."),
            "nothing else begins anew"
        );
        fixture.edit(DEEP, "/// Inside, in my words.", "/// Inside.");
    }
    assert!(fixture.output(&["practice", "reset", "1"]).2.contains("is as it was at the beginning"));
    // A file that is no Rust any more begins anew as a whole; it is kept, too.
    fixture.write(DEEP, "fn (");
    assert_eq!(fixture.output(&["practice", "reset", "nb00", "1"]).0, Some(0));
    assert_eq!(
        (fixture.read(DEEP), fixture.read("practice/nb00_testing/kept/src-deep.rs.3")),
        (fresh, "fn (".into())
    );
    // A whole stage gets a new folder beside the old one.
    fixture.write(DEEP, "mine");
    let (code, _, err) = fixture.output(&["practice", "reset", "nb00"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(fixture.read("practice/nb00_testing.kept-1/src/deep.rs"), "mine");
    assert!(fixture.read(DEEP).contains("todo!"));
}

/// Before anything is built: what the lesson could not call is named.
#[test]
fn a_changed_signature_and_a_lost_function_are_named() {
    let fixture = fixture();
    fixture.output(&["practice", "nb00"]);
    fixture.edit(DEEP, "pub fn near() -> bool", "pub fn near(a: u8) -> bool");
    let (code, out, _) = fixture.output(&["practice", "try"]);
    assert_eq!(code, Some(1), "{out}");
    in_order(
        &out,
        &["src/deep.rs:8: the signature of `deep::near` was changed", "practice reset nb00_testing 1"],
    );
    fixture.edit(DEEP, "pub fn near(a: u8)", "pub fn far()");
    let (code, out, _) = fixture.output(&["practice", "try"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("`deep::near` is not there any more"), "{out}");
    let json: serde_json::Value =
        serde_json::from_str(&fixture.output(&["practice", "try", "--json"]).1).unwrap();
    assert!(json["problem"].as_str().unwrap().contains("is not there any more"), "{json}");
}

#[test]
fn hints_come_one_by_one_and_the_solution_after_asking() {
    let fixture = fixture();
    fixture.output(&["practice", "nb00"]);
    let hint = || fixture.output(&["practice", "hint"]).1;
    let (first, second) = (hint(), hint());
    assert!(first.contains("1. Is it?") && !first.contains("2. true") && first.contains("3 more"), "{first}");
    in_order(&second, &["1. Is it?", "2. true", "2 more"]);
    hint();
    in_order(&hint(), &["4. ```python", "   True", "practice solution"]);
    assert_eq!(hint(), hint(), "there are no more");
    let (code, out, err) = fixture.output(&["practice", "solution"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("not shown") && err.contains("--yes"), "{out}{err}");
    in_order(
        &fixture.output(&["practice", "solution", "--yes"]).1,
        &["/// Near.", "pub fn near() -> bool {", "true"],
    );
    let (code, out, _) = fixture.output(&["practice", "compare"]);
    assert_eq!(code, Some(0));
    in_order(&out, &["── yours", "todo!", "── ours", "true"]);
    let (code, _, err) = fixture.output(&["practice", "hint", "7"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("has the exercises 1 to 2"), "{err}");
}

#[test]
fn the_editor_gets_file_and_line() {
    let fixture = fixture();
    fixture.output(&["practice", "nb00"]);
    for (editor, words) in [("printf <%s>", "src/deep.rs:8>"), ("printf <%s><%s> {line} {file}", "<8><")] {
        let (code, out, err) = fixture.output(&["practice", "--editor", editor]);
        assert_eq!(code, Some(0), "{err}");
        // It is not waited for.
        assert!(out.contains(words) || cfg!(windows) || out.ends_with('\n'), "{out}");
    }
    let (code, _, err) = fixture.output(&["practice", "--editor", "no-such-editor"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("the editor no-such-editor does not start"), "{err}");
}

/// Killed at fifty moments of its making and of resets: a learner's file is the old one or the new one, and kept.
#[cfg(unix)]
#[test]
fn killed_at_any_moment_nothing_is_lost() {
    let fixture = fixture();
    let start = |args: &[&str]| {
        fixture
            .process(args)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let folder = fixture.root.join("practice/nb00_testing");
    // As soon as the first thing is written, and then a little later each time.
    let kill_in_the_midst = |mut child: std::process::Child, first: PathBuf, moment: u32| {
        while !first.exists() && child.try_wait().unwrap().is_none() {}
        std::thread::sleep(std::time::Duration::from_micros(100) * moment);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    fixture.output(&["practice", "nb00"]);
    let files = |folder: &PathBuf| fs::read_dir(folder).unwrap().count();
    let (count, fresh) = (files(&folder), fixture.read(DEEP));
    for moment in 0..25 {
        fs::remove_dir_all(fixture.root.join("practice")).unwrap();
        kill_in_the_midst(start(&["practice", "nb00"]), fixture.root.join("practice"), moment);
        assert!(!folder.exists() || files(&folder) == count, "it appears whole or not at all");
        fixture.output(&["practice", "nb00"]);
        assert_eq!(fixture.read(DEEP), fresh, "the next call makes it, whatever was left behind");
    }
    for moment in 0..25 {
        let todo = "todo!(\"exercise 1: deep::near, whether it is near\")";
        let mine = fresh.replace(todo, &format!("{moment} == 1"));
        fixture.write(DEEP, &mine);
        let _ = fs::remove_dir_all(folder.join("kept"));
        kill_in_the_midst(start(&["practice", "reset", "nb00", "1"]), folder.join("kept"), moment);
        let now = fixture.read(DEEP);
        assert!(now == mine || now == fresh, "half written: {now}");
        let kept = fs::read_dir(folder.join("kept")).into_iter().flatten().flatten();
        let is_kept = kept.map(|file| fs::read_to_string(file.path()).unwrap()).any(|text| text == mine);
        assert!(now == mine || is_kept, "what was written is nowhere");
        let progress = fixture.read("practice/nb00_testing/progress.json");
        assert!(serde_json::from_str::<serde_json::Value>(&progress).is_ok(), "{progress}");
    }
}

/// Not as root, who may write anywhere.
#[cfg(unix)]
#[test]
fn a_read_only_folder_gets_a_clear_word() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = fixture();
    let folder = fixture.root.join("practice");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("x"), "").is_ok() {
        return crate::common::skipped::skipped("a read-only folder", "this is root, who may write anywhere");
    }
    let (code, _, err) = fixture.output(&["practice", "nb00"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("cannot be written") && err.contains("ermission denied"), "{err}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program, with no file allowed to grow beyond so many blocks: what a full disk does to it, on any Unix.
#[cfg(unix)]
fn with_room(fixture: &Fixture, blocks: u32, args: &[&str]) -> (Option<i32>, String, String) {
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = fixture.program("sh", &["-c", &limited, env!("CARGO_BIN_EXE_xtask")]);
    let output = command.args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_nothing_is_lost() {
    let fixture = fixture();
    let (code, _, err) = with_room(&fixture, 8, &["practice", "nb00"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cannot be written") && !err.contains("panicked"), "{err}");
    let count = |folder: &str| fs::read_dir(fixture.root.join(folder)).unwrap().count();
    assert_eq!(count("practice"), 0, "half a folder stays");

    assert_eq!(fixture.output(&["practice", "nb00"]).0, Some(0));
    fixture.edit(DEEP, "todo!(\"exercise 1: deep::near, whether it is near\")", "1 == 1");
    let (mine, progress) = (fixture.read(DEEP), fixture.read("practice/nb00_testing/progress.json"));
    let files = count("practice/nb00_testing/src");
    let (code, _, err) = with_room(&fixture, 0, &["practice", "reset", "nb00", "1"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cannot be written") && !err.contains("panicked"), "{err}");
    let (code, out, err) = with_room(&fixture, 0, &["practice", "hint"]);
    assert_eq!(code, Some(0), "a hint needs no disk: {err}");
    assert!(out.contains("1. Is it?") && err.contains("the hint is not remembered"), "{out}{err}");
    assert_eq!(fixture.read(DEEP), mine);
    assert_eq!(fixture.read("practice/nb00_testing/progress.json"), progress);
    assert_eq!(count("practice/nb00_testing/src"), files, "half a file stays");
}

/// A disk of sixteen kilobytes, where a user may mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_gets_a_clear_word() {
    let fixture = fixture();
    fs::create_dir(fixture.root.join("practice")).unwrap();
    const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=16k none practice || exit 77; \
        \"$0\" practice nb00; code=$?; ls -A practice; exit $code";
    let args = ["-rm", "sh", "-c", ON_A_SMALL_DISK, env!("CARGO_BIN_EXE_xtask")];
    let output = fixture.program("unshare", &args).output();
    let Some(output) =
        output.ok().filter(|o| o.status.code() == Some(1) && !o.stderr.starts_with(b"unshare"))
    else {
        return crate::common::skipped::skipped("a full disk", "no file system can be mounted here");
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(err.contains("cannot be written") && err.contains("No space left"), "{err}");
    assert_eq!(out, "", "half a folder stays");
}

#[test]
fn check_says_what_has_neither_an_exercise_nor_a_reason() {
    let fixture = fixture();
    assert_eq!(fixture.output(&["check"]).0, Some(0), "{}", fixture.output(&["check"]).1);
    let file = "crates/nb00_testing/practice/exercises.md";
    fixture.edit(file, "- `test_eq`, `inner`: given.", "- `inner`: given.");
    fixture.edit(file, "Sections: `s01_constant`.", "Sections: `s09_none`.");
    fixture.edit(file, "`deep::deeper::lent`", "`deep::borrowed`");
    fixture.edit(file, "4. d\n", "");
    let (code, out, _) = fixture.output(&["check"]);
    assert_eq!(code, Some(1));
    for words in [
        "`test_eq` is exported, but neither an exercise nor listed below",
        "the lesson has no section `s09_none`",
        "nb00_testing has no `deep::borrowed`",
        "no test judges `deep::borrowed`: write `fn deep_borrowed`",
        "`deep::borrowed` needs four hints",
    ] {
        assert!(out.contains(words), "`{words}` is missing in:\n{out}");
    }
}
