//! `check`: a typed formula's gradient by all judges, beside the one that was derived by hand.

use std::error::Error;
use std::io::{self, Write};
use std::slice;

use chainrule::check::{self, Claim, Entry, Explained, Finding, GradientReport, Slip};
use chainrule::formula::Formula;
use chainrule::program::{AGREE, Arguments, DISAGREE, Outcome, Usage};
use chainrule::scalar::{Tape, Var};
use chainrule::tensor::Tensor;
use chainrule::trace::Node;

use super::typed;

pub const USAGE: &str = "\
usage: cargo run -- check \"FORMULA\" [NAME=NUMBER]... [dNAME=\"FORMULA\"]...
           [--file FORMULA.txt] [--data FILE.csv]
  cargo run -- check \"L = -ln(sigmoid(w*x + b))\" w=0.5 x=2 b=1 \\
      dw=\"x*(sigmoid(w*x + b) - 1)\" db=-0.1192
  NAME=[1,2,3]  a list: one value for each example, for sum(...) and mean(...)
  dw, dL/dw     the derivative that you found, with respect to a variable or to
                what a line computes: a formula is judged at 13 points, a number
                at the point that you gave, to the digits that were typed
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

/// A formula, and what was derived by hand from it.
struct Judged {
    formula: Formula,
    by_hand: Vec<Option<ByHand>>,
    points: Vec<Vec<f64>>,
    /// All judges, at the first point.
    report: GradientReport,
    /// The slips in what was typed as formulas, at all points; and in numbers, at the first.
    explained: [Explained; 2],
}

pub fn run(out: &mut impl Write, arguments: Arguments) -> Outcome {
    let Some(typed) = typed::read(arguments, true)? else {
        return Err(Usage("a formula is missing".to_string()).into());
    };
    typed.trace()?; // which says where a number that is no number comes from
    // A number belongs to the point that was given; where none was, it is a formula, too.
    let number_there = |text: &str| text.parse().ok().filter(|_| !typed.chosen);
    let functions = typed.derivatives.iter().any(|(_, text)| number_there(text).is_none());
    let points = typed.points(if functions { 12 } else { 0 });
    let more = points.len() - 1;

    let names = typed.formula.names();
    let judged = |formula: Formula, points, derivatives: &[(String, String)]| {
        let by_hand = |name: &&str| -> Result<Option<ByHand>, Box<dyn Error>> {
            let Some((_, text)) = derivatives.iter().find(|(known, _)| known == name) else {
                return Ok(None);
            };
            Ok(Some(match number_there(text) {
                Some(number) => ByHand::Number(number, text.clone()),
                None => ByHand::Formula(formula.also(&format!("d{name}"), text)?),
            }))
        };
        let by_hand = formula.names().iter().map(by_hand).collect::<Result<_, _>>()?;
        Judged::new(formula, by_hand, points)
    };
    let mut all = vec![judged(typed.formula.clone(), points.clone(), &typed.derivatives)?];
    let mut rows: Vec<(usize, usize)> = (0..names.len()).map(|i| (0, i)).collect();
    for (name, text) in typed.derivatives.iter().filter(|(name, _)| !names.contains(&name.as_str()))
    {
        let formula = typed.formula.clone().cut(name)?;
        let value = typed.formula.also(name, name)?;
        value.eval(&typed.at).map_err(|_| typed.unknown(name))?; // a list
        // What was computed before has its own place among the variables.
        let place = formula.names().iter().position(|known| known == name).unwrap_or(0);
        let with_value = |at: &Vec<f64>| -> Result<Vec<f64>, Box<dyn Error>> {
            let mut all = at.clone();
            all.insert(place, value.eval(at)?);
            Ok(all)
        };
        let points = points.iter().map(with_value).collect::<Result<_, _>>()?;
        rows.push((all.len(), place));
        all.push(judged(formula, points, &[(name.clone(), text.clone())])?);
    }

    for warning in typed.formula.warnings() {
        writeln!(out, "warning: {warning}\n")?;
    }
    let output = typed.output();
    let value = number(typed.formula.eval(&typed.at)?);
    let more = if more == 0 { String::new() } else { format!(", and at {more} more points") };
    writeln!(out, "{}", typed.text.trim())?;
    super::wrapped(out, &format!("{output} = {value} at {}{more}\n", typed.place()), ", ")?;

    table(out, output, &rows.iter().map(|&(k, i)| (&all[k], i)).collect::<Vec<_>>())?;
    for &(k, i) in &rows {
        all[k].failing(out, output, i)?;
    }
    let verdicts: Vec<&str> = rows.iter().map(|&(k, i)| all[k].verdict(i).0).collect();
    let mut worst_first = ["DISAGREE", "NOT JUDGED", "AGREE"].into_iter();
    let code = worst_first.find(|code| verdicts.contains(code)).unwrap_or(NOT_GIVEN);
    match (code, names.first()) {
        (NOT_GIVEN, Some(name)) => {
            writeln!(out, "Reverse mode, forward mode and differences agree with each other.")?;
            writeln!(out, "To have a derivative of your own judged, add: d{name}=\"...\"")?;
        }
        _ => writeln!(out, "verdict: {code}")?,
    }
    for judged in all.iter().filter(|_| code == "DISAGREE") {
        judged.explain(out)?;
    }
    writeln!(out, "Step through it: cargo run -- step {}", typed.again.join(" "))?;
    Ok(if matches!(code, "AGREE" | NOT_GIVEN) { AGREE } else { DISAGREE })
}

