//! Where the cost comes from: the likelihood of the labels, its logarithm, and why not a square.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use chainrule::activation::{Activation, Sigmoid};
use chainrule::data::Examples;
use chainrule::logistic::{self, closed_form};
use chainrule::scalar::Tape;
use chainrule::tensor::Tensor;
use chainrule::{program, view::plot::Plot};

/// The label of the one example whose slopes are shown.
const LABEL: f64 = 1.0;

fn main() -> ExitCode {
    program::lesson(run)
}

/// The probability that a = σ(wx + b) gives to the label of each example: a for 1, and 1 - a for 0.
pub fn given([w, b]: [f64; 2], x: &Tensor, y: &Tensor) -> Vec<f64> {
    let z = x.to_vec().into_iter().map(|x| w * x + b);
    z.zip(y.to_vec()).map(|(z, y)| Sigmoid.f(if y == 1.0 { z } else { -z })).collect()
}

/// -ln of the likelihood of all labels, for each of them.
pub fn cross_entropy(p: &[f64]) -> f64 {
    -p.iter().map(|p| p.ln()).sum::<f64>() / p.len() as f64
}

/// The mean of (a - y)²: a - y is p - 1 for the label 1, and 1 - p for 0.
pub fn squared_error(p: &[f64]) -> f64 {
    p.iter().map(|p| (1.0 - p) * (1.0 - p)).sum::<f64>() / p.len() as f64
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = home.join("examples/data/hours_studied_wikipedia.csv");
    let Examples { x, y, .. } = Examples::read_csv(file, None).map_err(io::Error::other)?;
    writeln!(out, "20 students: x is hours studied, y = 1 is passed. a = σ(w x + b).\n")?;
    writeln!(out, "       w        b  likelihood    cost  exp(-cost)")?;
    for [w, b] in [[0.0, 0.0], [1.0, -2.0], [1.5046, -4.0777], [3.0, -8.0]] {
        let p = given([w, b], &x, &y);
        let (likelihood, cost) = (p.iter().product::<f64>(), cross_entropy(&p));
        writeln!(
            out,
            "  {w:>6.4}  {b:>7.4}  {likelihood:>10.3e}  {cost:.4}  {:>10.4}",
            (-cost).exp()
        )?;
    }

    writeln!(out, "\nm labels, each given the probability 1/2:")?;
    writeln!(out, "     m  likelihood  sum of ln    cost")?;
    for m in [20, 300, 1074, 1075, 2000] {
        let p = vec![0.5; m];
        let (likelihood, sum) = (p.iter().product::<f64>(), p.iter().map(|p| p.ln()).sum::<f64>());
        let likelihood = if likelihood == 0.0 { "0".into() } else { format!("{likelihood:.3e}") };
        writeln!(out, "  {m:>4}  {likelihood:>10}  {sum:>9.2}  {:.4}", cross_entropy(&p))?;
    }

    writeln!(out, "\nOne example with label {LABEL}, which is given p; slopes with respect to z:")?;
    writeln!(out, "    z          p       -ln p       slope    (a - y)²       slope")?;
    for z in [-10.0, -5.0, -2.0, 0.0, 2.0, 5.0] {
        let tape = Tape::new();
        let z = tape.var(z);
        let p = if LABEL == 1.0 { z.sigmoid() } else { (-z).sigmoid() };
        write!(out, "  {:>3}  {:.7}", z.value(), p.value())?;
        for loss in [-p.ln(), (1.0 - p).powi(2)] {
            write!(out, "  {:>10.7}  {:>10.7}", loss.value(), loss.backward().wrt(z))?;
        }
        writeln!(out)?;
    }

    // The line with the least squares is where a gradient that is linear in w and b is 0.
    let (x_mean, y_mean) = (x.sum() / 20.0, y.sum() / 20.0);
    let from_mean = &x - x_mean;
    let w = (&from_mean * &y).sum() / (&from_mean * &from_mean).sum();
    let b = y_mean - w * x_mean;
    writeln!(out, "\nLeast squares, a = w x + b, by a formula: w = {w:.4}, b = {b:.4}")?;
    writeln!(out, "Least cost, a = σ(w x + b), step by step:")?;
    writeln!(out, "  step       w        b       dw       db")?;
    let (mut w, mut b) = logistic::initialize_with_zeros(1);
    for step in 0..=2000 {
        let (grads, _) = closed_form::propagate(&w, b, &x, &y).map_err(io::Error::other)?;
        if [0, 20, 200, 2000].contains(&step) {
            let (w, dw, db) = (w.get(0, 0), grads.dw.get(0, 0), grads.db);
            writeln!(out, "  {step:>4}  {w:>6.4}  {b:>7.4}  {dw:>7.1e}  {db:>7.1e}")?;
        }
        (w, b) = (&w - &(&grads.dw * 0.5), b - 0.5 * grads.db);
    }

    writeln!(out)?;
    program::picture(out, "10_likelihood.svg", &picture(&x, &y))?;
    writeln!(out, "\nTry:  set LABEL to 0.0: now z = 5 is wrong, and every slope is positive.")?;
    writeln!(out, "Next: cargo run --example 11_propagate")
}

/// What the students cost at each w, with the b of the best fit.
fn picture(x: &Tensor, y: &Tensor) -> String {
    let against_w = |cost: fn(&[f64]) -> f64| {
        let ws = (-20..=80).map(|k| f64::from(k) / 20.0);
        ws.map(move |w| (w, cost(&given([w, -4.0777], x, y))))
    };
    Plot::new("20 students, b = -4.0777: two costs against w", "w", "cost")
        .curve("cross-entropy", against_w(cross_entropy))
        .curve("squared error", against_w(squared_error))
        .svg()
}
