//! Softmax regression: values at 50 digits, the closed form, logistic regression as its case of two
//! classes, and what holds for every softmax.

use crate::common::{Json, config, relative};
use chainrule::activation::{Identity, Sigmoid, Tanh};
use chainrule::check::{self, Comparison};
use chainrule::data::one_hot;
use chainrule::logistic::{self, closed_form};
use chainrule::network::{LayerGrads, Network, cross_entropy};
use chainrule::tensor::{Tape, Tensor};
use proptest::prelude::*;

/// k logits with these weights and biases.
fn network(w: &Tensor, b: &Tensor) -> Network {
    let mut network = Network::new(w.shape().0).layer(w.shape().1, Identity);
    (network.layers[0].weights, network.layers[0].bias) = (w.clone(), b.clone());
    network
}

fn on_the_tape(w: &Tensor, b: &Tensor, x: &Tensor, y: &Tensor) -> (LayerGrads, f64) {
    let (mut grads, cost) = network(w, b).propagate(x, y, cross_entropy);
    (grads.remove(0), cost)
}

type Judge = fn(&Tensor, &Tensor, &Tensor, &Tensor) -> (LayerGrads, f64);
const BOTH: [Judge; 2] = [on_the_tape, closed_form::layer];

#[test]
fn extreme_logits() {
    let exact = |x: f64, y: f64| relative(x, y) <= 1e-14 || (x - y).abs() <= 4.0 * 5e-324;
    for case in Json::read("softmax.json").get("extreme").list() {
        let z = case.get("z").numbers();
        let (k, own) = (z.len(), case.get("own").number());
        let (w, x, y) = (Tensor::new(1, k, z.clone()), 1.0.into(), one_hot(&own.into(), k));
        for judge in BOTH {
            let (grads, cost) = judge(&w, &Tensor::zeros(k, 1), &x, &y);
            assert!(exact(cost, case.get("loss").number()), "{z:?} {own}: {cost}");
            for (dz, right) in grads.db.to_vec().into_iter().zip(case.get("dz").numbers()) {
                assert!(exact(dz, right), "{z:?} {own}: {dz:e} should be {right:e}");
            }
            assert_eq!(grads.dw.t(), grads.db);
            assert!(grads.db.sum().abs() <= 2.0 * f64::EPSILON, "{z:?}: {}", grads.db.sum());
        }
    }
}

/// Flipper length and body mass of the penguins, with a row of ones; their species; read here.
fn penguins() -> (Tensor, Tensor) {
    let text = include_str!("../../examples/data/penguins.csv");
    let species = ["Adelie", "Chinstrap", "Gentoo"];
    let (mut x, mut y) = (vec![], vec![]);
    for row in text.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let (Ok(flipper), Ok(mass)) = (cells[4].parse::<f64>(), cells[5].parse::<f64>()) else {
            continue;
        };
        x.extend([flipper / 100.0, mass / 1000.0]);
        y.push(species.iter().position(|name| *name == cells[0]).unwrap() as f64);
    }
    let m = y.len();
    (Tensor::new(m, 2, x).t(), one_hot(&Tensor::new(1, m, y), 3))
}

/// From rows of bias and weights, one for each class.
fn parameters(rows: &Json) -> (Tensor, Tensor) {
    let rows: Vec<Vec<f64>> = rows.list().iter().map(Json::numbers).collect();
    let all = Tensor::from_rows(&rows);
    (all.columns(1..3).t(), all.columns(0..1))
}

#[test]
fn gradient_at_a_point() {
    let reference = Json::read("softmax.json");
    let reference = reference.get("penguins");
    let ((x, y), (w, b)) = (penguins(), parameters(reference.get("point")));
    let (dw, db) = parameters(reference.get("gradient"));
    let right = LayerGrads { dw, db };
    for judge in BOTH {
        let (grads, cost) = judge(&w, &b, &x, &y);
        assert!(relative(cost, reference.get("cost").number()) < 1e-14, "{cost}");
        let scale = closed_form::layer_scale(&w, &b, &x, &y);
        let mut comparison = Comparison::of_grads(&grads, &right, &scale);
        comparison.tolerance = 1e-15;
        assert!(comparison.agrees(), "{comparison}");
    }
}

