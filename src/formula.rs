//! A formula as text: typed, not compiled.
//!
//! Taught in `docs/02_by_hand.md`, `docs/03_tape.md`, `docs/05_four_judges.md`.
//!
//! ```
//! use chainrule::activation::{Activation, Sigmoid};
//! use chainrule::{check::Dual, formula::Formula, scalar::Tape};
//!
//! let formula = Formula::parse("z = w*x + b; a = sigmoid(z); L = -ln(a)")?;
//! assert_eq!(formula.names(), ["w", "x", "b"]); // the variables, as they appear
//!
//! // One text, any kind of number: plain, with its slope in w, on a tape.
//! let (w, x, b) = (0.5, 2.0, 1.0);
//! assert_eq!(formula.eval(&[w, x, b])?, -Sigmoid.f(w * x + b).ln());
//! let slope = formula.eval(&Dual::along(&[w, x, b], 0))?.slope;
//! let tape = Tape::new();
//! let (w, x, b) = (tape.var(w).named("w"), tape.constant(x).named("x"), tape.var(b).named("b"));
//! let loss = formula.record(&[w, x, b])?; // with the names z, a and L
//! assert_eq!(loss.backward().wrt(w), slope);
//!
//! // A derivative found by hand may use all of its names.
//! let by_hand = formula.also("dw", "(a - 1)*x")?;
//! assert!((by_hand.eval(&[0.5, 2.0, 1.0])? - slope).abs() < 1e-15);
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! A name may stand for a list, such as a column of data: what depends on a list has one value for
//! each example.
//!
//! ```
//! # use chainrule::formula::Formula;
//! let cost = Formula::parse("mean(softplus((1 - 2*y)*(w*x + b)))")?;
//! let cost = cost.with("x", &[1.0, -2.0, -1.0])?.with("y", &[1.0, 1.0, 0.0])?;
//! assert_eq!(cost.names(), ["w", "b"]);
//! assert_eq!(cost.eval(&[0.0, 0.0])?, 2f64.ln()); // log-loss of a coin
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! The language:
//!
//! ```text
//! formula  = line { (";" | line break) line }         the last line is the output
//! line     = [ name "=" ] sum                         # begins a comment
//! sum      = product { ("+" | "-") product }
//! product  = signed { ("*" | "/") signed }
//! signed   = "-" signed | power
//! power    = value [ "^" signed ]                     -x^2 = -(x^2),  2^3^2 = 2^(3^2)
//! value    = number | name | "(" sum ")" | "|" sum "|" | function "(" sum [ "," sum ] ")"
//! number   = 2, 0.5, 1e-3
//! name     = a letter or _, then letters, digits and _; Greek letters are letters
//! function = every elementwise function of the crate: exp(x), leaky_relu(x, 0.2), ...; log is ln;
//!            sigma and σ before a parenthesis; max, min, pow of two; sum and mean of a list
//! ```
//!
//! `pi` (or `π`) and `e` are numbers, unless the formula defines them or [`Formula::free`] makes
//! them variables. `x^c` is `powf`, `e^x` is `exp`, and `x^y`, whose exponent varies, is `pow`. A
//! line break inside parentheses, or where a value must follow, does not end the line.

mod faults;
mod parse;

use std::f64::consts::E;
use std::sync::Arc;

use crate::activation::{self, Activation, Exp, Powf};
use crate::dual::{Arithmetic, Scalar};
use crate::error::{Error, Result, Source, Stretch, list, mistake};
use crate::scalar::Var;
use parse::{Code, Parser};

/// A formula that was typed: it can be evaluated on any [`Scalar`], and recorded.
#[derive(Clone, Debug, Default)]
pub struct Formula {
    /// In postfix order: operands first.
    code: Vec<Instruction>,
    names: Vec<Name>,
    warnings: Vec<Error>,
}

#[derive(Clone, Debug)]
struct Instruction {
    code: Code,
    /// Where it stands, operands included.
    at: Stretch,
}

