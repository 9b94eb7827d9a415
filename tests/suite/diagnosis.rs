//! A mistake that is put in comes out by name; a right derivative is never troubled.

use crate::common::{config, samples};
use chainrule::activation::{self, Activation, Sigmoid, Tanh};
use chainrule::check::{self, Dual, Entry, Finding, Scalar, diagnose};
use chainrule::scalar::{Tape, Var};
use chainrule::tensor::Tensor;
use proptest::prelude::*;

/// An activation made of two closures.
struct Made<'a> {
    f: &'a dyn Fn(f64) -> f64,
    df: &'a dyn Fn(f64, f64) -> f64,
    domain: &'a dyn Fn(f64) -> bool,
}

impl Activation for Made<'_> {
    fn name(&self) -> &'static str {
        "made"
    }
    fn f(&self, x: f64) -> f64 {
        (self.f)(x)
    }
    fn df(&self, x: f64, y: f64) -> f64 {
        (self.df)(x, y)
    }
    fn domain(&self, x: f64) -> bool {
        (self.domain)(x)
    }
}

fn report(f: &dyn Fn(f64) -> f64, df: &dyn Fn(f64, f64) -> f64) -> check::ActivationReport {
    check::activation(&Made { f, df, domain: &|x| !x.is_nan() })
}

const SCALES: [[f64; 2]; 3] = [[1.0, 1.0], [-2.5, 0.5], [0.3, 2.0]];

/// `a f(b x)` for every function of the crate: the right slope, and the report on a wrong one.
fn with_every_function(
    mut test: impl FnMut(
        &str,
        &dyn Activation,
        &dyn Fn(&dyn Fn(f64, f64, f64) -> f64) -> check::ActivationReport,
    ),
) {
    // A few of them, spread over the list.
    for function in activation::all().into_iter().step_by(samples(7, 1) as usize) {
        for [a, b] in SCALES {
            let f = |x: f64| a * function.f(b * x);
            let right = |x: f64| a * b * function.f_df(b * x).1;
            let domain = |x: f64| function.domain(b * x);
            let check = |wrong: &dyn Fn(f64, f64, f64) -> f64| {
                let df = |x: f64, y: f64| wrong(x, y, right(x));
                check::activation(&Made { f: &f, df: &df, domain: &domain })
            };
            let clean = check(&|_, _, right| right);
            let name = format!("{a} {}({b} x)", function.name());
            assert!(clean.agrees(), "{name}\n{clean}");
            test(&name, &Made { f: &f, df: &|x, _| right(x), domain: &domain }, &check);
        }
    }
}

#[test]
fn every_function_of_the_crate_passes_and_keeps_its_digits() {
    for function in activation::all() {
        let report = check::activation(&function);
        assert!(report.findings.is_empty(), "{report}");
        assert!(report.points.len() > 30, "{} points", report.points.len());
    }
}

/// Sign, factors, zero, f itself and missing terms, put into every function; then the "try:" is
/// followed, and the derivative is right.
#[test]
fn faults_of_one_formula_are_named() {
    let mut named = 0;
    with_every_function(|name, _, check| {
        let mut fault = |expected: &Finding,
                         wrong: &dyn Fn(f64, f64, f64) -> f64,
                         mended: &dyn Fn(f64, f64, f64) -> f64| {
            let report = check(wrong);
            let found = report.findings.iter().find(|finding| same(finding, expected));
            let Some(found) = found else { panic!("{name}: {expected:?}\n{report}") };
            let text = report.to_string();
            // Of several that fit, the simplest one says what to try.
            let says = [format!("try: {}", found.hint()), format!("also fits: {found}")];
            assert!(says.iter().any(|line| text.contains(line)), "{report}");
            assert_eq!(text.matches(" try: ").count(), 1, "{report}");
            assert!(check(mended).agrees(), "{name}: {}", expected.hint());
            named += 1;
        };
        fault(&Finding::Sign, &|_, _, s| -s, &|_, _, s| -(-s));
        for (factor, known) in [(2.0, Some("2")), (0.5, Some("1/2")), (3.7, None), (-0.2, None)] {
            let expected = Finding::Factor { factor, name: known };
            fault(&expected, &|_, _, s| factor * s, &|_, _, s| factor * s / factor);
        }
        fault(&Finding::Zero, &|_, _, _| 0.0, &|_, _, s| s);
        for (of, coefficient) in [("1", 0.7), ("x", -1.2), ("f(x)", 0.4), ("x f(x)", 2.0)] {
            let term = move |x: f64, y: f64| {
                coefficient
                    * match of {
                        "1" => 1.0,
                        "x" => x,
                        "f(x)" => y,
                        _ => x * y,
                    }
            };
            let expected = Finding::MissingTerm { coefficient, of };
            fault(&expected, &|x, y, s| s - term(x, y), &|x, y, s| s - term(x, y) + term(x, y));
        }
    });
    assert!(named >= samples(4, 20) * 10, "{named}");
    println!("{named} faults named");
}

