//! A matrix as the kernels see it: where it starts, how large it is, and how far it is to the next row or column.

use ndarray::ArrayRef2;
use std::ops::Range;

/// A matrix to read: element (i, j) is at `start + i·row + j·column`.
///
/// Any stride can occur, negative ones and zero too. What matters is whether one of them is 1: then a whole register
/// of neighbours can be loaded at once.
#[derive(Clone, Copy)]
pub(super) struct Operand<T> {
    start: *const T,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// From a row to the next.
    pub(super) row: isize,
    /// From a column to the next.
    pub(super) column: isize,
}

// SAFETY: an operand is only made from a shared reference to an array, and only used while that lives; reading a
// number from several threads is what `T: Sync` allows.
unsafe impl<T: Sync> Send for Operand<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Operand<T> {}

impl<T> Operand<T> {
    pub(super) fn new(a: &ArrayRef2<T>) -> Self {
        let (rows, columns) = a.dim();
        let mut operand =
            Self { start: a.as_ptr(), rows, columns, row: a.strides()[0], column: a.strides()[1] };
        // An axis of one element may carry any stride; nobody ever takes that step.
        if columns == 1 && operand.row != 1 {
            operand.column = 1;
        }
        if rows == 1 && operand.column != 1 {
            operand.row = 1;
        }
        operand
    }

    /// The same numbers with rows and columns exchanged; nothing moves.
    pub(super) fn t(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row: self.column, column: self.row, ..self }
    }

    /// Some of its rows.
    pub(super) fn some_rows(&self, rows: &Range<usize>) -> Self
    where
        T: Copy,
    {
        Self { start: self.at(rows.start, 0), rows: rows.len(), ..*self }
    }

    /// Some of its columns.
    pub(super) fn some_columns(&self, columns: &Range<usize>) -> Self
    where
        T: Copy,
    {
        self.t().some_rows(columns).t()
    }

    /// Where element (i, j) is.
    pub(super) fn at(&self, i: usize, j: usize) -> *const T {
        let steps = self.row.wrapping_mul(i as isize).wrapping_add(self.column.wrapping_mul(j as isize));
        self.start.wrapping_offset(steps)
    }

    /// Whether neighbours in a row are neighbours in memory.
    pub(super) fn rows_are_contiguous(&self) -> bool {
        self.column == 1
    }

    /// Whether neighbours in a column are neighbours in memory.
    pub(super) fn columns_are_contiguous(&self) -> bool {
        self.row == 1
    }
}
