//! `check`: a typed formula's gradient by all judges, beside the one that was derived by hand.

use std::error::Error;
use std::io::{self, Write};

use chainrule::check::{self, Claim, Entry, GradientReport};
use chainrule::formula::Formula;
use chainrule::program::{AGREE, Arguments, DISAGREE, Outcome, Usage};
use chainrule::scalar::{Tape, Var};

use super::typed::{self, Typed};

pub const USAGE: &str = "\
usage: cargo run -- check \"FORMULA\" [NAME=NUMBER]... [dNAME=\"FORMULA\"]...
           [--file FORMULA.txt] [--data FILE.csv]
  cargo run -- check \"L = -ln(sigmoid(w*x + b))\" w=0.5 x=2 b=1 \\
      dw=\"x*(sigmoid(w*x + b) - 1)\" db=-0.1192
  NAME=[1,2,3]  a list: one value for each example, for sum(...) and mean(...)
  dw, dL/dw     the derivative that you found: a formula is judged at 13 points,
                a number at this one, to the digits that were typed
  --file        the formula is in a file
  --data        the columns of a file, under their names;
                read with --drop-incomplete and the like as by model
Without values, a point is chosen. Exit code: 0 AGREE, 1 DISAGREE or NOT JUDGED.
A formula has + - * / ^ ( ) |x|, names, numbers, max(x, y), min, pow, sum, mean,
  exp ln sqrt sin cos tan atan sinh cosh tanh sigmoid log_sigmoid softplus relu
  leaky_relu(x, 0.2) elu selu silu gelu_tanh mish softsign hard_sigmoid exp_m1
  ln_1p recip abs identity, and lines before it: h = tanh(w*x); y = v*h";

/// A derivative by hand.
enum ByHand {
    Formula(Formula),
    Number(f64, String),
}

/// What became of it.
#[derive(PartialEq)]
enum Verdict {
    Agree(String),
    NotJudged(String),
    Disagree(String),
}

pub fn run(out: &mut impl Write, arguments: Arguments) -> Outcome {
    let Some(typed) = typed::read(arguments, true)? else {
        return Err(Usage("a formula is missing".to_string()).into());
    };
    typed.trace()?; // which says where a number that is no number comes from
    let names = typed.formula.names();
    let mut by_hand: Vec<Option<ByHand>> = names.iter().map(|_| None).collect();
    for (variable, text) in &typed.derivatives {
        by_hand[*variable] = Some(match text.parse() {
            Ok(number) => ByHand::Number(number, text.clone()),
            Err(_) => ByHand::Formula(typed.formula.also(&format!("d{}", names[*variable]), text)?),
        });
    }
    let functions = by_hand.iter().any(|own| matches!(own, Some(ByHand::Formula(_))));
    let points = typed.points(if functions { 12 } else { 0 });
    let reports = points.iter().map(|at| judge(&typed, &by_hand, at));
    let reports: Vec<GradientReport> = reports.collect::<Result<_, _>>()?;

    for warning in typed.formula.warnings() {
        writeln!(out, "warning: {warning}\n")?;
    }
    let output = typed.output();
    let value = number(typed.formula.eval(&typed.at)?);
    let more = match reports.len() - 1 {
        0 => String::new(),
        more => format!(", and at {more} more points"),
    };
    writeln!(out, "{}", typed.text.trim())?;
    writeln!(out, "{output} = {value} at {}{more}\n", typed.place())?;

    let verdicts: Vec<Verdict> =
        (0..names.len()).map(|i| verdict(i, &by_hand[i], &reports)).collect();
    table(out, &typed, &by_hand, &reports[0], &verdicts)?;
    let code = match &verdicts {
        all if all.iter().any(|one| matches!(one, Verdict::Disagree(_))) => "DISAGREE",
        all if all.iter().any(|one| matches!(one, Verdict::NotJudged(_))) => "NOT JUDGED",
        _ => "AGREE",
    };
    writeln!(out, "verdict: {code}")?;
    if code == "DISAGREE" {
        explain(out, &typed, &by_hand, &points, &reports)?;
    }
    writeln!(out, "Step through it: cargo run -- step {}", typed.words())?;
    Ok(if code == "AGREE" { AGREE } else { DISAGREE })
}

