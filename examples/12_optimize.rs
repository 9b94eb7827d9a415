//! Gradient descent: the first steps in full, and three learning rates.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use chainrule::data::Examples;
use chainrule::logistic::{self, Grads, Options, propagate};
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot::Plot;

/// Too small, right, too large.
const RATES: [f64; 3] = [0.01, 0.5, 3.0];

fn main() -> ExitCode {
    program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = home.join("examples/data/hours_studied_wikipedia.csv");
    let Examples { x, y, .. } = Examples::read_csv(file, None).map_err(io::Error::other)?;

    writeln!(out, "20 students: x is hours studied, y = 1 is passed. z = w x + b.\n")?;
    let rate = RATES[1];
    writeln!(out, "Four steps at rate {rate}: w <- w - {rate} dw, b <- b - {rate} db")?;
    writeln!(out, "  step        w        b       dw       db    cost")?;
    let (mut w, mut b) = logistic::initialize_with_zeros(1);
    for step in 0..=4 {
        let (grads, cost) = logistic::propagate(&w, b, &x, &y).map_err(io::Error::other)?;
        let (w1, dw1, db) = (w.get(0, 0), grads.dw.get(0, 0), grads.db);
        let [w1, b1, dw1, db1] = [w1, b, dw1, db].map(four_digits);
        writeln!(out, "  {step:>4}  {w1:>7}  {b1:>7}  {dw1:>7}  {db1:>7}  {cost:.4}")?;
        w = &w - &(&grads.dw * rate);
        b -= rate * db;
    }

    writeln!(out, "\nThe cost on the way, at three rates:")?;
    let mut paths = vec![];
    for learning_rate in RATES {
        let options = Options { num_iterations: 2001, learning_rate, ..Options::default() };
        let (w, b) = logistic::initialize_with_zeros(1);
        let mut costs = vec![];
        let report = |_: usize, cost: f64| costs.push(cost);
        let fit = logistic::optimize_with(w, b, &x, &y, &options, report);
        paths.push((costs, fit.map_err(io::Error::other)?));
    }
    writeln!(out, "  step     {}", RATES.map(|rate| cell(&format!("rate {rate}"))).concat())?;
    for step in [0, 1, 2, 3, 4, 5, 10, 50, 100, 500, 1000, 1999, 2000] {
        let costs = paths.iter().map(|(costs, _)| cell(&four_digits(costs[step])));
        writeln!(out, "  {step:<9}{}", costs.collect::<String>())?;
    }
    let w = paths.iter().map(|(_, fit)| cell(&four_digits(fit.w.get(0, 0))));
    let b = paths.iter().map(|(_, fit)| cell(&four_digits(fit.b)));
    writeln!(out, "  final w  {}", w.collect::<String>())?;
    writeln!(out, "  final b  {}", b.collect::<String>())?;
    writeln!(out, "The published fit of these data: w = 1.5046, b = -4.0777.\n")?;
    program::picture(out, "12_optimize.svg", &valley(&x, &y))?;
    writeln!(out, "\nTry:  change rate 3.0 to 1.0; the cost rises at first, and ends at 0.4015.")?;
    writeln!(out, "Next: cargo run --example 13_predict")
}

/// The cost over w and b, as lines of equal cost, and 200 steps at each rate.
pub fn valley(x: &Tensor, y: &Tensor) -> String {
    let at = |(w, b): (f64, f64)| propagate(&w.into(), b, x, y).expect("20 students");
    let mut plot = Plot::new("The cost falls into a valley", "w", "b");
    for rate in RATES {
        let step = |&(w, b): &(f64, f64)| {
            let (Grads { dw, db }, _) = at((w, b));
            Some((w - rate * dw.get(0, 0), b - rate * db))
        };
        let path = std::iter::successors(Some((0.0, 0.0)), step);
        plot = plot.curve(&format!("rate {rate}"), path.take(201));
    }
    let (w, b) = (1.5046, -4.0777);
    plot = plot.points("minimum", [(w, b)]);
    // The cost grows along each ray from its minimum, so each ray meets a level once.
    for level in [0.5, 0.7, 1.2, 2.5] {
        let contour = (-45..=315).rev().map(|degrees| {
            let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
            let point = |r: f64| (w + r * cos, b + 3.0 * r * sin);
            let (mut low, mut high) = (0.0, 20.0);
            for _ in 0..30 {
                let middle = (low + high) / 2.0;
                *if at(point(middle)).1 < level { &mut low } else { &mut high } = middle;
            }
            point(low)
        });
        plot = plot.guide(&level.to_string(), contour);
    }
    plot.svg()
}

/// Four decimals; what rounds to zero has no sign.
fn four_digits(number: f64) -> String {
    format!("{:.4}", (number * 1e4).round() / 1e4 + 0.0)
}

/// A cell of the second table.
fn cell(text: &str) -> String {
    format!("{text:>11}")
}