/// Newton's method of a textbook, from the tape's gradient, goes to the published coefficients.
#[test]
fn maximum_likelihood() {
    let reference = Json::read("softmax.json");
    let reference = reference.get("penguins");
    let ((x, y), (right, right_b)) = (penguins(), parameters(reference.get("maximum_likelihood")));
    let (mut w, mut b) = (Tensor::zeros(2, 3), Tensor::zeros(3, 1));
    for _ in 0..40 {
        let (grads, _) = on_the_tape(&w, &b, &x, &y);
        let step = newton(&network(&w, &b).predict(&x).softmax(), &x, &grads);
        let length = step.to_vec().into_iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        let step = step * (5.0 / length).min(1.0);
        b = b - step.columns(0..1);
        w = w - step.columns(1..3).t();
    }
    for (x, y) in [(&w, &right), (&b, &right_b)] {
        for (x, y) in x.to_vec().into_iter().zip(y.to_vec()) {
            assert!((x - y).abs() <= 1e-9 * y.abs(), "{x} should be {y}");
        }
    }
    let (grads, cost) = on_the_tape(&w, &b, &x, &y);
    assert!(relative(cost, reference.get("cost_there").number()) < 1e-13, "{cost}");
    assert!(grads.dw.to_vec().iter().all(|g| g.abs() < 1e-13), "{grads:?}");
    assert!(check::layer(&w, &b, &x, &y).agrees());
}

/// H⁻¹ g as (k, 1 + n), the first class held where it is; H = (1/m) Σ a (δ − a) x xᵀ.
fn newton(a: &Tensor, x: &Tensor, grads: &LayerGrads) -> Tensor {
    let ((n, m), k) = (x.shape(), a.shape().0);
    let size = (k - 1) * (n + 1);
    let place = |p: usize| (1 + p / (n + 1), p % (n + 1));
    let feature = |i: usize, j: usize| if i == 0 { 1.0 } else { x.get(i - 1, j) };
    let mut rows = vec![vec![0.0; size + 1]; size];
    for (p, row) in rows.iter_mut().enumerate() {
        let (c, i) = place(p);
        for (q, h) in row[..size].iter_mut().enumerate() {
            let (d, l) = place(q);
            for j in 0..m {
                let slope = a.get(c, j) * (f64::from(u8::from(c == d)) - a.get(d, j));
                *h += slope * feature(i, j) * feature(l, j) / m as f64;
            }
        }
        row[size] = if i == 0 { grads.db.get(c, 0) } else { grads.dw.get(i - 1, c) };
    }
    for p in 0..size {
        let pivot = rows[p].clone();
        for (q, row) in rows.iter_mut().enumerate().filter(|(q, _)| *q != p) {
            let factor = row[p] / pivot[p];
            (p..=size).for_each(|r| row[r] -= factor * pivot[r]);
            assert!(factor.is_finite(), "{q}");
        }
    }
    let solution = (0..size).map(|p| rows[p][size] / rows[p][p]);
    Tensor::new(k, n + 1, vec![0.0; n + 1].into_iter().chain(solution).collect())
}

/// Weights up to 300, of which the larger ones make a softmax of 0s and 1s.
fn problem() -> impl Strategy<Value = (Tensor, Tensor, Tensor, Tensor)> {
    (1..4_usize, 2..6_usize, 1..8_usize, 0..3).prop_flat_map(|(n, k, m, size)| {
        let size = [1.0, 10.0, 300.0][size as usize];
        let numbers = move |count| proptest::collection::vec(-size..size, count);
        let x = proptest::collection::vec(-1.0..1.0, n * m);
        let y = proptest::collection::vec(0..k, m);
        (numbers(n * k), numbers(k), x, y).prop_map(move |(w, b, x, y)| {
            let y = Tensor::new(1, m, y.into_iter().map(|class| class as f64).collect());
            let (w, b) = (Tensor::new(n, k, w), Tensor::new(k, 1, b));
            (w, b, Tensor::new(n, m, x), one_hot(&y, k))
        })
    })
}

