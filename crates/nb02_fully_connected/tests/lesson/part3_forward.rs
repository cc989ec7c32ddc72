//! The model and its loss.

use super::*;

// ## The model, its loss and their gradients

/// `model(xb)`
///
/// The model is three functions, one inside the other. One number comes out for each image, so the shape is
/// `(10000, 1)`, and that last 1 will ask for attention twice: in the loss, and in its gradient.
#[test]
fn s16_model() {
    let net = net(0.5);
    let out = model(&DIGITS.x_valid, &net);
    show("model(x_valid).shape", format_args!("{:?}", out.shape())).course("torch.Size([10000, 1])");
    let time = fastest(|| model(&DIGITS.x_valid, &net));
    show("%timeit model(x_valid)", human(time)).course("8.41 ms");
    println!("({PROFILE})");
    test_eq(&out.dim(), &(DIGITS.x_valid.nrows(), 1));
}

/// The loss: `mse`
///
/// The mean of the squared differences, with the digit itself as the target. It is an odd loss for a
/// classifier, and good enough to learn what a gradient is. A loss alone says little, so two guesses are
/// compared with it: a net that always says 0, and one that always says the mean.
#[test]
fn s17_mse() {
    let (x, y) = (&DIGITS.x_train, &DIGITS.y_train);
    let out = model(x, &net(0.5));
    let loss = mse(&out, y);
    show("mse(model(x_train), y_train)", loss).course("33.4708");
    let valid = mse(&model(&DIGITS.x_valid, &net(0.5)), &DIGITS.y_valid);
    show("mse(model(x_valid), y_valid)", valid).measured("37.3602, one draw");
    let some_y = DIGITS.y_train.slice(s![..some_x().nrows()]);
    let losses = Array1::from_iter((0..SEEDS).map(|seed| {
        mse(&model(&some_x(), &Weights::kaiming(784, NH, 0.5, &mut manual_seed(seed))), &some_y)
    }));
    show("over the seeds", format_args!("{:.1} ± {:.1}", mean(&losses), std(&losses)))
        .course("both are single draws");
    let always = |guess: f32| mse(&Array2::from_elem((y.len(), 1), guess), y);
    let (nothing, average) = (always(0.0), always(mean(y) as f32));
    show("always guessing 0", nothing).measured("28.15");
    show("always guessing the mean", average).measured("8.36: what a net must beat");

    // Another way to the same number: var(p) + var(y) + (gap of the means)² − 2 cov(p, y).
    let (p, centred) = (squeeze(&out, -1), |a: &ArrayRef1<f32>| a.mapv(|v| f64::from(v) - mean(a)));
    let (dp, dy) = (centred(&p), centred(y));
    let gap = mean(&p) - mean(y);
    let sum = (&dp - &dy).mapv(|d| d * d).mean().unwrap() + gap * gap;
    test_near_norm(&f64::from(loss), &sum, 1e-5);
    // Some write it as .sum()/inp.shape[0], which is the mean as long as there is one output.
    test_near(&loss, &((&p - y).mapv(|d| d * d).sum() / y.len() as f32));
    only_mnist(&DIGITS.source, "the losses of two constant guesses", || {
        test_near(&[nothing, average], &[28.151, 8.360])
    });
}