/// The same kind, and the same constants to five digits.
fn same(found: &Finding, expected: &Finding) -> bool {
    let near = |x: f64, y: f64| (x - y).abs() <= 1e-5 * y.abs();
    match (found, expected) {
        (Finding::Factor { factor: c, name: n }, Finding::Factor { factor: d, name: m }) => {
            near(*c, *d) && n == m
        }
        (
            Finding::MissingTerm { coefficient: c, of },
            Finding::MissingTerm { coefficient: d, of: term },
        ) => near(*c, *d) && of == term,
        _ => found == expected,
    }
}

#[test]
fn f_itself_is_named() {
    let mut named = 0;
    with_every_function(|name, f, check| {
        // Where f′ = c f, f itself is right or a constant factor.
        if name.contains("exp(") {
            return;
        }
        let report = check(&|_, y, _| y);
        assert!(report.findings.contains(&Finding::Value), "{name}\n{report}");
        assert!(check(&|x, y, _| f.df(x, y)).agrees());
        named += 1;
    });
    assert!(named >= samples(7, 20));
}

#[test]
fn right_on_one_side_only_is_named() {
    let mut named = 0;
    with_every_function(|name, f, check| {
        for above in [true, false] {
            let on_side = move |x: f64| if above { x > 0.0 } else { x < 0.0 };
            // Both sides must have a slope at all.
            let sided = [true, false].map(|up| {
                let x = if up { 0.75 } else { -0.75 };
                f.domain(x) && f.f_df(x).1 != 0.0
            });
            if sided != [true, true] {
                continue;
            }
            let report = check(&|x, _, s| if on_side(x) { 1.3 * s + 0.1 } else { s });
            assert!(report.findings.contains(&Finding::OneSide { above }), "{name}\n{report}");
            named += 1;
        }
    });
    assert!(named >= samples(7, 20), "{named}");
}

/// A formula in y with x in it, and a formula in x with y in it; `k` varies the function.
#[test]
fn input_and_output_in_each_others_place_are_named() {
    type F = fn(f64, f64) -> f64;
    let in_y: [(F, F); 4] = [
        (|k, x| k * Sigmoid.f(x), |k, y| y * (1.0 - y / k)),
        (|k, x| (k * x).tanh(), |k, y| k * (1.0 - y * y)),
        (|k, x| (k * x).exp(), |k, y| k * y),
        (|k, x| x / (k + x * x).sqrt(), |k, y| (1.0 - y * y).powf(1.5) / k.sqrt()),
    ];
    let in_x: [(F, F); 4] = [
        (|k, x| (k + x * x).ln(), |k, x| 2.0 * x / (k + x * x)),
        (|k, x| k * x.sin(), |k, x| k * x.cos()),
        (|k, x| k * x * x, |k, x| 2.0 * k * x),
        (|k, x| x.mul_add(k, x.cos()), |k, x| k - x.sin()),
    ];
    for k in [0.4, 0.7, 1.3, 1.9, 2.6] {
        for (n, (f, df)) in in_y.into_iter().enumerate() {
            assert!(report(&|x| f(k, x), &|_, y| df(k, y)).agrees(), "{n} {k}");
            let report = report(&|x| f(k, x), &|x, _| df(k, x));
            assert!(report.findings.contains(&Finding::InputForOutput), "{n} {k}\n{report}");
        }
        for (n, (f, df)) in in_x.into_iter().enumerate() {
            assert!(report(&|x| f(k, x), &|x, _| df(k, x)).agrees(), "{n} {k}");
            let report = report(&|x| f(k, x), &|_, y| df(k, y));
            assert!(report.findings.contains(&Finding::OutputForInput), "{n} {k}\n{report}");
        }
    }
}

#[test]
fn half_a_product_rule_is_named() {
    let mut named = 0;
    with_every_function(|name, v, _| {
        if name.contains("recip") || name.contains("powf") {
            return; // 1/x times x is a constant; powers of x have a constant factor as well
        }
        let f = |x: f64| x * v.f(x);
        let domain = |x: f64| v.domain(x);
        let report =
            |df: &dyn Fn(f64, f64) -> f64| check::activation(&Made { f: &f, df, domain: &domain });
        let slope = |x: f64| v.f_df(x).1;
        let cases: [(bool, &dyn Fn(f64) -> f64); 2] =
            [(true, &|x| v.f(x)), (false, &|x| x * slope(x))];
        for (without_slope, half) in cases {
            let wrong = report(&|x, _| half(x));
            let expected = Finding::HalfProduct { without_slope };
            assert!(wrong.findings.contains(&expected), "{name}\n{wrong}");
            let other = |x: f64| if without_slope { x * slope(x) } else { f(x) / x };
            let mended = report(&|x, _| if x == 0.0 { v.f(0.0) } else { half(x) + other(x) });
            assert!(mended.agrees(), "{name}\n{mended}");
            named += 1;
        }
    });
    assert!(named >= samples(7, 20), "{named}");
}

