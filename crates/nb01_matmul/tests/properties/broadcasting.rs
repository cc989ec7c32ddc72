//! Shapes broadcast as NumPy says: aligned at the last axis, and sizes that meet are equal, or one of them is 1.

use nb01_matmul::ndarray::{ArrayD, IxDyn};
use nb01_matmul::{broadcast_shapes, expand_as, explain_broadcast, zip_broadcast};
use proptest::collection::vec;
use proptest::prelude::*;

type Shapes = Vec<Vec<usize>>;

/// Any list of shapes; few of them broadcast.
fn any_shapes() -> impl Strategy<Value = Shapes> {
    vec(vec(0..4_usize, 0..5), 0..5)
}

/// Shapes cut from one, with some of its sizes replaced by 1: these do.
fn shapes_that_fit() -> impl Strategy<Value = (Vec<usize>, Shapes)> {
    vec(prop_oneof![1 => Just(0_usize), 1 => Just(1), 4 => 2..6_usize], 0..5).prop_flat_map(|whole| {
        let n = whole.len();
        let cut = (0..=n, vec(prop::bool::weighted(0.3), n));
        let of = whole.clone();
        let cut = cut.prop_map(move |(from, ones)| {
            (from..n).map(|axis| if ones[axis] { 1 } else { of[axis] }).collect::<Vec<usize>>()
        });
        (Just(whole), vec(cut, 1..5))
    })
}

/// The sizes that meet at the `axis`-th place from the end.
fn sizes(shapes: &Shapes, axis: usize) -> impl Iterator<Item = usize> {
    shapes.iter().filter_map(move |shape| shape.len().checked_sub(axis).map(|at| shape[at]))
}

proptest! {
    #[test]
    fn the_rule_is_numpys(shapes in prop_oneof![any_shapes(), shapes_that_fit().prop_map(|(_, cut)| cut)]) {
        let refs: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let ndim = shapes.iter().map(Vec::len).max().unwrap_or(0);
        let disagree = |axis: &usize| {
            let others: Vec<usize> = sizes(&shapes, *axis).filter(|&size| size != 1).collect();
            others.iter().any(|&size| size != others[0])
        };
        let faults: Vec<isize> = (1..=ndim).rev().filter(disagree).map(|axis| -(axis as isize)).collect();
        match broadcast_shapes(&refs) {
            Err(error) => {
                prop_assert!(!faults.is_empty());
                let marked = error.to_string();
                prop_assert_eq!(marked.lines().count(), 1 + shapes.len() + 1, "{}", marked);
                prop_assert_eq!((error.axes, error.shapes), (faults, shapes));
            }
            Ok(shape) => {
                prop_assert_eq!(faults, Vec::<isize>::new());
                prop_assert_eq!(shape.len(), ndim);
                for (size, axis) in shape.iter().zip((1..=ndim).rev()) {
                    prop_assert!(sizes(&shapes, axis).any(|n| n == *size), "{size} comes from nowhere");
                }
                for small in &shapes {
                    prop_assert!(ArrayD::<f32>::zeros(small.clone()).broadcast(&*shape).is_some());
                }
            }
        }
    }

    #[test]
    fn shapes_cut_from_one_broadcast((whole, cut) in shapes_that_fit()) {
        let mut refs: Vec<&[usize]> = cut.iter().map(Vec::as_slice).collect();
        refs.push(&whole);
        prop_assert_eq!(broadcast_shapes(&refs), Ok(whole.clone()));
        refs.reverse();
        prop_assert_eq!(broadcast_shapes(&refs), Ok(whole), "in any order");
    }

    /// Every number of the result comes from where the rule says: the same index, or 0 where an operand has size 1.
    #[test]
    fn numbers_come_from_where_the_rule_says((whole, cut) in shapes_that_fit()) {
        let numbered = |shape: &Vec<usize>| {
            let mut n = 0.0_f32;
            ArrayD::from_shape_simple_fn(shape.clone(), || { n += 1.0; n })
        };
        let at = |array: &ArrayD<f32>, index: &[usize]| {
            let own = &index[index.len() - array.ndim()..];
            let own: Vec<usize> = own.iter().zip(array.shape()).map(|(&i, &n)| if n == 1 { 0 } else { i }).collect();
            array[IxDyn(&own)]
        };
        let (a, b) = (numbered(&cut[0]), numbered(&whole));
        let pairs = zip_broadcast(&a, &b, |&a, &b| (a, b));
        prop_assert_eq!(pairs.shape(), &*whole);
        for (index, &pair) in pairs.indexed_iter() {
            prop_assert_eq!(pair, (at(&a, nb01_matmul::ndarray::Dimension::slice(&index)), b[&index]));
        }
        prop_assert_eq!(expand_as(&a, &b), pairs.mapv(|(a, _)| a));
        let explained = explain_broadcast(&[&a, &b]).unwrap();
        prop_assert_eq!(explained.lines().count(), 4);
    }
}
