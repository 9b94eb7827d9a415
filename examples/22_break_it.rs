//! Thirteen faults, and which judge sees them. Every cell is measured while this runs.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Activation, Sigmoid, Softplus};
use chainrule::check::{self, Scalar};
use chainrule::logistic::{self, closed_form};
use chainrule::tensor::Tensor;

const RATE: f64 = 0.5;

/// What one example costs, given its margin m = (2y − 1) z: positive if it is right.
#[derive(Clone, Copy)]
enum Loss {
    /// −ln σ(m), as it should be.
    Log,
    /// −ln σ(2m): a "sigmoid" that is another function.
    Doubled,
    /// −ln σ(m), with the slope of σ in it instead of σ.
    WrongSlope,
    /// (1 − σ(m))²/2, whose slope has a(1 − a) in it.
    Squared,
}

/// The softplus with a wrong slope, as somebody might write it.
struct Careless;

impl Activation for Careless {
    fn name(&self) -> &'static str {
        "careless"
    }
    fn f(&self, x: f64) -> f64 {
        Softplus.f(x)
    }
    fn df(&self, x: f64, _y: f64) -> f64 {
        Sigmoid.f(x) * Sigmoid.f(-x)
    }
}

/// Logistic regression with one node, and what may be wrong with it.
#[derive(Clone)]
struct Model {
    x: Tensor,
    y: Tensor,
    loss: Loss,
    /// λ in λ |p|²/2.
    penalty: f64,
}

/// The cost, for p = w1, w2, b.
fn cost<S: Scalar>(p: &[S], model: &Model) -> S {
    let Model { x, y, loss, penalty } = model;
    let m = x.shape().1;
    let mut sum = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) * (0.5 * penalty * m as f64);
    for j in 0..m {
        let z = p[0] * x.get(0, j) + p[1] * x.get(1, j) + p[2];
        let miss = z * (1.0 - 2.0 * y.get(0, j));
        sum = sum
            + match loss {
                Loss::Log => miss.softplus(),
                Loss::Doubled => (miss * 2.0).softplus(),
                Loss::WrongSlope => miss.apply(Careless),
                Loss::Squared => miss.sigmoid().powf(2.0) * 0.5,
            };
    }
    sum / m as f64
}

/// The gradient of the cost, by reverse mode.
fn gradient(p: &[f64], model: &Model) -> Vec<f64> {
    let report = check::gradient!(|p| cost(p, model), p);
    report.comparison.entries.iter().map(|entry| entry.values[0]).collect()
}

/// From parameters to a gradient.
type Gradient = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A gradient, and the model that it is said to belong to.
struct Fault {
    name: &'static str,
    model: Model,
    gradient: Gradient,
}

fn faults(right: &Model) -> Vec<Fault> {
    let spoilt = |name, model: &Model, spoil: fn(Vec<f64>) -> Vec<f64>| {
        let own = model.clone();
        let gradient = Box::new(move |p: &[f64]| spoil(gradient(p, &own)));
        Fault { name, model: model.clone(), gradient }
    };
    let of = |name, model: &Model, other: Model, factor: f64| Fault {
        name,
        model: model.clone(),
        gradient: Box::new(move |p| gradient(p, &other).iter().map(|g| factor * g).collect()),
    };
    let with = |loss| Model { loss, ..right.clone() };
    let own = right.clone();
    let last = Model { x: right.x.columns(2..3), y: right.y.columns(2..3), ..right.clone() };
    let penalised = Model { penalty: 0.1, ..right.clone() };
    let relabelled = Model { y: Tensor::new(1, 3, vec![1.0, 0.0, 0.0]), ..right.clone() };
    vec![
        spoilt("none", right, |g| g),
        spoilt("Y - A for A - Y", right, |g| g.iter().map(|g| -g).collect()),
        spoilt("1/m forgotten", right, |g| g.iter().map(|g| 3.0 * g).collect()),
        spoilt("a 2 too many", right, |g| g.iter().map(|g| 2.0 * g).collect()),
        spoilt("db forgotten", right, |g| vec![g[0], g[1], 0.0]),
        spoilt("dw1, dw2 exchanged", right, |g| vec![g[1], g[0], g[2]]),
        spoilt("rounded to f32", right, |g| g.iter().map(|&g| f64::from(g as f32)).collect()),
        of("= for += in the loop", right, last, 1.0 / 3.0),
        of("a (1 - a) left in", right, with(Loss::Squared), 1.0),
        of("penalty forgotten", &penalised, right.clone(), 1.0),
        spoilt("sigmoid is s(2z)", &with(Loss::Doubled), |g| g),
        spoilt("own slope wrong", &with(Loss::WrongSlope), |g| g),
        spoilt("a wrong label", &relabelled, |g| g),
        Fault {
            name: "w of rank 1 in NumPy",
            model: right.clone(),
            gradient: Box::new(move |p| numpy::gradient(p, &own)),
        },
    ]
}

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let right = Model {
        x: Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]),
        y: Tensor::new(1, 3, vec![1.0, 1.0, 0.0]),
        loss: Loss::Log,
        penalty: 0.0,
    };
    writeln!(out, "seen: by f forward mode, d differences, c closed form. falls: the cost, over")?;
    writeln!(out, "500 steps. right: of 3 predictions, after them. named: by check::gradient!.\n")?;
    writeln!(out, "{}", line(["fault", "seen", "falls", "right", "named"].map(String::from)))?;
    for fault in faults(&right) {
        let [seen, named] = judged(&fault).map_err(io::Error::other)?;
        let [falls, correct] = trained(&fault, &right).map_err(io::Error::other)?;
        writeln!(out, "{}", line([fault.name.to_string(), seen, falls, correct, named]))?;
    }
    writeln!(out)?;
    let costs = |w: numpy::Array| numpy::train(w, &right, 3).costs.map(|cost| format!("{cost:.6}"));
    writeln!(out, "The last one is the post's: w of shape (n,), as np.zeros(n) makes it.")?;
    writeln!(out, "  cost with w (n,)    {}", costs(numpy::zeros(&[2])).join("  "))?;
    writeln!(out, "  cost with w (n, 1)  {}", costs(numpy::zeros(&[2, 1])).join("  "))?;
    let (n, m) = numpy::train(numpy::zeros(&[2]), &right, 1).w.sides();
    writeln!(
        out,
        "w - dw is (n,) - (n, 1), which NumPy makes ({n}, {m}): from then on the cost counts"
    )?;
    writeln!(
        out,
        "each example twice and falls all the same; only predict crashes. A Tensor here"
    )?;
    writeln!(out, "has two sides always, and w of another shape than (n, 1) is refused.\n")?;
    writeln!(
        out,
        "Try:  set RATE to 0.01; the cost with w (n,) then jumps up at once: a bug shows."
    )?;
    writeln!(out, "Next: cargo run --example 23_numerics")
}

