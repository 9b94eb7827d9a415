//! Defects that published code really has, each with the truth. (See the design: wrong in
//! published code, found by running it.)

use crate::common::assert_close;
use chainrule::arithmetic::pow;
use chainrule::check::Comparison;
use chainrule::logistic::{closed_form, propagate};
use chainrule::scalar::Tape;
use chainrule::tensor::{self, Tensor};

#[test]
fn number_divided_by_var() {
    let tape = Tape::new();
    let z = tape.var(0.5);
    let a = 1.0 / (1.0 + (-z).exp());
    assert_close("dσ/dz at 0.5", a.backward().wrt(z), 0.235_003_712_201_594_5, 1e-15);
}

/// d(3ˣ)/dx = 3ˣ ln 3; as if it were x³, the slope at 2 would be 6.
#[test]
fn number_to_the_power_of_var() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    assert_close("d(3^x)/dx at 2", pow(3.0, x).backward().wrt(x), 9.887_510_598_012_987, 1e-15);
}

#[test]
fn slope_of_root_at_zero_is_infinite() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    assert_eq!(x.sqrt().backward().wrt(x), f64::INFINITY);
    // A node that the output does not use adds nothing, not 0·∞.
    let _unused = x.sqrt();
    let y = x + 1.0;
    assert_eq!(y.backward().wrt(x), 1.0);
}

#[test]
fn slope_of_ln_divides_by_the_input() {
    let tape = Tape::new();
    let x = tape.var(5.0);
    assert_eq!(x.ln().backward().wrt(x), 0.2);
}

/// micrograd's own example: x = 3, y = x·x + x·x… accumulated twice gave 36, and 44 for two losses.
#[test]
fn backward_twice_and_two_losses_on_one_tape() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let square = x * x;
    let (first, second) = (2.0 * square, square * x);
    assert_eq!(first.backward().wrt(x), 12.0);
    assert_eq!(first.backward().wrt(x), 12.0);
    assert_eq!(second.backward().wrt(x), 27.0);
    assert_eq!(first.backward().wrt(x), 12.0);
    let both = first.backward().wrt(x) + second.backward().wrt(x);
    assert_eq!((first + second).backward().wrt(x), both);
}

#[test]
fn a_chain_of_1100_additions() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    let mut y = x;
    for _ in 0..1100 {
        y = y + 1.0;
    }
    assert_eq!((y.value(), y.backward().wrt(x)), (1100.0, 1.0));
}

#[test]
fn cross_entropy_of_large_logits() {
    for (z, y, cost, dz) in [
        (37.0, 1.0, 8.533_047_625_744_066e-17, -8.533_047_625_744_065e-17),
        (-40.0, 1.0, 40.0, -1.0),
        (1e6, 0.0, 1e6, 1.0),
        (1e6, 1.0, 0.0, 0.0),
        (-1e6, 0.0, 0.0, 0.0),
    ] {
        let (w, x, y) = (Tensor::from(1.0), Tensor::from(z), Tensor::from(y));
        let (grads, got) = propagate(&w, 0.0, &x, &y).unwrap();
        assert_close("cost", got, cost, 1e-15);
        assert_close("dz", grads.db, dz, 1e-15);
    }
}

/// A "sigmoid" that is σ(2x) has the right derivative, of the wrong function: differences and
/// reverse mode agree with each other, and only an independent witness disagrees.
#[test]
fn the_right_derivative_of_the_wrong_function() {
    let (w, b) = (Tensor::new(1, 1, vec![0.3]), 0.1);
    let (x, y) = (Tensor::new(1, 2, vec![1.0, -2.0]), Tensor::new(1, 2, vec![1.0, 0.0]));
    let cost_of_wrong = |w: f64| {
        let tape = tensor::Tape::new();
        let w = tape.var(w.into());
        let a = ((w * tape.constant(x.clone()) + b).tanh() + 1.0) * 0.5; // σ(2z)
        let y = tape.constant(y.clone());
        let cost = -(y * a.ln() + (1.0 - y) * (1.0 - a).ln()).mean();
        (cost.value().get(0, 0), cost.backward().wrt(w).get(0, 0))
    };
    let slope = cost_of_wrong(0.3).1;
    let h = 1e-5;
    let difference = (cost_of_wrong(0.3 + h).0 - cost_of_wrong(0.3 - h).0) / (2.0 * h);
    assert_close("reverse mode against differences", slope, difference, 1e-8);

    let (by_hand, _) = closed_form::propagate(&w, b, &x, &y).unwrap();
    let scale = closed_form::scale(&w, b, &x, &y).unwrap();
    let mut comparison = Comparison::new(["reverse mode", "closed form"]);
    comparison.add("dw", [slope, by_hand.dw.get(0, 0)], scale.dw.get(0, 0));
    assert!(!comparison.agrees());
}

#[test]
fn sixty_doublings_take_linear_time() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let mut y = x;
    for _ in 0..60 {
        y = y + y;
    }
    assert_eq!(y.backward().wrt(x), 2f64.powi(60));
}

/// With abs′(0) = 0, a cross-entropy made of max and |z| has slope −y instead of σ(0) − y.
#[test]
fn cross_entropy_at_logit_zero() {
    for y in [0.0, 1.0] {
        let x = Tensor::from(1.0);
        let (grads, _) = propagate(&Tensor::zeros(1, 1), 0.0, &x, &Tensor::from(y)).unwrap();
        assert_eq!((grads.dw.get(0, 0), grads.db), (0.5 - y, 0.5 - y));
    }
}
