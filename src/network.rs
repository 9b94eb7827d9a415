//! Layers of nodes: define the architecture, run it forward, train it.
//!
//! Taught in `docs/07_architecture.md`, `docs/16_two_layers.md`, `docs/17_symmetry.md`.
//!
//! ```
//! use chainrule::activation::{Sigmoid, Tanh};
//! use chainrule::network::{Network, cross_entropy, glorot};
//! use chainrule::tensor::Tensor;
//!
//! // XOR, one example per column.
//! let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
//! let y = Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]);
//! let mut network = Network::new(2).layer(4, Tanh).layer(1, Sigmoid).initialize(1, glorot);
//! network.train(&x, &y, cross_entropy, 500, 1.0, |_, _, _| ());
//! assert_eq!(network.predict(&x).map(f64::round), y);
//! ```

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::{panic, thread};

use crate::activation::{Activation, Identity, Sigmoid};
use crate::error::{mistake, mistake_at};
use crate::random::Random;
use crate::tape::{Value, foreign_input};
use crate::tensor::{Tape, Tensor, Var};

/// What gives the loss of each example.
pub(crate) type Loss<'l> = dyn for<'t> Fn(Output<'t>, &Tensor) -> Var<'t> + Sync + 'l;

/// Nodes side by side: `A = f(Wᵀ X + b)`.
#[derive(Clone)]
pub struct Layer {
    /// W, (inputs, nodes): one column per node.
    pub weights: Tensor,
    /// b, (nodes, 1).
    pub bias: Tensor,
    /// f.
    pub activation: Arc<dyn Activation + Send + Sync>,
}

/// Layers, one after the other. Logistic regression is `Network::new(n).layer(1, Sigmoid)`.
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) inputs: usize,
    /// The layers, the one next to the data first.
    pub layers: Vec<Layer>,
    /// How many threads [`propagate`](Network::propagate) and [`train`](Network::train) use, up to
    /// 256; `None`: all cores, where it pays. Every number gives the same bits.
    pub threads: Option<usize>,
}

/// What the last layer computes: Z, and A = f(Z) for those who ask.
#[derive(Clone, Copy)]
pub struct Output<'t> {
    /// Z = Wᵀ A₋₁ + b, (nodes, m): the logits of a classifier.
    pub z: Var<'t>,
    activation: &'t dyn Activation,
    /// The learner's line, for what a loss has to complain about.
    at: &'static Location<'static>,
}

