//! A matrix as the kernels see it: where it starts, how large it is, and how far it is to the next row or column.

use ndarray::ArrayRef2;
use std::ops::Range;

/// A matrix to read: element (i, j) is at `start + i·row + j·column`.
///
/// Any stride can occur, negative ones and zero too. What matters is whether one of them is 1: then a whole register
/// of neighbours can be loaded at once.
#[derive(Clone, Copy)]
pub(crate) struct MatRef<T = f32> {
    start: *const T,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// From a row to the next.
    pub(crate) row: isize,
    /// From a column to the next.
    pub(crate) column: isize,
}

// SAFETY: an operand is only made from a shared reference to an array, and only used while that lives; reading a
// number from several threads is what `T: Sync` allows.
unsafe impl<T: Sync> Send for MatRef<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for MatRef<T> {}

impl<T: Copy> MatRef<T> {
    pub(crate) fn new(a: &ArrayRef2<T>) -> Self {
        let (rows, columns) = a.dim();
        let mut operand =
            Self { start: a.as_ptr(), rows, columns, row: a.strides()[0], column: a.strides()[1] };
        // An axis of one element may carry any stride; that step is never taken.
        if columns == 1 && operand.row != 1 {
            operand.column = 1;
        }
        if rows == 1 && operand.column != 1 {
            operand.row = 1;
        }
        operand
    }

    /// The same numbers with rows and columns exchanged; nothing moves.
    pub(crate) fn t(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row: self.column, column: self.row, ..self }
    }

    /// Some of its rows.
    pub(crate) fn some_rows(&self, rows: &Range<usize>) -> Self {
        Self { start: self.at(rows.start, 0), rows: rows.len(), ..*self }
    }

    /// Some of its columns.
    pub(crate) fn some_columns(&self, columns: &Range<usize>) -> Self {
        self.t().some_rows(columns).t()
    }

    /// Where element (i, j) is.
    pub(crate) fn at(&self, i: usize, j: usize) -> *const T {
        let steps = self.row.wrapping_mul(i as isize).wrapping_add(self.column.wrapping_mul(j as isize));
        self.start.wrapping_offset(steps)
    }

    /// Whether neighbours in a row are neighbours in memory.
    pub(crate) fn rows_are_contiguous(&self) -> bool {
        self.column == 1
    }

    /// Whether neighbours in a column are neighbours in memory.
    pub(crate) fn columns_are_contiguous(&self) -> bool {
        self.row == 1
    }
}
