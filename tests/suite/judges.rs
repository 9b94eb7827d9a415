//! The judges against each other, and what their reports look like.

use std::time::Instant;

use crate::common::{Json, samples, ulps};
use crate::examples::{four_judges, own_activation, propagate};
use chainrule::activation::{self, Activation, Functions, Sigmoid, Softplus};
use chainrule::check::{self, Comparison, Difference, Dual, Finding, Scalar};
use chainrule::data::Examples;
use chainrule::logistic::{self, Options, closed_form, initialize_with_zeros, optimize};
use chainrule::scalar::{Tape, Var};
use chainrule::tensor::Tensor;

fn sigmoid<S: Scalar>(x: S) -> S {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn a_formula_written_once_runs_on_every_kind_of_number() {
    fn all_operators<S: Scalar>(x: S, y: S) -> S {
        let two = 2.0 * 0.5 + 1.0; // plain numbers stay plain
        (two * x - y / 3.0 + x * y - 1.0 / y) / (x + 4.0) - (-x).apply(Softplus) * x.powf(2.0)
    }
    let tape = Tape::new();
    let (x, y) = (tape.var(0.7), tape.var(-1.3));
    let z = all_operators(x, y);
    let gradients = z.backward();
    let dx = all_operators(Dual::variable(0.7), Dual::constant(-1.3));
    let dy = all_operators(Dual::constant(0.7), Dual::variable(-1.3));
    assert_eq!((z.value(), dx.value, dy.value), (all_operators(0.7, -1.3), z.value(), z.value()));
    assert!(ulps(gradients.wrt(x), dx.slope) <= 4 && ulps(gradients.wrt(y), dy.slope) <= 4);
    assert_eq!(Scalar::value(sigmoid(tape.var(0.0))), 0.5);
    assert_eq!(Scalar::value(sigmoid(0.0)), 0.5);
    assert_eq!(sigmoid(Dual::variable(0.0)).value(), 0.5);
}

/// Each elementwise function on dual numbers, against the table of 60 digits.
#[test]
fn dual_numbers_against_the_elementwise_table() {
    let table = Json::read("activations.json");
    let mut rows = 0;
    for function in activation::all() {
        let Some(entries) = table.map().get(function.name()) else { continue };
        for entry in entries.list() {
            let number = |key: &str| entry.get(key).number();
            let x = Dual::variable(number("x")) * 1.0;
            let y = x.apply(&function);
            let (value, slope) = (number("f"), number("d1"));
            // Below the smallest normal number a slope has fewer digits.
            let tiny = |x: f64| x.abs() < f64::MIN_POSITIVE;
            let near = |x: f64, y: f64| ulps(x, y) <= 4 || tiny(x) && tiny(y);
            let name = function.name();
            assert!(near(y.value, value), "{name} at {x:?}: {} {value}", y.value);
            assert!(near(y.slope, slope), "{name} at {x:?}: {} {slope}", y.slope);
            rows += 1;
        }
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn an_infinite_slope_leaves_other_parameters_alone() {
    fn cost<S: Scalar>(p: &[S]) -> S {
        p[0].sqrt() + 3.0 * p[1]
    }
    let report = check::gradient!(cost, &[0.0, 1.0]);
    assert!(report.agrees(), "{report}");
    let [first, second] = &report.comparison.entries[..] else { panic!() };
    assert_eq!((&first.values[..], first.difference), (&[f64::INFINITY; 2][..], None));
    assert_eq!(second.values, [3.0, 3.0]);
}

fn problem() -> (Tensor, f64, Tensor, Tensor) {
    let w = Tensor::new(2, 1, vec![1.0, 2.0]);
    let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]);
    (w, 1.5, x, Tensor::new(1, 3, vec![1.0, 1.0, 0.0]))
}

#[test]
fn the_table_of_all_judges_fits_80_columns() {
    let (w, b, x, y) = problem();
    let comparison = check::propagate(&w, b, &x, &y).unwrap();
    assert!(comparison.agrees());
    let expected = "  \
  param   reverse mode    closed form  rel.err   ULP  differences  verdict
  dw[0]   0.2507153166   0.2507153166  < 1e-12  <= 4       < 1e-9  AGREE
  dw[1]  -0.0660409633  -0.0660409633  < 1e-12  <= 4       < 1e-9  AGREE
  db     -0.1250040450  -0.1250040450  < 1e-12  <= 4       < 1e-9  AGREE";
    assert_eq!(format!("{comparison:#}"), expected);
    assert!(comparison.ratios().iter().all(|(_, ratio)| *ratio < 1e-9));

    // The widest that may come: long names, large and tiny numbers, disagreement.
    let mut wide = Comparison::new(["reverse mode", "closed form", "forward mode"]);
    wide.add("dw[99]", [-12345.678901234, -1.2345678e-300, 1.0], 1.0);
    wide.add("dw[7]", [f64::NAN, 1.0, 1.0], 1.0);
    wide.entries[0].difference = Difference::of(|x| -12345.0 * x, 1.0);
    for line in wide.to_string().lines() {
        assert!(line.len() <= 80, "{} columns: {line}", line.len());
    }
    assert!(
        wide.to_string().ends_with(
            "dw[99]: forward mode 1.0000000000, differences -12345.000000\n  \
         dw[7]: forward mode 1.0000000000"
        ),
        "{wide}"
    );
}

#[test]
fn all_judges_agree_at_an_optimum() {
    let path = format!("{}/examples/data/challenger_orings.csv", env!("CARGO_MANIFEST_DIR"));
    let examples = Examples::read_csv(&path, None).unwrap();
    let x = examples.standardizer().unwrap().apply(&examples.x).unwrap();
    let (w, b) = initialize_with_zeros(1);
    let fit = optimize(w, b, &x, &examples.y, &Options::default()).unwrap();
    let comparison = check::propagate(&fit.w, fit.b, &x, &examples.y).unwrap();
    assert!(comparison.entries[0].values[0].abs() < 1e-14, "{comparison}");
    assert!(comparison.agrees(), "{comparison}");

    // A sum of terms that cancel, for which nobody has told the scale.
    fn cost<S: Scalar>(p: &[S], data: &[f64]) -> S {
        let losses = data.iter().map(|y| (p[0] - *y).powf(2.0));
        losses.reduce(|sum, loss| sum + loss).unwrap_or(p[0])
    }
    let data = [0.1, 0.7, 1.3, 2.9, 3.7];
    let mean = data.iter().sum::<f64>() / 5.0;
    let by_hand: f64 = data.iter().rev().map(|y| 2.0 * mean - 2.0 * y).sum();
    let report = check::gradient!(|p| cost(p, &data), &[mean], &[by_hand]);
    assert!(report.comparison.entries[0].values[0].abs() < 1e-14);
    assert!(report.agrees(), "{report}");
    let off = check::gradient!(|p| cost(p, &data), &[mean], &[by_hand + 1e-9]);
    assert!(!off.agrees(), "{off}");
}

#[test]
fn a_kink_within_h_is_said_and_is_no_fault() {
    fn cost<S: Scalar>(p: &[S]) -> S {
        2.0 * (p[0] - 1.0).relu() + (p[0] - 0.5).sigmoid()
    }
    let h = f64::EPSILON.cbrt();
    for offset in [0.0, 0.1, -0.1, 0.3, -1.0 / 3.0, 0.5, -0.5, 0.7, -0.9, 0.99, 1.5, -2.5, 1e5] {
        let report = check::gradient!(cost, &[1.0 + offset * h]);
        assert!(report.agrees() && report.findings.is_empty(), "{offset} {report}");
        // Nearer by, it is on one side, and only the slope of that side is right.
        let kink = report.comparison.entries[0].difference.is_some_and(|d| d.kink.is_some());
        assert_eq!(kink, offset == 0.0, "{offset} {report}");
        let other = 2.0 * f64::from(offset < 0.0) + Sigmoid.f_df(0.5 + offset * h).1;
        let wrong = check::gradient!(cost, &[1.0 + offset * h], &[other]);
        assert_eq!(wrong.agrees(), offset == 0.0, "{wrong}");
    }
    let slope = |side: f64| 2.0 * side + Sigmoid.f_df(0.5).1;
    for (by_hand, agrees) in
        [(slope(0.0), true), (slope(1.0), true), (slope(1.001), false), (slope(-0.001), false)]
    {
        assert_eq!(check::gradient!(cost, &[1.0], &[by_hand]).agrees(), agrees, "{by_hand}");
    }
    // By hand, one may have chosen the slope of the other side, or zero between them.
    fn absolute<S: Scalar>(p: &[S]) -> S {
        (p[0] * 3.0).abs() + p[1] * p[1]
    }
    for (by_hand, agrees) in
        [(-3.0, true), (0.0, true), (3.0, true), (3.01, false), (-3.01, false), (30.0, false)]
    {
        let report = check::gradient!(absolute, &[0.0, 2.0], &[by_hand, 4.0]);
        assert_eq!((report.agrees(), report.findings.is_empty()), (agrees, agrees), "{report}");
    }
    // Next to a kink, a mistake is no rounding; and it keeps its name.
    let report = check::gradient!(absolute, &[0.0, 2.0], &[-3.0001, 4.0]);
    assert_eq!(report.findings, [Finding::Unexplained { wrong: 1, of: 2 }], "{report}");
    let report = check::gradient!(absolute, &[1e-6, 2.0], &[-3.0, -4.0]);
    assert_eq!(report.findings, [Finding::Sign], "{report}");
    let report = check::gradient!(absolute, &[0.0, 2.0], &[3.0, 4.0 + 1e-7]);
    assert!(matches!(report.findings[..], [Finding::LostDigits { digits: 7, .. }]), "{report}");
    // A kink is no excuse for a slope that is neither side's.
    let difference = Difference::of(f64::abs, 0.0).unwrap();
    assert!([-1.0, 0.0, 1.0].into_iter().all(|slope| difference.allows(slope)));
    assert!([1.0001, -1.0001, f64::NAN].into_iter().all(|slope| !difference.allows(slope)));
    let relu = Difference::of(|x| x.max(0.0), 0.0).unwrap();
    assert!(relu.allows(0.0) && relu.allows(1.0) && !relu.allows(1.0001) && !relu.allows(-1e-4));
}

/// Where differences cannot tell a slope, they say so.
#[test]
fn differences_know_their_limits() {
    // At the edge of a domain, wherever that is.
    for edge in [0.0, 0.5, 1.0, 2.0, 1000.0] {
        assert_eq!(Difference::of(|x| (edge - x).powf(1.5), edge), None);
        assert_eq!(Difference::of(|x| (x - edge).sqrt(), edge), None);
        let x = edge - 1e-7;
        let inside = Difference::of(|x| (edge - x).powf(1.5), x).unwrap();
        assert!(inside.allows(-1.5 * (edge - x).sqrt()), "{edge} {inside:?}");
    }
    // At a jump and at an infinite slope.
    assert_eq!(Difference::of(f64::floor, 1.0), None);
    assert_eq!(Difference::of(f64::cbrt, 0.0), None);
    // What only looks like a jump has a slope, nearer by.
    let steep = Difference::of(|x| 1.0 / (1.0 + (-1e11 * x).exp()), 0.0).unwrap();
    assert!(steep.allows(2.5e10) && steep.error < 1e4, "{steep:?}");
    // A wave that is shorter than a step is followed with a smaller one, or not at all.
    for k in 0..200 {
        let frequency = 1.2_f64.powi(k);
        let x = 0.3 + 0.01 * f64::from(k);
        if let Some(d) = Difference::of(|x| (frequency * x).sin(), x) {
            assert!(d.allows(frequency * (frequency * x).cos()), "{frequency} at {x}: {d:?}");
        }
    }
}

/// What is wrong by a factor is wrong, however small the function.
#[test]
fn tiny_functions_are_judged() {
    struct Tiny(f64, f64);
    impl Activation for Tiny {
        fn name(&self) -> &'static str {
            "tiny"
        }
        fn f(&self, x: f64) -> f64 {
            self.0 * x.tanh()
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            self.1 * self.0 / (x.cosh() * x.cosh())
        }
    }
    for size in [1e-8, 1e-12, 1e-100, 1e-290] {
        assert!(check::activation(&Tiny(size, 1.0)).agrees(), "{size}");
        assert_eq!(check::activation(&Tiny(size, 0.0)).findings, [Finding::Zero]);
        assert_eq!(check::activation(&Tiny(size, -1.0)).findings, [Finding::Sign]);
        let report = check::gradient!(|p| p[0].apply(Tiny(size, 2.0)), &[0.3]);
        assert!(matches!(report.findings[..], [Finding::Factor { name: Some("2"), .. }]));
    }
}

