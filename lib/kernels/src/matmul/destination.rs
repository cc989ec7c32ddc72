//! Where results go, and what happens to each on its way there, while it is still in a register.

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
    /// The part that begins at this row and column.
    #[inline(always)]
    pub(super) fn from(self, row: usize, column: usize) -> Self {
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
