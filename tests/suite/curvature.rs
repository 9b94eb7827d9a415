//! Second derivatives: f″ of each function, a tape of dual numbers, their judges, and Newton's method.

use crate::common::{Json, panic_of, place, project, relative, ulps};
use chainrule::activation::{self, *};
use chainrule::check::{self, Finding};
use chainrule::data::Examples;
use chainrule::dual::{Dual, Scalar, Tape, Var};
use chainrule::formula::Formula;
use chainrule::logistic::{
    self, Optimized, Options, closed_form, initialize_with_zeros, newton, optimize, optimize_with,
    propagate,
};
use chainrule::tensor::Tensor;
use chainrule::{arithmetic, dual};

/// Right to 1e-12 of its size; below the smallest normal number there are fewer digits.
fn near(x: f64, truth: f64) -> bool {
    x == truth
        || x.is_nan() && truth.is_nan()
        || (x - truth).abs() <= 1e-12 * truth.abs() + f64::MIN_POSITIVE
}

/// f′ and f″ as the gradient of a tape of dual numbers, and its slope.
fn on_the_tape(f: &dyn Activation, x: f64) -> Dual {
    let tape = Tape::new();
    let x = tape.var(Dual::variable(x));
    x.apply(f).backward().wrt(x)
}

/// The functions of the table of 60 digits, by its keys.
fn tabled() -> Vec<(&'static str, Box<dyn Activation>)> {
    let mut all: Vec<(&str, Box<dyn Activation>)> = vec![
        ("expm1", Box::new(ExpM1)),
        ("log1p", Box::new(Ln1p)),
        ("logsigmoid", Box::new(LogSigmoid)),
        ("hard_sigmoid_torch", Box::new(HardSigmoid)),
        ("leaky_relu_0.01", Box::new(LeakyRelu { slope: 0.01 })),
        ("elu_1", Box::new(Elu { alpha: 1.0 })),
    ];
    let powers = ["pow_2", "pow_3", "pow_-1", "pow_-2", "pow_0.5", "pow_2.5", "pow_-1.5"];
    for key in powers.into_iter().chain(["pow_0", "pow_1"]) {
        let exponent = key[4..].parse().unwrap();
        all.push((key, Box::new(Powf { exponent })));
    }
    let table = Json::read("activations.json");
    let same = activation::all().into_iter().filter(|f| table.has(f.name()));
    all.extend(same.map(|f| (f.name(), f as Box<dyn Activation>)));
    all
}

#[test]
fn second_derivatives_against_the_table() {
    let table = Json::read("activations.json");
    let mut rows = 0;
    for (key, f) in tabled() {
        for case in table.get(key).list() {
            let (x, slope, truth) =
                (case.get("x").number(), case.get("d1"), case.get("d2").number());
            let dual = on_the_tape(&*f, x);
            assert!(near(dual.value, slope.number()), "{key} at {x:e}: slope {:e}", dual.value);
            for d2f in [f.d2f(x, f.f(x)).unwrap(), dual.slope] {
                // At 1e-300, the sixty digits of the table were used up by 1/2 - 1/2.
                let lost = truth == 0.0 && x.abs() < 1e-60 && d2f.abs() <= 2.0 * x.abs();
                assert!(lost || near(d2f, truth), "{key} at {x:e}: {d2f:e}, not {truth:e}");
            }
            rows += 1;
        }
    }
    assert!(rows > 800, "{rows}");
}

#[test]
fn every_function_has_one_and_hides_no_nan() {
    for f in activation::all() {
        let name = f.name();
        assert!(f.d2f(f64::NAN, f64::NAN).unwrap().is_nan(), "{name}″ hides a NaN");
        for x in [-1e300, -40.0, -3.0, -0.7, -0.0, 0.0, 0.7, 3.0, 40.0, 1e300] {
            if f.domain(x) && !["tan", "sin", "cos"].contains(&name) {
                let (y, slope) = f.f_df(x);
                let d2f = f.d2f(x, y).unwrap();
                assert!(!d2f.is_nan() || !slope.is_finite(), "{name}″({x}) is NaN");
            }
        }
        for x in [f64::NEG_INFINITY, f64::INFINITY] {
            let d2f = f.d2f(x, f.f(x)).unwrap();
            assert!(!f.domain(x) || !d2f.is_nan(), "{name}″({x}) is NaN");
        }
    }
}

