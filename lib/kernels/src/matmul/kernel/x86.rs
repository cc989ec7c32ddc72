//! What AVX2 and AVX-512 have in common: methods of one instruction each, whose names alone differ.

/// These methods of [`Lanes`](super::lanes::Lanes), by the intrinsics of a register; what makes them safe is said where they
/// become part of an implementation.
macro_rules! instructions {
    (zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, stream: $stream:ident,
     add: $add:ident, sub: $sub:ident, mul_add: $mul_add:ident, max: $max:ident) => {
        const PREFETCHES: bool = true;

        #[inline(always)]
        unsafe fn zero() -> Self {
            unsafe { $zero() }
        }

        #[inline(always)]
        unsafe fn splat(from: *const f32) -> Self {
            // Not `*from`: a debug build would check its alignment, for each number, in the innermost loop.
            unsafe { $splat(_mm_load_ss(from)) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            unsafe { $load(from) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { $store(to, self) }
        }

        #[inline(always)]
        unsafe fn stream(self, to: *mut f32) {
            unsafe { $stream(to, self) }
        }

        #[inline(always)]
        unsafe fn fence() {
            unsafe { _mm_sfence() }
        }

        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            unsafe { $add(self, other) }
        }

        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            unsafe { $sub(self, other) }
        }

        #[inline(always)]
        unsafe fn mul_add(self, other: Self, plus: Self) -> Self {
            unsafe { $mul_add(self, other, plus) }
        }

        /// `max` answers with its second operand where one is NaN, so the number goes second.
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            unsafe { $max($zero(), self) }
        }

        #[inline(always)]
        unsafe fn prefetch(address: *const f32) {
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
        }

        #[inline(always)]
        unsafe fn prefetch_far(address: *const f32) {
            unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
        }
    };
}
pub(super) use instructions;
