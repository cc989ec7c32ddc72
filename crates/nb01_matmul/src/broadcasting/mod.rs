//! Broadcasting: a small array acts as a large one, without being copied.
//!
//! How can `m + 1` or `m + c` mean anything where one side has fewer numbers? In the early sixties the
//! language APL let a single number meet a whole array; NumPy made one rule of it for arrays of any rank,
//! gave it the name *broadcasting*, and PyTorch and ndarray follow that rule. The notebook quotes
//! [NumPy's manual](https://numpy.org/doc/stable/user/basics.broadcasting.html): "The term broadcasting describes
//! how NumPy treats arrays with different shapes during arithmetic operations." The rule itself:
//!
//! > Align the shapes at their **last** axis. Two sizes fit where they are equal or one of them is 1; a
//! > missing axis counts as 1. Sizes of 1 are stretched.
//!
//! ```text
//! image   256  256  3      m    3  3      c[None, :]   1  3
//! scale             3      c       3      c[:, None]   3  1
//! result  256  256  3           3  3                   3  3
//! ```
//!
//! So `(image - mean) / std` normalises a colour image by channel with no loop in sight. Nothing is
//! stretched in memory: a stretched axis has **stride 0**, so that every step along it stays on the same
//! number. [`expand_as`] makes this visible, and [`explain_broadcast`] prints it for any operands.
//! [`broadcast_shapes`] is the rule itself.
//!
//! ```
//! use nb01_matmul::{expand_as, ndarray::array, unsqueeze};
//!
//! let c = array![10.0, 20.0, 30.0];
//! let m = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
//!
//! let t = expand_as(&c, &m);
//! assert_eq!((t.shape(), t.strides()), (&[3, 3][..], &[0, 1][..])); // nine numbers to see…
//! assert_eq!(t.as_ptr(), c.as_ptr()); // …and three in memory
//!
//! assert_eq!(&m + &c, array![[11.0, 22.0, 33.0], [14.0, 25.0, 36.0], [17.0, 28.0, 39.0]]);
//! let columns = unsqueeze(&c, -1); // c[:, None]
//! assert_eq!(&m + &columns, array![[11.0, 12.0, 13.0], [24.0, 25.0, 26.0], [37.0, 38.0, 39.0]]);
//! ```
//!
//! # The trap
//!
//! The rule never asks whether you meant it. A net's output is `(n, 1)`, its target `(n)`, and their
//! difference is `(n, n)`: every output against every target, without an error. At 50,000 rows that is
//! 10 GB; at 200 it is only a wrong loss, from which the model learns nothing but the mean. Take the
//! axis away with [`squeeze`] first, which insists that it has size 1. (ndarray's own `remove_axis`
//! takes index 0 of whatever is there.)
//!
//! ```
//! use nb01_matmul::{ndarray::array, squeeze};
//!
//! let (output, target) = (array![[1.0], [2.0], [3.0]], array![1.0, 2.0, 3.0]);
//! assert_eq!((&output - &target).shape(), &[3, 3]);
//! assert_eq!((&squeeze(&output, -1) - &target).shape(), &[3]);
//! ```

mod rule;
mod views;
mod steps;

pub use rule::{BroadcastError, broadcast_shapes, explain_broadcast};
pub use steps::{lecture_slip, trace_broadcast_matmul};
pub(crate) use views::zip_broadcast_for;
pub use views::{expand_as, outer, squeeze, unsqueeze, zip_broadcast};
