//! Every path, shape and layout of the product against three loops in f64.
use nb01_matmul::matmul::{Epilogue, Path, matmul_on};
use nb01_matmul::ndarray::{Array2, ArrayRef2};
use nb01_matmul::{manual_seed, randn};

#[test]
fn quick() {
    let rng = &mut manual_seed(1);
    for path in Path::available() {
        for (m, k, n) in [(1,1,1),(5,784,10),(64,784,50),(100,100,100),(97,33,50),(33,500,65),(50,5000,30),(30,5000,50),(3000,50,784), (40, 0, 7), (1000,784,50),(31,1,31),(300,700,300)] {
            let (a, b) = (randn((m, k), rng), randn((k, n), rng));
            let mut c = randn((m, n), rng);
            let bt = b.t().as_standard_layout().into_owned();
            let at = a.t().as_standard_layout().into_owned();
            for (name, a, b) in [("nn", a.view(), b.view()), ("nt", a.view(), bt.t()), ("tn", at.t(), b.view()), ("tt", at.t(), bt.t())] {
                matmul_on(path, &a, &b, Epilogue::None, &mut c);
                check(&format!("{path} {m} {k} {n} {name}"), &a, &b, &c);
            }
        }
    }
}

fn check(what: &str, a: &ArrayRef2<f32>, b: &ArrayRef2<f32>, c: &ArrayRef2<f32>) {
    let a = a.mapv(f64::from); let b = b.mapv(f64::from);
    let want: Array2<f64> = a.dot(&b);
    let size = a.mapv(f64::abs).dot(&b.mapv(f64::abs));
    for ((ij, &c), (&w, &s)) in c.indexed_iter().zip(want.iter().zip(&size)) {
        let bound = s * a.ncols() as f64 * f64::from(f32::EPSILON);
        assert!((f64::from(c) - w).abs() <= bound, "{what} at {ij:?}: {c} {w}");
    }
}