/// The tape is not accused of what rounding does to values.
#[test]
fn large_numbers_inside_a_formula_are_no_fault() {
    let report = check::gradient!(|p| (p[0] + 1e13) - 1e13, &[1.0]);
    assert!(report.agrees() && report.findings.is_empty(), "{report}");
    let report = check::gradient!(|p| ((p[0] + 1e9) - 1e9) * p[1], &[1.0, 2.0], &[2.0, 1.0]);
    assert!(report.agrees() && report.findings.is_empty(), "{report}");
    let report = check::gradient!(|p| (p[0] * 1e11).sin(), &[0.7]);
    assert!(report.agrees() && report.findings.is_empty(), "{report}");
}

/// An infinite slope agrees with itself, and NaN with nothing; neither excuses other mistakes.
#[test]
fn where_there_is_no_slope_that_is_said() {
    fn root<S: Scalar>(p: &[S]) -> S {
        p[0].sqrt() + p[1] * p[1]
    }
    let right = check::gradient!(root, &[0.0, 3.0], &[f64::INFINITY, 6.0]);
    assert!(right.agrees() && right.findings.is_empty(), "{right}");
    let five = check::gradient!(root, &[0.0, 3.0], &[5.0, 6.0]);
    assert!(!five.agrees(), "{five}");
    assert_eq!(five.findings, [Finding::NoSlope { parameter: 0, slope: f64::INFINITY }]);
    let both = check::gradient!(root, &[0.0, 3.0], &[5.0, -6.0]);
    assert_eq!(both.findings[1..], [Finding::Sign], "{both}");

    // √(p²) at 0 is 0·∞ in every mode; a point next to it is fine, as the "try:" says.
    let corner = |x: f64| check::gradient!(|p| (p[0] * p[0]).sqrt(), &[x]);
    let [Finding::NoSlope { slope, .. }] = corner(0.0).findings[..] else { panic!() };
    assert!(slope.is_nan() && !corner(0.0).agrees());
    let text = corner(0.0).to_string();
    assert!(
        text.contains("backpropagation gives NaN for p[0]") && !text.contains("wrong"),
        "{text}"
    );
    assert!(text.contains("try: take a point next to it"), "{text}");
    assert!(corner(1e-3).agrees());

    // ln of −1 is no number, and then there is nothing else to say.
    let outside = check::gradient!(|p| p[0].ln() * p[1], &[-1.0, 2.0]);
    let text = outside.to_string();
    assert!(
        text.ends_with("the formula is NaN at this point\n try: take a point where it is a number")
    );
    assert!(!outside.agrees() && outside.findings.len() == 1);
    assert!(check::gradient!(|p| p[0].ln() * p[1], &[1.0, 2.0]).agrees());
    let x = Dual::variable(0.0);
    assert!((x * x).sqrt().slope.is_nan() && (x * 0.0).sqrt().slope.is_nan());

    // f rises on both sides of 0, ever more steeply: that is no fault, and nobody can judge it.
    struct Steep;
    impl Activation for Steep {
        fn name(&self) -> &'static str {
            "steep"
        }
        fn f(&self, x: f64) -> f64 {
            x.signum() * x.abs().powf(0.8)
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            0.8 * x.abs().powf(-0.2)
        }
    }
    let steep = check::gradient!(|p| p[0].apply(Steep), &[0.0]);
    assert!(steep.findings.is_empty() && !steep.agrees(), "{steep}");
    assert!(steep.to_string().ends_with("verdict: NOT JUDGED"), "{steep}");

    let mut alone = Comparison::new(["reverse mode"]);
    alone.add("x", [f64::NAN], 1.0);
    assert!(!alone.agrees());
    let mut endless = Comparison::new(["reverse mode", "by hand"]);
    endless.add("x", [1.0, 2.0], f64::INFINITY);
    assert!(!endless.agrees());

    let of_lists = |yours: [f64; 2], right: [f64; 2]| {
        check::diagnose(&Tensor::from_rows(&[yours]), &Tensor::from_rows(&[right]), 1)
    };
    assert_eq!(of_lists([f64::INFINITY, 1.0], [f64::INFINITY, 1.0]), []);
    for wrong in [[5.0, 1.0], [f64::INFINITY, -7.0], [f64::NAN, 1.0]] {
        assert!(!of_lists(wrong, [f64::INFINITY, 1.0]).is_empty(), "{wrong:?}");
    }
}