proptest! {
    #![proptest_config(config(64, 1000))]

    #[test]
    fn tape_against_closed_form((w, b, x, y) in problem()) {
        let [(tape, cost), (by_hand, other_cost)] = BOTH.map(|judge| judge(&w, &b, &x, &y));
        let scale = closed_form::layer_scale(&w, &b, &x, &y);
        let mut comparison = Comparison::of_grads(&tape, &by_hand, &scale);
        comparison.tolerance = 1e-14;
        prop_assert!(comparison.agrees(), "{comparison}");
        prop_assert!(relative(cost, other_cost) < 1e-13 || (cost - other_cost).abs() < 1e-300);
        // The gradient adds up to 0 over the classes.
        let size = scale.dw.sum() + scale.db.sum();
        prop_assert!(tape.db.sum().abs() <= 1e-15 * size, "{:?}", tape.db);
        prop_assert!(tape.dw.sum_columns().to_vec().iter().all(|sum| sum.abs() <= 1e-15 * size));
    }

    #[test]
    fn all_four_judges((w, b, x, y) in problem()) {
        let comparison = check::layer(&w, &b, &x, &y);
        prop_assert!(comparison.agrees(), "{comparison}");
        prop_assert_eq!(comparison.entries.len(), (w.shape().0 + 1) * w.shape().1);
    }

    /// Whole numbers, so that the sums are exact: then not one bit may change.
    #[test]
    fn a_shift_of_all_logits_changes_nothing(
        z in proptest::collection::vec(-40..40_i32, 12), shift in -10_000..10_000_i32,
    ) {
        let logits = |shift: i32| {
            Tensor::new(3, 4, z.iter().map(|z| f64::from(z + shift)).collect())
        };
        prop_assert_eq!(logits(0).softmax(), logits(shift).softmax());
        let y = one_hot(&Tensor::new(1, 4, vec![0.0, 1.0, 2.0, 1.0]), 3);
        let at = |z: Tensor| on_the_tape(&z.t(), &Tensor::zeros(3, 1), &Tensor::from_rows(
            &[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
        ), &y);
        prop_assert_eq!(at(logits(0)), at(logits(shift)));
    }

    /// z₁ − z₀ is the z of logistic regression, with w₁ − w₀ and b₁ − b₀.
    #[test]
    fn two_classes_are_logistic_regression(
        w in proptest::collection::vec(-8..8_i32, 4), b in proptest::collection::vec(-8..8_i32, 2),
        x in proptest::collection::vec(-8..8_i32, 10), y in proptest::collection::vec(0..2_i32, 5),
    ) {
        let tensor = |rows, columns, list: &[i32]| {
            Tensor::new(rows, columns, list.iter().map(|&entry| f64::from(entry)).collect())
        };
        let (w, b) = (tensor(2, 2, &w), tensor(2, 1, &b));
        let (x, y) = (tensor(2, 5, &x), tensor(1, 5, &y));
        let (two, cost) = on_the_tape(&w, &b, &x, &one_hot(&y, 2));
        let one = &w.columns(1..2) - &w.columns(0..1);
        let bias = b.get(1, 0) - b.get(0, 0);
        let (grads, other_cost) = logistic::propagate(&one, bias, &x, &y).unwrap();
        prop_assert!(relative(cost, other_cost) < 1e-15, "{cost} {other_cost}");
        let scale = closed_form::scale(&one, bias, &x, &y).unwrap();
        for node in [0, 1] {
            let sign = if node == 1 { 1.0 } else { -1.0 };
            let dw = two.dw.columns(node..node + 1) * sign;
            let same = logistic::Grads { dw, db: sign * two.db.get(node, 0) };
            let mut comparison = Comparison::of_grads(&same, &grads, &scale);
            comparison.tolerance = 1e-15;
            prop_assert!(comparison.agrees(), "{comparison}");
        }
        let p = network(&w, &b).predict(&x).softmax().to_vec().split_off(5);
        let a = logistic::sigmoid(&(one.t().matmul(&x) + bias)).to_vec();
        prop_assert!(p.iter().zip(&a).all(|(p, a)| relative(*p, *a) < 1e-15), "{p:?} {a:?}");
    }
}

#[test]
fn columns_add_up_to_one_and_no_nan_is_hidden() {
    let z = Tensor::from_rows(&[
        [1e4, 0.0, f64::NAN, 1.0, 3.0],
        [-1e4, -750.0, 1.0, f64::NAN, f64::NEG_INFINITY],
        [9999.0, 0.5, 2.0, 2.0, 3.0],
    ]);
    let (tape, a) = (Tape::new(), z.softmax());
    let logs = tape.var(z).log_sum_exp().value();
    for j in [0, 1, 4] {
        assert!((a.columns(j..j + 1).sum() - 1.0).abs() <= f64::EPSILON);
    }
    assert_eq!(a.columns(4..5).to_vec(), [0.5, 0.0, 0.5]);
    assert_eq!(logs.get(0, 4), 3.0 + 2f64.ln());
    for j in [2, 3] {
        assert!(a.columns(j..j + 1).to_vec().iter().all(|a| a.is_nan()) && logs.get(0, j).is_nan());
    }
    // ln 0 of nothing, and no columns.
    let logs = |rows, columns| tape.var(Tensor::zeros(rows, columns)).log_sum_exp().value();
    assert_eq!(logs(0, 2).to_vec(), [f64::NEG_INFINITY; 2]);
    assert_eq!((logs(3, 0).shape(), Tensor::zeros(3, 0).softmax().shape()), ((1, 0), (3, 0)));
}

/// Several blocks of examples, on any number of threads.
#[test]
fn blocks_and_threads() {
    let m = 70_000;
    let x = Tensor::new(m, 1, (0..m).map(|j| (j % 97) as f64 / 48.0 - 1.0).collect()).t();
    let y = one_hot(&Tensor::new(1, m, (0..m).map(|j| (j % 89 % 3) as f64).collect()), 3);
    let (w, b) = (Tensor::from_rows(&[[0.5, -1.0, 2.0]]), Tensor::new(3, 1, vec![0.1, 0.0, -0.3]));
    let on = |threads| {
        let mut network = network(&w, &b);
        network.threads = Some(threads);
        network.propagate(&x, &y, cross_entropy)
    };
    let (grads, cost) = on(1);
    assert_eq!((grads.clone(), cost), on(3));
    let (by_hand, _) = closed_form::layer(&w, &b, &x, &y);
    let scale = closed_form::layer_scale(&w, &b, &x, &y);
    assert!(Comparison::of_grads(&grads[0], &by_hand, &scale).agrees());
}

/// Above a hidden layer it is the same loss; and one that is no softmax is refused.
#[test]
fn with_a_hidden_layer() {
    let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    let y = one_hot(&Tensor::new(1, 4, vec![0.0, 1.0, 1.0, 2.0]), 3);
    let start = Network::new(2).layer(4, Tanh);
    let mut network = start.clone().layer(3, Identity).initialize(1, chainrule::network::glorot);
    network.train(&x, &y, cross_entropy, 300, 1.0, |_, _, _| ());
    assert!(network.propagate(&x, &y, cross_entropy).1 < 0.02);
    assert_eq!(network.predict(&x).softmax().map(f64::round), y);
    let sigmoids = start.layer(3, Sigmoid); // three questions, each yes or no
    assert!((sigmoids.propagate(&x, &y, cross_entropy).1 - 3.0 * 2f64.ln()).abs() < 1e-15);
}
