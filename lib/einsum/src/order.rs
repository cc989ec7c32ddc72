//! In which order to multiply three operands or more, two at a time.
//!
//! `ij,jk,kl->il` as one nest of loops costs `i·j·k·l` multiplications; as two products it costs
//! `i·j·k + i·k·l` or `j·k·l + i·j·l`, and which of them is less depends on the sizes. The number of orders
//! grows faster than exponentially with the operands. Up to [`EXACT`] of them the best one is found by
//! dynamic programming over all subsets (Pfeifer, Haegeman and Verstraete, *Faster identification of
//! optimal contraction sequences for tensor networks*, 2014). Beyond that it is built greedily: always the
//! pair that makes the memory grow least, the rule of opt_einsum (Smith and Gray, *opt_einsum – A Python
//! package for optimizing contraction order for einsum-like expressions*, JOSS 2018), on which NumPy's
//! `einsum_path` is built too.

use crate::sizes::Axes;
use crate::subscripts::{LABELS, Label, Set, each, has, set};

/// Up to this number of operands, the cheapest order is found.
pub(crate) const EXACT: usize = 8;

/// Which two to multiply, step by step. Operands are numbered from 0, and each result gets the next number.
pub(crate) fn order(axes: &Axes) -> Vec<(usize, usize)> {
    match axes.carried.len() {
        0 | 1 => Vec::new(),
        2 => vec![(0, 1)],
        3..=EXACT => best(axes),
        _ => greedy(axes),
    }
}

/// How many products of numbers a loop over all of `labels` makes.
pub(crate) fn volume(axes: &Axes, labels: Set) -> u128 {
    each(labels).map(|label| axes.size(label) as u128).fold(1, u128::saturating_mul)
}

/// The labels of each operand that another operand or the output has, too. The others are summed away before any product.
fn shared(axes: &Axes) -> Vec<Set> {
    let sets: Vec<Set> = axes.carried.iter().map(|labels| set(labels)).collect();
    let (mut once, mut again) = (0, set(&axes.output));
    for labels in &sets {
        again |= once & labels;
        once |= labels;
    }
    sets.into_iter().map(|labels| labels & again).collect()
}

/// The cheapest way to make the product of one subset of the operands.
#[derive(Clone, Copy)]
struct Best {
    cost: u128,
    /// What the product still carries: labels that the output or an operand outside the subset has.
    labels: Set,
    /// The first of the two subsets that it is made of.
    left: usize,
}

fn best(axes: &Axes) -> Vec<(usize, usize)> {
    let n = axes.carried.len();
    let sets = shared(axes);
    let union = |subset: usize| (0..n).filter(|i| subset >> i & 1 == 1).fold(0, |all, i| all | sets[i]);
    let all = (1 << n) - 1;
    let mut table = vec![Best { cost: 0, labels: 0, left: 0 }; 1 << n];
    for subset in 1..=all {
        let labels = union(subset) & (union(all ^ subset) | set(&axes.output));
        let (cost, left) = splits(subset)
            .map(|left| {
                let (a, b) = (table[left], table[subset ^ left]);
                let product = volume(axes, a.labels | b.labels);
                (a.cost.saturating_add(b.cost).saturating_add(product), left)
            })
            .min()
            .unwrap_or((0, 0));
        table[subset] = Best { cost, labels, left };
    }
    let mut steps = Vec::with_capacity(n - 1);
    walk(&table, all, n, &mut steps);
    steps
}

/// The ways to part a subset in two, each once.
fn splits(subset: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some((subset - 1) & subset), move |&left| Some(left.wrapping_sub(1) & subset))
        .take_while(|&left| left != 0)
        .filter(move |&left| left > subset ^ left)
}

/// Writes down the steps that make `subset`, and returns its number.
fn walk(table: &[Best], subset: usize, n: usize, steps: &mut Vec<(usize, usize)>) -> usize {
    if subset.is_power_of_two() {
        return subset.trailing_zeros() as usize;
    }
    let left = table[subset].left;
    let pair = (walk(table, subset ^ left, n, steps), walk(table, left, n, steps));
    steps.push(pair);
    n + steps.len() - 1
}

fn greedy(axes: &Axes) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, Set)> = shared(axes).into_iter().enumerate().collect();
    let n = open.len();
    let mut steps = Vec::with_capacity(n - 1);
    while open.len() > 1 {
        let (i, j) = least_growth(axes, &open);
        let (b, b_set) = open.remove(j);
        let (a, a_set) = open.remove(i);
        steps.push((a, b));
        let kept = needed(axes, &open) & (a_set | b_set);
        open.push((n + steps.len() - 1, kept));
    }
    steps
}

