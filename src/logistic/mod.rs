//! Logistic regression: the post's functions, under the post's names, on the tape.
//!
//! Taught in `docs/11_propagate.md`, `docs/12_optimize.md`, `docs/13_predict.md`,
//! `docs/14_model.md`, `docs/19_curvature.md`.
//!
//! X is (n features, m examples), one example per column; Y is (1, m) of 0 and 1; w is (n, 1), b a
//! number; `Z = wᵀX + b`, `A = σ(Z)`, `cost = −(1/m) Σ [y ln a + (1−y) ln(1−a)]`. The model is a
//! [`Network`] of one node, and nothing here differentiates by hand.

pub mod closed_form;
mod newton;

use std::io::{self, Write};
use std::sync::Arc;

use crate::activation::{Activation, Identity, Sigmoid};
use crate::dual::Scalar;
use crate::error::{Error, Result, list, mistake};
use crate::network::{Layer, LayerGrads, Loss, Network, Output, cross_entropy_checked};
use crate::tensor::{Tensor, Var};

pub use newton::{curvature, newton};

/// The gradient of the cost: `dw` of the shape of w, and `db`.
#[derive(Clone, Debug, PartialEq)]
pub struct Grads {
    /// dcost/dw, (n, 1).
    pub dw: Tensor,
    /// dcost/db.
    pub db: f64,
}

impl From<Grads> for LayerGrads {
    fn from(Grads { dw, db }: Grads) -> LayerGrads {
        LayerGrads { dw, db: db.into() }
    }
}

impl From<LayerGrads> for Grads {
    /// Of a layer of one node.
    fn from(LayerGrads { dw, db }: LayerGrads) -> Grads {
        Grads { dw, db: db.get(0, 0) }
    }
}

/// How to train.
///
/// ```
/// use chainrule::logistic::Options;
/// let options = Options { num_iterations: 100, ..Options::default() };
/// assert_eq!(options.learning_rate, 0.5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Steps of gradient descent; 2000 by default.
    pub num_iterations: usize,
    /// α in `w ← w − α dw`; 0.5 by default.
    pub learning_rate: f64,
    /// Whether to print the cost every 100 iterations; off by default.
    pub print_cost: bool,
    /// How many threads to use; `None`, the default: all cores, where it pays. Every number gives
    /// the same bits.
    pub threads: Option<usize>,
}

impl Default for Options {
    fn default() -> Options {
        Options { num_iterations: 2000, learning_rate: 0.5, print_cost: false, threads: None }
    }
}

impl Options {
    /// α, if it can be one.
    ///
    /// # Errors
    /// If the learning rate is not a positive finite number.
    pub fn positive_rate(&self) -> Result<f64> {
        let rate = self.learning_rate;
        if rate.is_finite() && rate > 0.0 {
            return Ok(rate);
        }
        Err(Error::new(
            format!("the learning rate must be a positive finite number, not {rate}"),
            [],
            "each step goes against the gradient, by the learning rate times its length",
            "use 0.5, and standardise the features",
        ))
    }
}

/// What [`optimize`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimized {
    /// The weights after the last update, (n, 1).
    pub w: Tensor,
    /// The bias after the last update.
    pub b: f64,
    /// The gradient that the last update used; the one at the start if there was no update.
    pub dw: Tensor,
    /// As `dw`, for b.
    pub db: f64,
    /// The cost before the update, every 100 iterations.
    pub costs: Vec<f64>,
}

/// What [`model`] learned and how well.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The cost before the update, every 100 iterations.
    pub costs: Vec<f64>,
    /// 0 or 1 for each training example, (1, m).
    pub y_prediction_train: Tensor,
    /// 0 or 1 for each test example, (1, m).
    pub y_prediction_test: Tensor,
    /// The weights, (n, 1).
    pub w: Tensor,
    /// The bias.
    pub b: f64,
    /// As given.
    pub learning_rate: f64,
    /// As given.
    pub num_iterations: usize,
    /// Right predictions on the training examples, in percent.
    pub train_accuracy: f64,
    /// Right predictions on the test examples, in percent.
    pub test_accuracy: f64,
}

/// `σ(z) = 1/(1 + e⁻ᶻ)` of every entry.
///
/// ```
/// use chainrule::{logistic::sigmoid, tensor::Tensor};
/// assert_eq!(sigmoid(&Tensor::zeros(1, 2)).to_vec(), [0.5, 0.5]);
/// ```
#[track_caller]
pub fn sigmoid(z: &Tensor) -> Tensor {
    z.map(|z| Sigmoid.f(z))
}

