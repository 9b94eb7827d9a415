//! `check`: a typed formula's gradient by all judges, beside the one that was derived by hand.

use std::error::Error;
use std::io::{self, Write};

use chainrule::check::{self, Claim, Entry, Finding, GradientReport, Slip};
use chainrule::formula::Formula;
use chainrule::program::{AGREE, Arguments, DISAGREE, Outcome, Usage};
use chainrule::scalar::{Tape, Var};

use super::typed;

pub const USAGE: &str = "\
usage: cargo run -- check \"FORMULA\" [NAME=NUMBER]... [dNAME=\"FORMULA\"]...
           [--file FORMULA.txt] [--data FILE.csv]
  cargo run -- check \"L = -ln(sigmoid(w*x + b))\" w=0.5 x=2 b=1 \\
      dw=\"x*(sigmoid(w*x + b) - 1)\" db=-0.1192
  NAME=[1,2,3]  a list: one value for each example, for sum(...) and mean(...)
  dw, dL/dw     the derivative that you found, with respect to a variable or to
                what a line computes: a formula is judged at 13 points, a number
                at this one, to the digits that were typed
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
    /// All judges agree, and none of them is by hand.
    NotGiven,
    Agree(String),
    NotJudged(String),
    Disagree(String),
}

/// A formula and what was derived by hand from it, judged at all points.
struct Judged {
    formula: Formula,
    by_hand: Vec<Option<ByHand>>,
    points: Vec<Vec<f64>>,
    reports: Vec<GradientReport>,
}

pub fn run(out: &mut impl Write, arguments: Arguments) -> Outcome {
    let Some(typed) = typed::read(arguments, true)? else {
        return Err(Usage("a formula is missing".to_string()).into());
    };
    typed.trace()?; // which says where a number that is no number comes from
    let derivatives = || typed.derivatives.iter().chain(&typed.of_computed);
    let functions = derivatives().any(|(_, text)| text.parse::<f64>().is_err());
    let points = typed.points(if functions { 12 } else { 0 });
    let more = points.len() - 1;

    let names = typed.formula.names();
    let mut all = vec![Judged::new(typed.formula.clone(), points.clone(), &typed.derivatives)?];
    let mut rows: Vec<(usize, usize)> = (0..names.len()).map(|i| (0, i)).collect();
    for (name, text) in &typed.of_computed {
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
        all.push(Judged::new(formula, points, &[(name.clone(), text.clone())])?);
    }

    for warning in typed.formula.warnings() {
        writeln!(out, "warning: {warning}\n")?;
    }
    let output = typed.output();
    let value = number(typed.formula.eval(&typed.at)?);
    let more = if more == 0 { String::new() } else { format!(", and at {more} more points") };
    writeln!(out, "{}", typed.text.trim())?;
    writeln!(out, "{output} = {value} at {}{more}\n", typed.place())?;

    table(out, output, &rows.iter().map(|&(k, i)| (&all[k], i)).collect::<Vec<_>>())?;
    for &(k, i) in &rows {
        all[k].failing(out, output, i)?;
    }
    let verdicts: Vec<Verdict> = rows.iter().map(|&(k, i)| all[k].verdict(i)).collect();
    let code = match &verdicts {
        all if all.iter().any(|one| matches!(one, Verdict::Disagree(_))) => "DISAGREE",
        all if all.iter().any(|one| matches!(one, Verdict::NotJudged(_))) => "NOT JUDGED",
        all if all.iter().all(|one| *one == Verdict::NotGiven) => "",
        _ => "AGREE",
    };
    match (code, names.first()) {
        ("", Some(name)) => {
            writeln!(out, "Reverse mode, forward mode and differences agree with each other.")?;
            writeln!(out, "To have a derivative of your own judged, add: d{name}=\"...\"")?;
        }
        _ => writeln!(out, "verdict: {code}")?,
    }
    for judged in all.iter().filter(|_| code == "DISAGREE") {
        judged.explain(out)?;
    }
    writeln!(out, "Step through it: cargo run -- step {}", typed.words())?;
    Ok(if matches!(code, "AGREE" | "") { AGREE } else { DISAGREE })
}

impl Judged {
    fn new(
        formula: Formula,
        points: Vec<Vec<f64>>,
        derivatives: &[(String, String)],
    ) -> Result<Judged, Box<dyn Error>> {
        let mut by_hand = vec![];
        for name in formula.names() {
            let own = derivatives.iter().find(|(known, _)| known == name);
            by_hand.push(match own.map(|(_, text)| (text, text.parse())) {
                None => None,
                Some((text, Ok(number))) => Some(ByHand::Number(number, text.clone())),
                Some((text, Err(_))) => {
                    Some(ByHand::Formula(formula.also(&format!("d{name}"), text)?))
                }
            });
        }
        let mut judged = Judged { formula, by_hand, points, reports: vec![] };
        let reports = judged.points.iter().map(|at| judged.judge(at));
        judged.reports = reports.collect::<Result<_, _>>()?;
        Ok(judged)
    }