/// Two right gradients agree, however many examples they add up, and however large z's terms.
#[test]
fn right_gradients_agree_on_large_data() {
    let agree = |w: f64, b: f64, x: Tensor, y: Tensor| {
        let w = Tensor::filled(x.shape().0, 1, w);
        let (tape, cost) = logistic::propagate(&w, b, &x, &y).unwrap();
        let (by_hand, other) = closed_form::propagate(&w, b, &x, &y).unwrap();
        let scale = closed_form::scale(&w, b, &x, &y).unwrap();
        let comparison = Comparison::of_grads(&tape, &by_hand, &scale);
        assert!(comparison.agrees(), "{comparison}");
        (cost - other).abs() / cost
    };
    // Equal terms are rounded the same way again and again.
    let m = samples(100_000, 1_000_000) as usize;
    assert!(agree(0.0, 0.0, Tensor::filled(1, m, 0.1), Tensor::zeros(1, m)) < 2e-13);
    assert!(agree(0.3, -0.1, Tensor::filled(1, m, 0.1), Tensor::zeros(1, m)) < 2e-13);
    // z is a small difference of large terms.
    let x = Tensor::from_rows(&[[1e5, 3e5], [-1e5 + 1e-3, -3e5 - 2e-3], [1.0, 0.1]]);
    agree(0.7, 0.1, x, Tensor::from_rows(&[[1.0, 0.0]]));
}