impl<'t> Output<'t> {
    /// A = f(Z), (nodes, m). It is recorded by this call: a loss that goes through the logits does
    /// without.
    #[track_caller]
    pub fn a(self) -> Var<'t> {
        self.z.apply(self.activation)
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inputs, nodes) = self.weights.shape();
        write!(f, "Layer({inputs} inputs, {nodes} nodes, {})", self.activation.name())
    }
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
        Network { inputs, layers: vec![], threads: None }
    }

    /// The network with one more layer of `nodes` nodes, all weights zero.
    ///
    /// # Panics
    /// If the weights would be more than [`Tensor::MOST`].
    #[track_caller]
    pub fn layer<A>(mut self, nodes: usize, activation: A) -> Network
    where
        A: Activation + Send + Sync + 'static,
    {
        let inputs = self.layers.last().map_or(self.inputs, |layer| layer.weights.shape().1);
        self.layers.push(Layer {
            weights: Tensor::zeros(inputs, nodes),
            bias: Tensor::zeros(nodes, 1),
            activation: Arc::new(activation),
        });
        self
    }

    /// The network with weights drawn uniformly from ±scale, where `scale(inputs, nodes)` is a layer's:
    /// [`glorot`], [`he`], or a function of your own. The same seed gives the same weights everywhere.
    /// Where all weights of a hidden layer start at zero, all its nodes stay equal for ever; so call
    /// this last: a layer that is added afterwards has zeros.
    ///
    /// ```
    /// use chainrule::activation::Tanh;
    /// use chainrule::network::{Network, glorot};
    /// let network = Network::new(2).layer(4, Tanh).initialize(1, glorot);
    /// assert!(network.layers[0].weights.to_vec().iter().all(|w| (-1.0..1.0).contains(w)));
    /// let small = Network::new(2).layer(4, Tanh).initialize(1, |_, _| 0.01);
    /// assert!(small.layers[0].weights.to_vec().iter().all(|w| w.abs() <= 0.01));
    /// ```
    #[track_caller]
    pub fn initialize(mut self, seed: u64, scale: impl Fn(usize, usize) -> f64) -> Network {
        let mut random = Random::new(seed);
        for layer in &mut self.layers {
            let (inputs, nodes) = layer.weights.shape();
            let bound = scale(inputs, nodes);
            layer.weights = Tensor::written(inputs, nodes, |weights| {
                weights.fill_with(|| bound * (2.0 * random.unit() - 1.0));
            });
        }
        self
    }

    /// Records all weights and biases as variables, named `w`, `b` (one layer) or `w1`, `b1`, …
    #[track_caller]
    pub fn parameters<'t>(&self, tape: &'t Tape) -> Vec<(Var<'t>, Var<'t>)> {
        let mut parameters = Vec::with_capacity(self.layers.len());
        for (k, layer) in self.layers.iter().enumerate() {
            let (w, b) = (tape.var(layer.weights.clone()), tape.var(layer.bias.clone()));
            parameters.push(match self.layers.len() {
                1 => (w.named("w"), b.named("b")),
                _ => (w.named(format!("w{}", k + 1)), b.named(format!("b{}", k + 1))),
            });
        }
        parameters
    }

    /// The forward pass for X (inputs, m), from recorded [`parameters`](Network::parameters).
    ///
    /// # Panics
    /// If the parameters are of another tape than X or do not fit the layers, there are no layers, or
    /// X has another number of rows than the network inputs.
    #[track_caller]
    pub fn forward<'t>(&'t self, parameters: &[(Var<'t>, Var<'t>)], x: Var<'t>) -> Output<'t> {
        for &(w, b) in parameters {
            x.tape().assert_own("forward", &[w, b]);
        }
        let shapes = parameters.iter().map(|(w, b)| [w.shape(), b.shape()]);
        self.check_layers("parameters", shapes);
        self.forward_checked(parameters, x)
    }

    /// [`forward`](Network::forward), for parameters that are known to fit.
    #[track_caller]
    fn forward_checked<'t>(&'t self, parameters: &[(Var<'t>, Var<'t>)], x: Var<'t>) -> Output<'t> {
        let at = Location::caller();
        let mut output = None;
        for (layer, &(w, b)) in self.layers.iter().zip(parameters) {
            let inputs = match output {
                None => x,
                Some(below) => Output::a(below),
            };
            output =
                Some(Output { z: w.t().matmul(inputs) + b, activation: &*layer.activation, at });
        }
        let Some(output) = output else { no_layers() };
        output
    }

    /// A = the last layer's output for X (inputs, m), without gradients.
    ///
    /// # Panics
    /// As [`forward`](Network::forward).
    #[track_caller]
    pub fn predict(&self, x: &Tensor) -> Tensor {
        let tape = Tape::new();
        let parameters = self.parameters(&tape);
        self.forward(&parameters, tape.constant(x.clone())).a().value()
    }

    /// One forward and one backward pass: the gradients, layer by layer, and the cost.
    ///
    /// X is (inputs, m), Y (nodes of the last layer, m). `loss` gives the loss of each example:
    /// [`cross_entropy`], [`squared_error`], or a function of your own; the cost is their sum,
    /// divided by m. So the loss has a column for each example, and is not a mean already.
    ///
    /// X is taken in blocks of examples. Each is recorded on a tape of its own; where it fits the
    /// processor's cache, forward and backward find it there, and X is read from memory once (twice,
    /// if it lies by rows and has thousands of features). The gradients of the blocks are
    /// added up, always in the same order. So the blocks can be shared out to several
    /// [`threads`](Network::threads): `network.threads = Some(2)` gives the same bits.
    ///
    /// # Panics
    /// If the network has no layers, weights or biases of the wrong shape, there are no examples, the
    /// shapes of X or Y do not fit it, or the loss has another number of columns than X.
    #[track_caller]
    pub fn propagate<L>(&self, x: &Tensor, y: &Tensor, loss: L) -> (Vec<LayerGrads>, f64)
    where
        L: for<'t> Fn(Output<'t>, &Tensor) -> Var<'t> + Sync,
    {
        self.check(x, y);
        self.propagate_checked(x, y, &*checked(&loss, Location::caller()))
    }

    /// [`propagate`](Network::propagate), for X and Y that are known to fit.
    pub(crate) fn propagate_checked(&self, x: &Tensor, y: &Tensor, loss: &Loss) -> Part {
        let blocks = x.shape().1.div_ceil(examples_per_block(x)).max(1);
        let threads = self.threads.unwrap_or_else(|| worthwhile_threads(x.shape()));
        let threads = threads.clamp(1, blocks.min(MOST_THREADS));
        let part = |block| self.propagate_block(x, y, block, loss);
        if threads == 1 {
            return (1..blocks).fold(part(0), |sum, block| add(sum, part(block)));
        }
        // Any number of threads adds in the order of blocks: one alone keeps no list of them.
        let mut parts = thread::scope(|scope| {
            let start = |k| {
                let own = k * blocks / threads..(k + 1) * blocks / threads;
                scope.spawn(move || own.map(part).collect::<Vec<_>>())
            };
            let started: Vec<_> = (0..threads).map(start).collect();
            let finished = started.into_iter().map(|thread| thread.join());
            let parts = finished.flat_map(|own| own.unwrap_or_else(|e| panic::resume_unwind(e)));
            parts.collect::<Vec<_>>()
        });
        let first = parts.remove(0);
        parts.into_iter().fold(first, add)
    }

    /// The part of one block of examples in the gradients and in the cost.
    fn propagate_block(&self, x: &Tensor, y: &Tensor, block: usize, loss: &Loss) -> Part {
        let (m, size) = (x.shape().1, examples_per_block(x));
        let examples = block * size..m.min((block + 1) * size);
        let tape = Tape::new();
        let parameters = self.parameters(&tape);
        let x = tape.constant(x.columns(examples.clone())).named("X");
        let losses = loss(self.forward_checked(&parameters, x), &y.columns(examples));
        let cost = (losses.sum() / m as f64).named("cost");
        let gradients = cost.backward();
        let of = |(w, b)| LayerGrads { dw: gradients.wrt(w), db: gradients.wrt(b) };
        (parameters.into_iter().map(of).collect(), cost.value().get(0, 0))
    }

    #[track_caller]
    pub(crate) fn check(&self, x: &Tensor, y: &Tensor) {
        let Some(last) = self.layers.last() else { no_layers() };
        let shapes = self.layers.iter().map(|layer| [layer.weights.shape(), layer.bias.shape()]);
        self.check_layers("parameters", shapes);
        let ((n, m), nodes) = (x.shape(), last.weights.shape().1);
        if n != self.inputs {
            mistake(
                &format!("X is {:?}, and the network takes {} features", (n, m), self.inputs),
                &[],
                "each row of X is one feature, and each has its own weights",
                "pass x.t() if examples are rows, or use Network::new(x.shape().0)",
            )
        }
        if m == 0 {
            mistake(
                "there are no examples",
                &[format!("X is {:?}", (n, m))],
                "the cost is a mean over the examples, and 0/0 is no number",
                "give X at least one column, and Y as many",
            )
        }
        if y.shape() != (nodes, m) {
            mistake(
                &format!("Y is {:?}, and does not fit X, which is {:?}", y.shape(), (n, m)),
                &[format!("nodes in the last layer: {nodes}")],
                "the loss compares each output with its own label, one column per example",
                "give Y a row for each node of the last layer, and a column for each of X",
            )
        }
    }

    /// Panics if `given`, the shapes of what belongs to each layer's W and b, are not theirs.
    #[track_caller]
    fn check_layers(&self, what: &str, given: impl IntoIterator<Item = [(usize, usize); 2]>) {
        let (mut given, mut inputs) = (given.into_iter(), self.inputs);
        let mut needed = self.layers.iter().map(|layer| {
            let (above, nodes) = (inputs, layer.weights.shape().1);
            inputs = nodes;
            [(above, nodes), (nodes, 1)]
        });
        for layer in 1.. {
            let (given, needed) = (given.next(), needed.next());
            if given != needed {
                let text = |shapes: Option<[_; 2]>| match shapes {
                    Some([w, b]) => format!("W {w:?}, b {b:?}"),
                    None => "nothing".to_string(),
                };
                mistake(
                    &format!("the {what} of layer {layer} do not fit it"),
                    &[format!("given: {}", text(given)), format!("needed: {}", text(needed))],
                    "W has a row for each input, a column for each node, and b a row for each",
                    "give each layer W (inputs, nodes) and b (nodes, 1), in the order of layers",
                )
            }
            if needed.is_none() {
                return;
            }
        }
    }

    /// One step of gradient descent: `w ← w − α dw`, `b ← b − α db`.
    ///
    /// # Panics
    /// If the gradients do not fit the layers, or the learning rate is NaN or infinite.
    #[track_caller]
    pub fn step(&mut self, grads: &[LayerGrads], learning_rate: f64) {
        let shapes = grads.iter().map(|grads| [grads.dw.shape(), grads.db.shape()]);
        self.check_layers("gradients", shapes);
        if !learning_rate.is_finite() {
            mistake(
                &format!("the learning rate is {learning_rate}"),
                &[],
                "w - α dw is NaN or infinite then, whatever w and dw are",
                "use a number such as 0.5",
            )
        }
        for (layer, LayerGrads { dw, db }) in self.layers.iter_mut().zip(grads) {
            layer.weights = &layer.weights - &(dw * learning_rate);
            layer.bias = &layer.bias - &(db * learning_rate);
        }
    }

    /// Gradient descent: `iterations` times [`propagate`](Network::propagate) and
    /// [`step`](Network::step), on as many [`threads`](Network::threads). `report` is told each
    /// iteration, its gradients and its cost before the update.
    ///
    /// # Panics
    /// As [`propagate`](Network::propagate) and [`step`](Network::step).
    #[track_caller]
    pub fn train<L>(
        &mut self,
        x: &Tensor,
        y: &Tensor,
        loss: L,
        iterations: usize,
        learning_rate: f64,
        mut report: impl FnMut(usize, &[LayerGrads], f64),
    ) where
        L: for<'t> Fn(Output<'t>, &Tensor) -> Var<'t> + Sync,
    {
        self.check(x, y);
        let loss = checked(&loss, Location::caller());
        for iteration in 0..iterations {
            let (grads, cost) = self.propagate_checked(x, y, &*loss);
            report(iteration, &grads, cost);
            self.step(&grads, learning_rate);
        }
    }
}

