//! Where kernel, image and result of a convolution meet, along one axis. What would meet padding is
//! left out.

use super::shape::Shape;
use std::ops::Range;

/// The sizes along one axis.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    size: usize,
    kernel: usize,
    out: usize,
    stride: usize,
    padding: usize,
}

impl Axis {
    #[inline(always)]
    pub(super) fn rows(s: &Shape) -> Self {
        Self { size: s.h, kernel: s.kh, out: s.oh, stride: s.stride, padding: s.padding }
    }

    #[inline(always)]
    pub(super) fn columns(s: &Shape) -> Self {
        Self { size: s.w, kernel: s.kw, out: s.ow, stride: s.stride, padding: s.padding }
    }

    /// The numbers of the kernel, its *taps*, that are on the image at a result; none are those
    /// behind the last.
    #[inline(always)]
    pub(super) fn taps(&self, result: usize) -> Range<usize> {
        let at = result * self.stride;
        let first = self.padding.saturating_sub(at).min(self.kernel);
        let end = (self.size + self.padding).saturating_sub(at).min(self.kernel);
        if first < end { first..end } else { self.kernel..self.kernel }
    }

    /// The results at which a tap is on the image.
    #[inline(always)]
    pub(super) fn results(&self, tap: usize) -> Range<usize> {
        let first = self.padding.saturating_sub(tap).div_ceil(self.stride);
        let end = (self.size + self.padding).saturating_sub(tap).div_ceil(self.stride);
        first..end.clamp(first, self.out.max(first))
    }

    /// On which pixel a tap is at a result.
    #[inline(always)]
    pub(super) fn pixel(&self, result: usize, tap: usize) -> usize {
        (result * self.stride + tap).saturating_sub(self.padding)
    }

    /// The results, by their taps: neighbours, which meet neighbouring pixels.
    pub(super) fn forward(&self) -> Vec<Class> {
        classes((0..self.out).map(|result| {
            let taps = self.taps(result);
            (taps.start, taps.len(), self.pixel(result, taps.start))
        }))
    }

    /// The pixels, by their taps: a stride apart, they meet neighbouring results, the last one
    /// first.
    pub(super) fn backward(&self) -> Vec<Class> {
        classes((0..self.size).map(|pixel| {
            let at = pixel + self.padding;
            let first = (at % self.stride).max(at.saturating_sub((self.out - 1) * self.stride));
            let count = (at + 1).min(self.kernel).saturating_sub(first).div_ceil(self.stride);
            (first, count, (at - first) / self.stride)
        }))
    }
}

/// Positions that meet the same taps, from `first` on `count` of them. They are evenly spaced, and
/// so is what they meet.
pub(super) struct Class {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) members: Vec<Member>,
}

impl Class {
    /// Whether another member is as far from the last one as those are from each other. Positions
    /// that meet nothing may not be: there are some on either side of the image.
    fn goes_on(&self, next: Member) -> bool {
        match self.members[..] {
            [.., a, b] => (next.to - b.to, next.from - b.from) == (b.to - a.to, b.from - a.from),
            _ => true,
        }
    }
}

/// A position, and what it meets its first tap with.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) to: usize,
    pub(super) from: usize,
}

/// Positions in their order, each as its first tap, the number of its taps, and what it meets the
/// first with.
fn classes(positions: impl Iterator<Item = (usize, usize, usize)>) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (to, (first, count, from)) in positions.enumerate() {
        let member = Member { to, from };
        let same = |class: &&mut Class| (class.first, class.count) == (first, count) && class.goes_on(member);
        match classes.iter_mut().find(same) {
            Some(class) => class.members.push(member),
            None => classes.push(Class { first, count, members: vec![member] }),
        }
    }
    classes
}