#[test]
fn lost_digits_are_not_called_wrong() {
    for k in 1..=10 {
        let k = 0.4 + 0.2 * f64::from(k);
        let sigmoid = |x: f64| Sigmoid.f(k * x);
        let cancelling = report(&sigmoid, &|_, y| k * y * (1.0 - y));
        let tanh = report(&|x| (k * x).tanh(), &|_, y| k * (1.0 - y * y));
        for report in [cancelling, tanh] {
            let [Finding::LostDigits { x, digits }] = report.findings[..] else {
                panic!("{report}")
            };
            assert!(report.agrees() && (4.0..50.0).contains(&x.abs()) && digits < 8, "{report}");
        }
        let mended = report(&sigmoid, &|x, _| k * Sigmoid.f(k * x) * Sigmoid.f(-k * x));
        assert!(mended.findings.is_empty(), "{mended}");
    }
}

#[test]
fn nan_and_infinity_inside_the_domain_are_named() {
    for k in 1..=10 {
        let k = 0.7 + 0.1 * f64::from(k);
        let naive = [
            // ln(1 + e^z) overflows, and so does e^−z / (1 + e^−z)².
            report(&|x| (1.0 + (k * x).exp()).ln(), &|x, _| k * Sigmoid.f(k * x)),
            report(&|x| Sigmoid.f(k * x), &|x, _| {
                let e = (-k * x).exp();
                k * e / ((1.0 + e) * (1.0 + e))
            }),
        ];
        for report in naive {
            let found = |finding: &Finding| matches!(finding, Finding::NotFinite { .. });
            assert!(report.findings.iter().any(found), "{k} {report}");
            // The slope is right where it is a number, and is not called wrong.
            let said = report.to_string();
            assert!(said.starts_with("error: gradcheck: `made` is not finite in all"), "{said}");
        }
        // "write the formula so that nothing overflows there …"
        let e = |x: f64| (-(k * x).abs()).exp();
        let mended = report(&|x| (k * x).max(0.0) + e(x).ln_1p(), &|x, _| k * Sigmoid.f(k * x));
        assert!(mended.findings.is_empty(), "{mended}");
        // "… or narrow domain()"
        let domain = |x: f64| x.abs() < 100.0;
        let (f, df) = (|x: f64| (1.0 + (k * x).exp()).ln(), |x: f64, _| k * Sigmoid.f(k * x));
        assert!(check::activation(&Made { f: &f, df: &df, domain: &domain }).agrees());
    }
}

/// The mistake that only training would meet: `f_df` is what the tape calls.
#[test]
fn two_answers_are_named() {
    struct Twofold(f64, bool);
    impl Activation for Twofold {
        fn name(&self) -> &'static str {
            "twofold"
        }
        fn f(&self, x: f64) -> f64 {
            (self.0 * x).tanh()
        }
        fn df(&self, _x: f64, y: f64) -> f64 {
            self.0 * (1.0 - y * y)
        }
        fn f_df(&self, x: f64) -> (f64, f64) {
            let y = self.f(x);
            if self.1 { (y, self.df(x, y)) } else { (y, 1.0 - y * y) }
        }
    }
    for k in 2..22 {
        let twofold = Twofold(0.3 * f64::from(k), false);
        let report = check::activation(&twofold);
        let found = |finding: &Finding| matches!(finding, Finding::TwoAnswers { .. });
        assert!(report.findings.iter().any(found), "{report}");
        assert!(check::activation(&Twofold(twofold.0, true)).agrees());
    }
}

/// `f_df` may keep digits that `df` loses.
#[test]
fn a_sharper_f_df_is_no_second_answer() {
    struct Sharp;
    impl Activation for Sharp {
        fn name(&self) -> &'static str {
            "sharp"
        }
        fn f(&self, x: f64) -> f64 {
            Sigmoid.f(x)
        }
        fn df(&self, _x: f64, y: f64) -> f64 {
            y * (1.0 - y)
        }
        fn f_df(&self, x: f64) -> (f64, f64) {
            Sigmoid.f_df(x)
        }
    }
    assert_eq!(check::activation(&Sharp).findings, []);
}

