//! How fast the tapes are, against reading the data once and against loops written by hand.
//!
//! Everything is measured in one run, the contenders in turn, so that a machine that slows down
//! slows them all; what is printed are medians with quartiles, and ratios between them.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use chainrule::activation::{Activation, Softplus, Tanh};
use chainrule::logistic::{Grads, propagate_on};
use chainrule::program;
use chainrule::scalar::{self, Var};
use chainrule::tensor::{self, Tensor};
use chainrule::widest;

const SIZES: [(usize, usize); 5] =
    [(2, 4), (30, 569), (12_288, 209), (100, 100_000), (30, 1_000_000)];

fn main() -> ExitCode {
    program::run(|out, mut arguments| {
        let json = arguments.flag("--json")?;
        arguments.none()?;
        run(out, json)?;
        Ok(program::AGREE)
    })
}

/// Writes the table, or one line of JSON for each measurement, to `out`.
pub fn run(out: &mut impl Write, json: bool) -> io::Result<()> {
    let mut report = Report { out, json };
    if cfg!(debug_assertions) {
        report.text("(a debug build: add --release for times that mean something)\n")?;
    }
    gradient_steps(&mut report)?;
    growth(&mut report)?;
    scalar_tape(&mut report)?;
    report.text("\nTry:  --json, and compare the ratios on two machines.\n")?;
    report.text("Next: cargo run --example 17_cost counts what is timed here.\n")
}

/// One logistic regression: X with each example in one piece, and row by row.
struct Problem {
    n: usize,
    m: usize,
    examples: Vec<f64>,
    labels: Vec<f64>,
    weights: Vec<f64>,
    x: Tensor,
    y: Tensor,
    w: Tensor,
}

const B: f64 = 0.1;

impl Problem {
    fn new(n: usize, m: usize) -> Problem {
        let entry = |k: usize| (k as u64).wrapping_mul(2_654_435_761) % 1000;
        let examples: Vec<f64> = (0..n * m).map(|k| entry(k) as f64 / 500.0 - 1.0).collect();
        let labels: Vec<f64> = (0..m).map(|j| (j % 2) as f64).collect();
        let weights: Vec<f64> = (0..n).map(|i| (i as f64).sin() / (n as f64).sqrt()).collect();
        let x = Tensor::new(m, n, examples.clone()).t();
        let y = Tensor::new(1, m, labels.clone());
        let w = Tensor::new(n, 1, weights.clone());
        Problem { n, m, examples, labels, weights, x, y, w }
    }

    fn tape(&self, threads: usize, x: &Tensor) -> (Grads, f64) {
        match propagate_on(threads, &self.w, B, x, &self.y) {
            Ok(result) => result,
            Err(error) => panic!("the benchmark's own data is at fault: {error}"),
        }
    }

    /// The forward pass only, in the blocks that the tape uses.
    fn forward(&self) -> f64 {
        let block = (32_768 / self.n).max(64);
        let mut tape = tensor::Tape::new();
        let mut cost = 0.0;
        for start in (0..self.m).step_by(block) {
            tape.clear();
            let examples = start..self.m.min(start + block);
            let x = tape.constant(self.x.columns(examples.clone()));
            let signs = self.y.columns(examples).map(|y| 1.0 - 2.0 * y);
            let z = tape.var(self.w.clone()).t().matmul(x) + tape.var(B.into());
            let losses = (tape.constant(signs) * z).softplus();
            cost += losses.sum().value().get(0, 0);
        }
        cost / self.m as f64
    }
}

/// The gradient of one block of examples by hand: each example is read once, eight at a time, and
/// is still in the nearest cache when its part of the gradient is added.
fn fused(problem: &Problem, dw: &mut [f64]) -> (f64, f64) {
    let Problem { n, m, examples, labels, weights, .. } = problem;
    dw.fill(0.0);
    let (db, cost) = fused_sums(examples, *n, labels, weights, dw);
    dw.iter_mut().for_each(|dw| *dw /= *m as f64);
    (db / *m as f64, cost / *m as f64)
}

