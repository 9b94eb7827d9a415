//! A formula from the command line, with the numbers that its names stand for.

use std::error::Error;
use std::io::{self, BufReader};
use std::mem::take;

use chainrule::check::{self, Dual};
use chainrule::data;
use chainrule::formula::Formula;
use chainrule::program::{Arguments, Usage, text};
use chainrule::scalar::{Tape, Var};
use chainrule::trace::Trace;

/// A formula and a point.
#[derive(Default)]
pub struct Typed {
    pub formula: Formula,
    /// The formula as it was typed, or its file.
    pub text: String,
    /// The values of its variables, in the order of `formula.names()`.
    pub at: Vec<f64>,
    /// Whether they were chosen here, and not given.
    pub chosen: bool,
    /// Those that take no gradient.
    constants: Vec<String>,
    /// What was typed for `dw`, `dL/dw`, …: the variable, or what a line computes, and the text.
    pub derivatives: Vec<(String, String)>,
    /// The words to type in a shell for all this, without derivatives.
    pub again: Vec<String>,
    /// Whether a file was given for columns.
    data: bool,
}

/// A formula and `name=value` words, of which only `check` takes derivatives; None where no formula
/// was typed.
pub fn read(mut arguments: Arguments, derivatives: bool) -> Result<Option<Typed>, Box<dyn Error>> {
    let again = arguments.clone().all().map(|word| quoted(&word.to_string_lossy())).collect();
    let file = arguments.path("--file", "a file")?;
    let data = arguments.path("--data", "a file")?;
    let constants = arguments.values("--constant", "a name")?;
    let csv = super::reading(&mut arguments)?;
    let words: Result<Vec<String>, Usage> = arguments.words()?.into_iter().map(text).collect();
    let mut words = words?.into_iter();
    let mut typed = Typed { again, data: data.is_some(), ..Typed::default() };
    (typed.formula, typed.text) = if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(unreadable(&name))?;
        (Formula::parse_as(&name, &text)?, name)
    } else if let Some(text) = words.next() {
        let options = [(".html", "--out"), (".csv", "--data"), (".txt", "--file")];
        if let Some((_, option)) = options.into_iter().find(|(end, _)| text.ends_with(end)) {
            return Err(Usage(format!("a file needs its option: {option} {text}")).into());
        }
        (Formula::parse(&text)?, text)
    } else if typed.data || !constants.is_empty() {
        return Err(Usage("a formula is missing".to_string()).into());
    } else {
        return Ok(None);
    };
    typed.constants = constants.iter().flat_map(|all| all.split(',')).map(String::from).collect();
    if let Some(path) = data {
        let file = BufReader::new(data::open(&path)?);
        let columns = csv.columns(file, &path.display().to_string(), &typed.formula.names())?;
        for (column, values) in columns {
            typed.formula = take(&mut typed.formula).with(&column, &values)?;
        }
    }
    typed.bind(words.collect())?;
    match typed.derivatives.first() {
        Some((_, text)) if !derivatives => {
            let wrong = format!("`{text}` is a derivative, which is judged by: cargo run -- check");
            Err(Usage(wrong).into())
        }
        _ => Ok(Some(typed)),
    }
}

