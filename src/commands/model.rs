//! `model`: learns a data set with one node, or a node for each of more than two classes, and holds its
//! gradients against the closed form.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chainrule::check::{self, Comparison};
use chainrule::data::{self, Classifier, Csv, Examples};
use chainrule::logistic::{self, Options, closed_form};
use chainrule::network::cross_entropy;
use chainrule::program::{AGREE, Arguments, DISAGREE, Outcome, Usage, write_file};
use chainrule::tensor::Tensor;
use chainrule::view;

use super::training;

pub const USAGE: &str = "\
usage: cargo run -- model [FILE.csv] [options]
FILE.csv has a header row and one example per row. Without it: the penguins.
  --label NAME       the column to learn, of two values or up to 20 words;
                     the last one by default
  --without NAME     leave a column out, such as an id
  --encode NAME      make a column of 0 and 1 for each word but the first; of
                     the label: each of up to 20 numbers is a class
  --drop-incomplete  leave out rows in which a value is missing
  --not-missing X    take the text X, such as NA, for a value
  --without-lines X  leave out lines, such as 2 or 1-3: a title, or units
  --decimal X        the decimal mark, a comma or a point, if it is not clear
  --header           the first row has names, or
  --no-header        it is an example: the columns are c1, c2, ...
  --iterations N     steps, 2000 by default
  --learning-rate R  their length, 0.5 by default
  --page RUN.html    write a web page to explore the whole training run with
  --save MODEL.csv   write what was learned, to be read and loaded
  --predict NEW.csv  probabilities and classes for rows with or without a label
  --load MODEL.csv   predict with a saved model instead of training
--without, --encode, --not-missing and --without-lines may be repeated.";

/// The data without a file, and where it lies in the project.
const PENGUINS: (&str, &[u8]) =
    ("examples/data/penguins_sex.csv", include_bytes!("../../examples/data/penguins_sex.csv"));

