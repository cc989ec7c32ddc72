//! The net of notebook 03 in candle, with the weights that `nn::save` wrote.

use candle_core::{DType, Device, Result};
use candle_nn::{Sequential, VarBuilder, VarMap, linear, seq};

/// The net, and its variables: what an optimiser changes and `VarMap::save` writes.
pub(crate) fn load(file: &str, device: &Device) -> Result<(Sequential, VarMap)> {
    let mut variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, device);
    let net = seq().add(linear(784, 50, vb.pp("0"))?).add_fn(|x| x.relu()).add(linear(50, 10, vb.pp("2"))?);
    variables.load(file)?;
    Ok((net, variables))
}
