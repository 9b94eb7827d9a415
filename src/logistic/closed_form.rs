//! The same gradient and curvature by hand, in plain loops: the independent witness.
//!
//! Taught in `docs/11_propagate.md`, `docs/19_curvature.md`.
//!
//! `dw = (1/m) X (A − Y)ᵀ`, `db = (1/m) Σ (A − Y)`, whether A is the sigmoid of one node or the softmax
//! of k; for one node `H = (1/m) [X; 1] diag(a (1 − a)) [X; 1]ᵀ`. Nothing here uses a tape or an
//! activation.

use std::panic::Location;

use super::{Grads, faults, finite, shapes};
use crate::error::Result;
use crate::network::{LayerGrads, one_hot_or_mistake};
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
    shapes(w, x, Some(y))?;
    let (grads, cost) = means(w, &b.into(), x, y, gradient);
    let grads = Grads::from(grads);
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
    shapes(w, x, Some(y))?;
    Ok(means(w, &b.into(), x, y, size).0.into())
}

/// [`propagate`] for a layer of any number of nodes: W (n, k), b (k, 1), X (n, m), and Y (k, m), whose
/// columns are 1 for the example's class and 0 elsewhere. One node is logistic regression.
///
/// ```
/// use chainrule::{logistic::closed_form, tensor::Tensor};
/// let (w, b, x) = (Tensor::zeros(1, 4), Tensor::zeros(4, 1), Tensor::from(2.0));
/// let y = Tensor::new(4, 1, vec![0.0, 1.0, 0.0, 0.0]);
/// let (grads, cost) = closed_form::layer(&w, &b, &x, &y);
/// assert_eq!((grads.db.to_vec(), cost), (vec![0.25, -0.75, 0.25, 0.25], 4f64.ln()));
/// assert_eq!(grads.dw.to_vec(), [0.5, -1.5, 0.5, 0.5]);
/// ```
///
/// # Panics
/// If the shapes do not fit each other, or a column of Y has another number of ones.
#[track_caller]
pub fn layer(w: &Tensor, b: &Tensor, x: &Tensor, y: &Tensor) -> (LayerGrads, f64) {
    check(w, b, x, y);
    means(w, b, x, y, gradient)
}

/// The [`scale`] of each entry of [`layer`]'s gradient. What moves an a are all z of its example, each
/// by at most a (1 − a).
///
/// # Panics
/// As [`layer`].
#[track_caller]
pub fn layer_scale(w: &Tensor, b: &Tensor, x: &Tensor, y: &Tensor) -> LayerGrads {
    check(w, b, x, y);
    means(w, b, x, y, size).0
}

#[track_caller]
fn check(w: &Tensor, b: &Tensor, x: &Tensor, y: &Tensor) {
    super::network(w, b).check(x, y);
    if w.shape().1 > 1 {
        one_hot_or_mistake(y, Location::caller());
    }
}

/// What an example adds to a derivative: x dz.
fn gradient(x: f64, dz: f64, _z_size: f64) -> f64 {
    x * dz
}

/// By how much rounding can move this, in units of it.
fn size(x: f64, dz: f64, z_size: f64) -> f64 {
    let slope = dz.abs() * (1.0 - dz.abs()); // a (1 − a), as |dz| is a or 1 − a
    x.abs() * (dz.abs() + slope * z_size)
}

/// The mean of `term(xᵢ, dz, z_size)` for each feature and, with x = 1, for b, of each node; and the
/// cost. `z_size` is the size of what was added up to the example's z.
fn means(
    w: &Tensor,
    b: &Tensor,
    x: &Tensor,
    y: &Tensor,
    term: impl Fn(f64, f64, f64) -> f64,
) -> (LayerGrads, f64) {
    let ((n, k), m) = (w.shape(), x.shape().1);
    let (mut dw, mut db) = (vec![Sum::default(); n * k], vec![Sum::default(); k]);
    let mut cost = Sum::default();
    for j in 0..m {
        let logits = (0..k).map(|c| logit(&w.columns(c..c + 1), b.get(c, 0), x, j));
        let (z, sizes): (Vec<f64>, Vec<f64>) = logits.unzip();
        let z_size = sizes.iter().sum();
        let label = (0..k).rfind(|&c| y.get(c, j) == 1.0);
        let (dz, loss) = match z[..] {
            [z] => of_one_node(z, label.is_some()),
            _ => of_classes(&z, label.unwrap_or(0)),
        };
        for (c, &dz) in dz.iter().enumerate() {
            for i in 0..n {
                dw[i * k + c].add(term(x.get(i, j), dz, z_size));
            }
            db[c].add(term(1.0, dz, z_size));
        }
        cost.add(loss);
    }
    let mean = |sum: Sum| sum.value() / m as f64;
    let [dw, db] = [dw, db].map(|sums| sums.into_iter().map(mean).collect());
    (LayerGrads { dw: Tensor::new(n, k, dw), db: Tensor::new(k, 1, db) }, mean(cost))
}

/// a − y with a = σ(z), and the loss.
///
/// a − y is a for y = 0, and −(1 − a) = −σ(−z) for y = 1; the loss is −ln(1 − a) = ln(1 + eᶻ) for
/// y = 0, and −ln a = ln(1 + e⁻ᶻ) for y = 1.
fn of_one_node(z: f64, label: bool) -> (Vec<f64>, f64) {
    let toward_error = if label { -z } else { z };
    let e = (-toward_error.abs()).exp();
    let (miss, loss) = if toward_error < 0.0 {
        (e / (1.0 + e), e.ln_1p())
    } else {
        (1.0 / (1.0 + e), toward_error + e.ln_1p())
    };
    (vec![if label { -miss } else { miss }], loss)
}

/// a − y with a = e / Σ e and e = e^(z − z₁), where z₁ is the largest; and the loss.
///
/// For the example's own class, a − 1 is −Σ a over the others. The loss is −ln a, which is
/// ln(1 + Σ e) over the others if its z is the largest, and z₁ − z + ln Σ e if not.
fn of_classes(z: &[f64], own: usize) -> (Vec<f64>, f64) {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max); // a NaN is in e
    let mut e: Vec<f64> = z.iter().map(|z| (z - largest).exp()).collect();
    let others = (0..e.len()).filter(|&c| c != own).map(|c| e[c]).sum::<f64>();
    let sum = others + e[own];
    let loss = if z[own] == largest { others.ln_1p() } else { largest - z[own] + sum.ln() };
    e[own] = -others;
    (e.into_iter().map(|e| e / sum).collect(), loss)
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
