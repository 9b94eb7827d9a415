//! An activation of your own: written, checked, trained; and what the check says of a wrong slope.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::activation::{Activation, Sigmoid};
use chainrule::check::{self, Difference, verdict};
use chainrule::network::{Network, squared_error};
use chainrule::scalar::Tape;
use chainrule::tensor::Tensor;

/// f(x) = x σ(kx), f′(x) = σ(kx) + k x σ(kx) σ(−kx).
struct Swish {
    k: f64,
}

impl Activation for Swish {
    fn name(&self) -> &'static str {
        "swish"
    }
    fn f(&self, x: f64) -> f64 {
        x * Sigmoid.f(self.k * x)
    }
    fn df(&self, x: f64, _y: f64) -> f64 {
        let s = Sigmoid.f(self.k * x);
        s + self.k * x * s * Sigmoid.f(-self.k * x)
    }
}

/// The same with half a product rule.
struct HalfSwish;

impl Activation for HalfSwish {
    fn name(&self) -> &'static str {
        "half_swish"
    }
    fn f(&self, x: f64) -> f64 {
        x * Sigmoid.f(x)
    }
    fn df(&self, x: f64, _y: f64) -> f64 {
        Sigmoid.f(x)
    }
}

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}\n", check::activation(&Swish { k: 1.0 }))?;

    let x = Tensor::new(1, 9, (-4..=4).map(|x| 0.5 * f64::from(x)).collect());
    let y = x.map(|x| x.max(0.0));
    writeln!(out, "One node with a = f(w x + b) learns y = max(x, 0), 2000 steps of 0.1:")?;
    let nodes = [
        ("swish", Network::new(1).layer(1, Swish { k: 1.0 })),
        ("half_swish", Network::new(1).layer(1, HalfSwish)),
    ];
    for (name, mut network) in nodes {
        let (_, before) = network.propagate(&x, &y, squared_error);
        network.train(&x, &y, squared_error, 2000, 0.1, |_, _, _| ());
        let (_, after) = network.propagate(&x, &y, squared_error);
        let w = network.layers[0].weights.get(0, 0);
        writeln!(out, "  {name:<11} cost {before:.6} -> {after:.6}, w = {w:.6}")?;
    }
    writeln!(
        out,
        "The second has a wrong slope. Its cost falls too, and stays higher. The check:\n"
    )?;
    writeln!(out, "{}\n", check::activation(&HalfSwish))?;

    // An operation of your own: the value, and the local derivative for each input.
    let tape = Tape::new();
    let (x, y) = (tape.var(3.0), tape.var(4.0));
    let r = x.value().hypot(y.value());
    let z = tape.record("hypot", r, [(x, x.value() / r), (y, y.value() / r)]);
    let slope = z.backward().wrt(x);
    let agrees = Difference::of(|x| x.hypot(4.0), 3.0).is_some_and(|d| d.allows(slope));
    writeln!(out, "An operation with two inputs is one call of tape.record:")?;
    writeln!(out, "  hypot(3, 4) = {r}, dr/dx = {slope:.6}; differences {}\n", verdict(agrees))?;
    writeln!(
        out,
        "Try:  double the slope in Swish::df; the check says so, the training does not."
    )?;
    writeln!(out, "Next: cargo run --example 22_break_it")
}
