//! What a product says when shapes do not fit: which, where, and what was probably meant.

use super::Epilogue;
use ndarray::{ArrayRef1, ArrayRef2};

/// Panics unless `a @ b` finished as `epilogue` says fits into `c`.
#[track_caller]
pub(crate) fn check<T>(
    name: &str,
    a: &ArrayRef2<T>,
    b: &ArrayRef2<T>,
    epilogue: Epilogue<'_, T>,
    c: &ArrayRef2<T>,
) {
    check_operands(name, a, b, epilogue);
    let (m, n) = (a.nrows(), b.ncols());
    assert!(
        c.dim() == (m, n),
        "{name}: a {:?} times b {:?} gives ({m}, {n}), but c, where it should go, is {:?}{}",
        a.dim(),
        b.dim(),
        c.dim(),
        if c.dim() == (n, m) { "; did you mean c.t()?" } else { "" }
    );
}

/// Panics unless `a`'s columns are as many as `b`'s rows, and there is a bias for each column if there is one at all.
#[track_caller]
pub(crate) fn check_operands<T>(name: &str, a: &ArrayRef2<T>, b: &ArrayRef2<T>, epilogue: Epilogue<'_, T>) {
    let ((m, k), (rows, n)) = (a.dim(), b.dim());
    assert!(
        k == rows,
        "{name}: a {:?} times b {:?}: a's axis 1 has {k} but b's axis 0 has {rows}, and they must be equal{}",
        (m, k),
        (rows, n),
        hint((m, k), (rows, n))
    );
    if let Epilogue::Bias(bias) | Epilogue::BiasRelu { bias, .. } = epilogue {
        check_bias(name, b, bias);
    }
}

/// Panics unless there is a bias for each of `b`'s columns.
#[track_caller]
fn check_bias<T>(name: &str, b: &ArrayRef2<T>, bias: &ArrayRef1<T>) {
    assert!(
        bias.len() == b.ncols(),
        "{name}: weights {:?} and a bias ({}): the weights' axis 1 has {} columns, and each needs one bias",
        b.dim(),
        bias.len(),
        b.ncols()
    );
}

/// Which transposition or order would fit.
fn hint((m, k): (usize, usize), (rows, n): (usize, usize)) -> &'static str {
    if k == n {
        "; did you mean b.t()?"
    } else if m == rows {
        "; did you mean a.t()?"
    } else if n == m {
        "; did you mean b times a?"
    } else {
        ""
    }
}
