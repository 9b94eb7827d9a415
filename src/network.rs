//! Layers of nodes: define the architecture, run it forward, train it.
//!
//! ```
//! use chainrule::activation::{Sigmoid, Tanh};
//! use chainrule::network::{Network, cross_entropy};
//! use chainrule::tensor::Tensor;
//!
//! // XOR, one example per column.
//! let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
//! let y = Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]);
//! let mut network = Network::new(2).layer(4, Tanh).layer(1, Sigmoid).initialize(1);
//! network.train(&x, &y, cross_entropy, 500, 1.0, |_, _, _| ());
//! assert_eq!(network.predict(&x).map(f64::round), y);
//! ```

use crate::activation::Activation;
use crate::error::mistake;
use crate::random::Random;
use crate::tensor::{Tape, Tensor, Var};

/// Nodes side by side: `A = f(Wᵀ X + b)`.
pub struct Layer {
    /// W, (inputs, nodes): one column per node.
    pub weights: Tensor,
    /// b, (nodes, 1).
    pub bias: Tensor,
    /// f.
    pub activation: Box<dyn Activation>,
}

/// Layers, one after the other. Logistic regression is `Network::new(n).layer(1, Sigmoid)`.
pub struct Network {
    inputs: usize,
    /// The layers, the one next to the data first.
    pub layers: Vec<Layer>,
}

/// What the last layer computes: Z and A = f(Z), both (nodes, m).
#[derive(Clone, Copy, Debug)]
pub struct Output<'t> {
    /// Z = Wᵀ A₋₁ + b, the logits of a classifier.
    pub z: Var<'t>,
    /// A = f(Z).
    pub a: Var<'t>,
}

/// The gradient of the cost with respect to one layer's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerGrads {
    /// dW, of the shape of W.
    pub dw: Tensor,
    /// db, of the shape of b.
    pub db: Tensor,
}

impl Network {
    /// A network that takes columns of `inputs` features, without layers so far.
    pub fn new(inputs: usize) -> Network {
        Network { inputs, layers: vec![] }
    }

    /// The network with one more layer of `nodes` nodes, all weights zero.
    pub fn layer(mut self, nodes: usize, activation: impl Activation + 'static) -> Network {
        let inputs = self.layers.last().map_or(self.inputs, |layer| layer.weights.shape().1);
        self.layers.push(Layer {
            weights: Tensor::zeros(inputs, nodes),
            bias: Tensor::zeros(nodes, 1),
            activation: Box::new(activation),
        });
        self
    }

    /// The network with weights drawn evenly from ±√(6/(inputs + nodes)) of each layer (Glorot and
    /// Bengio 2010); the same seed gives the same weights everywhere. Where all weights of a hidden
    /// layer start at zero, all its nodes stay equal for ever.
    pub fn initialize(mut self, seed: u64) -> Network {
        let mut random = Random::new(seed);
        for layer in &mut self.layers {
            let (inputs, nodes) = layer.weights.shape();
            let bound = (6.0 / (inputs + nodes) as f64).sqrt();
            let weight = |_| bound * (2.0 * random.unit() - 1.0);
            layer.weights = Tensor::new(inputs, nodes, (0..inputs * nodes).map(weight).collect());
        }
        self
    }

