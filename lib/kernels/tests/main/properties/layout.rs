//! All the ways in which a matrix can lie in memory.

use kernels::ndarray::{
    Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Ix2, Slice, SliceInfo, SliceInfoElem, s,
};
use proptest::prelude::*;

/// How the rows or the columns of a matrix lie.
#[derive(Clone, Debug)]
struct Line {
    /// From one to the next: never 0, backwards if negative.
    step: isize,
    before: usize,
    after: usize,
    /// There is only one, and it is seen over and over: stride 0.
    stretched: bool,
}

/// Where the numbers of a matrix are, and what lies between them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    rows: Line,
    columns: Line,
    transposed: bool,
}

fn line() -> impl Strategy<Value = Line> {
    let step = prop_oneof![6 => Just(1), 1 => Just(2), 1 => Just(3), 2 => Just(-1), 1 => Just(-2)];
    let margin = || prop_oneof![3 => Just(0_usize), 2 => 0..20_usize];
    let line = (step, margin(), margin(), prop::bool::weighted(0.08));
    line.prop_map(|(step, before, after, stretched)| Line { step, before, after, stretched })
}

/// Plain ones in the first place, as that is what a failure shrinks to.
pub(crate) fn layout() -> impl Strategy<Value = Layout> {
    let plain = Line { step: 1, before: 0, after: 0, stretched: false };
    let plain = (Just(plain.clone()), Just(plain), any::<bool>());
    let any = (line(), line(), any::<bool>());
    prop_oneof![2 => plain, 3 => any].prop_map(|(rows, columns, transposed)| Layout {
        rows,
        columns,
        transposed,
    })
}

/// The same without strides of 0: whatever can be written to.
pub(crate) fn writable_layout() -> impl Strategy<Value = Layout> {
    layout().prop_map(|mut layout| {
        (layout.rows.stretched, layout.columns.stretched) = (false, false);
        layout
    })
}

impl Line {
    fn stored(&self, n: usize) -> usize {
        if self.stretched { n.min(1) } else { n }
    }

    fn memory(&self, n: usize) -> usize {
        self.before + self.stored(n) * self.step.unsigned_abs() + self.after
    }

    fn slice(&self, n: usize) -> Slice {
        let end = self.before + self.stored(n) * self.step.unsigned_abs();
        Slice::new(self.before as isize, Some(end as isize), self.step)
    }
}

impl Layout {
    /// Memory for a matrix of that shape, with `around` everywhere.
    pub(crate) fn memory(&self, (rows, columns): (usize, usize), around: f32) -> Array2<f32> {
        let (rows, columns) = (self.rows.memory(rows), self.columns.memory(columns));
        Array2::from_elem(if self.transposed { (columns, rows) } else { (rows, columns) }, around)
    }

    /// `values` in memory that is NaN wherever it is none of theirs, so that a read beside them shows.
    pub(crate) fn filled(&self, values: &ArrayRef2<f32>) -> Array2<f32> {
        let mut memory = self.memory(values.dim(), f32::NAN);
        let mut stored = self.stored_mut(&mut memory, values.dim());
        let (rows, columns) = stored.dim();
        stored.assign(&values.slice(s![..rows, ..columns]));
        memory
    }

    /// The matrix in such memory; what is stretched is there once, and wants to be `broadcast`.
    pub(crate) fn stored<'a>(&self, memory: &'a Array2<f32>, shape: (usize, usize)) -> ArrayView2<'a, f32> {
        let memory = if self.transposed { memory.t() } else { memory.view() };
        memory.slice_move(self.slices(shape))
    }

    /// The same to write to.
    pub(crate) fn stored_mut<'a>(
        &self,
        memory: &'a mut Array2<f32>,
        shape: (usize, usize),
    ) -> ArrayViewMut2<'a, f32> {
        let memory = if self.transposed { memory.view_mut().reversed_axes() } else { memory.view_mut() };
        memory.slice_move(self.slices(shape))
    }

    fn slices(&self, (rows, columns): (usize, usize)) -> SliceInfo<[SliceInfoElem; 2], Ix2, Ix2> {
        s![self.rows.slice(rows), self.columns.slice(columns)]
    }
}
