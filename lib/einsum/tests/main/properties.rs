//! `einsum` is the loops that its subscripts stand for, and has an answer to any string, tried on random calls.
//!
//! `PROPTEST_CASES` (256 unless set) is the number of cases. A failing case is shrunk, and its seed is kept beside this folder and
//! tried first the next time.

use crate::common::call as run;
use crate::common::draw::laid_out;
use crate::common::loops::loops;
use einsum::einsum_explain;
use einsum::ndarray::ArrayD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

const LETTERS: [char; 6] = ['i', 'j', 'k', 'b', 'Z', 'a'];

/// One operand of a call: a letter for each axis, whether the axis has size 1 and is stretched, and the layout in memory.
#[derive(Clone, Debug)]
struct Labelled {
    letters: Vec<usize>,
    stretched: Vec<bool>,
    order: Vec<Index>,
    steps: Vec<isize>,
}

/// Subscripts that mean something, and operands for them.
#[derive(Clone, Debug)]
struct Call {
    sizes: Vec<usize>,
    operands: Vec<Labelled>,
    /// The output's letters; without any, the implicit output.
    output: Option<Vec<usize>>,
    seed: i32,
}

fn operand() -> impl Strategy<Value = Labelled> {
    let stretched = vec(prop::bool::weighted(0.1), LETTERS.len());
    let step = prop_oneof![4 => Just(1), 1 => Just(2), 1 => Just(-1), 1 => Just(-3)];
    let fields = (vec(0..LETTERS.len(), 0..5), stretched, vec(any::<Index>(), 5), vec(step, 5));
    fields.prop_map(|(letters, stretched, order, steps)| Labelled { letters, stretched, order, steps })
}

fn call() -> impl Strategy<Value = Call> {
    let size = prop_oneof![1 => Just(0_usize), 2 => Just(1), 8 => 2..5_usize];
    // Of few letters, more are shared.
    let operands = (vec(size, LETTERS.len()), 2..=LETTERS.len(), vec(operand(), 1..6), -1000..1000);
    operands.prop_flat_map(|(sizes, few, mut operands, seed)| {
        operands.iter_mut().flat_map(|operand| &mut operand.letters).for_each(|letter| *letter %= few);
        let mut known: Vec<usize> = operands.iter().flat_map(|o| o.letters.clone()).collect();
        known.sort_unstable();
        known.dedup();
        let output = subsequence(known.clone(), 0..=known.len()).prop_shuffle();
        prop::option::weighted(0.9, output).prop_map(move |output| Call {
            sizes: sizes.clone(),
            operands: operands.clone(),
            output,
            seed,
        })
    })
}

impl Call {
    fn subscripts(&self) -> String {
        let word = |letters: &[usize]| letters.iter().map(|&at| LETTERS[at]).collect::<String>();
        let terms: Vec<String> = self.operands.iter().map(|o| word(&o.letters)).collect();
        let output = self.output.iter().map(|output| format!("->{}", word(output)));
        terms.join(",") + &output.collect::<String>()
    }

    /// Whole numbers from −2 to 2, so that all sums are exact in `f32` and come out alike in any order.
    fn arrays(&self) -> Vec<ArrayD<f64>> {
        let mut state = self.seed;
        let mut next = || {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            f64::from((state >> 16).rem_euclid(5) - 2)
        };
        self.operands.iter().map(|operand| operand.array(&self.sizes, &mut next)).collect()
    }

    /// The letters of the output: those that are given, or else those that occur once, capitals first.
    fn output(&self) -> Vec<char> {
        let all: Vec<char> = self.operands.iter().flat_map(|o| &o.letters).map(|&at| LETTERS[at]).collect();
        let mut once: Vec<char> =
            all.iter().copied().filter(|l| all.iter().filter(|other| *other == l).count() == 1).collect();
        once.sort_unstable();
        self.output.as_ref().map_or(once, |output| output.iter().map(|&at| LETTERS[at]).collect())
    }

    /// The same call with its output written out, as plain loops.
    fn loops(&self, arrays: &[ArrayD<f64>]) -> ArrayD<f64> {
        let subscripts = self.subscripts();
        let inputs = subscripts.split("->").next().expect("the part before the arrow");
        loops(&format!("{inputs}->{}", String::from_iter(self.output())), arrays)
    }
}

