//! The two kinds of number, and the kernels that each brings along.

use super::kernel::{Kernels, portable};
use super::path::Path;
use nb00_testing::Float;
use ndarray::NdFloat;

/// A number that matrices hold here: `f32`, and `f64` for the checks that need it.
///
/// `f32` is the fast one, with kernels for every [`Path`]. `f64` always takes the portable kernels, whatever path is
/// chosen: finite differences want its digits, not its speed.
///
/// ```
/// use nb01_matmul::{Element, matmul, ndarray::{Array2, ArrayRef2}};
///
/// fn squared<T: Element>(a: &ArrayRef2<T>) -> Array2<T> {
///     matmul(a, a)
/// }
/// assert_eq!(squared(&Array2::<f64>::eye(3)), Array2::<f64>::eye(3));
/// ```
pub trait Element: Float + NdFloat + std::iter::Sum + sealed::HasKernels {
    /// The nearest number of this kind: the way back from [`Float::widen`].
    ///
    /// ```
    /// use nb01_matmul::{Element, Float};
    ///
    /// assert_eq!(f32::narrow(0.1), 0.1_f32);
    /// assert_eq!(f32::narrow(0.1_f32.widen()), 0.1_f32);
    /// ```
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
pub(super) mod sealed {
    use super::{Kernels, Path};

    /// Kernels for this kind of number.
    #[allow(unreachable_pub, private_interfaces)] // public in name only: nobody else can reach or implement it
    pub trait HasKernels: Sized + 'static {
        /// Those of a path that this processor has.
        fn kernels(path: Path) -> &'static Kernels<Self>;
    }
}

#[allow(private_interfaces)]
impl sealed::HasKernels for f32 {
    fn kernels(path: Path) -> &'static Kernels<f32> {
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => &super::kernel::avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => &super::kernel::avx2::KERNELS,
            #[cfg(target_arch = "aarch64")]
            Path::Neon => &super::kernel::neon::KERNELS,
            #[cfg(target_arch = "x86_64")]
            _ if Path::Avx512.is_available() => &portable::WIDEST,
            _ => &portable().0,
        }
    }
}

#[allow(private_interfaces)]
impl sealed::HasKernels for f64 {
    fn kernels(_: Path) -> &'static Kernels<f64> {
        &portable().1
    }
}

/// Plain Rust, compiled for a processor like this one.
fn portable() -> &'static (Kernels<f32>, Kernels<f64>) {
    #[cfg(target_arch = "x86_64")]
    if Path::Avx2.is_available() {
        return &portable::WIDE;
    }
    &portable::ANY
}

#[cfg(test)]
mod tests {
    use super::sealed::HasKernels;
    use crate::matmul::Path;

    /// Another path is other code, or asking for one in a test would test nothing.
    #[test]
    fn each_path_has_kernels_of_its_own() {
        let all = Path::available();
        for (i, &path) in all.iter().enumerate() {
            for &other in &all[..i] {
                assert!(!std::ptr::eq(f32::kernels(path), f32::kernels(other)), "{path} and {other}");
            }
        }
    }
}
