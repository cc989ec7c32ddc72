//! The program behind `cargo xtask train`, on drawn digits.

use nb03_minibatch_training::data::{SIDE, drawn};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Built as this test is, and found beside it.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let profile = if folder.ends_with("debug") { "dev" } else { "release" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--package",
        env!("CARGO_PKG_NAME"),
        "--example",
        "train",
        "--profile",
        profile,
    ]);
    assert!(cargo.status().unwrap().success());
    folder.join("examples/train")
});

fn program(folder: &Path, args: &[&str]) -> Command {
    let mut program = Command::new(&*PROGRAM);
    program
        .args(args)
        .current_dir(folder)
        .env("NB_DATA", "drawn")
        .env_remove("LC_ALL")
        .env("LC_ALL", "C.UTF-8");
    program
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(folder, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn good(folder: &Path, args: &[&str]) -> (String, String) {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, Some(0), "{args:?}: {err}");
    (out, err)
}

const NET: [&str; 4] = ["--weights", "net.safetensors", "--hidden", "16"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    NET.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn a_resumed_run_is_the_whole_one_to_the_bit() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (out, err) =
        good(whole.path(), &with(&["--epochs", "3", "--curve", "loss.svg", "--json", "run.json"]));
    assert!(
        out.starts_with("accuracy 0.") && out.contains("after 3 epochs") && out.contains("wrote loss.svg"),
        "{out}"
    );
    assert!(
        err.lines().filter(|line| line.starts_with("epoch ")).count() == 3 && !err.contains('\u{1b}'),
        "{err}"
    );
    good(parts.path(), &with(&["--epochs", "1"]));
    let (resumed, _) = good(parts.path(), &with(&["--epochs", "3", "--resume"]));
    assert_eq!(resumed.lines().next(), out.lines().next());
    let weights = |folder: &Path| fs::read(folder.join("net.safetensors")).unwrap();
    assert_eq!(weights(whole.path()), weights(parts.path()));
    assert!(fs::read_to_string(whole.path().join("loss.svg")).unwrap().contains("<polyline"));
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(whole.path().join("run.json")).unwrap()).unwrap();
    assert_eq!((json["epochs"].as_array().map(Vec::len), &json["hidden"]), (Some(3), &16.into()));
}

#[test]
fn what_is_there_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    good(folder, &with(&["--epochs", "1"]));
    let files = || ["net.safetensors", "net.json"].map(|file| fs::read(folder.join(file)).unwrap());
    let before = files();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--epochs", "2"], 2, "--resume goes on with its run"),
        (&["--epochs", "2", "--resume", "--bs", "32"], 2, "the run had --bs 64, and now it is 32"),
        (&["--epochs", "2", "--force", "--lr", "1e30"], 1, "take a smaller --lr"),
        (&["--epochs", "2", "--resume", "--force"], 2, "cannot be used with"),
    ];
    for (args, code, said) in cases {
        let (found, _, err) = run(folder, &with(args));
        assert!(found == Some(code) && err.contains(said), "{args:?}: {found:?} {err}");
        assert!(files() == before, "{args:?}");
    }
    for (file, damaged) in [("net.safetensors", &before[0][..200]), ("net.json", &before[1][..20])] {
        fs::write(folder.join(file), damaged).unwrap();
        let (code, _, err) = run(folder, &with(&["--epochs", "2", "--resume"]));
        assert!(code == Some(1) && err.contains(file), "{err}");
        fs::write(folder.join("net.safetensors"), &before[0]).unwrap();
        fs::write(folder.join("net.json"), &before[1]).unwrap();
    }
    good(folder, &["--weights", "other.safetensors", "--hidden", "16", "--seed", "1", "--epochs", "1"]);
    fs::copy(folder.join("other.safetensors"), folder.join("net.safetensors")).unwrap();
    let (code, _, err) = run(folder, &with(&["--epochs", "2", "--resume"]));
    assert!(code == Some(1) && err.contains("the record of other weights"), "{err}");
}

