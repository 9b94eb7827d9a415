//! What a gradient costs: one backward pass, or one forward pass for each parameter.

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use chainrule::check::{Dual, Scalar};
use chainrule::scalar::{Tape, Var};

/// So many examples.
const M: usize = 10;
/// So many weights, one row each; a bias comes with them.
const N: [usize; 3] = [2, 30, 300];

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "The gradient of one node, n weights and a bias, {M} examples.\n")?;
    writeln!(out, "         tape            passes over the formula, to get all n + 1 slopes")?;
    writeln!(out, "    n   nodes    kB      reverse mode    forward mode    differences")?;
    let mut measured = vec![];
    for n in N {
        let mut p: Vec<f64> = (0..=n).map(|i| 0.1 * (i as f64).sin()).collect();
        let x: Vec<f64> = (0..n * M).map(|k| (k as f64).cos()).collect();
        let tape = Tape::new();
        let variables: Vec<Var> = p.iter().map(|&p| tape.var(p)).collect();
        let gradients = cost(&variables, &x).backward();
        let reverse: Vec<f64> = variables.iter().map(|&p| gradients.wrt(p)).collect();
        let forward = forward_mode(&p, &x);
        assert!(reverse.iter().zip(&forward).all(|(r, f)| (r - f).abs() < 1e-14));

        let kilobytes = tape.bytes() as f64 / 1e3;
        writeln!(
            out,
            "{n:>5} {:>7} {kilobytes:>5.1}   1 forward, 1 back {:>7} forward {:>6} evaluations",
            tape.len(),
            n + 1,
            2 * (n + 1)
        )?;
        let once = seconds(|| cost(black_box(&p), &x));
        let mut reused = Tape::new();
        measured.push([
            seconds(|| reverse_mode(&mut reused, black_box(&p), &x)) / once,
            seconds(|| forward_mode(black_box(&p), &x)) / once,
            seconds(|| differences(black_box(&mut p), &x)) / once,
        ]);
    }
    writeln!(out, "\nThe time for it, in evaluations of the formula on plain numbers:")?;
    for (n, [reverse, forward, differences]) in N.into_iter().zip(measured) {
        writeln!(
            out,
            "{n:>5}                 {reverse:>12.0}    {forward:>12.0}   {differences:>12.0}  (measured)"
        )?;
    }
    writeln!(
        out,
        "\nReverse mode makes two passes, whatever n is. But a small operation on a tape"
    )?;
    writeln!(out, "takes many times as long as on plain numbers: it is recorded, and read again.")?;
    writeln!(out, "\nOn matrices, one gradient of n weights over m examples:")?;
    writeln!(out, "         (n, m)     flops   X in memory   flops per byte of X")?;
    for (n, m) in [(30, 569), (12_288, 209), (100, 100_000), (30, 1_000_000)] {
        // z = wᵀx and dw += x dz: a multiplication and an addition each, for every entry of X.
        let (flops, bytes) = ((4 * n * m) as f64, (8 * n * m) as f64);
        let (millions, megabytes) = (flops / 1e6, bytes / 1e6);
        let pair = format!("({n}, {m})");
        writeln!(out, "{pair:>15} {millions:>7.1} M {megabytes:>10.1} MB {:>15.1}", flops / bytes)?;
    }
    writeln!(
        out,
        "\nSo few flops per byte: much of the time goes into reading X. Two passes read it"
    )?;
    writeln!(out, "twice, a tape on blocks that stay in the cache once.")?;
    writeln!(out, "\nTry:  M = 100: some ten times the nodes, and the same number of passes.")?;
    writeln!(out, "Next: cargo run --example exercises")
}

/// The cost of logistic regression, written once for every kind of number: p holds the weights and,
/// last, the bias; x holds n numbers for each example.
fn cost<S: Scalar>(p: &[S], x: &[f64]) -> S {
    let n = p.len() - 1;
    let mut sum = p[n] * 0.0;
    for (j, x) in x.chunks(n).enumerate() {
        let mut z = p[n];
        for (&w, &x) in p.iter().zip(x) {
            z = z + w * x;
        }
        let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
        sum = sum + (sign * z).softplus();
    }
    sum / M as f64
}

/// One pass forward, one back.
fn reverse_mode(tape: &mut Tape, p: &[f64], x: &[f64]) -> f64 {
    tape.clear();
    let variables: Vec<Var> = p.iter().map(|&p| tape.var(p)).collect();
    let gradients = cost(&variables, x).backward();
    variables.iter().map(|&p| gradients.wrt(p)).sum()
}

/// One pass for each parameter.
fn forward_mode(p: &[f64], x: &[f64]) -> Vec<f64> {
    let mut dual: Vec<Dual> = p.iter().map(|&p| Dual::constant(p)).collect();
    let mut slopes = vec![];
    for i in 0..p.len() {
        dual[i].slope = 1.0;
        slopes.push(cost(&dual, x).slope);
        dual[i].slope = 0.0;
    }
    slopes
}

/// Two evaluations for each parameter.
fn differences(p: &mut [f64], x: &[f64]) -> Vec<f64> {
    let h = f64::EPSILON.cbrt();
    let mut slopes = vec![];
    for i in 0..p.len() {
        let here = p[i];
        p[i] = here + h;
        let above = cost(p, x);
        p[i] = here - h;
        let below = cost(p, x);
        p[i] = here;
        slopes.push((above - below) / (2.0 * h));
    }
    slopes
}

/// Of one run, in the shortest of several series, each long enough for the clock.
fn seconds<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut series = |runs: u32| {
        let start = Instant::now();
        for _ in 0..runs {
            black_box(work());
        }
        start.elapsed().as_secs_f64() / f64::from(runs)
    };
    let mut runs = 1;
    while series(runs) * f64::from(runs) < 50e-6 {
        runs *= 2;
    }
    (0..5).map(|_| series(runs)).fold(f64::INFINITY, f64::min)
}