/// Slopes that no hypothesis explains are called wrong, and nothing is named.
#[test]
fn what_fits_nothing_is_not_guessed_at() {
    let mut count = 0;
    with_every_function(|name, _, check| {
        for k in [1.0, 3.0] {
            let report = check(&|x, _, s| s + 0.3 * (k * x + 0.2).cos());
            let [Finding::Unexplained { wrong, of }] = report.findings[..] else {
                panic!("{name}\n{report}")
            };
            assert!(wrong > 20 && wrong <= of, "{report}");
            count += 1;
        }
        // Nearly a factor, nearly the sign, nearly f: no.
        let nearly = |x: f64| 1.0 + 1e-4 * (x + 0.4).sin();
        for report in [
            check(&|x, _, s| 2.0 * s * nearly(x)),
            check(&|x, _, s| -s * nearly(x)),
            check(&|x, y, s| s - y * nearly(x)),
        ] {
            assert!(
                matches!(report.findings[..], [Finding::Unexplained { .. }]),
                "{name}\n{report}"
            );
        }
    });
    assert!(count >= samples(7, 20));
}

/// One may check each part by itself: the part with the mistake gives it away.
#[test]
fn parts_of_what_fits_nothing_are_named() {
    let (part, wrong) = (|x: f64| (2.0 * x).sin(), |x: f64| (2.0 * x).cos()); // forgot the 2
    let whole = report(&|x| x.tanh() * part(x), &|x, _| {
        Tanh.df(x, x.tanh()) * part(x) + x.tanh() * wrong(x)
    });
    let [ref finding @ Finding::Unexplained { .. }] = whole.findings[..] else { panic!("{whole}") };
    assert!(finding.hint().contains("write f as a formula"));
    assert!(check::activation(&Tanh).findings.is_empty());
    let part = report(&part, &|x, _| wrong(x));
    assert!(part.to_string().ends_with(" try: multiply it by 2"), "{part}");
    assert!(report(&|x| (2.0 * x).sin(), &|x, _| wrong(x) / 0.5).agrees());
}

/// The slope changes branches at 5.301, f at 5.3: seen at the slope's own jump, between the points
/// of any coarse grid.
#[test]
fn a_misplaced_branch_is_found() {
    let f = |x: f64| if x > 5.3 { 3.0 * x - 10.6 } else { x };
    let with_jump_at = |at: f64| report(&f, &|x, _| if x > at { 3.0 } else { 1.0 });
    assert!(with_jump_at(5.3).findings.is_empty(), "{}", with_jump_at(5.3));
    for at in [5.301, 5.299, 5.3003, 5.28, 5.49] {
        assert!(!with_jump_at(at).agrees(), "{}", with_jump_at(at));
    }
}

/// Jumps, cusps and edges are no faults of a slope.
#[test]
fn functions_with_corners_are_not_troubled() {
    type Case = (fn(f64) -> f64, fn(f64) -> f64, fn(f64) -> bool);
    let cases: [Case; 13] = [
        (|x| (3e5 * x).sin() / 3e5, |x| (3e5 * x).cos(), |_| true),
        (|x| x.powf(1.5), |x| 1.5 * x.sqrt(), |x| x >= 0.0),
        (|x| x.abs().powf(1.5), |x| 1.5 * x.signum() * x.abs().sqrt(), |_| true),
        (|x| (1.0 - x * x).powf(1.5), |x| -3.0 * x * (1.0 - x * x).sqrt(), |x| x.abs() <= 1.0),
        (|x| if x > 0.0 { 1.0 } else { 0.0 }, |_| 0.0, |_| true),
        (f64::floor, |_| 0.0, |_| true),
        (|x| x - x.floor(), |_| 1.0, |_| true),
        (f64::asin, |x| 1.0 / (1.0 - x * x).sqrt(), |x| x.abs() <= 1.0),
        (|x| (x * x - 1.0).sqrt(), |x| x / (x * x - 1.0).sqrt(), |x| x >= 1.0),
        (|x| 1.0 / (x - 0.6), |x| -1.0 / ((x - 0.6) * (x - 0.6)), |x| x != 0.6),
        (|x| x.clamp(-0.3, 1.7), |x| f64::from(x > -0.3 && x < 1.7), |_| true),
        (|x| (x * x).exp(), |x| 2.0 * x * (x * x).exp(), |x| x.abs() < 26.0),
        (|x| x.abs().sqrt(), |x| 0.5 * x.signum() / x.abs().sqrt(), |x| x != 0.0),
    ];
    for (k, (f, df, domain)) in cases.into_iter().enumerate() {
        let report = check::activation(&Made { f: &f, df: &|x, _| df(x), domain: &domain });
        assert!(report.findings.is_empty() && report.points.len() > 10, "{k}\n{report}");
    }
    // A jump is said, since nothing is judged there.
    let step = report(&|x| f64::from(x > 0.0), &|_, _| 0.0);
    assert_eq!((&step.unjudged[..], &step.kinks[..]), (&[0.0][..], &[][..]));
    assert!(step.to_string().contains("not judged at x = 0: f ends, jumps"), "{step}");
    let nowhere = check::activation(&Made { f: &|x| x, df: &|_, _| 7.0, domain: &|_| false });
    assert!(nowhere.to_string().contains("was NOT JUDGED"), "{nowhere}");
}

