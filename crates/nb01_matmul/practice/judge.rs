//! Judges each exercise of notebook 01 by itself, and knows what typical slips look like.

mod looks;

use looks::{Case, case, judge, quietly};
use nb01_matmul::einsum::einsum_loops;
use nb01_matmul::ladder::{self, Matmul};
use nb01_matmul::ndarray::{Array2, ArrayD, ArrayRef2, Axis, array, s};
use nb01_matmul::{broadcast_shapes, expand_as, manual_seed, randn, timeit, timing::human};

/// One product, and what it looks like if it is wrong.
fn product(name: &str, matmul: Matmul, a: &Array2<f32>, b: &Array2<f32>) -> Case {
    let (k, right) = (a.ncols() as f32, ours::matmul(a, b));
    let last = || {
        let (a, b) = (a.slice(s![.., -1..]), b.slice(s![-1.., ..]));
        a.dot(&b)
    };
    let square = || assert!(a.is_square() && b.is_square());
    case(format!("{name} of {:?} and {:?}", a.dim(), b.dim()), || matmul(a, b), right.clone())
        .slip("a result that nothing was written to: all zeros", || Array2::<f32>::zeros((a.nrows(), b.ncols())))
        .slip("a sum that is overwritten: only the last product is left", last)
        .slip("a sum that stops one too early: the last product is missing", || &right - &last())
        .slip("a sum that begins at 1: the first product is missing", || {
            a.slice(s![.., 1..]).dot(&b.slice(s![1.., ..]))
        })
        .slip("a mean instead of a sum", || &right / k)
        .slip("a factor 2: is something added twice?", || &right * 2.0)
        .slip("the result transposed: are its row and its column the right way round?", || right.t().to_owned())
        .slip("a transpose that was forgotten, or one too many: `b` is read along its rows", || a.dot(&b.t()))
        .slip("a transpose that was forgotten, or one too many: `a` is read along its columns", || a.t().dot(b))
        .slip("the factors exchanged: b times a", || {
            square();
            b.dot(a)
        })
        .slip("the elementwise product: a * b is not a @ b", || {
            square();
            a * b
        })
        .slip("the lecture's slip, `a[i, None]`: a row, (1, k), where a column, (k, 1), should stretch over `b`", || {
            ours::broadcasting::lecture_slip(a, b).unwrap_or_else(|error| panic!("{error}"))
        })
        .slip("a sum over the wrong axis: it has to go down the rows of `b`", || {
            square();
            let rows = a.rows().into_iter().map(|row| (&row.insert_axis(Axis(1)) * b).sum_axis(Axis(1)).to_vec());
            Array2::from_shape_vec(b.dim(), rows.flatten().collect()).expect("square")
        })
        .slip("a sum of `b` alone: nothing was multiplied by `a`", || {
            b.sum_axis(Axis(0)).insert_axis(Axis(0)).broadcast((a.nrows(), b.ncols())).expect("a row").to_owned()
        })
        .slip("a sum of `a` alone: nothing was multiplied by `b`", || {
            a.sum_axis(Axis(1)).insert_axis(Axis(1)).broadcast((a.nrows(), b.ncols())).expect("a column").to_owned()
        })
}

/// A product that is no product of zeros and ones, on shapes of every kind: square first, as it hides the most.
fn judge_product(name: &str, matmul: Matmul) {
    let mut rng = manual_seed(3);
    let mut draw = |shape| randn(shape, &mut rng);
    let shapes =
        [((3, 3), (3, 3)), ((2, 3), (3, 2)), ((5, 7), (7, 4)), ((1, 6), (6, 1)), ((13, 31), (31, 19))];
    judge(shapes.map(|(a, b)| product(name, matmul, &draw(a), &draw(b))));
    judge([product(name, matmul, &Array2::zeros((0, 3)), &Array2::zeros((3, 2)))]);
    let (a, b) = (draw((6, 4)), draw((5, 4)));
    judge([case(
        format!("{name} of (6, 4) and a transpose, (4, 5)"),
        || matmul(&a, &b.t()),
        ours::matmul(&a, &b.t()),
    )]);
    let message = quietly(|| drop(matmul(&a, &b))).err().unwrap_or_default();
    assert!(
        message.contains("which must be equal"),
        "{name} of (6, 4) and (5, 4), which do not fit\n  expected  the panic of `sizes`\n  got       {message:?}\n\
         It looks like sizes that nobody compared"
    );
}