    /// Records all weights and biases as variables, named `w`, `b` (one layer) or `w1`, `b1`, …
    #[track_caller]
    pub fn parameters<'t>(&self, tape: &'t Tape) -> Vec<(Var<'t>, Var<'t>)> {
        let mut parameters = Vec::with_capacity(self.layers.len());
        for (k, layer) in self.layers.iter().enumerate() {
            let (w, b) = (tape.var(layer.weights.clone()), tape.var(layer.bias.clone()));
            let number = if self.layers.len() == 1 { String::new() } else { (k + 1).to_string() };
            parameters.push((w.named(format!("w{number}")), b.named(format!("b{number}"))));
        }
        parameters
    }

    /// The forward pass for X (inputs, m), from recorded [`parameters`](Network::parameters).
    ///
    /// # Panics
    /// If the network has no layers, or X has another number of rows than the network inputs.
    #[track_caller]
    pub fn forward<'t>(&self, parameters: &[(Var<'t>, Var<'t>)], x: Var<'t>) -> Output<'t> {
        let mut output = Output { z: x, a: x };
        for (layer, &(w, b)) in self.layers.iter().zip(parameters) {
            let z = w.t().matmul(output.a) + b;
            output = Output { z, a: z.apply(&*layer.activation) };
        }
        if self.layers.is_empty() {
            mistake(
                "the network has no layers",
                &[],
                "without a layer there is nothing to compute",
                "add one, such as .layer(1, Sigmoid)",
            )
        }
        output
    }

    /// A = the last layer's output for X, without gradients.
    #[track_caller]
    pub fn predict(&self, x: &Tensor) -> Tensor {
        let tape = Tape::new();
        let parameters = self.parameters(&tape);
        self.forward(&parameters, tape.constant(x.clone())).a.value()
    }

    /// One forward and one backward pass: the gradients, layer by layer, and the cost.
    ///
    /// X is (inputs, m), Y (nodes of the last layer, m). `cost` makes one number of the output and
    /// Y: [`cross_entropy`], [`squared_error`], or a function of your own.
    ///
    /// # Panics
    /// If the network has no layers, or the shapes of X or Y do not fit it.
    #[track_caller]
    pub fn propagate<C>(&self, x: &Tensor, y: &Tensor, cost: C) -> (Vec<LayerGrads>, f64)
    where
        C: for<'t> Fn(Output<'t>, &Tensor) -> Var<'t>,
    {
        let tape = Tape::new();
        let parameters = self.parameters(&tape);
        let output = self.forward(&parameters, tape.constant(x.clone()).named("X"));
        if output.z.shape() != y.shape() {
            mistake(
                &format!("Y is {:?}, and the network gives {:?}", y.shape(), output.z.shape()),
                &[format!("X is {:?}", x.shape())],
                "the cost compares each output with its own label, one column per example",
                "give Y one row for each node of the last layer, and one column for each of X",
            )
        }
        let cost = cost(output, y).named("cost");
        let gradients = cost.backward();
        let mut grads = Vec::with_capacity(parameters.len());
        for (w, b) in parameters {
            grads.push(LayerGrads { dw: gradients.wrt(w), db: gradients.wrt(b) });
        }
        (grads, cost.value().get(0, 0))
    }

    /// One step of gradient descent: `w ← w − α dw`, `b ← b − α db`.
    pub fn step(&mut self, grads: &[LayerGrads], learning_rate: f64) {
        for (layer, LayerGrads { dw, db }) in self.layers.iter_mut().zip(grads) {
            layer.weights = &layer.weights - &(dw * learning_rate);
            layer.bias = &layer.bias - &(db * learning_rate);
        }
    }

    /// Gradient descent: `iterations` times [`propagate`](Network::propagate) and
    /// [`step`](Network::step). `report` is told each iteration, its gradients and its cost
    /// before the update.
    ///
    /// # Panics
    /// As [`propagate`](Network::propagate).
    #[track_caller]
    pub fn train<C>(
        &mut self,
        x: &Tensor,
        y: &Tensor,
        cost: C,
        iterations: usize,
        learning_rate: f64,
        mut report: impl FnMut(usize, &[LayerGrads], f64),
    ) where
        C: for<'t> Fn(Output<'t>, &Tensor) -> Var<'t>,
    {
        for iteration in 0..iterations {
            let (grads, cost) = self.propagate(x, y, &cost);
            report(iteration, &grads, cost);
            self.step(&grads, learning_rate);
        }
    }
}

/// Cross-entropy of sigmoid nodes, through the logits: the mean of `softplus((1 − 2y) z)`.
///
/// For labels 0 and 1 this equals `−[y ln a + (1−y) ln(1−a)]`, keeps its digits where that cancels,
/// and is finite wherever z is. Its slope comes out as (A − Y)/m.
#[track_caller]
pub fn cross_entropy<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    let signs = output.z.tape().constant(y.map(|y| 1.0 - 2.0 * y)).named("1 - 2Y");
    (signs * output.z).softplus().mean()
}

/// The mean of `(a − y)²`.
#[track_caller]
pub fn squared_error<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    let error = output.a - output.a.tape().constant(y.clone()).named("Y");
    (error * error).mean()
}