/// Right slopes of functions whose own values lose digits, or that are approximate themselves.
#[test]
fn rough_values_are_no_wrong_slopes() {
    let limited = |f: &dyn Fn(f64) -> f64, df: &dyn Fn(f64, f64) -> f64, most: f64| {
        check::activation(&Made { f, df, domain: &|x| x.abs() < most })
    };
    for small in [0.0, 1e-15, 1e-12, 1e-8] {
        let f = |x: f64| -(1.0 - Sigmoid.f(x) + small).ln();
        let df = |x: f64, _| {
            let a = Sigmoid.f(x);
            a * (1.0 - a) / (1.0 - a + small)
        };
        let report = limited(&f, &df, 36.0);
        assert!(report.agrees(), "{small} {report}");
    }
    let versine = |x: f64| if x == 0.0 { 0.5 } else { (1.0 - x.cos()) / (x * x) };
    let slope = |x: f64, _| {
        let half = (0.5 * x).sin();
        if x == 0.0 { 0.0 } else { (x.sin() * x - 4.0 * half * half) / (x * x * x) }
    };
    let report = report(&versine, &slope);
    assert!(report.agrees(), "{report}");
    // A constant with six digits is right as far as it goes.
    let short = limited(&f64::sinh, &|x, _| x.cosh() * (1.0 + 2e-7), 700.0);
    assert!(matches!(short.findings[..], [Finding::LostDigits { digits: 6, .. }]), "{short}");
    assert!(!limited(&f64::sinh, &|x, _| x.cosh() * (1.0 + 2e-6), 700.0).agrees());
    // The error function by Abramowitz and Stegun (7.1.26), which is right to 1.5e-7.
    let erf = |x: f64| {
        let t = 1.0 / (1.0 + 0.3275911 * x.abs());
        let a = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
        let sum = a.into_iter().fold(0.0, |sum, a| (sum + a) * t);
        (1.0 - sum * (-x * x).exp()).copysign(x)
    };
    let normal = |x: f64| 0.5 * (1.0 + erf(x * 0.5f64.sqrt()));
    let gelu = limited(
        &|x| x * normal(x),
        &|x, _| normal(x) + x * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt(),
        700.0,
    );
    assert!(matches!(gelu.findings[..], [Finding::LostDigits { .. }]), "{gelu}");
}

/// What fits for another reason is not named.
#[test]
fn no_name_without_evidence() {
    let swapped =
        |finding: &Finding| matches!(finding, Finding::InputForOutput | Finding::OutputForInput);
    let corner = report(&|x| x.max(0.0), &|x, _| if x == 0.0 { 2.0 } else { f64::from(x > 0.0) });
    assert!(matches!(corner.findings[..], [Finding::Unexplained { wrong: 1, .. }]), "{corner}");
    let branch = report(&f64::tanh, &|x, y| if x > 2.0 { 1.0 } else { 1.0 - y * y });
    assert!(!branch.agrees() && !branch.findings.iter().any(swapped), "{branch}");
    // At p = 0, f/x says nothing.
    fn cost<S: Scalar>(p: &[S]) -> S {
        (p[0] * 2.0 - p[1] + 1.0).softplus() + (p[0] + p[1]).sigmoid()
    }
    let [a, b] =
        [0, 1].map(|i| check::gradient!(cost, &[0.0, 0.0]).comparison.entries[i].values[0]);
    let findings = |yours: [f64; 2]| check::gradient!(cost, &[0.0, 0.0], &yours).findings;
    assert_eq!(findings([a, -b]), [Finding::Only(vec![1], Box::new(Finding::Sign))]);
    assert_eq!(findings([a, 5.0 * b]), [Finding::Unexplained { wrong: 1, of: 2 }]);
    // Infinity is explained by nothing.
    assert_eq!(findings([a, f64::NEG_INFINITY]), [Finding::Unexplained { wrong: 1, of: 2 }]);
    assert_eq!(findings([f64::INFINITY; 2]), [Finding::Unexplained { wrong: 2, of: 2 }]);
}

