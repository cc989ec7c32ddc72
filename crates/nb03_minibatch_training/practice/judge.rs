//! Judges each exercise of notebook 03 by itself, and knows what typical slips look like.

mod common;
mod looks;

use looks::{Oracle, case, judge, judge_oracles, quietly};
use nb03_minibatch_training::fit::validate_unweighted;
use nb03_minibatch_training::loops::by_hand;
use nb03_minibatch_training::loss::forms;
use nb03_minibatch_training::model::Model;
use nb03_minibatch_training::ndarray::{Array1, Array2, ArrayRef2, Axis, Ix2, array};
use nb03_minibatch_training::nn::{Linear, ReLU, Sequential};
use nb03_minibatch_training::*;

fn draw(shape: (usize, usize), seed: u64) -> Array2<f32> {
    ours::randn(shape, &mut ours::manual_seed(seed))
}

fn column(sums: Array1<f32>) -> Array2<f32> {
    sums.insert_axis(Axis(1))
}

/// What a form of `log_softmax` gives for a square, where a wrong axis fits, and for another matrix.
fn judge_log_softmax(name: &str, form: impl Fn(&ArrayRef2<f32>) -> Array2<f32>) {
    for (n, c) in [(4, 4), (3, 5)] {
        let x = draw((n, c), 1);
        let exp = x.exp();
        let (sums, right) = (exp.sum_axis(Axis(1)), ours::log_softmax(&x));
        judge([case(format!("{name} of a ({n}, {c})"), || form(&x), right.clone())
            .slip("a softmax whose logarithm was not taken", || right.exp())
            .slip("a sum over the wrong axis: the numbers of one row belong together", || {
                &x - &exp.sum_axis(Axis(0)).ln()
            })
            .slip("sums of rows that met columns: `insert_axis(Axis(1))` makes an (n, 1) of them", || {
                &x - &sums.ln()
            })
            .slip("one sum for the whole batch: each row has its own", || &x - exp.sum().ln())
            .slip("a logarithm that was forgotten", || &x - &column(sums.clone()))
            .slip("a mean instead of a sum", || &x - &column((&sums / c as f32).ln()))
            .slip("a difference turned around", || column(sums.ln()) - &x)
            .slip("a logarithm to another base: it is the natural one", || &right / 10_f32.ln())
            .slip("a softmax of the exponentials", || ours::log_softmax(&exp))]);
    }
}

#[test]
fn loss_forms_plain() {
    judge_log_softmax("plain", forms::plain);
}

#[test]
fn loss_forms_difference() {
    judge_log_softmax("difference", forms::difference);
}

#[test]
fn loss_logsumexp() {
    for (n, c) in [(4, 4), (3, 5)] {
        let x = draw((n, c), 2);
        let (exp, max) = (x.exp(), x.fold_axis(Axis(1), f32::NEG_INFINITY, |m, x| m.max(*x)));
        judge([case(format!("logsumexp of a ({n}, {c})"), || logsumexp(&x), ours::logsumexp(&x))
            .slip("a maximum that was not added again at the end", || ours::logsumexp(&x) - &max)
            .slip("a logarithm that was forgotten", || exp.sum_axis(Axis(1)))
            .slip("a sum over the wrong axis", || exp.sum_axis(Axis(0)).ln())
            .slip("the maximum alone", || max.clone())
            .slip("a sum of numbers, not of exponentials", || x.sum_axis(Axis(1)).ln())]);
    }
    let (large, none) = (array![[1000.0_f32, 999.0], [0.0, 1.0]], array![[f32::NEG_INFINITY; 2]]);
    judge([
        case("logsumexp of [1000, 999] and [0, 1]", || logsumexp(&large), ours::logsumexp(&large))
            .slip("exponentials before the largest number was taken off: exp(1000) is infinite", || {
                large.exp().sum_axis(Axis(1)).ln()
            })
            .slip("the largest number of the whole batch: each row has its own", || {
                (&large - 1000.0).exp().sum_axis(Axis(1)).ln() + 1000.0
            }),
        case("logsumexp of a row of −∞, probabilities of 0", || logsumexp(&none), array![f32::NEG_INFINITY])
            .slip("∞ − ∞: such a row has no finite number to take off", || array![f32::NAN]),
    ]);
}

