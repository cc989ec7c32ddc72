//! `matmul`: the product that all later stages call, and its other forms.
//!
//! The last rung of the lesson's ladder is PyTorch's `@`, a library of which the course says only that it cuts matrices
//! into blocks that fit the cache. Ours is [`kernels`](kernels::matmul), a library of this project that knows no
//! notebook. Three ideas make it fast, and the rungs [`tile`](crate::ladder::tile), [`simd`](crate::ladder::simd),
//! [`packed`](crate::ladder::packed) and [`threads`](crate::ladder::threads) show each of them in a few lines:
//!
//! 1. **The processor multiplies faster than it loads**, so each number loaded is used many times while it is in a register.
//! 2. **Near memory is fast and small**, so blocks that are used again stay in the L1 and L2 caches.
//! 3. **There are several processors**, so each computes its own part of the result.
//!
//! | call | stands for |
//! |---|---|
//! | [`matmul(a, b)`](matmul()) | `a @ b` |
//! | `matmul(&a.t(), &b)` | `a.t() @ b`; the transpose is a view, and nothing is copied |
//! | [`matmul_into(a, b, c)`](matmul_into()) | `torch.matmul(a, b, out=c)` |
//! | [`affine(x, w, b)`](affine()) | `x @ w + b` in one pass over memory |
//! | [`affine_relu(x, w, b, shift)`](affine_relu()) | `(x @ w + b).clamp_min(0.) - shift` in one pass |
//! | [`matmul_with(a, b, epilogue, c)`](matmul_with()) | any of these, or `c += a @ b`, into existing memory |
//! | [`matmul_on(isa, …)`](matmul_on()) | the same with instructions of the caller's choice, for tests |
//!
//! ```
//! use nb01_matmul::{manual_seed, matmul, randn};
//!
//! let rng = &mut manual_seed(0);
//! let (x, w) = (randn((64, 784), rng), randn((784, 10), rng));
//! let out = matmul(&x, &w);
//! let w_g = matmul(&x.t(), &out); // (784, 64) · (64, 10)
//! assert_eq!((out.dim(), w_g.dim()), ((64, 10), (784, 10)));
//! ```

pub use kernels::Isa;
pub use kernels::matmul::{Epilogue, affine, affine_relu, matmul, matmul_into, matmul_on, matmul_with};