/// Differences stay within the error that they claim, over many sizes of x and f.
#[test]
fn the_error_of_differences_is_a_bound() {
    type Pair = (fn(f64) -> f64, fn(f64) -> f64);
    let pairs: [Pair; 8] = [
        (f64::exp, f64::exp),
        (|x| (50.0 * x).sin(), |x| 50.0 * (50.0 * x).cos()),
        (|x| 1e6 + x.cos(), |x| -x.sin()),
        (|x| 1e-6 * x * x, |x| 2e-6 * x),
        (|x| x.abs().ln(), |x| 1.0 / x),
        (|x| x.powi(7), |x| 7.0 * x.powi(6)),
        (|x| (1e6 + x.sin()) - 1e6, f64::cos),
        (
            |x| x.tanh() / (1.0 + x * x),
            |x| {
                (1.0 - x.tanh().powi(2)) / (1.0 + x * x)
                    - 2.0 * x * x.tanh() / (1.0 + x * x).powi(2)
            },
        ),
    ];
    let mut tightest = f64::INFINITY;
    for (k, (f, df)) in pairs.into_iter().enumerate() {
        for n in 1..400 {
            let x = 0.0123 * 1.021_f64.powi(n) * if n % 2 == 0 { 1.0 } else { -1.0 };
            let Some(d) = Difference::of(f, x) else {
                assert_eq!(k, 6, "at {x}"); // what 1e6 has left of sin x is no smooth function
                continue;
            };
            assert!(d.allows(df(x)), "{k} at {x}: {d:?} {}", df(x));
            assert!(d.error < 1e-3 * (f(x).abs() + df(x).abs()).max(1.0), "{k} {x} {d:?}");
            tightest = tightest.min(d.error / df(x).abs());
        }
    }
    assert!(tightest < 1e-8, "{tightest}");
}

/// A wrong slope inside the formula: reverse and forward mode share it, differences do not.
#[test]
fn a_wrong_slope_inside_a_formula_is_seen_by_differences() {
    struct Doubled;
    impl Activation for Doubled {
        fn name(&self) -> &'static str {
            "doubled"
        }
        fn f(&self, x: f64) -> f64 {
            x.sin()
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            2.0 * x.cos()
        }
    }
    fn cost<S: Scalar>(p: &[S]) -> S {
        (p[0] * p[1]).apply(Doubled)
    }
    let report = check::gradient!(cost, &[0.4, 1.1]);
    assert_eq!(report.judged, "by reverse mode");
    let [Finding::Factor { factor, name: Some("2") }] = report.findings[..] else {
        panic!("{report}")
    };
    assert!((factor - 2.0).abs() < 1e-6 && !report.agrees());
    assert!(report.to_string().contains("the gradient by reverse mode is wrong"), "{report}");
}

