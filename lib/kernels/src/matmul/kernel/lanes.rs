//! One register of numbers, and the few things a product does with it.
//!
//! Every modern core has registers that hold several numbers side by side, its *lanes*, and instructions
//! that work on all of them at once. The widths and names differ: 16 lanes of `f32` and `_mm512_fmadd_ps`
//! with AVX-512, 8 and `_mm256_fmadd_ps` with AVX2, 4 and `vfmaq_f32` with NEON. [`Lanes`] is what they have
//! in common, and the kernels are written once, on top of it.

/// A register of `N` numbers.
///
/// # Safety
/// Every method may compile to instructions of one particular instruction set, so each may only run inside
/// a function compiled for it, on a processor that has it; the tables of [`kernel`](super) see to both.
/// Methods that take a pointer read or write there exactly the lanes that they name, and no others.
pub(super) trait Lanes: Copy {
    /// Which lanes take part in a load or a store.
    type Mask: Copy;

    /// How many lanes.
    const N: usize;

    /// Whether memory can be prefetched.
    const PREFETCHES: bool = false;

    /// The mask of the first `n` lanes.
    unsafe fn first(n: usize) -> Self::Mask;

    unsafe fn zero() -> Self;

    /// The number at `from` in every lane.
    unsafe fn splat(from: *const f32) -> Self;

    unsafe fn load(from: *const f32) -> Self;

    /// Zero in the lanes outside the mask, whose memory is not touched.
    unsafe fn load_masked(from: *const f32, mask: Self::Mask) -> Self;

    unsafe fn store(self, to: *mut f32);

    unsafe fn store_masked(self, to: *mut f32, mask: Self::Mask);

    /// A non-temporal store, to an address aligned to the whole register: for results that are not read again soon.
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: as for `store`, whose lanes these are.
        unsafe { self.store(to) }
    }

    /// Waits until streamed stores can be seen by other threads.
    unsafe fn fence() {}

    unsafe fn add(self, other: Self) -> Self;

    unsafe fn sub(self, other: Self) -> Self;

    /// `self · other + plus`.
    unsafe fn mul_add(self, other: Self, plus: Self) -> Self;

    /// The larger of each lane and zero; NaN stays NaN.
    unsafe fn relu(self) -> Self;

    /// The sum over the lanes of each of four registers, all four added up in the same order.
    unsafe fn sums(four: [Self; 4]) -> [f32; 4];

    /// Four columns of four numbers as four rows.
    #[inline(always)]
    unsafe fn turned(columns: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
        let [a, b, c, d] = columns;
        std::array::from_fn(|i| [a[i], b[i], c[i], d[i]])
    }

    /// Prefetches the cache line at `address`, which may be any address, into L1.
    unsafe fn prefetch(address: *const f32) {
        let _ = address;
    }

    /// The same into L2 only.
    unsafe fn prefetch_far(address: *const f32) {
        let _ = address;
    }
}
