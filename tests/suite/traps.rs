//! The traps of automatic differentiation, one by one.

use crate::common::{assert_close, panic_of};
use chainrule::activation;
use chainrule::logistic::{self, Options, propagate};
use chainrule::scalar::Tape;
use chainrule::tensor::{self, Local, Tensor};

/// Holds a message against the form that all share, and says that it names this file.
#[track_caller]
fn assert_teaches(message: &str, what: &str) {
    assert!(message.starts_with(what), "{message}");
    for part in ["\n  --> tests/suite/traps.rs:", "\n why: ", "\n try: "] {
        assert!(message.contains(part), "{part:?} is missing in:\n{message}");
    }
}

#[test]
fn a_node_used_twice() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    assert_eq!((x * x).backward().wrt(x), 6.0);
    assert_eq!((x + x).backward().wrt(x), 2.0);
    assert_eq!((x - x).backward().wrt(x), 0.0);
    assert_eq!((x / x).backward().wrt(x), 0.0);
}

#[test]
fn a_variable_that_the_output_does_not_use() {
    let tape = Tape::new();
    let (x, y) = (tape.var(3.0), tape.var(4.0));
    let gradients = (x * 2.0).backward();
    let later = tape.var(5.0);
    assert_eq!((gradients.wrt(y), gradients.wrt(later)), (0.0, 0.0));

    let tape = tensor::Tape::new();
    let (x, y) = (tape.var(Tensor::zeros(2, 3)), tape.var(Tensor::zeros(4, 1)));
    assert_eq!(x.sum().backward().wrt(y), Tensor::zeros(4, 1));
}

#[test]
fn a_constant_output() {
    let tape = Tape::new();
    let (x, c) = (tape.var(2.0), tape.constant(3.0));
    let y = c * c;
    let gradients = y.backward();
    assert_eq!((gradients.wrt(x), gradients.wrt(c)), (0.0, 0.0));
    let trace = y.trace();
    assert!(!trace.nodes.iter().any(|node| node.operation.name == "mul" && node.varies));
}

/// A constant costs no backward work: its local derivative is not even called.
#[test]
fn constants_are_skipped() {
    let tape = tensor::Tape::new();
    let (x, c) = (tape.var(Tensor::from(2.0)), tape.constant(Tensor::from(3.0)));
    let value = Tensor::from(6.0);
    let never = Local::custom(|_| panic!("a constant was served"));
    let y = tape.record("mine", value, [(x, Local::Scale(3.0)), (c, never)]);
    assert_eq!(y.backward().wrt(x).to_vec(), [3.0]);
}

