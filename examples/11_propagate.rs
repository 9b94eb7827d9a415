//! The gradient of logistic regression: from the tape, by hand, and by two more judges.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::check::{self, verdict};
use chainrule::logistic::propagate;
use chainrule::tensor::Tensor;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let w = Tensor::new(2, 1, vec![1.0, 2.0]);
    let b = 1.5;
    let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]);
    let y = Tensor::new(1, 3, vec![1.0, 1.0, 0.0]);

    let (_, cost) = propagate(&w, b, &x, &y).map_err(io::Error::other)?;
    let comparison = check::propagate(&w, b, &x, &y).map_err(io::Error::other)?;

    writeln!(out, "X (2,3)  Y (1,3)  w (2,1)  b scalar     m = 3 examples, one per column\n")?;
    writeln!(out, "reverse mode   the tape: z = wᵀX + b, cost = mean of softplus((1 - 2y) z)")?;
    writeln!(out, "closed form    dw = (1/m) X (A - Y)ᵀ,  db = (1/m) Σ(A - Y)")?;
    writeln!(out, "forward mode   the cost on dual numbers, once for each parameter")?;
    writeln!(out, "differences    the cost at p + h and at p - h, for each parameter p\n")?;
    writeln!(out, "{comparison:#}")?;
    writeln!(out, "\ncost {cost:.10}   verdict: {}\n", verdict(comparison.agrees()))?;
    writeln!(out, "Try:  in y, set a 1.0 to 0.0; db rises by 1/m = 0.3333333333.")?;
    writeln!(out, "Next: cargo run --example 12_optimize")
}
