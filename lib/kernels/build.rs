//! Says in one sentence what to run when the feature `mkl` is on and there is no MKL to link.
//!
//! A build script cannot tell `cargo check`, `clippy` and `doc`, which need no library, from a build. So the
//! sentence is a warning, and the error is left to the first step that does need one: it is the name of a
//! library that rustc then looks for, and does not find.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "mkl")]
    mkl::look();
}

#[cfg(feature = "mkl")]
mod mkl {
    use intel_mkl_tool::{Config, Library};

    /// Looks exactly where intel-mkl-src does: pkg-config's prefix, `MKLROOT`, `/opt/intel`.
    pub(super) fn look() {
        println!("cargo:rerun-if-env-changed=MKLROOT");
        if !is_supported() {
            stop("the feature mkl needs x86-64 Linux; turn it off, the stages need no BLAS");
        } else if !is_found() {
            stop("Intel MKL was not found; run `cargo xtask mkl` to get it, or set MKLROOT");
        }
    }

    fn is_supported() -> bool {
        let target = |name| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
        target("ARCH") == "x86_64" && target("OS") == "linux"
    }

    fn is_found() -> bool {
        let config = "mkl-static-lp64-iomp".parse::<Config>();
        config.is_ok_and(|config| Library::new(config).is_ok())
    }

    /// Warns, asks for a library whose name is the reason, and looks again next time.
    fn stop(why: &str) {
        println!("cargo:rerun-if-changed=a-file-that-never-exists");
        println!("cargo:warning={why}");
        println!("cargo:rustc-link-lib=static={why}");
    }
}
