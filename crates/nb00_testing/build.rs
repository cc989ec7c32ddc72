//! Hands the profile's name to the crate, so that no timing is printed without it. The crate knows how it was itself compiled:
//! as the caller's other dependencies are.

fn main() {
    let var = |name| std::env::var(name).unwrap_or_else(|_| "unknown".into());
    println!(
        "cargo:rustc-env=NB_PROFILE={} build, dependencies at opt-level {}",
        var("PROFILE"),
        var("OPT_LEVEL")
    );
    println!("cargo:rerun-if-changed=build.rs");
}
