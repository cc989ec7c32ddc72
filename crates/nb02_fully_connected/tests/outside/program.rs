//! Somebody else's program: one dependency, and everything below it is there.

use nb02_fully_connected::ndarray::Array2;
use nb02_fully_connected::nn::{matrix, tensor};
use nb02_fully_connected::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Mnist { x_train, y_train, source, .. } = get_data()?;
    let x_train = normalize(&x_train, mean(&x_train), std(&x_train));
    let y_train = y_train.mapv(f32::from);

    let mut rng = manual_seed(42);
    let layer = nn::Linear::new(784, 50, &mut rng);
    let by_hand: Array2<f32> = einsum("bi,ij->bj", &[&x_train, &matrix(&layer.weight.value)])?;
    let x_train = tensor(x_train);
    test_near_norm(&(by_hand + &layer.bias.value), &layer.infer(&x_train), 1e-5);

    let mut net = nn::Sequential::new().then(layer).then(nn::ReLU).then(nn::Linear::new(50, 1, &mut rng));
    let saved = net.forward(&x_train);
    let loss = mse(&matrix(&saved.out), &y_train);
    let out_g = mse_grad(&matrix(&saved.out), &y_train);
    net.backward_params(saved, tensor(out_g));
    println!("loss {loss:.3} on {source}");
    Ok(())
}
