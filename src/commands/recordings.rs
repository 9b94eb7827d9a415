//! What there is to step through and to explore.

use chainrule::scalar::{Tape, Var};
use chainrule::tensor::{self, Tensor};
use chainrule::trace::Trace;

/// One neuron and its loss, for one example with label 1.
pub fn neuron() -> Trace {
    let tape = Tape::new();
    let a = activation(&tape);
    let loss = (-a.ln()).named("L");
    loss.trace()
}

/// The same neuron, with its loss for a label y as in the post: L = −(y ln a + (1 − y) ln(1 − a)).
pub fn neuron_as_posted() -> Trace {
    let tape = Tape::new();
    let a = activation(&tape);
    let y = tape.constant(1.0).named("y");
    let loss = (-(y * a.ln() + (1.0 - y) * (1.0 - a).ln())).named("L");
    loss.trace()
}

/// a = σ(w1 x1 + w2 x2 + b).
fn activation(tape: &Tape) -> Var<'_> {
    let w1 = tape.var(1.0).named("w1");
    let w2 = tape.var(-2.0).named("w2");
    let b = tape.var(0.5).named("b");
    let x1 = tape.constant(2.0).named("x1");
    let x2 = tape.constant(0.5).named("x2");
    let z = (w1 * x1 + w2 * x2 + b).named("z");
    z.sigmoid().named("a")
}

/// A node with two weights for three examples, one per column of X.
pub fn batch() -> Trace {
    let tape = tensor::Tape::new();
    let w = tape.var(Tensor::new(2, 1, vec![1.0, 2.0])).named("w");
    let b = tape.var(1.5.into()).named("b");
    let x = tape.constant(Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]])).named("X");
    let signs = tape.constant(Tensor::new(1, 3, vec![-1.0, -1.0, 1.0])).named("(1-2Y)");
    let z = (w.t().matmul(x) + b).named("Z");
    let cost = (signs * z).softplus().mean().named("cost");
    cost.trace()
}
