//! An operation of one's own is never explained with the crate's rule of the same name.

use chainrule::activation::{Activation, Sigmoid, Tanh};
use chainrule::scalar::{Tape, Var};
use chainrule::tape::Operation;
use chainrule::trace::Trace;
use chainrule::view::{self, stepper::Answer, stepper::Session};

/// A function of the learner's own that has a name of the crate's, and a mistake.
struct MyTanh;
impl Activation for MyTanh {
    fn name(&self) -> &'static str {
        "tanh"
    }
    fn f(&self, x: f64) -> f64 {
        x.tanh()
    }
    fn df(&self, _x: f64, y: f64) -> f64 {
        1.0 - y
    }
    fn slope(&self) -> Option<&'static str> {
        Some("1 - y")
    }
}

fn slopes(trace: &Trace) -> Vec<String> {
    trace.steps().map(|step| trace.slope(step).unwrap_or_default()).collect()
}

/// What the stepper answers to "why" at the first step back.
fn why(trace: &Trace) -> String {
    let mut session = Session::new(trace);
    session.answer("b"); // to the seed
    session.answer("n");
    let Answer::Words(words) = session.answer("w") else { panic!() };
    words
}

#[test]
fn a_tanh_of_ones_own() {
    let tape = Tape::new();
    let x = tape.var(0.5).named("x");
    let (mine, theirs) = (x.apply(MyTanh).named("y"), x.apply(Tanh).named("y"));
    let behind: [Box<dyn Activation>; 2] = [Box::new(MyTanh), Box::new(Tanh)];
    // One line and one name, and still two rules.
    let dynamic: Vec<Var<'_>> = behind.iter().map(|f| x.apply(f).named("y")).collect();
    for (y, slope, ours) in [
        (mine, "1 - y", false),
        (dynamic[0], "1 - y", false),
        (theirs, "1 - y²", true),
        (dynamic[1], "1 - y²", true),
    ] {
        let trace = y.trace();
        assert_eq!(slopes(&trace), [slope]);
        let (last, rule) = (trace.nodes.last().unwrap(), ours.then_some("tanh"));
        assert_eq!((last.operation.name, last.operation.rule()), ("tanh", rule));
        // The page computes anew what it has a rule for.
        assert!(view::json(&trace).contains(&format!(r#""op":"tanh","ours":{ours}"#)));
    }
}

#[test]
fn a_product_of_ones_own() {
    let tape = Tape::new();
    let (x, y) = (tape.var(3.0).named("x"), tape.var(4.0).named("y"));
    let mine = tape.record("mul", 7.0, [(x, 1.0), (y, 1.0)]).trace();
    assert_eq!(slopes(&mine), ["", ""]);
    assert!(!why(&mine).contains("Multiplication") && why(&(x * y).trace()).contains("Multipl"));
    let named = Operation::new("mul", ["1", "1"]);
    assert_eq!(slopes(&tape.record(named, 7.0, [(x, 1.0), (y, 1.0)]).trace()), ["1", "1"]);
    assert_eq!(slopes(&x.pow(y).trace()), ["y x^(y - 1)", "#5 ln x"]);
}

/// Neither where a number is not finite.
#[test]
fn a_logarithm_of_ones_own() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    let why = |y: Var<'_>| y.trace().first_non_finite().unwrap().why;
    assert!(why(x.ln()).starts_with("ln x falls"));
    assert!(
        why(tape.record("ln", f64::NEG_INFINITY, [(x, 1.0)])).starts_with("the result is larger")
    );
    assert!(why((x - 800.0).apply(Sigmoid).ln()).starts_with("sigmoid rounds"));
    assert!(why((x - 1.0).sqrt()).starts_with("the function is not defined"));
    assert!(why((x - 1.0).powf(0.5)).starts_with("the function is not defined"));
}
