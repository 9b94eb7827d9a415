//! The values published with the course notebook whose structure the post follows.

use crate::common::{Json, assert_close};
use chainrule::logistic::{
    self, Options, closed_form, cost_as_posted, optimize, predict, propagate,
};

fn case(id: &str) -> Json {
    let cases = Json::read("published.json");
    let found = cases.get("cases").list().iter().find(|case| case.get("id").text() == id).cloned();
    found.unwrap()
}

/// Published with eight digits: half a unit of the last one.
#[track_caller]
fn assert_published(x: f64, published: f64) {
    assert!((x - published).abs() <= 0.5000001e-8, "{x} was published as {published}");
}

#[test]
fn sigmoid() {
    for id in ["sigmoid_0_2", "sigmoid_vec"] {
        let case = case(id);
        let a = logistic::sigmoid(&case.get("x").row()).to_vec();
        for (a, published) in a.into_iter().zip(case.get("expected").numbers()) {
            assert_published(a, published);
        }
    }
}

#[test]
fn propagate_by_tape_by_hand_and_as_posted() {
    for id in ["propagate_2017", "propagate_2022"] {
        let case = case(id);
        let (w, b) = (case.get("w").column(), case.get("b").number());
        let (x, y) = (case.get("X").rows(), case.get("Y").row());
        let exact = if case.has("exact_50_digit") { "exact_50_digit" } else { "ours" };
        let exact = case.get(exact);
        // The post's formula divides by 1 - a, which has lost six digits at z = 13.
        for (way, propagate, tolerance) in [
            ("tape", propagate as fn(&_, _, &_, &_) -> _, 1e-12),
            ("closed form", closed_form::propagate, 1e-12),
            ("as posted", cost_as_posted, 1e-9),
        ] {
            let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
            let dw = grads.dw.to_vec();
            for (dw, published) in dw.iter().zip(case.get("expected").get("dw").numbers()) {
                assert_published(*dw, published);
            }
            for (i, dw) in dw.iter().enumerate() {
                assert_close(way, *dw, exact.get("dw").numbers()[i], tolerance);
            }
            assert_close(way, grads.db, exact.get("db").number(), tolerance);
            assert_close(way, cost, exact.get("cost").number(), tolerance);
        }
    }
}

#[test]
fn optimize_by_tape() {
    for id in ["optimize_2017", "optimize_2022"] {
        let case = case(id);
        let (w, b) = (case.get("w").column(), case.get("b").number());
        let (x, y) = (case.get("X").rows(), case.get("Y").row());
        let options = Options { num_iterations: 100, learning_rate: 0.009, ..Options::default() };
        let fit = optimize(w, b, &x, &y, &options).unwrap();
        let (published, ours) = (case.get("expected"), case.get("ours"));
        for (letter, column) in [("w", &fit.w), ("dw", &fit.dw)] {
            for (i, value) in column.to_vec().into_iter().enumerate() {
                assert_published(value, published.get(letter).numbers()[i]);
                assert_close(letter, value, ours.get(letter).numbers()[i], 1e-12);
            }
        }
        assert_close("b", fit.b, ours.get("b").number(), 1e-12);
        assert_close("db", fit.db, ours.get("db").number(), 1e-12);
        assert_eq!(fit.costs.len(), 1);
        if published.has("costs") {
            assert_published(fit.costs[0], published.get("costs").number());
        }
    }
}

#[test]
fn predictions() {
    let case = case("predict_2017");
    let (w, b) = (case.get("w").column(), case.get("b").number());
    let prediction = predict(&w, b, &case.get("X").rows()).unwrap();
    assert_eq!(prediction, case.get("expected").row());
}
