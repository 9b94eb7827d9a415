//! The post's start from zero, and three others that end at the same place.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use chainrule::data::Examples;
use chainrule::logistic::{self, Options};
use chainrule::tensor::Tensor;

/// Where descent starts: w, b.
const STARTS: [(f64, f64); 3] = [(0.0, 0.0), (5.0, -5.0), (-3.0, 8.0)];

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = home.join("examples/data/hours_studied_wikipedia.csv");
    let Examples { x, y, .. } = Examples::read_csv(file, None).map_err(io::Error::other)?;

    writeln!(out, "20 students: x is hours studied, y = 1 is passed. z = w x + b.\n")?;
    let (w, b) = logistic::initialize_with_zeros(1);
    let (grads, cost) = logistic::propagate(&w, b, &x, &y).map_err(io::Error::other)?;
    let dw = grads.dw.get(0, 0);
    writeln!(out, "initialize_with_zeros(1): w is {:?}, all 0, and b = {b}", w.shape())?;
    writeln!(out, "  each a is 0.5, and the cost is {cost:.10}, which is ln 2")?;
    writeln!(out, "  dw = {dw:.5}: w moves, although it is 0\n")?;

    writeln!(out, "Gradient descent at learning rate 0.5, from {} starts:", STARTS.len())?;
    writeln!(out, "  start            cost at step 0      100     5000     final w    final b")?;
    for (w, b) in STARTS {
        let options = Options { num_iterations: 5001, ..Options::default() };
        let mut costs = vec![];
        let report = |_: usize, cost: f64| costs.push(cost);
        let start = Tensor::new(1, 1, vec![w]);
        let fit = logistic::optimize_with(start, b, &x, &y, &options, report);
        let fit = fit.map_err(io::Error::other)?;
        let [first, hundredth, last] = [0, 100, 5000].map(|step: usize| costs[step]);
        let (last_w, last_b) = (fit.w.get(0, 0), fit.b);
        writeln!(
            out,
            "  w = {w:>2}, b = {b:>2}        {first:>9.4} {hundredth:>8.4} {last:>8.4}   {last_w:>9.4}  {last_b:>9.4}"
        )?;
    }
    writeln!(out, "\nOne valley, one lowest point: every start leads there.\n")?;
    writeln!(out, "Try:  change -3.0, 8.0 to 30.0, 0.0; it ends at the same w and b.")?;
    writeln!(out, "Next: cargo run --example 10_likelihood")
}