fn square<S: Scalar>(p: &[S]) -> S {
    p[0] * p[0] * p[1] + p[2] * p[2] * 0.5
}

/// Each "try:" of a report on a gradient by hand, followed.
#[test]
fn a_gradient_by_hand_is_named_and_mended() {
    let p = [2.0, 3.0, -1.0];
    let right = [12.0, 4.0, -1.0];
    let findings = |yours: [f64; 3]| {
        let report = check::gradient!(square, &p, &yours);
        assert_eq!(report.judged, "by hand");
        assert_eq!(report.agrees(), report.findings.is_empty(), "{report}");
        let text = report.to_string();
        for finding in &report.findings {
            // The report calls entries by their names.
            let hint = finding.hint();
            let order = hint.strip_prefix("take its entries in the order ");
            let hint = order.map_or(hint.clone(), |order| {
                let names: Vec<String> = order.split(", ").map(|k| format!("p[{k}]")).collect();
                format!("take its entries in the order {}", names.join(", "))
            });
            let slips = report.explained.slips.iter().map(|slip| slip.hint.clone());
            let mut hints = slips.chain([hint]);
            assert!(hints.any(|hint| text.contains(&format!(" try: {hint}"))), "{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        report.findings
    };
    assert_eq!(findings(right), []);
    assert_eq!(findings(right.map(|g| -g)), [Finding::Sign]);
    assert_eq!(findings(right.map(|g| g / 3.0 * 3.0)), []);
    assert_eq!(findings([0.0; 3]), [Finding::Zero]);
    assert_eq!(findings([4.0, -1.0, 12.0]), [Finding::Permuted(vec![2, 0, 1])]);
    // λp forgotten, and added as the hint says.
    let lacking = [right[0] - 0.5 * 2.0, right[1] - 0.5 * 3.0, right[2] + 0.5];
    let [Finding::MissingTerm { coefficient, of: "x" }] = findings(lacking)[..] else { panic!() };
    let mended = [0, 1, 2].map(|i| lacking[i] + coefficient * p[i]);
    assert_eq!(findings(mended), []);
    // dW2 twice, db not divided by m: in some entries only.
    let twice = Box::new(Finding::Factor { factor: 2.0, name: Some("2") });
    let report = check::gradient!(square, &p, &[24.0, 4.0, -1.0]);
    assert_eq!(report.findings, [Finding::Only(vec![0], twice)]);
    let report = check::gradient!(square, &p, &[12.0, 4.0, 0.0]);
    assert_eq!(report.findings, [Finding::Only(vec![2], Box::new(Finding::Zero))]);
    // A penalty on the first two, forgotten.
    let report = check::gradient!(square, &p, &[11.8, 3.7, -1.0]);
    let [Finding::Only(entries, term)] = &report.findings[..] else { panic!("{report}") };
    assert!(matches!(**term, Finding::MissingTerm { of: "x", .. }) && entries == &[0, 1]);
    // Copied from paper with eight digits: right, and short of digits.
    let short = findings([12.000_000_1, 4.0, -1.0]);
    assert!(matches!(short[..], [Finding::LostDigits { digits: 8, .. }]), "{short:?}");
    assert_eq!(findings([12.0, -4.0, -1.0]), [Finding::Only(vec![1], Box::new(Finding::Sign))]);
    assert_eq!(findings([-12.0, 4.0, 1.0]), [Finding::Only(vec![0, 2], Box::new(Finding::Sign))]);
    assert!(matches!(findings([12.0, -4.5, -1.0])[..], [Finding::Unexplained { wrong: 1, of: 3 }]));
    assert!(matches!(findings([12.0, 5.0, -1.0])[..], [Finding::Unexplained { wrong: 1, of: 3 }]));
    assert!(matches!(findings([f64::NAN, 4.0, -1.0])[..], [Finding::Unexplained { .. }]));
}

/// Where a gradient has all but vanished, f64 has no twelve digits left to agree to.
#[test]
fn tiny_gradients_agree() {
    let mut comparison = Comparison::new(["reverse mode", "forward mode"]);
    comparison.add("p", [1.25478346e-318, 1.25477852e-318], 1.3e-318);
    assert!(comparison.agrees());
    comparison.add("q", [1.25478346e-300, 1.25477852e-300], 1.3e-300);
    assert!(!comparison.agrees());
}

/// With one number, a factor or a missing constant always fits: that is no evidence.
#[test]
fn one_number_alone_names_only_what_has_no_constant() {
    fn cost<S: Scalar>(p: &[S]) -> S {
        p[0] * p[0]
    }
    let named = |yours: f64| check::gradient!(cost, &[3.0], &[yours]).findings;
    assert!(matches!(named(7.3)[..], [Finding::Unexplained { wrong: 1, of: 1 }]));
    assert_eq!(named(-6.0), [Finding::Sign]);
    assert_eq!(named(12.0), [Finding::Factor { factor: 2.0, name: Some("2") }]);
    // Two entries share what is forgotten of one example: here a (1 - a), at this point only.
    fn squared<S: Scalar>(p: &[S]) -> S {
        ((p[0] * 2.0 + p[1]).sigmoid() - 1.0).powf(2.0) * 0.5
    }
    let a = Sigmoid.f(0.7);
    let report = check::gradient!(squared, &[0.3, 0.1], &[(a - 1.0) * 2.0, a - 1.0]);
    assert_eq!(report.findings, [Finding::Unexplained { wrong: 2, of: 2 }], "{report}");
    assert!(!report.explained.slips.is_empty(), "{report}");
}

#[test]
fn a_check_takes_less_than_two_seconds() {
    let start = Instant::now();
    for function in activation::all() {
        check::activation(&function);
    }
    assert!(start.elapsed().as_secs_f64() < 2.0 * activation::all().len() as f64);
    let start = Instant::now();
    let p: Vec<f64> = (0..30).map(f64::from).collect();
    let report = check::gradient!(|p| long(p), &p);
    assert!(report.agrees());
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
}

/// A thousand terms.
fn long<S: Scalar>(p: &[S]) -> S {
    let terms = (0..1000).map(|k| (p[k % p.len()] * 0.01 * (k % 7) as f64).sigmoid());
    terms.reduce(|sum, term| sum + term).unwrap_or(p[0])
}

#[test]
fn a_custom_scalar_function_takes_any_carrier() {
    // `Var` in a generic function keeps the learner's line.
    fn cost<S: Scalar>(x: S) -> S {
        x.sigmoid() // the line that a trace shows
    }
    let tape = Tape::new();
    let y: Var = cost(tape.var(1.0));
    assert!(format!("{y:?}").contains("tests/suite/judges.rs"), "{y:?}");
}

/// What a lesson about judges prints, if it fits the screen and ends as lessons do.
fn printed(run: fn(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = vec![];
    run(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() <= 40, "{} lines", lines.len());
    for line in &lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let [.., try_this, next] = lines[..] else { panic!("{text}") };
    assert!(try_this.starts_with("Try:  ") && next.starts_with("Next: "), "{text}");
    text
}

#[test]
fn four_judges_agree() {
    let text = printed(four_judges::run);
    assert_eq!(text.matches("-0.3648510476  -0.0912127619  -0.1824255238").count(), 3);
    assert!(text.contains("verdict: AGREE") && !text.contains("DISAGREE"), "{text}");
    let text = printed(propagate::run);
    assert!(text.contains("cost 0.1590053771   verdict: AGREE"), "{text}");
}

#[test]
fn an_own_activation_is_right_and_then_wrong() {
    let text = printed(own_activation::run);
    assert!(text.starts_with("gradcheck: `swish` AGREES"), "{text}");
    assert!(text.contains("yours is f(x)/x: of f = x*v only v, without x*v'"), "{text}");
    assert!(text.contains("swish       cost 0.833333 -> 0.026213"), "{text}");
    assert!(text.contains("half_swish  cost 0.833333 -> 0.033875"), "{text}");
}

#[test]
fn steps_between_numbers_of_either_sign() {
    let least = f64::from_bits(1);
    let next = 1.0 + f64::EPSILON;
    for (values, steps) in [
        ([1.0, 1.0, next], Some(1)),
        ([-1.0, -next, -1.0], Some(1)),
        ([0.0, -0.0, 0.0], Some(0)),
        ([-0.0, least, 0.0], Some(1)),
        ([-least, least, 0.0], Some(2)),
        ([1.0, f64::NAN, 1.0], None),
    ] {
        let mut comparison = Comparison::new(["a", "b", "c"]);
        comparison.add("w", values, 1.0);
        assert_eq!(comparison.entries[0].ulps(), steps, "{values:?}");
    }
}

#[test]
fn the_ratio_of_norms() {
    let mut comparison = Comparison::new(["a", "b", "c"]);
    comparison.add("v", [3.0, 3.0, 0.0], 1.0);
    comparison.add("w", [4.0, 0.0, 0.0], 1.0);
    assert_eq!(comparison.ratios(), [("b", 4.0 / (5.0 + 3.0)), ("c", 1.0)]);
    let square = check::gradient!(|p| p[0] * p[0], &[3.0]);
    let ratios = square.comparison.ratios();
    assert!(
        matches!(ratios[..], [("forward mode", 0.0), ("differences", 0.0..1e-9)]),
        "{ratios:?}"
    );
}

/// A slope is off by all that the differences' own error and the tolerance allow: an entry that
/// agrees is not accused.
#[test]
fn a_slope_at_the_very_edge_of_what_is_allowed() {
    struct Slope(f64);
    impl Activation for Slope {
        fn name(&self) -> &'static str {
            "slope"
        }
        fn f(&self, x: f64) -> f64 {
            x
        }
        fn df(&self, _x: f64, _y: f64) -> f64 {
            self.0
        }
    }
    let report = |slope| check::gradient!(|p| p[0].apply(Slope(slope)), &[0.5]);
    let Difference { slope, error, .. } = report(1.0).comparison.entries[0].difference.unwrap();
    assert!(report(slope + error + 0.5e-12).findings.is_empty());
    assert!(!report(slope + error + 2e-12).findings.is_empty());
}

/// A parameter has the name that it was given, and a gradient by hand may be a function.
#[test]
fn names_and_functions_by_hand() {
    fn cost<S: Scalar>(p: &[S]) -> S {
        p[0] * p[0] * p[1]
    }
    fn by_hand(p: &[f64]) -> Vec<f64> {
        vec![2.0 * p[0] * p[1], p[0] * p[0]]
    }
    let at = [("w", 3.0), ("b", 2.0)];
    let list = vec![12.0, 9.0];
    let reports = [
        check::gradient!(cost, &at, by_hand),
        check::gradient!(cost, &at, |p| vec![2.0 * p[0] * p[1], p[0] * p[0]]),
        check::gradient!(cost, &at, [12.0, 9.0]),
        check::gradient!(cost, &at, &[12.0, 9.0]),
        check::gradient!(cost, &at, list),
        check::gradient!(|p| cost(p), &at, &list[..]),
    ];
    for report in &reports {
        assert!(report.agrees() && report.comparison == reports[0].comparison, "{report}");
        assert!(report.to_string().contains("\n  w      12.0"), "{report}");
    }
    let text = check::gradient!(cost, &at, &[12.0, -9.0]).to_string();
    assert!(text.contains("the sign of the part through b is flipped\n"), "{text}");
    let text = check::gradient!(cost, &at, &[12.0, 7.5]).to_string();
    assert!(text.contains("yours is wrong at 1 of 2 entries; no hypothesis fits"), "{text}");
}

/// Of c x³ the central difference cuts off c h². From the step 2h to h it falls by three times that,
/// and twice the fall is what it may be off.
#[test]
fn the_error_of_a_difference_is_six_times_what_is_cut_off() {
    let h = f64::EPSILON.cbrt();
    let cubic = Difference::of(|x| 1e6 * x.powi(3) + 1e4 * x, 0.0).unwrap();
    let [cut_off, margin] = [cubic.slope - 1e4, cubic.error].map(|size| size / (1e6 * h * h));
    assert!((cut_off - 1.0).abs() < 0.01 && (margin - 6.0).abs() < 0.1, "{cut_off} {margin}");
    assert_eq!(cubic.kink, None);
}

/// tanh with the wrong sign.
#[derive(Clone, Copy)]
struct Turned;

impl Activation for Turned {
    fn name(&self) -> &'static str {
        "turned"
    }
    fn f(&self, x: f64) -> f64 {
        x.tanh()
    }
    fn df(&self, _x: f64, y: f64) -> f64 {
        y * y - 1.0
    }
}

/// The step is that of the function, however it is scaled: a wrong slope is seen.
#[test]
fn a_wrong_slope_is_seen_on_every_scale() {
    let report = check::gradient!(|p| ((p[0] - 3e8) / 10.0).apply(Turned), &[3e8 + 4.0]);
    assert_eq!(report.findings, [Finding::Sign], "{report}");
    for (center, width) in (0..=12).map(|k| (3e8, 3e8 * 10f64.powi(-k))).take(9) {
        let of = |p: f64| ((p - center) / width).tanh();
        let here = center + 0.4 * width;
        let found = Difference::of(of, here).unwrap();
        let slope = (1.0 - of(here) * of(here)) / width;
        assert!(found.allows(slope) && !found.allows(-slope) && found.is_telling(), "{found:?}");
        let report = check::gradient!(|p| ((p[0] - center) / width).apply(Turned), &[here]);
        assert!(report.to_string().contains("verdict: DISAGREE"), "{report}");
    }
    for k in 0..=300 {
        let c = 10f64.powi(-k);
        let report = check::gradient!(|p| (p[0] / c).apply(Turned), &[0.4 * c]);
        assert!(report.to_string().contains("verdict: DISAGREE"), "{report}");
    }
}

/// Right slopes of saturating functions, stretched and shifted: none is accused, and the wrong sign
/// is never right.
#[test]
fn right_slopes_on_every_scale_are_not_accused() {
    let names = ["tanh", "sigmoid", "silu", "mish", "gelu_tanh"];
    let all = activation::all().into_iter().filter(|f| names.contains(&f.name()));
    let (all, mut judged): (Vec<_>, _) = (all.collect(), 0);
    let count = samples(1_000, 40_000) as usize;
    // Evenly between 0 and 1 (Weyl).
    let u = |k: usize, root: f64| (k as f64 * root.sqrt()).fract();
    for k in 1..=count {
        let f = &all[k % all.len()];
        let c = 10f64.powf(-12.0 * u(k, 2.0));
        let center = [0.0, 1.0, -1.0, 3e8 * c * u(k, 3.0)][k % 4];
        let p = center + c * (2.0 * u(k, 5.0) - 1.0) * 10f64.powf(3.0 * u(k, 7.0) - 1.0);
        let right = f.f_df((p - center) / c).1 / c;
        let Some(found) = Difference::of(|p| f.f((p - center) / c), p) else { continue };
        let off = (found.nearest(right) - right).abs();
        assert!(off <= found.error + 1e-12 * right.abs(), "{} {c} {p}: {found:?}", f.name());
        if found.is_telling() && found.kink.is_none() && right.abs() * c > 0.1 {
            assert!(!found.allows(-right) && !found.allows(2.0 * right), "{c} {p} {found:?}");
            judged += 1;
        }
    }
    assert!(10 * judged > count, "{judged}");
}

/// Where the only judge that would see a fault cannot look, nobody agrees.
#[test]
fn no_verdict_without_evidence() {
    let verdict = |report: check::GradientReport| {
        let text = report.to_string();
        assert_eq!(report.agrees(), text.contains("verdict: AGREE"), "{text}");
        let rows = text.lines().take_while(|line| !line.contains("Ng's ratio"));
        let rows = rows.filter(|line| line.ends_with(" AGREE")).count();
        (rows, text)
    };
    // A value that is no number, with the right slope.
    let (rows, text) = verdict(check::gradient!(|p| p[0].ln(), &[0.0], &[f64::INFINITY]));
    assert!(rows == 0 && text.contains("verdict: NOT JUDGED"), "{text}");
    // A jump, and something of one's own below it.
    struct Step;
    impl Activation for Step {
        fn name(&self) -> &'static str {
            "step"
        }
        fn f(&self, x: f64) -> f64 {
            f64::from(x >= 0.0)
        }
        fn df(&self, _x: f64, _y: f64) -> f64 {
            0.0
        }
    }
    let (rows, text) = verdict(check::gradient!(|p| p[0].apply(Step) + p[1], &[0.0, 1.0]));
    assert!(rows == 1 && text.contains("verdict: NOT JUDGED"), "{text}");
    assert!(check::gradient!(|p| p[0].apply(Step) + p[1], &[-3.0, 1.0]).agrees());
    // One point is none, and a constant is one.
    struct At(fn(f64) -> bool, f64, f64);
    impl Activation for At {
        fn name(&self) -> &'static str {
            "at"
        }
        fn f(&self, x: f64) -> f64 {
            self.1 * x + 5.0
        }
        fn df(&self, _x: f64, _y: f64) -> f64 {
            self.2
        }
        fn domain(&self, x: f64) -> bool {
            (self.0)(x)
        }
    }
    for domain in [|x: f64| x == 0.0, |x: f64| x.abs() < 0.0005, |x: f64| x == 3.0] {
        let report = check::activation(&At(domain, 1.0, 1.0));
        assert!(!report.agrees() && report.to_string().contains("NOT JUDGED"), "{report}");
    }
    assert!(check::activation(&At(|_| true, 0.0, 0.0)).agrees());
    assert!(!check::activation(&At(|_| true, 0.0, 1e-9)).agrees());
}