/// All judges at one point. What was not derived by hand stands in from reverse mode, and so does a
/// number that is right in its digits.
fn judge(
    typed: &Typed,
    by_hand: &[Option<ByHand>],
    at: &[f64],
) -> Result<GradientReport, Box<dyn Error>> {
    let formula = &typed.formula;
    let names = formula.names();
    let at_names: Vec<(&str, f64)> = names.into_iter().zip(at.iter().copied()).collect();
    let gradient = |own: Option<&dyn check::ByHand>| {
        check::gradient(
            |p| formula.eval(p).unwrap_or(f64::NAN),
            |p| formula.eval(p).unwrap_or(p[0]), // it has a value here, as a number
            |p| formula.record(p).unwrap_or(p[0]),
            &at_names,
            own,
        )
    };
    if by_hand.iter().all(Option::is_none) {
        return Ok(gradient(None));
    }
    let right = gradient(None);
    let mut own = vec![];
    for (entry, by_hand) in right.comparison.entries.iter().zip(by_hand) {
        own.push(match by_hand {
            Some(ByHand::Formula(derivative)) => derivative.eval(at)?,
            Some(ByHand::Number(number, text))
                if digits(text, *number, nearest(*number, entry)).is_err() =>
            {
                *number
            }
            _ => entry.values[0],
        });
    }
    Ok(gradient(Some(&own)))
}

/// A number that is so near is right, however few digits it has.
const EXACT: f64 = 1e-12;

/// The right slope that is nearest to a number: at a kink, each between those of the two sides is.
fn nearest(number: f64, entry: &Entry) -> f64 {
    match entry.difference {
        Some(difference) if difference.kink.is_some() => difference.nearest(number),
        _ => entry.values[0],
    }
}

/// How many digits were typed, if the number is right in all of them; else how many of it are.
fn digits(text: &str, number: f64, right: f64) -> Result<usize, usize> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits = mantissa.trim_start_matches(['+', '-', '0', '.']).replace('.', "").len();
    let decimals = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len()) as i32;
    let exponent: i32 = text.split_once(['e', 'E']).map_or(0, |(_, e)| e.parse().unwrap_or(0));
    let unit = 10f64.powi(exponent.saturating_sub(decimals));
    let gap = (number - right).abs();
    let rounded = gap <= unit * (0.5 + 1e-9);
    let cut =
        number * right >= 0.0 && (0.0..unit * (1.0 - 1e-9)).contains(&(right.abs() - number.abs()));
    let zero = number == 0.0 && right != 0.0; // which has no digits
    if !zero && (rounded || cut) || gap <= EXACT * right.abs() {
        return Ok(digits);
    }
    // So many digits are the same, rounded or cut.
    let [(own, power), (other, same_power)] = [number, right].map(|x| {
        let text = format!("{x:e}");
        let (mantissa, power) = text.split_once('e').unwrap_or_default();
        let digits = mantissa.trim_start_matches('-').replace('.', "");
        (format!("{digits:0<18}"), power.to_string())
    });
    let cut = |k: usize| power == same_power && own.get(..=k) == other.get(..=k);
    let same = |k: &usize| {
        number * right >= 0.0 && (cut(*k) || format!("{number:.k$e}") == format!("{right:.k$e}"))
    };
    Err((0..17).take_while(same).count())
}

fn verdict(i: usize, by_hand: &Option<ByHand>, reports: &[GradientReport]) -> Verdict {
    let entry = |report: &GradientReport| report.comparison.entries[i].clone();
    let agrees = |report: &&GradientReport| entry(report).agrees(report.comparison.tolerance);
    let right = reports.iter().filter(agrees).count();
    if let Some(ByHand::Number(number, text)) = by_hand {
        let right = nearest(*number, &entry(&reports[0]));
        let exact = (number - right).abs() <= EXACT * right.abs();
        return match digits(text, *number, right) {
            Ok(_) if exact => Verdict::Agree(String::new()),
            Ok(given) if given >= 3 => Verdict::Agree(format!(" in the {given} digits given")),
            Ok(_) => Verdict::NotJudged(": give at least three digits".to_string()),
            Err(right) => Verdict::Disagree(match right {
                0 => String::new(),
                right => format!(" from digit {} on", right + 1),
            }),
        };
    }
    match right == reports.len() {
        true => Verdict::Agree(String::new()),
        false if right == 0 || reports.len() == 1 => Verdict::Disagree(String::new()),
        false => {
            Verdict::Disagree(format!(" at {} of {} points", reports.len() - right, reports.len()))
        }
    }
}