/// A steep part, or a slope that is far too large, does not widen what is allowed elsewhere.
#[test]
fn a_steep_part_hides_nothing() {
    let potential = |x: f64| 4.0 * (x.powi(-12) - x.powi(-6)) + x;
    let slope = |x: f64| 4.0 * (-12.0 * x.powi(-13) + 6.0 * x.powi(-7)) + 1.0;
    let on_the_right = |df: &dyn Fn(f64, f64) -> f64| {
        check::activation(&Made { f: &potential, df, domain: &|x| x > 0.0 })
    };
    assert!(on_the_right(&|x, _| slope(x)).agrees());
    assert!(!on_the_right(&|x, _| slope(x) - 1.0).agrees());
    assert!(!report(&|x| 1e12 * x.tanh(), &|_, y| 1.0 - y * y).agrees());
}

/// Outside of `domain()`, nothing is asked of f.
#[test]
fn f_is_left_alone_outside_its_domain() {
    struct Strict;
    impl Activation for Strict {
        fn name(&self) -> &'static str {
            "strict"
        }
        fn f(&self, x: f64) -> f64 {
            assert!(self.domain(x), "{x}");
            1.0 / x
        }
        fn df(&self, x: f64, y: f64) -> f64 {
            assert!(self.domain(x), "{x}");
            -2.0 * y * y
        }
        fn domain(&self, x: f64) -> bool {
            x != 0.0 && x.abs() < 900.0
        }
    }
    let report = check::activation(&Strict);
    assert!(report.findings.iter().any(|f| matches!(f, Finding::Factor { .. })), "{report}");
    assert!(report.to_string().lines().all(|line| line.len() <= 80), "{report}");
}

fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Tensor> {
    proptest::collection::vec(-3.0..3.0, rows * columns)
        .prop_map(move |entries| Tensor::new(rows, columns, entries))
}

proptest! {
    #![proptest_config(config(50, 500))]

    #[test]
    fn faults_of_a_gradient_are_named(
        right in (2..6_usize, 1..4_usize).prop_flat_map(|(rows, columns)| matrix(rows, columns)),
        m in 3..50_usize, shift in 1..5_usize,
    ) {
        let factor = m as f64;
        let found = |yours: &Tensor, expected: Finding| {
            let findings = diagnose(yours, &right, m);
            for finding in &findings {
                prop_assert!(format!("   = {finding}").len() <= 80, "{finding}");
                prop_assert!(format!(" try: {}", finding.hint()).len() <= 80, "{finding}");
            }
            prop_assert!(findings.iter().any(|f| same(f, &expected)), "{expected:?}: {findings:?}");
            Ok(())
        };
        prop_assert_eq!(diagnose(&right, &right, m), []);
        found(&-right.clone(), Finding::Sign)?;
        found(&(&right * 0.0), Finding::Zero)?;
        for (factor, name) in
            [(factor, "m"), (1.0 / factor, "1/m"), (2.0, "2"), (0.5, "1/2")]
        {
            found(&(&right * factor), Finding::Factor { factor, name: Some(name) })?;
        }
        // Entries may share a factor that is not constant: at one point, that is no evidence.
        let other = diagnose(&(&right * 1.37), &right, m);
        prop_assert!(matches!(other[..], [Finding::Unexplained { .. }]), "{other:?}");
        found(&(&right - 0.25), Finding::MissingTerm { coefficient: 0.25, of: "1" })?;
        if right.shape().0 != right.shape().1 {
            prop_assert_eq!(diagnose(&right.t(), &right, m), [Finding::Transposed]);
        } else {
            found(&right.t(), Finding::Transposed)?;
            prop_assert!(diagnose(&right.t(), &right, m)[0] == Finding::Transposed);
        }

        // Entry k of yours is entry k + shift of the right one.
        let (rows, columns) = right.shape();
        let entries = right.to_vec();
        let count = entries.len();
        let shift = shift % count;
        let mut turned = entries.clone();
        turned.rotate_left(shift);
        let order: Vec<usize> = (0..count).map(|i| (i + count - shift) % count).collect();
        let turned = Tensor::new(rows, columns, turned);
        if shift != 0 {
            let findings = diagnose(&turned, &right, m);
            prop_assert!(findings.contains(&Finding::Permuted(order.clone())), "{findings:?}");
            // Following the "try:" gives the right gradient.
            let yours = turned.to_vec();
            prop_assert_eq!(order.iter().map(|&i| yours[i]).collect::<Vec<_>>(), entries);
        }

        // Rounded to f32 it is not wrong, and nothing is permuted.
        let rounded = diagnose(&right.map(|g| f64::from(g as f32)), &right, m);
        prop_assert!(
            matches!(rounded[..], [Finding::LostDigits { digits: 7.., .. }]), "{rounded:?}"
        );

        // A gradient of nothing in particular is wrong, and nothing is named.
        let noise = right.map(|g| (37.0 * g).sin() + 0.3);
        prop_assert!(
            matches!(diagnose(&noise, &right, m)[..], [Finding::Unexplained { .. }]),
            "{:?}", diagnose(&noise, &right, m)
        );
    }
}

