//! Steps, loops and `fit`.

use crate::common::Oracle;
use nb03_minibatch_training::fit::validate_unweighted;
use nb03_minibatch_training::loops::*;
use nb03_minibatch_training::model::Model;
use nb03_minibatch_training::ndarray::{Array1, Array2, Ix1, Ix2};
use nb03_minibatch_training::nn::{Linear, ReLU, Sequential};
use nb03_minibatch_training::*;

fn small() -> (Dataset, Dataset) {
    let digits = data::drawn(300, 50, 1);
    (
        Dataset::new(tensor(digits.x_train), digits.y_train),
        Dataset::new(tensor(digits.x_valid), digits.y_valid),
    )
}

fn values(net: &mut dyn Module) -> Vec<Tensor> {
    net.parameters().into_iter().map(|(_, p)| p.value.clone()).collect()
}

#[test]
fn twenty_steps_are_pytorchs() {
    let mut oracle = Oracle::open("sgd_20_steps");
    let mut layer = |when: &str, i: usize| -> (Array2<f32>, Array1<f32>) {
        (oracle.get(&format!("{when}_w{i}")), oracle.get(&format!("{when}_b{i}")))
    };
    let [(w1, b1), (w2, b2)] = [layer("before", 1), layer("before", 2)];
    let after = [layer("after", 1), layer("after", 2)];
    let (x, y) = (oracle.get::<f32, Ix2>("x"), oracle.classes("y"));
    let (losses, lr) = (oracle.get::<f64, Ix1>("losses"), oracle.number::<f64>("lr") as f32);

    let mut net =
        Sequential::new().then(Linear::from_weights(w1, b1)).then(ReLU).then(Linear::from_weights(w2, b2));
    let mut dl = DataLoader::new(&Dataset::new(tensor(x), y), 16);
    let mut batches = dl.epoch(0);
    for expected in losses {
        let batch = batches.next().expect("twenty batches");
        let loss = train_batch(&mut net, cross_entropy, &Sgd::new(lr), batch);
        test_near_norm(&f64::from(loss), &expected, 1e-6);
    }
    assert!(batches.next().is_none());
    let expected = after.into_iter().flat_map(|(w, b)| [tensor(w), tensor(b)]);
    for (ours, expected) in values(&mut net).iter().zip(expected) {
        test_near_norm(ours, &expected, 1e-5);
    }
}

#[test]
fn all_five_loops_train_the_same_net() {
    let (ds, _) = small();
    let opt = Sgd::new(0.3);
    let trained = |train: &dyn Fn(&mut Model)| {
        let mut model = Model::new(784, 12, 10, &mut manual_seed(1));
        train(&mut model);
        values(&mut model)
    };
    let by_hand = trained(&|model| by_hand(model, ds.x(), ds.y(), 0.3, 64));
    assert_eq!(by_hand, trained(&|model| over_parameters(model, ds.x(), ds.y(), 0.3, 64)));
    assert_eq!(by_hand, trained(&|model| with_optimizer(model, &opt, ds.x(), ds.y(), 64)));
    assert_eq!(by_hand, trained(&|model| with_dataset(model, cross_entropy, &opt, &ds, 64)));
    let mut dl = DataLoader::new(&ds, 64);
    assert_eq!(by_hand, trained(&|model| with_dataloader(model, cross_entropy, &opt, &mut dl.clone(), 0)));
    assert_eq!(dl.epoch(0).next().map(|batch| batch.y.len()), Some(64));
}

/// The notebook's `Model` and the `Sequential` of the same layers: each parameter is listed, and each is trained.
#[test]
fn every_parameter_is_trained() {
    let (ds, _) = small();
    let mut model = Model::new(784, 12, 10, &mut manual_seed(1));
    let mut net = Sequential::new().then(model.l1.clone()).then(ReLU).then(model.l2.clone());
    let before = values(&mut net);
    over_parameters(&mut model, ds.x(), ds.y(), 0.3, 64);
    over_parameters(&mut net, ds.x(), ds.y(), 0.3, 64);
    let (of_model, of_net) = (values(&mut model), values(&mut net));
    assert_eq!((of_model.len(), &of_model), (4, &of_net));
    assert!(before.iter().zip(&of_net).all(|(before, after)| before != after));
}

