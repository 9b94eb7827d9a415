//! What somebody else's crate can add, with the public API alone: an activation with a parameter,
//! an operation with three inputs, and one on matrices. Each is checked, and trained with.

use chainrule::activation::{self, Activation, Sigmoid, Tanh};
use chainrule::check::{self, Difference, Finding, Scalar};
use chainrule::network::{Network, cross_entropy, glorot, squared_error};
use chainrule::scalar;
use chainrule::tensor::{self, Local, Tensor};

/// `y = sin²(kx)/k + x`: the "snake" of Ziyin, Hartwig and Ueda (2020).
#[derive(Clone, Copy)]
struct Snake {
    k: f64,
}

impl Activation for Snake {
    fn name(&self) -> &'static str {
        "snake"
    }
    fn f(&self, x: f64) -> f64 {
        x + (self.k * x).sin().powi(2) / self.k
    }
    fn df(&self, x: f64, _y: f64) -> f64 {
        1.0 + (2.0 * self.k * x).sin()
    }
    fn parameter(&self) -> Option<f64> {
        Some(self.k)
    }
}

#[test]
fn an_activation_with_a_parameter() {
    let report = check::activation(&Snake { k: 0.7 });
    assert!(report.findings.is_empty(), "{report}");
    // In a formula …
    fn cost<S: Scalar>(p: &[S]) -> S {
        (p[0].apply(Snake { k: 0.7 }) * p[1]).sigmoid()
    }
    assert!(check::gradient!(cost, &[0.3, -1.2]).agrees());
    // … and in a network, which learns XOR with it.
    let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    let y = Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]);
    let mut network =
        Network::new(2).layer(4, Snake { k: 0.7 }).layer(1, Sigmoid).initialize(1, glorot);
    network.train(&x, &y, cross_entropy, 1000, 0.3, |_, _, _| ());
    assert_eq!(network.predict(&x).map(f64::round), y);
}

#[test]
fn a_wrong_activation_is_told_what_is_wrong() {
    struct Half(Snake);
    impl Activation for Half {
        fn name(&self) -> &'static str {
            "half"
        }
        fn f(&self, x: f64) -> f64 {
            self.0.f(x)
        }
        fn df(&self, x: f64, y: f64) -> f64 {
            self.0.df(x, y) - 1.0 // forgot the slope of x
        }
    }
    let report = check::activation(&Half(Snake { k: 0.7 }));
    let [Finding::MissingTerm { coefficient, of: "1" }] = report.findings[..] else {
        panic!("{report}")
    };
    assert!((coefficient - 1.0).abs() < 1e-6);
    assert!(report.to_string().ends_with("try: add 1 to it"), "{report}");
}

/// `r = √(x² + y² + z²)`; `dr/dx = x/r`, and so on.
fn length<'t>(inputs: [scalar::Var<'t>; 3]) -> scalar::Var<'t> {
    let r = inputs.iter().map(|x| x.value().powi(2)).sum::<f64>().sqrt();
    inputs[0].tape().record("length", r, inputs.map(|x| (x, x.value() / r)))
}

#[test]
fn an_operation_with_three_inputs() {
    let point = [2.0, 3.0, 6.0];
    let tape = scalar::Tape::new();
    let inputs = point.map(|x| tape.var(x));
    let r = length(inputs);
    let gradients = r.backward();
    for i in 0..3 {
        let moved = |t: f64| {
            let mut point = point;
            point[i] = t;
            point.iter().map(|x| x * x).sum::<f64>().sqrt()
        };
        assert!(Difference::of(moved, point[i]).unwrap().allows(gradients.wrt(inputs[i])));
    }
    // Gradient descent on (length − 1)² brings the point to the sphere, along its ray.
    let mut point = point;
    for _ in 0..100 {
        let tape = scalar::Tape::new();
        let inputs = point.map(|x| tape.var(x));
        let cost = (length(inputs) - 1.0).powi(2);
        let gradients = cost.backward();
        point = [0, 1, 2].map(|i| point[i] - 0.25 * gradients.wrt(inputs[i]));
    }
    let sphere = [2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0];
    assert!(point.iter().zip(sphere).all(|(x, s)| (x - s).abs() < 1e-12), "{point:?}");
}

/// The columns in reverse order; the gradient's columns are put back the same way.
fn reversed(x: &Tensor) -> Tensor {
    let (rows, columns) = x.shape();
    let entry = |k: usize| x.get(k / columns, columns - 1 - k % columns);
    Tensor::new(rows, columns, (0..rows * columns).map(entry).collect())
}

