//! Every elementwise function to at most 4 ULP, value and slope: at the points of a table of 60
//! digits, and at random points against the same formulas in arithmetic of twice the precision.

use crate::common::double::{Double, PI};
use crate::common::{Json, config, ulps};
use chainrule::activation::*;
use chainrule::arithmetic::{max, min, pow};
use chainrule::scalar::{self, Var};
use chainrule::tensor::{self, Tensor};
use proptest::prelude::*;

/// Value and slope as a plain number, which the tape of numbers and the tape of matrices must give
/// to the last bit.
fn on_every_carrier(f: &dyn Activation, x: f64) -> (f64, f64) {
    let (y, slope) = f.f_df(x);
    let tape = scalar::Tape::new();
    let number = tape.var(x);
    let z = number.apply(f);
    let on_numbers = (z.value(), z.backward().wrt(number));

    let tape = tensor::Tape::new();
    let matrix = tape.var(Tensor::new(2, 1, vec![x, 0.5]));
    let z = matrix.apply(f);
    let on_matrices = (z.value().get(0, 0), z.sum().backward().wrt(matrix).get(0, 0));

    for other in [(f.f(x), f.df(x, y)), on_numbers, on_matrices] {
        let same = ulps(y, other.0) == 0 && ulps(slope, other.1) == 0;
        assert!(same, "{} at {x:e}: {:?} is not {other:?}", f.name(), (y, slope));
    }
    (y, slope)
}

