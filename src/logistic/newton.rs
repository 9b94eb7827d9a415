//! Curvature: second derivatives of the cost, and the steps that they allow.
//!
//! Taught in `docs/19_curvature.md`.

use super::{Grads, Optimized, cost, finite, propagate, shapes};
use crate::dual;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// The Hessian of the cost, (n + 1, n + 1): all second derivatives, in w first and b last, from a tape
/// of dual numbers, by one backward pass for each row.
///
/// By hand it is `H = (1/m) [X; 1] diag(a (1 − a)) [X; 1]ᵀ`: [`closed_form::curvature`].
///
/// ```
/// use chainrule::{logistic, tensor::Tensor};
/// let (w, x) = (Tensor::zeros(1, 1), Tensor::new(1, 2, vec![1.0, 3.0]));
/// let h = logistic::curvature(&w, 0.0, &x, &Tensor::new(1, 2, vec![0.0, 1.0]))?;
/// assert_eq!(h.to_vec(), [1.25, 0.5, 0.5, 0.25]); // the means of x²/4, x/4 and 1/4
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// [`closed_form::curvature`]: super::closed_form::curvature
///
/// # Errors
/// As [`propagate`].
pub fn curvature(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<Tensor> {
    shapes(w, x, Some(y))?;
    finite(x)?;
    let at: Vec<f64> = w.entries().chain([b]).collect();
    let n = at.len() - 1;
    let rows = dual::hessian(|p| cost(|x| p[n].tape().dot(&p[..n], x) + p[n], x, y), &at);
    Ok(Tensor::from_rows(&rows))
}

/// Newton's method from w and b: so many times `H s = −g` is solved, and s added, where g is the
/// gradient. Where the cost would rise, the step is halved until it does not.
///
/// Near the minimum, each step doubles the number of right digits. Where only rounding is left of the
/// gradient, w and b stay as they are. `costs` has one entry for each step.
///
/// ```
/// use chainrule::{logistic, tensor::Tensor};
/// let x = Tensor::new(1, 4, vec![1.0, 2.0, 3.0, 4.0]);
/// let y = Tensor::new(1, 4, vec![0.0, 1.0, 0.0, 1.0]);
/// let (w, b) = logistic::initialize_with_zeros(1);
/// let fit = logistic::newton(w, b, &x, &y, 6)?;
/// let (grads, _) = logistic::propagate(&fit.w, fit.b, &x, &y)?;
/// assert!(grads.db.abs() < 1e-15);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`propagate`]; if H has no inverse; if a line is found that separates the classes, so that there
/// is no minimum.
pub fn newton(w: Tensor, b: f64, x: &Tensor, y: &Tensor, steps: usize) -> Result<Optimized> {
    let (n, mut w, mut b, mut costs) = (w.shape().0, w, b, vec![]);
    let (mut grads, mut cost) = propagate(&w, b, x, y)?;
    let mut used = grads.clone();
    'steps: for _ in 0..steps {
        costs.push(cost);
        let g: Vec<f64> = grads.dw.entries().chain([grads.db]).collect();
        let step = solve(&curvature(&w, b, x, y)?, &g)?;
        let (step_w, step_b) = (Tensor::new(n, 1, step[..n].to_vec()), step[n]);
        if separates(&w, b, x, y) || separates(&step_w, step_b, x, y) {
            return Err(separable());
        }
        // The fall of the cost is g · s / 2. Where that is rounding, the gradient still tells.
        let fall: f64 = g.iter().zip(&step).map(|(g, s)| -g * s).sum();
        let is_rounding = fall <= 4.0 * f64::EPSILON * cost;
        let size = |g: &Grads| g.dw.entries().chain([g.db]).map(|g| g * g).sum::<f64>();
        for halvings in 0..30 {
            let part = 0.5_f64.powi(halvings);
            let (next_w, next_b) = (&w + &(&step_w * part), b + step_b * part);
            let (next, lower) = propagate(&next_w, next_b, x, y)?;
            if if is_rounding { size(&next) < size(&grads) } else { lower <= cost } {
                used = grads;
                (w, b, grads, cost) = (next_w, next_b, next, lower);
                continue 'steps;
            }
        }
        break; // nothing is lower
    }
    Ok(Optimized { w, b, dw: used.dw, db: used.db, costs })
}

/// The s with `H s = −g`, by Cholesky: `H = L Lᵀ` with a triangle L, then `L u = −g` and `Lᵀ s = u`.
fn solve(h: &Tensor, g: &[f64]) -> Result<Vec<f64>> {
    let n = g.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for k in 0..=i {
            let rest = h.get(i, k) - (0..k).map(|j| l[i][j] * l[k][j]).sum::<f64>();
            if k == i && rest <= 1e-12 * h.get(i, i) {
                return Err(singular(i, n - 1));
            }
            l[i][k] = if k == i { rest.sqrt() } else { rest / l[k][k] };
        }
    }
    let mut s: Vec<f64> = g.iter().map(|g| -g).collect();
    for i in 0..n {
        s[i] = (s[i] - (0..i).map(|j| l[i][j] * s[j]).sum::<f64>()) / l[i][i];
    }
    for i in (0..n).rev() {
        s[i] = (s[i] - (i + 1..n).map(|j| l[j][i] * s[j]).sum::<f64>()) / l[i][i];
    }
    Ok(s)
}

/// Whether z has the sign of its label for each example, or is 0 up to rounding, but not for all.
fn separates(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> bool {
    let z = &w.t().matmul(x) + b;
    let margins = z.entries().zip(y.entries()).map(|(z, y)| (2.0 * y - 1.0) * z);
    let (least, most) = margins.fold((0.0, 0.0), |(least, most), margin| {
        (f64::min(least, margin), f64::max(most, margin))
    });
    most > 0.0 && least >= -1e-9 * most
}

fn singular(row: usize, b: usize) -> Error {
    let name = if row == b { "b".to_string() } else { format!("w[{row}]") };
    Error::new(
        format!("H has no inverse: its row for {name} follows from those above it"),
        ["w and b can move in some direction without a change of the gradient".to_string()],
        "Newton's step solves H s = -g, which has no single solution then",
        "leave out a feature that is constant or a sum of others, or use optimize",
    )
}

fn separable() -> Error {
    Error::new(
        "the classes are separable: the cost has no minimum",
        ["a line was found with no example on its wrong side".to_string()],
        "the longer w is in its direction, the lower the cost, and weights grow for ever",
        "use optimize, which stops after num_iterations, or leave out a feature",
    )
}
