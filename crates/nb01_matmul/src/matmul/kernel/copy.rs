//! Copying a panel of B, a register at a time: packing is most of what a product of a small batch costs beside
//! its arithmetic.

use super::Panel;
use super::lanes::Lanes;

/// Copies the rows of a panel, and fills each up with zeros.
///
/// # Safety
/// What [`Panel`] describes can be read and written, and nobody else writes there.
#[inline(always)]
pub(super) unsafe fn copy<L: Lanes>(panel: &Panel<L::Elem>) {
    for i in 0..panel.rows {
        let from = panel.from.wrapping_offset(panel.from_row.wrapping_mul(i as isize));
        let to = panel.to.wrapping_add(i * panel.width);
        for column in (0..panel.width).step_by(L::N) {
            let left = panel.columns.saturating_sub(column);
            let (from, to) = (from.wrapping_add(column), to.wrapping_add(column));
            // SAFETY: inside the panel and its place, as this function's caller says; what is not there is masked.
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