#[test]
fn loss_forms_shifted() {
    judge_log_softmax("shifted", forms::shifted);
    let large = array![[1000.0_f32, 999.0], [-1000.0, 0.0]];
    let right = ours::loss::forms::shifted(&large);
    judge([case("shifted of logits of a thousand", || forms::shifted(&large), right)
        .slip("exponentials before the largest number was taken off: exp(1000) is infinite", || {
            ours::loss::forms::difference(&large)
        })
        .slip("exponentials before the largest number was taken off: ∞/∞ is no number", || {
            ours::loss::forms::plain(&large)
        })]);
}

/// Three rows of four classes: logits, classes, and a probability for each class.
fn batch() -> (Array2<f32>, [u8; 3], Array2<f32>) {
    (draw((3, 4), 3), [2, 0, 2], ours::log_softmax(&draw((3, 4), 4)).exp())
}

/// Slips of a loss: what `log_probs` gives if it is read in another way.
fn picked(log_probs: &Array2<f32>, y: &[u8]) -> Array1<f32> {
    y.iter().enumerate().map(|(i, y)| log_probs[[i, usize::from(*y)]]).collect()
}

#[test]
fn loss_nll() {
    let (x, y, p) = batch();
    let log_probs = ours::log_softmax(&x);
    let own = picked(&log_probs, &y);
    let all: f32 = y.iter().map(|y| log_probs.column(usize::from(*y)).sum()).sum();
    let right = ours::nll(&log_probs, &ours::Targets::from(y.to_vec()));
    judge([
        case("nll of (3, 4) and the classes 2, 0, 2", || nll(&log_probs, &Targets::from(y.to_vec())), right)
            .slip("a sum instead of a mean", || -own.sum())
            .slip(
                "a sign that was forgotten: the logarithm of a probability is negative, a loss is not",
                || own.sum() / 3.0,
            )
            .slip("`log_probs[:, y]`: every row with every target. Each row has its own", || -all / 9.0)
            .slip("a division by n · c: the mean is over the rows", || -own.sum() / 12.0)
            .slip("the largest number of each row instead of its target's", || {
                -log_probs.fold_axis(Axis(1), f32::NEG_INFINITY, |m, x| m.max(*x)).sum() / 3.0
            })
            .slip("all numbers, not only the targets'", || -log_probs.sum() / 3.0)
            .slip("the target itself, multiplied: a class is a place, not a number", || {
                -own.iter().zip(y).map(|(log, y)| log * f32::from(y)).sum::<f32>() / 3.0
            }),
        case(
            "nll of (3, 4) and a probability for each class",
            || nll(&log_probs, &Targets::from(p.clone())),
            ours::nll(&log_probs, &ours::Targets::from(p.clone())),
        )
        .slip("a mean over all numbers: it is over the rows", || -(&log_probs * &p).sum() / 12.0)
        .slip("a sum instead of a mean", || -(&log_probs * &p).sum()),
        case(
            "nll where a probability is 0, and its logarithm −∞",
            || nll(&array![[0.0_f32, f32::NEG_INFINITY]], &Targets::from(array![[1.0, 0.0]])),
            0.0_f32,
        )
        .slip("0 · −∞, which is NaN: what has probability 0 counts nothing", || f32::NAN),
    ]);
    let said =
        quietly(|| drop(nll(&log_probs, &Targets::from(vec![1])).to_string())).err().unwrap_or_default();
    assert!(
        said.contains("nll"),
        "nll of (3, 4) and one target\n  expected  the panic of `targets.check`\n  got       {said:?}\n\
         It looks like shapes that nobody compared"
    );
}

