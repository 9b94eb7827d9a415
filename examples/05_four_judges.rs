//! Four ways to one gradient: reverse mode, by hand, forward mode, differences.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::check::{self, Difference, Dual, Scalar};
use chainrule::scalar::Tape;

/// Two features of one example; its label is 1.
const X: [f64; 2] = [2.0, 0.5];

/// Where the gradient is taken: w1, w2, b.
const P: [f64; 3] = [1.0, -2.0, 0.5];

/// The cost of one node, written once for every kind of number; `p` is w1, w2, b.
fn cost<S: Scalar>(p: &[S]) -> S {
    let z = p[0] * X[0] + p[1] * X[1] + p[2];
    -z.sigmoid().ln()
}

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    judge(out, P)
}

/// The gradient at `p`, from all four.
pub fn judge(out: &mut impl Write, p: [f64; 3]) -> io::Result<()> {
    // Reverse mode: one pass forward and one back, for all three.
    let tape = Tape::new();
    let vars = p.map(|x| tape.var(x));
    let gradients = cost(&vars).backward();
    let reverse = vars.map(|var| gradients.wrt(var));

    // By hand: dL/dz = a - y, and dz/dw = x.
    let a = 1.0 / (1.0 + (-(p[0] * X[0] + p[1] * X[1] + p[2])).exp());
    let by_hand = [(a - 1.0) * X[0], (a - 1.0) * X[1], a - 1.0];

    // Forward mode: one pass for each parameter, which alone has slope 1.
    let forward = [0, 1, 2].map(|i| {
        let mut q = p.map(Dual::constant);
        q[i] = Dual::variable(p[i]);
        cost(&q).slope
    });

    // Differences: move one parameter and look at the value, nothing else.
    let differences = [0, 1, 2].map(|i| {
        let moved = |t: f64| {
            let mut q = p;
            q[i] = t;
            cost(&q)
        };
        Difference::of(moved, p[i]).map_or(f64::NAN, |difference| difference.slope)
    });

    writeln!(out, "One node, one example with label y = 1: L = -ln sigmoid(w1 x1 + w2 x2 + b)\n")?;
    writeln!(out, "  judge                dL/dw1         dL/dw2          dL/db  how")?;
    for (name, [w1, w2, b], how) in [
        ("reverse mode", reverse, "1 forward, 1 back"),
        ("by hand", by_hand, "(a - y) x, a - y"),
        ("forward mode", forward, "1 per parameter"),
    ] {
        writeln!(out, "  {name:<12}  {w1:>13.10}  {w2:>13.10}  {b:>13.10}  {how}")?;
    }
    let [w1, w2, b] = differences;
    writeln!(out, "  {:<12}  {w1:>13.7}  {w2:>13.7}  {b:>13.7}  values only", "differences")?;

    writeln!(out, "\nThe same in one line, check::gradient!(cost, &p, &by_hand):\n")?;
    let report = check::gradient!(cost, &p, &by_hand);
    writeln!(out, "{report:#}\n")?;
    writeln!(out, "The exact judges differ by roundings, differences by the step they take.")?;
    writeln!(
        out,
        "Differences use no derivative, and the gradient by hand uses none of the code.\n"
    )?;
    writeln!(out, "Try:  set P to [0.0; 3]: a is 1/2 there, and all say -1, -0.25 and -0.5.")?;
    writeln!(out, "Next: cargo run --example 06_matrices")
}
