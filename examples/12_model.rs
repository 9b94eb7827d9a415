//! The main job: learn a data set with one node, and hold its gradients against the closed form.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use chainrule::check::{self, Comparison, verdict};
use chainrule::data::Examples;
use chainrule::logistic::{self, Optimized, Options, closed_form};
use chainrule::tensor::Tensor;

const USAGE: &str = "\
usage: cargo run --example 12_model -- [FILE.csv] [--label NAME]
           [--without NAME]... [--iterations N] [--learning-rate R]
FILE.csv has a header row and one example per row. The label has two values and
is the last column, or the one that --label names. --without leaves a column
out, such as an id. Without a file: the penguins.";

fn main() -> ExitCode {
    let Err(error) = answer(&mut io::stdout().lock(), std::env::args_os().skip(1)) else {
        return ExitCode::SUCCESS;
    };
    // Whoever read our output has seen enough, as `| head` does.
    let io_error = error.downcast_ref::<io::Error>();
    if io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(2)
}

/// Does what the arguments ask for.
pub fn answer(
    out: &mut impl Write,
    arguments: impl Iterator<Item = OsString>,
) -> Result<(), Box<dyn Error>> {
    match Job::parse(arguments) {
        Ok(Some(job)) => run(out, &job),
        Ok(None) => Ok(writeln!(out, "{USAGE}")?),
        Err(what) => Err(format!("{what}\n{USAGE}").into()),
    }
}

/// What was asked for on the command line.
pub struct Job {
    file: PathBuf,
    label: Option<String>,
    without: Vec<String>,
    options: Options,
}

impl Job {
    /// `None` asks for help.
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Job>, String> {
        let (mut file, mut label, mut iterations, mut rate) = (None, None, None, None);
        let mut without = vec![];
        while let Some(argument) = arguments.next() {
            // A path may hold any bytes, and options are plain text: --option value or
            // --option=value.
            let text = argument.to_string_lossy().into_owned();
            let (option, behind) = match text.split_once('=') {
                Some((option, behind)) if option.starts_with('-') => (option, Some(behind)),
                _ => (text.as_str(), None),
            };
            let mut value = |kind: &str| match behind {
                Some(behind) => Ok(behind.to_string()),
                None => next_value(option, kind, arguments.next()),
            };
            match option {
                "--help" | "-h" => return Ok(None),
                "--label" => once(&mut label, option, value("a name")?)?,
                "--without" => without.push(value("a name")?),
                "--iterations" => {
                    let kind = "a whole number";
                    once(&mut iterations, option, number(option, kind, &value(kind)?)?)?
                }
                "--learning-rate" => {
                    let kind = "a number";
                    once(&mut rate, option, number(option, kind, &value(kind)?)?)?
                }
                _ if option.starts_with('-') => return Err(no_option(option)),
                _ => once(&mut file, "a file", PathBuf::from(argument))?,
            }
        }
        let usual = Options::default();
        let options = Options {
            num_iterations: iterations.unwrap_or(usual.num_iterations),
            learning_rate: rate.unwrap_or(usual.learning_rate),
            ..usual
        };
        Ok(Some(Job { file: file.unwrap_or_else(penguins), label, without, options }))
    }
}

/// The argument behind an option, unless it is the next option.
fn next_value(option: &str, kind: &str, next: Option<OsString>) -> Result<String, String> {
    let value = next.ok_or(format!("{option} needs {kind}"))?;
    let value = value.into_string().map_err(|value| format!("{value:?} is not UTF-8"))?;
    match value.starts_with("--") {
        true => Err(format!("{option} needs {kind}; if {value} is one: {option}={value}")),
        false => Ok(value),
    }
}

/// Names the option that begins with the same letters, two of them at least.
fn no_option(option: &str) -> String {
    let same = |known: &&str| {
        let pairs =
            known.trim_start_matches('-').chars().zip(option.trim_start_matches('-').chars());
        pairs.take_while(|(known, typed)| known == typed).count()
    };
    let known = ["--label", "--without", "--iterations", "--learning-rate"];
    match known.into_iter().max_by_key(same).filter(|known| same(known) >= 2) {
        Some(known) => format!("there is no option {option}; there is {known}"),
        None => format!("there is no option {option}"),
    }
}