/// Each function that the table has, under the table's name, with its formula in double precision.
type Reference = fn(Double) -> (Double, Double);
type Row = (&'static str, Box<dyn Activation>, Reference);

fn number(x: f64) -> Double {
    x.into()
}

fn sigmoid(x: Double) -> Double {
    number(1.0) / (number(1.0) + (-x).exp())
}

fn softplus(x: Double) -> Double {
    if x.round() > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// `x^k`.
fn power(x: Double, k: u32) -> Double {
    (0..k).fold(number(1.0), |power, _| power * x)
}

fn cosh(x: Double) -> Double {
    (x.exp() + (-x).exp()) * number(0.5)
}

fn sinh(x: Double) -> Double {
    let m = x.abs().exp_m1();
    let sinh = (m + m / (m + number(1.0))) * number(0.5);
    if x.round() < 0.0 { -sinh } else { sinh }
}

fn elu(x: Double, alpha: f64) -> (Double, Double) {
    if x.round() > 0.0 {
        return (x, number(1.0));
    }
    (number(alpha) * x.exp_m1(), number(alpha) * x.exp())
}

fn rows() -> Vec<Row> {
    fn row(key: &'static str, f: impl Activation + 'static, reference: Reference) -> Row {
        (key, Box::new(f), reference)
    }
    let powf = |exponent| Powf { exponent };
    vec![
        row("pow_1", Identity, |x| (x, number(1.0))),
        row("exp", Exp, |x| (x.exp(), x.exp())),
        row("expm1", ExpM1, |x| (x.exp_m1(), x.exp())),
        row("ln", Ln, |x| (x.ln(), number(1.0) / x)),
        row("log1p", Ln1p, |x| (x.ln_1p(), number(1.0) / (number(1.0) + x))),
        row("sqrt", Sqrt, |x| (x.sqrt(), number(0.5) / x.sqrt())),
        row("recip", Recip, |x| (number(1.0) / x, number(-1.0) / (x * x))),
        row("sin", Sin, |x| x.sin_cos()),
        row("cos", Cos, |x| (x.sin_cos().1, -x.sin_cos().0)),
        row("tan", Tan, |x| {
            let (sin, cos) = x.sin_cos();
            (sin / cos, number(1.0) / (cos * cos))
        }),
        row("atan", Atan, |x| (x.atan(), number(1.0) / (number(1.0) + x * x))),
        row("sinh", Sinh, |x| (sinh(x), cosh(x))),
        row("cosh", Cosh, |x| (cosh(x), sinh(x))),
        row("tanh", Tanh, |x| (sinh(x) / cosh(x), number(1.0) / (cosh(x) * cosh(x)))),
        row("sigmoid", Sigmoid, |x| (sigmoid(x), sigmoid(x) * sigmoid(-x))),
        row("logsigmoid", LogSigmoid, |x| (-softplus(-x), sigmoid(-x))),
        row("softplus", Softplus, |x| (softplus(x), sigmoid(x))),
        row("softsign", Softsign, |x| {
            let below = number(1.0) + x.abs();
            (x / below, number(1.0) / (below * below))
        }),
        row("hard_sigmoid_torch", HardSigmoid, |x| match x.round() {
            x if x <= -3.0 => (number(0.0), number(0.0)),
            x if x >= 3.0 => (number(1.0), number(0.0)),
            _ => ((x + number(3.0)) / number(6.0), number(1.0) / number(6.0)),
        }),
        row("relu", Relu, |x| match x.round() > 0.0 {
            true => (x, number(1.0)),
            false => (number(0.0), number(0.0)),
        }),
        row("leaky_relu_0.01", LeakyRelu { slope: 0.01 }, |x| match x.round() > 0.0 {
            true => (x, number(1.0)),
            false => (x * number(0.01), number(0.01)),
        }),
        row("elu_1", Elu { alpha: 1.0 }, |x| elu(x, 1.0)),
        row("selu", Selu, |x| {
            let (y, slope) = elu(x, 1.6732632423543772);
            (number(1.0507009873554805) * y, number(1.0507009873554805) * slope)
        }),
        row("silu", Silu, |x| {
            let gate = sigmoid(x);
            (x * gate, gate + x * gate * sigmoid(-x))
        }),
        row("gelu_tanh", GeluTanh, |x| {
            let scale = number(2.0) * (number(2.0) / PI).sqrt();
            let cubic = number(44715.0) / number(1e6) * x * x;
            let gate = sigmoid(scale * x * (number(1.0) + cubic));
            let slope = scale * (number(1.0) + number(3.0) * cubic);
            let shut = sigmoid(-(scale * x * (number(1.0) + cubic)));
            (x * gate, gate + x * slope * gate * shut)
        }),
        row("mish", Mish, |x| {
            let w = x.exp();
            let below = w * w + number(2.0) * w + number(2.0);
            let tanh = w * (w + number(2.0)) / below;
            // sech² = 1 − tanh² = (1 − tanh) (1 + tanh)
            let sech_squared = number(2.0) / below * (number(1.0) + tanh);
            (x * tanh, tanh + x * sech_squared * sigmoid(x))
        }),
        row("pow_2", powf(2.0), |x| (x * x, x + x)),
        row("pow_3", powf(3.0), |x| (power(x, 3), number(3.0) * x * x)),
        row("pow_-1", powf(-1.0), |x| (number(1.0) / x, number(-1.0) / (x * x))),
        row("pow_-2", powf(-2.0), |x| (number(1.0) / (x * x), number(-2.0) / power(x, 3))),
        row("pow_0.5", powf(0.5), |x| (x.sqrt(), number(0.5) / x.sqrt())),
        row("pow_2.5", powf(2.5), |x| (x * x * x.sqrt(), number(2.5) * x * x.sqrt())),
        row("pow_-1.5", powf(-1.5), |x| {
            (number(1.0) / (x * x.sqrt()), number(-1.5) / (x * x * x.sqrt()))
        }),
        row("pow_0", powf(0.0), |_| (number(1.0), number(0.0))),
        row("pow_1", powf(1.0), |x| (x, number(1.0))),
    ]
}

#[test]
fn the_table_on_every_carrier() {
    let table = Json::read("activations.json");
    for (key, f, _) in rows() {
        for case in table.get(key).list() {
            let x = case.get("x").number();
            let (y, slope) = on_every_carrier(&*f, x);
            for (what, got, truth) in [("value", y, "f"), ("slope", slope, "d1")] {
                let truth = case.get(truth).number();
                let error = ulps(got, truth);
                assert!(
                    error <= 4,
                    "{what} of {key} at {x:e}: {got:e}, not {truth:e}: {error} ULP"
                );
            }
        }
    }
}

/// The reference itself, at the points of the table: the nearest number (√(1 − ε) lies so near to
/// the middle between two that either will do).
#[test]
fn double_precision_against_the_table() {
    let table = Json::read("activations.json");
    for (key, _, reference) in rows() {
        let trigonometric = ["sin", "cos", "tan"].contains(&key);
        for case in table.get(key).list() {
            let x = case.get("x").number();
            if trigonometric && x.abs() > 1e3 {
                // The reference knows too few digits of π.
                continue;
            }
            let (y, slope) = reference(x.into());
            for (got, truth) in [(y, "f"), (slope, "d1")] {
                let truth = case.get(truth).number();
                let near = if key == "sqrt" || key == "pow_0.5" { 1 } else { 0 };
                assert!(ulps(got.round(), truth) <= near, "{key} at {x:e}: {got:?}, not {truth:e}");
            }
        }
    }
}

/// Points of all sizes: plain ones, tiny ones, and far out, where results are subnormal.
fn point() -> impl Strategy<Value = f64> {
    let sign = prop_oneof![Just(1.0), Just(-1.0)];
    let size = prop_oneof![0.0..4.0, 0.0..40.0, 300.0..760.0, (-40.0..6.0).prop_map(f64::exp)];
    (sign, size).prop_map(|(sign, size): (f64, f64)| sign * size)
}

proptest! {
    #![proptest_config(config(400, 4000))]

    #[test]
    fn random_points_against_double_precision(x in point()) {
        for (key, f, reference) in rows() {
            if !f.domain(x) {
                continue;
            }
            let (y, slope) = f.f_df(x);
            let (true_y, true_slope) = reference(x.into());
            prop_assert!(ulps(y, true_y.round()) <= 4, "{key} at {x:e}: {y:e}, not {true_y:?}");
            // Where gelu_tanh′ crosses zero, 5 ULP are promised.
            let most = if key == "gelu_tanh" && (x + 0.752).abs() < 0.3 { 5 } else { 4 };
            let error = ulps(slope, true_slope.round());
            prop_assert!(error <= most, "{key}′ at {x:e}: {slope:e}, {error} ULP");
        }
    }

    /// Slopes near the points where they cross zero, by the same measure.
    #[test]
    fn slopes_that_cross_zero(d in -60.0..-1.0_f64, left in any::<bool>()) {
        let d = if left { -d.exp() } else { d.exp() };
        for (key, f, reference) in rows() {
            let (zero, most) = match key {
                "silu" => (-1.278464542761074, 4),
                "mish" => (-1.192431214515495, 4),
                "gelu_tanh" => (-0.752461422071016, 5),
                _ => continue,
            };
            let x = zero + d;
            let (slope, truth) = (f.f_df(x).1, reference(x.into()).1.round());
            let error = ulps(slope, truth);
            prop_assert!(error <= most, "{key}′ at {x:e}: {slope:e}, not {truth:e}: {error} ULP");
            prop_assert!((slope - truth).abs() <= 1e-16, "{key}′ at {x:e}: {slope:e}");
        }
    }

    /// `xᶜ` for exponents that are no short binary fraction, and both slopes of `xʸ`.
    #[test]
    fn powers_against_double_precision(log in -300.0..300.0_f64, y in -2.0..2.0_f64) {
        let (x, y) = (log.exp(), y);
        let tape = scalar::Tape::new();
        let (base, exponent) = (tape.var(x), tape.var(y));
        let z = base.pow(exponent);
        let gradients = z.backward();
        let ln = number(x).ln();
        let truth = (number(y) * ln).exp();
        let slopes = [number(y) * truth / x.into(), truth * ln];
        prop_assert!(ulps(z.value(), truth.round()) <= 4, "{x:e}^{y}");
        for (var, truth) in [base, exponent].into_iter().zip(slopes) {
            let slope = gradients.wrt(var);
            let error = ulps(slope, truth.round());
            prop_assert!(error <= 4, "slope of {x:e}^{y}: {slope:e}, not {truth:?}: {error} ULP");
        }
    }
}

#[test]
fn conventions_at_every_kink() {
    let at = |f: &dyn Activation, x: f64| on_every_carrier(f, x);
    for zero in [0.0, -0.0] {
        assert_eq!(at(&Abs, zero), (0.0, 0.0));
        assert_eq!(at(&Relu, zero), (0.0, 0.0));
        assert_eq!(at(&LeakyRelu { slope: 0.3 }, zero), (0.0, 0.3));
        assert_eq!(at(&Elu { alpha: 0.3 }, zero), (0.0, 0.3));
        assert_eq!(at(&Selu, zero), (0.0, 1.6732632423543772 * 1.0507009873554805));
        assert_eq!(at(&Sqrt, zero), (0.0, f64::INFINITY));
        assert_eq!(at(&Ln, zero), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(at(&Recip, zero).1, f64::NEG_INFINITY);
        assert_eq!(at(&Powf { exponent: 0.0 }, zero), (1.0, 0.0));
        assert_eq!(at(&Powf { exponent: 1.0 }, zero), (0.0, 1.0));
        assert_eq!(at(&Powf { exponent: 0.1 }, zero), (0.0, f64::INFINITY));
        for f in [&Silu as &dyn Activation, &GeluTanh] {
            assert_eq!(at(f, zero), (0.0, 0.5));
        }
        assert_eq!(at(&Mish, zero), (0.0, 0.6));
        assert_eq!(at(&Softsign, zero), (0.0, 1.0));
    }
    assert_eq!(at(&Ln1p, -1.0), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((at(&HardSigmoid, 3.0), at(&HardSigmoid, -3.0)), ((1.0, 0.0), (0.0, 0.0)));
    for (x, f) in [(-1.0, &Ln as &dyn Activation), (-2.0, &Ln1p), (-1.0, &Sqrt)] {
        let (y, slope) = at(f, x);
        assert!(y.is_nan() && slope.is_nan() && !f.domain(x), "{} at {x}", f.name());
    }
    for (f, below, above) in [
        (&Sigmoid as &dyn Activation, 0.0, 1.0),
        (&Softsign, -1.0, 1.0),
        (&Tanh, -1.0, 1.0),
        (&HardSigmoid, 0.0, 1.0),
        (&Softplus, 0.0, f64::INFINITY),
        (&LogSigmoid, f64::NEG_INFINITY, 0.0),
        (&Silu, 0.0, f64::INFINITY),
        (&GeluTanh, 0.0, f64::INFINITY),
        (&Mish, 0.0, f64::INFINITY),
        (&Elu { alpha: 2.0 }, -2.0, f64::INFINITY),
    ] {
        assert_eq!((f.f(f64::NEG_INFINITY), f.f(f64::INFINITY)), (below, above), "{}", f.name());
        assert_eq!(f.f_df(-below.signum() * f64::INFINITY).1.fract(), 0.0, "{}", f.name());
    }
}

#[test]
fn whole_powers() {
    let tape = scalar::Tape::new();
    let at = |x: f64, k: i32| {
        let x = tape.var(x);
        let y = x.powi(k);
        (y.value(), y.backward().wrt(x))
    };
    assert_eq!(at(-2.0, 3), (-8.0, 12.0));
    assert_eq!(at(-2.0, -3), (-0.125, -0.1875));
    assert_eq!((at(5.0, 0), at(0.0, 0)), ((1.0, 0.0), (1.0, 0.0)));
    assert_eq!((at(0.0, 1), at(0.0, 2), at(0.0, -1).0), ((0.0, 1.0), (0.0, 0.0), f64::INFINITY));
    assert_eq!(at(-1.0, i32::MIN), (1.0, 2f64.powi(31)));
    assert_eq!(at(-1.0, i32::MAX), (-1.0, f64::from(i32::MAX)));
    assert_eq!(at(1.0 + f64::EPSILON, i32::MAX).0, 1.0000004768372717);
}

type OfTwo = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

/// The value of a function of two variables, and both slopes.
fn slopes(f: OfTwo, x: f64, y: f64) -> (f64, f64, f64) {
    let tape = scalar::Tape::new();
    let (x, y) = (tape.var(x), tape.var(y));
    let z = f(x, y);
    let gradients = z.backward();
    (z.value(), gradients.wrt(x), gradients.wrt(y))
}

#[test]
fn conventions_of_pow_max_and_min() {
    assert_eq!(slopes(|x, y| x.max(y), 2.0, 5.0), (5.0, 0.0, 1.0));
    assert_eq!(slopes(|x, y| x.min(y), 2.0, 5.0), (2.0, 1.0, 0.0));
    for (x, y) in [(2.0, 2.0), (0.0, -0.0), (-0.0, 0.0), (f64::INFINITY, f64::INFINITY)] {
        let first = (x, 1.0, 0.0);
        assert_eq!(
            (slopes(|x, y| max(x, y), x, y), slopes(|x, y| min(x, y), x, y)),
            (first, first)
        );
    }
    assert_eq!(slopes(|x, _| x.max(x), 2.0, 0.0), (2.0, 1.0, 0.0));
    // With a plain number: the tie of a relu goes to the variable if it stands first.
    assert_eq!(slopes(|x, _| x.max(0.0), 0.0, 0.0).1, 1.0);
    assert_eq!(slopes(|x, _| max(0.0, x), 0.0, 0.0).1, 0.0);

    assert_eq!(slopes(|x, y| pow(x, y), 2.0, 3.0), (8.0, 12.0, 8.0 * 2f64.ln()));
    assert_eq!(slopes(|x, y| pow(x, y), 0.0, 2.0), (0.0, 0.0, 0.0));
    assert_eq!(slopes(|x, y| pow(x, y), 5.0, 0.0), (1.0, 0.0, 5f64.ln()));
    assert_eq!(slopes(|x, y| pow(x, y), 0.0, 0.0), (1.0, 0.0, f64::NEG_INFINITY));
    let (z, dx, dy) = slopes(|x, y| pow(x, y), -2.0, 3.0);
    assert_eq!((z, dx, dy.is_nan()), (-8.0, 12.0, true));
    assert_eq!(slopes(|x, _| x.pow(3.0), -2.0, 0.0), (-8.0, 12.0, 0.0));
}

#[test]
fn nan_goes_through_pow_max_and_min() {
    let nan = f64::NAN;
    let all: [OfTwo; 3] = [|x, y| x.pow(y), |x, y| x.max(y), |x, y| x.min(y)];
    for f in all {
        for (x, y) in [(nan, 1.0), (1.0, nan), (nan, 0.0), (nan, nan)] {
            let (z, dx, dy) = slopes(f, x, y);
            assert!(z.is_nan() && dx.is_nan() && dy.is_nan(), "{x} {y}: {z} {dx} {dy}");
        }
    }
    let tape = scalar::Tape::new();
    let (x, one) = (tape.var(nan), tape.var(1.0));
    for z in [x.max(0.0), max(0.0, x), x.min(0.0), x.pow(0.0), one.pow(nan), pow(nan, one * 0.0)] {
        assert!(z.value().is_nan());
    }
}

/// Plain numbers add no node and are shown.
#[test]
fn plain_operands_in_a_trace() {
    let tape = scalar::Tape::new();
    let x = tape.var(2.0);
    let z = pow(3.0, x).max(0.5).min(x);
    assert_eq!(tape.len(), 4);
    let trace = z.trace();
    let formulas: Vec<String> = (1..4).map(|k| trace.formula(k)).collect();
    assert_eq!(formulas, ["pow(3, #0)", "max(#1, 0.5)", "min(#2, #0)"]);
}

#[test]
fn matrices_are_broadcast() {
    let tape = tensor::Tape::new();
    let x = tape.var(Tensor::from_rows(&[[1.0, -2.0, 3.0], [0.5, 5.0, -1.0]]));
    let row = tape.var(Tensor::from_rows(&[[1.0, 2.0, 2.0]]));
    let z = x.max(row);
    assert_eq!(z.value().to_vec(), [1.0, 2.0, 3.0, 1.0, 5.0, 2.0]);
    let gradients = z.sum().backward();
    assert_eq!(gradients.wrt(x).to_vec(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    assert_eq!(gradients.wrt(row).to_vec(), [1.0, 1.0, 1.0]);
    let gradients = pow(2.0, row).sum().backward();
    let expected: Vec<f64> = [2.0, 4.0, 4.0].iter().map(|z| z * 2f64.ln()).collect();
    assert_eq!(gradients.wrt(row).to_vec(), expected);
    assert_eq!(x.max(0.0).value(), x.relu().value());
}
