//! One neuron with pencil and paper: each value forwards, each slope back; then the tape agrees.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::scalar::Tape;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// The weight, the bias and the input.
const W: f64 = 1.5;
const B: f64 = -1.0;
const X: f64 = 2.0;
/// The label.
const Y: f64 = 1.0;

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    neuron(out, Y)
}

/// Its forward and backward pass for the label `y`.
pub fn neuron(out: &mut impl Write, y: f64) -> io::Result<()> {
    writeln!(out, "One neuron: z = w x + b, a = sigmoid(z), loss L = (a - y)².")?;
    writeln!(out, "w = {W}, b = {B}, x = {X}, y = {y}\n")?;

    let p = W * X;
    let z = p + B;
    let a = 1.0 / (1.0 + (-z).exp());
    let d = a - y;
    let loss = d * d;
    writeln!(out, "Forwards, one operation a line:")?;
    writeln!(out, "  p = w x        = {p:>13.10}")?;
    writeln!(out, "  z = p + b      = {z:>13.10}")?;
    writeln!(out, "  a = sigmoid(z) = {a:>13.10}")?;
    writeln!(out, "  d = a - y      = {d:>13.10}")?;
    writeln!(out, "  L = d²         = {loss:>13.10}\n")?;

    let to_d = 2.0 * d;
    let to_a = to_d;
    let to_z = to_a * a * (1.0 - a);
    let (to_p, to_b) = (to_z, to_z);
    let to_w = to_p * X;
    writeln!(out, "Backwards: the slope of the line times the slope that is known already.")?;
    writeln!(out, "  dL/dd = 2 d                   = {to_d:>13.10}")?;
    writeln!(out, "  dL/da = 1 * dL/dd             = {to_a:>13.10}")?;
    writeln!(out, "  dL/dz = a (1 - a) * dL/da     = {to_z:>13.10}")?;
    writeln!(out, "  dL/dp = 1 * dL/dz             = {to_p:>13.10}")?;
    writeln!(out, "  dL/db = 1 * dL/dz             = {to_b:>13.10}")?;
    writeln!(out, "  dL/dw = x * dL/dp             = {to_w:>13.10}\n")?;

    let tape = Tape::new();
    let (w, b) = (tape.var(W), tape.var(B));
    let d = (w * X + b).sigmoid() - y;
    let gradients = (d * d).backward();
    writeln!(out, "The tape, from the formula alone:")?;
    writeln!(out, "  dL/dw = {:>13.10}   dL/db = {:>13.10}", gradients.wrt(w), gradients.wrt(b))?;
    let agree = (gradients.wrt(w) - to_w).abs() < 1e-14 && (gradients.wrt(b) - to_b).abs() < 1e-14;
    writeln!(out, "  verdict: {}\n", chainrule::check::verdict(agree))?;
    writeln!(out, "Try:  Y = 0.0: all slopes change sign, and L is larger.")?;
    writeln!(out, "Next: cargo run --example 03_tape")
}