/// w = zeros (dim, 1) and b = 0. One node alone may start at zero: its gradient does not vanish
/// there.
///
/// ```
/// let (w, b) = chainrule::logistic::initialize_with_zeros(2);
/// assert_eq!((w.to_vec(), b), (vec![0.0, 0.0], 0.0));
/// ```
#[track_caller]
pub fn initialize_with_zeros(dim: usize) -> (Tensor, f64) {
    (Tensor::zeros(dim, 1), 0.0)
}

/// Forward and backward: the gradient and the cost, for w (n, 1), b, X (n, m), Y (1, m).
///
/// The cost goes through the logits, see
/// [`cross_entropy`](crate::network::cross_entropy).
///
/// ```
/// use chainrule::{logistic::propagate, tensor::Tensor};
/// let w = Tensor::new(2, 1, vec![1.0, 2.0]);
/// let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]);
/// let y = Tensor::new(1, 3, vec![1.0, 1.0, 0.0]);
/// let (grads, cost) = propagate(&w, 1.5, &x, &y)?;
/// assert_eq!(format!("{:.8} {:.8}", grads.dw.get(0, 0), grads.db), "0.25071532 -0.12500405");
/// assert!((cost - 0.15900537707692405).abs() < 1e-15);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// If the shapes do not fit, there are no examples, a label is neither 0 nor 1, or X holds NaN or ∞.
#[track_caller]
pub fn propagate(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<(Grads, f64)> {
    propagate_with(w, b, x, y, None, &cross_entropy_checked)
}

/// [`propagate`] with the cost as the post has it: `−(1/m) Σ [y ln a + (1−y) ln(1−a)]`, through A.
///
/// Where a is near 1, 1 − a has few digits left, and for y = 0 the gradient no more: a db of 1 is off
/// by 4·10⁻⁸ at z = 20, by 10⁻³ at z = 30 and by 4·10⁻² at z = 36. Where a rounds to 1, from z ≈ 37
/// on, both labels give NaN or ∞. This is why `propagate` goes through the logits.
///
/// # Errors
/// As [`propagate`].
#[track_caller]
pub fn cost_as_posted(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<(Grads, f64)> {
    propagate_with(w, b, x, y, None, &as_posted)
}

#[track_caller]
fn as_posted<'t>(output: Output<'t>, y: &Tensor) -> Var<'t> {
    let (a, y) = (output.a(), output.z.tape().constant(y.clone()).named("Y"));
    -(y * a.ln() + (1.0 - y) * (1.0 - a).ln())
}

#[track_caller]
fn propagate_with(
    w: &Tensor,
    b: f64,
    x: &Tensor,
    y: &Tensor,
    threads: Option<usize>,
    loss: &Loss,
) -> Result<(Grads, f64)> {
    shapes(w, x, Some(y))?;
    let network = Network { threads, ..network(w, &b.into()) };
    let (mut grads, cost) = network.propagate_checked(x, y, loss);
    let grads = Grads::from(grads.remove(0));
    faults(x, &grads, cost)?;
    Ok((grads, cost))
}

/// The mean of softplus((1 − 2y) z) over the examples, on any numbers; `z` is that of one example.
pub(crate) fn cost<S: Scalar>(z: impl Fn(&[f64]) -> S, x: &Tensor, y: &Tensor) -> S {
    let m = x.shape().1;
    let loss = |j| ((1.0 - 2.0 * y.get(0, j)) * z(&x.columns(j..j + 1).to_vec())).softplus();
    let losses: Vec<S> = (0..m).map(loss).collect();
    losses[0].plus(&losses[1..]) / m as f64
}

/// Logistic regression as the network that it is: one sigmoid node for w (n, 1) and b; or the logits
/// of k classes for w (n, k) and b (k, 1), of which [`softmax`](Tensor::softmax) makes probabilities.
/// The cost of both is [`cross_entropy`](crate::network::cross_entropy).
///
/// ```
/// use chainrule::{logistic, tensor::Tensor};
/// let network = logistic::network(&Tensor::zeros(4, 3), &Tensor::zeros(3, 1));
/// assert_eq!(network.predict(&Tensor::zeros(4, 1)).softmax().to_vec(), [1.0 / 3.0; 3]);
/// ```
pub fn network(w: &Tensor, b: &Tensor) -> Network {
    let activation: Arc<dyn Activation + Send + Sync> =
        if w.shape().1 == 1 { Arc::new(Sigmoid) } else { Arc::new(Identity) };
    let layer = Layer { weights: w.clone(), bias: b.clone(), activation };
    Network { inputs: w.shape().0, layers: vec![layer], threads: None }
}