impl Typed {
    /// Gives each name its value.
    fn bind(&mut self, words: Vec<String>) -> Result<(), Box<dyn Error>> {
        let (mut numbers, mut derivatives, mut seen) = (vec![], vec![], vec![]);
        for word in &words {
            let Some((name, value)) = word.split_once('=') else {
                return Err(Usage(format!(
                    "`{word}` is not name=value; quote a formula, and leave no space around ="
                ))
                .into());
            };
            let (name, value) = (name.trim(), value.trim());
            if seen.contains(&name) {
                return Err(format!("{name} is given twice").into());
            }
            seen.push(name);
            if !self.formula.names().contains(&name) && !["pi", "π", "e"].contains(&name) {
                self.again.retain(|known| *known != quoted(word));
                derivatives.push((name, value));
                continue;
            }
            match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
                Some(list) => {
                    let list = list.split([',', ';', ' ']).filter(|x| !x.is_empty());
                    let list = list.map(|x| number(name, x)).collect::<Result<Vec<f64>, _>>()?;
                    self.formula = take(&mut self.formula).with(name, &list)?;
                }
                None => {
                    self.formula = take(&mut self.formula).free(name)?;
                    numbers.push((name, number(name, value)?));
                }
            }
        }
        if self.formula.names().is_empty() {
            self.formula.eval::<f64>(&[])?; // which says that it has no variable
        }
        for (name, value) in derivatives {
            // Of a variable it cuts nothing.
            let known =
                |of: &&str| self.formula.clone().cut(of).is_ok_and(|cut| cut.names().contains(of));
            let of = self.of(name).filter(known).ok_or_else(|| self.unknown(name))?;
            self.derivatives.push((of.to_string(), value.to_string()));
        }
        let names = self.formula.names();
        if let Some(unknown) = self.constants.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(self.unknown(unknown).into());
        }
        if numbers.is_empty() {
            (self.at, self.chosen) = (self.sensible()?, true);
            self.again.extend(names.iter().zip(&self.at).map(|(name, x)| format!("{name}={x}")));
            return Ok(());
        }
        let no_column = if self.data { ", and there is no column of that name" } else { "" };
        for name in names {
            let given = numbers.iter().find(|(known, _)| *known == name);
            let missing = || format!("{name} has no value{no_column}\n try: add {name}=1");
            self.at.push(given.ok_or_else(missing)?.1);
        }
        Ok(())
    }

    /// What `dw`, `d/dw`, `dL/dw`, `dL_dw` and `∂L/∂w` are a derivative in, if that is what it is.
    fn of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let rest = name.strip_prefix(['d', '∂'])?;
        let ways = ["/d", "/∂", "_d"].into_iter().filter_map(|by| rest.split_once(by));
        // An output without a name may be called anything.
        let is_output =
            |text: &str| text.is_empty() || self.formula.output().is_none_or(|y| y == text);
        Some(ways.into_iter().find(|(output, _)| is_output(output)).map_or(rest, |(_, of)| of))
    }

    /// What is wrong with a name that is no variable's.
    pub fn unknown(&self, name: &str) -> String {
        let names = self.formula.names();
        let known = |name: &str| self.formula.also("", name).is_ok();
        let of = self.of(name);
        if known(name) || of.is_some_and(known) {
            let name = if known(name) { name } else { of.unwrap_or(name) };
            let what =
                "is computed or data: no variable, so it has no value and no derivative of its own";
            return format!("`{name}` {what}\n try: cargo run -- step, which shows its gradient");
        }
        let same = |known: &&&str| of.is_some_and(|of| known.eq_ignore_ascii_case(of));
        let near = names.iter().find(same).or(names.first()).unwrap_or(&"x");
        let advice = if of.is_some() { format!("d{near}=...") } else { format!("{near}=1") };
        format!("the formula has no variable `{name}`; it has {}\n try: {advice}", names.join(", "))
    }

    /// Numbers at which the formula has a value, where none were typed.
    fn sensible(&self) -> Result<Vec<f64>, Box<dyn Error>> {
        // Not 0 and not 1, where wrong formulas agree by chance and kinks lie.
        const FIRST: [f64; 5] = [1.5, 0.5, 2.0, 0.8, 1.2];
        let count = self.formula.names().len();
        let first: Vec<f64> = (0..count).map(|i| FIRST[i % FIRST.len()]).collect();
        self.formula.eval(&first)?; // what is wrong wherever it is computed
        let origin = vec![0.0; count];
        // ±3, and farther away.
        let others = [6.0, 60.0, 600.0, 6e3, 6e4].into_iter().flat_map(|width| {
            let wide = move |at: Vec<f64>| {
                at.into_iter().map(|x| (100.0 * width * x).round() / 100.0).collect()
            };
            check::points(&origin).take(200).map(wide)
        });
        let found = std::iter::once(first).chain(others).find(|at| self.defined(at));
        let none = "no point was found at which the formula has a value\n try: give one, as";
        found.ok_or_else(|| format!("{none} in {}=1", self.formula.names()[0]).into())
    }

    /// Whether the formula has a value here, and slopes.
    fn defined(&self, at: &[f64]) -> bool {
        let along = |i: usize| self.formula.eval(&Dual::along(at, i));
        let finite = |y: Dual| y.value.is_finite() && y.slope.is_finite();
        (0..at.len()).all(|i| along(i).is_ok_and(finite))
    }

    /// The point, and others around it at which the formula has a value; the same in each run.
    pub fn points(&self, count: usize) -> Vec<Vec<f64>> {
        let trace = |at: &[f64]| self.recorded(at).ok().filter(|_| self.defined(at));
        let others = check::points_around(&self.at, count, trace);
        std::iter::once(self.at.clone()).chain(others).collect()
    }

    /// Records the formula at its point.
    pub fn trace(&self) -> Result<Trace, Box<dyn Error>> {
        self.recorded(&self.at)
    }

    fn recorded(&self, at: &[f64]) -> Result<Trace, Box<dyn Error>> {
        let tape = Tape::new();
        let names = self.formula.names();
        let var = |(name, &x): (&&str, &f64)| {
            let constant = self.constants.iter().any(|constant| constant == name);
            let var = if constant { tape.constant(x) } else { tape.var(x) };
            var.named(name.to_string())
        };
        let vars: Vec<Var> = names.iter().zip(at).map(var).collect();
        let trace = self.formula.record(&vars)?.trace();
        match trace.first_non_finite() {
            Some(found) => Err(found.to_string().into()),
            None => Ok(trace),
        }
    }

    /// The output's name, or one that no variable has.
    pub fn output(&self) -> &str {
        let names = self.formula.names();
        let free = ["y", "f", "L"].into_iter().find(|name| !names.contains(name));
        self.formula.output().or(free).unwrap_or("output")
    }

    /// `w = 0.5, x = 2`.
    pub fn place(&self) -> String {
        let values = self.formula.names().into_iter().zip(&self.at);
        values.map(|(name, x)| format!("{name} = {x}")).collect::<Vec<_>>().join(", ")
    }
}

/// What to say of a file that cannot be read.
fn unreadable(name: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot read {name}: {error}")
}

/// A number, or a fraction of two.
fn number(name: &str, text: &str) -> Result<f64, String> {
    let parts = text.split_once('/').unwrap_or((text, "1"));
    if let (Ok(above), Ok(below)) = (parts.0.parse::<f64>(), parts.1.parse::<f64>())
        && (above / below).is_finite()
    {
        return Ok(above / below);
    }
    let point = text.replace(',', ".");
    let advice = match text {
        "pi" | "π" => "3.141592653589793".to_string(),
        "e" => "2.718281828459045".to_string(),
        _ if point.parse::<f64>().is_ok() => point,
        _ if text.contains(',') => format!("[{text}]"),
        _ => "1".to_string(),
    };
    Err(format!("{name} needs a number or a list, not `{text}`\n try: {name}={advice}"))
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-+./=,:".contains(c);
    if word.chars().all(plain) { word.to_string() } else { format!("\"{word}\"") }
}
