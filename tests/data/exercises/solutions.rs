//! The answers to the exercises, and why: what `-- N answer` prints.

#![allow(unused_variables)]

use chainrule::activation::{Activation, Sigmoid};
use chainrule::tensor::Tensor;

type Edge = (usize, f64);

type Operation = (&'static str, Vec<usize>);

/// (x + h)² = x² + 2xh + h². Without x², and divided by h: 2x + h, and h goes
/// to 0. It is also the product x·x: each of the two factors contributes x.
pub fn square_slope(x: f64, y: f64) -> f64 {
    2.0 * x
}

/// If x moves by 1, x·y moves by y: each factor's slope is the other factor.
/// Mul swaps.
pub fn product_slopes(x: f64, y: f64) -> [f64; 2] {
    [y, x]
}

/// 1/x falls on both sides of 0, so its slope is negative: −1/x², and 1/x is y.
pub fn reciprocal_slope(x: f64, y: f64) -> f64 {
    -y * y
}

/// The rule n xⁿ⁻¹ is for powers of x. With x in the exponent, the function is
/// its own slope; and y is known already.
pub fn exp_slope(x: f64, y: f64) -> f64 {
    y
}

/// ln undoes exp: x = eʸ, so dx/dy = eʸ = x, and dy/dx is one over that. The
/// input is the denominator, not the output.
pub fn ln_slope(x: f64, y: f64) -> f64 {
    1.0 / x
}

/// dz/dx = 1 and dz/dy = 1. Each gets all of it: a gradient is a slope, and is
/// not shared out.
pub fn add_back(upstream: f64) -> [f64; 2] {
    [upstream, upstream]
}

/// z is the larger one, with slope 1. To move the smaller one a little does not
/// move z: slope 0.
pub fn max_back(x: f64, y: f64, upstream: f64) -> [f64; 2] {
    if x >= y { [upstream, 0.0] } else { [0.0, upstream] }
}

/// What is used twice affects the result along two paths, and both count. `=`
/// forgets all but the last.
pub fn accumulate(gradients: &mut [f64], edges: &[Edge], upstream: f64) {
    for &(input, local) in edges {
        gradients[input] += local * upstream;
    }
}

/// A node may hand its gradient on only when it is complete, that is after all
/// that use it. Those come after it on the tape.
pub fn backward(tape: &[Vec<Edge>]) -> Vec<f64> {
    let mut gradients = vec![0.0; tape.len()];
    gradients[tape.len() - 1] = 1.0;
    let order = (0..tape.len()).rev();
    for node in order {
        for &(input, local) in &tape[node] {
            gradients[input] += local * gradients[node];
        }
    }
    gradients
}

/// e⁻ˣ/(1 + e⁻ˣ)² is the product of σ = 1/(1 + e⁻ˣ) and 1 − σ = e⁻ˣ/(1 + e⁻ˣ).
/// From y alone that is all one can do; σ(x) σ(−x) is the same and keeps its
/// digits where y is nearly 1.
pub fn sigmoid_slope(x: f64, y: f64) -> f64 {
    y * (1.0 - y)
}

/// dL/dz = a − y, for the slope of the sigmoid cancels that of the loss; and
/// dz/dwᵢ = xᵢ. An answer that is too high, a > y, has a positive slope: the
/// step against it lowers z.
pub fn dw_of_one(x: &[f64], a: f64, y: f64) -> Vec<f64> {
    x.iter().map(|x| (a - y) * x).collect()
}

/// The matrix product adds up over the examples, and a mean is a sum divided by
/// m. To divide the sum, at the end, is as good.
pub fn dw(x: &Tensor, a: &Tensor, y: &Tensor) -> Tensor {
    let m = a.shape().1 as f64;
    let dz = &(a - y) / m;
    x.matmul(&dz.t())
}

/// dz has its 1/m already. Each dz/db is 1, so that only the sum is left.
pub fn db(a: &Tensor, y: &Tensor) -> f64 {
    let m = a.shape().1 as f64;
    let dz = &(a - y) / m;
    dz.sum()
}

/// 1 + eˣ = eˣ (1 + e⁻ˣ), so for x > 0 the logarithm is x + ln(1 + e⁻ˣ). In
/// both cases the exponential is of −|x|: it cannot overflow, and ln_1p keeps
/// it where 1 + e⁻|x| rounds to 1.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 0 on the left would be relu: where x < 0, nothing at all is handed back.
pub fn leaky_relu_slope(x: f64, y: f64) -> f64 {
    if x > 0.0 { 1.0 } else { 0.01 }
}

/// As given, db was taken at the new w: of another point than dw. A gradient is
/// taken first, all of it at one point; then all parameters move.
pub fn step(mut w: f64, mut b: f64, x: f64, y: f64, rate: f64) -> [f64; 2] {
    let dz = Sigmoid.f(w * x + b) - y;
    w -= rate * dz * x;
    b -= rate * dz;
    [w, b]
}

/// a (1 − a) is the slope of the sigmoid, that of tanh is 1 − a². For a < 0
/// even the sign was wrong.
pub fn two_layers(v: f64, w: f64, x: f64, y: f64) -> [f64; 2] {
    let a = (v * x).tanh();
    let dz = w * a - y;
    let dw = dz * a;
    let da = dz * w;
    let dv = da * (1.0 - a * a) * x;
    [dv, dw]
}

/// An operation records its value and, for each input, the local derivative.
/// Going from the last node to the first, a gradient is complete when it is
/// passed on: times the local derivative, and added to what is there.
pub fn own_tape(inputs: &[f64], operations: &[Operation]) -> Vec<f64> {
    #[derive(Default)]
    struct OwnTape {
        values: Vec<f64>,
        edges: Vec<Vec<Edge>>,
    }
    impl OwnTape {
        fn record(&mut self, value: f64, edges: &[Edge]) {
            self.values.push(value);
            self.edges.push(edges.to_vec());
        }
        fn backward(&self) -> Vec<f64> {
            let mut gradients = vec![0.0; self.values.len()];
            let last = self.values.len() - 1;
            gradients[last] = 1.0;
            for node in (0..=last).rev() {
                for &(input, local) in &self.edges[node] {
                    gradients[input] += local * gradients[node];
                }
            }
            gradients
        }
    }
    let mut tape = OwnTape::default();
    for &value in inputs {
        tape.record(value, &[]);
    }
    for (name, of) in operations {
        let (i, j) = (of[0], of[of.len() - 1]);
        let (x, y) = (tape.values[i], tape.values[j]);
        match *name {
            "add" => tape.record(x + y, &[(i, 1.0), (j, 1.0)]),
            "mul" => tape.record(x * y, &[(i, y), (j, x)]),
            "sigmoid" => tape.record(Sigmoid.f(x), &[(i, Sigmoid.df(x, y))]),
            _ => tape.record(x.ln(), &[(i, 1.0 / x)]),
        }
    }
    tape.backward()[..inputs.len()].to_vec()
}
