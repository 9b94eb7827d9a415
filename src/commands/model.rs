//! `model`: learns a data set with one node, and holds its gradients against the closed form.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use chainrule::check::{self, Comparison};
use chainrule::data::Examples;
use chainrule::logistic::{self, Optimized, Options, closed_form};
use chainrule::program::{AGREE, Arguments, DISAGREE, Outcome};
use chainrule::tensor::Tensor;

pub const USAGE: &str = "\
usage: cargo run -- model [FILE.csv] [--label NAME] [--without NAME]...
           [--iterations N] [--learning-rate R]
FILE.csv has a header row and one example per row. The label has two values and
is the last column, or the one that --label names. --without leaves a column
out, such as an id. Without a file: the penguins.";

/// The data without a file, and where it lies in the project.
const PENGUINS: (&str, &[u8]) =
    ("examples/data/penguins_sex.csv", include_bytes!("../../examples/data/penguins_sex.csv"));

/// Trains, judges, and ends with the verdict.
pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let label = arguments.value("--label", "a name")?;
    let without = arguments.values("--without", "a name")?;
    let usual = Options::default();
    let options = Options {
        num_iterations: arguments
            .number("--iterations", "a whole number")?
            .unwrap_or(usual.num_iterations),
        learning_rate: arguments
            .number("--learning-rate", "a number")?
            .unwrap_or(usual.learning_rate),
        ..usual
    };
    let file = arguments.file()?;
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    let (name, all) = match &file {
        Some(file) => (file.display().to_string(), read(file, label.as_deref(), &without)?),
        None => {
            let (name, text) = PENGUINS;
            (name.to_string(), Examples::from_csv(text, name, label.as_deref(), &without)?)
        }
    };
    introduce(out, &name, &all)?;
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
    let iterations = options.num_iterations;
    let every = iterations.div_ceil(5).max(1);
    let (mut written, mut progress) = (Ok(()), Progress::new());
    let report = |iteration: usize, cost: f64| {
        if iteration.is_multiple_of(every) && written.is_ok() {
            written = write_cost(out, iteration, cost);
        }
        progress.report(|| format!("iteration {iteration} of {iterations}, cost {}", short(cost)));
    };
    let fit = logistic::optimize_with(w, b, &train.x, &train.y, &options, report)?;
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
    let agree = at_start.agrees() && at_end.agrees();
    let verdict = check::verdict(agree);
    writeln!(out, "\nverdict: {verdict}  (backpropagation and the gradient derived by hand)\n")?;
    writeln!(out, "Try:  cargo run -- model --learning-rate 0.05: the cost falls, more slowly.")?;
    writeln!(out, "Next: cargo run -- step")?;
    Ok(if agree { AGREE } else { DISAGREE })
}

/// What the data are, and which class is 1.
fn introduce(out: &mut impl Write, name: &str, all: &Examples) -> io::Result<()> {
    let (n, m) = all.x.shape();
    let features = if n == 1 { "feature" } else { "features" };
    writeln!(out, "{name}: {m} examples, {n} {features}")?;
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

/// How often the node is right, and how often a baseline is that never looks at the features.
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
    writeln!(out, "baseline (always {always}): {on_train:.1} % on train, {on_test:.1} % on test")?;
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

fn read(path: &Path, label: Option<&str>, without: &[&str]) -> chainrule::Result<Examples> {
    let Ok(file) = File::open(path) else {
        return Examples::read_csv_without(path, label, without); // it says why not
    };
    let watched = Watched { file, bytes: 0, progress: Progress::new() };
    let source = BufReader::with_capacity(1 << 16, watched);
    Examples::from_csv(source, &path.display().to_string(), label, without)
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
