//! Eighteen exercises. The body of each function is wrong: fix it, and leave its first line.
//!
//! `cargo run --example exercises` lists them. With `-- 3` at the end it runs the third and tells
//! what is wrong with it. A copy of it, as given, is tests/data/exercises/given.rs.
//!
//! A slope gets x and y = f(x) and may use either, as `Activation::df` does; the runner calls it
//! df(x, y). All numbers are `f64`: write 2.0, not 2.

#![allow(unused_variables)] // a slope needs one of x and y, rarely both
#![allow(dead_code)] // until 18 is written

use chainrule::activation::{Activation, Sigmoid};
use chainrule::tensor::Tensor;

/// An edge of a tape: the number of the input, and the local derivative.
type Edge = (usize, f64);

/// An operation for 18: `add`, `mul`, `sigmoid` or `ln`, and the numbers of its inputs.
type Operation = (&'static str, Vec<usize>);

/// 1: y = x². Return the local derivative dy/dx.
pub fn square_slope(x: f64, y: f64) -> f64 {
    x
}

/// 2: z = x·y. Return both local derivatives, [dz/dx, dz/dy].
pub fn product_slopes(x: f64, y: f64) -> [f64; 2] {
    [x, y]
}

/// 3: y = 1/x. Return dy/dx.
pub fn reciprocal_slope(x: f64, y: f64) -> f64 {
    y * y
}

/// 4: y = eˣ. Return dy/dx.
pub fn exp_slope(x: f64, y: f64) -> f64 {
    x * (x - 1.0).exp()
}

/// 5: y = ln x. Return dy/dx.
pub fn ln_slope(x: f64, y: f64) -> f64 {
    1.0 / y
}

/// 6: Add distributes: z = x + y, and `upstream` is dL/dz. Return [dL/dx, dL/dy].
pub fn add_back(upstream: f64) -> [f64; 2] {
    [upstream / 2.0, upstream / 2.0]
}

/// 7: Max routes: z = max(x, y), and `upstream` is dL/dz. Return [dL/dx, dL/dy]. Where x = y, let x
/// count as the larger one.
pub fn max_back(x: f64, y: f64, upstream: f64) -> [f64; 2] {
    [upstream, upstream]
}

/// 8: Accumulate: a node hands its gradient, `upstream`, back along its edges. Other nodes may have
/// handed something to `gradients[input]` before.
pub fn accumulate(gradients: &mut [f64], edges: &[Edge], upstream: f64) {
    for &(input, local) in edges {
        gradients[input] = local * upstream;
    }
}

/// 9: Reverse order: `tape[node]` has the edges of a node, and inputs come before what uses them.
/// Return the gradient of the last node with respect to each.
pub fn backward(tape: &[Vec<Edge>]) -> Vec<f64> {
    let mut gradients = vec![0.0; tape.len()];
    gradients[tape.len() - 1] = 1.0;
    let order = 0..tape.len();
    for node in order {
        for &(input, local) in &tape[node] {
            gradients[input] += local * gradients[node];
        }
    }
    gradients
}

/// 10: y = σ(x) = 1/(1 + e⁻ˣ). Return dy/dx, from the output y alone.
pub fn sigmoid_slope(x: f64, y: f64) -> f64 {
    x * (1.0 - x)
}

/// 11: One node and one example: z = Σ wᵢ xᵢ + b, a = σ(z), and the loss is the cross-entropy of a
/// and the label y. Return dL/dw, one entry for each of x.
pub fn dw_of_one(x: &[f64], a: f64, y: f64) -> Vec<f64> {
    x.iter().map(|x| (y - a) * x).collect()
}

/// 12: The same for m examples at once: X is (n, m), A and Y are (1, m), and the cost is the *mean*
/// of their losses. Return dw, (n, 1). (To divide a tensor t by a number m, write `&t / m`.)
pub fn dw(x: &Tensor, a: &Tensor, y: &Tensor) -> Tensor {
    let m = a.shape().1 as f64;
    let dz = a - y;
    x.matmul(&dz.t())
}

/// 13: And db, the derivative of the same cost with respect to b.
pub fn db(a: &Tensor, y: &Tensor) -> f64 {
    let m = a.shape().1 as f64;
    let dz = &(a - y) / m;
    dz.sum() / m
}

/// 14: Stable softplus: ln(1 + eˣ), with all its digits for every x.
pub fn softplus(x: f64) -> f64 {
    (1.0 + x.exp()).ln()
}

/// 15: Leaky relu: y = x for x > 0, and y = 0.01 x elsewhere. Return dy/dx; at the kink, x = 0, let
/// it be the slope of the left side.
pub fn leaky_relu_slope(x: f64, y: f64) -> f64 {
    if x > 0.0 { 1.0 } else { 0.0 }
}

/// 16: Find the bug: one step of gradient descent, for one example as in 11, with one feature.
/// Return [w, b] after it.
pub fn step(mut w: f64, mut b: f64, x: f64, y: f64, rate: f64) -> [f64; 2] {
    w -= rate * (Sigmoid.f(w * x + b) - y) * x;
    b -= rate * (Sigmoid.f(w * x + b) - y);
    [w, b]
}

/// 17: Find the bug: two nodes in a row, a = tanh(v x) and z = w a, with the loss L = (z − y)²/2.
/// Return [dL/dv, dL/dw].
pub fn two_layers(v: f64, w: f64, x: f64, y: f64) -> [f64; 2] {
    let a = (v * x).tanh();
    let dz = w * a - y;
    let dw = dz * a;
    let da = dz * w;
    let dv = da * a * (1.0 - a) * x;
    [dv, dw]
}

/// 18: The whole of it: a tape of your own. Nodes are numbered in the order in which they are recorded,
/// the inputs first; each operation adds one. Return the derivative of the last node with respect to
/// each input. The chain rule is missing: write the bodies of `record` and `backward`, and the local
/// derivatives.
pub fn own_tape(inputs: &[f64], operations: &[Operation]) -> Vec<f64> {
    #[derive(Default)]
    struct OwnTape {
        values: Vec<f64>,
        edges: Vec<Vec<Edge>>,
    }
    impl OwnTape {
        /// Adds a node with its edges.
        fn record(&mut self, value: f64, edges: &[Edge]) {
            self.values.push(value);
        }
        /// The derivative of the last node with respect to each node.
        fn backward(&self) -> Vec<f64> {
            vec![0.0; self.values.len()]
        }
    }
    let mut tape = OwnTape::default();
    for &value in inputs {
        tape.record(value, &[]);
    }
    for (name, of) in operations {
        let (x, y) = (tape.values[of[0]], tape.values[of[of.len() - 1]]);
        match *name {
            "add" => tape.record(x + y, &[]),
            "mul" => tape.record(x * y, &[]),
            "sigmoid" => tape.record(Sigmoid.f(x), &[]),
            _ => tape.record(x.ln(), &[]),
        }
    }
    tape.backward()[..inputs.len()].to_vec()
}
