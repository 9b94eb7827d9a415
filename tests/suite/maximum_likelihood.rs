//! At the maximum-likelihood coefficients, known to 25 digits, the gradient vanishes.

use crate::common::{Json, assert_close};
use chainrule::check::Comparison;
use chainrule::data::Examples;
use chainrule::logistic::{Options, closed_form, initialize_with_zeros, optimize, propagate};
use chainrule::tensor::Tensor;

fn examples(name: &str) -> Examples {
    let path = format!("{}/examples/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    Examples::read_csv(&path, None).unwrap()
}

#[test]
fn gradient_vanishes_to_1e_12_of_its_scale() {
    let all = Json::read("maximum_likelihood.json");
    for name in ["challenger_orings", "hours_studied_wikipedia", "penguins_sex"] {
        let expected = all.get(name);
        let Examples { x, y, .. } = examples(name);
        let coefficients = expected.get("coef_intercept_first").numbers();
        let (b, w) = (coefficients[0], coefficients[1..].to_vec());
        let w = Tensor::new(w.len(), 1, w);
        let scale = closed_form::scale(&w, b, &x, &y).unwrap();
        for propagate in [propagate as fn(&_, _, &_, &_) -> _, closed_form::propagate] {
            let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
            for i in 0..w.shape().0 {
                let (dw, scale) = (grads.dw.get(i, 0).abs(), scale.dw.get(i, 0));
                assert!(dw <= 1e-12 * scale, "{name}: dw[{i}] is {:e} of its scale", dw / scale);
            }
            assert!(grads.db.abs() <= 1e-12 * scale.db, "{name}: db {:e}", grads.db / scale.db);
            assert_close(name, cost, expected.get("mean_bce").number(), 1e-13);
        }
    }
}

#[test]
fn training_finds_the_published_fit() {
    let Examples { x, y, .. } = examples("hours_studied_wikipedia");
    let (w, b) = initialize_with_zeros(1);
    let options = Options { num_iterations: 20_000, learning_rate: 0.5, ..Options::default() };
    let fit = optimize(w, b, &x, &y, &options).unwrap();
    let published = [-4.077713431087631, 1.5046454283733335];
    assert_close("b", fit.b, published[0], 1e-12);
    assert_close("w", fit.w.get(0, 0), published[1], 1e-12);
}

/// After 2,000 iterations on standardised O-rings only rounding is left of dw.
#[test]
fn the_verdict_is_right_where_only_rounding_is_left() {
    let examples = examples("challenger_orings");
    let x = examples.standardizer().unwrap().apply(&examples.x).unwrap();
    let y = &examples.y;
    let (w, b) = initialize_with_zeros(1);
    let fit = optimize(w.clone(), b, &x, y, &Options::default()).unwrap();
    let compare = |w: &Tensor, b: f64, factor: f64| {
        let (mut tape, _) = propagate(w, b, &x, y).unwrap();
        tape.dw = &tape.dw * factor;
        let (by_hand, _) = closed_form::propagate(w, b, &x, y).unwrap();
        let scale = closed_form::scale(w, b, &x, y).unwrap();
        Comparison::of_grads(&tape, &by_hand, &scale)
    };
    let at_end = compare(&fit.w, fit.b, 1.0);
    assert!(at_end.agrees(), "{at_end}");
    assert!(at_end.entries[0].values[0].abs() < 1e-14, "not at the optimum: {at_end}");
    assert!(compare(&w, b, 1.0).agrees());
    let broken = compare(&w, b, 1.0 + 1e-9);
    assert!(!broken.agrees() && broken.to_string().contains("DISAGREE"), "{broken}");
}