/// Trains, judges, and ends with the verdict.
pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let csv = Csv {
        label: arguments.value("--label", "a name")?,
        without: arguments.values("--without", "a name")?,
        encode: arguments.values("--encode", "a name")?,
        ..super::reading(&mut arguments)?
    };
    let iterations = arguments.number("--iterations", "a whole number")?;
    let rate = arguments.number("--learning-rate", "a number")?;
    let usual = Options::default();
    let options = Options {
        num_iterations: iterations.unwrap_or(usual.num_iterations),
        learning_rate: rate.unwrap_or(usual.learning_rate),
        ..usual
    };
    let [load, save, new, page] =
        ["--load", "--save", "--predict", "--page"].map(|option| arguments.path(option, "a file"));
    let (load, save, new, page, file) = (load?, save?, new?, page?, arguments.file()?);
    if let Some(saved) = load {
        let of_training = [
            ("--label", csv.label.is_some()),
            ("--encode", !csv.encode.is_empty()),
            ("--iterations", iterations.is_some()),
            ("--learning-rate", rate.is_some()),
            ("--save", save.is_some()),
            ("--page", page.is_some()),
        ];
        if let Some((option, _)) = of_training.iter().find(|(_, given)| *given) {
            let told =
                format!("{option} is for training, and --load takes a model as it was trained");
            return Err(Usage(told).into());
        }
        let ((Some(new), None) | (None, Some(new))) = (new, file) else {
            return Err(Usage("--load needs one file to predict: --predict NEW.csv".into()).into());
        };
        predict(out, &Classifier::read_csv(saved)?, &new, &csv)?;
        return Ok(AGREE);
    }
    // What cannot be read or written is not told after the training.
    new.as_ref().map(data::open).transpose()?;
    for (option, path) in [("--save", &save), ("--page", &page)] {
        path.iter().try_for_each(|path| can_be_written(option, path, [&file, &new]))?;
    }
    if save.is_some() && save == page {
        return Err(Usage("--save and --page need a file each".into()).into());
    }
    let (name, all) = match &file {
        Some(file) => {
            let name = file.display().to_string();
            let all = csv.examples(watched(file)?, &name)?;
            (name, all)
        }
        None => (PENGUINS.0.to_string(), csv.examples(PENGUINS.1, PENGUINS.0)?),
    };
    introduce(out, &name, &all, file.is_some() && csv.label.is_none())?;
    if page.is_some() && all.classes.len() > 2 {
        return Err(Usage("--page shows one node, and so two classes only".into()).into());
    }
    all.standardizer()?; // what is constant in the whole file teaches nothing
    let (mut train, mut test) = all.split(0.2, 1)?;
    if let Some(class) = only_class(&train) {
        writeln!(out, "all examples to train on are {class}: there is no other class to learn")?;
    }
    let (scaler, constant) = train.standardizer_and_constants()?;
    let (trained_on, tested_on) = (train.y.shape().1, test.y.shape().1);
    if trained_on == 1 {
        train.standardizer()?; // it says that one is not enough
    }
    if !constant.is_empty() {
        let names: Vec<&str> = constant.iter().map(|&i| train.features[i].as_str()).collect();
        let same = format!("the same in all {trained_on} examples to train on, so of weight 0: ");
        super::wrapped(out, &(same + &names.join(", ")), " ")?;
    }
    let page = page.map(|path| (path, train.clone(), test.clone()));
    (train.x, test.x) = (scaler.apply(&train.x)?, scaler.apply(&test.x)?);
    writeln!(out, "{trained_on} to train on, {tested_on} to test with; features standardised\n")?;
    out.flush()?;

    let nodes = if all.classes.len() == 2 { 1 } else { all.classes.len() };
    let (w, b) = (Tensor::zeros(train.features.len(), nodes), Tensor::zeros(nodes, 1));
    let (at_start, first_cost) = compare(&w, &b, &train);
    let iterations = options.num_iterations;
    let every = iterations.div_ceil(4).max(1);
    let (mut written, mut progress) = (Ok(()), Progress::new());
    let report = |iteration: usize, cost: f64| {
        if iteration.is_multiple_of(every) && written.is_ok() {
            written = write_cost(out, iteration, cost);
        }
        progress.report(|| format!("iteration {iteration} of {iterations}, cost {}", short(cost)));
    };
    let (w, b, moments) = training::train([&train, &test], &options, page.is_some(), report)?;
    written?;
    let (at_end, cost) = compare(&w, &b, &train);
    write_cost(out, iterations, cost)?;
    if cost > first_cost {
        writeln!(out, "the cost rose, as the steps are too long: try a smaller --learning-rate")?;
    }
    judge(out, &w, &b, &train, &test)?;
    for (c, class) in train.classes.iter().enumerate().take(nodes) {
        let of = if nodes == 1 { String::new() } else { format!(" for {}", fitted(class, 20)) };
        weights(out, &of, &w.columns(c..c + 1), b.get(c, 0), &train.features)?;
    }

    writeln!(out, "\nThe gradient at the start (w = 0, b = 0):\n{}", at_start.largest(ROWS))?;
    if iterations > 0 {
        writeln!(out, "The gradient after {iterations} iterations:\n{}", at_end.largest(ROWS))?;
        writeln!(out, "{CANCEL}")?;
    }
    let agree = at_start.agrees() && at_end.agrees();
    let verdict = check::verdict(agree);
    writeln!(out, "\nverdict: {verdict}  (backpropagation and the gradient derived by hand)")?;
    if let Some((path, train, test)) = page {
        let (parts, learning_rate) = ([&train, &test], options.learning_rate);
        let run = view::Run { parts, scaler: &scaler, learning_rate, moments };
        write_file(&path, &view::run_html(&run))?;
        writeln!(out, "wrote {}: open it in a browser", path.display())?;
    }
    let model = Classifier::new(&train, scaler, &w, b);
    let model = Classifier { without: csv.without.clone(), ..model };
    if let Some(path) = &save {
        write_file(path, &model.to_csv())?;
        writeln!(out, "saved: {}", path.display())?;
    }
    if let Some(new) = new {
        writeln!(out, "\n{}:", new.display())?;
        predict(out, &model, &new, &csv)?;
    }
    match (file, save) {
        (None, _) => writeln!(out, "Try:  cargo run -- model --learning-rate 0.05: {SLOWER}")?,
        (_, None) => writeln!(out, "Try:  the same with --save model.csv: {ASK}")?,
        (_, Some(save)) => {
            writeln!(out, "Try:  cargo run -- model --load {} --predict NEW.csv", save.display())?;
        }
    }
    writeln!(out, "Next: cargo run -- step")?;
    Ok(if agree { AGREE } else { DISAGREE })
}