/// Yours and ours, timed, with the share of what the machine could do.
fn compare_product(name: &str, yours: Matmul, ours: ours::ladder::Matmul) {
    judge_product(name, yours);
    let mut rng = manual_seed(3);
    println!("{:<22}{:>12}{:>10}{:>14}{:>10}", "", "yours", "GFLOP/s", "ours", "GFLOP/s");
    for (m, k, n) in [(5, 784, 10), (64, 784, 50)] {
        let (a, b) = (randn((m, k), &mut rng), randn((k, n), &mut rng));
        let times = [timeit(|| yours(&a, &b)).min, timeit(|| ours(&a, &b)).min];
        let speed = times.map(|time| 2.0 * (m * k * n) as f64 / time / 1e9);
        let shapes = format!("({m}, {k}) @ ({k}, {n})");
        println!(
            "{shapes:<22}{:>12}{:>10.2}{:>14}{:>10.2}",
            human(times[0]),
            speed[0],
            human(times[1]),
            speed[1]
        );
    }
}

#[test]
fn ladder_loops() {
    judge_product("loops", ladder::loops);
}

#[test]
fn ladder_elementwise() {
    judge_product("elementwise", ladder::elementwise);
}

#[test]
fn ladder_broadcast() {
    judge_product("broadcast", ladder::broadcast);
}

#[test]
fn ladder_einsum() {
    judge_product("einsum", ladder::einsum);
}

#[test]
fn ladder_dot() {
    judge_product("dot", ladder::dot);
}

#[test]
fn ladder_accumulator() {
    judge_product("accumulator", ladder::accumulator);
}

#[test]
fn ladder_ikj() {
    judge_product("ikj", ladder::ikj);
}

