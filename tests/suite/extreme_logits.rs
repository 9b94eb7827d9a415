//! Cost and gradient where the post's formula overflows, cancels or divides 0 by 0.

use crate::common::{Json, relative};
use chainrule::logistic::{closed_form, cost_as_posted, propagate};
use chainrule::tensor::Tensor;

/// Relative 1e-14; below the smallest normal number, where there are fewer digits, 4 steps.
#[track_caller]
fn assert_exact(what: &str, x: f64, y: f64) {
    let fine = relative(x, y) <= 1e-14 || (x - y).abs() <= 4.0 * 5e-324;
    assert!(fine, "{what}: {x:e} should be {y:e}");
}

#[test]
fn one_logit_both_labels() {
    for case in Json::read("extreme_logits.json").get("scalar").list() {
        let (z, y) = (case.get("z").number(), case.get("y").number());
        let (w, x, y) = (Tensor::from(1.0), Tensor::from(z), Tensor::from(y));
        for propagate in [propagate as fn(&_, _, &_, &_) -> _, closed_form::propagate] {
            let (grads, cost) = propagate(&w, 0.0, &x, &y).unwrap();
            assert_exact("cost", cost, case.get("loss").number());
            assert_exact("db", grads.db, case.get("dz").number());
            assert_exact("dw", grads.dw.get(0, 0), case.get("dz").number() * z);
        }
    }
}

/// The post's formula is the same function until a rounds to 1; from there it is NaN or infinite,
/// as the reference says. (Far below 0 ours fares better, because its σ does not overflow there.)
#[test]
fn the_cost_as_posted() {
    for case in Json::read("extreme_logits.json").get("scalar").list() {
        let (z, y) = (case.get("z").number(), case.get("y").number());
        if z < -700.0 {
            continue;
        }
        let (w, x) = (Tensor::from(1.0), Tensor::from(z));
        let (grads, cost) = cost_as_posted(&w, 0.0, &x, &Tensor::from(y)).unwrap();
        let naive = case.get("naive_f64_loss").number();
        // 1 - a keeps e^z times fewer digits, and their loss is the formula's, not ours.
        let tolerance = 1e-15 * (1.0 + z.max(-z).min(40.0).exp());
        assert_eq!((cost.is_nan(), cost.is_infinite()), (naive.is_nan(), naive.is_infinite()));
        if cost.is_finite() {
            assert!((cost - naive).abs() <= 1e-15 + 1e-15 * naive.abs().max(tolerance), "{z} {y}");
        }
        if z < 37.0 {
            let error = relative(grads.db, case.get("dz").number());
            assert!(error <= tolerance, "z = {z}, y = {y}: db is off by {error:e}");
        }
    }
}

/// How far the post's gradient is off, as its documentation says.
#[test]
fn the_gradient_as_posted() {
    for (z, db) in [(20.0, "0.99999996"), (30.0, "1.00102"), (36.0, "1.0446"), (37.0, "inf")] {
        let zeros = Tensor::zeros(1, 1);
        let (grads, _) = cost_as_posted(&zeros, z, &zeros, &zeros).unwrap();
        assert_eq!(format!("{:.*}", db.len().saturating_sub(2), grads.db), db);
    }
}

#[test]
fn several_logits_at_once() {
    for case in Json::read("extreme_logits.json").get("vector").list() {
        let (w, b) = (case.get("w").column(), case.get("b").number());
        let (x, y) = (case.get("X").rows(), case.get("Y").row());
        for propagate in [propagate as fn(&_, _, &_, &_) -> _, closed_form::propagate] {
            let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
            assert_exact("cost", cost, case.get("cost").number());
            assert_exact("db", grads.db, case.get("db").number());
            for (dw, expected) in grads.dw.to_vec().into_iter().zip(case.get("dw").numbers()) {
                assert_exact("dw", dw, expected);
            }
        }
    }
}

/// Training starts at w = 0, b = 0, hence z = 0, where a softplus made of max and |z| has the wrong
/// slope. There a = 1/2 exactly.
#[test]
fn at_the_start_exactly() {
    let (w, x) =
        (Tensor::zeros(2, 1), Tensor::from_rows(&[[1.0, 2.0, 4.0, 8.0], [3.0, 5.0, -7.0, 9.0]]));
    let y = Tensor::new(1, 4, vec![1.0, 0.0, 0.0, 1.0]);
    let (grads, cost) = propagate(&w, 0.0, &x, &y).unwrap();
    assert_eq!(grads.dw.to_vec(), [(-0.5 + 1.0 + 2.0 - 4.0) / 4.0, (-1.5 + 2.5 - 3.5 - 4.5) / 4.0]);
    assert_eq!((grads.db, cost), (0.0, 2f64.ln()));
}
