//! One neuron on a tape of numbers: what is multiplied with what, forwards and back again.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::program;
use chainrule::scalar::Tape;
use chainrule::trace::Trace;
use chainrule::view;

fn main() -> ExitCode {
    program::lesson(run)
}

/// The bias.
const B: f64 = 0.5;

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let trace = neuron(out, B)?;
    program::picture(out, "03_tape.svg", &view::svg(&trace))?;
    writeln!(
        out,
        "\nTry:  set B to 1.5; a - y moves towards 0, and the slopes of w1, w2, b with it."
    )?;
    writeln!(out, "Next: cargo run --example 04_fan_out")
}

/// One neuron with this bias.
pub fn neuron(out: &mut impl Write, bias: f64) -> io::Result<Trace> {
    let tape = Tape::new();
    let w1 = tape.var(1.0).named("w1");
    let w2 = tape.var(-2.0).named("w2");
    let b = tape.var(bias).named("b");
    let x1 = tape.constant(2.0).named("x1");
    let x2 = tape.constant(0.5).named("x2");

    let z = (w1 * x1 + w2 * x2 + b).named("z");
    let a = z.sigmoid().named("a");
    let loss = (-a.ln()).named("L"); // the cost of one example with label y = 1

    writeln!(out, "One neuron, one example with label y = 1.\n")?;
    let trace = loss.trace();
    write!(out, "{}", view::table(&trace))?;

    let dz = loss.backward().wrt(z);
    writeln!(out, "Check: dL/dz must be a - y = {:.10} - 1 = {:.10}", a.value(), a.value() - 1.0)?;
    writeln!(out, "       and backward() says             {dz:.10}\n")?;

    Ok(trace)
}
