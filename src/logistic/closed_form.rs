//! The same gradient and curvature by hand, in plain loops: the independent witness.
//!
//! Taught in `docs/11_propagate.md`, `docs/19_curvature.md`.
//!
//! `dw = (1/m) X (A − Y)ᵀ`, `db = (1/m) Σ (A − Y)`, `H = (1/m) [X; 1] diag(a (1 − a)) [X; 1]ᵀ`. Nothing
//! here uses a tape or an activation.

use super::{Grads, faults, finite, shapes};
use crate::error::Result;
use crate::tensor::Tensor;

/// Gradients and cost by the closed form, for w (n, 1), b, X (n, m) and labels Y (1, m).
///
/// ```
/// use chainrule::{logistic::closed_form, tensor::Tensor};
/// let (w, x) = (Tensor::zeros(1, 1), Tensor::new(1, 2, vec![1.0, 3.0]));
/// let (grads, cost) = closed_form::propagate(&w, 0.0, &x, &Tensor::new(1, 2, vec![0.0, 1.0]))?;
/// assert_eq!((grads.dw.get(0, 0), grads.db, cost), (-0.5, 0.0, 2f64.ln()));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`logistic::propagate`](super::propagate).
pub fn propagate(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<(Grads, f64)> {
    let (grads, cost) = means(w, b, x, y, |x, example| x * example.dz)?;
    faults(x, &grads, cost)?;
    Ok((grads, cost))
}

/// By what a difference between two right gradients has to be judged: the mean of `|x dz|`, the size
/// of what is added up, and of `|x| σ′(z) (Σ |wᵢ xᵢ| + |b|)`, which is how z, a sum as well, moves it.
///
/// ```
/// use chainrule::{logistic::closed_form, tensor::Tensor};
/// let (w, x) = (Tensor::zeros(1, 1), Tensor::new(1, 2, vec![1.0, 3.0]));
/// let scale = closed_form::scale(&w, 0.0, &x, &Tensor::new(1, 2, vec![0.0, 1.0]))?;
/// assert_eq!((scale.dw.get(0, 0), scale.db), (1.0, 0.5)); // (|1·0.5| + |3·(−0.5)|) / 2
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`logistic::propagate`](super::propagate).
pub fn scale(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<Grads> {
    let term = |x: f64, Example { dz, z_size }: Example| {
        let slope = dz.abs() * (1.0 - dz.abs()); // σ′(z) = a (1 − a), and |dz| is a or 1 − a
        x.abs() * (dz.abs() + slope * z_size)
    };
    Ok(means(w, b, x, y, term)?.0)
}

/// One column of X.
#[derive(Clone, Copy)]
struct Example {
    /// a − y.
    dz: f64,
    /// The size of what was added up to z.
    z_size: f64,
}

/// The mean of `term(xᵢ, example)` for each feature and, with x = 1, for b; and the cost.
fn means(
    w: &Tensor,
    b: f64,
    x: &Tensor,
    y: &Tensor,
    term: impl Fn(f64, Example) -> f64,
) -> Result<(Grads, f64)> {
    let (n, m) = shapes(w, x, Some(y))?;
    let (mut dw, mut db, mut cost) = (vec![Sum::default(); n], Sum::default(), Sum::default());
    for j in 0..m {
        let (z, z_size) = logit(w, b, x, j);
        let label = y.get(0, j);
        // With a = σ(z): a − y is a for y = 0, and −(1 − a) = −σ(−z) for y = 1; the loss is
        // −ln(1 − a) = ln(1 + eᶻ) for y = 0, and −ln a = ln(1 + e⁻ᶻ) for y = 1.
        let toward_error = if label == 1.0 { -z } else { z };
        let e = (-toward_error.abs()).exp();
        let (miss, loss) = if toward_error < 0.0 {
            (e / (1.0 + e), e.ln_1p())
        } else {
            (1.0 / (1.0 + e), toward_error + e.ln_1p())
        };
        let example = Example { dz: if label == 1.0 { -miss } else { miss }, z_size };
        for (i, dw) in dw.iter_mut().enumerate() {
            dw.add(term(x.get(i, j), example));
        }
        db.add(term(1.0, example));
        cost.add(loss);
    }
    let mean = |sum: Sum| sum.value() / m as f64;
    let dw = dw.into_iter().map(mean).collect();
    Ok((Grads { dw: Tensor::new(n, 1, dw), db: mean(db) }, mean(cost)))
}

/// z of one example, and the size of what was added up to it.
fn logit(w: &Tensor, b: f64, x: &Tensor, j: usize) -> (f64, f64) {
    let products = (0..x.shape().0).map(|i| w.get(i, 0) * x.get(i, j));
    products.fold((b, b.abs()), |(z, size), product| (z + product, size + product.abs()))
}

/// The Hessian of the cost by the closed form, (n + 1, n + 1), for w and then b. It needs no labels: the
/// slope of a − y in z is a (1 − a), whatever y is.
///
/// ```
/// use chainrule::{logistic::closed_form, tensor::Tensor};
/// let x = Tensor::new(1, 2, vec![1.0, 3.0]);
/// let h = closed_form::curvature(&Tensor::zeros(1, 1), 0.0, &x)?;
/// assert_eq!(h.to_vec(), [1.25, 0.5, 0.5, 0.25]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// If X has no examples, another number of features than w, or holds NaN or ∞.
pub fn curvature(w: &Tensor, b: f64, x: &Tensor) -> Result<Tensor> {
    mean_products(w, b, x, |product, slope, _| product * slope)
}

/// By what a difference between two right Hessians has to be judged: the mean of `|xᵢ xₖ| a (1 − a)`
/// and of how z, a sum as well, moves it.
///
/// # Errors
/// As [`curvature`].
pub fn curvature_scale(w: &Tensor, b: f64, x: &Tensor) -> Result<Tensor> {
    mean_products(w, b, x, |product, slope, z_size| product.abs() * slope * (1.0 + z_size))
}

/// The mean of `term(xᵢ xₖ, a (1 − a), size of z)` for each i and k, where the last x is 1.
fn mean_products(
    w: &Tensor,
    b: f64,
    x: &Tensor,
    term: impl Fn(f64, f64, f64) -> f64,
) -> Result<Tensor> {
    let (n, m) = shapes(w, x, None)?;
    finite(x)?;
    let mut sums = vec![Sum::default(); (n + 1) * (n + 1)];
    for j in 0..m {
        let (z, z_size) = logit(w, b, x, j);
        let e = (-z.abs()).exp();
        let slope = e / ((1.0 + e) * (1.0 + e)); // a (1 − a)
        let x = |i: usize| if i < n { x.get(i, j) } else { 1.0 };
        for (k, sum) in sums.iter_mut().enumerate() {
            sum.add(term(x(k / (n + 1)) * x(k % (n + 1)), slope, z_size));
        }
    }
    let entries = sums.into_iter().map(|sum| sum.value() / m as f64);
    Ok(Tensor::new(n + 1, n + 1, entries.collect()))
}

/// A sum that keeps what rounding takes from it, so that a million terms cost no digits (Neumaier,
/// 1974).
#[derive(Clone, Copy, Default)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let total = self.total + term;
        self.lost += if self.total.abs() >= term.abs() {
            (self.total - total) + term
        } else {
            (term - total) + self.total
        };
        self.total = total;
    }

    /// ∞ is what it is: what was lost on the way there is NaN.
    fn value(self) -> f64 {
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }
}
