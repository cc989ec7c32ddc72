//! A parameter and its gradient.

use ndarray::{Array, ArrayViewD, ArrayViewMutD, Dimension};

/// Something that is learned: its value and, once a backward pass has been there, its gradient.
///
/// `g` is our own, made by hand; PyTorch's is called `grad`, and the lesson keeps the two names apart.
/// A **clone has no gradient**: it is a new value, and no backward pass has been there. (In PyTorch too
/// `clone()` does not carry the notebook's `.g` along, if for a duller reason: it is an attribute of the Python object.)
///
/// ```
/// use nb02_fully_connected::{Param, ndarray::array};
///
/// let mut w = Param::new(array![1.0, 2.0]);
/// assert_eq!(w.g, None);
/// w.g = Some(array![0.1, 0.2]);
/// assert_eq!(w.clone().g, None);
/// ```
#[derive(Debug)]
pub struct Param<D: Dimension> {
    /// The value.
    pub v: Array<f32, D>,
    /// The loss's gradient with respect to `v`, of the same shape; `None` until it is computed.
    pub g: Option<Array<f32, D>>,
}

impl<D: Dimension> Param<D> {
    /// A parameter without a gradient.
    ///
    /// ```
    /// use nb02_fully_connected::{Param, ndarray::array};
    ///
    /// assert!(Param::new(array![[1.0]]).g.is_none());
    /// ```
    pub fn new(v: Array<f32, D>) -> Self {
        Param { v, g: None }
    }

    /// Adds to the gradient, as PyTorch's backward pass does; the first time there is nothing to add to.
    ///
    /// ```
    /// use nb02_fully_connected::{Param, ndarray::array};
    ///
    /// let mut w = Param::new(array![0.0]);
    /// w.add_grad(array![1.0]);
    /// w.add_grad(array![2.0]);
    /// assert_eq!(w.g, Some(array![3.0]));
    /// ```
    pub fn add_grad(&mut self, g: Array<f32, D>) {
        self.g = Some(match self.g.take() {
            Some(sum) => sum + g,
            None => g,
        });
    }
}

impl<D: Dimension> Clone for Param<D> {
    fn clone(&self) -> Self {
        Param::new(self.v.clone())
    }
}

/// A [`Param`] of whatever rank, so that weights and biases fit into one list.
///
/// ```
/// use nb02_fully_connected::{Param, Parameter, ndarray::array};
///
/// let (w, b) = (Param::new(array![[1.0, 2.0]]), Param::new(array![3.0]));
/// let parameters: [&dyn Parameter; 2] = [&w, &b];
/// assert_eq!(parameters.map(|p| p.v().len()), [2, 1]);
/// ```
pub trait Parameter {
    /// The value.
    fn v(&self) -> ArrayViewD<'_, f32>;
    /// The value, to be changed by a training step.
    fn v_mut(&mut self) -> ArrayViewMutD<'_, f32>;
    /// The gradient, if a backward pass has been there.
    fn g(&self) -> Option<ArrayViewD<'_, f32>>;
    /// Forgets the gradient.
    fn zero_grad(&mut self);
}

impl<D: Dimension> Parameter for Param<D> {
    fn v(&self) -> ArrayViewD<'_, f32> {
        self.v.view().into_dyn()
    }

    fn v_mut(&mut self) -> ArrayViewMutD<'_, f32> {
        self.v.view_mut().into_dyn()
    }

    fn g(&self) -> Option<ArrayViewD<'_, f32>> {
        self.g.as_ref().map(|g| g.view().into_dyn())
    }

    fn zero_grad(&mut self) {
        self.g = None;
    }
}