impl Judged {
    fn new(
        formula: Formula,
        by_hand: Vec<Option<ByHand>>,
        points: Vec<Vec<f64>>,
    ) -> Result<Judged, Box<dyn Error>> {
        let names = formula.names();
        let at: Vec<(&str, f64)> = names.iter().copied().zip(points[0].iter().copied()).collect();
        let judges = |own: Option<&dyn check::ByHand>| {
            check::gradient(
                |p| formula.eval(p).unwrap_or(f64::NAN),
                |p| formula.eval(p).unwrap_or(p[0]), // it has a value here, as a number
                |p| formula.record(p).unwrap_or(p[0]),
                &at,
                own,
            )
        };
        let mut report = judges(None);
        // What was not derived by hand stands in from reverse mode, and so does a number that is right
        // in its digits.
        let mut own = vec![];
        for (entry, by_hand) in report.comparison.entries.iter().zip(&by_hand) {
            own.push(match by_hand {
                Some(ByHand::Formula(derivative)) => derivative.eval(&points[0])?,
                Some(ByHand::Number(number, text))
                    if digits(text, *number, nearest(*number, entry)).is_err() =>
                {
                    *number
                }
                _ => entry.values[0],
            });
        }
        if by_hand.iter().any(Option::is_some) {
            report = judges(Some(&own));
        }
        let claim = |at: &Vec<f64>, is_formula: bool| -> Result<_, Box<dyn Error>> {
            let tape = Tape::new();
            let vars = names.iter().zip(at).map(|(name, &x)| tape.var(x).named(name.to_string()));
            let vars: Vec<Var> = vars.collect();
            let (mut yours, mut rounded) = (vec![], vec![]);
            for (i, by_hand) in by_hand.iter().enumerate() {
                match by_hand {
                    Some(ByHand::Formula(f)) if is_formula => {
                        yours.push((vars[i], f.eval(at)?));
                        rounded.push(rounding(f, at));
                    }
                    Some(ByHand::Number(_, text)) if !is_formula => {
                        yours.push((vars[i], own[i]));
                        rounded.push(unit(text));
                    }
                    _ => {}
                }
            }
            Ok((Claim::new(formula.record(&vars)?, &yours), rounded))
        };
        let mut formulas = vec![];
        for at in &points {
            let (claim, rounded) = claim(at, true)?;
            formulas.push(claim.rounded(rounded));
        }
        let (numbers, rounded) = claim(&points[0], false)?;
        let mut of_numbers = check::slips(slice::from_ref(&numbers));
        // A whole number has more digits than were typed.
        let of_rounded = check::slips(&[numbers.rounded(rounded)]);
        if !of_rounded.slips.is_empty() {
            of_numbers = Explained { right: of_numbers.right, ..of_rounded };
        }
        let explained = [check::slips(&formulas), of_numbers];
        Ok(Judged { formula, by_hand, points, report, explained })
    }