fn line([fault, seen, falls, right, named]: [String; 5]) -> String {
    format!("  {fault:<20} {seen:<5} {falls:<5} {right:<5} {named}")
}

/// Which judges see a fault in the gradient, at the parameters of lesson 11, and what it is called.
fn judged(fault: &Fault) -> chainrule::Result<[String; 2]> {
    let Fault { model, gradient, .. } = fault;
    let p = [1.0, 2.0, 1.5];
    let report = check::gradient!(|p| cost(p, model), &p, |p| gradient(p));

    let w = Tensor::new(2, 1, p[..2].to_vec());
    let (grads, _) = closed_form::propagate(&w, p[2], &model.x, &model.y)?;
    let by_hand = [grads.dw.get(0, 0), grads.dw.get(1, 0), grads.db];

    let mut seen = [false; 3];
    for (entry, by_hand) in report.comparison.entries.iter().zip(by_hand) {
        let [_, yours, forward] = entry.values[..] else { continue };
        let differs = |other: f64| (yours - other).abs() > 1e-12 * entry.scale;
        seen[0] |= differs(forward);
        seen[1] |= entry.difference.is_some_and(|difference| !difference.allows(yours));
        seen[2] |= differs(by_hand);
    }
    let seen = ["f", "d", "c"].into_iter().zip(seen).map(|(by, sees)| if sees { by } else { "-" });
    let names: Vec<&str> = report.findings.iter().map(|finding| finding.name()).collect();
    let slip = report.explained.slips.first();
    let named = match (slip, &names[..]) {
        // Right numbers in a wrong place, or rounded, are no slip; and of a sign one need not say more.
        (_, ["permuted" | "lost digits" | "sign"]) => names[0],
        // The rule that was applied wrongly; what follows says what was taken for what.
        (Some(slip), _) => &first_clause(&slip.what),
        (None, []) => "-",
        (None, names) => names[0],
    };
    Ok([seen.collect::<Vec<_>>().join(" "), named.to_string()])
}

/// The first clause of what the check says, without nodes that have no name: `a term was left out`.
fn first_clause(what: &str) -> String {
    let clause = what.split([':', ';']).next().unwrap_or_default();
    match (clause.split(' ').nth(1), clause.rsplit_once(" was ")) {
        (Some(noun), Some((part, happened))) if part.contains('#') => {
            format!("a {noun} was {happened}")
        }
        _ => clause.split(',').next().unwrap_or_default().to_string(),
    }
}

/// Whether 500 steps with a fault lower the cost, and how many predictions are right then.
fn trained(fault: &Fault, right: &Model) -> chainrule::Result<[String; 2]> {
    if fault.name.ends_with("NumPy") {
        return Ok(numpy::trained(right));
    }
    let mut p = vec![0.0; 3];
    let before = cost(&p, &fault.model);
    for _ in 0..500 {
        let step = (fault.gradient)(&p);
        p = p.iter().zip(step).map(|(p, g)| p - RATE * g).collect();
    }
    let falls = cost(&p, &fault.model) < before;
    let guess = logistic::predict(&Tensor::new(2, 1, p[..2].to_vec()), p[2], &right.x)?;
    let correct = (0..3).filter(|&j| guess.get(0, j) == right.y.get(0, j)).count();
    Ok([if falls { "yes" } else { "no" }.to_string(), correct.to_string()])
}

