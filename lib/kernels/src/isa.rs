//! Which instructions: AVX-512, AVX2 with FMA, NEON or plain Rust, chosen when the program runs.
//!
//! A program compiled for every x86-64 processor may only use what the first of them had. So the kernels are
//! compiled several times, and the first product asks the processor which of them it can run. The environment
//! variable `NB_MATMUL` (`portable`, `avx2`, `avx512`, `neon`) takes the choice away from it.

use crate::settings;
use std::fmt;
use std::sync::OnceLock;

/// The kernels that a product can run on.
///
/// ```
/// use kernels::Isa;
///
/// assert!(Isa::available().contains(&Isa::chosen()));
/// assert_eq!(Isa::Avx512.to_string(), "avx512"); // as `NB_MATMUL` spells it
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Plain Rust, vectorised by the compiler: runs anywhere, and is what `f64` uses everywhere.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// x86-64 with AVX-512: 16 lanes.
    Avx512,
    /// 64-bit ARM: 4 lanes.
    Neon,
}

impl Isa {
    /// From the slowest to the fastest.
    const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// What this processor can run, the fastest last.
    ///
    /// ```
    /// use kernels::Isa;
    ///
    /// assert_eq!(Isa::available()[0], Isa::Portable);
    /// ```
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|path| path.is_available()).collect()
    }

    /// What products run on: the one that `NB_MATMUL` names, or else the fastest.
    ///
    /// # Panics
    /// If `NB_MATMUL` names no path, or one that this processor lacks.
    ///
    /// ```
    /// println!("{}", kernels::Isa::chosen()); // avx512
    /// ```
    pub fn chosen() -> Self {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| match settings::variable("NB_MATMUL") {
            Some(name) => Self::named(&name).unwrap_or_else(|why| panic!("NB_MATMUL={name}: {why}")),
            None => Self::fastest(),
        })
    }

    fn fastest() -> Self {
        Self::available().pop().unwrap_or(Self::Portable)
    }

    /// The path of that name, if this processor has it.
    fn named(name: &str) -> Result<Self, String> {
        let spelled = |paths: &[Self]| paths.iter().map(Self::to_string).collect::<Vec<_>>().join(", ");
        let path = Self::ALL
            .into_iter()
            .find(|path| path.to_string() == name)
            .ok_or_else(|| format!("no such path; there are {}", spelled(&Self::ALL)))?;
        if path.is_available() {
            Ok(path)
        } else {
            Err(format!("this processor cannot run it; it can run {}", spelled(&Self::available())))
        }
    }

    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)] // which of them are left depends on the processor compiled for
            _ => false,
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the processor says, asked directly.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_path_is_available_where_its_instructions_are() {
        let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        assert_eq!(Isa::Avx2.is_available(), fused);
        assert_eq!(Isa::Avx512.is_available(), fused && is_x86_feature_detected!("avx512f"));
        assert!(Isa::Portable.is_available() && !Isa::Neon.is_available());
    }

    #[test]
    fn a_path_that_is_not_there_is_refused_with_those_that_are() {
        assert_eq!(Isa::named("portable"), Ok(Isa::Portable));
        assert!(Isa::named("sse9").unwrap_err().contains("portable, neon, avx2, avx512"));
        let foreign = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
        assert!(Isa::named(foreign).unwrap_err().contains("it can run portable"));
    }
}