/// `√(6/(inputs + nodes))`, the scale of a layer whose activation has slope 1 at 0, such as tanh: a
/// compromise between what keeps the size of the values from layer to layer, and what keeps that of the
/// gradients on the way back (Glorot and Bengio 2010).
///
/// ```
/// assert_eq!(chainrule::network::glorot(4, 2), 1.0);
/// ```
pub fn glorot(inputs: usize, nodes: usize) -> f64 {
    (6.0 / (inputs + nodes) as f64).sqrt()
}

/// `√(6/inputs)`, the scale of a layer of rectifiers: relu sets half of its inputs to 0, and halves
/// their mean square; weights of twice the variance make up for it (He and others 2015).
///
/// ```
/// assert_eq!(chainrule::network::he(6, 2), 1.0);
/// ```
pub fn he(inputs: usize, _nodes: usize) -> f64 {
    (6.0 / inputs as f64).sqrt()
}

#[track_caller]
fn no_layers() -> ! {
    mistake(
        "the network has no layers",
        &[],
        "without a layer there is nothing to compute",
        "add one, such as .layer(1, Sigmoid)",
    )
}

/// 256 KiB of X: what stays in the L2 cache beside the values of the block's nodes.
const BLOCK_BYTES: usize = 256 << 10;

/// How many examples are taken at a time. At least so many that making and adding up the gradients
/// of all blocks, as large as an example each, is little work beside them; where X lies by rows, at
/// least so many that a block has 2 KiB of each row: shorter pieces from many places come slowly.
fn examples_per_block(x: &Tensor) -> usize {
    let least = if x.columns_in_one_piece() { 16 } else { 256 };
    (BLOCK_BYTES / size_of::<f64>() / x.shape().0.max(1)).max(least)
}