#[test]
fn powers_of_two_operands() {
    for case in Json::read("curvature.json").get("pow").list() {
        let at = [case.get("x").number(), case.get("y").number()];
        let [xx, xy, yy] = ["xx", "xy", "yy"].map(|key| case.get(key).number());
        let hessian = dual::hessian(|p| p[0].pow(p[1]), &at);
        let truth = [[xx, xy], [xy, yy]];
        for (i, k) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (got, truth) = (hessian[i][k], truth[i][k]);
            assert!(near(got, truth), "{at:?}, {i} {k}: {got:e}, not {truth:e}");
        }
        // One operand alone, and a plain number on either side.
        let base = dual::hessian(|p| p[0].pow(at[1]), &at[..1]);
        let exponent = dual::hessian(|p| arithmetic::pow(at[0], p[0]), &at[1..]);
        assert!(near(base[0][0], xx) && near(exponent[0][0], yy), "{at:?}");
    }
    // Where 0 · ln 0 would be NaN.
    assert_eq!(dual::hessian(|p| p[0].pow(p[1]), &[0.0, 3.0]), [[0.0; 2]; 2]);
}

#[test]
fn max_and_min_are_straight() {
    fn max_min<S: Scalar>(p: &[S]) -> S {
        use chainrule::dual::Arithmetic;
        p[0].max(p[1]) + Arithmetic::min(p[1], p[0]) * p[0].min(2.0) * Arithmetic::max(0.5, p[1])
    }
    // With x < y, x < 2, y > 1/2 it is y + x·x·y.
    assert_eq!(dual::hessian(|p| max_min(p), &[1.5, 3.0]), [[6.0, 3.0], [3.0, 0.0]]);
    let nan = dual::gradient_along(|p| p[0].max(p[1]), &[f64::NAN, 1.0], &[1.0, 0.0]);
    assert!(nan.iter().all(|g| g.value.is_nan() && g.slope.is_nan()), "{nan:?}");
}

/// Every operator, one that is nested, and numbers on both sides, against the derivation by hand.
#[test]
fn operators_against_the_derivation_by_hand() {
    fn f<S: Scalar>(p: &[S]) -> S {
        (2.0 * p[0] - p[1]) / (p[0] * p[1] + 1.0) - (-p[0]) * (3.0 / p[1])
    }
    // With u = 2x − y and v = xy + 1: u/v + 3x/y.
    let (x, y) = (0.7, 1.9);
    let (u, v) = (2.0 * x - y, x * y + 1.0);
    let xx = -4.0 * y / (v * v) + 2.0 * u * y * y / (v * v * v);
    let yy = 2.0 * x / (v * v) + 2.0 * u * x * x / (v * v * v) + 6.0 * x / (y * y * y);
    let xy = (y - 2.0 * x - u) / (v * v) + 2.0 * u * x * y / (v * v * v) - 3.0 / (y * y);
    let hessian = dual::hessian(|p| f(p), &[x, y]);
    for (got, truth) in hessian.concat().into_iter().zip([xx, xy, xy, yy]) {
        assert!(relative(got, truth) < 1e-14, "{got} {truth}");
    }
}

#[test]
fn sum_and_dot_serve_dual_numbers() {
    let tape = Tape::new();
    let w = [Dual::variable(2.0), Dual::constant(-1.0)].map(|w| tape.var(w));
    let z = tape.dot(&w, &[3.0, 4.0]);
    assert_eq!((z.value().value, z.value().slope), (2.0, 3.0));
    let square = tape.dot(&[z, w[0]], &[z, w[1]]); // z² − w₀
    let total = tape.sum([square, z, z]);
    let gradient = total.backward().wrt(w[0]);
    assert_eq!((gradient.value, gradient.slope), (2.0 * 2.0 * 3.0 - 1.0 + 6.0, 2.0 * 3.0 * 3.0));
}

