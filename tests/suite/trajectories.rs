//! Whole runs of the post's loop on real data, against an independent implementation.

use crate::common::{Json, assert_close, relative};
use chainrule::data::Examples;
use chainrule::logistic::{
    Options, accuracy, initialize_with_zeros, optimize, optimize_with, predict, propagate,
};
use chainrule::tensor::Tensor;

const RUNS: [&str; 4] =
    ["penguins_sex", "challenger_orings", "wdbc_full30_malignant", "iris_setosa_vs_versicolor"];

#[test]
fn two_thousand_steps_on_four_data_sets() {
    let all = Json::read("post_trajectories.json");
    for name in RUNS {
        let run = all.get(&format!("{name}__standardized_lr0.5_2000"));
        let path = format!("{}/examples/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        let examples = Examples::read_csv(&path, None).unwrap();
        let x = examples.standardizer().unwrap().apply(&examples.x).unwrap();
        let y = &examples.y;
        let (n, m) = x.shape();
        assert_eq!((n as f64, m as f64), (run.get("n_features").number(), run.get("m").number()));

        let (w, b) = initialize_with_zeros(n);
        let (first, cost) = propagate(&w, b, &x, y).unwrap();
        let expected = run.get("first_grad");
        for (dw, expected) in first.dw.to_vec().iter().zip(expected.get("dw").numbers()) {
            assert_close(name, *dw, expected, 1e-12);
        }
        let db = expected.get("db").number();
        assert!((first.db - db).abs() <= 1e-16, "{name}: db {} should be {db}", first.db);
        assert_close(name, cost, expected.get("cost").number(), 1e-15);

        let fit = optimize(w, b, &x, y, &Options::default()).unwrap();
        let costs = run.get("stable_costs_every_100").numbers();
        assert_eq!(fit.costs.len(), costs.len());
        for (k, (cost, expected)) in fit.costs.iter().zip(costs).enumerate() {
            assert_close(&format!("{name}, cost {k}"), *cost, expected, 1e-9);
        }
        for (w, expected) in fit.w.to_vec().iter().zip(run.get("stable_w").numbers()) {
            assert_close(&format!("{name}, w"), *w, expected, 1e-9);
        }
        assert_close(&format!("{name}, b"), fit.b, run.get("stable_b").number(), 1e-9);
        let (_, last) = propagate(&fit.w, fit.b, &x, y).unwrap();
        assert_close(name, last, run.get("stable_final_cost").number(), 1e-9);
        // The gradient of the last step, relative to the first: at an optimum its own digits are
        // rounding only.
        let dw = run.get("last_grads_before_final_update").get("dw").numbers();
        for (i, (dw, expected)) in fit.dw.to_vec().iter().zip(dw).enumerate() {
            let scale = expected.abs() + 1e-6 * first.dw.get(i, 0).abs();
            let error = (dw - expected).abs() / scale;
            assert!(error <= 1e-9, "{name}: dw[{i}] {dw:e} should be {expected:e}");
        }
        let hits = accuracy(&predict(&fit.w, fit.b, &x).unwrap(), y);
        assert!(relative(hits, run.get("stable_train_accuracy").number()) < 1e-12);
    }
}

/// So many iterations are so many gradients and updates, and each cost is told once.
#[test]
fn the_first_few_steps() {
    let x = Tensor::from_rows(&[[1.0, -1.1, -3.2], [1.2, 2.0, 0.1]]);
    let y = Tensor::new(1, 3, vec![1.0, 0.0, 1.0]);
    let options = |num_iterations| Options { num_iterations, ..Options::default() };
    let (mut w, mut b) = initialize_with_zeros(2);
    let mut expected = propagate(&w, b, &x, &y).unwrap();
    let mut costs = vec![];
    for iterations in 0..4 {
        let mut told = vec![];
        let report = |iteration, cost| told.push((iteration, cost));
        let start = initialize_with_zeros(2);
        let fit = optimize_with(start.0, start.1, &x, &y, &options(iterations), report).unwrap();
        assert_eq!(told, costs, "{iterations} iterations");
        assert_eq!((&fit.w, fit.b), (&w, b), "{iterations} iterations");
        assert_eq!((&fit.dw, fit.db), (&expected.0.dw, expected.0.db), "{iterations} iterations");
        assert_eq!(fit.costs.len(), iterations.min(1));

        expected = propagate(&w, b, &x, &y).unwrap();
        costs.push((iterations, expected.1));
        w = &w - &(&expected.0.dw * 0.5);
        b -= expected.0.db * 0.5;
    }
    // Nothing is told of data with a fault.
    let bad = x.map(|x| if x == 2.0 { f64::NAN } else { x });
    let report = |_, _| panic!("a cost was told");
    optimize_with(Tensor::zeros(2, 1), 0.0, &bad, &y, &options(3), report).unwrap_err();
}