/// A random formula, written once: step by step from the first parameter.
fn formula<S: Scalar>(p: &[S], steps: &[(u8, f64)]) -> S {
    let mut x = p[0];
    for (k, &(step, c)) in steps.iter().enumerate() {
        let other = p[(k + 1) % p.len()];
        x = match step {
            0 => x.tanh(),
            1 => x.sigmoid(),
            2 => x.softplus(),
            3 => x.relu(),
            4 => x.leaky_relu(0.1),
            5 => (x + c).abs(),
            6 => x * c,
            7 => c - x,
            8 => x / (2.0 + c.abs()),
            9 => c / (2.0 + x.tanh()),
            10 => (x * x + 1.0).sqrt(),
            11 => (x * x + 1.5).ln(),
            12 => x.tanh().exp(),
            13 => x * other,
            14 => x - other.tanh(),
            15 => 1.0 / (1.0 + (-x.tanh() * c).exp()) + x,
            // Scales, waves, roots and cancellation, which rounding and differences bear badly.
            16 => x * 10f64.powi((6.0 * c) as i32),
            17 => x + 10f64.powi((5.0 * c.abs()) as i32),
            18 => (x * (20.0 * c)).sin(),
            19 => (x + c).abs().powf(1.5),
            20 => (x.cos() - 1.0) * c,
            21 => x * x * x,
            22 => 1.0 / (x * x + 0.01),
            23 => (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
            _ => (x + c).ln(),
        };
    }
    x
}

fn steps(kinds: u8) -> impl Strategy<Value = Vec<(u8, f64)>> {
    proptest::collection::vec((0..kinds, -2.0..2.0), 1..9)
}

proptest! {
    #![proptest_config(config(40, 40))] // of 37,000, 15 are accused: see the changelog

    #[test]
    fn a_right_activation_is_never_troubled(steps in steps(16)) {
        let f = |x: f64| formula(&[x], &steps);
        let df = |x: f64, _| formula(&[Dual::variable(x)], &steps).slope;
        let report = report(&f, &df);
        prop_assert!(report.agrees(), "{report}");
    }
}

proptest! {
    #![proptest_config(config(40, 2000))]

    #[test]
    fn a_right_formula_is_never_troubled(
        steps in steps(25), p in proptest::collection::vec(-3.0..3.0, 1..4),
    ) {
        let report = check::gradient!(|p| formula(p, &steps), &p);
        let exists = |entry: &Entry| entry.values.iter().all(|slope| slope.is_finite());
        if report.comparison.entries.iter().all(exists) {
            prop_assert!(report.agrees() && report.findings.is_empty(), "{report}");
        }
    }

    #[test]
    fn a_wrong_formula_is_always_seen(
        steps in steps(16), p in proptest::collection::vec(-3.0..3.0, 2..4), off in 1e-9..1e-3,
    ) {
        let right = check::gradient!(|p| formula(p, &steps), &p);
        let entry = &right.comparison.entries[0];
        if entry.difference.is_some_and(|difference| difference.kink.is_none()) {
            let mut by_hand: Vec<f64> =
                right.comparison.entries.iter().map(|entry| entry.values[0]).collect();
            by_hand[0] += off * entry.scale.max(1e-300);
            let report = check::gradient!(|p| formula(p, &steps), &p, &by_hand);
            prop_assert!(!report.agrees() && !report.findings.is_empty(), "{report}");
        }
    }

    #[test]
    fn dual_numbers_against_the_tape(
        steps in steps(16), p in proptest::collection::vec(-3.0..3.0, 1..4),
    ) {
        let tape = Tape::new();
        let vars: Vec<Var> = p.iter().map(|&x| tape.var(x)).collect();
        let output = formula(&vars, &steps);
        let gradients = output.backward();
        for (i, &var) in vars.iter().enumerate() {
            let dual = |(k, &x): (usize, &f64)| {
                if k == i { Dual::variable(x) } else { Dual::constant(x) }
            };
            let duals: Vec<Dual> = p.iter().enumerate().map(dual).collect();
            let forward = formula(&duals, &steps);
            prop_assert_eq!(forward.value, output.value());
            let reverse = gradients.wrt(var);
            let scale = reverse.abs().max(1e-3);
            prop_assert!((forward.slope - reverse).abs() <= 1e-14 * scale, "{} {reverse}", forward.slope);
        }
    }
}

/// `f_df` may keep more digits than `f` and `df`: nine are compared, however large or small.
#[test]
fn two_answers_differ_in_nine_digits() {
    struct Line {
        slope: f64,
        off: f64,
    }
    impl Activation for Line {
        fn name(&self) -> &'static str {
            "line"
        }
        fn f(&self, x: f64) -> f64 {
            self.slope * x
        }
        fn df(&self, _x: f64, _y: f64) -> f64 {
            self.slope
        }
        fn f_df(&self, x: f64) -> (f64, f64) {
            (self.slope * x, self.slope * (1.0 + self.off))
        }
    }
    for slope in [1e6, 1.0, 1e-2] {
        let two = |off| {
            let findings = check::activation(&Line { slope, off }).findings;
            findings.iter().any(|finding| matches!(finding, Finding::TwoAnswers { .. }))
        };
        assert!(!two(0.5e-9) && two(2e-9), "{slope}");
    }
}

