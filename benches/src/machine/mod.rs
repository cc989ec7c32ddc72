//! The machine: what it is called, and how fast it can be at all.

pub(crate) mod bandwidth;
pub(crate) mod noise;

use bandwidth::Bandwidth;
use nb03_minibatch_training::kernels::{self, Isa};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What the machine is.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    /// Those that a matrix product can use.
    pub(crate) features: Vec<String>,
    pub(crate) memory_gb: f64,
    pub(crate) system: String,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut system = sysinfo::System::new();
        system.refresh_cpu_all();
        system.refresh_memory();
        let name = |x: Option<String>| x.unwrap_or_else(|| "unknown".into());
        Machine {
            cpu: system.cpus().first().map_or_else(|| "unknown".into(), |cpu| cpu.brand().trim().into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            features: features().into_iter().map(Into::into).collect(),
            memory_gb: (system.total_memory() as f64 / 1e8).round() / 10.0,
            system: format!("{}, {}", name(sysinfo::System::long_os_version()), std::env::consts::ARCH),
        }
    }
}

fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("amx-tile", std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("amx_tile"))),
    ];
    #[cfg(target_arch = "aarch64")]
    let found = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found = [("", false); 0];
    found.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

/// How fast the machine can be, as measured in this run.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Limits {
    /// Multiply-adds in `f32`, counted as two operations, in GFLOP/s.
    pub(crate) peak: f64,
    /// The instructions that reached it.
    pub(crate) instructions: String,
    /// From the smallest buffer to the largest.
    pub(crate) bandwidth: Vec<Bandwidth>,
}

impl Limits {
    pub(crate) fn measure(threads: usize) -> Self {
        let peak = (0..20).map(|_| kernels::peak(threads)).fold(0.0, f64::max);
        let instructions = Isa::chosen().to_string();
        Limits { peak, instructions, bandwidth: bandwidth::measure(threads) }
    }

    /// The better of two measurements, value by value: a disturbed one is not the machine's limit.
    pub(crate) fn best(a: &Limits, b: &Limits) -> Limits {
        let bandwidth = a.bandwidth.iter().zip(&b.bandwidth).map(|(a, b)| a.best(b)).collect();
        Limits { peak: a.peak.max(b.peak), instructions: a.instructions.clone(), bandwidth }
    }

    /// The least seconds in which so many operations and bytes are possible.
    ///
    /// Arithmetic, reading and writing run side by side, so it is the longest of the three. The bandwidth is that of the
    /// largest measured buffer that is no larger than the data, at least as fast as the data can be; or what `memory` did at the
    /// same time.
    pub(crate) fn seconds(&self, flops: f64, read: f64, written: f64, memory: Option<Bandwidth>) -> f64 {
        let level = self.bandwidth.iter().rev().find(|level| read + written >= level.bytes as f64);
        let level = memory.as_ref().or(level);
        let bytes = level.or(self.bandwidth.first()).map_or(0.0, |b| (read / b.read).max(written / b.write));
        (flops / self.peak).max(bytes) / 1e9
    }
}

/// The versions of whatever could matter.
pub(crate) fn versions() -> BTreeMap<String, String> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    const PEERS: [&str; 6] = ["candle-core", "faer", "gemm", "matrixmultiply", "ndarray", "rayon"];
    let peers = PEERS.into_iter().chain(cfg!(feature = "burn").then_some("burn-tensor"));
    let peers = peers.filter_map(|name| Some((name.into(), locked(LOCK, name)?)));
    let said = [
        ("", said("rustc", &["--version"])),
        ("revision", said("git", &["describe", "--always", "--dirty"])),
    ];
    let said = said.into_iter().filter_map(|(name, text)| Some((name.into(), text?)));
    peers.chain(said).chain(mkl().map(|version| ("MKL".into(), version))).collect()
}

/// The newest of that name, which is ours: burn's optional parts bring older ones into the lock.
fn locked(lock: &str, name: &str) -> Option<String> {
    let package = lock.rsplit("[[package]]").find(|text| text.contains(&format!("name = \"{name}\"\n")))?;
    let version = package.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').into())
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().into())
}

/// As its header has it, where MKL is linked.
fn mkl() -> Option<String> {
    let root = std::env::var_os("MKLROOT").filter(|_| cfg!(feature = "mkl"))?;
    let header = std::fs::read_to_string(Path::new(&root).join("include/mkl_version.h")).ok()?;
    let number =
        |name: &str| header.lines().find_map(|line| line.split_once(name)?.1.split_whitespace().next());
    let [year, minor, update] =
        ["", "_MINOR", "_UPDATE"].map(|part| number(&format!(" __INTEL_MKL{part}__ ")));
    Some(format!("{}.{}.{}", year?, minor?, update?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let level = |bytes, read, write| Bandwidth { bytes, read, write };
        let bandwidth = vec![level(1_000, 100.0, 50.0), level(1_000_000, 10.0, 20.0)];
        Limits { peak: 100.0, instructions: "abacus".into(), bandwidth }
    }

    #[test]
    fn the_longest_of_arithmetic_reading_and_writing() {
        assert_eq!(limits().seconds(1e6, 0.0, 0.0, None), 1e6 / 100.0 / 1e9);
        assert_eq!(limits().seconds(1.0, 60.0, 40.0, None), 0.8 / 1e9); // smaller than any buffer
        assert_eq!(limits().seconds(1.0, 600.0, 600.0, None), 12.0 / 1e9); // beyond the small one
        assert_eq!(limits().seconds(1.0, 6e6, 0.0, None), 6e5 / 1e9); // beyond the large one
        let slower = Bandwidth { bytes: 1_000_000, read: 5.0, write: 20.0 };
        assert_eq!(limits().seconds(1.0, 6e6, 0.0, Some(slower)), 12e5 / 1e9); // as memory was at that time
    }

    #[test]
    fn the_lock_file_names_the_peers() {
        assert!(versions()["gemm"].starts_with("0.19"));
        assert_eq!(locked("[[package]]\nname = \"a\"\nversion = \"1.2\"\n", "b"), None);
    }

    #[test]
    fn the_better_of_two_measurements() {
        let mut slower = limits();
        slower.bandwidth[0].read = 1.0;
        slower.peak = 200.0;
        let best = Limits::best(&limits(), &slower);
        assert_eq!((best.peak, best.bandwidth[0].read), (200.0, 100.0));
    }
}