#[test]
fn loss_cross_entropy() {
    let (x, y, p) = batch();
    let (log_probs, classes) = (ours::log_softmax(&x), || Targets::from(y.to_vec()));
    let (loss, right) = ours::cross_entropy(&x, &ours::Targets::from(y.to_vec()));
    let softmax = log_probs.exp();
    let one_hot = Array2::from_shape_fn((3, 4), |(i, j)| f32::from(u8::from(j == usize::from(y[i]))));
    let (of_p, of_p_g) = ours::cross_entropy(&x, &ours::Targets::from(p.clone()));
    judge([
        case("cross_entropy of (3, 4): the loss", || cross_entropy(&x, &classes()).0, loss)
            .slip("a sum instead of a mean", || loss * 3.0)
            .slip("logits that were not made probabilities: `log_softmax` first", || {
                -picked(&x, &y).sum() / 3.0
            })
            .slip("probabilities without their logarithm", || -picked(&softmax, &y).sum() / 3.0)
            .slip("a sign that was forgotten", || -loss),
        case("cross_entropy of (3, 4): the gradient", || cross_entropy(&x, &classes()).1, right.clone())
            .slip("a division by n that was forgotten: the loss is a mean over the rows", || &right * 3.0)
            .slip("a division by n · c: the mean is over the rows", || &right / 4.0)
            .slip("a one-hot that was not subtracted", || &softmax / 3.0)
            .slip("a gradient with the wrong sign: what the net said minus what it should have said", || {
                -&right
            })
            .slip("logarithms where probabilities belong: softmax, not log_softmax", || {
                (&log_probs - &one_hot) / 3.0
            })
            .slip("logits where probabilities belong: softmax first", || (&x - &one_hot) / 3.0)
            .slip("the gradient of the target's column alone: a softmax moves all of them", || {
                &right * &one_hot
            })
            .slip("a factor 2: that is the squared error's", || &right * 2.0),
        case(
            "cross_entropy of (3, 4) and a probability for each class: the loss",
            || cross_entropy(&x, &Targets::from(p.clone())).0,
            of_p,
        ),
        case(
            "cross_entropy of (3, 4) and a probability for each class: the gradient",
            || cross_entropy(&x, &Targets::from(p.clone())).1,
            of_p_g.clone(),
        )
        .slip("a division by n that was forgotten", || &of_p_g * 3.0),
        case(
            "cross_entropy of logits of a thousand: the loss",
            || cross_entropy(&array![[1000.0_f32, 0.0]], &Targets::from(vec![1])).0,
            1000.0_f32,
        )
        .slip("exp(1000), which is infinite: `log_softmax` takes the largest number off first", || {
            f32::INFINITY
        })
        .slip("exp(1000), which is infinite, divided by itself", || f32::NAN),
    ]);
}

/// Yours beside the three oracles: ours, finite differences in `f64`, and PyTorch's values.
#[test]
#[ignore = "a comparison"]
fn compare_loss_cross_entropy() {
    let mut file = common::Oracle::open("cross_entropy_64x10");
    let (x, y) = (file.get::<f32, Ix2>("logits"), file.classes("targets"));
    let Targets::Classes(classes) = &y else { panic!("the file has classes") };
    let theirs = ours::Targets::from(classes.clone());
    let in_f64 = ours::Targets::<f64>::from(classes.clone());
    let numeric = ours::finite_difference(|x| ours::cross_entropy(x, &in_f64).0, &x.mapv(f64::from), 1e-5);
    judge_oracles([Oracle {
        gradient: "logits, (64, 10)",
        yours: looks::numbers(&cross_entropy(&x, &y).1),
        ours: looks::numbers(&ours::cross_entropy(&x, &theirs).1),
        differences: looks::numbers(&numeric),
        pytorch: looks::numbers(&file.get::<f32, Ix2>("logits_grad")),
    }]);
    looks::compare_times("(64, 10)", || cross_entropy(&x, &y), || ours::cross_entropy(&x, &theirs));
}

