//! `cargo xtask mkl`, with files that stand for an MKL and a test that stands for linking.

use crate::common::{Fixture, outcome};
use std::os::unix::fs::PermissionsExt;

/// What stands for Intel's product: the right one, or another.
fn product(sum: &str) -> String {
    format!(
        "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn cblas_sgemm(_: i32, _: i32, _: i32, m: i32, n: i32, k: i32, \
         _: f32, a: *const f32, _: i32, b: *const f32, _: i32, _: f32, c: *mut f32, _: i32) {{\n\
         for i in 0..m {{ for j in 0..n {{ for l in 0..k {{ unsafe {{\n\
         *c.offset((i * n + j) as isize) {sum} *a.offset((i * k + l) as isize) * *b.offset((l * n + j) as isize);\n\
         }} }} }} }}\n}}\n"
    )
}

/// A workspace with three MKLs: `good`, `wrong`, which links and miscalculates, and `bad`, which does not link.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.write(".cargo/config.toml", "[env]\nMKLROOT = { value = \".mkl\", relative = true }\n");
    // What is built for MKL, here and in the bench.
    fixture.edit("Cargo.toml", "[\"crates/*\"]", "[\"crates/*\", \"source\"]\nexclude = [\"benches\"]");
    for (folder, more) in [("source", ""), ("benches", "[workspace]\n")] {
        fixture.write(
            &format!("{folder}/Cargo.toml"),
            &format!("[package]\nname = \"intel-mkl-src\"\nedition = \"2024\"\n{more}"),
        );
        fixture.write(&format!("{folder}/src/lib.rs"), "//! Source.\n");
    }
    for (name, sum) in [("good", Some("+=")), ("wrong", Some("-=")), ("bad", None)] {
        mkl(&fixture, name, sum);
    }
    fixture
}

/// An MKL below a folder of this name. The library that links is made of Rust.
fn mkl(fixture: &Fixture, name: &str, sum: Option<&str>) {
    for file in ["libmkl_intel_thread.a", "libmkl_core.a", "libiomp5.a"] {
        fixture.write(&format!("{name}/{file}"), "!<arch>\n");
    }
    ["mkl.h", "mkl_version.h"].iter().for_each(|file| fixture.write(&format!("{name}/{file}"), name));
    fixture.write(&format!("{name}/libmkl_intel_lp64.a"), "no library");
    if let Some(sum) = sum {
        fixture.write(&format!("{name}/product.rs"), &product(sum));
        let mut rustc = fixture
            .program("rustc", &["--edition", "2024", "--crate-type", "staticlib", "-C", "panic=abort", "-o"]);
        rustc.args([format!("{name}/libmkl_intel_lp64.a"), format!("{name}/product.rs")]);
        assert!(rustc.status().unwrap().success());
    }
}

#[test]
fn an_mkl_that_does_not_link_leaves_the_one_that_does() {
    let fixture = fixture();
    let (code, out, err) = fixture.output(&["mkl", "--from", "good"]);
    assert!(code == Some(0) && out.starts_with("Intel MKL is ready"), "{out}{err}");
    for (name, says) in [("bad", "the linker failed"), ("wrong", "this MKL does not multiply")] {
        let (code, _, err) = fixture.output(&["mkl", "--from", name]);
        assert!(code == Some(1) && err.contains("what was there before is still there"), "{name}: {err}");
        assert!(err.contains(says), "{name}: {err}");
        assert_eq!(fixture.read(".mkl/include/mkl.h"), "good");
        assert!(!fixture.exists(".mkl.part") && !fixture.exists(".old"));
    }
    assert_eq!(fixture.output(&["mkl"]).0, Some(0), "it still links");

    fixture.write("good/libmkl_intel_lp64.a", "no library");
    let (code, _, err) = fixture.output(&["mkl"]);
    assert!(code == Some(1) && err.contains(".mkl and try again"), "{err}");
}

#[test]
fn an_mkl_in_a_hidden_folder_is_found() {
    let fixture = fixture();
    mkl(&fixture, "home/.venv", Some("+="));
    let (code, out, err) = fixture.output(&["mkl", "--from", "home"]);
    assert!(code == Some(0) && out.starts_with("Intel MKL is ready"), "{out}{err}");
}

/// `NB_OFFLINE=0` is no wish to stay offline; what stands in the way here is Python.
#[test]
fn only_who_wants_to_stay_offline_does() {
    let fixture = fixture();
    fixture.write("bin/python3", "#!/bin/sh\nexit 1\n");
    let python = fixture.root.join("bin/python3");
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", fixture.root.join("bin").display(), std::env::var("PATH").unwrap());
    for (offline, says) in
        [("1", "NB_OFFLINE forbids"), ("0", "takes python3 with pip"), ("", "takes python3 with pip")]
    {
        let mut mkl = fixture.xtask(&["mkl"]);
        let (code, _, err) = outcome(mkl.env("NB_OFFLINE", offline).env("PATH", &path));
        assert!(code == Some(1) && err.contains(says), "NB_OFFLINE={offline}: {err}");
    }
}
