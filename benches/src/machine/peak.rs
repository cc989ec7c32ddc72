//! The peak: multiply-adds that wait for nothing but each other.
//!
//! Enough independent accumulators to fill the pipelines (latency 4 × 2 units = 8; 12 to be safe), no memory. What
//! comes out is what this machine reaches at its present clock, not what a data sheet says.

#![allow(unsafe_code)] // One call of a function for the CPU that was found.

#[cfg(target_arch = "x86_64")]
use nb03_minibatch_training::matmul::Isa;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread::scope;
use std::time::{Duration, Instant};

/// A loop of multiply-adds for one kind of CPU.
struct Kernel {
    name: &'static str,
    lanes: usize,
    /// Runs so many steps of [`ACCUMULATORS`] multiply-adds each.
    run: fn(u64) -> f32,
}

const ACCUMULATORS: usize = 12;
const STEPS: u64 = 400_000;

/// The best of many short windows: the instructions' name and GFLOP/s.
pub(crate) fn measure(threads: usize) -> (&'static str, f64) {
    let kernel = kernel();
    let flops = (threads * ACCUMULATORS * kernel.lanes * 2) as f64 * STEPS as f64;
    let end = Instant::now() + Duration::from_millis(400);
    let mut best = f64::INFINITY;
    while Instant::now() < end {
        best = best.min(together(threads, || _ = black_box((kernel.run)(black_box(STEPS)))));
    }
    (kernel.name, flops / best / 1e9)
}

/// Seconds until all of `threads` threads, having started together, have done `work`.
pub(super) fn together(threads: usize, work: impl Fn() + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let timed = || {
        barrier.wait();
        let start = Instant::now();
        work();
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = scope(|s| {
        let others: Vec<_> = (1..threads).map(|_| s.spawn(timed)).collect();
        let mine = timed();
        others.into_iter().filter_map(|thread| thread.join().ok()).chain([mine]).collect()
    });
    let start = times.iter().map(|time| time.0).min();
    let end = times.iter().map(|time| time.1).max();
    start.zip(end).map_or(f64::INFINITY, |(start, end)| (end - start).as_secs_f64())
}

#[cfg(target_arch = "x86_64")]
fn kernel() -> Kernel {
    let held = Isa::chosen() == Isa::Avx2; // or the fastest there is
    if !held && is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512F, as was just asked.
        Kernel { name: "AVX-512", lanes: 16, run: |steps| unsafe { avx512(steps) } }
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has AVX2 and FMA, as was just asked.
        Kernel { name: "AVX2 + FMA", lanes: 8, run: |steps| unsafe { avx2(steps) } }
    } else {
        PORTABLE
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(steps: u64) -> f32 {
    use std::arch::x86_64::*;
    let (a, b) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(0.001)));
    let mut sums = [a; ACCUMULATORS];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, a, b);
        }
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(steps: u64) -> f32 {
    use std::arch::x86_64::*;
    let (a, b) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(0.001)));
    let mut sums = [a; ACCUMULATORS];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, a, b);
        }
    }
    sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
}

#[cfg(target_arch = "aarch64")]
fn kernel() -> Kernel {
    Kernel { name: "NEON", lanes: 4, run: neon }
}

#[cfg(target_arch = "aarch64")]
fn neon(steps: u64) -> f32 {
    use std::arch::aarch64::*;
    // SAFETY: every 64-bit Arm CPU has NEON.
    unsafe {
        let (a, b) = (vdupq_n_f32(black_box(0.999)), vdupq_n_f32(black_box(0.001)));
        let mut sums = [a; ACCUMULATORS];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = vfmaq_f32(b, *sum, a);
            }
        }
        sums.into_iter().map(|sum| vaddvq_f32(sum)).sum()
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn kernel() -> Kernel {
    PORTABLE
}

#[cfg_attr(target_arch = "aarch64", expect(dead_code, reason = "NEON is always there"))]
const PORTABLE: Kernel = Kernel { name: "portable", lanes: 4, run: portable };

fn portable(steps: u64) -> f32 {
    let (a, b) = (black_box(0.999_f32), black_box(0.001_f32));
    let mut sums = [[a; 4]; ACCUMULATORS];
    for _ in 0..steps {
        sums = sums.map(|sum| sum.map(|x| x * a + b));
    }
    sums.into_iter().flatten().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_counts() {
        // The fixed point of x = 0.999 x + 0.001 is 1 in each lane, or in lane 0 where only that is summed.
        let kernel = kernel();
        let sum = (kernel.run)(100_000);
        let lanes =
            ACCUMULATORS as f32 * [1.0, kernel.lanes as f32][usize::from(kernel.name != "AVX2 + FMA")];
        assert!((sum / lanes - 1.0).abs() < 1e-2, "{}: {sum}", kernel.name);
    }

    #[test]
    fn all_threads_take_part() {
        let count = std::sync::atomic::AtomicUsize::new(0);
        together(3, || _ = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        assert_eq!(count.into_inner(), 3);
    }
}
