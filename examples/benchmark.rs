//! How fast the tapes are, against a tape that does the least and loops written by hand.
//!
//! The contenders take turns, round by round, so that a machine that slows down slows them all.
//! A time is the quietest round's, a ratio the median of the ratios within a round. What counts is
//! the time for which the thread had a core.

use std::hint::black_box;
use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Instant;
use std::{fs, thread};

use chainrule::program;
use chainrule::scalar::Tape;
use chainrule::tensor::Tensor;

#[path = "benchmark/bare.rs"]
mod bare;
#[path = "benchmark/by_hand.rs"]
mod by_hand;
#[path = "benchmark/work.rs"]
mod work;

use by_hand::{Problem, fused, read_once, two_passes};
use work::{Work, entries};

fn main() -> ExitCode {
    program::run(|out, mut arguments| {
        let json = arguments.flag("--json")?;
        arguments.none()?;
        let agree = run(out, json)?;
        Ok(if agree { program::AGREE } else { program::DISAGREE })
    })
}

/// Writes the tables, or a line of JSON for each measurement; whether all gradients agree.
pub fn run(out: &mut impl Write, json: bool) -> io::Result<bool> {
    let mut report = Report { out, json, agree: true };
    if cfg!(debug_assertions) {
        report.text("(a debug build: add --release for times that mean something)\n")?;
    }
    let (begin, begin_cpu) = (clock(), cpu());
    scalars(&mut report)?;
    let share = 100.0 * (cpu() - begin_cpu) / (clock() - begin);
    matrices(&mut report)?;
    let verdict = if report.agree { "AGREE" } else { "DISAGREE" };
    report.text(&format!(
        "\nAll gradients of one problem: {verdict}.\n\
         The first table had a core to itself for {share:.0} % of the time.\n\
         \nTry:  --json, and compare the ratios on two machines.\n\
         Next: docs/performance.md puts other programs beside it.\n"
    ))?;
    Ok(report.agree)
}

fn scalars(report: &mut Report<impl Write>) -> io::Result<()> {
    let works = [
        ("569 x 30", Work::Logistic(Box::new(Problem::new(30, 569))), 41, 30 * 569),
        ("2-16-16-1", Work::Network(entries(200)), 41, 100 * (2 * 16 + 16 * 16 + 16)),
        ("chain", Work::Chain(10_000), 41, 0),
        ("10M chain", Work::Chain(5_000_000), 7, 0),
    ];
    let names =
        ["plain numbers", "bare tape, reused", "tape, reused", "tape, fresh", "with dot nodes"];
    let mut columns = vec![];
    for (title, work, rounds, multiply_adds) in works {
        let p = work.parameters();
        let (mut bare, mut gradients) = (bare::Tape::default(), vec![]);
        let (mut tape, mut dots) = (Tape::new(), Tape::new());
        let contenders: &mut [&mut dyn FnMut() -> f64] = &mut [
            &mut || work.plain(black_box(&p)),
            &mut || {
                bare.clear();
                work.on_bare_tape(&bare, &mut gradients, black_box(&p))
            },
            &mut || {
                tape.clear();
                work.on_tape(&tape, black_box(&p), false)
            },
            &mut || work.on_tape(&Tape::new(), black_box(&p), false),
            &mut || {
                dots.clear();
                work.on_tape(&dots, black_box(&p), true)
            },
        ];
        let count = if multiply_adds > 0 { 5 } else { 4 };
        let turns = in_turn(rounds, cpu, &mut contenders[..count]);
        report.agree &= turns.agree(1..count);
        report.lines(title, &names, &turns, (1e9 / tape.len() as f64, "ns per node"), 1)?;
        columns.push((title, turns, tape.len(), tape.bytes(), multiply_adds as f64));
    }
    report.text(
        "A gradient on a tape of numbers: recording, backward pass, reading; ns per node\n\n",
    )?;
    report.row("", &columns, |(title, ..)| title.to_string())?;
    report.row("nodes", &columns, |(_, _, nodes, ..)| nodes.to_string())?;
    for (k, name) in names[..4].iter().enumerate() {
        report.row(name, &columns, |(_, turns, nodes, ..)| {
            format!("{:.2}", 1e9 * turns.quietest(k) / *nodes as f64)
        })?;
    }
    for (name, k, l) in
        [("reused / bare tape", 2, 1), ("fresh / reused", 3, 2), ("reused / plain", 2, 0)]
    {
        report.row(name, &columns, |(_, turns, ..)| format!("{:.2}", turns.ratio(k, l)))?;
    }
    report.row("dot node, per w·x", &columns[..2], |(_, turns, .., multiply_adds)| {
        format!("{:.2}", 1e9 * turns.quietest(4) / multiply_adds)
    })?;
    let (_, _, nodes, bytes, _) = columns[2];
    let (node, gradient) = (bytes / nodes, size_of::<f64>());
    report.text(&format!("\nA node takes {node} bytes, and its gradient {gradient}.\n"))
}

