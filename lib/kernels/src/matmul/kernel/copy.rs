//! Copying a panel of B, a register at a time or in small squares: packing is most of what a product of a small batch
//! costs beside its arithmetic.

use super::Panel;
use super::lanes::Lanes;

/// Copies a panel, and fills up its rows with zeros.
///
/// # Safety
/// What [`Panel`] describes can be read and written, and no other thread writes there.
#[inline(always)]
pub(super) unsafe fn copy<L: Lanes>(panel: &Panel) {
    // SAFETY: as this function's.
    unsafe { if panel.from_column == 1 { copy_rows::<L>(panel) } else { copy_squares::<L>(panel) } }
}

/// A panel whose rows are contiguous.
#[inline(always)]
unsafe fn copy_rows<L: Lanes>(panel: &Panel) {
    for i in 0..panel.rows {
        let from = panel.from.wrapping_offset(panel.from_row.wrapping_mul(i as isize));
        let to = panel.to.wrapping_add(i * panel.width);
        for column in (0..panel.width).step_by(L::N) {
            let left = panel.columns.saturating_sub(column);
            let (from, to) = (from.wrapping_add(column), to.wrapping_add(column));
            // SAFETY: inside the panel and its place, as `copy`'s caller says; what is not there is masked.
            unsafe {
                // Each stores for itself, or plain Rust would take every register by way of the stack.
                if left < L::N {
                    L::load_masked(from, L::first(left)).store(to)
                } else {
                    L::load(from).store(to)
                }
            }
        }
    }
}

/// Any other panel, in squares of four by four. Those of the same rows come first: so many cache lines of a transposed
/// matrix are on their way at once.
#[inline(always)]
unsafe fn copy_squares<L: Lanes>(panel: &Panel) {
    for row in (0..panel.rows).step_by(4) {
        for column in (0..panel.width).step_by(4) {
            let whole = row + 4 <= panel.rows && column + 4 <= panel.columns;
            // SAFETY: as `copy`'s caller says.
            unsafe {
                if whole && panel.from_row == 1 {
                    turn::<L>(panel, row, column);
                } else {
                    copy_each::<L>(panel, row, column);
                }
            }
        }
    }
}

/// A square whose columns are contiguous: four loads and four stores, and the turning is done in registers.
#[inline(always)]
unsafe fn turn<L: Lanes>(panel: &Panel, row: usize, column: usize) {
    let part_of_column = |j: usize| panel.at(row, column + j).cast::<[f32; 4]>();
    // SAFETY: four numbers of each of four columns, and places for them.
    unsafe {
        let rows = L::turned([0, 1, 2, 3].map(|j| part_of_column(j).read()));
        for i in 0..4 {
            panel.place(row + i, column).cast::<[f32; 4]>().write(rows[i]);
        }
    }
}

/// A square number by number, as far as there are any.
#[inline(always)]
unsafe fn copy_each<L: Lanes>(panel: &Panel, row: usize, column: usize) {
    for i in row..panel.rows.min(row + 4) {
        for j in column..panel.width.min(column + 4) {
            // SAFETY: a number of the panel, if it is there, and a place for it.
            unsafe {
                let number = if j < panel.columns { *panel.at(i, j) } else { f32::default() };
                panel.place(i, j).write(number);
            }
        }
    }
}

impl Panel {
    /// Where element (i, j) is.
    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> *const f32 {
        let (rows, columns) =
            (self.from_row.wrapping_mul(i as isize), self.from_column.wrapping_mul(j as isize));
        self.from.wrapping_offset(rows).wrapping_offset(columns)
    }

    /// Where it goes.
    #[inline(always)]
    fn place(&self, i: usize, j: usize) -> *mut f32 {
        self.to.wrapping_add(i * self.width + j)
    }
}