#[test]
fn roots_absolute_values_and_logarithms_at_zero() {
    let tape = Tape::new();
    let zero = tape.var(0.0);
    let slope = |y: chainrule::scalar::Var<'_>| y.backward().wrt(zero);
    assert_eq!(slope(zero.sqrt()), f64::INFINITY);
    assert_eq!(slope(zero.abs()), 0.0);
    assert_eq!(slope(zero.relu()), 0.0);
    assert_eq!(slope(zero.leaky_relu(0.01)), 0.01);
    assert_eq!((zero.ln().value(), slope(zero.ln())), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((zero.powf(0.0).value(), slope(zero.powf(0.0))), (1.0, 0.0));
    assert_eq!(slope(zero.powf(1.0)), 1.0);
    assert_eq!(slope(zero.powi(2)), 0.0);
    // 0·∞ has no value, and is not hidden.
    assert!(slope(zero.sqrt() * zero).is_nan());
}

#[test]
fn sigmoid_far_out() {
    for (z, a, slope) in [
        (37.0, 1.0, 8.533_047_625_744_065e-17),
        (-37.0, 8.533_047_625_744_065e-17, 8.533_047_625_744_065e-17),
        (710.0, 1.0, 4.476_286_225_675_13e-309),
        (-710.0, 4.476_286_225_675_13e-309, 4.476_286_225_675_13e-309),
        (746.0, 1.0, 0.0),
        (-746.0, 0.0, 0.0),
    ] {
        let tape = Tape::new();
        let x = tape.var(z);
        let y = x.sigmoid();
        assert_close("σ", y.value(), a, 1e-14);
        assert_close("σ′", y.backward().wrt(x), slope, 1e-14);
    }
}

#[test]
fn nan_goes_through_everything() {
    for f in activation::all() {
        let (y, slope) = f.f_df(f64::NAN);
        assert!(y.is_nan() && slope.is_nan(), "{} hides a NaN", f.name());
        assert!(f.f(f64::NAN).is_nan() && f.df(f64::NAN, f64::NAN).is_nan(), "{}", f.name());
        assert!(!f.domain(f64::NAN), "{}", f.name());
    }
    let tape = Tape::new();
    let (x, y) = (tape.var(f64::NAN), tape.var(1.0));
    for z in [x + y, y - x, x * 0.0, y / x, -x, tape.sum([y, x]), tape.dot(&[y], &[f64::NAN])] {
        assert!(z.value().is_nan());
    }
    assert!(
        x.powi(0).value().is_nan() && Tensor::from(f64::NAN).matmul(&0.0.into()).get(0, 0).is_nan()
    );
}

#[test]
fn nan_weights_predict_nan_and_not_a_class() {
    let (w, x) = (Tensor::new(1, 1, vec![f64::NAN]), Tensor::new(1, 1, vec![1.0]));
    assert!(logistic::predict(&w, 0.0, &x).unwrap().get(0, 0).is_nan());
    let (grads, cost) = propagate(&w, 0.0, &x, &Tensor::from(1.0)).unwrap();
    assert!(cost.is_nan() && grads.db.is_nan());
}

#[test]
fn a_var_of_another_tape() {
    let message = panic_of(|| {
        let (one, other) = (Tape::new(), Tape::new());
        let _ = one.var(1.0) + other.var(2.0);
    });
    assert_teaches(&message, "an input of `add` belongs to another tape");
    let message = panic_of(|| {
        let (one, other) = (Tape::new(), Tape::new());
        one.var(1.0).backward().wrt(other.var(1.0));
    });
    assert_teaches(&message, "these gradients belong to another tape");
}

/// Without a variable there is no tape to record on; on plain numbers f64 has these functions.
#[test]
fn two_plain_numbers() {
    let message = panic_of(|| {
        let _: chainrule::scalar::Var<'_> = chainrule::arithmetic::pow(2.0, 3.0);
    });
    assert_teaches(&message, "`pow` of two plain numbers has no tape to be recorded on");
}

#[test]
fn a_refused_operation_leaves_the_tape_as_it_was() {
    let (one, other) = (Tape::new(), Tape::new());
    let (x, y) = (one.var(3.0), other.var(2.0));
    let refused = std::panic::AssertUnwindSafe(|| {
        let _ = x * y;
    });
    panic_of(refused);
    assert_eq!((x * x).backward().wrt(x), 6.0);
}

#[test]
fn gradients_kept_across_clear() {
    let message = panic_of(|| {
        let mut tape = Tape::new();
        let gradients = tape.var(1.0).backward();
        tape.clear();
        gradients.wrt(tape.var(1.0));
    });
    assert_teaches(&message, "these gradients belong to another tape, or the tape was cleared");
}

#[test]
fn a_cleared_tape_is_as_good_as_new() {
    let mut tape = Tape::new();
    for round in 1..4 {
        tape.clear();
        assert!(tape.is_empty());
        let x = tape.var(round as f64).named("x");
        let y = x * x * 2.0;
        assert_eq!(y.backward().wrt(x), 4.0 * round as f64);
        assert_eq!((y.trace().nodes.len(), tape.len()), (3, 3));
        assert_eq!(y.trace().formula(2), "mul(#1, 2)");
    }
}

#[test]
fn backward_from_more_than_one_number() {
    let message = panic_of(|| {
        let tape = tensor::Tape::new();
        tape.var(Tensor::zeros(2, 3)).backward();
    });
    assert_teaches(&message, "backward must start from a single number, not from (2, 3)");
}

#[test]
fn shapes_that_do_not_fit() {
    let message = panic_of(|| {
        let tape = tensor::Tape::new();
        tape.var(Tensor::zeros(2, 1)).matmul(tape.var(Tensor::zeros(2, 3)));
    });
    assert_teaches(&message, "matmul shapes do not chain: (2, 1) x (2, 3)");
    let message = panic_of(|| {
        let tape = tensor::Tape::new();
        let _ = tape.var(Tensor::zeros(1, 3)) - tape.var(Tensor::zeros(3, 1));
    });
    assert_teaches(&message, "shapes do not fit entry by entry: (1, 3) with (3, 1)");
    let message = panic_of(|| drop(Tensor::new(2, 2, vec![1.0])));
    assert_teaches(&message, "1 entries do not fill a (2, 2) matrix");
    let message = panic_of(|| {
        let tape = Tape::new();
        tape.dot(&[tape.var(1.0)], &[1.0, 2.0]);
    });
    assert_teaches(&message, "dot needs as many weights as inputs");
}

/// A gradient has the shape of its value; a local derivative that breaks this is named, with the
/// line that recorded it.
#[test]
fn a_custom_local_derivative_of_the_wrong_shape() {
    let line = line!() + 5;
    let message = panic_of(|| {
        let tape = tensor::Tape::new();
        let x = tape.var(Tensor::zeros(2, 1));
        let forgot_to_transpose = Local::custom(|_| Tensor::zeros(1, 2));
        tape.record("mine", Tensor::from(0.0), [(x, forgot_to_transpose)]).backward();
    });
    assert_teaches(&message, "a local derivative of `mine` gave (1, 2), its input is (2, 1)");
    assert!(message.contains(&format!("traps.rs:{line}:")), "{message}");
}

#[test]
fn an_iterator_of_edges_that_itself_records() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let edges = (0..5).map(|k| {
        let scaled = x * k as f64;
        (scaled, 1.0)
    });
    let y = tape.record("sum", 20.0, edges);
    assert_eq!(y.backward().wrt(x), 10.0);
    assert_eq!(y.index(), 6);
}

