//! Second derivatives from the tape and by hand, Newton's method, and the largest learning rate.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use chainrule::check::{self, verdict};
use chainrule::data::Examples;
use chainrule::logistic::{self, Options};
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot::Plot;

/// One below and one above 2/λ at the minimum.
const RATES: [f64; 2] = [1.79, 1.82];

fn main() -> ExitCode {
    program::lesson(run)
}

/// Writes the lesson's output to `out`, and a picture.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = home.join("examples/data/hours_studied_wikipedia.csv");
    let Examples { x, y, .. } = Examples::read_csv(file, None).map_err(io::Error::other)?;

    writeln!(
        out,
        "The hours of lesson 12. All second derivatives of the cost, at w = 0, b = 0:\n"
    )?;
    let (w, b) = logistic::initialize_with_zeros(1);
    let comparison = check::curvature(&w, b, &x, &y).map_err(io::Error::other)?;
    writeln!(out, "{comparison:#}\n")?;
    let agrees = verdict(comparison.agrees());
    writeln!(out, "H = (1/m) [X; 1] diag(a (1 - a)) [X; 1]ᵀ   verdict: {agrees}\n")?;

    writeln!(out, "Newton's method: solve H s = -g, then add s to w and b.")?;
    writeln!(out, "  step           w            b     |g|    cost")?;
    let ([mut w1, mut b1], mut newton) = ([0.0; 2], vec![]);
    for step in 0..=6 {
        let (size, cost) = gradient(w1, b1, &x, &y)?;
        let shown = if size < 1e-15 { "<1e-15".to_string() } else { format!("{size:.0e}") };
        writeln!(out, "  {step:>4}  {w1:>10.8}  {b1:>11.8}  {shown:>6}  {cost:.4}")?;
        newton.push((f64::from(step), size));
        if step < 6 {
            let fit = logistic::newton(w1.into(), b1, &x, &y, 1).map_err(io::Error::other)?;
            (w1, b1) = (fit.w.get(0, 0), fit.b);
        }
    }
    let mut costs = vec![];
    let report = |_: usize, cost: f64| costs.push(cost);
    logistic::optimize_with(w, b, &x, &y, &Options::default(), report).map_err(io::Error::other)?;
    let first = costs.iter().position(|cost| format!("{cost:.4}") == "0.4015").unwrap_or(0);
    writeln!(out, "Gradient descent at rate 0.5 has the cost 0.4015 from step {first} on.\n")?;

    let h = logistic::curvature(&w1.into(), b1, &x, &y).map_err(io::Error::other)?;
    let largest = largest_curvature(&h);
    writeln!(out, "At the minimum, the largest curvature of all directions is {largest:.6}.")?;
    writeln!(out, "Rates below 2/{largest:.6} = {:.4} are stable there:", 2.0 / largest)?;
    for learning_rate in RATES {
        let options = Options { learning_rate, num_iterations: 3000, ..Options::default() };
        let start = Tensor::from(w1 + 0.001);
        let fit = logistic::optimize(start, b1, &x, &y, &options).map_err(io::Error::other)?;
        let away = (fit.w.get(0, 0) - w1).hypot(fit.b - b1);
        let away = if away < 1e-6 { "less than 0.000001".into() } else { format!("{away:.6}") };
        writeln!(
            out,
            "  3000 steps at rate {learning_rate}, from 0.001 away: {away} away at last"
        )?;
    }
    writeln!(out)?;
    program::picture(out, "19_curvature.svg", &race(&newton, &x, &y)?)?;
    writeln!(out, "\nTry:  in RATES, 1.80 for 1.82; it returns to the minimum as well.")?;
    writeln!(out, "Next: cargo run --example 20_vanishing")
}

/// The length of the gradient, and the cost.
fn gradient(w: f64, b: f64, x: &Tensor, y: &Tensor) -> io::Result<(f64, f64)> {
    let (grads, cost) = logistic::propagate(&w.into(), b, x, y).map_err(io::Error::other)?;
    Ok((grads.dw.get(0, 0).hypot(grads.db), cost))
}

/// The larger λ of a symmetric 2×2 matrix: that of `H u = λ u`.
fn largest_curvature(h: &Tensor) -> f64 {
    let (middle, half) = ((h.get(0, 0) + h.get(1, 1)) / 2.0, (h.get(0, 0) - h.get(1, 1)) / 2.0);
    middle + half.hypot(h.get(0, 1))
}

/// How the gradient shrinks, in powers of ten.
fn race(newton: &[(f64, f64)], x: &Tensor, y: &Tensor) -> io::Result<String> {
    let log = |&(step, size): &(f64, f64)| (step, size.log10());
    let mut plot = Plot::new("How fast the gradient vanishes", "step", "log10 |g|");
    for rate in [0.5, RATES[0]] {
        let ([mut w, mut b], mut sizes) = ([0.0; 2], vec![]);
        for step in 0..200 {
            let (grads, _) = logistic::propagate(&w.into(), b, x, y).map_err(io::Error::other)?;
            sizes.push((f64::from(step), grads.dw.get(0, 0).hypot(grads.db)));
            (w, b) = (w - rate * grads.dw.get(0, 0), b - rate * grads.db);
        }
        plot = plot.curve(&format!("rate {rate}"), sizes.iter().map(log));
    }
    Ok(plot.curve("Newton", newton[..6].iter().map(log)).svg())
}
