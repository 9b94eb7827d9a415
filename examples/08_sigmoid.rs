//! The sigmoid and its slope, computed so that no digit is lost at either end.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Activation, Sigmoid};
use chainrule::program;
use chainrule::view::plot::Plot;

/// The plot goes from -WIDTH to WIDTH.
const WIDTH: f64 = 8.0;

fn main() -> ExitCode {
    program::lesson(run)
}

/// σ(z) as the textbook has it.
fn textbook(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// σ(z) in two branches: e is never larger than 1, so nothing overflows.
fn two_branches(z: f64) -> f64 {
    let e = (-z.abs()).exp();
    if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// The curve and its slope.
pub fn plot() -> Plot {
    let zs = (-100..=100).map(|k| WIDTH * f64::from(k) / 100.0);
    Plot::new("The sigmoid and its slope", "z", "a")
        .curve("a = sigmoid(z)", zs.clone().map(|z| (z, Sigmoid.f(z))))
        .curve("its slope", zs.map(|z| (z, Sigmoid.f_df(z).1)))
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let plot = plot();
    write!(out, "{}", plot.braille())?;
    program::picture(out, "08_sigmoid.svg", &plot.svg())?;

    writeln!(out, "\n     z  textbook   two branches  a (1 - a)   σ(z) σ(-z)")?;
    for z in [-710.0, -37.0, -2.0, 0.0, 2.0, 37.0, 710.0] {
        let a = two_branches(z);
        let [naive, good] = [a * (1.0 - a), a * two_branches(-z)];
        writeln!(
            out,
            "  {z:>4}  {:<9}  {:<12}  {:<10}  {}",
            short(textbook(z)),
            short(a),
            short(naive),
            short(good)
        )?;
    }
    writeln!(
        out,
        "\nThree are 0 and wrong: σ(z) and its slope are never 0. Two branches, and the\nproduct σ(z) σ(-z), have the digits."
    )?;
    writeln!(out, "\nTry:  set WIDTH to 1.0; curve A is nearly straight, from 0.269 to 0.731.")?;
    writeln!(out, "Next: cargo run --example 09_initialize")
}

/// Four digits; in powers of ten where it is tiny.
fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_string(),
        1e-3.. => format!("{number:.4}"),
        _ => format!("{number:.3e}"),
    }
}