/// NumPy's arrays of one and two dimensions, as far as the post's code uses them.
mod numpy {
    use super::{Model, RATE};
    use chainrule::tensor::Tensor;

    #[derive(Clone)]
    pub struct Array {
        pub shape: Vec<usize>,
        data: Vec<f64>,
    }

    pub fn zeros(shape: &[usize]) -> Array {
        Array { shape: shape.to_vec(), data: vec![0.0; shape.iter().product()] }
    }

    fn from(tensor: &Tensor) -> Array {
        let (rows, columns) = tensor.shape();
        Array { shape: vec![rows, columns], data: tensor.to_vec() }
    }

    impl Array {
        /// (rows, columns) as broadcasting sees them: missing sides are 1, on the left.
        pub fn sides(&self) -> (usize, usize) {
            match self.shape[..] {
                [n] => (1, n),
                [n, m] => (n, m),
                _ => (1, 1),
            }
        }

        /// Sides of 1 are repeated; what both have must be equal.
        fn broadcast(&self, other: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
            let ((a, b), (c, d)) = (self.sides(), other.sides());
            let (rows, columns) = (a.max(c), b.max(d));
            let at = |x: &Array, (n, m): (usize, usize), i: usize, j: usize| {
                x.data[if n == 1 { 0 } else { i } * m + if m == 1 { 0 } else { j }]
            };
            let places = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
            let data =
                places.map(|(i, j)| f(at(self, (a, b), i, j), at(other, (c, d), i, j))).collect();
            let flat = self.shape.len().max(other.shape.len()) < 2;
            Array { shape: if flat { vec![columns] } else { vec![rows, columns] }, data }
        }

        fn map(&self, f: impl Fn(f64) -> f64) -> Array {
            Array { shape: self.shape.clone(), data: self.data.iter().map(|&x| f(x)).collect() }
        }

        /// `.T`: an array of one dimension stays as it is.
        fn t(&self) -> Array {
            let [n, m] = self.shape[..] else { return self.clone() };
            let places = (0..m).flat_map(|j| (0..n).map(move |i| i * m + j));
            Array { shape: vec![m, n], data: places.map(|k| self.data[k]).collect() }
        }

        /// `np.dot(self, right)`, where `right` has two dimensions.
        fn dot(&self, right: &Array) -> Array {
            let ((n, k), (_, m)) = (self.sides(), right.sides());
            let entry = |i: usize, j: usize| -> f64 {
                (0..k).map(|l| self.data[i * k + l] * right.data[l * m + j]).sum()
            };
            let places = (0..n).flat_map(|i| (0..m).map(move |j| (i, j)));
            let data = places.map(|(i, j)| entry(i, j)).collect();
            Array { shape: if self.shape.len() == 1 { vec![m] } else { vec![n, m] }, data }
        }

        fn sum(&self) -> f64 {
            self.data.iter().sum()
        }
    }

    pub struct Trained {
        pub w: Array,
        /// Before each of the first three steps.
        pub costs: [f64; 3],
        last_cost: f64,
    }

    /// The post's propagate: dw, db and the cost.
    fn propagate(w: &Array, b: f64, x: &Array, y: &Array) -> (Array, f64, f64) {
        let m = x.sides().1 as f64;
        let a = w.t().dot(x).map(|z| 1.0 / (1.0 + (-(z + b)).exp()));
        let losses = y.broadcast(&a, |y, a| y * a.ln() + (1.0 - y) * (1.0 - a).ln());
        let dz = a.broadcast(y, |a, y| a - y);
        let dw = x.dot(&dz.t()).map(|sum| sum / m);
        (dw, dz.sum() / m, -losses.sum() / m)
    }

    /// The post's optimize.
    pub fn train(mut w: Array, model: &Model, steps: usize) -> Trained {
        let (x, y) = (from(&model.x), from(&model.y));
        let (mut b, mut costs, mut last_cost) = (0.0, [f64::NAN; 3], f64::NAN);
        for step in 0..steps {
            let (dw, db, cost) = propagate(&w, b, &x, &y);
            w = w.broadcast(&dw, |w, dw| w - RATE * dw);
            b -= RATE * db;
            last_cost = cost;
            if let Some(place) = costs.get_mut(step) {
                *place = cost;
            }
        }
        Trained { w, costs, last_cost }
    }

    /// The gradient for w1, w2, b, with w of shape (2,).
    pub fn gradient(p: &[f64], model: &Model) -> Vec<f64> {
        let w = Array { shape: vec![2], data: p[..2].to_vec() };
        let (dw, db, _) = propagate(&w, p[2], &from(&model.x), &from(&model.y));
        vec![dw.data[0], dw.data[1], db]
    }

    /// Whether the cost falls, and what predict says to w.reshape(X.shape[0], 1).
    pub fn trained(model: &Model) -> [String; 2] {
        let Trained { w, costs, last_cost } = train(zeros(&[2]), model, 500);
        let falls = if last_cost < costs[0] { "yes" } else { "no" };
        let fits = w.data.len() == model.x.shape().0;
        [falls.to_string(), if fits { "fits" } else { "crash" }.to_string()]
    }
}