const SLOWER: &str = "the cost falls, more slowly.";
const ASK: &str = "then it answers for other data.";

/// Refuses to write over a file that is read, and where nothing can be written.
fn can_be_written(
    option: &str,
    path: &Path,
    read: [&Option<PathBuf>; 2],
) -> Result<(), Box<dyn Error>> {
    let is_new = !path.exists();
    let opened = File::options().append(true).create(true).open(path);
    opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let same = |file: &&PathBuf| path.canonicalize().ok() == file.canonicalize().ok();
    if is_new {
        std::fs::remove_file(path)?;
    } else if let Some(file) = read.into_iter().flatten().find(same) {
        return Err(format!("{option} would write over {}, which is read", file.display()).into());
    }
    Ok(())
}

/// What the data are, and which class is 1.
fn introduce(out: &mut impl Write, name: &str, all: &Examples, by_default: bool) -> io::Result<()> {
    let (n, m) = all.x.shape();
    let features = if n == 1 { "feature" } else { "features" };
    writeln!(out, "{name}: {m} examples, {n} {features}")?;
    all.notes.iter().try_for_each(|note| super::wrapped(out, note, " "))?;
    let counts = all.classes.iter().zip(counts(all));
    let mut counts: Vec<_> = counts.map(|(class, m)| format!("{m} are {class}")).collect();
    if counts.len() == 2 {
        counts.reverse(); // 1 is what the node says yes to
    }
    let chosen = if by_default { " (the last column; else: --label NAME)" } else { "" };
    super::wrapped(out, &format!("label {}: {}{chosen}", all.label, counts.join(", ")), " ")?;
    match &all.classes[..] {
        [zero, one] if [zero.as_str(), one.as_str()] == ["0", "1"] => Ok(()),
        [zero, one] => writeln!(out, "the node learns {one} as 1 and {zero} as 0"),
        classes => writeln!(out, "{} nodes, one for each class; a = softmax(z)", classes.len()),
    }
}

/// How many examples each class has.
fn counts(part: &Examples) -> Vec<usize> {
    let mut counts = vec![0; part.classes.len()];
    part.y.to_vec().into_iter().for_each(|class| counts[class as usize] += 1);
    counts
}

/// The class of all these examples, if there is one only.
fn only_class(part: &Examples) -> Option<&String> {
    let there = counts(part).into_iter().zip(&part.classes).filter(|(count, _)| *count > 0);
    let [(_, class)] = there.collect::<Vec<_>>()[..] else { return None };
    Some(class)
}

