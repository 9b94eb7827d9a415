//! Why the nodes of a hidden layer must not start equal.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Sigmoid, Tanh};
use chainrule::network::{Network, cross_entropy, glorot};
use chainrule::tensor::Tensor;

/// Nodes in the hidden layer.
const HIDDEN: usize = 3;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    let xor = Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]);

    writeln!(out, "{HIDDEN} tanh nodes and one on top learn XOR (0 1 1 0), 1000 steps at rate 1:")?;
    let network = || Network::new(2).layer(HIDDEN, Tanh).layer(1, Sigmoid);

    writeln!(out, "\n  all weights 0: every gradient is 0, nothing moves")?;
    learn(out, network(), &x, &xor)?;

    writeln!(out, "\n  all weights 0.5: they move, all in the same way")?;
    let mut equal = network();
    for layer in &mut equal.layers {
        layer.weights = layer.weights.map(|_| 0.5);
    }
    learn(out, equal, &x, &xor)?;

    writeln!(out, "\n  weights drawn at random, initialize(1, glorot): each its own way")?;
    learn(out, network().initialize(1, glorot), &x, &xor)?;

    writeln!(out, "\nTry:  set HIDDEN to 30; equal nodes still cannot learn XOR.")?;
    writeln!(out, "Next: cargo run --example 18_softmax")
}

/// Trains, and shows the cost, what the network answers, and the weights of each hidden node.
fn learn(out: &mut impl Write, mut network: Network, x: &Tensor, y: &Tensor) -> io::Result<()> {
    let (_, before) = network.propagate(x, y, cross_entropy);
    network.train(x, y, cross_entropy, 1000, 1.0, |_, _, _| ());
    let (_, after) = network.propagate(x, y, cross_entropy);
    let answers: Vec<String> =
        network.predict(x).to_vec().iter().map(|a| format!("{a:.3}")).collect();
    writeln!(out, "    cost {before:.4} -> {after:.4}   a = {}", answers.join("  "))?;
    if let [hidden, _] = &network.layers[..] {
        let w = &hidden.weights;
        for k in 0..w.shape().1.min(3) {
            let [w1, w2] = [0, 1].map(|i| w.get(i, k));
            writeln!(out, "    weights of hidden node {}: {w1:>7.4} {w2:>7.4}", k + 1)?;
        }
    }
    Ok(())
}
