//! The main job: learn a data set with one node, and hold its gradients against the closed form.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::check::{Comparison, verdict};
use chainrule::data::Examples;
use chainrule::logistic::{self, Options, closed_form};
use chainrule::tensor::Tensor;

const USAGE: &str = "\
usage: cargo run --release --example 12_model -- [FILE.csv] [--label NAME]
           [--iterations N] [--learning-rate R]
FILE.csv has a header row and one example per row; the label (0 or 1) is the
last column, or the one that --label names. Without a file: the penguins.";

fn main() -> ExitCode {
    match Job::parse(std::env::args().skip(1)) {
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Some(job)) => match run(&mut io::stdout().lock(), &job) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read our output has seen enough, as `| head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => failed(&format!("error: {error}")),
        },
        Err(what) => failed(&format!("error: {what}\n{USAGE}")),
    }
}

fn failed(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(2)
}

/// What was asked for on the command line.
pub struct Job {
    file: String,
    label: Option<String>,
    options: Options,
}

impl Job {
    /// `None` asks for help.
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Option<Job>, String> {
        let mut job = Job { file: penguins(), label: None, options: Options::default() };
        let mut arguments = arguments;
        let mut files = 0;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--label" => job.label = Some(value()?),
                "--iterations" => job.options.num_iterations = number(&argument, &value()?)?,
                "--learning-rate" => job.options.learning_rate = number(&argument, &value()?)?,
                option if option.starts_with('-') => return Err(format!("no option {option}")),
                file => {
                    job.file = file.to_string();
                    files += 1;
                }
            }
        }
        if files > 1 { Err("one file at a time, please".to_string()) } else { Ok(Some(job)) }
    }
}

/// The default data, found from any folder below the project as well.
fn penguins() -> String {
    let here = "examples/data/penguins_sex.csv";
    let there = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/penguins_sex.csv");
    if std::path::Path::new(here).exists() { here.to_string() } else { there.to_string() }
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option} needs a number, not `{text}`"))
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write, job: &Job) -> io::Result<()> {
    let all = Examples::read_csv(&job.file, job.label.as_deref()).map_err(io::Error::other)?;
    let (n, m) = all.x.shape();
    let (train, test) = all.split(0.2, 1).map_err(io::Error::other)?;
    let scaler = train.standardizer().map_err(io::Error::other)?;
    let x_train = scaler.apply(&train.x).map_err(io::Error::other)?;
    let x_test = scaler.apply(&test.x).map_err(io::Error::other)?;

    writeln!(out, "{}: {m} examples, {n} features, label `{}`", job.file, all.label)?;
    let (trained_on, tested_on) = (train.y.shape().1, test.y.shape().1);
    writeln!(out, "{trained_on} to train on, {tested_on} to test with; features standardised\n")?;

    let (w, b) = logistic::initialize_with_zeros(n);
    let at_start = compare(&w, b, &x_train, &train.y)?;
    let every = (job.options.num_iterations / 10).max(1);
    let mut broken = Ok(());
    let report = |iteration: usize, cost: f64| {
        if iteration.is_multiple_of(every) && broken.is_ok() {
            broken = writeln!(out, "cost after iteration {iteration:>5}: {cost:.6}");
        }
    };
    let fit = logistic::optimize_with(w, b, &x_train, &train.y, &job.options, report)
        .map_err(io::Error::other)?;
    broken?;
    let at_end = compare(&fit.w, fit.b, &x_train, &train.y)?;

    let accuracy = |x: &Tensor, y: &Tensor| {
        logistic::predict(&fit.w, fit.b, x).map(|guess| logistic::accuracy(&guess, y))
    };
    let on_train = accuracy(&x_train, &train.y).map_err(io::Error::other)?;
    let on_test = accuracy(&x_test, &test.y).map_err(io::Error::other)?;
    writeln!(out, "\naccuracy: {on_train:.1} % on train, {on_test:.1} % on test")?;

    writeln!(out, "\nThe gradient at the start (w = 0, b = 0):\n{at_start}")?;
    let iterations = job.options.num_iterations;
    writeln!(out, "\nThe gradient after {iterations} iterations:\n{at_end}")?;
    let agree = verdict(at_start.agrees() && at_end.agrees());
    writeln!(out, "\nverdict: {agree}  (backpropagation and the gradient derived by hand)\n")?;
    writeln!(out, "Try:  -- --learning-rate 0.05: the cost falls, more slowly.")?;
    writeln!(out, "Next: cargo run --example 03_tape shows where these numbers come from.")
}

/// The tape's gradient against the closed form.
fn compare(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> io::Result<Comparison> {
    let (tape, _) = logistic::propagate(w, b, x, y).map_err(io::Error::other)?;
    let (by_hand, _) = closed_form::propagate(w, b, x, y).map_err(io::Error::other)?;
    let scale = closed_form::scale(w, b, x, y).map_err(io::Error::other)?;
    Ok(Comparison::of_grads(&tape, &by_hand, &scale))
}
