//! Memory that ends exactly where it may not be touched any more.
#![allow(unsafe_code)]

use kernels::ndarray::{Array2, ArrayView, ArrayView2, ArrayViewMut, IntoDimension};

/// Numbers that end exactly where a protected page begins, and begin at most a page after another.
pub(crate) struct Guarded {
    pages: *mut libc::c_void,
    bytes: usize,
    numbers: *mut f32,
}

impl Guarded {
    pub(crate) fn new(len: usize) -> Self {
        // SAFETY: asks for new pages, checks that they came, and protects the last of them.
        unsafe {
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).expect("a page size");
            let used = (len * 4).next_multiple_of(page);
            let (read_write, private) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
            let pages = libc::mmap(std::ptr::null_mut(), used + page, read_write, private, -1, 0);
            assert!(pages != libc::MAP_FAILED);
            let end = pages.cast::<u8>().add(used);
            assert_eq!(libc::mprotect(end.cast(), page, libc::PROT_NONE), 0);
            Self { pages, bytes: used + page, numbers: end.cast::<f32>().sub(len) }
        }
    }

    pub(crate) fn view_mut<S: IntoDimension>(&mut self, shape: S) -> ArrayViewMut<'_, f32, S::Dim> {
        // SAFETY: `new` made room for as many numbers, and they were zero from the start.
        unsafe { ArrayViewMut::from_shape_ptr(shape.into_dimension(), self.numbers) }
    }

    /// The numbers of `a`, in order.
    pub(crate) fn holding<S: IntoDimension>(
        &mut self,
        shape: S,
        a: impl IntoIterator<Item = f32>,
    ) -> ArrayView<'_, f32, S::Dim> {
        let shape = shape.into_dimension();
        self.view_mut(shape.clone()).iter_mut().zip(a).for_each(|(to, from)| *to = from);
        // SAFETY: as above.
        unsafe { ArrayView::from_shape_ptr(shape, self.numbers) }
    }

    /// The numbers of `a`, or of its transpose seen transposed.
    pub(crate) fn filled(&mut self, a: &Array2<f32>, transposed: bool) -> ArrayView2<'_, f32> {
        let (m, n) = a.dim();
        if transposed {
            self.holding((n, m), a.t().iter().copied()).reversed_axes()
        } else {
            self.holding((m, n), a.iter().copied())
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: these pages came from `mmap`, and no view outlives `self`.
        unsafe { libc::munmap(self.pages, self.bytes) };
    }
}