    /// What became of a derivative, and where or how far.
    fn verdict(&self, i: usize) -> (&'static str, String) {
        let Judged { by_hand, report, .. } = self;
        let entry = &report.comparison.entries[i];
        let agrees = entry.agrees(report.comparison.tolerance);
        let no_digits = ("NOT JUDGED", ": no digits here".to_string());
        let right = self.right(i);
        let kink = match entry.difference.and_then(|difference| difference.kink) {
            Some([left, right]) => {
                let [left, right] = [left, right].map(|slope| (1e4 * slope).round() / 1e4 + 0.0);
                format!(", as any slope from {} to {}", left.min(right), left.max(right))
            }
            None => String::new(),
        };
        let wrong = right.iter().skip(1).filter(|right| **right == Some(false)).count();
        let wrong = wrong + usize::from(right.first() == Some(&Some(false)) && !agrees);
        match &by_hand[i] {
            None if agrees || by_hand.iter().any(Option::is_some) => (NOT_GIVEN, String::new()),
            None => no_digits,
            Some(ByHand::Number(number, text)) => {
                let near = nearest(*number, entry);
                let exact = (number - near).abs() <= EXACT * near.abs();
                match digits(text, *number, near) {
                    _ if right == [None] => no_digits,
                    Ok(_) if exact => ("AGREE", kink),
                    Ok(given) if given >= 3 => ("AGREE", format!(" in the {given} digits given")),
                    Ok(_) => ("NOT JUDGED", ": give at least three digits".to_string()),
                    Err(_) if wrong == 0 => no_digits,
                    Err(0) => ("DISAGREE", String::new()),
                    Err(right) => ("DISAGREE", format!(" from digit {} on", right + 1)),
                }
            }
            Some(ByHand::Formula(_)) => match wrong {
                0 if entry.values[1].is_nan() && !agrees => {
                    ("NOT JUDGED", ": yours is NaN here".to_string())
                }
                0 if right.iter().any(Option::is_some) => ("AGREE", kink),
                0 => no_digits,
                wrong if wrong == right.len() => ("DISAGREE", String::new()),
                wrong => ("DISAGREE", format!(" at {wrong} of {} points", right.len())),
            },
        }
    }

    /// Whether one by hand is right: a formula at each point, a number at the first.
    fn right(&self, i: usize) -> &[Option<bool>] {
        let is_formula = |by_hand: &Option<ByHand>| match by_hand {
            Some(ByHand::Formula(_)) => Some(true),
            Some(ByHand::Number(..)) => Some(false),
            None => None,
        };
        let Some(kind) = is_formula(&self.by_hand[i]) else { return &[] };
        let before = self.by_hand[..i].iter().filter(|own| is_formula(own) == Some(kind)).count();
        &self.explained[usize::from(!kind)].right[before]
    }

    /// The judges at the point that was given.
    fn row(&self, output: &str, i: usize) -> [String; 6] {
        let Entry { values, difference, scale, .. } = &self.report.comparison.entries[i];
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
        let by_hand = match &self.by_hand[i] {
            None => "-".to_string(),
            Some(ByHand::Number(_, text)) if text.len() <= 14 => text.clone(),
            Some(ByHand::Number(x, _)) => number(*x),
            Some(ByHand::Formula(_)) => number(values[1]),
        };
        let (verdict, more) = self.verdict(i);
        let forward = number(values[values.len() - 1]);
        let name = format!("d{output}/d{}", self.formula.names()[i]);
        [name, number(values[0]), by_hand, forward, differences, format!("{verdict}{more}")]
    }

    /// The numbers at a point at which a derivative is wrong, if it is right at the first.
    fn failing(&self, out: &mut impl Write, output: &str, i: usize) -> Result<(), Box<dyn Error>> {
        let Judged { formula, by_hand, points, report, .. } = self;
        let fails = (1..points.len()).find(|&k| self.right(i).get(k) == Some(&Some(false)));
        let here = report.comparison.entries[i].verdict(report.comparison.tolerance);
        let (Some(fails), Some(ByHand::Formula(own))) = (fails, &by_hand[i]) else { return Ok(()) };
        if here == "DISAGREE" {
            return Ok(());
        }
        let (names, at) = (formula.names(), &points[fails]);
        let place = names.iter().zip(at).map(|(name, x)| format!("{name} = {x:.4}"));
        let place = place.collect::<Vec<_>>().join(", ");
        super::wrapped(out, &format!("  at {place}:"), ", ")?;
        let tape = Tape::new();
        let vars: Vec<Var> = at.iter().map(|&x| tape.var(x)).collect();
        let right = formula.record(&vars)?.backward().wrt(vars[i]);
        let [right, yours] = [right, own.eval(at)?].map(number);
        writeln!(out, "  d{output}/d{}  reverse mode {right}  by hand {yours}", names[i])?;
        Ok(())
    }