#[test]
fn sides_of_length_zero() {
    let empty = Tensor::zeros(2, 0);
    assert_eq!((empty.sum(), empty.t().shape(), empty.to_vec()), (0.0, (0, 2), vec![]));
    assert_eq!(empty.matmul(&Tensor::zeros(0, 3)), Tensor::zeros(2, 3));
    assert_eq!(Tensor::zeros(0, 3).columns(3..3).to_vec(), []);
    assert_eq!(Tensor::new(0, 3, vec![]).columns(2..2).map(f64::exp).shape(), (0, 0));
    assert_eq!(Tensor::new(0, 3, vec![]).sum_rows(), Tensor::zeros(1, 3));
    assert_eq!(Tensor::new(3, 0, vec![]).t().matmul(&Tensor::zeros(3, 2)).shape(), (0, 2));
    let none = Tensor::new(0, 3, vec![]).t();
    assert_eq!(Tensor::zeros(2, 3).matmul(&none).shape(), (2, 0));
    assert_eq!(empty.to_string(), "[[]\n []] (2 x 0)");
    let tape = tensor::Tape::new();
    let x = tape.var(empty);
    let gradients = (x * 2.0 + 1.0).sum().backward();
    assert_eq!(gradients.wrt(x).shape(), (2, 0));
    assert!(x.mean().value().get(0, 0).is_nan());
    let tape = Tape::new();
    assert_eq!(tape.dot::<f64>(&[], &[]).value(), 0.0);
    assert_eq!(tape.sum([] as [chainrule::scalar::Var<'_>; 0]).value(), 0.0);
}

#[test]
fn one_example_one_feature_and_labels_all_the_same() {
    let one = Tensor::from(1.0);
    let options = Options { num_iterations: 50, ..Options::default() };
    for label in [0.0, 1.0] {
        let y = Tensor::from(label);
        let fit = logistic::model(&one, &y, &one, &y, &options).unwrap();
        assert_eq!((fit.train_accuracy, fit.test_accuracy), (100.0, 100.0));
        let x = Tensor::from_rows(&[[1.0, 2.0, 3.0]]);
        let fit = logistic::model(&x, &Tensor::filled(1, 3, label), &one, &y, &options).unwrap();
        assert_eq!(fit.train_accuracy, 100.0);
    }
    // No features: the bias alone is left.
    let (x, y) = (Tensor::zeros(0, 4), Tensor::new(1, 4, vec![0.0, 1.0, 1.0, 1.0]));
    let (grads, _) = propagate(&Tensor::zeros(0, 1), 0.0, &x, &y).unwrap();
    assert_eq!((grads.dw.shape(), grads.db), ((0, 1), -0.25));
}

/// The weights grow without end; the cost falls, and everything stays finite.
#[test]
fn separable_data() {
    let x = Tensor::from_rows(&[[-2.0, -1.0, 1.0, 2.0]]);
    let y = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0]]);
    let options = Options { num_iterations: 5000, learning_rate: 100.0, ..Options::default() };
    let (w, b) = logistic::initialize_with_zeros(1);
    let fit = logistic::optimize(w, b, &x, &y, &options).unwrap();
    assert!(fit.costs.is_sorted_by(|earlier, later| earlier >= later));
    assert!(fit.costs.iter().all(|cost| cost.is_finite()) && fit.w.get(0, 0).is_finite());
}