#[derive(Clone, Debug)]
struct Name {
    text: String,
    meaning: Meaning,
    /// Where it first appears, if that is in the formula's own text.
    first: Option<Stretch>,
    /// Whether a value of it is needed.
    used: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    Variable,
    /// By a line of the formula.
    Defined,
    /// `pi` and `e`.
    Number(f64),
    List(Vec<f64>),
}

impl Formula {
    /// Reads a formula.
    ///
    /// ```
    /// use chainrule::formula::Formula;
    /// let error = Formula::parse("L = 2x").unwrap_err();
    /// assert_eq!(error.hint, "write L = 2*x");
    /// ```
    ///
    /// # Errors
    /// If the text is not a formula: what is wrong, where, and what to write.
    pub fn parse(text: &str) -> Result<Formula> {
        Formula::parse_as("formula", text)
    }

    /// [`parse`](Formula::parse), where errors and traces name the text as `file`.
    ///
    /// # Errors
    /// If the text is not a formula.
    pub fn parse_as(file: &str, text: &str) -> Result<Formula> {
        Formula::default().also(file, text)
    }

    /// Another formula in the names of this one, its definitions included: it takes the same values.
    /// For derivatives by hand.
    ///
    /// # Errors
    /// If the text is not a formula, or has a name that this one lacks.
    pub fn also(&self, file: &str, text: &str) -> Result<Formula> {
        let source = Arc::new(Source { file: file.to_string(), text: text.to_string() });
        let formula = Formula { warnings: vec![], ..self.clone() };
        Parser::new(formula, &source).run()
    }

    /// The variables, in the order in which they appear: what [`eval`](Formula::eval) needs values
    /// of.
    pub fn names(&self) -> Vec<&str> {
        let variables = self.names.iter().filter(|name| name.meaning == Meaning::Variable);
        variables.map(|name| name.text.as_str()).collect()
    }

    /// The name of the output, if its line gives it one.
    pub fn output(&self) -> Option<&str> {
        match self.code.last()?.code {
            Code::Line(Some(k)) => Some(&self.names[k].text),
            _ => None,
        }
    }

    /// What is no fault, and yet perhaps not meant: a line that nothing uses, a `log`.
    pub fn warnings(&self) -> &[Error] {
        &self.warnings
    }

    /// Lets a name stand for a list, with one number for each example.
    ///
    /// # Errors
    /// If the formula lacks the name or defines it, if the list is empty, or not as long as another.
    pub fn with(mut self, name: &str, list: &[f64]) -> Result<Formula> {
        let k = self.not_defined(name)?;
        self.names[k].meaning = Meaning::List(list.to_vec());
        self.check_lengths(name, list.len())?;
        Ok(self)
    }

    /// Makes a name a variable: `pi` or `e`, or one that stands for a list.
    ///
    /// # Errors
    /// If the formula lacks the name or defines it.
    pub fn free(mut self, name: &str) -> Result<Formula> {
        let k = self.not_defined(name)?;
        self.names[k].meaning = Meaning::Variable;
        Ok(self)
    }

    /// Makes a name that a line defines a variable, and leaves out the line: for the derivative with
    /// respect to an intermediate result.
    ///
    /// ```
    /// use chainrule::formula::Formula;
    /// let loss = Formula::parse("z = w*x; a = sigmoid(z); L = -ln(a)")?.cut("a")?;
    /// assert_eq!(loss.names(), ["w", "x", "a"]);
    /// assert_eq!(loss.eval(&[0.5, 2.0, 0.25])?, -0.25f64.ln());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the formula lacks the name, or its last line defines it.
    pub fn cut(mut self, name: &str) -> Result<Formula> {
        let line =
            |at: &Instruction| matches!(at.code, Code::Line(Some(k)) if self.names[k].text == name);
        let is_line = |at: &Instruction| matches!(at.code, Code::Line(_));
        let end = self.code.iter().position(line).filter(|end| end + 1 < self.code.len());
        let Some(end) = end else { return self.not_defined(name).map(|_| self) };
        let start = self.code[..end].iter().rposition(is_line).map_or(0, |before| before + 1);
        self.code.drain(start..=end);
        for known in self.names.iter_mut().filter(|known| known.text == name) {
            known.meaning = Meaning::Variable;
        }
        Ok(self)
    }