#[test]
fn accuracy_accuracy() {
    let out = array![[0.1_f32, 0.9, 0.0], [0.8, 0.2, 0.1], [0.3, 0.2, 0.7], [0.5, 0.1, 0.2]];
    let y = vec![1, 0, 0, 0];
    let right = ours::accuracy(&out, &ours::Targets::from(y.clone()));
    let square = draw((5, 5), 5);
    let classes: Vec<u8> =
        square.rows().into_iter().map(|row| ours::argmax(&row).unwrap_or(0) as u8).collect();
    let down = square.columns().into_iter().zip(&classes);
    let down = down.filter(|(column, y)| ours::argmax(column) == Some(usize::from(**y))).count() as f64 / 5.0;
    judge([
        case(
            "accuracy of a (5, 5), all right",
            || accuracy(&square, &Targets::from(classes.clone())),
            1.0_f64,
        )
        .slip("a count instead of a share", || 5.0)
        .slip("the largest number of each column: a row is an image", || down),
        case(
            "accuracy of four rows, three of them right",
            || accuracy(&out, &Targets::from(y.clone())),
            right,
        )
        .slip("a share of wrong rows", || 0.25)
        .slip("the smallest number of each row", || 0.0)
        .slip("a mean of the targets' numbers", || (0.9 + 0.8 + 0.3 + 0.5) / 4.0),
        case(
            "accuracy of a row with a NaN, and one that is right",
            || accuracy(&array![[f32::NAN, 1.0], [0.0, 1.0]], &Targets::from(vec![1, 1])),
            0.5_f64,
        )
        .slip("a NaN that is passed over: a net that gives no number is not right", || 1.0),
        case(
            "accuracy of (4, 3) and a probability for each class",
            || {
                accuracy(
                    &out,
                    &Targets::from(array![
                        [0.1_f32, 0.8, 0.1],
                        [0.2, 0.5, 0.3],
                        [0.1, 0.2, 0.7],
                        [1.0, 0.0, 0.0]
                    ]),
                )
            },
            0.75_f64,
        ),
    ]);
}

/// Nine rows of three numbers, and their classes.
fn rows() -> (Tensor, Vec<u8>) {
    (tensor(draw((9, 3), 6)), vec![0, 1, 2, 1, 0, 2, 2, 1, 0])
}

fn values(net: &mut dyn Module) -> Vec<f32> {
    net.parameters().into_iter().flat_map(|(_, p)| p.value.iter().copied().collect::<Vec<_>>()).collect()
}

/// How a loop can go wrong.
#[derive(Clone, Copy)]
struct Loop {
    zeroes: bool,
    lr: f32,
    batches: usize,
    /// Where each batch begins.
    first: fn(usize) -> usize,
    parameters: usize,
}

const RIGHT: Loop = Loop { zeroes: true, lr: 0.5, batches: 3, first: |i| 4 * i, parameters: 4 };

/// The parameters after a loop of ours over batches of four rows.
fn looped(net: &mut dyn Module, Loop { zeroes, lr, batches, first, parameters }: Loop) -> Vec<f32> {
    let (x, y) = rows();
    let ds = ours::Dataset::new(x, y);
    for i in 0..batches {
        let (xb, yb) = ds.rows(first(i)..9.min(first(i) + 4));
        if zeroes {
            net.zero_grad();
        }
        let saved = net.forward(&xb);
        let (_, out_g) = ours::cross_entropy(&matrix(&saved.out), &yb);
        net.backward_params(saved, tensor(out_g));
        net.parameters().into_iter().take(parameters).for_each(|(_, p)| p.sgd(lr));
    }
    values(net)
}