/// (eᵖ − 1)/p at 1e-8 loses its digits, and so do its derivatives: the right one is not accused.
#[test]
fn a_formula_that_loses_digits_is_told_so() {
    for p in [1e-7, 1e-8, 1e-9, -1e-8, 3e-8] {
        let right = 0.5 + p / 3.0;
        for report in [
            check::gradient!(|p| (p[0].exp() - 1.0) / p[0], &[p]),
            check::gradient!(|p| (p[0].exp() - 1.0) / p[0], &[p], &[right]),
        ] {
            let text = report.to_string();
            assert!(!text.contains("DISAGREE") && !text.contains("wrong"), "{p} {text}");
            assert!(text.contains("f has only about "), "{p} {text}");
        }
    }
    // Of those there are many in the other form, which is the advice.
    assert!(check::gradient!(|p| p[0].exp_m1() / p[0], &[1e-3]).agrees());
}

/// Two kinks within a step: the slope is the one between them.
#[test]
fn two_kinks_within_a_step() {
    for k in 1..=12 {
        let d = 10f64.powi(-k);
        let between = |p: f64| (p - d).abs() - (p + d).abs() + 3.0 * p;
        let found = Difference::of(between, 0.0).unwrap();
        assert!(found.allows(1.0) && !found.allows(3.0) && found.kink.is_none(), "{d} {found:?}");
        let corner = |p: f64| p.abs() - 0.5 * (p - d).abs();
        let [left, right] = Difference::of(corner, 0.0).unwrap().kink.unwrap();
        assert!((left + 0.5).abs() < 1e-3 && (right - 1.5).abs() < 1e-3, "{d} {left} {right}");
    }
}

/// A function that is random is no function.
#[test]
fn a_random_function_is_told_so() {
    struct Dropout(std::cell::Cell<u64>);
    impl Activation for Dropout {
        fn name(&self) -> &'static str {
            "dropout"
        }
        fn f(&self, x: f64) -> f64 {
            self.0.set(self.0.get().wrapping_mul(6364136223846793005).wrapping_add(1));
            if self.0.get() >> 63 == 0 { x } else { 0.0 }
        }
        fn df(&self, x: f64, y: f64) -> f64 {
            if x == y { 1.0 } else { 0.0 }
        }
    }
    let report = check::activation(&Dropout(7.into()));
    assert!(matches!(report.findings[..], [Finding::Random { .. }]) && !report.agrees());
    let count = std::cell::Cell::new(0.0);
    let noisy = |x: f64| {
        count.set(count.get() + 1.0);
        x * count.get()
    };
    let report = check::gradient!(|p| p[0] * noisy(1.0), &[2.0], &[1.0]);
    let text = report.to_string();
    assert!(
        text.contains("NOT JUDGED") && text.contains("differently from call to call"),
        "{text}"
    );
}