    /// What is wrong, as far as it is known: the slips that explain it, or what can be seen at the point
    /// that was given.
    fn explain(&self, out: &mut impl Write) -> io::Result<()> {
        // Right numbers in a wrong order are no slips.
        let one = |slip: &Slip| slip.with.is_none();
        let order = |finding: &Finding| matches!(finding, Finding::Permuted(_));
        let explained = self.explained.iter().filter(|explained| explained.wrong > 0);
        if self.report.findings.iter().any(order)
            && !explained.clone().any(|all| all.slips.first().is_some_and(one))
        {
            return writeln!(out, "{}", self.report.explanation());
        }
        for explained in explained {
            writeln!(out, "{explained}")?;
            if explained.of == 1 && explained.slips.is_empty() {
                writeln!(out, "   or give more digits, or a formula: that tells more")?;
            }
        }
        Ok(())
    }
}

/// The verdict where all judges agree, and none of them is by hand.
const NOT_GIVEN: &str = "-";

/// A number that is so near is right, however few digits it has.
const EXACT: f64 = 1e-12;

/// The right slope that is nearest to a number: at a kink, each between those of the two sides is.
fn nearest(number: f64, entry: &Entry) -> f64 {
    let kink = entry.difference.filter(|difference| difference.kink.is_some());
    kink.map_or(entry.values[0], |difference| difference.nearest(number))
}

/// How far rounding may move the value of a formula: each number that it computes, by what that does
/// to the value.
fn rounding(formula: &Formula, at: &[f64]) -> f64 {
    let tape = Tape::new();
    let vars: Vec<Var> = at.iter().map(|&x| tape.var(x)).collect();
    let Ok(output) = formula.record(&vars) else { return 0.0 };
    let trace = output.trace();
    let gradients = trace.gradients(trace.frames.len());
    let effect = |(node, gradient): (&Node, &Option<Tensor>)| {
        gradient.as_ref().map_or(0.0, |gradient| (&node.value * gradient).sum().abs())
    };
    let all: f64 = trace.nodes.iter().zip(&gradients).map(effect).sum();
    if all.is_finite() { 4.0 * f64::EPSILON * all } else { 0.0 }
}

/// One in the last digit of a number as it was typed.
fn unit(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len()) as i32;
    10f64.powi(exponent.parse().unwrap_or(0i32).saturating_sub(decimals))
}

/// How many digits were typed, if the number is right in all of them; else how many of it are.
fn digits(text: &str, number: f64, right: f64) -> Result<usize, usize> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits = mantissa.trim_start_matches(['+', '-', '0', '.']).replace('.', "").len();
    let unit = unit(text);
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

/// The judges side by side.
fn table(out: &mut impl Write, output: &str, rows: &[(&Judged, usize)]) -> io::Result<()> {
    let head = ["", "reverse mode", "by hand", "forward mode", "differences", "verdict"];
    let cells = rows.iter().map(|(judged, i)| judged.row(output, *i));
    let cells: Vec<[String; 6]> = [head.map(String::from)].into_iter().chain(cells).collect();
    // What nobody gave is no column, and neither is the verdict on it.
    let shown = |k: &usize| !matches!(k, 2 | 5) || cells[1..].iter().any(|row| row[*k] != "-");
    let width = |k: usize| cells.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    for row in &cells {
        let mut line = format!("  {:<w$}", row[0], w = width(0));
        for k in (1..6).filter(shown) {
            match k {
                5 => line += &format!("  {}", row[5]),
                _ => line += &format!("  {:>w$}", row[k], w = width(k)),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Ten decimals, or ten digits in powers of ten.
fn number(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_string(),
        size if (1e-3..1e5).contains(&size) => format!("{x:.10}"),
        _ => format!("{x:.9e}"),
    }
}
