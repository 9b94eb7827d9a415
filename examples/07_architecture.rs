//! The architecture of a network: what a line of code defines, and the shapes that follow from it.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Sigmoid, Tanh};
use chainrule::network::Network;
use chainrule::tensor::{Tape, Tensor};

/// Nodes in the hidden layer of the second network.
const HIDDEN: usize = 4;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    // Three examples of two features, one example per column.
    let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]);
    writeln!(out, "X is (2, 3): n = 2 features, m = 3 examples, one per column.\n")?;

    let one_node = Network::new(2).layer(1, Sigmoid);
    writeln!(out, "Network::new(2).layer(1, Sigmoid)")?;
    describe(out, &one_node, x.shape())?;

    let deeper = Network::new(2).layer(HIDDEN, Tanh).layer(1, Sigmoid);
    writeln!(out, "Network::new(2).layer({HIDDEN}, Tanh).layer(1, Sigmoid)")?;
    describe(out, &deeper, x.shape())?;

    writeln!(out, "What one node records for w = (1, 2), b = 1.5, operation by operation:")?;
    let mut one_node = one_node;
    one_node.layers[0].weights = Tensor::new(2, 1, vec![1.0, 2.0]);
    one_node.layers[0].bias = Tensor::from(1.5);
    let tape = Tape::new();
    let parameters = one_node.parameters(&tape);
    let output = one_node.forward(&parameters, tape.constant(x).named("X"));
    let trace = output.a().named("A").sum().trace();
    for (k, node) in trace.nodes.iter().enumerate().take(trace.nodes.len() - 1) {
        let entries: Vec<String> = node.value.to_vec().iter().map(|x| format!("{x:.4}")).collect();
        let (name, formula, shape) = (trace.label(k), trace.formula(k), node.value.shape());
        writeln!(out, "  {name:<2}  {formula:<13}  {shape:?}  {}", entries.join("  "))?;
    }
    writeln!(out, "\nTry:  set HIDDEN to 8; the second network then has 33 parameters.")?;
    writeln!(out, "Next: cargo run --example 08_sigmoid")
}

/// A row for each layer: its shapes for X of shape (n, m), and how many numbers it learns.
fn describe(out: &mut impl Write, network: &Network, (n, m): (usize, usize)) -> io::Result<()> {
    writeln!(
        out,
        "  layer  f        W       b       Wᵀ · input + b = Z                parameters"
    )?;
    let (mut inputs, mut total) = (n, 0);
    for (k, layer) in network.layers.iter().enumerate() {
        let (w, b) = (layer.weights.shape(), layer.bias.shape());
        let z = format!("({}, {}) · ({inputs}, {m}) + {b:?} = ({}, {m})", w.1, w.0, w.1);
        let count = w.0 * w.1 + b.0 * b.1;
        let f = layer.activation.name();
        writeln!(out, "  {:<5}  {f:<7}  {w:?}  {b:?}  {z}  {:>9}", k + 1, count)?;
        (inputs, total) = (w.1, total + count);
    }
    writeln!(out, "  together {total:>67}\n")
}