    /// The value of the output, where the variables have these values, in the order of
    /// [`names`](Formula::names).
    ///
    /// # Errors
    /// If the output is a list; if `sum` or `mean` is applied to a number; if the parameter of a
    /// function varies; if there is no variable at all.
    ///
    /// # Panics
    /// If there are not as many values as names.
    #[track_caller]
    pub fn eval<S: Scalar>(&self, values: &[S]) -> Result<S> {
        self.run(values, |_, _| ())
    }

    /// Records the formula on the tape of its variables: each node with its place in the text, and
    /// each definition under its name; `z[0]`, `z[1]`, … where that is a list.
    ///
    /// # Errors
    /// As [`eval`](Formula::eval).
    ///
    /// # Panics
    /// If there are not as many values as names.
    #[track_caller]
    pub fn record<'t>(&self, values: &[Var<'t>]) -> Result<Var<'t>> {
        let Some(tape) = values.first().map(|var| var.tape()) else {
            return self.eval(values);
        };
        let variables = self.names.iter().filter(|name| name.meaning == Meaning::Variable);
        for (var, name) in values.iter().zip(variables) {
            if let Some(first) = &name.first {
                tape.place(var.index()..var.index() + 1, first.clone());
            }
        }
        let (mut line, mut before) = (tape.len(), tape.len()); // where a line, an instruction begins
        self.run(values, |instruction, result| {
            if tape.len() > before {
                tape.place(before..tape.len(), instruction.at.clone());
                before = tape.len();
            }
            let Code::Line(name) = instruction.code else { return };
            for (k, value) in result.values.iter().enumerate() {
                // `y = x` leaves the older node its own name.
                if let (Some(name), Value::Real(var)) = (name, value)
                    && var.index() >= line
                {
                    let name = &self.names[name].text;
                    var.named(if result.list { format!("{name}[{k}]") } else { name.clone() });
                }
            }
            line = tape.len();
        })
    }

    /// Goes through the code with a stack of intermediate results. `watch` sees each instruction with
    /// its result.
    #[track_caller]
    fn run<S: Scalar>(
        &self,
        values: &[S],
        mut watch: impl FnMut(&Instruction, &Item<S>),
    ) -> Result<S> {
        let names = self.names();
        if values.len() != names.len() {
            mistake(
                &format!("the formula has {} variables, not {}", names.len(), values.len()),
                &[format!("the variables are {}", list(&names))],
                "each variable needs a value",
                "give one value for each of names(), in its order",
            )
        }
        let Some(first) = values.first() else { return Err(self.no_variable()) };
        let mut given = values.iter().map(|value| Item::from(Value::Real(*value)));
        let mut output = Item::from(Value::Number(f64::NAN)); // until a line has been computed
        let known = self.names.iter().map(|name| match &name.meaning {
            Meaning::Variable => given.next().unwrap_or(output.clone()),
            Meaning::Defined => output.clone(),
            Meaning::Number(number) => Item::from(Value::Number(*number)),
            Meaning::List(list) => {
                Item { values: list.iter().map(|x| Value::Number(*x)).collect(), list: true }
            }
        });
        let mut known: Vec<Item<S>> = known.collect();
        let mut stack: Vec<Item<S>> = vec![];
        for instruction in &self.code {
            let mut pop = || stack.pop().expect("the parser counts operands");
            let result = match instruction.code {
                Code::Number(number) => Item::from(Value::Number(number)),
                Code::Name(k) => known[k].clone(),
                Code::Call(name, operands) => {
                    let second = (operands == 2).then(&mut pop);
                    let x = pop();
                    match (name, second) {
                        ("neg", _) => x.map(negative),
                        ("sum" | "mean", _) if !x.list => {
                            return Err(self.sum_of_a_number(instruction));
                        }
                        ("sum", _) => Item::from(sum(&x.values)),
                        ("mean", _) => {
                            let count = Value::Number(x.values.len() as f64);
                            Item::from(binary("/", sum(&x.values), count))
                        }
                        ("+" | "-" | "*" | "/" | "^" | "pow" | "max" | "min", Some(y)) => {
                            x.zip(&y, |x, y| binary(name, x, y))
                        }
                        (name, None) => x.map(|x| apply(&*named(name, None), x)),
                        (name, Some(parameter)) => match parameter.values[..] {
                            [Value::Number(c)] => x.map(|x| apply(&*named(name, Some(c)), x)),
                            _ => return Err(self.varying_parameter(instruction)),
                        },
                    }
                }
                Code::Line(name) => {
                    output = pop();
                    if let Some(k) = name {
                        known[k] = output.clone();
                    }
                    watch(instruction, &output);
                    continue;
                }
            };
            watch(instruction, &result);
            stack.push(result);
        }
        match output.values[..] {
            [Value::Real(value)] if !output.list => Ok(value),
            [Value::Number(number)] if !output.list => Ok(first.constant(number)),
            _ => Err(self.output_is_a_list()),
        }
    }
}

