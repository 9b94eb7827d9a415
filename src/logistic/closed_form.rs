//! The same gradient by hand, in plain loops: the independent witness.
//!
//! `dw = (1/m) X (A − Y)ᵀ`, `db = (1/m) Σ (A − Y)`. Nothing here uses a tape or an activation.

use super::{Grads, faults, shapes};
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
    let (grads, cost) = sums(w, b, x, y, |term| term)?;
    faults(x, &grads, cost)?;
    Ok((grads, cost))
}

/// The sums of the absolute values of the terms that `dw` and `db` add up: the scale by which a
/// difference between two right gradients has to be judged.
///
/// # Errors
/// As [`logistic::propagate`](super::propagate).
pub fn scale(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<Grads> {
    Ok(sums(w, b, x, y, f64::abs)?.0)
}

fn sums(
    w: &Tensor,
    b: f64,
    x: &Tensor,
    y: &Tensor,
    term: impl Fn(f64) -> f64,
) -> Result<(Grads, f64)> {
    let (n, m) = shapes(w, x, Some(y))?;
    let (mut dw, mut db, mut cost) = (vec![0.0; n], 0.0, 0.0);
    for j in 0..m {
        let mut z = b;
        for i in 0..n {
            z += w.get(i, 0) * x.get(i, j);
        }
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
        let dz = if label == 1.0 { -miss } else { miss };
        for (i, dw) in dw.iter_mut().enumerate() {
            *dw += term(x.get(i, j) * dz);
        }
        db += term(dz);
        cost += loss;
    }
    let m = m as f64;
    let dw = dw.into_iter().map(|sum| sum / m).collect();
    Ok((Grads { dw: Tensor::new(n, 1, dw), db: db / m }, cost / m))
}
