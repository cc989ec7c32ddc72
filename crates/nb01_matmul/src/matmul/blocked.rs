//! Any product: B packed into panels, a strip of A beside it, a block of `k` at a time.
//!
//! ```text
//!              columns of B, a panel after the other      A strip (14 rows × 256) stays in the nearest cache;
//!              ┌───┬───┬───┬───┐                          panels of B (256 × 32) stream past it from the
//!   A strip    │   │   │   │   │  256 of k                second; a tile of C lives in registers, and is
//!   ▒▒▒▒▒▒  ×  │   │   │   │   │                          added to memory once for each block of k.
//!              └───┴───┴───┴───┘
//! ```
//!
//! *Packing* copies numbers into the order in which the kernel reads them, so that every load is contiguous,
//! every cache line is used whole, and the few pages involved are known to the processor. It costs a pass over the
//! operand, so it pays where the operand is used often: each panel of B by every strip of A. A strip of A is used
//! only once for each panel, and its rows are contiguous mostly; it is read where it lies, unless its strides would
//! have it fight for the same few places of the cache.
//!
//! That is the order of Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication* (2008), with the
//! roles of the two nearest caches exchanged, which a tile of few rows and wide panels is better served by.
//!
//! The lesson's `g @ wᵀ` is a product of this kind with `k` = 50 only: one block, and a result so large that it goes
//! past the caches.

use super::element::Element;
use super::kernel::{Ahead, Destination, Kernels, Strip};
use super::memory::{Scratch, with_scratch};
use super::operand::Operand;
use super::threads;
use std::ops::Range;

/// Rows of B in a block, at most: a strip of A that deep still fits the nearest cache.
const DEPTH: usize = 320;

/// Numbers in the packed part of B, at most: 32 MB of `f32`.
const PACKED: usize = 8 << 20;

/// Multiply-adds of a product so small that packing B would take longer than it saves.
const TINY: usize = 1 << 17;

/// Numbers in C from which on it is written past the caches, as nobody finds it there later: 16 MB of `f32`.
const STREAMED: usize = 4 << 20;

/// `to` = `a · b`.
///
/// # Safety
/// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
pub(super) unsafe fn product<T: Element>(kernels: &Kernels<T>, a: Operand<T>, b: Operand<T>, to: Destination<T>) {
    let small = a.rows <= 2 * kernels.rows || b.columns <= kernels.lanes;
    if small && a.rows * a.columns * b.columns <= TINY && is_direct(&a) && b.rows_are_contiguous() {
        return unsafe { direct(kernels, a, b, to) };
    }
    let to = Destination { stream: streams(kernels, &a, &b, &to), ..to };
    let wide = (PACKED / a.columns.max(1)).next_multiple_of(kernels.width);
    for columns in ranges(b.columns, wide) {
        let blocks = Blocks::new(kernels, a.columns, columns);
        with_scratch(blocks.len(), |packed| unsafe {
            blocks.pack(b, packed);
            blocks.multiply(a, packed, to);
        });
    }
}

/// Whether the kernel can read A where it lies.
fn is_direct<T>(a: &Operand<T>) -> bool {
    a.rows_are_contiguous() || a.columns_are_contiguous()
}

/// Whether C should go past the caches: it is large, written once, and its rows are aligned.
fn streams<T>(kernels: &Kernels<T>, a: &Operand<T>, b: &Operand<T>, to: &Destination<T>) -> bool {
    let register = kernels.lanes * size_of::<T>();
    let aligned = to.c as usize % register == 0 && to.c_row.unsigned_abs() % kernels.lanes == 0;
    aligned && !to.accumulate && a.columns <= DEPTH && a.rows * b.columns >= STREAMED
}

/// `0..n` cut into ranges of at most `len`.
fn ranges(n: usize, len: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(len.max(1)).map(move |start| start..n.min(start + len))
}