/// The same in two passes over X, as a formula is usually written down: first Z, A and the cost,
/// then `dw = (1/m) X (A − Y)ᵀ`.
fn two_passes(problem: &Problem, dz: &mut [f64], dw: &mut [f64]) -> (f64, f64) {
    let Problem { n, m, examples, labels, weights, .. } = problem;
    dw.fill(0.0);
    let (db, cost) = first_pass(examples, *n, labels, weights, dz);
    second_pass(examples, *n, dz, dw);
    dw.iter_mut().for_each(|dw| *dw /= *m as f64);
    (db / *m as f64, cost / *m as f64)
}

const GROUP: usize = 8;

widest! {
    /// The least that any gradient must do: read X once.
    fn read_once(x: &[f64]) -> f64 {
        let (chunks, rest) = x.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for chunk in chunks {
            sums = std::array::from_fn(|k| sums[k] + chunk[k]);
        }
        sums.iter().chain(rest).sum()
    }

    fn fused_sums(x: &[f64], n: usize, y: &[f64], w: &[f64], dw: &mut [f64]) -> (f64, f64) {
        let mut sums = Sums::default();
        let (groups, rest) = y.as_chunks::<GROUP>();
        for (x, y) in x.chunks_exact(GROUP * n).zip(groups) {
            let mut dz = [0.0; GROUP];
            for (z, x) in dz.iter_mut().zip(x.chunks_exact(n)) {
                *z = B + dot(x, w);
            }
            sums.add(&mut dz, y);
            add_scaled(dw, x, n, &dz);
        }
        for (x, &y) in x[groups.len() * GROUP * n..].chunks_exact(n).zip(rest) {
            let dz = sums.add_one(B + dot(x, w), y);
            add_scaled(dw, x, n, &[dz]);
        }
        sums.total()
    }

    fn first_pass(x: &[f64], n: usize, y: &[f64], w: &[f64], dz: &mut [f64]) -> (f64, f64) {
        for (z, x) in dz.iter_mut().zip(x.chunks_exact(n)) {
            *z = B + dot(x, w);
        }
        let mut sums = Sums::default();
        let ((zs, z), (ys, y)) = (dz.as_chunks_mut::<GROUP>(), y.as_chunks::<GROUP>());
        for (z, y) in zs.iter_mut().zip(ys) {
            sums.add(z, y);
        }
        for (z, &y) in z.iter_mut().zip(y) {
            *z = sums.add_one(*z, y);
        }
        sums.total()
    }

    fn second_pass(x: &[f64], n: usize, dz: &[f64], dw: &mut [f64]) {
        add_scaled(dw, x, n, dz);
    }
}

/// db and the cost, each in several sums that need not wait for each other.
#[derive(Default)]
struct Sums {
    db: [f64; GROUP],
    cost: [f64; GROUP],
}

impl Sums {
    /// Adds a group of examples and makes dz of their z.
    #[inline(always)]
    fn add(&mut self, z: &mut [f64; GROUP], y: &[f64; GROUP]) {
        for (((z, y), cost), db) in z.iter_mut().zip(y).zip(&mut self.cost).zip(&mut self.db) {
            // The loss is softplus(s z) with s = 1 − 2y, and its slope s σ(s z).
            let s = 1.0 - 2.0 * y;
            let (loss, slope) = Softplus.f_df(s * *z);
            *z = s * slope;
            *cost += loss;
            *db += *z;
        }
    }

    #[inline(always)]
    fn add_one(&mut self, z: f64, y: f64) -> f64 {
        let s = 1.0 - 2.0 * y;
        let (loss, slope) = Softplus.f_df(s * z);
        self.cost[0] += loss;
        self.db[0] += s * slope;
        s * slope
    }

    fn total(&self) -> (f64, f64) {
        (self.db.iter().sum(), self.cost.iter().sum())
    }
}

