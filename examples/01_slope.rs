//! What a slope is, and how near a difference quotient can come to it.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::program;
use chainrule::view::plot::Plot;

fn main() -> ExitCode {
    program::lesson(run)
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
    writeln!(out, "\nA smaller step is better at first. But f(x+h) and f(x) share ever more of")?;
    writeln!(out, "their 16 digits: the difference keeps only what is left, with its rounding.")?;
    writeln!(out, "At 1e-16, x + h is x, and the slope is measured as 0.\n")?;
    program::picture(out, "01_slope.svg", &picture())?;
    writeln!(out, "\nTry:  X = 1000.0: at 1e-12 it is 3 % off already, and at 1e-14 x + h is x.")?;
    writeln!(out, "Next: cargo run --example 02_by_hand")
}

/// Secants of x³ through X and X + h, and the tangent that they turn into.
pub fn picture() -> String {
    let (f, slope) = (|x: f64| x * x * x, 3.0 * X * X);
    let along = |from| (from..=60).map(|k| 0.05 * f64::from(k));
    let mut plot = Plot::new("Secants of x³ turn into the tangent", "x", "f(x)")
        .curve("x³", along(12).map(|x| (x, f(x))))
        .curve(&format!("tangent: slope {slope}"), along(20).map(|x| (x, f(X) + slope * (x - X))));
    for h in [0.5, 1.0, 1.5] {
        let secant = [X, X + h].map(|x| (x, f(x)));
        plot = plot.curve(&format!("h = {h}: slope {}", quotients(X, h)[0]), secant);
    }
    plot.svg()
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
