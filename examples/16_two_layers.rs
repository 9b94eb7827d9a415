//! A hidden layer learns what one node cannot, and its gradients stand next to the formulas by hand.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Sigmoid, Tanh};
use chainrule::check::{Comparison, verdict};
use chainrule::data::Examples;
use chainrule::network::{LayerGrads, Network, cross_entropy, glorot};
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot::{Plot, boundary};

/// Which random weights to start from.
const SEED: u64 = 1;

fn main() -> ExitCode {
    program::lesson(run)
}

/// XOR, one example per column.
fn data() -> (Tensor, Tensor) {
    let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    (x, Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]))
}

/// So many tanh nodes, and a sigmoid node above them.
fn two_layers(hidden: usize, seed: u64) -> Network {
    Network::new(2).layer(hidden, Tanh).layer(1, Sigmoid).initialize(seed, glorot)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let (x, y) = data();
    writeln!(out, "XOR: one or the other, not both. 2000 steps at learning rate 1.\n")?;
    writeln!(out, "  X row 1        {:>7}  {:>7}  {:>7}  {:>7}", 0, 0, 1, 1)?;
    writeln!(out, "  X row 2        {:>7}  {:>7}  {:>7}  {:>7}", 0, 1, 0, 1)?;
    writeln!(out, "  Y              {:>7}  {:>7}  {:>7}  {:>7}     cost", 0, 1, 1, 0)?;
    learn(out, "one node", Network::new(2).layer(1, Sigmoid).initialize(SEED, glorot))?;
    for hidden in [2, 3] {
        learn(out, &format!("{hidden} hidden"), two_layers(hidden, SEED))?;
    }

    writeln!(out, "\nThe gradient of the one with 2 hidden nodes, at its start:\n")?;
    let network = two_layers(2, SEED);
    let (tape, _) = network.propagate(&x, &y, cross_entropy);
    let comparison = compare(&tape, &by_hand(&network, &x, &y));
    writeln!(out, "{comparison}")?;
    writeln!(out, "\nverdict: {}", verdict(comparison.agrees()))?;

    let [square, hidden] = pictures();
    writeln!(out)?;
    program::picture(out, "16_square.svg", &square)?;
    program::picture(out, "16_hidden.svg", &hidden)?;
    writeln!(out, "\nTry:  set SEED to 2; 2 hidden nodes learn it as well: the start decides.")?;
    writeln!(out, "Next: cargo run --example 17_symmetry")
}

/// Trains, and shows a for each example and the cost.
fn learn(out: &mut impl Write, name: &str, mut network: Network) -> io::Result<()> {
    let (x, y) = data();
    network.train(&x, &y, cross_entropy, 2000, 1.0, |_, _, _| ());
    let (_, cost) = network.propagate(&x, &y, cross_entropy);
    write!(out, "  A, {name:<12}")?;
    for a in network.predict(&x).to_vec() {
        write!(out, "  {a:>7.4}")?;
    }
    writeln!(out, "   {cost:.4}")
}

/// The four corners with the line that each of two hidden nodes draws, and the same corners as the
/// last node sees them.
pub fn pictures() -> [String; 2] {
    let (x, y) = data();
    let mut network = two_layers(2, 2);
    network.train(&x, &y, cross_entropy, 2000, 1.0, |_, _, _| ());
    let [first, last] = &network.layers[..] else { panic!("two layers") };

    let corner = |j: &usize| (x.get(0, *j), x.get(1, *j));
    let mut square = Plot::new("The corners of XOR, and the lines of the hidden nodes", "x1", "x2")
        .points("y = 0", [0, 3].iter().map(corner))
        .points("y = 1", [1, 2].iter().map(corner));
    for k in [0, 1] {
        let [w1, w2, b] = [first.weights.get(0, k), first.weights.get(1, k), first.bias.get(k, 0)];
        let line = (-20..=60).map(|i| 0.025 * f64::from(i)).map(|x1| (x1, -(w1 * x1 + b) / w2));
        let inside = line.filter(|(_, x2)| (-0.5..=1.5).contains(x2));
        square = square.curve(&format!("hidden node {}", k + 1), inside);
    }

    let hidden = Examples {
        features: vec!["hidden node 1".to_string(), "hidden node 2".to_string()],
        label: "y".to_string(),
        classes: ["0", "1"].map(String::from).to_vec(),
        columns: Default::default(),
        notes: vec![],
        x: (first.weights.t().matmul(&x) + &first.bias).map(f64::tanh),
        y,
    };
    let title = "What the last node sees: one line is enough";
    let seen = boundary(title, &hidden, ["y = 0", "y = 1"], &last.weights, last.bias.get(0, 0));
    [square.svg(), seen]
}

/// The gradients of both layers, line by line as chapter 16 derives them. Weights are stored as W,
/// (inputs, nodes), so that Z = Wᵀ X + b.
fn by_hand(network: &Network, x: &Tensor, y: &Tensor) -> [LayerGrads; 2] {
    let [first, second] = &network.layers[..] else { panic!("two layers") };
    let m = x.shape().1 as f64;
    let a1 = (first.weights.t().matmul(x) + &first.bias).map(f64::tanh);
    let a2 = (second.weights.t().matmul(&a1) + &second.bias).map(|z| 1.0 / (1.0 + (-z).exp()));

    let dz2 = &a2 - y;
    let dw2 = a1.matmul(&dz2.t()) / m;
    let db2 = dz2.sum_columns() / m;

    let da1 = second.weights.matmul(&dz2);
    let dz1 = da1 * a1.map(|a| 1.0 - a * a);
    let dw1 = x.matmul(&dz1.t()) / m;
    let db1 = dz1.sum_columns() / m;
    [LayerGrads { dw: dw1, db: db1 }, LayerGrads { dw: dw2, db: db2 }]
}

/// Both gradients, entry by entry.
fn compare(tape: &[LayerGrads], by_hand: &[LayerGrads]) -> Comparison {
    let mut comparison = Comparison::new(["reverse mode", "by hand"]);
    for (k, (tape, by_hand)) in tape.iter().zip(by_hand).enumerate() {
        for (name, tape, by_hand) in [("dW", &tape.dw, &by_hand.dw), ("db", &tape.db, &by_hand.db)]
        {
            let (rows, columns) = tape.shape();
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let name = format!("{name}{}[{i},{j}]", k + 1);
                comparison.add(name, [tape.get(i, j), by_hand.get(i, j)], 1.0);
            }
        }
    }
    comparison
}