#[test]
fn ladder_tile() {
    judge_product("tile", ladder::tile);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_loops() {
    compare_product("loops", ladder::loops, ours::ladder::loops);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_elementwise() {
    compare_product("elementwise", ladder::elementwise, ours::ladder::elementwise);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_broadcast() {
    compare_product("broadcast", ladder::broadcast, ours::ladder::broadcast);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_einsum() {
    compare_product("einsum", ladder::einsum, ours::ladder::einsum);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_dot() {
    compare_product("dot", ladder::dot, ours::ladder::dot);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_accumulator() {
    compare_product("accumulator", ladder::accumulator, ours::ladder::accumulator);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_ikj() {
    compare_product("ikj", ladder::ikj, ours::ladder::ikj);
}

#[test]
#[ignore = "a comparison"]
fn compare_ladder_tile() {
    compare_product("tile", ladder::tile, ours::ladder::tile);
}

/// The shape, or the axes that disagree, which are negative.
fn shape_or_axes(shapes: &[&[usize]]) -> Vec<isize> {
    match broadcast_shapes(shapes) {
        Ok(shape) => shape.into_iter().map(|size| size as isize).collect(),
        Err(error) => error.axes,
    }
}

fn right_shape_or_axes(shapes: &[&[usize]]) -> Vec<isize> {
    match ours::broadcast_shapes(shapes) {
        Ok(shape) => shape.into_iter().map(|size| size as isize).collect(),
        Err(error) => error.axes,
    }
}

#[test]
fn broadcasting_broadcast_shapes() {
    let sizes = |shape: &[usize]| shape.iter().map(|size| *size as isize).collect::<Vec<isize>>();
    let examples: [&[&[usize]]; 12] = [
        &[&[256, 256, 3], &[3]],
        &[&[2, 1], &[3]],
        &[&[4, 3], &[4]],
        &[&[1, 3], &[3, 1]],
        &[&[8, 1, 6, 1], &[7, 1, 5]],
        &[&[3], &[2, 1], &[4, 1, 1]],
        &[&[2], &[0]],
        &[&[1], &[0]],
        &[],
        &[&[]],
        &[&[5, 784], &[784, 10]],
        &[&[10, 2, 784], &[3, 784], &[5, 1, 1]],
    ];
    judge(examples.map(|shapes| {
        let longest = || shapes.iter().max_by_key(|shape| shape.len()).copied().unwrap_or(&[]).to_vec();
        let ndim = longest().len();
        // Aligned at the first axis, and what each slip would make of it.
        let at = |shape: &[usize], axis: usize| shape.get(axis).copied().unwrap_or(1);
        let aligned_left = || {
            (0..ndim).map(|axis| shapes.iter().map(|s| at(s, axis)).max().unwrap_or(1)).collect::<Vec<_>>()
        };
        let right = right_shape_or_axes(shapes);
        case(
            format!("broadcast_shapes of {shapes:?} (negative numbers are the axes that disagree)"),
            || shape_or_axes(shapes),
            right.clone(),
        )
        .slip("shapes aligned at their first axis; the rule aligns them at the last", || {
            sizes(&aligned_left())
        })
        .slip("the longest shape, whatever the others say", || sizes(&longest()))
        .slip("axes counted from the end without their sign: the last one is -1", || {
            right.iter().map(|n| n.abs()).collect::<Vec<_>>()
        })
        .slip("the axes of the error in the other order: the leftmost comes first", || {
            right.iter().rev().copied().collect::<Vec<_>>()
        })
        .slip("a size 0 that loses against a 1: stretched to nothing, it is nothing", || {
            right.iter().map(|size| if *size == 0 { 1 } else { *size }).collect::<Vec<_>>()
        })
    }));
}

#[test]
fn broadcasting_expand_as() {
    let (c, m) = (array![10.0_f32, 20.0, 30.0], Array2::<f32>::zeros((4, 3)));
    let column = array![[1.0_f32], [2.0], [3.0], [4.0]];
    let strides = |strides: &[isize]| strides.to_vec();
    judge([
        case(
            "the numbers of expand_as(c, m)",
            || expand_as(&c, &m).to_owned(),
            ours::expand_as(&c, &m).to_owned(),
        ),
        case(
            "the strides of expand_as(c, m), c (3) and m (4, 3)",
            || strides(expand_as(&c, &m).strides()),
            vec![0_isize, 1],
        )
        .slip("a copy: every number is in memory again. A stretched axis has stride 0", || vec![3_isize, 1])
        .slip("the notes' slip: the stride along the rows is 0, not 1", || vec![1_isize, 0]),
        case(
            "the strides of expand_as(column, m), a column (4, 1)",
            || strides(expand_as(&column, &m).strides()),
            vec![1_isize, 0],
        ),
        case("is it c's own memory?", || expand_as(&c, &m).as_ptr() == c.as_ptr(), true),
    ]);
    let message = quietly(|| drop(expand_as(&m, &c).to_owned())).err().unwrap_or_default();
    assert!(
        message.contains("[4, 3]") && message.contains("[3]") && !message.contains("unwrap"),
        "expand_as of (4, 3) as (3), which cannot be\n  expected  a panic that names [4, 3] and [3]\n  got       {message:?}"
    );
}

#[test]
fn einsum_einsum_loops() {
    let mut rng = manual_seed(5);
    let (a, b) = (randn((3, 3), &mut rng), randn((3, 3), &mut rng));
    let (wide, tall) = (randn((2, 4), &mut rng), randn((4, 5), &mut rng));
    let of = |subscripts: &str, a: &Array2<f32>, b: &Array2<f32>, slips: [(&'static str, ArrayD<f32>); 2]| {
        let right = ours::einsum::einsum_loops(subscripts, &[a, b]);
        let one = case(
            format!("einsum_loops({subscripts:?}) of {:?} and {:?}", a.dim(), b.dim()),
            || einsum_loops(subscripts, &[a, b]),
            right,
        );
        slips.into_iter().fold(one, |one, (looks, would_be)| one.slip(looks, || would_be))
    };
    let zeros = |shape: &[usize]| ArrayD::<f32>::zeros(shape);
    let overwritten =
        |a: &ArrayRef2<f32>, b: &ArrayRef2<f32>| a.slice(s![.., -1..]).dot(&b.slice(s![-1.., ..])).into_dyn();
    const NOTHING: &str = "a result that nothing was written to: all zeros";
    const LAST: &str =
        "a result that is overwritten: products over letters that are not in the output have to be added up";
    judge([
        of("ik,kj->ij", &a, &b, [(NOTHING, zeros(&[3, 3])), (LAST, overwritten(&a, &b))]),
        of("ik,kj->ij", &wide, &tall, [(NOTHING, zeros(&[2, 5])), (LAST, overwritten(&wide, &tall))]),
        of(
            "ij,ij->",
            &a,
            &b,
            [
                (NOTHING, zeros(&[])),
                (
                    "a matrix product: its sum is not the inner product",
                    ours::matmul(&a, &b).sum_axis(Axis(0)).sum_axis(Axis(0)).into_dyn(),
                ),
            ],
        ),
        of(
            "bi,bj->ij",
            &a,
            &b,
            [
                (
                    "`b`'s transpose forgotten: each letter belongs to its own axis",
                    ours::matmul(&a, &b).into_dyn(),
                ),
                (NOTHING, zeros(&[3, 3])),
            ],
        ),
        of("ii,ij->j", &a, &b, [(NOTHING, zeros(&[3])), (LAST, (&b.row(2) * a[[2, 2]]).into_dyn())]),
    ]);
    judge([case(
        "einsum_loops(\"ij->ji\") of (2, 4)",
        || einsum_loops("ij->ji", &[&wide]),
        wide.t().to_owned(),
    )]);
}
