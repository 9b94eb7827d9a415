//! How far a gradient comes through twenty layers: four activations, one of your own, and two scales.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Activation, Identity, Relu, Sigmoid, Silu, Tanh};
use chainrule::check;
use chainrule::network::{Network, glorot, he, squared_error};
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot::Plot;

const LAYERS: usize = 20;
const NODES: usize = 16;
const STEPS: usize = 50;
const EXAMPLES: usize = 8;

/// f(x) = x/√(1 + x²), f′(x) = (1 + x²)^(−3/2).
#[derive(Clone)]
struct Mine;

impl Activation for Mine {
    fn name(&self) -> &'static str {
        "mine"
    }
    fn f(&self, x: f64) -> f64 {
        x / x.hypot(1.0)
    }
    fn df(&self, x: f64, _y: f64) -> f64 {
        x.hypot(1.0).powi(-3)
    }
}

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// The chain, and a node on top of it that answers: with weights on the scale of Glorot, and of He.
fn chains<F>(f: F) -> [Network; 2]
where
    F: Activation + Clone + Send + Sync + 'static,
{
    let mut chain = Network::new(NODES);
    for _ in 0..LAYERS {
        chain = chain.layer(NODES, f.clone());
    }
    let chain = chain.layer(1, Identity);
    [chain.clone().initialize(1, glorot), chain.initialize(1, he)]
}

/// Examples of mean 0 and variance 1, and whether the first number of each is positive.
fn data() -> (Tensor, Tensor) {
    let numbers = Network::new(EXAMPLES).layer(NODES, Identity).initialize(7, |_, _| 3f64.sqrt());
    let x = numbers.layers[0].weights.t();
    let y = (0..EXAMPLES).map(|j| f64::from(x.get(0, j) > 0.0)).collect();
    (x, Tensor::new(1, EXAMPLES, y))
}

/// The length of dW, layer by layer.
fn lengths(network: &Network, x: &Tensor, y: &Tensor) -> Vec<f64> {
    let (grads, _) = network.propagate(x, y, squared_error);
    let length = |dw: &Tensor| (dw * dw).sum().sqrt();
    grads[..LAYERS].iter().map(|layer| length(&layer.dw)).collect()
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", check::activation(&Mine))?;
    let (x, y) = data();
    let all =
        [chains(Sigmoid), chains(Tanh), chains(Relu), chains(Silu), chains(Mine)].map(|chains| {
            let lengths = [0, 1].map(|scale| lengths(&chains[scale], &x, &y));
            (chains, lengths)
        });

    let title = format!("The gradient in {LAYERS} layers, with the scale of Glorot");
    let mut plot = Plot::new(&title, "layer", "log10 |dW|");
    for (chains, [lengths, _]) in &all {
        let points = lengths.iter().enumerate().map(|(k, dw)| (1.0 + k as f64, dw.log10()));
        plot = plot.curve(chains[0].layers[0].activation.name(), points);
    }
    write!(out, "{}", plot.braille())?;
    program::picture(out, "20_vanishing.svg", &plot.svg())?;

    let mean = y.sum() / EXAMPLES as f64;
    let always = mean * (1.0 - mean);
    writeln!(
        out,
        "\n           Glorot: |dW| of 1, {LAYERS}, cost     He: |dW| of 1, {LAYERS}, cost"
    )?;
    for (chains, lengths) in all {
        write!(out, "  {:<8}", chains[0].layers[0].activation.name())?;
        for (mut network, lengths) in chains.into_iter().zip(lengths) {
            network.train(&x, &y, squared_error, STEPS, 0.03, |_, _, _| ());
            let (_, cost) = network.propagate(&x, &y, squared_error);
            write!(out, "  {:>8.1e} {:>8.1e} {cost:>8.5}", lengths[0], lengths[LAYERS - 1])?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "cost: after {STEPS} steps at rate 0.03; baseline (always the mean): {always:.5}"
    )?;

    writeln!(out, "Try:  set LAYERS to 40; sigmoid's |dW| of layer 1 is below 1e-22.")?;
    writeln!(out, "Next: cargo run --example 21_own_activation")
}
