//! A value used twice: its gradients add up, and the order of the walk matters.

use std::io::{self, Write};

use chainrule::scalar::Tape;
use chainrule::view;

fn main() -> io::Result<()> {
    run(&mut io::stdout())
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let tape = Tape::new();
    let a = tape.var(1.0).named("a");
    let b = (a + a).named("b");
    let c = (b + b).named("c");

    writeln!(out, "b = a + a, c = b + b, so c = 4a and dc/da = 4.\n")?;
    let trace = c.trace();
    write!(out, "{}", view::table(&trace))?;

    writeln!(out, "\nThe gradients of b and a grow, one contribution after the other:")?;
    for step in trace.steps() {
        let name = trace.label(step.input);
        let [product, after] = [&step.product, &step.after].map(|matrix| matrix.get(0, 0));
        let before =
            step.before.as_ref().map_or("nothing".to_string(), |sum| sum.get(0, 0).to_string());
        writeln!(out, "  {name}, {} of {}: {before} + {product} -> {after}", step.nth, step.count)?;
    }

    writeln!(out, "\ndc/da")?;
    writeln!(out, "  {}  newest node first, contributions added", c.backward().wrt(a))?;
    writeln!(out, "  {}  contributions overwritten: each edge forgets the other", overwriting())?;
    let mut gradients = [0.0, 0.0, 1.0];
    recursing(&mut gradients, 2);
    writeln!(
        out,
        "  {}  recursing without an order: b is called twice, and hands on",
        gradients[0]
    )?;
    writeln!(out, "     its whole gradient both times")?;
    writeln!(
        out,
        "\nOn a tape, an input is older than what uses it. Walking from the newest node to"
    )?;
    writeln!(out, "the oldest, a gradient is complete before it is handed on: no sort needed.\n")?;
    writeln!(out, "Try:  add `let c = (c + c)`; the three answers become 8, 1 and 64.")?;
    writeln!(out, "Next: cargo run --example 05_four_judges")
}

/// The inputs of each node: a has none, b = a + a, c = b + b. Every local derivative is 1.
const INPUTS: [&[usize]; 3] = [&[], &[0, 0], &[1, 1]];

/// The mistake `=` for `+=`.
fn overwriting() -> f64 {
    let mut gradients = [0.0, 0.0, 1.0];
    for node in (0..3).rev() {
        for &input in INPUTS[node] {
            gradients[input] = gradients[node];
        }
    }
    gradients[0]
}

/// The mistake of recursing: each node serves its inputs, then calls each of them in turn, so an
/// input that is used twice is called twice and hands on its whole gradient both times.
fn recursing(gradients: &mut [f64; 3], node: usize) {
    for &input in INPUTS[node] {
        gradients[input] += gradients[node];
    }
    for &input in INPUTS[node] {
        recursing(gradients, input);
    }
}