/// The pair whose product is smallest compared with its two operands; `i < j`.
fn least_growth(axes: &Axes, open: &[(usize, Set)]) -> (usize, usize) {
    let mut times = [0_usize; LABELS];
    let mut count = |labels: Set| {
        for label in each(labels) {
            times[usize::from(label)] += 1;
        }
    };
    count(set(&axes.output));
    open.iter().for_each(|&(_, labels)| count(labels));

    let memory = |labels: Set| volume(axes, labels).min(1 << 100) as i128;
    let growth = |a: Set, b: Set| {
        let wanted = |label: &Label| {
            times[usize::from(*label)] > usize::from(has(a, *label)) + usize::from(has(b, *label))
        };
        let kept = each(a | b).filter(wanted).fold(0, |kept, label| kept | 1 << label);
        (memory(kept) - memory(a) - memory(b), volume(axes, a | b))
    };
    let pairs = (0..open.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    pairs.min_by_key(|&(i, j)| growth(open[i].1, open[j].1)).expect("two operands or more are left")
}

/// The labels that the output or one of `open` has.
fn needed(axes: &Axes, open: &[(usize, Set)]) -> Set {
    open.iter().fold(set(&axes.output), |all, (_, labels)| all | labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscripts::Subscripts;

    fn axes(subscripts: &str, shapes: &[&[usize]]) -> Axes {
        let parsed = Subscripts::parse(subscripts).expect("letters");
        Axes::bind(&parsed, shapes).expect("sizes that fit")
    }

    /// The least cost of all orders there are, by trying each.
    fn cheapest(axes: &Axes, open: &[Set]) -> u128 {
        let pairs = (0..open.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let cost = |(i, j): (usize, usize)| {
            let mut rest = open.to_vec();
            let both = rest.remove(j) | rest.remove(i);
            let later = rest.iter().fold(set(&axes.output), |all, labels| all | labels);
            rest.push(both & later);
            volume(axes, both) + cheapest(axes, &rest)
        };
        pairs.map(cost).min().unwrap_or(0)
    }

    fn cost(axes: &Axes, steps: &[(usize, usize)]) -> u128 {
        let mut open = shared(axes);
        let mut total = 0;
        for &(a, b) in steps {
            let both = std::mem::take(&mut open[a]) | std::mem::take(&mut open[b]);
            let later = open.iter().fold(set(&axes.output), |all, labels| all | labels);
            open.push(both & later);
            total += volume(axes, both);
        }
        total
    }

    /// The example of Cormen, Leiserson, Rivest and Stein, *Introduction to Algorithms*, section 14.2: six matrices, in the best
    /// order 15,125 multiplications.
    #[test]
    fn a_chain_takes_as_many_multiplications_as_the_textbook_says() {
        let all: [&[usize]; 6] = [&[30, 35], &[35, 15], &[15, 5], &[5, 10], &[10, 20], &[20, 25]];
        let axes = axes("ab,bc,cd,de,ef,fg->ag", &all);
        assert_eq!(cost(&axes, &order(&axes)), 15_125);
    }

    #[test]
    fn up_to_eight_operands_no_order_is_cheaper() {
        let all: [&[usize]; 5] = [&[9, 2], &[2, 7], &[7, 3, 5], &[3, 8], &[5, 4]];
        for subscripts in
            ["ij,jk,klm,ln,mo->ino", "ij,jk,klm,ln,mo->", "ij,jk,klm,ln,mo->k", "ia,ab,bcd,ce,df->iabcdef"]
        {
            let axes = axes(subscripts, &all);
            let least = cheapest(&axes, &shared(&axes));
            assert_eq!(cost(&axes, &best(&axes)), least, "{subscripts}");
            assert!(cost(&axes, &greedy(&axes)) >= least);
        }
    }

    /// What the orders cost that opt_einsum 3.4.0 finds by the same rule: a chain, a ring and a grid. (On trees it may
    /// differ: opt_einsum does not weigh a pair again when others have changed what it would leave.)
    #[test]
    fn the_greedy_order_costs_what_opt_einsums_does() {
        let chain = "ab,bc,cd,de,ef,fg,gh,hi,ij->aj";
        let ring = "ab,bc,cd,de,ef,fg,gh,hi,ia->";
        let grid = "ab,acd,ce,bfg,dfhi,ehj,gk,ikl,jl->";
        let all: [(&str, &[usize], u128); 3] = [
            (chain, &[7, 31, 11, 3, 23, 5, 29, 2, 13, 17], 4_005),
            (ring, &[3, 7, 5, 11, 2, 13, 4, 17, 6], 859),
            (grid, &[2, 3, 5, 7, 4, 6, 8, 9, 11, 10, 12, 13], 124_552),
        ];
        for (subscripts, sizes, flops) in all {
            let operands = subscripts.split("->").next().expect("the part before the arrow").split(',');
            let size = |letter: u8| sizes[usize::from(letter - b'a')];
            let shapes: Vec<Vec<usize>> =
                operands.map(|letters| letters.bytes().map(size).collect()).collect();
            let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
            let axes = axes(subscripts, &shapes);
            assert_eq!(cost(&axes, &order(&axes)), flops, "{subscripts}");
        }
    }
}
