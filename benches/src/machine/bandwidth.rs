//! How many bytes a second can be read and written, in buffers that fit in each cache and in none.
//!
//! The largest is as large as the lesson's `x_train`, and lies in large pages as that does. Writes are measured with
//! ordinary stores and, on x86-64, with non-temporal ones, which do not read what they overwrite; the better counts.

#![allow(unsafe_code)] // Non-temporal stores, and calls of functions for the CPU that was found.

use crate::data::in_large_pages;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::sync::{Barrier, Mutex};
use std::thread::scope;
use std::time::{Duration, Instant};

/// In a buffer of so many bytes, over all threads.
#[derive(Serialize, Deserialize, Debug, Clone, Copy)]
pub(crate) struct Bandwidth {
    pub(crate) bytes: usize,
    /// GB/s.
    pub(crate) read: f64,
    /// GB/s.
    pub(crate) write: f64,
}

impl Bandwidth {
    pub(crate) fn best(&self, other: &Self) -> Self {
        Bandwidth { bytes: self.bytes, read: self.read.max(other.read), write: self.write.max(other.write) }
    }
}

/// L1, L2, beyond, and `x_train`: 50,000 × 784 × 4 bytes.
const SIZES: [usize; 4] = [24 << 10, 1 << 20, 16 << 20, 50_000 * 784 * 4];

/// Measures each size; a quarter of a second each for reading and for both kinds of writing.
pub(crate) fn measure(threads: usize) -> Vec<Bandwidth> {
    SIZES.map(|bytes| of_size(bytes, threads)).into()
}

/// A cache line, where the cache has it.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// A thread's part of the buffer.
type Part = Mutex<Vec<Line>>;

/// What is done to a part.
type Work = fn(&mut [Line]);

fn of_size(bytes: usize, threads: usize) -> Bandwidth {
    let buffer = Buffer::new(bytes, threads);
    let best = |work: Work| {
        let end = Instant::now() + Duration::from_millis(250);
        std::iter::from_fn(|| (Instant::now() < end).then(|| buffer.speed(work))).fold(0.0, f64::max)
    };
    Bandwidth { bytes, read: best(reading), write: best(ordinary).max(best(streaming)) }
}

/// Memory as one that takes turns with the contenders, since what it does changes from one second to the next: the largest
/// buffer, and the best of all turns.
pub(crate) struct Probe {
    buffer: Buffer,
    pub(crate) best: Bandwidth,
}

impl Probe {
    /// For work that goes through so many bytes, if none of the caches holds them.
    pub(crate) fn beyond_the_caches(bytes: f64, threads: usize) -> Option<Self> {
        let largest = SIZES[SIZES.len() - 1];
        let best = Bandwidth { bytes: largest, read: 0.0, write: 0.0 };
        (bytes >= largest as f64).then(|| Probe { buffer: Buffer::new(largest, threads), best })
    }

    pub(crate) fn take(&mut self) {
        let speed = |work: Work| self.buffer.speed(work);
        let now =
            Bandwidth { read: speed(reading), write: speed(ordinary).max(speed(streaming)), ..self.best };
        self.best = self.best.best(&now);
    }
}

/// A buffer that each thread has its part of.
struct Buffer {
    parts: Vec<Part>,
    lines: usize,
}

impl Buffer {
    fn new(bytes: usize, threads: usize) -> Self {
        let lines = bytes.div_ceil(64 * threads);
        let part = |_| Mutex::new(in_large_pages(&vec![Line([1.0; 16]); lines]));
        Buffer { parts: (0..threads).map(part).collect(), lines }
    }

    /// GB/s of all threads that do `work` on their parts at once, at least 4 MiB each.
    fn speed(&self, work: Work) -> f64 {
        let loops = (4_usize << 20).div_ceil(64 * self.lines);
        let seconds = together(self.parts.len(), || {
            let mine = self.parts.iter().find_map(|part| part.try_lock().ok());
            let mut mine = mine.expect("there are as many parts as threads, and each holds one");
            (0..loops).for_each(|_| work(black_box(&mut mine)));
        });
        (self.parts.len() * self.lines * 64 * loops) as f64 / seconds / 1e9
    }
}

fn reading(lines: &mut [Line]) {
    black_box(sum(lines));
}

fn sum(lines: &[Line]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512F, as was just asked.
        return unsafe { sum_avx512(lines) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2, as was just asked.
        return unsafe { sum_avx2(lines) };
    }
    sum_portable(lines)
}

