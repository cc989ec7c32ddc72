//! The machine's limit: how many operations a second there could be at all, if no number ever had to be fetched.

use crate::Isa;
use crate::simd::{SimdKernel, dispatch};
use std::hint::black_box;
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

/// The peak of multiply-adds in `f32`, in GFLOP/s, of so many threads at work at once, but no more than there are processors.
///
/// Twelve independent registers are multiplied and added to over and over, which keeps every arithmetic unit busy and
/// touches no memory. It is measured (20 ms, all threads together), not looked up, since it depends on the processor, on its clock
/// at this moment and on who else is using it.
///
/// ```
/// let peak = kernels::peak(1);
/// assert!(peak > 0.1, "{peak} GFLOP/s");
/// ```
pub fn peak(threads: usize) -> f64 {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..threads.min(processors)).map(|_| scope.spawn(one_peak)).collect();
        runs.into_iter().map(|run| run.join().expect("multiplying does not panic")).sum()
    })
}

/// The best of some short runs.
fn one_peak() -> f64 {
    let start = Instant::now();
    let mut best = 0.0_f64;
    while start.elapsed() < Duration::from_millis(20) {
        let run = Instant::now();
        let lanes = match Isa::chosen() {
            Isa::Avx512 => multiply_adds::<16>(),
            Isa::Avx2 => multiply_adds::<8>(),
            Isa::Neon | Isa::Portable => multiply_adds::<4>(),
        };
        let operations = (2 * REGISTERS * lanes * TIMES) as f64;
        best = best.max(operations / run.elapsed().as_secs_f64() / 1e9);
    }
    best
}

/// Of the 16 that each instruction set has at least: the others hold what is multiplied by and added.
const REGISTERS: usize = 12;
const TIMES: usize = 20_000;

fn multiply_adds<const LANES: usize>() -> usize {
    dispatch(MultiplyAdds::<LANES>);
    LANES
}

/// Nothing but multiply-adds in registers of so many lanes.
struct MultiplyAdds<const LANES: usize>;

impl<const LANES: usize> SimdKernel for MultiplyAdds<LANES> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut sums = [[black_box(1.0_f32); LANES]; REGISTERS];
        let (by, plus) = (black_box(0.5), black_box(0.25));
        for _ in 0..TIMES {
            for sum in sums.as_flattened_mut() {
                *sum = if FMA { sum.mul_add(by, plus) } else { *sum * by + plus };
            }
        }
        black_box(sums);
    }
}
