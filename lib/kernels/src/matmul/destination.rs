//! Where results go, and what happens to each on its way there, while it is still in a register.

use ndarray::NdFloat;
use std::slice::from_raw_parts;

/// A matrix to write, each of its rows contiguous and `c_row` after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Destination<T = f32> {
    pub(crate) c: *mut T,
    pub(crate) c_row: isize,
    /// Adds what C holds.
    pub(crate) accumulate: bool,
    /// Adds a number to each column; null for none.
    pub(crate) bias: *const T,
    /// `max(x, 0) − shift`.
    pub(crate) relu_shift: Option<T>,
    /// Non-temporal stores, in tiles that are aligned to whole registers; only where `c_row` is, too.
    pub(crate) stream: bool,
}

impl<T: Copy> Destination<T> {
    /// Sums alone.
    pub(crate) fn plain(c: *mut T, c_row: isize) -> Self {
        let bias = std::ptr::null();
        Destination { c, c_row, accumulate: false, bias, relu_shift: None, stream: false }
    }

    /// The part that begins at this row and column.
    #[inline(always)]
    pub(crate) fn from(self, row: usize, column: usize) -> Self {
        let bias = if self.bias.is_null() { self.bias } else { self.bias.wrapping_add(column) };
        Self { c: self.row(row).wrapping_add(column), bias, ..self }
    }

    /// Where a row begins.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> *mut T {
        self.c.wrapping_offset(self.c_row.wrapping_mul(row as isize))
    }

    /// Whether there is nothing to do but write or add the sums.
    #[inline(always)]
    pub(super) fn only_sums(&self) -> bool {
        self.bias.is_null() && self.relu_shift.is_none()
    }

    /// What to do with the sums over one block of `k`: all but the first are added, and the last is finished.
    pub(super) fn part(self, first: bool, last: bool) -> Self {
        Self {
            accumulate: self.accumulate || !first,
            bias: if last { self.bias } else { std::ptr::null() },
            relu_shift: self.relu_shift.filter(|_| last),
            ..self
        }
    }
}

impl<T: NdFloat> Destination<T> {
    /// The epilogue of a row's sums, from its first number on: bias and ReLU.
    ///
    /// # Safety
    /// There is a bias for each of the sums, if there is one at all.
    pub(super) unsafe fn finish(&self, sums: &mut [T]) {
        if !self.bias.is_null() {
            // SAFETY: as this function's.
            let bias = unsafe { from_raw_parts(self.bias, sums.len()) };
            sums.iter_mut().zip(bias).for_each(|(sum, &bias)| *sum += bias);
        }
        if let Some(shift) = self.relu_shift {
            sums.iter_mut().for_each(|x| *x = if *x < T::zero() { T::zero() } else { *x } - shift);
        }
    }

    /// Writes a row's sums, from its first number on, as the kernels write a finished register.
    ///
    /// # Safety
    /// So many numbers of C may be written, and read where sums are added to them; and as [`finish`](Self::finish)'s.
    pub(super) unsafe fn write(&self, sums: &mut [T]) {
        if self.accumulate {
            // SAFETY: as this function's.
            let c = unsafe { from_raw_parts(self.c, sums.len()) };
            sums.iter_mut().zip(c).for_each(|(sum, &c)| *sum += c);
        }
        // SAFETY: as this function's; `sums` are the caller's own.
        unsafe {
            self.finish(sums);
            self.c.copy_from_nonoverlapping(sums.as_ptr(), sums.len());
        }
    }
}

/// A destination that several threads write to, each task to numbers of its own.
#[derive(Clone, Copy)]
pub(super) struct Shared<T = f32>(pub(super) Destination<T>);

// SAFETY: each task uses the pointers in it for numbers of its own only, and all tasks end before the product does.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    pub(super) fn get(&self) -> Destination<T> {
        self.0
    }
}