/// A plain number, or what varies: kept apart, so that numbers fold.
#[derive(Clone, Copy)]
enum Value<S> {
    Number(f64),
    Real(S),
}

/// An intermediate result: one value, or a list of one kind of them.
#[derive(Clone)]
struct Item<S> {
    values: Vec<Value<S>>,
    list: bool,
}

impl<S> From<Value<S>> for Item<S> {
    fn from(value: Value<S>) -> Self {
        Item { values: vec![value], list: false }
    }
}

impl<S: Scalar> Item<S> {
    fn map(self, f: impl Fn(Value<S>) -> Value<S>) -> Self {
        Item { values: self.values.into_iter().map(f).collect(), list: self.list }
    }

    /// One value meets each of a list; lists are of one length.
    fn zip(&self, other: &Self, f: impl Fn(Value<S>, Value<S>) -> Value<S>) -> Self {
        let count = self.values.len().max(other.values.len());
        let entry = |item: &Self, k| item.values[if item.list { k } else { 0 }];
        let values = (0..count).map(|k| f(entry(self, k), entry(other, k))).collect();
        Item { values, list: self.list || other.list }
    }
}

fn binary<S: Scalar>(name: &str, x: Value<S>, y: Value<S>) -> Value<S> {
    use Value::{Number, Real};
    match (name, x, y) {
        ("^", Number(E), y) => apply(&Exp, y),
        ("^", x, Number(exponent)) => apply(&Powf { exponent }, x),
        (_, Number(x), Number(y)) => Number(arithmetic(name, x, y)),
        (_, Number(x), Real(y)) => Real(arithmetic(name, x, y)),
        (_, Real(x), Number(y)) => Real(arithmetic(name, x, y)),
        (_, Real(x), Real(y)) => Real(arithmetic(name, x, y)),
    }
}

fn arithmetic<X: Arithmetic<Y, Z>, Y, Z>(name: &str, x: X, y: Y) -> Z {
    match name {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "max" => x.max(y),
        "min" => x.min(y),
        _ => x.pow(y),
    }
}

fn negative<S: Scalar>(x: Value<S>) -> Value<S> {
    match x {
        Value::Number(x) => Value::Number(-x),
        Value::Real(x) => Value::Real(-x),
    }
}

fn apply<S: Scalar>(f: &dyn Activation, x: Value<S>) -> Value<S> {
    match x {
        Value::Number(x) => Value::Number(f.f(x)),
        Value::Real(x) => Value::Real(x.apply(f)),
    }
}

fn sum<S: Scalar>(terms: &[Value<S>]) -> Value<S> {
    let real = |term: &Value<S>| if let Value::Real(x) = term { Some(*x) } else { None };
    let reals: Vec<S> = terms.iter().filter_map(real).collect();
    match reals.split_first() {
        Some((first, others)) => Value::Real(first.plus(others)),
        None => terms.iter().fold(Value::Number(0.0), |sum, x| binary("+", sum, *x)),
    }
}

/// The elementwise function of this name, which the parser has looked up.
fn named(name: &str, parameter: Option<f64>) -> Box<dyn Activation + Send + Sync> {
    activation::named(name, parameter).expect("a known function")
}
