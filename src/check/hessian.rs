//! Second derivatives before their judges.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::gradient::{diagnosed, moved, path_sizes};
use super::{Comparison, Difference, Dual, Explained, GradientReport, Parameter};
use crate::error::{Result, mistake};
use crate::logistic::{self, closed_form};
use crate::tensor::Tensor;
use crate::{dual, scalar};

/// Forward over reverse, in a table's heading.
pub(super) const FORWARD_OVER_REVERSE: &str = "fwd over rev";

// Documented where it is named: `check::hessian!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hessian {
    // The formula once for each kind of number, as in `gradient!`.
    (|$p:ident| $cost:expr, $at:expr $(, $by_hand:expr)? $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::activation::Functions as _;
        $crate::check::hessian(
            |$p: &[$crate::dual::Var]| $cost,
            |$p: &[$crate::scalar::Var]| $cost,
            $at,
            None$(.or(Some(&$crate::tensor::Tensor::from_rows($by_hand))))?,
        )
    }};
    ($cost:path, $($others:tt)*) => {
        $crate::check::hessian!(|p| $cost(p), $($others)*)
    };
}

/// The function behind [`hessian!`](crate::check::hessian!): one formula on a tape of dual numbers and
/// on a tape of numbers, the point, and the Hessian that was derived by hand, (n, n).
///
/// Where differences of the gradient cannot be taken, as where a slope jumps, an entry is not judged.
///
/// # Panics
/// If `by_hand` is not (n, n) for n numbers in `at`, if the formula's value is of another tape than its
/// parameters, or if it applies an activation without [`d2f`](crate::activation::Activation::d2f).
#[track_caller]
pub fn hessian(
    dual: impl for<'t> Fn(&[dual::Var<'t>]) -> dual::Var<'t>,
    var: impl for<'t> Fn(&[scalar::Var<'t>]) -> scalar::Var<'t>,
    at: &[impl Parameter],
    by_hand: Option<&Tensor>,
) -> GradientReport {
    let names: Vec<String> = at.iter().enumerate().map(|(i, p)| p.name(i)).collect();
    let at: &[f64] = &at.iter().map(Parameter::value).collect::<Vec<f64>>();
    let n = at.len();
    if let Some(own) = by_hand.filter(|own| own.shape() != (n, n)) {
        mistake(
            &format!("the Hessian by hand is {:?}", own.shape()),
            &[format!("the formula is taken at {n} numbers")],
            "a Hessian has a row and a column for each parameter",
            &format!("give {n} rows of {n} second derivatives"),
        )
    }
    let (mut h, mut scale, mut is_finite) = (vec![], vec![], true);
    for i in 0..n {
        let tape = dual::Tape::new();
        let p: Vec<dual::Var> = Dual::along(at, i).into_iter().map(|x| tape.var(x)).collect();
        let output = dual(&p);
        let (gradients, sizes) = (output.backward(), path_sizes(output, Dual::sizes));
        for p in &p {
            h.push(gradients.wrt(*p).slope);
            scale.push(sizes.get(p.index()).map_or(0.0, |size| size.slope));
        }
        is_finite &= output.value().value.is_finite();
    }
    let [h, scale] = [h, scale].map(|entries| Tensor::new(n, n, entries));
    let gradient = |at: &[f64]| {
        let tape = scalar::Tape::new();
        let p: Vec<scalar::Var> = at.iter().map(|&x| tape.var(x)).collect();
        let gradients = var(&p).backward();
        p.into_iter().map(|p| gradients.wrt(p)).collect()
    };
    let difference = differences(gradient, at);
    let own = by_hand.map(|own| ("by hand", own));
    let all = (0..n).flat_map(|i| (0..n).map(move |k| (i, k)));
    let mut comparison = side_by_side(all, &names, &h, own, &scale, difference);
    for entry in &mut comparison.entries {
        entry.blind = !is_finite || entry.difference.is_none();
    }
    let of_entry: Vec<f64> = (0..n * n).map(|entry| at[entry % n]).collect();
    let (judged, findings) = diagnosed(&comparison, &of_entry, by_hand.is_some());
    let judged = if judged == "by hand" { judged } else { "by forward over reverse" };
    GradientReport { comparison, judged, findings, explained: Explained::default() }
}

/// H beside one by hand, its transpose and differences, at these entries.
fn side_by_side(
    entries: impl Iterator<Item = (usize, usize)>,
    names: &[String],
    h: &Tensor,
    own: Option<(&'static str, &Tensor)>,
    scale: &Tensor,
    difference: impl Fn(usize, usize) -> Option<Difference>,
) -> Comparison {
    let judge = own.map(|(judge, _)| judge);
    let judges = [FORWARD_OVER_REVERSE].into_iter().chain(judge).chain(["transposed"]);
    let mut comparison = Comparison::new(judges.collect::<Vec<_>>());
    for (i, k) in entries {
        let own = own.map(|(_, own)| own.get(i, k));
        let values: Vec<f64> = [h.get(i, k)].into_iter().chain(own).chain([h.get(k, i)]).collect();
        let scale = scale.get(i, k).max(scale.get(k, i));
        comparison.add(format!("{} {}", names[i], names[k]), values, scale);
        comparison.entries.last_mut().expect("just added").difference = difference(i, k);
    }
    comparison
}

/// Central differences of entry `i` of a gradient along parameter `k`, as a function of both.
fn differences(
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    at: &[f64],
) -> impl Fn(usize, usize) -> Option<Difference> {
    let known = RefCell::new(BTreeMap::new()); // each gradient serves all its entries
    move |i, k| {
        let entry = |x: f64| {
            let mut known = known.borrow_mut();
            let here = known.entry((k, x.to_bits()));
            here.or_insert_with(|| gradient(&moved(at, k, x)))[i]
        };
        Difference::of(entry, at[k])
    }
}

/// The judges of the curvature of logistic regression, for w (n, 1), b, X (n, m), Y (1, m): each pair
/// of parameters once.
///
/// ```
/// use chainrule::{check, tensor::Tensor};
/// let (w, x) = (Tensor::new(2, 1, vec![1.0, 2.0]), Tensor::from_rows(&[[1.0, -2.0], [3.0, 0.5]]));
/// let comparison = check::curvature(&w, 1.5, &x, &Tensor::new(1, 2, vec![1.0, 0.0]))?;
/// assert!(comparison.agrees());
/// assert_eq!(comparison.entries[2].name, "w[0] b");
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`logistic::propagate`].
pub fn curvature(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<Comparison> {
    let n = w.shape().0;
    let h = logistic::curvature(w, b, x, y)?;
    let by_hand = closed_form::curvature(w, b, x)?;
    let scale = closed_form::curvature_scale(w, b, x)?;
    let list = |of_w: &Tensor, of_b: f64| of_w.entries().chain([of_b]).collect::<Vec<f64>>();
    let gradient = |p: &[f64]| {
        let w = Tensor::new(n, 1, p[..n].to_vec());
        match closed_form::propagate(&w, p[n], x, y) {
            Ok((grads, _)) => list(&grads.dw, grads.db),
            Err(_) => vec![f64::NAN; n + 1],
        }
    };
    let at = list(w, b);
    let difference = differences(gradient, &at);
    let names = (0..n).map(|i| format!("w[{i}]")).chain(["b".to_string()]);
    let pairs = (0..=n).flat_map(|i| (i..=n).map(move |k| (i, k)));
    let own = Some(("closed form", &by_hand));
    Ok(side_by_side(pairs, &names.collect::<Vec<_>>(), &h, own, &scale, difference))
}