#[test]
fn without_d2f_it_says_so_at_the_learners_line() {
    struct Swish;
    impl Activation for Swish {
        fn name(&self) -> &'static str {
            "swish"
        }
        fn f(&self, x: f64) -> f64 {
            Silu.f(x)
        }
        fn df(&self, x: f64, y: f64) -> f64 {
            Silu.df(x, y)
        }
    }
    let tape = Tape::new();
    let x = tape.var(Dual::variable(1.0));
    let message = panic_of(|| _ = x.apply(Swish));
    assert!(message.starts_with("`swish` has no second derivative"), "{message}");
    assert!(message.contains("write d2f"), "{message}");
    assert!(place(&message, file!()).code.contains("apply"), "{message}");
    let inside = panic_of(|| _ = dual::hessian(|p| p[0].apply(Swish), &[1.0]));
    assert!(inside.starts_with("`swish` has no second derivative"), "{inside}");
    // What does not move along the direction needs none, and is no zero for want of one.
    let gradient = tape.var(Dual::constant(1.0));
    assert_eq!(gradient.apply(Swish).backward().wrt(gradient).slope, 0.0);
}

/// A gradient that nothing has reached is 0 with slope 0; an infinite one reaches only its own.
#[test]
fn what_is_not_reached_or_infinite() {
    let tape = Tape::new();
    let [x, unused] = [0.0, 1.0].map(|x| tape.var(Dual::variable(x)));
    let gradients = (x.sqrt() + tape.constant(1.0.into())).backward();
    assert_eq!((gradients.wrt(unused).value, gradients.wrt(unused).slope), (0.0, 0.0));
    let dx = gradients.wrt(x);
    assert_eq!((dx.value, dx.slope), (f64::INFINITY, f64::NEG_INFINITY));
    let two: [Var; 2] = [0.0, 1.0].map(|x| tape.var(Dual::constant(x)));
    assert_eq!((two[0] * two[1]).backward().wrt(two[1]).slope, 0.0);
}

/// The terms that the table lost: f″ near 0 is a multiple of x.
#[test]
fn tiny_arguments() {
    for x in [1e-300, -1e-300, 1e-30, -1e-12] {
        let cases: [(&dyn Activation, f64); 4] =
            [(&Sigmoid, -x / 8.0), (&Tanh, -2.0 * x), (&Sinh, x), (&Atan, -2.0 * x)];
        for (f, truth) in cases {
            let d2f = f.d2f(x, f.f(x)).unwrap();
            assert!(relative(d2f, truth) < 1e-12, "{}″({x:e}) = {d2f:e}", f.name());
        }
    }
}

#[test]
fn judges_of_second_derivatives() {
    fn cost<S: Scalar>(p: &[S]) -> S {
        (p[0] * p[1]).softplus() + p[0].powf(3.0) * (p[1].sigmoid() + 2.0)
    }
    let at = [0.7, -1.3];
    let right = dual::hessian(|p| cost(p), &at);
    let report = check::hessian!(cost, &at);
    assert!(report.agrees(), "{report}");
    assert_eq!(report.comparison.judges, ["fwd over rev", "transposed"]);
    assert!(report.comparison.entries.iter().all(|entry| entry.difference.is_some()));
    assert!(check::hessian!(cost, &at, &right).agrees());

    let judge = |change: &dyn Fn(usize, f64) -> f64| {
        let entries = right.concat().into_iter().enumerate();
        let own: Vec<f64> = entries.map(|(k, h)| change(k, h)).collect();
        check::hessian!(cost, &at, &[&own[..2], &own[2..]])
    };
    let negative = judge(&|_, h| -h);
    assert_eq!(negative.findings, [Finding::Sign], "{negative}");
    assert!(negative.to_string().contains("the Hessian by hand is wrong"), "{negative}");
    let half = judge(&|_, h| 0.5 * h);
    assert!(half.to_string().contains("0.5") || half.to_string().contains("1/2"), "{half}");
    // One entry, in one of its two places only, by one part in a hundred million.
    for k in 0..4 {
        let report = judge(&|i, h| if i == k { h * (1.0 + 1e-8) } else { h });
        let wrong = report.comparison.entries.iter().map(|entry| !entry.agrees(1e-12));
        assert_eq!(wrong.collect::<Vec<_>>(), [0, 1, 2, 3].map(|i| i == k), "{report}");
        assert!(report.to_string().contains("verdict: DISAGREE"), "{report}");
    }
    let names = [("w", 0.7), ("b", -1.3)];
    let formula = Formula::parse("softplus(w*b) + w^3*(sigmoid(b) + 2)").unwrap();
    let typed = check::hessian!(|p| formula.eval(p).unwrap(), &names, &right);
    assert!(typed.agrees(), "{typed}");
    assert_eq!(typed.comparison.entries[1].name, "w b");
    // Every function that can be typed has a second derivative.
    let all = "exp ln sqrt sin cos tan atan sinh cosh tanh sigmoid log_sigmoid softplus relu selu \
               silu gelu_tanh mish softsign hard_sigmoid exp_m1 ln_1p recip abs";
    for name in all.split_whitespace() {
        let formula = Formula::parse(&format!("{name}(x*x + x)")).unwrap();
        let report = check::hessian!(|p| formula.eval(p).unwrap(), &[0.8]);
        assert!(report.agrees(), "{name}: {report}");
    }
}