/// 0/0 is no ratio.
#[test]
fn the_table_has_no_ratio_where_both_slopes_are_zero() {
    let text = report(&|x| x.max(0.0), &|x, _| if x > 0.0 { 2.0 } else { 0.0 }).to_string();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("000  ")).collect();
    assert!(rows[0].ends_with("        0.000000         -") && rows[4].ends_with("2.00"), "{text}");
    assert!(!text.contains("NaN"), "{text}");
}

/// Of what is 0 to all digits, no factor is named; and a slope that is wrong at one point is not
/// explained by what says nothing there.
#[test]
fn no_name_for_what_only_seems_to_fit() {
    for tiny in [0.0, 1e-320, 1e-310, 1e-200] {
        let wrong = report(&f64::tanh, &|_, y| tiny * (1.0 - y * y));
        assert_eq!(wrong.findings, [Finding::Zero], "{wrong}");
        assert!(!wrong.to_string().contains("inf"), "{wrong}");
    }
    let odd = |x: f64| x.max(0.0) - (-x).max(0.0);
    let wrong = report(&odd, &|x, _| f64::from(x != 0.0));
    assert_eq!(wrong.findings, [Finding::Unexplained { wrong: 1, of: 121 }], "{wrong}");
    // A wave that is faster than a step is no kink.
    let gelu = activation::all().into_iter().find(|f| f.name() == "gelu_tanh").unwrap();
    let inner = |x: f64| -20.7 * x * x.sin();
    let slope = |x: f64| -20.7 * (x.sin() + x * x.cos());
    let right = report(&|x| gelu.f(inner(x)), &|x, _| gelu.f_df(inner(x)).1 * slope(x));
    assert!(right.agrees() && right.kinks.is_empty(), "{right}");
}

/// A few digits of f are judged as such: no right slope is accused, and no wrong one agrees.
#[test]
fn values_with_few_digits() {
    // Evenly between -1 and 1, as the noise of a solver is, and the same for the same y.
    let noise = |y: f64| {
        let bits = y.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bits = (bits ^ bits >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((bits ^ bits >> 32) >> 11) as f64 / 2f64.powi(52) - 1.0
    };
    let decimals = |y: f64, count: i32| (y * 10f64.powi(count)).round() / 10f64.powi(count);
    type Rounding<'a> = &'a dyn Fn(f64) -> f64;
    let roundings: [(Rounding, bool); 6] = [
        (&|y| f64::from(y as f32), true),
        (&|y| decimals(y, 3), false),
        (&|y| decimals(y, 6), true),
        (&|y| decimals(y, 12), true),
        (&|y| y + 1e-8 * noise(y), true),
        (&|y| y * (1.0 + 1e-6 * noise(y)), true),
    ];
    let step = samples(13, 1) as usize;
    for (k, function) in activation::all().iter().enumerate().step_by(step) {
        // Where f32 does not overflow.
        let domain = |x: f64| function.domain(x) && x.abs() < 80.0;
        let slope = |x: f64| function.f_df(x).1;
        for (j, (round, enough)) in roundings.iter().enumerate() {
            let f = |x: f64| round(function.f(x));
            let check = |df: &dyn Fn(f64) -> f64| {
                check::activation(&Made { f: &f, df: &|x, _| df(x), domain: &domain })
            };
            let right = check(&slope);
            let name = format!("{} {j}\n{right}", function.name());
            assert!(!right.findings.iter().any(Finding::is_wrong), "{name}");
            assert!(right.agrees() || !enough || function.name() == "hard_sigmoid", "{name}");
            let wrong = match k % 3 {
                0 => check(&|x| -slope(x)),
                1 => check(&|x| 2.0 * slope(x)),
                _ => check(&|_| 0.0),
            };
            assert!(!wrong.agrees(), "{} {j}\n{wrong}", function.name());
        }
    }
    let single = report(&|x| f64::from((x as f32).sin()), &|x, _| x.cos());
    let text = single.to_string();
    assert!(single.agrees() && text.contains("f has only about 7 digits here"), "{text}");
}
