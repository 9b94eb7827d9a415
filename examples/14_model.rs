//! A real data set with the post's `model`: from the file to a node whose gradient is judged.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chainrule::check::{self, verdict};
use chainrule::data::Examples;
use chainrule::logistic::{Options, accuracy, model};
use chainrule::program;
use chainrule::tensor::Tensor;
use chainrule::view::plot;

fn main() -> ExitCode {
    program::lesson(run)
}

const LEARNING_RATE: f64 = 0.5;

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let file = "examples/data/penguins_sex.csv";
    let all = Examples::read_csv(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), None)?;
    let (n, m) = all.x.shape();
    writeln!(out, "{file}: {m} examples, {n} features; label {}", all.label)?;

    // A fifth is kept aside. Means and deviations come from what is left to train on.
    let (train, test) = all.split(0.2, 1)?;
    let scaler = train.standardizer()?;
    let (x_train, x_test) = (scaler.apply(&train.x)?, scaler.apply(&test.x)?);
    writeln!(out, "{} to train on, {} to test with\n", train.y.shape().1, test.y.shape().1)?;

    let options = Options { learning_rate: LEARNING_RATE, ..Options::default() };
    let found = model(&x_train, &train.y, &x_test, &test.y, &options)?;
    for (k, cost) in found.costs.iter().enumerate().step_by(4) {
        writeln!(out, "cost after iteration {:>4}: {cost:.6}", 100 * k)?;
    }
    writeln!(out, "\n                     train    test")?;
    let (on_train, on_test) = (found.train_accuracy, found.test_accuracy);
    writeln!(out, "accuracy            {on_train:.1} %  {on_test:.1} %")?;
    let [on_train, on_test] =
        [&train, &test].map(|part| accuracy(&Tensor::filled(1, part.y.shape().1, 1.0), &part.y));
    writeln!(out, "baseline (always 1) {on_train:.1} %  {on_test:.1} %\n")?;

    writeln!(out, "Weights: what one standard deviation more of a feature adds to z")?;
    for (name, w) in train.features.iter().zip(found.w.to_vec()) {
        writeln!(out, "  {name:<17}  {w:>9.6}")?;
    }
    let names = train.features.iter().map(String::as_str);
    let weights = plot::bars("Weights of the standardised features", names.zip(found.w.to_vec()));
    program::picture(out, "14_model.svg", &weights)?;

    let judged = check::propagate(&found.w, found.b, &x_train, &train.y)?;
    writeln!(out, "\nThe gradient after {} iterations:\n{judged}", found.num_iterations)?;
    writeln!(out, "\nverdict: {}\n", verdict(judged.agrees()))?;
    writeln!(out, "Try:  set LEARNING_RATE to 0.05; the cost falls, more slowly.")?;
    writeln!(out, "Next: cargo run --example 15_cost_plot")?;
    Ok(())
}