/// `n` rows cut into strips that the kernel has a tile for: of `most` rows, then of at most eight.
pub(super) fn strips(n: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let left = n - start;
        let rows = match left {
            0 => return None,
            _ if left >= most => most,
            _ if left > 8 => left / 2,
            _ => left,
        };
        start += rows;
        Some(start - rows..start)
    })
}

/// A product of a few thousand numbers: no packing, no memory, no threads.
unsafe fn direct<T: Element>(kernels: &Kernels<T>, a: Operand<T>, b: Operand<T>, to: Destination<T>) {
    for rows in strips(a.rows, kernels.rows) {
        let strip = Strip {
            rows: rows.len(),
            k: a.columns,
            columns: b.columns,
            a: a.at(rows.start, 0),
            a_along_k: a.rows_are_contiguous(),
            a_step: if a.rows_are_contiguous() { a.row } else { a.column },
            b: b.at(0, 0),
            b_row: b.row,
            b_panel: kernels.width as isize,
            to: to.from(rows.start, 0),
            ahead: Ahead::NONE,
        };
        unsafe { (kernels.strip)(&strip) };
    }
}

/// How some columns of B lie when packed: block of `k` after block, panel after panel, row after row.
struct Blocks<'a, T> {
    kernels: &'a Kernels<T>,
    k: usize,
    /// Rows of B in a block; the last may have fewer.
    depth: usize,
    columns: Range<usize>,
    panels: usize,
}

impl<'a, T: Element> Blocks<'a, T> {
    fn new(kernels: &'a Kernels<T>, k: usize, columns: Range<usize>) -> Self {
        let depth = k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1);
        let panels = columns.len().div_ceil(kernels.width);
        Self { kernels, k, depth, columns, panels }
    }

    /// Numbers in all, the last panel filled up with zeros.
    fn len(&self) -> usize {
        self.k * self.panels * self.kernels.width
    }

    /// Where a panel of the block that starts at row `p` of B begins, if that block has `depth` rows.
    fn panel(&self, p: usize, depth: usize, panel: usize) -> usize {
        (p * self.panels + panel * depth) * self.kernels.width
    }

    /// Packs B; every panel of every block is a task.
    unsafe fn pack(&self, b: Operand<T>, packed: Scratch<T>) {
        let work = 4.0 * self.len() as f64;
        threads::for_each(self.panels, work, |panel| {
            let width = self.kernels.width;
            let first = self.columns.start + panel * width;
            let there = width.min(self.columns.end - first);
            for block in ranges(self.k, self.depth) {
                for (i, p) in block.clone().enumerate() {
                    let to = packed.at(self.panel(block.start, block.len(), panel) + i * width);
                    // SAFETY: row p of B has these columns, and no other task writes to this panel.
                    unsafe { copy_padded(b.at(p, first), b.column, there, to, width) };
                }
            }
        });
    }

    /// `a` times the packed part of B; a few strips of rows are a task.
    unsafe fn multiply(&self, a: Operand<T>, packed: Scratch<T>, to: Destination<T>) {
        let most = self.kernels.rows;
        let rows_a_task = (a.rows / 16).next_multiple_of(most).clamp(most, 8 * most);
        let operations = 2.0 * a.rows as f64 * self.k as f64 * self.columns.len() as f64;
        let to = Shared(to);
        threads::for_each(a.rows.div_ceil(rows_a_task), operations, |task| {
            let first = task * rows_a_task;
            let rows = first..a.rows.min(first + rows_a_task);
            with_scratch(most * (self.depth + 16), |buffer| {
                for p in (0..self.k.max(1)).step_by(self.depth) {
                    let depth = self.depth.min(self.k - p);
                    for strip in strips(rows.len(), most) {
                        let strip = rows.start + strip.start..rows.start + strip.end;
                        unsafe { self.strip(a, strip, p..p + depth, packed, to.get(), buffer) };
                    }
                }
            });
        });
    }

    /// One strip of A times one block of B.
    unsafe fn strip(
        &self,
        a: Operand<T>,
        rows: Range<usize>,
        block: Range<usize>,
        packed: Scratch<T>,
        to: Destination<T>,
        buffer: Scratch<T>,
    ) {
        let (start, a_step, a_along_k) = unsafe { strip_of_a(&a, &rows, &block, buffer) };
        let strip = Strip {
            rows: rows.len(),
            k: block.len(),
            columns: self.columns.len(),
            a: start,
            a_step,
            a_along_k,
            b: packed.at(self.panel(block.start, block.len(), 0)),
            b_row: self.kernels.width as isize,
            b_panel: (block.len() * self.kernels.width) as isize,
            to: to.from(rows.start, self.columns.start).part(block.start == 0, block.end == self.k),
            ahead: Ahead::NONE,
        };
        unsafe { (self.kernels.strip)(&strip) };
    }
}