/// All cores, where each has at least half a million entries of X to work on: less would not be
/// worth the start of a thread.
fn worthwhile_threads((n, m): (usize, usize)) -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = || thread::available_parallelism().map_or(1, |cores| cores.get());
    match n * m / 500_000 {
        0 | 1 => 1,
        useful => useful.min(*CORES.get_or_init(cores)),
    }
}

/// More are not started, whatever number was asked for: an operating system may refuse them.
const MOST_THREADS: usize = 256;

/// The loss, which is told the learner's line and must give a column for each example.
fn checked<'l>(loss: &'l Loss<'l>, at: &'static Location<'static>) -> Box<Loss<'l>> {
    Box::new(move |output, y| {
        let losses = loss(Output { at, ..output }, y);
        if !std::ptr::eq(losses.tape(), output.z.tape()) {
            foreign_input(at, "cost")
        }
        if losses.shape().1 != y.shape().1 {
            mistake_at(
                at,
                &format!("the loss is {:?}, for {} examples", losses.shape(), y.shape().1),
                &[],
                "the cost is the sum of the losses, divided by m, and is divided only once",
                "give the loss of each example, (1, m); the network takes the mean",
            )
        }
        losses
    })
}

/// Gradients, layer by layer, and cost: of one block of examples, or of all.
type Part = (Vec<LayerGrads>, f64);

