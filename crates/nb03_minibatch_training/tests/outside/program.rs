//! Somebody else's program: one dependency, and a net that learns, is kept in a file, and recognises digits.

use nb03_minibatch_training::*;

fn net(rng: &mut Rng) -> nn::Sequential {
    nn::Sequential::new()
        .then(nn::Linear::new(784, 50, rng))
        .then(nn::ReLU)
        .then(nn::Linear::new(50, 10, rng))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Mnist { x_train, y_train, x_valid, y_valid, source } = get_data()?;
    let train = Dataset::new(tensor(x_train), y_train);
    let valid = Dataset::new(tensor(x_valid), y_valid);
    let (mut train_dl, mut valid_dl) = get_dls(&train, &valid, 64, 0); // batches of 64, shuffled with seed 0

    let (mut net_0, opt) = (net(&mut manual_seed(0)), Sgd::new(0.5));
    for epoch in fit(0..3, &mut net_0, cross_entropy, &opt, &mut train_dl, &mut valid_dl) {
        println!("{} {:.4} {:.4}", epoch.epoch, epoch.train_loss, epoch.valid.accuracy);
    }
    let file = std::env::temp_dir().join("digits.safetensors");
    nn::save(&mut net_0, &file)?;

    let mut net_1 = net(&mut manual_seed(1));
    nn::load(&mut net_1, &file)?;
    let scores = validate(&net_1, cross_entropy, &mut valid_dl);
    let (x, y) = valid.rows(0..1);
    let answer = argmax(&matrix(&net_1.infer(&x)).row(0));
    println!("accuracy {:.4} on {source}; the first: {answer:?}, and its label: {y:?}", scores.accuracy);
    Ok(())
}