/// What an interrupted step left in the parameters is not in the next one.
#[test]
fn gradients_are_forgotten_before_a_batch() {
    let (ds, _) = small();
    let (xb, yb) = ds.rows(0..64);
    let batch = Batch { x: xb.clone(), y: yb.clone() };
    let net = || get_model(784, 12, 10, 0.3, &mut manual_seed(1));
    let ((mut once, opt), (mut after_another, _)) = (net(), net());
    let saved = after_another.forward(&xb);
    after_another.backward(saved, tensor(Array2::ones((64, 10))));
    for net in [&mut once, &mut after_another] {
        train_batch(net, cross_entropy, &opt, &batch);
        train_batch(net, cross_entropy, &opt, &batch);
    }
    assert_eq!(values(&mut once), values(&mut after_another));
}

#[test]
fn fit_can_be_taken_up_in_the_middle() {
    let (train, valid) = small();
    let run = |ends: &[u64]| {
        let (mut train_dl, mut valid_dl) = get_dls(&train, &valid, 64, 9);
        let (mut net, opt) = get_model(784, 12, 10, 0.3, &mut manual_seed(1));
        let mut fit_part =
            |part: &[u64]| fit(part[0]..part[1], &mut net, cross_entropy, &opt, &mut train_dl, &mut valid_dl);
        ends.windows(2).flat_map(&mut fit_part).collect::<Vec<_>>()
    };
    let whole = run(&[0, 5]);
    assert_eq!(whole, run(&[0, 2, 2, 5]));
    assert_eq!(whole.iter().map(|e| e.epoch).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(whole[4].valid.loss < whole[0].valid.loss && whole[4].train_loss < whole[0].train_loss);
}

/// 10 rows of class 0, which a net that returns its input gets right in the first eight and wrong in the last two: in batches of 4,
/// those count twice as much in a mean over batches.
fn two_of_ten_wrong() -> Dataset {
    let x = Array2::from_shape_fn((10, 2), |(i, j)| if (i < 8) == (j == 0) { 3.0 } else { 0.0 });
    Dataset::new(tensor(x), vec![0; 10])
}

#[test]
fn the_training_loss_weights_a_batch_by_its_rows() {
    let (data, mut net) = (two_of_ten_wrong(), Sequential::new()); // nothing to learn, so nothing changes
    let (mut train_dl, mut valid_dl) = (DataLoader::new(&data, 4), DataLoader::new(&data, 10));
    let epochs = fit(0..1, &mut net, cross_entropy, &Sgd::new(0.5), &mut train_dl, &mut valid_dl);
    test_near_norm(&epochs[0].train_loss, &epochs[0].valid.loss, 1e-6);
}

#[test]
fn validation_weights_a_batch_by_its_rows() {
    let (valid, net) = (two_of_ten_wrong(), Sequential::new());
    let mut dl = DataLoader::new(&valid, 4);
    let scores = validate(&net, cross_entropy, &mut dl);
    test_near(&scores.accuracy, &0.8);
    test_near_norm(&scores.loss, &f64::from(cross_entropy(&matrix(valid.x()), valid.y()).0), 1e-6);
    let course = validate_unweighted(&net, cross_entropy, &mut dl);
    test_near(&course.accuracy, &(2.0 / 3.0));
    assert!(course.loss > scores.loss);
    assert!(
        validate(
            &net,
            cross_entropy,
            &mut DataLoader::new(&Dataset::new(tensor(Array2::zeros((0, 2))), vec![]), 4)
        )
        .loss
        .is_nan()
    );
}

/// After many epochs on few rows the net is sure of each, and what is left to learn becomes as small as numbers can be: still
/// none is denormal, in the loss's gradient or on its way back to the pixels.
#[test]
fn nothing_becomes_denormal_late_in_training() {
    let (ds, _) = small();
    let mut dl = DataLoader::new(&ds, 64).shuffle(0);
    let (mut net, opt) = get_model(784, 50, 10, 0.5, &mut manual_seed(1));
    for epoch in 0..100 {
        with_dataloader(&mut net, cross_entropy, &opt, &mut dl, epoch);
    }
    let denormal = |x: &Tensor| x.iter().filter(|x| x.is_subnormal()).count();
    for surer in 1..12_u8 {
        let saved = net.forward(ds.x());
        let logits = matrix(&saved.out).mapv(|x| x * f32::from(surer));
        let (_, out_g) = cross_entropy(&logits, ds.y());
        let out_g = tensor(out_g);
        assert_eq!(denormal(&out_g), 0, "the loss's gradient, {surer} times as sure");
        net.zero_grad();
        assert_eq!(denormal(&net.backward(saved, out_g)), 0, "the pixels' gradient, {surer} times as sure");
        assert!(
            net.parameters().iter().all(|(_, p)| p.grad.as_ref().is_some_and(|grad| denormal(grad) == 0))
        );
    }
}