/// Gradient descent from w and b: `num_iterations` times [`propagate`], `w ← w − α dw`,
/// `b ← b − α db`.
///
/// # Errors
/// As [`propagate`], and if the learning rate is not a positive finite number.
#[track_caller]
pub fn optimize(w: Tensor, b: f64, x: &Tensor, y: &Tensor, options: &Options) -> Result<Optimized> {
    optimize_with(w, b, x, y, options, |_, _| ())
}

/// [`optimize`], calling `report` with each iteration (from 0) and its cost before the update.
///
/// # Errors
/// As [`optimize`].
#[track_caller]
pub fn optimize_with(
    w: Tensor,
    b: f64,
    x: &Tensor,
    y: &Tensor,
    options: &Options,
    mut report: impl FnMut(usize, f64),
) -> Result<Optimized> {
    let rate = options.positive_rate()?;
    let mut costs = vec![];
    let mut tell = |iteration, cost| {
        if iteration % 100 == 0 {
            costs.push(cost);
            if options.print_cost {
                // A reader who has gone does not stop the training.
                let _ = writeln!(io::stdout(), "Cost after iteration {iteration}: {cost:.6}");
            }
        }
        report(iteration, cost);
    };
    // The first iteration also finds the faults in the data, before anything is told.
    let (first, cost) = propagate_with(&w, b, x, y, options.threads, &cross_entropy_checked)?;
    let Grads { mut dw, mut db } = first;
    let mut network = Network { threads: options.threads, ..network(&w, &b.into()) };
    if options.num_iterations > 0 {
        tell(0, cost);
        network.step(&[Grads { dw: dw.clone(), db }.into()], rate);
    }
    let more = options.num_iterations.saturating_sub(1);
    network.train(x, y, cross_entropy_checked, more, rate, |iteration, grads, cost| {
        tell(iteration + 1, cost);
        (dw, db) = (grads[0].dw.clone(), grads[0].db.get(0, 0));
    });
    let layer = &network.layers[0];
    Ok(Optimized { w: layer.weights.clone(), b: layer.bias.get(0, 0), dw, db, costs })
}

/// 1 where a > 0.5, else 0, for each example: (1, m). Where a is NaN, so is the prediction.
///
/// ```
/// use chainrule::{logistic::predict, tensor::Tensor};
/// let w = Tensor::new(2, 1, vec![0.1124579, 0.23106775]);
/// let x = Tensor::from_rows(&[[1.0, -1.1, -3.2], [1.2, 2.0, 0.1]]);
/// assert_eq!(predict(&w, -0.3, &x)?.to_vec(), [1.0, 1.0, 0.0]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// If X has no examples, another number of features than w, or holds NaN or ∞.
#[track_caller]
pub fn predict(w: &Tensor, b: f64, x: &Tensor) -> Result<Tensor> {
    shapes(w, x, None)?;
    finite(x)?;
    let a = network(w, &b.into()).predict(x);
    Ok(a.map(|a| if a.is_nan() { a } else { f64::from(a > 0.5) }))
}

/// Initialize, optimize, predict: the whole of logistic regression.
///
/// # Errors
/// As [`optimize`] and [`predict`].
#[track_caller]
pub fn model(
    x_train: &Tensor,
    y_train: &Tensor,
    x_test: &Tensor,
    y_test: &Tensor,
    options: &Options,
) -> Result<Model> {
    let (w, b) = initialize_with_zeros(x_train.shape().0);
    shapes(&w, x_test, Some(y_test))?;
    finite(x_test)?;
    let Optimized { w, b, costs, .. } = optimize(w, b, x_train, y_train, options)?;
    let y_prediction_train = predict(&w, b, x_train)?;
    let y_prediction_test = predict(&w, b, x_test)?;
    Ok(Model {
        train_accuracy: accuracy(&y_prediction_train, y_train),
        test_accuracy: accuracy(&y_prediction_test, y_test),
        costs,
        y_prediction_train,
        y_prediction_test,
        w,
        b,
        learning_rate: options.learning_rate,
        num_iterations: options.num_iterations,
    })
}