#[test]
fn wrong_arguments_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 8] = [
        &["--lr", "0"],
        &["--lr", "nan"],
        &["--bs", "0"],
        &["--hidden", "0"],
        &["--epochs", "0"],
        &["--resume"],
        &["predict"],
        &["predict", "--row", "1"],
    ];
    for args in cases {
        let (code, out, err) = run(folder.path(), args);
        assert!(code == Some(2) && out.is_empty() && err.starts_with("error:"), "{args:?}: {code:?} {err}");
    }
    let (help, _) = good(folder.path(), &["--help"]);
    assert!(help.contains("--hidden") && help.contains("Exit codes"));
}

/// The picture of a digit: four times as large, moved, dark on light; and the row that it was drawn from.
#[test]
fn a_picture_is_recognised_like_the_row_that_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    good(folder, &with(&["--epochs", "3"]));
    let digits = drawn(5000, 1000, 1998); // those of NB_DATA=drawn
    let (mut same, rows) = (0, 10);
    for row in 0..rows {
        let (text, _) = good(folder, &["predict", "--row", &row.to_string(), "--weights", "net.safetensors"]);
        let seen = |text: &str| {
            text.split("The net sees ")
                .nth(1)
                .and_then(|rest| rest.split(['.', ';']).next())
                .map(String::from)
        };
        assert!(text.lines().filter(|line| line.contains("█")).count() > 5, "{text}");
        assert!(text.contains(&format!("its label is {}", digits.y_valid[row])), "{text}");
        let pixels: Vec<f32> = digits.x_valid.row(row).to_vec();
        png(&folder.join("large.png"), 150, |y, x| {
            let at = |i: usize| i.checked_sub(20).map(|i| i / 4).filter(|i| *i < SIDE);
            at(y).zip(at(x)).map_or(255, |(y, x)| 255 - (pixels[y * SIDE + x] * 256.0).min(255.0) as u8)
        });
        png(&folder.join("small.png"), SIDE, |y, x| (pixels[y * SIDE + x] * 256.0) as u8);
        let of = |file| good(folder, &["predict", file, "--weights", "net.safetensors"]).0;
        assert_eq!(seen(&of("small.png")), seen(&text));
        same += usize::from(seen(&of("large.png")) == seen(&text));
    }
    assert!(same + 2 >= rows, "only {same} of {rows} large pictures were seen as the rows are");
}

fn png(path: &Path, side: usize, pixel: impl Fn(usize, usize) -> u8) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..side * side).map(|i| pixel(i / side, i % side)).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

#[test]
fn a_bad_picture_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    good(folder, &with(&["--epochs", "1"]));
    png(&folder.join("empty.png"), 40, |_, _| 255);
    fs::write(folder.join("text.png"), "no picture").unwrap();
    png(&folder.join("cut.png"), 40, |y, x| (y * x) as u8);
    let cut = fs::read(folder.join("cut.png")).unwrap();
    fs::write(folder.join("cut.png"), &cut[..cut.len() / 2]).unwrap();
    for file in ["empty.png", "text.png", "cut.png", "none.png"] {
        let (code, out, err) = run(folder, &["predict", file, "--weights", "net.safetensors"]);
        assert!(
            code == Some(1) && out.is_empty() && err.starts_with(&format!("error: {file}")),
            "{file}: {err}"
        );
    }
    let (code, _, err) = run(folder, &["predict", "--row", "1000", "--weights", "net.safetensors"]);
    assert!(code == Some(2) && err.contains("the validation set has 1000 rows"), "{err}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_last_whole_epoch() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path(), &with(&["--epochs", "100000"]));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().starts_with("epoch 2/")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let last = lines.map(Result::unwrap).last().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code() == Some(130) && last.starts_with("interrupted: "), "{last}");
    let out = String::from_utf8(output.stdout).unwrap();
    let epochs: usize = last.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(epochs >= 2 && out.contains(&format!("after {epochs} epochs")), "{out} {last}");
    good(folder.path(), &with(&["--epochs", &(epochs + 1).to_string(), "--resume"]));
}