#[test]
fn loops_by_hand() {
    let (x, y) = rows();
    let yours = || {
        let mut model = Model::new(3, 5, 3, &mut manual_seed(7));
        by_hand(&mut model, &x, &Targets::from(y.clone()), 0.5, 4);
        values(&mut model)
    };
    let after = |how: Loop| looped(&mut ours::model::Model::new(3, 5, 3, &mut manual_seed(7)), how);
    judge([case("the parameters after nine rows in batches of four", yours, after(RIGHT))
        .slip("gradients that were not zeroed: each batch adds to those of the batch before", || {
            after(Loop { zeroes: false, ..RIGHT })
        })
        .slip("a last batch that was left out: nine rows in fours are three batches", || {
            after(Loop { batches: 2, ..RIGHT })
        })
        .slip("a step up the gradient: the loss grows", || after(Loop { lr: -0.5, ..RIGHT }))
        .slip("a step without the learning rate", || after(Loop { lr: 1.0, ..RIGHT }))
        .slip("the first batch again and again", || after(Loop { first: |_| 0, ..RIGHT }))
        .slip("batches that overlap: the next one begins `bs` rows later", || {
            after(Loop { first: |i| i, ..RIGHT })
        })
        .slip("a second layer that was forgotten", || after(Loop { parameters: 2, ..RIGHT }))
        .slip("one batch of all rows", || {
            let (mut net, ds) = (
                ours::model::Model::new(3, 5, 3, &mut manual_seed(7)),
                ours::Dataset::new(x.clone(), y.clone()),
            );
            ours::loops::with_dataset(&mut net, ours::cross_entropy, &ours::Sgd::new(0.5), &ds, 9);
            values(&mut net)
        })
        .slip("parameters that never changed", || after(Loop { batches: 0, ..RIGHT }))]);
}

/// Two layers with gradients.
fn with_gradients() -> Sequential {
    let rng = &mut ours::manual_seed(8);
    let mut net = Sequential::new().then(Linear::new(3, 4, rng)).then(ReLU).then(Linear::new(4, 2, rng));
    let saved = net.forward(&tensor(draw((5, 3), 9)));
    net.backward_params(saved, tensor(draw((5, 2), 10)));
    net
}

#[test]
fn optim_sgd_step() {
    let yours = || {
        let mut net = with_gradients();
        Sgd::new(0.1).step(&mut net);
        values(&mut net)
    };
    let with = |new: fn(f32, f32) -> f32| {
        let mut net = with_gradients();
        net.parameters().into_iter().for_each(|(_, p)| p.step(new));
        values(&mut net)
    };
    let only = |suffix: &str| {
        let mut net = with_gradients();
        net.parameters().into_iter().filter(|(name, _)| name.ends_with(suffix)).for_each(|(_, p)| p.sgd(0.1));
        values(&mut net)
    };
    judge([case("four parameters after a step of lr = 0.1", yours, with(|p, g| p - 0.1 * g))
        .slip("a step up the gradient: the loss grows", || with(|p, g| p + 0.1 * g))
        .slip("a step without the learning rate", || with(|p, g| p - g))
        .slip("the gradient in the place of the parameter", || with(|_, g| -0.1 * g))
        .slip("a parameter times its gradient", || with(|p, g| p - 0.1 * p * g))
        .slip("biases that were forgotten", || only("weight"))
        .slip("weights that were forgotten", || only("bias"))
        .slip("parameters that never changed", || with(|p, _| p))
        .slip("two steps at once", || with(|p, g| p - 0.2 * g))]);
}