#[test]
fn a_wrong_d2f_is_found() {
    struct Cube;
    impl Activation for Cube {
        fn name(&self) -> &'static str {
            "cube"
        }
        fn f(&self, x: f64) -> f64 {
            x * x * x
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            3.0 * x * x
        }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> {
            Some(3.0 * x) // 6x is right
        }
    }
    let report = check::hessian!(|p| p[0].apply(Cube) * 2.0, &[1.5]);
    assert!(!report.agrees(), "{report}");
    assert!(
        report.to_string().contains("the Hessian by forward over reverse is wrong"),
        "{report}"
    );
}

/// A verdict needs evidence: where the gradient jumps, there is none.
#[test]
fn kinks_are_not_judged() {
    let relu = check::hessian!(|p| p[0].relu() * p[1], &[0.0, 2.0]);
    assert!(relu.comparison.entries[0].blind && !relu.agrees(), "{relu}");
    assert!(relu.to_string().contains("verdict: NOT JUDGED"), "{relu}");
    assert!(check::hessian!(|p| p[0].relu() * p[1], &[1.0, 2.0]).agrees());
    let nan = check::hessian!(|p| p[0].ln(), &[-1.0]);
    assert!(nan.comparison.entries[0].values[0].is_nan() && !nan.agrees(), "{nan}");
}

/// At an optimum the gradient is rounding only; the second derivatives are not.
#[test]
fn judged_at_an_optimum() {
    let report = check::hessian!(
        |p| (p[0] - 1.0).powf(2.0) + (p[1] + 2.0).powf(2.0) * 0.3 + (p[2] - p[2]).sigmoid(),
        &[1.0, -2.0, 0.5]
    );
    assert!(report.agrees(), "{report}");
}

fn examples(name: &str) -> Examples {
    Examples::read_csv(project().join(format!("examples/data/{name}.csv")), None).unwrap()
}

fn column(entries: Vec<f64>) -> Tensor {
    Tensor::new(entries.len(), 1, entries)
}

/// Of three data sets, raw, each at zeros, at its minimum and between.
#[test]
fn the_curvature_of_the_cost_to_14_digits() {
    for case in Json::read("curvature.json").get("hessians").list() {
        let name = case.get("data").text();
        let Examples { x, y, .. } = examples(name);
        let (w, b) = (column(case.get("w").numbers()), case.get("b").number());
        let truth = case.get("hessian").rows();
        let tape = logistic::curvature(&w, b, &x, &y).unwrap();
        let by_hand = closed_form::curvature(&w, b, &x).unwrap();
        let scale = closed_form::curvature_scale(&w, b, &x).unwrap();
        let n = truth.shape().0;
        for (i, k) in (0..n * n).map(|entry| (entry / n, entry % n)) {
            let (truth, scale) = (truth.get(i, k), scale.get(i, k));
            for h in [&tape, &by_hand] {
                let off = (h.get(i, k) - truth).abs();
                assert!(off <= 1e-14 * scale, "{name}, {i} {k}: {:e} of its scale", off / scale);
            }
            let skew = (tape.get(i, k) - tape.get(k, i)).abs();
            assert!(skew <= 1e-14 * scale, "{name}, {i} {k}: {skew:e}");
        }
        // vᵀ H v is a mean of squares: never negative, whatever v is.
        for k in 0..50 {
            let v = column((0..n).map(|i| f64::from(7 * k + 3 * i as i32).sin()).collect());
            let size = v.map(f64::abs).t().matmul(&scale).matmul(&v.map(f64::abs)).get(0, 0);
            let squares = v.t().matmul(&tape).matmul(&v).get(0, 0);
            assert!(squares >= -1e-14 * size, "{name}: {squares:e}");
        }
        let comparison = check::curvature(&w, b, &x, &y).unwrap();
        assert!(comparison.agrees(), "{name}: {comparison}");
        assert!(comparison.to_string().lines().all(|line| line.chars().count() <= 80));
    }
}