fn reverse<'t>(x: tensor::Var<'t>) -> tensor::Var<'t> {
    x.tape().record("reverse", reversed(&x.value()), [(x, Local::custom(reversed))])
}

#[test]
fn an_operation_on_matrices() {
    // Which x has x·M, read backwards, equal to the target?
    let m = Tensor::from_rows(&[[2.0, 1.0], [1.0, 3.0]]);
    let target = Tensor::from_rows(&[[5.0, 4.0]]);
    let cost = |x: &Tensor| {
        let tape = tensor::Tape::new();
        let x = tape.var(x.clone());
        let miss = reverse(x.matmul(tape.constant(m.clone()))) - tape.constant(target.clone());
        let cost = (miss * miss).mean();
        (cost.value().get(0, 0), cost.backward().wrt(x))
    };
    let mut x = Tensor::from_rows(&[[0.3, -0.2]]);
    let (_, gradient) = cost(&x);
    let along_first = |t: f64| cost(&Tensor::from_rows(&[[t, -0.2]])).0;
    assert!(Difference::of(along_first, 0.3).unwrap().allows(gradient.get(0, 0)));
    for _ in 0..500 {
        x = &x - &(&cost(&x).1 * 0.1);
    }
    // x M = (4, 5), so x = (7, 6)/5.
    assert!((x.get(0, 0) - 1.4).abs() < 1e-12 && (x.get(0, 1) - 1.2).abs() < 1e-12, "{x}");
}

/// Matrices may be added as they are or by reference, and what a person holds can be kept and shown.
#[test]
fn operands_and_copies() {
    let (x, y) = (Tensor::from_rows(&[[1.0, 2.0]]), Tensor::from_rows(&[[3.0, 5.0]]));
    let sum = Tensor::from_rows(&[[4.0, 7.0]]);
    assert_eq!(
        [&x + &y, &x + y.clone(), x.clone() + &y, x.clone() + y.clone()],
        [&sum; 4].map(Tensor::clone)
    );
    assert_eq!([2.0 - x.clone(), -(x.clone() - 2.0), -&(&x - 2.0)], [2.0 - &x, 2.0 - &x, 2.0 - &x]);

    // What is on a tape is shown as it would be elsewhere.
    let (numbers, matrices) = (scalar::Tape::new(), tensor::Tape::new());
    assert_eq!(format!("{} {:.3}", numbers.var(1.5), numbers.var(2.0) / 3.0), "1.5 0.667");
    assert_eq!(matrices.var(x.clone()).to_string(), x.to_string());

    let network = Network::new(2).layer(3, Tanh).layer(1, Sigmoid).initialize(1, glorot);
    let mut other = network.clone();
    other.layers[0].bias = Tensor::filled(3, 1, 1.0);
    assert_eq!(network.layers[0].bias, Tensor::zeros(3, 1));
    let shown = format!("{:?}", network.layers);
    assert_eq!(shown, "[Layer(2 inputs, 3 nodes, tanh), Layer(3 inputs, 1 nodes, sigmoid)]");
    fn can_go_to_a_thread(_: impl Send + Sync) {}
    can_go_to_a_thread(activation::all());
}

/// The names inside of the macro are not in the way of the learner's own.
#[test]
fn wide_registers_for_a_function_of_ones_own() {
    fn plain(x: &[f64]) -> f64 {
        x.len() as f64
    }
    fn wide(x: &[f64]) -> f64 {
        x.iter().sum()
    }
    chainrule::widest! {
        fn both(x: &[f64]) -> f64 {
            plain(x) + wide(x)
        }
    }
    assert_eq!(both(&[1.0, 2.0]), 5.0);
}

/// A cost of one's own, on the output of a network.
#[test]
fn a_cost_of_ones_own() {
    fn fourth<'t>(output: chainrule::network::Output<'t>, y: &Tensor) -> tensor::Var<'t> {
        let error = output.a() - output.z.tape().constant(y.clone());
        error * error * error * error
    }
    let (x, y) = (Tensor::from_rows(&[[-1.0, 0.0, 1.0]]), Tensor::from_rows(&[[0.2, 0.5, 0.8]]));
    let mut network = Network::new(1).layer(1, Sigmoid);
    let (_, before) = network.propagate(&x, &y, fourth);
    network.train(&x, &y, fourth, 300, 2.0, |_, _, _| ());
    let (_, after) = network.propagate(&x, &y, fourth);
    assert!(after < 0.1 * before, "{before} {after}");
    let (_, squared) = network.propagate(&x, &y, squared_error);
    assert!(squared < 0.01);
}