/// How often the model is right, how often a baseline is that never looks at the features, and what is
/// taken for what.
fn judge(
    out: &mut impl Write,
    w: &Tensor,
    b: &Tensor,
    train: &Examples,
    test: &Examples,
) -> Result<(), Box<dyn Error>> {
    let guess = |part: &Examples| match w.shape().1 {
        1 => logistic::predict(w, b.get(0, 0), &part.x),
        _ => Ok(Classifier::predictions(&logistic::network(w, b).predict(&part.x).softmax())),
    };
    let (on_train, on_test) = (guess(train)?, guess(test)?);
    let right = logistic::accuracy(&on_train, &train.y);
    let right_on_test = logistic::accuracy(&on_test, &test.y);
    writeln!(out, "accuracy: {right:.1} % on train, {right_on_test:.1} % on test")?;
    let counts = counts(train);
    let most = (1..counts.len()).fold(0, |most, c| if counts[c] > counts[most] { c } else { most });
    let always = &train.classes[most];
    let same = |part: &Examples| Tensor::filled(1, part.y.shape().1, most as f64);
    let [all_train, all_test] = [train, test].map(|part| logistic::accuracy(&same(part), &part.y));
    writeln!(
        out,
        "baseline (always {always}): {all_train:.1} % on train, {all_test:.1} % on test"
    )?;
    if right == 100.0 && only_class(train).is_none() {
        writeln!(out, "train is separable: the cost has no minimum, and weights grow for ever")?;
    }
    confusion(out, &train.classes, &[("train", &train.y, &on_train), ("test", &test.y, &on_test)])?;
    Ok(())
}

/// A name, Y and the predictions.
type Part<'a> = (&'a str, &'a Tensor, &'a Tensor);

/// How many examples of a class were taken for one.
fn count(part: &Part, class: usize, guess: usize) -> usize {
    let pairs = part.1.to_vec().into_iter().zip(part.2.to_vec());
    pairs.filter(|pair| *pair == (class as f64, guess as f64)).count()
}

fn share(right: usize, others: usize) -> String {
    match right + others {
        0 => "none".to_string(),
        all => format!("{:.1} %", 100.0 * right as f64 / all as f64),
    }
}

/// What is taken for what, and of two classes the precision and the recall of the second one.
fn confusion(out: &mut impl Write, classes: &[String], parts: &[Part]) -> io::Result<()> {
    if classes.len() > 2 {
        return parts.iter().try_for_each(|part| confusion_of_many(out, classes, part));
    }
    let width = classes.iter().map(|class| class.chars().count()).max().unwrap_or(0).clamp(4, 12);
    write!(out, "{:width$}    ", "")?;
    for (name, ..) in parts {
        let names = classes.iter().map(|class| format!("  {:>width$}", fitted(class, width)));
        write!(out, " {name:>7}:{}", names.collect::<String>())?;
    }
    writeln!(out, "  <- predicted")?;
    for (k, class) in classes.iter().enumerate() {
        write!(out, " is {:<width$}", fitted(class, width))?;
        for part in parts {
            let counts =
                (0..classes.len()).map(|guess| format!("  {:>width$}", count(part, k, guess)));
            write!(out, "         {}", counts.collect::<String>())?;
        }
        writeln!(out)?;
    }
    if let [_, one] = classes {
        let shares = |class: usize, guess: usize| {
            let share = |part| share(count(part, 1, 1), count(part, class, guess));
            parts.iter().map(share).collect::<Vec<_>>().join(", ")
        };
        let names: Vec<&str> = parts.iter().map(|(name, ..)| *name).collect();
        let (one, names, precision) = (fitted(one, width), names.join(" and "), shares(0, 1));
        writeln!(out, "for {one}, {names}: precision {precision}; recall {}", shares(1, 0))?;
    }
    Ok(())
}

/// A row for each class: what it was taken for, if there is room, and its precision and recall.
fn confusion_of_many(out: &mut impl Write, classes: &[String], part: &Part) -> io::Result<()> {
    let k = classes.len();
    let width = classes.iter().map(|class| class.chars().count()).max().unwrap_or(0).clamp(4, 12);
    let shown = if k * (width + 2) + width <= 54 { k } else { 0 };
    writeln!(out, "on {}{}:", part.0, if shown > 0 { ", predicted to be" } else { "" })?;
    let names = classes[..shown].iter().map(|class| format!("  {:>width$}", fitted(class, width)));
    writeln!(out, "    {:width$}{}  precision   recall", "", names.collect::<String>())?;
    for (c, class) in classes.iter().enumerate() {
        let counts = (0..shown).map(|guess| format!("  {:>width$}", count(part, c, guess)));
        let others = |count: &dyn Fn(usize) -> usize| (0..k).filter(|&d| d != c).map(count).sum();
        let right = count(part, c, c);
        let precision = share(right, others(&|d| count(part, d, c)));
        let recall = share(right, others(&|d| count(part, c, d)));
        write!(out, " is {:<width$}{}", fitted(class, width), counts.collect::<String>())?;
        writeln!(out, "  {precision:>9}  {recall:>7}")?;
    }
    Ok(())
}

