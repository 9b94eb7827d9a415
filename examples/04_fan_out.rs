//! A value used twice: its gradients add up, and the order of the backward pass matters.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::program;
use chainrule::scalar::Tape;
use chainrule::trace::{Node, Trace};
use chainrule::view;

fn main() -> ExitCode {
    program::lesson(run)
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
    let inputs = inputs(&trace);
    let [overwritten, recursed] = [overwriting(&inputs), recursing(&inputs)];
    writeln!(out, "  {overwritten}  contributions overwritten: each edge forgets the other")?;
    writeln!(out, "  {recursed}  recursing without an order: b is called twice, and hands on")?;
    writeln!(out, "     its whole gradient both times")?;
    writeln!(out, "\nOn a tape, an input is older than what uses it. From the newest node to the")?;
    writeln!(out, "oldest, each gradient is complete before it is passed on: no sort needed.\n")?;
    program::picture(out, "04_fan_out.svg", &diamond())?;
    writeln!(out, "\nTry:  below c, add `let c = c + c;`: the answers become 8, 1 and 48.")?;
    writeln!(out, "Next: cargo run --example 05_four_judges")
}

/// c = 3a (a + 1), in which a reaches c along two paths.
pub fn diamond() -> String {
    let tape = Tape::new();
    let a = tape.var(2.0).named("a");
    let (u, v) = ((a * 3.0).named("u"), (a + 1.0).named("v"));
    view::svg(&(u * v).named("c").trace())
}

/// The inputs of each node, once for each use: of b = a + a, twice a. Every local derivative is 1.
pub fn inputs(trace: &Trace) -> Vec<Vec<usize>> {
    let inputs = |node: &Node| node.operands.iter().filter_map(|x| x.node()).collect();
    trace.nodes.iter().map(inputs).collect()
}

/// Nothing yet for any node but the output, which is the last.
fn seed(inputs: &[Vec<usize>]) -> Vec<f64> {
    let mut gradients = vec![0.0; inputs.len() - 1];
    gradients.push(1.0);
    gradients
}

/// The gradient of node 0, with the mistake `=` for `+=`.
pub fn overwriting(inputs: &[Vec<usize>]) -> f64 {
    let mut gradients = seed(inputs);
    for node in (0..inputs.len()).rev() {
        for &input in &inputs[node] {
            gradients[input] = gradients[node];
        }
    }
    gradients[0]
}

/// The gradient of node 0, with the mistake of recursing: each node serves its inputs, then calls
/// each of them in turn, so an input that is used twice is called twice and hands on its whole
/// gradient both times.
pub fn recursing(inputs: &[Vec<usize>]) -> f64 {
    fn call(node: usize, inputs: &[Vec<usize>], gradients: &mut [f64]) {
        for &input in &inputs[node] {
            gradients[input] += gradients[node];
        }
        for &input in &inputs[node] {
            call(input, inputs, gradients);
        }
    }
    let mut gradients = seed(inputs);
    call(inputs.len() - 1, inputs, &mut gradients);
    gradients[0]
}