/// The share of predictions that equal their labels, in percent.
///
/// ```
/// use chainrule::{logistic::accuracy, tensor::Tensor};
/// let (predicted, y) = (Tensor::zeros(1, 4), Tensor::new(1, 4, vec![0.0, 0.0, 1.0, 0.0]));
/// assert_eq!(accuracy(&predicted, &y), 75.0);
/// ```
///
/// # Panics
/// If the two have different shapes.
#[track_caller]
pub fn accuracy(prediction: &Tensor, y: &Tensor) -> f64 {
    if prediction.shape() != y.shape() {
        mistake(
            &format!("{:?} predictions for {:?} labels", prediction.shape(), y.shape()),
            &[],
            "each prediction is compared with the label of its own example",
            "pass the predictions for just these examples, and y.t() if Y is a column",
        )
    }
    let right = prediction.entries().zip(y.entries()).filter(|(p, y)| p == y).count();
    100.0 * right as f64 / (y.shape().0 * y.shape().1) as f64
}

/// (n, m), if w, X and Y fit each other and the labels are labels.
fn shapes(w: &Tensor, x: &Tensor, y: Option<&Tensor>) -> Result<(usize, usize)> {
    let (n, m) = x.shape();
    if w.shape() != (n, 1) {
        let facts = [format!("w is {:?}, X is {:?}", w.shape(), x.shape())];
        return Err(if w.shape().1 == 1 {
            Error::new(
                format!("w has {} weights and X has {n} features", w.shape().0),
                facts,
                "z = wᵀX + b gives each feature its own weight; examples are columns of X",
                "use the features that w was trained with; if examples are rows, pass x.t()",
            )
        } else {
            Error::new(
                format!("w must be one column, ({n}, 1)"),
                facts,
                "z = wᵀX + b multiplies each feature by its own weight",
                "start from initialize_with_zeros(n), or pass w.t()",
            )
        });
    }
    if m == 0 {
        return Err(Error::new(
            "there are no examples",
            [format!("X is {:?}", x.shape())],
            "the cost is a mean over the examples, and 0/0 is no number",
            "check that the file has rows below its header, and that a split left some",
        ));
    }
    let Some(y) = y else { return Ok((n, m)) };
    if y.shape() != (1, m) {
        return Err(Error::new(
            format!("Y must be (1, {m}): one label for each column of X"),
            [format!("X is {:?}, Y is {:?}", x.shape(), y.shape())],
            "each example, a column of X, has one label",
            if y.shape() == (m, 1) { "pass y.t()" } else { "drop what has no partner" },
        ));
    }
    if !y.all(|y| y == 0.0 || y == 1.0) {
        return Err(wrong_labels(y));
    }
    Ok((n, m))
}

fn wrong_labels(y: &Tensor) -> Error {
    let mut seen: Vec<f64> = y.to_vec();
    seen.sort_by(f64::total_cmp);
    seen.dedup_by(|a, b| a == b || a.is_nan() && b.is_nan());
    let wrong: Vec<_> = seen.iter().copied().filter(|&y| y != 0.0 && y != 1.0).collect();
    let list =
        |labels: &[f64]| list(&labels.iter().take(9).map(f64::to_string).collect::<Vec<_>>());
    let first = y.entries().position(|y| y != 0.0 && y != 1.0).unwrap_or(0);
    Error::new(
        format!("labels must be 0 or 1, and Y has {}", list(&wrong)),
        [
            format!("labels seen: {}", list(&seen)),
            format!("the first wrong one is that of example {first} (counted from 0)"),
        ],
        "for y = 1 the cost is -ln a, for y = 0 -ln(1 - a), and there is no third",
        "map the two classes to 0 and 1, for example y.map(|y| f64::from(y == 1.0))",
    )
}

/// Looks for NaN and ∞ in X, if they left their mark on the gradient.
///
/// They always do: x·(a − y) is NaN or ∞ for such an x, whatever a is. So data without fault is
/// not read a second time for this check.
fn faults(x: &Tensor, grads: &Grads, cost: f64) -> Result<()> {
    let fine = cost.is_finite() && grads.db.is_finite() && grads.dw.all(f64::is_finite);
    if fine { Ok(()) } else { finite(x) }
}

fn finite(x: &Tensor) -> Result<()> {
    let (n, m) = x.shape();
    let wrong = x.t().entries().position(|entry| !entry.is_finite());
    let Some((i, j)) = wrong.map(|k| (k % n, k / n)) else { return Ok(()) };
    Err(Error::new(
        format!("feature {i} of example {j} is {}", x.get(i, j)),
        [format!("X is ({n}, {m}); both are counted from 0")],
        "one such number makes z, the cost and every gradient NaN or infinite",
        "fix or drop this example before training",
    ))
}
