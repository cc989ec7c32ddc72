//! `nn::Linear`.

use super::module::{check_out_g, check_x};
use super::tensor::{rows, unrows};
use super::{Module, Param, ReLU, Saved, Tensor, matrix, tensor};
use crate::functions::{linear::sum_rows, shape_error};
use crate::matmul::{affine, affine_relu};
use crate::{Fan, Layout, Rng, kaiming_uniform_, matmul, matmul_into, rand};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, Ix1, Ix2};

/// `nn.Linear(in_features, out_features)`: `(…, in)` → `(…, out)`.
///
/// The weight is `(in, out)`, so that the layer is `x @ weight + bias`, as the lesson writes it. PyTorch has `(out, in)`: one
/// row per output unit, as in its convolutions. [`from_pytorch`](Self::from_pytorch) takes such a weight, files hold it that
/// way, and so does memory: an output unit's weights are neighbours, as the numbers of a row of `x` are, and nothing is
/// turned or packed for a mini-batch.
#[derive(Clone)]
pub struct Linear {
    /// `(in, out)`.
    pub weight: Param,
    /// `(out)`.
    pub bias: Param,
}

impl Linear {
    /// A layer initialised as PyTorch's is: weight and bias from `U(−1/√in, 1/√in)`, and a bias of zeros if `in` is 0.
    ///
    /// PyTorch writes this as `kaiming_uniform_(weight, a=math.sqrt(5))`; see [`init`](crate::init) for the
    /// mysterious √5. For [`kaiming`](crate::kaiming) weights, which suit a ReLU better, use
    /// [`from_weights`](Self::from_weights).
    pub fn new(in_features: usize, out_features: usize, rng: &mut Rng) -> Self {
        let mut weight = Array2::zeros((in_features, out_features));
        kaiming_uniform_(&mut weight, 5.0_f64.sqrt(), Fan::In, Layout::InOut, rng);
        let bound = if in_features == 0 { 0.0 } else { 1.0 / (in_features as f32).sqrt() };
        let bias = rand(out_features, rng).mapv(|u| (2.0 * u - 1.0) * bound);
        Self::from_weights(weight, bias)
    }

    /// A layer with this weight `(in, out)` and this bias `(out)`.
    ///
    /// # Panics
    /// If `weight.ncols() != bias.len()`.
    #[track_caller]
    pub fn from_weights(weight: Array2<f32>, bias: Array1<f32>) -> Self {
        let (fits, w, b) = (weight.ncols() == bias.len(), weight.shape(), bias.shape());
        assert!(fits, "nn::Linear: weight {w:?} and bias {b:?} do not fit: {ONE_BIAS_A_COLUMN}");
        Linear { weight: Param::transposed(tensor(weight)), bias: Param::new(tensor(bias)) }
    }

    /// A layer with PyTorch's weight `(out, in)` and bias `(out)`: copies the transpose.
    ///
    /// # Panics
    /// If `weight.nrows() != bias.len()`.
    ///
    /// ```
    /// use nb02_fully_connected::{ndarray::array, nn::{Linear, matrix}};
    ///
    /// let linear = Linear::from_pytorch(&array![[1.0, 2.0, 3.0]], &array![0.5]); // three in, one out
    /// assert_eq!(matrix(&linear.weight.value), array![[1.0], [2.0], [3.0]]);
    /// ```
    #[track_caller]
    pub fn from_pytorch(weight: &ArrayRef2<f32>, bias: &ArrayRef1<f32>) -> Self {
        Self::from_weights(weight.t().to_owned(), bias.to_owned())
    }

    /// `(…, in)` → `(…, out)` by `product`, which is given matrices.
    #[track_caller]
    fn apply(
        &self,
        x: &Tensor,
        product: impl Fn(&ArrayRef2<f32>, &ArrayRef2<f32>, &ArrayRef1<f32>) -> Array2<f32>,
    ) -> Tensor {
        check_x(self, x);
        unrows(product(&rows(x), &matrix(&self.weight.value), &self.bias()), x.shape())
    }

    #[track_caller]
    fn check(&self, saved: &Saved, out_g: &Tensor) {
        check_out_g("nn::Linear", saved, out_g);
        check_x(self, &saved.kept[0]);
    }

    fn bias(&self) -> ArrayView1<'_, f32> {
        self.bias.value.view().into_dimensionality::<Ix1>().expect("the shapes were checked")
    }
}

const ONE_BIAS_A_COLUMN: &str = "the bias needs an element for each of the weight's columns";

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Saved {
        Saved::new(self.apply(x, affine)).keep(x)
    }

    fn backward(&mut self, saved: Saved, out_g: Tensor) -> Tensor {
        self.check(&saved, &out_g);
        let x_g = unrows(matmul(&rows(&out_g), &matrix(&self.weight.value).t()), out_g.shape());
        self.backward_params(saved, out_g);
        x_g
    }

    fn backward_params(&mut self, saved: Saved, out_g: Tensor) {
        self.check(&saved, &out_g);
        let (x, out_g) = (rows(&saved.kept[0]), rows(&out_g));
        self.weight.add_grad_with(|to| {
            let mut to = to.view_mut().into_dimensionality::<Ix2>().expect("a weight is a matrix");
            matmul_into(&x.t(), &out_g, &mut to);
        });
        self.bias.add_grad(tensor(sum_rows(&out_g)));
    }

    fn infer(&self, x: &Tensor) -> Tensor {
        self.apply(x, affine)
    }

    fn parameters(&mut self) -> Vec<(String, &mut Param)> {
        vec![("weight".into(), &mut self.weight), ("bias".into(), &mut self.bias)]
    }

    fn forward_with(&self, x: &Tensor, next: &dyn Module) -> Option<Saved> {
        next.downcast_ref::<ReLU>()?;
        Some(Saved::new(self.apply(x, |x, w, b| affine_relu(x, w, b, 0.0))).keep(x))
    }

    fn shape_error(&self, x: &[usize]) -> Option<String> {
        let (w, b) = (self.weight.value.shape(), self.bias.value.shape());
        let (columns, biases) =
            (x.last() == w.first() && w.len() == 2, w.last() == b.first() && b.len() == 1);
        let hint = "the weight needs a row for each of x's columns";
        shape_error("nn::Linear", columns, ("x", x), ("weight", w), hint)
            .or_else(|| shape_error("nn::Linear", biases, ("weight", w), ("bias", b), ONE_BIAS_A_COLUMN))
    }
}

impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape = self.weight.value.shape();
        f.debug_struct("Linear").field("in_features", &shape[0]).field("out_features", &shape[1]).finish()
    }
}
