//! Memory for results and for packed operands: aligned, and not paid for twice.
//!
//! A fresh result of 50,000 × 784 is 157 MB. Filling it with zeros first would write it twice; so it starts
//! uninitialised, and the kernel is the first to write. It is aligned to cache lines, since non-temporal
//! stores want that, and on Linux in pages of 2 MB, since 38,000 page faults of 4 KB would take longer than filling them. Packed operands live in buffers that are used again.

use ndarray::{Array, Array1, Dimension, IntoDimension, s};
use std::cell::RefCell;
use std::mem::MaybeUninit;

/// What every buffer is aligned to, in bytes: a cache line, and the widest register.
const LINE: usize = 64;

/// From this many bytes on, large pages are worth asking for: a hidden layer's 10 MB are. Smaller blocks the allocator
/// often has already.
#[cfg(target_os = "linux")]
const HUGE: usize = 4 << 20;

/// A new array, not yet written, its first element aligned to a cache line unless it is small.
///
/// # Panics
/// At the caller's line, in the name of `operation`, if there is no memory for it.
#[track_caller]
pub(crate) fn uninit<T, Sh: IntoDimension>(operation: &str, shape: Sh) -> Array<MaybeUninit<T>, Sh::Dim> {
    let shape = shape.into_dimension();
    let len = check_room::<T>(operation, shape.slice());
    if len * size_of::<T>() < 16 << 10 {
        return Array::uninit(shape);
    }
    let slack = LINE / size_of::<T>();
    let memory = Array1::<T>::uninit(len + slack);
    let start = memory.as_ptr().align_offset(LINE).min(slack);
    let mut memory = memory.slice_move(s![start..start + len]);
    ask_for_large_pages(memory.as_slice_mut().expect("new and in order"));
    memory.into_shape_with_order(shape).expect("as many numbers as the shape holds, in order")
}

/// The same memory, set to zero.
pub(crate) fn zeroed(memory: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    memory.fill(MaybeUninit::new(0.0));
    // SAFETY: every number was just written.
    unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), memory.len()) }
}

/// How many numbers an array of that shape holds, if there is memory for it; else a panic in the name of `operation`.
///
/// # Panics
/// At the caller's line if [`room`] has no answer.
#[track_caller]
pub fn check_room<T>(operation: &str, shape: &[usize]) -> usize {
    match room::<T>(shape) {
        Some(len) => len,
        // Not in a closure, which would not know the caller's line.
        None => panic!(
            "{operation}: a result of shape {shape:?} takes {:.0} GB, and there is not so much memory; \
             compute a part of its rows at a time",
            shape.iter().map(|&n| n as f64).product::<f64>() * size_of::<T>() as f64 / 1e9
        ),
    }
}

/// How many numbers an array of that shape holds; `None` if there is no memory for it.
///
/// Small arrays are not asked about. Whether there is memory for a large one is tried out here, since Rust ends the whole
/// program where an allocation fails.
pub fn room<T>(shape: &[usize]) -> Option<usize> {
    const SMALL: usize = 1 << 30;
    if shape.contains(&0) {
        // ndarray counts the other axes, and refuses more of them than memory has addresses.
        return bytes::<T>(shape.iter().copied().filter(|&n| n > 0)).map(|_| 0);
    }
    let bytes = bytes::<T>(shape.iter().copied())?;
    let fits = bytes <= SMALL || Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    fits.then(|| bytes / size_of::<T>())
}

fn bytes<T>(mut shape: impl Iterator<Item = usize>) -> Option<usize> {
    let len = shape.try_fold(1_usize, |len, n| len.checked_mul(n))?;
    len.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize)
}

/// Asks the system for pages of 2 MB instead of 4 KB: a few dozen page faults instead of 38,000, and fewer TLB misses. Each
/// page still comes at its first access, so that what the system has just set to zero is in cache when it is written.
#[cfg(target_os = "linux")]
pub fn ask_for_large_pages<T>(memory: &mut [T]) {
    const PAGE: usize = 4096;
    let (start, bytes) = (memory.as_mut_ptr().cast::<u8>(), size_of_val(memory));
    if bytes < HUGE {
        return;
    }
    let skipped = start.align_offset(PAGE);
    let whole = (bytes - skipped) / PAGE * PAGE;
    // SAFETY: the range lies inside memory that is borrowed mutably, and the advice does not change a byte of it. Where it
    // is refused, pages stay small: nothing to do about that.
    unsafe { libc::madvise(start.add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
}

/// Nothing to ask for: only Linux has this advice.
#[cfg(not(target_os = "linux"))]
pub fn ask_for_large_pages<T>(_: &mut [T]) {}

/// A cache line, so that a `Vec` of them is aligned.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; LINE]);

/// Buffers larger than this, in bytes, are given back to the system after use.
const KEPT: usize = 32 << 20;

/// Lends `work` a buffer for `len` numbers that hold anything. Each thread keeps its buffers for the next product.
pub(crate) fn with_scratch<T, R>(len: usize, work: impl FnOnce(Scratch<T>) -> R) -> R {
    thread_local!(static BUFFERS: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) });
    let lines = (len * size_of::<T>()).div_ceil(LINE);
    // While a thread ends, its buffers are gone already: then each product has one of its own.
    let kept = BUFFERS.try_with(|buffers| buffers.borrow_mut().pop());
    let mut buffer = kept.ok().flatten().unwrap_or_default();
    if buffer.capacity() < lines {
        buffer = Vec::with_capacity(lines);
    }
    let result = work(Scratch { start: buffer.as_mut_ptr().cast(), len });
    if buffer.capacity() * LINE <= KEPT {
        let _ = BUFFERS.try_with(|buffers| buffers.borrow_mut().push(buffer));
    }
    result
}

/// A buffer on loan: `len` numbers from `start` on, aligned to a cache line.
#[derive(Clone, Copy)]
pub(crate) struct Scratch<T = f32> {
    start: *mut T,
    len: usize,
}

// SAFETY: threads may share it as long as they write to different places, which its users see to.
unsafe impl<T: Send> Send for Scratch<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Scratch<T> {}

impl<T> Scratch<T> {
    /// The address of number `index`.
    pub(crate) fn at(&self, index: usize) -> *mut T {
        debug_assert!(index <= self.len);
        self.start.wrapping_add(index)
    }
}