#[test]
fn a_wrong_curvature_is_seen() {
    let Examples { x, y, .. } = examples("hours_studied_wikipedia");
    let comparison = check::curvature(&column(vec![1.5]), -4.0, &x, &y).unwrap();
    for k in 0..3 {
        for judge in 0..3 {
            let mut wrong = comparison.clone();
            wrong.entries[k].values[judge] *= 1.0 + 1e-9;
            assert!(!wrong.agrees(), "{wrong}");
        }
        // Both judges wrong in the same way: differences see it.
        let mut wrong = comparison.clone();
        wrong.entries[k].values = wrong.entries[k].values.iter().map(|h| h * 1.001).collect();
        assert!(!wrong.agrees(), "{wrong}");
    }
}

#[test]
fn newton_finds_the_maximum_likelihood_to_13_digits() {
    let all = Json::read("maximum_likelihood.json");
    for name in ["challenger_orings", "hours_studied_wikipedia", "penguins_sex"] {
        let Examples { x, y, .. } = examples(name);
        let (w, b) = initialize_with_zeros(x.shape().0);
        let fit = newton(w, b, &x, &y, 20).unwrap();
        let truth = all.get(name).get("coef_intercept_first").numbers();
        let found = [vec![fit.b], fit.w.to_vec()].concat();
        for (i, (found, truth)) in found.into_iter().zip(truth).enumerate() {
            assert!(relative(found, truth) <= 1e-13, "{name}, {i}: {:e}", relative(found, truth));
        }
        assert!(fit.costs.is_sorted_by(|before, after| after <= before) || fit.costs.len() == 20);
    }
}

#[test]
fn newton_on_the_hours() {
    let Examples { x, y, .. } = examples("hours_studied_wikipedia");
    let (w, b) = initialize_with_zeros(1);
    let six = newton(w, b, &x, &y, 6).unwrap();
    let (grads, cost) = propagate(&six.w, six.b, &x, &y).unwrap();
    let size = grads.dw.get(0, 0).hypot(grads.db);
    assert!(size <= 1e-15, "{size:e}");
    assert!((cost - 0.4015).abs() < 5e-5);
    let (mut w, mut b) = (six.w, six.b);
    for _ in 0..50 {
        let next = newton(w.clone(), b, &x, &y, 1).unwrap();
        let moved = ulps(next.w.get(0, 0), w.get(0, 0)).max(ulps(next.b, b));
        assert!(moved <= 4, "{moved} ULP");
        (w, b) = (next.w, next.b);
    }
    // Descent at rate 0.5 takes 440 steps to the printed cost.
    let (w, b) = initialize_with_zeros(1);
    let mut first = None;
    let options = Options::default();
    optimize_with(w, b, &x, &y, &options, |step, cost| {
        if first.is_none() && format!("{cost:.4}") == "0.4015" {
            first = Some(step);
        }
    })
    .unwrap();
    assert_eq!(first, Some(440));
}

/// Gradient descent near the minimum is stable below 2/λ, and not above.
#[test]
fn the_largest_stable_rate() {
    let Examples { x, y, .. } = examples("hours_studied_wikipedia");
    let (w, b) = initialize_with_zeros(1);
    let Optimized { w, b, .. } = newton(w, b, &x, &y, 8).unwrap();
    let h = logistic::curvature(&w, b, &x, &y).unwrap();
    let (half, rest) = ((h.get(0, 0) + h.get(1, 1)) / 2.0, (h.get(0, 0) - h.get(1, 1)) / 2.0);
    let largest = half + rest.hypot(h.get(0, 1));
    assert!((largest - 1.108768).abs() < 5e-7, "{largest}");
    assert!((2.0 / largest - 1.8038).abs() < 5e-5);
    let away = |learning_rate: f64| {
        let options = Options { learning_rate, num_iterations: 3000, ..Options::default() };
        let near = (&w + 1e-3, b);
        let fit = optimize(near.0, near.1, &x, &y, &options).unwrap();
        (fit.w.get(0, 0) - w.get(0, 0)).hypot(fit.b - b)
    };
    assert!(away(1.79) < 1e-9, "{:e}", away(1.79));
    assert!(away(1.82) > 0.01, "{:e}", away(1.82));
}