/// Every weight of one node with its name, the largest first.
fn weights(out: &mut impl Write, of: &str, w: &Tensor, b: f64, names: &[String]) -> io::Result<()> {
    let mut weights: Vec<(&String, f64)> = names.iter().zip(w.to_vec()).collect();
    weights.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    writeln!(out, "\nWeights of the standardised features{of}, by size; b = {}:", short(b))?;
    for pair in weights[..weights.len().min(WEIGHTS)].chunks(2) {
        let shown =
            |(name, w): &(&String, f64)| format!("  {:<24} {:>11}", fitted(name, 24), short(*w));
        writeln!(out, "{}", pair.iter().map(shown).collect::<String>())?;
    }
    match weights.len() {
        0..=WEIGHTS => Ok(()),
        count => writeln!(out, "  and {} smaller ones", count - WEIGHTS),
    }
}

const WEIGHTS: usize = 20;

/// A name in so many places; `~` stands for the rest of a long one.
fn fitted(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_string();
    }
    name.chars().take(width - 1).chain(['~']).collect()
}

/// For each row of new data the probability of each class, and the class; as a CSV file, with the
/// line on which the row stands. If the file has the label as well, what is taken for what.
fn predict(
    out: &mut impl Write,
    model: &Classifier,
    file: &Path,
    csv: &Csv,
) -> Result<(), Box<dyn Error>> {
    let new = model.read(watched(file)?, &file.display().to_string(), csv)?;
    let p = model.probabilities(&new.x)?;
    let guesses = Classifier::predictions(&p);
    let classes = model.classes.iter().map(|class| data::quoted(&format!("P({class})")));
    let heads: Vec<String> = classes.chain([data::quoted(&model.label)]).collect();
    writeln!(out, "line,{}", heads.join(","))?;
    for (j, line) in new.lines.iter().enumerate() {
        write!(out, "{line}")?;
        (0..p.shape().0).try_for_each(|i| write!(out, ",{:.6}", p.get(i, j)))?;
        let guess = guesses.get(0, j); // NaN where the model has no number
        let class = if guess.is_nan() { "" } else { &model.classes[guess as usize] };
        writeln!(out, ",{}", data::quoted(class))?;
    }
    if new.y.to_vec().iter().any(|y| !y.is_nan()) {
        confusion(out, &model.classes, &[("new", &new.y, &guesses)])?;
    }
    Ok(())
}

/// So many derivatives are shown, the largest ones.
const ROWS: usize = 5;

/// Said below a table in which `rel.err` may be large beside AGREE.
const CANCEL: &str =
    "Where terms cancel, the last digits are rounding; the verdict goes by term size.";

/// The file, which says how far it was read.
fn watched(path: &Path) -> chainrule::Result<BufReader<Watched>> {
    let watched = Watched { file: data::open(path)?, bytes: 0, progress: Progress::new() };
    Ok(BufReader::with_capacity(1 << 16, watched))
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
fn compare(w: &Tensor, b: &Tensor, part: &Examples) -> (Comparison, f64) {
    let (x, y) = (&part.x, &training::labels(part));
    let (tape, cost) = logistic::network(w, b).propagate(x, y, cross_entropy);
    let ((n, m), nodes) = (x.shape(), b.shape().0);
    if n * nodes <= 50 && m <= 1000 {
        return (check::layer(w, b, x, y), cost);
    }
    let (by_hand, _) = closed_form::layer(w, b, x, y);
    let scale = closed_form::layer_scale(w, b, x, y);
    (Comparison::of_grads(&tape[0], &by_hand, &scale), cost)
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