/// Where the kernel finds some rows of A: its start, its step, and whether that leads along `k`.
unsafe fn strip_of_a<T: Element>(
    a: &Operand<T>,
    rows: &Range<usize>,
    block: &Range<usize>,
    buffer: Scratch<T>,
) -> (*const T, isize, bool) {
    let start = a.at(rows.start, block.start);
    if a.rows_are_contiguous() && !collides(a.row, size_of::<T>()) {
        return (start, a.row, true);
    }
    if a.columns_are_contiguous() && !collides(a.column, size_of::<T>()) {
        return (start, a.column, false);
    }
    if a.columns_are_contiguous() {
        for (i, p) in block.clone().enumerate() {
            let to = buffer.at(i * rows.len());
            unsafe { copy_padded(a.at(rows.start, p), 1, rows.len(), to, rows.len()) };
        }
        return (buffer.at(0), rows.len() as isize, false);
    }
    // Not a power of two apart, or the rows would collide here, too.
    let step = block.len().next_multiple_of(16) + 16;
    let step = if collides(step as isize, size_of::<T>()) { step + 16 } else { step };
    for (i, row) in rows.clone().enumerate() {
        let to = buffer.at(i * (step - 16));
        unsafe { copy_padded(a.at(row, block.start), a.column, block.len(), to, block.len()) };
    }
    (buffer.at(0), (step - 16) as isize, true)
}

/// Whether lines this far apart share so few places of the cache that they drive each other out.
fn collides(step: isize, size: usize) -> bool {
    (step.unsigned_abs() * size).is_multiple_of(2048)
}

/// Copies `len` numbers that are `step` apart, and fills up with zeros to `padded`.
unsafe fn copy_padded<T: Element>(from: *const T, step: isize, len: usize, to: *mut T, padded: usize) {
    unsafe {
        if step == 1 {
            std::ptr::copy_nonoverlapping(from, to, len);
        } else {
            for i in 0..len {
                to.wrapping_add(i).write(*from.wrapping_offset(step.wrapping_mul(i as isize)));
            }
        }
        for i in len..padded {
            to.wrapping_add(i).write(T::zero());
        }
    }
}

/// A destination that several threads write to, each to rows of its own.
#[derive(Clone, Copy)]
pub(super) struct Shared<T>(pub(super) Destination<T>);

// SAFETY: the pointers in it are used by one task for its own rows only, and all tasks end before the product does.
unsafe impl<T: Send> Send for Shared<T> {}
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    pub(super) fn get(&self) -> Destination<T> {
        self.0
    }
}

impl<T: Copy> Destination<T> {
    /// The part that begins at this row and column.
    pub(super) fn from(self, row: usize, column: usize) -> Self {
        let c = self.c.wrapping_offset(self.c_row.wrapping_mul(row as isize)).wrapping_add(column);
        let bias = if self.bias.is_null() { self.bias } else { self.bias.wrapping_add(column) };
        Self { c, bias, ..self }
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