/// The gradients and costs of two blocks, added up.
fn add((mut grads, cost): Part, (others, more): Part) -> Part {
    for (layer, other) in grads.iter_mut().zip(others) {
        layer.dw.accumulate(other.dw);
        layer.db.accumulate(other.db);
    }
    (grads, cost + more)
}

/// Cross-entropy through the logits: of sigmoid nodes, each with a yes or no of its own, or of `k`
/// nodes with the [`Identity`], of which one is the example's class.
///
/// Of sigmoid nodes it is `softplus((1 − 2y) z)`. For labels 0 and 1 this equals
/// `−[y ln a + (1−y) ln(1−a)]`, keeps its digits where that cancels, and is finite wherever z is. Its
/// slope comes out as A − Y.
///
/// Of k classes, with A = softmax(Z) and a column of Y 1 for the example's class and 0 elsewhere
/// (one-hot), it is `−ln a = ln Σ e^(zᵢ − z)` for the a and z of that class, (1, m). Its slope is A − Y,
/// too, and it is as finite. Of two classes it is softplus(z₀ − z₁) where the second one is right:
/// logistic regression with w₁ − w₀ for w.
///
/// ```
/// use chainrule::activation::Identity;
/// use chainrule::network::{Network, cross_entropy};
/// use chainrule::tensor::Tensor;
/// let (x, y) = (Tensor::from(2.0), Tensor::new(3, 1, vec![0.0, 1.0, 0.0]));
/// let network = Network::new(1).layer(3, Identity); // all a are 1/3
/// let (grads, cost) = network.propagate(&x, &y, cross_entropy);
/// assert!((cost - 3f64.ln()).abs() < 1e-15);
/// assert!((grads[0].dw.get(0, 1) - 2.0 * (1.0 / 3.0 - 1.0)).abs() < 1e-15); // x (a − 1)
/// ```
///
/// # Panics
/// If a label is neither 0 nor 1, or the last layer's activation is neither the sigmoid nor the
/// identity; with the identity, if a column of Y has another number of ones than one.
#[track_caller]
pub fn cross_entropy<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    if !y.all(|y| y == 0.0 || y == 1.0) {
        let wrong = y.entries().find(|&y| y != 0.0 && y != 1.0).unwrap_or(f64::NAN);
        mistake_at(
            output.at,
            &format!("cross-entropy has labels 0 and 1, and Y has {wrong}"),
            &[],
            "softplus((1 - 2y) z) is -ln a for y = 1 and -ln(1 - a) for y = 0 only",
            "map the two classes to 0 and 1, or use squared_error for other targets",
        )
    }
    // One point tells these two, also ones of the learner's own, from whatever else is in use.
    let (f, z) = (output.activation, -2.0);
    let is = |g: &dyn Activation| (f.f(z) - g.f(z)).abs() <= 1e-9;
    if is(&Identity) {
        one_hot_or_mistake(y, output.at);
        return cross_entropy_of_classes(output.z, y);
    }
    if !is(&Sigmoid) {
        mistake_at(
            output.at,
            &format!("cross-entropy goes with a sigmoid, and the last layer is {}", f.name()),
            &[format!("{}({z}) = {:.6}, sigmoid({z}) = {:.6}", f.name(), f.f(z), Sigmoid.f(z))],
            "it is computed from z, as if a were sigmoid(z); here a is another number",
            "end with .layer(1, Sigmoid) or .layer(k, Identity), or use squared_error",
        )
    }
    cross_entropy_checked(output, y)
}

