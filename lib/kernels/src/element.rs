//! The two kinds of number, and what is compiled for each of them, here and only here.
#![allow(private_interfaces, reason = "the trait is sealed: no other crate can call or implement it")]

use crate::Isa;
use crate::matmul::destination::Destination;
use crate::matmul::kernel::{self, Kernels};
use crate::matmul::mat_ref::MatRef;
use crate::matmul::{self, Epilogue, portable};
use crate::par::pointwise::{self, Binary, Unary};
use crate::par::softmax::{self, RowTargets};
use crate::par::sums;
use ndarray::{Array1, Array2, ArrayD, ArrayRef2, ArrayViewD, ArrayViewMutD, NdFloat};

/// A number that matrices hold here: `f32`, and `f64` for the checks that need it.
///
/// `f32` is the fast one, with kernels for every [`Isa`]. `f64` is multiplied by matrixmultiply, whatever is chosen:
/// finite differences want its digits, not its speed.
pub trait Element: NdFloat + Into<f64> + std::iter::Sum + sealed::Compiled {
    /// The same number with more digits; exact.
    fn widen(self) -> f64 {
        self.into()
    }

    /// The nearest number of this kind: the way back from [`widen`](Self::widen).
    fn narrow(x: f64) -> Self;
}

impl Element for f32 {
    fn narrow(x: f64) -> f32 {
        x as f32
    }
}

impl Element for f64 {
    fn narrow(x: f64) -> f64 {
        x
    }
}

/// What keeps [`Element`] to these two.
pub(crate) mod sealed {
    use super::*;

    /// What each kind of number has of its own.
    #[allow(unreachable_pub)]
    pub trait Kind: Sized + 'static {
        /// Whether the loops of [`par`](crate::par) are compiled for wide registers, too.
        const WIDE: bool;

        /// `to = a · b` by what this kind of number has.
        ///
        /// # Safety
        /// `to` is a matrix of `a.rows` × `b.columns` that may be written, and overlaps neither operand.
        unsafe fn product(isa: Isa, a: MatRef<Self>, b: MatRef<Self>, to: Destination<Self>);

        /// `exp(x)` for `x ≤ 0`, as a part of the loop that calls it.
        fn exp_below_0<const FMA: bool>(self) -> Self;
    }

    /// Declares these functions in [`Compiled`], and compiles each for both kinds of number.
    macro_rules! compiled {
        ($(fn $name:ident($($parameters:tt)*) $(-> $result:ty)? $body:block)*) => {
            /// Everything that is compiled for a kind of number. A generic function would be compiled again in each crate
            /// that calls it, without optimisation in a debug build; these are compiled here.
            #[allow(unreachable_pub)]
            pub trait Compiled: Kind {
                $(#[track_caller] fn $name($($parameters)*) $(-> $result)?;)*
            }

            impl Compiled for f32 {
                $(#[track_caller] fn $name($($parameters)*) $(-> $result)? $body)*
            }

            impl Compiled for f64 {
                $(#[track_caller] fn $name($($parameters)*) $(-> $result)? $body)*
            }
        };
    }

    compiled! {
        fn product_new(
            operation: &str,
            a: &ArrayRef2<Self>,
            b: &ArrayRef2<Self>,
            epilogue: Epilogue<'_, Self>,
        ) -> Array2<Self> {
            matmul::new(operation, a, b, epilogue)
        }

        fn product_into(
            operation: &str,
            isa: Isa,
            a: &ArrayRef2<Self>,
            b: &ArrayRef2<Self>,
            epilogue: Epilogue<'_, Self>,
            c: &mut ArrayRef2<Self>,
        ) {
            matmul::into(operation, isa, a, b, epilogue, c)
        }

        fn unary(x: ArrayViewD<'_, Self>, f: Unary<Self>) -> ArrayD<Self> {
            pointwise::unary(x, f)
        }

        fn unary_in_place(x: ArrayViewMutD<'_, Self>, f: Unary<Self>) {
            pointwise::unary_in_place(x, f)
        }

        fn binary(x: ArrayViewD<'_, Self>, y: ArrayViewD<'_, Self>, f: Binary<Self>) -> ArrayD<Self> {
            pointwise::binary(x, y, f)
        }

        fn binary_in_place(x: ArrayViewMutD<'_, Self>, y: ArrayViewD<'_, Self>, f: Binary<Self>) {
            pointwise::binary_in_place(x, y, f)
        }

        fn total(x: ArrayViewD<'_, Self>) -> f64 {
            sums::total_of(x, |x| x)
        }

        fn total_of_squares(x: ArrayViewD<'_, Self>) -> f64 {
            sums::total_of(x, |x| x * x)
        }

        fn dot(x: ArrayViewD<'_, Self>, y: ArrayViewD<'_, Self>) -> f64 {
            sums::total_of_pairs(x, y, |x, y| x * y)
        }

        fn squared_distance(x: ArrayViewD<'_, Self>, y: ArrayViewD<'_, Self>) -> f64 {
            sums::total_of_pairs(x, y, |x, y| (x - y) * (x - y))
        }

        fn sum_rows(x: &ArrayRef2<Self>) -> Array1<Self> {
            sums::rows(x)
        }

        fn log_softmax(x: &ArrayRef2<Self>) -> Array2<Self> {
            softmax::log_softmax_of(x)
        }

        fn cross_entropy(x: &ArrayRef2<Self>, targets: RowTargets<'_, Self>, scale: Self) -> (f64, Array2<Self>) {
            softmax::cross_entropy_of(x, targets, scale)
        }
    }
}

impl sealed::Kind for f32 {
    const WIDE: bool = true;

    #[inline(always)]
    fn exp_below_0<const FMA: bool>(self) -> f32 {
        softmax::exp_below_0::<FMA>(self)
    }

    unsafe fn product(isa: Isa, a: MatRef<f32>, b: MatRef<f32>, to: Destination<f32>) {
        // SAFETY: as this function's; the instructions are there, since `isa` is.
        unsafe {
            match kernels(isa) {
                Some(kernels) => matmul::product_by(kernels, a, b, to),
                None => portable::product(matrixmultiply::sgemm, a, b, to),
            }
        }
    }
}

impl sealed::Kind for f64 {
    const WIDE: bool = false;

    fn exp_below_0<const FMA: bool>(self) -> f64 {
        self.exp()
    }

    unsafe fn product(_: Isa, a: MatRef<f64>, b: MatRef<f64>, to: Destination<f64>) {
        // SAFETY: as this function's.
        unsafe { portable::product(matrixmultiply::dgemm, a, b, to) }
    }
}

/// The kernels that were written for these instructions.
pub(crate) fn kernels(isa: Isa) -> Option<&'static Kernels> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => Some(&kernel::avx512::KERNELS),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => Some(&kernel::avx2::KERNELS),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => Some(&kernel::neon::KERNELS),
        _ => None,
    }
}
