//! One loss in three forms that are equal on paper, a sum in three orders, and where a NaN came from.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Activation, Sigmoid, Softplus};
use chainrule::scalar::Tape;
use chainrule::tensor::Tensor;

/// The z whose loss the post's cost is to compute, for the label y = 1.
const Z: f64 = 40.0;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Between 1 and 2, numbers are {:.2e} apart: 16 digits.\n", f64::EPSILON)?;
    writeln!(out, "The loss of an example with y = 0 is -ln(1 - a) = ln(1 + eᶻ) = softplus(z):\n")?;
    writeln!(out, "     z   -ln(1 - a)  digits    ln(1 + eᶻ)  digits    softplus(z)")?;
    for z in [-40.0, -30.0, -20.0, 0.0, 20.0, 30.0, 40.0, 800.0] {
        let right = Softplus.f(z);
        let posted = -(1.0 - Sigmoid.f(z)).ln();
        let textbook = (1.0 + f64::exp(z)).ln();
        writeln!(
            out,
            "  {z:>4}  {:>11}  {:>6}   {:>11}  {:>6}   {:>12}",
            short(posted),
            digits(posted, right),
            short(textbook),
            digits(textbook, right),
            short(right)
        )?;
    }

    writeln!(out, "\n0.1, a million times over:\n")?;
    let million = Tensor::filled(1, 1_000_000, 0.1).map(|x| x); // each in a place of its own
    let in_turn = million.to_vec().iter().fold(0.0, |sum, x| sum + x);
    for (how, sum) in [
        ("one after the other", in_turn),
        ("in several sums, then these", million.sum()),
        ("with what each step lost", compensated(&million.to_vec())),
    ] {
        writeln!(out, "  {how:<28} {sum:.9}   {} digits", digits(sum, 1e5))?;
    }

    writeln!(out, "\nThe post's cost, -(y ln a + (1 - y) ln(1 - a)), at z = {Z} and y = 1:\n")?;
    posted(out, Z)?;

    writeln!(
        out,
        "\nTry:  set Z to 36.0; all is finite there, and one digit of the loss is right."
    )?;
    writeln!(out, "Next: cargo run --release --example 24_cost")
}

/// The post's cost of one example with y = 1, and where its first NaN or ∞ comes from.
fn posted(out: &mut impl Write, z: f64) -> io::Result<()> {
    let tape = Tape::new();
    let a = tape.var(z).named("z").sigmoid().named("a");
    let y = 1.0;
    let cost = -(y * a.ln() + (1.0 - y) * (1.0 - a).ln());
    match cost.trace().first_non_finite() {
        None => {
            let (value, right) = (cost.value(), Softplus.f(-z));
            writeln!(out, "  it is {value:.3e}, all is finite; right is {right:.3e}")
        }
        Some(error) => {
            writeln!(out, "  {}", error.what)?;
            for fact in &error.facts {
                writeln!(out, "   = {fact}")?;
            }
            Ok(())
        }
    }
}

/// The sum, with the rounding error of each step kept apart and added in the end (Neumaier 1974).
fn compensated(terms: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for &term in terms {
        let next = sum + term;
        let (large, small) = if sum.abs() >= term.abs() { (sum, term) } else { (term, sum) };
        lost += (large - next) + small;
        sum = next;
    }
    sum + lost
}

/// How many of the 16 digits are right.
pub fn digits(value: f64, right: f64) -> u32 {
    let off = ((value - right) / right).abs();
    if off.is_finite() { -off.clamp(1e-16, 1.0).log10() as u32 } else { 0 }
}

/// Four digits.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_string(),
        0.01..1000.0 => format!("{number:.4}"),
        _ => format!("{number:.3e}"),
    }
}
