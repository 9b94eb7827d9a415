//! What a slope is, and how near a difference quotient can come to it.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Where the slope is taken.
const X: f64 = 1.5;

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let slope = 3.0 * X * X; // (x³)′ = 3x²

    writeln!(out, "The slope of x³ at x = {X} is 3x² = {slope}. Two ways to measure it:\n")?;
    writeln!(
        out,
        "       h     (f(x+h) - f(x)) / h    off by    (f(x+h) - f(x-h)) / 2h    off by"
    )?;
    for k in [1, 2, 4, 6, 8, 10, 12, 14, 16] {
        let [one_sided, central] = quotients(X, 10f64.powi(-k));
        writeln!(
            out,
            "   1e-{k:02} {one_sided:>22.8} {:>9} {central:>25.8} {:>9}",
            class(one_sided - slope),
            class(central - slope)
        )?;
    }
    writeln!(out, "\nA smaller step is better, until f(x+h) and f(x) agree in most of their 16")?;
    writeln!(out, "digits: the difference keeps only what is left, and dividing by h shows it.")?;
    writeln!(out, "At 1e-16, x + h is x, and the slope is measured as 0.\n")?;
    writeln!(out, "Try:  X = 1000.0: at 1e-12 it is 3 % off already, and at 1e-14 x + h is x.")?;
    writeln!(out, "Next: cargo run --example 02_by_hand")
}

/// The slope of x³ as two difference quotients measure it: the one-sided and the central one.
pub fn quotients(x: f64, h: f64) -> [f64; 2] {
    let f = |x: f64| x * x * x;
    [(f(x + h) - f(x)) / h, (f(x + h) - f(x - h)) / (2.0 * h)]
}

/// The size of an error, as the nearest power of ten.
fn class(error: f64) -> String {
    match error.abs() {
        0.0 => "0".to_string(),
        error => format!("~ 1e{:+03}", error.log10().round() as i32),
    }
}