#[test]
fn sampler_sampler_write_order() {
    let random = |seed, epoch| Sampler::Random { seed }.order(40, epoch);
    judge([case(
        "Sampler::Sequential.order(5, 0)",
        || Sampler::Sequential.order(5, 0),
        vec![0_usize, 1, 2, 3, 4],
    )
    .slip("rows from 1 on: the first is 0", || vec![1_usize, 2, 3, 4, 5])]);
    let order = quietly(|| random(1, 0)).unwrap_or_else(|panic| panic!("{panic}"));
    let times = |row: usize| order.iter().filter(|r| **r == row).count();
    let (twice, never) = ((0..40).find(|row| times(*row) > 1), (0..40).find(|row| times(*row) == 0));
    if let (Some(twice), Some(never)) = (twice, never) {
        panic!(
            "Sampler::Random.order(40, 0)\n  expected  each row once\n  got       row {twice} {} times, row {never} never\n\
             It looks like rows drawn one by one, with a repeated row: a permutation has each once",
            times(twice)
        );
    }
    let mut rows = order.clone();
    rows.sort_unstable();
    judge([case("the rows of a shuffled epoch, sorted", || rows, (0..40).collect::<Vec<usize>>())
        .slip("rows from 1 on: the first is 0", || (1..41).collect::<Vec<usize>>())]);
    let differ = |what: &str, a: &[usize], b: &[usize], looks: &str| {
        assert!(a != b, "{what}\n  got       {:?} … for both\nIt looks like {looks}", &a[..6]);
    };
    let sorted: Vec<usize> = (0..40).collect();
    differ("a shuffled epoch and 0, 1, 2, …", &order, &sorted, "rows that were not shuffled");
    assert!(
        order == random(1, 0),
        "epoch 0 of seed 1, twice\n  expected  the same order\nIt looks like random numbers without a seed: a run could not be repeated"
    );
    differ(
        "epochs 0 and 1",
        &order,
        &random(1, 1),
        "the same order in every epoch: `set_stream(epoch)` makes another one",
    );
    differ("seeds 1 and 2", &order, &random(2, 0), "a seed that is not used");
    // The order is written over that of the epoch before.
    let (x, y) = self::rows();
    let mut dl = DataLoader::new(&Dataset::new(x, y), 4);
    let mut rows_of = |epoch| {
        let (mut batches, mut rows) = (dl.epoch(epoch), 0);
        while let Some(batch) = batches.next() {
            rows += batch.y.len();
        }
        rows
    };
    judge([case(
        "rows of two epochs of a loader of nine",
        || vec![rows_of(0), rows_of(1)],
        vec![9_usize, 9],
    )
    .slip("rows added to those of the epoch before: clear `order` first", || vec![9_usize, 12])]);
}

/// Ten rows in batches of four, for a net that returns its input: right in the first eight rows, wrong in the last two.
fn uneven() -> (Tensor, Vec<u8>) {
    let x = Array2::from_shape_fn((10, 2), |(i, j)| if (i < 8) == (j == 0) { 3.0 } else { 0.0 });
    (tensor(x), vec![0; 10])
}

#[test]
fn fit_scores() {
    let ((x, y), net) = (uneven(), Sequential::new());
    let mut dl = DataLoader::new(&Dataset::new(x.clone(), y.clone()), 4);
    let mut ours_dl = ours::DataLoader::new(&ours::Dataset::new(x, y), 4);
    let pair = |s: ours::Scores| vec![s.loss, s.accuracy];
    let right = pair(ours::validate(&net, ours::cross_entropy, &mut ours_dl));
    let unweighted = pair(ours::fit::validate_unweighted(&net, ours::cross_entropy, &mut ours_dl));
    let scaled = |all: &[f64], by: f64| all.iter().map(|x| x * by).collect::<Vec<f64>>();
    let yours = |s: Scores| vec![s.loss, s.accuracy];
    let last = vec![(1.0_f64 + 3_f64.exp()).ln(), 0.0];
    judge([case(
        "validate of ten rows in batches of four: loss and accuracy",
        || yours(validate(&net, cross_entropy, &mut dl)),
        right.clone(),
    )
    .slip("an unweighted mean over the batches: the last two rows count twice as much", || unweighted.clone())
    .slip("a sum over the rows that was not divided", || scaled(&right, 10.0))
    .slip("a sum over the batches that was not divided", || scaled(&unweighted, 3.0))
    .slip("the last batch alone", || last)
    .slip("a division by the number of batches", || scaled(&right, 10.0 / 3.0))]);
    judge([case(
        "validate_unweighted of the same: `weight` says how much a batch counts",
        || yours(validate_unweighted(&net, cross_entropy, &mut dl)),
        unweighted,
    )
    .slip("the batch's rows, whatever `weight` says", || right)]);
}