/// The judges side by side, at the point that was given.
fn table(
    out: &mut impl Write,
    typed: &Typed,
    by_hand: &[Option<ByHand>],
    report: &GradientReport,
    verdicts: &[Verdict],
) -> io::Result<()> {
    let output = typed.output();
    let own = by_hand.iter().any(Option::is_some);
    let mut rows = vec![
        ["", "reverse mode", "by hand", "forward mode", "differences", "verdict"].map(String::from),
    ];
    for (i, name) in typed.formula.names().iter().enumerate() {
        let Entry { values, difference, scale, .. } = &report.comparison.entries[i];
        let differences = match difference {
            None => "-".to_string(),
            Some(found) if found.kink.is_some() => "kink".to_string(),
            Some(found) => {
                // Of the terms' size, where they cancel.
                let size = values[0].abs().max(found.slope.abs()).max(*scale);
                let error = (values[0] - found.slope).abs() / size;
                let limit = [1e-9, 1e-6, 1e-3]
                    .into_iter()
                    .find(|limit| error < *limit || found.slope == values[0]);
                limit.map_or(number(found.slope), |limit| format!("< {limit:e}"))
            }
        };
        let by_hand = match &by_hand[i] {
            None => "-".to_string(),
            Some(ByHand::Number(_, text)) if text.len() <= 14 => text.clone(),
            Some(ByHand::Number(x, _)) => number(*x),
            Some(ByHand::Formula(_)) => number(values[1]),
        };
        let verdict = match &verdicts[i] {
            Verdict::Agree(how) => format!("AGREE{how}"),
            Verdict::NotJudged(why) => format!("NOT JUDGED{why}"),
            Verdict::Disagree(where_) => format!("DISAGREE{where_}"),
        };
        let forward = number(values[values.len() - 1]);
        rows.push([
            format!("d{output}/d{name}"),
            number(values[0]),
            by_hand,
            forward,
            differences,
            verdict,
        ]);
    }
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    for row in &rows {
        let mut line = format!("  {:<w$}", row[0], w = widths[0]);
        for k in (1..5).filter(|k| own || *k != 2) {
            line += &format!("  {:>w$}", row[k], w = widths[k]);
        }
        writeln!(out, "{line}  {}", row[5])?;
    }
    Ok(())
}

/// What is wrong, as far as it is known: the slips that explain it at all points, or what can be seen
/// at the first point at which something is.
fn explain(
    out: &mut impl Write,
    typed: &Typed,
    by_hand: &[Option<ByHand>],
    points: &[Vec<f64>],
    reports: &[GradientReport],
) -> Result<(), Box<dyn Error>> {
    let mut claims = vec![];
    for (at, report) in points.iter().zip(reports) {
        let tape = Tape::new();
        let names = typed.formula.names();
        let vars = names.iter().zip(at).map(|(name, &x)| tape.var(x).named(name.to_string()));
        let vars: Vec<Var> = vars.collect();
        let output = typed.formula.record(&vars)?;
        let given = (0..names.len()).filter(|&i| by_hand[i].is_some());
        let yours = |i: usize| (vars[i], report.comparison.entries[i].values[1]);
        claims.push(Claim::new(output, &given.map(yours).collect::<Vec<_>>()));
    }
    let explained = check::slips(&claims);
    // Right numbers in a wrong place are no slip.
    let seen = |report: &&GradientReport| {
        report.findings.iter().any(|finding| finding.name() != "no hypothesis fits")
    };
    if explained.slips.is_empty()
        && let Some(report) = reports.iter().find(|report| !report.agrees()).filter(seen)
    {
        return Ok(writeln!(out, "{}", report.explanation())?);
    }
    Ok(writeln!(out, "{explained}")?)
}

/// Ten decimals, or ten digits in powers of ten.
fn number(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_string(),
        size if (1e-3..1e5).contains(&size) => format!("{x:.10}"),
        _ => format!("{x:.9e}"),
    }
}
