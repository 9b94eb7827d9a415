//! From a probability to a decision: the threshold, and the two kinds of error.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chainrule::data::Examples;
use chainrule::logistic::{self, Options};
use chainrule::tensor::Tensor;

/// What a missed tumour costs, where a false alarm costs 1.
const MISS: usize = 10;

fn main() -> ExitCode {
    chainrule::program::lesson(run)
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = Examples::read_csv(home.join("examples/data/wdbc_full30_malignant.csv"), None)?;
    let (train, test) = all.split(0.5, 1)?;
    let scaler = train.standardizer()?;
    let (w, b) = logistic::initialize_with_zeros(train.features.len());
    let fit = logistic::optimize(w, b, &scaler.apply(&train.x)?, &train.y, &Options::default())?;

    let x = scaler.apply(&test.x)?;
    let z = &fit.w.t().matmul(&x) + &Tensor::from(fit.b);
    let a = logistic::sigmoid(&z);
    let predicted = logistic::predict(&fit.w, fit.b, &x)?;
    let (m, sick) = (test.y.shape().1, test.y.sum());
    writeln!(out, "Tumours: trained on {}, tested with {m} others, of which", train.y.shape().1)?;
    writeln!(out, "{sick} are malignant (y = 1).\n")?;

    writeln!(out, "The six that the node is least sure of:\n       z       a  predict  y")?;
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| z.get(0, i).abs().total_cmp(&z.get(0, j).abs()));
    for &j in order.iter().take(6) {
        let [z, a, guess, y] = [&z, &a, &predicted, &test.y].map(|row| row.get(0, j));
        writeln!(out, "  {z:>6.2}  {a:.4}  {guess:>7}  {y}")?;
    }

    let half = Confusion::of(&a, &test.y, 0.5);
    writeln!(out, "\nWhat predict does, a > 0.5:")?;
    writeln!(out, "                     answer 0   answer 1")?;
    writeln!(out, "  benign    (y = 0)  {:>8}   {:>8}  <- false alarms", half.quiet, half.alarms)?;
    writeln!(out, "  malignant (y = 1)  {:>8}   {:>8}", half.missed, half.found)?;
    writeln!(out, "                     ^ missed")?;
    let accuracy = logistic::accuracy(&predicted, &test.y);
    writeln!(out, "  accuracy {accuracy:.1} %\n")?;

    writeln!(out, "Other thresholds; a miss costs {MISS}, a false alarm 1:")?;
    writeln!(out, "  answer 1 where  missed  false alarms  accuracy  cost")?;
    for (name, threshold) in [
        ("a > 0.02".to_string(), 0.02),
        (format!("a > 1/{}", MISS + 1), 1.0 / (MISS + 1) as f64),
        ("a > 0.2".to_string(), 0.2),
        ("a > 0.5".to_string(), 0.5),
        ("a > 0.9".to_string(), 0.9),
    ] {
        let Confusion { missed, alarms, .. } = Confusion::of(&a, &test.y, threshold);
        let accuracy = 100.0 * (m - missed - alarms) as f64 / m as f64;
        let cost = MISS * missed + alarms;
        writeln!(out, "  {name:<14}  {missed:>6}  {alarms:>12}  {accuracy:>6.1} %  {cost:>4}")?;
    }
    writeln!(out, "\nTry:  set MISS to 1; the threshold is 1/2, and cost counts all errors: 9.")?;
    writeln!(out, "Next: cargo run --example 14_model")?;
    Ok(())
}

/// How many of each class got which answer.
struct Confusion {
    quiet: usize,
    alarms: usize,
    missed: usize,
    found: usize,
}

impl Confusion {
    /// For probabilities and labels (1, m), where the answer is 1 for `a > threshold`.
    fn of(a: &Tensor, y: &Tensor, threshold: f64) -> Confusion {
        let mut counts = [[0; 2]; 2];
        for j in 0..y.shape().1 {
            let (label, answer) = (y.get(0, j) == 1.0, a.get(0, j) > threshold);
            counts[usize::from(label)][usize::from(answer)] += 1;
        }
        let [[quiet, alarms], [missed, found]] = counts;
        Confusion { quiet, alarms, missed, found }
    }
}