/// Twenty-two rows to train with and nine to validate with, in batches of four and eight.
fn sets() -> [(Tensor, Vec<u8>); 2] {
    let classes = |n: u8| (0..n).map(|i| i % 3).collect();
    [(tensor(draw((22, 3), 11)), classes(22)), (tensor(draw((9, 3), 12)), classes(9))]
}

/// How `fit` can go wrong.
#[derive(Clone, Copy)]
struct Fit {
    order: fn(u64) -> u64,
    weight: fn(usize) -> usize,
    validates_first: bool,
}

/// Epochs 2 and 3 by ours: train loss, validation loss and accuracy of each.
fn fitted(Fit { order, weight, validates_first }: Fit) -> Array2<f64> {
    let [train, valid] = sets().map(|(x, y)| ours::Dataset::new(x, y));
    let (mut train_dl, mut valid_dl) = ours::get_dls(&train, &valid, 4, 5);
    let (mut net, opt) = ours::get_model(3, 5, 3, 0.5, &mut ours::manual_seed(6));
    let mut all = Vec::new();
    for epoch in 2..4 {
        let mut valid = ours::validate(&net, ours::cross_entropy, &mut valid_dl);
        let (mut sum, mut weights) = (0.0, 0.0);
        let mut batches = train_dl.epoch(order(epoch));
        while let Some(batch) = batches.next() {
            let (loss, w) =
                (ours::train_batch(&mut net, ours::cross_entropy, &opt, batch), weight(batch.y.len()) as f64);
            sum += f64::from(loss) * w;
            weights += w;
        }
        if !validates_first {
            valid = ours::validate(&net, ours::cross_entropy, &mut valid_dl);
        }
        all.extend([sum / weights, valid.loss, valid.accuracy]);
    }
    Array2::from_shape_vec((2, 3), all).expect("two epochs of three numbers")
}

#[test]
fn fit_fit() {
    let yours = || {
        let [train, valid] = sets().map(|(x, y)| Dataset::new(x, y));
        let (mut train_dl, mut valid_dl) = get_dls(&train, &valid, 4, 5);
        let (mut net, opt) = get_model(3, 5, 3, 0.5, &mut manual_seed(6));
        fit(2..4, &mut net, cross_entropy, &opt, &mut train_dl, &mut valid_dl)
    };
    let right = Fit { order: |epoch| epoch, weight: |rows| rows, validates_first: false };
    let scores = || {
        let all: Vec<f64> =
            yours().iter().flat_map(|e| [e.train_loss, e.valid.loss, e.valid.accuracy]).collect();
        Array2::from_shape_vec((all.len() / 3, 3), all).expect("three numbers an epoch")
    };
    judge([
        case("fit(2..4, …): train loss, validation loss, accuracy", scores, fitted(right))
            .slip("the same order in every epoch: the loader is asked for epoch 0 each time", || {
                fitted(Fit { order: |_| 0, ..right })
            })
            .slip("epochs counted from 0: the range begins at 2", || {
                fitted(Fit { order: |epoch| epoch - 2, ..right })
            })
            .slip("an unweighted mean over the batches: the last one has two rows only", || {
                fitted(Fit { weight: |_| 1, ..right })
            })
            .slip("a validation before the epoch's training", || {
                fitted(Fit { validates_first: true, ..right })
            })
            .slip("epochs that came out in one: each has its own numbers", || {
                fitted(right).slice_move(ours::ndarray::s![..1, ..])
            }),
        case(
            "fit(2..4, …): the epochs' numbers",
            || yours().iter().map(|e| e.epoch as usize).collect::<Vec<_>>(),
            vec![2_usize, 3],
        )
        .slip("epochs counted from 0: the range begins at 2", || vec![0_usize, 1]),
    ]);
}