#[inline(always)]
fn dot(x: &[f64], w: &[f64]) -> f64 {
    let ((xs, x), (ws, w)) = (x.as_chunks::<8>(), w.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (x, w) in xs.iter().zip(ws) {
        sums = std::array::from_fn(|k| sums[k] + x[k] * w[k]);
    }
    sums.iter().sum::<f64>() + x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>()
}

/// `dw += Σ dzⱼ xⱼ`, four examples at a time.
#[inline(always)]
fn add_scaled(dw: &mut [f64], x: &[f64], n: usize, dz: &[f64]) {
    let (groups, rest) = dz.as_chunks::<4>();
    for (x, dz) in x.chunks_exact(4 * n).zip(groups) {
        let [x0, x1, x2, x3] = std::array::from_fn(|k| &x[k * n..][..n]);
        for (dw, (((x0, x1), x2), x3)) in dw.iter_mut().zip(x0.iter().zip(x1).zip(x2).zip(x3)) {
            *dw += (dz[0] * x0 + dz[1] * x1) + (dz[2] * x2 + dz[3] * x3);
        }
    }
    for (x, dz) in x[groups.len() * 4 * n..].chunks_exact(n).zip(rest) {
        for (dw, x) in dw.iter_mut().zip(x) {
            *dw += dz * x;
        }
    }
}

fn gradient_steps(report: &mut Report<impl Write>) -> io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    report.text(&format!(
        "One gradient of logistic regression, n features, m examples; microseconds\n\
         (median, and the quartiles' distance from it in %); ratios of medians\n\n\
         {:>18}  {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "(n, m)", "(2,4)", "(30,569)", "(12288,", "(100,", "(30,1M)"
    ))?;
    report.text(&format!("{:>48} {:>9}\n", "209)", "100k)"))?;
    let names = [
        "read X once",
        "fused by hand",
        "two passes",
        "tape",
        "tape, forward only",
        "tape, X by rows",
        "read, all cores",
        "tape, all cores",
    ];
    let mut times: Vec<Vec<Times>> = vec![];
    let mut agree = true;
    for (n, m) in SIZES {
        let problem = Problem::new(n, m);
        let by_rows = Tensor::new(n, m, problem.x.to_vec());
        let (mut dw, mut dz) = (vec![0.0; n], vec![0.0; m]);
        let (mut other, mut sums) = (vec![0.0; n], vec![0.0; cores]);
        let measured = interleaved(
            if n * m > 1_000_000 { 15 } else { 41 },
            &mut [
                &mut || keep(read_once(black_box(&problem.examples))),
                &mut || keep(fused(black_box(&problem), &mut dw)),
                &mut || keep(two_passes(black_box(&problem), &mut dz, &mut other)),
                &mut || keep(problem.tape(1, &problem.x)),
                &mut || keep(problem.forward()),
                &mut || keep(problem.tape(1, &by_rows)),
                &mut || read_on_all(black_box(&problem.examples), &mut sums),
                &mut || keep(problem.tape(cores, &problem.x)),
            ],
        );
        let (tape, cost) = problem.tape(1, &problem.x);
        for (db, other_cost) in
            [fused(&problem, &mut dw), two_passes(&problem, &mut dz, &mut other)]
        {
            // A million additions in a row lose a few digits more than the tape's many short sums.
            agree &= (db - tape.db).abs() < 1e-12 && (cost - other_cost).abs() < 1e-11 * cost;
        }
        agree &= tape == problem.tape(cores, &problem.x).0;
        for (i, tape) in tape.dw.to_vec().into_iter().enumerate() {
            agree &= (tape - dw[i]).abs() < 1e-12 && (tape - other[i]).abs() < 1e-12;
        }
        for (name, times) in names.iter().zip(&measured) {
            report.json(name, &format!("\"n\":{n},\"m\":{m}"), times, 1e6, "us")?;
        }
        times.push(measured);
    }
    for (k, name) in names.iter().enumerate() {
        report.text(&row(name, &times, |times| three_digits(1e6 * times[k].median)))?;
        report.text(&row("", &times, |times| format!("±{:.0}%", times[k].spread())))?;
    }
    report.text("\n")?;
    for (name, k, l) in [
        ("tape / fused", 3, 1),
        ("tape / two passes", 3, 2),
        ("tape / read X once", 3, 0),
        ("gradient / forward", 3, 4),
        ("X by rows / tape", 5, 3),
        ("all cores / read", 7, 6),
    ] {
        let ratio = |times: &[Times]| format!("{:.2}", times[k].median / times[l].median);
        report.text(&row(name, &times, |times| ratio(times)))?;
    }
    let verdict = if agree { "AGREE" } else { "DISAGREE" };
    report.text(&format!("\nAll these gradients: {verdict}. Cores: {cores}.\n"))
}

/// [`read_once`] on several threads, each with its share of X.
fn read_on_all(x: &[f64], sums: &mut [f64]) {
    let share = x.len().div_ceil(sums.len()).max(1);
    std::thread::scope(|scope| {
        for (sum, x) in sums.iter_mut().zip(x.chunks(share)) {
            scope.spawn(|| *sum = read_once(x));
        }
    });
    black_box(sums);
}

/// The exponent of time in n and in m, where X does not fit into the caches.
fn growth(report: &mut Report<impl Write>) -> io::Result<()> {
    let problem = Problem::new(64, 160_000);
    let exponent = |sizes: [(usize, usize); 3], by: fn((usize, usize)) -> usize| {
        let problems = sizes.map(|(n, m)| {
            let examples = problem.examples[..n * m].to_vec();
            let x = Tensor::new(m, n, examples).t();
            (Tensor::zeros(n, 1), x, problem.y.columns(0..m))
        });
        let mut steps = problems
            .map(|(w, x, y)| move || keep(propagate_on(1, &w, B, &x, &y).map(|(_, cost)| cost)));
        let mut contenders: Vec<&mut dyn FnMut()> =
            steps.iter_mut().map(|step| step as &mut dyn FnMut()).collect();
        let times = interleaved(11, &mut contenders);
        (times[2].median / times[0].median).ln() / (by(sizes[2]) as f64 / by(sizes[0]) as f64).ln()
    };
    let in_m = exponent([(64, 40_000), (64, 80_000), (64, 160_000)], |(_, m)| m);
    let in_n = exponent([(128, 20_000), (256, 20_000), (512, 20_000)], |(n, _)| n);
    report.text(&format!("\nTime grows with m to the power {in_m:.2}, with n to {in_n:.2}.\n"))?;
    report.figure("exponent in m", in_m)?;
    report.figure("exponent in n", in_n)
}

fn scalar_tape(report: &mut Report<impl Write>) -> io::Result<()> {
    report.text("\nThe tape of numbers: nanoseconds, forward and backward together\n\n")?;
    let problem = Problem::new(30, 569);
    let (mut tape, mut dots) = (scalar::Tape::new(), scalar::Tape::new());
    let (mut deep, mut deep_dots) = (scalar::Tape::new(), scalar::Tape::new());
    let multiply_adds = 30 * 569;
    let times = interleaved(
        31,
        &mut [
            &mut || keep(plain_cost(black_box(&problem))),
            &mut || keep(one_node(&mut tape, &problem, false)),
            &mut || keep(one_node(&mut dots, &problem, true)),
            &mut || keep(plain_network(black_box(0.1))),
            &mut || keep(network(&mut deep, false)),
            &mut || keep(network(&mut deep_dots, true)),
        ],
    );
    let deep_multiply_adds = 100 * (2 * 16 + 16 * 16 + 16);
    let rows = [
        ("one node, 569 x 30: per operation", 1, 0, tape.len()),
        ("  with a dot node: per multiply-add", 2, 0, multiply_adds),
        ("2-16-16-1 tanh, 100 points: per operation", 4, 3, deep.len()),
        ("  with dot nodes: per multiply-add", 5, 3, deep_multiply_adds),
    ];
    for (name, k, plain, count) in rows {
        let each = 1e9 * times[k].median / count as f64;
        let ratio = times[k].median / times[plain].median;
        let spread = times[k].spread();
        report.text(&format!(
            "{name:<44} {each:>6.2}  ±{spread:.0}%   {ratio:>5.1} x the plain formula\n"
        ))?;
        report.figure(name.trim(), each)?;
    }
    const LENGTH: usize = 10_000_000;
    let mut tape = scalar::Tape::new();
    let mut samples: Vec<f64> = (0..6)
        .map(|_| {
            let start = Instant::now();
            black_box(chain(&mut tape, LENGTH));
            start.elapsed().as_secs_f64() * 1e9 / LENGTH as f64
        })
        .collect();
    let first = samples.remove(0);
    let reused = Times::of(samples).median;
    let (bytes, adjoint) = (tape.bytes() as f64 / tape.len() as f64, size_of::<f64>());
    report.text(&format!(
        "chain of 10 million, tape reused             {reused:>6.2}\n\
         \x20 first use, memory from the system          {first:>6.2}\n\n\
         bytes per node of a binary operation         {:>6.0}  {bytes:.0} recorded, {adjoint} gradient\n",
        bytes + adjoint as f64
    ))?;
    report.figure("chain, tape reused", reused)?;
    report.figure("chain, first use", first)?;
    report.figure("bytes per node", bytes + adjoint as f64)
}

/// `y ← y·x, y ← y + x`, again and again.
fn chain(tape: &mut scalar::Tape, length: usize) -> f64 {
    tape.clear();
    let x = tape.var(1e-9);
    let mut y = x;
    for _ in 0..length / 2 {
        y = y * x;
        y = y + x;
    }
    y.backward().wrt(x)
}

fn plain_cost(problem: &Problem) -> f64 {
    let mut cost = 0.0;
    for (x, y) in problem.examples.chunks_exact(problem.n).zip(&problem.labels) {
        let z = x.iter().zip(&problem.weights).fold(B, |z, (x, w)| z + w * x);
        cost += Softplus.f((1.0 - 2.0 * y) * z);
    }
    cost / problem.m as f64
}

fn one_node(tape: &mut scalar::Tape, problem: &Problem, dots: bool) -> f64 {
    tape.clear();
    let w: Vec<Var> = problem.weights.iter().map(|&w| tape.var(w)).collect();
    let b = tape.var(B);
    let mut losses = Vec::with_capacity(problem.m);
    for (x, y) in problem.examples.chunks_exact(problem.n).zip(&problem.labels) {
        let z = if dots {
            tape.dot(&w, x) + b
        } else {
            let mut z = b;
            for (&w, &x) in w.iter().zip(x) {
                z = z + w * x;
            }
            z
        };
        losses.push(((1.0 - 2.0 * y) * z).softplus());
    }
    let cost = tape.sum(&losses) / problem.m as f64;
    cost.backward().wrt(b)
}

const LAYERS: [usize; 4] = [2, 16, 16, 1];

fn weight(k: usize) -> f64 {
    0.5 * (1.0 + k as f64).sin()
}

fn plain_network(shift: f64) -> f64 {
    let mut sum = 0.0;
    for point in 0..100 {
        let mut values = vec![0.01 * point as f64, shift];
        let mut weights = (0..).map(weight);
        for nodes in &LAYERS[1..] {
            let node = |_| values.iter().zip(&mut weights).fold(0.0, |z, (x, w)| z + w * x);
            values = (0..*nodes).map(node).map(|z: f64| Tanh.f(z)).collect();
        }
        sum += values[0];
    }
    sum
}

fn network(tape: &mut scalar::Tape, dots: bool) -> f64 {
    tape.clear();
    let count: usize = LAYERS.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let weights: Vec<Var> = (0..count).map(|k| tape.var(weight(k))).collect();
    let mut outputs = vec![];
    for point in 0..100 {
        let mut values = vec![tape.constant(0.01 * point as f64), tape.constant(0.1)];
        let mut start = 0;
        for pair in LAYERS.windows(2) {
            let mut next = Vec::with_capacity(pair[1]);
            for _ in 0..pair[1] {
                let w = &weights[start..start + pair[0]];
                start += pair[0];
                let z = if dots {
                    tape.dot(w, &values)
                } else {
                    let mut z = w[0] * values[0];
                    for (&w, &x) in w.iter().zip(&values).skip(1) {
                        z = z + w * x;
                    }
                    z
                };
                next.push(z.tanh());
            }
            values = next;
        }
        outputs.push(values[0]);
    }
    tape.sum(&outputs).backward().wrt(weights[0])
}

/// Keeps the compiler from leaving out what nobody looks at.
fn keep<T>(value: T) {
    black_box(value);
}

/// Seconds of one call, over several rounds.
struct Times {
    median: f64,
    quartiles: [f64; 2],
}

impl Times {
    fn of(mut samples: Vec<f64>) -> Times {
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| samples[((samples.len() - 1) as f64 * share).round() as usize];
        Times { median: at(0.5), quartiles: [at(0.25), at(0.75)] }
    }

    /// Half the distance of the quartiles, in percent of the median.
    fn spread(&self) -> f64 {
        50.0 * (self.quartiles[1] - self.quartiles[0]) / self.median
    }
}

/// Times all contenders in turn, `rounds` times; short ones several times in a row.
fn interleaved(rounds: usize, contenders: &mut [&mut dyn FnMut()]) -> Vec<Times> {
    const LONG_ENOUGH: f64 = 50e-6;
    let mut repeats = vec![];
    for contender in contenders.iter_mut() {
        contender(); // fills the caches
        let start = Instant::now();
        contender();
        repeats.push((LONG_ENOUGH / start.elapsed().as_secs_f64().max(1e-9)).ceil() as u32);
    }
    let mut samples = vec![vec![]; contenders.len()];
    for _ in 0..rounds {
        for (k, contender) in contenders.iter_mut().enumerate() {
            let start = Instant::now();
            (0..repeats[k]).for_each(|_| contender());
            samples[k].push(start.elapsed().as_secs_f64() / f64::from(repeats[k]));
        }
    }
    samples.into_iter().map(Times::of).collect()
}

struct Report<'a, W> {
    out: &'a mut W,
    json: bool,
}

impl<W: Write> Report<'_, W> {
    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { write!(self.out, "{text}") }
    }

    fn json(
        &mut self,
        name: &str,
        keys: &str,
        times: &Times,
        unit: f64,
        unit_name: &str,
    ) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let [low, high] = times.quartiles.map(|time| time * unit);
        writeln!(
            self.out,
            "{{\"name\":\"{name}\",{keys},\"unit\":\"{unit_name}\",\"median\":{:.4},\"quartiles\":[{low:.4},{high:.4}]}}",
            times.median * unit
        )
    }

    fn figure(&mut self, name: &str, value: f64) -> io::Result<()> {
        if self.json {
            writeln!(self.out, "{{\"name\":\"{name}\",\"value\":{value:.4}}}")
        } else {
            Ok(())
        }
    }
}

fn row(name: &str, times: &[Vec<Times>], cell: impl Fn(&[Times]) -> String) -> String {
    let mut line = format!("{name:>18} ");
    for times in times {
        let _ = write!(line, " {:>9}", cell(times));
    }
    line + "\n"
}

fn three_digits(x: f64) -> String {
    let decimals = (2 - x.abs().log10().floor() as i32).clamp(0, 3) as usize;
    format!("{x:.decimals$}")
}