fn once<T>(slot: &mut Option<T>, what: &str, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{what} can be given once only")),
    }
}

fn number<T: FromStr>(option: &str, kind: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option} needs {kind}, not `{text}`"))
}

/// The default data, found from any folder below the project as well.
fn penguins() -> PathBuf {
    let here = PathBuf::from("examples/data/penguins_sex.csv");
    let there = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/penguins_sex.csv");
    if here.exists() { here } else { there.into() }
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write, job: &Job) -> Result<(), Box<dyn Error>> {
    let all = read(job)?;
    introduce(out, job, &all)?;
    let (mut train, mut test) = all.split(0.2, 1)?;
    if let Some(class) = only_class(&train) {
        writeln!(out, "all examples to train on are {class}: there is no other class to learn")?;
    }
    let scaler = train.standardizer()?;
    (train.x, test.x) = (scaler.apply(&train.x)?, scaler.apply(&test.x)?);
    let (trained_on, tested_on) = (train.y.shape().1, test.y.shape().1);
    writeln!(out, "{trained_on} to train on, {tested_on} to test with; features standardised\n")?;
    out.flush()?;

    let (w, b) = logistic::initialize_with_zeros(train.features.len());
    let (at_start, first_cost) = compare(&w, b, &train)?;
    let iterations = job.options.num_iterations;
    let every = iterations.div_ceil(5).max(1);
    let (mut written, mut progress) = (Ok(()), Progress::new());
    let report = |iteration: usize, cost: f64| {
        if iteration.is_multiple_of(every) && written.is_ok() {
            written = write_cost(out, iteration, cost);
        }
        progress.report(|| format!("iteration {iteration} of {iterations}, cost {}", short(cost)));
    };
    let fit = logistic::optimize_with(w, b, &train.x, &train.y, &job.options, report)?;
    written?;
    let (at_end, cost) = compare(&fit.w, fit.b, &train)?;
    write_cost(out, iterations, cost)?;
    if cost > first_cost {
        writeln!(out, "the cost rose, as the steps are too long: try a smaller --learning-rate")?;
    }
    judge(out, &fit, &train, &test)?;

    writeln!(out, "\nThe gradient at the start (w = 0, b = 0):\n{}", at_start.largest(ROWS))?;
    writeln!(out, "\nThe gradient after {iterations} iterations:\n{}", at_end.largest(ROWS))?;
    writeln!(out, "{CANCEL}")?;
    let agree = verdict(at_start.agrees() && at_end.agrees());
    writeln!(out, "\nverdict: {agree}  (backpropagation and the gradient derived by hand)\n")?;
    writeln!(out, "Try:  -- --learning-rate 0.05: the cost falls, more slowly.")?;
    writeln!(out, "Next: cargo run --example 13_cost_plot")?;
    Ok(())
}

/// What the data are, and which class is 1.
fn introduce(out: &mut impl Write, job: &Job, all: &Examples) -> io::Result<()> {
    let (n, m) = all.x.shape();
    let features = if n == 1 { "feature" } else { "features" };
    writeln!(out, "{}: {m} examples, {n} {features}", job.file.display())?;
    let ones = all.y.sum() as usize;
    let [zero, one] = &all.classes;
    writeln!(out, "label {}: {ones} are {one}, {} are {zero}", all.label, m - ones)?;
    if [zero.as_str(), one.as_str()] != ["0", "1"] {
        writeln!(out, "the node learns {one} as 1 and {zero} as 0")?;
    }
    Ok(())
}

/// The class of all these examples, if there is one only.
fn only_class(part: &Examples) -> Option<&String> {
    let [zero, one] = &part.classes;
    match part.y.sum() {
        0.0 => Some(zero),
        ones if ones == part.y.shape().1 as f64 => Some(one),
        _ => None,
    }
}