/// From far out a whole step would overshoot: the cost never rises.
#[test]
fn damped_steps() {
    let Examples { x, y, .. } = examples("hours_studied_wikipedia");
    for start in [-4.0, -1.0, 0.3, 3.0, 6.0] {
        let fit = newton(column(vec![start]), 2.0 * start, &x, &y, 25).unwrap();
        let lower = fit.costs.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-15));
        assert!(lower, "{:?}", fit.costs);
        assert!(relative(fit.w.get(0, 0), 1.5046454283733335) < 1e-13, "from {start}");
    }
}

#[test]
fn data_without_a_minimum() {
    let row = |entries: &[f64]| Tensor::new(1, entries.len(), entries.to_vec());
    let error = |x: &Tensor, y: &Tensor| {
        let (w, b) = initialize_with_zeros(x.shape().0);
        newton(w, b, x, y, 60).unwrap_err()
    };
    // Separable, wholly or but for examples on the line itself.
    let y = row(&[0.0, 0.0, 1.0, 1.0]);
    for x in [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 2.0, 4.0], [1.0, 2.0, 2.0, 2.5]] {
        assert_eq!(error(&row(&x), &y).what, "the classes are separable: the cost has no minimum");
    }
    let iris = examples("iris_setosa_vs_versicolor");
    assert!(error(&iris.x, &iris.y).what.starts_with("the classes are separable"));
    // And H without an inverse: constant features, and sums of others. The advice helps.
    let y = row(&[0.0, 1.0, 0.0, 1.0, 1.0]);
    let own = [[1.0, 2.0, 3.0, 4.0, 2.5], [0.3, -1.0, 0.5, 0.4, 0.9]];
    let sum = [0, 1, 2, 3, 4].map(|j| 2.0 * own[0][j] - own[1][j] + 3.0);
    for (more, name) in [([7.0; 5], "b"), (own[0], "w[1]"), ([0.0; 5], "w[1]"), (sum, "b")] {
        let x = Tensor::from_rows(&if more == sum {
            vec![own[0], more, own[1]]
        } else {
            vec![own[0], more]
        });
        let error = error(&x, &y);
        assert!(error.what.contains(&format!("its row for {name} ")), "{error}");
        let options = Options::default();
        assert!(optimize(Tensor::zeros(x.shape().0, 1), 0.0, &x, &y, &options).is_ok());
    }
    let (w, b) = initialize_with_zeros(2);
    assert!(newton(w, b, &Tensor::from_rows(&own), &y, 30).is_ok());
}

#[test]
fn faults_in_the_data_are_errors() {
    let (x, y) = (Tensor::from_rows(&[[1.0, 2.0, 4.0]]), Tensor::from_rows(&[[0.0, 1.0, 0.0]]));
    let (w, b) = initialize_with_zeros(1);
    for (x, y) in [
        (x.clone(), &y + 1.0),
        (x.t(), y.clone()),
        (x.map(|x| if x > 3.0 { f64::NAN } else { x }), y.clone()),
        (Tensor::zeros(1, 0), Tensor::zeros(1, 0)),
    ] {
        assert!(logistic::curvature(&w, b, &x, &y).is_err());
        assert!(newton(w.clone(), b, &x, &y, 3).is_err());
        assert!(check::curvature(&w, b, &x, &y).is_err());
    }
    assert!(closed_form::curvature(&w, b, &x.t()).is_err());
    // A w that is no number stays none.
    let nan = newton(column(vec![f64::NAN]), 0.0, &x, &y, 2);
    assert!(nan.is_ok_and(|fit| fit.w.get(0, 0).is_nan()));
}
