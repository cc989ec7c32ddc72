//! A crate outside the workspace that depends on this stage alone builds and runs.

use std::path::Path;
use std::process::Command;

#[test]
fn one_dependency_brings_everything_below_it() {
    let stage = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::copy(stage.join("tests/outside/program.rs"), folder.join("src/main.rs")).unwrap();
    // The same versions as ours, so nothing has to be downloaded for this.
    std::fs::copy(stage.join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let manifest = format!(
        "[package]\nname = \"outside\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nnb02_fully_connected = {{ path = {stage:?} }}\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline"]).current_dir(&folder);
    cargo.env("CARGO_TARGET_DIR", folder.join("target")).env("NB_DATA", "drawn");
    let output = cargo.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(out.contains("on digits drawn by this program"), "{out}");
}