/// How often the node is right, and how often one is who never looks at the features.
fn judge(
    out: &mut impl Write,
    fit: &Optimized,
    train: &Examples,
    test: &Examples,
) -> Result<(), Box<dyn Error>> {
    let n = train.features.len();
    let right = |w: &Tensor, b: f64, part: &Examples| {
        logistic::predict(w, b, &part.x).map(|guess| logistic::accuracy(&guess, &part.y))
    };
    let (on_train, on_test) = (right(&fit.w, fit.b, train)?, right(&fit.w, fit.b, test)?);
    writeln!(out, "\naccuracy: {on_train:.1} % on train, {on_test:.1} % on test")?;
    // With w = 0 the answer is the same for every example, and b decides which.
    let ones_are_more = train.y.sum() > train.y.shape().1 as f64 / 2.0;
    let (no_weights, b) = (Tensor::zeros(n, 1), if ones_are_more { 1.0 } else { -1.0 });
    let (on_train, on_test) = (right(&no_weights, b, train)?, right(&no_weights, b, test)?);
    let always = &train.classes[usize::from(ones_are_more)];
    writeln!(out, "who always answers {always}: {on_train:.1} % on train, {on_test:.1} % on test")?;
    let size = |i: &usize| fit.w.get(*i, 0).abs();
    if let Some(i) = (0..n).filter(|i| size(i) != 0.0).max_by(|i, j| size(i).total_cmp(&size(j))) {
        let (weight, name) = (short(fit.w.get(i, 0)), &train.features[i]);
        writeln!(out, "the largest weight is w[{i}] = {weight}, that of {name}")?;
    }
    Ok(())
}

/// So many derivatives are shown, the largest ones.
const ROWS: usize = 5;

/// Said below a table in which `rel.err` may be large beside AGREE.
const CANCEL: &str =
    "Where terms cancel, the last digits are rounding; the verdict goes by term size.";

fn read(job: &Job) -> chainrule::Result<Examples> {
    let label = job.label.as_deref();
    let without: Vec<&str> = job.without.iter().map(String::as_str).collect();
    let Ok(file) = File::open(&job.file) else {
        return Examples::read_csv_without(&job.file, label, &without); // it says why not
    };
    let watched = Watched { file, bytes: 0, progress: Progress::new() };
    let source = BufReader::with_capacity(1 << 16, watched);
    Examples::from_csv(source, &job.file.display().to_string(), label, &without)
}

fn write_cost(out: &mut impl Write, iteration: usize, cost: f64) -> io::Result<()> {
    writeln!(out, "cost after iteration {iteration:>5}: {}", short(cost))?;
    out.flush()
}

/// With six decimals, or in powers of ten if it is huge.
fn short(number: f64) -> String {
    if number.abs() < 1e6 { format!("{number:.6}") } else { format!("{number:.3e}") }
}

/// The tape's gradient against the closed form, and the cost. Of small data also against forward mode
/// and differences, which evaluate the cost anew for each weight.
fn compare(w: &Tensor, b: f64, part: &Examples) -> chainrule::Result<(Comparison, f64)> {
    let Examples { x, y, .. } = part;
    let (tape, cost) = logistic::propagate(w, b, x, y)?;
    let (n, m) = x.shape();
    if n <= 50 && m <= 1000 {
        return Ok((check::propagate(w, b, x, y)?, cost));
    }
    let (by_hand, _) = closed_form::propagate(w, b, x, y)?;
    let scale = closed_form::scale(w, b, x, y)?;
    Ok((Comparison::of_grads(&tape, &by_hand, &scale), cost))
}

/// Says on stderr, every two seconds, what a long run is doing.
struct Progress(Instant);

impl Progress {
    fn new() -> Progress {
        Progress(Instant::now())
    }

    fn report(&mut self, what: impl FnOnce() -> String) {
        if self.0.elapsed() > Duration::from_secs(2) {
            let _ = writeln!(io::stderr(), "  ... {}", what());
            *self = Progress::new();
        }
    }
}

/// A file that reports how much of it was read.
struct Watched {
    file: File,
    bytes: usize,
    progress: Progress,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes += count;
        self.progress.report(|| format!("{} MB read", self.bytes / 1_000_000));
        Ok(count)
    }
}