/// Panics where a column of Y, of labels 0 and 1, does not name one class.
pub(crate) fn one_hot_or_mistake(y: &Tensor, at: &'static Location<'static>) {
    let Some(j) = y.sum_rows().entries().position(|ones| ones != 1.0) else { return };
    mistake_at(
        at,
        &format!("example {j} is of {} classes", y.columns(j..j + 1).sum()),
        &[format!("its column of Y has to be 1 in one of {} rows, 0 in the others", y.shape().0)],
        "the cost is -ln a of the one class that the example has",
        "use data::one_hot for Y, or .layer(1, Sigmoid) where Y is a row of 0 and 1",
    )
}

/// `ln Σ e^(zᵢ − z)`, where z is that of the example's own class.
///
/// `1 − Y` multiplies a 0 by 0. But it keeps the slope of z in one place, −Σ a over the other classes:
/// as a − 1 it would have no digits left where a is near 1.
#[track_caller]
fn cross_entropy_of_classes<'t>(z: Var<'t>, y: &Tensor) -> Var<'t> {
    let own = z.tape().constant(y.clone()).named("Y");
    let others = z.tape().constant(y.map(|y| 1.0 - y)).named("1 - Y");
    (others * (z - (own * z).sum_rows())).log_sum_exp()
}

/// [`cross_entropy`], for labels that are 0 or 1 and a sigmoid.
#[track_caller]
pub(crate) fn cross_entropy_checked<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    let signs = output.z.tape().constant(y.map(|y| 1.0 - 2.0 * y)).named("1 - 2Y");
    (signs * output.z).softplus()
}

/// `(a − y)²` for each example.
#[track_caller]
pub fn squared_error<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    let error = output.a() - output.z.tape().constant(y.clone()).named("Y");
    error * error
}