impl Labelled {
    /// An array of these sizes with any layout in memory.
    fn array(&self, sizes: &[usize], next: &mut impl FnMut() -> f64) -> ArrayD<f64> {
        let size = |&at: &usize| if self.stretched[at] { sizes[at].min(1) } else { sizes[at] };
        let shape: Vec<usize> = self.letters.iter().map(size).collect();
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        for i in (1..axes.len()).rev() {
            axes.swap(i, self.order.get(i).map_or(i, |order| order.index(i + 1)));
        }
        laid_out(&shape, axes, &self.steps, next)
    }
}

proptest! {
    #[test]
    fn einsum_is_its_loops(call in call()) {
        let (subscripts, arrays) = (call.subscripts(), call.arrays());
        let expected = call.loops(&arrays);
        let result = run(&subscripts, &arrays).unwrap();
        prop_assert!(result.is_standard_layout(), "{subscripts}: not row by row");
        prop_assert_eq!(&result, &expected, "{}", subscripts);
        let single: Vec<ArrayD<f32>> = arrays.iter().map(|array| array.mapv(|x| x as f32)).collect();
        prop_assert_eq!(run(&subscripts, &single).unwrap().mapv(f64::from), expected, "{}", subscripts);
    }

    /// A NaN reaches every sum that it is a term of, and no other.
    #[test]
    fn a_nan_reaches_what_the_loops_say(call in call(), which in any::<Index>(), at in any::<Index>()) {
        let (subscripts, mut arrays) = (call.subscripts(), call.arrays());
        let array = &mut arrays[which.index(call.operands.len())];
        if array.is_empty() {
            return Ok(()); // no place for one
        }
        let at = at.index(array.len());
        *array.iter_mut().nth(at).unwrap() = f64::NAN;
        let nans = |array: &ArrayD<f64>| array.mapv(f64::is_nan);
        prop_assert_eq!(nans(&run(&subscripts, &arrays).unwrap()), nans(&call.loops(&arrays)), "{}", subscripts);
    }

    /// Whatever the string and the shapes: a result, or an error that quotes the string in two lines.
    #[test]
    fn any_string_has_an_answer(
        subscripts in prop_oneof!["[ijkZ.,> -]{0,12}", "([ij.]{0,4},){0,3}(->[ijk.]{0,4})?", ".{0,20}"],
        shapes in vec(vec(0..4_usize, 0..4), 0..4),
    ) {
        let arrays: Vec<ArrayD<f32>> = shapes.iter().map(|shape| ArrayD::ones(shape.clone())).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let explained = einsum_explain(&subscripts, &shapes);
        match run(&subscripts, &arrays) {
            Ok(result) => prop_assert!(explained.is_ok() && result.is_standard_layout()),
            Err(error) => {
                prop_assert_eq!(error.to_string().lines().count(), 3, "{}", error);
                prop_assert_eq!(explained.map_err(|e| e.to_string()), Err(error.to_string()));
            }
        }
    }
}

/// All calls with two operands of at most two axes over three letters: each role that a letter can have, in each position.
/// All sizes are equal, so that a confused letter shows in the numbers only.
#[test]
fn every_small_call_is_its_loops() {
    let words = |most: u32| (0..=most).flat_map(|len| (0..3_usize.pow(len)).map(move |n| word(n, len)));
    for (a, b, output) in words(2).flat_map(|a| {
        words(2).flat_map(move |b| {
            let a = a.clone();
            words(3).map(move |output| (a.clone(), b.clone(), output))
        })
    }) {
        let known = |letter: &usize| a.contains(letter) || b.contains(letter);
        let once = |at: usize| !output[..at].contains(&output[at]);
        if output.iter().all(known) && (0..output.len()).all(once) {
            let operands = [&a, &b].map(|letters| Labelled {
                letters: letters.clone(),
                stretched: vec![false; LETTERS.len()],
                order: vec![],
                steps: vec![1; 2],
            });
            let call = Call { sizes: vec![3; 6], operands: operands.into(), output: Some(output), seed: 1 };
            let arrays = call.arrays();
            assert_eq!(
                run(&call.subscripts(), &arrays).unwrap(),
                call.loops(&arrays),
                "{}",
                call.subscripts()
            );
        }
    }
}

/// The `n`th word of so many letters of three.
fn word(n: usize, len: u32) -> Vec<usize> {
    (0..len).map(|at| n / 3_usize.pow(at) % 3).collect()
}