/// Eight lines at a time, each with its own sum, so that no addition waits for the one before.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sum_avx512(lines: &[Line]) -> f32 {
    use std::arch::x86_64::*;
    let mut sums = [_mm512_setzero_ps(); 8];
    for block in lines.as_chunks::<8>().0 {
        for (sum, line) in sums.iter_mut().zip(block) {
            // SAFETY: a `Line` is 16 floats at a multiple of 64 bytes.
            *sum = _mm512_add_ps(*sum, unsafe { _mm512_load_ps(line.0.as_ptr()) });
        }
    }
    let mut total = _mm512_setzero_ps();
    for sum in sums {
        total = _mm512_add_ps(total, sum);
    }
    _mm512_reduce_add_ps(total)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_avx2(lines: &[Line]) -> f32 {
    use std::arch::x86_64::*;
    let mut sums = [[_mm256_setzero_ps(); 2]; 4];
    for block in lines.as_chunks::<4>().0 {
        for (sum, line) in sums.iter_mut().zip(block) {
            for (sum, half) in sum.iter_mut().zip(line.0.as_chunks::<8>().0) {
                // SAFETY: half a `Line` is 8 floats at a multiple of 32 bytes.
                *sum = _mm256_add_ps(*sum, unsafe { _mm256_load_ps(half.as_ptr()) });
            }
        }
    }
    let mut total = _mm256_setzero_ps();
    for sum in sums.as_flattened() {
        total = _mm256_add_ps(total, *sum);
    }
    let mut numbers = [0.0; 8];
    // SAFETY: eight floats can be written there; no alignment is asked for.
    unsafe { _mm256_storeu_ps(numbers.as_mut_ptr(), total) };
    numbers.iter().sum()
}

fn sum_portable(lines: &[Line]) -> f32 {
    let mut sums = [0.0; 16];
    for Line(line) in lines {
        for (sum, x) in sums.iter_mut().zip(line) {
            *sum += x;
        }
    }
    sums.iter().sum()
}

fn ordinary(lines: &mut [Line]) {
    lines.fill(Line([black_box(1.0); 16]));
}

#[cfg(target_arch = "x86_64")]
fn streaming(lines: &mut [Line]) {
    use std::arch::x86_64::{_mm_set1_ps, _mm_sfence, _mm_stream_ps};
    for Line(line) in lines.iter_mut() {
        for quarter in line.as_chunks_mut::<4>().0 {
            // SAFETY: four writable floats at a multiple of 16 bytes, since a `Line` is at one of 64; and every
            // x86-64 CPU has SSE.
            unsafe { _mm_stream_ps(quarter.as_mut_ptr(), _mm_set1_ps(1.0)) };
        }
    }
    // SAFETY: SSE, see above; it orders the stores before whatever comes next.
    unsafe { _mm_sfence() };
}

#[cfg(not(target_arch = "x86_64"))]
fn streaming(lines: &mut [Line]) {
    ordinary(lines);
}

/// Seconds until all of `threads` threads, having started together, have done `work`.
fn together(threads: usize, work: impl Fn() + Sync) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_sum_reads_every_number() {
        let lines: Vec<Line> = (0..24).map(|i| Line([i as f32; 16])).collect();
        assert_eq!((sum(&lines), sum_portable(&lines)), (4416.0, 4416.0)); // 16 · (0 + 1 + … + 23)
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has AVX2, as was just asked.
            assert_eq!(unsafe { sum_avx2(&lines) }, 4416.0);
        }
    }

    #[test]
    fn both_ways_to_write_write_every_number() {
        for write in [ordinary as Work, streaming] {
            let mut lines = vec![Line([0.0; 16]); 9];
            write(&mut lines);
            assert!(lines.iter().all(|line| line.0 == [1.0; 16]));
        }
    }

    /// Memory only takes turns where it is what decides, and then remembers its best one.
    #[test]
    fn memory_takes_turns_where_no_cache_holds_the_data() {
        assert!(Probe::beyond_the_caches(1e6, 1).is_none());
        let mut probe = Probe::beyond_the_caches(2e8, 1).expect("more than the largest buffer");
        probe.take();
        let first = probe.best;
        probe.take();
        assert!(first.read > 0.0 && first.write > 0.0);
        assert!(probe.best.read >= first.read && probe.best.write >= first.write);
    }

    #[test]
    fn all_threads_take_part() {
        let count = std::sync::atomic::AtomicUsize::new(0);
        together(3, || _ = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        assert_eq!(count.into_inner(), 3);
    }
}