    /// All judges at one point. What was not derived by hand stands in from reverse mode, and so does a
    /// number that is right in its digits.
    fn judge(&self, at: &[f64]) -> Result<GradientReport, Box<dyn Error>> {
        let formula = &self.formula;
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
        let right = gradient(None);
        if self.by_hand.iter().all(Option::is_none) {
            return Ok(right);
        }
        let mut own = vec![];
        for (entry, by_hand) in right.comparison.entries.iter().zip(&self.by_hand) {
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

    fn verdict(&self, i: usize) -> Verdict {
        let Judged { by_hand, reports, .. } = self;
        let right = reports.iter().filter(|report| self.agrees(report, i)).count();
        if let Some(ByHand::Number(number, text)) = &by_hand[i] {
            let right = nearest(*number, &reports[0].comparison.entries[i]);
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
        match reports.len() - right {
            0 if by_hand[i].is_none() => Verdict::NotGiven,
            0 => Verdict::Agree(String::new()),
            wrong if right == 0 || wrong + right == 1 => Verdict::Disagree(String::new()),
            wrong => Verdict::Disagree(format!(" at {wrong} of {} points", reports.len())),
        }
    }

    fn agrees(&self, report: &GradientReport, i: usize) -> bool {
        report.comparison.entries[i].agrees(report.comparison.tolerance)
    }

    /// The judges at the point that was given.
    fn row(&self, output: &str, i: usize) -> [String; 6] {
        let Entry { values, difference, scale, .. } = &self.reports[0].comparison.entries[i];
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
        let verdict = match self.verdict(i) {
            Verdict::NotGiven => "-".to_string(),
            Verdict::Agree(how) => format!("AGREE{how}"),
            Verdict::NotJudged(why) => format!("NOT JUDGED{why}"),
            Verdict::Disagree(where_) => format!("DISAGREE{where_}"),
        };
        let forward = number(values[values.len() - 1]);
        let name = format!("d{output}/d{}", self.formula.names()[i]);
        [name, number(values[0]), by_hand, forward, differences, verdict]
    }

    /// The numbers at a point at which a derivative is wrong, if it is right at the first.
    fn failing(&self, out: &mut impl Write, output: &str, i: usize) -> io::Result<()> {
        let mut all = self.points.iter().zip(&self.reports);
        let Some((at, report)) = all.find(|(_, report)| !self.agrees(report, i)) else {
            return Ok(());
        };
        let (names, values) = (self.formula.names(), &report.comparison.entries[i].values);
        if at == &self.points[0] || !matches!(self.by_hand[i], Some(ByHand::Formula(_))) {
            return Ok(());
        }
        let place: Vec<String> =
            names.iter().zip(at).map(|(name, x)| format!("{name} = {x:.4}")).collect();
        writeln!(out, "  at {}:", place.join(", "))?;
        let [right, yours] = [values[0], values[1]].map(number);
        writeln!(out, "  d{output}/d{}  reverse mode {right}  by hand {yours}", names[i])
    }

    /// What is wrong, as far as it is known: the slips that explain it at all points, or what can be seen
    /// at the first point at which something is.
    fn explain(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let Judged { formula, by_hand, points, reports } = self;
        let mut claims = vec![];
        for (at, report) in points.iter().zip(reports) {
            let tape = Tape::new();
            let names = formula.names();
            let vars = names.iter().zip(at).map(|(name, &x)| tape.var(x).named(name.to_string()));
            let vars: Vec<Var> = vars.collect();
            let output = formula.record(&vars)?;
            let given = (0..names.len()).filter(|&i| by_hand[i].is_some());
            let yours = |i: usize| (vars[i], report.comparison.entries[i].values[1]);
            claims.push(Claim::new(output, &given.map(yours).collect::<Vec<_>>()));
        }
        let explained = check::slips(&claims);
        // Right numbers in a wrong order are no slips.
        let one = |slip: &Slip| slip.with.is_none();
        let order = |report: &&GradientReport| {
            report.findings.iter().any(|finding| matches!(finding, Finding::Permuted(_)))
        };
        match reports.iter().find(order) {
            Some(report) if !explained.slips.first().is_some_and(one) => {
                writeln!(out, "{}", report.explanation())?;
            }
            _ if explained.wrong > 0 => writeln!(out, "{explained}")?,
            _ => {}
        }
        Ok(())
    }
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
