//! `cargo xtask mkl`, with files that stand for an MKL and a test that stands for linking.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::{Fixture, outcome};
use std::os::unix::fs::PermissionsExt;

const LINKS: &str = r#"//! Links.

#[test]
fn it_links() {
    let core = std::env::var("MKLROOT").unwrap() + "/lib/libmkl_core.a";
    assert_eq!(std::fs::read_to_string(core).unwrap(), "good");
}
"#;

/// A workspace whose rung `blas` links where the library says "good".
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.next("nb01_matmul", "nb00_testing", "/// x\n#[test]\nfn s01_x() {}\n");
    fixture.edit("crates/nb01_matmul/Cargo.toml", "[dependencies]", "[features]\nmkl = []\n\n[dependencies]");
    fixture.write("crates/nb01_matmul/tests/blas.rs", LINKS);
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
    mkl(&fixture, "good");
    mkl(&fixture, "bad");
    fixture
}

/// An MKL below a folder of this name, which says it.
fn mkl(fixture: &Fixture, name: &str) {
    for file in [
        "libmkl_intel_lp64.a",
        "libmkl_intel_thread.a",
        "libmkl_core.a",
        "libiomp5.a",
        "mkl.h",
        "mkl_version.h",
    ] {
        fixture.write(&format!("{name}/{file}"), name);
    }
}

#[test]
fn an_mkl_that_does_not_link_leaves_the_one_that_does() {
    let fixture = fixture();
    let (code, out, err) = fixture.output(&["mkl", "--from", "good"]);
    assert!(code == Some(0) && out.starts_with("Intel MKL is ready"), "{out}{err}");
    let (code, _, err) = fixture.output(&["mkl", "--from", "bad"]);
    assert!(code == Some(1) && err.contains("what was there before is still there"), "{err}");
    assert_eq!(fixture.read(".mkl/lib/libmkl_core.a"), "good");
    assert!(!fixture.exists(".mkl.part"));
    assert_eq!(fixture.output(&["mkl"]).0, Some(0), "it still links");

    fixture.write("good/libmkl_core.a", "bad");
    let (code, _, err) = fixture.output(&["mkl"]);
    assert!(code == Some(1) && err.contains(".mkl and try again"), "{err}");
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