fn matrices(report: &mut Report<impl Write>) -> io::Result<()> {
    let names = ["read X once", "fused by hand", "two passes", "tape", "tape, X by rows"];
    let titles = ["(2,4)", "(30,569)", "(12288,209)", "(100,100k)", "(30,1M)"];
    let sizes = [(2, 4), (30, 569), (12_288, 209), (100, 100_000), (30, 1_000_000)];
    let mut columns = vec![];
    for (title, (n, m)) in titles.into_iter().zip(sizes) {
        let problem = Problem::new(n, m);
        let by_rows = Tensor::new(n, m, problem.x.to_vec());
        let rounds = if n * m > 1_000_000 { 15 } else { 41 };
        let (mut dw, mut dz) = (vec![0.0; n], vec![0.0; m]);
        let mut other = dw.clone();
        let turns = in_turn(
            rounds,
            cpu,
            &mut [
                &mut || read_once(black_box(&problem.examples)),
                &mut || fused(black_box(&problem), &mut dw),
                &mut || two_passes(black_box(&problem), &mut dz, &mut other),
                &mut || problem.tape(1, &problem.x),
                &mut || problem.tape(1, &by_rows),
            ],
        );
        let shared = in_turn(
            rounds,
            clock,
            &mut [
                &mut || problem.tape(1, &problem.x),
                &mut || problem.tape(2, &problem.x),
                &mut || problem.tape(1, &by_rows),
                &mut || problem.tape(2, &by_rows),
            ],
        );
        report.agree &= turns.agree(1..5) && shared.agree(0..4);
        report.lines(title, &names, &turns, (1e6, "us"), 1)?;
        let names = ["one thread", "two threads", "one, X by rows", "two, X by rows"];
        report.lines(title, &names, &shared, (1e6, "us by the clock"), 0)?;
        columns.push((title, turns, shared));
    }
    report.text("\nOne gradient of logistic regression, (features, examples); microseconds\n\n")?;
    report.row("", &columns, |(title, ..)| title.to_string())?;
    for (k, name) in names.iter().enumerate() {
        report.row(name, &columns, |(_, turns, _)| three_digits(1e6 * turns.quietest(k)))?;
    }
    for (name, k, l) in [
        ("tape / fused", 3, 1),
        ("X by rows / fused", 4, 1),
        ("tape / two passes", 3, 2),
        ("tape / read X once", 3, 0),
    ] {
        report.row(name, &columns, |(_, turns, _)| format!("{:.2}", turns.ratio(k, l)))?;
    }
    // By the clock: others may hold a core in any round, so the quietest of each counts.
    for (name, k) in [("two threads / one", 1), ("  X by rows", 3)] {
        report.row(name, &columns, |(_, _, shared)| {
            format!("{:.2}", shared.quietest(k) / shared.quietest(k - 1))
        })?;
    }
    Ok(())
}

/// What several contenders took, in turn, in each of several rounds.
struct Turns {
    /// The seconds of each contender in each round.
    times: Vec<Vec<f64>>,
    /// What each computed.
    results: Vec<f64>,
}

impl Turns {
    fn quietest(&self, k: usize) -> f64 {
        self.times[k].iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Time of k / time of l in the same round, the median.
    fn ratio(&self, k: usize, l: usize) -> f64 {
        median(self.times[k].iter().zip(&self.times[l]).map(|(k, l)| k / l).collect())
    }

    /// Whether these computed the same, but for the digits that a million additions in a row lose.
    fn agree(&self, contenders: Range<usize>) -> bool {
        let results = &self.results[contenders];
        results.iter().all(|y| (y - results[0]).abs() <= 1e-11 * y.abs())
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn in_turn(rounds: usize, time: fn() -> f64, contenders: &mut [&mut dyn FnMut() -> f64]) -> Turns {
    const LONG_ENOUGH: f64 = 2e-3;
    let run = |contender: &mut dyn FnMut() -> f64, repeats: u32| {
        let start = time();
        for _ in 0..repeats {
            black_box(contender());
        }
        (time() - start) / f64::from(repeats)
    };
    let results = contenders.iter_mut().map(|contender| contender()).collect(); // fills caches
    let mut repeats = vec![1; contenders.len()];
    for (contender, repeats) in contenders.iter_mut().zip(&mut repeats) {
        while run(contender, *repeats) * f64::from(*repeats) < LONG_ENOUGH {
            *repeats *= 2;
        }
    }
    let mut times = vec![vec![]; contenders.len()];
    for _ in 0..rounds {
        for (k, contender) in contenders.iter_mut().enumerate() {
            times[k].push(run(contender, repeats[k]));
        }
    }
    Turns { times, results }
}

/// Seconds for which this thread has had a core, where Linux counts them; elsewhere, the clock.
fn cpu() -> f64 {
    // The count is brought up to date when the thread gives way, not when it is read.
    thread::yield_now();
    let counts = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = counts.split(' ').next().and_then(|count| count.parse::<f64>().ok());
    nanoseconds.map_or_else(clock, |nanoseconds| 1e-9 * nanoseconds)
}

fn clock() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

struct Report<'a, W> {
    out: &'a mut W,
    json: bool,
    /// Whether all gradients so far agree.
    agree: bool,
}

impl<W: Write> Report<'_, W> {
    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { write!(self.out, "{text}") }
    }

    fn row<T>(&mut self, name: &str, columns: &[T], cell: impl Fn(&T) -> String) -> io::Result<()> {
        let cells = columns.iter().map(|column| format!("{:>12}", cell(column)));
        self.text(&format!("{name:<20}{}\n", cells.collect::<String>()))
    }

    /// One line of JSON for each contender; ratios are to `reference`.
    fn lines(
        &mut self,
        work: &str,
        names: &[&str],
        turns: &Turns,
        (unit, unit_name): (f64, &str),
        reference: usize,
    ) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        for (k, (name, times)) in names.iter().zip(&turns.times).enumerate() {
            writeln!(
                self.out,
                "{{\"work\":\"{work}\",\"name\":\"{name}\",\"unit\":\"{unit_name}\",\
                 \"quietest\":{:.4},\"median\":{:.4},\"to\":\"{}\",\"ratio\":{:.4}}}",
                unit * turns.quietest(k),
                unit * median(times.clone()),
                names[reference],
                turns.ratio(k, reference)
            )?;
        }
        Ok(())
    }
}

fn three_digits(x: f64) -> String {
    let decimals = (2 - x.abs().log10().floor() as i32).clamp(0, 3) as usize;
    format!("{x:.decimals$}")
}
