//! Three kinds of penguins: softmax, its gradient beside the closed form, and two classes as a case of it.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chainrule::check::{self, verdict};
use chainrule::data::{Classifier, Csv, Examples, one_hot};
use chainrule::logistic::{self, Options, accuracy};
use chainrule::network::cross_entropy;
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot::Plot;

/// What is added to all logits of one penguin.
const SHIFT: f64 = 1000.0;

fn main() -> ExitCode {
    program::lesson(run)
}

/// Bill, flipper and mass of the penguins, and their species; without some of the measurements.
fn penguins(file: &str, without: &[&str]) -> chainrule::Result<Examples> {
    let csv = Csv {
        label: Some("species".to_string()),
        without: [&["island", "sex", "year"], without]
            .concat()
            .into_iter()
            .map(String::from)
            .collect(),
        drop_incomplete: true,
        ..Csv::default()
    };
    csv.read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
}

/// Writes the lesson's output to `out`, and a picture.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let file = "examples/data/penguins.csv";
    let all = penguins(file, &[])?;
    let (x, y) = (all.standardizer()?.apply(&all.x)?, one_hot(&all.y, 3));
    writeln!(out, "{file}: {} examples, {} features", x.shape().1, x.shape().0)?;

    // A node for each species, all weights 0.
    let mut network = logistic::network(&Tensor::zeros(4, 3), &Tensor::zeros(3, 1));
    let mut agrees = true;
    for steps in [0, 500] {
        network.train(&x, &y, cross_entropy, steps, 0.5, |_, _, _| ());
        let (_, cost) = network.propagate(&x, &y, cross_entropy);
        let right = accuracy(&Classifier::predictions(&network.predict(&x)), &all.y);
        writeln!(out, "\nAfter {steps} steps: cost {cost:.6}, {right:.1} % right")?;
        let layer = &network.layers[0];
        let judged = check::layer(&layer.weights, &layer.bias, &x, &y);
        writeln!(out, "{}", judged.largest(4))?;
        agrees &= judged.agrees();
    }
    writeln!(out, "\nverdict: {}", verdict(agrees))?;

    let (z, a) = (network.predict(&x), network.predict(&x).softmax());
    let sure = |j: usize| a.columns(j..j + 1).to_vec().into_iter().fold(0.0, f64::max);
    let j = (1..x.shape().1).fold(0, |least, j| if sure(j) < sure(least) { j } else { least });
    let (z, a) = (z.columns(j..j + 1), a.columns(j..j + 1));
    let shifted = &z + SHIFT;
    let powers = shifted.map(f64::exp);
    let as_written = &powers / powers.sum();
    writeln!(out, "\nThe penguin it is least sure of; then {SHIFT} is added to each z:")?;
    writeln!(out, "  {:<9}        z       a  y    a - y  softmax  e^z / sum", "")?;
    for (k, species) in all.classes.iter().enumerate() {
        let (z, a, y) = (z.get(k, 0), a.get(k, 0), y.get(k, j));
        let (stable, as_written) = (shifted.softmax().get(k, 0), as_written.get(k, 0));
        write!(out, "  {species:<9}  {z:>7.4}  {a:.4}  {y}  {:>7.4}", a - y)?;
        writeln!(out, "   {stable:.4}  {as_written:>9.4}")?;
    }

    // Adelie or Chinstrap, from the bill: with two nodes, and with one.
    let pair = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/data/penguins_adelie_vs_chinstrap_bill.csv");
    let pair = Examples::read_csv(pair, None)?;
    let x = pair.standardizer()?.apply(&pair.x)?;
    let mut two = logistic::network(&Tensor::zeros(2, 2), &Tensor::zeros(2, 1));
    two.train(&x, &one_hot(&pair.y, 2), cross_entropy, 200, 0.25, |_, _, _| ());
    let (w, b) = logistic::initialize_with_zeros(2);
    let options = Options { num_iterations: 200, ..Options::default() };
    let one = logistic::optimize(w, b, &x, &pair.y, &options)?;
    let w = &two.layers[0].weights;
    let apart = &w.columns(1..2) - &w.columns(0..1);
    writeln!(out, "\nAdelie or Chinstrap, 200 steps; the weights of bill length and depth:")?;
    for (name, w) in [("two nodes, rate 0.25: w1 - w0", apart), ("one node, rate 0.5: w", one.w)] {
        writeln!(out, "  {name:<29}  {:.6}  {:.6}", w.get(0, 0), w.get(1, 0))?;
    }

    writeln!(out)?;
    program::picture(out, "18_softmax.svg", &regions(file)?)?;
    writeln!(out, "\nTry:  set SHIFT to 5.0; e^z no longer overflows, and gives the same a.")?;
    writeln!(out, "Next: cargo run --example 19_curvature")?;
    Ok(())
}

/// The penguins by length and depth of the bill, and where the answer of three nodes that were trained
/// on these two alone changes: two logits are equal there, and the third is lower.
fn regions(file: &str) -> chainrule::Result<String> {
    let bill = penguins(file, &["flipper_length_mm", "body_mass_g"])?;
    let scaler = bill.standardizer()?;
    let (x, y) = (scaler.apply(&bill.x)?, one_hot(&bill.y, 3));
    let mut network = logistic::network(&Tensor::zeros(2, 3), &Tensor::zeros(3, 1));
    network.train(&x, &y, cross_entropy, 500, 0.5, |_, _, _| ());

    // The same nodes in millimetres, as in lesson 15.
    let layer = &network.layers[0];
    let w = &layer.weights / &scaler.deviations;
    let b = &layer.bias - w.t().matmul(&scaler.means);
    let z = |k: usize, (length, depth): (f64, f64)| {
        w.get(0, k) * length + w.get(1, k) * depth + b.get(k, 0)
    };

    let mut plot = Plot::new("Three species, and where the answer changes", "length", "depth");
    for (k, species) in bill.classes.iter().enumerate() {
        let own = (0..bill.x.shape().1).filter(|j| bill.y.get(0, *j) == k as f64);
        plot = plot.points(species, own.map(|j| (bill.x.get(0, j), bill.x.get(1, j))));
    }
    let z = &z;
    let borders = [(2, 0, 1), (0, 1, 2), (1, 2, 0)].into_iter().flat_map(|(i, j, other)| {
        (300..=600).map(|length| f64::from(length) / 10.0).map(move |length| {
            let apart = |depth| z(i, (length, depth)) - z(j, (length, depth));
            let depth = apart(0.0) / (apart(0.0) - apart(1.0));
            let largest = z(i, (length, depth)) >= z(other, (length, depth));
            (length, if largest { depth } else { f64::NAN })
        })
    });
    plot = plot.guide("two a are equal", borders);
    Ok(plot.svg())
}
